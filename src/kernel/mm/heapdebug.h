/*
 * A watch over how the heap is used: mm/kmalloc calls it when heap=debug is on the command line.
 *
 * Each block gets a header with the places that allocated and freed it, and red zones around it.
 * Its memory is filled with HEAP_FRESH before use and with HEAP_FREED after it. Freed blocks are
 * kept back for a while, in which they can still be recognised.
 *
 * What is wrong is found when a block is freed or leaves that quarantine, and by the monitor's
 * heapcheck. The first is reported and then a panic; reports name the call sites.
 */
#ifndef MM_HEAPDEBUG_H
#define MM_HEAPDEBUG_H

#include "debug/log.h"

#define HEAP_FRESH 0xa5             /* memory that nobody has written yet */
#define HEAP_FREED 0x5a
#define HEAP_RED   0xbd             /* the red zones */

/* Whether all this is on. It never changes after heapdebug_init(). */
extern bool heap_debug;

/* Switch it on if the command line says heap=debug; says so in the log. */
void heapdebug_init(const char *cmdline);

/* What kmalloc(), krealloc() and kfree() do then, for the one who called from `caller`. */
void *heapdebug_alloc(size_t n, size_t align, const void *caller);
void *heapdebug_realloc(void *p, size_t n, const void *caller);
void heapdebug_free(void *p, const void *caller);

/* Examine all blocks, used and kept back. Prints what is broken; returns how many are. */
unsigned heapdebug_check(print_fn print);

/*
 * Give the freed blocks that are kept back to the heap; returns how many. Called by alloc_pages()
 * when memory is short.
 */
unsigned heapdebug_flush(void);

#endif
