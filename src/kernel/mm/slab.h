/*
 * Object caches: memory for structures of one size each.
 *
 * A cache takes blocks of pages from mm/page, its slabs, and cuts each into objects. It gets its
 * memory by whole slabs, gives back slabs whose objects are all free, and keeps one such for the
 * next request. Callable from interrupts; never sleeps. For memory of any size see mm/kmalloc.
 *
 * A slab's state lies in the struct page of its first frame: `free`, the first free object in it,
 * `in_use`, how many are not, and `node`, its place in one of the cache's three lists. A free
 * object holds the address of the next one in its link. If the cache has a constructor, objects
 * stay as constructed while they are free, so the link lies behind the object, not in it.
 *
 * Bonwick, "The Slab Allocator" (USENIX Summer 1994).
 */
#ifndef MM_SLAB_H
#define MM_SLAB_H

#include "debug/log.h"
#include "lib/list.h"
#include "sync/spinlock.h"

struct slab_cache {
    const char *name;
    size_t size;                    /* of an object, as its user knows it */
    size_t stride;                  /* from one object to the next: with its link, aligned */
    size_t link;                    /* from an object to its link */
    void (*ctor)(void *object);     /* or NULL */
    unsigned order;                 /* a slab has 2^order pages... */
    unsigned per_slab;              /* ...and so many objects */
    struct spinlock lock;           /* of what follows, the slabs' struct page, the links */
    struct list partial;            /* slabs with free objects and used ones */
    struct list full;               /* all used */
    struct list empty;              /* all free; between calls at most one slab */
    unsigned slabs;                 /* in the three lists */
    unsigned used;                  /* objects in use, in all of them */
    struct list all;                /* place in the list of all caches */
};

struct slab_stats {
    const char *name;
    size_t size;                    /* of an object */
    unsigned used, objects;         /* in use, and altogether */
    unsigned slabs, pages;
};

/* Before the first cache is made, after page_init(). */
void slab_init(void);

/*
 * Make a cache of objects of `size` bytes, each at a multiple of `align`, a power of two (0: of 4).
 * ctor, if not NULL, is called once for each object when its slab is made; whoever frees an object
 * must leave it as constructed. `name` is not copied.
 * Returns the cache, for slab_destroy(), or NULL: no memory, or no such objects can be made.
 */
struct slab_cache *slab_create(const char *name, size_t size, size_t align, void (*ctor)(void *));

/* The same in memory of the caller's, for good. Returns 0 or -EINVAL. */
int slab_cache_init(struct slab_cache *cache, const char *name, size_t size, size_t align,
                    void (*ctor)(void *));

/* Give all of the cache back; panics if objects are in use. */
void slab_destroy(struct slab_cache *cache);

/*
 * Allocate an object: as constructed or left by slab_free(), or without a constructor of undefined
 * content. Returns NULL if there is no memory for a new slab.
 */
void *slab_alloc(struct slab_cache *cache);

/*
 * Free an object. Panics if it is none of the cache's, or if it is seen to be free already (when it
 * was the last one freed in its slab, or all are free).
 */
void slab_free(struct slab_cache *cache, void *object);

/* Give the cache's empty slab back. Returns the frames won: 0 if there is none. */
unsigned slab_shrink(struct slab_cache *cache);

/* The same for all caches. Called by alloc_pages() when memory is short. */
unsigned slab_reclaim(void);

/* Describe the n-th cache, from 0 on. Returns false if there are not so many. */
bool slab_stats(unsigned n, struct slab_stats *stats);

/*
 * Examine all slabs: lists, counts, the chains of free objects. Prints a line for each thing that
 * is broken. Returns how many are.
 */
unsigned slab_check(print_fn print);

#endif
