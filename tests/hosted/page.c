/*
 * mm/page against a model that knows of each frame who has it: random storms, odd memory maps, what must panic; and, of
 * a block of 16 frames, every sequence of up to DEPTH calls (the argument, 5 if there is none).
 */
#include "machine.h"
#include "sync/spinlock.h"

#define FRAMES 4096                 /* 16 MiB */
#define SLOTS  400

static uint16_t model[FRAMES];      /* who has the frame: a slot + 1; FREE, or NOBODY: not the allocator's */
enum { FREE = 0xfffe, NOBODY = 0xffff };

static struct slot {
    struct page *page;
    unsigned order;
} slots[SLOTS];

/*
 * Fill the model from the memory map: whole usable frames, but not the BIOS's, the kernel's, the array's. Returns how
 * many there are.
 */
static uint32_t model_init(uint32_t array_start, uint32_t array_end)
{
    uint32_t free = 0;

    for (uint32_t f = 0; f < FRAMES; f++) {
        uint32_t start = f * PAGE_SIZE, end = start + PAGE_SIZE;
        bool usable = false;
        for (unsigned i = 0; i < machine.boot.e820_count; i++) {
            struct e820_entry *e = &machine.boot.e820[i];
            usable |= e->type == E820_USABLE && e->base <= start && end <= e->base + e->length;
        }
        usable &= f != 0 && !(f >= array_start && f < array_end) &&
                  !(end > machine.boot.kernel_start && start < machine.boot.kernel_end);
        model[f] = usable ? FREE : NOBODY;
        free += usable;
    }
    return free;
}

static uint32_t frame_of(struct page *page)
{
    CHECK(page_to_phys(page) % PAGE_SIZE == 0, "address");
    return page_to_phys(page) / PAGE_SIZE;
}

/* Hand a block to a slot, or back: each frame must be in the right hands before. */
static void move(uint32_t frame, unsigned order, uint16_t from, uint16_t to)
{
    CHECK(frame % (1u << order) == 0, "frame %u is not aligned to order %u", frame, order);
    for (uint32_t f = frame; f < frame + (1u << order); f++) {
        CHECK(f < FRAMES && model[f] == from, "frame %u belongs to %u, not to %u", f, model[f], from);
        model[f] = to;
    }
}

static uint32_t *last_word(struct slot *s)
{
    return (uint32_t *)((char *)page_to_virt(s->page) + (PAGE_SIZE << s->order)) - 1;
}

/* Returns false if there was no such block. */
static bool take(struct slot *s, unsigned order)
{
    s->page = alloc_pages(order);
    s->order = order;
    IDLE();
    if (!s->page)
        return false;
    move(frame_of(s->page), order, FREE, s - slots + 1);
    CHECK(s->page->refs == 1 && s->page->owner == NULL && s->page->order == order, "struct page");
    CHECK(virt_to_page(page_to_virt(s->page)) == s->page && phys_to_page(page_to_phys(s->page)) == s->page, "there and back");
    *(uint32_t *)page_to_virt(s->page) = *last_word(s) = frame_of(s->page) ^ 0x55555555;
    return true;
}

static void give(struct slot *s)
{
    uint32_t frame = frame_of(s->page), value = frame ^ 0x55555555;

    CHECK(*(uint32_t *)page_to_virt(s->page) == value && *last_word(s) == value, "frame %u was overwritten", frame);
    move(frame, s->order, s - slots + 1, FREE);
    switch (check_random(3)) {
    case 0:
        free_pages(s->page, s->order);
        break;
    case 1:
        page_put(s->page);
        break;
    default:
        page_split(s->page);
        for (unsigned i = 0; i < 1u << s->order; i++)
            free_page(s->page + (i ^ 1) % (1u << s->order));
    }
    IDLE();
    s->page = NULL;
}

static uint32_t free_in_model(void)
{
    uint32_t free = 0;

    for (uint32_t f = 0; f < FRAMES; f++)
        free += model[f] == FREE;
    return free;
}

/* Is there a free block of this order? With all buddies joined, there is if the frames are free. */
static bool block_in_model(unsigned order, uint32_t frames)
{
    for (uint32_t f = 0; f + (1u << order) <= frames; f += 1u << order) {
        uint32_t n = 0;
        while (n < 1u << order && model[f + n] == FREE)
            n++;
        if (n == 1u << order)
            return true;
    }
    return false;
}

