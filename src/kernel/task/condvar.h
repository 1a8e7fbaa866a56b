/*
 * Condition variables: sleep until what a mutex protects has become what one needs.
 *
 *     mutex_lock(&mutex);                              mutex_lock(&mutex);
 *     while (!condition)                               make the condition true;
 *         condvar_wait(&condvar, &mutex);              condvar_signal(&condvar);
 *     ...                                              mutex_unlock(&mutex);
 *     mutex_unlock(&mutex);
 *
 * The loop is needed: when the mutex is the sleeper's again, another may have been there first
 * (B. Lampson, D. Redell, "Experience with Processes and Monitors in Mesa", CACM 23 (2), 1980).
 */
#ifndef TASK_CONDVAR_H
#define TASK_CONDVAR_H

#include "task/mutex.h"
#include "task/wait.h"

struct condvar {
    struct wait_queue queue;
};

/* Nobody waits. */
void condvar_init(struct condvar *condvar);

/*
 * Unlock the mutex, which is the current task's, sleep until a signal, and lock it again. No signal
 * that comes after the unlocking is missed.
 */
void condvar_wait(struct condvar *condvar, struct mutex *mutex);

/* Wake one that sleeps, or all. */
void condvar_signal(struct condvar *condvar);
void condvar_broadcast(struct condvar *condvar);

#endif
