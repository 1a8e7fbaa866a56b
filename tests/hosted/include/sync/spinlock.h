/*
 * sync/spinlock.h on the fake machine: one processor, but it knows what several would not forgive: a lock taken twice, or
 * given back by who has not got it.
 */
#ifndef SYNC_SPINLOCK_H
#define SYNC_SPINLOCK_H

#include "x86/irqflags.h"

struct spinlock {
    uint32_t held;
};

/* Those held now. */
extern struct spinlock *machine_locks[];
extern unsigned machine_lock_count;

void panic(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

static inline uint32_t spin_lock_irqsave(struct spinlock *lock)
{
    uint32_t flags = irq_save();

    if (lock->held)
        panic("a lock is taken by who has it already");
    lock->held = 1;
    machine_locks[machine_lock_count++] = lock;
    return flags;
}

static inline void spin_unlock_irqrestore(struct spinlock *lock, uint32_t flags)
{
    if (!lock->held || irq_enabled() || machine_locks[machine_lock_count - 1] != lock)
        panic("a lock is given back that is not held, not the last taken, or with interrupts on");
    lock->held = 0;
    machine_lock_count--;
    irq_restore(flags);
}

static inline bool spin_held(void)
{
    return machine_lock_count;
}

#endif
