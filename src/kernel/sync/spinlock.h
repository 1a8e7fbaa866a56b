/*
 * Spinlocks. With one processor and no preemption, keeping interrupts out is all that a lock must
 * do.
 *
 * Data that an interrupt handler touches too is locked by spin_lock_irqsave; the answer goes to the
 * matching unlock.
 */
#ifndef SYNC_SPINLOCK_H
#define SYNC_SPINLOCK_H

#include "x86/irqflags.h"

struct spinlock {
    uint32_t held;
};

static inline uint32_t spin_lock_irqsave(struct spinlock *lock)
{
    uint32_t flags = irq_save();

    lock->held = 1;
    return flags;
}

static inline void spin_unlock_irqrestore(struct spinlock *lock, uint32_t flags)
{
    lock->held = 0;
    irq_restore(flags);
}

#endif
