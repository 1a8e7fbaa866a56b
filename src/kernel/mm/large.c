/*
 * Large pages: made by a fault, taken apart when part of them changes.
 */
#include "mm/large.h"
#include "abi/errno.h"

static uintptr_t large_base(uintptr_t va)
{
    return va & ~(LARGE_SIZE - 1);
}

bool large_fault(struct space *space, const struct area *area, uintptr_t va)
{
    uintptr_t base = large_base(va);
    pde_t *pde = &space->dir[pde_index(va)];

    if (!(area->flags & AREA_LARGE) || area->object || base < area->start
        || area->end - base < LARGE_SIZE || base >= KERNEL_BASE || (*pde & PTE_PRESENT))
        return false;
    struct page *block = alloc_pages(PAGE_ORDER_MAX);
    if (!block)
        return false;
    page_clear(page_to_virt(block), TABLE_SIZE);
    *pde = page_to_phys(block) | area_entry_bits(area) | PTE_LARGE | PTE_PRESENT;
    space->pages += TABLE_SIZE;
    return true;
}

/* The block as a whole, or NULL if it has been split. */
static struct page *whole_block(pde_t entry)
{
    struct page *first = phys_to_page(entry & PTE_FRAME);

    return first->order == PAGE_ORDER_MAX ? first : NULL;
}

void large_get(pde_t entry)
{
    struct page *block = whole_block(entry);

    if (block) {
        page_get(block);
        return;
    }
    for (unsigned i = 0; i < TABLE_SIZE; i++)
        page_get(phys_to_page(entry & PTE_FRAME) + i);
}

bool large_is_alone(pde_t entry)
{
    struct page *block = whole_block(entry);

    return block && block->refs == 1;
}

void large_leave(struct space *space, uintptr_t va)
{
    pde_t *pde = &space->dir[pde_index(va)], was = *pde;
    struct page *block = whole_block(was);

    *pde = 0;
    tlb_invalidate(space->dir, large_base(va), 1);
    space->pages -= TABLE_SIZE;
    if (block) {
        page_put(block);
        return;
    }
    for (unsigned i = 0; i < TABLE_SIZE; i++)
        page_put(phys_to_page(was & PTE_FRAME) + i);
}

int large_break(struct space *space, uintptr_t va)
{
    pde_t *pde = &space->dir[pde_index(va)], was = *pde;

    if (!(was & PTE_LARGE))
        return 0;
    struct page *table = alloc_page();
    if (!table)
        return -ENOMEM;
    if (whole_block(was))
        page_split(whole_block(was));
    pte_t *entries = page_to_virt(table);
    for (unsigned i = 0; i < TABLE_SIZE; i++)
        entries[i] = (was & ~PTE_LARGE) + (i << PAGE_SHIFT);
    table->in_use = TABLE_SIZE;
    *pde = page_to_phys(table) | PTE_PRESENT | PTE_WRITE | PTE_USER;
    tlb_invalidate(space->dir, large_base(va), 1);
    return 0;
}

int large_split(struct space *space, uintptr_t va)
{
    return va == large_base(va) ? 0 : large_break(space, va);
}
