/*
 * x86/irqflags.h on the fake machine (tests/hosted/machine.h): a flag in place of the processor's.
 */
#ifndef X86_IRQFLAGS_H
#define X86_IRQFLAGS_H

#include "lib/types.h"

#define EFLAGS_IF 0x200u

extern uint32_t machine_flags;

static inline void irq_enable(void)
{
    machine_flags |= EFLAGS_IF;
}

static inline void irq_disable(void)
{
    machine_flags &= ~EFLAGS_IF;
}

static inline bool irq_enabled(void)
{
    return machine_flags & EFLAGS_IF;
}

static inline uint32_t irq_save(void)
{
    uint32_t flags = machine_flags;

    irq_disable();
    return flags;
}

static inline void irq_restore(uint32_t flags)
{
    machine_flags = flags;
}

#endif
