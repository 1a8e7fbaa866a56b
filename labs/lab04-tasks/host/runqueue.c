/*
 * Around task/runqueue.c: a run queue, and tasks that are nothing but places in it.
 *
 * A case begins with the number of its tasks; then come operations of five words. Tasks are known
 * by number. Each lies on a page of its own, so that it can be seen which ones are touched.
 *      1 task front time   rq_add
 *      2 task              rq_remove
 *      3 time              rq_pick          "pick TASK" or "pick -"
 *      4                   rq_highest       "highest PRIORITY"
 *      5                   all that is kept:
 *                          "queue LEVELS COUNT RESCUED", "level PRIORITY TASK ...",
 *                          "waiting TASK ...", "task TASK QUEUED SINCE" for each that is queued, or
 *                          should not be
 *      6 task priority     give the task, which is in no queue, a priority
 *      7 what task time    one of 1 (at the end), 2, 3, while nobody may touch a task unseen:
 *                          "touched TASKS"
 * Times are two words, the low one first. A list that is broken is shown up to where it is.
 */
#include "fakes.h"
#include "task/runqueue.h"

#define SIGSEGV     11
#define SA_SIGINFO  4
#define PROT_NONE   0
#define PROT_RW     3
#define RAM         (48u << 20)

struct sigaction {
    void (*handler)(int signal, void *info, void *context);
    unsigned long mask[32];
    int flags;
    void (*restorer)(void);
};

int sigaction(int signal, const struct sigaction *action, struct sigaction *old);
int mprotect(void *at, size_t n, int protection);
void _exit(int status);

static struct runqueue rq;
static uint32_t tasks;
static uint32_t touched;
static bool watching;

static task_t *task_at(uint32_t i)
{
    return (task_t *)(uintptr_t)(KERNEL_BASE + i * PAGE_SIZE);
}

/* The task whose `member` is at node; -1 if there is none. */
static int number_of(const struct list *node, size_t member)
{
    uintptr_t at = (uintptr_t)node - member - KERNEL_BASE;

    return at % PAGE_SIZE == 0 && at / PAGE_SIZE < tasks ? (int)(at / PAGE_SIZE) : -1;
}

static void print_list(const struct list *head, size_t member)
{
    const struct list *last = head;
    uint32_t n = 0;

    for (const struct list *node = head->next; node != head; last = node, node = node->next) {
        int i = number_of(node, member);
        if (i < 0 || n++ == tasks || node->prev != last) {
            printf(" broken\n");
            return;
        }
        printf(" %d", i);
    }
    printf("%s\n", head->prev == last ? "" : " broken");
}

static void print_all(void)
{
    printf("queue %x %u %u\n", rq.levels, rq.count, rq.rescued);
    for (unsigned p = 0; p < PRIORITIES; p++) {
        if (rq.level[p].next == &rq.level[p] && rq.level[p].prev == &rq.level[p])
            continue;
        printf("level %u", p);
        print_list(&rq.level[p], __builtin_offsetof(task_t, level));
    }
    printf("waiting");
    print_list(&rq.waiting, __builtin_offsetof(task_t, waiting));
    for (uint32_t i = 0; i < tasks; i++)
        if (task_at(i)->queued)
            printf("task %u %u %llu\n", i, task_at(i)->queued, task_at(i)->ready_since);
}

/* A task that was locked away is touched: count it, and let it be. */
static void on_touch(int signal, void *info, void *context)
{
    uintptr_t at = *(uintptr_t *)((char *)info + 12);       /* si_addr */

    (void)signal, (void)context;
    if (!watching || at - KERNEL_BASE >= tasks * PAGE_SIZE)
        _exit(128 + SIGSEGV);
    touched++;
    mprotect((void *)(at & PTE_FRAME), PAGE_SIZE, PROT_RW);
}

static void lock_away(bool on)
{
    touched = 0;
    watching = on;
    mprotect(task_at(0), tasks * PAGE_SIZE, on ? PROT_NONE : PROT_RW);
}

static void print_pick(const task_t *task)
{
    if (task)
        printf("pick %d\n", number_of((const struct list *)task, 0));
    else
        printf("pick -\n");
}

static void watched(uint32_t what, task_t *task, uint64_t time)
{
    task_t *picked = NULL;

    lock_away(true);
    if (what == 1)
        rq_add(&rq, task, false, time);
    else if (what == 2)
        rq_remove(&rq, task);
    else
        picked = rq_pick(&rq, time);
    uint32_t n = touched;
    lock_away(false);
    if (what == 3)
        print_pick(picked);
    printf("touched %u\n", n);
}

static void operation(uint32_t what, uint32_t a, uint32_t b, uint64_t time)
{
    switch (what) {
    case 1:
        rq_add(&rq, task_at(a), b, time);
        break;
    case 2:
        rq_remove(&rq, task_at(a));
        break;
    case 3:
        print_pick(rq_pick(&rq, time));
        break;
    case 4:
        printf("highest %d\n", rq_highest(&rq));
        break;
    case 5:
        print_all();
        break;
    case 6:
        task_at(a)->priority = b;
        break;
    case 7:
        watched(a, task_at(b), time);
        break;
    }
}

static void one_case(void)
{
    tasks = word();
    rq_init(&rq);
    for (uint32_t i = 0; i < tasks; i++) {
        list_init(&task_at(i)->level);
        list_init(&task_at(i)->waiting);
    }
    while (more()) {
        uint32_t what = word(), a = word(), b = word(), low = word();
        operation(what, a, b, (uint64_t)word() << 32 | low);
    }
}

int main(void)
{
    struct sigaction action = { .handler = on_touch, .flags = SA_SIGINFO };

    ram_map(RAM, true);
    sigaction(SIGSEGV, &action, NULL);
    each_case(one_case);
    return 0;
}
