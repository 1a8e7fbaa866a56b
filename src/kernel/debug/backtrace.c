/*
 * Register dumps and backtraces.
 */
#include "debug/backtrace.h"
#include "debug/symbols.h"
#include "x86/cpu.h"
#include "x86/mmu.h"

/*
 * One line of a backtrace. `back` is 1 for an address to return to, which may be the first byte of the next function if
 * the call never returns: the byte before belongs to the caller for certain.
 */
static void print_place(print_fn print, uint32_t address, uint32_t back)
{
    uint32_t offset;
    const char *name = symbol_of(address - back, &offset);

    if (name)
        print("  %08x %s+0x%x\n", address, name, offset + back);
    else
        print("  %08x\n", address);
}

void registers_print(print_fn print, const struct trapframe *tf)
{
    // exercise 2.7 begin: the five lines, as the header shows them
    print("trap %u (%s) error %08x\n", tf->vector, trap_name(tf->vector), tf->error);
    print("eax %08x ebx %08x ecx %08x edx %08x\n", tf->eax, tf->ebx, tf->ecx, tf->edx);
    print("esi %08x edi %08x ebp %08x esp %08x\n", tf->esi, tf->edi, tf->ebp, trap_esp(tf));
    print("eip %08x eflags %08x cs %04x ds %04x es %04x fs %04x gs %04x\n", tf->eip, tf->eflags, tf->cs & 0xffff,
          tf->ds & 0xffff, tf->es & 0xffff, tf->fs & 0xffff, tf->gs & 0xffff);
    print("cr0 %08x cr2 %08x cr3 %08x cr4 %08x\n", read_cr0(), read_cr2(), read_cr3(), read_cr4());
    // exercise 2.7 stub
    // (void)print, (void)tf;
    // exercise 2.7 end
}

void backtrace_print(print_fn print, uint32_t eip, uint32_t ebp)
{
    // exercise 2.7 begin: print eip, then follow the frames: at ebp lies the caller's ebp, above it the address to return to
    uint32_t frame[2];

    print_place(print, eip, 0);
    for (int i = 1; i < BACKTRACE_MAX; i++) {
        if (ebp < KERNEL_BASE || ebp & 3 || probe_copy(frame, (const void *)(uintptr_t)ebp, sizeof(frame)) != 0)
            return;
        if (frame[1] < KERNEL_BASE)         /* no caller: the first function of all */
            return;
        print_place(print, frame[1], 1);
        if (frame[0] <= ebp)                /* a stack grows downwards, so callers' frames lie higher */
            return;
        ebp = frame[0];
    }
    // exercise 2.7 stub
    // (void)print, (void)eip, (void)ebp, (void)print_place;
    // exercise 2.7 end
}
