/*
 * Memory and strings, as ISO C names them, and strlcpy as BSD does.
 *
 * ISO C11 7.24; strlcpy(3bsd).
 */
#ifndef LIB_STRING_H
#define LIB_STRING_H

#include "lib/types.h"

/* Copy n bytes; the two must not overlap. Returns to. */
void *memcpy(void *to, const void *from, size_t n);
/* Copy n bytes, overlapping or not. Returns to. */
void *memmove(void *to, const void *from, size_t n);
/* Set n bytes to the low 8 bits of value. Returns to. */
void *memset(void *to, int value, size_t n);
/* Compare n bytes as unsigned: < 0, 0 or > 0. */
int memcmp(const void *a, const void *b, size_t n);

/* Bytes before the NUL. */
size_t strlen(const char *s);
/* Bytes before the NUL, but never more than max; does not look at s[max]. */
size_t strnlen(const char *s, size_t max);
/* Compare as unsigned bytes: < 0, 0 or > 0. */
int strcmp(const char *a, const char *b);
/* The same for at most n bytes. */
int strncmp(const char *a, const char *b, size_t n);
/* The first c in s (also its NUL), or NULL. */
char *strchr(const char *s, int c);
/* Copy, cut to `size` bytes with the NUL (not even that if size is 0). Returns strlen(from). */
size_t strlcpy(char *to, const char *from, size_t size);

#endif
