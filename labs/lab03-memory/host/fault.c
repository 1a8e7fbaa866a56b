/*
 * Around mm/fault.c, with mm/space.c, cow.c, large.c and pagecache.c as they are given: any row of
 * areas and of faults in them. Frames, page tables and kmalloc are this folder's own.
 *
 * A case is a row of operations of seven words; a space is 0 (a program's), 1 (the kernel's) or the
 * number that a clone got.
 *      1 error va entry size               fault_describe   "describe RESULT TEXT" (hexadecimal)
 *      2 flags start                       fault_allowed    "allowed BITS", for the codes 0 to 31
 *      3 space va pages flags object index space_map        "map RESULT" (object: number + 1, or 0)
 *      4 space va error                    space_fault      "fault RESULT"
 *      5 space va value                    what the processor does on a write: "write ADDRESS"
 *      6 space va                          "look ENTRY REFS SUM FIRST WORD" of its page: FIRST
 *                                          is which word is the first that is not 0
 *      7 n                                 let so many allocations of frames succeed
 *      8 space                             space_clone      "clone SPACE"
 *      9 space                             space_destroy    "destroy"
 *     10                                   "frames OUT CACHED READS"
 *     11 object                            cache_truncate   "truncate"
 */
#include "fakes.h"
#include "frames.h"
#include "mm/cow.h"
#include "mm/fault.h"
#include "mm/kmalloc.h"
#include "mm/pagecache.h"
#include "x86/trap.h"

#define RAM        (40u << 20)
#define OBJECTS    4
#define LAST_PAGE  100              /* of an object: behind it, reading fails */
#define EIO        5
#define ENOMEM     12

pde_t early_page_directory[TABLE_SIZE] __attribute__((aligned(4096)));
paddr_t direct_map_end = RAM;
void (*trap_unhandled)(struct trapframe *tf);

static struct space *spaces[16];
static unsigned space_count;
static struct cache_object objects[OBJECTS];
static unsigned reads;

/* ---- mm/map */

static pte_t *find_entry(const pde_t *dir, uintptr_t va)
{
    struct page *table = phys_to_page(dir[va / LARGE_SIZE] & PTE_FRAME);

    if ((dir[va / LARGE_SIZE] & (PTE_PRESENT | PTE_LARGE)) != PTE_PRESENT || !table)
        return NULL;
    return (pte_t *)page_to_virt(table) + va % LARGE_SIZE / PAGE_SIZE;
}

pte_t *page_walk(pde_t *dir, uintptr_t va, bool create)
{
    if (create && !(dir[va / LARGE_SIZE] & PTE_PRESENT)) {
        struct page *table = alloc_zeroed_page();
        if (!table)
            return NULL;
        dir[va / LARGE_SIZE] = page_to_phys(table) + PTE_PRESENT + PTE_WRITE + PTE_USER;
    }
    return find_entry(dir, va);
}

pte_t page_lookup(const pde_t *dir, uintptr_t va)
{
    pte_t *entry = find_entry(dir, va);

    if (entry)
        return *entry & PTE_PRESENT ? *entry : 0;
    return dir[va / LARGE_SIZE] ? dir[va / LARGE_SIZE] + (va % LARGE_SIZE & PTE_FRAME) : 0;
}

int page_map(pde_t *dir, uintptr_t va, paddr_t pa, pte_t flags)
{
    if (page_lookup(dir, va))
        return -17;
    pte_t *entry = page_walk(dir, va, true);
    if (!entry)
        return -ENOMEM;
    *entry = pa + (flags | PTE_PRESENT);
    return 0;
}

pte_t page_unmap(pde_t *dir, uintptr_t va)
{
    pte_t *entry = find_entry(dir, va), was = entry ? *entry : 0;

    if (entry)
        *entry = 0;
    return was;
}

/* ---- the rest of what is around */

void *kmalloc(size_t n)
{
    return malloc(n);
}

void *kzalloc(size_t n)
{
    return memset(malloc(n), 0, n);
}

void kfree(void *p)
{
    free(p);
}

void tlb_invalidate(const pde_t *dir, uintptr_t va, size_t pages)
{
    (void)dir, (void)va, (void)pages;
}

void tlb_flush(void)
{
}

void paging_switch(const pde_t *dir)
{
    (void)dir;
}

uintptr_t paging_fault_address(void)
{
    return 0;
}

trap_handler trap_register(unsigned vector, trap_handler fn)
{
    (void)vector, (void)fn;
    return NULL;
}

bool trap_fix_up(struct trapframe *tf)
{
    (void)tf;
    return false;
}

const char *symbol_of(uint32_t address, uint32_t *offset)
{
    (void)address;
    *offset = 0;
    return NULL;
}

