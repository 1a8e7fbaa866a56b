/*
 * Times of nanoseconds: seconds since some beginning, and what is over. Additions and comparisons
 * only: a division of 64 bits would cost more than all the rest of a call that asks for the time.
 */
#ifndef LIB_TIMESPEC_H
#define LIB_TIMESPEC_H

#include "lib/types.h"

#define NSEC_PER_SEC 1000000000
#define NSEC_PER_MS  1000000

struct timespec {
    int64_t sec;
    int32_t nsec;                   /* 0 to 999,999,999 */
};

/* Is it a span of time, or a time after the beginning? */
static inline bool timespec_valid(const struct timespec *t)
{
    return t->sec >= 0 && (uint32_t)t->nsec < NSEC_PER_SEC;
}

static inline bool timespec_is_zero(const struct timespec *t)
{
    return t->sec == 0 && t->nsec == 0;
}

/* < 0, 0 or > 0. */
static inline int timespec_compare(const struct timespec *a, const struct timespec *b)
{
    if (a->sec != b->sec)
        return a->sec < b->sec ? -1 : 1;
    return a->nsec - b->nsec;
}

/* a + b; what is too far away stays at the end of time. */
static inline struct timespec timespec_add(const struct timespec *a, const struct timespec *b)
{
    struct timespec sum = { (int64_t)((uint64_t)a->sec + (uint64_t)b->sec), a->nsec + b->nsec };

    if (sum.nsec >= NSEC_PER_SEC) {
        sum.nsec -= NSEC_PER_SEC;
        sum.sec++;
    }
    if (b->sec >= 0 && sum.sec < a->sec)
        sum.sec = 0x7fffffffffffffffll;
    return sum;
}

/* a - b, which may be negative: then its seconds are. */
static inline struct timespec timespec_sub(const struct timespec *a, const struct timespec *b)
{
    struct timespec rest = { a->sec - b->sec, a->nsec - b->nsec };

    if (rest.nsec < 0) {
        rest.nsec += NSEC_PER_SEC;
        rest.sec--;
    }
    return rest;
}

/* In milliseconds, rounded up, and UINT32_MAX if there are more; 0 if it is negative. */
static inline uint32_t timespec_ms(const struct timespec *t)
{
    if (t->sec < 0)
        return 0;
    if (t->sec >= UINT32_MAX / 1000)
        return UINT32_MAX;
    return (uint32_t)t->sec * 1000 + ((uint32_t)t->nsec + NSEC_PER_MS - 1) / NSEC_PER_MS;
}

static inline struct timespec timespec_of_ms(uint32_t ms)
{
    return (struct timespec){ ms / 1000, (int32_t)(ms % 1000) * NSEC_PER_MS };
}

#endif
