/*
 * Areas of programs' spaces: brk(2)'s memory, places for new areas, and what they allow. Rows of
 * random operations on spaces in which nobody runs: touch() does what the processor would do.
 */
#include "abi/errno.h"
#include "ktest.h"
#include "mm/area.h"
#include "mm/commit.h"
#include "mm/cow.h"
#include "mm/fault.h"
#include "mm/mmap.h"
#include "mm/pagecache.h"
#include "lib/string.h"
#include "stage.h"
#include "x86/irqflags.h"

#define WINDOW   (0x40400000u - 10 * PAGE_SIZE)     /* where most happens: across two tables */
#define PAGES    24u
#define OBJECTS  2                  /* the second one wants to know before it is written to */
#define INDEX_MAX 64u               /* pages of them that are used */
#define TRIES    4                  /* faults until an access must have come through */

#define READ  AREA_READ
#define WRITE AREA_WRITE

static struct cache_object objects[OBJECTS];
static unsigned told[INDEX_MAX];    /* how often the second one was told of a write to a page */

static int read_object(struct cache_object *object, uint32_t index, unsigned count, void *data)
{
    memset(data, 0, count * PAGE_SIZE);
    for (unsigned i = 0; i < count; i++) {
        uint32_t *words = (uint32_t *)data + i * PAGE_SIZE / 4;
        words[0] = (uint32_t)(object - objects + 1) << 24 | (index + i);
    }
    return 0;
}

static int will_write(struct cache_object *object, uint32_t index)
{
    (void)object;
    told[index % INDEX_MAX]++;
    return 0;
}

static const struct cache_ops plain_ops = { .read = read_object };
static const struct cache_ops telling_ops = { .read = read_object, .will_write = will_write };

/* ---- what all three tests do */

static struct {
    uint32_t frames, charged;
} at_first;

static void begin(void)
{
    irq_enable();
    objects[0].ops = &plain_ops;
    objects[1].ops = &telling_ops;
    memset(told, 0, sizeof(told));
    at_first.frames = stage_use().free_frames;
    at_first.charged = commit_charged();
}

/* "left FRAMES PROMISED": what has not come back. */
static void end(struct space *space, struct space *other)
{
    space_put(space);
    space_put(other);
    for (unsigned i = 0; i < OBJECTS; i++)
        cache_truncate(&objects[i], 0);
    ktest_report("left %d %d", (int)(at_first.frames - stage_use().free_frames),
                 (int)(commit_charged() - at_first.charged));
}

static uint32_t *word_at(pte_t entry, uintptr_t va)
{
    return (uint32_t *)((uint8_t *)page_to_virt(phys_to_page(entry & PTE_FRAME)) + va % PAGE_SIZE);
}

/*
 * A program reads or writes the word at va. "touch RESULT WORD TOLD": what space_fault() said if
 * that was in vain (1: it has come to nothing), what the word is then, and how often the object was
 * asked about its page.
 */
static void touch(struct space *space, uintptr_t va, bool write, uint32_t value)
{
    pte_t needs = PTE_PRESENT | PTE_USER | (write ? PTE_WRITE : 0), entry = 0;
    int result = 0;

    for (unsigned i = 0; i < TRIES && !result; i++) {
        entry = page_lookup(space->dir, va);
        if ((entry & needs) == needs)
            break;
        result = space_fault(space, va, FAULT_USER | (write ? FAULT_WRITE : 0)
                                        | (entry ? FAULT_PRESENT : 0));
    }
    if (!result && (entry & needs) != needs)
        result = 1;
    if (!result && write) {
        *page_walk(space->dir, va, false) |= PTE_ACCESSED | PTE_DIRTY;
        *word_at(entry, va) = value;
    }
    const struct area *area = area_above(space, va);
    bool tells = area && area->start <= va && area->object == &objects[1];
    ktest_report("touch %d %x %u", result, result ? 0 : *word_at(entry, va),
                 tells ? told[area_index(area, va) % INDEX_MAX] : 0);
}

/* All areas, each "area FIRST-PAGE PAGES FLAGS OBJECT INDEX". */
static void tell_space(struct space *space)
{
    list_for_each(node, &space->areas) {
        const struct area *area = list_entry(node, struct area, node);
        ktest_report("area %x %x %x %d %u", area->start >> PAGE_SHIFT,
                     (area->end - area->start) >> PAGE_SHIFT,
                     area->flags & (AREA_ACCESS | AREA_SHARED | AREA_NOWRITE),
                     area->object ? (int)(area->object - objects) : -1, area->index);
    }
    ktest_report("areas");
}

/* What the processor may do with each page of the window: nothing, read, write. */
static void tell_entries(struct space *space)
{
    char text[PAGES + 1] = { 0 };

    for (unsigned i = 0; i < PAGES; i++) {
        pte_t entry = page_lookup(space->dir, WINDOW + i * PAGE_SIZE);
        text[i] = !(entry & PTE_USER) ? '-' : entry & PTE_WRITE ? 'w' : 'r';
    }
    ktest_report("entries %s", text);
}

