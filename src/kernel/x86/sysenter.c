/*
 * Preparing sysenter.
 */
#include "x86/sysenter.h"
#include "lib/string.h"
#include "x86/cpu.h"
#include "x86/gdt.h"
#include "x86/percpu.h"
#include "x86/trap.h"

#define CPUID_SEP      (1u << 11)   /* function 1, EDX */
#define MSR_SYSENTER_CS  0x174
#define MSR_SYSENTER_ESP 0x175
#define MSR_SYSENTER_EIP 0x176
#define EFLAGS_TF      0x100u

extern uint8_t sysenter_entry[];

static trap_handler debug_before;

/*
 * A program that is stepped through, or has set TF itself, takes the flag along: the trap comes at
 * our first instruction, on the few words below the TSS. Without it from there on: who is stepped
 * through sees the call as one step.
 */
static void debug(struct trapframe *tf)
{
    if (!(tf->cs & 3) && tf->eip - (uint32_t)(uintptr_t)sysenter_entry < 8)
        tf->eflags &= ~EFLAGS_TF;
    else if (debug_before)
        debug_before(tf);
    else
        trap_unhandled(tf);
}

/* The Pentium Pro says that it has sysenter, and has not: SDM volume 2B, SYSENTER. */
static bool has_sysenter(void)
{
    uint32_t signature = cpuid_signature();

    return (cpuid_features() & CPUID_SEP)
           && !((signature >> 8 & 15) == 6 && (signature & 0xff) < 0x33);
}

void sysenter_init(void)
{
    static const uint8_t without[] = { 0xcd, 0x80, 0xc3 };      /* int 0x80; ret */

    if (!has_sysenter()) {
        memcpy(vdso_call, without, sizeof(without));
        return;
    }
    debug_before = trap_register(TRAP_DEBUG, debug);
    write_msr(MSR_SYSENTER_CS, KERNEL_CODE);
    write_msr(MSR_SYSENTER_ESP, (uint32_t)(uintptr_t)&this_cpu()->tss);
    write_msr(MSR_SYSENTER_EIP, (uint32_t)(uintptr_t)sysenter_entry);
}
