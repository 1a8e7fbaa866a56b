/*
 * Programs of the tests of signals: what a handler finds, what is blocked, what interrupted calls
 * come to, and what a frame that is given back does.
 */
#include "user.h"
#include "abi/sched.h"
#include "abi/signal.h"
#include "abi/ucontext.h"
#include "signals_calls.h"

#define PLAIN_BYTES 732             /* struct sigframe, and with SA_SIGINFO */
#define RT_BYTES    268
#define CONTEXT     8               /* in the one the registers' place, */
#define RT_CONTEXT  164             /* and in the other */
#define LOST        99              /* the exit status of programs that go on without a handler */

enum { TAG_SAW, TAG_FRAME, TAG_FPU };

/* signals.asm */
extern uint32_t signals_saw[SAW_WORDS];
void signals_handler(void);
void signals_landing(void);
void signals_halt(void);
void signals_astray(void);
void signals_restorer(void);
void signals_rt_restorer(void);
void signals_fpu(uint32_t control, uint32_t xmm);

void signals_entered(void);
void signals_landed(void);
void signals_lost(void);

static uint32_t tls_selector;

static void make_tls(void)
{
    struct user_desc desc = { ~0u, (uint32_t)(uintptr_t)signals_saw, 0xfffff,
                              DESC_32BIT | DESC_PAGES | DESC_USEABLE };

    call1(NR_set_thread_area, &desc);
    tls_selector = desc.entry_number * 8 + 3;
}

static void call_with_places(uint32_t number)
{
    call6(number, (uint32_t)(uintptr_t)signals_handler, (uint32_t)(uintptr_t)signals_landing,
          (uint32_t)(uintptr_t)signals_astray, (uint32_t)(uintptr_t)signals_halt, tls_selector,
          (uint32_t)(uintptr_t)signals_restorer);
}

static void act(void)
{
    signals_fpu(0xf7f, 0x5a5a1234);
    call_with_places(SIGNALS_ACT);
}

void signals_lost(void)
{
    leave(LOST);
}

/* ---- what a handler finds */

/* In two steps: if it is not there, the program ends here, not the kernel. */
static void tell_part(uint32_t tag, uint32_t address, uint32_t n)
{
    static char copy[PLAIN_BYTES];

    for (uint32_t i = 0; i < n; i++)
        copy[i] = *(const char *)(uintptr_t)(address + i);
    tell_bytes(tag, copy, n);
}

/* Tells what is there, and is ready for the next signal without ever returning from this one. */
void signals_entered(void)
{
    static unsigned round;
    bool rt = round++ & 1;          /* every other one has SA_SIGINFO */
    uint32_t esp = signals_saw[SAW_ESP];
    const struct sigcontext *context = (void *)(uintptr_t)(esp + (rt ? RT_CONTEXT : CONTEXT));

    tell_bytes(TAG_SAW, signals_saw, sizeof(signals_saw));
    tell_part(TAG_FRAME, esp, rt ? RT_BYTES : PLAIN_BYTES);
    if (context->fpstate)
        tell_part(TAG_FPU, context->fpstate, sizeof(struct fpstate));
    act();
    leave(LOST);
}

PROGRAM(signals_frame)
{
    make_tls();
    act();
    return LOST;
}

PROGRAM(signals_room)
{
    call_with_places(SIGNALS_ROOM);
    return LOST;
}

/* ---- what a frame that is given back does */

void signals_landed(void)
{
    uint64_t blocked = 0;

    tell_bytes(TAG_SAW, signals_saw, sizeof(signals_saw));
    call4(NR_rt_sigprocmask, SIG_BLOCK, NULL, &blocked, sizeof(blocked));
    tell((uint32_t)(blocked >> 32), (uint32_t)blocked);
    act();
    leave(0);
}

PROGRAM(signals_return)
{
    make_tls();
    act();
    return 0;
}

/* ---- what is blocked */

enum { IN_HANDLER = 0x100, AFTER = 0x200 };     /* and the signal's number */

static void tell_mask(uint32_t when)
{
    uint64_t blocked = 0;

    call4(NR_rt_sigprocmask, SIG_BLOCK, NULL, &blocked, sizeof(blocked));
    tell(when, (uint32_t)(blocked >> 32));
    tell(when, (uint32_t)blocked);
}

