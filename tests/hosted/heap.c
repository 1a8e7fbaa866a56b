/*
 * The kernel's heap and its object caches on the host's malloc, in place of mm/kmalloc.c and mm/slab.c: AddressSanitizer
 * then watches each object by itself, and what was never freed can be counted.
 */
#include <stdlib.h>
#include <string.h>
#include "heap.h"

unsigned heap_blocks, heap_fail_at;

static int fails(void)
{
    return heap_fail_at && --heap_fail_at == 0;
}

void *heap_take(size_t align, size_t n)
{
    void *p = NULL;

    if (n > 4u << 20 || fails() || posix_memalign(&p, align < sizeof(void *) ? sizeof(void *) : align, n ? n : 1))
        return NULL;
    memset(p, 0xa5, n);
    heap_blocks++;
    return p;
}

void *heap_move(void *p, size_t n)
{
    if (fails())
        return NULL;
    heap_blocks += !p;
    return realloc(p, n);
}

void heap_give(void *p)
{
    if (p)
        heap_blocks--;
    free(p);
}
