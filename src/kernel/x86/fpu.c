/*
 * Whose registers are in the FPU.
 */
#include "x86/fpu.h"
#include "abi/errno.h"              // lab 6
#include "x86/cpu.h"
#include "x86/irqflags.h"           // lab 6
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
#define MXCSR      24               // lab 6: where it lies in fxsave's image,
#define MXCSR_MASK 28               // lab 6: and the bits of it that are known; 0: the next ones
#define MXCSR_BITS 0xffbfu          // lab 6

/* fpu.asm */
void fpu_save(struct fpu *fpu, bool fxsr);
void fpu_load(const struct fpu *fpu, bool fxsr);
void fpu_reset(void);

static bool fxsr;
static uint32_t mxcsr_bits;         // lab 6: those that fxrstor takes

/* What fxrstor loads for who has none yet (System V ABI, Intel386, 3-29): nobody's are left. */
static const struct fpu fresh = { .image = { [0] = 0x7f, [1] = 0x03, [24] = 0x80, [25] = 0x1f } };

/* Vector 7: the current task uses the FPU, which holds somebody else's registers or nobody's. */
static void first_use(struct trapframe *tf)
{
    struct fpu *fpu = this_cpu()->fpu;

    if (!fpu) {                     /* before there are tasks, nobody may */
        trap_unhandled(tf);
        return;
    }
    write_cr0(read_cr0() & ~CR0_TS);
    if (fpu->saved || fxsr)
        fpu_load(fpu->saved ? fpu : &fresh, fxsr);
    else
        fpu_reset();
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

// lab 6 begin
bool fpu_has_fxsr(void)
{
    return fxsr;
}

/* With interrupts off: what the registers hold is in this_cpu()->fpu, too. */
static void settle(void)
{
    struct fpu *fpu = this_cpu()->fpu;

    if (read_cr0() & CR0_TS)
        return;
    fpu_save(fpu, fxsr);
    fpu->saved = true;
    if (!fxsr)                      /* fnsave has emptied them */
        fpu_load(fpu, fxsr);
}

void fpu_get(struct fpu *fpu)
{
    uint32_t flags = irq_save();

    settle();
    *fpu = *this_cpu()->fpu;
    irq_restore(flags);
}

const struct fpu *fpu_look(void)
{
    uint32_t flags = irq_save();
    const struct fpu *fpu = this_cpu()->fpu;

    settle();
    irq_restore(flags);
    return fpu;
}

uint8_t *fpu_change(void)
{
    fpu_forget();                   /* with TS set, a switch of tasks leaves the image alone */
    return this_cpu()->fpu->image;
}

int fpu_changed(void)
{
    struct fpu *fpu = this_cpu()->fpu;

    if (fxsr && (*(const uint32_t *)(fpu->image + MXCSR) & ~mxcsr_bits))
        return -EINVAL;
    fpu->saved = true;
    return 0;
}

/* Only an image that the CPU has written tells which bits of MXCSR it knows. */
static void find_mxcsr_bits(void)
{
    static struct fpu fpu;          /* not on the stack: fxsave wants it aligned */

    if (!fxsr)
        return;
    fpu_save(&fpu, fxsr);
    mxcsr_bits = *(const uint32_t *)(fpu.image + MXCSR_MASK);
    if (!mxcsr_bits)
        mxcsr_bits = MXCSR_BITS;
}

// lab 6 end
void fpu_init(void)
{
    uint32_t features = cpuid_features();

    fxsr = features & CPUID_FXSR;
    if (fxsr)
        write_cr4(read_cr4() | CR4_OSFXSR | (features & CPUID_SSE ? CR4_OSXMM : 0));
    write_cr0(read_cr0() & ~(CR0_EM | CR0_TS));         // lab 6
    find_mxcsr_bits();              // lab 6
    write_cr0((read_cr0() & ~CR0_EM) | CR0_MP | CR0_NE | CR0_TS);
    trap_register(TRAP_NO_FPU, first_use);
}

// lab 6 begin
void fpu_forget(void)
{
    uint32_t flags = irq_save();

    this_cpu()->fpu->saved = false;
    write_cr0(read_cr0() | CR0_TS);         /* what they hold now is nobody's */
    irq_restore(flags);
}
// lab 6 end
