/*
 * What an area allows changes, and its entries with it.
 *
 * A page that must not be used at all keeps its frame in an entry that is not present (PTE_HIDDEN):
 * so a fault finds out, and the kernel's own copies cannot look at it either.
 */
#include "abi/errno.h"
#include "mm/area.h"
#include "mm/commit.h"
#include "mm/kmalloc.h"
#include "mm/large.h"
#include "mm/mmap.h"
#include "mm/pagecache.h"

/* What becomes of an entry of the area, which is as it shall be. */
static pte_t change(const struct area *area, pte_t entry)
{
    // exercise 6.8 begin: hidden, to be read, to be copied, or to be written
    pte_t bits = (entry & ~(PTE_HIDDEN | PTE_COW | PTE_WRITE)) | PTE_PRESENT;

    if (!(area->flags & AREA_ACCESS))
        return (bits & ~PTE_PRESENT) | PTE_HIDDEN;
    if (!(area->flags & AREA_WRITE))
        return bits;
    if (entry & PTE_WRITE)
        return bits | PTE_WRITE;
    if (!(area->flags & AREA_SHARED))
        return bits | PTE_COW;                  /* if the frame is nobody else's, that is seen */
    return area->object->ops->will_write ? bits : bits | PTE_WRITE;
    // exercise 6.8 stub
    // (void)area;
    // return entry;
    // exercise 6.8 end
}

static void change_entries(struct space *space, const struct area *area)
{
    bool changed = false;

    for (uintptr_t va = area->start, next; va < area->end; va = next) {
        pte_t *pte = area_entries(space, va, area->end, &next);
        for (; pte && va < next; va += PAGE_SIZE, pte++) {
            pte_t entry = *pte ? change(area, *pte) : 0;
            changed |= entry != *pte;
            *pte = entry;
        }
    }
    if (changed)
        tlb_invalidate(space->dir, area->start, (area->end - area->start) >> PAGE_SHIFT);
}

/* Large pages become small ones. Returns 0 or -ENOMEM: some may have. */
static int break_all(struct space *space, const struct area *area)
{
    int error = 0;

    for (uintptr_t va = area->start, next; va < area->end && !error; va = next) {
        area_entries(space, va, area->end, &next);
        error = large_break(space, va);
    }
    return error;
}

/* Does it become data, more than there may be? If all is too much, this is not the moment. */
static bool is_too_much(struct space *space, const struct area *area, unsigned flags)
{
    return area_is_data(flags) && !area_is_data(area->flags)
           && area_allowed(space, area->flags, 0, 0, 0)
           && !area_allowed(space, flags, (area->end - area->start) >> PAGE_SHIFT, area->start,
                            area->end);
}

static int protect_area(struct space *space, struct area *area, unsigned access)
{
    unsigned flags = (area->flags & ~AREA_ACCESS) | access;

    if ((access & AREA_WRITE) && (flags & AREA_NOWRITE))
        return -EACCES;
    if (flags == area->flags)
        return 0;
    if (is_too_much(space, area, flags))
        return -ENOMEM;
    int error = flags & AREA_LARGE ? break_all(space, area) : 0;
    if (!error && area_must_charge(area, flags)) {
        error = commit_charge((area->end - area->start) >> PAGE_SHIFT);
        flags |= AREA_CHARGED;
    }
    if (error)
        return error;
    area->flags = flags;
    change_entries(space, area);
    return 0;
}

/* Has the lock. */
static int protect(struct space *space, uintptr_t va, uintptr_t end, unsigned access,
                   struct area **spare)
{
    // exercise 6.8 begin: cut at both ends; each area in between, without a hole
    if (!space_find(space, va))
        return -ENOMEM;
    int error = area_cut(space, va, &spare[0]);
    if (!error)
        error = area_cut(space, end, &spare[1]);
    while (va < end && !error) {
        struct area *area = space_find(space, va);
        if (!area)
            return -ENOMEM;
        error = protect_area(space, area, access);
        va = area->end;
    }
    return error;
    // exercise 6.8 stub
    // (void)space, (void)va, (void)end, (void)access, (void)spare, (void)protect_area;
    // return -ENOSYS;
    // exercise 6.8 end
}

int space_protect(struct space *space, uintptr_t va, size_t bytes, unsigned access, bool down)
{
    uintptr_t end = (va + bytes + PAGE_SIZE - 1) & PTE_FRAME;
    int error = 0;

    if (va % PAGE_SIZE)
        return -EINVAL;
    if (bytes == 0)
        return 0;
    if (end <= va || end > space->limit)
        return -ENOMEM;
    struct area *spare[2] = { kmalloc(sizeof(struct area)), kmalloc(sizeof(struct area)) };
    struct list gone = { &gone, &gone };

    uint32_t irq = spin_lock_irqsave(&space->lock);
    if (down) {
        struct area *area = space_find(space, va);
        error = !area ? -ENOMEM : area->flags & AREA_GROWS ? 0 : -EINVAL;
        if (!error)
            va = area->start;
    }
    if (!error)
        error = protect(space, va, end, access, spare);
    areas_join(space, va, end, &gone);
    spin_unlock_irqrestore(&space->lock, irq);
    areas_free(&gone);
    kfree(spare[0]);
    kfree(spare[1]);
    return error;
}
