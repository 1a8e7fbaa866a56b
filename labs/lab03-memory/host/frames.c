/*
 * Frames without a buddy system. What order they come in means nothing: the search goes on behind
 * where it ended, so that nobody has the frame behind one for as long as there are others.
 */
#include "frames.h"
#include "debug/panic.h"
#include "fakes.h"

uint32_t frames_out, frames_allocations;

static struct page *frames;
static uint32_t frame_count, first_frame, next_frame, limit;
static uint8_t *taken;
static void (*watcher)(unsigned order);

void frames_init(uint32_t count, uint32_t first)
{
    frame_count = count;
    first_frame = next_frame = first;
    frames = malloc(count * sizeof(*frames));
    memset(frames, 0, count * sizeof(*frames));
    taken = malloc(count);
    memset(taken, 0, count);
    limit = UINT32_MAX;
    ram_forbid(phys_to_virt(first << PAGE_SHIFT), (count - first) << PAGE_SHIFT);
}

void frames_limit(uint32_t n)
{
    limit = n;
}

void frames_watch(void (*fn)(unsigned order))
{
    watcher = fn;
}

/* Are the n frames from `frame` on free? */
static bool is_free(uint32_t frame, uint32_t n)
{
    if (frame < first_frame || frame + n > frame_count)
        return false;
    for (uint32_t i = 0; i < n; i++)
        if (taken[frame + i])
            return false;
    return true;
}

bool frames_own(const void *p, size_t n)
{
    uint32_t first = virt_to_phys(p) >> PAGE_SHIFT;
    uint32_t last = (virt_to_phys(p) + (n ? n - 1 : 0)) >> PAGE_SHIFT;

    if ((uintptr_t)p < KERNEL_BASE || last < first || last >= frame_count)
        return false;
    for (uint32_t i = first; i <= last; i++)
        if (!taken[i])
            return false;
    return true;
}

struct page *alloc_pages(unsigned order)
{
    uint32_t n = 1u << order;

    if (watcher)
        watcher(order);
    if (order > PAGE_ORDER_MAX || limit == 0)
        return NULL;
    uint32_t at = (next_frame + n - 1) & ~(n - 1);
    for (uint32_t tries = frame_count / n + 2; tries; tries--, at += n) {
        if (at + n > frame_count)
            at = 0;
        if (!is_free(at, n))
            continue;
        memset(&taken[at], 1, n);
        next_frame = at + n + 1;
        frames_out += n;
        frames_allocations++;
        if (limit != UINT32_MAX)
            limit--;
        frames[at] = (struct page){ .refs = 1, .order = order, .state = PAGE_USED };
        void *memory = phys_to_virt(at << PAGE_SHIFT);
        ram_allow(memory, n << PAGE_SHIFT);
        memset(memory, FRAMES_GARBAGE, n << PAGE_SHIFT);
        return &frames[at];
    }
    return NULL;
}

struct page *alloc_page(void)
{
    return alloc_pages(0);
}

struct page *alloc_zeroed_page(void)
{
    struct page *page = alloc_pages(0);

    if (page)
        memset(page_to_virt(page), 0, PAGE_SIZE);
    return page;
}

void free_pages(struct page *page, unsigned order)
{
    uint32_t at = page - frames, n = 1u << order;

    if (page < frames || at >= frame_count || page->state != PAGE_USED || page->refs != 1
        || page->order != order)
        panic("free_pages: frame %08x was not allocated like that", at << PAGE_SHIFT);
    memset(&taken[at], 0, n);
    frames_out -= n;
    page->refs = 0;
    page->state = PAGE_NONE;
    ram_forbid(page_to_virt(page), n << PAGE_SHIFT);
}

void free_page(struct page *page)
{
    free_pages(page, 0);
}

void page_get(struct page *page)
{
    page->refs++;
}

void page_put(struct page *page)
{
    if (page->refs > 1)
        page->refs--;
    else
        free_pages(page, page->order);
}

/* For trees that are further on. */
void pages_get(const pte_t *entries, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (entries[i])
            page_get(phys_to_page(entries[i]));
}

unsigned pages_put(pte_t *entries, unsigned n)
{
    unsigned last = 0;

    for (unsigned i = 0; i < n; i++) {
        struct page *page = phys_to_page(entries[i]);
        if (page->refs > 1)
            page->refs--;
        else
            entries[last++] = entries[i];
    }
    return last;
}

void page_split(struct page *page)
{
    uint32_t n = 1u << page->order;

    for (uint32_t i = 0; i < n; i++)
        page[i] = (struct page){ .refs = page->refs, .state = PAGE_USED };
}

paddr_t page_to_phys(const struct page *page)
{
    return (uint32_t)(page - frames) << PAGE_SHIFT;
}

void *page_to_virt(const struct page *page)
{
    return phys_to_virt(page_to_phys(page));
}

struct page *phys_to_page(paddr_t pa)
{
    return pa >> PAGE_SHIFT < frame_count ? &frames[pa >> PAGE_SHIFT] : NULL;
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

void page_add_reclaim(unsigned (*fn)(void))
{
    (void)fn;
}
