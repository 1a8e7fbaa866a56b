/*
 * Around mm/page.c: page_init on any memory map. What is not usable memory cannot be touched here.
 *
 * A case: kernel_start, kernel_end, and the entries of the map, each base, length (two words each)
 * and type. Prints where struct pages lie, how many and how large they are ("array"); page_stats's
 * numbers ("stats"); for each row of equal free blocks, in order, "block FRAME ORDER REFS BLOCKS";
 * and for each order "list ORDER BLOCKS", how many blocks the list holds in which the first one
 * stands ("broken" if that is no list).
 */
#include "fakes.h"
#include "boot/bootinfo.h"
#include "mm/page.h"

#define RAM (512u << 20)

static struct boot_info boot;

static uint64_t long_word(void)
{
    uint64_t low = word();

    return low | (uint64_t)word() << 32;
}

/* Let the whole frames of a usable range be touched. */
static void make_usable(uint64_t start, uint64_t stop)
{
    uint64_t first = (start + PAGE_SIZE - 1) >> PAGE_SHIFT, end = stop >> PAGE_SHIFT;

    if (end > RAM >> PAGE_SHIFT)
        end = RAM >> PAGE_SHIFT;
    if (first < end)
        ram_usable(first, end);
}

/* How many struct pages there are: phys_to_page tells by NULL. */
static uint32_t page_count(void)
{
    uint32_t n = 0;

    for (uint32_t bit = 1u << 19; bit; bit >>= 1)
        if (phys_to_page((n + bit - 1) << PAGE_SHIFT))
            n += bit;
    return n;
}

/* Whether p is some frame's node. */
static bool is_page(const struct list *node, uint32_t count)
{
    return (struct page *)node >= phys_to_page(0) && (struct page *)node < phys_to_page(0) + count;
}

/* Go round the list in which the block stands. */
static void print_list(struct page *page, uint32_t count)
{
    uint32_t found = 0, steps = 0;

    for (struct list *node = &page->node;;) {
        struct page *block = list_entry(node, struct page, node);
        found += is_page(node, count) && block->state == PAGE_FREE && block->order == page->order;
        if (!node->next || node->next->prev != node || ++steps > count + 1) {
            printf("list %u broken\n", page->order);
            return;
        }
        node = node->next;
        if (node == &page->node)
            break;
    }
    printf("list %u %u\n", page->order, found == steps - 1 ? found : 0);    /* but the head */
}

static void print_blocks(uint32_t count)
{
    struct page *first[PAGE_ORDER_MAX + 1] = { NULL }, *row = NULL;
    uint32_t n = 0;                         /* blocks of the row */

    for (uint32_t i = 0; i <= count; i++) {
        struct page *page = phys_to_page(i << PAGE_SHIFT);
        if (page && page->state != PAGE_FREE)
            continue;
        if (page && page->order <= PAGE_ORDER_MAX && !first[page->order])
            first[page->order] = page;
        if (page && row && row->order <= PAGE_ORDER_MAX && page == row + (n << row->order)
            && page->order == row->order && page->refs == row->refs) {
            n++;
            continue;
        }
        if (row)
            printf("block %u %u %u %u\n", page_to_phys(row) >> PAGE_SHIFT, row->order, row->refs,
                   n);
        row = page;
        n = 1;
    }
    for (unsigned order = 0; order <= PAGE_ORDER_MAX; order++)
        if (first[order])
            print_list(first[order], count);
}

static void one_case(void)
{
    struct page_stats stats;

    boot.kernel_start = word();
    boot.kernel_end = word();
    while (more()) {
        struct e820_entry *e = &boot.e820[boot.e820_count++];
        e->base = long_word();
        e->length = long_word();
        e->type = word();
        e->attributes = 1;
        if (e->type == E820_USABLE)
            make_usable(e->base, e->base + e->length);
    }
    page_init(&boot);
    check_interrupts("page_init");
    uint32_t count = page_count();
    printf("array %x %u %u\n", virt_to_phys(phys_to_page(0)), count, sizeof(struct page));
    page_stats(&stats);
    printf("stats %u %u %u", stats.usable, stats.free, stats.above);
    for (unsigned order = 0; order <= PAGE_ORDER_MAX; order++)
        printf(" %u", stats.blocks[order]);
    printf("\n");
    print_blocks(count);
}

int main(void)
{
    ram_map(RAM, false);
    each_case(one_case);
    return 0;
}
