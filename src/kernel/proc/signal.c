/*
 * Sending signals, and what is pending.
 *
 * A signal that nobody would act on is dropped as it is sent. Any other is kept, in the process's
 * list or the thread's own, and a thread that does not block it is told: `notice` sends it through
 * signal_deliver() before it is back in ring 3, and task_interrupt() ends its interruptible wait.
 * Who was told need not be who takes it: a thread looks again whenever it has been told.
 *
 * signal(7), sigaction(2), sigqueue(3).
 */
#include "proc/signal.h"
#include "abi/errno.h"
#include "mm/slab.h"
#include "proc/faults.h"
#include "proc/ptimer.h"
#include "task/sched.h"
#include "x86/bits.h"

#define QUEUE_MAX 1024              /* signals that one list keeps: RLIMIT_SIGPENDING's part */

static struct slab_cache cache;     /* of struct pending_signal */
static WAIT_QUEUE(stopped);         /* threads of stopped processes */

/* ---- lists of pending signals */

static void pending_init(struct pending *pending)
{
    pending->set = 0;
    pending->count = 0;
    pending->spare = NULL;
    list_init(&pending->queue);
}

/* A place for a signal, or NULL: there is no memory, or there are too many. */
static struct pending_signal *new_signal(struct pending *pending)
{
    struct pending_signal *spare = pending->spare;

    pending->spare = NULL;
    if (spare)
        return spare;
    return pending->count < QUEUE_MAX ? slab_alloc(&cache) : NULL;
}

static void enqueue(struct pending *pending, struct pending_signal *signal)
{
    list_add_tail(&signal->node, &pending->queue);
    pending->count++;
    pending->set |= SIGNAL_BIT(signal->info.signo);
}

/* Out of its list, and back to who owns it. `info`: it is delivered as this; NULL: it is not. */
static void dequeue(struct pending *pending, struct pending_signal *signal, siginfo_t *info)
{
    list_del(&signal->node);
    pending->count--;
    if (info)
        *info = signal->info;
    if (signal->taken)
        signal->taken(signal, info);
    else if (!pending->spare)
        pending->spare = signal;
    else
        slab_free(&cache, signal);
}

/* Take the oldest signal of this number, which is pending. */
static void take(struct pending *pending, unsigned number, siginfo_t *info)
{
    struct pending_signal *found = NULL;
    bool more = false;

    list_for_each(node, &pending->queue) {
        struct pending_signal *signal = list_entry(node, struct pending_signal, node);
        if (signal->info.signo != (int)number)
            continue;
        more = found;
        if (more)
            break;
        found = signal;
    }
    if (!more)
        pending->set &= ~SIGNAL_BIT(number);
    if (found)
        dequeue(pending, found, info);
    else                            /* there was no memory for more than the number */
        *info = (siginfo_t){ .signo = (int)number };
}

/* Drop all signals of `set`. */
static void drop(struct pending *pending, uint64_t set)
{
    if (!(pending->set & set))
        return;
    pending->set &= ~set;
    for (struct list *node = pending->queue.next, *next; node != &pending->queue; node = next) {
        struct pending_signal *signal = list_entry(node, struct pending_signal, node);
        next = node->next;
        if (SIGNAL_BIT(signal->info.signo) & set)
            dequeue(pending, signal, NULL);
    }
}

static void drop_everywhere(struct process *process, uint64_t set)
{
    drop(&process->pending, set);
    list_for_each(node, &process->threads)
        drop(&list_entry(node, struct thread, node)->pending, set);
}

void signal_flush(struct pending *pending)
{
    drop(pending, ~0ull);
    if (pending->spare)
        slab_free(&cache, pending->spare);
    pending->spare = NULL;
}

/* The number of the signal of `set`, which is not empty, that comes first. */
static unsigned first_of(uint64_t set)
{
    if (set & SIGNAL_BIT(SIGKILL))
        return SIGKILL;
    if (set & SIGNAL_FAULTS)        /* the instruction is done again after any other */
        set &= SIGNAL_FAULTS;
    uint32_t low = (uint32_t)set, high = (uint32_t)(set >> 32);
    return low ? bit_highest(low & -low) + 1 : bit_highest(high & -high) + 33;
}

