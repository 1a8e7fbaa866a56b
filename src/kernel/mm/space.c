/*
 * Spaces and their areas. What happens when a page of one is touched is in mm/fault, forking in
 * mm/cow.
 */
#include "mm/space.h"
#include "abi/errno.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "mm/large.h"
#include "mm/pagecache.h"

#define KERNEL_LIMIT 0xfffff000u    /* the last page stays unmapped: a pointer there cannot wrap */

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

    unsigned first = pde_index(KERNEL_BASE);
    uint32_t flags = spin_lock_irqsave(&spaces_lock);
    memcpy(space->dir + first, kernel_directory + first, (TABLE_SIZE - first) * sizeof(pde_t));
    list_add(&space->node, &spaces);
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

/* The first area that ends above va, or NULL. */
static struct area *area_above(struct space *space, uintptr_t va)
{
    list_for_each(node, &space->areas) {
        struct area *area = list_entry(node, struct area, node);
        if (va < area->end)
            return area;
    }
    return NULL;
}

struct area *space_find(struct space *space, uintptr_t va)
{
    struct area *area = area_above(space, va);

    return area && area->start <= va ? area : NULL;
}

/* The highest place with room for `bytes`; 0 if there is none. `align` is a power of two. */
static uintptr_t find_gap(struct space *space, size_t bytes, size_t align)
{
    uintptr_t end = space->limit;

    for (struct list *node = space->areas.prev;; node = node->prev) {
        struct area *area = list_entry(node, struct area, node);
        uintptr_t start = node == &space->areas ? space->base : area->end;
        if (end - start >= bytes && ((end - bytes) & ~(align - 1)) >= start)
            return (end - bytes) & ~(align - 1);
        if (node == &space->areas)
            return 0;
        end = area->start;
    }
}

/* Put an area into its place in the list. */
static void insert(struct space *space, struct area *area)
{
    struct area *next = area_above(space, area->start);

    list_add_tail(&area->node, next ? &next->node : &space->areas);
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
    int error = page_map(space->dir, va, pa, bits);

    if (error)
        return error;
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
    int error = enter(space, va & PTE_FRAME, page_to_phys(page), bits);
    if (!error)
        space->pages++;
    return error;
}

/* Take one page out; a user's table that is empty then goes, too. */
static void leave(struct space *space, const struct area *area, uintptr_t va)
{
    pde_t *pde = &space->dir[pde_index(va)];
    pte_t was = page_unmap(space->dir, va);

    if (!was)
        return;
    if (!(area->flags & AREA_DEVICE)) {
        struct page *page = phys_to_page(was & PTE_FRAME);
        if ((was & PTE_DIRTY) && area->object && (area->flags & AREA_SHARED))
            cache_dirty(page);
        page_put(page);
        space->pages--;
    }
    struct page *table = phys_to_page(*pde & PTE_FRAME);
    if (--table->in_use == 0 && va < KERNEL_BASE) {
        *pde = 0;
        tlb_invalidate(space->dir, va, 1);  /* the processor may keep directory entries, too */
        free_page(table);
    }
}

/* Take the pages in [start, end) out, which is in `area`. Large pages in it lie in it whole. */
static void leave_range(struct space *space, const struct area *area, uintptr_t start,
                        uintptr_t end)
{
    for (uintptr_t va = start; va < end;) {
        pde_t pde = space->dir[pde_index(va)];
        uintptr_t next = (va & ~(LARGE_SIZE - 1)) + LARGE_SIZE;     /* 0 behind the last one */
        if (next > end || next == 0)
            next = end;
        if (pde & PTE_LARGE)
            large_leave(space, va);
        else if (pde & PTE_PRESENT)
            for (; va < next; va += PAGE_SIZE)
                leave(space, area, va);
        va = next;
    }
}

static int map_device_pages(struct space *space, const struct area *area)
{
    paddr_t pa = area->index << PAGE_SHIFT;

    for (uintptr_t va = area->start; va < area->end; va += PAGE_SIZE, pa += PAGE_SIZE) {
        int error = enter(space, va, pa, area_entry_bits(area));
        if (error) {
            leave_range(space, area, area->start, va);
            return error;
        }
    }
    return 0;
}

/* Where the area is to be: the caller's wish, or a gap. Has the lock. */
static int place(struct space *space, uintptr_t *va, size_t bytes, unsigned flags)
{
    if (*va == 0) {
        *va = find_gap(space, bytes, flags & AREA_LARGE ? LARGE_SIZE : PAGE_SIZE);
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
    int error = place(space, va, bytes, flags);
    if (!error) {
        *area = (struct area){ .start = *va, .end = *va + bytes, .flags = flags, .object = object,
                               .index = index };
        if (flags & AREA_DEVICE)
            error = map_device_pages(space, area);
        if (!error)
            insert(space, area);
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
        rest->index += (va - area->start) >> PAGE_SHIFT;
    area->end = va;
    list_add(&rest->node, &area->node);
}

/* Have an area begin at va if va lies inside of one. *spare is used up for that. */
static int cut_at(struct space *space, uintptr_t va, struct area **spare)
{
    struct area *area = space_find(space, va);

    if (!area || area->start == va)
        return 0;
    if (!*spare)
        return -ENOMEM;
    int error = large_split(space, va);
    if (error)
        return error;
    cut(area, va, *spare);
    *spare = NULL;
    return 0;
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

    uint32_t irq = spin_lock_irqsave(&space->lock);
    int error = cut_at(space, va, &spare[0]);
    if (!error)
        error = cut_at(space, end, &spare[1]);
    for (struct area *area; !error && (area = area_above(space, va)) && area->start < end;) {
        leave_range(space, area, area->start, area->end);
        list_del(&area->node);
        kfree(area);
    }
    spin_unlock_irqrestore(&space->lock, irq);
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
        leave_range(space, area, start, end);
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
