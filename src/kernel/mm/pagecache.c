/*
 * The page cache: a hash table of struct pages, chained by their node, and a clock whose hand goes
 * over its buckets.
 */
#include "mm/pagecache.h"
#include "abi/errno.h"
#include "debug/panic.h"
#include "sync/spinlock.h"

#define BUCKETS      512            /* a power of two */
#define RECLAIM_MANY 32             /* frames that one call for memory gives back */

/* struct page.flags */
#define CACHE_BUSY  1u              /* is being read or written: neither look nor touch */
#define CACHE_DIRTY 2u
#define CACHE_USED  4u              /* since the hand came by */

static struct spinlock lock;        /* of all below, and of the struct pages of cached pages */
static struct list buckets[BUCKETS];
static unsigned hand;               /* the bucket where the clock stands */
static struct cache_stats stats;
static void (*wait_for)(struct page *page);
static void (*wake_up)(struct page *page);
static void (*clean_mappings)(struct cache_object *object);                     // lab 6
static void (*forget_mappings)(struct cache_object *object, uint32_t first);    // lab 6
static bool (*leave_mappings)(void);                                            // lab 6

static struct list *bucket_of(const struct cache_object *object, uint32_t index)
{
    uint32_t h = ((uint32_t)(uintptr_t)object >> 4) * 0x9e3779b1u + index;     /* Knuth 3, 6.4 */

    return &buckets[(h ^ h >> 16) & (BUCKETS - 1)];
}

static struct page *find(const struct cache_object *object, uint32_t index)
{
    list_for_each(node, bucket_of(object, index)) {
        struct page *page = list_entry(node, struct page, node);
        if (page->owner == object && page->index == index)
            return page;
    }
    return NULL;
}

/* Enter a page, busy until it is filled. */
static void insert(struct cache_object *object, uint32_t index, struct page *page)
{
    page->owner = object;
    page->index = index;
    page->flags = CACHE_BUSY | CACHE_USED;
    list_add(&page->node, bucket_of(object, index));
    object->cached++;
    if (index >= object->limit)
        object->limit = index + 1;
    stats.pages++;
}

/* Dirty pages are counted that can be written back. */
static void count_dirty(const struct cache_object *object, int n)
{
    if (object->ops->write)
        stats.dirty += n;
}

/* The page at index is dirty now. */
static void widen_dirty(struct cache_object *object, uint32_t index)
{
    if (object->dirty_from == object->dirty_to)
        object->dirty_from = object->dirty_to = index;
    if (index < object->dirty_from)
        object->dirty_from = index;
    if (index >= object->dirty_to)
        object->dirty_to = index + 1;
}

/* Take a page out; the cache's count of it is the caller's to give back. */
static void take_out(struct page *page)
{
    struct cache_object *object = page->owner;

    list_del(&page->node);
    if (page->flags & CACHE_DIRTY)
        count_dirty(object, -1);
    page->flags = 0;
    page->owner = NULL;
    object->cached--;
    stats.pages--;
}

/*
 * Wait until nobody is reading or writing the page; the caller holds a count. Lets go of the lock
 * meanwhile.
 */
static uint32_t wait_while_busy(struct page *page, uint32_t irq)
{
    while (page->flags & CACHE_BUSY) {
        spin_unlock_irqrestore(&lock, irq);
        if (!wait_for)
            panic("page %u of a cached object is busy, and nobody could be at it", page->index);
        wait_for(page);
        irq = spin_lock_irqsave(&lock);
    }
    return irq;
}

/* Reading or writing is over. */
static void not_busy(struct page *page)
{
    page->flags &= ~CACHE_BUSY;
    if (wake_up)
        wake_up(page);
}

/*
 * Frames for what is read from `index` on: more of them from one time to the next while the reader
 * goes straight on. Returns the first of *count frames in a row, or NULL.
 */
static struct page *frames_for(struct cache_object *object, uint32_t index, unsigned *count)
{
    unsigned order = 0;

