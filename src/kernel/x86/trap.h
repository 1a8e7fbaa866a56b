/*
 * Traps: everything that makes the processor leave what it was doing. Exceptions (vectors 0-31) are
 * raised by the instruction itself; vectors 32-47 are the interrupt lines (x86/irq.h).
 *
 * Intel SDM volume 3A, chapter 6; handouts/reference/interrupt-vectors.md.
 */
#ifndef X86_TRAP_H
#define X86_TRAP_H

#include "lib/types.h"

#define TRAP_VECTORS 256

enum trap_vector {
    TRAP_DIVIDE = 0,
    TRAP_DEBUG = 1,
    TRAP_BREAKPOINT = 3,
    TRAP_INVALID_OPCODE = 6,
    TRAP_NO_FPU = 7,                // lab 4
    TRAP_DOUBLE_FAULT = 8,
    TRAP_GENERAL_PROTECTION = 13,
    TRAP_PAGE_FAULT = 14,
    TRAP_IRQ0 = 32,                 /* interrupt line 0; 16 lines */
    TRAP_SYSCALL = 128,             // lab 6
    TRAP_NO_SYSCALL = 256,          // lab 6: it was one, but shall not be done again
};

/*
 * The interrupted state, as trap.asm builds it on the stack: from the top down what the processor
 * pushed, what the stub added, the general registers in pusha's order, the data segments. The trap
 * returns to what stands here.
 */
struct trapframe {
    uint32_t gs, fs, es, ds;                            /* 16 bits of each count */
    uint32_t edi, esi, ebp, unused_esp, ebx, edx, ecx, eax;
    uint32_t vector;
    uint32_t error;                                     /* 0 for vectors that have no error code */
    uint32_t eip, cs, eflags;
    uint32_t user_esp, user_ss;                         /* only if cs is of another ring */
};

/* Handles one exception vector. It may change *tf; on return the interrupted code goes on. */
typedef void (*trap_handler)(struct trapframe *tf);

/* Load the interrupt descriptor table. An exception without a handler is a panic from here on. */
void trap_init(void);

/*
 * Have vector (0-255, but no interrupt line's) handled by fn; NULL takes the handler away. Returns
 * the one before.
 */
trap_handler trap_register(unsigned vector, trap_handler fn);

/* The stack pointer at the moment of the trap. */
uint32_t trap_esp(const struct trapframe *tf);

/* What the SDM calls the vector: "page fault"; "interrupt" for those without a name. */
const char *trap_name(unsigned vector);

/* C's part of every trap: trap.asm calls it with interrupts off. */
void trap_dispatch(struct trapframe *tf);

/*
 * Where trap_entry, the code of trap.asm that calls C, begins and where it is over. A function that
 * returns there has a struct trapframe * as its argument: backtraces go on at what was interrupted.
 */
extern const uint32_t trap_entry_range[2];
extern const uint32_t syscall_entry_range[2];       // lab 6: the same for int 0x80

/* The last thing before every return from a trap, with interrupts off: what must be done then. */
void trap_exit(struct trapframe *tf);

// lab 6 begin
/*
 * Called by trap_exit() before every return to ring 3, with interrupts off. Set by sys/syscall;
 * NULL: there is no ring 3 yet.
 */
extern void (*trap_to_user)(struct trapframe *tf);

/*
 * What comes of int 0x80: called with interrupts off, and returns so, after having done what is due
 * before ring 3 goes on. Set by trap_open_syscall().
 */
extern void (*trap_syscall)(struct trapframe *tf);

/* Let programs make system calls, handled by fn. */
void trap_open_syscall(void (*fn)(struct trapframe *tf));

// lab 6 end
/* Called for an exception that nobody handles; does not return. Set by debug/panic. */
extern void (*trap_unhandled)(struct trapframe *tf);

/* If the fault was expected where it happened (probe_copy), have it go on at the landing for it. */
bool trap_fix_up(struct trapframe *tf);

/*
 * A copy that survives bad addresses: returns 0, or -EFAULT if some byte could not be read or
 * written (some may have been copied then). For whoever follows pointers that it does not trust.
 */
int probe_copy(void *to, const void *from, size_t n);

// lab 6 begin
/*
 * If *at is *expected, make it `value`, all in one step; *expected becomes what was there. Returns
 * 0, or -EFAULT: it cannot be written.
 */
int probe_exchange(uint32_t *at, uint32_t *expected, uint32_t value);
// lab 6 end

#endif
