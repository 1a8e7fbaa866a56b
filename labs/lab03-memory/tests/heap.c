/*
 * Object caches and the heap in a real machine: storms, then memory to its end and all of it back;
 * then some that stay, for the grader to find in memory.
 */
#include "memory.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "mm/slab.h"

#define STEPS 1500
#define LIVE  200
#define KEEP  40
#define MOST  800000                /* more than fit into memory: a chain in a circle */

struct block {
    uint8_t *address;
    size_t size;
    uint32_t step;
};

static struct block live[LIVE];
static unsigned live_count;
static unsigned damaged, misplaced;

/* The i-th byte of what the block holds. */
static uint8_t byte_of(const struct block *block, size_t i)
{
    return (block->step * 0x9e3779b1u >> 24) + i;
}

static void fill(struct block *block)
{
    for (size_t i = 0; i < block->size; i++)
        block->address[i] = byte_of(block, i);
}

/* Whether the first n bytes are what they were. */
static bool holds(const struct block *block, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (block->address[i] != byte_of(block, i))
            return false;
    return true;
}

static void add(uint8_t *address, size_t size, uint32_t step)
{
    live[live_count] = (struct block){ address, size, step };
    fill(&live[live_count++]);
}

static uint32_t frames_free(void)
{
    struct page_stats stats;

    page_stats(&stats);
    return stats.free;
}

/* Once it has refused so often, memory is not coming any more. */
static bool hopeless(void)
{
    static unsigned refused;

    return ++refused > LIVE;
}

/* The blocks that stay, "keep ADDRESS SIZE STEP". */
static void report_kept(void)
{
    for (unsigned i = 0; i < live_count; i++)
        ktest_report("keep %p %x %u", live[i].address, live[i].size, live[i].step);
}

/* ---- mm/slab */

static unsigned constructed;
static size_t object_size;

static void construct(void *object)
{
    constructed++;
    memset(object, 0xc7, object_size);
}

static void slab_take(struct slab_cache *cache, size_t align, uint32_t step)
{
    uint8_t *object = slab_alloc(cache);

    if (!object)
        return;
    for (size_t i = 0; i < object_size; i++)
        damaged += object[i] != 0xc7;
    misplaced += (uintptr_t)object % align != 0;
    add(object, object_size, step);
}

static void slab_drop(struct slab_cache *cache, unsigned i)
{
    damaged += !holds(&live[i], object_size);
    memset(live[i].address, 0xc7, object_size);
    slab_free(cache, live[i].address);
    live[i] = live[--live_count];
}

/* Objects until there is no memory, chained; returns how many there were. All back then. */
static unsigned slab_exhaust(struct slab_cache *cache)
{
    void **last = NULL;
    unsigned n = 0;

    for (void **object; n < MOST && (object = slab_alloc(cache)); n++) {
        *object = last;
        last = object;
    }
    for (unsigned i = 0; i < n; i++) {
        void **next = *last;
        memset(last, 0xc7, object_size);
        slab_free(cache, last);
        last = next;
    }
    return n;
}

/* Halts with KEEP objects in use. */
KTEST(slab_storm)
{
    static struct slab_cache cache;
    size_t align = 4u << ktest_random(5);

    memory_ready();
    object_size = 8 + ktest_random(300);
    ktest_report("init %d", slab_cache_init(&cache, "storm", object_size, align, construct));
    uint32_t before = frames_free();
    for (uint32_t step = 0; step < STEPS; step++) {
        bool take = ktest_random(100) < (step / 300 % 2 ? 35 : 65);
        unsigned i = ktest_random(LIVE);
        if (live_count == 0 || (take && live_count < LIVE))
            slab_take(&cache, align, step);
        else
            slab_drop(&cache, i % live_count);
    }
    while (live_count)
        slab_drop(&cache, 0);
    slab_shrink(&cache);
    ktest_report("storm %u %u %d", damaged, misplaced, before - frames_free());
    unsigned many = slab_exhaust(&cache);
    slab_shrink(&cache);
    ktest_report("end %u %u", many, before);
    ktest_report("back %d", before - frames_free());
    while (live_count < KEEP && !hopeless())
        slab_take(&cache, align, live_count);
    ktest_report("cache %p %x", &cache, object_size);
    report_kept();
    stay();
}

/* ---- mm/kmalloc */

/* Any size, small ones more often than large ones. */
static size_t some_size(void)
{
    return ktest_random(16u << ktest_random(11));
}

static void heap_take(uint32_t step)
{
    size_t size = some_size(), align = 16;
    uint8_t *p;

    switch (ktest_random(4)) {
    case 0:
        align = 16u << ktest_random(9);
        p = kmalloc_aligned(size, align);
        break;
    case 1:
        p = kzalloc(size);
        for (size_t i = 0; p && i < size; i++)
            damaged += p[i] != 0;
        break;
    default:
        p = kmalloc(size);
    }
    if (!p)
        return;
    misplaced += (uintptr_t)p % align != 0;
    add(p, size, step);
}

static void heap_drop(unsigned i)
{
    damaged += !holds(&live[i], live[i].size);
    kfree(live[i].address);
    live[i] = live[--live_count];
}

static void heap_change(unsigned i)
{
    size_t size = some_size();
    uint8_t *p = krealloc(live[i].address, size);

    if (!p)
        return;
    live[i].address = p;
    damaged += !holds(&live[i], size < live[i].size ? size : live[i].size);
    live[i].size = size;
    fill(&live[i]);
}

/* Blocks of this size until there is no memory; returns how many. All back then. */
static unsigned heap_exhaust(size_t size)
{
    void **last = NULL;
    unsigned n = 0;

    for (void **p; n < MOST && (p = kmalloc(size)); n++) {
        *p = last;
        last = p;
    }
    for (unsigned i = 0; i < n; i++) {
        void **next = *last;
        kfree(last);
        last = next;
    }
    return n;
}

/* Halts with KEEP blocks in use. */
KTEST(heap_storm)
{
    static const size_t sizes[] = { 48, 700, 2048, 4096, 65536, 4u << 20 };

    memory_ready();
    slab_reclaim();
    uint32_t before = frames_free();
    for (uint32_t step = 0; step < STEPS; step++) {
        unsigned what = ktest_random(100), i = ktest_random(LIVE);
        if (live_count == 0 || (what < 45 && live_count < LIVE))
            heap_take(step);
        else if (what < 60)
            heap_change(i % live_count);
        else
            heap_drop(i % live_count);
    }
    while (live_count)
        heap_drop(0);
    slab_reclaim();
    ktest_report("storm %u %u %d", damaged, misplaced, before - frames_free());
    for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
        unsigned many = heap_exhaust(sizes[i]);
        slab_reclaim();
        ktest_report("end %x %u %d", sizes[i], many, before - frames_free());
    }
    ktest_report("free %u", before);
    while (live_count < KEEP && !hopeless())
        heap_take(live_count);
    report_kept();
    stay();
}
