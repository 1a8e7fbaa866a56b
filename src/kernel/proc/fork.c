/*
 * clone(2): one becomes two.
 *
 * Everything that can fail is done before the new task is made, and it is entered in the table
 * last: nobody ever sees a half of it.
 */
#include "abi/sched.h"
#include "fs/path.h"
#include "fs/vnode.h"
#include "lib/string.h"
#include "mm/cow.h"
#include "mm/kmalloc.h"
#include "mm/space.h"
#include "mm/usercopy.h"
#include "proc/exec.h"
#include "proc/fdtable.h"
#include "proc/process.h"
#include "proc/signal.h"
#include "proc/tls.h"
#include "task/sched.h"

/* Flags that ask for what there is not: namespaces, and descriptors of processes. */
#define CLONE_REFUSED                                                                              \
    (CLONE_PIDFD | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |     \
     CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

/* Who waits in vfork(2); on its stack. All of it is under process_lock. */
struct vfork {
    bool done;                      /* the child needs its parent's memory no more */
    struct wait_queue queue;        /* the one that waits */
};

/* What is being made. */
struct clone {
    uint32_t flags;
    struct process *process;        /* a new one, or the current one for a thread */
    struct thread *thread;
    uint64_t tls;                   /* with CLONE_SETTLS: a descriptor, */
    unsigned tls_entry;             /* and which of the three it is */
};

static int check_flags(uint32_t flags)
{
    if (flags & CLONE_REFUSED)
        return -EINVAL;
    if ((flags & CLONE_THREAD) && !(flags & CLONE_SIGHAND))
        return -EINVAL;
    if ((flags & CLONE_SIGHAND) && !(flags & CLONE_VM))
        return -EINVAL;
    if ((flags & CLONE_PARENT) && !process_current()->parent)
        return -EINVAL;
    return 0;
}

/* RLIMIT_NPROC counts a user's threads, but not root's. */
static bool too_many(const struct process *process)
{
    uint32_t flags = spin_lock_irqsave(&process_lock);
    bool many = process->ids.euid &&
                process_threads_of(process->ids.uid) >= process->limits[RLIMIT_NPROC].soft;

    spin_unlock_irqrestore(&process_lock, flags);
    return many;
}

/*
 * Give the child the parent's memory and its table of files (which may be NULL): each the same one
 * or a copy, as the flags say. Returns 0 or -ENOMEM: what the child has by then, drop() gives back.
 */
static int copy_resources(struct process *child, const struct process *parent, uint32_t flags)
{
    // exercise 6.5 begin: the same or a copy, each with its own count; files may be NULL
    if (flags & CLONE_VM) {
        space_get(parent->space);
        child->space = parent->space;
    } else {
        child->space = space_clone(parent->space);
    }
    if (flags & CLONE_FILES) {
        fd_table_get(parent->files);
        child->files = parent->files;
    } else if (parent->files) {
        child->files = fd_table_copy(parent->files);
    }
    return child->space && (child->files || !parent->files) ? 0 : -ENOMEM;
    // exercise 6.5 stub
    // (void)child, (void)parent, (void)flags;
    // return -ENOMEM;
    // exercise 6.5 end
}

/* A new process like the current one. Whatever is there after an error, drop() gives back. */
static int copy_process(struct clone *clone)
{
    struct process *parent = process_current(), *child = process_alloc(parent);

    clone->process = child;
    if (!child || copy_resources(child, parent, clone->flags))
        return -ENOMEM;
    child->exe = parent->exe;
    exe_get(child->exe);
    if (parent->exe_path) {
        size_t bytes = strlen(parent->exe_path) + 1;
        child->exe_path = kmalloc(bytes);
        if (!child->exe_path)
            return -ENOMEM;
        memcpy(child->exe_path, parent->exe_path, bytes);
    }
    child->arg_start = parent->arg_start;
    child->arg_end = parent->arg_end;
    child->env_start = parent->env_start;
    child->env_end = parent->env_end;
    child->exit_signal = clone->flags & CLONE_PARENT ? parent->exit_signal
                                                     : (int)(clone->flags & CSIGNAL);
    if (child->exit_signal > NSIG)
        child->exit_signal = 0;     /* no signal has such a number: none is sent */
    signal_fork(child, parent);
    return 0;
}

static void drop(struct clone *clone)
{
    if (clone->thread)
        thread_free(clone->thread);
    if (clone->process && clone->process != process_current()) {
        exe_put(clone->process->exe);
        kfree(clone->process->exe_path);
        fd_table_put(clone->process->files);
        space_put(clone->process->space);
        kfree(clone->process);
    }
}

static void copy_thread(const struct clone *clone)
{
    const struct thread *from = thread_current();
    struct thread *to = clone->thread;

    signal_thread_init(to, from);
    /* Two threads in one memory must not run handlers on one stack; vfork's parent sleeps. */
    if ((clone->flags & (CLONE_VM | CLONE_VFORK)) != CLONE_VM)
        to->altstack = from->altstack;
    to->traced = from->traced;
    to->nice = from->nice;
    to->policy = from->policy;
    to->realtime = from->realtime;
}

/* What a new thread does first: it goes on where its parent was. */
static int begin(void *arg)
{
    struct task *task = current();
    uintptr_t tid = task->thread->set_child_tid;

    (void)arg;
    if (tid)
        copy_to_user((void *)tid, &task->pid, sizeof(task->pid));   /* what can it do if not? */
    enter_user(user_frame(task), task->stack + STACK_SIZE);
}

/*
 * The frame by which the task will go to its program is the first thing on its stack, as it is for
 * all others; what lies there, for the switch to the task, makes room below.
 */
static void place_frame(struct task *task, const struct trapframe *frame, uintptr_t stack)
{
    // exercise 6.5 begin: make room; what differs from the parent's frame, and what may?
    uintptr_t top = task->stack + STACK_SIZE, old = task->esp;

    task->esp -= sizeof(*frame);
    memmove((void *)task->esp, (const void *)old, top - old);
    struct trapframe *tf = user_frame(task);
    *tf = *frame;
    tf->eax = 0;
    tf->vector = TRAP_NO_SYSCALL;
    if (stack)
        tf->user_esp = stack;
    // exercise 6.5 stub
    // (void)task, (void)frame, (void)stack;
    // exercise 6.5 end
}

static struct task *copy_task(const struct clone *clone, uintptr_t stack)
{
    struct task *from = current(), *task = task_new(begin, NULL, from->name);

    if (!task)
        return NULL;
    task_detach(task);              /* its stack and itself go without being asked for */
    task->space = clone->process->space;
    task->cpus = from->cpus;
    fpu_get(&task->fpu);
    memcpy(task->tls, from->tls, sizeof(task->tls));
    if (clone->flags & CLONE_FS)
        path_share(task);
    place_frame(task, user_frame(from), stack);
    if (clone->flags & CLONE_SETTLS) {
        task->tls[clone->tls_entry] = clone->tls;
        tls_check_frame(user_frame(task), clone->tls_entry, clone->tls);
    }
    task->notice = true;            /* its process may have been told to stop or end meanwhile */
    return task;
}

/* Sleep until the child has let go of our memory, or somebody kills us. */
static void wait_for_child(struct vfork *vfork, struct process *child)
{
    // exercise 6.5 begin: until vfork->done; what if we are killed first?
    while (wait_event_interruptible(&vfork->queue, vfork->done)) {
        current()->interrupted = false;     /* other signals wait until we are back */
        if (process_killed())
            break;
    }
    uint32_t flags = spin_lock_irqsave(&process_lock);
    if (!vfork->done)
        child->vfork = NULL;                /* so it has not ended: it would have said so */
    spin_unlock_irqrestore(&process_lock, flags);
    // exercise 6.5 stub
    // (void)vfork, (void)child;
    // exercise 6.5 end
}

void process_vfork_done(struct process *process)
{
    uint32_t flags = spin_lock_irqsave(&process_lock);

    if (process->vfork) {
        process->vfork->done = true;
        wait_wake_all(&process->vfork->queue);
        process->vfork = NULL;
    }
    spin_unlock_irqrestore(&process_lock, flags);
}

/*
 * Enter it in the table and let it run. Returns its number. With CLONE_PARENT_SETTID the number is
 * written to parent_tid, too, in the caller's memory: if it cannot be, that is no error.
 */
static long launch(struct clone *clone, struct task *task, uintptr_t parent_tid)
{
    // exercise 6.5 begin: all that the child finds must be there before it runs
    struct process *child = clone->process;
    struct vfork vfork = { 0 };
    uint32_t pid = task->pid;

    wait_init(&vfork.queue);
    if (clone->flags & CLONE_VFORK)
        child->vfork = &vfork;
    if (clone->flags & CLONE_PARENT_SETTID)
        copy_to_user((void *)parent_tid, &pid, sizeof(pid));
    thread_enter(child, clone->thread, task, clone->flags & CLONE_PARENT);
    sched_start(task);
    if (clone->flags & CLONE_VFORK)
        wait_for_child(&vfork, child);
    return (long)pid;
    // exercise 6.5 stub
    // (void)clone, (void)task, (void)parent_tid, (void)wait_for_child;
    // return -ENOSYS;
    // exercise 6.5 end
}

long process_clone(uint32_t flags, uintptr_t stack, uintptr_t parent_tid, uintptr_t tls,
                   uintptr_t child_tid)
{
    struct clone clone = { .flags = flags };
    struct task *task = NULL;
    int error = check_flags(flags);

    if (flags & CLONE_THREAD)
        clone.flags &= ~CLONE_VFORK;        /* no process begins that could exec or end */
    if (!error && (flags & CLONE_SETTLS))
        error = tls_read((const struct user_desc *)tls, &clone.tls_entry, &clone.tls);
    if (!error && too_many(process_current()))
        error = -EAGAIN;
    if (!error && !(clone.thread = thread_alloc()))
        error = -EAGAIN;
    if (!error && (flags & CLONE_THREAD))
        clone.process = process_current();
    else if (!error)
        error = copy_process(&clone);
    if (!error && !(task = copy_task(&clone, stack)))
        error = -ENOMEM;
    if (error) {
        drop(&clone);
        return error;
    }
    copy_thread(&clone);
    if (flags & CLONE_CHILD_SETTID)
        clone.thread->set_child_tid = child_tid;
    if (flags & CLONE_CHILD_CLEARTID)
        clone.thread->clear_child_tid = child_tid;
    return launch(&clone, task, parent_tid);
}
