/*
 * New areas for programs, and what can be asked about them.
 */
#include "mm/mmap.h"
#include "abi/errno.h"
#include "mm/area.h"
#include "mm/kmalloc.h"
#include "mm/pagecache.h"

/* Find its place, or make it. Has the lock. */
static int find_place(struct space *space, uintptr_t *va, size_t bytes, unsigned flags,
                      enum place how)
{
    // exercise 6.8 begin: as enum place says
    if (how == PLACE_HINT) {
        if (*va && area_place(space, va, bytes, flags) == 0)
            return 0;
        *va = 0;
        return area_place(space, va, bytes, flags);
    }
    if (*va < space->base)
        return -EPERM;
    if (how == PLACE_NEW)
        return area_place(space, va, bytes, flags);
    return space->area_count >= AREAS_MAX || *va > space->limit || space->limit - *va < bytes ?
           -ENOMEM : 0;
    // exercise 6.8 stub
    // (void)space, (void)va, (void)bytes, (void)flags, (void)how;
    // return -ENOSYS;
    // exercise 6.8 end
}

/* Take away what is in [start, end). Has the lock. */
static int clear_way(struct space *space, uintptr_t start, uintptr_t end, struct area **spare,
                     struct list *gone)
{
    // exercise 6.8 begin: areas end where it does; what lies between goes
    int error = area_cut(space, start, &spare[0]);

    if (!error)
        error = area_cut(space, end, &spare[1]);
    if (!error)
        areas_leave(space, start, end, gone);
    return error;
    // exercise 6.8 stub
    // (void)space, (void)start, (void)end, (void)spare, (void)gone;
    // return -ENOSYS;
    // exercise 6.8 end
}

int space_place(struct space *space, uintptr_t *va, size_t bytes, unsigned flags,
                struct cache_object *object, uint32_t index, enum place how)
{
    if (*va % PAGE_SIZE || bytes == 0 || ((flags & AREA_SHARED) && !object))
        return -EINVAL;
    bytes = (bytes + PAGE_SIZE - 1) & PTE_FRAME;
    struct area *area = bytes ? kmalloc(sizeof(*area)) : NULL, *spare[2] = { NULL, NULL };
    if (!area)
        return -ENOMEM;
    if (how == PLACE_OVER) {
        spare[0] = kmalloc(sizeof(struct area));
        spare[1] = kmalloc(sizeof(struct area));
    }
    struct list gone = { &gone, &gone };

    uint32_t irq = spin_lock_irqsave(&space->lock);
    int error = find_place(space, va, bytes, flags, how);
    *area = (struct area){ .start = *va, .end = *va + bytes, .flags = flags, .object = object,
                           .index = index };
    uintptr_t end = how == PLACE_OVER ? area->end : area->start;
    if (!error && !area_allowed(space, flags, bytes >> PAGE_SHIFT, area->start, end))
        error = -ENOMEM;
    if (!error)
        error = area_begin(area);
    bool begun = !error;
    if (!error && how == PLACE_OVER)
        error = clear_way(space, *va, *va + bytes, spare, &gone);
    if (!error) {
        area_insert(space, area);
        areas_join(space, *va, *va + bytes, &gone);
    }
    spin_unlock_irqrestore(&space->lock, irq);
    if (error) {
        if (begun)
            area_end(area);
        kfree(area);
    }
    areas_free(&gone);
    kfree(spare[0]);
    kfree(spare[1]);
    return error;
}

bool space_is_mapped(struct space *space, uintptr_t va, size_t bytes)
{
    uint32_t irq = spin_lock_irqsave(&space->lock);
    uintptr_t end = va + bytes;
    struct area *area = NULL;

    while (va < end && (area = space_find(space, va)))
        va = area->end;
    spin_unlock_irqrestore(&space->lock, irq);
    return va >= end && end >= bytes;
}

/*
 * The first area that ends above *va and begins below `end`, that is shared and has an object,
 * which is held; *va becomes its end, and *hole says if something was not mapped on the way.
 */
static struct cache_object *next_shared(struct space *space, uintptr_t *va, uintptr_t end,
                                        bool *hole)
{
    struct cache_object *found = NULL;
    uint32_t irq = spin_lock_irqsave(&space->lock);

    while (*va < end && !found) {
        struct area *area = area_above(space, *va);
        if (!area || area->start > *va)
            *hole = true;
        if (!area || area->start >= end) {
            *va = end;
            break;
        }
        *va = area->end;
        if (area->object && (area->flags & AREA_SHARED))
            found = area->object;
    }
    object_hold(found);
    spin_unlock_irqrestore(&space->lock, irq);
    return found;
}

int space_sync(struct space *space, uintptr_t va, size_t bytes)
{
    uintptr_t end = bytes < space->limit - va ? va + bytes : space->limit;
    struct cache_object *object;
    bool hole = bytes > end - va;
    int first = 0;

    while ((object = next_shared(space, &va, end, &hole))) {
        int error = object->ops->sync ? object->ops->sync(object) : 0;
        object_release(object);
        if (error && !first)
            first = error;
    }
    return first ? first : hole ? -ENOMEM : 0;
}

bool space_is_resident(struct space *space, uintptr_t va)
{
    uint32_t irq = spin_lock_irqsave(&space->lock);
    struct area *area = space_find(space, va);
    bool there = page_lookup(space->dir, va);

    if (!there && area && area->object)
        there = cache_has(area->object, area_index(area, va));
    spin_unlock_irqrestore(&space->lock, irq);
    return there;
}
