/*
 * Formatted text. Knows nothing of consoles: characters go to a function.
 */
#include "lib/printf.h"
#include "lib/string.h"

/* One conversion specification, taken apart. */
struct spec {
    bool left, zero, plus, space, alternate;    /* the flags - 0 + space # */
    int width;
    int precision;                              /* -1: none given */
    int longs;                                  /* 0 int, 1 long, 2 long long; -1 short, -2 char */
};

struct output {
    format_put put;
    void *context;
    int count;
};

static void emit(struct output *out, char c)
{
    out->put(out->context, c);
    out->count++;
}

static void pad(struct output *out, char c, int n)
{
    while (n-- > 0)
        emit(out, c);
}

/* A field: prefix, zeros and text, brought to the width by blanks. */
static void put_field(struct output *out, const struct spec *s, const char *prefix, int zeros,
                      const char *text, int length)
{
    int blanks = s->width - (int)strlen(prefix) - zeros - length;

    if (!s->left)
        pad(out, ' ', blanks);
    for (; *prefix; prefix++)
        emit(out, *prefix);
    pad(out, '0', zeros);
    for (int i = 0; i < length; i++)
        emit(out, text[i]);
    if (s->left)
        pad(out, ' ', blanks);
}

static uint64_t take_unsigned(const struct spec *s, va_list *args)
{
    switch (s->longs) {
    case 2:  return va_arg(*args, unsigned long long);
    case -1: return (uint16_t)va_arg(*args, unsigned);
    case -2: return (uint8_t)va_arg(*args, unsigned);
    default: return va_arg(*args, unsigned);
    }
}

static int64_t take_signed(const struct spec *s, va_list *args)
{
    switch (s->longs) {
    case 2:  return va_arg(*args, long long);
    case -1: return (int16_t)va_arg(*args, int);
    case -2: return (int8_t)va_arg(*args, int);
    default: return va_arg(*args, int);
    }
}

/* A number, or * for the next argument; moves *format behind it. */
static int take_count(const char **format, va_list *args)
{
    int n = 0;

    if (**format == '*') {
        ++*format;
        return va_arg(*args, int);
    }
    for (; **format >= '0' && **format <= '9'; ++*format)
        n = n * 10 + **format - '0';
    return n;
}

/* Take apart what stands between % and the conversion letter; moves *format to that letter. */
static struct spec parse_spec(const char **format, va_list *args)
{
    struct spec s = { .precision = -1 };

    for (;; ++*format) {
        switch (**format) {
        case '-': s.left = true; continue;
        case '0': s.zero = true; continue;
        case '+': s.plus = true; continue;
        case ' ': s.space = true; continue;
        case '#': s.alternate = true; continue;
        }
        break;
    }
    s.width = take_count(format, args);
    if (s.width < 0) {                          /* only from *: a flag - and a width */
        s.left = true;
        s.width = -s.width;
    }
    if (**format == '.') {
        ++*format;
        s.precision = take_count(format, args);
    }
    for (;; ++*format) {
        if (**format == 'l')
            s.longs++;
        else if (**format == 'h')
            s.longs--;
        else if (**format != 'z')               /* size_t is as wide as int */
            return s;
    }
}

/* A number as a field: digits in `base`, at least as many as the precision; prefix: sign or 0x. */
static void put_number(struct output *out, const struct spec *s, const char *prefix,
                       uint64_t value, unsigned base, const char *digits)
{
    // exercise 1.8 begin: make the digits, last first; count the zeros before them; call put_field
    char text[20];                              /* 2^64 has 20 decimal digits */
    int at = sizeof(text), zeros;

    while (value) {
        text[--at] = digits[value % base];
        value /= base;
    }
    int length = sizeof(text) - at;
    if (s->precision >= 0)
        zeros = s->precision - length;
    else if (s->zero && !s->left)
        zeros = s->width - (int)strlen(prefix) - length;
    else
        zeros = 0;
    if (length == 0 && s->precision < 0 && zeros < 1)
        zeros = 1;                              /* zero has no digits of its own */
    put_field(out, s, prefix, zeros > 0 ? zeros : 0, text + at, length);
    // exercise 1.8 stub
    // (void)out, (void)s, (void)prefix, (void)value, (void)base, (void)digits, (void)put_field;
    // exercise 1.8 end
}

