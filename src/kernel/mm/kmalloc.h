/*
 * The heap: memory of any size for the kernel itself.
 *
 * Up to KMALLOC_CLASS_MAX bytes come from object caches (mm/slab), one for each of a few sizes;
 * more from whole pages (mm/page), up to 4 MiB. All of it is contiguous in physical memory.
 * Callable from interrupts; never sleeps.
 *
 * The word heap=debug on the kernel's command line switches mm/heapdebug on, which watches how the
 * heap is used; blocks are larger then, and the largest possible is a little less than 4 MiB.
 */
#ifndef MM_KMALLOC_H
#define MM_KMALLOC_H

#include "lib/types.h"

#define KMALLOC_ALIGN     16        /* every block's address is a multiple of it */
#define KMALLOC_CLASS_MAX 2048

/* After page_init(). Looks for heap=debug in the command line. */
void kmalloc_init(const char *cmdline);

/*
 * Allocate n bytes; what is in them is undefined. kmalloc(0) returns a block of its own like any
 * other, of which no byte may be used. Returns NULL if there is no memory, or if n is more than any
 * block holds. For kfree().
 */
void *kmalloc(size_t n);

/* The same, filled with zeros. */
void *kzalloc(size_t n);

/* The same as kmalloc(), at a multiple of `align`: a power of two up to 4 MiB, else NULL. */
void *kmalloc_aligned(size_t n, size_t align);

/*
 * Change the size of p, from one of these functions, to n bytes, which may move it: it keeps what
 * it holds, as far as n reaches, but not an alignment above KMALLOC_ALIGN. NULL for p makes a new
 * block; n = 0 frees nothing. Returns where it is now, or NULL for want of memory: p is as it was.
 */
void *krealloc(void *p, size_t n);

/* Free a block; NULL does nothing. Panics if p is no block of the heap, or known to be free. */
void kfree(void *p);

/*
 * The same without the watch of mm/heapdebug, which is built upon these. `align` is a power of two,
 * KMALLOC_ALIGN or more. heap_size: how many bytes a block has, at least as many as were asked for.
 */
void *heap_alloc(size_t n, size_t align);
void heap_free(void *p);
size_t heap_size(void *p);

#endif
