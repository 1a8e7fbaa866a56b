/*
 * A run queue: the READY tasks of one processor, and whose turn it is. All in constant time.
 *
 * A list for each priority, and a bitmap of the lists that are not empty. The first task of the
 * highest one is next; whoever has used up a time slice goes to the end. So that nothing starves,
 * the task that has been READY longest, whatever its priority, comes first when it has been so for
 * STARVE_MS, but never twice in a row: the urgent ones keep half of the processor.
 *
 * Knows nothing of processors or time: the caller says what time it is, and has the lock.
 */
#ifndef TASK_RUNQUEUE_H
#define TASK_RUNQUEUE_H

#include "sync/spinlock.h"
#include "task/task.h"

#define STARVE_MS 1000

struct runqueue {
    struct spinlock lock;           /* of the queue, and of its tasks' states */
    uint32_t levels;                /* bit p: level[p] is not empty */
    struct list level[PRIORITIES];  /* by task's member `level`, next one first */
    struct list waiting;            /* all of them, by member `waiting`, longest READY first */
    bool rescued;                   /* the last pick was for having waited so long; else false */
    uint32_t count;
};

/* Make it empty. */
void rq_init(struct runqueue *rq);

/*
 * Add a task that is in no queue, READY since `now` (milliseconds): before the others of its
 * priority (it has not used up its time slice) or behind them. Sets task->queued.
 */
void rq_add(struct runqueue *rq, task_t *task, bool front, uint64_t now);

/* Take a task out that is in the queue. Clears task->queued. */
void rq_remove(struct runqueue *rq, task_t *task);

/* Take out the task whose turn it is `now`, by the rule above. NULL if the queue is empty. */
task_t *rq_pick(struct runqueue *rq, uint64_t now);

/* The highest priority in the queue; -1 if it is empty. */
int rq_highest(const struct runqueue *rq);

#endif
