/*
 * Who has the processor, and when: tasks that only compute, urgent ones that are woken, and nobody.
 *
 * A handler behind the kernel's own on the timer's line writes down, at each tick, who runs; in the
 * end it halts the machine, whatever the scheduler does. So all of it ends.
 */
#include "outside.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "task/runqueue.h"
#include "task/sched.h"
#include "x86/irq.h"

#define TIMER_LINE 0
#define TASKS      10
#define TICKS      6000

/* By number; 0 is the test itself. */
struct {
    task_t *task;
    volatile uint32_t count;        /* what it has computed */
    uint32_t counted;               /* the same when the measuring began */
    uint32_t priority;
} preempt_tasks[TASKS];
uint32_t preempt_count = 1;         /* tasks, with the test */
uint32_t preempt_begin, preempt_end;        /* ticks */

uint8_t preempt_who[TICKS];         /* who ran at each tick; 255: somebody else */
uint32_t preempt_ticks;

static void (*each_tick)(void);

static uint8_t number_of(const task_t *task)
{
    for (unsigned i = 0; i < preempt_count; i++)
        if (preempt_tasks[i].task == task)
            return i;
    return 255;
}

static bool preempt_watch(void *arg, struct trapframe *tf)
{
    (void)arg, (void)tf;
    preempt_who[preempt_ticks] = number_of(current());
    if (++preempt_ticks == preempt_begin)
        for (unsigned i = 0; i < preempt_count; i++)
            preempt_tasks[i].counted = preempt_tasks[i].count;
    if (preempt_ticks == preempt_end || preempt_ticks == TICKS)
        stay();
    if (each_tick)
        each_tick();
    return true;
}

static void become(unsigned priority)
{
    current()->priority = current()->base_priority = priority;
}

static int compute(void *arg)
{
    volatile uint32_t *count = arg;

    for (;;)
        ++*count;
    return 0;
}

static bool put_away(task_t *task, void *arg)
{
    (void)arg;
    if (task->queued) {
        rq_remove(this_cpu()->runqueue, task);
        task->state = TASK_WAITING;
    }
    return true;
}

/* The kernel's own tasks, none of which has run yet, are to stay out of it. */
static void alone(void)
{
    task_each(put_away, NULL);
}

/* A task of this priority. */
static unsigned add(int (*func)(void *), void *arg, unsigned priority)
{
    unsigned i = preempt_count++;

    become(priority);
    preempt_tasks[i].priority = priority;
    preempt_tasks[i].task = create_task(func, arg, "of the test");
    if (!preempt_tasks[i].task)
        stay_without("task");
    return i;
}

static unsigned add_computing(unsigned priority)
{
    return add(compute, (void *)&preempt_tasks[preempt_count].count, priority);
}

/* The test's own part is done: it sleeps, and wakes when somebody says so. */
static void sleep(void)
{
    sched_prepare_wait(false);
    schedule();
}

static void start_watch(void)
{
    preempt_tasks[0].task = current();
    irq_register(TIMER_LINE, preempt_watch, NULL);
}

/* Equals that compute. Halts in preempt_watch, after 40 turns for each. */
KTEST(preempt_shares)
{
    unsigned n = 3 + ktest_random(4), priority = 1 + ktest_random(PRIORITIES - 1);

    alone();
    for (unsigned i = 0; i < n; i++)
        add_computing(priority);
    preempt_begin = 2 * n * SLICE_TICKS + 3;
    preempt_end = preempt_begin + 40 * n * SLICE_TICKS;
    start_watch();
    irq_enable();
    sleep();
    stay_without("sleep");
}

/* ---- an urgent one, and others that would starve */

static task_t *waker;

static int wake_up(void *arg)
{
    volatile uint32_t *count = arg;

    for (;;) {
        ++*count;
        sleep();
    }
    return 0;
}

static void wake_often(void)
{
    if (preempt_ticks % 3 == 0)
        task_wake(waker);
}

/*
 * Task 1 is woken every 3 ticks and does hardly anything; 2 and 3 are a little less urgent and
 * compute; so do the others, which are less urgent than all of these. Halts in preempt_watch.
 */
