/*
 * The end of threads and processes.
 *
 * A thread first lets go of what may take time, its program's memory above all; then, with
 * process_lock held once, it leaves the process, and with the last one the process becomes a zombie
 * and its parent is told: nobody sees a process between the two. From then on the process is the
 * parent's, who may free it at once; what is left of the thread is a task of the kernel's, and the
 * work task takes that away.
 */
#include "debug/log.h"
#include "dev/power.h"
#include "fs/path.h"
#include "fs/vfs.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "mm/space.h"
#include "mm/usercopy.h"
#include "proc/fdtable.h"
#include "proc/futex.h"
#include "proc/itimer.h"
#include "proc/process.h"
#include "proc/signal.h"
#include "proc/tty.h"
#include "task/sched.h"

/* Does anybody else run in the current process's memory? */
static bool memory_is_shared(const struct process *process)
{
    return process->thread_count > 1 || process->space->refs > 1;
}

/* What the thread had the kernel watch in its memory: the space is still the current one. */
static void leave_memory(struct thread *thread)
{
    static const uint32_t zero;
    uintptr_t tid = thread->clear_child_tid;

    futex_thread_exit(thread);
    thread->clear_child_tid = 0;
    if (tid && memory_is_shared(process_current()) &&
        copy_to_user((void *)tid, &zero, sizeof(zero)) == 0)
        futex_wake((uint32_t *)tid, 1);
}

/* Files, program and memory of a process whose last thread ends. */
static void release(struct process *process)
{
    itimer_exit(process);
    tty_leave(process);
    uint32_t flags = spin_lock_irqsave(&process_lock);
    struct fd_table *files = process->files;
    struct vnode *exe = process->exe;
    char *exe_path = process->exe_path;
    struct space *space = process->space;
    process->files = NULL;
    process->exe = NULL;
    process->exe_path = NULL;
    process->space = NULL;
    if (space && space->pages > process->peak_pages)
        process->peak_pages = space->pages;
    spin_unlock_irqrestore(&process_lock, flags);
    fd_table_put(files);
    exe_put(exe);
    kfree(exe_path);
    space_put(space);
    process_vfork_done(process);
}

/* Take the thread out of its process. The caller has process_lock. */
static void leave_process(struct process *process, struct thread *thread)
{
    struct task *task = thread->task;

    list_del(&thread->node);
    signal_thread_gone(process, thread);
    process->user_ticks += task->user_ticks;
    process->system_ticks += task->ticks - task->user_ticks;
    strlcpy(process->name, task->name, sizeof(process->name));
    task->process = NULL;
    task->thread = NULL;
    wait_wake_all(&process->thread_events);
}

/* For the search in all processes. */
struct group {
    uint32_t pgid;
    const struct process *without;
    bool watched, stopped;
};

/*
 * A group is watched as long as one of its members has a parent in another group of the same
 * session: a shell, which will have what it stopped go on (setpgid(2), POSIX "orphaned process
 * group").
 */
static bool look_at_member(struct process *process, void *arg)
{
    struct group *group = arg;
    const struct process *parent = process->parent;

    if (process->pgid != group->pgid || process->state == PROCESS_ZOMBIE)
        return true;
    group->stopped |= process->state == PROCESS_STOPPED;
    if (process != group->without && parent && parent->pid != 1 && parent->pgid != group->pgid &&
        parent->sid == process->sid)
        group->watched = true;
    return !group->watched;
}

static bool hang_up(struct process *process, void *arg)
{
    if (process->pgid == *(uint32_t *)arg && process->state != PROCESS_ZOMBIE) {
        signal_send_locked(process, &(siginfo_t){ .signo = SIGHUP, .code = SI_KERNEL });
        signal_send_locked(process, &(siginfo_t){ .signo = SIGCONT, .code = SI_KERNEL });
    }
    return true;
}

/*
 * The tie between `process` and `parent` goes: if it was the one by which its group was watched,
 * and some of it is stopped, nobody else will have it go on.
 */
static void cut_tie(struct process *process, const struct process *parent,
                    const struct process *without)
{
    struct group group = { .pgid = process->pgid, .without = without };

    if (!parent || parent->pgid == process->pgid || parent->sid != process->sid)
        return;
    process_each(look_at_member, &group);
    if (!group.watched && group.stopped)
        process_each(hang_up, &group.pgid);
}

/* What a parent's handler learns of the end of a child. */
static void send_end(struct process *parent, const struct process *process)
{
    siginfo_t info = { .signo = process->exit_signal };

    process_status_info(process->status, &info);
    info.child = process->pid;
    info.child_uid = process->ids.uid;
    info.utime = process->user_ticks / 10;
    info.stime = process->system_ticks / 10;
    signal_send_locked(parent, &info);
}

/*
 * Tell the parent of a zombie: by its exit_signal, and whoever waits. Nobody has to wait for a
 * child with SIGCHLD if the parent has said that it does not care (sigaction(2): SIG_IGN, which
 * sends none, or SA_NOCLDWAIT, which does); it is freed then.
 */
