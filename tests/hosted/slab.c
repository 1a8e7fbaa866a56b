/*
 * mm/slab: caches of many shapes, storms with the contents checked, memory running out at each place, what must panic,
 * and what slab_check() must find.
 */
#include "machine.h"
#include "mm/slab.h"

#define SLOTS 1500

static struct slot {
    struct slab_cache *cache;
    uint8_t *object;
    uint8_t fill;
} slots[SLOTS];

static unsigned constructed;

static void construct_64(void *object)
{
    memset(object, 0xc7, 64);
    constructed++;
}

static void construct_7(void *object)
{
    memset(object, 0x77, 7);
    constructed++;
}

static void fine(void)
{
    IDLE();
    machine.log[0] = '\0';
    CHECK(slab_check(log_error) == 0, "%s", machine.log);
}

static struct slab_stats stats_of(const struct slab_cache *cache)
{
    struct slab_stats stats;

    for (unsigned i = 0; slab_stats(i, &stats); i++)
        if (stats.name == cache->name)
            return stats;
    CHECK(false, "%s is in no list", cache->name);
    return stats;
}

/* One cache: addresses, frames, counts; that it gives back what it need not keep. */
static void shape(size_t size, size_t align, void (*ctor)(void *))
{
    static uint8_t *objects[3000];
    uint32_t free = machine_free();
    struct slab_cache *cache = slab_create("shape", size, align, ctor);
    unsigned n = 0, bytes = PAGE_SIZE << cache->order;

    CHECK(cache && cache->size == size && cache->per_slab > 0, "%zu bytes", size);
    CHECK(cache->order <= 3 || cache->stride > 8 * PAGE_SIZE, "%zu bytes: order %u", size, cache->order);
    CHECK(cache->per_slab >= 8 || cache->order >= 3, "%zu bytes: %u in a slab", size, cache->per_slab);
    while (n < 3 * cache->per_slab + 1 && n < 3000) {
        uint8_t *p = objects[n++] = slab_alloc(cache);
        CHECK(p && (uintptr_t)p % (align ? align : 4) == 0, "%zu bytes at a multiple of %zu: %p", size, align, p);
        for (uint8_t *at = p; at < p + size; at += PAGE_SIZE - 1)
            CHECK(virt_to_page(at)->owner == cache, "the owner of %p", at);
        memset(p, n, size);
    }
    fine();
    CHECK(cache->used == n && stats_of(cache).used == n, "%u in use", cache->used);
    CHECK(cache->slabs == (n + cache->per_slab - 1) / cache->per_slab, "%u slabs for %u objects", cache->slabs, n);
    CHECK(stats_of(cache).objects == cache->slabs * cache->per_slab, "the statistics' total");
    CHECK(stats_of(cache).pages == cache->slabs * bytes / PAGE_SIZE, "the statistics' pages");
    for (unsigned i = n; i > 0; i--) {
        unsigned j = check_random(i);
        uint8_t *p = objects[j];
        objects[j] = objects[i - 1];
        for (size_t at = 1; at < size; at++)
            CHECK(p[at] == p[0], "an object of %zu bytes was overwritten", size);
        slab_free(cache, p);
    }
    fine();
    CHECK(cache->slabs == 1, "%u slabs are kept", cache->slabs);
    CHECK(slab_shrink(cache) == 1u << cache->order && slab_shrink(cache) == 0 && cache->slabs == 0, "slab_shrink");
    fine();
    slab_destroy(cache);
    slab_reclaim();
    CHECK(machine_free() == free, "%u frames are missing", free - machine_free());
}

static void none(void *object)
{
}

static void test_shapes(void)
{
    machine_boot(0x1000000);
    slab_init();
    for (size_t size = 1; size < 200; size += 1 + check_random(9))
        for (size_t align = 0; align <= 256; align = align ? align * 4 : 1)
            shape(size, align, check_random(2) ? none : NULL);
    static const size_t sizes[] = { 256, 512, 1000, 1365, 2048, 3000, 4096, 5000, 8192, 20000, 32768, 40000, 131072 };
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        shape(sizes[i], 0, NULL);
        shape(sizes[i], 64, none);
        shape(sizes[i], 4096, NULL);
    }
    CHECK(!slab_create("none", 0, 0, NULL) && !slab_create("odd", 8, 3, NULL) && !slab_create("odd", 8, 24, NULL), "nonsense");
    CHECK(!slab_create("huge", -1, 0, NULL) && !slab_create("huge", 0x400001, 0, NULL), "huge");
    CHECK(!slab_create("huge", 0x400000, 0, none) && !slab_create("huge", 8, 0x800000, NULL), "huge");
    CHECK(!slab_create("huge", 0xfffffffd, 0, none) && !slab_create("huge", 8, 0x80000000, NULL), "huge");
    fine();
}

static struct slab_cache *caches[4];

