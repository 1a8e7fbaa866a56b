/*
 * Signals: sending, and what becomes of them before a thread goes back to its program.
 *
 * signal(7); the frames that handlers find on their stack are proc/sigframe's.
 */
#ifndef PROC_SIGNAL_H
#define PROC_SIGNAL_H

#include "proc/process.h"

#define SIGNAL_BIT(n) (1ull << ((n) - 1))

#define SIGNAL_UNBLOCKABLE (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))

/* Whose default actions are to stop the process, and nothing. The others' is to end it. */
#define SIGNAL_STOPS (SIGNAL_BIT(SIGTSTP) | SIGNAL_BIT(SIGTTIN) | SIGNAL_BIT(SIGTTOU) | \
                      SIGNAL_BIT(SIGSTOP))
#define SIGNAL_IGNORED (SIGNAL_BIT(SIGCHLD) | SIGNAL_BIT(SIGCONT) | SIGNAL_BIT(SIGURG) | \
                        SIGNAL_BIT(SIGWINCH))

/* What a thread's own faults raise. */
#define SIGNAL_FAULTS (SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGILL) | \
                       SIGNAL_BIT(SIGTRAP) | SIGNAL_BIT(SIGFPE) | SIGNAL_BIT(SIGSYS))

/* What a system call returns, inside of the kernel only, if a signal shall be handled first. */
#define ERESTARTSYS    512          /* then again if the handler has SA_RESTART, else -EINTR */
#define ERESTARTNOINTR 513          /* then again */
#define ERESTARTNOHAND 514          /* again if there is no handler, else -EINTR */
#define ERESTART_RESTARTBLOCK 516   /* the same, by restart_syscall(2): thread->restart */

/* Have faults of programs become signals. After process_init(). */
void signal_init(void);

/*
 * Send a signal to a process, or to one thread. Ignored ones are dropped. Returns 0, or -EAGAIN: a
 * real-time signal, and no memory to keep it. Callable from interrupts. The caller has process_lock
 * in the _locked forms.
 */
int signal_send(struct process *process, const siginfo_t *info);
int signal_send_thread(struct thread *thread, const siginfo_t *info);
int signal_send_locked(struct process *process, const siginfo_t *info);
int signal_send_thread_locked(struct thread *thread, const siginfo_t *info);

/*
 * Send a signal that is the sender's own (`taken` is set, and it is in no queue), to a thread or,
 * if that is NULL, to the process. Returns whether it is in a queue now: false, it is ignored, or
 * too many are there. The caller has process_lock.
 */
bool signal_send_own(struct process *process, struct thread *thread,
                     struct pending_signal *signal);

/* The same to all processes of a group. Returns how many there were. */
int signal_send_group(uint32_t pgid, const siginfo_t *info);

/* The current thread gets this signal as if it had sent it to itself. */
void signal_own(int number);

/*
 * A fault of the current thread's own: it gets this signal even if it is blocked or ignored, by its
 * default action then.
 */
void signal_force(int number, int code, uintptr_t address);

/* Is there a signal that the current thread would act on? Its interruptible waits end then. */
bool signal_pending(void);

/*
 * Take a pending signal of `set` from the current thread's and its process's. Returns its number,
 * or 0: none is pending. The caller has process_lock.
 */
unsigned signal_take(uint64_t set, siginfo_t *info);

/*
 * Look again what is pending for the current thread: whether it has to be woken for it. The caller
 * has process_lock.
 */
void signal_look_again(struct thread *thread);

/* Set the current thread's blocked signals (never SIGKILL and SIGSTOP), and look again. */
void signal_set_blocked(uint64_t blocked);

/*
 * Before a thread returns to ring 3, interrupts on: deliver what is pending, stop while the process
 * is stopped, end if it is exiting. `tf` is changed for handlers and restarted calls.
 */
void signal_deliver(struct trapframe *tf);

/*
 * What signal `number`'s action is now; what is pending is dropped if it is ignored from now on.
 * NULL: not asked for, or unchanged. *action loses what no action can have.
 */
void signal_action(unsigned number, struct sigaction *action, struct sigaction *old);

/* The current process stops, by this signal. The caller has process_lock. */
void signal_stop(unsigned number);

/* Wait as long as the current process is stopped and need not end. */
void signal_wait_stopped(void);

/*
 * sigaltstack(2) for the current thread, whose stack pointer is `sp`. NULL: not asked for, or
 * unchanged. Returns 0, -EPERM, -EINVAL or -ENOMEM as there.
 */
int signal_altstack(const struct sigaltstack *stack, struct sigaltstack *old, uint32_t sp);

/* A thread has no signals yet, but those blocked that `parent` (NULL: nobody) blocks. */
void signal_thread_init(struct thread *thread, const struct thread *parent);

/*
 * A thread of the process ends: others see to what it should have. The caller has process_lock, and
 * has taken it out of the process's list.
 */
void signal_thread_gone(struct process *process, struct thread *thread);

/* For a process that is made by fork: nothing is pending, all else as in its parent. */
void signal_fork(struct process *child, const struct process *parent);

/* For exec: handlers become defaults, the alternate stack goes. */
void signal_exec(struct process *process);

/* Drop what is pending for a thread or process that ends. The caller has process_lock. */
void signal_flush(struct pending *pending);

/*
 * Build a handler's frame on the program's stack, and have tf begin the handler. Returns 0 or
 * -EFAULT: the stack cannot be written.
 */
int sigframe_build(struct trapframe *tf, const siginfo_t *info, const struct sigaction *action,
                   uint64_t blocked);

/* sigreturn(2) and rt_sigreturn(2): back to what the frame at tf's stack holds. EAX's value. */
long sigframe_return(struct trapframe *tf, bool rt);

#endif
