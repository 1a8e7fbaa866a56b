/*
 * Shared memory without a file: MAP_SHARED with MAP_ANONYMOUS. It belongs to all who
 * inherit it, and goes with the last of them.
 */
#ifndef MM_ANON_H
#define MM_ANON_H

#include "mm/pagecache.h"

/*
 * An object of so many pages, which begin as zeros, charged as mm/commit wants it, with a count of
 * 1 for the caller: object_release() (mm/area.h) gives it back. Returns 0 or -ENOMEM.
 */
int anon_create(uint32_t pages, struct cache_object **object);

#endif
