/*
 * Signals as Linux i386 numbers and lays them out.
 *
 * signal(7), sigaction(2), sigaltstack(2).
 */
#ifndef ABI_SIGNAL_H
#define ABI_SIGNAL_H

#include "lib/types.h"

#define NSIG 64                     /* numbers go from 1 to NSIG; real-time signals from SIGRTMIN */

#define SIGHUP    1
#define SIGINT    2
#define SIGQUIT   3
#define SIGILL    4
#define SIGTRAP   5
#define SIGABRT   6
#define SIGBUS    7
#define SIGFPE    8
#define SIGKILL   9
#define SIGUSR1   10
#define SIGSEGV   11
#define SIGUSR2   12
#define SIGPIPE   13
#define SIGALRM   14
#define SIGTERM   15
#define SIGSTKFLT 16
#define SIGCHLD   17
#define SIGCONT   18
#define SIGSTOP   19
#define SIGTSTP   20
#define SIGTTIN   21
#define SIGTTOU   22
#define SIGURG    23
#define SIGXCPU   24
#define SIGXFSZ   25
#define SIGVTALRM 26
#define SIGPROF   27
#define SIGWINCH  28
#define SIGIO     29
#define SIGPWR    30
#define SIGSYS    31
#define SIGRTMIN  32

#define SIG_DFL 0u                  /* handlers that are none */
#define SIG_IGN 1u

#define SA_NOCLDSTOP 0x00000001u
#define SA_NOCLDWAIT 0x00000002u
#define SA_SIGINFO   0x00000004u
#define SA_RESTORER  0x04000000u
#define SA_ONSTACK   0x08000000u
#define SA_RESTART   0x10000000u
#define SA_NODEFER   0x40000000u
#define SA_RESETHAND 0x80000000u
#define SA_KNOWN     (SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_RESTORER | SA_ONSTACK | \
                      SA_RESTART | SA_NODEFER | SA_RESETHAND)

#define SIG_BLOCK   0
#define SIG_UNBLOCK 1
#define SIG_SETMASK 2

#define SS_ONSTACK 1
#define SS_DISABLE 2
#define SS_AUTODISARM 0x80000000u   /* not in use while a handler runs on it */
#define MINSIGSTKSZ 2048

/* rt_sigaction(2)'s. */
struct sigaction {
    uint32_t handler;               /* SIG_DFL, SIG_IGN, or its address */
    uint32_t flags;                 /* SA_ bits */
    uint32_t restorer;              /* where it returns to, with SA_RESTORER */
    uint64_t mask __attribute__((packed, aligned(4)));  /* blocked while it runs, too */
};

/* sigaction(2)'s of old, with the first 32 signals alone. */
struct old_sigaction {
    uint32_t handler, mask, flags, restorer;
};

/* stack_t. */
struct sigaltstack {
    uint32_t sp;
    int32_t  flags;
    uint32_t size;
};

/* si_code: positive from the kernel, else from a program. */
#define SI_USER    0
#define SI_KERNEL  0x80
#define SI_QUEUE   (-1)
#define SI_TIMER   (-2)
#define SI_TKILL   (-6)
#define ILL_ILLOPN 2
#define FPE_INTDIV 1
#define FPE_INTOVF 2
#define FPE_FLTDIV 3
#define FPE_FLTOVF 4
#define FPE_FLTUND 5
#define FPE_FLTRES 6
#define FPE_FLTINV 7
#define SEGV_MAPERR 1
#define SEGV_ACCERR 2
#define BUS_ADRALN 1
#define BUS_ADRERR 2
#define TRAP_BRKPT 1
#define TRAP_TRACE 2
#define CLD_EXITED    1
#define CLD_KILLED    2
#define CLD_DUMPED    3
#define CLD_TRAPPED   4
#define CLD_STOPPED   5
#define CLD_CONTINUED 6

typedef struct {
    int32_t signo, error, code;
    union {
        uint32_t words[29];         /* 128 bytes in all */
        struct {
            uint32_t pid, uid, value;               /* kill, sigqueue */
        };
        struct {
            int32_t timer, overrun;                 /* SI_TIMER; value as above */
        };
        struct {
            uint32_t child, child_uid;              /* SIGCHLD */
            int32_t status;
            uint32_t utime, stime;                  /* in ticks of 10 ms */
        };
        uint32_t address;                           /* SIGSEGV, SIGBUS, SIGILL, SIGFPE */
    };
} siginfo_t;

#endif