/* An object's page: each word is the object's number and the page's and its own. */
static int read_object(struct cache_object *object, uint32_t index, unsigned count, void *data)
{
    (void)count;                    /* 1: these objects say of no page that it may be read ahead */
    reads++;
    if (index >= LAST_PAGE)
        return -EIO;
    for (unsigned i = 0; i < PAGE_SIZE / 4; i++)
        ((uint32_t *)data)[i] = (uint32_t)(object - objects + 1) << 24 | index << 12 | i;
    return 0;
}

/* ---- the operations */

static void describe(uint32_t error, uintptr_t va, pte_t entry, size_t size)
{
    char *text = exact(size);

    memset(text, '?', size);
    printf("describe %d ", fault_describe(text, size, error, va, entry));
    for (size_t i = 0; i < size && text[i]; i++)
        printf("%02x", (uint8_t)text[i]);
    printf("\n");
}

static void allowed(unsigned flags, uintptr_t start)
{
    struct area area = { .start = start, .end = start + LARGE_SIZE, .flags = flags };

    printf("allowed ");
    for (uint32_t error = 0; error < 32; error++)
        printf("%u", !!fault_allowed(&area, error));
    printf("\n");
}

static void write_word(struct space *space, uintptr_t va, uint32_t value)
{
    pte_t *entry = find_entry(space->dir, va);
    pte_t seen = page_lookup(space->dir, va);

    if (!(seen & PTE_WRITE)) {
        printf("write -\n");
        return;
    }
    *(entry ? entry : &space->dir[va / LARGE_SIZE]) |= PTE_ACCESSED | PTE_DIRTY;
    *(uint32_t *)phys_to_virt((seen & PTE_FRAME) + va % PAGE_SIZE) = value;
    printf("write %x\n", (seen & PTE_FRAME) + va % PAGE_SIZE);
}

static void look(struct space *space, uintptr_t va)
{
    pte_t entry = page_lookup(space->dir, va);
    struct page *page = phys_to_page(entry & PTE_FRAME);
    uint32_t sum = 0, first = 0;

    if (!entry || !page) {
        printf("look %x - - - -\n", entry);
        return;
    }
    const uint32_t *words = page_to_virt(page);
    for (unsigned i = 0; i < PAGE_SIZE / 4; i++)
        sum += words[i] * (2 * i + 1);
    while (first < PAGE_SIZE / 4 - 1 && words[first] == 0)
        first++;
    if (entry & PTE_LARGE)
        page = phys_to_page(entry & ~(LARGE_SIZE - 1));
    printf("look %x %u %x %u %08x\n", entry, page->refs, sum, first, words[first]);
}

static unsigned add_space(struct space *space)
{
    spaces[space_count] = space;
    return space_count++;
}

static void frames_now(void)
{
    unsigned cached = 0;

    for (int i = 0; i < OBJECTS; i++)
        cached += objects[i].cached;
    printf("frames %u %u %u\n", frames_out, cached, reads);
}

static void operation(const uint32_t *w)
{
    struct space *space = spaces[w[0] >= 3 && w[0] <= 9 ? w[1] % 16 : 0];
    uintptr_t va = w[2];
    int result;

    switch (w[0]) {
    case 1:
        describe(w[1], w[2], w[3], w[4]);
        break;
    case 2:
        allowed(w[1], w[2]);
        break;
    case 3:
        result = space_map(space, &va, w[3] * PAGE_SIZE, w[4], w[5] ? &objects[w[5] - 1] : NULL,
                           w[6]);
        printf("map %d\n", result);
        break;
    case 4:
        result = space_fault(space, va, w[3]);
        check_interrupts("space_fault");
        printf("fault %d\n", result);
        break;
    case 5:
        write_word(space, va, w[3]);
        break;
    case 6:
        look(space, va);
        break;
    case 7:
        frames_limit(w[1]);
        break;
    case 8:
        printf("clone %u\n", add_space(space_clone(space)));
        break;
    case 9:
        space_destroy(space);
        printf("destroy\n");
        break;
    case 10:
        frames_now();
        break;
    case 11:
        cache_truncate(&objects[w[1]], 0);
        printf("truncate\n");
        break;
    }
}

static void one_case(void)
{
    static const struct cache_ops ops = { .read = read_object };
    uint32_t words[7];

    frames_init(RAM / PAGE_SIZE, 1);
    pagecache_init();
    for (int i = 0; i < OBJECTS; i++)
        objects[i].ops = &ops;
    add_space(space_create());
    add_space(&kernel_space);
    while (more()) {
        for (int i = 0; i < 7; i++)
            words[i] = word();
        operation(words);
    }
}

int main(void)
{
    ram_map(RAM, true);
    each_case(one_case);
    return 0;
}