static void tell_end(struct process *process)
{
    // exercise 6.6 begin: a signal if it wants one; does anybody have to wait for it at all?
    struct process *parent = process->parent;
    const struct sigaction *action = &parent->actions[SIGCHLD - 1];
    bool is_child = process->exit_signal == SIGCHLD;

    if (process->exit_signal && !(is_child && action->handler == SIG_IGN))
        send_end(parent, process);
    if (is_child && (action->handler == SIG_IGN || (action->flags & SA_NOCLDWAIT)))
        process_remove(process);
    wait_wake_all(&parent->child_events);
    // exercise 6.6 stub
    // (void)process, (void)send_end;
    // exercise 6.6 end
}

/* What the end of its parent means for a child that lives. */
static void mourn(struct process *child, const struct process *parent)
{
    if (child->parent_death_signal)
        signal_send_locked(child, &(siginfo_t){ .signo = child->parent_death_signal,
                                                .pid = parent->pid, .uid = parent->ids.uid });
    cut_tie(child, parent, NULL);
}

/* Who gets the orphans: the next one above that has asked for them, else process 1. */
static struct process *new_parent(const struct process *process)
{
    // exercise 6.6 begin: up the tree, to one that wants orphans, or to process 1
    struct process *at = process->parent;

    while (at->parent && (!at->subreaper || at->exiting))
        at = at->parent;
    return at;
    // exercise 6.6 stub
    // return process->parent;
    // exercise 6.6 end
}

/*
 * Its children, those that have ended among them, become somebody else's, whom SIGCHLD tells of
 * their ends from now on, whatever they had for their first parent.
 */
static void give_children_away(struct process *process)
{
    // exercise 6.6 begin: each to the new parent's list, which hears of those that have ended
    struct process *parent = new_parent(process);

    while (!list_empty(&process->children)) {
        struct process *child = list_entry(process->children.next, struct process, sibling);
        list_del(&child->sibling);
        list_add_tail(&child->sibling, &parent->children);
        child->parent = parent;
        child->ppid = parent->pid;
        child->exit_signal = SIGCHLD;
        if (child->state == PROCESS_ZOMBIE)
            tell_end(child);
        else
            mourn(child, process);
    }
    // exercise 6.6 stub
    // (void)process, (void)new_parent, (void)tell_end, (void)mourn;
    // exercise 6.6 end
}

/* Nothing runs for anybody any more. */
static __attribute__((noreturn)) void end_system(const struct process *process)
{
    int signal = process->status & 0x7f;

    kprintf(LOG_WARNING, "process 1 has ended: %s %d\n", signal ? "signal" : "exit status",
            signal ? signal : process->status >> 8);
    vfs_sync();
    power_off();
}

/*
 * It has no thread any more: its children find another parent, and its own is told. The caller has
 * process_lock.
 */
static void become_zombie(struct process *process)
{
    // exercise 6.6 begin: everything but its place in the tree is gone: in which order?
    give_children_away(process);
    process->state = PROCESS_ZOMBIE;
    cut_tie(process, process->parent, process);
    tell_end(process);
    // exercise 6.6 stub
    // (void)give_children_away;
    // process->state = PROCESS_ZOMBIE;
    // exercise 6.6 end
}

/* The last thread's part. */
static void end_process(struct process *process, struct thread *thread)
{
    if (process->pid == 1)
        end_system(process);
    release(process);
    uint32_t flags = spin_lock_irqsave(&process_lock);
    leave_process(process, thread);
    signal_flush(&process->pending);
    become_zombie(process);
    spin_unlock_irqrestore(&process_lock, flags);
}

void thread_exit(int status)
{
    struct process *process = process_current();
    struct thread *thread = thread_current();

    current()->interrupted = false;
    if (process->space)
        leave_memory(thread);
    space_switch(NULL);
    path_leave(current());
    uint32_t flags = spin_lock_irqsave(&process_lock);
    bool last = --process->thread_count == 0;
    if (last && !process->exiting) {
        process->exiting = true;
        process->status = STATUS_EXIT(status);
    }
    if (!last)
        leave_process(process, thread);
    spin_unlock_irqrestore(&process_lock, flags);
    if (last)
        end_process(process, thread);
    thread_free(thread);
    task_exit(0);
}

void process_exit(int status)
{
    struct process *process = process_current();
    uint32_t flags = spin_lock_irqsave(&process_lock);

    if (!process->exiting || process->execing) {
        process->exiting = true;
        process->execing = false;
        process->status = status;
        process_notice(process);
    }
    spin_unlock_irqrestore(&process_lock, flags);
    thread_exit(0);
}

/* Begin to be alone: has nobody else begun to end us? */
static bool begin_alone(struct process *process)
{
    uint32_t flags = spin_lock_irqsave(&process_lock);
    bool may = !process->exiting;

    if (may && process->thread_count > 1) {
        process->exiting = process->execing = true;
        process_notice(process);
    }
    spin_unlock_irqrestore(&process_lock, flags);
    return may;
}

int process_alone(void)
{
    struct process *process = process_current();

    if (!begin_alone(process))
        return -EAGAIN;
    wait_event(&process->thread_events, process->thread_count == 1);
    uint32_t flags = spin_lock_irqsave(&process_lock);
    bool killed = process->exiting && !process->execing;
    if (!killed)
        process->exiting = process->execing = false;
    spin_unlock_irqrestore(&process_lock, flags);
    if (killed)
        return -EAGAIN;
    if (process->space)
        leave_memory(thread_current());
    thread_current()->restart = NULL;
    current()->pid = process->pid;  /* its first thread's, which has ended */
    return 0;
}
