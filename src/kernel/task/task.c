/*
 * Making tasks, and their end.
 */
#include "task/task.h"
#include "abi/errno.h"
#include "debug/panic.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "mm/space.h"
#include "task/sched.h"
#include "task/stack.h"
#include "task/work.h"

static struct slab_cache cache;
static struct spinlock lock;        /* of the list, of each task's parent, and of what follows */
static struct list tasks = { &tasks, &tasks };
static uint32_t last_pid;
static unsigned count;

static struct work reaping;         /* frees those that nobody will ask about */

// lab 5 begin
void (*task_born)(struct task *child, struct task *parent);
void (*task_gone)(struct task *task);
// lab 5 end

bool (*task_pid_taken)(uint32_t pid);   // lab 6

/* Where a new task begins, and the scheduler's switch to it ends. */
static void task_main(void)
{
    task_t *task = current();

    sched_begin();
    task_exit(task->func(task->arg));
}

/*
 * Write on the new task's stack what context_switch() expects to find there, so that it goes on in
 * task_main() as if that had been called from nowhere: above the context lies a return address of
 * 0, and ebp is 0; there backtraces end.
 */
static void first_context(task_t *task)
{
    // exercise 4.3 begin: a struct context below the return address; task->esp points to it
    uint32_t *top = (uint32_t *)(task->stack + STACK_SIZE);
    struct context *context = (struct context *)(top - 1) - 1;

    top[-1] = 0;
    *context = (struct context){ .eip = (uint32_t)(uintptr_t)task_main };
    task->esp = (uintptr_t)context;
    // exercise 4.3 stub
    // (void)task, (void)task_main;
    // exercise 4.3 end
}

/* The next number that no task has. The caller has the lock. */
static uint32_t new_pid(void)
{
    bool taken;

    do {
        taken = false;
        last_pid = last_pid < 32767 ? last_pid + 1 : 1;
        list_for_each(node, &tasks)
            taken |= list_entry(node, task_t, all)->pid == last_pid;
        if (task_pid_taken && !taken)               // lab 6
            taken = task_pid_taken(last_pid);       // lab 6
    } while (taken);
    return last_pid;
}

/* Fill in what every task has, and enter it in the list. */
static void enter(task_t *task, const char *name, task_t *parent)
{
    strlcpy(task->name, name, sizeof(task->name));
    task->parent = parent;
    task->base_priority = task->priority = parent ? parent->base_priority : PRIORITY_NORMAL;
    task->cpus = ~0u;
    task->slice = SLICE_TICKS;
    list_init(&task->held);
    wait_init(&task->ended);
    list_init(&task->cwd_shared);   // lab 6
    if (task_born)                  // lab 5
        task_born(task, parent);    // lab 5
    uint32_t flags = spin_lock_irqsave(&lock);
    task->pid = new_pid();
    list_add_tail(&task->all, &tasks);
    count++;
    spin_unlock_irqrestore(&lock, flags);
}

task_t *task_new(int (*func)(void *arg), void *arg, const char *name)
{
    // exercise 4.3 begin: allocate task and stack, both or none; func, arg, space, first context
    task_t *task = slab_alloc(&cache);
    uintptr_t stack = stack_alloc();

    if (!task || !stack) {
        if (task)
            slab_free(&cache, task);
        if (stack)
            stack_free(stack);
        return NULL;
    }
    *task = (task_t){ .stack = stack, .func = func, .arg = arg, .space = space_current() };
    first_context(task);
    enter(task, name, current());
    return task;
    // exercise 4.3 stub
    // (void)func, (void)arg, (void)name, (void)first_context, (void)enter, (void)cache;
    // return NULL;
    // exercise 4.3 end
}

task_t *create_task(int (*func)(void *arg), void *arg, const char *name)
{
    task_t *task = task_new(func, arg, name);

    if (task)
        sched_start(task);
    return task;
}

/* Free a ZOMBIE that is nobody's any more. It may be on its last steps on another processor. */
static void task_free(task_t *task)
{
    while (task->on_cpu)
        ;
    if (task_gone)                  // lab 5
        task_gone(task);            // lab 5
    uint32_t flags = spin_lock_irqsave(&lock);
    list_del(&task->all);
    count--;
    spin_unlock_irqrestore(&lock, flags);
    stack_free(task->stack);
    slab_free(&cache, task);
}

/* An orphan that has ended, or NULL. */
static task_t *dead_orphan(void)
{
    task_t *found = NULL;
    uint32_t flags = spin_lock_irqsave(&lock);

    list_for_each(node, &tasks) {
        task_t *task = list_entry(node, task_t, all);
        if (task->state == TASK_ZOMBIE && !task->parent)
            found = task;
    }
    spin_unlock_irqrestore(&lock, flags);
    return found;
}

/* The work task's: it frees what nobody asks about. */
static void reap(void *arg)
{
    task_t *task;

    (void)arg;
    while ((task = dead_orphan()))
        task_free(task);
}

/* Nobody asks about the children of `parent` (NULL: of `child` alone) any more. */
static void orphan(task_t *parent, task_t *child)
{
    bool ended = false;
    uint32_t flags = spin_lock_irqsave(&lock);

    list_for_each(node, &tasks) {
        task_t *task = list_entry(node, task_t, all);
        if (parent ? task->parent == parent : task == child) {
            task->parent = NULL;
            ended |= task->state == TASK_ZOMBIE;
        }
    }
    spin_unlock_irqrestore(&lock, flags);
    if (ended)
        work_queue(&reaping);
}

void task_detach(task_t *task)
{
    orphan(NULL, task);
}

void task_exit(int status)
{
    task_t *task = current();
    // exercise 4.9 begin: orphan its children; with interrupts off: a ZOMBIE, tell, schedule()
    orphan(task, NULL);
    irq_disable();                  /* once it is a ZOMBIE, it must not come back to say so */
    task->status = status;
    sched_set_zombie(task);
    if (task->parent)
        wait_wake_all(&task->ended);
    else
        work_queue(&reaping);
    schedule();
    // exercise 4.9 stub
    // (void)task, (void)status;
    // for (;;) {
    //     sched_prepare_wait(false);
    //     schedule();
    // }
    // exercise 4.9 end
    panic("a task that has ended goes on");
}

int task_join(task_t *task, int *status)
{
    // exercise 4.9 begin: only a child; sleep until it is a ZOMBIE; take its status; free it
    if (task->parent != current())
        return -ECHILD;
    int error = wait_event_interruptible(&task->ended, task->state == TASK_ZOMBIE);
    if (error)
        return error;
    if (status)
        *status = task->status;
    task_free(task);
    return 0;
    // exercise 4.9 stub
    // (void)task, (void)status, (void)task_free;
    // return -ECHILD;
    // exercise 4.9 end
}

void task_each(bool (*fn)(task_t *task, void *arg), void *arg)
{
    uint32_t flags = spin_lock_irqsave(&lock);

    list_for_each(node, &tasks)
        if (!fn(list_entry(node, task_t, all), arg))
            break;
    spin_unlock_irqrestore(&lock, flags);
}

unsigned task_count(void)
{
    return count;
}

void task_init(void)
{
    static task_t first;

    slab_cache_init(&cache, "task", sizeof(task_t), 16, NULL);
    work_init(&reaping, reap, NULL);
    stack_init();
    first.state = TASK_RUNNING;
    first.on_cpu = true;
    enter(&first, "main", NULL);
    this_cpu()->current = &first;
    fpu_switch(&first.fpu);
}