unsigned signal_take(uint64_t set, siginfo_t *info)
{
    struct pending *own = &thread_current()->pending, *shared = &process_current()->pending;
    struct pending *from = own->set & set ? own : shared;

    if (!(from->set & set))
        return 0;
    unsigned number = first_of(from->set & set);
    take(from, number, info);
    return number;
}

/* ---- telling threads */

/* Would the thread act on these, or does it wait for them? */
static uint64_t wanted(const struct thread *thread, uint64_t set)
{
    return set & (~thread->blocked | thread->waited_for);
}

static void tell(struct thread *thread)
{
    thread->task->notice = true;
    task_interrupt(thread->task);
}

static void tell_all(struct process *process)
{
    list_for_each(node, &process->threads)
        tell(list_entry(node, struct thread, node));
}

/* The process has this: tell one thread that wants it, the oldest if it does. */
static void tell_one(struct process *process, uint64_t bit)
{
    list_for_each(node, &process->threads) {
        struct thread *thread = list_entry(node, struct thread, node);
        if (wanted(thread, bit)) {
            tell(thread);
            return;
        }
    }
}

/* Of what the process has, `except` does not want these any more: others may. */
static void tell_others(struct process *process, const struct thread *except, uint64_t set)
{
    list_for_each(node, &process->threads) {
        struct thread *thread = list_entry(node, struct thread, node);
        if (thread != except && wanted(thread, set))
            tell(thread);
    }
}

void signal_look_again(struct thread *thread)
{
    struct process *process = thread->task->process;
    uint64_t set = thread->pending.set | process->pending.set;

    if (process->exiting || process->state == PROCESS_STOPPED || (set && wanted(thread, set)))
        tell(thread);
    else
        thread->task->interrupted = false;
}

bool signal_pending(void)
{
    return current()->thread && current()->interrupted;
}

/* ---- sending */

/* Is it of no use to send it? Not if it is blocked or waited for: its action may change. */
static bool is_ignored(const struct process *process, const struct thread *thread, unsigned number)
{
    uint64_t bit = SIGNAL_BIT(number);
    uint32_t handler = process->actions[number - 1].handler;

    if (!thread && !list_empty(&process->threads))
        thread = list_entry(process->threads.next, struct thread, node);
    if (thread && ((thread->blocked | thread->waited_for) & bit & ~SIGNAL_UNBLOCKABLE))
        return false;
    if (handler == SIG_DFL)
        return process->pid == 1 || (bit & SIGNAL_IGNORED);
    return handler == SIG_IGN;
}

/* Tell the parent that the process has stopped or goes on. */
static void tell_parent(struct process *process, int code, int status)
{
    struct process *parent = process->parent;

    if (!parent)
        return;
    const struct sigaction *action = &parent->actions[SIGCHLD - 1];
    siginfo_t info = { .signo = SIGCHLD, .code = code };
    info.child = process->pid;
    info.child_uid = process->ids.uid;
    info.status = status;
    info.utime = process->user_ticks / 10;
    info.stime = process->system_ticks / 10;
    if (action->handler != SIG_IGN && !(action->flags & SA_NOCLDSTOP))
        signal_send_locked(parent, &info);
    wait_wake_all(&parent->child_events);
}

static void go_on(struct process *process)
{
    if (process->state != PROCESS_STOPPED)
        return;
    process->state = PROCESS_ALIVE;
    process->continue_due = true;
    wait_wake_all(&stopped);
    tell_parent(process, CLD_CONTINUED, SIGCONT);
}

/* What a signal does as it is sent, whatever becomes of it then. Returns whether to keep it. */
static bool prepare(struct process *process, const struct thread *thread, unsigned number)
{
    uint64_t bit = SIGNAL_BIT(number);

    if (process->state == PROCESS_ZOMBIE || (process->exiting && !process->execing))
        return false;
    if (bit & SIGNAL_STOPS) {
        drop_everywhere(process, SIGNAL_BIT(SIGCONT));
    } else if (number == SIGCONT) {
        drop_everywhere(process, SIGNAL_STOPS);
        go_on(process);
    }
    return !is_ignored(process, thread, number);
}

