/*
 * What to do when a page is not there, or not for this access.
 */
#include "mm/fault.h"
#include "abi/errno.h"
#include "debug/log.h"
#include "debug/symbols.h"
#include "lib/printf.h"
#include "mm/area.h"
#include "mm/cow.h"
#include "mm/large.h"
#include "mm/pagecache.h"
#include "mm/shared.h"              // lab 6
#include "x86/trap.h"

int fault_describe(char *text, size_t size, uint32_t error, uintptr_t va, pte_t entry)
{
    // exercise 3.6 begin: find the words as the contract in fault.h lists them
    const char *wrong = error & FAULT_WRITE ? "read-only" : "accessible";

    if (error & FAULT_RESERVED)
        wrong = "corrupt";
    else if (!(error & FAULT_PRESENT))
        wrong = va < USER_BASE ? "null" : "unmapped";
    else if ((error & FAULT_USER) && !(entry & PTE_USER))
        wrong = "kernel-only";
    return snprintf(text, size, "%s %s page 0x%08x (address 0x%08x) by %s",
                    error & FAULT_WRITE ? "write to" : "read of", wrong, va & PTE_FRAME, va,
                    error & FAULT_USER ? "user" : "kernel");
    // exercise 3.6 stub
    // (void)entry;
    // return snprintf(text, size, "page fault, error code %x, address 0x%08x", error, va);
    // exercise 3.6 end
}

bool fault_allowed(const struct area *area, uint32_t error)
{
    // exercise 3.6 begin: compare what was tried with the area's flags
    if ((area->flags & AREA_GUARD) || ((error & FAULT_USER) && area->start >= KERNEL_BASE))
        return false;
    if (error & FAULT_WRITE)
        return area->flags & AREA_WRITE;
    return area->flags & (AREA_READ | AREA_WRITE | AREA_EXEC);
    // exercise 3.6 stub
    // (void)area, (void)error;
    // return false;
    // exercise 3.6 end
}

/* Memory that was never touched: it begins as zeros. */
static int fault_zero(struct space *space, const struct area *area, uintptr_t va)
{
    // exercise 3.6 begin: enter a frame of zeros; if that fails, nothing stays allocated
    struct page *page = alloc_zeroed_page();

    if (!page)
        return -ENOMEM;
    int error = space_enter(space, area, va, page);
    if (error)
        page_put(page);
    return error;
    // exercise 3.6 stub
    // (void)space, (void)area, (void)va;
    // return -ENOSYS;
    // exercise 3.6 end
}

// lab 6 begin
/* Is there no such page of the object's? */
static bool behind_end(const struct cache_object *object, uint32_t index)
{
    return object->ops->sized && index >= object->end;
}

// lab 6 end
/*
 * Enter a page of the object, which was fetched without the lock, if va is still in an area to
 * which it belongs; else the access is left to fault again. Takes over the page's count.
 */
static int enter_page(struct space *space, uintptr_t va, uint32_t error,
                      struct cache_object *object, uint32_t index, struct page *page)
{
    struct area *area = space_find(space, va);
    bool still = area && area->object == object && area_index(area, va) == index;

    if (still && (!fault_allowed(area, error) || behind_end(object, index)))    // lab 6
        still = false;                                                          // lab 6
    int result = still ? space_enter(space, area, va, page) : 0;
    if (!still || result)
        page_put(page);
    else if ((error & FAULT_WRITE) && !(area->flags & AREA_SHARED))
        result = cow_fault(space, area, va);    /* at once, not by a second fault */
    return result == -EEXIST ? 0 : result;
}

/* A page of an object. Reading it may take long, so the lock is given up meanwhile. */
static int fault_object(struct space *space, struct area *area, uintptr_t va, uint32_t error,
                        uint32_t *irq)
{
    struct cache_object *object = area->object;
    uint32_t index = area_index(area, va);
    struct page *page;

    if (behind_end(object, index))              // lab 6
        return -ENXIO;                          // lab 6
    object_hold(object);                        // lab 6
    spin_unlock_irqrestore(&space->lock, *irq);
    int result = cache_get(object, index, &page);
    *irq = spin_lock_irqsave(&space->lock);
    if (!result)
        result = enter_page(space, va, error, object, index, page);
    // lab 6 begin
    if (object->ops->release) {
        spin_unlock_irqrestore(&space->lock, *irq);
        object_release(object);
        *irq = spin_lock_irqsave(&space->lock);
    }
    // lab 6 end
    return result;
}