/* ---- brk(2) */

#define BREAK_STEPS 90
#define BREAK_FREE  60              /* from this step on, nothing lies above */
#define ROOM        40u             /* pages up to what does */

/* Where to set the break: mostly above its start, up to beyond what is in the way, or far off. */
static uintptr_t new_break(uintptr_t start, unsigned kind, uint32_t n, uint32_t m)
{
    uint32_t offset = n % (44 * PAGE_SIZE);

    if (kind == 5)
        return start - 1 - n % 5000;
    if (kind == 6 && m % 4 == 0)
        return m % 8 ? 0 : 0xffffffffu - n % 4000;
    if (kind == 6 && m % 4 == 1)
        return KERNEL_BASE + 1 + n % 8000;
    if (kind == 6)
        return start + ((128 + n % 384) << 20) + n % 5000;
    /* Whether a page must stay free below the next area is left open. */
    return start + (offset > (ROOM - 1) * PAGE_SIZE && offset <= ROOM * PAGE_SIZE ?
                    offset - PAGE_SIZE : offset);
}

KTEST(areas_brk)
{
    begin();
    struct space *space = space_create();
    space_start_break(space, 0x08100000 + ktest_random(2 * PAGE_SIZE));
    uintptr_t start = space->break_start, above = start + ROOM * PAGE_SIZE;

    ktest_report("start %x", start);
    space_map(space, &above, 8 * PAGE_SIZE, READ, NULL, 0);
    for (unsigned step = 0; step < BREAK_STEPS; step++) {
        unsigned kind = ktest_random(12);
        uint32_t n = ktest_random(1 << 24), m = ktest_random(1 << 24);
        if (step == BREAK_FREE)
            space_unmap(space, above, 8 * PAGE_SIZE);
        if (step % 8 == 0 && step) {    /* what chance alone does not try for sure */
            kind = step > BREAK_FREE ? 6 : 0;
            n = step == 8 || step == 24 ? 42 * PAGE_SIZE + n % PAGE_SIZE : n;
            m = step / 8;
        }
        if (kind < 7) {
            uintptr_t now = space_set_break(space, new_break(start, kind, n, m));
            ktest_report("brk %x %x", now, space->break_end);
            tell_space(space);
        } else {
            touch(space, start + n % (ROOM * PAGE_SIZE) / 4 * 4, kind < 10, m);
        }
    }
    end(space, NULL);
}

/* ---- places */

#define PLACE_STEPS 110

enum { HINT_NONE, HINT, NEW, OVER, WRONG = 8, UNMAP, TOUCH, KINDS = 16 };

/* Flags for mprotect(2): often none at all, and back. */
static const unsigned changes[] = { READ | WRITE, 0, READ, READ | AREA_EXEC, 0, WRITE,
                                    READ | WRITE | AREA_EXEC, READ };
static const unsigned accesses[] = { READ | WRITE, READ | WRITE, READ, READ | AREA_EXEC, 0, WRITE,
                                     READ | WRITE | AREA_EXEC, READ };

/* A place that cannot be, for PLACE_NEW or PLACE_OVER: too low, or beyond the end. */
static void place_wrongly(struct space *space, uint32_t n)
{
    enum place how = n & 1 ? PLACE_OVER : PLACE_NEW;
    uintptr_t va = n >> 4 & 0xf ? (n >> 4 & 0xf) * PAGE_SIZE : PAGE_SIZE;
    size_t bytes = (1 + (n >> 8 & 7)) * PAGE_SIZE;

    if (n & 2) {
        va = KERNEL_BASE - (n >> 8 & 7) * PAGE_SIZE;
        if (n & 4)
            bytes = 0xffffffff - PAGE_SIZE * (n >> 4 & 3);
    }
    ktest_report("placed %d %x", space_place(space, &va, bytes, READ, NULL, 0, how), 0);
}

/* One in the window, or wherever there is room. */
static void place(struct space *space, unsigned kind, uint32_t n, uint32_t m)
{
    uintptr_t va = kind == HINT_NONE ? 0 : WINDOW + n % PAGES * PAGE_SIZE;
    unsigned object = (m >> 8 & 3) % 3, flags = accesses[m & 7];    /* 0: none */
    enum place how = kind <= HINT ? PLACE_HINT : kind == NEW ? PLACE_NEW : PLACE_OVER;

    if (object && (m & 8))
        flags |= AREA_SHARED;
    int result = space_place(space, &va, (1 + (n >> 8) % 7) * PAGE_SIZE - (m >> 4 & 7), flags,
                             object ? &objects[object - 1] : NULL, (m >> 12) % 32, how);
    ktest_report("placed %d %x", result, result ? 0 : va >> PAGE_SHIFT);
}

