/*
 * Thread-local storage: the three descriptors that each thread may set for itself, and reaches its
 * own data through by FS or GS.
 *
 * set_thread_area(2); Intel SDM volume 3A, 3.4.5.
 */
#ifndef PROC_TLS_H
#define PROC_TLS_H

#include "abi/sched.h"
#include "x86/trap.h"

/*
 * Read a program's struct user_desc whose entry_number is one of the three: *entry (0 to 2) and
 * *descriptor, which is 0 for an empty one. -EFAULT; -EINVAL: another number, or a segment that is
 * no data segment of 32 bits.
 */
int tls_read(const struct user_desc *user, unsigned *entry, uint64_t *descriptor);

/*
 * One of a thread's descriptors becomes this one. The thread goes to its program with the selectors
 * of the frame `tf`, and the processor looks at what is behind them: at nothing that it would
 * refuse, as those that would be are changed.
 */
void tls_check_frame(struct trapframe *tf, unsigned entry, uint64_t descriptor);

/* set_thread_area(2) and get_thread_area(2). */
long tls_set(struct user_desc *user);
long tls_get(struct user_desc *user);

#endif
