/*
 * Sharing frames between spaces, and ending that.
 */
#include "mm/cow.h"
#include "abi/errno.h"
#include "mm/area.h"
#include "mm/commit.h"              // lab 6
#include "mm/kmalloc.h"
#include "mm/large.h"

/* The entry as both sharers have it. */
static uint32_t shared_entry(uint32_t entry)
{
    return entry & PTE_WRITE ? (entry & ~PTE_WRITE) | PTE_COW : entry;
}

/* Copy one large page's entry. */
static void clone_large(struct space *from, struct space *to, unsigned i)
{
    from->dir[i] = to->dir[i] = shared_entry(from->dir[i]);
    large_get(from->dir[i]);
    to->pages += TABLE_SIZE;
}

/* Copy the entries that one table has in [start, end). */
static int clone_table(struct space *from, struct space *to, uintptr_t start, uintptr_t end)
{
    pte_t *source = page_walk(from->dir, start, false);
    unsigned n = (end - start) >> PAGE_SHIFT, found = 0;

    while (n && !*source) {         /* no table before there is something to enter */
        source++;
        start += PAGE_SIZE;
        n--;
    }
    pte_t *copy = n ? page_walk(to->dir, start, true) : NULL;
    if (!copy)
        return n ? -ENOMEM : 0;
    for (unsigned i = 0; i < n; i++) {
        if (source[i]) {
            source[i] = copy[i] = shared_entry(source[i]);
            // until lab 6: page_get(phys_to_page(source[i] & PTE_FRAME));
            found++;
        }
    }
    pages_get(copy, n);                                         // lab 6
    phys_to_page(to->dir[pde_index(start)] & PTE_FRAME)->in_use += found;
    to->pages += found;
    return 0;
}

static int clone_pages(struct space *from, struct space *to, const struct area *area)
{
    int error = 0;
    uint32_t before = to->pages;                                // lab 6

    for (uintptr_t va = area->start, next; va < area->end && !error; va = next) {
        unsigned i = pde_index(va);
        next = (va & ~(LARGE_SIZE - 1)) + LARGE_SIZE;
        if (next > area->end)
            next = area->end;
        if (from->dir[i] & PTE_LARGE)
            clone_large(from, to, i);
        else if (from->dir[i] & PTE_PRESENT)
            error = clone_table(from, to, va, next);
    }
    if (area_pays_by_page(area) && commit_count(to->pages - before))    // lab 6
        error = -ENOMEM;                                                // lab 6
    return error;
}

static int clone_area(struct space *from, struct space *to, const struct area *area)
{
    struct area *copy = kmalloc(sizeof(*copy));

    if (!copy)
        return -ENOMEM;
    *copy = *area;
    // lab 6 begin
    if (area_begin(copy)) {
        kfree(copy);
        return -ENOMEM;
    }
    to->area_count++;
    // lab 6 end
    list_add_tail(&copy->node, &to->areas);
    if (area->flags & (AREA_SHARED | AREA_DEVICE))
        return 0;                   /* an object's pages are found again by a fault */
    return clone_pages(from, to, area);
}

struct space *space_clone(struct space *from)
{
    struct space *to = space_create();
    int error = 0;

    if (!to)
        return NULL;
    uint32_t irq = spin_lock_irqsave(&from->lock);
    // lab 6 begin
    to->map_top = from->map_top;
    to->break_start = from->break_start;
    to->break_end = from->break_end;
    to->stack_max = from->stack_max;
    // lab 6 end
    list_for_each(node, &from->areas)
        if (!error)
            error = clone_area(from, to, list_entry(node, struct area, node));
    tlb_invalidate(from->dir, from->base, (from->limit - from->base) >> PAGE_SHIFT);
    spin_unlock_irqrestore(&from->lock, irq);
    if (error) {
        space_destroy(to);
        return NULL;
    }
    return to;
}

/* Let the space write to its own copy of the frame that *pte maps. */
static int copy_frame(pte_t *pte)
{
    struct page *shared = phys_to_page(*pte & PTE_FRAME);
    pte_t bits = (*pte & ~(PTE_FRAME | PTE_COW)) | PTE_WRITE;

    if (shared->refs == 1) {
        *pte = page_to_phys(shared) | bits;
        return 0;
    }
    struct page *own = alloc_page();
    if (!own)
        return -ENOMEM;
    page_copy(page_to_virt(own), page_to_virt(shared));
    *pte = page_to_phys(own) | bits;
    return 1;
}

int cow_fault(struct space *space, const struct area *area, uintptr_t va)
{
    pde_t *pde = &space->dir[pde_index(va)];
    pte_t entry = page_lookup(space->dir, va);

    if (entry & PTE_WRITE)
        return 0;                   /* allowed by now: the TLB did not know */
    if (!(area->flags & AREA_WRITE) || !(entry & PTE_COW))
        return -EFAULT;
    if (entry & PTE_LARGE) {
        if (large_is_alone(*pde)) {
            *pde = (*pde & ~PTE_COW) | PTE_WRITE;
            tlb_invalidate(space->dir, va, 1);
            return 0;
        }
        int error = large_break(space, va);
        if (error)
            return error;
    }
    int copied = copy_frame(page_walk(space->dir, va, false));
    if (copied < 0)
        return copied;
    tlb_invalidate(space->dir, va & PTE_FRAME, 1);
    if (copied)
        page_put(phys_to_page(entry & PTE_FRAME));  /* not before the TLB has let go of it */
    return 0;
}
