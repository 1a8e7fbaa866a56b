/*
 * lib/string against the host's, on random lengths, alignments and overlaps.
 */
#include "check.h"
#include <string.h>

#define N 200

void *our_memcpy(void *to, const void *from, size_t n);
void *our_memmove(void *to, const void *from, size_t n);
void *our_memset(void *to, int value, size_t n);
int our_memcmp(const void *a, const void *b, size_t n);
size_t our_strlen(const char *s);
size_t our_strnlen(const char *s, size_t max);
int our_strcmp(const char *a, const char *b);
int our_strncmp(const char *a, const char *b, size_t n);
char *our_strchr(const char *s, int c);
size_t our_strlcpy(char *to, const char *from, size_t size);

static int sign(int n)
{
    return (n > 0) - (n < 0);
}

static void fill(unsigned char *a, unsigned char *b)
{
    for (int i = 0; i < N; i++)
        a[i] = b[i] = check_random(4);
}

static void test_memory(void)
{
    unsigned char a[N], b[N];
    unsigned n = check_random(N / 2), x = check_random(N / 2), y = check_random(N / 2);

    fill(a, b);
    our_memmove(a + x, a + y, n);
    memmove(b + x, b + y, n);
    CHECK(memcmp(a, b, N) == 0, "memmove %u %u %u", x, y, n);
    CHECK(sign(our_memcmp(a + x, a + y, n)) == sign(memcmp(b + x, b + y, n)), "memcmp %u %u %u", x, y, n);
    our_memset(a + x, y, n);
    memset(b + x, y, n);
    CHECK(memcmp(a, b, N) == 0, "memset %u %u", x, n);
    our_memcpy(a + N / 2 + x % 8, a + y % 8, n % 80);
    memcpy(b + N / 2 + x % 8, b + y % 8, n % 80);
    CHECK(memcmp(a, b, N) == 0, "memcpy %u %u %u", x, y, n);
}

/* A string of 0 to 11 characters in memory of exactly its size. */
static char *some_string(void)
{
    unsigned n = check_random(12);
    char *s = malloc(n + 1);

    for (unsigned i = 0; i < n; i++)
        s[i] = "ab\xff"[check_random(3)];
    s[n] = '\0';
    return s;
}

static void test_strings(void)
{
    char *a = some_string(), *b = some_string(), *copy;
    unsigned n = check_random(14);

    CHECK(our_strlen(a) == strlen(a), "strlen %s", a);
    CHECK(our_strnlen(a, n) == strnlen(a, n), "strnlen %s %u", a, n);
    CHECK(sign(our_strcmp(a, b)) == sign(strcmp(a, b)), "strcmp %s %s", a, b);
    CHECK(sign(our_strncmp(a, b, n)) == sign(strncmp(a, b, n)), "strncmp %s %s %u", a, b, n);
    CHECK(our_strchr(a, 'b') == strchr(a, 'b') && our_strchr(a, 0) == strchr(a, 0), "strchr %s", a);
    copy = malloc(n + 1);
    copy[n] = 'x';
    CHECK(our_strlcpy(copy, a, n) == strlen(a), "strlcpy %s %u", a, n);
    CHECK(copy[n] == 'x', "strlcpy wrote past its size %u", n);
    if (n)
        CHECK(strlen(copy) == (strlen(a) < n ? strlen(a) : n - 1) && strncmp(copy, a, strlen(copy)) == 0, "strlcpy %s", copy);
    free(a);
    free(b);
    free(copy);
}

int main(void)
{
    for (int i = 0; i < 50000; i++) {
        test_memory();
        test_strings();
    }
    return 0;
}
