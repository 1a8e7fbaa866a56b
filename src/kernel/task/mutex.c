/*
 * Mutexes with priority inheritance.
 */
#include "task/mutex.h"
#include "debug/panic.h"
#include "task/sched.h"

/* A task that wants a mutex; on its stack. */
struct waiter {
    struct list node;
    task_t *task;
};

/* Of all mutexes, and of each task's blocked_on and held: inheritance goes through many of them. */
static struct spinlock lock;

void mutex_init(struct mutex *mutex)
{
    *mutex = (struct mutex){ 0 };
    list_init(&mutex->waiters);
}

/* Who is to have the mutex next: the most urgent one, the first of them. NULL: nobody waits. */
static struct waiter *best_waiter(const struct mutex *mutex)
{
    struct waiter *best = NULL;
    // exercise 4.8 begin: look at all of them
    list_for_each(node, &mutex->waiters) {
        struct waiter *waiter = list_entry(node, struct waiter, node);
        if (!best || waiter->task->priority > best->task->priority)
            best = waiter;
    }
    // exercise 4.8 stub
    // (void)mutex;
    // exercise 4.8 end
    return best;
}

/*
 * Have the task scheduled by the priority it ought to have: its own, or the highest of those who
 * wait for what it holds. If that changes it, and it waits for a mutex itself, that one's owner is
 * next, and so on.
 */
static void inherit(task_t *task)
{
    // exercise 4.8 begin: from task to task along blocked_on, as long as something changes
    while (task) {
        unsigned priority = task->base_priority;
        list_for_each(node, &task->held) {
            struct waiter *best = best_waiter(list_entry(node, struct mutex, node));
            if (best && best->task->priority > priority)
                priority = best->task->priority;
        }
        if (priority == task->priority)
            return;
        sched_set_priority(task, priority);
        task = task->blocked_on ? task->blocked_on->owner : NULL;
    }
    // exercise 4.8 stub
    // sched_set_priority(task, task->base_priority);
    // exercise 4.8 end
}

/* The mutex is this task's. */
static void own(struct mutex *mutex, task_t *task)
{
    mutex->owner = task;
    list_add(&mutex->node, &task->held);
}

bool mutex_trylock(struct mutex *mutex)
{
    uint32_t flags = spin_lock_irqsave(&lock);
    bool is_free = !mutex->owner;

    if (is_free)
        own(mutex, current());
    spin_unlock_irqrestore(&lock, flags);
    return is_free;
}

void mutex_lock(struct mutex *mutex)
{
    task_t *task = current();

    if (mutex->owner == task)
        panic("task %u (%s) locks a mutex that it holds", task->pid, task->name);
    // exercise 4.8 begin: take it if it is free; else wait in its list, its owner inheriting
    struct waiter waiter = { .task = task };
    uint32_t flags = spin_lock_irqsave(&lock);

    if (!mutex->owner) {
        own(mutex, task);
    } else {
        list_add_tail(&waiter.node, &mutex->waiters);
        task->blocked_on = mutex;
        inherit(mutex->owner);
        while (mutex->owner != task) {
            sched_prepare_wait(false);
            spin_unlock_irqrestore(&lock, flags);
            schedule();
            flags = spin_lock_irqsave(&lock);
        }
    }
    spin_unlock_irqrestore(&lock, flags);
    // exercise 4.8 stub
    // while (!mutex_trylock(mutex))
    //     task_yield();
    // (void)inherit;
    // exercise 4.8 end
}

void mutex_unlock(struct mutex *mutex)
{
    task_t *task = current();

    if (mutex->owner != task)
        panic("task %u (%s) unlocks a mutex that it does not hold", task->pid, task->name);
    // exercise 4.8 begin: to the best waiter, who inherits from the others; its old owner does not
    uint32_t flags = spin_lock_irqsave(&lock);
    struct waiter *next = best_waiter(mutex);

    list_del(&mutex->node);
    mutex->owner = NULL;
    if (next) {
        list_del(&next->node);
        next->task->blocked_on = NULL;
        own(mutex, next->task);
        inherit(next->task);
        task_wake(next->task);
    }
    inherit(task);
    spin_unlock_irqrestore(&lock, flags);
    // exercise 4.8 stub
    // uint32_t flags = spin_lock_irqsave(&lock);
    //
    // list_del(&mutex->node);
    // mutex->owner = NULL;
    // spin_unlock_irqrestore(&lock, flags);
    // (void)best_waiter;
    // exercise 4.8 end
}

void task_set_priority(task_t *task, unsigned priority)
{
    uint32_t flags = spin_lock_irqsave(&lock);

    task->base_priority = priority;
    inherit(task);
    spin_unlock_irqrestore(&lock, flags);
}
