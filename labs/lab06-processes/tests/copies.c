/*
 * Copies between the kernel's memory and a program's, at the edges of all that can be there.
 *
 * No program runs: the tests are in the space themselves. All choices are the seed's, so the grader
 * (grade/gradelib/lab6/copies.py) knows what is where.
 */
#include "abi/errno.h"
#include "ktest.h"
#include "lib/string.h"
#include "mm/pagecache.h"
#include "mm/space.h"
#include "mm/usercopy.h"
#include "x86/irqflags.h"

#define PAGES     24                /* side by side, somewhere */
#define TOP_PAGES 3                 /* directly below KERNEL_BASE */
#define ALL_PAGES (PAGES + TOP_PAGES)
#define LETTERS   1021              /* a prime: no page is like another */
#define MARGIN    32
#define ROOM      (2 * PAGE_SIZE)
#define STEPS     240

/* What a page may be. The grader's list has the same order. */
enum kind { HOLE, FILLED, FRESH, CONSTANT, SHUT, OBJECT, TEXT, BROKEN, GUARD };

/* What copies_probe() finds: all zero. */
struct probed {
    uint32_t esp, ebx, esi, edi, ebp, direction;
};

uint32_t copies_probe(const void *fn, uintptr_t a, uintptr_t b, uintptr_t c, struct probed *probed);

static uint8_t letters[LETTERS];    /* none is 0 */
static uint8_t buffer[MARGIN + 4 + ROOM + MARGIN];
static enum kind kinds[ALL_PAGES];
static uintptr_t row;
static struct space *space;

/* ---- sums: Adler-32 (RFC 1950) */

static uint32_t add_up(uint32_t sum, const void *bytes, size_t n)
{
    const uint8_t *at = bytes;
    uint32_t a = sum & 0xffff, b = sum >> 16;

    for (size_t i = 0; i < n; i++) {
        a += at[i];
        b += a;
        if (i % 2048 == 2047) {
            a %= 65521;
            b %= 65521;
        }
    }
    return (b % 65521) << 16 | a % 65521;
}

static void write_letters(uint8_t *to, size_t n, unsigned from)
{
    from %= LETTERS;
    for (size_t i = 0; i < n; i++) {
        to[i] = letters[from];
        from = from + 1 < LETTERS ? from + 1 : 0;
    }
}

/* ---- the row of pages */

static int read_text(struct cache_object *object, uint32_t index, unsigned count, void *data)
{
    (void)object, (void)count;      /* 1: nothing is read ahead */
    write_letters(data, PAGE_SIZE, index * 61);
    return 0;
}

static int read_broken(struct cache_object *object, uint32_t index, unsigned count, void *data)
{
    (void)object, (void)index, (void)count, (void)data;
    return -EIO;
}

static const struct cache_ops text_ops = { .read = read_text };
static const struct cache_ops broken_ops = { .read = read_broken };
static struct cache_object text = { .ops = &text_ops }, broken = { .ops = &broken_ops };

static uintptr_t address(unsigned page)
{
    return page < PAGES ? row + page * PAGE_SIZE : KERNEL_BASE - (ALL_PAGES - page) * PAGE_SIZE;
}

static int map_page(unsigned page)
{
    static const unsigned flags[] = {
        [FILLED] = AREA_READ | AREA_WRITE, [FRESH] = AREA_READ | AREA_WRITE, [CONSTANT] = AREA_READ,
        [SHUT] = 0, [OBJECT] = AREA_READ | AREA_WRITE, [TEXT] = AREA_READ,
        [BROKEN] = AREA_READ | AREA_WRITE, [GUARD] = AREA_GUARD,
    };
    enum kind kind = kinds[page];
    uintptr_t va = address(page);
    struct cache_object *object = kind == OBJECT || kind == TEXT ? &text : NULL;

    if (kind == HOLE)
        return 0;
    int error = space_map(space, &va, PAGE_SIZE, flags[kind], kind == BROKEN ? &broken : object,
                          page);
    if (!error && kind == FILLED)
        write_letters((uint8_t *)va, PAGE_SIZE, page * 61);
    return error;
}

