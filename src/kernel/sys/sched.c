/*
 * Calls about who runs when: nice values and policies, which become priorities of task/sched.
 */
#include "abi/errno.h"
#include "abi/sched.h"
#include "abi/time.h"
#include "mm/usercopy.h"
#include "proc/process.h"
#include "sys/calls.h"
#include "task/mutex.h"
#include "task/sched.h"

#define NICE_MIN     (-20)
#define NICE_MAX     19
#define REALTIME_MAX 99             /* priorities of SCHED_FIFO and SCHED_RR: 1 to this */
#define REALTIME_LOW 24             /* and where they begin among the kernel's */

/* 24 and more for real time; 31 to 2 for nice values of -20 to 19, 16 for 0. */
static unsigned priority_of(const struct thread *thread)
{
    if (thread->realtime)
        return REALTIME_LOW + thread->realtime * (PRIORITIES - 1 - REALTIME_LOW) / REALTIME_MAX;
    if (thread->policy == SCHED_IDLE)
        return 1;
    return (unsigned)(PRIORITY_NORMAL - thread->nice * 3 / 4);
}

static bool is_root(void)
{
    return process_current()->ids.euid == 0;
}

static bool may_change(const struct thread *thread)
{
    uint32_t euid = process_current()->ids.euid;
    const struct credentials *ids = &thread->task->process->ids;

    return euid == 0 || euid == ids->uid || euid == ids->euid;
}

static int set_nice(struct thread *thread, int nice)
{
    nice = nice < NICE_MIN ? NICE_MIN : nice > NICE_MAX ? NICE_MAX : nice;
    if (!may_change(thread))
        return -EPERM;
    if (nice < thread->nice && !is_root())
        return -EACCES;
    thread->nice = (int8_t)nice;
    task_set_priority(thread->task, priority_of(thread));
    return 0;
}

/* What getpriority() and setpriority() look for, and what came of it. */
struct search {
    int which;
    uint32_t who;
    bool set;
    int nice;                       /* to set; else the lowest one found */
    int result;                     /* -ESRCH until one is found */
};

static void use(struct thread *thread, struct search *search)
{
    if (search->set) {
        int error = set_nice(thread, search->nice);
        if (error || search->result == -ESRCH)
            search->result = error;
    } else if (search->result == -ESRCH || thread->nice < search->nice) {
        search->nice = thread->nice;
        search->result = 0;
    }
}

static bool use_if_matching(struct process *process, void *arg)
{
    struct search *search = arg;
    uint32_t is = search->which == PRIO_PGRP ? process->pgid : process->ids.uid;

    if (is == search->who)
        list_for_each(node, &process->threads)
            use(list_entry(node, struct thread, node), search);
    return true;
}

static int priority(int which, uint32_t who, bool set, int *nice)
{
    const struct process *self = process_current();
    struct search search = { which, who, set, *nice, -ESRCH };

    if (which < PRIO_PROCESS || which > PRIO_USER)
        return -EINVAL;
    uint32_t flags = spin_lock_irqsave(&process_lock);
    if (which == PRIO_PROCESS) {
        struct thread *thread = who ? thread_find(who) : thread_current();
        if (thread)
            use(thread, &search);
    } else {
        if (!who)
            search.who = which == PRIO_PGRP ? self->pgid : self->ids.uid;
        process_each(use_if_matching, &search);
    }
    spin_unlock_irqrestore(&process_lock, flags);
    *nice = search.nice;
    return search.result;
}

long sys_getpriority(int which, uint32_t who)
{
    int nice = 0, error = priority(which, who, false, &nice);

    return error ? error : 20 - nice;       /* not negative: that would be an error */
}

long sys_setpriority(int which, uint32_t who, int nice)
{
    return priority(which, who, true, &nice);
}

long sys_nice(int more)
{
    more = more < -40 ? -40 : more > 40 ? 40 : more;
    int nice = thread_current()->nice + more;
    int error = priority(PRIO_PROCESS, 0, true, &nice);

    return error == -EACCES ? -EPERM : error;
}

long sys_sched_yield(void)
{
    task_yield();
    return 0;
}

static bool is_realtime(int policy)
{
    return policy == SCHED_FIFO || policy == SCHED_RR;
}

static int check_policy(int policy, int priority)
{
    if (is_realtime(policy))
        return priority >= 1 && priority <= REALTIME_MAX ? 0 : -EINVAL;
    if (policy != SCHED_OTHER && policy != SCHED_BATCH && policy != SCHED_IDLE)
        return -EINVAL;
    return priority == 0 ? 0 : -EINVAL;
}

