/*
 * Page faults in a real machine: pages that come when they are touched, and the words of a panic.
 *
 * The areas are the tests' own memory, put into the lists here, so that the heap is not needed.
 */
#include "memory.h"
#include "debug/panic.h"
#include "mm/fault.h"
#include "x86/trap.h"

#define PAGES      24               /* of an area */
#define TOUCHES    10
#define KERNEL_VA  0xfa000000u      /* in the middle of what kernel_space may use */
#define PROGRAM_VA 0x20000000u

static pde_t directory[TABLE_SIZE] __attribute__((aligned(4096)));
static struct space program = {
    .dir = directory, .base = USER_BASE, .limit = KERNEL_BASE,
    .areas = { &program.areas, &program.areas },
};
static struct area areas[8];
static unsigned area_count;

/* An area in the space; it must lie behind all others. */
static uintptr_t add_area(struct space *space, uintptr_t start, unsigned pages, unsigned flags)
{
    struct area *area = &areas[area_count++];
    struct list *place = &space->areas;

    *area = (struct area){ .start = start, .end = start + pages * PAGE_SIZE, .flags = flags };
    while (place->next != &space->areas
           && list_entry(place->next, struct area, node)->start < start)
        place = place->next;
    list_add(&area->node, place);
    return start;
}

/*
 * Write to some pages of an area, or only read: "touch VA OFFSET VALUE READ", what was read there
 * before.
 */
static void touch_some(uintptr_t start, unsigned pages, bool write)
{
    for (int i = 0; i < TOUCHES; i++) {
        uintptr_t va = start + ktest_random(pages) * PAGE_SIZE;
        uint32_t offset = ktest_random(TABLE_SIZE) * 4, value = write ? random_word() | 1 : 0;
        volatile uint32_t *word = (uint32_t *)(va + offset);
        uint32_t before = *word;
        if (write)
            *word = value;
        ktest_report("touch %x %x %x %x", va, offset, value, before);
    }
}

static void try(const char *what, uintptr_t va, bool write)
{
    uint32_t word = 0;
    int result = write ? probe_copy((void *)va, &word, 4) : probe_copy(&word, (void *)va, 4);

    ktest_report("%s %x %d", what, va, result);
}

/* Lazy areas of the kernel's, next to a guard and one that is only for reading. */
static void touch_kernel(void)
{
    uintptr_t start = add_area(&kernel_space, KERNEL_VA + ktest_random(64) * PAGE_SIZE, PAGES,
                               AREA_READ | AREA_WRITE);
    uintptr_t guard = add_area(&kernel_space, start + PAGES * PAGE_SIZE, 1, AREA_GUARD);
    uintptr_t constant = add_area(&kernel_space, guard + PAGE_SIZE, PAGES, AREA_READ);
    ktest_report("kernel %x %x %x", start, guard, constant);
    touch_some(start, PAGES, true);
    touch_some(constant, PAGES, false);
    try("guard", guard + ktest_random(PAGE_SIZE - 4), false);
    try("guard", guard + ktest_random(PAGE_SIZE - 4), true);
    try("constant", constant + ktest_random(PAGES * PAGE_SIZE - 4), true);
    try("outside", constant + PAGES * PAGE_SIZE, true);
    try("outside", start - 4, false);
}

/* A program's space: an area of small pages, and one with room for two large ones. */
static void touch_program(void)
{
    for (unsigned i = pde_index(KERNEL_BASE); i < TABLE_SIZE; i++)
        directory[i] = kernel_directory[i];
    uintptr_t start = add_area(&program, PROGRAM_VA + ktest_random(64) * PAGE_SIZE, PAGES,
                               AREA_READ | AREA_WRITE);
    uintptr_t large = add_area(&program, PROGRAM_VA + 3 * LARGE_SIZE - 2 * PAGE_SIZE,
                               2 * TABLE_SIZE + 4, AREA_READ | AREA_WRITE | AREA_LARGE);
    ktest_report("program %x %x", start, large);
    space_switch(&program);
    touch_some(start, PAGES, true);
    touch_some(large, 4, true);                 /* on both sides of where the large pages begin */
    touch_some(large + 2 * PAGE_SIZE + LARGE_SIZE, TABLE_SIZE + 2, true);
    try("outside", 0, false);
    try("outside", start + PAGES * PAGE_SIZE, true);
}

/* Halts in the program's space. */
KTEST(fault_touch)
{
    memory_ready();
    memory_garbage(64);
    touch_kernel();
    touch_program();
    stay();
}

/* ---- faults that are nobody's: the end is to be explained. It halts as the panic's last act */

static void panic_stays(void)
{
    stay();
}

static __attribute__((noinline)) void write_to(uintptr_t va)
{
    *(volatile uint8_t *)va = 1;
}

/* A page that is there, but only to be read. */
KTEST(panic_read_only)
{
    static pte_t table[TABLE_SIZE] __attribute__((aligned(4096)));
    uintptr_t va = PROGRAM_VA + ktest_random(LARGE_SIZE);

    table[pte_index(va)] = virt_to_phys(directory) | PTE_PRESENT;
    kernel_directory[pde_index(va)] = virt_to_phys(table) | PTE_PRESENT | PTE_WRITE;
    tlb_flush();
    panic_hook = panic_stays;
    ktest_report("va %x", va);
    write_to(va);
    ktest_report("nothing happened");
}
