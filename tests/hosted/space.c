/*
 * mm/space, mm/fault, mm/cow and mm/large, mm/mmap and its relatives, with the page tables that mm/map makes: random spaces
 * are made, touched, cloned, cut, protected, moved and destroyed, and every word read is compared with a model, and what is
 * promised, too; then the n-th allocation fails, for every n.
 *
 * The processor is played by touch(): it walks the tables, faults, tries again, and sets the accessed and dirty bits.
 */
#include "machine.h"
#include "abi/errno.h"
#include "mm/anon.h"
#include "mm/area.h"
#include "mm/commit.h"
#include "mm/cow.h"
#include "mm/fault.h"
#include "mm/kmalloc.h"
#include "mm/mmap.h"
#include "mm/pagecache.h"
#include "mm/shared.h"
#include "mm/slab.h"
#include "x86/trap.h"

#define WINDOW 0x40000000u          /* where the storm's areas lie: PAGES pages */
#define PAGES  48
#define SPACES 4
#define RW     (AREA_READ | AREA_WRITE)

#include "space_object.h"

/* The model of a page in a space. */
struct cell {
    bool mapped, own, readable, writable, shared, of_object, guard, charged;
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
    shared_init();
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
                                     .own = !of_object, .guard = flags == AREA_GUARD,
                                     .charged = flags == RW && !shared };
}

/* Over what is there: zeros, or the object's pages. */
static void replace(unsigned s)
{
    unsigned first = check_random(PAGES), n = 1 + check_random(PAGES - first);
    bool of_object = check_random(2);
    uintptr_t va = WINDOW + first * PAGE_SIZE;

    if (n > 12)
        n = 12;
    CHECK(space_place(spaces[s], &va, n * PAGE_SIZE, RW, of_object ? &object : NULL, 3, PLACE_OVER) == 0, "space_place");
    for (unsigned i = first; i < first + n; i++)
        model[s][i] = (struct cell){ .mapped = true, .readable = true, .writable = true, .of_object = of_object,
                                     .index = 3 + i - first, .own = !of_object, .charged = true };
}

static void protect(unsigned s)
{
    unsigned first = check_random(PAGES), n = 1 + check_random(PAGES - first), kind = check_random(3);
    unsigned access = kind == 0 ? 0 : kind == 1 ? AREA_READ : RW;
    int error = space_protect(spaces[s], WINDOW + first * PAGE_SIZE, n * PAGE_SIZE, access, false), expected = 0;

    for (unsigned i = first; i < first + n && !expected; i++) {
        struct cell *c = &model[s][i];
        if (!c->mapped) {
            expected = -ENOMEM;
            continue;
        }
        c->readable = access && !c->guard;
        c->writable = access == RW && !c->guard;
        c->charged |= access == RW && !c->shared;
    }
    CHECK(error == expected, "space_protect: %d, not %d", error, expected);
}

/* Another size, or another place. What lies in one area is not modelled, so it may be refused. */
static void remap(unsigned s)
{
    unsigned first = check_random(PAGES), to = check_random(PAGES), old = 1 + check_random(6), new = 1 + check_random(8);
    bool fixed = check_random(2);
    uintptr_t va = WINDOW + first * PAGE_SIZE, place = WINDOW + to * PAGE_SIZE;
    struct cell moved[16];

    if (first + old > PAGES || to + new > PAGES || first + new > PAGES)
        return;
    for (unsigned i = 0; i < new; i++) {
        moved[i] = model[s][first + (i < old ? i : old - 1)];
        if (i >= old) {
            moved[i].index += i - old + 1;
            moved[i].own = !moved[i].of_object;
            moved[i].value = 0;
            if (moved[i].of_object && moved[i].index >= PAGES)
                return;
        }
    }
    int error = space_remap(spaces[s], va, old * PAGE_SIZE, new * PAGE_SIZE, fixed ? REMAP_MOVE | REMAP_FIXED : 0, &place);
    bool overlap = to < first + old && first < to + new;
    CHECK(error == 0 || error == -EFAULT || (error == -ENOMEM && !fixed) || (error == -EINVAL && fixed && overlap),
          "space_remap: %d", error);
    CHECK(!(error == 0 && fixed && overlap), "it overlaps");
    if (error)
        return;
    CHECK(place == (fixed ? WINDOW + to * PAGE_SIZE : va), "moved to %08zx", place);
    memset(&model[s][first], 0, old * sizeof(struct cell));
    memcpy(&model[s][fixed ? to : first], moved, new * sizeof(struct cell));
}

