/*
 * Timers: functions that are called when some milliseconds have passed. And time itself, as tasks
 * and timers count it: in ticks of the timer interrupt.
 */
#ifndef TASK_TIMER_H
#define TASK_TIMER_H

#include "lib/list.h"

/* The owner's; all of it is task/timer's while the timer is pending. */
struct timer {
    struct list node;               /* in its slot; alone: it is not pending */
    uint64_t due;                   /* in timer_now()'s time */
    void (*fn)(void *arg);
    void *arg;
};

/* Take the timer interrupt (line 0). After pic_init() and task_init(). */
void timer_init(void);

/* Milliseconds, counted since timer_init(). */
uint64_t timer_now(void);

/*
 * Call fn(arg) once when at least `ms` milliseconds have passed: the current one has begun, so it
 * is up to one more. fn runs in the timer interrupt: interrupts are off, it must be quick and must
 * not sleep; it may add and cancel timers, this one too. The timer is not pending, and must stay
 * where it is until it has run or was cancelled. Callable from interrupts.
 */
void timer_add(struct timer *timer, void (*fn)(void *arg), void *arg, uint32_t ms);

/*
 * Do not call it. Returns true if it was pending; false if it has been called, is being called, or
 * was cancelled before. The timer was added at some time. Callable from interrupts.
 */
bool timer_cancel(struct timer *timer);

/* A tick has passed: call what is due. For the timer interrupt. */
void timer_tick(void);

/* Let at least `ms` milliseconds pass, asleep. */
void sleep_ms(uint32_t ms);

#endif
