/*
 * The registers of the paging hardware.
 */
#include "x86/paging.h"
#include "x86/cpu.h"

#define CPUID_PGE     (1u << 13)    /* function 1, EDX */
#define CR4_PGE       (1u << 7)
#define FLUSH_AT_ONCE 64            /* pages from which on forgetting everything is cheaper */

static void invlpg(uintptr_t va)
{
    __asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}

void tlb_flush(void)
{
    uint32_t cr4 = read_cr4();

    write_cr4(cr4 & ~CR4_PGE);      /* forgets the global ones, where there are any */
    write_cr3(read_cr3());
    write_cr4(cr4);
}

void tlb_invalidate(const pde_t *dir, uintptr_t va, size_t pages)
{
    if (va < KERNEL_BASE && read_cr3() != virt_to_phys(dir))
        return;                     /* not the space we run in: loading CR3 will do it */
    if (pages > FLUSH_AT_ONCE) {
        tlb_flush();
        return;
    }
    for (; pages; pages--, va += PAGE_SIZE)
        invlpg(va);
}

pte_t paging_use_global(void)
{
    if (!(cpuid_features() & CPUID_PGE))
        return 0;
    write_cr4(read_cr4() | CR4_PGE);
    return PTE_GLOBAL;
}

void paging_switch(const pde_t *dir)
{
    write_cr3(virt_to_phys(dir));
}

uintptr_t paging_fault_address(void)
{
    return read_cr2();
}