KTEST(areas_places)
{
    begin();
    struct space *space = space_create();

    for (unsigned step = 0; step < PLACE_STEPS; step++) {
        unsigned kind = ktest_random(KINDS);
        uint32_t n = ktest_random(1 << 24), m = ktest_random(1 << 24);
        uintptr_t va = WINDOW + n % PAGES * PAGE_SIZE;
        if (step % 16 == 15) {      /* each wrong place once, at least */
            kind = WRONG;
            n = (n & ~7u) | 0x10 | (7 - step / 16);
        }
        if (kind < WRONG)
            place(space, kind, n, m);
        else if (kind == WRONG)
            place_wrongly(space, n);
        else if (kind == UNMAP)
            space_unmap(space, va, (1 + m % 6) * PAGE_SIZE);
        else
            touch(space, va, n & 0x10000, m);
        if (kind < TOUCH)
            tell_space(space);
        tell_entries(space);
    }
    end(space, NULL);
}

/* ---- what areas allow */

#define FIRST_STEPS   14            /* before the space is cloned */
#define PROTECT_STEPS 200

/*
 * What chance alone does not try for sure: private pages (from 8 on) that are written to, then
 * protected when a clone shares them, and back; a page of an object that wants to know who writes
 * (from 0 on), read, protected and back, and then written to.
 */
static const struct fixed_step {
    uint8_t step, kind, page, pages, change;
} fixed_steps[] = {
    { 0, 15, 8, 1, 0 }, { 1, 15, 9, 1, 0 }, { 2, 15, 10, 1, 0 }, { 3, 15, 11, 1, 0 },
    { 4, 14, 1, 1, 0 }, { 5, 0, 1, 1, 2 },  { 6, 0, 1, 1, 0 },   { 7, 15, 1, 1, 0 },
    { 14, 0, 8, 4, 2 }, { 15, 0, 8, 4, 0 }, { 16, 15, 8, 4, 0 },
};

static const struct fixed_step *fixed(unsigned step)
{
    for (unsigned i = 0; i < ARRAY_SIZE(fixed_steps); i++)
        if (fixed_steps[i].step == step)
            return &fixed_steps[i];
    return NULL;
}

/* Areas of all kinds in the window, and holes. */
static void furnish(struct space *space)
{
    for (unsigned page = 0; page < PAGES;) {
        unsigned kind = ktest_random(8), n = 1 + ktest_random(4), index = ktest_random(32);
        unsigned access = ktest_random(3) ? READ | WRITE : READ, flags = access;
        uintptr_t va = WINDOW + page * PAGE_SIZE;
        if (page < 12) {            /* three kinds are there in any case */
            kind = page == 0 ? 6 : page == 4 ? 7 : 1;
            n = 4;
            flags = READ | WRITE;
        }
        if (n > PAGES - page)
            n = PAGES - page;
        if (kind >= 4)
            flags |= AREA_SHARED;
        if (kind == 7)
            flags = READ | AREA_SHARED | AREA_NOWRITE;
        if (kind)
            space_map(space, &va, n * PAGE_SIZE, flags,
                      kind < 3 ? NULL : &objects[kind == 5 || kind == 6], index);
        page += n;
    }
}

KTEST(areas_protect)
{
    begin();
    struct space *spaces[2] = { space_create(), NULL };

    furnish(spaces[0]);
    tell_space(spaces[0]);
    for (unsigned step = 0; step < PROTECT_STEPS; step++) {
        if (step == FIRST_STEPS)
            spaces[1] = space_clone(spaces[0]);
        unsigned kind = ktest_random(16), which = ktest_random(2);
        uint32_t n = ktest_random(1 << 24), m = ktest_random(1 << 24);
        const struct fixed_step *now = fixed(step);
        if (now) {
            kind = now->kind;
            n = now->page | (now->pages - 1u) << 8;
            m = (m & ~0x77u) | now->change;
        }
        bool touches = step < FIRST_STEPS && !now;      /* whatever its kind */
        struct space *space = spaces[step < FIRST_STEPS || now ? 0 : which];
        uintptr_t va = WINDOW + n % PAGES * PAGE_SIZE;
        size_t bytes = (1 + (n >> 8) % 5) * PAGE_SIZE - (m >> 4 & 7);
        if (kind < 7 && !touches) {
            ktest_report("protected %d", space_protect(space, va, bytes, changes[m & 7], false));
            tell_space(space);
        } else if (kind == 7 && m % 4 == 0 && !touches) {
            space_unmap(space, va, PAGE_SIZE);
        } else {
            touch(space, va, kind & 1, m);
        }
        for (unsigned i = 0; i < 2 && spaces[i]; i++)
            tell_entries(spaces[i]);
    }
    end(spaces[0], spaces[1]);
}

/* ---- in ring 3 */

KTEST(areas_program)
{
    uint32_t seed = ktest_random(1 << 30);

    if (!stage_open())
        return;
    for (unsigned way = 0; way < 3; way++)
        ktest_report("status %d", stage_end(stage_start("areas_dies", seed << 2 | way)));
    stage_end(stage_start("areas_stays", seed << 2));
}
