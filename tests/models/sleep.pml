/*
 * Sleeping and waking on one processor: src/kernel/task/wait.c and sched.c, and what interrupts them.
 *
 * The property: no wake-up is lost. Whenever no task can run, no item lies there while a task sleeps for one; and the
 * system comes to its end, at which every item was taken once.
 *
 * A comment at each change of a task's state says from what to what, its event in the kernel's trace, and the function that
 * makes it; test_models.py checks the traces of a real kernel against exactly these.
 *
 * With -DCHECK_FIRST, -DTELL_FIRST, -DPREEMPT_SLEEPS or -DAWAKE_COUNTS the model has a mistake, which must be found.
 */
#define CONSUMERS 2
#define ITEMS     4
#define TASKS     3             /* the consumers, and the producer, which is the last */
#define PREEMPTIONS 5
#define NONE      TASKS         /* the idle task runs */

mtype = { READY, RUNNING, WAITING, ZOMBIE };

mtype state[TASKS];
bool queued[TASKS];             /* in the run queue */
bool listed[TASKS];             /* in the wait queue */
byte current = NONE;
byte items, taken, preemptions;
bool slept;

/* What stands between two interleavings: interrupts are off, so nothing else happens meanwhile. */

inline go_on(t)             /* READY -> RUNNING: RUN in switch_to */
{                           /* WAITING -> WAITING: RUN in switch_to */
    current = t;
    queued[t] = false;
    if
    :: state[t] == READY -> state[t] = RUNNING
    :: else
    fi
}

/* Any task may be next here: which one, and that it is not for ever the same, is run_queue.pml's matter. */
inline pick()
{
    if
    :: queued[0] -> go_on(0)
    :: queued[1] -> go_on(1)
    :: queued[2] -> go_on(2)
    :: else ->
        current = NONE;
        /* nobody can run: then nobody may sleep for something that is there */
        assert(items == 0 || !(state[0] == WAITING || state[1] == WAITING))
    fi
}

inline let_go(t)            /* schedule() */
{
    if
    :: state[t] == RUNNING -> state[t] = READY; queued[t] = true    /* RUNNING -> READY: YIELD in put_aside */
    :: state[t] == WAITING -> skip                                  /* WAITING -> WAITING: SLEEP in put_aside */
    :: state[t] == ZOMBIE -> skip
    fi;
    pick()
}

inline lose(t)              /* preempt() */
{
#ifdef PREEMPT_SLEEPS
    let_go(t)
#else
    if
    :: state[t] == RUNNING -> state[t] = READY                      /* RUNNING -> READY: PREEMPT in put_aside */
    :: else -> skip                                                 /* WAITING -> WAITING: PREEMPT in put_aside */
    fi;
    queued[t] = true;
    pick()
#endif
}

inline wake(t)
{
    if
    :: state[t] == WAITING && current == t -> state[t] = RUNNING    /* WAITING -> RUNNING: WAKE in wake */
    :: state[t] == WAITING && current != t ->                       /* WAITING -> READY: WAKE in wake */
        state[t] = READY;
        queued[t] = true
    fi;
    if
    :: current == NONE && state[t] == READY -> pick()               /* the idle task is preempted at once */
    :: else
    fi
}

/* Tell t; was it asleep? */
inline tell(t)
{
    listed[t] = false;
    slept = state[t] == WAITING && current != t && !queued[t];
#ifdef AWAKE_COUNTS
    slept = state[t] == WAITING;
#endif
    wake(t)
}

/* wait_wake_one(), in any order: one after the other, until one was asleep. */
inline wake_one()
{
    slept = false;
    do
    :: listed[0] && !slept -> tell(0)
    :: listed[1] && !slept -> tell(1)
    :: (!listed[0] && !listed[1]) || slept -> break
    od
}

inline prepare(t)           /* RUNNING -> WAITING: PREPARE in sched_prepare_wait */
{                           /* WAITING -> WAITING: PREPARE in sched_prepare_wait */
    listed[t] = true;
    state[t] = WAITING
}

inline finish(t)            /* RUNNING -> RUNNING: FINISH in sched_finish_wait */
{                           /* WAITING -> RUNNING: FINISH in sched_finish_wait */
    listed[t] = false;
    state[t] = RUNNING
}

inline end(t)               /* RUNNING -> ZOMBIE: EXIT in sched_set_zombie */
{
    state[t] = ZOMBIE;
    let_go(t)
}

/* wait_event(&queue, an item can be taken), for this one's share of the items. */
proctype consumer(byte me)
{
    byte i;
    bool got;

    for (i : 1 .. ITEMS / CONSUMERS) {
        got = false;
        do
        :: true ->
#ifndef CHECK_FIRST
            atomic { current == me -> prepare(me) };
#endif
            atomic { current == me ->
                if
                :: items > 0 -> items--; taken++; got = true
                :: else
                fi };
            if
            :: got -> break
            :: else
            fi;
#ifdef CHECK_FIRST
            atomic { current == me -> prepare(me) };
#endif
            atomic { current == me -> let_go(me) }
        od;
        atomic { current == me -> finish(me) }
    }
    atomic { current == me -> end(me) }
}

/* All items but one come from a task. */
proctype producer(byte me)
{
    byte i;

    for (i : 1 .. ITEMS - 1) {
#ifdef TELL_FIRST
        atomic { current == me -> wake_one() };
        atomic { current == me -> items++ }
#else
        atomic { current == me -> items++ };
        atomic { current == me -> wake_one() }
#endif
    }
    atomic { current == me -> end(me) }
}

/* One comes from an interrupt handler, at any time. */
active proctype device()
{
    atomic { items++; wake_one() }
}

/* The timer interrupt: whoever runs may lose the processor between any two of its steps. */
active proctype timer()
{
    do
    :: atomic { preemptions < PREEMPTIONS && current != NONE -> preemptions++; lose(current) }
    :: break
    od
}

init
{
    atomic {
        state[0] = READY; state[1] = READY; state[2] = READY;       /* NONE -> READY: CREATE in sched_start */
        queued[0] = true; queued[1] = true; queued[2] = true;
        run consumer(0);
        run consumer(1);
        run producer(2);
        pick()
    }
    (state[0] == ZOMBIE && state[1] == ZOMBIE && state[2] == ZOMBIE);
    assert(taken == ITEMS && items == 0)
}