/* Choose letters, place and kinds; be in a space that has them. False: there is no memory. */
static bool begin_row(void)
{
    static const enum kind any[] = {
        HOLE, FILLED, FILLED, FILLED, FRESH, FRESH, CONSTANT, SHUT, OBJECT, OBJECT, TEXT, BROKEN,
        GUARD,
    };
    static const enum kind last[] = { FILLED, FRESH, OBJECT };

    for (unsigned i = 0; i < LETTERS; i++)
        letters[i] = 1 + ktest_random(255);
    row = ((16 + ktest_random(700)) << 10 | ktest_random(1024)) << PAGE_SHIFT;
    space = space_create();
    if (space)
        space_switch(space);
    for (unsigned page = 0; page < ALL_PAGES; page++) {
        kinds[page] = any[ktest_random(ARRAY_SIZE(any))];
        if (page == ALL_PAGES - 1)
            kinds[page] = last[ktest_random(ARRAY_SIZE(last))];
        if (!space || map_page(page)) {
            ktest_report("lacks memory");
            return false;
        }
    }
    return true;
}

static void end_row(void)
{
    space_destroy(space);
    cache_truncate(&text, 0);
    cache_truncate(&broken, 0);
}

/* Some bytes that often end, or begin, near a page's border, and never at KERNEL_BASE or above. */
static uintptr_t some_bytes(size_t *n)
{
    size_t left = 1 + ktest_random(ktest_random(2) ? 20 : PAGE_SIZE);
    uintptr_t va = address(ktest_random(ALL_PAGES)) + PAGE_SIZE - left;
    size_t counts[] = { ktest_random(24), left + ktest_random(9),
                        left - ktest_random(left < 5 ? left : 5), ktest_random(ROOM) };

    *n = counts[ktest_random(4)];
    if (*n > KERNEL_BASE - va)
        *n = KERNEL_BASE - va;
    if (*n > ROOM)
        *n = ROOM;
    return va;
}

/* ---- copies */

enum how { FROM_USER, TO_USER, PART_IN, PART_OUT, PROBE_IN, PROBE_OUT, HOWS };

static long copy(enum how how, void *mine, uintptr_t va, size_t n, struct probed *probed)
{
    void *theirs = (void *)va;

    switch (how) {
    case FROM_USER:
        return copy_from_user(mine, theirs, n);
    case TO_USER:
        return copy_to_user(theirs, mine, n);
    case PART_IN:
        return (long)copy_part(mine, theirs, n);
    case PART_OUT:
        return (long)copy_part(theirs, mine, n);
    case PROBE_IN:
        return (long)copies_probe(user_copy, (uintptr_t)mine, va, n, probed);
    default:
        return (long)copies_probe(user_copy, va, (uintptr_t)mine, n, probed);
    }
}

/* "kept": whether a copy left the registers alone that a function must. */
static void tell_probed(unsigned step, const struct probed *p)
{
    if (p->esp | p->ebx | p->esi | p->edi | p->ebp | p->direction)
        ktest_report("lost %u %x %x %x %x %x %x", step, p->esp, p->ebx, p->esi, p->edi, p->ebp,
                     p->direction);
}

/* "step RESULT AROUND WITHIN": the sums of the kernel's bytes around and within those copied. */
static void copy_step(unsigned step)
{
    struct probed probed = { 0 };
    enum how how = ktest_random(HOWS);
    uint8_t *mine = buffer + MARGIN + ktest_random(4);
    size_t n;
    uintptr_t va = some_bytes(&n);

    write_letters(buffer, sizeof(buffer), step);
    long result = copy(how, mine, va, n, &probed);
    uint32_t around = add_up(1, buffer, mine - buffer);
    around = add_up(around, mine + n, buffer + sizeof(buffer) - mine - n);
    ktest_report("step %d %x %x", (int)result, around, add_up(1, mine, n));
    tell_probed(step, &probed);
}

/* Copies in both directions. Halts in the space. */
KTEST(copies_edges)
{
    if (!begin_row())
        return;
    for (unsigned step = 0; step < STEPS; step++)
        copy_step(step);
    irq_disable();
    ktest_report("halts");
    for (;;)
        __asm__ volatile("cli\n\thlt");
}

/* ---- zeros */

/* What can be cleared, of the pages that the bytes lie in: letters in it, or its sum. */
static uint32_t pages_of(uintptr_t va, size_t n, bool fill, unsigned step)
{
    uint32_t sum = 1;

    for (unsigned page = 0; page < ALL_PAGES; page++) {
        uint8_t *at = (uint8_t *)address(page);
        if ((uintptr_t)at + PAGE_SIZE <= va || (uintptr_t)at >= va + n)
            continue;
        if (fill && kinds[page] == FILLED)
            write_letters(at, PAGE_SIZE, step * 7 + page);
        if (!fill && (kinds[page] == FILLED || kinds[page] == OBJECT))
            sum = add_up(sum, at, PAGE_SIZE);
    }
    return sum;
}

