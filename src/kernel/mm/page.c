/*
 * The buddy allocator. The array `pages` has an entry for each frame from 0 on, usable or not, so
 * that a frame's number is its index and its buddy's number is one bit away.
 */
#include "mm/page.h"
#include "debug/log.h"
#include "debug/panic.h"
#include "lib/string.h"
#include "sync/spinlock.h"

/*
 * Larger blocks are not worth it: single frames given back seldom lie side by side, and all clean
 * memory would go for nothing. Who asks for so much can do without.
 */
#define RECLAIM_ORDER_MAX 3

/* Frames [first, end). */
struct frames {
    uint32_t first, end;
};

enum { TAKEN_BIOS, TAKEN_KERNEL, TAKEN_ARRAY, TAKEN };

static struct page *pages;
static uint32_t page_count;
static struct frames taken[TAKEN];      /* usable, but not free: nobody may give them away */

static struct spinlock lock;            /* of all below, and of the struct pages of free blocks */
static struct list free_list[PAGE_ORDER_MAX + 1];
static struct page_stats stats;
static unsigned (*reclaimers[PAGE_RECLAIMERS])(void);
static unsigned reclaimer_count;

paddr_t page_to_phys(const struct page *page)
{
    return (uint32_t)(page - pages) << PAGE_SHIFT;
}

void *page_to_virt(const struct page *page)
{
    return phys_to_virt(page_to_phys(page));
}

struct page *phys_to_page(paddr_t pa)
{
    return pa >> PAGE_SHIFT < page_count ? &pages[pa >> PAGE_SHIFT] : NULL;
}

struct page *virt_to_page(const void *p)
{
    return (uintptr_t)p < KERNEL_BASE ? NULL : phys_to_page(virt_to_phys(p));
}

unsigned page_order(size_t n)
{
    unsigned order = 0;

    while (order <= PAGE_ORDER_MAX && (size_t)PAGE_SIZE << order < n)
        order++;
    return order;
}

/* Put a free block into its list, as it is. */
static void list_block(struct page *page, unsigned order)
{
    page->state = PAGE_FREE;
    page->order = order;
    page->refs = 0;
    list_add(&page->node, &free_list[order]);
    stats.blocks[order]++;
}

/* Take a free block out of its list. */
static void unlist_block(struct page *page)
{
    list_del(&page->node);
    stats.blocks[page->order]--;
    page->state = PAGE_NONE;
}

/* A free block of this order for the caller, or NULL; its state is PAGE_NONE. */
static struct page *take_block(unsigned order)
{
    // exercise 3.2 begin: take the smallest block that is large enough; split it until it fits
    unsigned from = order;

    while (from <= PAGE_ORDER_MAX && list_empty(&free_list[from]))
        from++;
    if (from > PAGE_ORDER_MAX)
        return NULL;
    struct page *page = list_entry(free_list[from].next, struct page, node);
    unlist_block(page);
    while (from > order) {
        from--;
        list_block(page + (1u << from), from);
    }
    return page;
    // exercise 3.2 stub
    // (void)order, (void)unlist_block;
    // return NULL;
    // exercise 3.2 end
}

/* Give a block back, joined with its buddy as long as that is a free block of the same order. */
static void give_block(struct page *page, unsigned order)
{
    // exercise 3.2 begin: join with the buddy while it can be joined, then list the block
    while (order < PAGE_ORDER_MAX) {
        uint32_t buddy = (page - pages) ^ (1u << order);
        if (buddy >= page_count || pages[buddy].state != PAGE_FREE || pages[buddy].order != order)
            break;
        unlist_block(&pages[buddy]);
        if (&pages[buddy] < page)
            page = &pages[buddy];       /* the lower half is the beginning of the whole */
        order++;
    }
    list_block(page, order);
    // exercise 3.2 stub
    // list_block(page, order);
    // exercise 3.2 end
}

/* Ask for clean memory back. Returns whether there was any. */
static bool reclaim(void)
{
    uint32_t flags = irq_save();
    unsigned got = 0;

    for (unsigned i = 0; i < reclaimer_count && !got; i++)
        got = reclaimers[i]();
    irq_restore(flags);
    return got;
}

