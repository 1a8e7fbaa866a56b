/*
 * mm/kmalloc: every size and alignment, storms with the contents checked, memory running out at each place, what must
 * panic. All of it without and with heap=debug, which must not change what the callers see.
 */
#include "machine.h"
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif
#include "mm/heapdebug.h"
#include "mm/kmalloc.h"
#include "mm/slab.h"

#define SLOTS 500

static bool debug;
static uint32_t free_before;

static struct slot {
    uint8_t *p;
    size_t size, align;
    uint8_t fill;
} slots[SLOTS];

static void boot(uint32_t bytes)
{
    machine_boot(bytes);
    free_before = machine_free();
    kmalloc_init(debug ? "quiet heap=debug" : "quiet");
    CHECK(heap_debug == debug, "heap=debug");
    machine.log[0] = '\0';
}

static void fine(void)
{
    IDLE();
    CHECK(slab_check(log_error) + heapdebug_check(log_error) == 0 && !machine.log[0], "%s", machine.log);
}

/* Nothing is allocated: all of the memory is there. */
static void check_empty(void)
{
    fine();
    heapdebug_flush();
    slab_reclaim();
    CHECK(machine_free() == free_before, "%u frames are missing", free_before - machine_free());
}

/* Of a block that was just allocated: where it lies. */
static void check_new(const void *p, size_t n, size_t align)
{
    CHECK(p && (uintptr_t)p % align == 0, "%zu bytes at a multiple of %zu: %p", n, align, p);
    CHECK(virt_to_page(p) && virt_to_page((const char *)p + n), "%p is no memory", p);
}

static void test_sizes(void)
{
    static uint8_t *p[5000];

    boot(0x2000000);
    for (size_t n = 0; n < 5000; n++) {
        p[n] = kmalloc(n);
        check_new(p[n], n, KMALLOC_ALIGN);
        for (size_t i = 0; debug && i < n; i++)
            CHECK(p[n][i] == HEAP_FRESH, "byte %zu of %zu is not poisoned", i, n);
        memset(p[n], n, n);
    }
    fine();
    for (size_t n = 0; n < 5000; n++) {
        for (size_t i = 0; i < n; i++)
            CHECK(p[n][i] == (uint8_t)n, "%zu bytes were overwritten at %zu", n, i);
        for (size_t m = n; m-- > 0 && m + 8 > n;)
            CHECK(p[m] != p[n], "the blocks of %zu and %zu bytes are one", m, n);
        if (!debug) {
            size_t size = heap_size(p[n]);
            CHECK(size >= n && (n < 16 || n > KMALLOC_CLASS_MAX || size <= n + n / 2 + 15), "%zu bytes got %zu", n, size);
        }
    }
    for (size_t n = 0; n < 5000; n++)
        kfree(p[n]);
    kfree(NULL);
    check_empty();

    for (size_t n = 5000; n <= (debug ? 0x3f0000 : 0x400000); n += n / 3) {
        uint8_t *large = kmalloc(n);
        check_new(large, n - 1, KMALLOC_ALIGN);
        large[0] = large[n - 1] = 1;
        kfree(large);
        check_empty();
    }
    static const size_t too_large[] = { 0x400001, 0x800000, 0x7fffffff, 0x80000000, -4096, -4095, -64, -17, -16, -15, -2, -1 };
    for (unsigned i = 0; i < sizeof(too_large) / sizeof(*too_large); i++) {
        void *kept = kmalloc(10);
        CHECK(!kmalloc(too_large[i]) && !kzalloc(too_large[i]), "%zu bytes", too_large[i]);
        CHECK(!kmalloc_aligned(too_large[i], 64) && !krealloc(NULL, too_large[i]), "%zu bytes", too_large[i]);
        CHECK(!krealloc(kept, too_large[i]), "%zu bytes", too_large[i]);
        kfree(kept);
    }
    check_empty();
}

