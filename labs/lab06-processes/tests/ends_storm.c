/*
 * Whether an end is missed, or anything left behind: children by the hundred, and what a tree of
 * processes looks like from outside when some have ended.
 */
#include "puppets.h"
#include "stage.h"
#include "abi/errno.h"
#include "outside.h"
#include "lib/string.h"
#include "mm/heapdebug.h"
#include "proc/signal.h"
#include "task/sched.h"
#include "task/timer.h"

#define ROUNDS     250
#define BYSTANDERS 24
#define STORM      10               /* a priority: less urgent than the test's and the children's */
#define PATIENCE   2000             /* milliseconds without another child's end */
#define CHAIN      8
#define CHAIN_ENDS 5

/* What the grader reads: how far it came, the first answer that was wrong, and what was in use. */
uint32_t ends_rounds;
uint32_t ends_wrong[5];             /* 1; ignored; the status; what process_wait() said, and told */
uint32_t ends_buried;               /* bystanders, in the last storm */
uint32_t ends_use[2][4];            /* behind the first storm, and behind the second */
const struct process *ends_first;
uint32_t ends_pids[CHAIN];

#define PLACE(member) __builtin_offsetof(struct process, member)

const uint32_t ends_places[] = {
    PLACE(pid), PLACE(state), PLACE(all), PLACE(parent), PLACE(children), PLACE(sibling),
    PLACE(ppid), PLACE(status), PLACE(exit_signal), PLACE(child_events),
};

static WAIT_QUEUE(over_queue);
static bool over;

static int stands_by(void *arg)
{
    (void)arg;
    wait_event(&over_queue, over);
    process_exit(STATUS_EXIT(1));
}

static int doomed(void *arg)
{
    uint32_t how = (uintptr_t)arg;

    if (how >> 8)
        sleep_ms(how >> 8);
    process_exit(STATUS_EXIT(how & 0xff));
}

static struct process *child_of_storm(int (*func)(void *), uint32_t arg)
{
    struct process *child = process_new(process_current(), func, (void *)(uintptr_t)arg, "child");

    if (child) {
        list_entry(child->threads.next, struct thread, node)->task->priority = PUPPET_PRIORITY;
        process_start(child);
    }
    return child;
}

/* A child ends at some moment, mostly while its parent is about to sleep until it has. */
static void storm_round(void)
{
    bool ignored = ktest_random(6) == 0;
    uint32_t status = ktest_random(256), delay = ktest_random(3), pause = ktest_random(600);
    int told = -1;

    process_current()->actions[SIGCHLD - 1].handler = ignored ? SIG_IGN : SIG_DFL;
    struct process *child = process_new(process_current(), doomed,
                                        (void *)(uintptr_t)(delay << 8 | status), "doomed");
    if (!child)
        return;
    int pid = (int)child->pid;
    list_entry(child->threads.next, struct thread, node)->task->priority = PUPPET_PRIORITY;
    process_start(child);
    for (volatile unsigned i = 0; i < pause; i++)
        ;
    long answer = process_wait(pid, &told, 0, NULL);
    bool right = ignored ? answer == -ECHILD
                         : answer == pid && told == (int)STATUS_EXIT(status);
    if (!right && !ends_wrong[0]) {
        uint32_t wrong[] = { 1, ignored, status, answer == pid ? 1 : (uint32_t)answer,
                             (uint32_t)told };
        memcpy(ends_wrong, wrong, sizeof(wrong));
    }
    ends_rounds++;
}

static int storm(void *arg)
{
    (void)arg;
    over = false;
    for (unsigned i = 0; i < BYSTANDERS; i++)
        child_of_storm(stands_by, 0);
    for (unsigned i = 0; i < ROUNDS; i++)
        storm_round();
    process_current()->actions[SIGCHLD - 1].handler = SIG_DFL;
    over = true;
    wait_wake_all(&over_queue);
    for (ends_buried = 0; process_wait(-1, NULL, 0, NULL) > 0; ends_buried++)
        ;
    process_exit(0);
}

/* Until it has ended; false: nothing goes on any more. */
static bool weather(const struct process *process)
{
    uint32_t rounds = ~0u;

    while (rounds != ends_rounds) {
        rounds = ends_rounds;
        for (unsigned ms = 0; ms < PATIENCE; ms += 20) {
            if (process->state == PROCESS_ZOMBIE)
                return true;
            sleep_ms(20);
        }
    }
    return false;
}

static bool one_storm(uint32_t use[4])
{
    struct process *process = process_new(process_current(), storm, NULL, "storm");

    if (!process) {
        stage_lacks("memory");
        return false;
    }
    list_entry(process->threads.next, struct thread, node)->task->priority = STORM;
    process_start(process);
    if (!weather(process)) {
        ktest_report("stuck %u", ends_rounds);
        return false;
    }
    stage_bury(process);
    heapdebug_flush();
    struct stage_use now = stage_use();
    use[0] = now.free_frames;
    use[1] = now.processes;
    use[2] = now.threads;
    use[3] = now.heap;
    return true;
}

/* Each the child of the one before; some want orphans; some end. */
static bool make_chain(void)
{
    for (unsigned i = 0; i < CHAIN; i++) {
        struct process *process = puppet_make(&puppets[i], i ? &puppets[i - 1] : NULL);
        if (!process)
            return false;
        process->subreaper = ktest_random(3) == 0;
        ends_pids[i] = puppets[i].pid;
        puppet_start(&puppets[i]);
    }
    for (unsigned n = 0; n < CHAIN_ENDS; n++) {
        unsigned i = ktest_random(CHAIN);
        while (!puppet_lives(&puppets[i]))
            i = (i + 1) % CHAIN;
        puppet_end(&puppets[i], puppet_status());
    }
    return true;
}

KTEST(ends_storm)
{
    if (!stage_open())
        return;
    ends_first = process_current();
    if (make_chain() && one_storm(ends_use[0]) && one_storm(ends_use[1]))
        stay();
}