static void boot_holes(void)
{
    machine_memory(FRAMES * PAGE_SIZE);
    machine_e820(true, 0, 0x9fc00, E820_USABLE);
    machine_e820(false, 0x100000, 0x3f0800, E820_USABLE);       /* ends in the middle of a frame */
    machine_e820(false, 0x500010, 0x2ff000, E820_USABLE);       /* begins and ends in one */
    machine_e820(false, 0x7ff010, 0x1000, 2);
    machine_e820(false, 0x900000, 0x700000, E820_USABLE);       /* has a block of the largest order */
    machine.boot.kernel_start = 0x100000;
    machine.boot.kernel_end = 0x180123;
    page_init(&machine.boot);
}

/* Where the array of struct page is, found by address: frame 0's is its beginning. */
static uint32_t array_start(void)
{
    return virt_to_phys(phys_to_page(0)) / PAGE_SIZE;
}

static void test_storm(void)
{
    struct page_stats before, after;

    boot_holes();
    uint32_t start = array_start(), end = (virt_to_phys(phys_to_page(0xfff000) + 1) + PAGE_SIZE - 1) / PAGE_SIZE;
    uint32_t free = model_init(start, end);
    page_stats(&before);
    CHECK(before.free == free && before.usable == free, "%u frames are free, %u say the statistics", free, before.free);

    for (int round = 0; round < 6; round++) {
        for (int i = 0; i < 3000; i++) {
            struct slot *s = &slots[check_random(SLOTS)];
            unsigned order = check_random(check_random(12) + 1);
            if (s->page)
                give(s);
            else if (!take(s, order))
                CHECK(order > PAGE_ORDER_MAX || !block_in_model(order, FRAMES), "no block of order %u found", order);
            if (i % 64 == 0)
                CHECK(machine_free() == free_in_model(), "%u free, %u in the model", machine_free(), free_in_model());
        }
        for (struct slot *s = slots; s < &slots[SLOTS]; s++)
            if (s->page)
                give(s);
        page_stats(&after);
        CHECK(memcmp(&before, &after, sizeof(before)) == 0, "round %d: not all blocks joined again", round);
    }
}

/* Every frame once, and back in another order. */
static void test_exhaust(void)
{
    static struct slot *order[FRAMES], all[FRAMES];
    struct page_stats before, after;
    unsigned n = 0;

    boot_holes();
    page_stats(&before);
    while ((all[n].page = alloc_page())) {
        *(uint32_t *)page_to_virt(all[n].page) = n;
        order[n] = &all[n];
        n++;
    }
    CHECK(n == before.free, "%u of %u frames were to be had", n, before.free);
    CHECK(machine_free() == 0 && !alloc_pages(0) && !alloc_pages(PAGE_ORDER_MAX + 1) && !alloc_zeroed_page(), "empty");
    IDLE();
    for (unsigned i = n; i-- > 0;) {
        unsigned j = check_random(i + 1);
        struct slot *s = order[j];
        order[j] = order[i];
        CHECK(*(uint32_t *)page_to_virt(s->page) == (uint32_t)(s - all), "two have one frame");
        free_page(s->page);
    }
    page_stats(&after);
    CHECK(memcmp(&before, &after, sizeof(before)) == 0, "not all blocks joined again");
}

