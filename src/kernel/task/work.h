/*
 * Deferred work: for what an interrupt handler or a timer has to have done, but may not do itself,
 * since it takes long or sleeps. One task does it, a piece after the other.
 */
#ifndef TASK_WORK_H
#define TASK_WORK_H

#include "lib/list.h"

/* A piece of work; the owner's. */
struct work {
    struct list node;               /* alone: it is not in the queue */
    void (*fn)(void *arg);
    void *arg;
};

/* Start the task. After sched_init(). */
void work_start(void);

/* Make a piece of work that calls fn(arg); it is not in the queue. */
void work_init(struct work *work, void (*fn)(void *arg), void *arg);

/*
 * Have fn(arg) called once, by the work task, which may sleep in it. Nothing if it is in the queue
 * already; if it is being done, it is done again. Returns whether it was put in the queue. Callable
 * from interrupts.
 */
bool work_queue(struct work *work);

/* Take it out of the queue. Returns whether it was in it. Callable from interrupts. */
bool work_cancel(struct work *work);

/* Wait until all that is in the queue now has been done. Not from within work. */
void work_flush(void);

#endif
