/*
 * What areas of programs take besides their pages: promised memory, and objects. And joining them.
 */
#include "mm/area.h"
#include "abi/errno.h"
#include "mm/commit.h"
#include "mm/kmalloc.h"
#include "mm/mmap.h"
#include "mm/pagecache.h"

static struct spinlock lock;        /* of all objects' `mapped` */

pte_t *area_entries(struct space *space, uintptr_t va, uintptr_t end, uintptr_t *next)
{
    *next = (va & ~(LARGE_SIZE - 1)) + LARGE_SIZE;
    if (*next > end || *next == 0)
        *next = end;
    return page_walk(space->dir, va, false);
}

void object_hold(struct cache_object *object)
{
    if (object && object->ops->hold)
        object->ops->hold(object);
}

void object_release(struct cache_object *object)
{
    if (object && object->ops->release)
        object->ops->release(object);
}

/* One area more maps the object, or, if n is -1, one less. */
static void count_mapping(struct cache_object *object, int n)
{
    uint32_t irq = spin_lock_irqsave(&lock);

    object->mapped += n;
    spin_unlock_irqrestore(&lock, irq);
}

void area_hold(const struct area *area)
{
    if (!area->object)
        return;
    object_hold(area->object);
    count_mapping(area->object, 1);
}

static uint32_t pages_of(const struct area *area)
{
    return (area->end - area->start) >> PAGE_SHIFT;
}

bool area_must_charge(const struct area *area, unsigned flags)
{
    return (flags & AREA_WRITE) && area->start < KERNEL_BASE
           && !(flags & (AREA_SHARED | AREA_DEVICE | AREA_NORESERVE | AREA_CHARGED));
}

bool (*space_limits)(struct space_limits *limits);

static __attribute__((noinline)) bool within_limits(struct space *space, unsigned flags,
                                                    uint32_t pages, uintptr_t start, uintptr_t end)
{
    uint32_t all = pages, data = pages;
    struct space_limits limits;

    space_limits(&limits);
    list_for_each(node, &space->areas) {
        const struct area *area = list_entry(node, struct area, node);
        uintptr_t from = area->start > start ? area->start : start;
        uintptr_t to = area->end < end ? area->end : end;
        uint32_t gone = from < to ? (to - from) >> PAGE_SHIFT : 0;
        all += pages_of(area) - gone;
        if (area_is_data(area->flags))
            data += pages_of(area) - gone;
    }
    return all <= limits.all && (!area_is_data(flags) || data <= limits.data);
}

bool area_allowed(struct space *space, unsigned flags, uint32_t pages, uintptr_t start,
                  uintptr_t end)
{
    return !space_limits || !space_limits(NULL) || within_limits(space, flags, pages, start, end);
}

int area_begin(struct area *area)
{
    if (area_must_charge(area, area->flags))
        area->flags |= AREA_CHARGED;
    if ((area->flags & AREA_CHARGED) && commit_charge(pages_of(area)))
        return -ENOMEM;
    area_hold(area);
    return 0;
}

void area_end(struct area *area)
{
    if (area->flags & AREA_CHARGED)
        commit_release(pages_of(area));
    if (!area->object)
        return;
    count_mapping(area->object, -1);
    object_release(area->object);
}

/* Could one area be both? */
static bool fits(const struct area *lower, const struct area *upper)
{
    return lower->end == upper->start && lower->flags == upper->flags
           && !(lower->flags & (AREA_DEVICE | AREA_GUARD | AREA_GROWS))
           && lower->object == upper->object
           && (!lower->object || area_index(lower, lower->end) == upper->index);
}

void areas_join(struct space *space, uintptr_t start, uintptr_t end, struct list *gone)
{
    struct area *area = area_above(space, start ? start - 1 : 0);

    while (area && area->node.next != &space->areas && area->end <= end) {
        struct area *next = list_entry(area->node.next, struct area, node);
        if (!fits(area, next)) {
            area = next;
            continue;
        }
        area->end = next->end;
        area_remove(space, next);
        next->start = next->end;                /* its pages, and what was promised, are area's */
        list_add(&next->node, gone);
    }
}
