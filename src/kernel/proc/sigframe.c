/*
 * The frames of signal handlers: what was interrupted goes to the program's stack, and comes back.
 *
 * From the handler's stack pointer up: its return address and arguments, the registers, the
 * trampoline's code, then the FPU's registers. gdb and libgcc's unwinder know such a frame by the
 * code that the return address points to.
 *
 * linux/arch/x86/include/asm/sigframe.h; System V ABI, Intel386 supplement.
 */
#include "abi/errno.h"
#include "abi/ucontext.h"
#include "lib/string.h"
#include "mm/usercopy.h"
#include "proc/signal.h"
#include "proc/vdso.h"
#include "x86/fpu.h"

struct retcode {
    uint8_t bytes[8];
};

/* What a program may change: AC, RF, OF, DF, TF, SF, ZF, AF, PF, CF. SDM volume 1, 3.4.3. */
#define EFLAGS_USER 0x50dd5u
#define EFLAGS_TF   0x100u
#define EFLAGS_DF   0x400u
#define EFLAGS_RF   0x10000u

#define DESCRIPTOR_PRESENT 0x0000800000000000ull

/* An FPU that was not used. */
#define FPU_CW    0x37fu
#define FPU_MXCSR 0x1f80u

/* What fxsave writes outside of 64-bit mode: x87's registers and XMM0 to XMM7. */
#define FXSAVE_BYTES 288

#define TAGS_EMPTY 0xffffu          /* no register of x87's stack is in use */

/* Without SA_SIGINFO. 732 bytes. */
struct sigframe {
    uint32_t return_address;
    int32_t  signo;
    struct sigcontext context;
    struct fpstate unused;          /* the true one is behind the frame */
    uint32_t mask_high;
    struct retcode retcode;
};

/* With it. 268 bytes. */
struct rt_sigframe {
    uint32_t return_address;
    int32_t  signo;
    uint32_t info_address, context_address;
    siginfo_t info;
    struct ucontext context;
    struct retcode retcode;
};

_Static_assert(sizeof(struct fpstate) == 624, "struct fpstate");
_Static_assert(sizeof(struct ucontext) == 116, "struct ucontext");
_Static_assert(sizeof(struct sigframe) == 732, "struct sigframe");
_Static_assert(sizeof(struct rt_sigframe) == 268, "struct rt_sigframe");

/* pop %eax; mov $119, %eax; int $0x80, and mov $173, %eax; int $0x80: as in the vDSO. */
static const struct retcode retcode = { { 0x58, 0xb8, 119, 0, 0, 0, 0xcd, 0x80 } };
static const struct retcode rt_retcode = { { 0xb8, 173, 0, 0, 0, 0xcd, 0x80, 0 } };

static void *user(uint32_t address)
{
    return (void *)(uintptr_t)address;
}

/* ---- the FPU's registers */

/* A register of the FPU, as both images have it; fxsave's are 16 bytes apart. */
struct fpu_register {
    uint32_t low, high;             /* the mantissa */
    uint16_t exponent;
} __attribute__((packed));

/* All of them, as fnsave stores them. */
struct stack {
    struct fpu_register st[8];
};

static struct fpu_register *st(uint8_t *image, unsigned i)
{
    return (struct fpu_register *)(image + 32 + 16 * i);
}

/* fnsave's tag of a register that is in use: valid, zero, special. */
static uint32_t tag_of(const struct fpu_register *r)
{
    unsigned exponent = r->exponent & 0x7fff;

    if (exponent == 0x7fff)
        return 2;
    if (exponent == 0)
        return r->low | r->high ? 2 : 1;
    return r->high >> 31 ? 0 : 2;
}

