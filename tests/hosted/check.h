/*
 * For the tests on the host: a check that names its place, and random numbers from a seed.
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition, ...)                                                   \
    do {                                                                        \
        if (!(condition)) {                                                     \
            fprintf(stderr, "%s:%d: not so: %s: ", __FILE__, __LINE__, #condition); \
            fprintf(stderr, __VA_ARGS__);                                       \
            fprintf(stderr, "\n");                                              \
            exit(1);                                                            \
        }                                                                       \
    } while (0)

static unsigned check_state = 1;

/* A number in [0, n): xorshift32, so that a run can be repeated. */
static unsigned check_random(unsigned n)
{
    check_state ^= check_state << 13;
    check_state ^= check_state >> 17;
    check_state ^= check_state << 5;
    return check_state % n;
}

#endif