/* Random maps: exactly the whole usable frames are there. */
static void test_map(void)
{
    uint64_t at = 0;

    machine_memory(FRAMES * PAGE_SIZE);
    machine.boot.e820_count = 0;
    machine_e820(true, 0, at = check_random(2) ? 0x9fc00 : 0xa0000, E820_USABLE);
    for (int i = check_random(8); i >= 0 && at < 0xe00000; i--) {
        uint64_t start = at + (check_random(3) ? check_random(0x40000) : 0), length = 0x4000 + check_random(0x300000);
        if (i == 0)
            length = 0x40000 + check_random(0x100000);          /* room for the array */
        at = start + length;
        bool usable = i == 0 || check_random(3);
        machine_e820(false, start + usable, length - usable, usable ? E820_USABLE : 2);     /* two usable ones never touch */
    }
    machine_e820(false, 0x38000000 - 0x10000000 * check_random(2), 0x40000000ull, 2);
    if (check_random(2))
        machine_e820(false, 0x100000000ull, 0x80000000ull, E820_USABLE);
    machine.boot.kernel_start = 0x1000 + check_random(0x20000);
    machine.boot.kernel_end = machine.boot.kernel_start + 1 + check_random(0x8000);
    page_init(&machine.boot);

    struct page_stats stats;
    page_stats(&stats);
    uint32_t start = array_start(), count = 0;
    while (count < 0x38000 && phys_to_page(count * PAGE_SIZE))
        count++;
    uint32_t free = model_init(start, start + (count * sizeof(struct page) + PAGE_SIZE - 1) / PAGE_SIZE);
    bool above = machine.boot.e820[machine.boot.e820_count - 1].type == E820_USABLE;
    if (!above)
        CHECK(stats.free == free, "%u frames free, %u in the model", stats.free, free);
    CHECK(stats.above == (above ? 0x80000000u / PAGE_SIZE : 0), "%u above", stats.above);
    for (struct page *p; (p = alloc_page());)
        move(frame_of(p), 0, FREE, 1);
    CHECK(free_in_model() == 0, "%u frames are missing", free_in_model());
}

/* More memory than the direct map reaches: its descriptors end there, and the rest is told. */
static void test_large(void)
{
    struct page_stats stats;

    machine_memory(FRAMES * PAGE_SIZE);
    machine_e820(true, 0x100000, 0x7ff00000, E820_USABLE);
    machine.boot.kernel_start = 0x100000;
    machine.boot.kernel_end = 0x200000;
    page_init(&machine.boot);
    page_stats(&stats);
    CHECK(phys_to_page(LOWMEM_END - 1) && !phys_to_page(LOWMEM_END), "the descriptors' end");
    CHECK(stats.above == 0x80000 - 0x38000, "%u above", stats.above);
    CHECK(stats.usable == 0x38000 - 0x200 - 0x38000 * sizeof(struct page) / PAGE_SIZE, "%u usable", stats.usable);
    CHECK(strstr(machine.log, "1152 MiB at or above 896 MiB are not used"), "the log says: %s", machine.log);
}

static void test_panics(void)
{
    machine_boot(0x1000000);
    struct page *p = alloc_pages(3), *q = alloc_page();
    uint32_t free = machine_free();

    EXPECT_PANIC("not the start of a block", free_page(p + 1));
    EXPECT_PANIC("of another order", free_pages(p, 2));
    EXPECT_PANIC("not the start of a block", free_page(phys_to_page(0x100000)));
    page_get(p);
    EXPECT_PANIC("in use", free_pages(p, 3));
    page_put(p);
    CHECK(p->refs == 1 && machine_free() == free, "page_put with another holder");
    page_put(p);
    CHECK(machine_free() == free + 8, "the last page_put");
    EXPECT_PANIC("frame", free_pages(p, 3));
    free_page(q);
    EXPECT_PANIC("frame", free_page(q));
    CHECK(!phys_to_page(0x1000000) && !virt_to_page((void *)0x1000) && !virt_to_page(NULL), "no frame of ours");

    struct page *zeroed = alloc_zeroed_page();
    for (unsigned i = 0; i < PAGE_SIZE; i++)
        CHECK(((char *)page_to_virt(zeroed))[i] == 0, "byte %u of a zeroed page", i);
    CHECK(page_order(0) == 0 && page_order(4096) == 0 && page_order(4097) == 1 && page_order(1 << 22) == PAGE_ORDER_MAX &&
          page_order((1 << 22) + 1) == PAGE_ORDER_MAX + 1 && page_order(-1) == PAGE_ORDER_MAX + 1, "page_order");
}

static struct page *kept[4];

static unsigned reclaim(void)
{
    CHECK(machine_lock_count == 0 && !irq_enabled(), "reclaim is called with a lock, or interrupts are on");
    for (int i = 0; i < 4; i++) {
        if (kept[i]) {
            free_page(kept[i]);
            kept[i] = NULL;
            return 1;
        }
    }
    return 0;
}