/* x87's stack from fxsave's image. Returns fnsave's tags. */
static uint32_t old_stack(struct fpstate *to, const uint8_t *image)
{
    unsigned top = image[3] >> 3 & 7;
    uint32_t tag = TAGS_EMPTY;

    if (!image[4]) {                /* what is in empty registers is of no use to anybody */
        *(struct stack *)to->st = (struct stack){ 0 };
        return tag;
    }
    for (unsigned i = 0; i < 8; i++) {
        const struct fpu_register *r = st((uint8_t *)(uintptr_t)image, i);
        unsigned physical = (i + top) & 7;
        *(struct fpu_register *)to->st[i] = *r;
        if (image[4] >> physical & 1)
            tag ^= (3 ^ tag_of(r)) << 2 * physical;
    }
    return tag;
}

/* fnsave's part of the frame from fxsave's image. SDM volume 1, 8.1.10 and 10.5.1. */
static void old_part(struct fpstate *to, const uint8_t *image)
{
    const uint16_t *words = (const uint16_t *)image;
    const uint32_t *longs = (const uint32_t *)image;
    uint32_t tag = old_stack(to, image);

    to->cw = 0xffff0000u | words[0];
    to->sw = 0xffff0000u | words[1];
    to->tag = 0xffff0000u | tag;
    to->ip = longs[2];
    to->cs = (longs[3] & 0xffff) | (uint32_t)words[3] << 16;
    to->data = longs[4];
    to->ds = 0xffff0000u | words[10];
    to->status = words[1];
    to->magic = FPU_MAGIC_FXSR;
}

/* A struct fpstate of an FPU that was not used. */
static const struct fpstate *unused_state(void)
{
    static struct fpstate state;

    state.cw = 0xffff0000u | FPU_CW;
    state.sw = 0xffff0000u;
    state.tag = state.ds = 0xffffffffu;
    state.magic = fpu_has_fxsr() ? FPU_MAGIC_FXSR : FPU_MAGIC_OLD;
    *(uint16_t *)state.fxsave = FPU_CW;
    *(uint32_t *)(state.fxsave + 24) = FPU_MXCSR;
    return &state;
}

/* Write the current FPU registers to `at` in the program's memory. */
static int fpu_to_user(uint32_t at)
{
    const struct fpu *fpu = fpu_look();
    struct fpstate *to = user(at);
    union { struct fpstate all; uint8_t old[FPSTATE_OLD_BYTES]; } part;
    struct fpstate *state = &part.all;

    if (!fpu->saved)
        return copy_to_user(to, unused_state(),
                            FPSTATE_OLD_BYTES + (fpu_has_fxsr() ? FXSAVE_BYTES : 0));
    if (fpu_has_fxsr()) {
        old_part(state, fpu->image);
        if (copy_to_user(to->fxsave, fpu->image, FXSAVE_BYTES))
            return -EFAULT;
    } else {
        memcpy(part.old, fpu->image, FPSTATE_OLD_BYTES - 4);
        state->status = (uint16_t)state->sw;
        state->magic = FPU_MAGIC_OLD;
    }
    return copy_to_user(to, part.old, FPSTATE_OLD_BYTES);
}

/* fxsave's image takes what fnsave's part of the frame says: a handler may have changed it. */
static void from_old_part(uint8_t *image, struct fpstate *from)
{
    uint16_t *words = (uint16_t *)image;
    uint32_t *longs = (uint32_t *)image;
    uint8_t used = 0;

    for (unsigned i = 0; i < 8 && (from->tag & TAGS_EMPTY) != TAGS_EMPTY; i++) {
        used |= (uint8_t)(((from->tag >> 2 * i & 3) != 3) << i);
        *st(image, i) = *(struct fpu_register *)from->st[i];
    }
    words[0] = (uint16_t)from->cw;
    words[1] = (uint16_t)from->sw;
    words[2] = used;
    words[3] = (uint16_t)(from->cs >> 16);
    longs[2] = from->ip;
    longs[3] = from->cs & 0xffff;
    longs[4] = from->data;
    longs[5] = from->ds & 0xffff;
}

