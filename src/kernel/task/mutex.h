/*
 * Mutexes: locks that a task may hold for long, and sleep meanwhile. With priority inheritance:
 * while a more urgent task waits for one, its holder runs with that priority, and so does whom the
 * holder waits for in turn; else a task in between could keep all of them from going on.
 *
 * A mutex is given from hand to hand: when it is unlocked, the most urgent of those who wait has
 * it, the first of them among equals. Not for interrupts. Nobody locks one twice.
 *
 * L. Sha, R. Rajkumar, J. Lehoczky, "Priority Inheritance Protocols" (IEEE Transactions on
 * Computers 39 (9), 1990).
 */
#ifndef TASK_MUTEX_H
#define TASK_MUTEX_H

#include "lib/list.h"

struct task;

struct mutex {
    struct task *owner;             /* NULL: free */
    struct list waiters;            /* struct waiter: those who want it, in the order they came */
    struct list node;               /* in its owner's list of those it holds */
};

#define MUTEX(name) struct mutex name = { .waiters = { &name.waiters, &name.waiters } }

/* Make it free. One in static storage is made so by MUTEX(name). */
void mutex_init(struct mutex *mutex);

/* Wait until it is the current task's. Panics if it is that already. */
void mutex_lock(struct mutex *mutex);

/* Take it if it is free. Returns whether it was. */
bool mutex_trylock(struct mutex *mutex);

/*
 * Give it to the next one, and back what was inherited by holding it. Panics if it is not the
 * current task's.
 */
void mutex_unlock(struct mutex *mutex);

/* Give a task another priority of its own (1 to PRIORITIES - 1); what it has inherited stays. */
void task_set_priority(struct task *task, unsigned priority);

#endif
