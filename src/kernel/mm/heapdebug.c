/*
 * The watched heap, and the monitor's commands about it.
 *
 * In memory: struct block, the user's bytes, a red zone; all in one block of mm/kmalloc's heap.
 */
#include "mm/heapdebug.h"
#include "debug/monitor.h"
#include "debug/panic.h"
#include "debug/symbols.h"
#include "lib/cmdline.h"
#include "lib/list.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "mm/page.h"
#include "mm/slab.h"

#define RED_BYTES        20         /* of a red zone */
#define QUARANTINE_BYTES 0x20000u   /* so much freed memory is kept back */
#define BLOCK_MAX        ((size_t)PAGE_SIZE << PAGE_ORDER_MAX)
#define BLOCK_LIVE       0x4556494cu     /* "LIVE" in memory */
#define BLOCK_FREED      0x44414544u     /* "DEAD" */
#define SITES            64         /* call sites that `leaks` can tell apart */

/* Lies before the user's bytes; a multiple of KMALLOC_ALIGN long. */
struct block {
    struct list node;               /* in `live` or `quarantine` */
    uint32_t state;                 /* BLOCK_LIVE or BLOCK_FREED */
    size_t size;                    /* the user's bytes */
    void *heap;                     /* the heap's block that holds all this */
    const void *allocated, *freed;  /* from where */
    uint8_t red[RED_BYTES];
};

bool heap_debug;

static struct spinlock lock;
static struct list live, quarantine;        /* oldest first */
static size_t kept_back;                    /* bytes in the quarantine */

void heapdebug_init(const char *cmdline)
{
    char value[8];

    list_init(&live);
    list_init(&quarantine);
    heap_debug = cmdline_find(cmdline, "heap", value, sizeof(value)) && strcmp(value, "debug") == 0;
    if (!heap_debug)
        return;
    page_add_reclaim(heapdebug_flush);
    kprintf(LOG_INFO, "heap: red zones, poison and call sites are on\n");
}

static uint8_t *bytes_of(struct block *b)
{
    return (uint8_t *)(b + 1);
}

static void print_site(print_fn print, const char *what, const void *address)
{
    uint32_t offset;
    const char *name = symbol_of((uint32_t)(uintptr_t)address, &offset);

    if (name)
        print("heap:   %s at %p %s+0x%x\n", what, address, name, offset);
    else
        print("heap:   %s at %p\n", what, address);
}

static void print_block(print_fn print, struct block *b, const char *what)
{
    print("heap: block %p of %u bytes: %s\n", bytes_of(b), b->size, what);
    print_site(print, "allocated", b->allocated);
    if (b->state == BLOCK_FREED)
        print_site(print, "freed", b->freed);
}

/* Whether n bytes hold `value` as they should; if not, tells of the first that does not. */
static bool intact(print_fn print, struct block *b, const uint8_t *p, size_t n, uint8_t value,
                   const char *what)
{
    size_t i = 0;

    while (i < n && p[i] == value)
        i++;
    if (i == n)
        return true;
    print_block(print, b, what);
    print("heap:   byte %d of it is %02x, not %02x\n", (int)(p + i - bytes_of(b)), p[i], value);
    return false;
}

/* Whether nothing was written where nobody may; tells what was. */
static bool check_block(print_fn print, struct block *b)
{
    return (intact(print, b, b->red, RED_BYTES, HEAP_RED, "written before its start") &
            intact(print, b, bytes_of(b) + b->size, RED_BYTES, HEAP_RED, "written past its end") &
            (b->state == BLOCK_LIVE ||
             intact(print, b, bytes_of(b), b->size, HEAP_FREED, "written after it was freed")));
}

/* Whether there can be a list's head or a block's node at p. */
static bool is_node(const struct list *p)
{
    return p == &live || p == &quarantine || ((uintptr_t)p % KMALLOC_ALIGN == 0 && virt_to_page(p));
}

