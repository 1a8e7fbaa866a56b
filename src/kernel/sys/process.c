/*
 * Calls that make processes and threads, end them, and wait for them.
 */
#include "abi/errno.h"
#include "abi/sched.h"
#include "lib/string.h"
#include "mm/usercopy.h"
#include "proc/process.h"
#include "proc/signal.h"
#include "sys/calls.h"

#define WAIT4_OPTIONS  (WNOHANG | WUNTRACED | WCONTINUED | W_NOTHREAD | W_ALL | W_CLONE)
#define WAITID_EVENTS  (WEXITED | WSTOPPED | WCONTINUED)
#define WAITID_OPTIONS (WAITID_EVENTS | WNOHANG | WNOWAIT | W_NOTHREAD | W_ALL | W_CLONE)

long sys_exit(int status)
{
    thread_exit(status);
}

long sys_exit_group(int status)
{
    process_exit(STATUS_EXIT(status));
}

long sys_fork(void)
{
    return process_clone(SIGCHLD, 0, 0, 0, 0);
}

long sys_vfork(void)
{
    return process_clone(CLONE_VFORK | CLONE_VM | SIGCHLD, 0, 0, 0, 0);
}

long sys_clone(uint32_t flags, uintptr_t stack, uintptr_t parent_tid, uintptr_t tls,
               uintptr_t child_tid)
{
    return process_clone(flags, stack, parent_tid, tls, child_tid);
}

long sys_wait4(int pid, int *status, unsigned options, struct rusage *usage)
{
    struct rusage used;
    int told;

    if (options & ~WAIT4_OPTIONS)
        return -EINVAL;
    if (pid == -0x7fffffff - 1)
        return -ESRCH;
    long result = process_wait(pid, &told, options, &used);
    if (result == -EINTR)
        return -ERESTARTSYS;
    if (result <= 0)
        return result;
    if (status && copy_to_user(status, &told, sizeof(told)))
        return -EFAULT;
    if (usage && copy_to_user(usage, &used, sizeof(used)))
        return -EFAULT;
    return result;
}

long sys_waitpid(int pid, int *status, unsigned options)
{
    return sys_wait4(pid, status, options, NULL);
}

long sys_waitid(unsigned type, int id, siginfo_t *user_info, unsigned options,
                struct rusage *usage)
{
    struct wait_answer answer;
    siginfo_t info = { 0 };

    if ((options & ~WAITID_OPTIONS) || !(options & WAITID_EVENTS))
        return -EINVAL;
    if (type > P_PGID || (type == P_PID && id <= 0) || (type == P_PGID && id < 0))
        return -EINVAL;
    if (type == P_PGID && id == 0)
        id = (int)process_current()->pgid;
    int result = process_wait_for(type, (uint32_t)id, options, &answer);
    if (result < 0)
        return result == -EINTR ? -ERESTARTSYS : result;
    if (result > 0) {
        info.signo = SIGCHLD;
        info.child = answer.pid;
        info.child_uid = answer.uid;
        process_status_info(answer.status, &info);
        if (usage && copy_to_user(usage, &answer.usage, sizeof(answer.usage)))
            return -EFAULT;
    }
    /* As Linux: what lies behind the status stays as it is. */
    size_t known = __builtin_offsetof(siginfo_t, utime);
    return user_info && copy_to_user(user_info, &info, known) ? -EFAULT : 0;
}

long sys_getpid(void)
{
    return (long)process_current()->pid;
}

long sys_gettid(void)
{
    return (long)current()->pid;
}

long sys_getppid(void)
{
    return (long)process_current()->ppid;
}
