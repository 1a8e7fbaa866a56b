/*
 * Timers with signals of their own.
 *
 * A timer holds the signal that it sends, so that it can always be sent, and is pending only once:
 * what comes meanwhile is counted as overrun.
 */
#include "proc/ptimer.h"
#include "abi/errno.h"
#include "dev/clock.h"
#include "mm/kmalloc.h"
#include "proc/signal.h"

#define SECOND_MS 1000              /* who waits for a time of day looks so often: it may be set */

/* Under process_lock. */
struct ptimer {
    struct pending_signal signal;   /* node alone: it is not pending */
    struct process *process;
    uint32_t tid;                   /* of the thread that gets the signal; 0: any */
    bool silent;                    /* SIGEV_NONE */
    bool clock_real;                /* made for CLOCK_REALTIME */
    bool real;                      /* its end is a time of day */
    bool armed;
    bool deleted;                   /* only the pending signal keeps it */
    struct timer timer;
    struct timespec end, interval;
    uint32_t overrun, last_overrun; /* of the signal that is pending; of the last delivered one */
};

/* The signal is pending no more: signal_send_own()'s `taken`. */
static void taken(struct pending_signal *signal, siginfo_t *info)
{
    struct ptimer *timer = list_entry(signal, struct ptimer, signal);

    if (info) {
        info->overrun = (int32_t)timer->overrun;
        timer->last_overrun = timer->overrun;
    }
    timer->overrun = 0;
    if (timer->deleted)
        kfree(timer);
}

static void expired(void *arg);

/* Have it called when its end has come, or might have. */
static void start(struct ptimer *timer)
{
    uint32_t ms = clock_until(&timer->end, timer->real);

    if (timer->real && ms > SECOND_MS)
        ms = SECOND_MS;
    timer_add(&timer->timer, expired, timer, ms);
}

/* Its end has come: `count` times. */
static void fire(struct ptimer *timer, uint32_t count)
{
    struct thread *thread = timer->tid ? thread_find(timer->tid) : NULL;

    if (timer->silent)
        return;
    if (!list_empty(&timer->signal.node)) {
        timer->overrun = timer->overrun + count <= INT32_MAX ? timer->overrun + count : INT32_MAX;
        return;
    }
    timer->overrun = count - 1;
    if (timer->tid && (!thread || thread->task->process != timer->process))
        return;
    signal_send_own(timer->process, thread, &timer->signal);
}

/* In the timer interrupt. */
static void expired(void *arg)
{
    struct ptimer *timer = arg;
    struct timespec now;
    uint32_t flags = spin_lock_irqsave(&process_lock);

    if (timer->armed && list_empty(&timer->timer.node)) {
        if (!clock_until(&timer->end, timer->real)) {
            uint32_t count = 1;
            timer->armed = !timespec_is_zero(&timer->interval);
            if (timer->real)
                clock_realtime(&now);
            else
                clock_monotonic(&now);
            if (timer->armed)
                count = timer_forward(&timer->end, &timer->interval, &now);
            fire(timer, count);
        }
        if (timer->armed)
            start(timer);
    }
    spin_unlock_irqrestore(&process_lock, flags);
}

/* The current process's timer of that number, or NULL. The caller has process_lock. */
static struct ptimer *find(int id)
{
    const struct process_timers *timers = process_current()->timers;

    return timers && id >= 0 && id < PTIMERS ? timers->ptimers[id] : NULL;
}

/* What it does when it expires. */
static int take_event(struct ptimer *timer, const struct sigevent *event)
{
    siginfo_t *info = &timer->signal.info;

    *info = (siginfo_t){ .signo = SIGALRM, .code = SI_TIMER };
    if (!event)
        return 0;
    info->signo = event->signo;
    info->value = event->value;
    timer->silent = event->notify == SIGEV_NONE;
    if (event->notify == SIGEV_THREAD_ID) {
        uint32_t flags = spin_lock_irqsave(&process_lock);
        const struct thread *thread = thread_find((uint32_t)event->tid);
        bool ours = thread && thread->task->process == process_current();
        spin_unlock_irqrestore(&process_lock, flags);
        if (!ours)
            return -EINVAL;
        timer->tid = (uint32_t)event->tid;
    } else if (event->notify != SIGEV_SIGNAL && event->notify != SIGEV_THREAD && !timer->silent) {
        return -EINVAL;
    }
    return timer->silent || (info->signo > 0 && info->signo <= NSIG) ? 0 : -EINVAL;
}

