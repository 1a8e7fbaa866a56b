/*
 * mm/pagecache against a model of two objects: random reads, changes, syncs, truncations; errors of the device; memory
 * running out; and what the clock may take.
 */
#include "machine.h"
#include "abi/errno.h"
#include "mm/pagecache.h"

#define PAGES 40

/* An object whose device is `disk`; a word stands for a page. */
static struct device {
    struct cache_object object;
    uint32_t disk[PAGES];           /* what was written back */
    uint32_t now[PAGES];            /* what a reader must see */
    bool dirty[PAGES];
    int read_error, write_error;
    uint32_t bad;                   /* the first page that cannot be read */
    unsigned reads, writes;
} devices[2];

static int read_page(struct cache_object *object, uint32_t index, unsigned count, void *data)
{
    struct device *d = (struct device *)object;

    d->reads++;
    if (d->read_error || index + count > d->bad)
        return d->read_error ? d->read_error : -EIO;
    for (unsigned i = 0; i < count * PAGE_SIZE / 4; i++)
        ((uint32_t *)data)[i] = d->disk[index + i * 4 / PAGE_SIZE];
    return 0;
}

static int write_page(struct cache_object *object, uint32_t index, const void *data)
{
    struct device *d = (struct device *)object;

    d->writes++;
    if (d->write_error)
        return d->write_error;
    d->disk[index] = *(const uint32_t *)data;
    return 0;
}

static const struct cache_ops ops = { .read = read_page, .write = write_page };

static void start(uint32_t memory)
{
    machine_boot(memory);
    pagecache_init();
    for (unsigned d = 0; d < 2; d++) {
        devices[d].object.ops = &ops;
        devices[d].bad = PAGES;
        for (unsigned i = 0; i < PAGES; i++)
            devices[d].disk[i] = devices[d].now[i] = 1000 * d + i;
    }
}

static struct page *get(struct device *d, uint32_t index)
{
    struct page *page = NULL;
    int error = cache_get(&d->object, index, &page);

    IDLE();
    CHECK(error == 0 && page->owner == &d->object && page->index == index, "cache_get: %d", error);
    CHECK(*(uint32_t *)page_to_virt(page) == d->now[index], "page %u is %u, not %u", index,
          *(uint32_t *)page_to_virt(page), d->now[index]);
    return page;
}

static void change(struct device *d, uint32_t index, uint32_t value)
{
    struct page *page = get(d, index);

    *(uint32_t *)page_to_virt(page) = d->now[index] = value;
    cache_dirty(page);
    d->dirty[index] = true;
    page_put(page);
}

static void sync(struct device *d)
{
    CHECK(cache_sync(&d->object) == 0, "cache_sync");
    for (unsigned i = 0; i < PAGES; i++) {
        CHECK(d->disk[i] == d->now[i], "page %u is not written back", i);
        d->dirty[i] = false;
    }
}

/* Changes that were not synced are lost with the pages. */
static void truncate(struct device *d, uint32_t first)
{
    cache_truncate(&d->object, first);
    for (unsigned i = first; i < PAGES; i++) {
        d->now[i] = d->disk[i];
        d->dirty[i] = false;
    }
}

static void compare_stats(void)
{
    struct cache_stats stats;
    unsigned dirty = 0;

    cache_stats(&stats);
    for (unsigned i = 0; i < 2 * PAGES; i++)
        dirty += devices[i / PAGES].dirty[i % PAGES];
    CHECK(stats.dirty == dirty, "%u dirty, not %u", stats.dirty, dirty);
    CHECK(stats.pages == devices[0].object.cached + devices[1].object.cached, "pages");
}

static void storm(void)
{
    start(8 << 20);
    devices[0].object.end = PAGES;  /* is read ahead */
    uint32_t free = machine_free();
    for (unsigned step = 0; step < 20000; step++) {
        struct device *d = &devices[check_random(2)];
        switch (check_random(40)) {
        case 0:
            sync(d);
            break;
        case 1:
            truncate(d, check_random(PAGES + 1));
            break;
        default:
            if (check_random(2))
                page_put(get(d, check_random(PAGES)));
            else
                change(d, check_random(PAGES), check_random(1000000));
        }
        compare_stats();
    }
    truncate(&devices[0], 0);
    truncate(&devices[1], 0);
    CHECK(machine_free() == free, "%u frames, not %u", machine_free(), free);
}

