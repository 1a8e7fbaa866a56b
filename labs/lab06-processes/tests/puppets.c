/*
 * Puppets: processes that do what the test says, and the tree that they are in.
 */
#include "puppets.h"
#include "ktest.h"
#include "stage.h"
#include "proc/signal.h"
#include "task/sched.h"
#include "task/timer.h"

struct puppet puppets[PUPPETS];

static int play(void *arg)
{
    struct puppet *puppet = arg;

    for (;;) {
        wait_event(&puppet->orders, puppet->order != PUPPET_NONE);
        enum puppet_order order = puppet->order;
        puppet->order = PUPPET_NONE;
        if (order == PUPPET_END)
            process_exit(puppet->status);
        puppet->result = process_wait_for(puppet->type, puppet->id, puppet->options,
                                          &puppet->answer);
        puppet->waits = false;
    }
}

/* The puppet's process, a child of `parent`'s (NULL: of the test's); it does not run yet. */
struct process *puppet_make(struct puppet *puppet, const struct puppet *parent)
{
    *puppet = (struct puppet){ 0 };
    wait_init(&puppet->orders);
    puppet->process = process_new(parent ? parent->process : process_current(), play, puppet,
                                  "puppet");
    if (!puppet->process) {
        stage_lacks("memory");
        return NULL;
    }
    puppet->pid = puppet->process->pid;
    puppet->task = list_entry(puppet->process->threads.next, struct thread, node)->task;
    puppet->task->priority = puppet->task->base_priority = PUPPET_PRIORITY;
    return puppet->process;
}

struct process *puppet_find(uint32_t pid)
{
    uint32_t flags = spin_lock_irqsave(&process_lock);
    struct process *process = pid ? process_find(pid) : NULL;

    spin_unlock_irqrestore(&process_lock, flags);
    return process;
}

bool puppet_lives(const struct puppet *puppet)
{
    const struct process *process = puppet_find(puppet->pid);

    return process && process->state != PROCESS_ZOMBIE;
}

/* Until the puppet sleeps again, or has ended. */
void puppet_settle(const struct puppet *puppet)
{
    task_yield();
    for (unsigned ms = 0; ms < 200; ms++) {
        if (!puppet_lives(puppet))
            break;
        if (puppet->order == PUPPET_NONE && puppet->task->state == TASK_WAITING)
            break;
        sleep_ms(1);
    }
}

void puppet_start(struct puppet *puppet)
{
    process_start(puppet->process);
    puppet_settle(puppet);
}

static void command(struct puppet *puppet, enum puppet_order order)
{
    puppet->order = order;
    wait_wake_all(&puppet->orders);
    puppet_settle(puppet);
}

void puppet_end(struct puppet *puppet, int status)
{
    puppet->status = status;
    command(puppet, PUPPET_END);
}

void puppet_wait(struct puppet *puppet, unsigned type, uint32_t id, unsigned options)
{
    puppet->type = type;
    puppet->id = id;
    puppet->options = options;
    puppet->waits = true;
    command(puppet, PUPPET_WAIT);
}

void puppet_interrupt(const struct puppet *puppet)
{
    if (puppet_lives(puppet))
        task_interrupt(puppet->task);
    puppet_settle(puppet);
}

/* Have a process act on these signals, so that they stay pending. */
void puppet_handle(struct process *process, unsigned number)
{
    process->actions[number - 1].handler = PUPPET_HANDLER;
}

/* All puppets come to their ends, and nothing is left of them. False: one does not end. */
bool puppets_clear(void)
{
    for (unsigned i = 0; i < PUPPETS; i++)
        if (puppets[i].pid && puppet_lives(&puppets[i]) && puppets[i].waits)
            puppet_interrupt(&puppets[i]);
    for (unsigned i = PUPPETS; i-- > 0; )
        if (puppets[i].pid && puppet_lives(&puppets[i]))
            puppet_end(&puppets[i], 0);
    bool all = true;
    for (unsigned i = PUPPETS; i-- > 0; ) {
        struct process *process = puppet_find(puppets[i].pid);
        if (process && process->state == PROCESS_ZOMBIE)
            stage_bury(process);
        else if (process)
            all = false;
        puppets[i].pid = 0;
    }
    if (!all)
        stage_lacks("end");
    return all;
}

/* ---- the tree, as it is */

static unsigned number_of(const struct process *process)
{
    for (unsigned i = 0; process && i < PUPPETS; i++)
        if (puppets[i].pid && process->pid == puppets[i].pid)
            return i + 1;
    return process && process->pid == 1 ? 0 : PUPPET_NOBODY;
}

struct line {
    unsigned me, parent, listed, ppid, state, signal;
    int status;
    uint32_t pending;
};

struct tree {
    struct line lines[PUPPETS + 1];
    unsigned count;
};

/* Whose list of children is it in? The sum, if it is in several. */
static unsigned listed_with(const struct process *child)
{
    unsigned sum = 0, found = 0, steps = 0;

    for (unsigned i = 0; i <= PUPPETS; i++) {
        const struct process *parent = process_find(i ? puppets[i - 1].pid : 1);
        if (!parent || (i && !puppets[i - 1].pid))
            continue;
        for (const struct list *node = parent->children.next;
             node != &parent->children && steps < 1000; node = node->next, steps++)
            if (node == &child->sibling) {
                sum += i;
                found++;
            }
    }
    return found == 1 ? sum : PUPPET_NOBODY;
}

static bool take_line(struct process *process, void *arg)
{
    struct tree *tree = arg;
    unsigned me = number_of(process);

    if (me == 0 || me == PUPPET_NOBODY || tree->count > PUPPETS)
        return true;
    const struct process *parent = process->parent;
    tree->lines[tree->count++] = (struct line){
        me, number_of(parent), listed_with(process),
        process->ppid == parent->pid ? number_of(parent) : PUPPET_NOBODY, process->state,
        (unsigned)process->exit_signal, process->status, (uint32_t)process->pending.set,
    };
    return true;
}

/* A line for each puppet that is in the table. */
void puppets_report(const char *key)
{
    static struct tree tree;

    tree.count = 0;
    uint32_t flags = spin_lock_irqsave(&process_lock);
    process_each(take_line, &tree);
    spin_unlock_irqrestore(&process_lock, flags);
    for (unsigned i = 0; i < tree.count; i++) {
        const struct line *line = &tree.lines[i];
        bool dead = line->state == PROCESS_ZOMBIE;
        ktest_report("%s %u %u %u %u %u %u %d %x", key, line->me, line->parent, line->listed,
                     line->ppid, line->state, line->signal, dead ? line->status : 0,
                     dead ? 0 : line->pending);
    }
}

int puppet_status(void)
{
    unsigned kind = ktest_random(2), value = ktest_random(256);

    return (int)(kind ? STATUS_EXIT(value) : 1 + value % 31);
}
