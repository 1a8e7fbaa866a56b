/*
 * A ring of scheduler events: what happened, when, to which task. Cheap enough to be on at all
 * times; the oldest events are overwritten. scripts/timeline draws it.
 */
#ifndef DEBUG_TRACE_H
#define DEBUG_TRACE_H

#include "lib/types.h"

#define TRACE_RECORDS 1024          /* a power of two */

/*
 * Events. `task` is the pid that it happened to, `other` what stands behind each. The scheduler's
 * lock is held when one is recorded: the order in the ring is the order in which they happened.
 */
#define TRACE_EVENTS(X)                                                                            \
    X(CREATE)       /* a task, READY for the first time; its priority */                           \
    X(PREPARE)      /* is WAITING from now on, but still runs; 1: interruptible */                 \
    X(FINISH)       /* does not wait any more, and goes on; 0 */                                   \
    X(WAKE)         /* was WAITING and is to run; 1: it slept, 0: not yet */                       \
    X(YIELD)        /* let go of the processor, but could run on; 1: its slice was used up */      \
    X(SLEEP)        /* let go of it until it is woken; 0 */                                        \
    X(PREEMPT)      /* lost it; 1: its slice was used up */                                        \
    X(RUN)          /* got it; the pid of the one before */                                        \
    X(PRIORITY)     /* has another priority, this one */                                           \
    X(EXIT)         /* is a ZOMBIE; its status */

enum trace_event {
#define X(name) TRACE_##name,
    TRACE_EVENTS(X)
#undef X
};

struct trace_record {
    uint64_t time;                  /* the time-stamp counter */
    uint32_t event;                 /* enum trace_event */
    uint32_t task;
    int32_t other;
};

#define TRACE(event, task, other) trace_put(TRACE_##event, task, other)

/* Record an event, as TRACE(WAKE, pid, 0). Interrupts are off. */
void trace_put(enum trace_event event, uint32_t task, int32_t other);

/*
 * The n-th record that is still there, from the oldest on, into *record; false if there are not so
 * many. What is recorded meanwhile shifts them: read with interrupts off.
 */
bool trace_get(unsigned n, struct trace_record *record);

/* Forget all of it. */
void trace_clear(void);

/* The event's name, as it stands above. */
const char *trace_name(enum trace_event event);

#endif
