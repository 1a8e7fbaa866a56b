/*
 * Page tables: finding, making and undoing the mapping of a page; and the kernel's own half of
 * every address space.
 *
 * A directory is given by its address in the direct map. Whoever calls these for one directory
 * locks it (mm/space does). Frames are not counted here: the caller owns what it maps, and what
 * page_unmap hands back.
 *
 * Intel SDM volume 3A, 4.3 (translation) and 4.10 (the TLB); handouts/reference/page-layout.md.
 */
#ifndef MM_MAP_H
#define MM_MAP_H

#include "boot/bootinfo.h"
#include "x86/paging.h"

#define DEVICE_BASE 0xf8000000u     /* from here up: the kernel's, for what is not plain memory */

/*
 * The kernel's own directory, into which the early one grows. Its entries from KERNEL_BASE on are
 * those of every address space.
 */
extern pde_t early_page_directory[TABLE_SIZE];
#define kernel_directory early_page_directory

/* The end of the direct map: physical memory below it is at KERNEL_BASE + its address. */
extern paddr_t direct_map_end;

/*
 * Where the entry for va is. If its page table is missing and `create` is set, a zeroed one is
 * allocated and entered, with every permission, so that the table's own entries decide (but
 * PTE_USER only below KERNEL_BASE). Returns NULL if there is no table (create: no memory for one),
 * or if a large page is in its place.
 */
pte_t *page_walk(pde_t *dir, uintptr_t va, bool create);

/*
 * Map the page at va to the frame at pa; `flags` are PTE_ bits, PTE_PRESENT goes without saying.
 * Returns 0, -EEXIST if va is mapped already (also by a large page): that mapping stays; -ENOMEM.
 */
int page_map(pde_t *dir, uintptr_t va, paddr_t pa, pte_t flags);

/*
 * Take the mapping of the page at va away, and tell the TLB. Returns the entry that stood there, so
 * that its frame can be given back and its dirty bit looked at; 0 if va was not mapped by a 4 KiB
 * page.
 */
pte_t page_unmap(pde_t *dir, uintptr_t va);

/*
 * What va is mapped to: the entry that a 4 KiB page there would have, also inside a large page
 * (PTE_LARGE stays set then, to tell the two apart); 0 if va is not mapped.
 */
pte_t page_lookup(const pde_t *dir, uintptr_t va);

/*
 * Build the kernel's half in the directory that we run on, and leave only it: the direct map of all
 * memory below LOWMEM_END, the kernel's code and constants read-only. From here on a NULL pointer
 * faults.
 */
void kernel_map_init(const struct boot_info *boot);

#endif