/* Whether this can be a block, whatever has been written there: believe nothing. */
static bool plausible(struct block *b)
{
    return is_node(&b->node) && (b->state == BLOCK_LIVE || b->state == BLOCK_FREED) &&
           b->size <= BLOCK_MAX && virt_to_page(bytes_of(b) + b->size + RED_BYTES - 1) &&
           is_node(b->node.next) && b->node.next->prev == &b->node &&
           is_node(b->node.prev) && b->node.prev->next == &b->node;
}

void *heapdebug_alloc(size_t n, size_t align, const void *caller)
{
    if (n > BLOCK_MAX || align > BLOCK_MAX)
        return NULL;
    size_t offset = (sizeof(struct block) + align - 1) & ~(align - 1);
    char *heap = heap_alloc(offset + n + RED_BYTES, align);
    if (!heap && heapdebug_flush())
        heap = heap_alloc(offset + n + RED_BYTES, align);
    if (!heap)
        return NULL;
    struct block *b = (struct block *)(heap + offset) - 1;
    *b = (struct block){ .state = BLOCK_LIVE, .size = n, .heap = heap, .allocated = caller };
    memset(b->red, HEAP_RED, RED_BYTES);
    memset(bytes_of(b), HEAP_FRESH, n);
    memset(bytes_of(b) + n, HEAP_RED, RED_BYTES);
    uint32_t flags = spin_lock_irqsave(&lock);
    list_add_tail(&b->node, &live);
    spin_unlock_irqrestore(&lock, flags);
    return bytes_of(b);
}

/* The block at p, which must be in use and undamaged: otherwise reports that, and panics. */
static struct block *live_block(const char *what, void *p, const void *caller)
{
    struct block *b = (struct block *)((uintptr_t)p - sizeof(*b));

    if (!plausible(b)) {
        print_site(log_error, what, caller);
        panic("%s(%p): no block of the heap (any more), or its header was overwritten", what,
              p);
    }
    if (b->state == BLOCK_FREED) {
        print_block(log_error, b, "freed already");
        print_site(log_error, what, caller);
        panic("%s(%p): freed already", what, p);
    }
    if (!check_block(log_error, b)) {
        print_site(log_error, what, caller);
        panic("%s(%p): memory around it was overwritten", what, p);
    }
    return b;
}

/* Give a block in quarantine back to the heap. Called with the lock. */
static void release(struct block *b)
{
    if (!plausible(b) || b->state != BLOCK_FREED)
        panic("heap: the header of the freed block %p was overwritten", bytes_of(b));
    if (!check_block(log_error, b))
        panic("heap: the freed block %p was overwritten", bytes_of(b));
    list_del(&b->node);
    kept_back -= b->size;
    heap_free(b->heap);
}

unsigned heapdebug_flush(void)
{
    uint32_t flags = spin_lock_irqsave(&lock);
    unsigned n = 0;

    for (; !list_empty(&quarantine); n++)
        release(list_entry(quarantine.next, struct block, node));
    spin_unlock_irqrestore(&lock, flags);
    return n;
}

void heapdebug_free(void *p, const void *caller)
{
    uint32_t flags = spin_lock_irqsave(&lock);
    struct block *b = live_block("kfree", p, caller);

    b->state = BLOCK_FREED;
    b->freed = caller;
    memset(p, HEAP_FREED, b->size);
    list_del(&b->node);
    list_add_tail(&b->node, &quarantine);
    kept_back += b->size;
    while (kept_back > QUARANTINE_BYTES)
        release(list_entry(quarantine.next, struct block, node));
    spin_unlock_irqrestore(&lock, flags);
}

void *heapdebug_realloc(void *p, size_t n, const void *caller)
{
    void *moved;

    if (!p)
        return heapdebug_alloc(n, KMALLOC_ALIGN, caller);
    uint32_t flags = spin_lock_irqsave(&lock);
    size_t size = live_block("krealloc", p, caller)->size;
    spin_unlock_irqrestore(&lock, flags);
    moved = heapdebug_alloc(n, KMALLOC_ALIGN, caller);  /* always, to find who uses the old one */
    if (moved) {
        memcpy(moved, p, size < n ? size : n);
        heapdebug_free(p, caller);
    }
    return moved;
}