/* Take the FPU registers from the frame at `at`; 0: they begin anew. */
static int fpu_from_user(uint32_t at)
{
    const struct fpstate *from = user(at);
    union { struct fpstate all; uint8_t old[FPSTATE_OLD_BYTES]; } part;
    uint8_t *image = fpu_change();

    if (!at)
        return 0;
    if (copy_from_user(part.old, from, FPSTATE_OLD_BYTES))
        return -EFAULT;
    if (!fpu_has_fxsr()) {
        memcpy(image, part.old, FPSTATE_OLD_BYTES - 4);
        return fpu_changed();
    }
    if (copy_from_user(image, from->fxsave, FXSAVE_BYTES))
        return -EFAULT;
    from_old_part(image, &part.all);
    return fpu_changed();
}

/* ---- building */

static bool on_altstack(const struct sigaltstack *stack, uint32_t sp)
{
    return !(stack->flags & (int)SS_AUTODISARM) && sp > stack->sp && sp - stack->sp <= stack->size;
}

int signal_altstack(const struct sigaltstack *stack, struct sigaltstack *old, uint32_t sp)
{
    struct sigaltstack *now = &thread_current()->altstack;
    bool on = on_altstack(now, sp);

    if (old) {
        *old = *now;
        old->flags = !now->size ? SS_DISABLE : on ? SS_ONSTACK : 0;
        old->flags |= now->flags & (int)SS_AUTODISARM;
    }
    if (!stack)
        return 0;
    int mode = stack->flags & ~(int)SS_AUTODISARM;
    if (on)
        return -EPERM;
    if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0)
        return -EINVAL;
    if (mode != SS_DISABLE && stack->size < MINSIGSTKSZ)
        return -ENOMEM;
    *now = *stack;
    if (mode == SS_DISABLE)
        now->sp = now->size = 0;
    return 0;
}

/*
 * Where a frame of `size` bytes goes: the FPU's part at *fpstate, the frame below it so that the
 * handler finds its stack as after a call. 0: it would not fit on the alternate stack.
 */
static uint32_t place_frame(const struct trapframe *tf, const struct sigaction *action,
                            uint32_t size, uint32_t *fpstate)
{
    const struct sigaltstack *stack = &thread_current()->altstack;
    uint32_t sp = tf->user_esp;
    bool on = on_altstack(stack, sp);

    if ((action->flags & SA_ONSTACK) && stack->size && !on) {
        sp = stack->sp + stack->size;
        on = true;
    }
    uint32_t lowest = on ? stack->sp : 0;
    if (fpu_has_fxsr())             /* fxsave's image at a multiple of 64 */
        *fpstate = ((sp - 512) & ~63u) - FPSTATE_OLD_BYTES;
    else
        *fpstate = (sp - FPSTATE_OLD_BYTES) & ~63u;
    uint32_t frame = ((*fpstate - size + 4) & ~15u) - 4;
    return frame < sp && frame > lowest ? frame : 0;
}

static void save_registers(struct sigcontext *to, const struct trapframe *tf, uint64_t blocked,
                           uint32_t fpstate)
{
    const struct thread *thread = thread_current();

    *to = (struct sigcontext){
        .gs = tf->gs & 0xffff, .fs = tf->fs & 0xffff, .es = tf->es & 0xffff, .ds = tf->ds & 0xffff,
        .edi = tf->edi, .esi = tf->esi, .ebp = tf->ebp, .esp = tf->user_esp, .ebx = tf->ebx,
        .edx = tf->edx, .ecx = tf->ecx, .eax = tf->eax, .trapno = thread->trap,
        .err = thread->trap_error, .eip = tf->eip, .cs = tf->cs & 0xffff, .eflags = tf->eflags,
        .esp_at_signal = tf->user_esp, .ss = tf->user_ss & 0xffff, .fpstate = fpstate,
        .oldmask = (uint32_t)blocked, .cr2 = thread->trap_address,
    };
}

/*
 * The handler begins with the frame as its stack, and these arguments in registers, too. FS and GS
 * stay, by which it finds its thread's own data; it is not single-stepped; the FPU begins anew.
 */
