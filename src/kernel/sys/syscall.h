/*
 * System calls: Linux i386's. The number is in EAX, up to six arguments in EBX, ECX, EDX, ESI, EDI,
 * EBP; the answer comes back in EAX, -ERRNO (-1 to -4095) if it is an error.
 *
 * syscall(2), syscalls(2). The table is in sys/calls.h.
 */
#ifndef SYS_SYSCALL_H
#define SYS_SYSCALL_H

#include "x86/trap.h"

/* Let programs call. After process_init(). */
void syscall_init(void);

#endif
