/*
 * The end of processes: who gets the orphans, what waiting finds, who is told and how.
 */
#include "puppets.h"
#include "stage.h"
#include "ktest.h"
#include "lib/string.h"
#include "proc/signal.h"

/* ---- orphans */

static bool make_tree(void)
{
    static const int signals[] = { SIGCHLD, SIGCHLD, 0, SIGUSR1 };

    for (unsigned i = 0; i < PUPPETS; i++) {
        unsigned above = ktest_random(i + 1);
        struct process *process = puppet_make(&puppets[i], above ? &puppets[above - 1] : NULL);
        if (!process)
            return false;
        process->subreaper = ktest_random(4) == 0;
        process->exit_signal = signals[ktest_random(4)];
        process->parent_death_signal = ktest_random(3) ? 0 : SIGUSR2;
        puppet_handle(process, SIGCHLD);
        puppet_handle(process, SIGUSR1);
        puppet_handle(process, SIGUSR2);
        puppet_start(&puppets[i]);
    }
    return true;
}

/*
 * 1 (a subreaper) sleeps until one of its children ends. Of 2's, its child, ends 3, whose child 4
 * has ended before: 4 becomes 1's.
 */
static void inherit_zombie(void)
{
    struct process *process[5];

    for (unsigned i = 0; i < 4; i++) {
        process[i] = puppet_make(&puppets[i], i ? &puppets[i - 1] : NULL);
        if (!process[i])
            return;
        puppet_start(&puppets[i]);
    }
    process[0]->subreaper = true;
    puppet_end(&puppets[3], puppet_status());
    puppet_wait(&puppets[0], P_ALL, 0, WEXITED);
    ktest_report("sleeps %u", puppets[0].waits);
    puppet_end(&puppets[2], puppet_status());
    ktest_report("inherits %u %d %u %d", puppets[0].waits, puppets[0].result,
                 puppets[0].answer.pid == puppets[3].pid, puppets[0].answer.status);
    puppets_report("rest");
}

KTEST(ends_orphans)
{
    unsigned left = PUPPETS;

    if (!stage_open())
        return;
    if (make_tree()) {
        puppets_report("tree");
        while (left) {
            unsigned i = ktest_random(PUPPETS);
            while (!puppet_lives(&puppets[i]))
                i = (i + 1) % PUPPETS;
            int status = puppet_status();
            ktest_report("end %u %d", i + 1, status);
            puppet_end(&puppets[i], status);
            puppets_report("tree");
            if (puppet_lives(&puppets[i]))
                break;
            left--;
        }
    }
    if (puppets_clear()) {
        inherit_zombie();
        puppets_clear();
    }
}

/* ---- waiting */

#define CHILDREN  8
#define WAITS     70
#define GROUPS    3

/* What the parent, puppet 1, has come to: sleeps it, and how often is it in its own queue? */
static void report_waiter(void)
{
    const struct puppet *parent = &puppets[0];
    unsigned entries = 0;
    uint32_t flags = spin_lock_irqsave(&process_lock);

    for (const struct list *node = parent->process->child_events.entries.next;
         node != &parent->process->child_events.entries && entries < 9; node = node->next)
        entries++;
    uint32_t user = parent->process->child_user_ticks, system = parent->process->child_system_ticks;
    spin_unlock_irqrestore(&process_lock, flags);
    unsigned told = PUPPET_NOBODY;
    for (unsigned i = 1; i <= CHILDREN; i++)
        if (puppets[i].pid == parent->answer.pid)
            told = i;
    ktest_report("now %u %u %d %u %d %u %u", parent->waits, entries, parent->result, told,
                 parent->answer.status, user, system);
}

