/*
 * Object caches.
 *
 * Locks: that of a cache is never held while pages are allocated, since the allocator may ask
 * slab_reclaim() for memory. caches_lock comes before a cache's.
 */
#include "mm/slab.h"
#include "abi/errno.h"
#include "debug/panic.h"
#include "mm/page.h"

#define ORDER_USUAL   3             /* the largest slabs, unless one object needs more */
#define OBJECTS_MIN   8             /* in a slab, as far as ORDER_USUAL allows it... */
#define WASTE_PART    16            /* ...and at most so small a part of it unused */

static struct spinlock caches_lock;
static struct list caches;
static struct slab_cache cache_cache;       /* of the caches that slab_create() makes */

/* Where a free object keeps the address of the next one. */
static void **link_of(const struct slab_cache *cache, void *object)
{
    return (void **)((char *)object + cache->link);
}

static size_t slab_bytes(const struct slab_cache *cache)
{
    return (size_t)PAGE_SIZE << cache->order;
}

static size_t round_up(size_t n, size_t align)
{
    return (n + align - 1) & ~(align - 1);
}

static unsigned choose_order(size_t stride)
{
    for (unsigned order = 0; order < ORDER_USUAL; order++) {
        size_t bytes = (size_t)PAGE_SIZE << order;
        if (bytes / stride >= OBJECTS_MIN && bytes % stride <= bytes / WASTE_PART)
            return order;
    }
    unsigned needed = page_order(stride);
    return needed > ORDER_USUAL ? needed : ORDER_USUAL;
}

int slab_cache_init(struct slab_cache *cache, const char *name, size_t size, size_t align,
                    void (*ctor)(void *))
{
    size_t max = (size_t)PAGE_SIZE << PAGE_ORDER_MAX;

    if (size == 0 || size > max || (align & (align - 1)) != 0)
        return -EINVAL;
    if (align < sizeof(void *))
        align = sizeof(void *);
    *cache = (struct slab_cache){ .name = name, .size = size, .ctor = ctor };
    cache->link = ctor ? round_up(size, sizeof(void *)) : 0;
    cache->stride = round_up(ctor ? cache->link + sizeof(void *) : size, align);
    cache->order = choose_order(cache->stride);
    if (cache->order > PAGE_ORDER_MAX)
        return -EINVAL;
    cache->per_slab = slab_bytes(cache) / cache->stride;
    list_init(&cache->partial);
    list_init(&cache->full);
    list_init(&cache->empty);

    uint32_t flags = spin_lock_irqsave(&caches_lock);
    list_add_tail(&cache->all, &caches);
    spin_unlock_irqrestore(&caches_lock, flags);
    return 0;
}

void slab_init(void)
{
    list_init(&caches);
    slab_cache_init(&cache_cache, "slab_cache", sizeof(struct slab_cache), 0, NULL);
    page_add_reclaim(slab_reclaim);
}

struct slab_cache *slab_create(const char *name, size_t size, size_t align, void (*ctor)(void *))
{
    struct slab_cache *cache = slab_alloc(&cache_cache);

    if (cache && slab_cache_init(cache, name, size, align, ctor) != 0) {
        slab_free(&cache_cache, cache);
        return NULL;
    }
    return cache;
}

void slab_destroy(struct slab_cache *cache)
{
    if (cache->used)
        panic("slab_destroy: %u objects of %s are in use", cache->used, cache->name);
    uint32_t flags = spin_lock_irqsave(&caches_lock);
    list_del(&cache->all);
    spin_unlock_irqrestore(&caches_lock, flags);
    slab_shrink(cache);
    slab_free(&cache_cache, cache);
}

/* Say of each frame of a slab what it is: to whom an object belongs is found out by its address. */
static void mark_frames(struct slab_cache *cache, struct page *slab)
{
    for (unsigned i = 0; i < 1u << cache->order; i++) {
        slab[i].state = PAGE_SLAB;
        slab[i].owner = cache;
    }
}

/* Make the objects of a new slab: constructed, and all free. */
static void carve(struct slab_cache *cache, struct page *slab)
{
    char *start = page_to_virt(slab);

    slab->free = NULL;
    slab->in_use = 0;
    // exercise 3.7 begin: construct each object, and chain them through their links from slab->free
    for (unsigned i = cache->per_slab; i-- > 0;) {
        void *object = start + i * cache->stride;
        if (cache->ctor)
            cache->ctor(object);
        *link_of(cache, object) = slab->free;
        slab->free = object;
    }
    // exercise 3.7 stub
    // (void)cache, (void)start;
    // exercise 3.7 end
}

