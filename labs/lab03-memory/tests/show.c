/*
 * The monitor's show_mappings on page tables that the seed chooses.
 */
#include "memory.h"
#include "debug/monitor.h"
#include "lib/printf.h"
#include "mm/map.h"

#define TABLES 3
#define WINDOW 0x50000000u
#define LARGE  4                    /* large pages behind the tables */

static pte_t tables[TABLES][TABLE_SIZE] __attribute__((aligned(4096)));

/* What an entry of a small page can have, so that every letter is there and is not. */
static pte_t some_bits(void)
{
    return ktest_random(0x40) << 1 | ktest_random(2) * PTE_GLOBAL | PTE_PRESENT;
}

/* Fill the tables with runs of pages, in which something changes now and then. */
static void fill_tables(void)
{
    pte_t *entries = tables[0];
    uint32_t frame = 0;
    pte_t bits = 0;

    for (unsigned i = 0; i < TABLES * TABLE_SIZE;) {
        unsigned n = 1 + ktest_random(ktest_random(8) ? 30 : 300), change = ktest_random(5);
        if (change != 1)
            frame = ktest_random(0x80000);
        if (change != 2)
            bits = change == 0 ? 0 : some_bits();
        else
            bits ^= PTE_WRITE << ktest_random(6);       /* only one bit, and the next frame */
        for (; n && i < TABLES * TABLE_SIZE; n--, i++, frame++)
            entries[i] = bits & PTE_PRESENT ? frame << PAGE_SHIFT | bits : 0;
    }
}

static void run(const char *line)
{
    char copy[80];

    ktest_report("run");
    snprintf(copy, sizeof(copy), "%s", line);
    monitor_run(copy, NULL);
    ktest_report("ran");
}

/*
 * "base VA", then show_mappings for all of it, for single pages, and from somewhere to somewhere.
 * What the monitor prints comes between "run" and "ran". At the end the monitor itself, for the
 * grader to type at.
 */
KTEST(show_window)
{
    unsigned i = pde_index(WINDOW) + ktest_random(64);
    uintptr_t base = i << LARGE_SHIFT, size = (TABLES + LARGE) << LARGE_SHIFT;
    char line[80];

    fill_tables();
    for (unsigned n = 0; n < TABLES; n++)
        kernel_directory[i + n] = virt_to_phys(tables[n]) | PTE_PRESENT | PTE_WRITE | PTE_USER;
    for (unsigned n = 0; n < LARGE; n++)
        kernel_directory[i + TABLES + n] = (ktest_random(4) ? n : ktest_random(100)) << LARGE_SHIFT
                                           | PTE_PRESENT | PTE_LARGE | ktest_random(2) * PTE_WRITE;
    kernel_directory[TABLE_SIZE - 1] = (0u - LARGE_SIZE) | PTE_PRESENT | PTE_LARGE; /* the last */
    ktest_report("base %x", base);
    snprintf(line, sizeof(line), "show_mappings 0x%x 0x%x", base, base + size - 1);
    run(line);
    for (int n = 0; n < 12; n++) {
        uintptr_t start = base + ktest_random(size);
        uintptr_t last = start + ktest_random(size / 8);
        ktest_report("part %x %x", start, last);
        snprintf(line, sizeof(line), "show_mappings 0x%x 0x%x", start, last);
        run(line);
        ktest_report("page %x", start);
        snprintf(line, sizeof(line), "show_mappings 0x%x", start);
        run(line);
    }
    monitor(NULL);
}
