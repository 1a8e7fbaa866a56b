/*
 * Memory for tests whose exercise is not to depend on page_init.
 */
#include "memory.h"
#include "x86/bootinfo.h"

/* Behind the kernel and the array of struct page, which lies behind it. */
static paddr_t first_spare(void)
{
    uint32_t n = 0;

    while (phys_to_page(n << PAGE_SHIFT))
        n++;
    return (virt_to_phys(phys_to_page(0) + n) + PAGE_SIZE - 1) & PTE_FRAME;
}

static void give(uint64_t start, uint64_t end)
{
    for (; start + PAGE_SIZE <= end && phys_to_page(start); start += PAGE_SIZE) {
        struct page *page = phys_to_page(start);
        page->state = PAGE_USED;
        page->order = 0;
        page->refs = 1;
        free_page(page);
    }
}

void memory_ready(void)
{
    struct page_stats stats;
    paddr_t spare;

    page_stats(&stats);
    if (stats.free)
        return;
    spare = first_spare();
    for (unsigned i = 0; i < boot_info.e820_count; i++) {
        const struct e820_entry *e = &boot_info.e820[i];
        if (e->type == E820_USABLE && e->base <= spare && spare < e->base + e->length)
            give(spare, e->base + e->length);
    }
}

void memory_garbage(unsigned n)
{
    static struct page *pages[64];
    unsigned got = 0;

    while (got < n && got < ARRAY_SIZE(pages) && (pages[got] = alloc_page()))
        got++;
    for (unsigned i = 0; i < got; i++) {
        uint32_t *word = frame_word(pages[i]);
        for (unsigned j = 0; j < PAGE_SIZE / 4; j++)
            word[j] = 0xdeadbeef;
        free_page(pages[i]);
    }
}

void report_stats(const char *name)
{
    struct page_stats s;

    page_stats(&s);
    ktest_report("%s %u %u %u %u %u %u %u %u %u %u %u %u", name, s.free, s.blocks[0], s.blocks[1],
                 s.blocks[2], s.blocks[3], s.blocks[4], s.blocks[5], s.blocks[6], s.blocks[7],
                 s.blocks[8], s.blocks[9], s.blocks[10]);
}
