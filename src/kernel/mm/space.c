/*
 * Spaces and their areas. What happens when a page of one is touched is in mm/fault, forking in
 * mm/cow.
 */
#include "mm/space.h"
#include "abi/errno.h"
#include "lib/string.h"
#include "mm/area.h"
#include "mm/commit.h"              // lab 6
#include "mm/kmalloc.h"
#include "mm/large.h"
#include "mm/pagecache.h"

#define KERNEL_LIMIT 0xfffff000u    /* the last page stays unmapped: a pointer there cannot wrap */
#define LEAVE_MANY   32             /* pages that are taken out at a time */

struct space kernel_space = {
    .dir = kernel_directory,
    .base = DEVICE_BASE,
    .limit = KERNEL_LIMIT,
    .areas = { &kernel_space.areas, &kernel_space.areas },
};

static struct spinlock spaces_lock;         /* of the list; taken inside a space's lock */
static struct list spaces = { &spaces, &spaces };
static struct space *current;

/*
 * The upper half is the same everywhere: a new page table of the kernel's appears in every
 * directory.
 */
static void share_kernel_table(unsigned index)
{
    uint32_t flags = spin_lock_irqsave(&spaces_lock);

    list_for_each(node, &spaces)
        list_entry(node, struct space, node)->dir[index] = kernel_directory[index];
    spin_unlock_irqrestore(&spaces_lock, flags);
}

struct space *space_create(void)
{
    struct space *space = kzalloc(sizeof(*space));
    struct page *dir = alloc_zeroed_page();

    if (!space || !dir) {
        kfree(space);
        if (dir)
            free_page(dir);
        return NULL;
    }
    space->dir = page_to_virt(dir);
    space->base = USER_BASE;
    space->limit = KERNEL_BASE;
    list_init(&space->areas);
    // lab 6 begin
    space->refs = 1;
    space_set_stack(space, space->limit, STACK_USUAL);
    // lab 6 end

    unsigned first = pde_index(KERNEL_BASE);
    uint32_t flags = spin_lock_irqsave(&spaces_lock);
    memcpy(space->dir + first, kernel_directory + first, (TABLE_SIZE - first) * sizeof(pde_t));
    list_add_tail(&space->node, &spaces);
    spin_unlock_irqrestore(&spaces_lock, flags);
    return space;
}

void space_destroy(struct space *space)
{
    if (current == space)
        space_switch(NULL);
    space_unmap(space, space->base, space->limit - space->base);
    uint32_t flags = spin_lock_irqsave(&spaces_lock);
    list_del(&space->node);
    spin_unlock_irqrestore(&spaces_lock, flags);
    free_page(virt_to_page(space->dir));
    kfree(space);
}

// lab 6 begin
void space_get(struct space *space)
{
    uint32_t flags = spin_lock_irqsave(&spaces_lock);

    space->refs++;
    spin_unlock_irqrestore(&spaces_lock, flags);
}

void space_put(struct space *space)
{
    if (!space)
        return;
    uint32_t flags = spin_lock_irqsave(&spaces_lock);
    bool last = --space->refs == 0;
    spin_unlock_irqrestore(&spaces_lock, flags);
    if (last)
        space_destroy(space);
}

struct space *space_next(struct space *space)
{
    struct space *found = NULL;
    uint32_t flags = spin_lock_irqsave(&spaces_lock);
    struct list *node = space ? space->node.next : spaces.next;

    for (; node != &spaces && !found; node = node->next) {
        struct space *next = list_entry(node, struct space, node);
        if (next->refs) {                       /* else it is being destroyed */
            next->refs++;
            found = next;
        }
    }
    spin_unlock_irqrestore(&spaces_lock, flags);
    space_put(space);
    return found;
}

// lab 6 end
void space_switch(struct space *space)
{
    if (current == space)
        return;
    current = space;
    paging_switch(space ? space->dir : kernel_directory);
}

struct space *space_current(void)
{
    return current;
}

// lab 4 begin
paddr_t space_become(struct space *space)
{
    current = space;
    return virt_to_phys(space ? space->dir : kernel_directory);
}

// lab 4 end

struct area *area_above(struct space *space, uintptr_t va)
{
    // until lab 6: list_for_each(node, &space->areas) {
    // lab 6 begin
    struct list *node = space->areas.next;

