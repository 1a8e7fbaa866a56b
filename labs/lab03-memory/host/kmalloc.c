/*
 * Around mm/kmalloc.c: object caches and frames are this folder's own. An object lies alone in its
 * frames, at some multiple of its size, and what is around it is watched: without AddressSanitizer
 * only the frame behind, so two of three objects lie at the very end.
 *
 * A case is a row of operations of four words. Blocks have numbers; their bytes are filled with
 * the number's low byte.
 *     1 block n           kmalloc            "block ADDRESS SIZE", or "block -"; SIZE: heap_size's;
 *                                            "block ADDRESS stray" if that is no allocated memory
 *     2 block n           kzalloc            the same; "block ADDRESS SIZE dirty" if it is not zero
 *     3 block n align     kmalloc_aligned    the same
 *     4 block n           krealloc           the same, and "lost" if it does not hold what it held
 *     5 block             kfree              "free BYTE" or "free mixed"
 *     6 address           kfree of an address, from the start of memory on    "freed"
 *     7 n                 let so many allocations of frames succeed
 *     8                   "frames OUT"
 *     9 block n           kfree of the address n bytes behind the block's, also if it was freed
 */
#include "fakes.h"
#include "frames.h"
#include "debug/panic.h"
#include "mm/kmalloc.h"
#include "mm/slab.h"

#define RAM    (48u << 20)
#define BLOCKS 4096

int vsnprintf(char *to, size_t size, const char *format, va_list args);

bool heap_debug;

static struct {
    uint8_t *address, *last;                /* now, and the last one that was not NULL */
    size_t size;
} blocks[BLOCKS];
static unsigned places;                     /* where in its frames the next object will lie */

/* ---- mm/slab */

void slab_init(void)
{
}

int slab_cache_init(struct slab_cache *cache, const char *name, size_t size, size_t align,
                    void (*ctor)(void *))
{
    *cache = (struct slab_cache){ .name = name, .size = size, .stride = size, .ctor = ctor,
                                  .order = page_order(size) };
    return size == 0 || size > PAGE_SIZE || align > size ? -22 : 0;
}

struct slab_cache *slab_create(const char *name, size_t size, size_t align, void (*ctor)(void *))
{
    struct slab_cache *cache = malloc(sizeof(*cache));

    return slab_cache_init(cache, name, size, align, ctor) == 0 ? cache : NULL;
}

void *slab_alloc(struct slab_cache *cache)
{
    if (cache->size == 0)
        panic("slab_alloc: this cache was never made");
    struct page *page = alloc_pages(cache->order);
    if (!page)
        return NULL;
    page->state = PAGE_SLAB;
    page->owner = cache;
    unsigned fit = PAGE_SIZE / cache->size, place = places++ % 3 ? fit - 1 : places / 3 % fit;
    page->free = page_to_virt(page) + place * cache->size;
    ram_forbid(page_to_virt(page), PAGE_SIZE);
    ram_allow(page->free, cache->size);
    cache->used++;
    return page->free;
}

void slab_free(struct slab_cache *cache, void *object)
{
    struct page *page = virt_to_page(object);

    if (!page || page->state != PAGE_SLAB || page->owner != cache || page->free != object)
        panic("slab_free(%s): %p is no object", cache->name, object);
    page->state = PAGE_USED;
    cache->used--;
    free_pages(page, cache->order);
}

unsigned slab_shrink(struct slab_cache *cache)
{
    (void)cache;
    return 0;
}

unsigned slab_reclaim(void)
{
    return 0;
}

/* ---- mm/heapdebug, which is off, and lib/printf */

void heapdebug_init(const char *cmdline)
{
    (void)cmdline;
}

void *heapdebug_alloc(size_t n, size_t align, const void *caller)
{
    (void)n, (void)align, (void)caller;
    return NULL;
}

void *heapdebug_realloc(void *p, size_t n, const void *caller)
{
    (void)p, (void)n, (void)caller;
    return NULL;
}

void heapdebug_free(void *p, const void *caller)
{
    (void)p, (void)caller;
}

/* ---- the operations */

static bool holds(const uint8_t *p, size_t n, int byte)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] != byte)
            return false;
    return true;
}

static void print_block(unsigned i, uint8_t *p, size_t n, const char *wrong)
{
    if (!p) {
        printf("block -\n");
        return;
    }
    if (!frames_own(p, n)) {
        printf("block %x stray\n", (uintptr_t)p - KERNEL_BASE);
        return;
    }
    size_t size = heap_size(p);
    printf("block %x %u%s\n", (uintptr_t)p - KERNEL_BASE, size, wrong);
    if (size < n)
        return;
    memset(p, i, n);
    blocks[i].address = blocks[i].last = p;
    blocks[i].size = n;
}

static void operation(uint32_t what, uint32_t a, uint32_t b, uint32_t c)
{
    uint8_t *p;
    size_t kept;

    switch (what) {
    case 1:
        print_block(a, kmalloc(b), b, "");
        break;
    case 2:
        p = kzalloc(b);
        print_block(a, p, b, !p || !frames_own(p, b) || holds(p, b, 0) ? "" : " dirty");
        break;
    case 3:
        print_block(a, kmalloc_aligned(b, c), b, "");
        break;
    case 4:
        kept = b < blocks[a].size ? b : blocks[a].size;
        p = krealloc(blocks[a].address, b);
        print_block(a, p, b, !p || !frames_own(p, b) || holds(p, kept, a & 0xff) ? "" : " lost");
        break;
    case 5:
        p = blocks[a].address;
        printf(!p || holds(p, blocks[a].size, a & 0xff) ? "free kept\n" : "free mixed\n");
        kfree(p);
        blocks[a].address = NULL;
        break;
    case 6:
        kfree((void *)(uintptr_t)(KERNEL_BASE + a));
        printf("freed\n");
        break;
    case 7:
        frames_limit(a);
        break;
    case 8:
        printf("frames %u\n", frames_out);
        break;
    case 9:
        kfree(blocks[a].last + b);
        printf("freed\n");
        break;
    }
}

static void one_case(void)
{
    frames_init(RAM / PAGE_SIZE, 1);
    kmalloc_init("");
    while (more()) {
        uint32_t what = word(), a = word(), b = word();
        operation(what, a, b, word());
        check_interrupts("the heap's function");
    }
}

int main(void)
{
    ram_map(RAM, true);
    each_case(one_case);
    return 0;
}
