/*
 * Calls about the thread that makes them: what it has the kernel keep for it, futexes, prctl.
 */
#include "abi/errno.h"
#include "abi/prctl.h"
#include "abi/time.h"
#include "dev/clock.h"
#include "lib/string.h"
#include "mm/usercopy.h"
#include "proc/futex.h"
#include "proc/process.h"
#include "proc/signal.h"
#include "proc/tls.h"
#include "sys/calls.h"
#include "sys/timespec.h"

#define TIMER_SLACK 50000           /* nanoseconds: Linux's, which here has no effect */

long sys_set_tid_address(uintptr_t tid)
{
    thread_current()->clear_child_tid = tid;
    return (long)current()->pid;
}

long sys_set_robust_list(uintptr_t head, size_t size)
{
    if (size != sizeof(struct robust_list_head))
        return -EINVAL;
    thread_current()->robust_list = head;
    return 0;
}

long sys_get_robust_list(int tid, uint32_t *head, uint32_t *size)
{
    uint32_t bytes = sizeof(struct robust_list_head), list = 0;
    uint32_t flags = spin_lock_irqsave(&process_lock);
    const struct thread *thread = tid ? thread_find((uint32_t)tid) : thread_current();

    if (thread)
        list = (uint32_t)thread->robust_list;
    spin_unlock_irqrestore(&process_lock, flags);
    if (!thread)
        return -ESRCH;
    if (copy_to_user(size, &bytes, sizeof(bytes)) || copy_to_user(head, &list, sizeof(list)))
        return -EFAULT;
    return 0;
}

long sys_set_thread_area(struct user_desc *desc)
{
    return tls_set(desc);
}

long sys_get_thread_area(struct user_desc *desc)
{
    return tls_get(desc);
}

/* Does the operation wait, so that its fourth argument is a time? */
static bool has_time(unsigned op)
{
    op &= ~(FUTEX_PRIVATE | FUTEX_CLOCK_REALTIME);
    return op == FUTEX_WAIT || op == FUTEX_WAIT_BITSET;
}

/* futex(2) with its time, if it has one: FUTEX_WAIT's says for how long, the other's until when. */
static long futex_timed(uint32_t *at, unsigned op, uint32_t value, struct timespec *time,
                        uint32_t value3)
{
    struct timespec now;

    if (time && !timespec_valid(time))
        return -EINVAL;
    if (time && (op & ~FUTEX_PRIVATE) == FUTEX_WAIT) {
        clock_monotonic(&now);
        *time = timespec_add(&now, time);
    }
    return futex(at, op, value, time, 0, NULL, value3);
}

/* Of all operations, only one may have the flag: it is the one whose time is a time of day. */
static bool is_wrong(unsigned op)
{
    return (op & FUTEX_CLOCK_REALTIME) &&
           (op & ~(FUTEX_PRIVATE | FUTEX_CLOCK_REALTIME)) != FUTEX_WAIT_BITSET;
}

/* The two calls differ in the form of their time alone. */
static long futex_call(uint32_t *at, unsigned op, uint32_t value, const void *time, bool is_wide,
                       uint32_t *at2, uint32_t value3)
{
    struct timespec until;

    if (is_wrong(op))
        return -ENOSYS;
    if (!has_time(op))
        return futex(at, op, value, NULL, (uint32_t)(uintptr_t)time, at2, value3);
    if (time && (is_wide ? timespec_from_user64(&until, time) : timespec_from_user32(&until, time)))
        return -EFAULT;
    return futex_timed(at, op, value, time ? &until : NULL, value3);
}

long sys_futex(uint32_t *at, unsigned op, uint32_t value, const struct timespec32 *time,
               uint32_t *at2, uint32_t value3)
{
    return futex_call(at, op, value, time, false, at2, value3);
}

long sys_futex_time64(uint32_t *at, unsigned op, uint32_t value, const struct timespec64 *time,
                      uint32_t *at2, uint32_t value3)
{
    return futex_call(at, op, value, time, true, at2, value3);
}

static long set_name(const char *user)
{
    char name[TASK_NAME_MAX] = { 0 };
    ssize_t length = strncpy_from_user(name, user, sizeof(name) - 1);

    if (length < 0 && length != -ENAMETOOLONG)
        return length;
    name[TASK_NAME_MAX - 1] = '\0';
    strlcpy(current()->name, name, TASK_NAME_MAX);
    return 0;
}

static long get_name(char *user)
{
    char name[TASK_NAME_MAX] = { 0 };

    strlcpy(name, current()->name, sizeof(name));
    return copy_to_user(user, name, sizeof(name)) ? -EFAULT : 0;
}

static long death_signal(int number)
{
    if (number < 0 || number > NSIG)
        return -EINVAL;
    process_current()->parent_death_signal = number;
    return 0;
}

/* What there is to say of processes that all are alike in this. */
long sys_prctl(int what, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    void *user = (void *)(uintptr_t)a;
    int answer;

    switch (what) {
    case PR_SET_PDEATHSIG:
        return death_signal((int)a);
    case PR_GET_PDEATHSIG:
        return copy_to_user(user, &process_current()->parent_death_signal, sizeof(int));
    case PR_SET_NAME:
        return set_name(user);
    case PR_GET_NAME:
        return get_name(user);
    case PR_SET_CHILD_SUBREAPER:
        process_current()->subreaper = a;
        return 0;
    case PR_GET_CHILD_SUBREAPER:
        answer = process_current()->subreaper;
        return copy_to_user(user, &answer, sizeof(answer));
    case PR_GET_DUMPABLE:
        return 1;
    case PR_SET_DUMPABLE:
        return a <= 1 ? 0 : -EINVAL;
    case PR_GET_TIMERSLACK:
        return TIMER_SLACK;
    case PR_SET_TIMERSLACK:
    case PR_SET_KEEPCAPS:
        return 0;
    case PR_GET_KEEPCAPS:
        return 0;
    case PR_CAPBSET_READ:
        return a < CAPABILITIES ? 1 : -EINVAL;
    case PR_SET_NO_NEW_PRIVS:
        if (a != 1 || b || c || d)
            return -EINVAL;
        process_current()->no_new_privs = true;
        return 0;
    case PR_GET_NO_NEW_PRIVS:
        return a || b || c || d ? -EINVAL : process_current()->no_new_privs;
    default:
        return -EINVAL;
    }
}

long sys_personality(uint32_t personality)
{
    struct process *process = process_current();
    uint32_t old = process->personality;

    if (personality != ~0u)
        process->personality = personality;
    return (long)old;
}
