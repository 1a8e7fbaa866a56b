/*
 * The page cache: the one copy in memory of what files and the like hold, by (object, index).
 *
 * A cached page holds one count for the cache, one for each mapping, and one for each caller that
 * looks at it. Clean pages that only the cache holds are given back when memory is short, the ones
 * not used lately first (a clock).
 *
 * Whoever reads an object page by page has more and more of it read ahead, 2^CACHE_AHEAD pages at
 * most: a disk takes hardly longer for them.
 *
 * Whoever makes an object drops its pages (cache_truncate) before the object goes.
 */
#ifndef MM_PAGECACHE_H
#define MM_PAGECACHE_H

#include "mm/page.h"

#define CACHE_AHEAD 3               /* 8 pages, 32 KiB */

struct cache_object;

/* How an object's pages come and go; both may sleep, and are called for one page once at a time. */
struct cache_ops {
    /*
     * Fill `data` with `count` pages of the object from page `index` on: zeros where it has ended.
     * 0 or -ERRNO.
     */
    int (*read)(struct cache_object *object, uint32_t index, unsigned count, void *data);
    /*
     * Write it back. NULL if the object never does: its pages stay then, once dirty. 0 or -ERRNO.
     */
    int (*write)(struct cache_object *object, uint32_t index, const void *data);
    // lab 6 begin
    /*
     * An area maps the object now, or does not any more. Whoever holds it may give it back in any
     * order; release may sleep. NULL: it need not be held.
     */
    void (*hold)(struct cache_object *object);
    void (*release)(struct cache_object *object);
    /*
     * A program is about to write to the page by a shared mapping: see that it has a place to go
     * to. May sleep. 0 or -ERRNO. NULL: nobody need be asked, and that it is dirty is seen when it
     * is unmapped.
     */
    int (*will_write)(struct cache_object *object, uint32_t index);
    /* Everything dirty goes to where it stays: msync(2). NULL: nothing to do. */
    int (*sync)(struct cache_object *object);
    bool sized;                     /* pages from object->end on cannot be mapped */
    // lab 6 end
};

/* Part of whatever has pages in the cache: a vnode, say. */
struct cache_object {
    const struct cache_ops *ops;
    uint32_t cached;                /* its pages in the cache */
    uint32_t limit;                 /* above the highest index that was cached */
    uint32_t dirty_from, dirty_to;  /* the pages in [from, to) may be dirty, no others */
    uint32_t end;                   /* pages from here on are never read ahead; 0: none are */
    uint32_t next;                  /* the page that goes on where the last one read ended... */
    uint8_t ahead;                  /* ...and how many will be read then: 2^ahead */
    uint32_t mapped;                /* areas that map it, under mm/area's lock */      // lab 6
};

struct cache_stats {
    uint32_t pages, dirty;          /* now; dirty: of objects that are written back */
    uint32_t hits, misses, reclaimed;
};

/* Before the first object. Clean pages can be had back from here on. */
void pagecache_init(void);

/*
 * The object's page, read if it is not there. The caller gets a count and gives it back by
 * page_put(). What is in the page may be changed; call cache_dirty() afterwards.
 * Returns 0, -ENOMEM, or what the object's read returned.
 */
int cache_get(struct cache_object *object, uint32_t index, struct page **page);

/*
 * A page of the cache differs from the object now. For a page that has been truncated meanwhile,
 * nothing happens.
 */
void cache_dirty(struct page *page);

/*
 * Write the object's dirty pages back, in order. Returns 0 or the first error; what failed stays
 * dirty.
 */
int cache_sync(struct cache_object *object);

/*
 * Forget the object's pages from index `first` on, dirty or not. Who still holds one keeps it as
 * private memory; mappings lose it (lab 6).
 */
void cache_truncate(struct cache_object *object, uint32_t first);

/* How things stand. */
void cache_stats(struct cache_stats *stats);

/* Is the page being read or written? For those who wait. */
bool cache_busy(const struct page *page);

/*
 * How to wait for a page that somebody else is reading or writing: wait(page) returns when it may
 * be over, wake(page) is called when it is. Without them (there are no tasks yet) meeting such a
 * page is a panic.
 */
void cache_set_wait(void (*wait)(struct page *page), void (*wake)(struct page *page));

// lab 6 begin
/* Is the object's page in the cache, and readable? */
bool cache_has(struct cache_object *object, uint32_t index);

/*
 * What programs have mapped. clean(object): from here on, whoever writes to a page of it by a
 * mapping says so first by cache_dirty(); called before its dirty pages are written. forget(object,
 * first): take the pages from index `first` on out of all mappings. leave(): take all of them out,
 * to be missed again, since there is no memory; returns whether there were any. Set by mm/shared.
 */
void cache_set_mappings(void (*clean)(struct cache_object *object),
                        void (*forget)(struct cache_object *object, uint32_t first),
                        bool (*leave)(void));
// lab 6 end

#endif
