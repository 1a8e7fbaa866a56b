/*
 * Condition variables.
 */
#include "task/condvar.h"
#include "task/sched.h"

void condvar_init(struct condvar *condvar)
{
    wait_init(&condvar->queue);
}

void condvar_wait(struct condvar *condvar, struct mutex *mutex)
{
    struct wait_entry entry;

    wait_entry_init(&entry);
    wait_prepare(&condvar->queue, &entry, false);
    mutex_unlock(mutex);            /* nobody else is woken by this: mutexes have their own list */
    schedule();
    wait_finish(&condvar->queue, &entry);
    mutex_lock(mutex);
}

void condvar_signal(struct condvar *condvar)
{
    wait_wake_one(&condvar->queue);
}

void condvar_broadcast(struct condvar *condvar)
{
    wait_wake_all(&condvar->queue);
}
