/*
 * A process's interval timers: in real time, in the time that its program runs, and in that with
 * the kernel's part. Those of timer_create(2) are proc/ptimer's, and hang on them.
 *
 * setitimer(2), alarm(2).
 */
#ifndef PROC_ITIMER_H
#define PROC_ITIMER_H

#include "abi/time.h"
#include "lib/timespec.h"
#include "proc/process.h"
#include "task/timer.h"

#define PTIMERS 64                  /* of timer_create(2), a process at most */

struct ptimer;

/* What process->timers points to, from a process's first timer on. Under process_lock. */
struct process_timers {
    struct process *process;
    struct timer real;
    bool real_armed;
    struct timespec real_end, real_interval;    /* CLOCK_MONOTONIC */
    uint32_t cpu_left[2], cpu_interval[2];      /* VIRTUAL and PROF, in ticks of 1 ms */
    struct ptimer *ptimers[PTIMERS];
};

/* What a timer is set to: in how long first, then again and again; zero: not, not again. */
struct timer_spec {
    struct timespec value, interval;
};

/* Count the ticks that programs run. Once. */
void itimer_init(void);

/* The current process's; made if there are none, NULL if there is no memory. */
struct process_timers *process_timers(void);

/* setitimer(2) and getitimer(2). `which` is known. Returns 0 or -ENOMEM. */
int itimer_set(int which, const struct timer_spec *spec, struct timer_spec *old);
void itimer_get(int which, struct timer_spec *spec);

/*
 * `end` is over at `now`: move it on by as many intervals as take it behind `now`. Returns how many
 * they were.
 */
uint32_t timer_forward(struct timespec *end, const struct timespec *interval,
                       const struct timespec *now);

/* The process ends: its timers go. The caller does not have process_lock. */
void itimer_exit(struct process *process);

#endif
