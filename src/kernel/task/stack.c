/*
 * Kernel stacks: areas of the kernel's space, of which all but the lowest page is mapped.
 *
 * The stack must be there before it is touched: the processor cannot push a page fault's frame on a
 * page that faults. Freed stacks are kept for the next tasks, a few of them.
 */
#include "task/stack.h"
#include "debug/log.h"
#include "lib/list.h"
#include "mm/fault.h"
#include "mm/space.h"
#include "task/task.h"
#include "x86/trap.h"

#define KEPT_MAX 8

static struct spinlock lock;        /* of the two below */
static uintptr_t kept[KEPT_MAX];
static unsigned kept_count;

/*
 * [guard][stack]: the area as a whole is a guard, in which no fault is forgiven; the frames of the
 * stack are entered by hand. The next area begins with its own guard.
 */
static uintptr_t map_stack(void)
{
    uintptr_t va = 0;
    int error = space_map(&kernel_space, &va, PAGE_SIZE + STACK_SIZE,
                          AREA_READ | AREA_WRITE | AREA_GUARD, NULL, 0);

    if (error)
        return 0;
    for (uintptr_t at = va + PAGE_SIZE; at < va + PAGE_SIZE + STACK_SIZE; at += PAGE_SIZE) {
        struct page *page = alloc_page();
        if (page) {
            uint32_t flags = spin_lock_irqsave(&kernel_space.lock);
            error = space_enter(&kernel_space, space_find(&kernel_space, at), at, page);
            spin_unlock_irqrestore(&kernel_space.lock, flags);
            if (error)
                free_page(page);
        }
        if (!page || error) {
            space_unmap(&kernel_space, va, PAGE_SIZE + STACK_SIZE);
            return 0;
        }
    }
    return va + PAGE_SIZE;
}

static void unmap_stack(uintptr_t stack)
{
    space_unmap(&kernel_space, stack - PAGE_SIZE, PAGE_SIZE + STACK_SIZE);
}

uintptr_t stack_alloc(void)
{
    uint32_t flags = spin_lock_irqsave(&lock);
    uintptr_t stack = kept_count ? kept[--kept_count] : 0;

    spin_unlock_irqrestore(&lock, flags);
    return stack ? stack : map_stack();
}

void stack_free(uintptr_t stack)
{
    uint32_t flags = spin_lock_irqsave(&lock);
    bool keep = kept_count < KEPT_MAX;

    if (keep)
        kept[kept_count++] = stack;
    spin_unlock_irqrestore(&lock, flags);
    if (!keep)
        unmap_stack(stack);
}

/* Is a use of va, with the stack pointer at esp, what a stack's overflow looks like? */
static bool overflow(const task_t *task, uintptr_t esp)
{
    return task && task->stack && esp < task->stack + PAGE_SIZE && esp >= task->stack - PAGE_SIZE;
}

/* Double faults come here on a stack of their own, in the TSS's words. */
static void double_fault(struct trapframe *tf)
{
    const task_t *task = current();

    if (overflow(task, tf->user_esp))
        kprintf(LOG_ERR, "the kernel stack of task %u (%s), 0x%08x-0x%08x, has overflowed\n",
                task->pid, task->name, task->stack, task->stack + STACK_SIZE - 1);
    trap_unhandled(tf);
}

void stack_init(void)
{
    trap_register(TRAP_DOUBLE_FAULT, double_fault);
}
