/*
 * The interrupt descriptor table.
 */
#include "x86/idt.h"
#include "x86/gdt.h"
#include "x86/trap.h"

#define BREAKPOINT 3
#define OVERFLOW   4

extern const uint32_t trap_stubs[TRAP_VECTORS];     /* trap.asm: a stub's address for each vector */

static struct gate idt[TRAP_VECTORS] __attribute__((aligned(8)));

struct gate gate_make(uint32_t handler, uint16_t selector, enum gate_type type, unsigned dpl)
{
    struct gate gate = { 0, 0 };
    // exercise 2.1 begin: the handler's two halves, selector, type, privilege and "present"
    gate.low = (uint32_t)selector << 16 | (handler & 0xffff);
    gate.high = (handler & 0xffff0000) | 1u << 15 | dpl << 13 | type << 8;
    // exercise 2.1 stub
    // (void)handler, (void)selector, (void)type, (void)dpl;
    // exercise 2.1 end
    return gate;
}

void idt_init(void)
{
    // exercise 2.1 begin: a gate for each vector, then lidt: 16 bits size - 1, 32 bits address
    struct {
        uint16_t limit;
        uint32_t base;
    } __attribute__((packed)) pointer = { sizeof(idt) - 1, (uint32_t)(uintptr_t)idt };

    for (unsigned v = 0; v < TRAP_VECTORS; v++) {
        unsigned dpl = v == BREAKPOINT || v == OVERFLOW ? 3 : 0;
        idt[v] = gate_make(trap_stubs[v], KERNEL_CODE, GATE_INTERRUPT, dpl);
    }
    __asm__ volatile("lidt %0" : : "m"(pointer));
    // exercise 2.1 stub
    // (void)idt, (void)trap_stubs;
    // exercise 2.1 end
}

// lab 4 begin
void idt_set(unsigned vector, struct gate gate)
{
    idt[vector] = gate;
}
// lab 4 end