    if (space->found && space->found->start <= va)
        node = &space->found->node;
    for (; node != &space->areas; node = node->next) {
        // lab 6 end
        struct area *area = list_entry(node, struct area, node);
        if (va < area->end)
            return area;
    }
    return NULL;
}

struct area *space_find(struct space *space, uintptr_t va)
{
    struct area *area = space->found;                           // lab 6
    if (area && area->start <= va && va < area->end)            // lab 6
        return area;                                            // lab 6
    // until lab 6: struct area *area;
    area = area_above(space, va);
    if (!area || area->start > va)
        return NULL;
    space->found = area;                                        // lab 6
    return area;
}

uint32_t area_index(const struct area *area, uintptr_t va)
{
    return area->index + ((va - area->start) >> PAGE_SHIFT);
}

/* Where an area begins that nothing else may touch. */
static uintptr_t fence(const struct area *area)
{
    if (area->flags & AREA_GROWS)                               // lab 6
        return area->start - PAGE_SIZE;                         // lab 6
    return area->start;
}

/* The highest place below `end` with room for `bytes`; 0 if there is none. */
static uintptr_t find_gap(struct space *space, size_t bytes, size_t align, uintptr_t end)
{
    for (struct list *node = space->areas.prev;; node = node->prev) {
        struct area *area = list_entry(node, struct area, node);
        uintptr_t start = node == &space->areas ? space->base : area->end;
        if (start < end && end - start >= bytes && ((end - bytes) & ~(align - 1)) >= start)
            return (end - bytes) & ~(align - 1);
        if (node == &space->areas)
            return 0;
        if (fence(area) < end)
            end = fence(area);
    }
}

void area_insert(struct space *space, struct area *area)
{
    struct area *next = area_above(space, area->start);

    list_add_tail(&area->node, next ? &next->node : &space->areas);
    // lab 6 begin
    space->area_count++;
    space->found = area;            /* the next one often lies behind it */
    // lab 6 end
}

void area_remove(struct space *space, struct area *area)
{
    list_del(&area->node);
    // until lab 6: (void)space;
    // lab 6 begin
    space->area_count--;
    if (space->found == area)
        space->found = NULL;
    // lab 6 end
}

pte_t area_entry_bits(const struct area *area)
{
    pte_t bits = area->start < KERNEL_BASE ? PTE_USER : 0;

    if (area->flags & AREA_WRITE)
        bits |= PTE_WRITE;
    if (area->flags & AREA_DEVICE)
        bits |= PTE_UNCACHED | PTE_THROUGH;
    return bits;
}

/* Enter an entry, and count it in its table. */
static int enter(struct space *space, uintptr_t va, paddr_t pa, pte_t bits)
{
    unsigned i = pde_index(va);
    pde_t before = space->dir[i];
    // until lab 6 begin
    // int error = page_map(space->dir, va, pa, bits);
    //
    // if (error)
    //     return error;
    // until lab 6 end
    // lab 6 begin
    pte_t *pte = page_walk(space->dir, va, true);

    if (!pte)
        return before & PTE_LARGE ? -EEXIST : -ENOMEM;
    if (*pte)
        return -EEXIST;
    *pte = pa | bits | PTE_PRESENT;
    // lab 6 end
    phys_to_page(space->dir[i] & PTE_FRAME)->in_use++;
    if (!(before & PTE_PRESENT) && va >= KERNEL_BASE)
        share_kernel_table(i);
    return 0;
}

int space_enter(struct space *space, const struct area *area, uintptr_t va, struct page *page)
{
    pte_t bits = area_entry_bits(area);

    if (area->object && !(area->flags & AREA_SHARED) && (bits & PTE_WRITE))
        bits ^= PTE_WRITE | PTE_COW;
    if (area->object && (area->flags & AREA_SHARED) && area->object->ops->will_write)   // lab 6
        bits &= ~PTE_WRITE;                     // lab 6: not before mm/shared has seen the write
    if (area_pays_by_page(area) && commit_charge(1))            // lab 6
        return -ENOMEM;                                         // lab 6
    int error = enter(space, va & PTE_FRAME, page_to_phys(page), bits);
    if (!error)
        space->pages++;
    else if (area_pays_by_page(area))                           // lab 6
        commit_release(1);                                      // lab 6
    return error;
}