/* A new slab, in no list yet; NULL without memory. Called without the lock. */
static struct page *new_slab(struct slab_cache *cache)
{
    struct page *slab = alloc_pages(cache->order);

    if (slab) {
        mark_frames(cache, slab);
        carve(cache, slab);
    }
    return slab;
}

/* Give a slab, which is in no list any more, back. Called without the lock. */
static void free_slab(struct slab_cache *cache, struct page *slab)
{
    for (unsigned i = 0; i < 1u << cache->order; i++)
        slab[i].state = i == 0 ? PAGE_USED : PAGE_NONE;     /* as alloc_pages() gave it */
    free_pages(slab, cache->order);
}

void *slab_alloc(struct slab_cache *cache)
{
    // exercise 3.7 begin: a free object of a partial slab, else of the empty one, else of a new one
    struct page *slab;
    uint32_t flags = spin_lock_irqsave(&cache->lock);

    if (!list_empty(&cache->partial)) {
        slab = list_entry(cache->partial.next, struct page, node);
    } else if (!list_empty(&cache->empty)) {
        slab = list_entry(cache->empty.next, struct page, node);
        list_del(&slab->node);
        list_add(&slab->node, &cache->partial);
    } else {
        spin_unlock_irqrestore(&cache->lock, flags);
        slab = new_slab(cache);
        if (!slab)
            return NULL;
        flags = spin_lock_irqsave(&cache->lock);
        list_add(&slab->node, &cache->partial);
        cache->slabs++;
    }
    void *object = slab->free;
    slab->free = *link_of(cache, object);
    slab->in_use++;
    cache->used++;
    if (!slab->free) {
        list_del(&slab->node);
        list_add(&slab->node, &cache->full);
    }
    spin_unlock_irqrestore(&cache->lock, flags);
    return object;
    // exercise 3.7 stub
    // (void)cache, (void)new_slab;
    // return NULL;
    // exercise 3.7 end
}

/* Where in its slab p lies, if it is in one of the cache's: slabs are aligned to their size. */
static size_t slab_offset(const struct slab_cache *cache, const void *p)
{
    return (uintptr_t)p & (slab_bytes(cache) - 1);
}

/* Whether p is then where an object begins. */
static bool at_object(const struct slab_cache *cache, const void *p)
{
    size_t offset = slab_offset(cache, p);

    return offset % cache->stride == 0 && offset / cache->stride < cache->per_slab;
}

/* The slab in which an object in use lies. Panics if it cannot be one of the cache's. */
static struct page *slab_of(const struct slab_cache *cache, void *object)
{
    struct page *page = virt_to_page(object);

    if (!page || page->state != PAGE_SLAB)
        panic("slab_free(%s): %p is in no slab", cache->name, object);
    if (page->owner != cache)
        panic("slab_free(%s): %p is in a slab of %s", cache->name, object,
              ((struct slab_cache *)page->owner)->name);
    if (!at_object(cache, object))
        panic("slab_free(%s): %p is not the start of an object", cache->name, object);
    struct page *slab = page - (slab_offset(cache, object) >> PAGE_SHIFT);
    if (slab->in_use == 0 || slab->free == object)
        panic("slab_free(%s): %p is free already", cache->name, object);
    return slab;
}

void slab_free(struct slab_cache *cache, void *object)
{
    struct page *slab = slab_of(cache, object);
    // exercise 3.7 begin: chain it in; its slab to the right list; a second empty one goes back
    uint32_t flags = spin_lock_irqsave(&cache->lock);
    bool was_full = !slab->free, surplus = false;

    *link_of(cache, object) = slab->free;
    slab->free = object;
    slab->in_use--;
    cache->used--;
    if (slab->in_use == 0) {
        list_del(&slab->node);
        surplus = !list_empty(&cache->empty);
        if (surplus)
            cache->slabs--;
        else
            list_add(&slab->node, &cache->empty);
    } else if (was_full) {
        list_del(&slab->node);
        list_add(&slab->node, &cache->partial);
    }
    spin_unlock_irqrestore(&cache->lock, flags);
    if (surplus)
        free_slab(cache, slab);
    // exercise 3.7 stub
    // (void)slab;
    // exercise 3.7 end
}

