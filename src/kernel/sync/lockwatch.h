/*
 * What is known of spinlocks while they are watched: in which order they are taken, where, and how
 * long they are held. For the monitor's `locks` and for finding deadlocks before they happen.
 *
 * Two locks that are taken in both orders will one day, on two processors, be taken in both at
 * once, and neither processor goes on. So each order that is seen is remembered with the two places
 * in the code; the opposite order is a mistake even if nothing has happened yet.
 */
#ifndef SYNC_LOCKWATCH_H
#define SYNC_LOCKWATCH_H

#include "sync/spinlock.h"

/* `inner` was taken at inner_site, while `outer`, taken at outer_site, was held. */
struct lock_order {
    const struct spinlock *outer, *inner;
    uint32_t outer_site, inner_site;
};

#define LOCK_ORDERS 256

/*
 * Called when something is wrong, with interrupts off: `lock` is held already, or (`before` not
 * NULL) it was taken inside of the innermost lock that is held, while `before` tells of the
 * opposite. Returns from the latter only. Set by debug/locks.
 */
extern void (*lock_trouble)(const struct spinlock *lock, uint32_t site,
                            const struct lock_order *before);

/* The innermost lock that is held (its outer tells the next), or NULL. */
const struct spinlock *lock_innermost(void);

/* The n-th order that was seen, from 0 on; NULL if there are not so many. */
const struct lock_order *lock_order_seen(unsigned n);

/* The lock that was held longest so far: where it was taken, and for how many cycles. */
uint32_t lock_longest(uint64_t *cycles);

#endif
