/*
 * The page allocator at work in a real machine.
 */
#include "memory.h"

#define STEPS     600
#define LIVE      64
#define ORDERS    7                 /* 0 to 6: blocks of up to 256 KiB */
#define FRAMES    4096              /* of all memory, in buddy_all */

struct block {
    struct page *page;
    uint32_t step;
};

/* Mark every frame of the block. */
static void mark(struct block *block, unsigned order)
{
    for (unsigned i = 0; i < 1u << order; i++)
        *frame_word(block->page + i) = frame_mark(block->step, block->page + i);
}

/* How many frames of the block have lost their marks. */
static unsigned damage(const struct block *block, unsigned order)
{
    unsigned damaged = 0;

    for (unsigned i = 0; i < 1u << order; i++)
        damaged += *frame_word(block->page + i) != frame_mark(block->step, block->page + i);
    return damaged;
}

/*
 * Allocations and frees in any order: "a ORDER FRAME" (or "a ORDER -"), "f ORDER FRAME DAMAGE".
 * Halts with what it holds.
 */
KTEST(buddy_storm)
{
    static struct block live[LIVE];
    static uint8_t orders[LIVE];
    unsigned count = 0;

    memory_ready();
    for (uint32_t step = 0; step < STEPS; step++) {
        unsigned what = ktest_random(100), i = ktest_random(LIVE), order = ktest_random(ORDERS);
        if (count == 0 || (what < 55 && count < LIVE)) {
            struct page *page = alloc_pages(order);
            if (!page) {
                ktest_report("a %u -", order);
                continue;
            }
            ktest_report("a %u %x", order, page_to_phys(page) >> PAGE_SHIFT);
            live[count] = (struct block){ page, step };
            orders[count] = order;
            mark(&live[count++], order);
        } else {
            i %= count;
            ktest_report("f %u %x %u", orders[i], page_to_phys(live[i].page) >> PAGE_SHIFT,
                         damage(&live[i], orders[i]));
            free_pages(live[i].page, orders[i]);
            live[i] = live[--count];
            orders[i] = orders[count];
        }
    }
    stay();
}

/* All blocks of this order; returns how many blocks there are now. */
static unsigned take_all(struct page **blocks, unsigned count, unsigned order)
{
    struct page *page;

    while (count < FRAMES && (page = alloc_pages(order)))
        blocks[count++] = page;
    return count;
}

/*
 * Memory to its end, large blocks first, then all of it back in any order, then to its end by
 * frames: those it marks, and halts.
 */
KTEST(buddy_all)
{
    static struct page *blocks[FRAMES];
    unsigned count = 0;

    memory_ready();
    report_stats("before");
    for (int order = PAGE_ORDER_MAX; order >= 0; order--) {
        unsigned had = count;
        count = take_all(blocks, count, order);
        ktest_report("took %d %u", order, count - had);
    }
    report_stats("empty");
    ktest_report("more %u %u", alloc_page() != NULL, alloc_pages(3) != NULL);
    while (count) {
        unsigned i = ktest_random(count);
        free_pages(blocks[i], blocks[i]->order);
        blocks[i] = blocks[--count];
    }
    report_stats("after");
    count = take_all(blocks, 0, 0);
    ktest_report("frames %u", count);
    for (uint32_t i = 0; i < count; i++)
        *frame_word(blocks[i]) = frame_mark(i % 256, blocks[i]);
    stay();
}
