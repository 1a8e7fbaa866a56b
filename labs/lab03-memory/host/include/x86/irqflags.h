/*
 * Interrupts on the host: there are none, and all that counts is whether they would be on.
 *
 * Stands in for src/kernel/x86/irqflags.h in the host programs: this folder comes first for them.
 */
#ifndef X86_IRQFLAGS_H
#define X86_IRQFLAGS_H

#include "lib/types.h"

#define EFLAGS_IF 0x200u

extern uint32_t host_eflags;        /* in fakes.c */

static inline void irq_enable(void)
{
    host_eflags |= EFLAGS_IF;
}

static inline void irq_disable(void)
{
    host_eflags &= ~EFLAGS_IF;
}

static inline uint32_t read_eflags(void)
{
    return host_eflags;
}

static inline bool irq_enabled(void)
{
    return host_eflags & EFLAGS_IF;
}

static inline uint32_t irq_save(void)
{
    uint32_t flags = host_eflags;

    irq_disable();
    return flags;
}

static inline void irq_restore(uint32_t flags)
{
    host_eflags = flags;
}

static inline void irq_wait(void)
{
    irq_enable();
}

#endif
