/*
 * Signals: what the kernel's side of the tests does to programs of user/signals.c, in calls that
 * only these tests know. Nothing here waits for time to pass: a signal is sent within a call, so
 * that it is delivered when that call is over.
 */
#include "stage.h"
#include "abi/errno.h"
#include "abi/ucontext.h"
#include "lib/string.h"
#include "outside.h"
#include "proc/signal.h"
#include "signals_calls.h"
#include "x86/tss.h"

#define EFLAGS_PROGRAM 0x202u       /* bit 1 and IF: what a program always has */
#define EFLAGS_CHOICE  0x50dd5u     /* what it may choose, EFLAGS_USER of proc/sigframe.c */
#define EFLAGS_TF      0x100u
#define EFLAGS_ALL     0x3f7ed7u    /* all that the processor has, but TF */

static uint64_t random64(void)
{
    uint64_t high = random32();

    return high << 32 | random32();
}

static uint32_t pick(const uint32_t *from, unsigned n)
{
    return from[ktest_random(n)];
}

/* What a program may have in its segment registers. */
static void pick_segments(uint32_t *ds, uint32_t *es, uint32_t *fs, uint32_t *gs, uint32_t tls)
{
    const uint32_t fine[] = { 0, USER_DATA, USER_CODE, tls };

    *ds = pick(fine, ARRAY_SIZE(fine));
    *es = pick(fine, ARRAY_SIZE(fine));
    *fs = pick(fine, ARRAY_SIZE(fine));
    *gs = pick(fine, ARRAY_SIZE(fine));
}

static void send_signal(unsigned number)
{
    siginfo_t info = { .signo = (int)number, .code = SI_QUEUE };

    signal_send(process_current(), &info);
}

/* ---- what a handler finds */

#define FRAMES 10                   /* the last one is looked at from outside */

static unsigned frame_number;

/* Any signal that can have a handler and does nothing else. */
static unsigned any_signal(void)
{
    uint64_t others = SIGNAL_UNBLOCKABLE | SIGNAL_STOPS | SIGNAL_BIT(SIGCONT);
    unsigned number;

    do
        number = 1 + ktest_random(NSIG);
    while (SIGNAL_BIT(number) & others);
    return number;
}

/* The program has any registers, and gets a signal. */
static bool interrupt_program(struct trapframe *tf)
{
    uint32_t handler = tf->ebx, astray = tf->edx, halt = tf->esi, tls = tf->edi;
    uint32_t restorer = tf->ebp, flags = 0;

    if (tf->eax != SIGNALS_ACT)
        return false;
    if (frame_number == 0)
        ktest_report("places %x %x %x %x %x", handler, astray, halt, tls, restorer);
    ktest_report("round %u", frame_number);
    unsigned number = any_signal();
    if (frame_number & 1)
        flags |= SA_SIGINFO;
    if (frame_number & 2)
        flags |= SA_RESTORER;
    if (++frame_number == FRAMES)
        handler = halt;
    struct sigaction action = { handler, flags, restorer, random64() };
    signal_action(number, &action, NULL);
    signal_set_blocked(random64() & ~SIGNAL_BIT(number));
    tf->eax = random32() >> 1;
    tf->ebx = random32();
    tf->ecx = random32();
    tf->edx = random32();
    tf->esi = random32();
    tf->edi = random32();
    tf->ebp = random32();
    pick_segments(&tf->ds, &tf->es, &tf->fs, &tf->gs, tls);
    tf->eflags = EFLAGS_PROGRAM | (random32() & EFLAGS_CHOICE);
    tf->user_esp = STAGE_STACK_TOP - 0x4000 - ktest_random(0x1000);
    tf->eip = astray;
    send_signal(number);
    return true;
}

/* The program runs near the end of its alternate stack, and gets a signal. */
static bool leave_no_room(struct trapframe *tf)
{
    struct sigaction action = { tf->ebx, 0, 0, 0 };

    if (tf->eax != SIGNALS_ROOM)
        return false;
    signal_action(SIGUSR1, &action, NULL);
    thread_current()->altstack = (struct sigaltstack){ STAGE_STACK_TOP - 0x4000, 0, MINSIGSTKSZ };
    tf->user_esp = STAGE_STACK_TOP - 0x4000 + 64 + ktest_random(512);
    tf->eip = tf->edx;
    send_signal(SIGUSR1);
    return true;
}

KTEST(signals_frame)
{
    if (!stage_open())
        return;
    stage_call = leave_no_room;
    ktest_report("room %d", stage_end(stage_start("signals_room", 0)));
    frame_number = 0;
    stage_call = interrupt_program;
    ktest_report("status %d", stage_end(stage_start("signals_frame", 0)));
}

/* ---- what is blocked */

KTEST(signals_mask)
{
    if (!stage_open())
        return;
    uint32_t seed = random32();
    ktest_report("status %d", stage_end(stage_start("signals_mask", seed)));
}

/* ---- what interrupted calls come to */

enum handler { NONE, PLAIN, RESTART };

