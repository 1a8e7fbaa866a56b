/*
 * The paging hardware: the bits of its entries, the error code of its faults, and its registers.
 *
 * 32-bit paging: a page directory of 1024 entries, each for 4 MiB: a page table of 1024 entries for
 * 4 KiB each, or one large page. Intel SDM volume 3A, 4.3 and 4.7.
 */
#ifndef X86_PAGING_H
#define X86_PAGING_H

#include "x86/mmu.h"

typedef uint32_t paddr_t;           /* a physical address */
typedef uint32_t pde_t;             /* an entry of a page directory */
typedef uint32_t pte_t;             /* an entry of a page table */

#define PAGE_SHIFT  12
#define PAGE_SIZE   4096u
#define LARGE_SHIFT 22
#define LARGE_SIZE  0x400000u       /* what one directory entry stands for */
#define TABLE_SIZE  1024            /* entries of a directory or table */

/*
 * Both kinds of entries. The bits that both levels have are combined: writing takes PTE_WRITE in
 * both.
 */
#define PTE_PRESENT  0x001u
#define PTE_WRITE    0x002u
#define PTE_USER     0x004u         /* ring 3 may use it */
#define PTE_THROUGH  0x008u         /* write-through */
#define PTE_UNCACHED 0x010u         /* for device registers */
#define PTE_ACCESSED 0x020u         /* the processor sets it on the first use */
#define PTE_DIRTY    0x040u         /* and this on the first write */
#define PTE_LARGE    0x080u         /* directory entry: a 4 MiB page, no table */
#define PTE_GLOBAL   0x100u         /* stays in the TLB when CR3 is loaded */
#define PTE_COW      0x200u         /* ours (the processor ignores it): copy on the first write */
#define PTE_HIDDEN   0x400u         /* ours, where not present: it keeps a frame */    // lab 6
#define PTE_FRAME    0xfffff000u    /* the physical address in it */

/* The error code that a page fault pushes. */
#define FAULT_PRESENT  0x01u        /* the page is there, but not for this access */
#define FAULT_WRITE    0x02u
#define FAULT_USER     0x04u        /* in ring 3 */
#define FAULT_RESERVED 0x08u        /* an entry with a reserved bit set */

static inline unsigned pde_index(uintptr_t va)
{
    return va >> LARGE_SHIFT;
}

static inline unsigned pte_index(uintptr_t va)
{
    return va >> PAGE_SHIFT & (TABLE_SIZE - 1);
}

/* Where the kernel sees the physical address pa, below direct_map_end (mm/map.h). */
static inline void *phys_to_virt(paddr_t pa)
{
    return (void *)(uintptr_t)(pa + KERNEL_BASE);
}

/* The other way round. */
static inline paddr_t virt_to_phys(const void *p)
{
    return (uint32_t)(uintptr_t)p - KERNEL_BASE;
}

/* Fill `pages` pages with zeros, copy one: by the string instructions, which are made for that. */
static inline void page_clear(void *to, size_t pages)
{
    size_t words = pages * (PAGE_SIZE / 4);

    __asm__ volatile("rep stosl" : "+D"(to), "+c"(words) : "a"(0) : "memory");
}

static inline void page_copy(void *to, const void *from)
{
    size_t words = PAGE_SIZE / 4;

    __asm__ volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
}

/*
 * The processor keeps translations in its TLB and does not notice when a table changes: forget
 * those of `pages` pages from va on, in the address space of `dir`. Every change of an entry that
 * was present needs this; one that was not present is not kept.
 */
void tlb_invalidate(const pde_t *dir, uintptr_t va, size_t pages);

/* Forget all translations, the global ones too. */
void tlb_flush(void);

/*
 * Use PTE_GLOBAL from here on, if the CPU has it. Returns PTE_GLOBAL or 0: what to put into the
 * kernel's entries.
 */
pte_t paging_use_global(void);

/* Run in the address space of `dir`. */
void paging_switch(const pde_t *dir);

/* The address whose use made the last page fault. */
uintptr_t paging_fault_address(void);

#endif
