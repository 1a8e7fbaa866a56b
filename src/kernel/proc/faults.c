/*
 * Exceptions of ring 3 become signals.
 */
#include "proc/faults.h"
#include "abi/errno.h"
#include "debug/log.h"
#include "fs/vnode.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/fault.h"
#include "mm/usercopy.h"
#include "proc/process.h"
#include "proc/signal.h"
#include "proc/where.h"
#include "x86/fpu.h"
#include "x86/paging.h"

#define CODE_BYTES  8               /* of the instruction that are shown */
#define WHERE_BYTES 192             /* of the text that says where it was */

/* What nobody sends without a reason that the one who wrote the program wants to know of. */
#define SIGNAL_TROUBLE (SIGNAL_BIT(SIGABRT) | SIGNAL_BIT(SIGXCPU) | SIGNAL_BIT(SIGXFSZ))

/* What the bits of the FPU's and SSE's status words say. SDM volume 1, 8.1.3 and 10.2.3. */
#define FP_INVALID   0x01u
#define FP_DENORMAL  0x02u
#define FP_DIVIDE    0x04u
#define FP_OVERFLOW  0x08u
#define FP_UNDERFLOW 0x10u
#define FP_INEXACT   0x20u

enum { VECTOR_X87 = 16, VECTOR_ALIGNMENT = 17, VECTOR_SSE = 19 };

/* How an exception is told: si_code, and si_addr is EIP if `at`. */
struct cause {
    uint8_t vector, signal;
    uint8_t code;
    bool at;
};

static const struct cause causes[] = {
    { TRAP_DIVIDE, SIGFPE, FPE_INTDIV, true },
    { TRAP_DEBUG, SIGTRAP, TRAP_TRACE, true },
    { TRAP_BREAKPOINT, SIGTRAP, SI_KERNEL, false },
    { 4, SIGSEGV, SI_KERNEL, false },               /* overflow: INTO */
    { 5, SIGSEGV, SI_KERNEL, false },               /* BOUND */
    { TRAP_INVALID_OPCODE, SIGILL, ILL_ILLOPN, true },
    { 9, SIGFPE, SI_KERNEL, false },                /* coprocessor segment overrun */
    { 10, SIGSEGV, SI_KERNEL, false },              /* invalid TSS: a nested task's return */
    { 11, SIGBUS, SI_KERNEL, false },               /* segment not present */
    { 12, SIGBUS, SI_KERNEL, false },               /* stack segment */
    { TRAP_GENERAL_PROTECTION, SIGSEGV, SI_KERNEL, false },
    { VECTOR_X87, SIGFPE, 0, true },                /* the code is in the status word */
    { VECTOR_ALIGNMENT, SIGBUS, BUS_ADRALN, false },
    { VECTOR_SSE, SIGFPE, 0, true },
};

static trap_handler before[32];     /* who had the kernel's own */

/* Which of the FPU's exceptions is it? 0: none that is not masked. */
static int fp_code(unsigned vector)
{
    struct fpu fpu;
    unsigned bits;

    fpu_get(&fpu);
    const uint16_t *words = (const uint16_t *)fpu.image;
    if (vector == VECTOR_SSE) {
        uint32_t mxcsr = *(const uint32_t *)(fpu.image + 24);
        bits = mxcsr & ~(mxcsr >> 7);
    } else {                        /* fnsave's words are 32 bits apart */
        bits = words[fpu_has_fxsr() ? 1 : 2] & ~words[0];
    }
    if (bits & FP_INVALID)
        return FPE_FLTINV;
    if (bits & FP_DIVIDE)
        return FPE_FLTDIV;
    if (bits & FP_OVERFLOW)
        return FPE_FLTOVF;
    if (bits & (FP_UNDERFLOW | FP_DENORMAL))
        return FPE_FLTUND;
    return bits & FP_INEXACT ? FPE_FLTRES : 0;
}

/* What the frame of the signal's handler will show. */
static void note_trap(const struct trapframe *tf, uintptr_t address)
{
    struct thread *thread = thread_current();

    thread->trap = tf->vector;
    thread->trap_error = tf->error;
    thread->trap_address = address;
}

