/*
 * Waiting: a storm of tasks that wake each other, while interrupts wake some of them, too;
 * producers and consumers; and tasks that stay in their queues, for whoever looks from outside.
 */
#include "watch.h"
#include "task/semaphore.h"

#define RING_MAX  6
#define PATIENCE  12000             /* ms: ticks come often */

static uint32_t wild;               /* state of the interrupts' own choices */
static task_t *seen_tasks[16];
static unsigned seen_count;

uint32_t wait_seen_asleep;          /* how many tasks all ticks together found asleep */

static task_t *enter(task_t *task)
{
    seen_tasks[seen_count++] = task;
    return task;
}

static void count_sleepers(void)
{
    for (unsigned i = 0; i < seen_count; i++)
        wait_seen_asleep += seen_tasks[i]->state == TASK_WAITING && !seen_tasks[i]->queued;
}

/* ---- a token goes round, and others listen to interrupts */

static struct wait_queue turn[RING_MAX], heard;
static volatile uint32_t token, events;

uint32_t ring_size, ring_rounds;
uint32_t ring_sum;                  /* of who had the token, in that order */
uint32_t ring_turns[RING_MAX];
volatile uint32_t ring_done;
uint32_t ring_events, ring_heard;
uint32_t ring_missed;               /* how often one found who listens asleep, and an event there */

static task_t *listens;
static volatile uint32_t ring_ticks;

static int ring_task(void *arg)
{
    uint32_t me = (uintptr_t)arg, next = (me + 1) % ring_size;

    for (uint32_t i = 0; i < ring_rounds; i++) {
        wait_event(&turn[me], token == me);
        ring_sum = ring_sum * 31 + me * i + 1;
        ring_turns[me]++;
        token = next;
        wait_wake_one(&turn[next]);
    }
    count_up(&ring_done);
    rest();
}

static bool take_event(void)
{
    uint32_t flags = irq_save();
    bool any = events > 0;

    events -= any;
    irq_restore(flags);
    return any;
}

/* Sometimes it takes long from the look to the sleep: something happens between. */
static bool linger(uint32_t *state)
{
    uint32_t begun = ring_ticks;

    if (draw(state, 4) == 0)
        while (ring_ticks == begun)
            ;
    return false;
}

/* More urgent than the ring: what an interrupt says takes the processor from it wherever it is. */
static int listener(void *arg)
{
    uint32_t state = ring_size;

    (void)arg;
    for (;;) {
        wait_event(&heard, take_event() || linger(&state));
        ring_heard++;
        wait_wake_one(&turn[ring_heard % ring_size]);       /* for nothing, mostly */
    }
    return 0;
}

static void ring_tick(void)
{
    ring_ticks++;
    count_sleepers();
    ring_missed += events && listens->state == TASK_WAITING && !listens->queued && !listens->on_cpu;
    if (ring_done < ring_size && draw(&wild, 3)) {
        events++;
        ring_events++;
        wait_wake_one(&heard);
    }
    if (draw(&wild, 4) == 0)        /* as a time-out would */
        task_wake(seen_tasks[draw(&wild, ring_size)]);
}

KTEST(wait_ring)
{
    ring_size = 2 + ktest_random(RING_MAX - 1);
    ring_rounds = 3000 / ring_size;
    wild = ktest_random(1000000);
    wait_init(&heard);
    for (unsigned i = 0; i < RING_MAX; i++)
        wait_init(&turn[i]);
    for (uintptr_t i = 0; i < ring_size; i++) {
        unsigned priority = 17 + ktest_random(4);
        enter(SPAWN(priority, ring_task, (void *)i));
    }
    listens = SPAWN(25, listener, NULL);
    at_each_tick(ring_tick);
    irq_enable();
    let_run(&ring_done, ring_size, PATIENCE);
    let_run(&ring_done, ring_size + 1, 5);
    stay();
}

/* ---- producers and consumers */

#define MAKERS     3
#define TAKERS     3
#define ITEMS      240              /* of each maker */
#define BUFFER_MAX 7

static struct semaphore vacant, filled;
static uint32_t buffer[BUFFER_MAX], buffer_size, first, last;

uint32_t makers_seeds[MAKERS];
uint32_t takers_log[MAKERS * ITEMS];
uint32_t takers_count;
volatile uint32_t makers_done;

static int maker(void *arg)
{
    uint32_t me = (uintptr_t)arg, state = makers_seeds[me];

    for (unsigned i = 0; i < ITEMS; i++) {
        uint32_t item = me << 24 | draw(&state, 1 << 24);
        burn(draw(&state, 60));
        semaphore_down(&vacant);
        uint32_t flags = irq_save();
        buffer[last++ % buffer_size] = item;
        irq_restore(flags);
        semaphore_up(&filled);
    }
    count_up(&makers_done);
    rest();
}