/* With the lock, which is given up and taken again on the way if an object must be asked. */
static int fault_locked(struct space *space, uintptr_t va, uint32_t error, uint32_t *irq)
{
    // exercise 3.6 begin: find the area; refuse, or let the right one do it
    struct area *area = space_find(space, va);

    if (!area || !fault_allowed(area, error))
        return -EFAULT;
    if (error & FAULT_PRESENT)
        return cow_fault(space, area, va);
    if (area->object)
        return fault_object(space, area, va, error, irq);
    return large_fault(space, area, va) ? 0 : fault_zero(space, area, va);
    // exercise 3.6 stub
    // (void)space, (void)va, (void)error, (void)irq, (void)fault_object, (void)fault_zero;
    // return -ENOSYS;
    // exercise 3.6 end
}

int space_fault(struct space *space, uintptr_t va, uint32_t error)
{
    uint32_t irq = spin_lock_irqsave(&space->lock);
    // lab 6 begin
    if ((error & FAULT_WRITE) && shared_must_know(space_find(space, va))) {
        spin_unlock_irqrestore(&space->lock, irq);
        return shared_fault(space, va);
    }
    // lab 6 end
    int result = fault_locked(space, va, error, &irq);

    if (result == -EFAULT && !(error & FAULT_PRESENT) && area_grow(space, va))      // lab 6
        result = fault_locked(space, va, error, &irq);                              // lab 6
    spin_unlock_irqrestore(&space->lock, irq);
    return result;
}

/* What becomes of a fault that cannot be resolved. */
static void explain(struct trapframe *tf, struct space *space, uintptr_t va)
{
    char text[96];
    uint32_t offset = 0;

    fault_describe(text, sizeof(text), tf->error, va,
                   page_lookup(space ? space->dir : kernel_directory, va));
    const char *function = symbol_of(tf->eip, &offset);
    kprintf(LOG_ERR, "%s at %s+0x%x\n", text, function ? function : "?", offset);
    trap_unhandled(tf);
}

// lab 6 begin
#define TRIES 3                     /* to have room for a page, which others may take first */

void (*fault_user)(struct trapframe *tf, uintptr_t va, int error);

/*
 * Bring in what a program, or the kernel for it, has touched: this may sleep, so interrupts come on
 * if they were. Not while a lock is held: then the copy that has touched it must do without.
 */
static int resolve(struct trapframe *tf, struct space *space, uintptr_t va)
{
    bool on = va < KERNEL_BASE && (tf->eflags & EFLAGS_IF);

    if (va < KERNEL_BASE && spin_held())
        return -EFAULT;
    if (on)
        irq_enable();
    int error = space_fault(space, va, tf->error);
    for (unsigned n = 0; error == -ENOMEM && va < KERNEL_BASE && n < TRIES; n++)
        if (shared_make_room(space, va, tf->cs & 3))
            error = space_fault(space, va, tf->error);
    if (error && (tf->cs & 3) && fault_user) {
        fault_user(tf, va, error == -EFAULT || error == -ENOMEM ? error : -ENXIO);
        error = 0;
    }
    if (on)
        irq_disable();
    return error;
}

// lab 6 end
static void page_fault(struct trapframe *tf)
{
    uintptr_t va = paging_fault_address();
    struct space *space = va >= KERNEL_BASE ? &kernel_space : space_current();

    if (space && resolve(tf, space, va) == 0)                   // lab 6
        return;                                                 // lab 6
    // until lab 6 begin
    // if (space && space_fault(space, va, tf->error) == 0)
    //     return;
    // until lab 6 end
    if (!trap_fix_up(tf))
        explain(tf, space, va);
}

void fault_init(void)
{
    trap_register(TRAP_PAGE_FAULT, page_fault);
}
