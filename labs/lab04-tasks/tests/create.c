/*
 * Tasks that are made, and what they find when they first run.
 */
#include "outside.h"
#include "lib/string.h"
#include "mm/page.h"
#include "mm/slab.h"
#include "mm/space.h"
#include "task/sched.h"
#include "task/stack.h"
#include "x86/cpu.h"

#define MADE  12
#define VA    0x30000000u           /* where each of the two spaces has a word of its own */
#define NAMES 32

/* What was asked for, and what came. */
struct {
    task_t *task;
    uint32_t arg, space, priority;
    char name[NAMES];
} create_made[MADE];
struct space *create_spaces[2];
uint32_t create_words[2], create_cr3[2];

/* The pids of all tasks there were before. */
uint32_t create_pids[32], create_pid_count;

static bool note_pid(task_t *task, void *arg)
{
    (void)arg;
    if (create_pid_count < ARRAY_SIZE(create_pids))
        create_pids[create_pid_count++] = task->pid;
    return true;
}

static void make_spaces(void)
{
    for (unsigned i = 0; i < 2; i++) {
        uintptr_t va = VA;
        create_spaces[i] = space_create();
        if (!create_spaces[i]
            || space_map(create_spaces[i], &va, PAGE_SIZE, AREA_READ | AREA_WRITE, NULL, 0) != 0)
            stay_without("memory");
        space_switch(create_spaces[i]);
        *(volatile uint32_t *)VA = create_words[i] = random32();
        create_cr3[i] = read_cr3();
    }
    space_switch(NULL);
}

/* Give the test itself another priority, which its children inherit. */
static void become(unsigned priority)
{
    current()->priority = current()->base_priority = priority;
}

static int create_never(void *arg)
{
    (void)arg;
    return 0;
}

/* Tasks of every kind, none of which has run yet. Halts. */
KTEST(create_made)
{
    task_each(note_pid, NULL);
    make_spaces();
    for (unsigned i = 0; i < MADE; i++) {
        unsigned length = ktest_random(NAMES - 1);
        create_made[i].space = ktest_random(3);
        create_made[i].priority = 1 + ktest_random(PRIORITIES - 1);
        create_made[i].arg = random32();
        for (unsigned c = 0; c < length; c++)
            create_made[i].name[c] = 'a' + ktest_random(26);
        space_switch(create_made[i].space < 2 ? create_spaces[create_made[i].space] : NULL);
        become(create_made[i].priority);
        create_made[i].task =
            create_task(create_never, (void *)(uintptr_t)create_made[i].arg, create_made[i].name);
        if (!create_made[i].task)
            stay_without("task");
    }
    stay();
}

#define RUNS   9
#define FRAMES 8

/* What a task found. */
struct found {
    task_t *made, *me;
    uint32_t space, runs, interrupts, esp, order, laps, asked, word, cr3;
    uint32_t frame_count, returns[FRAMES];
} create_found[RUNS];
uint32_t create_finished;

/* The return addresses from here outwards, until ebp is 0. */
static void walk(struct found *found, const uint32_t *ebp)
{
    uint32_t stack = current()->stack;

    while (ebp && found->frame_count < FRAMES && (uintptr_t)ebp - stack <= STACK_SIZE - 8) {
        found->returns[found->frame_count++] = ebp[1];
        ebp = (const uint32_t *)(uintptr_t)ebp[0];
    }
    if (ebp)                        /* it does not end */
        found->frame_count = FRAMES + 1;
}

static int look(void *arg)
{
    struct found *found = arg;
    static uint32_t order;

    found->runs++;
    found->interrupts = irq_enabled();
    found->me = current();
    found->esp = (uint32_t)(uintptr_t)__builtin_frame_address(0);
    found->order = ++order;
    found->word = found->space < 2 ? *(volatile uint32_t *)VA : 0;
    found->cr3 = read_cr3();
    walk(found, __builtin_frame_address(0));
    for (; found->laps < found->asked; found->laps++)
        task_yield();
    create_finished++;
    return found->order;
}

/* Let the others run until so many have finished, but not for ever. */
static void wait_for(const volatile uint32_t *finished, uint32_t n)
{
    for (unsigned i = 0; i < 4 * n + 1000 && *finished < n; i++)
        task_yield();
}

/* Several tasks, in several spaces. Halts when they have run. */
KTEST(create_run)
{
    make_spaces();
    for (unsigned i = 0; i < RUNS; i++) {
        create_found[i].space = ktest_random(3);
        create_found[i].asked = ktest_random(30);
        space_switch(create_found[i].space < 2 ? create_spaces[create_found[i].space] : NULL);
        create_found[i].made = create_task(look, &create_found[i], "look");
        if (!create_found[i].made)
            stay_without("task");
    }
    wait_for(&create_finished, RUNS);
    irq_disable();
    stay();
}

