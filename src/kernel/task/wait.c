/*
 * Sleeping without missing the word, and giving it.
 */
#include "task/wait.h"
#include "task/sched.h"
#include "task/timer.h"

void wait_init(struct wait_queue *queue)
{
    *queue = (struct wait_queue){ 0 };
    list_init(&queue->entries);
}

void wait_entry_init(struct wait_entry *entry)
{
    list_init(&entry->node);
    entry->task = current();
}

int wait_prepare(struct wait_queue *queue, struct wait_entry *entry, bool interruptible)
{
    // exercise 4.7 begin: into the queue and WAITING, both before the caller looks; or out of it
    uint32_t flags = spin_lock_irqsave(&queue->lock);
    bool waiting = sched_prepare_wait(interruptible);

    if (!waiting)
        list_del(&entry->node);
    else if (list_empty(&entry->node))
        list_add_tail(&entry->node, &queue->entries);
    spin_unlock_irqrestore(&queue->lock, flags);
    return waiting ? 0 : -EINTR;
    // exercise 4.7 stub
    // (void)queue, (void)entry, (void)interruptible;
    // return 0;
    // exercise 4.7 end
}

void wait_finish(struct wait_queue *queue, struct wait_entry *entry)
{
    // exercise 4.7 begin: running again, and out of the queue if it is still in it
    sched_finish_wait();
    uint32_t flags = spin_lock_irqsave(&queue->lock);
    list_del(&entry->node);
    spin_unlock_irqrestore(&queue->lock, flags);
    // exercise 4.7 stub
    // (void)queue, (void)entry;
    // exercise 4.7 end
}

bool wait_wake_one(struct wait_queue *queue)
{
    bool woken = false;
    // exercise 4.7 begin: from the first entry on, until task_wake() has woken one
    uint32_t flags = spin_lock_irqsave(&queue->lock);

    while (!woken && !list_empty(&queue->entries)) {
        struct wait_entry *entry = list_entry(queue->entries.next, struct wait_entry, node);
        list_del(&entry->node);
        woken = task_wake(entry->task);
    }
    spin_unlock_irqrestore(&queue->lock, flags);
    // exercise 4.7 stub
    // (void)queue;
    // exercise 4.7 end
    return woken;
}

unsigned wait_wake_all(struct wait_queue *queue)
{
    unsigned woken = 0;
    // exercise 4.7 begin: the same for each entry
    uint32_t flags = spin_lock_irqsave(&queue->lock);

    while (!list_empty(&queue->entries)) {
        struct wait_entry *entry = list_entry(queue->entries.next, struct wait_entry, node);
        list_del(&entry->node);
        woken += task_wake(entry->task);
    }
    spin_unlock_irqrestore(&queue->lock, flags);
    // exercise 4.7 stub
    // (void)queue;
    // exercise 4.7 end
    return woken;
}
