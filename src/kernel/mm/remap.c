/*
 * Areas that get another size or place: mremap(2).
 */
#include "abi/errno.h"
#include "mm/area.h"
#include "mm/commit.h"
#include "mm/kmalloc.h"
#include "mm/large.h"
#include "mm/mmap.h"

#define CUTS 4                      /* around the old place, and around the new one */

/* What is being done. */
struct remap {
    struct space *space;
    uintptr_t va, to;
    size_t old, new;                /* bytes, whole pages */
    unsigned how;
    struct area *spare[CUTS];
    struct list gone;
};

/* Page tables that are not used any more go, and those that are not used yet. */
static void free_tables(struct space *space, uintptr_t start, uintptr_t end)
{
    for (uintptr_t va = start, next; va < end; va = next) {
        area_entries(space, va, end, &next);
        table_free_empty(space, va);
    }
}

/*
 * Have a page table wherever the new place will need one. Returns 0 or -ENOMEM, with none more than
 * there were.
 */
static int make_tables(const struct remap *r, size_t bytes)
{
    uintptr_t end = r->to + bytes;

    for (uintptr_t va = r->to, next; va < end; va = next) {
        area_entries(r->space, va, end, &next);
        if (!page_walk(r->space->dir, va, true)) {
            free_tables(r->space, r->to, end);
            return -ENOMEM;
        }
    }
    return 0;
}

/* Move the entries of `bytes` from the old place to the new one, which has tables, all empty. */
static void move_entries(const struct remap *r, size_t bytes)
{
    struct space *space = r->space;

    for (uintptr_t va = r->va, next; va < r->va + bytes; va = next) {
        pte_t *pte = area_entries(space, va, r->va + bytes, &next);
        for (; pte && va < next; va += PAGE_SIZE, pte++) {
            uintptr_t to = va - r->va + r->to;
            if (!*pte)
                continue;
            *page_walk(space->dir, to, false) = *pte;
            *pte = 0;
            phys_to_page(space->dir[pde_index(to)] & PTE_FRAME)->in_use++;
            phys_to_page(space->dir[pde_index(va)] & PTE_FRAME)->in_use--;
        }
    }
    tlb_invalidate(space->dir, r->va, bytes >> PAGE_SHIFT);
    free_tables(space, r->va, r->va + bytes);
    free_tables(space, r->to, r->to + bytes);
}

/* The area is exactly what shall move. Has the lock. */
static int move(struct remap *r, struct area *area)
{
    size_t bytes = r->old < r->new ? r->old : r->new;
    int error = 0;

    for (uintptr_t va = r->va, next; va < r->va + bytes && !error; va = next) {
        area_entries(r->space, va, r->va + bytes, &next);
        error = large_break(r->space, va);
    }
    if (!error && (r->how & REMAP_FIXED)) {
        error = area_cut(r->space, r->to, &r->spare[2]);
        if (!error)
            error = area_cut(r->space, r->to + r->new, &r->spare[3]);
        if (!error)
            areas_leave(r->space, r->to, r->to + r->new, &r->gone);
    } else if (!error) {
        r->to = 0;
        error = area_place(r->space, &r->to, r->new, area->flags & ~AREA_LARGE);
    }
    if (!error)
        error = make_tables(r, bytes);
    if (error)
        return error;
    move_entries(r, bytes);
    area_remove(r->space, area);
    area->start = r->to;
    area->end = r->to + r->new;
    area_insert(r->space, area);
    return 0;
}

/* Is there room for the area to end at `end`? */
static bool has_room(struct space *space, const struct area *area, uintptr_t end)
{
    struct list *next = area->node.next;

    return end > area->end && end <= space->limit
           && (next == &space->areas || end <= list_entry(next, struct area, node)->start);
}

/* The area that all of the old place is in, or NULL. Has the lock. */
static struct area *area_of(const struct remap *r)
{
    struct area *area = space_find(r->space, r->va);
    bool whole = area && area->end - r->va >= r->old;

    return whole && !(area->flags & (AREA_GROWS | AREA_DEVICE | AREA_GUARD)) ? area : NULL;
}

/* Cut the old place out of its area, and move it. Has the lock. */
static int cut_and_move(struct remap *r)
{
    int error = area_cut(r->space, r->va, &r->spare[0]);

    if (!error)
        error = area_cut(r->space, r->va + r->old, &r->spare[1]);
    return error ? error : move(r, space_find(r->space, r->va));
}

/* The old place is not larger than the new one. Has the lock. */
static int lengthen(struct remap *r)
{
    struct area *area = area_of(r);
    uint32_t more = (r->new - r->old) >> PAGE_SHIFT;

    if (!area)
        return -EFAULT;
    bool in_place = !(r->how & REMAP_FIXED) && area->end == r->va + r->old
                    && has_room(r->space, area, r->va + r->new);
    bool charged = area->flags & AREA_CHARGED;
    if (!in_place && !(r->how & REMAP_MOVE))
        return -ENOMEM;
    if (!area_allowed(r->space, area->flags, more, 0, 0) || (charged && commit_charge(more)))
        return -ENOMEM;
    int error = in_place ? 0 : cut_and_move(r);
    if (in_place) {
        area->end = r->va + r->new;
        r->to = r->va;
    }
    if (error && charged)
        commit_release(more);
    areas_join(r->space, r->va, r->va + r->old, &r->gone);
    if (!error)
        areas_join(r->space, r->to, r->to + r->new, &r->gone);
    return error;
}

/* Can it be done at all? */
static int check(struct remap *r)
{
    struct space *space = r->space;

    if (r->va % PAGE_SIZE || r->old == 0 || r->new == 0)
        return -EINVAL;
    if (r->how & REMAP_FIXED) {
        if (!(r->how & REMAP_MOVE) || r->to % PAGE_SIZE || r->to < space->base
            || r->to > space->limit || r->new > space->limit - r->to)
            return -EINVAL;
        if (r->to < r->va + r->old && r->va < r->to + r->new)
            return -EINVAL;
    }
    uint32_t irq = spin_lock_irqsave(&space->lock);
    bool there = area_of(r);
    spin_unlock_irqrestore(&space->lock, irq);
    return there ? 0 : -EFAULT;
}

int space_remap(struct space *space, uintptr_t va, size_t old_bytes, size_t new_bytes,
                unsigned how, uintptr_t *to)
{
    struct remap r = { .space = space, .va = va, .to = *to, .how = how,
                       .old = (old_bytes + PAGE_SIZE - 1) & PTE_FRAME,
                       .new = (new_bytes + PAGE_SIZE - 1) & PTE_FRAME };
    int error = check(&r);

    if (!error && r.new < r.old) {
        error = space_unmap(space, va + r.new, r.old - r.new);
        r.old = r.new;
    }
    if (!error && r.old == r.new && !(how & REMAP_FIXED))
        *to = va;
    else if (!error) {
        for (unsigned i = 0; i < CUTS; i++)
            r.spare[i] = kmalloc(sizeof(struct area));
        list_init(&r.gone);
        uint32_t irq = spin_lock_irqsave(&space->lock);
        error = lengthen(&r);
        spin_unlock_irqrestore(&space->lock, irq);
        areas_free(&r.gone);
        for (unsigned i = 0; i < CUTS; i++)
            kfree(r.spare[i]);
        if (!error)
            *to = r.to;
    }
    return error;
}
