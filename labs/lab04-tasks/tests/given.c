/*
 * What lab 4 gives and no exercise is about: FPU registers, work queue, condition variables, what
 * watches the kernel's own mistakes. For the project's tests (tests/test_tasks.py).
 */
#include "debug/panic.h"
#include "ktest.h"
#include "sync/lockwatch.h"
#include "task/condvar.h"
#include "task/sched.h"
#include "task/semaphore.h"
#include "task/timer.h"
#include "task/work.h"
#include "x86/random.h"

#define FPU_TASKS 3

/* ---- FPU and SSE registers */

static bool has_sse;

/* Load the task's pattern, lose the processor again and again, and see whether it is there. */
static int keep_fpu(void *arg)
{
    int32_t pattern = (int32_t)(uintptr_t)arg, word = pattern, kept;
    uint32_t xmm[4] = { pattern, pattern + 1, pattern + 2, pattern + 3 }, after[4];
    int wrong = 0;

    __asm__ volatile("fildl %0" : : "m"(word));
    if (has_sse)
        __asm__ volatile("movups %0, %%xmm5" : : "m"(xmm));
    for (int i = 0; i < 20; i++) {
        if (i & 1)
            sleep_ms(1);
        else
            task_yield();
        __asm__ volatile("fistl %0" : "=m"(kept));
        wrong += kept != pattern;
        if (has_sse) {
            __asm__ volatile("movups %%xmm5, %0" : "=m"(after));
            for (int w = 0; w < 4; w++)
                wrong += after[w] != xmm[w];
        }
    }
    return wrong;
}

KTEST(given_fpu)
{
    task_t *tasks[FPU_TASKS];
    uint32_t eax = 1, edx;
    int wrong, sum = 0;

    __asm__ volatile("cpuid" : "+a"(eax), "=d"(edx) : : "ebx", "ecx");
    has_sse = edx >> 25 & 1;
    irq_enable();
    for (int i = 0; i < FPU_TASKS; i++)
        tasks[i] = create_task(keep_fpu, (void *)(uintptr_t)(ktest_random(1 << 24) + 1), "fpu");
    for (int i = 0; i < FPU_TASKS; i++) {
        task_join(tasks[i], &wrong);
        sum += wrong;
    }
    ktest_report("wrong %d sse %u", sum, has_sse);
}

/* ---- deferred work */

static unsigned done;

static void count_and_sleep(void *arg)
{
    sleep_ms(2);
    done += (uintptr_t)arg;
}

KTEST(given_work)
{
    struct work one, two;

    irq_enable();
    work_init(&one, count_and_sleep, (void *)1);
    work_init(&two, count_and_sleep, (void *)10);
    bool first = work_queue(&one), second = work_queue(&two), again = work_queue(&two);
    work_flush();
    ktest_report("queued %u %u %u done %u", first, second, again, done);
    work_queue(&one);
    bool cancelled = work_cancel(&one);
    work_flush();
    ktest_report("cancelled %u %u done %u", cancelled, work_cancel(&one), done);
}

/* ---- condition variables */

static struct mutex mutex;
static struct condvar changed;
static unsigned value, seen;

static int wait_for_value(void *arg)
{
    mutex_lock(&mutex);
    while (value < (uintptr_t)arg)
        condvar_wait(&changed, &mutex);
    seen++;
    mutex_unlock(&mutex);
    return 0;
}

KTEST(given_condvar)
{
    task_t *tasks[5];

    irq_enable();
    mutex_init(&mutex);
    condvar_init(&changed);
    for (uintptr_t i = 0; i < 5; i++)
        tasks[i] = create_task(wait_for_value, (void *)(i + 1), "condvar");
    for (unsigned i = 1; i <= 5; i++) {
        sleep_ms(2);
        mutex_lock(&mutex);
        value = i;
        condvar_broadcast(&changed);
        mutex_unlock(&mutex);
        sleep_ms(2);
        ktest_report("value %u seen %u", i, seen);
    }
    for (int i = 0; i < 5; i++)
        task_join(tasks[i], NULL);
}

/* ---- time-outs, and interrupted waits */

static int interrupted(void *arg)
{
    WAIT_QUEUE(queue);

    (void)arg;
    return wait_event_interruptible(&queue, false);
}

KTEST(given_wait)
{
    struct semaphore semaphore;
    int status;

    irq_enable();
    semaphore_init(&semaphore, 1);
    int first = semaphore_down_timeout(&semaphore, 5);
    uint64_t begin = timer_now();
    int second = semaphore_down_timeout(&semaphore, 5);
    ktest_report("timeout %d %d %u", first, second, (uint32_t)(timer_now() - begin) / 5);
    task_t *task = create_task(interrupted, NULL, "interrupted");
    sleep_ms(3);
    task_interrupt(task);
    task_join(task, &status);
    ktest_report("interrupted %d", status);
}

/* ---- mistakes that are told */

static struct spinlock lock_a, lock_b;

KTEST(given_lock_order)
{
    lock_watch = true;
    uint32_t a = spin_lock_irqsave(&lock_a), b = spin_lock_irqsave(&lock_b);
    spin_unlock_irqrestore(&lock_b, b);
    spin_unlock_irqrestore(&lock_a, a);
    ktest_report("opposite");
    b = spin_lock_irqsave(&lock_b);
    a = spin_lock_irqsave(&lock_a);
    spin_unlock_irqrestore(&lock_a, a);
    spin_unlock_irqrestore(&lock_b, b);
    lock_watch = false;
}

KTEST(panic_deadlock)
{
    spin_lock_irqsave(&lock_a);
    spin_lock_irqsave(&lock_a);
}

KTEST(panic_schedule_locked)
{
    spin_lock_irqsave(&lock_a);
    schedule();
}

KTEST(panic_mutex_twice)
{
    mutex_init(&mutex);
    mutex_lock(&mutex);
    mutex_lock(&mutex);
}

static __attribute__((noinline)) void fill(volatile char *to, unsigned n)
{
    while (n--)
        *to++ = 'x';
}

static __attribute__((noinline)) void smash(unsigned n)
{
    char text[16];

    fill(text, n);
    ktest_report("filled %u", n);
}

KTEST(panic_smash)
{
    smash(16);
    smash(16 + 12);
}

KTEST(given_random)
{
    uint32_t words[4];

    random_bytes(words, sizeof(words));
    ktest_report("words %x %x %x %x %x", words[0], words[1], words[2], words[3], random_word());
}
