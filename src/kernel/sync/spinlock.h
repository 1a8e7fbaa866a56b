/*
 * Spinlocks, for data that is locked for moments only.
 *
 * Data that an interrupt handler touches too is locked by spin_lock_irqsave; the answer goes to the
 * matching unlock.
 */
#ifndef SYNC_SPINLOCK_H
#define SYNC_SPINLOCK_H

#include "x86/irqflags.h"
#include "x86/percpu.h"             // lab 4

/* All zero: free. With one processor, keeping interrupts out is all that a lock must do. */
struct spinlock {
    uint32_t held;                  /* not 0: by somebody; from lab 4 on, where it was taken */
    // lab 4 begin
    struct spinlock *outer;         /* for lock_watch: the one taken before it, */
    uint64_t since;                 /* and the time-stamp counter then */
    // lab 4 end
};

// lab 4 begin
/*
 * Watch the order in which locks are taken, and how long they are held (sync/lockwatch.h). Set by
 * lockdebug on the command line.
 */
extern bool lock_watch;

/* For the two below: the lock is held already, which is a panic, or it is watched. */
void lock_take_note(struct spinlock *lock, uint32_t site);
void lock_given_note(struct spinlock *lock);

/*
 * Take the lock: interrupts are off, and no other task runs here, until it is given back. Panics if
 * it is held: the one processor there is would wait for itself.
 */
static inline __attribute__((always_inline)) uint32_t spin_lock_irqsave(struct spinlock *lock)
{
    uint32_t flags = irq_save(), site;

    __asm__ volatile("1: movl $1b, %0" : "=r"(site));   /* the address of this instruction */
    if (lock->held || lock_watch)
        lock_take_note(lock, site);
    lock->held = site;
    this_cpu()->locks++;
    return flags;
}

/*
 * Give it back. `flags` are its spin_lock_irqsave's. If another task is due, and no other lock is
 * held, it runs now.
 */
static inline void spin_unlock_irqrestore(struct spinlock *lock, uint32_t flags)
{
    if (lock_watch)
        lock_given_note(lock);
    lock->held = 0;
    this_cpu()->locks--;
    if (!(flags & EFLAGS_IF))
        return;
    irq_enable();
    if (preempt_due())
        preempt_hook();
}
// lab 4 end
// lab 6 begin
/* Does this processor hold any? */
static inline bool spin_held(void)
{
    return this_cpu()->locks;
}
// lab 6 end
// until lab 4 begin
// static inline uint32_t spin_lock_irqsave(struct spinlock *lock)
// {
//     uint32_t flags = irq_save();
//
//     lock->held = 1;
//     return flags;
// }
//
// static inline void spin_unlock_irqrestore(struct spinlock *lock, uint32_t flags)
// {
//     lock->held = 0;
//     irq_restore(flags);
// }
// until lab 4 end

#endif
