/*
 * Wait queues: tasks that sleep until something has happened, and who tells them.
 *
 * A task that waits says so first and looks at its condition then; whoever makes the condition true
 * does that first and wakes then. So it cannot be missed:
 *
 *     wait_event(&queue, there is something);          make something;
 *                                                      wait_wake_one(&queue);
 *
 * An entry is an object of its own, mostly on the waiting task's stack. One task may wait on
 * several queues at once, with a time-out: prepare an entry for each, look, schedule_timeout(), and
 * finish each. A condition that several tasks change has a lock; whoever waits looks at it with the
 * lock held and sleeps without (task/semaphore.c). Users of the macros include task/sched.h, and
 * task/timer.h for time-outs.
 */
#ifndef TASK_WAIT_H
#define TASK_WAIT_H

#include "abi/errno.h"
#include "lib/list.h"
#include "sync/spinlock.h"

struct task;

struct wait_queue {
    struct spinlock lock;           /* of the list, and of its entries */
    struct list entries;            /* who has waited longest is first */
};

struct wait_entry {
    struct list node;               /* alone if it is in no queue: woken, or never prepared */
    struct task *task;
};

/* No task waits. A queue of static storage is made by WAIT_QUEUE(name). */
void wait_init(struct wait_queue *queue);

#define WAIT_QUEUE(name) struct wait_queue name = { .entries = { &name.entries, &name.entries } }

/* Make an entry of the current task's, in no queue. */
void wait_entry_init(struct wait_entry *entry);

/*
 * The current task is WAITING from now on, and its entry the queue's last, if it is in none yet.
 * Look at the condition, call schedule() or not, then wait_finish(). Returns 0; -EINTR: the wait is
 * interruptible and the task has been interrupted; it does not wait then, and is in no queue.
 */
int wait_prepare(struct wait_queue *queue, struct wait_entry *entry, bool interruptible);

/* The current task waits no more: it goes on, and its entry is in no queue. */
void wait_finish(struct wait_queue *queue, struct wait_entry *entry);

/*
 * Wake the first task of the queue that sleeps. One that is still or again awake does not count: it
 * may have seen its condition already, and then the word is for the next. The entries of all that
 * were looked at leave the queue. Returns whether there was a sleeper. Callable from interrupts.
 */
bool wait_wake_one(struct wait_queue *queue);

/* Wake all. Returns how many slept. Callable from interrupts. */
unsigned wait_wake_all(struct wait_queue *queue);

/*
 * schedule(), but for `ms` milliseconds at most. Returns whether time is left: false, it has run
 * out.
 */
bool schedule_timeout(uint32_t ms);

/* Sleep until the condition, which is looked at again and again, is true. */
#define wait_event(queue, condition) wait_until_(queue, condition, false, (schedule(), true))

/* The same; 0, or -EINTR: the task was interrupted, and the condition was false. */
#define wait_event_interruptible(queue, condition) \
    wait_until_(queue, condition, true, (schedule(), true))

/* The same; 0, or -ETIMEDOUT after ms milliseconds in which the condition did not come true. */
#define wait_event_timeout(queue, condition, ms) ({                                                \
    uint64_t end_ = timer_now() + (ms);                                                            \
    wait_until_(queue, condition, false,                                                           \
                timer_now() < end_ && (schedule_timeout(end_ - timer_now()), true)); })

/* All three: what to do while it is false, and whether to go on after that. */
#define wait_until_(queue, condition, interruptible, sleep) ({                                     \
    struct wait_entry entry_;                                                                      \
    int result_ = 0;                                                                               \
    wait_entry_init(&entry_);                                                                      \
    for (;;) {                                                                                     \
        int error_ = wait_prepare(queue, &entry_, interruptible);                                  \
        if (condition)                                                                             \
            break;                                                                                 \
        if (error_ || !(sleep)) {                                                                  \
            result_ = error_ ? error_ : -ETIMEDOUT;                                                \
            break;                                                                                 \
        }                                                                                          \
    }                                                                                              \
    wait_finish(queue, &entry_);                                                                   \
    result_; })

#endif