static void make_caches(void)
{
    slab_init();
    caches[0] = slab_create("a", 24, 0, NULL);
    caches[1] = slab_create("b", 64, 16, construct_64);
    caches[2] = slab_create("c", 7, 1, construct_7);
    caches[3] = slab_create("d", 1200, 8, NULL);
    for (int i = 0; i < 4; i++)
        CHECK(caches[i], "cache %d", i);
}

/* What an object of a cache with a constructor must look like whenever it is free. */
static uint8_t constructed_byte(const struct slab_cache *cache)
{
    return cache->ctor == construct_64 ? 0xc7 : cache->ctor == construct_7 ? 0x77 : 0;
}

static bool take(struct slot *s)
{
    s->cache = caches[check_random(4)];
    s->object = slab_alloc(s->cache);
    if (!s->object)
        return false;
    for (size_t i = 0; s->cache->ctor && i < s->cache->size; i++)
        CHECK(s->object[i] == constructed_byte(s->cache), "byte %zu of %p is not as constructed", i, s->object);
    s->fill = check_random(256);
    memset(s->object, s->fill, s->cache->size);
    return true;
}

static void give(struct slot *s)
{
    for (size_t i = 0; i < s->cache->size; i++)
        CHECK(s->object[i] == s->fill, "byte %zu of %p was overwritten", i, s->object);
    if (s->cache->ctor)
        memset(s->object, constructed_byte(s->cache), s->cache->size);
    slab_free(s->cache, s->object);
    s->object = NULL;
}

static void give_all(void)
{
    for (struct slot *s = slots; s < &slots[SLOTS]; s++)
        if (s->object)
            give(s);
}

static void storm(unsigned steps)
{
    for (unsigned i = 0; i < steps; i++) {
        struct slot *s = &slots[check_random(SLOTS)];
        if (s->object)
            give(s);
        else if (check_random(400) == 0)
            slab_reclaim();
        else
            take(s);
        if (i % 1000 == 0)
            fine();
    }
}

static void check_empty(uint32_t free)
{
    give_all();
    fine();
    for (int i = 0; i < 4; i++)
        CHECK(caches[i]->used == 0 && caches[i]->slabs <= 1, "%s: %u in use, %u slabs", caches[i]->name, caches[i]->used,
              caches[i]->slabs);
    for (int i = 0; i < 4; i++)
        slab_destroy(caches[i]);
    slab_reclaim();
    CHECK(machine_free() == free, "%u frames are missing", free - machine_free());
}

static void test_storm(void)
{
    machine_boot(0x1000000);
    uint32_t free = machine_free();
    make_caches();
    storm(15000);
    CHECK(constructed > 0, "no constructor was called");
    unsigned used = 0;
    for (struct slot *s = slots; s < &slots[SLOTS]; s++)
        used += s->object && s->cache == caches[1];
    CHECK(stats_of(caches[1]).used == used, "%u in use", used);
    check_empty(free);
}

/* A constructor runs once for each object of a slab, not when objects come and go. */
static void test_constructor(void)
{
    machine_boot(0x1000000);
    make_caches();
    void *p = slab_alloc(caches[1]);
    CHECK(constructed == caches[1]->per_slab, "%u objects were constructed", constructed);
    for (int i = 0; i < 10; i++) {
        slab_free(caches[1], p);
        p = slab_alloc(caches[1]);
    }
    CHECK(constructed == caches[1]->per_slab, "%u objects were constructed", constructed);
}

/* For each n, the n-th allocation of pages fails once; then memory is there again. */
static void test_failures(void)
{
    machine_boot(0x1000000);
    uint32_t free = machine_free();
    for (unsigned n = 1; ; n++) {
        slab_init();
        machine_fail(n, 1);
        for (int i = 0; i < 4; i++) {
            static const size_t size[] = { 24, 64, 7, 1200 };
            while (!(caches[i] = slab_create("x", size[i], 0, i == 1 ? construct_64 : i == 2 ? construct_7 : NULL)))
                CHECK(machine.allocations == n, "slab_create failed for no reason");
        }
        unsigned failures = 0;
        for (unsigned i = 0; i < 600; i++)
            if (!take(&slots[i])) {
                failures++;
                CHECK(machine.allocations == n, "slab_alloc failed for no reason");
                fine();
            }
        CHECK(failures <= 1, "%u failures", failures);
        bool over = machine.allocations < n;
        machine_fail(0, 0);
        check_empty(free);
        if (over)
            break;
    }
}

/* Memory that is used up to the last frame: an answer of NULL, and all of it back afterwards. */
static void test_exhaust(void)
{
    machine_boot(0x400000);
    uint32_t free = machine_free();
    make_caches();
    struct list { struct list *next; } *all = NULL, *next;
    for (struct list *p; (p = slab_alloc(caches[0])); all = p)
        p->next = all;
    CHECK(machine_free() < 1u << caches[0]->order, "%u frames are left", machine_free());
    fine();
    for (; all; all = next) {
        next = all->next;
        slab_free(caches[0], all);
    }
    check_empty(free);
}

