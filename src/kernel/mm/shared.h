/*
 * Shared mappings of objects that must know who writes: files.
 *
 * A page is entered read-only at first. The first write to it faults, and only then the object is
 * asked for a place, the page becomes dirty, and the entry writable. Before dirty pages are
 * written back, all entries become read-only again. So the cache knows of each dirty page at once,
 * a write after the page has gone to the disk is a new one, and a file's times are right; it costs
 * one fault a page and write-back. (The other way would be to look for the processor's dirty bits
 * in all spaces before each write-back: no faults, but nobody would know when to write, and a full
 * disk would be noticed when it is too late to tell the program.)
 */
#ifndef MM_SHARED_H
#define MM_SHARED_H

#include "mm/pagecache.h"
#include "mm/space.h"

/* Look after mappings when their objects are written back or cut short. After pagecache_init(). */
void shared_init(void);

/* Does the area, which may be NULL, map an object that must know of writes, and allow them? */
static inline bool shared_must_know(const struct area *area)
{
    return area && (area->flags & AREA_SHARED) && (area->flags & AREA_WRITE)
           && area->object->ops->will_write;
}

/*
 * A write to va, which is in such an area, has faulted: tell the object, and let it write. Returns
 * 0: try again; -ENXIO: behind the object's end; or what its will_write or read returned.
 */
int shared_fault(struct space *space, uintptr_t va);

/*
 * A fault at va has found no memory: no program maps the page cache's pages any more, so that it
 * can give them back; those that it uses fault again. If the caller holds no lock of a file system
 * (may_write), what is dirty there is written. Returns whether there were any. May sleep.
 */
bool shared_make_room(struct space *space, uintptr_t va, bool may_write);

#endif
