/*
 * Calls about process groups and sessions.
 */
#include "abi/errno.h"
#include "proc/process.h"
#include "sys/calls.h"

/* The process of that number; 0 is the current one. NULL: there is none. With process_lock. */
static struct process *find(int pid)
{
    return pid ? process_find((uint32_t)pid) : process_current();
}

/* For the search in all processes: a group, and the session in which one of it was found. */
struct group {
    uint32_t pgid, sid;
    bool found;
};

static bool is_member(struct process *process, void *arg)
{
    struct group *group = arg;

    if (process->pgid == group->pgid) {
        group->found = true;
        group->sid = process->sid;
    }
    return !group->found;
}

static int set_group(struct process *process, uint32_t pgid)
{
    const struct process *self = process_current();

    if (!process || (process != self && process->parent != self))
        return -ESRCH;
    if (process != self && process->sid != self->sid)
        return -EPERM;
    if (process != self && process->has_execed)
        return -EACCES;
    if (process->sid == process->pid)
        return -EPERM;
    if (!pgid)
        pgid = process->pid;
    if (pgid != process->pid) {
        struct group group = { .pgid = pgid };
        process_each(is_member, &group);
        if (!group.found || group.sid != self->sid)
            return -EPERM;
    }
    process->pgid = pgid;
    return 0;
}

long sys_setpgid(int pid, int pgid)
{
    if (pgid < 0)
        return -EINVAL;
    uint32_t flags = spin_lock_irqsave(&process_lock);
    int error = set_group(find(pid), (uint32_t)pgid);
    spin_unlock_irqrestore(&process_lock, flags);
    return error;
}

long sys_getpgid(int pid)
{
    uint32_t flags = spin_lock_irqsave(&process_lock);
    const struct process *process = find(pid);
    long result = process ? (long)process->pgid : -ESRCH;

    spin_unlock_irqrestore(&process_lock, flags);
    return result;
}

long sys_getpgrp(void)
{
    return sys_getpgid(0);
}

long sys_getsid(int pid)
{
    uint32_t flags = spin_lock_irqsave(&process_lock);
    const struct process *process = find(pid);
    long result = process ? (long)process->sid : -ESRCH;

    spin_unlock_irqrestore(&process_lock, flags);
    return result;
}

long sys_setsid(void)
{
    struct process *self = process_current();
    struct group group = { .pgid = self->pid };
    uint32_t flags = spin_lock_irqsave(&process_lock);

    process_each(is_member, &group);
    if (!group.found)
        self->sid = self->pgid = self->pid;
    spin_unlock_irqrestore(&process_lock, flags);
    return group.found ? -EPERM : (long)self->pid;
}