    if (index == object->next && index < object->end) {
        if (object->ahead < CACHE_AHEAD)
            object->ahead++;
        order = object->ahead;
        while (order && (1u << order) > object->end - index)
            order--;
    } else {
        object->ahead = 0;
    }
    struct page *first = order ? alloc_pages(order) : NULL;
    if (first) {
        page_split(first);
    } else {                                    /* so many in a row are not to be had */
        order = 0;
        first = alloc_page();
    }
    *count = 1u << order;
    return first;
}

/* Enter the frames from page `index` on up to the first that is there already. Returns how many. */
static unsigned insert_run(struct cache_object *object, uint32_t index, struct page *first,
                           unsigned count)
{
    unsigned n = 0;

    while (n < count && !find(object, index + n)) {
        insert(object, index + n, first + n);
        n++;
    }
    object->next = index + n;
    return n;
}

/* What has been read is there, but for the pages from `good` on: nobody shall find those. */
static void end_run(struct page *first, unsigned count, unsigned good)
{
    for (unsigned i = 0; i < count; i++) {
        uint32_t irq = spin_lock_irqsave(&lock);
        not_busy(first + i);
        bool out = i >= good && first[i].owner;
        if (out)
            take_out(first + i);
        spin_unlock_irqrestore(&lock, irq);
        if (out)
            page_put(first + i);
    }
}

/* Read a page that is not there. Returns 0, -ERRNO, or 1: now it is there, by somebody faster. */
static int fill(struct cache_object *object, uint32_t index, struct page **result)
{
    unsigned frames;
    struct page *first = frames_for(object, index, &frames);

    if (!first && leave_mappings && leave_mappings())   // lab 6
        first = frames_for(object, index, &frames);     // lab 6
    if (!first)
        return -ENOMEM;
    uint32_t irq = spin_lock_irqsave(&lock);
    unsigned count = insert_run(object, index, first, frames);
    if (count) {
        page_get(first);                        /* the caller's */
        stats.misses++;
    }
    spin_unlock_irqrestore(&lock, irq);
    for (unsigned i = count; i < frames; i++)
        free_page(first + i);
    if (!count)
        return 1;

    int error = object->ops->read(object, index, count, page_to_virt(first));
    unsigned good = error ? 0 : count;
    if (error && count > 1) {                   /* what was read ahead is nobody's error */
        error = object->ops->read(object, index, 1, page_to_virt(first));
        good = error ? 0 : 1;
    }
    end_run(first, count, good);
    if (error)
        page_put(first);
    else
        *result = first;
    return error;
}

int cache_get(struct cache_object *object, uint32_t index, struct page **result)
{
    for (;;) {
        uint32_t irq = spin_lock_irqsave(&lock);
        struct page *page = find(object, index);
        if (page) {
            page_get(page);
            irq = wait_while_busy(page, irq);
            page->flags |= CACHE_USED;
            bool still = page->owner == object;
            stats.hits += still;
            spin_unlock_irqrestore(&lock, irq);
            if (still) {
                *result = page;
                return 0;
            }
            page_put(page);                     /* not readable, or truncated: try again */
            continue;
        }
        spin_unlock_irqrestore(&lock, irq);
        int error = fill(object, index, result);
        if (error <= 0)
            return error;
    }
}

void cache_dirty(struct page *page)
{
    uint32_t irq = spin_lock_irqsave(&lock);

    if (page->owner && !(page->flags & CACHE_DIRTY)) {
        page->flags |= CACHE_DIRTY;
        count_dirty(page->owner, 1);
        widen_dirty(page->owner, page->index);
    }
    spin_unlock_irqrestore(&lock, irq);
}

/* Write one page back if it is dirty. */
static int sync_page(struct cache_object *object, uint32_t index)
{
    uint32_t irq = spin_lock_irqsave(&lock);
    struct page *page = find(object, index);
    int error = 0;

    if (!page) {
        spin_unlock_irqrestore(&lock, irq);
        return 0;
    }
    page_get(page);
    irq = wait_while_busy(page, irq);
    if (page->owner == object && (page->flags & CACHE_DIRTY) && object->ops->write) {
        page->flags = (page->flags | CACHE_BUSY) & ~CACHE_DIRTY;    /* it may get dirty again */
        count_dirty(object, -1);
        spin_unlock_irqrestore(&lock, irq);
        error = object->ops->write(object, index, page_to_virt(page));
        irq = spin_lock_irqsave(&lock);
        not_busy(page);
    }
    spin_unlock_irqrestore(&lock, irq);
    if (error)
        cache_dirty(page);
    page_put(page);
    return error;
}