KTEST(preempt_starving)
{
    unsigned n = 2 + ktest_random(4), urgent = 20 + ktest_random(10);

    alone();
    waker = preempt_tasks[add(wake_up, (void *)&preempt_tasks[1].count, urgent + 1)].task;
    add_computing(urgent);
    add_computing(urgent);
    for (unsigned i = 0; i < n; i++)
        add_computing(1 + ktest_random(urgent - 1));
    preempt_begin = 1;
    preempt_end = 3500;
    each_tick = wake_often;
    start_watch();
    irq_enable();
    sleep();
    stay_without("sleep");
}

/* ---- waking */

#define WAKES 40
enum { H = 1, EQUAL, LOWER };       /* the tasks' numbers; H is more urgent */

/* After each step of a wake-up: how often the woken task has run. */
struct {
    uint32_t kind, runs[4];
} preempt_wakes[WAKES];
uint32_t preempt_wake_count;

static struct spinlock first_lock, second_lock;
static volatile uint32_t spun, spun_at_wake, spun_at_run, wake_tick, run_tick;
static volatile bool wake_at_tick, wake_me;

static int respond(void *arg)
{
    volatile uint32_t *count = arg;

    for (;;) {
        sleep();
        spun_at_run = spun;
        run_tick = preempt_ticks;
        ++*count;
        if (wake_me) {              /* the test sleeps, too */
            wake_me = false;
            task_wake(preempt_tasks[0].task);
        }
    }
    return 0;
}

static void wake_from_interrupt(void)
{
    if (!wake_at_tick)
        return;
    wake_at_tick = false;
    wake_tick = preempt_ticks;
    spun_at_wake = spun;
    task_wake(preempt_tasks[H].task);
}

/* From here on no tick comes for a while. */
static void after_a_tick(void)
{
    uint32_t tick = preempt_ticks;

    while (*(volatile uint32_t *)&preempt_ticks == tick)
        ;
}

static uint32_t runs(unsigned i)
{
    return preempt_tasks[i].count;
}

/* All three of them sleep again. */
static void settle(void)
{
    for (unsigned i = 0; i < 8; i++)
        task_yield();
    become(1);
    for (unsigned i = 0; i < 8; i++)
        task_yield();
    become(10);
}

static void wake(unsigned kind, uint32_t *seen)
{
    unsigned who = kind == 4 ? EQUAL : kind == 5 ? LOWER : H;
    uint32_t begin = runs(who), flags, inner;
    task_t *task = preempt_tasks[who].task;

    switch (kind) {
    case 0:                         /* plainly */
    case 4:                         /* one that is not more urgent */
    case 5:
        task_wake(task);
        seen[0] = runs(who) - begin;
        break;
    case 1:                         /* with a lock */
        flags = spin_lock_irqsave(&first_lock);
        task_wake(task);
        seen[0] = runs(who) - begin;
        spin_unlock_irqrestore(&first_lock, flags);
        seen[1] = runs(who) - begin;
        break;
    case 2:                         /* with two */
        flags = spin_lock_irqsave(&first_lock);
        inner = spin_lock_irqsave(&second_lock);
        task_wake(task);
        seen[0] = runs(who) - begin;
        spin_unlock_irqrestore(&second_lock, inner);
        seen[1] = runs(who) - begin;
        spin_unlock_irqrestore(&first_lock, flags);
        seen[2] = runs(who) - begin;
        break;
    case 3:                         /* with interrupts off */
        flags = irq_save();
        task_wake(task);
        seen[0] = runs(who) - begin;
        inner = spin_lock_irqsave(&first_lock);
        spin_unlock_irqrestore(&first_lock, inner);
        seen[1] = runs(who) - begin;
        irq_restore(flags);
        after_a_tick();
        seen[2] = runs(who) - begin;
        break;
    case 6:                         /* from an interrupt */
        wake_at_tick = true;
        for (uint32_t tick = preempt_ticks; *(volatile uint32_t *)&preempt_ticks < tick + 2;)
            spun++;
        seen[0] = runs(who) - begin;
        seen[1] = spun_at_run - spun_at_wake;
        break;
    case 7:                         /* the same while nobody else can run */
        wake_at_tick = wake_me = true;
        sleep();
        seen[0] = runs(who) - begin;
        seen[1] = run_tick - wake_tick;
        break;
    }
}

