/*
 * Memory that grows at one end: the stack downwards when it is touched, brk(2)'s upwards.
 */
#include "mm/mmap.h"
#include "mm/area.h"
#include "mm/commit.h"

#define STACK_GAP_MIN (1u << 20)    /* so much is kept for the stack, whatever its limit is, */
#define STACK_GAP_MAX (768u << 20)  /* and no more */

/* Where the area below begins to be out of reach. */
static uintptr_t floor_of(struct space *space, const struct area *area)
{
    uintptr_t floor = space->base;

    if (area->node.prev != &space->areas)
        floor = list_entry(area->node.prev, struct area, node)->end + PAGE_SIZE;
    if (area->end - floor > space->stack_max)
        floor = area->end - space->stack_max;
    return floor;
}

bool area_grow(struct space *space, uintptr_t va)
{
    struct area *area = area_above(space, va);

    va &= PTE_FRAME;
    if (!area || va >= area->start || !(area->flags & AREA_GROWS) || va < floor_of(space, area))
        return false;
    uint32_t more = (area->start - va) >> PAGE_SHIFT;
    if (!area_allowed(space, area->flags, more, 0, 0))
        return false;
    if ((area->flags & AREA_CHARGED) && commit_charge(more))
        return false;
    area->start = va;
    return true;
}

static uintptr_t page_up(uintptr_t va)
{
    return (va + PAGE_SIZE - 1) & PTE_FRAME;
}

void space_start_break(struct space *space, uintptr_t end)
{
    space->break_start = space->break_end = page_up(end);
}

void space_set_stack(struct space *space, uintptr_t top, size_t bytes)
{
    size_t gap = bytes < STACK_GAP_MIN ? STACK_GAP_MIN : bytes;

    if (gap > STACK_GAP_MAX)
        gap = STACK_GAP_MAX;
    space->stack_max = bytes;
    space->map_top = (top - gap - PAGE_SIZE) & PTE_FRAME;       /* a page stays free in between */
}

uintptr_t space_set_break(struct space *space, uintptr_t end)
{
    // exercise 6.8 begin: whole pages more or less; it ends at a byte
    uintptr_t old = page_up(space->break_end), new = page_up(end);
    int error = 0;

    if (end < space->break_start || end > space->limit || !space->break_start)
        return space->break_end;
    if (new > old)
        error = space_place(space, &old, new - old, AREA_READ | AREA_WRITE, NULL, 0, PLACE_NEW);
    else if (new < old)
        error = space_unmap(space, new, old - new);
    if (!error)
        space->break_end = end;
    return space->break_end;
    // exercise 6.8 stub
    // (void)end;
    // return space->break_end;
    // exercise 6.8 end
}
