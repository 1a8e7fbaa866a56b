/*
 * What a trap and an interrupt cost, from the first instruction of the stub to the iret.
 */
#include "kbench.h"
#include "x86/irq.h"
#include "x86/irqflags.h"

#define RUNS   100
#define VECTOR 0x30                 /* of nobody */
#define LINE   5                    /* of no device here */

static void do_nothing(struct trapframe *tf)
{
    (void)tf;
}

static bool claim_nothing(void *arg, struct trapframe *tf)
{
    (void)arg, (void)tf;
    return false;
}

KBENCH(interrupt)
{
    struct kbench trap = { 0 }, interrupt = { 0 };
    trap_handler old = trap_register(VECTOR, do_nothing);
    uint32_t flags = irq_save();

    irq_register(LINE, claim_nothing, NULL);
    for (int i = 0; i < RUNS; i++) {
        kbench_begin(&trap);
        __asm__ volatile("int %0" : : "i"(VECTOR) : "memory");
        kbench_end(&trap);
        kbench_begin(&interrupt);
        __asm__ volatile("int %0" : : "i"(TRAP_IRQ0 + LINE) : "memory");
        kbench_end(&interrupt);
    }
    irq_restore(flags);
    trap_register(VECTOR, old);
    kbench_report("trap_entry_to_exit", &trap);
    kbench_report("interrupt_entry_to_exit", &interrupt);
}
