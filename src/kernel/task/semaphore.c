/*
 * Counting semaphores.
 */
#include "task/semaphore.h"
#include "task/sched.h"
#include "task/timer.h"

void semaphore_init(struct semaphore *semaphore, uint32_t count)
{
    *semaphore = (struct semaphore){ .count = count };
    wait_init(&semaphore->queue);
}

bool semaphore_try_down(struct semaphore *semaphore)
{
    uint32_t flags = spin_lock_irqsave(&semaphore->lock);
    bool taken = semaphore->count > 0;

    semaphore->count -= taken;
    spin_unlock_irqrestore(&semaphore->lock, flags);
    return taken;
}

void semaphore_down(struct semaphore *semaphore)
{
    wait_event(&semaphore->queue, semaphore_try_down(semaphore));
}

int semaphore_down_timeout(struct semaphore *semaphore, uint32_t ms)
{
    return wait_event_timeout(&semaphore->queue, semaphore_try_down(semaphore), ms);
}

void semaphore_up(struct semaphore *semaphore)
{
    uint32_t flags = spin_lock_irqsave(&semaphore->lock);

    semaphore->count++;
    spin_unlock_irqrestore(&semaphore->lock, flags);
    wait_wake_one(&semaphore->queue);
}