/* It is pending: see that somebody looks. */
static void announce(struct process *process, struct thread *thread, unsigned number)
{
    uint64_t bit = SIGNAL_BIT(number);

    if (number == SIGKILL) {        /* whoever comes first ends them all */
        if (process->state == PROCESS_STOPPED)
            process->state = PROCESS_ALIVE;
        tell_all(process);
    } else if (!thread) {
        tell_one(process, bit);
    } else if (wanted(thread, bit)) {
        tell(thread);
    }
}

static int send(struct process *process, struct thread *thread, const siginfo_t *info)
{
    unsigned number = (unsigned)info->signo;
    struct pending *pending = thread && number != SIGKILL ? &thread->pending : &process->pending;

    if (!prepare(process, thread, number))
        return 0;
    if (number < SIGRTMIN && (pending->set & SIGNAL_BIT(number)))
        return 0;
    struct pending_signal *signal = new_signal(pending);
    if (signal) {
        signal->info = *info;
        signal->taken = NULL;
        enqueue(pending, signal);
    } else if (number >= SIGRTMIN && info->code != SI_USER) {
        return -EAGAIN;
    }
    pending->set |= SIGNAL_BIT(number);     /* the number at least */
    announce(process, thread, number);
    return 0;
}

int signal_send_locked(struct process *process, const siginfo_t *info)
{
    return send(process, NULL, info);
}

int signal_send_thread_locked(struct thread *thread, const siginfo_t *info)
{
    return send(thread->task->process, thread, info);
}

bool signal_send_own(struct process *process, struct thread *thread, struct pending_signal *signal)
{
    unsigned number = (unsigned)signal->info.signo;
    struct pending *pending = thread ? &thread->pending : &process->pending;

    if (!prepare(process, thread, number) || pending->count >= QUEUE_MAX)
        return false;
    enqueue(pending, signal);
    announce(process, thread, number);
    return true;
}

int signal_send(struct process *process, const siginfo_t *info)
{
    uint32_t flags = spin_lock_irqsave(&process_lock);
    int error = send(process, NULL, info);

    spin_unlock_irqrestore(&process_lock, flags);
    return error;
}

int signal_send_thread(struct thread *thread, const siginfo_t *info)
{
    uint32_t flags = spin_lock_irqsave(&process_lock);
    int error = signal_send_thread_locked(thread, info);

    spin_unlock_irqrestore(&process_lock, flags);
    return error;
}

struct group {
    uint32_t pgid;
    const siginfo_t *info;
    int count;
};

static bool send_to_member(struct process *process, void *arg)
{
    struct group *group = arg;

    if (process->pgid == group->pgid && process->state != PROCESS_ZOMBIE) {
        group->count++;
        send(process, NULL, group->info);
    }
    return true;
}

int signal_send_group(uint32_t pgid, const siginfo_t *info)
{
    struct group group = { pgid, info, 0 };
    uint32_t flags = spin_lock_irqsave(&process_lock);

    process_each(send_to_member, &group);
    spin_unlock_irqrestore(&process_lock, flags);
    return group.count;
}

void signal_own(int number)
{
    siginfo_t info = { .signo = number, .code = SI_USER };

    info.pid = process_current()->pid;
    info.uid = process_current()->ids.uid;
    signal_send_thread(thread_current(), &info);
}

void signal_force(int number, int code, uintptr_t address)
{
    struct process *process = process_current();
    struct thread *thread = thread_current();
    uint64_t bit = SIGNAL_BIT(number);
    siginfo_t info = { .signo = number, .code = code };

    info.address = address;
    uint32_t flags = spin_lock_irqsave(&process_lock);
    struct sigaction *action = &process->actions[number - 1];
    if (action->handler == SIG_IGN || (thread->blocked & bit))
        action->handler = SIG_DFL;
    thread->blocked &= ~bit;
    struct pending_signal *signal = thread->pending.set & bit ? NULL : new_signal(&thread->pending);
    if (signal) {
        signal->info = info;
        signal->taken = NULL;
        enqueue(&thread->pending, signal);
    }
    thread->pending.set |= bit;
    tell(thread);
    spin_unlock_irqrestore(&process_lock, flags);
}

