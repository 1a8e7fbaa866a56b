/*
 * Walking page tables, and building the kernel's.
 */
#include "mm/map.h"
#include "abi/errno.h"
#include "debug/log.h"
#include "mm/page.h"

/* Borders in the kernel's image. Without our linker script only _etext is there. */
extern char _start[], _etext[];
extern char _erodata[] __attribute__((weak));

paddr_t direct_map_end = EARLY_BYTES;

/* For the 4 MiB in which the kernel lies: here pages differ. */
static pte_t image_table[TABLE_SIZE] __attribute__((aligned(4096)));

pte_t *page_walk(pde_t *dir, uintptr_t va, bool create)
{
    // exercise 3.3 begin: find va's page table, or make it if create is set; return va's entry
    pde_t *pde = &dir[pde_index(va)];

    if (!(*pde & PTE_PRESENT)) {
        struct page *table = create ? alloc_zeroed_page() : NULL;
        if (!table)
            return NULL;
        *pde = page_to_phys(table) | PTE_PRESENT | PTE_WRITE | (va < KERNEL_BASE ? PTE_USER : 0);
    }
    if (*pde & PTE_LARGE)
        return NULL;
    return (pte_t *)phys_to_virt(*pde & PTE_FRAME) + pte_index(va);
    // exercise 3.3 stub
    // (void)dir, (void)va, (void)create;
    // return NULL;
    // exercise 3.3 end
}

int page_map(pde_t *dir, uintptr_t va, paddr_t pa, pte_t flags)
{
    // exercise 3.4 begin: enter the mapping; never replace one (-EEXIST); no memory: -ENOMEM
    if (page_lookup(dir, va))
        return -EEXIST;
    pte_t *pte = page_walk(dir, va, true);
    if (!pte)
        return -ENOMEM;
    *pte = pa | flags | PTE_PRESENT;
    return 0;
    // exercise 3.4 stub
    // (void)dir, (void)va, (void)pa, (void)flags;
    // return -ENOSYS;
    // exercise 3.4 end
}

pte_t page_unmap(pde_t *dir, uintptr_t va)
{
    // exercise 3.4 begin: clear the entry, make the processor forget it, and return what it was
    pte_t *pte = page_walk(dir, va, false);

    if (!pte || !(*pte & PTE_PRESENT))
        return 0;
    pte_t was = *pte;
    *pte = 0;
    tlb_invalidate(dir, va, 1);
    return was;
    // exercise 3.4 stub
    // (void)dir, (void)va;
    // return 0;
    // exercise 3.4 end
}

pte_t page_lookup(const pde_t *dir, uintptr_t va)
{
    pde_t pde = dir[pde_index(va)];

    if (!(pde & PTE_PRESENT))
        return 0;
    if (pde & PTE_LARGE)
        return pde + (pte_index(va) << PAGE_SHIFT);
    pte_t pte = ((const pte_t *)phys_to_virt(pde & PTE_FRAME))[pte_index(va)];
    return pte & PTE_PRESENT ? pte : 0;
}

/* Is the frame at pa all code and constants of the kernel? */
static bool is_read_only(paddr_t pa)
{
    return virt_to_phys(_start) <= pa
           && pa + PAGE_SIZE <= virt_to_phys(_erodata ? _erodata : _etext);
}

/* The kernel's half, in the directory in use; `end` is the end of low memory. */
static void build_kernel_half(pde_t *dir, paddr_t end, pte_t global)
{
    // exercise 3.5 begin: image_table for the first 4 MiB, large pages up to end, nothing else
    for (unsigned i = 0; i < TABLE_SIZE; i++) {
        paddr_t pa = i << PAGE_SHIFT;
        image_table[i] = pa | PTE_PRESENT | global | (is_read_only(pa) ? 0 : PTE_WRITE);
    }
    for (unsigned i = 0; i < TABLE_SIZE; i++) {
        paddr_t pa = (i << LARGE_SHIFT) - KERNEL_BASE;      /* below KERNEL_BASE: beyond any end */
        dir[i] = pa < end ? pa | PTE_PRESENT | PTE_WRITE | PTE_LARGE | global : 0;
    }
    dir[pde_index(KERNEL_BASE)] = virt_to_phys(image_table) | PTE_PRESENT | PTE_WRITE;
    tlb_flush();
    // exercise 3.5 stub
    // (void)global, (void)image_table, (void)is_read_only;
    // for (paddr_t pa = EARLY_BYTES; pa < end; pa += LARGE_SIZE)
        // dir[pde_index(KERNEL_BASE + pa)] = pa | PTE_PRESENT | PTE_WRITE | PTE_LARGE;
    // exercise 3.5 end
}

void kernel_map_init(const struct boot_info *boot)
{
    uint64_t end = 0;

    for (unsigned i = 0; i < boot->e820_count; i++)
        if (boot->e820[i].type == E820_USABLE && boot->e820[i].base < LOWMEM_END)
            end = boot->e820[i].base + boot->e820[i].length;
    direct_map_end = end < LOWMEM_END ? (end + LARGE_SIZE - 1) & ~(LARGE_SIZE - 1ull) : LOWMEM_END;
    build_kernel_half(kernel_directory, direct_map_end, paging_use_global());
}
