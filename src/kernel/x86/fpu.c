/*
 * Whose registers are in the FPU.
 */
#include "x86/fpu.h"
#include "x86/cpu.h"
#include "x86/percpu.h"
#include "x86/trap.h"

#define CPUID_FXSR (1u << 24)       /* function 1, EDX */
#define CPUID_SSE  (1u << 25)
#define CR4_OSFXSR (1u << 9)        /* SSE may be used, fxsave saves its registers */
#define CR4_OSXMM  (1u << 10)       /* SSE's exceptions are vector 19 */
#define CR0_MP     0x02u            /* wait traps as well while TS is set */
#define CR0_EM     0x04u            /* there is no FPU */
#define CR0_TS     0x08u            /* the next use traps */
#define CR0_NE     0x20u            /* errors are vector 16, not line 13 */

/* fpu.asm */
void fpu_save(struct fpu *fpu, bool fxsr);
void fpu_load(const struct fpu *fpu, bool fxsr);
void fpu_reset(bool sse);

static bool fxsr, sse;

/* Vector 7: the current task uses the FPU, which holds somebody else's registers or nobody's. */
static void first_use(struct trapframe *tf)
{
    struct fpu *fpu = this_cpu()->fpu;

    if (!fpu) {                     /* before there are tasks, nobody may */
        trap_unhandled(tf);
        return;
    }
    write_cr0(read_cr0() & ~CR0_TS);
    if (fpu->saved)
        fpu_load(fpu, fxsr);
    else
        fpu_reset(sse);
}

void fpu_switch(struct fpu *fpu)
{
    struct cpu *cpu = this_cpu();
    uint32_t cr0 = read_cr0();

    if (!(cr0 & CR0_TS)) {          /* it was used since the last switch */
        if (cpu->fpu) {
            fpu_save(cpu->fpu, fxsr);
            cpu->fpu->saved = true;
        }
        write_cr0(cr0 | CR0_TS);
    }
    cpu->fpu = fpu;
}

void fpu_init(void)
{
    uint32_t features = cpuid_features();

    fxsr = features & CPUID_FXSR;
    sse = fxsr && (features & CPUID_SSE);
    if (fxsr)
        write_cr4(read_cr4() | CR4_OSFXSR | (sse ? CR4_OSXMM : 0));
    write_cr0((read_cr0() & ~CR0_EM) | CR0_MP | CR0_NE | CR0_TS);
    trap_register(TRAP_NO_FPU, first_use);
}
