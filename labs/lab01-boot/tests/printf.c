/*
 * What vsnprintf makes of formats that the seed chooses. The grader makes the same choices and
 * knows the answers. What is known to go wrong (flags, widths, numbers at the edge of their type)
 * is there in every run, whatever the seed.
 */
#include "ktest.h"
#include "debug/log.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "x86/cpu.h"

#define CASES 60

static const char *const flags[] = {
    "", "-", "0", "+", " ", "#", "-0", "0-", "+0", " 0", "#0", "+ ", "-+",
};
static const char *const widths[] = { "", "1", "5", "9", "14" };
static const char *const precisions[] = { "", ".0", ".3", ".10" };
#define FIELDS (ARRAY_SIZE(flags) * ARRAY_SIZE(widths))

static const char *const words[] = { "", "a", "myOS", "the quick brown fox" };

/* The arguments as they would lie on the stack: for the i386 a va_list is their address. */
static int format(char *buffer, size_t size, const char *text, const uint32_t *arguments)
{
    return vsnprintf(buffer, size, text, (va_list)arguments);
}

/* A number of kind n: zero, small, small and negative, the smallest, the greatest, any. */
static uint32_t value(unsigned n)
{
    switch (n % 6) {
    case 0:  return 0;
    case 1:  return ktest_random(1000);
    case 2:  return -1 - ktest_random(1000);
    case 3:  return 0x80000000u;
    case 4:  return 0x7fffffff;
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

/* The n-th combination of flags and width, of FIELDS. */
static void add_field(char *text, unsigned n)
{
    add(text, flags[n % ARRAY_SIZE(flags)]);
    add(text, widths[n / ARRAY_SIZE(flags) % ARRAY_SIZE(widths)]);
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
            arguments[j] = value(i + j);
        }
        int result = format(buffer, sizeof(buffer), text, arguments);
        report(text, result, buffer);
    }
}

KTEST(printf_fields)
{
    char text[64], buffer[128];
    uint32_t arguments[2];

    for (unsigned i = 0; i < FIELDS * ARRAY_SIZE(precisions); i++) {
        strlcpy(text, "[%", sizeof(text));
        add_field(text, i);
        add(text, precisions[i / FIELDS]);
        add_one_of(text, "diuxX");
        add(text, "]");
        arguments[0] = value(ktest_random(6));
        int result = format(buffer, sizeof(buffer), text, arguments);
        report(text, result, buffer);
    }
    for (int i = 0; i < CASES / 2; i++) {           /* the width as an argument */
        strlcpy(text, "[%*", sizeof(text));
        add_one_of(text, "dux");
        add(text, "]");
        arguments[0] = ktest_random(25) - 12;
        arguments[1] = value(i);
        int result = format(buffer, sizeof(buffer), text, arguments);
        report(text, result, buffer);
    }
}

KTEST(printf_text)
{
    char text[64], buffer[128];
    uint32_t arguments[1];

    /* With - or not, with a width or not; %c, and %s with each word. */
    for (unsigned i = 0; i < 4 * 9; i++) {
        strlcpy(text, "<%", sizeof(text));
        add(text, i & 1 ? "-" : "");
        add(text, i & 2 ? "7" : "");
        if (i < 32) {
            add(text, i & 4 ? ".2" : "");
            add(text, "s>");
            arguments[0] = (uint32_t)(uintptr_t)words[i / 8];
        } else {
            add(text, "c>");
            arguments[0] = 'a' + ktest_random(26);
        }
        int result = format(buffer, sizeof(buffer), text, arguments);
        report(text, result, buffer);
    }
    arguments[0] = 0;
    static const char *const fixed[] = {
        "", "100%%", "%s", "%p", "%%%c%%", "[%14p]", "%q", "[%-5y]", "50%",
    };
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

    /* Each kind of low half with each kind of high half. */
    for (unsigned i = 0; i < 6 * 6 * 3; i++) {
        strlcpy(text, "%", sizeof(text));
        add_field(text, i);
        add(text, i % 3 == 0 ? "lld" : i % 3 == 1 ? "llu" : "llx");
        add(text, "|%d");
        arguments[0] = value(i / 3);
        arguments[1] = value(i / 18);
        arguments[2] = value(5);                    /* right only if 64 bits were taken before */
        int result = format(buffer, sizeof(buffer), text, arguments);
        report(text, result, buffer);
    }
}

/* Lines for both consoles. Halts at its end, so that the grader can look at the screen. */
KTEST(log_lines)
{
    for (int i = 0; i < 4; i++) {
        unsigned number = ktest_random(100000);
        kprintf(LOG_INFO, "line %d: [%6u] 0x%08x %s\n", -i, number, value(5), words[1 + i % 3]);
    }
    ktest_report("halts");
    cpu_stop();
}
