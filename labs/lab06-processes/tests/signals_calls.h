/*
 * Calls that only the tests of signals know (signals.c), for the kernel's side and the programs'.
 */
#ifndef SIGNALS_CALLS_H
#define SIGNALS_CALLS_H

#define SIGNALS_ACT  0x1100     /* (5 places in the program): the kernel's side does what is next */
#define SIGNALS_ROOM 0x1101     /* (the same): a signal comes while a frame has no room */
#define SIGNALS_NEXT 0x1102     /* (handler, restorer): the next case; 0: there is none */
#define SIGNALS_CALL 0x1200     /* and the 255 behind it: a call that is interrupted */
#define SIGNALS_CALLS 0x100

/* What a program wants seen of its registers, in words: signals.asm stores them so. */
enum {
    SAW_EAX, SAW_EBX, SAW_ECX, SAW_EDX, SAW_ESI, SAW_EDI, SAW_EBP, SAW_ESP,
    SAW_DS, SAW_ES, SAW_FS, SAW_GS, SAW_CS, SAW_SS, SAW_EFLAGS,
    SAW_CONTROL, SAW_STATUS,    /* of the FPU */
    SAW_XMM,                    /* four words */
    SAW_WORDS = SAW_XMM + 4,
};

#endif