/* What is dirty goes to the disk now, and writes after it are seen again. */
static void sync(void)
{
    CHECK(cache_sync(&object) == 0, "cache_sync");
    for (unsigned i = 0; object.ops->will_write && i < PAGES; i++)
        CHECK(disk[i] == now[i], "page %u of the object is %u, not %u", i, disk[i], now[i]);
}

/* The areas are in order, apart and joined; and what was promised is what the model knows. */
static void check_areas(void)
{
    uint32_t charged = 0;

    for (unsigned s = 0; s < SPACES; s++) {
        uintptr_t end = 0;
        list_for_each(node, &spaces[s]->areas) {
            struct area *area = list_entry(node, struct area, node);
            CHECK(area->start >= end && area->start < area->end, "%08zx after %08zx", area->start, end);
            end = area->end;
        }
        for (unsigned i = 0; i < PAGES; i++)
            charged += model[s][i].charged;
    }
    CHECK(commit_charged() == charged, "%u pages are promised, not %u", commit_charged(), charged);
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
    if (check_state % 2)
        object.ops = &careful_ops;
    object.end = PAGES;
    uint32_t free = all_free();
    for (unsigned s = 0; s < SPACES; s++)
        CHECK((spaces[s] = space_create()), "space_create");
    for (unsigned step = 0; step < 30000; step++) {
        unsigned s = check_random(SPACES), what = check_random(80);
        if (what < 4)
            map(s);
        else if (what == 4)
            unmap(s);
        else if (what == 5)
            clone(s);
        else if (what == 6)
            discard(s);
        else if (what < 11)
            protect(s);
        else if (what < 15)
            remap(s);
        else if (what == 15)
            replace(s);
        else if (what == 16)
            sync();
        else
            use(s);
        IDLE();
        if (step % 16 == 0)
            check_areas();
    }
    for (unsigned s = 0; s < SPACES; s++)
        space_destroy(spaces[s]);
    CHECK(commit_charged() == 0 && holders == 0 && object.mapped == 0, "%u promised, %u hold it, %u map it",
          commit_charged(), holders, object.mapped);
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

static unsigned area_count(struct space *space)
{
    unsigned n = 0;

    list_for_each(node, &space->areas)
        n++;
    return n;
}

/* Neighbours that are alike are one area: brk(2) and malloc's way of asking make no lists. */
static void joined(void)
{
    uint32_t word = 1;
    uintptr_t va;

    start();
    struct space *a = space_create();
    space_start_break(a, 0x08049123);
    CHECK(space_set_break(a, 0) == 0x0804a000, "brk(0) tells where it is");
    for (unsigned i = 1; i <= 50; i++)
        CHECK(space_set_break(a, 0x0804a000 + i * 1000) == 0x0804a000 + i * 1000, "brk");
    CHECK(area_count(a) == 1 && commit_charged() == 13, "%u areas, %u pages", area_count(a), commit_charged());
    CHECK(touch(a, 0x0804a000 + 49999, true, &word) == 0 && touch(a, 0x08057000, true, &word) == -EFAULT, "its end");
    CHECK(space_set_break(a, 0x0804a001) == 0x0804a001 && commit_charged() == 1, "back");
    va = 0x08060000;
    CHECK(space_map(a, &va, PAGE_SIZE, AREA_READ, NULL, 0) == 0, "space_map");
    CHECK(space_set_break(a, 0x08061000) == 0x0804a001, "something is in the way");
    CHECK(space_set_break(a, 0x08049000) == 0x0804a001, "below its start");
    for (unsigned i = 0; i < 10; i++) {
        va = 0;
        CHECK(space_place(a, &va, PAGE_SIZE, RW, NULL, 0, PLACE_HINT) == 0 && va == a->map_top - (i + 1) * PAGE_SIZE, "top");
    }
    CHECK(area_count(a) == 3, "%u areas", area_count(a));
    CHECK(space_protect(a, va + PAGE_SIZE, PAGE_SIZE, AREA_READ, false) == 0 && area_count(a) == 5, "cut");
    CHECK(space_protect(a, va + PAGE_SIZE, PAGE_SIZE, RW, false) == 0 && area_count(a) == 3, "and joined");
    space_destroy(a);
    CHECK(commit_charged() == 0, "%u pages", commit_charged());
}

/* A stack grows when it is touched, as far as it may. */
static void grows(void)
{
    uintptr_t top = 0x50000000, va = top - PAGE_SIZE, below = top - 40 * PAGE_SIZE;
    uint32_t word = 1;

    start();
    struct space *a = space_create();
    space_set_stack(a, top, 16 * PAGE_SIZE);
    CHECK(space_map(a, &va, PAGE_SIZE, RW | AREA_GROWS, NULL, 0) == 0, "space_map");
    CHECK(touch(a, top - 5 * PAGE_SIZE, true, &word) == 0 && commit_charged() == 5, "five pages: %u", commit_charged());
    CHECK(touch(a, top - 17 * PAGE_SIZE, false, &word) == -EFAULT && touch(a, top - 16 * PAGE_SIZE, false, &word) == 0, "limit");
    space_set_stack(a, top, 1 << 20);
    CHECK(space_map(a, &below, PAGE_SIZE, AREA_READ, NULL, 0) == 0, "space_map");
    CHECK(touch(a, below + PAGE_SIZE, true, &word) == -EFAULT, "a page stays free");
    CHECK(touch(a, below + 2 * PAGE_SIZE, true, &word) == 0 && commit_charged() == 38, "up to it: %u", commit_charged());
    CHECK(touch(a, top, true, &word) == -EFAULT, "not upwards");
    space_destroy(a);
    CHECK(commit_charged() == 0, "%u pages", commit_charged());
}

/* What cannot be promised is refused, and nothing has changed. */
static void promises(void)
{
    uintptr_t va = 0, other = 0;
    uint32_t word = 1;
    struct cache_object *anon;

    start();
    commit_init(1000);
    uint32_t limit = commit_limit();
    struct space *a = space_create(), *b;
    CHECK(space_map(a, &va, (limit + 1) * PAGE_SIZE, RW, NULL, 0) == -ENOMEM && commit_charged() == 0, "too much");
    va = 0;
    CHECK(space_map(a, &va, 600 * PAGE_SIZE, RW, NULL, 0) == 0 && commit_charged() == 600, "enough");
    CHECK(touch(a, va, true, &word) == 0, "touch");
    CHECK(!space_clone(a) && commit_charged() == 600, "two of them are too much: %u", commit_charged());
    CHECK(space_map(a, &other, 5000 * PAGE_SIZE, 0, NULL, 0) == 0 && commit_charged() == 600, "no access, no promise");
    CHECK(space_protect(a, other, 5000 * PAGE_SIZE, RW, false) == -ENOMEM && commit_charged() == 600, "but then");
    CHECK(space_protect(a, other, 100 * PAGE_SIZE, RW, false) == 0 && commit_charged() == 700, "a part of it");
    CHECK(space_protect(a, other, 100 * PAGE_SIZE, 0, false) == 0 && commit_charged() == 700, "stays promised");
    CHECK(space_unmap(a, other, 50 * PAGE_SIZE) == 0 && commit_charged() == 650, "half of it");
    CHECK(space_remap(a, va, 600 * PAGE_SIZE, 5000 * PAGE_SIZE, REMAP_MOVE, &other) == -ENOMEM && commit_charged() == 650,
          "remap: %u", commit_charged());
    CHECK(space_remap(a, va, 600 * PAGE_SIZE, 601 * PAGE_SIZE, REMAP_MOVE, &other) == 0 && commit_charged() == 651, "remap");
    CHECK(touch(a, other, false, &word) == 0 && word == 1, "moved");
    CHECK(space_remap(a, other, 601 * PAGE_SIZE, PAGE_SIZE, 0, &other) == 0 && commit_charged() == 51, "remap");
    va = 0;
    CHECK(space_place(a, &va, 5000 * PAGE_SIZE, RW | AREA_NORESERVE, NULL, 0, PLACE_HINT) == 0, "MAP_NORESERVE");
    CHECK(anon_create(limit, &anon) == -ENOMEM && anon_create(10, &anon) == 0 && commit_charged() == 61, "shared");
    va = 0;
    CHECK(space_map(a, &va, 11 * PAGE_SIZE, RW | AREA_SHARED, anon, 0) == 0, "space_map");
    object_release(anon);
    b = space_clone(a);
    word = 77;
    CHECK(touch(a, va + 9 * PAGE_SIZE, true, &word) == 0, "touch");
    word = 0;
    CHECK(touch(b, va + 9 * PAGE_SIZE, false, &word) == 0 && word == 77, "%u", word);
    CHECK(touch(b, va + 10 * PAGE_SIZE, false, &word) == -ENXIO, "behind its end");
    space_put(a);
    CHECK(touch(b, va + 9 * PAGE_SIZE, false, &word) == 0 && word == 77 && commit_charged() == 61, "%u", word);
    space_put(b);
    CHECK(commit_charged() == 0, "%u pages", commit_charged());
}

/* A file that becomes shorter is lost to its mappings, private copies and all. */
static void truncated(void)
{
    uintptr_t shared = WINDOW, private = WINDOW + 0x100000;
    uint32_t word = 1;

    start();
    object.ops = &careful_ops;
    object.end = 10;
    uint32_t free = all_free();
    struct space *a = space_create();
    CHECK(space_map(a, &shared, 12 * PAGE_SIZE, RW | AREA_SHARED, &object, 0) == 0, "space_map");
    CHECK(space_map(a, &private, 12 * PAGE_SIZE, RW, &object, 2) == 0 && holders == 2, "space_map");
    for (unsigned i = 0; i < 10; i++)
        CHECK(touch(a, shared + i * PAGE_SIZE, i & 1, &word) == 0, "touch");
    CHECK(touch(a, private + 7 * PAGE_SIZE, true, &word) == 0 && asked == 5, "asked %u times", asked);
    CHECK(touch(a, shared + 10 * PAGE_SIZE, false, &word) == -ENXIO && touch(a, shared + 11 * PAGE_SIZE, true, &word) == -ENXIO,
          "behind the end");
    object.end = 5;
    cache_truncate(&object, 5);
    CHECK(touch(a, shared + 5 * PAGE_SIZE, false, &word) == -ENXIO && touch(a, private + 7 * PAGE_SIZE, true, &word) == -ENXIO,
          "behind the new end");
    CHECK(touch(a, shared + 4 * PAGE_SIZE, true, &word) == 0 && touch(a, private + 2 * PAGE_SIZE, true, &word) == 0, "before it");
    space_put(a);
    cache_truncate(&object, 0);
    CHECK(holders == 0 && all_free() == free, "%u hold it; %u frames, not %u", holders, all_free(), free);
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
    uintptr_t moved = 0;
    if (space_find(a, va)) {
        MAY_FAIL(space_protect(a, va + PAGE_SIZE, PAGE_SIZE, AREA_READ, false));
        MAY_FAIL(space_protect(a, va + PAGE_SIZE, PAGE_SIZE, RW, false));
        if (space_remap(a, va + 4 * PAGE_SIZE, PAGE_SIZE, 3 * PAGE_SIZE, REMAP_MOVE, &moved) == 0)
            MAY_FAIL(touch(a, moved + 2 * PAGE_SIZE, true, &word));
        moved = va + PAGE_SIZE;
        MAY_FAIL(space_place(a, &moved, PAGE_SIZE, RW, NULL, 0, PLACE_OVER));
        MAY_FAIL(touch(a, va + PAGE_SIZE, true, &word));
    }
    if (space_find(a, big)) {
        MAY_FAIL(space_protect(a, big + 8 * PAGE_SIZE, PAGE_SIZE, AREA_READ, false));
        moved = 0x60000000;
        MAY_FAIL(space_remap(a, big + 16 * PAGE_SIZE, 4 * PAGE_SIZE, 5 * PAGE_SIZE, REMAP_MOVE | REMAP_FIXED, &moved));
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
            CHECK(all_free() == free && commit_charged() == 0, "call %u failed, and %d frames are gone, %u pages promised", n,
                  (int)(free - all_free()), commit_charged());
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
    machine_test("joined", joined, 1);
    machine_test("grows", grows, 1);
    machine_test("promises", promises, 1);
    machine_test("truncated", truncated, 1);
    machine_test("large pages", large, 1);
    machine_test("arguments", arguments, 1);
    machine_test("handler", handler, 1);
    machine_test("every failure", every_failure, 1);
    return 0;
}
