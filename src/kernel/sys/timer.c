/*
 * System calls of timers: alarm, setitimer and timer_create with what belongs to them.
 */
#include "abi/errno.h"
#include "proc/itimer.h"
#include "proc/ptimer.h"
#include "sys/calls.h"
#include "sys/timespec.h"

/* ---- interval timers */

long sys_alarm(uint32_t seconds)
{
    struct timer_spec spec = { .value = { seconds, 0 } }, old;
    int error = itimer_set(ITIMER_REAL, &spec, &old);

    if (error)
        return 0;
    /* To the nearest second, but never 0 if it was set. */
    bool up = old.value.nsec >= NSEC_PER_SEC / 2 || (!old.value.sec && old.value.nsec);
    return (long)old.value.sec + up;
}

static bool take_timeval(struct timespec *t, const struct timeval32 *from)
{
    *t = (struct timespec){ from->sec, from->usec * 1000 };
    return from->sec >= 0 && (uint32_t)from->usec < 1000000;
}

static int itimer_to_user(struct itimerval32 *to, const struct timer_spec *spec)
{
    struct itimerval32 user = {
        .interval = { (int32_t)spec->interval.sec, spec->interval.nsec / 1000 },
        .value = { (int32_t)spec->value.sec, spec->value.nsec / 1000 },
    };

    return copy_to_user(to, &user, sizeof(user)) ? -EFAULT : 0;
}

long sys_getitimer(int which, struct itimerval32 *to)
{
    struct timer_spec spec;

    if (which < ITIMER_REAL || which > ITIMER_PROF)
        return -EINVAL;
    itimer_get(which, &spec);
    return itimer_to_user(to, &spec);
}

long sys_setitimer(int which, const struct itimerval32 *from, struct itimerval32 *to)
{
    struct itimerval32 user = { 0 };        /* no new value is one that stops the timer */
    struct timer_spec spec, old;

    if (from && copy_from_user(&user, from, sizeof(user)))
        return -EFAULT;
    if (!take_timeval(&spec.value, &user.value) || !take_timeval(&spec.interval, &user.interval) ||
        which < ITIMER_REAL || which > ITIMER_PROF)
        return -EINVAL;
    int error = itimer_set(which, &spec, &old);
    return error || !to ? error : itimer_to_user(to, &old);
}

/* ---- timer_create(2)'s */

long sys_timer_create(int clock, const struct sigevent *from, int32_t *to)
{
    struct sigevent event;

    if (from && copy_from_user(&event, from, sizeof(event)))
        return -EFAULT;
    int32_t id = ptimer_create(clock, from ? &event : NULL);
    if (id >= 0 && copy_to_user(to, &id, sizeof(id))) {
        ptimer_delete(id);
        return -EFAULT;
    }
    return id < 0 ? id : 0;
}

static bool spec_valid(const struct timer_spec *spec)
{
    return timespec_valid(&spec->value) && timespec_valid(&spec->interval);
}

static int spec_to_user32(struct itimerspec32 *to, const struct timer_spec *spec)
{
    int error = timespec_to_user32(&to->interval, &spec->interval);

    return error ? error : timespec_to_user32(&to->value, &spec->value);
}

static int spec_to_user64(struct itimerspec64 *to, const struct timer_spec *spec)
{
    int error = timespec_to_user64(&to->interval, &spec->interval);

    return error ? error : timespec_to_user64(&to->value, &spec->value);
}

long sys_timer_settime(int id, int flags, const struct itimerspec32 *from, struct itimerspec32 *to)
{
    struct timer_spec spec, old;

    if (!from)
        return -EINVAL;
    if (timespec_from_user32(&spec.value, &from->value) ||
        timespec_from_user32(&spec.interval, &from->interval))
        return -EFAULT;
    int error = spec_valid(&spec) ? ptimer_set(id, flags & TIMER_ABSTIME, &spec, &old) : -EINVAL;
    return error || !to ? error : spec_to_user32(to, &old);
}

long sys_timer_settime64(int id, int flags, const struct itimerspec64 *from,
                         struct itimerspec64 *to)
{
    struct timer_spec spec, old;

    if (!from)
        return -EINVAL;
    if (timespec_from_user64(&spec.value, &from->value) ||
        timespec_from_user64(&spec.interval, &from->interval))
        return -EFAULT;
    int error = spec_valid(&spec) ? ptimer_set(id, flags & TIMER_ABSTIME, &spec, &old) : -EINVAL;
    return error || !to ? error : spec_to_user64(to, &old);
}

long sys_timer_gettime(int id, struct itimerspec32 *to)
{
    struct timer_spec spec;
    int error = ptimer_get(id, &spec);

    return error ? error : spec_to_user32(to, &spec);
}

long sys_timer_gettime64(int id, struct itimerspec64 *to)
{
    struct timer_spec spec;
    int error = ptimer_get(id, &spec);

    return error ? error : spec_to_user64(to, &spec);
}

long sys_timer_getoverrun(int id)
{
    return ptimer_overrun(id);
}

long sys_timer_delete(int id)
{
    return ptimer_delete(id);
}