static bool make_family(void)
{
    static const int signals[] = { SIGCHLD, SIGCHLD, SIGCHLD, 0 };

    if (!puppet_make(&puppets[0], NULL))
        return false;
    puppet_start(&puppets[0]);
    for (unsigned i = 1; i <= CHILDREN; i++) {
        struct process *process = puppet_make(&puppets[i], &puppets[0]);
        if (!process)
            return false;
        process->pgid = puppets[0].pid + 1000 + ktest_random(GROUPS);
        process->exit_signal = signals[ktest_random(4)];
        puppet_start(&puppets[i]);
    }
    return true;
}

/* What signals do to a process, by hand: its state, and the word to its parent. */
static void change_state(struct process *process, enum process_state state, int status)
{
    uint32_t flags = spin_lock_irqsave(&process_lock);

    process->state = state;
    if (state == PROCESS_STOPPED) {
        process->status = status;
        process->stop_told = process->continue_due = false;
    } else {
        process->continue_due = true;
    }
    wait_wake_all(&process->parent->child_events);
    spin_unlock_irqrestore(&process_lock, flags);
    puppet_settle(&puppets[0]);
}

/* Its times are told as they were when it was told to end: a tick may come to that. */
static void end_with_times(struct puppet *puppet, int status)
{
    struct process *process = puppet->process;
    uint32_t user, system, flags = spin_lock_irqsave(&process_lock);

    process->user_ticks += ktest_random(1000);
    process->system_ticks += ktest_random(1000);
    process->child_user_ticks = ktest_random(1000);
    process->child_system_ticks = ktest_random(1000);
    process_ticks(process, &user, &system);
    user += process->child_user_ticks;
    system += process->child_system_ticks;
    spin_unlock_irqrestore(&process_lock, flags);
    puppet_end(puppet, status);
    ktest_report("times %u %u", user, system);
}

/* Something happens to the child: it ends, stops or goes on. */
static void child_event(void)
{
    unsigned i = 1 + ktest_random(CHILDREN), what = ktest_random(4), value = ktest_random(31) + 1;
    struct process *process = puppet_find(puppets[i].pid);

    ktest_report("event %u %u %u", i, what, value);
    if (!process || process->state == PROCESS_ZOMBIE)
        return;
    if (what == 0)
        end_with_times(&puppets[i], STATUS_EXIT(value));
    else if (what == 1 && process->state == PROCESS_STOPPED)
        change_state(process, PROCESS_ALIVE, 0);
    else if (process->state != PROCESS_STOPPED)
        change_state(process, PROCESS_STOPPED, STATUS_STOP(value));
    puppet_settle(&puppets[0]);
}

static unsigned random_options(void)
{
    static const unsigned kinds[] = { 0, 0, W_ALL, W_CLONE };
    unsigned options = WEXITED;

    options |= ktest_random(2) ? WSTOPPED : 0;
    options |= ktest_random(2) ? WCONTINUED : 0;
    options |= ktest_random(4) ? 0 : WNOWAIT;
    options |= ktest_random(3) ? WNOHANG : 0;
    return options | kinds[ktest_random(4)];
}

static void one_wait(void)
{
    unsigned type = ktest_random(3), child = 1 + ktest_random(CHILDREN);
    uint32_t group = ktest_random(GROUPS), options = random_options();
    uint32_t id = type == P_PID ? puppets[child].pid : puppets[0].pid + 1000 + group;

    puppets[0].task->interrupted = ktest_random(4) == 0;
    ktest_report("wait %u %u %u %u %u", type, child, group, options, puppets[0].task->interrupted);
    puppet_wait(&puppets[0], type, id, options);
    report_waiter();
    for (unsigned i = 0; puppets[0].waits && i < 6; i++) {
        child_event();
        report_waiter();
    }
    if (puppets[0].waits) {
        puppet_interrupt(&puppets[0]);
        ktest_report("interrupt");
        report_waiter();
    }
    puppets[0].task->interrupted = false;
}

