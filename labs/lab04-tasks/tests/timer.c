/*
 * Many tasks that sleep, with times from the seed: alone, while somebody wakes them too early, and
 * without end, for whoever looks at them from outside.
 */
#include "watch.h"

#define SLEEPERS 20
#define ROUNDS   3
#define FOREVER  8
#define PATIENCE 2500               /* ms */

struct sleep_note {
    uint32_t ms, begun, ended, order;
};

struct sleep_note sleep_notes[SLEEPERS][ROUNDS];
uint32_t sleep_woken;               /* how often somebody ended a sleep too early */
volatile uint32_t sleep_rounds;

static task_t *sleepers[SLEEPERS];
static volatile uint32_t done;

static int sleeper(void *arg)
{
    struct sleep_note *notes = arg;

    for (unsigned i = 0; i < ROUNDS; i++) {
        notes[i].begun = acpi_timer();
        sleep_ms(notes[i].ms);
        notes[i].ended = acpi_timer();
        notes[i].order = count_up(&done) + 1;
    }
    return 0;
}

static void choose_times(void)
{
    for (unsigned i = 0; i < SLEEPERS; i++)
        for (unsigned n = 0; n < ROUNDS; n++) {
            uint32_t ms = ktest_random(100);
            sleep_notes[i][n].ms = i ? ms : 250 + ms;   /* one of them longer than the wheel */
        }
}

/* It computes: the test's task, less urgent than those that sleep. */
KTEST(sleep_long_enough)
{
    choose_times();
    irq_enable();
    for (unsigned i = 0; i < SLEEPERS; i++)
        sleepers[i] = SPAWN(20, sleeper, sleep_notes[i]);
    uint64_t end = timer_now() + PATIENCE;
    while (done < SLEEPERS * ROUNDS && timer_now() < end)
        burn(50);
    stay();
}

static void wake_one(void)
{
    static uint32_t n;
    task_t *task = sleepers[n++ % SLEEPERS];

    if (task && task->state == TASK_WAITING)
        sleep_woken += task_wake(task);
}

KTEST(sleep_disturbed)
{
    choose_times();
    at_each_tick(wake_one);
    irq_enable();
    for (unsigned i = 0; i < SLEEPERS; i++)
        sleepers[i] = SPAWN(20, sleeper, sleep_notes[i]);
    let_run(&done, SLEEPERS * ROUNDS, PATIENCE);
    stay();
}

struct forever_note {
    task_t *task;
    uint32_t ms, begun;
};

struct forever_note forever_notes[FOREVER];

static int forever(void *arg)
{
    struct forever_note *note = arg;
    uint32_t state = note->ms;

    for (;;) {
        note->ms = 20 + draw(&state, 60);
        note->begun = acpi_timer();
        count_up(&sleep_rounds);
        sleep_ms(note->ms);
    }
    return 0;
}

KTEST(sleep_forever)
{
    irq_enable();
    for (unsigned i = 0; i < FOREVER; i++) {
        forever_notes[i].ms = ktest_random(1000);
        forever_notes[i].task = SPAWN(20, forever, &forever_notes[i]);
    }
    for (;;)
        sleep_ms(1000);
}
