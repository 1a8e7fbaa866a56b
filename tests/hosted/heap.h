/*
 * What stands behind the kernel's heap in fuzz.c, see heap.c.
 */
#ifndef HEAP_H
#define HEAP_H

#include <stddef.h>

extern unsigned heap_blocks;            /* taken and not given back */
extern unsigned heap_fail_at;           /* so many more are taken, and one fails then; 0: none */

/* n bytes of garbage at a multiple of align, or NULL; one of n bytes instead of p, as realloc(3). */
void *heap_take(size_t align, size_t n);
void *heap_move(void *p, size_t n);
void heap_give(void *p);

#endif
