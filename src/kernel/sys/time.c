/*
 * System calls that tell and set the time, and sleep.
 *
 * Sleeping that a signal interrupts goes on, if there is no handler, by restart_syscall(2) until
 * the same moment: it lies in the thread's restart_data.
 */
#include "abi/errno.h"
#include "abi/time.h"
#include "dev/clock.h"
#include "mm/usercopy.h"
#include "proc/signal.h"
#include "sys/calls.h"
#include "sys/timespec.h"
#include "task/sched.h"

#define TICK_NS 999847              /* what the coarse clocks go on by */

/* The clock of a process or thread is ~number << 3, with these bits. clock_getcpuclockid(3). */
#define CPU_CLOCK_THREAD 4
#define CPU_CLOCK_KIND   3          /* all its time, that of its program, all of it */
#define CPU_CLOCK_USER   1

/* ---- which clock */

static int cpu_time(uint32_t pid, bool of_thread, bool user, struct timespec *t)
{
    uint32_t flags = spin_lock_irqsave(&process_lock), ticks = 0, system = 0;
    const struct process *process = pid ? process_find(pid) : process_current();
    const struct thread *thread = pid ? thread_find(pid) : thread_current();
    int error = (of_thread ? thread == NULL : process == NULL) ? -EINVAL : 0;

    if (of_thread && pid && thread && thread->task->process != process_current())
        error = -EINVAL;
    if (!error && of_thread) {
        ticks = user ? thread->task->user_ticks : thread->task->ticks;
    } else if (!error) {
        process_ticks(process, &ticks, &system);
        ticks += user ? 0 : system;
    }
    spin_unlock_irqrestore(&process_lock, flags);
    *t = timespec_of_ms(ticks);
    return error;
}

static int read_clock(int clock, struct timespec *t)
{
    struct timespec other;

    switch (clock) {
    case CLOCK_REALTIME: case CLOCK_REALTIME_ALARM: case CLOCK_TAI:
        clock_realtime(t);
        return 0;
    case CLOCK_MONOTONIC: case CLOCK_MONOTONIC_RAW: case CLOCK_BOOTTIME: case CLOCK_BOOTTIME_ALARM:
        clock_monotonic(t);
        return 0;
    case CLOCK_REALTIME_COARSE:
        clock_coarse(&other, t);
        return 0;
    case CLOCK_MONOTONIC_COARSE:
        clock_coarse(t, &other);
        return 0;
    case CLOCK_PROCESS_CPUTIME_ID:
        return cpu_time(0, false, false, t);
    case CLOCK_THREAD_CPUTIME_ID:
        return cpu_time(0, true, false, t);
    }
    if (clock >= 0 || (clock & CPU_CLOCK_KIND) == CPU_CLOCK_KIND)
        return -EINVAL;
    return cpu_time((uint32_t)~(clock >> 3), clock & CPU_CLOCK_THREAD,
                    (clock & CPU_CLOCK_KIND) == CPU_CLOCK_USER, t);
}

static int resolution(int clock, struct timespec *t)
{
    int error = read_clock(clock, t);

    *t = (struct timespec){ 0, clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE
                                   ? TICK_NS : 1 };
    return error;
}

static int set_clock(int clock, const struct timespec *t)
{
    if (clock != CLOCK_REALTIME || !timespec_valid(t))
        return -EINVAL;
    if (process_current()->ids.euid)
        return -EPERM;
    clock_set_realtime(t);
    return 0;
}

/* ---- telling and setting */

long sys_clock_gettime(int clock, struct timespec32 *to)
{
    struct timespec t;
    int error = read_clock(clock, &t);

    return error ? error : timespec_to_user32(to, &t);
}

long sys_clock_gettime64(int clock, struct timespec64 *to)
{
    struct timespec t;
    int error = read_clock(clock, &t);

    return error ? error : timespec_to_user64(to, &t);
}

long sys_clock_getres(int clock, struct timespec32 *to)
{
    struct timespec t;
    int error = resolution(clock, &t);

    return error || !to ? error : timespec_to_user32(to, &t);
}

long sys_clock_getres_time64(int clock, struct timespec64 *to)
{
    struct timespec t;
    int error = resolution(clock, &t);

    return error || !to ? error : timespec_to_user64(to, &t);
}

long sys_clock_settime(int clock, const struct timespec32 *from)
{
    struct timespec t;
    int error = timespec_from_user32(&t, from);

    return error ? error : set_clock(clock, &t);
}

long sys_clock_settime64(int clock, const struct timespec64 *from)
{
    struct timespec t;
    int error = timespec_from_user64(&t, from);

    return error ? error : set_clock(clock, &t);
}

long sys_time(int32_t *to)
{
    int32_t now = (int32_t)clock_seconds();

    return to && copy_to_user(to, &now, sizeof(now)) ? -EFAULT : now;
}