#define MANY 1000

uint8_t create_ran[MANY];
uint32_t create_many_pids[MANY], create_many_count;

static int count_me(void *arg)
{
    uint8_t *ran = arg;

    (*ran)++;
    create_many_pids[ran - create_ran] = current()->pid;
    create_many_count++;
    return 0;
}

/* MANY tasks, in groups of which each has run before the next is made. Halts. */
KTEST(create_many)
{
    for (unsigned i = 0; i < MANY;) {
        unsigned end = i + 1 + ktest_random(120);
        for (; i < end && i < MANY; i++)
            if (!create_task(count_me, &create_ran[i], "one of many"))
                stay_without("task");
        wait_for(&create_many_count, i);
    }
    irq_disable();
    stay();
}

/* ---- without memory */

/* The numbers of a failed attempt, before and behind it. */
struct attempt {
    uint32_t made;                  /* it did not fail */
    uint32_t used[2], tasks[2], frames[2];
};
#define POOR 6                      /* frames, at most, of those that have few */
struct attempt create_none[3], create_few[POOR][2], create_full[3];
uint32_t create_stacks[2];          /* kept stacks before and behind create_full */
task_t *create_again;
uint32_t create_again_ran;

static void **frames;               /* all that was taken, in a chain */

static void take_all(void)
{
    struct page *page;

    while ((page = alloc_page())) {
        void **frame = page_to_virt(page);
        *frame = frames;
        frames = frame;
    }
}

static void give(unsigned n)
{
    for (; n && frames; n--) {
        void **frame = frames;
        frames = *frame;
        free_page(virt_to_page(frame));
    }
}

static uint32_t frames_free(void)
{
    struct page_stats stats;

    slab_reclaim();
    page_stats(&stats);
    return stats.free;
}

/* Task structures in use; with `all`, those that there is room for. */
static uint32_t structures(bool all)
{
    struct slab_stats stats;

    for (unsigned i = 0; slab_stats(i, &stats); i++)
        if (strcmp(stats.name, "task") == 0)
            return all ? stats.objects : stats.used;
    return 0;
}

static void attempt(struct attempt *a)
{
    a->used[0] = structures(false);
    a->tasks[0] = task_count();
    a->frames[0] = frames_free();
    a->made = create_task(create_never, NULL, "poor") != NULL;
    a->used[1] = structures(false);
    a->tasks[1] = task_count();
    a->frames[1] = frames_free();
}

static unsigned drop_stacks(void)
{
    unsigned n = 0;

    while (n < 100 && stack_alloc())
        n++;
    return n;
}

static int again(void *arg)
{
    *(uint32_t *)arg += 1;
    return 0;
}

/*
 * Tasks that cannot be made: while there is a free structure but no stack; with a few frames, which
 * do not suffice; and with stacks that were kept, but no structure. Then there is memory again.
 * Halts.
 */
KTEST(create_poor)
{
    uintptr_t kept[4];

    for (unsigned i = 0; i < 64 && structures(true) - structures(false) < 2; i++)
        if (!create_task(create_never, NULL, "filler"))
            stay_without("task");
    take_all();
    drop_stacks();
    take_all();
    for (unsigned i = 0; i < ARRAY_SIZE(create_none); i++)
        attempt(&create_none[i]);
    for (unsigned n = 1; n < POOR; n++) {
        give(n);
        attempt(&create_few[n][0]);
        if (create_few[n][0].made)
            break;
        attempt(&create_few[n][1]);
        take_all();
    }

    give(64);
    for (unsigned i = 0; i < ARRAY_SIZE(kept); i++)
        kept[i] = stack_alloc();
    for (unsigned i = 0; i < 64 && structures(true) > structures(false); i++)
        create_task(create_never, NULL, "filler");
    take_all();
    create_stacks[0] = drop_stacks();
    for (unsigned i = 0; i < ARRAY_SIZE(kept); i++)
        if (kept[i])
            stack_free(kept[i]);
    for (unsigned i = 0; i < ARRAY_SIZE(create_full); i++)
        attempt(&create_full[i]);
    create_stacks[1] = drop_stacks();

    give(1000);
    create_again = create_task(again, &create_again_ran, "again");
    for (unsigned i = 0; i < 300 && !create_again_ran; i++)
        task_yield();
    irq_disable();
    stay();
}
