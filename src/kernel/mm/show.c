/*
 * Monitor commands that show memory: who is mapped where, and what is free.
 */
#include "debug/log.h"
#include "debug/monitor.h"
#include "mm/map.h"
#include "mm/page.h"
#include "mm/pagecache.h"
#include "mm/space.h"

/*
 * A line for `pages` neighbouring pages from va on, mapped to neighbouring frames by entries that
 * differ in nothing else; `entry` is the first one's. "c0100000-c010afff -> 00100000 4K ---ga-"
 * shows the first and last byte, the first frame, the size of the pages, and by letters what is
 * set: w writable, u for user programs, n not cached, g global, a accessed, d dirty.
 */
static void show_run(uintptr_t va, uint32_t pages, pte_t entry)
{
    // exercise 3.9 begin: print the line
    console_printf("%08x-%08x -> %08x %s %c%c%c%c%c%c\n", va, va + (pages << PAGE_SHIFT) - 1,
                   entry & PTE_FRAME, entry & PTE_LARGE ? "4M" : "4K",
                   entry & PTE_WRITE ? 'w' : '-', entry & PTE_USER ? 'u' : '-',
                   entry & PTE_UNCACHED ? 'n' : '-', entry & PTE_GLOBAL ? 'g' : '-',
                   entry & PTE_ACCESSED ? 'a' : '-', entry & PTE_DIRTY ? 'd' : '-');
    // exercise 3.9 stub
    // (void)va, (void)pages, (void)entry;
    // exercise 3.9 end
}

/* Show what the pages from `start`'s to `last`'s are mapped to, a line for each run of them. */
static void show_mappings(const pde_t *dir, uintptr_t start, uintptr_t last)
{
    // exercise 3.9 begin: page_lookup tells; a run goes on while page and frame do
    uint32_t page = start >> PAGE_SHIFT, end = last >> PAGE_SHIFT;     /* numbers: addresses wrap */

    while (page <= end) {
        pte_t entry = page_lookup(dir, page << PAGE_SHIFT);
        uint32_t n = 1;
        while (entry && page + n <= end
               && page_lookup(dir, (page + n) << PAGE_SHIFT) == entry + (n << PAGE_SHIFT))
            n++;
        if (entry)
            show_run(page << PAGE_SHIFT, n, entry);
        page += n;
    }
    // exercise 3.9 stub
    // (void)dir, (void)start, (void)last, (void)show_run;
    // console_printf("not implemented\n");
    // exercise 3.9 end
}

MONITOR_COMMAND(show_mappings, "[START [LAST]]", "what the pages from START to LAST are mapped to")
{
    struct space *space = space_current();
    uint32_t start = 0, last = UINT32_MAX;

    (void)tf;
    if (argc > 3 || (argc > 1 && !monitor_number(argv[1], &start))
        || (argc > 2 && !monitor_number(argv[2], &last))) {
        console_printf("usage: show_mappings [START [LAST]]\n");
        return;
    }
    show_mappings(space ? space->dir : kernel_directory, start, argc == 2 ? start : last);
}

MONITOR_COMMAND(memory, "", "what memory is free, and in blocks of what size")
{
    struct page_stats pages;
    struct cache_stats cache;

    (void)argc, (void)argv, (void)tf;
    page_stats(&pages);
    cache_stats(&cache);
    console_printf("  %u KiB free of %u; the page cache holds %u KiB, %u of them dirty\n",
                   pages.free * 4, pages.usable * 4, cache.pages * 4, cache.dirty * 4);
    for (unsigned order = 0; order <= PAGE_ORDER_MAX; order++)
        if (pages.blocks[order])
            console_printf("  %5u blocks of %4u KiB\n", pages.blocks[order], 4u << order);
}