struct page *alloc_pages(unsigned order)
{
    struct page *page;

    if (order > PAGE_ORDER_MAX)
        return NULL;
    uint32_t flags = spin_lock_irqsave(&lock);
    while (!(page = take_block(order))) {
        spin_unlock_irqrestore(&lock, flags);
        if (order > RECLAIM_ORDER_MAX || !reclaim())
            return NULL;
        flags = spin_lock_irqsave(&lock);
    }
    page->state = PAGE_USED;
    page->order = order;
    page->refs = 1;
    page->in_use = 0;
    page->owner = NULL;
    stats.free -= 1u << order;
    spin_unlock_irqrestore(&lock, flags);
    return page;
}

struct page *alloc_page(void)
{
    return alloc_pages(0);
}

struct page *alloc_zeroed_page(void)
{
    struct page *page = alloc_page();

    if (page)
        page_clear(page_to_virt(page), 1);
    return page;
}

/* What is wrong with freeing it. */
static const char *why_not(const struct page *page, unsigned order)
{
    if (page->state == PAGE_FREE)
        return "free already";
    if (page->state == PAGE_NONE)
        return "not the start of a block";
    return page->order != order ? "of another order" : "still in use";
}

void free_pages(struct page *page, unsigned order)
{
    if (page->state != PAGE_USED || page->refs != 1 || page->order != order)
        panic("free_pages: frame %08x is %s", page_to_phys(page), why_not(page, order));
    uint32_t flags = spin_lock_irqsave(&lock);
    page->refs = 0;
    page->state = PAGE_NONE;
    give_block(page, order);
    stats.free += 1u << order;
    spin_unlock_irqrestore(&lock, flags);
}

void free_page(struct page *page)
{
    free_pages(page, 0);
}

void page_get(struct page *page)
{
    uint32_t flags = spin_lock_irqsave(&lock);

    page->refs++;
    spin_unlock_irqrestore(&lock, flags);
}

void page_put(struct page *page)
{
    uint32_t flags = spin_lock_irqsave(&lock);
    bool last = page->refs <= 1;

    if (!last)
        page->refs--;
    spin_unlock_irqrestore(&lock, flags);
    if (last)
        free_pages(page, page->order);
}

// lab 6 begin
void pages_get(const pte_t *entries, unsigned n)
{
    uint32_t flags = spin_lock_irqsave(&lock);

    for (; n; n--, entries++)
        if (*entries)
            pages[*entries >> PAGE_SHIFT].refs++;
    spin_unlock_irqrestore(&lock, flags);
}

unsigned pages_put(pte_t *entries, unsigned n)
{
    unsigned last = 0;
    uint32_t flags = spin_lock_irqsave(&lock);

    for (unsigned i = 0; i < n; i++) {
        struct page *page = &pages[entries[i] >> PAGE_SHIFT];
        if (entries[i] && page->refs > 1)
            page->refs--;
        else if (entries[i])
            entries[last++] = entries[i];
    }
    spin_unlock_irqrestore(&lock, flags);
    return last;
}

// lab 6 end
void page_split(struct page *page)
{
    uint32_t flags = spin_lock_irqsave(&lock);

    for (unsigned i = 1; i < 1u << page->order; i++) {
        page[i].state = PAGE_USED;
        page[i].order = 0;
        page[i].refs = page->refs;
        page[i].in_use = 0;
        page[i].owner = NULL;
    }
    page->order = 0;
    spin_unlock_irqrestore(&lock, flags);
}

void page_stats(struct page_stats *copy)
{
    uint32_t flags = spin_lock_irqsave(&lock);

    *copy = stats;
    spin_unlock_irqrestore(&lock, flags);
}

void page_add_reclaim(unsigned (*fn)(void))
{
    if (reclaimer_count < PAGE_RECLAIMERS)
        reclaimers[reclaimer_count++] = fn;
}

/*
 * Make frames [first, end), which the allocator has not had yet, free: in blocks as large as their
 * place allows.
 */
