/*
 * Whose turn it is.
 */
#include "task/runqueue.h"
#include "x86/bits.h"

void rq_init(struct runqueue *rq)
{
    *rq = (struct runqueue){ 0 };
    for (unsigned p = 0; p < PRIORITIES; p++)
        list_init(&rq->level[p]);
    list_init(&rq->waiting);
}

void rq_add(struct runqueue *rq, task_t *task, bool front, uint64_t now)
{
    // exercise 4.4 begin: into its level's list and the list of all, the bitmap, what task keeps
    struct list *level = &rq->level[task->priority];

    if (front)
        list_add(&task->level, level);
    else
        list_add_tail(&task->level, level);
    list_add_tail(&task->waiting, &rq->waiting);
    rq->levels |= 1u << task->priority;
    rq->count++;
    task->ready_since = now;
    task->queued = true;
    // exercise 4.4 stub
    // (void)front, (void)now;
    // list_add_tail(&task->waiting, &rq->waiting);     /* one line: first come, first run */
    // task->queued = true;
    // exercise 4.4 end
}

void rq_remove(struct runqueue *rq, task_t *task)
{
    // exercise 4.4 begin: undo all of that
    list_del(&task->level);
    list_del(&task->waiting);
    if (list_empty(&rq->level[task->priority]))
        rq->levels &= ~(1u << task->priority);
    rq->count--;
    task->queued = false;
    // exercise 4.4 stub
    // (void)rq;
    // list_del(&task->waiting);
    // task->queued = false;
    // exercise 4.4 end
}

int rq_highest(const struct runqueue *rq)
{
    return rq->levels ? (int)bit_highest(rq->levels) : -1;
}

task_t *rq_pick(struct runqueue *rq, uint64_t now)
{
    // exercise 4.4 begin: the longest READY one if it is due and not twice in a row; else by level
    bool again = rq->rescued;

    rq->rescued = false;
    if (!rq->levels)
        return NULL;
    task_t *task = list_entry(rq->waiting.next, task_t, waiting);
    if (!again && now - task->ready_since >= STARVE_MS)
        rq->rescued = true;
    else
        task = list_entry(rq->level[rq_highest(rq)].next, task_t, level);
    rq_remove(rq, task);
    return task;
    // exercise 4.4 stub
    // (void)now;
    // if (list_empty(&rq->waiting))
    //     return NULL;
    // task_t *task = list_entry(rq->waiting.next, task_t, waiting);
    // rq_remove(rq, task);
    // return task;
    // exercise 4.4 end
}