/* Asked for memory, it takes as often as it must; and gives up when nothing comes. */
static void test_reclaim(void)
{
    machine_boot(0x1000000);
    while ((kept[0] = alloc_page()) && (kept[0] - phys_to_page(0)) % 4)
        ;
    for (int i = 1; i < 4; i++)
        kept[i] = kept[0] + i;
    while (alloc_page())            /* the three too, in whatever order */
        ;
    page_add_reclaim(reclaim);
    CHECK(alloc_pages(1) && kept[1] == NULL && kept[2], "two buddies were enough");
    IDLE();
    CHECK(!alloc_pages(2) && !kept[3], "all was asked for");
    CHECK(alloc_pages(1) && !alloc_page(), "what it gave is there");
    IDLE();
}

/* Exhaustively: a call is an order (allocate), or 8 + the frame of a block (free it). */
#define SMALL 16

static struct page *first;
static unsigned long sequences;

static void replay(const uint8_t *calls, unsigned n)
{
    struct page_stats stats;
    struct page *blocks[SMALL] = { NULL };
    uint8_t order[SMALL];
    unsigned used = 0;

    for (uint32_t f = 0; f < SMALL; f++)
        model[f] = FREE;
    for (unsigned i = 0; i < n; i++) {
        if (calls[i] >= 8) {
            unsigned f = calls[i] - 8;
            free_pages(blocks[f], order[f]);
            blocks[f] = NULL;
            used -= 1u << order[f];
            move(f, order[f], f, FREE);
        } else {
            bool possible = block_in_model(calls[i], SMALL);
            struct page *page = alloc_pages(calls[i]);
            CHECK(!page == !possible, "order %u: %s", calls[i], possible ? "not found" : "from nowhere");
            if (!page)
                continue;
            unsigned f = page - first;
            move(f, calls[i], FREE, f);
            blocks[f] = page;
            order[f] = calls[i];
            used += 1u << order[f];
        }
        page_stats(&stats);
        CHECK(stats.free == SMALL - used, "%u free, not %u", stats.free, SMALL - used);
    }
    for (unsigned f = 0; f < SMALL; f++)
        if (blocks[f])
            free_pages(blocks[f], order[f]);
    page_stats(&stats);
    CHECK(stats.blocks[4] == 1 && stats.free == SMALL, "not all joined again");
    sequences++;
}

/* All continuations of the first n calls; `live` has a bit for each frame where a block begins. */
static void explore(uint8_t *calls, unsigned n, unsigned depth)
{
    uint16_t holders[SMALL];

    replay(calls, n);
    if (n == depth)
        return;
    memcpy(holders, model, sizeof(holders));
    for (unsigned order = 0; order <= 4; order++) {
        calls[n] = order;
        explore(calls, n + 1, depth);
    }
    for (unsigned f = 0; f < SMALL; f++) {
        if (holders[f] == f) {
            calls[n] = 8 + f;
            explore(calls, n + 1, depth);
        }
    }
}

static unsigned depth = 5;

static void test_every_sequence(void)
{
    uint8_t calls[16];

    machine_memory(0x400000);
    machine_e820(true, 0x100000, 0x110000, E820_USABLE);
    machine.boot.kernel_start = 0x100000;
    machine.boot.kernel_end = 0x1fc000;             /* four frames for the array, then the sixteen */
    page_init(&machine.boot);
    first = phys_to_page(0x200000);
    CHECK(machine_free() == SMALL, "%u frames", machine_free());
    explore(calls, 0, depth);
    if (depth > 5)
        printf("  page: %lu sequences of up to %u calls\n", sequences, depth);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        depth = atoi(argv[1]);
    for (unsigned seed = 1; seed <= 3; seed++) {
        machine_test("storm", test_storm, seed);
        machine_test("exhaust", test_exhaust, seed);
    }
    for (unsigned seed = 1; seed <= 40; seed++)
        machine_test("map", test_map, seed);
    machine_test("large", test_large, 1);
    machine_test("panics", test_panics, 1);
    machine_test("reclaim", test_reclaim, 1);
    machine_test("every sequence", test_every_sequence, 1);
    return 0;
}
