/*
 * mm/space, mm/fault, mm/cow and mm/large, with the page tables that mm/map makes: random spaces are made, touched,
 * cloned, cut and destroyed, and every word read is compared with a model; then the n-th allocation fails, for every n.
 *
 * The processor is played by touch(): it walks the tables, faults, tries again, and sets the accessed and dirty bits.
 */
#include "machine.h"
#include "abi/errno.h"
#include "mm/cow.h"
#include "mm/fault.h"
#include "mm/kmalloc.h"
#include "mm/pagecache.h"
#include "mm/slab.h"
#include "x86/trap.h"

#define WINDOW 0x40000000u          /* where the storm's areas lie: PAGES pages */
#define PAGES  48
#define SPACES 4
#define RW     (AREA_READ | AREA_WRITE)

/* What fault.c wants of the rest of the kernel. */
void (*trap_unhandled)(struct trapframe *tf);
static trap_handler page_fault_handler;

trap_handler trap_register(unsigned vector, trap_handler fn)
{
    CHECK(vector == TRAP_PAGE_FAULT, "vector %u", vector);
    page_fault_handler = fn;
    return NULL;
}

bool trap_fix_up(struct trapframe *tf)
{
    return tf->eip == 1;            /* where the test expects a fault */
}

/* An object: page i begins as `disk[i]`. */
static uint32_t disk[PAGES], now[PAGES];

static int read_page(struct cache_object *object, uint32_t index, unsigned count, void *data)
{
    for (unsigned i = 0; i < count * PAGE_SIZE / 4; i++)
        ((uint32_t *)data)[i] = disk[index + i * 4 / PAGE_SIZE];
    return 0;
}

static int write_page(struct cache_object *object, uint32_t index, const void *data)
{
    disk[index] = *(const uint32_t *)data;
    return 0;
}

static const struct cache_ops ops = { read_page, write_page };
static struct cache_object object = { .ops = &ops };

/* A word is read or written as a program would. Returns 0 or what space_fault() said. */
static int touch(struct space *space, uintptr_t va, bool write, uint32_t *word)
{
    for (unsigned tries = 0; tries < 4; tries++) {
        pte_t entry = page_lookup(space->dir, va);
        if (entry && (entry & PTE_USER) && (!write || (entry & PTE_WRITE))) {
            pte_t *at = entry & PTE_LARGE ? &space->dir[pde_index(va)] : page_walk(space->dir, va, false);
            uint32_t *memory = phys_to_virt((entry & PTE_FRAME) + va % PAGE_SIZE);
            *at |= PTE_ACCESSED | (write ? PTE_DIRTY : 0);
            if (write)
                *memory = *word;
            *word = *memory;
            return 0;
        }
        int error = space_fault(space, va, FAULT_USER | (entry ? FAULT_PRESENT : 0) | (write ? FAULT_WRITE : 0));
        IDLE();
        if (error)
            return error;
    }
    CHECK(0, "%08zx faults again and again", va);
    return -EFAULT;
}

/* The model of a page in a space. */
struct cell {
    bool mapped, own, readable, writable, shared, of_object;
    uint32_t index, value;
};

static struct space *spaces[SPACES];
static struct cell model[SPACES][PAGES];

static void start(void)
{
    machine_boot(16 << 20);
    pagecache_init();
    kmalloc_init("");
    fault_init();
    for (unsigned i = 0; i < PAGES; i++)
        disk[i] = now[i] = 5000 + i;
}

static uint32_t all_free(void)
{
    while (slab_reclaim())
        ;
    return machine_free();
}

static void map(unsigned s)
{
    unsigned first = check_random(PAGES), n = 1 + check_random(12), kind = check_random(5);
    unsigned flags = kind == 0 ? AREA_READ : kind == 1 ? AREA_GUARD : RW;
    bool of_object = check_random(2) && kind != 1, shared = of_object && check_random(2), taken = false;
    uint32_t index = check_random(PAGES - 12);
    uintptr_t va = WINDOW + first * PAGE_SIZE;

    if (first + n > PAGES)
        n = PAGES - first;
    for (unsigned i = first; i < first + n; i++)
        taken |= model[s][i].mapped;
    int error = space_map(spaces[s], &va, n * PAGE_SIZE - check_random(PAGE_SIZE), flags | (shared ? AREA_SHARED : 0),
                          of_object ? &object : NULL, index);
    CHECK(error == (taken ? -EEXIST : 0), "space_map: %d", error);
    for (unsigned i = first; !error && i < first + n; i++)
        model[s][i] = (struct cell){ .mapped = true, .readable = flags != AREA_GUARD, .writable = flags == RW,
                                     .shared = shared, .of_object = of_object, .index = index + i - first,
                                     .own = !of_object };
}

