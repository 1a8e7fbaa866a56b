/*
 * System calls told in the log as strace(1) shows them, for threads that are traced.
 */
#ifndef SYS_STRACE_H
#define SYS_STRACE_H

#include "x86/trap.h"

/* A call begins: one line, without the answer if it may not come back (exit, execve). */
void strace_call(const struct trapframe *tf);

/* Its answer. */
void strace_answer(const struct trapframe *tf);

#endif