static void add_frames(uint32_t first, uint32_t end)
{
    // exercise 3.1 begin: cut it into aligned blocks, the largest possible; list and count them
    while (first < end) {
        unsigned order = PAGE_ORDER_MAX;
        while (first % (1u << order) != 0 || first + (1u << order) > end)
            order--;
        list_block(&pages[first], order);
        stats.usable += 1u << order;
        stats.free += 1u << order;
        first += 1u << order;
    }
    // exercise 3.1 stub
    // (void)first, (void)end;
    // exercise 3.1 end
}

/* Make free what is usable according to the map, below page_count, and not taken. */
static void add_usable(const struct e820_entry *map, unsigned n)
{
    // exercise 3.1 begin: whole frames only, without those of taken[]: each piece to add_frames
    for (unsigned i = 0; i < n; i++) {
        uint64_t first = (map[i].base + PAGE_SIZE - 1) >> PAGE_SHIFT;
        uint64_t end = (map[i].base + map[i].length) >> PAGE_SHIFT;

        if (map[i].type != E820_USABLE)
            continue;
        if (end > page_count)
            end = page_count;
        while (first < end) {
            uint64_t stop = end, next = end;    /* free up to stop; go on at next */
            for (unsigned t = 0; t < TAKEN; t++) {
                if (taken[t].first < stop && first < taken[t].end) {
                    stop = taken[t].first;
                    next = taken[t].end;
                }
            }
            if (first < stop)
                add_frames(first, stop);
            first = next;
        }
    }
    // exercise 3.1 stub
    // (void)map, (void)n, (void)add_frames;
    // exercise 3.1 end
}

static uint32_t frames_up(uint32_t bytes)
{
    return (bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

/* The usable frame before which all low memory lies, and how much usable memory lies above. */
static void measure(const struct e820_entry *map, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        uint64_t start = map[i].base, end = start + map[i].length;
        if (map[i].type != E820_USABLE)
            continue;
        if (end > LOWMEM_END) {
            stats.above += (end - (start > LOWMEM_END ? start : LOWMEM_END)) >> PAGE_SHIFT;
            end = LOWMEM_END;
        }
        if (start < end && end >> PAGE_SHIFT > page_count)
            page_count = end >> PAGE_SHIFT;
    }
}

/* The first frame behind the kernel from which on `need` frames are usable; 0 if there is none. */
static uint32_t find_room(const struct e820_entry *map, unsigned n, uint32_t need)
{
    for (uint32_t first = taken[TAKEN_KERNEL].end; first + need <= page_count; first++)
        if (e820_usable(map, n, first << PAGE_SHIFT, (first + need) << PAGE_SHIFT))
            return first;
    return 0;
}

void page_init(const struct boot_info *boot)
{
    for (unsigned order = 0; order <= PAGE_ORDER_MAX; order++)
        list_init(&free_list[order]);
    measure(boot->e820, boot->e820_count);
    taken[TAKEN_BIOS] = (struct frames){ 0, 1 };
    taken[TAKEN_KERNEL].first = boot->kernel_start >> PAGE_SHIFT;
    taken[TAKEN_KERNEL].end = frames_up(boot->kernel_end);

    uint32_t need = frames_up(page_count * sizeof(*pages));
    uint32_t room = find_room(boot->e820, boot->e820_count, need);
    if (!room)
        panic("no room for %u KiB of page descriptors", need * (PAGE_SIZE / 1024));
    taken[TAKEN_ARRAY] = (struct frames){ room, room + need };
    pages = phys_to_virt(room << PAGE_SHIFT);
    memset(pages, 0, page_count * sizeof(*pages));      /* PAGE_NONE */
    add_usable(boot->e820, boot->e820_count);

    kprintf(LOG_INFO, "memory: %u KiB free\n", stats.free * (PAGE_SIZE / 1024));
    if (stats.above)
        kprintf(LOG_NOTICE, "memory: %u MiB at or above 896 MiB are not used\n",
                stats.above >> (20 - PAGE_SHIFT));
}
