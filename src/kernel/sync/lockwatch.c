/*
 * The order of locks, and how long they are held. All of it is used with interrupts off, by the one
 * processor there is.
 */
#include "sync/lockwatch.h"
#include "x86/cpu.h"

bool lock_watch;
void (*lock_trouble)(const struct spinlock *lock, uint32_t site, const struct lock_order *before);

static struct lock_order orders[LOCK_ORDERS];   /* a hash table, filled from each hash onwards */
static struct spinlock *innermost;
static uint64_t longest;
static uint32_t longest_site;

/* Where the order is in the table, or the free place for it; NULL: neither. */
static struct lock_order *place(const struct spinlock *outer, const struct spinlock *inner)
{
    uint32_t hash = ((uint32_t)(uintptr_t)outer * 31 + (uint32_t)(uintptr_t)inner) >> 2;

    for (unsigned i = 0; i < LOCK_ORDERS; i++) {
        struct lock_order *order = &orders[(hash + i) % LOCK_ORDERS];
        if (!order->outer || (order->outer == outer && order->inner == inner))
            return order;
    }
    return NULL;
}

/* An order that was not seen before. */
static void new_order(struct lock_order *order, const struct spinlock *outer,
                      const struct spinlock *inner, uint32_t site)
{
    const struct lock_order *opposite = place(inner, outer);
    bool seen = opposite && opposite->outer;    /* its free place may be this order's, too */

    *order = (struct lock_order){ outer, inner, outer->held, site };
    if (seen && lock_trouble) {
        lock_watch = false;
        lock_trouble(inner, site, opposite);
        lock_watch = true;
    }
}

void lock_take_note(struct spinlock *lock, uint32_t site)
{
    if (lock->held) {
        lock_watch = false;         /* what tells of it takes locks, too */
        if (lock_trouble)
            lock_trouble(lock, site, NULL);
        cpu_stop();
    }
    lock->outer = innermost;
    for (const struct spinlock *outer = innermost; outer; outer = outer->outer) {
        struct lock_order *order = place(outer, lock);
        if (order && !order->outer)
            new_order(order, outer, lock, site);
    }
    innermost = lock;
    lock->since = read_tsc();
}

/* Mostly the innermost one; but a lock may also be given back before one that was taken later. */
void lock_given_note(struct spinlock *lock)
{
    struct spinlock **link = &innermost;

    while (*link && *link != lock)
        link = &(*link)->outer;
    if (!*link)
        return;                     /* it was taken before the watch began */
    *link = lock->outer;
    uint64_t cycles = read_tsc() - lock->since;
    if (cycles > longest) {
        longest = cycles;
        longest_site = lock->held;
    }
}

const struct spinlock *lock_innermost(void)
{
    return innermost;
}

const struct lock_order *lock_order_seen(unsigned n)
{
    for (unsigned i = 0; i < LOCK_ORDERS; i++)
        if (orders[i].outer && n-- == 0)
            return &orders[i];
    return NULL;
}

uint32_t lock_longest(uint64_t *cycles)
{
    *cycles = longest;
    return longest_site;
}