void table_free_empty(struct space *space, uintptr_t va)
{
    pde_t *pde = &space->dir[pde_index(va)];
    struct page *table = phys_to_page(*pde & PTE_FRAME);

    if (va >= KERNEL_BASE || !(*pde & PTE_PRESENT) || (*pde & PTE_LARGE) || table->in_use)
        return;
    *pde = 0;
    tlb_invalidate(space->dir, va & PTE_FRAME, 1);  /* it may keep directory entries, too */
    free_page(table);
}

/* The frames that n entries of the area's have mapped are not needed there any more. */
static void let_go(struct space *space, const struct area *area, pte_t *was, unsigned n)
{
    if (area->flags & AREA_DEVICE)
        return;
    for (unsigned i = 0; area->object && (area->flags & AREA_SHARED) && i < n; i++)
        if (was[i] & PTE_DIRTY)
            cache_dirty(phys_to_page(was[i] & PTE_FRAME));
    space->pages -= n;
    if (area_pays_by_page(area))                                // lab 6
        commit_release(n);                                      // lab 6
    n = pages_put(was, n);                                      // lab 6
    while (n--)
        page_put(phys_to_page(was[n] & PTE_FRAME));
}

/*
 * Take the pages in [start, end) out, which one table maps. Some at a time: their frames may be
 * used for something else only when the TLB has let go of them.
 */
static void leave_table(struct space *space, const struct area *area, uintptr_t start,
                        uintptr_t end)
{
    struct page *table = phys_to_page(space->dir[pde_index(start)] & PTE_FRAME);
    pte_t *pte = (pte_t *)page_to_virt(table) + pte_index(start), taken[LEAVE_MANY];

    while (start < end && table->in_use) {
        uintptr_t from = start;
        unsigned n = 0;
        for (; start < end && n < LEAVE_MANY && table->in_use; start += PAGE_SIZE, pte++) {
            if (*pte) {
                taken[n++] = *pte;
                *pte = 0;
                table->in_use--;
            }
        }
        if (n)
            tlb_invalidate(space->dir, from, (start - from) >> PAGE_SHIFT);
        let_go(space, area, taken, n);
    }
    table_free_empty(space, start - PAGE_SIZE);
}

void area_leave(struct space *space, const struct area *area, uintptr_t start, uintptr_t end)
{
    for (uintptr_t va = start; va < end;) {
        pde_t pde = space->dir[pde_index(va)];
        uintptr_t next = (va & ~(LARGE_SIZE - 1)) + LARGE_SIZE;     /* 0 behind the last one */
        if (next > end || next == 0)
            next = end;
        if (pde & PTE_LARGE)
            large_leave(space, va);
        else if (pde & PTE_PRESENT)
            leave_table(space, area, va, next);
        va = next;
    }
}

static int map_device_pages(struct space *space, const struct area *area)
{
    paddr_t pa = area->index << PAGE_SHIFT;

    for (uintptr_t va = area->start; va < area->end; va += PAGE_SIZE, pa += PAGE_SIZE) {
        int error = enter(space, va, pa, area_entry_bits(area));
        if (error) {
            area_leave(space, area, area->start, va);
            return error;
        }
    }
    return 0;
}

int area_place(struct space *space, uintptr_t *va, size_t bytes, unsigned flags)
{
    size_t align = flags & AREA_LARGE ? LARGE_SIZE : PAGE_SIZE;

    if (space->area_count >= AREAS_MAX)                         // lab 6
        return -ENOMEM;                                         // lab 6
    if (*va == 0) {
        if (space->map_top)                                     // lab 6
            *va = find_gap(space, bytes, align, space->map_top);    // lab 6
        if (*va == 0)
            *va = find_gap(space, bytes, align, space->limit);
        return *va ? 0 : -ENOMEM;
    }
    if (*va < space->base || *va > space->limit || space->limit - *va < bytes)
        return -ENOMEM;
    struct area *next = area_above(space, *va);
    return next && next->start < *va + bytes ? -EEXIST : 0;
}

