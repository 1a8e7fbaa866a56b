/*
 * Page tables that the processor really uses. The tables and frames are the tests' own, so that
 * nothing need be allocated.
 */
#include "memory.h"
#include "mm/map.h"
#include "x86/trap.h"

#define WALKS  20
#define ROUNDS 8
#define WINDOW 0x40000000u          /* nobody uses addresses from here on */

static pte_t table[TABLE_SIZE] __attribute__((aligned(4096)));
static uint8_t frames[2][PAGE_SIZE] __attribute__((aligned(4096)));

/* Put the table in for some 4 MiB above the window; returns where they begin. */
static uintptr_t enter_table(void)
{
    unsigned i = pde_index(WINDOW) + ktest_random(64);

    kernel_directory[i] = virt_to_phys(table) | PTE_PRESENT | PTE_WRITE | PTE_USER;
    tlb_flush();
    return i << LARGE_SHIFT;
}

/*
 * "base VA", then "walk VA ENTRY" for each of some pages there; what page_walk found gets a value
 * from the seed. Then where no table is, and where a large page is. Halts.
 */
KTEST(walk_tables)
{
    uintptr_t base = enter_table();

    ktest_report("base %x %x", base, virt_to_phys(table));
    for (int i = 0; i < WALKS; i++) {
        uintptr_t va = base + ktest_random(TABLE_SIZE) * PAGE_SIZE;
        va += ktest_random(PAGE_SIZE);
        uint32_t value = random_word() & ~PTE_PRESENT;
        pte_t *entry = page_walk(kernel_directory, va, false);
        ktest_report("walk %x %p", va, entry);
        if (entry >= table && entry < table + TABLE_SIZE)
            *entry = value;
    }
    ktest_report("nothing %p", page_walk(kernel_directory, base + LARGE_SIZE, false));
    kernel_directory[pde_index(base + LARGE_SIZE)] = PTE_PRESENT | PTE_WRITE | PTE_LARGE;
    ktest_report("large %p %p", page_walk(kernel_directory, base + LARGE_SIZE, false),
                 page_walk(kernel_directory, base + LARGE_SIZE + PAGE_SIZE, true));
    stay();
}

static volatile uint32_t *word_at(uintptr_t va)
{
    return (uint32_t *)va;
}

/*
 * A page is mapped to one frame and used, unmapped, mapped to another, and used: the second write
 * must not come out where the first did. "round VA OFFSET MAPPED UNMAPPED MAPPED", the functions'
 * results. In the last round it is also unmapped at the end: "gone RESULT" of touching it. Halts.
 */
KTEST(map_again)
{
    uintptr_t base = enter_table(), va = base;

    ktest_report("frames %x %x", virt_to_phys(frames[0]), virt_to_phys(frames[1]));
    for (int i = 0; i < ROUNDS; i++) {
        uint32_t each = TABLE_SIZE / ROUNDS;        /* no round writes where another one did */
        uint32_t offset = (i * each + ktest_random(each)) * 4, first = random_word();
        uint32_t second = random_word(), byte;
        va = base + (i * 100 + ktest_random(100)) * PAGE_SIZE;      /* another one each time */
        int mapped = page_map(kernel_directory, va, virt_to_phys(frames[0]), PTE_WRITE);
        if (mapped == 0)
            *word_at(va + offset) = first;
        pte_t was = page_unmap(kernel_directory, va);
        int again = page_map(kernel_directory, va, virt_to_phys(frames[1]), PTE_WRITE);
        if (again == 0)
            *word_at(va + offset) = second;
        ktest_report("round %x %x %d %x %d", va, offset, mapped, was, again);
        if (i == ROUNDS - 2) {
            page_unmap(kernel_directory, va);
            ktest_report("gone %x %d", va, probe_copy(&byte, (void *)va, 1));
        }
    }
    stay();
}

/* ---- the kernel's half */

extern char _start[], _etext[];
extern char _erodata[] __attribute__((weak));       /* our linker script's */

static uint32_t some_data = 1;
static const uint32_t some_constant = 2;

/* Write what stands at p already; report what became of it. */
static void try_write(const char *what, const void *p)
{
    uint8_t byte = *(const volatile uint8_t *)p;

    ktest_report("%s %p %d", what, p, probe_copy((void *)p, &byte, 1));
}

static void try_read(const char *what, uintptr_t va)
{
    uint8_t byte;

    ktest_report("%s %x %d", what, va, probe_copy(&byte, (void *)va, 1));
}

/*
 * What may be touched and what may not: each line a place and probe_copy's answer. Halts, for the
 * grader to look at what page_init and kernel_map_init have made.
 */
KTEST(memory_map)
{
    try_write("code", _start);
    try_write("code", _start + ktest_random(_etext - _start));
    try_write("code", (void *)(uintptr_t)kernel_map_init);  /* it ran when the tables changed */
    try_write("constant", &some_constant);
    try_write("constant", (void *)((uintptr_t)(_erodata ? _erodata : _etext) - PAGE_SIZE));
    try_write("data", &some_data);
    try_write("memory", phys_to_virt(0x100000 - 1));
    try_read("null", 0);
    try_read("null", ktest_random(PAGE_SIZE));
    try_read("low", 0x100000 + ktest_random(0xf00000));
    try_read("below", KERNEL_BASE - 1);
    try_read("end", KERNEL_BASE + direct_map_end - 1);
    try_read("behind", KERNEL_BASE + direct_map_end);
    try_read("behind", KERNEL_BASE + direct_map_end + ktest_random(0x100000));
    stay();
}
