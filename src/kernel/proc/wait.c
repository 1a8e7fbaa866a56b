/*
 * Waiting for children, and what they have to tell.
 */
#include "lib/string.h"
#include "mm/space.h"
#include "proc/process.h"
#include "task/sched.h"

/* What wait4() and waitid() look for. */
struct select {
    unsigned type;                  /* P_ */
    uint32_t id;
    unsigned options;               /* W */
};

void process_status_info(int status, siginfo_t *info)
{
    int signal = status & 0x7f;

    if (status == STATUS_CONTINUED) {
        info->code = CLD_CONTINUED;
        info->status = SIGCONT;
    } else if (signal == 0x7f) {
        info->code = CLD_STOPPED;
        info->status = status >> 8 & 0xff;
    } else if (signal) {
        info->code = status & STATUS_CORE ? CLD_DUMPED : CLD_KILLED;
        info->status = signal;
    } else {
        info->code = CLD_EXITED;
        info->status = status >> 8 & 0xff;
    }
}

static bool is_selected(const struct process *child, const struct select *select)
{
    bool is_clone = child->exit_signal != SIGCHLD;

    if (select->type == P_PID && child->pid != select->id)
        return false;
    if (select->type == P_PGID && child->pgid != select->id)
        return false;
    return (select->options & W_ALL) || is_clone == ((select->options & W_CLONE) != 0);
}

static void set_time(int32_t time[2], uint32_t ticks)
{
    time[0] = (int32_t)(ticks / 1000);
    time[1] = (int32_t)(ticks % 1000 * 1000);
}

/* A child's use of time is also that of its children for which it has waited. */
static void fill(const struct process *child, int status, struct wait_answer *answer)
{
    uint32_t user, system;

    process_ticks(child, &user, &system);
    *answer = (struct wait_answer){ .pid = child->pid, .uid = child->ids.uid, .status = status };
    set_time(answer->usage.utime, user + child->child_user_ticks);
    set_time(answer->usage.stime, system + child->child_system_ticks);
    answer->usage.maxrss = (int32_t)(child->peak_pages * (PAGE_SIZE / 1024));
}

/* Its parent knows how it ended: nothing is left of it but the time that it took. */
static void bury(struct process *parent, struct process *child)
{
    // exercise 6.6 begin: the parent inherits its times, and its children's; then it is gone
    parent->child_user_ticks += child->user_ticks + child->child_user_ticks;
    parent->child_system_ticks += child->system_ticks + child->child_system_ticks;
    process_remove(child);
    // exercise 6.6 stub
    // (void)parent, (void)child;
    // exercise 6.6 end
}

/* Has the child something to tell that is asked for? Then tell it. With process_lock. */
static bool tells(struct process *parent, struct process *child, unsigned options,
                  struct wait_answer *answer)
{
    bool keep = options & WNOWAIT;

    if (child->state == PROCESS_ZOMBIE) {
        if (!(options & WEXITED))
            return false;
        fill(child, child->status, answer);
        if (!keep)
            bury(parent, child);
        return true;
    }
    if (child->state == PROCESS_STOPPED && !child->stop_told && (options & WSTOPPED)) {
        fill(child, child->status, answer);
        child->stop_told = !keep;
        return true;
    }
    if (child->continue_due && (options & WCONTINUED)) {
        fill(child, STATUS_CONTINUED, answer);
        child->continue_due = keep;
        return true;
    }
    return false;
}

/* One look at all children: 1, 0 if none has anything to tell yet, -ECHILD if there are none. */
static int look(struct process *process, const struct select *select, struct wait_answer *answer)
{
    // exercise 6.6 begin: ask each that is selected, until one tells
    uint32_t flags = spin_lock_irqsave(&process_lock);
    int result = -ECHILD;

    list_for_each(node, &process->children) {
        struct process *child = list_entry(node, struct process, sibling);
        if (!is_selected(child, select))
            continue;
        result = tells(process, child, select->options, answer);
        if (result)
            break;                  /* the child may be gone */
    }
    spin_unlock_irqrestore(&process_lock, flags);
    return result;
    // exercise 6.6 stub
    // (void)process, (void)select, (void)answer, (void)is_selected, (void)tells;
    // return -ECHILD;
    // exercise 6.6 end
}

int process_wait_for(unsigned type, uint32_t id, unsigned options, struct wait_answer *answer)
{
    // exercise 6.6 begin: look, and sleep until there may be news; WNOHANG or a signal ends it, too
    struct process *process = process_current();
    struct select select = { type, id, options };
    struct wait_entry entry;
    int result, error;

    wait_entry_init(&entry);
    for (;;) {
        error = wait_prepare(&process->child_events, &entry, true);
        result = look(process, &select, answer);
        if (result || (options & WNOHANG))
            break;
        if (error) {
            result = error;
            break;
        }
        schedule();
    }
    wait_finish(&process->child_events, &entry);
    return result;
    // exercise 6.6 stub
    // (void)type, (void)id, (void)options, (void)answer, (void)look;
    // return -ECHILD;
    // exercise 6.6 end
}

long process_wait(int pid, int *status, unsigned options, struct rusage *usage)
{
    unsigned type = pid > 0 ? P_PID : pid == -1 ? P_ALL : P_PGID;
    uint32_t id = pid > 0 ? (uint32_t)pid : pid == 0 ? process_current()->pgid : 0u - (uint32_t)pid;
    struct wait_answer answer;
    int result = process_wait_for(type, id, options | WEXITED, &answer);

    if (result <= 0)
        return result;
    if (status)
        *status = answer.status;
    if (usage)
        *usage = answer.usage;
    return (long)answer.pid;
}