static void on_signal(int number)
{
    tell_mask(IN_HANDLER + (uint32_t)number);
}

static uint64_t random64(uint32_t *state)
{
    uint64_t high = next_random(state);

    return high << 32 | next_random(state);
}

static void set_action(int number, uint32_t handler, uint32_t flags, uint64_t mask)
{
    struct sigaction action = { handler, flags | SA_RESTORER,
                                (uint32_t)(uintptr_t)(flags & SA_SIGINFO ? signals_rt_restorer
                                                                         : signals_restorer),
                                mask };

    call4(NR_rt_sigaction, number, &action, NULL, sizeof(action.mask));
}

static void set_mask(uint64_t blocked)
{
    call4(NR_rt_sigprocmask, SIG_SETMASK, &blocked, NULL, sizeof(blocked));
}

static uint64_t bit(int number)
{
    return 1ull << (number - 1);
}

static void send(int number)
{
    call2(NR_kill, call0(NR_getpid), number);
}

/*
 * One row: two signals with any masks come one after the other, the first one again, then both at
 * once, then while sigsuspend(2) waits. Of the masks only SIGSEGV is left out.
 */
static void masks(uint32_t *state, uint32_t flags)
{
    int first = 1 + (int)(next_random(state) % 4), second = 34 + (int)(next_random(state) % 30);
    uint64_t both = bit(first) | bit(second), spared = ~(bit(SIGSEGV) | both);
    uint64_t before = random64(state) & spared, temporary = random64(state) & spared;

    for (int i = 0; i < 2; i++) {
        uint32_t nodefer = next_random(state) & 1 ? SA_NODEFER : 0;
        set_action(i ? second : first, (uint32_t)(uintptr_t)on_signal, flags | nodefer,
                   random64(state) & ~bit(SIGSEGV));
    }
    set_mask(before);
    for (int i = 0; i < 3; i++) {
        int number = i == 1 ? second : first;
        send(number);
        tell_mask(AFTER + (uint32_t)number);
    }
    for (int i = 0; i < 2; i++) {
        set_mask(before | both);
        send(first);
        send(second);
        if (i)
            call2(NR_rt_sigsuspend, &temporary, sizeof(temporary));
        else
            set_mask(before);
        tell_mask(AFTER);
    }
    set_mask(~before & spared);     /* what sigsuspend has put back is over */
    send(second);
    tell_mask(AFTER + (uint32_t)second);
}

PROGRAM(signals_mask)
{
    masks(&argument, 0);
    masks(&argument, SA_SIGINFO);
    masks(&argument, 0);
    return 0;
}

/* ---- what interrupted calls come to */

enum { RESULT = 0x100, PLACE };     /* told; else it is a signal's number, and EAX in its frame */

static void on_call(int number, const siginfo_t *info, struct ucontext *context)
{
    extern const char signals_ud[];

    (void)info;
    tell((uint32_t)number, context->mcontext.eax);
    if (number == SIGILL) {
        tell(PLACE, context->mcontext.eip - (uint32_t)(uintptr_t)signals_ud);
        context->mcontext.eip += 2;
    }
}

/* An instruction that is a fault, with this in EAX. */
static __attribute__((noinline)) uint32_t compute(uint32_t eax)
{
    __asm__ volatile(".globl signals_ud\nsignals_ud: ud2" : "+a"(eax) : : "memory");
    return eax;
}

PROGRAM(signals_calls)
{
    while (call2(SIGNALS_NEXT, on_call, signals_rt_restorer) == 1) {
        uint32_t words[7];
        for (int i = 0; i < 7; i++)
            words[i] = next_random(&argument);
        long result = call6(SIGNALS_CALL + words[0] % SIGNALS_CALLS, words[1], words[2], words[3],
                            words[4], words[5], words[6]);
        tell(RESULT, (uint32_t)result);
    }
    set_action(SIGILL, (uint32_t)(uintptr_t)on_call, SA_SIGINFO, 0);
    for (uint32_t error = 510; error < 518; error++)
        tell(RESULT, compute(-error));
    return 0;
}