static void begin_handler(struct trapframe *tf, const struct sigaction *action, uint32_t frame,
                          uint32_t eax, uint32_t edx, uint32_t ecx)
{
    // exercise 6.9 begin: the stack, the place, the arguments, and what a function may rely on
    tf->user_esp = frame;
    tf->eip = action->handler;
    tf->eax = eax;
    tf->edx = edx;
    tf->ecx = ecx;
    tf->cs = USER_CODE;
    tf->ds = tf->es = tf->user_ss = USER_DATA;
    tf->eflags &= ~(EFLAGS_DF | EFLAGS_RF | EFLAGS_TF);
    fpu_forget();
    // exercise 6.9 stub
    // (void)tf, (void)action, (void)frame, (void)eax, (void)edx, (void)ecx;
    // exercise 6.9 end
}

static int build(struct trapframe *tf, const siginfo_t *info, const struct sigaction *action,
                 uint64_t blocked)
{
    // exercise 6.9 begin: as build_rt; where does the rest of the mask go?
    struct { uint32_t return_address; int32_t signo; struct sigcontext context; } head;
    struct { uint32_t mask_high; struct retcode code; } tail;
    uint32_t fpstate, at = place_frame(tf, action, sizeof(struct sigframe), &fpstate);

    if (!at || fpu_to_user(fpstate))
        return -EFAULT;
    head.return_address = action->flags & SA_RESTORER ? action->restorer
                                                      : VDSO_ADDRESS(vdso_sigreturn);
    head.signo = info->signo;
    save_registers(&head.context, tf, blocked, fpstate);
    tail.mask_high = (uint32_t)(blocked >> 32);
    tail.code = retcode;
    if (copy_to_user(user(at), &head, sizeof(head)) ||
        copy_to_user(user(at + __builtin_offsetof(struct sigframe, mask_high)), &tail,
                     sizeof(tail)))
        return -EFAULT;
    begin_handler(tf, action, at, (uint32_t)info->signo, 0, 0);
    return 0;
    // exercise 6.9 stub
    // (void)tf, (void)info, (void)action, (void)blocked, (void)retcode;
    // return -EFAULT;
    // exercise 6.9 end
}

static int build_rt(struct trapframe *tf, const siginfo_t *info, const struct sigaction *action,
                    uint64_t blocked)
{
    struct rt_sigframe frame;
    struct sigaltstack *stack = &thread_current()->altstack;
    uint32_t fpstate, at = place_frame(tf, action, sizeof(frame), &fpstate);

    if (!at || fpu_to_user(fpstate))
        return -EFAULT;
    frame.return_address = action->flags & SA_RESTORER ? action->restorer
                                                       : VDSO_ADDRESS(vdso_rt_sigreturn);
    frame.signo = info->signo;
    frame.info_address = at + __builtin_offsetof(struct rt_sigframe, info);
    frame.context_address = at + __builtin_offsetof(struct rt_sigframe, context);
    frame.info = *info;
    frame.context.flags = frame.context.link = 0;
    frame.context.stack = *stack;
    save_registers(&frame.context.mcontext, tf, blocked, fpstate);
    frame.context.sigmask = blocked;
    frame.retcode = rt_retcode;
    if (copy_to_user(user(at), &frame, sizeof(frame)))
        return -EFAULT;
    if (stack->flags & (int)SS_AUTODISARM)
        *stack = (struct sigaltstack){ 0 };
    begin_handler(tf, action, at, (uint32_t)info->signo, frame.info_address,
                  frame.context_address);
    return 0;
}

int sigframe_build(struct trapframe *tf, const siginfo_t *info, const struct sigaction *action,
                   uint64_t blocked)
{
    return action->flags & SA_SIGINFO ? build_rt(tf, info, action, blocked)
                                      : build(tf, info, action, blocked);
}

/* ---- returning */

