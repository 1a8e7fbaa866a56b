/*
 * System calls that send signals.
 *
 * kill(2), tgkill(2), rt_sigqueueinfo(2).
 */
#include "abi/errno.h"
#include "mm/usercopy.h"
#include "proc/signal.h"
#include "sys/calls.h"

/* May the current process send this signal to that one? kill(2). */
static bool may_send(const struct process *to, int number)
{
    const struct credentials *mine = &process_current()->ids, *theirs = &to->ids;

    if (mine->euid == 0 || mine->euid == theirs->suid || mine->euid == theirs->uid ||
        mine->uid == theirs->suid || mine->uid == theirs->uid)
        return true;
    return number == SIGCONT && to->sid == process_current()->sid;
}

static siginfo_t from_current(int number, int code)
{
    siginfo_t info = { .signo = number, .code = code };

    info.pid = process_current()->pid;
    info.uid = process_current()->ids.uid;
    return info;
}

/* Send it to one process (number 0: only see whether that could be). With process_lock. */
static int send(struct process *process, const siginfo_t *info)
{
    if (!may_send(process, info->signo))
        return -EPERM;
    return info->signo && process->state != PROCESS_ZOMBIE ? signal_send_locked(process, info) : 0;
}

/* kill(2) to many. */
struct broadcast {
    uint32_t pgid;                  /* 0: all but process 1 and the sender */
    const siginfo_t *info;
    unsigned sent, found;
    int error;
};

static bool send_one_of_many(struct process *process, void *arg)
{
    struct broadcast *to = arg;

    if (to->pgid ? process->pgid != to->pgid : process->pid == 1 || process == process_current())
        return true;
    to->found++;
    int error = send(process, to->info);
    if (error)
        to->error = error;
    else
        to->sent++;
    return true;
}

static int send_to_many(uint32_t pgid, const siginfo_t *info)
{
    struct broadcast to = { .pgid = pgid, .info = info };

    process_each(send_one_of_many, &to);
    if (!to.found)
        return -ESRCH;
    return to.sent ? 0 : to.error;
}

/* The process that a number means: also by one of its threads'. With process_lock. */
static struct process *find(uint32_t pid)
{
    struct process *process = process_find(pid);
    const struct thread *thread = process ? NULL : thread_find(pid);

    return thread ? thread->task->process : process;
}

long sys_kill(int pid, int number)
{
    siginfo_t info = from_current(number, SI_USER);
    int error;

    if (number < 0 || number > NSIG)
        return -EINVAL;
    uint32_t flags = spin_lock_irqsave(&process_lock);
    if (pid > 0) {
        struct process *process = find((uint32_t)pid);
        error = process ? send(process, &info) : -ESRCH;
    } else if (pid == 0) {
        error = send_to_many(process_current()->pgid, &info);
    } else if (pid == -1) {
        error = send_to_many(0, &info);
    } else {
        error = pid + 1 == -INT32_MAX ? -ESRCH : send_to_many((uint32_t)-pid, &info);
    }
    spin_unlock_irqrestore(&process_lock, flags);
    return error;
}

/* To a thread, of process `tgid` if that is not 0. */
static long send_to_thread(uint32_t tgid, uint32_t tid, const siginfo_t *info)
{
    int error = -ESRCH;
    uint32_t flags = spin_lock_irqsave(&process_lock);
    struct thread *thread = thread_find(tid);

    if (thread && (!tgid || thread->task->process->pid == tgid)) {
        error = may_send(thread->task->process, info->signo) ? 0 : -EPERM;
        if (!error && info->signo)
            error = signal_send_thread_locked(thread, info);
    }
    spin_unlock_irqrestore(&process_lock, flags);
    return error;
}

long sys_tgkill(int tgid, int tid, int number)
{
    siginfo_t info = from_current(number, SI_TKILL);

    if (tgid <= 0 || tid <= 0 || number < 0 || number > NSIG)
        return -EINVAL;
    return send_to_thread((uint32_t)tgid, (uint32_t)tid, &info);
}

long sys_tkill(int tid, int number)
{
    siginfo_t info = from_current(number, SI_TKILL);

    if (tid <= 0 || number < 0 || number > NSIG)
        return -EINVAL;
    return send_to_thread(0, (uint32_t)tid, &info);
}

/* A program's own siginfo_t: nobody else's process must take it for the kernel's or kill's. */
static int take_info(siginfo_t *info, const siginfo_t *from, int number, int pid)
{
    if (copy_from_user(info, from, sizeof(*info)))
        return -EFAULT;
    info->signo = number;
    if ((info->code >= 0 || info->code == SI_TKILL) && (uint32_t)pid != process_current()->pid)
        return -EPERM;
    return number < 0 || number > NSIG ? -EINVAL : 0;
}

long sys_rt_sigqueueinfo(int pid, int number, const siginfo_t *from)
{
    siginfo_t info;
    int error = take_info(&info, from, number, pid);

    if (error)
        return error;
    uint32_t flags = spin_lock_irqsave(&process_lock);
    struct process *process = pid > 0 ? find((uint32_t)pid) : NULL;
    error = process ? send(process, &info) : -ESRCH;
    spin_unlock_irqrestore(&process_lock, flags);
    return error;
}

long sys_rt_tgsigqueueinfo(int tgid, int tid, int number, const siginfo_t *from)
{
    siginfo_t info;
    int error = take_info(&info, from, number, tgid);

    if (tgid <= 0 || tid <= 0)
        return -EINVAL;
    return error ? error : send_to_thread((uint32_t)tgid, (uint32_t)tid, &info);
}
