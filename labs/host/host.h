/*
 * What the host programs need of the host's C library, declared here because its headers do not mix
 * with lib/types.h.
 *
 * Input: records on standard input; output: text. They judge nothing: the grader does.
 */
#ifndef HOST_H
#define HOST_H

#include "lib/types.h"

ssize_t read(int fd, void *buffer, size_t n);
int printf(const char *format, ...);
void *malloc(size_t n);
void free(void *p);
void *memset(void *to, int value, size_t n);
int fflush(void *stream);
void exit(int status);

/* Read exactly n bytes; false at the end of the input. */
static inline bool take(void *buffer, size_t n)
{
    for (size_t got = 0; got < n;) {
        ssize_t r = read(0, (char *)buffer + got, n - got);
        if (r <= 0)
            return false;
        got += r;
    }
    return true;
}

#endif
