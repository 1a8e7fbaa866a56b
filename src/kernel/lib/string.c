/*
 * Memory and strings in plain C. The compiler calls memcpy and memset by itself: needed here.
 */
#include "lib/string.h"

void *memcpy(void *to, const void *from, size_t n)
{
    return memmove(to, from, n);
}

/* Word by word where both are aligned alike: on the i386 that is what matters most. */
void *memmove(void *to, const void *from, size_t n)
{
    uint8_t *t = to;
    const uint8_t *f = from;

    if ((uintptr_t)t - (uintptr_t)f >= n) {     /* not (from < to < from + n): forwards is safe */
        if ((((uintptr_t)t | (uintptr_t)f) & 3) == 0)
            for (; n >= 4; n -= 4, t += 4, f += 4)
                *(uint32_t *)t = *(const uint32_t *)f;
        while (n--)
            *t++ = *f++;
    } else {
        while (n--)
            t[n] = f[n];
    }
    return to;
}

void *memset(void *to, int value, size_t n)
{
    uint8_t *t = to;
    uint32_t word = (uint8_t)value * 0x01010101u;

    for (; n && ((uintptr_t)t & 3); n--)
        *t++ = value;
    for (; n >= 4; n -= 4, t += 4)
        *(uint32_t *)t = word;
    while (n--)
        *t++ = value;
    return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const uint8_t *x = a, *y = b;

    for (; n; n--, x++, y++)
        if (*x != *y)
            return *x - *y;
    return 0;
}

size_t strlen(const char *s)
{
    size_t n = 0;

    while (s[n])
        n++;
    return n;
}

size_t strnlen(const char *s, size_t max)
{
    size_t n = 0;

    while (n < max && s[n])
        n++;
    return n;
}

int strcmp(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return (uint8_t)*a - (uint8_t)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
    while (n && *a && *a == *b)
        a++, b++, n--;
    return n ? (uint8_t)*a - (uint8_t)*b : 0;
}

char *strchr(const char *s, int c)
{
    for (; *s != (char)c; s++)
        if (*s == '\0')
            return NULL;
    return (char *)s;
}

size_t strlcpy(char *to, const char *from, size_t size)
{
    size_t n = strlen(from);

    if (size) {
        size_t part = n < size ? n : size - 1;
        memcpy(to, from, part);
        to[part] = '\0';
    }
    return n;
}
