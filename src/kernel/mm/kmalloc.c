/*
 * The heap.
 */
#include "mm/kmalloc.h"
#include "debug/panic.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/heapdebug.h"
#include "mm/page.h"
#include "mm/slab.h"

#define STEP 16                     /* all classes are multiples of it */

/* The classes: each power of two and what lies halfway to the next, so that little is wasted. */
static const uint16_t class_size[] = {
    16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, KMALLOC_CLASS_MAX,
};

static struct slab_cache classes[ARRAY_SIZE(class_size)];
static uint8_t class_of[KMALLOC_CLASS_MAX / STEP + 1];  /* by bytes / STEP, rounded up */

/* The owner of pages that are blocks of the heap themselves. */
static char large;

void *heap_alloc(size_t n, size_t align)
{
    // exercise 3.8 begin: the smallest class that fits and is aligned; above the classes, pages
    if (n <= KMALLOC_CLASS_MAX && align <= KMALLOC_CLASS_MAX) {
        unsigned class = class_of[(n + STEP - 1) / STEP];
        while (class_size[class] & (align - 1))     /* an object is aligned as its size is */
            class++;
        return slab_alloc(&classes[class]);
    }
    struct page *page = alloc_pages(page_order(n > align ? n : align));
    if (!page)
        return NULL;
    page->owner = &large;
    return page_to_virt(page);
    // exercise 3.8 stub
    // (void)n, (void)align, (void)class_of, (void)large;
    // return NULL;
    // exercise 3.8 end
}

/* The pages that begin at p, if they are a block of the heap; else panics. */
static struct page *large_block(const char *what, void *p)
{
    struct page *page = virt_to_page(p);

    if (!page || page->state != PAGE_USED || page->owner != &large || page_to_virt(page) != p)
        panic("%s: %p is not a block of the heap, or free already", what, p);
    return page;
}

size_t heap_size(void *p)
{
    // exercise 3.8 begin: the size of its class, or of its pages
    struct page *page = virt_to_page(p);

    if (page && page->state == PAGE_SLAB)
        return ((struct slab_cache *)page->owner)->size;
    return (size_t)PAGE_SIZE << large_block("heap_size", p)->order;
    // exercise 3.8 stub
    // (void)p;
    // return 0;
    // exercise 3.8 end
}

void heap_free(void *p)
{
    // exercise 3.8 begin: what p is says the struct page of the frame in which it lies
    struct page *page = virt_to_page(p);

    if (page && page->state == PAGE_SLAB) {
        slab_free(page->owner, p);
    } else {
        page = large_block("kfree", p);
        free_pages(page, page->order);
    }
    // exercise 3.8 stub
    // (void)p, (void)large_block;
    // exercise 3.8 end
}

static void *heap_realloc(void *p, size_t n)
{
    // exercise 3.8 begin: p where n bytes fit; else a new block, the contents; the old one goes
    if (!p)
        return heap_alloc(n, KMALLOC_ALIGN);
    size_t size = heap_size(p);
    if (n <= size)
        return p;
    void *moved = heap_alloc(n, KMALLOC_ALIGN);
    if (moved) {
        memcpy(moved, p, size);
        heap_free(p);
    }
    return moved;
    // exercise 3.8 stub
    // (void)p, (void)n;
    // return NULL;
    // exercise 3.8 end
}

/* Whoever called kmalloc() and the like is who will be named for this block. */
static void *allocate(size_t n, size_t align, const void *caller)
{
    return heap_debug ? heapdebug_alloc(n, align, caller) : heap_alloc(n, align);
}

void *kmalloc(size_t n)
{
    return allocate(n, KMALLOC_ALIGN, __builtin_return_address(0));
}

void *kzalloc(size_t n)
{
    void *p = allocate(n, KMALLOC_ALIGN, __builtin_return_address(0));

    if (p)
        memset(p, 0, n);
    return p;
}

void *kmalloc_aligned(size_t n, size_t align)
{
    if (align == 0 || (align & (align - 1)) != 0)
        return NULL;
    return allocate(n, align > KMALLOC_ALIGN ? align : KMALLOC_ALIGN, __builtin_return_address(0));
}

void *krealloc(void *p, size_t n)
{
    if (heap_debug)
        return heapdebug_realloc(p, n, __builtin_return_address(0));
    return heap_realloc(p, n);
}

void kfree(void *p)
{
    if (!p)
        return;
    if (heap_debug)
        heapdebug_free(p, __builtin_return_address(0));
    else
        heap_free(p);
}

void kmalloc_init(const char *cmdline)
{
    static char names[ARRAY_SIZE(class_size)][16];

    slab_init();
    for (unsigned i = 0; i < ARRAY_SIZE(class_size); i++) {
        snprintf(names[i], sizeof(names[i]), "kmalloc-%u", class_size[i]);
        slab_cache_init(&classes[i], names[i], class_size[i], 0, NULL);
    }
    for (unsigned i = 0, class = 0; i < ARRAY_SIZE(class_of); i++) {
        if (i * STEP > class_size[class])
            class++;
        class_of[i] = class;
    }
    heapdebug_init(cmdline);
}
