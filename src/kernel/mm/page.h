/*
 * Physical pages: a binary buddy allocator over the memory map.
 *
 * Owns every usable frame below LOWMEM_END from page_init() on. Knows nothing of virtual addresses
 * beyond the fixed direct map: mm/map turns a frame into a mapping. Callable from interrupts; never
 * sleeps.
 *
 * Free memory is kept in blocks of 2^order frames, each aligned to its own size. The two halves of
 * a block are buddies: a request splits a larger block into them, and they join again when both are
 * free.
 *
 * Knuth, The Art of Computer Programming 1, 2.5 (buddy system).
 */
#ifndef MM_PAGE_H
#define MM_PAGE_H

#include "boot/bootinfo.h"
#include "lib/list.h"
#include "x86/paging.h"

#define PAGE_ORDER_MAX 10           /* the largest block: 1024 frames, 4 MiB */
#define LOWMEM_END     0x38000000u  /* 896 MiB: what the direct map has room for */

enum page_state {
    PAGE_NONE,                      /* not usable, or inside a block: its first frame says which */
    PAGE_FREE,                      /* first frame of a free block, in its order's list */
    PAGE_USED,                      /* first frame of an allocated block */
    PAGE_SLAB,                      /* any frame of a block that mm/slab has cut into objects */
};

/*
 * One for each frame below the end of memory; 24 bytes. While a block is allocated, node and what
 * follows state belong to its owner.
 */
struct page {
    struct list node;               /* while free: in the list of its order */
    uint32_t refs;                  /* holders of the block; 0 while free */
    uint8_t order;                  /* of the block that begins here */
    uint8_t state;                  /* enum page_state */
    union {
        uint16_t in_use;            /* mm/slab: objects; mm/space: present entries of a table */
        uint16_t flags;             /* mm/pagecache */
    };
    void *owner;                    /* slab: the cache; pagecache: the object; else NULL */
    union {
        void *free;                 /* mm/slab: the first free object in it */
        uint32_t index;             /* mm/pagecache: which page of the object */
    };
};

struct page_stats {
    uint32_t usable;                /* frames that were ever given to the allocator */
    uint32_t free;
    uint32_t above;                 /* usable by the memory map, but at or above LOWMEM_END */
    uint32_t blocks[PAGE_ORDER_MAX + 1];    /* free blocks of each order */
};

/*
 * Take over the memory that `boot` calls usable, without frame 0 (the BIOS's interrupt table), the
 * kernel's image, and the array of struct page, for which it finds room itself behind the kernel;
 * panics if there is none.
 */
void page_init(const struct boot_info *boot);

/*
 * Allocate 2^order contiguous frames (0 <= order <= PAGE_ORDER_MAX), aligned to their own size.
 * Returns the first frame's struct page, its count at 1, owner NULL, or NULL when no block of that
 * order is left, even after asking for clean memory back. What is in the memory is undefined.
 */
struct page *alloc_pages(unsigned order);
/* The same for one frame. */
struct page *alloc_page(void);
/* The same, filled with zeros. */
struct page *alloc_zeroed_page(void);

/*
 * Give a block back; its count must be 1, its order that of the allocation. Panics if it is not
 * allocated: freed twice, not the beginning of a block, or never the allocator's.
 */
void free_pages(struct page *page, unsigned order);
void free_page(struct page *page);

/* One holder more. */
void page_get(struct page *page);
/* One holder less; the last one frees the block. */
void page_put(struct page *page);

// lab 6 begin
/*
 * The same for the frames of n page-table entries, all at once; entries that are 0 do not count.
 * pages_put() frees none: it moves the entries whose frames the caller was the last holder of to
 * the front and returns how many they are, for page_put().
 */
void pages_get(const pte_t *entries, unsigned n);
unsigned pages_put(pte_t *entries, unsigned n);

// lab 6 end
/*
 * Make an allocated block into single frames, each with the count that the block had; from now on
 * they are freed one by one.
 */
void page_split(struct page *page);

/*
 * From frames to addresses and back. phys_to_page and virt_to_page return NULL for what is no frame
 * of ours.
 */
paddr_t page_to_phys(const struct page *page);
void *page_to_virt(const struct page *page);
struct page *phys_to_page(paddr_t pa);
struct page *virt_to_page(const void *p);

/* The smallest order whose blocks hold n bytes; PAGE_ORDER_MAX + 1 if none does. */
unsigned page_order(size_t n);

/* How things stand. */
void page_stats(struct page_stats *stats);

#define PAGE_RECLAIMERS 4

/*
 * Have `fn` called when no block is left, to free some: it returns how many frames it gave back, 0
 * if it cannot. Called with interrupts off, without the allocator's lock; it must not allocate.
 * At most PAGE_RECLAIMERS functions; the first is asked first.
 */
void page_add_reclaim(unsigned (*fn)(void));

#endif
