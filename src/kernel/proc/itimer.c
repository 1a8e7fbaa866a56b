/*
 * Interval timers.
 */
#include "proc/itimer.h"
#include "abi/errno.h"
#include "dev/clock.h"
#include "mm/kmalloc.h"
#include "proc/ptimer.h"
#include "proc/signal.h"
#include "x86/irq.h"

#define TIMER_LINE 0

uint32_t timer_forward(struct timespec *end, const struct timespec *interval,
                       const struct timespec *now)
{
    struct timespec late = timespec_sub(now, end);

    if (late.sec >= INT32_MAX || interval->sec >= INT32_MAX) {
        *end = timespec_add(now, interval);
        return 1;
    }
    uint64_t step = (uint64_t)interval->sec * NSEC_PER_SEC + (uint32_t)interval->nsec;
    uint64_t count = ((uint64_t)late.sec * NSEC_PER_SEC + (uint32_t)late.nsec) / step + 1;
    uint64_t total = count * step;
    struct timespec forward = { (int64_t)(total / NSEC_PER_SEC), (int32_t)(total % NSEC_PER_SEC) };
    *end = timespec_add(end, &forward);
    return count > INT32_MAX ? INT32_MAX : (uint32_t)count;
}

/* The timer's moment may have come. In the timer interrupt. */
static void real_expired(void *arg)
{
    struct process_timers *timers = arg;
    uint32_t flags = spin_lock_irqsave(&process_lock);
    struct timespec now;

    /* It may have been stopped or set anew since it was called. */
    if (timers->real_armed && list_empty(&timers->real.node)) {
        if (!clock_until(&timers->real_end, false)) {
            siginfo_t info = { .signo = SIGALRM, .code = SI_KERNEL };
            signal_send_locked(timers->process, &info);
            timers->real_armed = !timespec_is_zero(&timers->real_interval);
            clock_monotonic(&now);
            if (timers->real_armed)
                timer_forward(&timers->real_end, &timers->real_interval, &now);
        }
        if (timers->real_armed)
            timer_add(&timers->real, real_expired, timers, clock_until(&timers->real_end, false));
    }
    spin_unlock_irqrestore(&process_lock, flags);
}

struct process_timers *process_timers(void)
{
    struct process *process = process_current();
    struct process_timers *timers = process->timers;

    if (timers)
        return timers;
    timers = kzalloc(sizeof(*timers));
    if (!timers)
        return NULL;
    timers->process = process;
    list_init(&timers->real.node);
    uint32_t flags = spin_lock_irqsave(&process_lock);
    if (process->timers) {          /* another thread was faster */
        kfree(timers);
        timers = process->timers;
    }
    process->timers = timers;
    spin_unlock_irqrestore(&process_lock, flags);
    return timers;
}

/* The caller has process_lock. */
static void get(const struct process_timers *timers, int which, struct timer_spec *spec)
{
    struct timespec now;

    if (which != ITIMER_REAL) {
        spec->value = timespec_of_ms(timers->cpu_left[which - 1]);
        spec->interval = timespec_of_ms(timers->cpu_interval[which - 1]);
        return;
    }
    *spec = (struct timer_spec){ .interval = timers->real_interval };
    if (!timers->real_armed)
        return;
    clock_monotonic(&now);
    spec->value = timespec_sub(&timers->real_end, &now);
    if (spec->value.sec < 0 || timespec_is_zero(&spec->value))
        spec->value = (struct timespec){ 0, 1000 };     /* it is about to expire */
}

void itimer_get(int which, struct timer_spec *spec)
{
    uint32_t flags = spin_lock_irqsave(&process_lock);
    const struct process_timers *timers = process_current()->timers;

    *spec = (struct timer_spec){ 0 };
    if (timers)
        get(timers, which, spec);
    spin_unlock_irqrestore(&process_lock, flags);
}

int itimer_set(int which, const struct timer_spec *spec, struct timer_spec *old)
{
    struct process_timers *timers = process_timers();
    struct timespec now;

    if (!timers)
        return -ENOMEM;
    uint32_t flags = spin_lock_irqsave(&process_lock);
    get(timers, which, old);
    if (which != ITIMER_REAL) {
        timers->cpu_left[which - 1] = timespec_ms(&spec->value);
        timers->cpu_interval[which - 1] = timespec_ms(&spec->interval);
    } else {
        timer_cancel(&timers->real);
        timers->real_armed = !timespec_is_zero(&spec->value);
        timers->real_interval = spec->interval;
        if (timers->real_armed) {
            clock_monotonic(&now);
            timers->real_end = timespec_add(&now, &spec->value);
            timer_add(&timers->real, real_expired, timers, clock_until(&timers->real_end, false));
        }
    }
    spin_unlock_irqrestore(&process_lock, flags);
    return 0;
}

/* One more tick of VIRTUAL or PROF. The caller has process_lock. */
static void count_down(struct process_timers *timers, int which, int signal)
{
    if (!timers->cpu_left[which - 1] || --timers->cpu_left[which - 1])
        return;
    siginfo_t info = { .signo = signal, .code = SI_KERNEL };
    timers->cpu_left[which - 1] = timers->cpu_interval[which - 1];
    signal_send_locked(timers->process, &info);
}

/* RLIMIT_CPU: SIGXCPU at the soft limit, and each second from there on. Has process_lock. */
static void check_limit(struct process *process)
{
    struct rlimit *limit = &process->limits[RLIMIT_CPU];
    siginfo_t info = { .signo = SIGXCPU, .code = SI_KERNEL };
    uint32_t user, system;

    process_ticks(process, &user, &system);
    uint32_t seconds = (user + system) / 1000;
    if (seconds >= limit->hard)
        info.signo = SIGKILL;
    else if (seconds >= limit->soft)
        limit->soft++;
    else
        return;
    signal_send_locked(process, &info);
}

static bool tick(void *arg, struct trapframe *tf)
{
    struct process *process = process_current();

    (void)arg;
    if (!process)
        return true;
    bool limited = process->limits[RLIMIT_CPU].soft != RLIM_INFINITY;
    if (!process->timers && !limited)
        return true;
    uint32_t flags = spin_lock_irqsave(&process_lock);
    struct process_timers *timers = process->timers;
    if (timers) {
        if (tf->cs & 3)
            count_down(timers, ITIMER_VIRTUAL, SIGVTALRM);
        count_down(timers, ITIMER_PROF, SIGPROF);
    }
    if (limited)
        check_limit(process);
    spin_unlock_irqrestore(&process_lock, flags);
    return true;
}

void itimer_init(void)
{
    irq_register(TIMER_LINE, tick, NULL);
}

void itimer_exit(struct process *process)
{
    uint32_t flags = spin_lock_irqsave(&process_lock);
    struct process_timers *timers = process->timers;

    if (timers) {
        ptimer_delete_all(timers);
        timer_cancel(&timers->real);
        process->timers = NULL;
        kfree(timers);
    }
    spin_unlock_irqrestore(&process_lock, flags);
}
