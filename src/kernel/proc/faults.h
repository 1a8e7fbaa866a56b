/*
 * What programs do wrong, as signals, and what the log says if they die of it.
 *
 * sigaction(2), si_code; Intel SDM volume 3A, 6.15.
 */
#ifndef PROC_FAULTS_H
#define PROC_FAULTS_H

#include "abi/signal.h"
#include "x86/trap.h"

/*
 * Take the exceptions that come from ring 3. Those of the kernel's own go to who had them before.
 */
void faults_init(void);

/*
 * The current process ends by this signal: say so in one line of the log. If it is its own fault:
 * name, number, signal, address, where it was (a file with a function, or the place in it) and the
 * instruction's bytes. Of a signal that was sent, only if it means that something is wrong; what
 * ends programs every day (SIGINT, SIGTERM, SIGKILL, SIGPIPE and the like) is no news.
 */
void fault_log(const struct trapframe *tf, const siginfo_t *info);

#endif