static void test_align(void)
{
    boot(0x2000000);
    for (size_t align = 1; align <= 0x100000; align *= 2)
        for (int i = 0; i < 20; i++) {
            size_t n = check_random(i % 2 ? 3000 : 60000);
            uint8_t *p = kmalloc_aligned(n, align), *q = kmalloc_aligned(n, align);
            check_new(p, n, align);
            check_new(q, n, align);
            memset(p, 1, n);
            memset(q, 2, n);
            CHECK(n == 0 || (p[0] == 1 && p[n - 1] == 1), "%zu bytes at %zu overlap", n, align);
            kfree(p);
            kfree(q);
        }
    fine();
    CHECK(!kmalloc_aligned(8, 0) && !kmalloc_aligned(8, 3) && !kmalloc_aligned(8, 48) && !kmalloc_aligned(8, 0x800000) &&
          !kmalloc_aligned(8, 0x80000000), "what is no alignment");
    check_empty();
}

static void test_zero_and_realloc(void)
{
    boot(0x1000000);
    for (size_t n = 0; n < 9000; n += 1 + n / 4) {
        uint8_t *p = kmalloc(n);
        memset(p, 0xff, n);
        kfree(p);
        heapdebug_flush();
        p = kzalloc(n);
        for (size_t i = 0; i < n; i++)
            CHECK(p[i] == 0, "byte %zu of %zu is %02x", i, n, p[i]);
        size_t m = check_random(12000), common = m < n ? m : n;
        for (size_t i = 0; i < n; i++)
            p[i] = i * 7;
        p = krealloc(p, m);
        check_new(p, m, KMALLOC_ALIGN);
        for (size_t i = 0; i < common; i++)
            CHECK(p[i] == (uint8_t)(i * 7), "from %zu to %zu bytes: byte %zu is %02x", n, m, i, p[i]);
        memset(p, 0xee, m);
        fine();
        kfree(p);
    }
#ifdef __SANITIZE_ADDRESS__
    if (!debug) {                               /* it reads its block, not the one behind it */
        uint8_t *p = kmalloc(16), *behind = kmalloc(16);
        CHECK(behind == p + 16, "%p and %p are not side by side", p, behind);
        __asan_poison_memory_region(behind, 16);
        p = krealloc(p, 100);
        __asan_unpoison_memory_region(behind, 16);
        kfree(p), kfree(behind);
    }
#endif
    uint8_t *p = krealloc(NULL, 40);
    check_new(p, 40, KMALLOC_ALIGN);
    if (!debug)
        CHECK(krealloc(p, 3) == p && krealloc(p, 48) == p, "it fits where it is");
    p = krealloc(p, 0);
    CHECK(p, "krealloc to 0 bytes frees nothing");
    void *a = kmalloc(0), *b = kmalloc(0);
    CHECK(a && b && a != b, "kmalloc(0)");
    kfree(a), kfree(b), kfree(p);
    check_empty();
}

static bool take(struct slot *s)
{
    s->size = check_random(check_random(4) ? 300 : check_random(8) ? 3000 : 30000);
    s->align = check_random(4) ? KMALLOC_ALIGN : 1u << check_random(13);
    s->p = s->align == KMALLOC_ALIGN ? kmalloc(s->size) : kmalloc_aligned(s->size, s->align);
    if (!s->p)
        return false;
    CHECK((uintptr_t)s->p % s->align == 0, "alignment");
    s->fill = check_random(256);
    memset(s->p, s->fill, s->size);
    return true;
}

static void check_fill(struct slot *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        CHECK(s->p[i] == s->fill, "byte %zu of %zu was overwritten", i, s->size);
}

static void give(struct slot *s)
{
    check_fill(s, s->size);
    kfree(s->p);
    s->p = NULL;
}

/* Returns false if there was no memory: then the block must be as it was. */
static bool resize(struct slot *s)
{
    size_t old = s->size, n = check_random(check_random(4) ? 300 : 9000);
    uint8_t *p = krealloc(s->p, n);

    if (!p) {
        check_fill(s, s->size);
        return false;
    }
    s->p = p;
    s->size = n;
    check_fill(s, old < n ? old : n);
    memset(s->p, s->fill, n);
    return true;
}

