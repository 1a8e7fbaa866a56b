/*
 * The monitor's commands about tasks.
 */
#include "debug/backtrace.h"
#include "debug/log.h"
#include "debug/monitor.h"
#include "task/mutex.h"
#include "task/task.h"

static const char *state_name(const task_t *task)
{
    static const char *const names[] = { "ready", "running", "waiting", "zombie" };

    return task->state < ARRAY_SIZE(names) ? names[task->state] : "?";
}

static bool show_task(task_t *task, void *arg)
{
    (void)arg;
    console_printf("%5u %5u %-8s %3u/%-3u %8u  %s\n", task->pid,
                   task->parent ? task->parent->pid : 0, state_name(task), task->priority,
                   task->base_priority, task->ticks, task->name);
    return true;
}

MONITOR_COMMAND(ps, "", "the tasks; priority/its own, milliseconds of processor time")
{
    (void)argc, (void)argv, (void)tf;
    console_printf("  pid    by state    priority     ms  name\n");
    task_each(show_task, NULL);
}

/* What the search for a task looks for, and finds. */
struct search {
    uint32_t pid;
    task_t *task;
};

static bool is_it(task_t *task, void *arg)
{
    struct search *search = arg;

    if (task->pid == search->pid)
        search->task = task;
    return !search->task;
}

MONITOR_COMMAND(task, "PID", "where a task stands, and the calls that led there")
{
    struct search search = { 0 };

    (void)tf;
    if (argc != 2 || !monitor_number(argv[1], &search.pid)) {
        console_printf("usage: task PID\n");
        return;
    }
    task_each(is_it, &search);
    const task_t *task = search.task;
    if (!task) {
        console_printf("no task %u\n", search.pid);
        return;
    }
    show_task(search.task, NULL);
    if (task->blocked_on && task->blocked_on->owner)
        console_printf("waits for a mutex that task %u holds\n", task->blocked_on->owner->pid);
    if (task->on_cpu) {
        console_printf("runs: see backtrace\n");
        return;
    }
    const struct context *context = (const struct context *)task->esp;
    backtrace_print(console_printf, context->eip, context->ebp);
}
