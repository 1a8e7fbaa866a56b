/*
 * Signals, for the conformance programs that need them: the structures and how a handler is set.
 *
 * rt_sigaction(2), sigreturn(2); arch/x86/include/uapi/asm/sigcontext.h for what a handler finds.
 */
#ifndef CONFORM_SIGNAL_H
#define CONFORM_SIGNAL_H

#include "conform.h"

#include <asm/sigcontext.h>

#define SA_NOCLDSTOP 0x1
#define SA_NOCLDWAIT 0x2
#define SA_SIGINFO   0x4
#define SA_RESTORER  0x04000000
#define SA_ONSTACK   0x08000000
#define SA_RESTART   0x10000000
#define SA_NODEFER   0x40000000
#define SA_RESETHAND 0x80000000u

#define SIG_DFL ((void *)0)
#define SIG_IGN ((void *)1)
#define SIG_BLOCK   0
#define SIG_UNBLOCK 1
#define SIG_SETMASK 2

struct action {
    void *handler;
    unsigned long flags;
    void *restorer;
    uint64 mask;
};

struct info {
    int number, error, code;
    union {
        struct {
            int pid, uid, status;
        };
        void *address;
        int rest[29];
    };
};

struct stack {
    void *base;
    int flags;
    size_t size;
};

struct ucontext {
    unsigned long flags;
    struct ucontext *link;
    struct stack stack;
    struct sigcontext context;
    uint64 mask;
};

struct interval {
    long every_sec, every_usec, value_sec, value_usec;
};

typedef void plain_handler(int number);
typedef void info_handler(int number, struct info *info, struct ucontext *context);

extern char restore[], restore_rt[];
__asm__("restore:\n\tpopl %eax\n\tmovl $119, %eax\n\tint $0x80\n"
        "restore_rt:\n\tmovl $173, %eax\n\tint $0x80\n");

static inline uint64 mask_of(int number)
{
    return 1ull << (number - 1);
}

static UNUSED long set_action(int number, void *handler, unsigned long flags, uint64 mask)
{
    struct action action = { handler, flags | SA_RESTORER, flags & SA_SIGINFO ? restore_rt : restore, mask };

    return sys(rt_sigaction, number, &action, NULL, 8);
}

static UNUSED uint64 change_mask(int how, uint64 mask)
{
    uint64 old = 0;

    sys(rt_sigprocmask, how, &mask, &old, 8);
    return old;
}

static UNUSED long raise(int number)
{
    return sys(kill, own_pid(), number);
}

/* SIGALRM after so many milliseconds, once. */
static UNUSED long alarm_ms(long ms)
{
    struct interval once = { 0, 0, ms / 1000, ms % 1000 * 1000 };

    return sys(setitimer, 0, &once, NULL);
}

#endif