long sys_stime(const int32_t *from)
{
    int32_t seconds;

    if (copy_from_user(&seconds, from, sizeof(seconds)))
        return -EFAULT;
    return set_clock(CLOCK_REALTIME, &(struct timespec){ seconds, 0 });
}

long sys_gettimeofday(struct timeval32 *to, struct timezone *zone)
{
    static const struct timezone utc;
    struct timespec t;

    clock_realtime(&t);
    struct timeval32 now = { (int32_t)t.sec, t.nsec / 1000 };
    if (to && copy_to_user(to, &now, sizeof(now)))
        return -EFAULT;
    return zone && copy_to_user(zone, &utc, sizeof(utc)) ? -EFAULT : 0;
}

long sys_settimeofday(const struct timeval32 *from, const struct timezone *zone)
{
    struct timeval32 t;

    (void)zone;                     /* everybody's clock is UTC's here */
    if (!from)
        return process_current()->ids.euid ? -EPERM : 0;
    if (copy_from_user(&t, from, sizeof(t)))
        return -EFAULT;
    if ((uint32_t)t.usec >= 1000000)
        return -EINVAL;
    return set_clock(CLOCK_REALTIME, &(struct timespec){ t.sec, t.usec * 1000 });
}

/* ---- sleeping */

/* Sleep until the clock says so. 0 or -EINTR. */
static int sleep_until(const struct timespec *end, bool real)
{
    struct wait_entry entry;
    uint32_t ms;
    int error;

    wait_entry_init(&entry);
    for (;;) {
        error = wait_prepare(&clock_was_set, &entry, true);
        ms = clock_until(end, real);
        if (!ms) {
            error = 0;
            break;
        }
        if (error)
            break;
        schedule_timeout(ms);
    }
    wait_finish(&clock_was_set, &entry);
    return error;
}

/* In restart_data: the moment, and where to say how much was left, in which form. */
enum { END_LOW, END_HIGH, END_NSEC, REST, REST_64 };

static long sleep_on(struct thread *thread)
{
    uint32_t *data = thread->restart_data;
    struct timespec end = { (int64_t)((uint64_t)data[END_HIGH] << 32 | data[END_LOW]),
                            (int32_t)data[END_NSEC] }, now;

    if (!sleep_until(&end, false))
        return 0;
    clock_monotonic(&now);
    struct timespec left = timespec_sub(&end, &now);
    if (left.sec < 0 || timespec_is_zero(&left))
        return 0;
    void *rest = (void *)(uintptr_t)data[REST];
    if (rest && (data[REST_64] ? timespec_to_user64(rest, &left) : timespec_to_user32(rest, &left)))
        return -EFAULT;
    thread->restart = sleep_on;
    return -ERESTART_RESTARTBLOCK;
}

/* Sleep for a time, and say in *rest (NULL: nowhere) what is left if a handler ends it. */
static long sleep_for(const struct timespec *span, void *rest, bool rest_64)
{
    struct thread *thread = thread_current();
    struct timespec end;

    clock_monotonic(&end);
    end = timespec_add(&end, span);
    thread->restart_data[END_LOW] = (uint32_t)end.sec;
    thread->restart_data[END_HIGH] = (uint32_t)((uint64_t)end.sec >> 32);
    thread->restart_data[END_NSEC] = (uint32_t)end.nsec;
    thread->restart_data[REST] = (uint32_t)(uintptr_t)rest;
    thread->restart_data[REST_64] = rest_64;
    return sleep_on(thread);
}

/* clock_nanosleep(2), with `rest` as sleep_for() has it. */
static long sleep(int clock, int flags, const struct timespec *t, void *rest, bool rest_64)
{
    bool real = clock == CLOCK_REALTIME || clock == CLOCK_TAI;

    if (!real && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME) {
        struct timespec now;
        return clock == CLOCK_THREAD_CPUTIME_ID || read_clock(clock, &now) ? -EINVAL : -EOPNOTSUPP;
    }
    if (!timespec_valid(t))
        return -EINVAL;
    if (!(flags & TIMER_ABSTIME))
        return sleep_for(t, rest, rest_64);
    return sleep_until(t, real) ? -ERESTARTNOHAND : 0;
}

long sys_nanosleep(const struct timespec32 *span, struct timespec32 *rest)
{
    struct timespec t;
    int error = timespec_from_user32(&t, span);

    return error ? error : sleep(CLOCK_MONOTONIC, 0, &t, rest, false);
}

long sys_clock_nanosleep(int clock, int flags, const struct timespec32 *time,
                         struct timespec32 *rest)
{
    struct timespec t;
    int error = timespec_from_user32(&t, time);

    return error ? error : sleep(clock, flags, &t, rest, false);
}

long sys_clock_nanosleep_time64(int clock, int flags, const struct timespec64 *time,
                                struct timespec64 *rest)
{
    struct timespec t;
    int error = timespec_from_user64(&t, time);

    return error ? error : sleep(clock, flags, &t, rest, true);
}
