/*
 * Futexes: threads sleep until somebody says that a word of their memory has changed.
 *
 * The word is the program's own: the kernel looks at it once, before it puts a thread to sleep, and
 * no wake-up that comes after that look is missed.
 *
 * H. Franke, R. Russell, M. Kirkwood, "Fuss, Futexes and Furwocks" (Ottawa Linux Symposium 2002);
 * futex(2), futex(7), get_robust_list(2).
 */
#ifndef PROC_FUTEX_H
#define PROC_FUTEX_H

#include "abi/futex.h"
#include "lib/timespec.h"

struct thread;

/*
 * futex(2). `op` is the operation with its flags; `until` the time at which waiting ends, of
 * CLOCK_REALTIME with that flag, else of CLOCK_MONOTONIC; NULL: never. `count2` is the second
 * number of operations that have no time. Returns its answer, or, if a signal came, -ERESTARTSYS
 * or -ERESTART_RESTARTBLOCK.
 */
long futex(uint32_t *at, unsigned op, uint32_t value, const struct timespec *until, uint32_t count2,
           uint32_t *at2, uint32_t value3);

/* Wake up to `count` threads that wait at a word, for the kernel itself. */
void futex_wake(uint32_t *at, unsigned count);

/* Of what the thread has on its list of robust futexes, say that their owner has died. */
void futex_thread_exit(struct thread *thread);

#endif
