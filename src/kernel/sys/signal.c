/*
 * System calls of signals: masks, actions, sending, waiting.
 */
#include "abi/errno.h"
#include "abi/time.h"
#include "dev/clock.h"
#include "mm/usercopy.h"
#include "proc/signal.h"
#include "sys/calls.h"
#include "task/sched.h"
#include "task/timer.h"

#define LOW(set) ((uint32_t)(set))
#define HIGH_MASK 0xffffffff00000000ull

static bool is_signal(int number)
{
    return number > 0 && number <= NSIG;
}

/* ---- actions */

/* What may not be changed, -EINVAL; else as signal_action(). */
static int change_action(int number, struct sigaction *action, struct sigaction *old)
{
    if (!is_signal(number) || (action && (number == SIGKILL || number == SIGSTOP)))
        return -EINVAL;
    signal_action((unsigned)number, action, old);
    return 0;
}

long sys_rt_sigaction(int number, const struct sigaction *to, struct sigaction *from, size_t size)
{
    struct sigaction action, old;

    if (size != sizeof(uint64_t))
        return -EINVAL;
    if (to && copy_from_user(&action, to, sizeof(action)))
        return -EFAULT;
    int error = change_action(number, to ? &action : NULL, from ? &old : NULL);
    if (!error && from && copy_to_user(from, &old, sizeof(old)))
        return -EFAULT;
    return error;
}

long sys_sigaction(int number, const struct old_sigaction *to, struct old_sigaction *from)
{
    struct old_sigaction old;
    struct sigaction action, before;

    if (to && copy_from_user(&old, to, sizeof(old)))
        return -EFAULT;
    if (to)
        action = (struct sigaction){ old.handler, old.flags, old.restorer, old.mask };
    int error = change_action(number, to ? &action : NULL, &before);
    old = (struct old_sigaction){ before.handler, LOW(before.mask), before.flags,
                                  before.restorer };
    if (!error && from && copy_to_user(from, &old, sizeof(old)))
        return -EFAULT;
    return error;
}

long sys_signal(int number, uint32_t handler)
{
    struct sigaction action = { .handler = handler, .flags = SA_RESETHAND | SA_NODEFER }, old;
    int error = change_action(number, &action, &old);

    return error ? error : (long)old.handler;
}

/* ---- masks */

/* `set` combined with what is blocked now. */
static int combine(int how, uint64_t set, uint64_t *blocked)
{
    uint64_t now = thread_current()->blocked;

    if (how == SIG_BLOCK)
        *blocked = now | set;
    else if (how == SIG_UNBLOCK)
        *blocked = now & ~set;
    else if (how == SIG_SETMASK)
        *blocked = set;
    else
        return -EINVAL;
    return 0;
}

long sys_rt_sigprocmask(int how, const uint64_t *to, uint64_t *from, size_t size)
{
    uint64_t set, old = thread_current()->blocked;

    if (size != sizeof(uint64_t))
        return -EINVAL;
    if (to) {
        if (copy_from_user(&set, to, sizeof(set)))
            return -EFAULT;
        int error = combine(how, set, &set);
        if (error)
            return error;
        signal_set_blocked(set);
    }
    return from && copy_to_user(from, &old, sizeof(old)) ? -EFAULT : 0;
}

long sys_sigprocmask(int how, const uint32_t *to, uint32_t *from)
{
    uint64_t old = thread_current()->blocked, set;
    uint32_t low;

    if (to) {
        if (copy_from_user(&low, to, sizeof(low)))
            return -EFAULT;
        int error = combine(how, low | (how == SIG_SETMASK ? old & HIGH_MASK : 0), &set);
        if (error)
            return error;
        signal_set_blocked(set);
    }
    low = LOW(old);
    return from && copy_to_user(from, &low, sizeof(low)) ? -EFAULT : 0;
}

long sys_sgetmask(void)
{
    return (long)LOW(thread_current()->blocked);
}

long sys_ssetmask(uint32_t set)
{
    uint32_t old = LOW(thread_current()->blocked);

    signal_set_blocked(set);
    return (long)old;
}

static uint64_t pending(void)
{
    const struct thread *thread = thread_current();
    uint32_t flags = spin_lock_irqsave(&process_lock);
    uint64_t set = (thread->pending.set | process_current()->pending.set) & thread->blocked;

    spin_unlock_irqrestore(&process_lock, flags);
    return set;
}

long sys_rt_sigpending(uint64_t *to, size_t size)
{
    uint64_t set = pending();

    if (size > sizeof(set))
        return -EINVAL;
    return copy_to_user(to, &set, size) ? -EFAULT : 0;
}

long sys_sigpending(uint32_t *to)
{
    uint32_t set = LOW(pending());

    return copy_to_user(to, &set, sizeof(set)) ? -EFAULT : 0;
}