static void unmap(unsigned s)
{
    unsigned first = check_random(PAGES), n = 1 + check_random(PAGES - first);

    CHECK(space_unmap(spaces[s], WINDOW + first * PAGE_SIZE, n * PAGE_SIZE) == 0, "space_unmap");
    memset(&model[s][first], 0, n * sizeof(struct cell));
}

static void discard(unsigned s)
{
    unsigned first = check_random(PAGES), n = 1 + check_random(PAGES - first);

    space_discard(spaces[s], WINDOW + first * PAGE_SIZE, n * PAGE_SIZE);
    for (unsigned i = first; i < first + n; i++) {
        model[s][i].value = 0;
        model[s][i].own = !model[s][i].of_object;
    }
}

static void use(unsigned s)
{
    unsigned i = check_random(PAGES);
    struct cell *c = &model[s][i];
    bool write = check_random(2);
    uint32_t word = check_random(1000000), expected = word;
    int error = touch(spaces[s], WINDOW + i * PAGE_SIZE + 4 * check_random(1), write, &word);

    CHECK(error == (c->mapped && c->readable && (!write || c->writable) ? 0 : -EFAULT), "page %u: %d", i, error);
    if (error)
        return;
    if (!write)
        expected = c->own ? c->value : now[c->index];
    else if (c->shared)
        now[c->index] = word;
    else
        c->own = true;
    if (c->own)
        c->value = expected;
    CHECK(word == expected, "page %u of space %u is %u, not %u", i, s, word, expected);
}

static void clone(unsigned s)
{
    unsigned to = check_random(SPACES);

    if (to == s)
        return;
    space_destroy(spaces[to]);
    spaces[to] = space_clone(spaces[s]);
    CHECK(spaces[to], "space_clone");
    memcpy(model[to], model[s], sizeof(model[s]));
}

static void storm(void)
{
    start();
    uint32_t free = all_free();
    for (unsigned s = 0; s < SPACES; s++)
        CHECK((spaces[s] = space_create()), "space_create");
    for (unsigned step = 0; step < 30000; step++) {
        unsigned s = check_random(SPACES), what = check_random(60);
        if (what < 4)
            map(s);
        else if (what == 4)
            unmap(s);
        else if (what == 5)
            clone(s);
        else if (what == 6)
            discard(s);
        else
            use(s);
        IDLE();
    }
    for (unsigned s = 0; s < SPACES; s++)
        space_destroy(spaces[s]);
    CHECK(cache_sync(&object) == 0, "cache_sync");
    for (unsigned i = 0; i < PAGES; i++)
        CHECK(disk[i] == now[i], "page %u of the object is %u, not %u", i, disk[i], now[i]);
    cache_truncate(&object, 0);
    CHECK(all_free() == free, "%u frames, not %u", all_free(), free);
}

/* Large pages: made where they fit, shared by a clone, cut by an unmap in the middle, split by a write. */
static void large(void)
{
    uint32_t word = 1;

    start();
    uint32_t free = all_free();
    struct space *a = space_create(), *b;
    uintptr_t va = WINDOW;
    CHECK(space_map(a, &va, 6 << 20, RW | AREA_LARGE, NULL, 0) == 0, "space_map");
    CHECK(touch(a, WINDOW + 0x123000, true, &word) == 0 && a->pages == 1024, "a large page: %u", a->pages);
    word = 2;
    CHECK(touch(a, WINDOW + 0x412000, true, &word) == 0 && a->pages == 1025, "no room for another");
    b = space_clone(a);
    CHECK(b && b->pages == 1025 && touch(b, WINDOW + 0x123000, false, &word) == 0 && word == 1, "shared");
    word = 3;
    CHECK(touch(b, WINDOW + 0x123000, true, &word) == 0, "a write splits it");
    CHECK(touch(a, WINDOW + 0x123000, false, &word) == 0 && word == 1, "the other keeps its own: %u", word);
    word = 4;
    CHECK(touch(a, WINDOW + 0x124000, true, &word) == 0, "the other writes, too");
    CHECK(touch(b, WINDOW + 0x124000, false, &word) == 0 && word == 0, "and is not seen");
    CHECK(space_unmap(a, WINDOW + 0x200000, 0x1000) == 0 && touch(a, WINDOW + 0x200000, false, &word) == -EFAULT, "cut");
    CHECK(touch(a, WINDOW + 0x201000, false, &word) == 0 && touch(b, WINDOW + 0x200000, false, &word) == 0, "around");
    space_destroy(b);
    space_destroy(a);
    CHECK(all_free() == free, "%u frames, not %u", all_free(), free);
}