/* Print the next argument as the conversion letter (one of diuxXpsc) says. */
static void convert(struct output *out, const struct spec *s, char conversion, va_list *args)
{
    // exercise 1.8 begin: fetch by take_signed, take_unsigned, va_arg; find sign or prefix; put it
    static const char lower[] = "0123456789abcdef", upper[] = "0123456789ABCDEF";

    switch (conversion) {
    case 'd':
    case 'i': {
        int64_t value = take_signed(s, args);
        const char *sign = value < 0 ? "-" : s->plus ? "+" : s->space ? " " : "";
        put_number(out, s, sign, value < 0 ? -(uint64_t)value : (uint64_t)value, 10, lower);
        break;
    }
    case 'u':
        put_number(out, s, "", take_unsigned(s, args), 10, lower);
        break;
    case 'x':
    case 'X': {
        uint64_t value = take_unsigned(s, args);
        const char *prefix = !s->alternate || value == 0 ? "" : conversion == 'x' ? "0x" : "0X";
        put_number(out, s, prefix, value, 16, conversion == 'x' ? lower : upper);
        break;
    }
    case 'p': {
        struct spec pointer = { .left = s->left, .width = s->width, .precision = 8 };
        put_number(out, &pointer, "0x", (uintptr_t)va_arg(*args, void *), 16, lower);
        break;
    }
    case 's': {
        const char *text = va_arg(*args, const char *);
        if (text == NULL)
            text = "(null)";
        put_field(out, s, "", 0, text,
                  s->precision < 0 ? strlen(text) : strnlen(text, s->precision));
        break;
    }
    case 'c': {
        char c = va_arg(*args, int);
        put_field(out, s, "", 0, &c, 1);
        break;
    }
    }
    // exercise 1.8 stub
    // (void)out, (void)s, (void)conversion, (void)args;
    // (void)put_number, (void)take_signed, (void)take_unsigned;
    // exercise 1.8 end
}

int vformat(format_put put, void *context, const char *format, va_list args)
{
    struct output out = { .put = put, .context = context };
    // exercise 1.8 begin: copy plain text, turn each conversion into its argument's text
    va_list rest;

    /* A va_list parameter may be an array: only a copy has an address. */
    va_copy(rest, args);
    for (; *format; format++) {
        if (*format != '%') {
            emit(&out, *format);
            continue;
        }
        const char *start = format++;
        struct spec s = parse_spec(&format, &rest);
        if (*format == '%') {
            emit(&out, '%');
        } else if (*format && strchr("diuxXpsc", *format)) {
            convert(&out, &s, *format, &rest);
        } else {
            for (; start < format; start++)     /* unknown: as it stands, so that it is seen */
                emit(&out, *start);
            if (*format == '\0')
                break;
            emit(&out, *format);
        }
    }
    va_end(rest);
    // exercise 1.8 stub
    // (void)format, (void)args, (void)parse_spec, (void)convert;
    // exercise 1.8 end
    return out.count;
}

struct buffer {
    char *at;
    size_t left;
};

static void put_buffer(void *context, char c)
{
    struct buffer *b = context;

    if (b->left > 1) {
        *b->at++ = c;
        b->left--;
    }
}

int vsnprintf(char *buffer, size_t size, const char *format, va_list args)
{
    struct buffer b = { buffer, size };
    int n = vformat(put_buffer, &b, format, args);

    if (size)
        *b.at = '\0';
    return n;
}

int snprintf(char *buffer, size_t size, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int n = vsnprintf(buffer, size, format, args);
    va_end(args);
    return n;
}