int space_map(struct space *space, uintptr_t *va, size_t bytes, unsigned flags,
              struct cache_object *object, uint32_t index)
{
    if (*va % PAGE_SIZE || bytes == 0 || ((flags & AREA_SHARED) && !object))
        return -EINVAL;
    bytes = (bytes + PAGE_SIZE - 1) & PTE_FRAME;
    struct area *area = bytes ? kmalloc(sizeof(*area)) : NULL;
    if (!area)
        return -ENOMEM;

    uint32_t irq = spin_lock_irqsave(&space->lock);
    int error = area_place(space, va, bytes, flags);
    if (!error) {
        *area = (struct area){ .start = *va, .end = *va + bytes, .flags = flags, .object = object,
                               .index = index };
        if (flags & AREA_DEVICE)
            error = map_device_pages(space, area);
        if (!error)                                             // lab 6
            error = area_begin(area);                           // lab 6
        if (!error)
            area_insert(space, area);
    }
    spin_unlock_irqrestore(&space->lock, irq);
    if (error)
        kfree(area);
    return error;
}

/* Cut `area` in two at va, which lies inside it; `rest` becomes the upper part. */
static void cut(struct area *area, uintptr_t va, struct area *rest)
{
    *rest = *area;
    rest->start = va;
    if (rest->object || (rest->flags & AREA_DEVICE))
        rest->index = area_index(area, va);
    area->end = va;
    list_add(&rest->node, &area->node);
    area_hold(rest);                                            // lab 6
}

int area_cut(struct space *space, uintptr_t va, struct area **spare)
{
    struct area *area = space_find(space, va);

    if (!area || area->start == va)
        return 0;
    if (!*spare)
        return -ENOMEM;
    if (space->area_count >= AREAS_MAX)                         // lab 6
        return -ENOMEM;                                         // lab 6
    int error = large_split(space, va);
    if (error)
        return error;
    cut(area, va, *spare);
    space->area_count++;                                        // lab 6
    *spare = NULL;
    return 0;
}

void areas_leave(struct space *space, uintptr_t start, uintptr_t end, struct list *gone)
{
    for (struct area *area; (area = area_above(space, start)) && area->start < end;) {
        area_leave(space, area, area->start, area->end);
        area_remove(space, area);
        list_add(&area->node, gone);
    }
}

void areas_free(struct list *gone)
{
    while (!list_empty(gone)) {
        struct area *area = list_entry(gone->next, struct area, node);
        list_del(&area->node);
        area_end(area);                                         // lab 6
        kfree(area);
    }
}

int space_unmap(struct space *space, uintptr_t va, size_t bytes)
{
    if (va % PAGE_SIZE || bytes == 0)
        return -EINVAL;
    if (va >= space->limit)
        return 0;
    uintptr_t end = space->limit;
    if (bytes < end - va)
        end = va + ((bytes + PAGE_SIZE - 1) & PTE_FRAME);
    struct area *spare[2] = { kmalloc(sizeof(struct area)), kmalloc(sizeof(struct area)) };
    struct list gone = { &gone, &gone };

    uint32_t irq = spin_lock_irqsave(&space->lock);
    int error = area_cut(space, va, &spare[0]);
    if (!error)
        error = area_cut(space, end, &spare[1]);
    if (!error)
        areas_leave(space, va, end, &gone);
    spin_unlock_irqrestore(&space->lock, irq);
    areas_free(&gone);
    kfree(spare[0]);
    kfree(spare[1]);
    return error;
}

void space_discard(struct space *space, uintptr_t va, size_t bytes)
{
    uint32_t irq = spin_lock_irqsave(&space->lock);

    list_for_each(node, &space->areas) {
        struct area *area = list_entry(node, struct area, node);
        uintptr_t start = va > area->start ? va : area->start;
        uintptr_t end = va + bytes < area->end ? va + bytes : area->end;
        if (start >= end || large_split(space, start) || large_split(space, end))
            continue;
        area_leave(space, area, start, end);
    }
    spin_unlock_irqrestore(&space->lock, irq);
}

void *map_device(paddr_t pa, size_t bytes)
{
    uint32_t offset = pa % PAGE_SIZE;
    uintptr_t va = 0;

    if (space_map(&kernel_space, &va, bytes + offset, AREA_READ | AREA_WRITE | AREA_DEVICE, NULL,
                  pa >> PAGE_SHIFT))
        return NULL;
    return (uint8_t *)va + offset;
}