unsigned slab_shrink(struct slab_cache *cache)
{
    struct page *slab = NULL;
    uint32_t flags = spin_lock_irqsave(&cache->lock);

    if (!list_empty(&cache->empty)) {
        slab = list_entry(cache->empty.next, struct page, node);
        list_del(&slab->node);
        cache->slabs--;
    }
    spin_unlock_irqrestore(&cache->lock, flags);
    if (!slab)
        return 0;
    free_slab(cache, slab);
    return 1u << cache->order;
}

unsigned slab_reclaim(void)
{
    unsigned won = 0;
    uint32_t flags = spin_lock_irqsave(&caches_lock);

    list_for_each(node, &caches)
        won += slab_shrink(list_entry(node, struct slab_cache, all));
    spin_unlock_irqrestore(&caches_lock, flags);
    return won;
}

bool slab_stats(unsigned n, struct slab_stats *stats)
{
    bool found = false;
    uint32_t flags = spin_lock_irqsave(&caches_lock);

    list_for_each(node, &caches) {
        struct slab_cache *cache = list_entry(node, struct slab_cache, all);
        if (n-- > 0)
            continue;
        *stats = (struct slab_stats){
            .name = cache->name, .size = cache->size, .used = cache->used, .slabs = cache->slabs,
            .objects = cache->slabs * cache->per_slab, .pages = cache->slabs << cache->order,
        };
        found = true;
        break;
    }
    spin_unlock_irqrestore(&caches_lock, flags);
    return found;
}

/* Follow a slab's chain of free objects, believing nothing. Returns how many things are broken. */
static unsigned check_slab(const struct slab_cache *cache, struct page *slab, print_fn print)
{
    char *start = page_to_virt(slab);
    unsigned free = 0;

    for (char *object = slab->free; object; object = *link_of(cache, object)) {
        if (object < start || object >= start + slab_bytes(cache) || !at_object(cache, object)) {
            print("slab %s: slab %p: the chain of free objects leads to %p, which is none\n",
                   cache->name, start, object);
            return 1;
        }
        if (++free > cache->per_slab) {
            print("slab %s: slab %p: the chain of free objects runs in a circle\n", cache->name,
                   start);
            return 1;
        }
    }
    if (free + slab->in_use != cache->per_slab) {
        print("slab %s: slab %p: %u objects free and %u in use, of %u\n", cache->name, start, free,
               slab->in_use, cache->per_slab);
        return 1;
    }
    return 0;
}

/* Examine the slabs of one list: each must have from `low` to `high` objects in use. */
static unsigned check_list(const struct slab_cache *cache, const struct list *list, unsigned low,
                           unsigned high, unsigned *slabs, unsigned *used, print_fn print)
{
    unsigned broken = 0;

    list_for_each(node, list) {
        struct page *slab = list_entry(node, struct page, node);
        if (slab->state != PAGE_SLAB || slab->owner != cache || ++*slabs > cache->slabs) {
            print("slab %s: its lists hold what is none of its slabs\n", cache->name);
            return broken + 1;
        }
        if (slab->in_use < low || slab->in_use > high) {
            print("slab %s: slab %p is in the wrong list\n", cache->name, page_to_virt(slab));
            broken++;
        }
        *used += slab->in_use;
        broken += check_slab(cache, slab, print);
    }
    return broken;
}

static unsigned check_cache(struct slab_cache *cache, print_fn print)
{
    unsigned slabs = 0, used = 0, all = cache->per_slab;
    uint32_t flags = spin_lock_irqsave(&cache->lock);
    unsigned broken = check_list(cache, &cache->partial, 1, all - 1, &slabs, &used, print) +
                      check_list(cache, &cache->full, all, all, &slabs, &used, print) +
                      check_list(cache, &cache->empty, 0, 0, &slabs, &used, print);

    if (!broken && (slabs != cache->slabs || used != cache->used)) {
        print("slab %s: %u slabs and %u objects in use counted, %u and %u found\n", cache->name,
               cache->slabs, cache->used, slabs, used);
        broken++;
    }
    spin_unlock_irqrestore(&cache->lock, flags);
    return broken;
}

unsigned slab_check(print_fn print)
{
    unsigned broken = 0;
    uint32_t flags = spin_lock_irqsave(&caches_lock);

    list_for_each(node, &caches)
        broken += check_cache(list_entry(node, struct slab_cache, all), print);
    spin_unlock_irqrestore(&caches_lock, flags);
    return broken;
}
