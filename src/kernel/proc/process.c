/*
 * The table of processes and their threads: who is there, and under which number.
 *
 * How they come is in proc/fork, how they end in proc/exit, how that is told in proc/wait.
 */
#include "proc/process.h"
#include "debug/panic.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "mm/space.h"
#include "proc/signal.h"
#include "task/sched.h"
#include "task/timer.h"

struct spinlock process_lock;

static struct list processes = { &processes, &processes };  /* by age; under process_lock */
static unsigned thread_total;       /* of all processes, made or being made; under process_lock */

static const struct rlimit first_limits[RLIM_NLIMITS] = {
    [RLIMIT_CPU] = { RLIM_INFINITY, RLIM_INFINITY },
    [RLIMIT_FSIZE] = { RLIM_INFINITY, RLIM_INFINITY },
    [RLIMIT_DATA] = { RLIM_INFINITY, RLIM_INFINITY },
    [RLIMIT_STACK] = { 8 << 20, RLIM_INFINITY },
    [RLIMIT_CORE] = { 0, RLIM_INFINITY },
    [RLIMIT_RSS] = { RLIM_INFINITY, RLIM_INFINITY },
    [RLIMIT_NPROC] = { THREADS_MAX, THREADS_MAX },
    [RLIMIT_NOFILE] = { 1024, 1024 },
    [RLIMIT_MEMLOCK] = { 64 << 10, 64 << 10 },
    [RLIMIT_AS] = { RLIM_INFINITY, RLIM_INFINITY },
    [RLIMIT_LOCKS] = { RLIM_INFINITY, RLIM_INFINITY },
    [RLIMIT_SIGPENDING] = { THREADS_MAX, THREADS_MAX },
    [RLIMIT_MSGQUEUE] = { 800 << 10, 800 << 10 },
    [RLIMIT_RTTIME] = { RLIM_INFINITY, RLIM_INFINITY },
};

struct process *process_alloc(struct process *parent)
{
    struct process *process = kzalloc(sizeof(*process));

    if (!process)
        return NULL;
    list_init(&process->all);
    list_init(&process->children);
    list_init(&process->sibling);
    list_init(&process->threads);
    list_init(&process->pending.queue);
    wait_init(&process->child_events);
    wait_init(&process->thread_events);
    process->parent = parent;
    process->started = (uint32_t)timer_now() / 10;
    process->exit_signal = SIGCHLD;
    if (parent) {
        process->ids = parent->ids;
        process->personality = parent->personality;
        process->no_new_privs = parent->no_new_privs;
    }
    memcpy(process->limits, parent ? parent->limits : first_limits, sizeof(process->limits));
    return process;
}

struct thread *thread_alloc(void)
{
    struct thread *thread = kzalloc(sizeof(*thread));
    uint32_t flags = spin_lock_irqsave(&process_lock);
    bool room = thread && thread_total < THREADS_MAX;

    thread_total += room;
    spin_unlock_irqrestore(&process_lock, flags);
    if (!room) {
        kfree(thread);
        return NULL;
    }
    signal_thread_init(thread, NULL);
    return thread;
}

void thread_free(struct thread *thread)
{
    uint32_t flags = spin_lock_irqsave(&process_lock);

    thread_total--;
    spin_unlock_irqrestore(&process_lock, flags);
    kfree(thread);
}

/* A new process's place in the tree, and its number, which is that of its first thread. */
static void enter_process(struct process *process, struct task *task, bool sibling)
{
    if (sibling)                    /* whose parent does not change while we have the lock */
        process->parent = process->parent->parent;
    struct process *parent = process->parent;
    process->pid = task->pid;
    process->ppid = parent ? parent->pid : 0;
    process->pgid = parent ? parent->pgid : task->pid;
    process->sid = parent ? parent->sid : task->pid;
    list_add_tail(&process->all, &processes);
    if (parent)
        list_add_tail(&process->sibling, &parent->children);
}

