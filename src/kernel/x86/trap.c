/*
 * What becomes of a trap: an interrupt line, a registered handler, an expected fault, or a panic.
 */
#include "x86/trap.h"
#include "x86/gdt.h"                // lab 6
#include "x86/idt.h"
#include "x86/irq.h"
#include "x86/irqflags.h"           // lab 4
#include "x86/percpu.h"             // lab 4

/* A place in the kernel where a fault is expected, from trap.asm. */
struct fixup {
    uint32_t begin, end, landing;
};

extern const struct fixup __start_fixups[], __stop_fixups[];

void (*trap_unhandled)(struct trapframe *tf);
void (*trap_to_user)(struct trapframe *tf);     // lab 6
void (*trap_syscall)(struct trapframe *tf);     // lab 6
static trap_handler handlers[TRAP_VECTORS];

void trap_init(void)
{
    idt_init();
}

trap_handler trap_register(unsigned vector, trap_handler fn)
{
    trap_handler before = handlers[vector];

    handlers[vector] = fn;
    return before;
}

// lab 6 begin
void trap_open_syscall(void (*fn)(struct trapframe *tf))
{
    trap_syscall = fn;
    // exercise 6.1 begin: a gate that ring 3 may use, to syscall_entry, with interrupts off
    idt_set(TRAP_SYSCALL, gate_make(syscall_entry_range[0], KERNEL_CODE, GATE_INTERRUPT, 3));
    // exercise 6.1 stub
    // exercise 6.1 end
}

// lab 6 end
uint32_t trap_esp(const struct trapframe *tf)
{
    if (tf->cs & 3)                             /* the processor pushed the old stack's */
        return tf->user_esp;
    if (tf->vector == TRAP_DOUBLE_FAULT)        // lab 4: it came from the old task's TSS
        return tf->user_esp;                    // lab 4
    return (uint32_t)(uintptr_t)&tf->user_esp;  /* it did not: the old goes on behind the frame */
}

const char *trap_name(unsigned vector)
{
    static const char *const names[] = {
        "divide error", "debug exception", "non-maskable interrupt", "breakpoint", "overflow",
        "BOUND range exceeded", "invalid opcode", "device not available", "double fault",
        "coprocessor segment overrun", "invalid TSS", "segment not present", "stack-segment fault",
        "general protection fault", "page fault", "reserved exception", "x87 floating-point error",
        "alignment check", "machine check", "SIMD floating-point exception",
        "virtualization exception", "control protection exception",
    };

    return vector < ARRAY_SIZE(names) ? names[vector] : "interrupt";
}

bool trap_fix_up(struct trapframe *tf)
{
    for (const struct fixup *f = __start_fixups; f < __stop_fixups; f++) {
        if (f->begin <= tf->eip && tf->eip < f->end) {
            tf->eip = f->landing;
            return true;
        }
    }
    return false;
}

void trap_dispatch(struct trapframe *tf)
{
    unsigned vector = tf->vector;

    if (vector - TRAP_IRQ0 < IRQ_LINES)
        irq_dispatch(vector - TRAP_IRQ0, tf);
    else if (handlers[vector])
        handlers[vector](tf);
    else if (!((vector == TRAP_PAGE_FAULT || vector == TRAP_GENERAL_PROTECTION) && trap_fix_up(tf)))
        trap_unhandled(tf);
}

void trap_exit(struct trapframe *tf)
{
    // until lab 4: (void)tf;
    if ((tf->eflags & EFLAGS_IF) && preempt_due())      // lab 4
        preempt_hook();                                 // lab 4
    if ((tf->cs & 3) && trap_to_user)                   // lab 6
        trap_to_user(tf);                               // lab 6
}
