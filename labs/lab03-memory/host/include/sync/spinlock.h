/*
 * Spinlocks on the host: they keep interrupts out, and nothing else.
 *
 * Stands in for src/kernel/sync/spinlock.h in the host programs: this folder comes first for them.
 */
#ifndef SYNC_SPINLOCK_H
#define SYNC_SPINLOCK_H

#include "x86/irqflags.h"

struct spinlock {
    uint32_t held;
};

extern unsigned host_locks;         /* in fakes.c: how many are held */

static inline uint32_t spin_lock_irqsave(struct spinlock *lock)
{
    uint32_t flags = irq_save();

    lock->held = 1;
    host_locks++;
    return flags;
}

static inline void spin_unlock_irqrestore(struct spinlock *lock, uint32_t flags)
{
    lock->held = 0;
    host_locks--;
    irq_restore(flags);
}

static inline bool spin_held(void)
{
    return host_locks;
}

#endif
