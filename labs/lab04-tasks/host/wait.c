/*
 * Around task/wait.c: tasks that prepare to wait, are woken and go on, one call after the other.
 *
 * A case: how many tasks and how many queues; then operations of four words. Each task has an entry
 * for each queue. After each: "OPERATION RESULT", then the tasks' states (W WAITING, - not), then
 * each queue's entries as TASK.QUEUE; behind a * what should not be.
 *     1 task queue interruptible    wait_prepare
 *     2 task queue                  wait_finish
 *     3 queue off                   wait_wake_one, with interrupts off if `off`
 *     4 queue off                   wait_wake_all
 *     5 task                        task_wake: by somebody else
 *     6 task                        task_interrupt
 *     7 task                        it has seen that it was interrupted
 */
#include "fakes.h"
#include "task/wait.c"

#define TASKS  8
#define QUEUES 4

static task_t tasks[TASKS];
static struct wait_queue queues[QUEUES];
static struct wait_entry entries[TASKS][QUEUES];
static unsigned task_number, queue_number;
struct cpu cpus[CPUS];

/* ---- what task/wait.c calls */

bool sched_prepare_wait(bool interruptible)
{
    task_t *task = current();

    if (interruptible && task->interrupted)
        return false;
    task->state = TASK_WAITING;
    task->interruptible = interruptible;
    return true;
}

void sched_finish_wait(void)
{
    current()->state = TASK_RUNNING;
}

bool task_wake(task_t *task)
{
    bool waiting = task->state == TASK_WAITING;

    if (waiting)
        task->state = TASK_RUNNING;
    return waiting;
}

void task_interrupt(task_t *task)
{
    task->interrupted = true;
    if (task->interruptible)
        task_wake(task);
}

void schedule(void)
{
    printf("* schedule() is for the caller\n");
}

void task_yield(void)
{
    schedule();
}

/* ---- what is there to see */

static void print_entry(const struct list *node)
{
    for (unsigned t = 0; t < task_number; t++)
        for (unsigned q = 0; q < queue_number; q++)
            if (&entries[t][q].node == node) {
                printf(" %u.%u", t, q);
                return;
            }
    printf(" *");
}

static void print_queue(const struct wait_queue *queue)
{
    unsigned n = 0;

    printf(" |");
    for (struct list *node = queue->entries.next; node != &queue->entries; node = node->next) {
        print_entry(node);
        if (node->next->prev != node || node->prev->next != node || n++ > TASKS) {
            printf(" * broken");
            return;
        }
    }
    if (queue->lock.held)
        printf(" * locked");
}

static void print(uint32_t what, int result)
{
    printf("%u %d ", what, result);
    for (unsigned t = 0; t < task_number; t++)
        printf("%c", tasks[t].state == TASK_WAITING ? 'W' : '-');
    for (unsigned q = 0; q < queue_number; q++)
        print_queue(&queues[q]);
    printf("\n");
}

/* ---- the operations */

static int wake(uint32_t what, struct wait_queue *queue, bool off)
{
    if (off)
        irq_disable();
    int result = what == 3 ? wait_wake_one(queue) : (int)wait_wake_all(queue);
    if (off && irq_enabled())
        printf("* interrupts on\n");
    if (off)
        irq_enable();
    return result;
}

static int operation(uint32_t what, uint32_t a, uint32_t b, uint32_t c)
{
    task_t *task = &tasks[a];

    if (what <= 2)
        this_cpu()->current = task;
    switch (what) {
    case 1: return wait_prepare(&queues[b], &entries[a][b], c);
    case 2: wait_finish(&queues[b], &entries[a][b]); return 0;
    case 5: return task_wake(task);
    case 6: task_interrupt(task); return 0;
    case 7: task->interrupted = false; return 0;
    default: return wake(what, &queues[a], b);
    }
}

static void one_case(void)
{
    task_number = word();
    queue_number = word();
    for (unsigned q = 0; q < queue_number; q++)
        wait_init(&queues[q]);
    for (unsigned t = 0; t < task_number; t++) {
        tasks[t].state = TASK_RUNNING;
        this_cpu()->current = &tasks[t];
        for (unsigned q = 0; q < queue_number; q++)
            wait_entry_init(&entries[t][q]);
    }
    while (more()) {
        uint32_t what = word(), a = word(), b = word();
        int result = operation(what, a, b, word());
        print(what, result);
        check_interrupts("the last call");
    }
}

int main(void)
{
    each_case(one_case);
    return 0;
}
