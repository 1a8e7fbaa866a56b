/*
 * Interrupt lines: which functions a line calls, and the chip that it comes through.
 *
 * Lines are 0 to 15, as the PC numbers them. Several devices may share one.
 */
#ifndef X86_IRQ_H
#define X86_IRQ_H

#include "lib/types.h"
#include "x86/trap.h"

#define IRQ_LINES 16

/*
 * Called with interrupts off. Returns whether its device had asked; on a shared line all are
 * called.
 */
typedef bool (*irq_handler)(void *arg, struct trapframe *tf);

/* The interrupt controller's operations. */
struct irq_chip {
    const char *name;
    void (*mask)(unsigned line);
    void (*unmask)(unsigned line);
    /* Tell the chip that the line's interrupt has been taken. */
    void (*eoi)(unsigned line);
    /* Was this no interrupt, but noise? The chip has been told what it must be told then. */
    bool (*spurious)(unsigned line);
};

/* Send the lines through this chip from now on. */
void irq_set_chip(const struct irq_chip *chip);

/*
 * Add a handler to a line, behind those that it has, and unmask it. Returns 0, -EINVAL for no such
 * line, -ENOMEM if there are too many handlers.
 */
int irq_register(unsigned line, irq_handler fn, void *arg);

/* Interrupts that the line has had; spurious ones are counted apart. */
uint32_t irq_count(unsigned line);
uint32_t irq_spurious_count(void);

/* For trap_dispatch. */
void irq_dispatch(unsigned line, struct trapframe *tf);

#endif