/* All that can allocate, once. Every call may say -ENOMEM; nothing else. */
static void scenario(void)
{
    uintptr_t va = WINDOW, file = WINDOW + 0x100000, big = 0x50000000;
    uint32_t word = 7;
    struct space *a = space_create(), *b;

    if (!a)
        return;
#define MAY_FAIL(call) do { int error_ = (call); CHECK(error_ == 0 || error_ == -ENOMEM, #call ": %d", error_); } while (0)
    if (space_map(a, &va, 5 * PAGE_SIZE, RW, NULL, 0) == 0)
        MAY_FAIL(touch(a, va + PAGE_SIZE, true, &word));
    if (space_map(a, &file, 5 * PAGE_SIZE, RW, &object, 0) == 0)
        MAY_FAIL(touch(a, file, true, &word));
    if (space_map(a, &big, LARGE_SIZE, RW | AREA_LARGE, NULL, 0) == 0) {
        MAY_FAIL(touch(a, big, true, &word));
        MAY_FAIL(space_unmap(a, big + PAGE_SIZE, PAGE_SIZE));
    }
    if ((b = space_clone(a))) {
        if (space_find(b, va))
            MAY_FAIL(touch(b, va + PAGE_SIZE, true, &word));
        if (space_find(b, big))
            MAY_FAIL(touch(b, big, true, &word));
        space_destroy(b);
    }
    space_destroy(a);
    IDLE();
}

static void every_failure(void)
{
    start();
    scenario();
    cache_truncate(&object, 0);
    uint32_t free = all_free();
    machine_fail(0, 0);
    scenario();
    unsigned calls = machine.allocations;
    CHECK(calls > 10, "%u calls", calls);
    for (unsigned n = 1; n <= calls; n++) {
        for (unsigned count = 1; count <= 1000; count += 999) {
            cache_truncate(&object, 0);
            all_free();
            machine_fail(n, count);
            scenario();
            machine_fail(0, 0);
            cache_truncate(&object, 0);
            CHECK(all_free() == free, "call %u failed, and %d frames are gone", n, (int)(free - all_free()));
        }
    }
}

static void arguments(void)
{
    uintptr_t va = 0, other;

    start();
    struct space *a = space_create();
    CHECK(space_map(a, &va, 0, RW, NULL, 0) == -EINVAL && space_map(a, &va, 1, AREA_SHARED, NULL, 0) == -EINVAL, "none");
    va = WINDOW + 1;
    CHECK(space_map(a, &va, 1, RW, NULL, 0) == -EINVAL, "not on a page");
    va = KERNEL_BASE - PAGE_SIZE;
    CHECK(space_map(a, &va, 2 * PAGE_SIZE, RW, NULL, 0) == -ENOMEM, "into the kernel");
    va = 0x1000;
    CHECK(space_map(a, &va, 1, RW, NULL, 0) == -ENOMEM, "near NULL");
    va = 0;
    CHECK(space_map(a, &va, 0xfffff001, RW, NULL, 0) == -ENOMEM, "more than there is");
    CHECK(space_map(a, &va, KERNEL_BASE - USER_BASE, RW, NULL, 0) == 0 && va == USER_BASE, "all there is");
    other = 0;
    CHECK(space_map(a, &other, 1, RW, NULL, 0) == -ENOMEM, "full");
    CHECK(space_unmap(a, WINDOW, PAGE_SIZE) == 0 && space_map(a, &other, 1, RW, NULL, 0) == 0 && other == WINDOW, "a gap");
    CHECK(space_unmap(a, 1, 1) == -EINVAL && space_unmap(a, 0x10000, 0) == -EINVAL, "space_unmap");
    CHECK(space_unmap(a, 0, UINT32_MAX) == 0 && list_empty(&a->areas), "everything");
    uint32_t *device = map_device(0xfee00123, 0x2000);
    CHECK((uintptr_t)device % PAGE_SIZE == 0x123, "the offset");
    CHECK(page_lookup(a->dir, (uintptr_t)device) == (0xfee00000 | PTE_PRESENT | PTE_WRITE | PTE_UNCACHED | PTE_THROUGH),
          "the new table appears in every space: %08x", page_lookup(a->dir, (uintptr_t)device));
    space_destroy(a);
}

/* The handler: what it explains, what it leaves to the fix-up. */
static void handler(void)
{
    struct trapframe tf = { .error = FAULT_WRITE, .eip = 1 };

    start();
    machine.fault_address = 0x1234;
    page_fault_handler(&tf);
    CHECK(machine.log[0] == '\0' || !strstr(machine.log, "write"), "an expected fault was explained");
}

int main(void)
{
    for (unsigned seed = 1; seed <= 4; seed++)
        machine_test("storm", storm, seed);
    machine_test("large pages", large, 1);
    machine_test("arguments", arguments, 1);
    machine_test("handler", handler, 1);
    machine_test("every failure", every_failure, 1);
    return 0;
}