/* A call that ends so, 0 for a result, and the handlers of two signals that come meanwhile. */
static const struct interruption {
    uint16_t error;
    uint8_t first, second;
} interruptions[] = {
    { ERESTARTSYS, NONE, NONE }, { ERESTARTSYS, PLAIN, NONE }, { ERESTARTSYS, RESTART, NONE },
    { ERESTARTSYS, PLAIN, RESTART }, { ERESTARTSYS, RESTART, PLAIN },
    { ERESTARTNOINTR, NONE, NONE }, { ERESTARTNOINTR, PLAIN, NONE },
    { ERESTARTNOINTR, RESTART, NONE },
    { ERESTARTNOHAND, NONE, NONE }, { ERESTARTNOHAND, PLAIN, NONE },
    { ERESTARTNOHAND, RESTART, NONE },
    { ERESTART_RESTARTBLOCK, NONE, NONE }, { ERESTART_RESTARTBLOCK, PLAIN, NONE },
    { ERESTART_RESTARTBLOCK, RESTART, NONE },
    { ENOENT, PLAIN, NONE }, { ENOENT, RESTART, NONE }, { 0, PLAIN, NONE }, { 0, RESTART, PLAIN },
};

#define INTERRUPTIONS ARRAY_SIZE(interruptions)

static unsigned call_number, call_tries, call_offset;

static const struct interruption *this_case(void)
{
    return &interruptions[(call_number - 1 + call_offset) % INTERRUPTIONS];
}

static void set_handler(unsigned number, enum handler kind, uint32_t handler, uint32_t restorer)
{
    struct sigaction action = { handler, SA_SIGINFO | SA_RESTORER, restorer, 0 };

    if (kind == NONE)
        return;
    if (kind == RESTART)
        action.flags |= SA_RESTART;
    signal_action(number, &action, NULL);
}

static bool next_case(struct trapframe *tf)
{
    if (call_number == INTERRUPTIONS) {
        tf->eax = 0;
        return true;
    }
    call_number++;
    call_tries = 0;
    ktest_report("case %u %u %u", this_case()->error, this_case()->first, this_case()->second);
    set_handler(SIGUSR1, this_case()->first, tf->ebx, tf->ecx);
    set_handler(SIGUSR2, this_case()->second, tf->ebx, tf->ecx);
    tf->eax = 1;
    return true;
}

/* The first time it is interrupted; any other time it has a result. */
static bool interrupted_call(struct trapframe *tf)
{
    uint32_t number = tf->eax;

    if (number == SIGNALS_NEXT)
        return next_case(tf);
    if (!call_number || (number && number - SIGNALS_CALL >= SIGNALS_CALLS))
        return false;
    ktest_report("call %x %x %x %x %x %x %x", number, tf->ebx, tf->ecx, tf->edx, tf->esi, tf->edi,
                 tf->ebp);
    tf->unused_esp = number;
    tf->eax = ktest_random(1u << 20);
    if (call_tries++)
        return true;
    if (this_case()->error)
        tf->eax = -(uint32_t)this_case()->error;
    if (this_case()->first != NONE)
        send_signal(SIGUSR1);
    if (this_case()->second != NONE)
        send_signal(SIGUSR2);
    current()->notice = true;       /* as for every call that has made way */
    return true;
}

KTEST(signals_calls)
{
    if (!stage_open())
        return;
    call_number = 0;
    call_offset = ktest_random(INTERRUPTIONS);
    stage_call = interrupted_call;
    uint32_t seed = random32();
    ktest_report("status %d", stage_end(stage_start("signals_calls", seed)));
}

/* ---- what a frame that is given back does */

#define HONEST_FRAMES 8             /* every other one is of SA_SIGINFO's kind */
#define FRAME_BYTES   2048          /* all of it, with the FPU's part in its place, at 1024 */
#define FPU_PLACE     1024
#define RT_CONTEXT    144           /* in a frame: the struct ucontext */
#define PLAIN_CONTEXT 8             /* the struct sigcontext, */
#define MASK_HIGH     720           /* and the rest of the mask */

/* What is wrong with a frame. */
enum poison { HONEST, BAD_CS, BAD_SS, BAD_DS, BAD_ES, BAD_FS, BAD_GS, BAD_EFLAGS, BAD_EIP };

static const uint8_t poisons[] = {
    BAD_EFLAGS, BAD_CS, BAD_SS, BAD_DS, BAD_ES, BAD_FS, BAD_GS, BAD_EIP,
    BAD_EFLAGS, BAD_CS, BAD_SS, BAD_DS, BAD_ES, BAD_FS, BAD_GS,
    BAD_EFLAGS, BAD_CS, BAD_SS, BAD_DS, BAD_ES, BAD_FS, BAD_GS,
};

#define RETURNS (HONEST_FRAMES + ARRAY_SIZE(poisons) + 1)   /* the last: seen from outside */

static unsigned return_number;

/* Of ring 0, of the TSS, of a TLS entry that is empty, behind the table, of an LDT. */
static uint32_t bad_selector(void)
{
    static const uint32_t bad[] = { 0x0b, 0x13, 0x2b, 0x3b, 0x43, 0x4b, 0x53, 0xfff3, 0x1f, 0x27,
                                    0x37, 0xffff };

    return pick(bad, ARRAY_SIZE(bad));
}