/* Zeros. "step RESULT SUM" of the pages. */
KTEST(copies_zeros)
{
    if (!begin_row())
        return;
    for (unsigned step = 0; step < STEPS; step++) {
        struct probed probed = { 0 };
        unsigned how = ktest_random(3);
        size_t n;
        uintptr_t va = some_bytes(&n);
        pages_of(va, n, true, step);
        long result = how == 0   ? clear_user((void *)va, n)
                      : how == 1 ? (long)clear_part((void *)va, n)
                                 : (long)copies_probe(user_clear, va, n, 0, &probed);
        ktest_report("step %d %x", (int)result, pages_of(va, n, false, step));
        tell_probed(step, &probed);
    }
    end_row();
}

/* ---- strings */

static bool is_letters(uintptr_t va)
{
    for (unsigned page = 0; page < ALL_PAGES; page++)
        if (va - address(page) < PAGE_SIZE)
            return kinds[page] == FILLED || kinds[page] == OBJECT;
    return false;
}

/* One string, which may have an end, and room for it that may be just too small. */
static void string_step(unsigned step)
{
    size_t n;
    uintptr_t va = some_bytes(&n);
    size_t length = ktest_random(ktest_random(3) ? 60 : PAGE_SIZE);
    uint8_t *end = (uint8_t *)va + length;
    bool ends = ktest_random(4) != 0 && is_letters((uintptr_t)end);
    size_t sizes[] = { length + 1, length + 2, length + !length, 1 + ktest_random(64),
                       1 + ktest_random(ROOM) };
    size_t size = sizes[ktest_random(5)];
    char *mine = (char *)buffer + MARGIN + ktest_random(4);
    uint8_t was = 0;

    if (ends) {
        was = *end;
        *end = 0;
    }
    write_letters(buffer, sizeof(buffer), step);
    ssize_t got = strncpy_from_user(mine, (const char *)va, size);
    uint32_t around = add_up(1, buffer, mine - (char *)buffer);
    around = add_up(around, mine + size, (char *)buffer + sizeof(buffer) - mine - size);
    size_t valid = got == -ENAMETOOLONG               ? size
                   : got >= 0 && (size_t)got < size ? (size_t)got + 1
                                                    : 0;
    ktest_report("step %d %x %x", (int)got, around, add_up(1, mine, valid));
    if (ends)
        *end = was;
}

/* "step RESULT AROUND WITHIN"; then "own RESULT" of strings in the kernel's memory. */
KTEST(copies_strings)
{
    static const char own[] = "the kernel's own";
    char to[32];

    if (!begin_row())
        return;
    for (unsigned step = 0; step < STEPS; step++)
        string_step(step);
    ktest_report("own %d", (int)strncpy_from_user(to, own, sizeof(to)));
    ktest_report("own %d", (int)strncpy_from_user(to, (const char *)KERNEL_BASE, sizeof(to)));
    end_row();
}

/* ---- the border */

/* "range RESULT" of user_range() for places and lengths around the border, and around 2^32. */
static void ask_ranges(void)
{
    for (unsigned i = 0; i < 60; i++) {
        uint32_t near = 1 + ktest_random(40);
        uint32_t places[] = { KERNEL_BASE - near, KERNEL_BASE, USER_BASE + near, 0u - near };
        uint32_t place = places[i % 4];
        uint32_t counts[] = { near, near + 1, near - 1, 0u - place, USER_BASE - place, UINT32_MAX,
                              UINT32_MAX - near, 0x80000000u, KERNEL_BASE - place, 1 };
        uint32_t n = counts[ktest_random(10)];
        ktest_report("range %d", user_range((void *)(uintptr_t)place, n));
    }
    ktest_report("nothing %d %d", user_range(NULL, 0), user_range((void *)KERNEL_BASE, 0));
}

/* "kernel RESULT SUM": copies that would read or write the kernel's memory, and what is there. */
static void cross(void)
{
    static uint8_t own[64], mine[64], saved[64];
    uint8_t *border = (uint8_t *)KERNEL_BASE;

    memcpy(saved, border, sizeof(saved));
    for (unsigned i = 0; i < 24; i++) {
        size_t n = 1 + ktest_random(sizeof(own)), before = ktest_random(16);
        uint8_t *there = i < 12 ? own : border - before;
        write_letters(own, sizeof(own), i);
        write_letters(mine, sizeof(mine), 3 * i + 1);
        if (n <= before)
            n = before + 1;
        int result = i % 3 == 0   ? copy_from_user(mine, there, n)
                     : i % 3 == 1 ? copy_to_user(there, mine, n)
                                  : clear_user(there, n);
        uint32_t sum = add_up(1, i < 12 ? own : border, sizeof(own));
        if (i >= 12)
            sum ^= add_up(1, saved, sizeof(saved));
        ktest_report("kernel %d %x", result, sum);
        memcpy(border, saved, sizeof(saved));
    }
}

