/*
 * The gate: from a program's int 0x80 to the function behind the number, and back.
 */
#include "sys/syscall.h"
#include "abi/errno.h"
#include "mm/usercopy.h"
#include "proc/process.h"
#include "proc/signal.h"
#include "sys/calls.h"
#include "sys/strace.h"
#include "x86/irqflags.h"
#include "x86/sysenter.h"

typedef long (*syscall_fn)(uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t);

/* All arguments are 32-bit words on the stack, and the caller takes them off: any may be called. */
#define ENTRY(number, name, arguments, trace) [number] = (syscall_fn)(void *)sys_##name,
static const syscall_fn table[] = { SYSCALLS(ENTRY) };

/*
 * Call what is behind the number in EAX with the frame's arguments, and put the answer there; for a
 * number that has nothing behind it, -ENOSYS.
 */
static inline __attribute__((always_inline)) void dispatch(struct trapframe *tf)
{
    // exercise 6.1 begin: which function, with which arguments; none: -ENOSYS
    uint32_t number = tf->eax;
    syscall_fn fn = number < ARRAY_SIZE(table) ? table[number] : NULL;

    tf->eax = fn ? (uint32_t)fn(tf->ebx, tf->ecx, tf->edx, tf->esi, tf->edi, tf->ebp)
                 : (uint32_t)-ENOSYS;
    // exercise 6.1 stub
    // (void)table;
    // tf->eax = (uint32_t)-ENOSYS;
    // exercise 6.1 end
}

/*
 * The number stays in the frame, in the word that popad skips, since EAX takes the answer: a call
 * that a signal interrupts may be made again.
 */
static inline __attribute__((always_inline)) void call(struct trapframe *tf)
{
    struct thread *thread = thread_current();

    irq_enable();
    tf->unused_esp = tf->eax;
    if (thread->traced)
        strace_call(tf);
    dispatch(tf);
    if (-tf->eax - ERESTARTSYS <= ERESTART_RESTARTBLOCK - ERESTARTSYS)
        current()->notice = true;   /* whichever thread the signal is for */
    if (thread->traced)
        strace_answer(tf);
    irq_disable();
}

/* Before ring 3 goes on, with interrupts off. What comes up meanwhile is looked at, too. */
static void before_user(struct trapframe *tf)
{
    while (current()->notice) {
        irq_enable();
        signal_deliver(tf);
        irq_disable();
    }
}

/* int 0x80, and what trap_exit() does for other traps. */
static void syscall(struct trapframe *tf)
{
    call(tf);
    if (preempt_due())
        preempt_hook();
    before_user(tf);
}

/*
 * The same by the vDSO's sysenter: EBP points to its own value, which is on the program's stack.
 * From here on it looks as if the int 0x80 before the landing had been taken.
 */
static void sysenter(struct trapframe *tf)
{
    tf->vector = TRAP_SYSCALL;
    tf->user_esp = tf->ebp;
    irq_enable();
    if (copy_from_user(&tf->ebp, (const void *)(uintptr_t)tf->user_esp, sizeof(tf->ebp))) {
        tf->eax = (uint32_t)-EFAULT;
        irq_disable();
        return;
    }
    call(tf);
}

void syscall_init(void)
{
    trap_open_syscall(syscall);
    trap_register(TRAP_SYSENTER, sysenter);
    sysenter_init();
    trap_to_user = before_user;
}
