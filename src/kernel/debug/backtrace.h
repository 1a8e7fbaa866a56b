/*
 * What the processor was doing: its registers, and the calls that led there.
 */
#ifndef DEBUG_BACKTRACE_H
#define DEBUG_BACKTRACE_H

#include "debug/log.h"
#include "x86/trap.h"

/*
 * Print a trap frame in five lines, all numbers as eight (selectors: four) hexadecimal digits:
 *
 *     trap 14 (page fault) error 00000002
 *     eax 00000000 ebx 00000000 ecx 00000000 edx 00000000
 *     esi 00000000 edi 00000000 ebp 00000000 esp 00000000
 *     eip 00000000 eflags 00000002 cs 0008 ds 0010 es 0010 fs 0010 gs 0010
 *     cr0 80010011 cr2 00000000 cr3 00102000 cr4 00000010
 *
 * esp is the stack pointer at the moment of the trap, see trap_esp().
 */
void registers_print(print_fn print, const struct trapframe *tf);

/*
 * Print the calls that led to `eip` in a function whose frame pointer is `ebp`, innermost first,
 * one a line:
 *
 *       c0101234 function+0x12
 *
 * (without a symbol table only the address). At ebp lie the caller's ebp and, above it, the address
 * to return to. Follows such frames as long as they can be read, lie in the kernel at a multiple of
 * 4, return into the kernel, and each lies higher than the one before; never faults, whatever is in
 * memory. At most BACKTRACE_MAX places, eip among them; if a frame is left over, the last line is
 * "  ...". Where the way leads through a trap, print_place() adds the interrupted place by itself.
 */
void backtrace_print(print_fn print, uint32_t eip, uint32_t ebp);

#define BACKTRACE_MAX 32

#endif