KTEST(ends_waiting)
{
    if (!stage_open())
        return;
    if (make_family()) {
        for (unsigned i = 1; i <= CHILDREN; i++)
            ktest_report("child %u %u %d", i, puppets[i].process->pgid - puppets[0].pid - 1000,
                         puppets[i].process->exit_signal);
        for (unsigned n = 0; n < WAITS && puppet_lives(&puppets[0]); n++) {
            if (ktest_random(2))
                child_event();
            one_wait();
            if (puppets[0].waits)
                break;
        }
    }
    puppets_clear();
}

/* ---- what parents are told */

static const struct sigaction parents_actions[] = {
    { .handler = SIG_DFL },
    { .handler = SIG_IGN },
    { .handler = PUPPET_HANDLER },
    { .handler = SIG_DFL, .flags = SA_NOCLDWAIT },
    { .handler = PUPPET_HANDLER, .flags = SA_NOCLDWAIT },
};

static const int exit_signals[] = { SIGCHLD, 0, SIGUSR1 };

/* What is pending for the process: all of them, and what the first says. */
static void report_pending(const struct process *process)
{
    siginfo_t info = { 0 };
    uint32_t flags = spin_lock_irqsave(&process_lock);
    uint64_t set = process->pending.set;

    if (process->pending.queue.next != &process->pending.queue)
        info = list_entry(process->pending.queue.next, struct pending_signal, node)->info;
    spin_unlock_irqrestore(&process_lock, flags);
    ktest_report("pending %llx %d %d %u %d", set, info.signo, info.code,
                 info.child == puppets[1].pid, info.status);
}

/* Puppet 2 ends, a child of puppet 1. */
static bool told_case(unsigned action, unsigned signal, bool waits)
{
    struct process *parent = puppet_make(&puppets[0], NULL);
    struct process *child = parent ? puppet_make(&puppets[1], &puppets[0]) : NULL;
    int status = puppet_status();

    if (!child)
        return false;
    ktest_report("case %u %u %u %d", action, signal, waits, status);
    parent->actions[SIGCHLD - 1] = parents_actions[action];
    puppet_handle(parent, SIGUSR1);
    child->exit_signal = exit_signals[signal];
    puppet_start(&puppets[0]);
    puppet_start(&puppets[1]);
    if (waits)
        puppet_wait(&puppets[0], P_ALL, 0, WEXITED | W_ALL);
    puppet_end(&puppets[1], status);
    puppet_settle(&puppets[0]);
    report_pending(parent);
    ktest_report("waiter %u %d %d", puppets[0].waits, puppets[0].result,
                 puppets[0].answer.status);
    puppets_report("tree");
    return puppets_clear();
}

/*
 * A group of a shell's (1): 2 is its child, 3 is 2's and stopped; with `watched` also 4, which is
 * the shell's. 2 ends, or the shell does.
 */
static bool group_case(bool watched, bool shell_ends)
{
    static const unsigned above[] = { 0, 1, 2, 1 };

    ktest_report("group %u %u", watched, shell_ends);
    for (unsigned i = 0; i < 3u + watched; i++) {
        const struct puppet *parent = above[i] ? &puppets[above[i] - 1] : NULL;
        struct process *process = puppet_make(&puppets[i], parent);
        if (!process)
            return false;
        process->sid = puppets[0].pid;
        process->pgid = i ? puppets[1].pid : puppets[0].pid;
        puppet_handle(process, SIGHUP);
        puppet_handle(process, SIGCONT);
        puppet_start(&puppets[i]);
    }
    puppets[2].process->state = PROCESS_STOPPED;
    puppet_end(&puppets[shell_ends ? 0 : 1], 0);
    puppets_report("tree");
    return puppets_clear();
}

KTEST(ends_told)
{
    if (!stage_open())
        return;
    for (unsigned action = 0; action < ARRAY_SIZE(parents_actions); action++)
        for (unsigned signal = 0; signal < ARRAY_SIZE(exit_signals); signal++)
            for (unsigned waits = 0; waits < 2; waits++)
                if (!told_case(action, signal, waits))
                    return;
    for (unsigned n = 0; n < 4; n++)
        if (!group_case(n & 1, n & 2))
            return;
}
