/*
 * The timer wheel: a list for each of the next TIMER_SLOTS ticks. A timer that is due later lies in
 * the list that its tick has in a later turn, and is passed over until then.
 *
 * G. Varghese and T. Lauck, "Hashed and Hierarchical Timing Wheels" (SOSP 1987), scheme 6.
 */
#include "task/timer.h"
#include "sync/spinlock.h"
#include "task/sched.h"
#include "x86/irq.h"

#define TIMER_LINE  0
#define TIMER_SLOTS 256

static struct spinlock lock;        /* of the wheel, its timers, and the time */
static struct list slots[TIMER_SLOTS];
static uint64_t now;                /* ticks so far */

uint64_t timer_now(void)
{
    uint32_t flags = spin_lock_irqsave(&lock);
    uint64_t time = now;

    spin_unlock_irqrestore(&lock, flags);
    return time;
}

void timer_add(struct timer *timer, void (*fn)(void *arg), void *arg, uint32_t ms)
{
    // exercise 4.6 begin: when it is due, and into that tick's list
    uint32_t flags = spin_lock_irqsave(&lock);

    timer->fn = fn;
    timer->arg = arg;
    timer->due = now + ms + 1;
    list_add_tail(&timer->node, &slots[timer->due % TIMER_SLOTS]);
    spin_unlock_irqrestore(&lock, flags);
    // exercise 4.6 stub
    // (void)fn, (void)arg, (void)ms;
    // list_init(&timer->node);
    // exercise 4.6 end
}

bool timer_cancel(struct timer *timer)
{
    bool pending = false;
    // exercise 4.6 begin: out of its list, if it is in one
    uint32_t flags = spin_lock_irqsave(&lock);

    pending = !list_empty(&timer->node);
    list_del(&timer->node);
    spin_unlock_irqrestore(&lock, flags);
    // exercise 4.6 stub
    // (void)timer;
    // exercise 4.6 end
    return pending;
}

void timer_tick(void)
{
    uint32_t flags = spin_lock_irqsave(&lock);

    now++;
    // exercise 4.6 begin: find what is due in this tick's list; call each, without the lock
    struct list *slot = &slots[now % TIMER_SLOTS], due;

    list_init(&due);
    for (struct list *node = slot->next, *next; node != slot; node = next) {
        next = node->next;
        if (list_entry(node, struct timer, node)->due == now) {
            list_del(node);
            list_add_tail(node, &due);
        }
    }
    while (!list_empty(&due)) {     /* one of them may cancel another: so look each time */
        struct timer *timer = list_entry(due.next, struct timer, node);
        void (*fn)(void *) = timer->fn;
        void *arg = timer->arg;
        list_del(&timer->node);
        spin_unlock_irqrestore(&lock, flags);
        fn(arg);                    /* the timer is its owner's again, and may be gone */
        flags = spin_lock_irqsave(&lock);
    }
    // exercise 4.6 stub
    // (void)slots;
    // exercise 4.6 end
    spin_unlock_irqrestore(&lock, flags);
}

static void wake(void *task)
{
    task_wake(task);
}

bool schedule_timeout(uint32_t ms)
{
    struct timer timer;

    timer_add(&timer, wake, current(), ms);
    schedule();
    return timer_cancel(&timer);
}

void sleep_ms(uint32_t ms)
{
    // exercise 4.6 begin: WAITING, until a timer wakes it; whoever else does so comes too early
    uint64_t end = timer_now() + ms;

    do {
        uint64_t time = timer_now();
        sched_prepare_wait(false);
        schedule_timeout(time < end ? end - time : 0);
    } while (timer_now() <= end);
    // exercise 4.6 stub
    // (void)ms;
    // exercise 4.6 end
}

static bool tick(void *arg, struct trapframe *tf)
{
    (void)arg, (void)tf;
    if (tf->cs & 3)                 // lab 6
        current()->user_ticks++;    // lab 6
    timer_tick();
    sched_tick();
    return true;
}

void timer_init(void)
{
    for (unsigned i = 0; i < TIMER_SLOTS; i++)
        list_init(&slots[i]);
    irq_register(TIMER_LINE, tick, NULL);
}
