/*
 * Around mm/map.c: page tables in 16 frames of memory, of which every word that changes is told.
 *
 * A case: the frame of the directory, then operations of four words:
 *     1 address value           write a word of memory
 *     2 va create               page_walk         "walk ENTRY" (physical) or "walk -"
 *     3 va pa flags             page_map          "map RESULT"
 *     4 va                      page_unmap        "unmap ENTRY"
 *     5 frame                   have it for the next table
 *     6 frame                   fill it with zeros
 * Before the answer come, in order, "alloc FRAME", "free FRAME", and "tlb DIR VA PAGES ENTRY" for
 * each call of tlb_invalidate, ENTRY being the one that stood at the operation's va by then ("tlb
 * all ENTRY" for tlb_flush and paging_switch); behind it "word ADDRESS VALUE" for each word of
 * memory that has changed.
 */
#include "fakes.h"
#include "mm/map.h"
#include "mm/page.h"

#define FRAMES 16
#define RAM    (FRAMES * PAGE_SIZE)

pde_t early_page_directory[TABLE_SIZE];

static struct page frames[FRAMES];
static uint32_t spare[FRAMES], spares;      /* frames for alloc_page, the last one first */
static uint32_t before[RAM / 4];            /* memory as it was at the last look */
static pde_t *dir;
static uintptr_t place;                     /* the operation's va */

/* ---- mm/page: what page tables may be made of */

struct page *alloc_pages(unsigned order)
{
    if (order > 0 || spares == 0) {
        printf("alloc -\n");
        return NULL;
    }
    printf("alloc %u\n", spare[--spares]);
    return &frames[spare[spares]];
}

struct page *alloc_page(void)
{
    return alloc_pages(0);
}

struct page *alloc_zeroed_page(void)
{
    struct page *page = alloc_pages(0);

    if (page)
        memset(page_to_virt(page), 0, PAGE_SIZE);
    return page;
}

void free_pages(struct page *page, unsigned order)
{
    (void)order;
    printf("free %u\n", (unsigned)(page - frames));
    spare[spares++] = page - frames;
}

void free_page(struct page *page)
{
    free_pages(page, 0);
}

void page_put(struct page *page)
{
    free_pages(page, 0);
}

paddr_t page_to_phys(const struct page *page)
{
    return (page - frames) << PAGE_SHIFT;
}

void *page_to_virt(const struct page *page)
{
    return phys_to_virt(page_to_phys(page));
}

struct page *phys_to_page(paddr_t pa)
{
    return pa < RAM ? &frames[pa >> PAGE_SHIFT] : NULL;
}

struct page *virt_to_page(const void *p)
{
    return phys_to_page(virt_to_phys(p));
}

/* ---- x86/paging.c */

static pte_t entry_by_now(void)
{
    pde_t pde = dir[pde_index(place)];
    const pte_t *entry = phys_to_virt((pde & PTE_FRAME) + pte_index(place) * 4);

    return (pde & PTE_PRESENT) && virt_to_phys(entry) < RAM ? *entry : 0;
}

void tlb_invalidate(const pde_t *of, uintptr_t va, size_t pages)
{
    printf("tlb %x %x %x %x\n", virt_to_phys(of), va, pages, entry_by_now());
}

void tlb_flush(void)
{
    printf("tlb all %x\n", entry_by_now());
}

void paging_switch(const pde_t *to)
{
    (void)to;
    tlb_flush();
}

pte_t paging_use_global(void)
{
    return 0;
}

/* ---- the operations */

/* Tell which words of memory are others than at the last look. */
static void print_changes(void)
{
    const uint32_t *now = phys_to_virt(0);

    for (uint32_t i = 0; i < RAM / 4; i++) {
        if (now[i] != before[i])
            printf("word %x %x\n", i * 4, now[i]);
        before[i] = now[i];
    }
}

static void walk(uintptr_t va, bool create)
{
    pte_t *entry = page_walk(dir, va, create);

    if (entry)
        printf("walk %x\n", virt_to_phys(entry));
    else
        printf("walk -\n");
}

static void operation(uint32_t what, uint32_t a, uint32_t b, uint32_t c)
{
    place = a;
    switch (what) {
    case 1:
        *(uint32_t *)phys_to_virt(a) = before[a / 4] = b;
        return;
    case 2:
        walk(a, b);
        break;
    case 3:
        printf("map %d\n", page_map(dir, a, b, c));
        break;
    case 4:
        printf("unmap %x\n", page_unmap(dir, a));
        break;
    case 5:
        spare[spares++] = a;
        return;
    case 6:
        memset(phys_to_virt(a << PAGE_SHIFT), 0, PAGE_SIZE);
        memset(&before[a * TABLE_SIZE], 0, PAGE_SIZE);
        return;
    }
    print_changes();
}

static void one_case(void)
{
    uint32_t *memory = phys_to_virt(0);

    /* Garbage, at both ends of each frame, too; few words, as each that changes is told. */
    for (uint32_t i = 0; i < RAM / 4; i++)
        if (i % 16 == 0 || i % 16 == 15)
            memory[i] = before[i] = 0x5a5a5a5a;     /* an entry that is not present */
    dir = phys_to_virt(word() << PAGE_SHIFT);
    while (more()) {
        uint32_t what = word(), a = word(), b = word();
        operation(what, a, b, word());
    }
}

int main(void)
{
    ram_map(RAM, true);
    each_case(one_case);
    return 0;
}
