/*
 * What memory costs: pages, blocks, heap, mappings, faults; and how much of it the kernel itself
 * has taken at boot.
 */
#include "kbench.h"
#include "mm/fault.h"
#include "mm/kmalloc.h"
#include "mm/page.h"
#include "mm/space.h"
#include "x86/bootinfo.h"

#define RUNS 64

static void bench_pages(unsigned order, const char *allocating, const char *freeing)
{
    struct kbench alloc = { 0 }, free = { 0 };

    for (int i = 0; i < RUNS; i++) {
        kbench_begin(&alloc);
        struct page *page = alloc_pages(order);
        kbench_end(&alloc);
        if (!page)
            return;
        kbench_begin(&free);
        free_pages(page, order);
        kbench_end(&free);
    }
    kbench_report(allocating, &alloc);
    kbench_report(freeing, &free);
}

KBENCH(page)
{
    bench_pages(0, "alloc_a_page", "free_a_page");
    bench_pages(PAGE_ORDER_MAX, "alloc_4_MiB", "free_4_MiB");
}

static void bench_kmalloc(size_t n, const char *allocating, const char *freeing)
{
    struct kbench alloc = { 0 }, free = { 0 };
    void *keep = kmalloc(n);        /* so that it is not the page allocator that is measured */

    for (int i = 0; i < RUNS; i++) {
        kbench_begin(&alloc);
        void *p = kmalloc(n);
        kbench_end(&alloc);
        kbench_begin(&free);
        kfree(p);
        kbench_end(&free);
    }
    kfree(keep);
    kbench_report(allocating, &alloc);
    kbench_report(freeing, &free);
}

KBENCH(kmalloc)
{
    bench_kmalloc(32, "kmalloc_32", "kfree_32");
    bench_kmalloc(256, "kmalloc_256", "kfree_256");
    bench_kmalloc(4096, "kmalloc_4096", "kfree_4096");
}

KBENCH(mapping)
{
    struct kbench map = { 0 }, fault = { 0 }, unmap = { 0 };

    for (int i = 0; i < RUNS; i++) {
        uintptr_t va = 0;
        kbench_begin(&map);
        space_map(&kernel_space, &va, PAGE_SIZE, AREA_READ | AREA_WRITE, NULL, 0);
        kbench_end(&map);
        kbench_begin(&fault);
        *(volatile uint8_t *)va = 1;
        kbench_end(&fault);
        kbench_begin(&unmap);
        space_unmap(&kernel_space, va, PAGE_SIZE);
        kbench_end(&unmap);
    }
    kbench_report("map_a_page", &map);
    kbench_report("page_fault_to_resume", &fault);
    kbench_report("unmap_a_page", &unmap);
}

/* What is usable below LOWMEM_END, but not free: the kernel, its tables, what it has allocated. */
KBENCH(memory)
{
    struct page_stats stats;
    uint32_t usable = 0;

    page_stats(&stats);
    for (unsigned i = 0; i < boot_info.e820_count; i++)
        if (boot_info.e820[i].type == E820_USABLE && boot_info.e820[i].base < LOWMEM_END)
            usable += boot_info.e820[i].length / 1024;
    kbench_figure("memory_in_use_at_boot", usable - stats.free * (PAGE_SIZE / 1024), "KiB");
}
