/*
 * The interrupt descriptor table: for each vector, where the processor goes on and with what
 * privilege.
 *
 * Intel SDM volume 3A, 6.10 to 6.12.
 */
#ifndef X86_IDT_H
#define X86_IDT_H

#include "lib/types.h"

enum gate_type {
    GATE_TASK = 0x5,                // lab 4: handler is 0: the selector's TSS says where to go on
    GATE_INTERRUPT = 0xe,           /* interrupts are off in the handler */
    GATE_TRAP = 0xf,                /* ... stay as they are */
};

/* A gate, as the processor reads it: two double words. */
struct gate {
    uint32_t low, high;
};

/*
 * The gate that leads to `handler` in segment `selector`. Code of ring `dpl` and below may use it
 * by an int instruction; the processor's own exceptions and interrupts may use any.
 */
struct gate gate_make(uint32_t handler, uint16_t selector, enum gate_type type, unsigned dpl);

/*
 * Fill the table from trap.asm's stubs and load it. Interrupt gates throughout; int3 and into may
 * come from ring 3.
 */
void idt_init(void);

/* Put another gate at vector. */                  // lab 4
void idt_set(unsigned vector, struct gate gate);    // lab 4

#endif
