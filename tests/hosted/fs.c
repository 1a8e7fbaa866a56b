/*
 * One task, which never waits: a mutex that it would wait for is a deadlock.
 */
#include "machine.h"
#undef NAME_MAX
#undef PATH_MAX
#define timespec kernel_timespec            /* the host has one of its own */
#include "fs.h"
#include "debug/input.h"
#include "dev/clock.h"
#include "dev/rtc.h"
#include "mm/kmalloc.h"
#include "mm/pagecache.h"
#include "mm/slab.h"
#include "task/task.h"
#include "task/timer.h"
#include "x86/irq.h"
#include "x86/random.h"

uint64_t fs_clock;
static task_t task = { .pid = 1, .name = "main", .cwd_shared = { &task.cwd_shared, &task.cwd_shared } };
struct cpu cpus[CPUS] = { { .current = &task } };

void mutex_init(struct mutex *mutex)
{
    mutex->owner = NULL;
    list_init(&mutex->waiters);
}

void mutex_lock(struct mutex *mutex)
{
    CHECK(!mutex->owner, "a mutex is locked by the task that has it");
    CHECK(machine_lock_count == 0, "a mutex is locked with a spinlock held");
    mutex->owner = &task;
}

bool mutex_trylock(struct mutex *mutex)
{
    if (mutex->owner)
        return false;
    mutex->owner = &task;
    return true;
}

void mutex_unlock(struct mutex *mutex)
{
    CHECK(mutex->owner, "a mutex is unlocked that nobody has");
    mutex->owner = NULL;
}

/* There is nobody to wait for: pipes and locks are not tried here, and files only name them. */
void wait_init(struct wait_queue *queue)
{
    list_init(&queue->entries);
}

void wait_entry_init(struct wait_entry *entry)
{
    list_init(&entry->node);
}

int wait_prepare(struct wait_queue *queue, struct wait_entry *entry, bool interruptible)
{
    (void)queue, (void)entry, (void)interruptible;
    return -EINTR;
}

void wait_finish(struct wait_queue *queue, struct wait_entry *entry)
{
    (void)queue, (void)entry;
}

unsigned wait_wake_all(struct wait_queue *queue)
{
    (void)queue;
    return 0;
}

bool sched_prepare_wait(bool interruptible)
{
    return !interruptible;
}

void sched_finish_wait(void)
{
}

void schedule(void)
{
    CHECK(false, "the only task waits");
}

bool schedule_timeout(uint32_t ms)
{
    fs_clock += ms;
    return false;
}

uint64_t timer_now(void)
{
    return fs_clock;
}

void sleep_ms(uint32_t ms)
{
    fs_clock += ms;
}

struct rtc_time rtc_read(void)
{
    return (struct rtc_time){ 2026, 1, 1, 0, 0, 0 };
}

uint32_t rtc_seconds(const struct rtc_time *t)
{
    (void)t;
    return 1767225600;
}

uint32_t clock_seconds(void)
{
    return 1767225600 + (uint32_t)(fs_clock / 1000);
}

void random_bytes(void *to, size_t n)
{
    for (uint8_t *p = to; n--; )
        *p++ = (uint8_t)check_random(256);
}

task_t *create_task(int (*func)(void *), void *arg, const char *name)
{
    (void)func, (void)arg, (void)name;
    return NULL;
}

void task_each(bool (*fn)(task_t *, void *), void *arg)
{
    fn(&task, arg);
}

unsigned task_count(void)
{
    return 1;
}

void (*task_born)(struct task *child, struct task *parent);
void (*task_gone)(struct task *task);

char input_get(void)
{
    return 'x';
}

unsigned input_read(char *to, unsigned n)
{
    (void)to, (void)n;
    return 0;
}

uint32_t irq_count(unsigned line)
{
    return line == 0 ? 1000 : 0;
}

uint32_t irq_spurious_count(void)
{
    return 0;
}

void pagewait_init(void)
{
}

void fs_start(void)
{
    slab_init();
    kmalloc_init("");
    pagecache_init();
    vfs_init();
}