/* Enter it among the current process's timers. */
static int enter(struct process_timers *timers, struct ptimer *timer, bool has_value)
{
    int id = 0;
    uint32_t flags = spin_lock_irqsave(&process_lock);

    while (id < PTIMERS && timers->ptimers[id])
        id++;
    if (id < PTIMERS) {
        timers->ptimers[id] = timer;
        timer->signal.info.timer = id;
        if (!has_value)
            timer->signal.info.value = (uint32_t)id;
    }
    spin_unlock_irqrestore(&process_lock, flags);
    return id < PTIMERS ? id : -EAGAIN;
}

int ptimer_create(int clock, const struct sigevent *event)
{
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME &&
        clock != CLOCK_TAI)
        return -EINVAL;
    struct process_timers *timers = process_timers();
    struct ptimer *timer = timers ? kzalloc(sizeof(*timer)) : NULL;
    if (!timer)
        return -EAGAIN;
    timer->process = process_current();
    timer->signal.taken = taken;
    timer->clock_real = clock == CLOCK_REALTIME || clock == CLOCK_TAI;
    list_init(&timer->signal.node);
    list_init(&timer->timer.node);
    int result = take_event(timer, event);
    if (!result)
        result = enter(timers, timer, event);
    if (result < 0)
        kfree(timer);
    return result;
}

/* What is left. The caller has process_lock. */
static void left(struct ptimer *timer, struct timer_spec *spec)
{
    struct timespec now;

    *spec = (struct timer_spec){ .interval = timer->interval };
    if (!timer->armed)
        return;
    if (timer->real)
        clock_realtime(&now);
    else
        clock_monotonic(&now);
    spec->value = timespec_sub(&timer->end, &now);
    if (spec->value.sec < 0 || timespec_is_zero(&spec->value))
        spec->value = (struct timespec){ 0, 1 };
}

int ptimer_get(int id, struct timer_spec *spec)
{
    uint32_t flags = spin_lock_irqsave(&process_lock);
    struct ptimer *timer = find(id);

    if (timer)
        left(timer, spec);
    spin_unlock_irqrestore(&process_lock, flags);
    return timer ? 0 : -EINVAL;
}

/* The caller has process_lock. */
static void set(struct ptimer *timer, bool absolute, const struct timer_spec *spec)
{
    struct timespec now;

    timer_cancel(&timer->timer);
    timer->armed = !timespec_is_zero(&spec->value);
    timer->interval = spec->interval;
    timer->real = absolute && timer->clock_real;
    timer->end = spec->value;
    if (!timer->armed)
        return;
    if (!absolute) {
        clock_monotonic(&now);
        timer->end = timespec_add(&now, &spec->value);
    }
    start(timer);
}

int ptimer_set(int id, bool absolute, const struct timer_spec *spec, struct timer_spec *old)
{
    uint32_t flags = spin_lock_irqsave(&process_lock);
    struct ptimer *timer = find(id);

    if (timer) {
        left(timer, old);
        set(timer, absolute, spec);
    }
    spin_unlock_irqrestore(&process_lock, flags);
    return timer ? 0 : -EINVAL;
}

int ptimer_overrun(int id)
{
    uint32_t flags = spin_lock_irqsave(&process_lock);
    const struct ptimer *timer = find(id);
    int result = timer ? (int)timer->last_overrun : -EINVAL;

    spin_unlock_irqrestore(&process_lock, flags);
    return result;
}

/* The caller has process_lock. */
static void delete(struct ptimer *timer)
{
    timer_cancel(&timer->timer);
    timer->armed = false;
    timer->deleted = true;
    if (list_empty(&timer->signal.node))
        kfree(timer);
}

int ptimer_delete(int id)
{
    uint32_t flags = spin_lock_irqsave(&process_lock);
    struct ptimer *timer = find(id);

    if (timer) {
        ((struct process_timers *)process_current()->timers)->ptimers[id] = NULL;
        delete(timer);
    }
    spin_unlock_irqrestore(&process_lock, flags);
    return timer ? 0 : -EINVAL;
}

void ptimer_delete_all(struct process_timers *timers)
{
    for (unsigned i = 0; i < PTIMERS; i++) {
        if (timers->ptimers[i])
            delete(timers->ptimers[i]);
        timers->ptimers[i] = NULL;
    }
}

void ptimer_exec(void)
{
    uint32_t flags = spin_lock_irqsave(&process_lock);

    if (process_current()->timers)
        ptimer_delete_all(process_current()->timers);
    spin_unlock_irqrestore(&process_lock, flags);
}
