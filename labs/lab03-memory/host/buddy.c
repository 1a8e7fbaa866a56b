/*
 * Around mm/page.c's allocator: any row of allocations and frees, from a state made here, so that
 * page_init need not work yet. For that it looks at the file's own variables.
 *
 * A case: how many frames there are, how many ranges of them are free, these as [first, end); then
 * operations of four words; a slot is where an allocated block is kept. Prints for each its answer
 * and the counts, "FREE B0 ... B10":
 *     1 slot order         alloc_pages         "a FRAME" or "a -"
 *     2 slot               free_pages of what is there, if something is     "f"
 *     3 slot offset order  free_pages of a frame in it                      "f"
 *     4 slot               page_get                                         "g"
 *     5                    all free blocks, "block FRAME ORDER" each, "s"
 *     6 frame order        free_pages of any frame                          "f"
 */
#include "fakes.h"
#include "mm/page.c"

#define SLOTS 8192

static struct page *slots[SLOTS];

/* List [first, end) in the largest blocks. */
static void fill(uint32_t first, uint32_t end)
{
    while (first < end) {
        unsigned order = 0;
        while (order < PAGE_ORDER_MAX && first % (2u << order) == 0 && first + (2u << order) <= end)
            order++;
        list_block(&pages[first], order);
        stats.usable += 1u << order;
        stats.free += 1u << order;
        first += 1u << order;
    }
}

static void make_state(void)
{
    page_count = word();
    pages = malloc((page_count + 1) * sizeof(*pages));
    memset(pages, 0, (page_count + 1) * sizeof(*pages));
    /* Whoever looks behind the end finds the last block's buddy there, free. */
    struct page *behind = &pages[page_count];
    behind->state = PAGE_FREE;
    while (behind->order < PAGE_ORDER_MAX && !(page_count >> behind->order & 1))
        behind->order++;
    list_init(&behind->node);
    for (unsigned order = 0; order <= PAGE_ORDER_MAX; order++)
        list_init(&free_list[order]);
    for (uint32_t n = word(); n; n--) {
        uint32_t first = word();
        fill(first, word());
    }
}

static void print_blocks(void)
{
    for (uint32_t i = 0; i < page_count; i++) {
        struct page *page = &pages[i];
        if (page->state != PAGE_FREE)
            continue;
        bool in_list = page->node.next && page->node.next->prev == &page->node
                       && page->node.prev->next == &page->node && page->node.next != &page->node;
        printf("block %u %u%s\n", i, page->order, in_list ? "" : " in no list");
    }
}

static void allocate(unsigned slot, unsigned order)
{
    struct page *page = slots[slot] = alloc_pages(order);

    check_interrupts("alloc_pages");
    if (!page)
        printf("a -");
    else if (page->state != PAGE_USED || page->order != order || page->refs != 1 || page->owner)
        printf("a %u wrong", (unsigned)(page - pages));
    else
        printf("a %u", (unsigned)(page - pages));
}

static void give_back(struct page *page, unsigned order)
{
    free_pages(page, order);
    check_interrupts("free_pages");
    printf("f");
}

static void operation(uint32_t what, uint32_t a, uint32_t b, uint32_t c)
{
    struct page_stats now;

    switch (what) {
    case 1:
        allocate(a, b);
        break;
    case 2:
        if (slots[a])
            give_back(slots[a], slots[a]->order);
        else
            printf("f");
        break;
    case 3:
        if (slots[a])
            give_back(slots[a] + b, c);
        else
            printf("f");
        break;
    case 4:
        if (slots[a])
            page_get(slots[a]);
        printf("g");
        break;
    case 5:
        print_blocks();
        printf("s");
        break;
    case 6:
        give_back(&pages[a], b);
        break;
    }
    page_stats(&now);
    printf(" %u", now.free);
    for (unsigned order = 0; order <= PAGE_ORDER_MAX; order++)
        printf(" %u", now.blocks[order]);
    printf("\n");
}

static void one_case(void)
{
    make_state();
    while (more()) {
        uint32_t what = word(), a = word(), b = word();
        operation(what, a, b, word());
    }
}

int main(void)
{
    each_case(one_case);
    return 0;
}