/* May a program have this in a data segment register: null, its own segments, its TLS? */
static bool selector_ok(uint32_t selector)
{
    unsigned entry = (selector & 0xffff) >> 3;

    if ((selector & 0xffff) < 4 || entry == GDT_USER_DATA || entry == GDT_USER_CODE)
        return !(selector & 4);     /* there are no local descriptors */
    return !(selector & 4) && entry >= GDT_TLS && entry < GDT_TLS + TLS_ENTRIES &&
           (current()->tls[entry - GDT_TLS] & DESCRIPTOR_PRESENT);
}

/* Null stays null; the others become ring 3's. */
static uint32_t selector_user(uint32_t selector)
{
    selector &= 0xffff;
    return selector < 4 ? 0 : selector | 3;
}

static bool selectors_ok(const struct sigcontext *from)
{
    return (from->cs | 3) == USER_CODE && (from->ss | 3) == USER_DATA && selector_ok(from->ds) &&
           selector_ok(from->es) && selector_ok(from->fs) && selector_ok(from->gs);
}

/* Have the program go on as `from` says. Returns 0, or -EFAULT: that cannot be. */
static int restore_registers(struct trapframe *tf, const struct sigcontext *from)
{
    // exercise 6.9 begin: believe nothing: it is the program's
    if (!selectors_ok(from))
        return -EFAULT;
    int error = fpu_from_user(from->fpstate);
    if (error)
        return error;
    *tf = (struct trapframe){
        .gs = selector_user(from->gs), .fs = selector_user(from->fs),
        .es = selector_user(from->es), .ds = selector_user(from->ds),
        .edi = from->edi, .esi = from->esi, .ebp = from->ebp, .ebx = from->ebx, .edx = from->edx,
        .ecx = from->ecx, .eax = from->eax, .vector = TRAP_NO_SYSCALL, .eip = from->eip,
        .cs = USER_CODE,
        .eflags = (tf->eflags & ~EFLAGS_USER) | (from->eflags & EFLAGS_USER),
        .user_esp = from->esp, .user_ss = USER_DATA,
    };
    return 0;
    // exercise 6.9 stub
    // (void)tf, (void)from, (void)selectors_ok, (void)selector_user, (void)fpu_from_user;
    // return -EFAULT;
    // exercise 6.9 end
}

/* The pop in the trampoline has taken the signal's number off. */
static int leave(struct trapframe *tf, uint64_t *blocked)
{
    // exercise 6.9 begin: read the two places of the frame
    uint32_t at = tf->user_esp - 8, high;
    struct sigcontext context;

    if (copy_from_user(&context, user(at + __builtin_offsetof(struct sigframe, context)),
                       sizeof(context)) ||
        copy_from_user(&high, user(at + __builtin_offsetof(struct sigframe, mask_high)), 4))
        return -EFAULT;
    *blocked = (uint64_t)high << 32 | context.oldmask;
    return restore_registers(tf, &context);
    // exercise 6.9 stub
    // (void)tf, (void)blocked;
    // return -EFAULT;
    // exercise 6.9 end
}

static int leave_rt(struct trapframe *tf, uint64_t *blocked)
{
    uint32_t at = tf->user_esp - 4;
    struct ucontext context;

    if (copy_from_user(&context, user(at + __builtin_offsetof(struct rt_sigframe, context)),
                       sizeof(context)))
        return -EFAULT;
    *blocked = context.sigmask;
    int error = restore_registers(tf, &context.mcontext);
    if (!error)
        signal_altstack(&context.stack, NULL, tf->user_esp);    /* a wrong one changes nothing */
    return error;
}

long sigframe_return(struct trapframe *tf, bool rt)
{
    uint64_t blocked;
    int error = rt ? leave_rt(tf, &blocked) : leave(tf, &blocked);

    thread_current()->restart = NULL;
    tf->vector = TRAP_NO_SYSCALL;
    if (error) {
        signal_force(SIGSEGV, SI_KERNEL, 0);
        return 0;
    }
    signal_set_blocked(blocked);
    return (long)tf->eax;
}
