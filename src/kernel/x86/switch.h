/*
 * From one task to another: what is left of a task while it does not run is its stack.
 */
#ifndef X86_SWITCH_H
#define X86_SWITCH_H

#include "lib/types.h"

/*
 * What stands at a sleeping task's stack pointer: what the C compiler takes for granted that a call
 * does not change (System V ABI, Intel386 supplement, 3-11), and where the task goes on.
 */
struct context {
    uint32_t edi, esi, ebx, ebp;
    uint32_t eip;
};

/*
 * Push the running task's context on its stack, store the stack pointer in *save, and go on as the
 * task whose stack pointer is `next`, in the address space of the directory at `cr3` (a physical
 * address). CR3 is loaded only if that is another one: loading it empties the TLB. Returns when
 * somebody switches back. Interrupts are off.
 */
void context_switch(uintptr_t *save, uintptr_t next, uint32_t cr3);

#endif