/* ---- stopping */

void signal_stop(unsigned number)
{
    struct process *process = process_current();

    process->state = PROCESS_STOPPED;
    process->status = (int)(number << 8 | 0x7f);
    process->stop_told = process->continue_due = false;
    tell_all(process);
    tell_parent(process, CLD_STOPPED, (int)number);
}

/* Whoever has something for a thread interrupts it, here too: then it is looked at. */
void signal_wait_stopped(void)
{
    struct process *process = process_current();

    for (;;) {
        uint32_t flags = spin_lock_irqsave(&process_lock);
        bool wait = process->state == PROCESS_STOPPED && !process->exiting;
        current()->interrupted = false;
        spin_unlock_irqrestore(&process_lock, flags);
        if (!wait)
            return;
        wait_event_interruptible(&stopped, process->state != PROCESS_STOPPED);
    }
}

/* ---- masks and actions */

void signal_set_blocked(uint64_t blocked)
{
    struct process *process = process_current();
    struct thread *thread = thread_current();

    blocked &= ~SIGNAL_UNBLOCKABLE;
    uint32_t flags = spin_lock_irqsave(&process_lock);
    uint64_t lost = process->pending.set;       /* to this thread: it blocks them from now on */
    if (lost)
        lost &= blocked & ~thread->blocked;
    thread->blocked = blocked;
    if (lost)
        tell_others(process, thread, lost);
    signal_look_again(thread);
    spin_unlock_irqrestore(&process_lock, flags);
}

/* Signal `number`'s action is not a handler any more. The caller has the lock. */
static void drop_ignored(struct process *process, unsigned number)
{
    uint64_t bit = SIGNAL_BIT(number);

    if (process->actions[number - 1].handler == SIG_IGN || (bit & SIGNAL_IGNORED))
        drop_everywhere(process, bit);
}

void signal_action(unsigned number, struct sigaction *action, struct sigaction *old)
{
    struct process *process = process_current();
    struct sigaction *now = &process->actions[number - 1];
    uint32_t flags = spin_lock_irqsave(&process_lock);

    if (old)
        *old = *now;
    if (action) {
        action->flags &= SA_KNOWN;
        action->mask &= ~SIGNAL_UNBLOCKABLE;
        *now = *action;
        if (action->handler == SIG_IGN || action->handler == SIG_DFL)
            drop_ignored(process, number);
    }
    spin_unlock_irqrestore(&process_lock, flags);
}

/* ---- beginning and end */

void signal_thread_init(struct thread *thread, const struct thread *parent)
{
    thread->blocked = parent ? parent->blocked : 0;
    thread->waited_for = 0;
    thread->restore_blocked = false;
    thread->restart = NULL;
    pending_init(&thread->pending);
}

void signal_thread_gone(struct process *process, struct thread *thread)
{
    signal_flush(&thread->pending);
    tell_others(process, thread, process->pending.set & ~thread->blocked);
}

void signal_fork(struct process *child, const struct process *parent)
{
    for (unsigned i = 0; i < NSIG; i++)
        child->actions[i] = parent->actions[i];
    pending_init(&child->pending);
}

void signal_exec(struct process *process)
{
    struct thread *thread = thread_current();

    ptimer_exec();
    uint32_t flags = spin_lock_irqsave(&process_lock);
    for (unsigned i = 0; i < NSIG; i++) {
        uint32_t handler = process->actions[i].handler;
        if (handler != SIG_IGN)
            handler = SIG_DFL;
        process->actions[i] = (struct sigaction){ .handler = handler };
    }
    thread->altstack = (struct sigaltstack){ 0 };
    thread->restart = NULL;
    spin_unlock_irqrestore(&process_lock, flags);
}

void signal_init(void)
{
    slab_cache_init(&cache, "signal", sizeof(struct pending_signal), 0, NULL);
    pending_init(&process_current()->pending);
    signal_thread_init(thread_current(), NULL);
    faults_init();
    itimer_init();
}