/* The thread of that number, or the current one for 0. With process_lock. */
static struct thread *find(int tid)
{
    return tid ? thread_find((uint32_t)tid) : thread_current();
}

/* `policy` < 0: as it is. */
static long set_policy(int tid, int policy, const int *user_priority)
{
    int priority;

    if (tid < 0 || !user_priority)
        return -EINVAL;
    if (copy_from_user(&priority, user_priority, sizeof(priority)))
        return -EFAULT;
    uint32_t flags = spin_lock_irqsave(&process_lock);
    struct thread *thread = find(tid);
    int error = thread ? 0 : -ESRCH;
    if (!error && policy < 0)
        policy = thread->policy;
    if (!error)
        error = check_policy(policy, priority);
    if (!error && (!may_change(thread) || (is_realtime(policy) && !is_root())))
        error = -EPERM;
    if (!error) {
        thread->policy = (uint8_t)policy;
        thread->realtime = (uint8_t)priority;
        task_set_priority(thread->task, priority_of(thread));
    }
    spin_unlock_irqrestore(&process_lock, flags);
    return error;
}

long sys_sched_setscheduler(int tid, int policy, const int *priority)
{
    return policy < 0 ? -EINVAL : set_policy(tid, policy & ~(int)SCHED_RESET_ON_FORK, priority);
}

long sys_sched_setparam(int tid, const int *priority)
{
    return set_policy(tid, -1, priority);
}

/* Its policy and its priority there. 0, -EINVAL, -ESRCH. */
static int get_policy(int tid, int *policy, int *priority)
{
    if (tid < 0)
        return -EINVAL;
    uint32_t flags = spin_lock_irqsave(&process_lock);
    const struct thread *thread = find(tid);
    if (thread) {
        *policy = thread->policy;
        *priority = thread->realtime;
    }
    spin_unlock_irqrestore(&process_lock, flags);
    return thread ? 0 : -ESRCH;
}

long sys_sched_getscheduler(int tid)
{
    int policy, priority, error = get_policy(tid, &policy, &priority);

    return error ? error : policy;
}

long sys_sched_getparam(int tid, int *user_priority)
{
    int policy, priority;
    int error = user_priority ? get_policy(tid, &policy, &priority) : -EINVAL;

    if (!error && copy_to_user(user_priority, &priority, sizeof(priority)))
        error = -EFAULT;
    return error;
}

long sys_sched_get_priority_max(int policy)
{
    return check_policy(policy, 0) == 0 ? 0 : is_realtime(policy) ? REALTIME_MAX : -EINVAL;
}

long sys_sched_get_priority_min(int policy)
{
    return check_policy(policy, 0) == 0 ? 0 : is_realtime(policy) ? 1 : -EINVAL;
}

long sys_sched_rr_get_interval(int tid, struct timespec32 *user)
{
    int policy, priority, error = get_policy(tid, &policy, &priority);
    struct timespec32 slice = { 0, SLICE_TICKS * 1000000 };

    if (!error && copy_to_user(user, &slice, sizeof(slice)))
        error = -EFAULT;
    return error;
}

#define ONLINE ((1u << CPUS) - 1)

long sys_sched_setaffinity(int tid, size_t size, const void *user)
{
    uint32_t mask = 0;

    if (copy_from_user(&mask, user, size < sizeof(mask) ? size : sizeof(mask)))
        return -EFAULT;
    uint32_t flags = spin_lock_irqsave(&process_lock);
    struct thread *thread = find(tid);
    int error = !thread ? -ESRCH : !may_change(thread) ? -EPERM : mask & ONLINE ? 0 : -EINVAL;
    if (!error)
        thread->task->cpus = mask;
    spin_unlock_irqrestore(&process_lock, flags);
    return error;
}

long sys_sched_getaffinity(int tid, size_t size, void *user)
{
    uint32_t mask = 0;

    if (size < sizeof(mask) || size % sizeof(mask))
        return -EINVAL;
    uint32_t flags = spin_lock_irqsave(&process_lock);
    const struct thread *thread = find(tid);
    if (thread)
        mask = thread->task->cpus & ONLINE;
    spin_unlock_irqrestore(&process_lock, flags);
    if (!thread)
        return -ESRCH;
    return copy_to_user(user, &mask, sizeof(mask)) ? -EFAULT : (long)sizeof(mask);
}

long sys_getcpu(uint32_t *cpu, uint32_t *node)
{
    static const uint32_t zero;

    if ((cpu && copy_to_user(cpu, &zero, sizeof(zero))) ||
        (node && copy_to_user(node, &zero, sizeof(zero))))
        return -EFAULT;
    return 0;
}
