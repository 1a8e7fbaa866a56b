/*
 * What belongs to one processor: its descriptor tables, and what it is running.
 *
 * There is one processor until lab 10. Everything that a second one would need a copy of is here
 * already, and reached through this_cpu(). A field is written by its own processor only, with
 * interrupts off where an interrupt handler uses it too.
 */
#ifndef X86_PERCPU_H
#define X86_PERCPU_H

#include "x86/tss.h"

#define CPUS 1

struct fpu;
struct runqueue;
struct space;
struct task;

struct cpu {
    uint64_t gdt[GDT_ENTRIES];
    uint32_t below_tss[256];        // lab 6: a stack for sysenter's first moments
    struct tss tss;                 /* the one that runs: for esp0 */
    struct tss fault_tss;           /* double faults go on here, on a stack of their own */
    struct task *current;           /* the running task */
    struct task *previous;          /* the one that ran before it: for the end of the switch */
    struct task *idle;              /* runs when no other can */
    struct runqueue *runqueue;      /* those that could */
    struct fpu *fpu;                /* where the current task's FPU registers are kept */
    uint64_t ticks;                 /* timer interrupts so far; under the run queue's lock */
    unsigned locks;                 /* spinlocks held: while there are any, the task stays */
    bool resched;                   /* another task should run: as soon as none is held */
};

extern struct cpu cpus[CPUS];

/* The processor that we run on. Stays the same only as long as the task cannot be moved away. */
static inline struct cpu *this_cpu(void)
{
    return &cpus[0];
}

/*
 * Gives the processor to another task. Set by task/sched; NULL: there are no tasks yet. Called with
 * interrupts on or off, without spinlocks.
 */
extern void (*preempt_hook)(void);

/* Is it time, and are we free, to let another task run? Interrupts are (or come) on. */
static inline bool preempt_due(void)
{
    const struct cpu *cpu = this_cpu();

    return cpu->resched && !cpu->locks && preempt_hook;
}

#endif
