/*
 * mm/map: every sequence of up to DEPTH calls of page_map and page_unmap over a few addresses (the argument, 5 if there is
 * none), each state compared with a model; then large pages in the way, no memory for tables, and what tables permit.
 */
#include "machine.h"
#include "abi/errno.h"
#include "mm/map.h"


/* Neighbours, the borders of a table, another table, and the kernel's half. */
static const uintptr_t places[] = { 0x400000, 0x401000, 0x7ff000, 0x800000, 0xf8000000 };
static const paddr_t frames[] = { 0x300000, 0x301000 };
#define PLACES (sizeof(places) / sizeof(places[0]))

static pde_t *dir;
static pte_t model[PLACES];
static unsigned long states;
static unsigned depth_most = 5;

static void compare(void)
{
    states++;
    for (unsigned i = 0; i < PLACES; i++)
        CHECK(page_lookup(dir, places[i]) == model[i], "%08zx is %08x, not %08x", places[i],
              page_lookup(dir, places[i]), model[i]);
    CHECK(!page_lookup(dir, 0x402000) && !page_lookup(dir, 0x7fe000) && !page_lookup(dir, 0x801000), "a neighbour");
}

/* Map places[i]; what must come of it? Returns whether the state has changed. */
static bool map(unsigned i, paddr_t frame)
{
    unsigned calls = machine.tlb_calls;
    int error = page_map(dir, places[i], frame, PTE_WRITE);

    CHECK(error == (model[i] ? -EEXIST : 0), "page_map: %d", error);
    CHECK(machine.tlb_calls == calls, "the TLB keeps nothing that was not there");
    if (!error)
        model[i] = frame | PTE_WRITE | PTE_PRESENT;
    return !error;
}

static bool unmap(unsigned i)
{
    unsigned calls = machine.tlb_calls;
    pte_t was = page_unmap(dir, places[i]);

    CHECK(was == model[i], "page_unmap: %08x, not %08x", was, model[i]);
    CHECK(machine.tlb_calls == calls + (was != 0), "%u calls of the TLB", machine.tlb_calls - calls);
    if (was)
        CHECK(machine.tlb_dir == dir && machine.tlb_va == places[i] && machine.tlb_pages == 1, "another page");
    model[i] = 0;
    return was;
}

/* From the state as it is, all sequences of `depth` more calls; leaves it as it was. */
static void explore(unsigned depth)
{
    compare();
    if (depth == 0)
        return;
    for (unsigned i = 0; i < PLACES; i++) {
        pte_t before = model[i];
        for (unsigned f = 0; f < 2; f++) {
            bool changed = map(i, frames[f]);
            explore(depth - 1);
            if (changed)
                unmap(i);
        }
        bool changed = unmap(i);
        explore(depth - 1);
        if (changed)
            map(i, before & PTE_FRAME);
    }
}

static void start(void)
{
    machine_boot(8 << 20);
    dir = page_to_virt(alloc_zeroed_page());
}

static void every_sequence(void)
{
    start();
    explore(depth_most);
    printf("          map: %lu states of %u addresses, sequences of up to %u calls\n", states, (unsigned)PLACES, depth_most);
}

static void large_pages_stay(void)
{
    start();
    dir[1] = 0xc00000 | PTE_PRESENT | PTE_LARGE | PTE_WRITE;
    CHECK(page_walk(dir, 0x412000, true) == NULL, "a walk into a large page");
    CHECK(page_map(dir, 0x412000, 0x300000, 0) == -EEXIST, "a large page was replaced");
    CHECK(page_unmap(dir, 0x412000) == 0, "a large page was unmapped");
    CHECK(page_lookup(dir, 0x412abc) == (0xc12000 | PTE_PRESENT | PTE_LARGE | PTE_WRITE), "inside a large page");
    CHECK(dir[1] == (0xc00000 | PTE_PRESENT | PTE_LARGE | PTE_WRITE), "the entry has changed");
}

static void no_memory(void)
{
    start();
    uint32_t free = machine_free();
    machine_fail(1, 1000);
    CHECK(page_walk(dir, 0x400000, true) == NULL && page_map(dir, 0x400000, 0x300000, 0) == -ENOMEM, "without memory");
    CHECK(dir[1] == 0 && machine_free() == free, "something was left");
    machine_fail(0, 0);
    CHECK(page_map(dir, 0x400000, 0x300000, 0) == 0 && machine_free() == free - 1, "a table");
}

static void permissions_of_tables(void)
{
    start();
    CHECK(page_walk(dir, 0x400000, true) && page_walk(dir, 0xf8000000, true), "walk");
    CHECK((dir[1] & 0xfff) == (PTE_PRESENT | PTE_WRITE | PTE_USER), "a user's table: %03x", dir[1] & 0xfff);
    CHECK((dir[0x3e0] & 0xfff) == (PTE_PRESENT | PTE_WRITE), "a kernel's table: %03x", dir[0x3e0] & 0xfff);
    CHECK(page_walk(dir, 0x400000, false) == page_walk(dir, 0x400fff, true), "the same entry");
    CHECK(page_walk(dir, 0xc00000, false) == NULL, "made a table without being asked");
}

int main(int argc, char **argv)
{
    if (argc > 1)
        depth_most = atoi(argv[1]);
    machine_test("every sequence", every_sequence, 1);
    machine_test("large pages stay", large_pages_stay, 1);
    machine_test("no memory", no_memory, 1);
    machine_test("permissions of tables", permissions_of_tables, 1);
    return 0;
}
