/*
 * Counting semaphores (E. W. Dijkstra, EWD 123, 1965): so many may go on, the others wait.
 */
#ifndef TASK_SEMAPHORE_H
#define TASK_SEMAPHORE_H

#include "task/wait.h"

struct semaphore {
    struct spinlock lock;           /* of count */
    uint32_t count;
    struct wait_queue queue;
};

/* So many may go on before the first one waits. */
void semaphore_init(struct semaphore *semaphore, uint32_t count);

/* Wait until the count is above 0, and take one from it. */
void semaphore_down(struct semaphore *semaphore);

/* The same, for ms milliseconds at most: 0 or -ETIMEDOUT. */
int semaphore_down_timeout(struct semaphore *semaphore, uint32_t ms);

/* Take one if the count is above 0. Returns whether it was. Callable from interrupts. */
bool semaphore_try_down(struct semaphore *semaphore);

/* Add one, and wake a task that waits. Callable from interrupts. */
void semaphore_up(struct semaphore *semaphore);

#endif