static int taker(void *arg)
{
    (void)arg;
    for (;;) {
        semaphore_down(&filled);
        uint32_t flags = irq_save();
        takers_log[takers_count++ % (MAKERS * ITEMS)] = buffer[first++ % buffer_size];
        irq_restore(flags);
        semaphore_up(&vacant);
        burn(20);
    }
    return 0;
}

static void makers_tick(void)
{
    if (!makers_done)
        count_sleepers();
    task_wake(seen_tasks[draw(&wild, seen_count)]);             /* for nothing */
}

KTEST(wait_buffer)
{
    buffer_size = 1 + ktest_random(BUFFER_MAX);
    wild = ktest_random(1000000);
    semaphore_init(&vacant, buffer_size);
    semaphore_init(&filled, 0);
    for (uintptr_t i = 0; i < TAKERS; i++)
        enter(SPAWN(17 + ktest_random(4), taker, NULL));
    for (uintptr_t i = 0; i < MAKERS; i++) {
        makers_seeds[i] = ktest_random(1000000);
        enter(SPAWN(17 + ktest_random(4), maker, (void *)i));
    }
    at_each_tick(makers_tick);
    irq_enable();
    let_run(&makers_done, MAKERS, PATIENCE);
    let_run(&takers_count, MAKERS * ITEMS, 100);
    task_yield();
    stay();
}

/* ---- standing in line */

#define LINE  10
#define PAIRS 3
#define ALL   4

struct wait_queue line_queue, pair_queues[2], all_queue, event_queue;
task_t *line_tasks[LINE], *pair_tasks[PAIRS], *all_tasks[ALL], *event_tasks[3];
uint32_t line_order[LINE], pair_order[PAIRS], all_order[ALL];
int32_t event_results[3];           /* of those that wait: 1 as long as they do */
int32_t line_results[4], pair_results[2], all_results[2];

static uint32_t woken;

static int in_line(void *arg)
{
    struct wait_entry entry;

    wait_entry_init(&entry);
    wait_prepare(&line_queue, &entry, false);
    schedule();
    wait_finish(&line_queue, &entry);
    *(uint32_t *)arg = ++woken;
    rest();
}

static int in_two_lines(void *arg)
{
    struct wait_entry entries[2];

    for (unsigned i = 0; i < 2; i++) {
        wait_entry_init(&entries[i]);
        wait_prepare(&pair_queues[i], &entries[i], false);
    }
    schedule();
    for (unsigned i = 0; i < 2; i++)
        wait_finish(&pair_queues[i], &entries[i]);
    *(uint32_t *)arg = ++woken;
    rest();
}

static int with_all(void *arg)
{
    struct wait_entry entry;

    wait_entry_init(&entry);
    wait_prepare(&all_queue, &entry, false);
    schedule();
    wait_finish(&all_queue, &entry);
    *(uint32_t *)arg = ++woken;
    rest();
}

static int for_event(void *arg)
{
    int32_t *result = arg;

    *result = 1;
    if (result == &event_results[2])
        wait_event(&event_queue, *result != 1);
    else
        *result = wait_event_interruptible(&event_queue, *result != 1);
    rest();
}

static void start_all(void)
{
    for (unsigned i = 0; i < LINE; i++)
        line_tasks[i] = SPAWN(20, in_line, &line_order[i]);
    for (unsigned i = 0; i < PAIRS; i++)
        pair_tasks[i] = SPAWN(20, in_two_lines, &pair_order[i]);
    for (unsigned i = 0; i < ALL; i++)
        all_tasks[i] = SPAWN(20, with_all, &all_order[i]);
    for (unsigned i = 0; i < 3; i++)
        event_tasks[i] = SPAWN(20, for_event, &event_results[i]);
    task_yield();                   /* this one is less urgent: it goes on when all wait */
}

KTEST(wait_line)
{
    wait_init(&line_queue);
    wait_init(&pair_queues[0]);
    wait_init(&pair_queues[1]);
    wait_init(&all_queue);
    wait_init(&event_queue);
    start_all();
    for (unsigned i = 0; i < 3; i++) {
        line_results[i] = wait_wake_one(&line_queue);
        task_yield();
    }
    /* Interrupts are off: who is woken does not run before this task yields. */
    task_wake(line_tasks[3]);
    task_wake(line_tasks[4]);
    line_results[3] = wait_wake_one(&line_queue);
    task_yield();
    pair_results[0] = wait_wake_one(&pair_queues[0]);
    pair_results[1] = wait_wake_one(&pair_queues[1]);
    task_yield();
    task_wake(all_tasks[1]);
    all_results[0] = wait_wake_all(&all_queue);
    all_results[1] = wait_wake_all(&all_queue);
    task_yield();
    task_interrupt(event_tasks[0]);
    task_interrupt(event_tasks[2]);
    task_yield();
    stay();
}
