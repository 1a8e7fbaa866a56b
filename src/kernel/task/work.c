/*
 * The work queue and its task.
 */
#include "task/work.h"
#include "debug/log.h"
#include "task/sched.h"
#include "task/semaphore.h"

static struct spinlock lock;        /* of the list */
static struct list queue = { &queue, &queue };
static WAIT_QUEUE(waiting);         /* the task, for more */

void work_init(struct work *work, void (*fn)(void *arg), void *arg)
{
    list_init(&work->node);
    work->fn = fn;
    work->arg = arg;
}

bool work_queue(struct work *work)
{
    uint32_t flags = spin_lock_irqsave(&lock);
    bool alone = list_empty(&work->node);

    if (alone)
        list_add_tail(&work->node, &queue);
    spin_unlock_irqrestore(&lock, flags);
    wait_wake_one(&waiting);
    return alone;
}

bool work_cancel(struct work *work)
{
    uint32_t flags = spin_lock_irqsave(&lock);
    bool queued = !list_empty(&work->node);

    list_del(&work->node);
    spin_unlock_irqrestore(&lock, flags);
    return queued;
}

/* Take the first one out: what is to be called, or false. */
static bool take(struct work *taken)
{
    uint32_t flags = spin_lock_irqsave(&lock);
    bool any = !list_empty(&queue);

    if (any) {
        struct work *work = list_entry(queue.next, struct work, node);
        *taken = *work;             /* once it is out of the queue, its owner may free it */
        list_del(&work->node);
    }
    spin_unlock_irqrestore(&lock, flags);
    return any;
}

static int work_task(void *arg)
{
    struct work work = { 0 };

    (void)arg;
    for (;;) {
        wait_event(&waiting, take(&work));
        work.fn(work.arg);
    }
    return 0;
}

static void signal(void *done)
{
    semaphore_up(done);
}

void work_flush(void)
{
    struct semaphore done;
    struct work last;

    semaphore_init(&done, 0);
    work_init(&last, signal, &done);
    work_queue(&last);
    semaphore_down(&done);
}

void work_start(void)
{
    task_t *task = create_task(work_task, NULL, "work");

    if (task)
        task_detach(task);
    else
        kprintf(LOG_WARNING, "no task for deferred work\n");
}