static void one_copy(void)
{
    start(8 << 20);
    struct page *a = get(&devices[0], 3), *b = get(&devices[0], 3);
    CHECK(a == b && a->refs == 3 && devices[0].reads == 1, "%u holders, read %u times", a->refs, devices[0].reads);
    page_put(a);
    cache_truncate(&devices[0].object, 0);
    CHECK(b->refs == 1 && b->owner == NULL && *(uint32_t *)page_to_virt(b) == 3, "who holds it keeps it");
    cache_dirty(b);                 /* no cache's any more: nothing happens */
    compare_stats();
    page_put(b);
    IDLE();
}

static void errors(void)
{
    struct page *page;

    start(8 << 20);
    uint32_t free = machine_free();
    devices[0].read_error = -EIO;
    CHECK(cache_get(&devices[0].object, 5, &page) == -EIO && machine_free() == free, "a page that cannot be read");
    compare_stats();
    devices[0].read_error = 0;
    change(&devices[0], 5, 77);
    devices[0].write_error = -ENOSPC;
    CHECK(cache_sync(&devices[0].object) == -ENOSPC, "the device's error");
    compare_stats();                /* still dirty */
    devices[0].write_error = 0;
    sync(&devices[0]);
    CHECK(devices[0].disk[5] == 77, "written in the end");
    compare_stats();
    machine_fail(1, 1);
    CHECK(cache_get(&devices[0].object, 6, &page) == -ENOMEM, "without memory");
    IDLE();
}

/* Memory full of clean pages is free memory, dirty and held ones are not; and what was used goes last. */
static void reclaim(void)
{
    start(4 << 20);
    struct page *hold = get(&devices[0], 0);
    change(&devices[0], 1, 4711);
    for (unsigned i = 2; i < PAGES; i++)
        page_put(get(&devices[0], i));
    unsigned taken = 0;
    uint32_t free = machine_free();
    struct page *page;
    while ((page = alloc_page()))
        taken++;
    CHECK(taken == free + PAGES - 2, "%u frames, not %u", taken, free + PAGES - 2);
    CHECK(devices[0].object.cached == 2, "%u cached", devices[0].object.cached);
    CHECK(hold->owner == &devices[0].object && *(uint32_t *)page_to_virt(hold) == 0, "what is held stays");
    struct cache_stats stats;
    cache_stats(&stats);
    CHECK(stats.reclaimed == PAGES - 2 && stats.dirty == 1, "reclaimed %u", stats.reclaimed);
}

/* Page after page costs fewer and fewer reads, never beyond the end; and no error of what was not asked for. */
static void ahead(void)
{
    start(8 << 20);
    uint32_t free = machine_free();
    struct device *d = &devices[0];
    d->object.end = PAGES - 1;
    for (unsigned i = 0; i < PAGES - 1; i++)
        page_put(get(d, i));
    CHECK(d->reads == 7, "%u reads for pages 0-1, 2-5, 6-13, 14-21, 22-29, 30-37, 38", d->reads);
    CHECK(d->object.cached == PAGES - 1, "%u cached", d->object.cached);
    cache_truncate(&d->object, 0);
    d->reads = 0;
    for (unsigned i = 0; i < PAGES - 1; i += 2)
        page_put(get(d, i));
    CHECK(d->reads == PAGES / 2 && d->object.cached == PAGES / 2, "who jumps is given no more than asked for");
    cache_truncate(&d->object, 0);
    d->bad = 5;
    struct page *page;
    for (unsigned i = 0; i < 5; i++)
        page_put(get(d, i));
    CHECK(cache_get(&d->object, 5, &page) == -EIO, "the bad one itself");
    d->bad = PAGES;
    for (unsigned i = 0; i < PAGES; i++)
        page_put(get(d, i));
    cache_truncate(&d->object, 0);
    CHECK(machine_free() == free, "%u frames, not %u", machine_free(), free);
    compare_stats();
    IDLE();
}

int main(void)
{
    machine_test("ahead", ahead, 1);
    for (unsigned seed = 1; seed <= 5; seed++)
        machine_test("storm", storm, seed);
    machine_test("one copy", one_copy, 1);
    machine_test("errors", errors, 1);
    machine_test("reclaim", reclaim, 1);
    return 0;
}
