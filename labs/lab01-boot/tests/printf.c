/*
 * What vsnprintf makes of formats that the seed chooses. The grader makes the same choices and knows the answers.
 */
#include "ktest.h"
#include "lib/printf.h"
#include "lib/string.h"

#define CASES 60

static const char *const words[] = { "", "a", "myOS", "the quick brown fox" };

/* The arguments as they would lie on the stack: for the i386 a va_list is their address. */
static int format(char *buffer, size_t size, const char *text, const uint32_t *arguments)
{
    return vsnprintf(buffer, size, text, (va_list)arguments);
}

static uint32_t some_value(void)
{
    switch (ktest_random(5)) {
    case 0:  return ktest_random(2);
    case 1:  return ktest_random(1000);
    case 2:  return -1 - ktest_random(1000);
    case 3:  return 0x80000000u - ktest_random(2);
    default: return ktest_random(0x7fffffff) * 2 + ktest_random(2);
    }
}

/* One of `choices`, put at the end of the text. */
static char add_one_of(char *text, const char *choices)
{
    char c = choices[ktest_random(strlen(choices))];
    size_t n = strlen(text);

    text[n] = c;
    text[n + 1] = '\0';
    return c;
}

static void add(char *text, const char *more)
{
    strlcpy(text + strlen(text), more, 16);
}

static void report(const char *text, int result, const char *buffer)
{
    ktest_report_bytes("format", text, strlen(text));
    ktest_report("result %d", result);
    ktest_report_bytes("text", buffer, strlen(buffer));
}

/* A flag, now and then; a width; a precision. */
static void add_field(char *text, bool precision)
{
    static const char *const widths[] = { "", "1", "5", "9", "14" }, *const precisions[] = { "", ".0", ".3", ".10" };

    for (int i = ktest_random(3); i > 0; i--)
        add_one_of(text, "-0+ #");
    add(text, widths[ktest_random(ARRAY_SIZE(widths))]);
    if (precision)
        add(text, precisions[ktest_random(ARRAY_SIZE(precisions))]);
}

/* %d %u %x without anything more, several of them in one text. */
KTEST(printf_integers)
{
    char text[64], buffer[128];
    uint32_t arguments[3];

    for (int i = 0; i < CASES; i++) {
        text[0] = '\0';
        for (int j = 0; j < 3; j++) {
            add(text, j ? "," : "n=");
            add(text, "%");
            if (ktest_random(4) == 0)
                add(text, "l");
            add_one_of(text, "diuxX");
            arguments[j] = some_value();
        }
        int result = format(buffer, sizeof(buffer), text, arguments);
        report(text, result, buffer);
    }
}

KTEST(printf_fields)
{
    char text[64], buffer[128];
    uint32_t arguments[2];

    for (int i = 0; i < 2 * CASES; i++) {
        strlcpy(text, "[%", sizeof(text));
        add_field(text, true);
        add_one_of(text, "diuxX");
        add(text, "]");
        arguments[0] = some_value();
        int result = format(buffer, sizeof(buffer), text, arguments);
        report(text, result, buffer);
    }
    for (int i = 0; i < CASES / 2; i++) {           /* the width as an argument */
        strlcpy(text, "[%*", sizeof(text));
        add_one_of(text, "dux");
        add(text, "]");
        arguments[0] = ktest_random(25) - 12;
        arguments[1] = some_value();
        int result = format(buffer, sizeof(buffer), text, arguments);
        report(text, result, buffer);
    }
}

KTEST(printf_text)
{
    char text[64], buffer[128];
    uint32_t arguments[1];

    for (int i = 0; i < CASES; i++) {
        strlcpy(text, "<%", sizeof(text));
        if (ktest_random(2))
            add(text, "-");
        add(text, ktest_random(2) ? "7" : "");
        if (ktest_random(2)) {
            add(text, ktest_random(2) ? ".2" : "");
            add(text, "s>");
            arguments[0] = (uint32_t)(uintptr_t)words[ktest_random(ARRAY_SIZE(words))];
        } else {
            add(text, "c>");
            arguments[0] = 'a' + ktest_random(26);
        }
        int result = format(buffer, sizeof(buffer), text, arguments);
        report(text, result, buffer);
    }
    arguments[0] = 0;
    static const char *const fixed[] = { "", "100%%", "%s", "%p", "%%%c%%", "[%10p]" };
    for (unsigned i = 0; i < ARRAY_SIZE(fixed); i++) {
        arguments[0] = strchr(fixed[i], 'c') ? 'c' : strchr(fixed[i], 'p') ? 0xb8000 : 0;
        int result = format(buffer, sizeof(buffer), fixed[i], arguments);
        report(fixed[i], result, buffer);
    }
}

KTEST(printf_long_long)
{
    char text[64], buffer[128];
    uint32_t arguments[3];

    for (int i = 0; i < CASES; i++) {
        strlcpy(text, "%", sizeof(text));
        add_field(text, false);
        add(text, "ll");
        add_one_of(text, "dux");
        add(text, "|%d");
        arguments[0] = some_value();
        arguments[1] = some_value();
        arguments[2] = some_value();                /* comes out right only if 64 bits were taken before */
        int result = format(buffer, sizeof(buffer), text, arguments);
        report(text, result, buffer);
    }
}
