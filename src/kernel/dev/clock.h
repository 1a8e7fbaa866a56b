/*
 * What time it is: CLOCK_MONOTONIC, which counts from the start of the clock, and CLOCK_REALTIME,
 * which began at what the battery-backed clock said then.
 *
 * The time goes on by a tick of the interval timer each millisecond, exactly 1193 periods of its
 * input. Between two ticks the processor's time-stamp counter tells how much has passed, measured
 * against the ticks themselves; never so much that the next tick would set the clock back.
 * timer_now() counts the same ticks as if they were milliseconds: it is 0.015 % fast.
 *
 * Intel 8254 data sheet (231164); SDM volume 3B, 17.17 (time-stamp counter).
 */
#ifndef DEV_CLOCK_H
#define DEV_CLOCK_H

#include "lib/timespec.h"
#include "task/wait.h"

/* Start the clock: before timer_init(), so that timers find it at their own tick. */
void clock_init(void);

/* Callable from interrupts, as the next two. */
void clock_monotonic(struct timespec *t);
void clock_realtime(struct timespec *t);

/* CLOCK_REALTIME's seconds. */
uint32_t clock_seconds(void);

/* The same two as of the last tick: clock_gettime(2)'s COARSE clocks. */
void clock_coarse(struct timespec *monotonic, struct timespec *realtime);

/* Set CLOCK_REALTIME, and wake who waits for it in clock_was_set. */
void clock_set_realtime(const struct timespec *t);
extern struct wait_queue clock_was_set;

/*
 * How long to sleep, in milliseconds, until CLOCK_MONOTONIC, or CLOCK_REALTIME if `real`, is `end`:
 * 0 if it is. At most an hour: who sleeps looks again.
 */
uint32_t clock_until(const struct timespec *end, bool real);

/* Is it still to come? Then *ms is how long to sleep. */
static inline bool clock_ahead(const struct timespec *end, bool real, uint32_t *ms)
{
    *ms = clock_until(end, real);
    return *ms;
}

#endif
