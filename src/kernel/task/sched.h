/*
 * The scheduler: which task runs, and when another one does.
 *
 * Preemptive, by priority, in turns of SLICE_TICKS among equals. A task lets go of the processor
 * when it calls schedule(), and loses it when its slice is used up or a more urgent task wakes up:
 * at once, or, in the kernel's code too, as soon as it holds no spinlock and has interrupts on.
 */
#ifndef TASK_SCHED_H
#define TASK_SCHED_H

#include "task/task.h"

#define SLICE_TICKS 10              /* milliseconds */

/*
 * Start scheduling: the idle task, and the timer interrupt's part. After task_init(), timer_init()
 * and pic_init(). Panics if there is no memory.
 */
void sched_init(void);

/*
 * Let another task run. The current one goes on later: when it is its turn again, or, if it is
 * WAITING or a ZOMBIE, when it is woken or never. Panics if a spinlock is held.
 */
void schedule(void);

/* The same for a task that wants to run on: behind those of its priority. */
void task_yield(void);

/*
 * Make a WAITING task READY, or, if it is WAITING but did not sleep yet, have it go on. Returns
 * whether it slept: who did not may have got what it wanted already. Callable from interrupts.
 */
bool task_wake(task_t *task);

/* End an interruptible wait of the task's, or its next one: it returns -EINTR. */
void task_interrupt(task_t *task);

/*
 * Say that the current task is WAITING from now on: the next schedule() puts it to sleep, unless
 * task_wake() came before. It returns false, and nothing has changed, if the wait is interruptible
 * and the task was interrupted.
 */
bool sched_prepare_wait(bool interruptible);

/* The current task does not want to sleep any more. */
void sched_finish_wait(void);

/* Enter a new task, READY, and run it. */
void sched_start(task_t *task);

/* The current task has ended: the next schedule() does not come back. */
void sched_set_zombie(task_t *task);

/* Give the task another priority (1 to PRIORITIES - 1) by which it is scheduled. */
void sched_set_priority(task_t *task, unsigned priority);

/* The timer interrupt's part: for task/timer. */
void sched_tick(void);

/* What a new task does first, before its function: the end of the switch to it. */
void sched_begin(void);

#endif