/* Wake-ups of every kind. Halts, or in preempt_watch if one of them does not come back. */
KTEST(preempt_wakes)
{
    alone();
    add(respond, (void *)&preempt_tasks[H].count, 11 + ktest_random(20));
    add(respond, (void *)&preempt_tasks[EQUAL].count, 10);
    add(respond, (void *)&preempt_tasks[LOWER].count, 2 + ktest_random(8));
    become(10);
    each_tick = wake_from_interrupt;
    start_watch();
    irq_enable();
    settle();
    for (; preempt_wake_count < WAKES; preempt_wake_count++) {
        unsigned kind = preempt_wakes[preempt_wake_count].kind = ktest_random(8);
        after_a_tick();
        wake(kind, preempt_wakes[preempt_wake_count].runs);
        settle();
    }
    irq_disable();
    stay();
}

/* ---- nobody */

static int sleeps(void *arg)
{
    (void)arg;
    for (;;)
        sleep();
    return 0;
}

/* All tasks sleep. Says "asleep" before the last one does, and does not end. */
KTEST(preempt_idle)
{
    alone();
    for (unsigned i = 0; i < 3; i++)
        add(sleeps, NULL, 5 + ktest_random(20));
    become(1);
    irq_enable();
    for (unsigned i = 0; i < 8; i++)
        task_yield();
    ktest_report("asleep");
    for (;;)
        sleep();
}

/* ---- registers, and the kernel's own code */

#define HOLDERS 3

/* For hold.asm. */
struct hold {
    uint32_t regs[6], stack[8], bad, rounds, now, unused[3], xmm[7][4];
} __attribute__((aligned(16))) preempt_holds[HOLDERS];

void hold(struct hold *h);

struct {
    uint32_t blocks, bad;
} preempt_heap[2];

static int holder(void *arg)
{
    hold(arg);
    return 0;
}

/* Blocks of the heap, filled and looked at, as fast as it goes. */
static int use_heap(void *arg)
{
    unsigned me = (uintptr_t)arg;
    uint8_t *blocks[16] = { 0 };

    for (uint32_t n = 0;; n++) {
        unsigned i = n % ARRAY_SIZE(blocks), size = 16 + n * 37 % 3000;
        uint8_t value = n + me * 100;
        if (blocks[i]) {
            for (unsigned at = 1; at < 16; at++)
                preempt_heap[me].bad += blocks[i][at] != blocks[i][0];
            kfree(blocks[i]);
        }
        blocks[i] = kmalloc(size);
        if (!blocks[i])
            stay_without("memory");
        memset(blocks[i], value, size);
        preempt_heap[me].blocks++;
    }
    return 0;
}

/* Tasks that have all registers full, and tasks in the kernel's own code. Halts in the watch. */
KTEST(preempt_registers)
{
    unsigned priority = 1 + ktest_random(PRIORITIES - 1);

    for (unsigned i = 0; i < HOLDERS; i++) {
        struct hold *h = &preempt_holds[i];
        for (unsigned r = 0; r < 6; r++)
            h->regs[r] = random32();
        for (unsigned r = 0; r < 8; r++)
            h->stack[r] = random32();
        for (unsigned r = 0; r < 28; r++)
            h->xmm[r / 4][r % 4] = random32();
    }
    alone();
    for (unsigned i = 0; i < HOLDERS; i++)
        add(holder, &preempt_holds[i], priority);
    for (unsigned i = 0; i < ARRAY_SIZE(preempt_heap); i++)
        add(use_heap, (void *)(uintptr_t)i, priority);
    preempt_begin = 1;
    preempt_end = 20 * (HOLDERS + ARRAY_SIZE(preempt_heap)) * SLICE_TICKS;
    start_watch();
    irq_enable();
    sleep();
    stay_without("sleep");
}
