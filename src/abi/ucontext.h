/*
 * What handlers of signals find on their stack: the registers of what was interrupted, as Linux
 * i386 lays them out.
 *
 * linux/arch/x86/include/uapi/asm/sigcontext.h and ucontext.h; sigreturn(2).
 */
#ifndef ABI_UCONTEXT_H
#define ABI_UCONTEXT_H

#include "abi/signal.h"

#define FPU_MAGIC_OLD  0xffff       /* struct fpstate ends before `fxsave` */
#define FPU_MAGIC_FXSR 0x0000

/* The FPU's registers, 624 bytes: what fnsave stores, and all that fxsave does. */
struct fpstate {
    uint32_t cw, sw, tag, ip, cs, data, ds;
    uint8_t  st[8][10];
    uint16_t status, magic;
    uint8_t  fxsave[512];
};

#define FPSTATE_OLD_BYTES 112       /* before fxsave */

/* 88 bytes. Segment registers have 16 bits each, in words of 32. */
struct sigcontext {
    uint32_t gs, fs, es, ds;
    uint32_t edi, esi, ebp, esp, ebx, edx, ecx, eax;
    uint32_t trapno, err;
    uint32_t eip, cs, eflags, esp_at_signal, ss;
    uint32_t fpstate;               /* address of a struct fpstate, or 0 */
    uint32_t oldmask;               /* signals 1 to 32 of those blocked */
    uint32_t cr2;
};

/* 116 bytes. */
struct ucontext {
    uint32_t flags, link;
    struct sigaltstack stack;
    struct sigcontext mcontext;
    uint64_t sigmask __attribute__((packed, aligned(4)));
};

#endif
