/*
 * Calls about limits, and about what was used.
 */
#include "sys/limit.h"
#include "abi/errno.h"
#include "fs/file.h"
#include "lib/string.h"
#include "mm/mmap.h"
#include "mm/usercopy.h"
#include "proc/signal.h"
#include "sys/calls.h"
#include "task/timer.h"

#define INFINITY_32  0xffffffffu    /* ugetrlimit(2)'s RLIM_INFINITY */
#define INFINITY_OLD 0x7fffffffu    /* getrlimit(2)'s, which came before it */

/* prlimit64(2) within the kernel; NULLs: not to be set, not asked for. */
static long limit(int pid, unsigned resource, const struct rlimit *new, struct rlimit *old)
{
    const struct credentials *self = &process_current()->ids;
    long error = 0;

    if (resource >= RLIM_NLIMITS || (new && new->soft > new->hard))
        return -EINVAL;
    uint32_t flags = spin_lock_irqsave(&process_lock);
    struct process *process = pid ? process_find((uint32_t)pid) : process_current();
    struct rlimit *at = process ? &process->limits[resource] : NULL;
    if (!process)
        error = -ESRCH;
    else if (process != process_current() && self->euid &&
             (self->uid != process->ids.uid || self->uid != process->ids.suid))
        error = -EPERM;
    else if (new && new->hard > at->hard && self->euid)
        error = -EPERM;
    if (!error && old)
        *old = *at;
    if (!error && new)
        *at = *new;
    spin_unlock_irqrestore(&process_lock, flags);
    return error;
}

long sys_prlimit64(int pid, unsigned resource, const struct rlimit *user_new,
                   struct rlimit *user_old)
{
    struct rlimit new, old;

    if (user_new && copy_from_user(&new, user_new, sizeof(new)))
        return -EFAULT;
    long error = limit(pid, resource, user_new ? &new : NULL, &old);
    if (!error && user_old && copy_to_user(user_old, &old, sizeof(old)))
        error = -EFAULT;
    return error;
}

static long get_limit_32(unsigned resource, uint32_t *user, uint32_t infinity)
{
    struct rlimit old;
    long error = limit(0, resource, NULL, &old);

    if (error)
        return error;
    uint32_t both[2] = { old.soft > infinity ? infinity : (uint32_t)old.soft,
                         old.hard > infinity ? infinity : (uint32_t)old.hard };
    return copy_to_user(user, both, sizeof(both)) ? -EFAULT : 0;
}

long sys_ugetrlimit(unsigned resource, uint32_t *user)
{
    return get_limit_32(resource, user, INFINITY_32);
}

long sys_getrlimit(unsigned resource, uint32_t *user)
{
    return get_limit_32(resource, user, INFINITY_OLD);
}

long sys_setrlimit(unsigned resource, const uint32_t *user)
{
    uint32_t both[2];

    if (copy_from_user(both, user, sizeof(both)))
        return -EFAULT;
    struct rlimit new = { both[0] == INFINITY_32 ? RLIM_INFINITY : both[0],
                          both[1] == INFINITY_32 ? RLIM_INFINITY : both[1] };
    return limit(0, resource, &new, NULL);
}

/* file_allowed: what is at the limit and behind it is not written. */
static size_t allowed_bytes(int64_t offset, size_t n)
{
    struct process *process = process_current();
    uint64_t most = process ? process->limits[RLIMIT_FSIZE].soft : RLIM_INFINITY;

    if ((uint64_t)offset >= most) {
        signal_own(SIGXFSZ);
        return 0;
    }
    most -= (uint64_t)offset;
    return most < n ? (size_t)most : n;
}

static uint32_t pages_of(uint64_t bytes)
{
    return bytes >> PAGE_SHIFT > UINT32_MAX ? UINT32_MAX : (uint32_t)(bytes >> PAGE_SHIFT);
}

static bool memory_limits(struct space_limits *limits)
{
    const struct process *process = process_current();

    if (!process || (process->limits[RLIMIT_AS].soft == RLIM_INFINITY &&
                     process->limits[RLIMIT_DATA].soft == RLIM_INFINITY))
        return false;
    if (limits)
        *limits = (struct space_limits){ pages_of(process->limits[RLIMIT_AS].soft),
                                         pages_of(process->limits[RLIMIT_DATA].soft) };
    return true;
}

void limit_init(void)
{
    file_allowed = allowed_bytes;
    file_killed = process_killed;
    space_limits = memory_limits;
}

static void set_time(int32_t time[2], uint32_t ticks)
{
    time[0] = (int32_t)(ticks / 1000);
    time[1] = (int32_t)(ticks % 1000 * 1000);
}

long sys_getrusage(int who, struct rusage *user)
{
    struct process *process = process_current();
    const struct task *task = current();
    struct rusage usage = { 0 };
    uint32_t in_user, in_system;

    uint32_t flags = spin_lock_irqsave(&process_lock);
    process_ticks(process, &in_user, &in_system);
    if (who == RUSAGE_THREAD) {
        in_user = task->user_ticks;
        in_system = task->ticks - task->user_ticks;
    } else if (who == RUSAGE_CHILDREN) {
        in_user = process->child_user_ticks;
        in_system = process->child_system_ticks;
    }
    if (process->space->pages > process->peak_pages)
        process->peak_pages = process->space->pages;
    uint32_t pages = process->peak_pages;
    spin_unlock_irqrestore(&process_lock, flags);
    if (who != RUSAGE_SELF && who != RUSAGE_THREAD && who != RUSAGE_CHILDREN)
        return -EINVAL;
    set_time(usage.utime, in_user);
    set_time(usage.stime, in_system);
    if (who != RUSAGE_CHILDREN)
        usage.maxrss = (int32_t)(pages * (PAGE_SIZE / 1024));
    return copy_to_user(user, &usage, sizeof(usage)) ? -EFAULT : 0;
}

long sys_times(uint32_t *user)
{
    const struct process *process = process_current();
    uint32_t times[4];              /* struct tms, in ticks of 10 ms */

    uint32_t flags = spin_lock_irqsave(&process_lock);
    process_ticks(process, &times[0], &times[1]);
    times[2] = process->child_user_ticks;
    times[3] = process->child_system_ticks;
    spin_unlock_irqrestore(&process_lock, flags);
    for (unsigned i = 0; i < ARRAY_SIZE(times); i++)
        times[i] /= 10;
    if (user && copy_to_user(user, times, sizeof(times)))
        return -EFAULT;
    return (long)(uint32_t)(timer_now() / 10);
}
