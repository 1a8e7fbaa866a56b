/*
 * Between mappings and the page cache.
 */
#include "mm/shared.h"
#include "abi/errno.h"
#include "mm/area.h"
#include "mm/pagecache.h"

/*
 * The page, whose count is the caller's, becomes dirty, and its entry at va writable. Has the lock.
 * Returns 0 or -ENOMEM.
 */
static int let_write(struct space *space, const struct area *area, uintptr_t va, struct page *page)
{
    pte_t *pte = page_walk(space->dir, va, false);

    if (!pte || !(*pte & PTE_PRESENT)) {
        page_get(page);                         /* the mapping's */
        int error = space_enter(space, area, va, page);
        if (error) {
            page_put(page);
            return error;
        }
        pte = page_walk(space->dir, va, false);
    }
    if ((*pte & PTE_FRAME) != page_to_phys(page))
        return 0;                               /* it is being truncated: fault again */
    cache_dirty(page);
    *pte |= PTE_WRITE;
    tlb_invalidate(space->dir, va & PTE_FRAME, 1);
    return 0;
}

int shared_fault(struct space *space, uintptr_t va)
{
    uint32_t irq = spin_lock_irqsave(&space->lock);
    struct area *area = space_find(space, va);
    struct page *page = NULL;

    if (!shared_must_know(area)) {
        spin_unlock_irqrestore(&space->lock, irq);
        return 0;
    }
    struct cache_object *object = area->object;
    uint32_t index = area_index(area, va);
    object_hold(object);
    spin_unlock_irqrestore(&space->lock, irq);

    int error = object->ops->sized && index >= object->end ? -ENXIO : 0;
    if (!error)
        error = object->ops->will_write(object, index);
    if (!error)
        error = cache_get(object, index, &page);
    irq = spin_lock_irqsave(&space->lock);
    area = space_find(space, va);
    if (!error && shared_must_know(area) && area->object == object
        && area_index(area, va) == index && !(object->ops->sized && index >= object->end))
        error = let_write(space, area, va, page);
    spin_unlock_irqrestore(&space->lock, irq);
    if (page)
        page_put(page);
    object_release(object);
    return error;
}

/* Writes to the area's pages fault again. Has the lock. */
static void clean_area(struct space *space, const struct area *area)
{
    for (uintptr_t va = area->start, next; va < area->end; va = next) {
        pte_t *pte = area_entries(space, va, area->end, &next);
        for (; pte && va < next; va += PAGE_SIZE, pte++) {
            if (!(*pte & PTE_WRITE))
                continue;
            if (*pte & PTE_DIRTY)
                cache_dirty(phys_to_page(*pte & PTE_FRAME));
            *pte &= ~(PTE_WRITE | PTE_DIRTY);
        }
    }
    tlb_invalidate(space->dir, area->start, (area->end - area->start) >> PAGE_SHIFT);
}

static void clean(struct cache_object *object)
{
    if (!object->ops->will_write)
        return;
    for (struct space *space = space_next(NULL); space; space = space_next(space)) {
        uint32_t irq = spin_lock_irqsave(&space->lock);
        list_for_each(node, &space->areas) {
            struct area *area = list_entry(node, struct area, node);
            if (area->object == object && (area->flags & AREA_SHARED))
                clean_area(space, area);
        }
        spin_unlock_irqrestore(&space->lock, irq);
    }
}

/* The object ends before page `first`. Private copies of what was behind it go, too. */
static void forget(struct cache_object *object, uint32_t first)
{
    for (struct space *space = space_next(NULL); space; space = space_next(space)) {
        uint32_t irq = spin_lock_irqsave(&space->lock);
        list_for_each(node, &space->areas) {
            struct area *area = list_entry(node, struct area, node);
            uint32_t pages = (area->end - area->start) >> PAGE_SHIFT;
            uint32_t keep = first > area->index ? first - area->index : 0;
            if (area->object == object && keep < pages)
                area_leave(space, area, area->start + (keep << PAGE_SHIFT), area->end);
        }
        spin_unlock_irqrestore(&space->lock, irq);
    }
}

/*
 * The area's pages that are the cache's own go; private copies stay. Has the lock. Returns how many
 * went.
 */
static unsigned let_go(struct space *space, const struct area *area)
{
    unsigned count = 0;

    for (uintptr_t va = area->start, next; area->object && va < area->end; va = next) {
        pte_t *pte = area_entries(space, va, area->end, &next);
        if (!pte)
            continue;
        next = va + PAGE_SIZE;                  /* the table may go with its last page */
        if (*pte && phys_to_page(*pte & PTE_FRAME)->owner == area->object) {
            area_leave(space, area, va, next);
            count++;
        }
    }
    return count;
}

/* Have what is shared at va, and is dirty, written. */
static void write_back(struct space *space, uintptr_t va)
{
    struct cache_object *object = NULL;
    uint32_t irq = spin_lock_irqsave(&space->lock);
    const struct area *area = space_find(space, va);

    if (shared_must_know(area))
        object = area->object;
    object_hold(object);
    spin_unlock_irqrestore(&space->lock, irq);
    if (object && object->ops->sync)
        object->ops->sync(object);
    object_release(object);
}

/* The same for all areas there are. Returns whether any went. */
static bool leave(void)
{
    unsigned count = 0;

    for (struct space *space = space_next(NULL); space; space = space_next(space)) {
        uint32_t irq = spin_lock_irqsave(&space->lock);
        list_for_each(node, &space->areas)
            count += let_go(space, list_entry(node, struct area, node));
        spin_unlock_irqrestore(&space->lock, irq);
    }
    return count;
}

bool shared_make_room(struct space *space, uintptr_t va, bool may_write)
{
    bool any = leave();

    if (any && may_write)
        write_back(space, va);
    return any;
}

void shared_init(void)
{
    cache_set_mappings(clean, forget, leave);
}