KTEST(copies_range)
{
    if (!begin_row())
        return;
    ask_ranges();
    cross();
    end_row();
}

/* ---- what was there is gone */

static uintptr_t gone;
static size_t gone_bytes;

/* Reading a page gives another thread of the program the time to unmap memory: so does this. */
static int read_and_unmap(struct cache_object *object, uint32_t index, unsigned count, void *data)
{
    (void)object, (void)index, (void)count;
    write_letters(data, PAGE_SIZE, 5);
    space_unmap(space, gone, gone_bytes);
    return 0;
}

static const struct cache_ops trap_ops = { .read = read_and_unmap };
static struct cache_object trap = { .ops = &trap_ops };

/* Four pages: letters in all but one, which unmaps when it is read. */
static bool map_four(uintptr_t va, unsigned which)
{
    for (unsigned i = 0; i < 4; i++) {
        uintptr_t at = va + i * PAGE_SIZE;
        if (space_map(space, &at, PAGE_SIZE, AREA_READ | AREA_WRITE, i == which ? &trap : NULL, 0))
            return false;
        if (i != which)
            write_letters((uint8_t *)at, PAGE_SIZE, i);
    }
    return true;
}

/* One of six functions: its result. */
static long do_any(unsigned how, uintptr_t va, size_t n)
{
    static uint8_t mine[4 * PAGE_SIZE];

    switch (how) {
    case 0:
        return copy_from_user(mine, (void *)va, n);
    case 1:
        return copy_to_user((void *)va, mine, n);
    case 2:
        return (long)copy_part(mine, (void *)va, n);
    case 3:
        return (long)copy_part((void *)va, mine, n);
    case 4:
        return (long)clear_part((void *)va, n);
    default:
        return strncpy_from_user((char *)mine, (const char *)va, n);
    }
}

/*
 * "gone RESULT": pages that were there when the copy began go in the middle of it. The second half
 * of the steps loses what has been copied already, and so does not matter.
 */
static void lose_pages(uintptr_t va)
{
    for (unsigned i = 0; i < 24; i++) {
        bool late = i >= 12;
        unsigned first = late ? 3 : 1 + ktest_random(3);
        uintptr_t from = va + ktest_random(PAGE_SIZE);
        size_t n = va + first * PAGE_SIZE + 1 + ktest_random(PAGE_SIZE) - from;
        gone = late ? va : va + first * PAGE_SIZE;
        gone_bytes = (late ? 2 : 4 - first) * PAGE_SIZE;
        if (!map_four(va, late ? 3 : 1)) {
            ktest_report("lacks memory");
            return;
        }
        ktest_report("gone %d", (int)do_any(i % 6, from, n));
        space_unmap(space, va, 4 * PAGE_SIZE);
        cache_truncate(&trap, 0);
    }
}

/* "held RESULT": with a lock held, what is there can be copied, and nothing is brought in. */
static void with_a_lock(uintptr_t va)
{
    struct spinlock lock = { 0 };

    for (unsigned i = 0; i < 12; i++) {
        uintptr_t from = va + ktest_random(PAGE_SIZE);
        size_t n = va + PAGE_SIZE - from + ktest_random(12);
        if (!map_four(va, 1)) {
            ktest_report("lacks memory");
            return;
        }
        uint32_t flags = spin_lock_irqsave(&lock);
        long result = do_any(i % 6, from, n);
        spin_unlock_irqrestore(&lock, flags);
        ktest_report("held %d", (int)result);
        space_unmap(space, va, 4 * PAGE_SIZE);
        cache_truncate(&trap, 0);
    }
}

/* And "none RESULT": a task of the kernel's, which has no space at all. */
KTEST(copies_race)
{
    if (!begin_row())
        return;
    uintptr_t va = row + (PAGES + 8) * PAGE_SIZE;
    lose_pages(va);
    with_a_lock(va);
    space_switch(NULL);
    for (unsigned how = 0; how < 6; how++)
        ktest_report("none %d", (int)do_any(how, va, 1 + ktest_random(100)));
    end_row();
}
