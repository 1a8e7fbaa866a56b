/*
 * The scheduler.
 */
#include "task/sched.h"
#include "debug/log.h"
#include "debug/panic.h"
#include "debug/trace.h"
#include "mm/space.h"
#include "task/runqueue.h"
#include "task/stack.h"

static struct runqueue runqueues[CPUS];

/* The queue that the task belongs in. With more processors, it will be one of several. */
static struct runqueue *runqueue_of(const task_t *task)
{
    (void)task;
    return &runqueues[0];
}

/* What a task has besides its context: saved and set when another one takes its place. */
static paddr_t switch_extra(task_t *prev, task_t *next)
{
    fpu_switch(&next->fpu);
    this_cpu()->tss.esp0 = next->stack + STACK_SIZE;    /* for its way out of ring 3 */
    prev->space = space_current();
    for (unsigned i = 0; i < TLS_ENTRIES; i++)          // lab 6
        this_cpu()->gdt[GDT_TLS + i] = next->tls[i];    // lab 6
    return space_become(next->space);
}

/* The end of a switch, on the new task's stack: the old one's is free from here on. */
static void finish_switch(void)
{
    this_cpu()->previous->on_cpu = false;
}

static void switch_to(task_t *prev, task_t *next)
{
    struct cpu *cpu = this_cpu();
    paddr_t cr3 = switch_extra(prev, next);

    cpu->current = next;
    cpu->previous = prev;
    next->on_cpu = true;
    TRACE(RUN, next->pid, prev->pid);
    context_switch(&prev->esp, next->esp, cr3);
    finish_switch();                /* `prev` goes on, whoever ran meanwhile */
}

/* Put the task that has the processor aside: back into the queue, unless it sleeps or has ended. */
static void put_aside(struct runqueue *rq, task_t *task, bool preempted)
{
    bool used_up = task->slice == 0;

    if (task->state == TASK_RUNNING)
        task->state = TASK_READY;
    if (preempted)
        TRACE(PREEMPT, task->pid, used_up);
    else if (task->state == TASK_READY)
        TRACE(YIELD, task->pid, used_up);
    else if (task->state == TASK_WAITING)
        TRACE(SLEEP, task->pid, 0);
    /* One that is to be WAITING, but did not sleep yet, must come back to look at its condition. */
    if (task == this_cpu()->idle || (task->state != TASK_READY && !preempted))
        return;
    if (used_up)
        task->slice = SLICE_TICKS;
    rq_add(rq, task, preempted && !used_up, this_cpu()->ticks);
}

/* No other task can run, and there is no idle task: this one goes on, after the next interrupt. */
static void stay(struct runqueue *rq, task_t *task, uint32_t flags)
{
    bool waiting = task->state == TASK_WAITING;

    if (!waiting)
        task->state = TASK_RUNNING;
    spin_unlock_irqrestore(&rq->lock, flags);
    if (waiting && (flags & EFLAGS_IF))
        irq_wait();
}

static void reschedule(bool preempted)
{
    struct cpu *cpu = this_cpu();
    struct runqueue *rq = cpu->runqueue;
    uint32_t flags = spin_lock_irqsave(&rq->lock);
    task_t *prev = cpu->current;

    cpu->resched = false;
    put_aside(rq, prev, preempted);
    task_t *next = rq_pick(rq, this_cpu()->ticks);
    if (!next)
        next = cpu->idle;
    if (!next) {
        stay(rq, prev, flags);
        return;
    }
    if (next->state == TASK_READY)
        next->state = TASK_RUNNING;
    if (next != prev)
        switch_to(prev, next);
    spin_unlock_irqrestore(&this_cpu()->runqueue->lock, flags);
}

void sched_begin(void)
{
    finish_switch();
    spin_unlock_irqrestore(&this_cpu()->runqueue->lock, EFLAGS_IF);
}

void schedule(void)
{
    if (this_cpu()->locks)
        panic("schedule() with a spinlock held");
    reschedule(false);
}

void task_yield(void)
{
    schedule();
}

/* Another task is to have the processor, as soon as nothing stands against it. */
static void preempt(void)
{
    // exercise 4.5 begin: put the current task aside, although it did not ask for it
    reschedule(true);
    // exercise 4.5 stub
    // exercise 4.5 end
}

/*
 * `task` has become READY: is it more urgent than what runs? Whoever runs because it had waited too
 * long keeps its slice: it would starve in small pieces.
 */
static void preempt_for(const struct runqueue *rq, const task_t *task)
{
    // exercise 4.5 begin: compare; have this processor's task put aside if so
    if (task->priority > current()->priority && !rq->rescued)
        this_cpu()->resched = true;
    // exercise 4.5 stub
    // (void)rq, (void)task;
    // exercise 4.5 end
}