/* An empty slab of one cache serves another that finds no memory: slab_init() has registered that. */
static void test_reclaim(void)
{
    machine_boot(0x400000);
    make_caches();
    slab_free(caches[3], slab_alloc(caches[3]));
    CHECK(caches[3]->slabs == 1, "a slab is kept");
    while (alloc_page() && caches[3]->slabs)
        ;
    CHECK(caches[3]->slabs == 0, "it was not given back");
    while (alloc_page())
        ;
    CHECK(!slab_alloc(caches[0]), "nothing is left");
    IDLE();
}

static void test_panics(void)
{
    machine_boot(0x1000000);
    make_caches();
    char *p = slab_alloc(caches[0]), *q = slab_alloc(caches[0]), *d = slab_alloc(caches[3]), *d2 = slab_alloc(caches[3]);
    struct page *page = alloc_page();
    int local;

    EXPECT_PANIC("slab_free(a)", slab_free(caches[0], NULL));
    EXPECT_PANIC("is in no slab", slab_free(caches[0], &local));
    EXPECT_PANIC("is in no slab", slab_free(caches[0], page_to_virt(page)));
    EXPECT_PANIC("is in a slab of b", slab_free(caches[0], slab_alloc(caches[1])));
    EXPECT_PANIC("is in a slab of d", slab_free(caches[0], d + PAGE_SIZE));
    EXPECT_PANIC("not the start", slab_free(caches[0], p + 4));
    EXPECT_PANIC("not the start", slab_free(caches[0], p + 23));
    EXPECT_PANIC("not the start", slab_free(caches[3], d + 1200 / 2));
    EXPECT_PANIC("not the start",                               /* behind the last one */
                 slab_free(caches[3], d + caches[3]->per_slab * caches[3]->stride));
    slab_free(caches[0], p);
    EXPECT_PANIC("free already", slab_free(caches[0], p));
    slab_free(caches[0], q);
    EXPECT_PANIC("free already", slab_free(caches[0], p));      /* the slab is empty: so is all in it */
    EXPECT_PANIC("2 objects of d are in use", slab_destroy(caches[3]));
    slab_free(caches[3], d);
    slab_free(caches[3], d2);
    slab_shrink(caches[3]);
    EXPECT_PANIC("is in no slab", slab_free(caches[3], d));     /* its pages are gone, */
    EXPECT_PANIC("is in no slab", slab_free(caches[3], d + 4 * caches[3]->stride));     /* the second one, too */
    fine();
}

/* Each kind of damage is found, and told in words. */
static void test_check(void)
{
    machine_boot(0x1000000);
    make_caches();
    void *p[3];
    for (int i = 0; i < 3; i++)
        p[i] = slab_alloc(caches[0]);
    fine();
    struct page *slab = virt_to_page(p[0]);
    slab_free(caches[0], p[1]);

    static void *damages[] = { (void *)0xdeadbeef, (void *)16, (void *)0xffffffff, (void *)0xc0300001 };
    void *good = *(void **)p[1];
    for (unsigned i = 0; i < sizeof(damages) / sizeof(*damages); i++) {
        *(void **)p[1] = damages[i];
        CHECK(slab_check(log_error) == 1 && strstr(machine.log, "leads to"), "%s", machine.log);
    }
    *(void **)p[1] = p[1];
    CHECK(slab_check(log_error) == 1 && strstr(machine.log, "circle"), "%s", machine.log);
    *(void **)p[1] = NULL;
    CHECK(slab_check(log_error) == 1 && strstr(machine.log, "1 objects free and 2 in use, of"), "%s", machine.log);
    *(void **)p[1] = good;
    fine();
    slab->in_use++;
    CHECK(slab_check(log_error) == 1, "%s", machine.log);
    slab->in_use--;
    list_del(&slab->node);
    list_add(&slab->node, &caches[0]->full);
    CHECK(slab_check(log_error) == 1 && strstr(machine.log, "slab a: slab"), "%s", machine.log);
    CHECK(strstr(machine.log, "is in the wrong list"), "%s", machine.log);
    list_del(&slab->node);
    CHECK(slab_check(log_error) == 1 && strstr(machine.log, "0 found"), "%s", machine.log);
    list_add(&virt_to_page(slab_alloc(caches[1]))->node, &caches[0]->partial);
    CHECK(slab_check(log_error) >= 1 && strstr(machine.log, "none of its slabs"), "%s", machine.log);
}

int main(void)
{
    machine_test("shapes", test_shapes, 1);
    for (unsigned seed = 1; seed <= 4; seed++)
        machine_test("storm", test_storm, seed);
    machine_test("constructor", test_constructor, 1);
    machine_test("failures", test_failures, 1);
    machine_test("exhaust", test_exhaust, 1);
    machine_test("reclaim", test_reclaim, 1);
    machine_test("panics", test_panics, 1);
    machine_test("check", test_check, 1);
    return 0;
}