void thread_enter(struct process *process, struct thread *thread, struct task *task, bool sibling)
{
    thread->task = task;
    uint32_t flags = spin_lock_irqsave(&process_lock);
    task->process = process;
    task->thread = thread;
    if (process->thread_count++ == 0)
        enter_process(process, task, sibling);
    list_add_tail(&thread->node, &process->threads);
    spin_unlock_irqrestore(&process_lock, flags);
}

void process_remove(struct process *process)
{
    signal_flush(&process->pending);
    list_del(&process->all);
    list_del(&process->sibling);
    kfree(process);
}

struct process *process_find(uint32_t pid)
{
    list_for_each(node, &processes) {
        struct process *process = list_entry(node, struct process, all);
        if (process->pid == pid)
            return process;
    }
    return NULL;
}

struct thread *thread_find(uint32_t tid)
{
    list_for_each(all, &processes) {
        struct process *process = list_entry(all, struct process, all);
        list_for_each(node, &process->threads) {
            struct thread *thread = list_entry(node, struct thread, node);
            if (thread->task->pid == tid)
                return thread;
        }
    }
    return NULL;
}

void process_each(bool (*fn)(struct process *process, void *arg), void *arg)
{
    for (struct list *node = processes.next, *next; node != &processes; node = next) {
        next = node->next;
        if (!fn(list_entry(node, struct process, all), arg))
            return;
    }
}

unsigned process_threads_of(uint32_t uid)
{
    unsigned count = 0;

    list_for_each(node, &processes) {
        struct process *process = list_entry(node, struct process, all);
        if (process->ids.uid == uid)
            count += process->state == PROCESS_ZOMBIE ? 1 : process->thread_count;
    }
    return count;
}

void process_notice(struct process *process)
{
    list_for_each(node, &process->threads) {
        struct task *task = list_entry(node, struct thread, node)->task;
        if (task != current()) {
            task->notice = true;
            task_interrupt(task);
        }
    }
}

void process_ticks(const struct process *process, uint32_t *user, uint32_t *system)
{
    *user = process->user_ticks;
    *system = process->system_ticks;
    list_for_each(node, &process->threads) {
        const struct task *task = list_entry(node, struct thread, node)->task;
        *user += task->user_ticks;
        *system += task->ticks - task->user_ticks;
    }
}

bool process_killed(void)
{
    const struct process *process = process_current();
    uint32_t flags = spin_lock_irqsave(&process_lock);
    uint64_t pending = process->pending.set | thread_current()->pending.set;
    bool killed = process->exiting || (pending & SIGNAL_BIT(SIGKILL));

    spin_unlock_irqrestore(&process_lock, flags);
    return killed;
}

/* A number that is a process's, a group's or a session's must not become a new task's. */
static bool pid_taken(uint32_t pid)
{
    bool taken = false;
    uint32_t flags = spin_lock_irqsave(&process_lock);

    list_for_each(node, &processes) {
        struct process *process = list_entry(node, struct process, all);
        taken |= process->pid == pid || process->pgid == pid || process->sid == pid;
    }
    spin_unlock_irqrestore(&process_lock, flags);
    return taken;
}

struct process *process_new(struct process *parent, int (*func)(void *arg), void *arg,
                            const char *name)
{
    struct process *process = process_alloc(parent);
    struct thread *thread = process ? thread_alloc() : NULL;
    struct task *task = thread ? task_new(func, arg, name) : NULL;

    if (!task) {
        if (thread)
            thread_free(thread);
        kfree(process);
        return NULL;
    }
    task_detach(task);              /* its stack and itself go without being asked for */
    task->space = NULL;
    thread_enter(process, thread, task, false);
    return process;
}

void process_start(struct process *process)
{
    sched_start(list_entry(process->threads.next, struct thread, node)->task);
}

void process_init(void)
{
    struct process *process = process_alloc(NULL);
    struct thread *thread = thread_alloc();
    struct task *task = current();

    /* It runs on the boot stack; once it is a program, its traps need a stack like all others'. */
    task->stack = stack_alloc();
    if (!process || !thread || !task->stack)
        panic("no memory for process 1");
    this_cpu()->tss.esp0 = task->stack + STACK_SIZE;
    thread_enter(process, thread, task, false);
    task_pid_taken = pid_taken;
}
