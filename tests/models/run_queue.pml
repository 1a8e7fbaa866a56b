/*
 * Whose turn it is: src/kernel/task/runqueue.c, and sched.c's decisions to look there.
 *
 * The properties: no READY task starves - one that is due for having waited has the processor after BOUND turns at most,
 * and keeps it for a time slice or until it lets go; and the most urgent READY task is never passed over twice in a row.
 *
 * Time goes in slices. Task 2 is the most urgent, 0 the least. Which of several that are due has waited longest is left
 * open: it may be any of them.
 *
 * With -DNO_RESCUE, -DRESCUE_AGAIN or -DPREEMPT_RESCUED the model has a mistake, which must be found.
 */
#define TASKS  3
#define NONE   TASKS
#define STARVE 2                /* slices: STARVE_MS */
#define BOUND  (2 * TASKS)

bool ready[TASKS], sleeps[TASKS];
byte waited[TASKS];             /* slices since it became READY, STARVE at most */
byte passed[TASKS];             /* turns of others since it is due */
byte wasted[TASKS];             /* times that it was rescued, and lost the processor before its slice was over */
byte current = NONE;
bool rescued;
byte passed_over;               /* turns in a row that the most urgent one did not get */

inline enter(t)                 /* rq_add() */
{
    ready[t] = true;
    waited[t] = 0
}

inline take(t)                  /* rq_remove() */
{
    ready[t] = false;
    current = t;
    passed[t] = 0
}

inline count(t)
{
    if
    :: ready[t] && waited[t] == STARVE -> passed[t]++; assert(passed[t] <= BOUND)
    :: else
    fi
}

inline pick()                   /* rq_pick() */
{
    bool again = rescued;
    byte urgent = NONE;

    rescued = false;
    count(0); count(1); count(2);
    if
    :: ready[2] -> urgent = 2
    :: !ready[2] && ready[1] -> urgent = 1
    :: !ready[2] && !ready[1] && ready[0] -> urgent = 0
    :: else
    fi;
#ifdef RESCUE_AGAIN
    again = false;
#endif
    if
#ifndef NO_RESCUE
    :: !again && ready[0] && waited[0] == STARVE -> rescued = true; take(0)
    :: !again && ready[1] && waited[1] == STARVE -> rescued = true; take(1)
    :: !again && ready[2] && waited[2] == STARVE -> rescued = true; take(2)
#endif
    :: else ->
        if
        :: urgent == NONE -> current = NONE
        :: else -> take(urgent)
        fi
    fi;
    if
    :: urgent != NONE && current != urgent -> passed_over++; assert(passed_over < 2)
    :: else -> passed_over = 0
    fi
}

inline wait_on(t)
{
    if
    :: ready[t] && waited[t] < STARVE -> waited[t]++
    :: else
    fi
}

/* sched_tick(): the slice is used up. */
inline slice()
{
    wait_on(0); wait_on(1); wait_on(2);
    wasted[current] = 0;
    enter(current);
    pick()
}

/* schedule() by a task that is WAITING. */
inline let_go()
{
    wasted[current] = 0;
    sleeps[current] = true;
    pick()
}

/* task_wake() and preempt_for(). */
inline wake(t)
{
    sleeps[t] = false;
    enter(t);
    if
    :: current == NONE -> pick()
#ifdef PREEMPT_RESCUED
    :: current != NONE && t > current ->
#else
    :: current != NONE && t > current && !rescued ->
#endif
        if
        :: rescued -> wasted[current]++; assert(wasted[current] < 2)
        :: else
        fi;
        enter(current);
        pick()
    :: else
    fi
}

active proctype processor()
{
    atomic { enter(0); enter(1); enter(2); pick() };
    do
    :: atomic { current != NONE -> slice() }
    :: atomic { current != NONE -> let_go() }
    :: atomic { sleeps[0] -> wake(0) }
    :: atomic { sleeps[1] -> wake(1) }
    :: atomic { sleeps[2] -> wake(2) }
    od
}