static uint32_t bad_eflags(void)
{
    static const uint32_t bad[] = { 0, 0x3002, 0x3202, 0x4002, 0x7002, EFLAGS_ALL,
                                    EFLAGS_ALL & ~0x20000u };

    return pick(bad, ARRAY_SIZE(bad));
}

static void spoil(struct sigcontext *context, enum poison poison)
{
    switch (poison) {
    case HONEST: break;
    case BAD_CS: context->cs = ktest_random(2) ? bad_selector() : USER_DATA; break;
    case BAD_SS: context->ss = ktest_random(2) ? bad_selector() : USER_CODE; break;
    case BAD_DS: context->ds = bad_selector(); break;
    case BAD_ES: context->es = bad_selector(); break;
    case BAD_FS: context->fs = bad_selector(); break;
    case BAD_GS: context->gs = bad_selector(); break;
    case BAD_EFLAGS: context->eflags = bad_eflags(); break;
    /* Where memory is: the log shows the bytes there, by exercise 6.2. */
    case BAD_EIP: context->eip = 0xc0100000u + ktest_random(1u << 24); break;
    }
}

static void make_fpu(struct fpstate *fpu)
{
    uint32_t *longs = (uint32_t *)fpu->fxsave, mask = ktest_random(4) << 13;

    memset(fpu, 0, sizeof(*fpu));
    fpu->cw = 0xffff037fu | ktest_random(4) << 10;      /* how it rounds */
    fpu->sw = 0xffff0000u;
    fpu->tag = 0xffffffffu;
    longs[0] = fpu->cw & 0xffff;
    longs[6] = 0x1f80 | mask;
    for (int i = 0; i < 4; i++)                         /* XMM0 */
        longs[40 + i] = random32();
}

static void make_context(struct sigcontext *context, uint32_t place, uint32_t tls, uint32_t fpu)
{
    uint32_t words[12];

    for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
        words[i] = random32();
    *context = (struct sigcontext){
        .eax = words[0] >> 1, .ebx = words[1], .ecx = words[2], .edx = words[3],
        .esi = words[4], .edi = words[5], .ebp = words[6], .esp = words[7], .cs = USER_CODE,
        .eip = place, .ss = USER_DATA, .fpstate = fpu, .trapno = words[8], .err = words[9],
        .esp_at_signal = words[10], .cr2 = words[11],
    };
    pick_segments(&context->ds, &context->es, &context->fs, &context->gs, tls);
    context->eflags = EFLAGS_PROGRAM | (random32() & EFLAGS_CHOICE & ~EFLAGS_TF);
}

/* In the program's memory at `at`, in which the rest is noise. */
static void make_frame(uint32_t at, uint32_t place, uint32_t tls, bool rt, enum poison poison)
{
    uint8_t *frame = (uint8_t *)(uintptr_t)at;
    uint64_t blocked = random64() & ~SIGNAL_BIT(SIGSEGV);
    bool fpu = ktest_random(2);
    struct sigcontext context;

    for (unsigned i = 0; i < FRAME_BYTES; i += 4)
        *(uint32_t *)(frame + i) = 0x01010101u * (i & 0xff);
    make_context(&context, place, tls, fpu ? at + FPU_PLACE : 0);
    make_fpu((struct fpstate *)(frame + FPU_PLACE));
    spoil(&context, poison);
    context.oldmask = (uint32_t)blocked;
    if (rt) {
        *(struct ucontext *)(frame + RT_CONTEXT) = (struct ucontext){
            .stack = { .flags = SS_DISABLE }, .mcontext = context, .sigmask = blocked,
        };
    } else {
        memcpy(frame + PLAIN_CONTEXT, &context, sizeof(context));
        memcpy(frame + MASK_HIGH, (uint32_t *)&blocked + 1, 4);
    }
}

/* The program gives a frame back, as if its handler had returned. */
static bool give_frame_back(struct trapframe *tf)
{
    uint32_t landing = tf->ecx, halt = tf->esi, tls = tf->edi;
    unsigned n = return_number;
    bool rt = n & 1, last = n == RETURNS - 1;
    enum poison poison = n < HONEST_FRAMES ? HONEST
                         : last ? BAD_EFLAGS : poisons[n - HONEST_FRAMES];

    if (tf->eax != SIGNALS_ACT)
        return false;
    if (n == 0)
        ktest_report("places %x %x %x", landing, halt, tls);
    return_number++;
    ktest_report("frame %u", n);
    uint32_t at = STAGE_STACK_TOP - 0x8000 - 16 * ktest_random(64);
    make_frame(at, last ? halt : landing, tls, rt, poison);
    tf->eax = rt ? 173 : 119;
    tf->user_esp = at + (rt ? 4 : 8);
    return false;                   /* and now the call is made */
}

KTEST(signals_return)
{
    if (!stage_open())
        return;
    return_number = 0;
    stage_call = give_frame_back;
    while (return_number < RETURNS) {
        unsigned before = return_number;
        ktest_report("status %d", stage_end(stage_start("signals_return", 0)));
        if (return_number == before)
            break;
    }
}
