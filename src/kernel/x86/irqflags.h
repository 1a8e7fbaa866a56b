/*
 * Interrupts off and on again, so that it nests: who turned them off puts back what was before.
 */
#ifndef X86_IRQFLAGS_H
#define X86_IRQFLAGS_H

#include "lib/types.h"

#define EFLAGS_IF 0x200u

static inline void irq_enable(void)
{
    __asm__ volatile("sti" : : : "memory");
}

static inline void irq_disable(void)
{
    __asm__ volatile("cli" : : : "memory");
}

static inline uint32_t read_eflags(void)
{
    uint32_t flags;

    __asm__ volatile("pushf\n\tpop %0" : "=r"(flags) : : "memory");
    return flags;
}

static inline bool irq_enabled(void)
{
    return read_eflags() & EFLAGS_IF;
}

/* Turn interrupts off; the answer is for irq_restore(). */
static inline uint32_t irq_save(void)
{
    uint32_t flags = read_eflags();

    irq_disable();
    return flags;
}

/* Turn interrupts on if they were on at the matching irq_save(). */
static inline void irq_restore(uint32_t flags)
{
    if (flags & EFLAGS_IF)
        irq_enable();
}

/*
 * Let interrupts in and sleep until one comes. One that is pending already is not slept through:
 * sti waits for hlt.
 */
static inline void irq_wait(void)
{
    __asm__ volatile("sti\n\thlt" : : : "memory");
}

#endif
