/*
 * The timers of timer_create(2): any number of them, each with a signal of its own choice.
 *
 * timer_create(2), timer_settime(2), timer_getoverrun(2), timer_delete(2). They count in real time;
 * the clocks of used processor time have none here.
 */
#ifndef PROC_PTIMER_H
#define PROC_PTIMER_H

#include "proc/itimer.h"

/*
 * Make one, not set, for the current process. `event` as timer_create(2) has it; NULL: SIGALRM.
 * Returns its number, -EINVAL, -EAGAIN (too many, or no memory).
 */
int ptimer_create(int clock, const struct sigevent *event);

/*
 * Set it; *old is what was left of it before. The time of `spec` is a moment of its clock's if
 * `absolute`. Returns 0, -EINVAL: there is no such timer.
 */
int ptimer_set(int id, bool absolute, const struct timer_spec *spec, struct timer_spec *old);

/* What is left of it. 0 or -EINVAL. */
int ptimer_get(int id, struct timer_spec *spec);

/* How often it expired between its last signal's sending and delivery. -EINVAL. */
int ptimer_overrun(int id);

/* 0 or -EINVAL. A signal that is pending stays. */
int ptimer_delete(int id);

/* Delete all. The caller has process_lock. */
void ptimer_delete_all(struct process_timers *timers);

/* The current process's: for exec. */
void ptimer_exec(void);

#endif
