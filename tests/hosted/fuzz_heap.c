/*
 * The kernel's heap and its object caches, as the fuzzer has them: see heap.c.
 */
#include "machine.h"
#include "heap.h"
#include "mm/kmalloc.h"
#include "mm/slab.h"

void *kmalloc(size_t n)
{
    return heap_take(16, n);
}

void *kzalloc(size_t n)
{
    void *p = heap_take(16, n);

    return p ? memset(p, 0, n) : NULL;
}

void kfree(void *p)
{
    heap_give(p);
}

void *krealloc(void *p, size_t n)
{
    return heap_move(p, n);
}

int slab_cache_init(struct slab_cache *cache, const char *name, size_t size, size_t align, void (*ctor)(void *))
{
    *cache = (struct slab_cache){ .name = name, .size = size, .stride = align ? align : 4, .ctor = ctor };
    return 0;
}

void *slab_alloc(struct slab_cache *cache)
{
    void *p = heap_take(cache->stride, cache->size);

    if (p && cache->ctor)
        cache->ctor(p);
    return p;
}

void slab_free(struct slab_cache *cache, void *p)
{
    (void)cache;
    heap_give(p);
}

void slab_init(void)
{
}

void kmalloc_init(const char *cmdline)
{
    (void)cmdline;
}
