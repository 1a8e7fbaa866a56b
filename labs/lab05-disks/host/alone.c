/*
 * Heap and mutexes of one task.
 */
#include "alone.h"
#include "debug/panic.h"
#include "mm/kmalloc.h"
#include "task/mutex.h"

static uint32_t fail_at;

void heap_fail(uint32_t n)
{
    fail_at = n;
}

bool heap_fails(void)
{
    return fail_at && --fail_at == 0;
}

void *kmalloc(size_t n)
{
    return heap_fails() ? NULL : malloc(n);
}

void *kzalloc(size_t n)
{
    void *p = kmalloc(n);

    return p ? memset(p, 0, n) : NULL;
}

void kfree(void *p)
{
    free(p);
}

void mutex_init(struct mutex *mutex)
{
    mutex->owner = NULL;
}

bool mutex_trylock(struct mutex *mutex)
{
    if (mutex->owner)
        return false;
    mutex->owner = (struct task *)mutex;        /* anybody */
    return true;
}

void mutex_lock(struct mutex *mutex)
{
    if (!mutex_trylock(mutex))
        panic("a mutex is locked by the task that has it");
}

void mutex_unlock(struct mutex *mutex)
{
    mutex->owner = NULL;
}