static void user_exception(const struct trapframe *tf)
{
    const struct cause *cause = causes;

    while (cause->vector != tf->vector)
        cause++;
    int code = cause->code ? cause->code : fp_code(tf->vector);
    if (!code)
        return;
    note_trap(tf, thread_current()->trap_address);
    signal_force(cause->signal, code, cause->at ? tf->eip : 0);
}

/* An exception of ring 3 or of the kernel's own, which is who had it before's. */
static void exception(struct trapframe *tf)
{
    if ((tf->cs & 3) && thread_current())
        user_exception(tf);
    else if (before[tf->vector])
        before[tf->vector](tf);
    else if (tf->vector != TRAP_GENERAL_PROTECTION || !trap_fix_up(tf))
        trap_unhandled(tf);
}

/* A page that a program cannot have: mm/fault's part is done. */
static void page(struct trapframe *tf, uintptr_t va, int error)
{
    struct space *space = space_current();
    bool there = false;

    note_trap(tf, va);
    if (error == -ENOMEM) {
        kprintf(LOG_ERR, "out of memory: %s, process %u, is killed\n", current()->name,
                process_current()->pid);
        signal_force(SIGKILL, SI_KERNEL, 0);
        return;
    }
    if (error != -EFAULT) {         /* the file has no such page, or it cannot be read */
        signal_force(SIGBUS, BUS_ADRERR, va);
        return;
    }
    if (space && va < KERNEL_BASE) {
        uint32_t flags = spin_lock_irqsave(&space->lock);
        there = space_find(space, va);
        spin_unlock_irqrestore(&space->lock, flags);
    }
    signal_force(SIGSEGV, there ? SEGV_ACCERR : SEGV_MAPERR, va);
}

void faults_init(void)
{
    for (unsigned i = 0; i < ARRAY_SIZE(causes); i++)
        before[causes[i].vector] = trap_register(causes[i].vector, exception);
    fault_user = page;
}

/* ---- the line in the log */

static const char *signal_name(unsigned number)
{
    switch (number) {
    case SIGILL: return "SIGILL";
    case SIGTRAP: return "SIGTRAP";
    case SIGBUS: return "SIGBUS";
    case SIGFPE: return "SIGFPE";
    case SIGSEGV: return "SIGSEGV";
    case SIGABRT: return "SIGABRT";
    case SIGXCPU: return "SIGXCPU";
    case SIGXFSZ: return "SIGXFSZ";
    case SIGSYS: return "SIGSYS";
    default: return "a signal";
    }
}

/* A program's own mistake: what it touched, where it was, and the instruction. */
static void log_own(const struct trapframe *tf, const siginfo_t *info)
{
    uint8_t code[CODE_BYTES];
    char bytes[3 * CODE_BYTES + 1] = "", place[WHERE_BYTES];
    unsigned shown = 0;

    while (shown < CODE_BYTES &&
           copy_from_user(&code[shown], (void *)(tf->eip + shown), 1) == 0) {
        snprintf(bytes + 3 * shown, 4, " %02x", code[shown]);
        shown++;
    }
    where_text(place, sizeof(place), tf->eip);
    kprintf(LOG_NOTICE, "%s[%u]: ended by %s, address 0x%08x; eip 0x%08x%s; code%s\n",
            current()->name, process_current()->pid, signal_name((unsigned)info->signo),
            info->address, tf->eip, place, shown ? bytes : " cannot be read");
}

/* A signal that says that something is wrong, but that somebody has sent: abort(3), say. */
static void log_sent(const siginfo_t *info)
{
    char sender[32] = "";

    bool by_program = info->code <= 0 && info->code != SI_TIMER;

    if (by_program && info->pid == process_current()->pid)
        strlcpy(sender, " from itself", sizeof(sender));
    else if (by_program)
        snprintf(sender, sizeof(sender), " from process %u", info->pid);
    kprintf(LOG_NOTICE, "%s[%u]: ended by %s%s\n", current()->name, process_current()->pid,
            signal_name((unsigned)info->signo), sender);
}

void fault_log(const struct trapframe *tf, const siginfo_t *info)
{
    uint64_t bit = SIGNAL_BIT(info->signo);

    if (info->code > 0 && (bit & SIGNAL_FAULTS))
        log_own(tf, info);
    else if (bit & (SIGNAL_FAULTS | SIGNAL_TROUBLE))
        log_sent(info);
}
