/*
 * Running kernel tests and reporting on COM1, polled, apart from the kernel's own drivers.
 */
#include "ktest.h"
#include "debug/panic.h"
#include "x86/cpu.h"

#define COM1         0x3f8
#define COM1_STATUS  0x3fd
#define STATUS_EMPTY 0x20           /* it takes another byte */
#define STATUS_SENT  0x40           /* and the last one is on the line */
#define DEBUG_EXIT   0xf4           /* QEMU's isa-debug-exit: QEMU ends with (value << 1) | 1 */
#define EXIT_DONE    0x10
#define EXIT_PANIC   0x11
#define WORD_MAX     32

extern const struct ktest __start_ktests[], __stop_ktests[];

static const struct ktest *current;
static uint32_t seed, state;
static char nonce[WORD_MAX];

static void put(char c)
{
    while (!(inb(COM1_STATUS) & STATUS_EMPTY))
        ;
    outb(COM1, c);
}

static void put_text(const char *s)
{
    while (*s)
        put(*s++);
}

static void put_number(uint64_t value, unsigned base)
{
    char text[20];
    int at = sizeof(text);

    do {
        text[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    while (at < (int)sizeof(text))
        put(text[at++]);
}

static void put_signed(int64_t value)
{
    if (value < 0)
        put('-');
    put_number(value < 0 ? -(uint64_t)value : (uint64_t)value, 10);
}

/* "@NONCE " and, in a test, its name: every line begins so. */
static void put_prefix(void)
{
    put('@');
    put_text(nonce);
    put(' ');
}

static void put_event(const char *event, const char *name)
{
    put_prefix();
    put_text(event);
    if (name) {
        put(' ');
        put_text(name);
    }
    put('\n');
}

void ktest_report(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    put_prefix();
    put_text(current->name);
    put(' ');
    for (; *format; format++) {
        if (*format != '%') {
            put(*format);
            continue;
        }
        int longs = 0;
        while (*++format == 'l')
            longs++;
        switch (*format) {
        case 'd': put_signed(longs > 1 ? va_arg(args, long long) : va_arg(args, int)); break;
        case 'u':
            put_number(longs > 1 ? va_arg(args, unsigned long long) : va_arg(args, unsigned), 10);
            break;
        case 'x':
            put_number(longs > 1 ? va_arg(args, unsigned long long) : va_arg(args, unsigned), 16);
            break;
        case 'p': put_number((uintptr_t)va_arg(args, void *), 16); break;
        case 's': put_text(va_arg(args, const char *)); break;
        case 'c': put(va_arg(args, int)); break;
        default:  put(*format);
        }
    }
    put('\n');
    va_end(args);
}

void ktest_report_bytes(const char *key, const void *bytes, size_t n)
{
    const uint8_t *b = bytes;

    put_prefix();
    put_text(current->name);
    put(' ');
    put_text(key);
    put(' ');
    for (; n; n--, b++) {
        put("0123456789abcdef"[*b >> 4]);
        put("0123456789abcdef"[*b & 15]);
    }
    put('\n');
}

uint32_t ktest_random(uint32_t n)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % n;
}

static void leave(uint32_t code)
{
    while (!(inb(COM1_STATUS) & STATUS_SENT))
        ;
    __asm__ volatile("outl %0, %1" : : "a"(code), "d"((uint16_t)DEBUG_EXIT));
    cpu_stop();                     /* a machine without the device */
}

static void leave_panic(void)
{
    leave(EXIT_PANIC);
}

static bool same(const char *a, const char *b, size_t n)
{
    for (; n; n--)
        if (*a++ != *b++)
            return false;
    return true;
}

static size_t length(const char *s, char end)
{
    size_t n = 0;

    while (s[n] && s[n] != end)
        n++;
    return n;
}

/* The text behind `key` (which ends in =) on the command line, up to a blank; "" without it. */
static const char *find(const char *line, const char *key)
{
    size_t n = length(key, '\0');

    for (; *line; line += length(line, ' '), line += *line == ' ')
        if (length(line, ' ') >= n && same(line, key, n))
            return line + n;
    return "";
}

static void run_one(const char *name, size_t n)
{
    char copy[WORD_MAX + 1];
    size_t kept = n < WORD_MAX ? n : WORD_MAX;

    for (const struct ktest *t = __start_ktests; t < __stop_ktests; t++) {
        if (length(t->name, '\0') != n || !same(t->name, name, n))
            continue;
        current = t;
        state = seed ? seed : 1;
        put_event("begin", t->name);
        t->run();
        put_event("end", t->name);
        return;
    }
    for (size_t i = 0; i < kept; i++)
        copy[i] = name[i];
    copy[kept] = '\0';
    put_event("unknown", copy);
}

void ktest_run(const char *cmdline)
{
    const char *names = find(cmdline, "ktest="), *word = find(cmdline, "nonce=");

    if (length(names, ' ') == 0)
        return;
    for (size_t i = 0; i < WORD_MAX - 1 && word[i] && word[i] != ' '; i++)
        nonce[i] = word[i];
    for (const char *digit = find(cmdline, "seed="); *digit >= '0' && *digit <= '9'; digit++)
        seed = seed * 10 + *digit - '0';
    panic_hook = leave_panic;

    while (*names && *names != ' ') {
        size_t blank = length(names, ' '), n = length(names, ',');
        if (n > blank)
            n = blank;
        run_one(names, n);
        names += n;
        if (*names == ',')
            names++;
    }
    put_event("done", NULL);
    leave(EXIT_DONE);
}