int cache_sync(struct cache_object *object)
{
    if (object->mapped && clean_mappings)               // lab 6
        clean_mappings(object);                         // lab 6
    uint32_t irq = spin_lock_irqsave(&lock);
    uint32_t from = object->dirty_from, to = object->dirty_to;
    int first = 0;

    object->dirty_from = object->dirty_to = 0;          /* what cannot be written is dirty again */
    spin_unlock_irqrestore(&lock, irq);
    for (uint32_t index = from; index < to; index++) {
        int error = sync_page(object, index);
        if (error && !first)
            first = error;
    }
    return first;
}

void cache_truncate(struct cache_object *object, uint32_t first)
{
    for (uint32_t index = first; index < object->limit && object->cached; index++) {
        uint32_t irq = spin_lock_irqsave(&lock);
        struct page *page = find(object, index);
        if (page) {
            page_get(page);
            irq = wait_while_busy(page, irq);
            bool still = page->owner == object;
            if (still)
                take_out(page);
            spin_unlock_irqrestore(&lock, irq);
            if (still)
                page_put(page);                 /* the cache's count */
            page_put(page);
        } else {
            spin_unlock_irqrestore(&lock, irq);
        }
    }
    if (object->limit > first)
        object->limit = first;
    if (object->mapped && forget_mappings)              // lab 6
        forget_mappings(object, first);                 // lab 6
}

/*
 * The hand at one bucket: pages that are clean and held by nobody but the cache go, unless they
 * were used since the hand came by; those it marks. Returns how many went. Has the lock.
 */
static unsigned sweep(struct list *bucket)
{
    unsigned freed = 0;

    for (struct list *node = bucket->next, *next; node != bucket; node = next) {
        struct page *page = list_entry(node, struct page, node);
        next = node->next;
        if (page->refs > 1 || (page->flags & (CACHE_BUSY | CACHE_DIRTY)))
            continue;
        if (page->flags & CACHE_USED) {
            page->flags &= ~CACHE_USED;
            continue;
        }
        take_out(page);
        page_put(page);
        freed++;
    }
    return freed;
}

/*
 * Give clean pages back: two turns of the hand, since the first may only find pages that were used.
 */
static unsigned reclaim(void)
{
    unsigned freed = 0;

    for (unsigned n = 0; n < 2 * BUCKETS && freed < RECLAIM_MANY; n++) {
        uint32_t irq = spin_lock_irqsave(&lock);
        freed += sweep(&buckets[hand]);
        hand = (hand + 1) & (BUCKETS - 1);
        spin_unlock_irqrestore(&lock, irq);
    }
    stats.reclaimed += freed;
    return freed;
}

void cache_stats(struct cache_stats *copy)
{
    uint32_t irq = spin_lock_irqsave(&lock);

    *copy = stats;
    spin_unlock_irqrestore(&lock, irq);
}

bool cache_busy(const struct page *page)
{
    return page->flags & CACHE_BUSY;
}

void cache_set_wait(void (*wait)(struct page *page), void (*wake)(struct page *page))
{
    wait_for = wait;
    wake_up = wake;
}

// lab 6 begin
bool cache_has(struct cache_object *object, uint32_t index)
{
    uint32_t irq = spin_lock_irqsave(&lock);
    struct page *page = find(object, index);
    bool has = page && !(page->flags & CACHE_BUSY);

    spin_unlock_irqrestore(&lock, irq);
    return has;
}

void cache_set_mappings(void (*clean)(struct cache_object *object),
                        void (*forget)(struct cache_object *object, uint32_t first),
                        bool (*leave)(void))
{
    clean_mappings = clean;
    forget_mappings = forget;
    leave_mappings = leave;
}

// lab 6 end
void pagecache_init(void)
{
    for (unsigned i = 0; i < BUCKETS; i++)
        list_init(&buckets[i]);
    page_add_reclaim(reclaim);
}
