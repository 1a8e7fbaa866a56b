/*
 * Register dumps and backtraces.
 */
#include "debug/backtrace.h"
#include "debug/symbols.h"
#include "x86/cpu.h"
#include "x86/mmu.h"

/* Does the address to return to lie between these two? */
static bool returns_into(const uint32_t range[2], uint32_t address)
{
    return range[0] < address && address <= range[1];
}

/*
 * Does `address`, found in the stack frame at `frame` as the one to return to, lie in trap_entry?
 * Then the frame is that of the function that trap_entry called, and above the return address
 * stands its argument, the trap frame, which knows what was interrupted and must lie further up.
 */
static bool interrupted(uint32_t address, uint32_t frame, uint32_t *eip)
{
    const struct trapframe *tf;
    bool entry = returns_into(trap_entry_range, address);

    entry = entry || returns_into(syscall_entry_range, address);        // lab 6
    return entry &&
           probe_copy(&tf, (const void *)(uintptr_t)(frame + 8), sizeof(tf)) == 0 &&
           (uint32_t)(uintptr_t)tf > frame && probe_copy(eip, &tf->eip, sizeof(*eip)) == 0;
}

/*
 * One line of a backtrace. `frame` is the stack frame in which `address` was found as the one to
 * return to, or 0 if it was not found so. An address to return to may be the first byte of the next
 * function, if the call never returns: the byte before belongs to the caller for certain. If it
 * leads out of a trap, what the trap interrupted has the next line.
 */
static void print_place(print_fn print, uint32_t address, uint32_t frame)
{
    uint32_t back = frame != 0, offset, eip;
    const char *name = symbol_of(address - back, &offset);

    if (name)
        print("  %08x %s+0x%x\n", address, name, offset + back);
    else
        print("  %08x\n", address);
    if (frame && interrupted(address, frame, &eip))
        print_place(print, eip, 0);
}

void registers_print(print_fn print, const struct trapframe *tf)
{
    // exercise 2.7 begin: the five lines, as the header shows them
    print("trap %u (%s) error %08x\n", tf->vector, trap_name(tf->vector), tf->error);
    print("eax %08x ebx %08x ecx %08x edx %08x\n", tf->eax, tf->ebx, tf->ecx, tf->edx);
    print("esi %08x edi %08x ebp %08x esp %08x\n", tf->esi, tf->edi, tf->ebp, trap_esp(tf));
    print("eip %08x eflags %08x cs %04x ds %04x es %04x fs %04x gs %04x\n", tf->eip, tf->eflags,
          tf->cs & 0xffff, tf->ds & 0xffff, tf->es & 0xffff, tf->fs & 0xffff, tf->gs & 0xffff);
    print("cr0 %08x cr2 %08x cr3 %08x cr4 %08x\n", read_cr0(), read_cr2(), read_cr3(), read_cr4());
    // exercise 2.7 stub
    // (void)print, (void)tf;
    // exercise 2.7 end
}

void backtrace_print(print_fn print, uint32_t eip, uint32_t ebp)
{
    // exercise 2.7 begin: eip; then from frame to frame, as the header says. Trust nothing.
    uint32_t frame[2];

    print_place(print, eip, 0);
    for (int i = 1; i < BACKTRACE_MAX; i++) {
        if (ebp < KERNEL_BASE || ebp & 3 ||
            probe_copy(frame, (const void *)(uintptr_t)ebp, sizeof(frame)) != 0)
            return;
        if (frame[1] < KERNEL_BASE)         /* no caller: the first function of all */
            return;
        print_place(print, frame[1], ebp);
        if (frame[0] <= ebp)                /* a stack grows down: callers' frames lie higher */
            return;
        ebp = frame[0];
    }
    print("  ...\n");
    // exercise 2.7 stub
    // (void)print, (void)eip, (void)ebp, (void)print_place;
    // exercise 2.7 end
}