/* The block behind `node` in its list. NULL at the end or if it is not plausible: *broken then. */
static struct block *next_block(const struct list *head, const struct list *node, bool *broken)
{
    struct block *b = list_entry(node->next, struct block, node);

    if (node->next == head)
        return NULL;
    *broken = !plausible(b);
    return *broken ? NULL : b;
}

static unsigned check_blocks(print_fn print, const struct list *head)
{
    const struct list *node = head;
    struct block *b;
    unsigned damaged = 0;
    bool broken = false;

    for (; (b = next_block(head, node, &broken)); node = &b->node)
        damaged += !check_block(print, b);
    if (broken) {
        print("heap: the header at %p was overwritten; what comes behind it is not checked\n",
              node->next);
        if (node != head)
            print_block(print, list_entry(node, struct block, node), "the one before it");
        damaged++;
    }
    return damaged;
}

unsigned heapdebug_check(print_fn print)
{
    uint32_t flags = spin_lock_irqsave(&lock);
    unsigned damaged = check_blocks(print, &live) + check_blocks(print, &quarantine);

    spin_unlock_irqrestore(&lock, flags);
    return damaged;
}

/* What one call site has allocated and not freed. */
struct site {
    const void *address;            /* NULL: the sum of all that found no place */
    uint32_t bytes, blocks;
};

/* Add a block to its site's sum. The last of the SITES + 1 is for sites that found no place. */
static void count_site(struct site *sites, const struct block *b)
{
    unsigned i = 0;

    while (i < SITES && sites[i].address && sites[i].address != b->allocated)
        i++;
    if (i < SITES)
        sites[i].address = b->allocated;
    sites[i].bytes += b->size;
    sites[i].blocks++;
}

/* The site with the most bytes that is not printed yet; NULL at the end. */
static struct site *largest(struct site *sites)
{
    struct site *best = NULL;

    for (struct site *s = sites; s <= &sites[SITES]; s++)
        if (s->blocks && (!best || s->bytes > best->bytes))
            best = s;
    return best;
}

MONITOR_COMMAND(leaks, "", "what is allocated on the heap, by call site")
{
    static struct site sites[SITES + 1];
    struct block *b;
    bool broken = false;

    (void)argc, (void)argv, (void)tf;
    if (!heap_debug) {
        console_printf("call sites are not recorded: boot with heap=debug on the command line\n");
        return;
    }
    memset(sites, 0, sizeof(sites));
    uint32_t flags = spin_lock_irqsave(&lock);
    for (const struct list *node = &live; (b = next_block(&live, node, &broken)); node = &b->node)
        count_site(sites, b);
    spin_unlock_irqrestore(&lock, flags);

    console_printf("   bytes  blocks  allocated at\n");
    for (struct site *s; (s = largest(sites)); s->blocks = 0) {
        uint32_t offset;
        const char *name = symbol_of((uint32_t)(uintptr_t)s->address, &offset);
        console_printf("%8u %7u  ", s->bytes, s->blocks);
        if (!s->address)
            console_printf("other places\n");
        else if (name)
            console_printf("%p %s+0x%x\n", s->address, name, offset);
        else
            console_printf("%p\n", s->address);
    }
    if (broken)
        console_printf("there may be more: heapcheck says what is broken\n");
}

MONITOR_COMMAND(heapcheck, "", "look for damage in the heap's slabs and red zones")
{
    unsigned damaged = slab_check(console_printf) + heapdebug_check(console_printf);

    (void)argc, (void)argv, (void)tf;
    if (damaged)
        console_printf("heap: damage found: %u\n", damaged);
    else
        console_printf("heap: no damage found%s\n",
                       heap_debug ? "" : " in the slabs (heap=debug would watch every block)");
}

MONITOR_COMMAND(slabinfo, "", "the object caches and their memory")
{
    struct slab_stats s;

    (void)argc, (void)argv, (void)tf;
    console_printf("name              size    used   total  slabs  pages\n");
    for (unsigned i = 0; slab_stats(i, &s); i++)
        console_printf("%-16s %5u %7u %7u %6u %6u\n", s.name, s.size, s.used, s.objects, s.slabs,
                       s.pages);
}