static void give_all(void)
{
    for (struct slot *s = slots; s < &slots[SLOTS]; s++)
        if (s->p)
            give(s);
}

static void test_storm(void)
{
    boot(0x1000000);
    for (int i = 0; i < 12000; i++) {
        struct slot *s = &slots[check_random(SLOTS)];
        if (!s->p)
            CHECK(take(s), "%zu bytes were not to be had", s->size);
        else if (check_random(3))
            give(s);
        else
            CHECK(resize(s), "no memory");
        if (i % 1000 == 0)
            fine();
    }
    give_all();
    check_empty();
}

/* For each n, the n-th allocation of pages fails: NULL once, nothing lost, and it goes on. */
static void test_failures(void)
{
    unsigned total = 0;

    boot(0x1000000);
    for (unsigned n = 1; ; n++) {
        unsigned failures = 0, start = check_state;
        machine_fail(n, 1);
        for (int i = 0; i < 200; i++) {
            struct slot *s = &slots[check_random(100)];
            failures += !(!s->p ? take(s) : check_random(2) ? resize(s) : (give(s), true));
        }
        fine();
        CHECK(failures <= 1, "%u failures", failures);
        bool over = machine.allocations < n;
        total += failures;
        machine_fail(0, 0);
        give_all();
        check_empty();
        check_state = start;                    /* the same again, and the next one fails */
        if (over)
            break;
    }
    CHECK(debug || total > 10, "%u failures only", total);      /* with heap=debug a freed block may help out */
}

/* Up to the last byte, at each size: NULL, and all of it back. */
static void test_exhaust(void)
{
    static const size_t sizes[] = { 1, 16, 100, 1000, 2000, 3000, 5000, 70000 };
    struct list { struct list *next; } *all = NULL, *next;

    boot(0x400000);
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        size_t n = sizes[i] < sizeof(struct list) ? sizeof(struct list) : sizes[i];
        unsigned count = 0;
        for (struct list *p; (p = kmalloc(n)); all = p, count++)
            p->next = all;
        CHECK(count > 10, "%u blocks of %zu bytes", count, n);
        CHECK(!krealloc(all, 2 * n + 16 * PAGE_SIZE), "from nowhere");
        fine();
        for (; all; all = next) {
            next = all->next;
            kfree(all);
        }
        check_empty();
    }
}

static void test_panics(void)
{
    boot(0x1000000);
    char *small = kmalloc(40), *large = kmalloc(10000);
    struct page *page = alloc_page();
    int local;

    memset(page_to_virt(page), 0, PAGE_SIZE);
    EXPECT_PANIC("kfree", kfree(&local));
    EXPECT_PANIC("kfree", kfree((void *)16));
    EXPECT_PANIC("kfree", kfree(page_to_virt(page)));
    EXPECT_PANIC("kfree", kfree((char *)page_to_virt(page) + 512));
    EXPECT_PANIC("kfree", kfree(phys_to_virt(0x100000)));
    EXPECT_PANIC(debug ? "kfree" : "not the start", kfree(small + 16));
    EXPECT_PANIC("kfree", kfree(large + PAGE_SIZE));
    EXPECT_PANIC("kfree", kfree(large + 16));
    kfree(large);
    EXPECT_PANIC("already", kfree(large));
    kfree(small);
    EXPECT_PANIC("already", kfree(small));
}

int main(void)
{
    for (int i = 0; i < 2; i++) {
        debug = i;
        machine_test(debug ? "sizes, heap=debug" : "sizes", test_sizes, 1);
        machine_test(debug ? "align, heap=debug" : "align", test_align, 1);
        machine_test(debug ? "realloc, heap=debug" : "realloc", test_zero_and_realloc, 1);
        for (unsigned seed = 1; seed <= 3; seed++)
            machine_test(debug ? "storm, heap=debug" : "storm", test_storm, seed);
        machine_test(debug ? "failures, heap=debug" : "failures", test_failures, 1);
        machine_test(debug ? "exhaust, heap=debug" : "exhaust", test_exhaust, 1);
        machine_test(debug ? "panics, heap=debug" : "panics", test_panics, 1);
    }
    return 0;
}