void sched_tick(void)
{
    task_t *task = current();
    struct runqueue *rq = runqueue_of(task);
    uint32_t flags = spin_lock_irqsave(&rq->lock);

    this_cpu()->ticks++;
    task->ticks++;
    spin_unlock_irqrestore(&rq->lock, flags);
    // exercise 4.5 begin: one tick of its slice is gone; with the last, it is another one's turn
    if (task == this_cpu()->idle)
        return;
    if (task->slice)
        task->slice--;
    if (task->slice == 0)
        this_cpu()->resched = true;
    // exercise 4.5 stub
    // exercise 4.5 end
}

/* Runs when no other task can. */
static int idle(void *arg)
{
    (void)arg;
    // exercise 4.5 begin: let the processor sleep, again and again
    for (;;)
        irq_wait();
    // exercise 4.5 stub
    // for (;;)
    //     task_yield();
    // exercise 4.5 end
    return 0;
}

/* Enter a READY task. The caller has the lock. */
static void make_ready(struct runqueue *rq, task_t *task)
{
    task->state = TASK_READY;
    if (task->queued)
        return;
    task->slice = SLICE_TICKS;
    rq_add(rq, task, false, this_cpu()->ticks);
    preempt_for(rq, task);
}

/* task_wake() for a caller that has the lock. */
static bool wake(struct runqueue *rq, task_t *task)
{
    if (task->state != TASK_WAITING)
        return false;
    bool slept = !task->on_cpu && !task->queued;
    TRACE(WAKE, task->pid, slept);
    if (task->on_cpu)
        task->state = TASK_RUNNING;
    else
        make_ready(rq, task);
    return slept;
}

bool task_wake(task_t *task)
{
    struct runqueue *rq = runqueue_of(task);
    uint32_t flags = spin_lock_irqsave(&rq->lock);
    bool slept = wake(rq, task);

    spin_unlock_irqrestore(&rq->lock, flags);
    return slept;
}

void task_interrupt(task_t *task)
{
    struct runqueue *rq = runqueue_of(task);
    uint32_t flags = spin_lock_irqsave(&rq->lock);

    task->interrupted = true;
    if (task->interruptible)
        wake(rq, task);
    spin_unlock_irqrestore(&rq->lock, flags);
}

bool sched_prepare_wait(bool interruptible)
{
    task_t *task = current();
    struct runqueue *rq = runqueue_of(task);
    uint32_t flags = spin_lock_irqsave(&rq->lock);
    bool may = !(interruptible && task->interrupted);

    if (may) {
        task->state = TASK_WAITING;
        task->interruptible = interruptible;
        TRACE(PREPARE, task->pid, interruptible);
    }
    spin_unlock_irqrestore(&rq->lock, flags);
    return may;
}

void sched_finish_wait(void)
{
    task_t *task = current();
    struct runqueue *rq = runqueue_of(task);
    uint32_t flags = spin_lock_irqsave(&rq->lock);

    task->state = TASK_RUNNING;
    TRACE(FINISH, task->pid, 0);
    spin_unlock_irqrestore(&rq->lock, flags);
}

void sched_start(task_t *task)
{
    struct runqueue *rq = runqueue_of(task);
    uint32_t flags = spin_lock_irqsave(&rq->lock);

    TRACE(CREATE, task->pid, task->priority);
    make_ready(rq, task);
    spin_unlock_irqrestore(&rq->lock, flags);
}

void sched_set_zombie(task_t *task)
{
    struct runqueue *rq = runqueue_of(task);
    uint32_t flags = spin_lock_irqsave(&rq->lock);

    task->state = TASK_ZOMBIE;
    TRACE(EXIT, task->pid, task->status);
    spin_unlock_irqrestore(&rq->lock, flags);
}

void sched_set_priority(task_t *task, unsigned priority)
{
    struct runqueue *rq = runqueue_of(task);
    uint32_t flags = spin_lock_irqsave(&rq->lock);
    bool queued = task->queued;

    if (queued)
        rq_remove(rq, task);
    task->priority = priority;
    TRACE(PRIORITY, task->pid, priority);
    if (queued) {
        rq_add(rq, task, false, this_cpu()->ticks);
        preempt_for(rq, task);
    } else if (task == current() && rq_highest(rq) > (int)priority) {
        this_cpu()->resched = true;
    }
    spin_unlock_irqrestore(&rq->lock, flags);
}

void sched_init(void)
{
    struct cpu *cpu = this_cpu();

    rq_init(&runqueues[0]);
    cpu->runqueue = &runqueues[0];
    cpu->idle = task_new(idle, NULL, "idle");
    if (cpu->idle) {
        cpu->idle->priority = cpu->idle->base_priority = 0;
        task_detach(cpu->idle);
    } else {
        kprintf(LOG_WARNING, "no idle task\n");
    }
    preempt_hook = preempt;
}
