/*
 * lib/printf against the host's printf on random formats, and within buffers of every size.
 */
#include "check.h"
#include <stdint.h>
#include <string.h>

int our_snprintf(char *buffer, size_t size, const char *format, ...);

static void add(char *text, const char *more)
{
    strcat(text, more);
}

static const char *one_of(const char *const *list, unsigned n)
{
    return list[check_random(n)];
}
#define ONE_OF(...) one_of((const char *const[]){ __VA_ARGS__ }, sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *))

static unsigned long long value(void)
{
    switch (check_random(4)) {
    case 0:  return check_random(3);
    case 1:  return -1ull - check_random(3);
    case 2:  return 0x80000000ull << 32 * check_random(2);
    default: return (unsigned long long)check_random(-1) << check_random(40) | check_random(1000);
    }
}

/* One conversion, formatted by both, then by ours into a buffer that is too small. */
static void test_one(void)
{
    char format[64] = "", ours[256], theirs[256], *small;
    int a, b;

    add(format, ONE_OF("", "x", "100%% "));
    add(format, "%");
    for (int i = check_random(3); i > 0; i--)
        add(format, ONE_OF("-", "0", "+", " ", "#"));
    add(format, ONE_OF("", "1", "7", "20"));
    add(format, ONE_OF("", "", ".", ".0", ".1", ".5", ".12"));
    if (check_random(4)) {
        const char *length = ONE_OF("", "hh", "h", "l", "ll");
        unsigned long long v = value();
        add(format, length);
        add(format, ONE_OF("d", "i", "u", "x", "X"));
        add(format, "|");
        a = our_snprintf(ours, sizeof(ours), format, v);
        b = snprintf(theirs, sizeof(theirs), format, v);
    } else {
        const char *s = ONE_OF("", "a", "twelve chars");
        add(format, "s|");
        if (strpbrk(format, "0+ #"))            /* undefined with %s */
            return;
        a = our_snprintf(ours, sizeof(ours), format, s);
        b = snprintf(theirs, sizeof(theirs), format, s);
    }
    CHECK(a == b && strcmp(ours, theirs) == 0, "\"%s\": ours \"%s\" (%d), theirs \"%s\" (%d)", format, ours, a, theirs, b);

    unsigned size = check_random(30);
    small = malloc(size);
    a = our_snprintf(small, size, "%s", theirs);
    CHECK(a == b && (size == 0 || (strlen(small) == (strlen(theirs) < size ? strlen(theirs) : size - 1))), "size %u", size);
    free(small);
}

/* What the C library leaves undefined, and we define. */
static void test_own(void)
{
    char text[64];

    our_snprintf(text, sizeof(text), "%p %s %q %", (void *)0xb8000, (char *)NULL);
    CHECK(strcmp(text, "0x000b8000 (null) %q %") == 0, "%s", text);
}

int main(void)
{
    for (int i = 0; i < 100000; i++)
        test_one();
    test_own();
    return 0;
}
