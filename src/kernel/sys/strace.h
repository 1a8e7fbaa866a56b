/*
 * System calls told in the log as strace(1) shows them, for threads that are traced.
 */
#ifndef SYS_STRACE_H
#define SYS_STRACE_H

#include "x86/trap.h"

/* A call begins: its name and arguments, in a line that is still to end. */
void strace_call(const struct trapframe *tf);

/* Its answer ends that line; if something came between, a line with the name again. */
void strace_answer(const struct trapframe *tf);

#endif