long sys_sigaltstack(const struct sigaltstack *to, struct sigaltstack *from)
{
    struct sigaltstack stack, old;

    if (to && copy_from_user(&stack, to, sizeof(stack)))
        return -EFAULT;
    int error = signal_altstack(to ? &stack : NULL, &old, user_frame(current())->user_esp);
    if (!error && from && copy_to_user(from, &old, sizeof(old)))
        return -EFAULT;
    return error;
}

/* ---- waiting */

static void wait_for_signal(void)
{
    while (!signal_pending()) {
        if (sched_prepare_wait(true))
            schedule();
        sched_finish_wait();
    }
}

long sys_pause(void)
{
    wait_for_signal();
    return -ERESTARTNOHAND;
}

static long suspend(uint64_t blocked)
{
    struct thread *thread = thread_current();

    thread->saved_blocked = thread->blocked;
    signal_set_blocked(blocked);
    wait_for_signal();
    thread->restore_blocked = true;
    return -ERESTARTNOHAND;
}

long sys_rt_sigsuspend(const uint64_t *set, size_t size)
{
    uint64_t blocked;

    if (size != sizeof(blocked))
        return -EINVAL;
    return copy_from_user(&blocked, set, sizeof(blocked)) ? -EFAULT : suspend(blocked);
}

long sys_sigsuspend(uint32_t unused, uint32_t unused_too, uint32_t set)
{
    (void)unused, (void)unused_too;
    return suspend(set);
}

/* Take a signal of `set`; if there is none, the thread waits for them from now on. */
static unsigned take_or_wait(uint64_t set, siginfo_t *info)
{
    struct thread *thread = thread_current();
    uint32_t flags = spin_lock_irqsave(&process_lock);
    unsigned number = signal_take(set, info);

    thread->waited_for = number ? 0 : set;
    signal_look_again(thread);
    spin_unlock_irqrestore(&process_lock, flags);
    return number;
}

/* Wait for a signal of `set` until `end` (NULL: as long as it takes). */
static long wait_for(uint64_t set, const struct timespec *end, siginfo_t *info)
{
    unsigned number = take_or_wait(set, info);
    uint32_t ms = 0;

    while (!number && !signal_pending() && (!end || (ms = clock_until(end, false)))) {
        if (sched_prepare_wait(true)) {
            if (end)
                schedule_timeout(ms);
            else
                schedule();
        }
        sched_finish_wait();
    }
    if (number)
        return (long)number;
    /* Told, or too late: in both cases it may be there by now. */
    uint32_t flags = spin_lock_irqsave(&process_lock);
    number = signal_take(set, info);
    thread_current()->waited_for = 0;
    signal_look_again(thread_current());
    spin_unlock_irqrestore(&process_lock, flags);
    if (number)
        return (long)number;
    return signal_pending() ? -EINTR : -EAGAIN;
}

static long timedwait(const uint64_t *set, siginfo_t *to, const struct timespec *span, size_t size)
{
    uint64_t wanted;
    siginfo_t info;
    struct timespec end;

    if (size != sizeof(wanted))
        return -EINVAL;
    if (copy_from_user(&wanted, set, sizeof(wanted)))
        return -EFAULT;
    if (span) {
        if (!timespec_valid(span))
            return -EINVAL;
        clock_monotonic(&end);
        end = timespec_add(&end, span);
    }
    long number = wait_for(wanted & ~SIGNAL_UNBLOCKABLE, span ? &end : NULL, &info);
    if (number > 0 && to && copy_to_user(to, &info, sizeof(info)))
        return -EFAULT;
    return number;
}

long sys_rt_sigtimedwait(const uint64_t *set, siginfo_t *to, const struct timespec32 *span,
                         size_t size)
{
    struct timespec32 user;
    struct timespec time;

    if (span && copy_from_user(&user, span, sizeof(user)))
        return -EFAULT;
    if (span)
        time = (struct timespec){ user.sec, user.nsec };
    return timedwait(set, to, span ? &time : NULL, size);
}

long sys_rt_sigtimedwait_time64(const uint64_t *set, siginfo_t *to, const struct timespec64 *span,
                                size_t size)
{
    struct timespec64 user;
    struct timespec time;

    if (span && copy_from_user(&user, span, sizeof(user)))
        return -EFAULT;
    if (span)
        time = (struct timespec){ user.sec, user.nsec };
    return timedwait(set, to, span ? &time : NULL, size);
}

/* ---- returning */

long sys_sigreturn(void)
{
    return sigframe_return(user_frame(current()), false);
}

long sys_rt_sigreturn(void)
{
    return sigframe_return(user_frame(current()), true);
}

long sys_restart_syscall(void)
{
    struct thread *thread = thread_current();

    return thread->restart ? thread->restart(thread) : -EINTR;
}
