/*
 * Around task/timer.c: timers that are added and cancelled, by functions of timers too, and ticks.
 *
 * A case: what time it is (two words), how many slots for timers there are, and for each what its
 * function does (how many actions, then these); then operations of three words, which are also the
 * actions of functions:
 *     1 slot ms    timer_add, unless it is pending: "added SLOT"
 *     2 slot       timer_cancel, if it was ever added: "cancelled SLOT WAS_PENDING"
 *     3 slot       give its memory back, unless it is pending: "freed SLOT"
 *     4 n          n ticks: "ticked NOW"
 * A function prints "called SLOT NOW" before it acts, and "left SLOT" behind.
 */
#include "fakes.h"
#include "task/timer.c"

#define SLOTS   64
#define ACTIONS 6

struct action {
    uint32_t what, slot, ms;
};

struct slot {
    struct timer *timer;
    bool pending;                   /* so far as can be known outside */
    unsigned count;
    struct action actions[ACTIONS];
};

static struct slot table[SLOTS];
struct cpu cpus[CPUS];

/* ---- what task/timer.c calls besides, or could: nobody sleeps here */

int irq_register(unsigned line, irq_handler fn, void *arg)
{
    (void)line, (void)fn, (void)arg;
    return 0;
}

void sched_tick(void)
{
}

bool task_wake(task_t *task)
{
    (void)task;
    return false;
}

void schedule(void)
{
}

void task_yield(void)
{
}

bool sched_prepare_wait(bool interruptible)
{
    (void)interruptible;
    return true;
}

void sched_finish_wait(void)
{
}

void wait_entry_init(struct wait_entry *entry)
{
    (void)entry;
}

int wait_prepare(struct wait_queue *queue, struct wait_entry *entry, bool interruptible)
{
    (void)queue, (void)entry, (void)interruptible;
    return 0;
}

void wait_finish(struct wait_queue *queue, struct wait_entry *entry)
{
    (void)queue, (void)entry;
}

/* ---- the operations */

static void act(const struct action *action);

static void called(void *arg)
{
    struct slot *slot = arg;
    unsigned number = slot - table;

    slot->pending = false;
    printf("called %u %llu%s%s\n", number, timer_now(), irq_enabled() ? " interruptible" : "",
           host_locks ? " locked" : "");
    for (unsigned i = 0; i < slot->count; i++)
        act(&slot->actions[i]);
    printf("left %u\n", number);
}

/* Two of them, so that nobody calls always the same. */
static void called_too(void *arg)
{
    called((char *)arg - 1);
}

static void add(unsigned number, uint32_t ms)
{
    struct slot *slot = &table[number];

    if (slot->pending)
        return;
    if (!slot->timer) {
        slot->timer = malloc(sizeof(struct timer));
        memset(slot->timer, 0xa5, sizeof(struct timer));
    }
    slot->pending = true;
    if (number % 2)
        timer_add(slot->timer, called_too, (char *)slot + 1, ms);
    else
        timer_add(slot->timer, called, slot, ms);
    printf("added %u\n", number);
}

static void cancel(unsigned number)
{
    struct slot *slot = &table[number];

    if (!slot->timer)
        return;
    slot->pending = false;
    printf("cancelled %u %u\n", number, timer_cancel(slot->timer));
}

static void give_back(unsigned number)
{
    struct slot *slot = &table[number];

    if (slot->pending || !slot->timer)
        return;
    free(slot->timer);
    slot->timer = NULL;
    printf("freed %u\n", number);
}

static void ticks(uint32_t n)
{
    while (n--) {
        irq_disable();
        timer_tick();
        if (irq_enabled())
            printf("interruptible\n");
        irq_enable();
    }
    printf("ticked %llu\n", timer_now());
}

static void act(const struct action *action)
{
    switch (action->what) {
    case 1: add(action->slot, action->ms); break;
    case 2: cancel(action->slot); break;
    case 3: give_back(action->slot); break;
    case 4: ticks(action->slot); break;
    }
}

static struct action next_action(void)
{
    uint32_t what = word(), slot = word();

    return (struct action){ what, slot, word() };
}

static void one_case(void)
{
    timer_init();
    now = word();
    now |= (uint64_t)word() << 32;
    for (unsigned n = word(), i = 0; i < n; i++) {
        table[i].count = word();
        for (unsigned k = 0; k < table[i].count; k++)
            table[i].actions[k] = next_action();
    }
    while (more()) {
        struct action action = next_action();
        act(&action);
        check_interrupts("the last call");
    }
}

int main(void)
{
    each_case(one_case);
    return 0;
}
