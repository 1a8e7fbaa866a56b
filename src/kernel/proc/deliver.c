/*
 * What becomes of pending signals before a thread goes back to its program: default actions,
 * handlers, and system calls that were interrupted.
 *
 * signal(7), "Interruption of system calls". Core dumps are not written.
 */
#include "abi/errno.h"
#include "proc/faults.h"
#include "proc/signal.h"

#define INT_BYTES 2                 /* of int 0x80, which is done again */
#define RESTART_SYSCALL 0           /* its number */

/* ---- system calls that a signal has ended */

/* Have the program make the call again, or another one. */
static void call_again(struct trapframe *tf, uint32_t number)
{
    tf->eip -= INT_BYTES;
    tf->eax = number;
    tf->vector = TRAP_NO_SYSCALL;
}

/* Has a call ended so that a signal can be handled first? */
static bool made_way(int error)
{
    return error == ERESTARTSYS || error == ERESTARTNOINTR || error == ERESTARTNOHAND ||
           error == ERESTART_RESTARTBLOCK;
}

/*
 * The handler of `action` runs now (NULL: none does): what does the program see of its call? If
 * tf->vector says that it is one: its number is in tf->unused_esp, and its answer in EAX.
 */
static void end_call(struct trapframe *tf, const struct sigaction *action)
{
    // exercise 6.9 begin: a call that made way is made again, or it was interrupted
    uint32_t number = tf->unused_esp;
    int error = -(int)tf->eax;

    if (tf->vector != TRAP_SYSCALL)
        return;
    tf->vector = TRAP_NO_SYSCALL;
    if (!made_way(error))
        return;
    if (!action || error == ERESTARTNOINTR ||
        (error == ERESTARTSYS && (action->flags & SA_RESTART)))
        call_again(tf, error == ERESTART_RESTARTBLOCK ? RESTART_SYSCALL : number);
    else
        tf->eax = (uint32_t)-EINTR;
    // exercise 6.9 stub
    // (void)action, (void)call_again;
    // if (tf->vector == TRAP_SYSCALL && made_way(-(int)tf->eax))
    //     tf->eax = (uint32_t)-EINTR;
    // exercise 6.9 end
}

/* ---- default actions */

struct orphan_search {
    const struct process *member;
    bool found;                     /* somebody outside of the group could make it go on */
};

static bool has_outer_parent(struct process *process, void *arg)
{
    struct orphan_search *search = arg;
    const struct process *parent = process->parent;

    if (process->pgid != search->member->pgid || process->state == PROCESS_ZOMBIE || !parent ||
        parent->pid == 1)
        return true;
    search->found = parent->pgid != process->pgid && parent->sid == process->sid;
    return !search->found;
}

/* Is the process in a group that nobody else in its session looks after? credentials(7). */
static bool is_orphaned(const struct process *process)
{
    struct orphan_search search = { process, false };

    process_each(has_outer_parent, &search);
    return !search.found;
}

/*
 * The default action, with process_lock. Returns whether the process has to end: the caller does
 * that without the lock.
 */
static bool default_action(const struct process *process, const siginfo_t *info)
{
    unsigned number = (unsigned)info->signo;
    uint64_t bit = SIGNAL_BIT(number);
    bool own_fault = info->code > 0 && (bit & SIGNAL_FAULTS);

    if (bit & SIGNAL_IGNORED)
        return false;
    if (process->pid == 1 && !own_fault && number != SIGKILL)
        return false;               /* it asked for no signal; SIGKILL comes from signal_force() */
    if (!(bit & SIGNAL_STOPS))
        return true;
    if (number == SIGSTOP || !is_orphaned(process))
        signal_stop(number);
    return false;
}

/* ---- handlers */

/* There is no place for a frame; a handler of SIGSEGV's own would find the stack no better. */
static void no_room(const siginfo_t *info)
{
    uint32_t flags = spin_lock_irqsave(&process_lock);

    if (info->signo == SIGSEGV)
        process_current()->actions[SIGSEGV - 1].handler = SIG_DFL;
    spin_unlock_irqrestore(&process_lock, flags);
    signal_force(SIGSEGV, SI_KERNEL, 0);
}

/* Have the program go on in the handler. */
static void handle(struct trapframe *tf, const siginfo_t *info, const struct sigaction *action)
{
    // exercise 6.9 begin: the frame; what is blocked in the handler, and after it
    struct thread *thread = thread_current();
    uint64_t before = thread->restore_blocked ? thread->saved_blocked : thread->blocked;
    uint64_t blocked = thread->blocked | action->mask;

    thread->restore_blocked = false;
    end_call(tf, action);
    if (sigframe_build(tf, info, action, before)) {
        no_room(info);
        return;
    }
    if (!(action->flags & SA_NODEFER))
        blocked |= SIGNAL_BIT(info->signo);
    signal_set_blocked(blocked);
    // exercise 6.9 stub
    // (void)tf, (void)action, (void)no_room;
    // process_exit(info->signo);
    // exercise 6.9 end
}

/* No handler runs: the program goes on, with the signals blocked that sigsuspend(2) has changed. */
static void no_handler(struct trapframe *tf)
{
    struct thread *thread = thread_current();

    end_call(tf, NULL);
    if (thread->restore_blocked) {
        thread->restore_blocked = false;
        signal_set_blocked(thread->saved_blocked);
    }
}

/* What next_signal() has found. */
enum outcome {
    NOTHING,                        /* no signal */
    DONE,
    FATAL,                          /* the process has to end by the signal */
    HANDLE,                         /* *action has to run */
    STOPPED,                        /* the process is */
    EXITING,
};

/* Take one signal and see what has to be done. The caller has process_lock. */
static enum outcome next_signal(siginfo_t *info, struct sigaction *action)
{
    struct process *process = process_current();

    if (process->exiting)
        return EXITING;
    if (process->state == PROCESS_STOPPED)
        return STOPPED;
    current()->notice = current()->interrupted = false;
    unsigned number = signal_take(~thread_current()->blocked, info);
    if (!number) {
        signal_look_again(thread_current());
        return NOTHING;
    }
    *action = process->actions[number - 1];
    if (action->handler == SIG_IGN)
        return DONE;
    if (action->handler == SIG_DFL)
        return default_action(process, info) ? FATAL : DONE;
    if (action->flags & SA_RESETHAND)
        process->actions[number - 1].handler = SIG_DFL;
    return HANDLE;
}

/* A handler that is to run has the thread look again: for what is pending beside its signal. */
void signal_deliver(struct trapframe *tf)
{
    struct sigaction action;
    siginfo_t info;
    enum outcome outcome;

    do {
        uint32_t flags = spin_lock_irqsave(&process_lock);
        outcome = next_signal(&info, &action);
        spin_unlock_irqrestore(&process_lock, flags);
        if (outcome == EXITING)
            thread_exit(0);
        if (outcome == STOPPED)
            signal_wait_stopped();
        if (outcome == FATAL) {
            fault_log(tf, &info);
            process_exit(info.signo);
        }
    } while (outcome == DONE || outcome == STOPPED);
    if (outcome == HANDLE)
        handle(tf, &info, &action);
    else
        no_handler(tf);
}
