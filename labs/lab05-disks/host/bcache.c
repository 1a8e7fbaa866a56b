/*
 * Around fs/bcache.c: two disks, and operations on the cache. Each request that reaches a disk is
 * printed when it does.
 *
 * A case begins with how many frames the machine has, from which the cache takes its limit; then
 * come operations of five words. Buffers are known by a number of the caller's, up to 4095.
 *      1 n disk block size      bcache_get: as buffer n
 *      2 n disk block size      bcache_get_new
 *      3 n                      bcache_put
 *      4 n value                the buffer is full of this word now; bcache_dirty
 *      5 disk                   bcache_sync: "sync RESULT"
 *      6 n                      bcache_write: "write RESULT"
 *      7 disk block count       bcache_forget
 *      8 disk                   bcache_drop
 *      9                        "stats BUFFERS DIRTY LIMIT HITS MISSES WRITTEN EVICTED"
 *     10 disk first count what  sectors fail from now on: what is 1 for reading, 2 for writing
 *     11                        memory is short: "reclaimed BUFFERS", those that are left
 *     12 n                      the n-th allocation from now on fails
 * A get prints "got ERROR DATA SAME": what is in it, and whether another number has that buffer
 * already. Requests: "read DISK SECTOR COUNT", "write DISK SECTOR COUNT VALUE ...", a word for each
 * sector, or "mixed". What was never written holds the number of its sector, and disk << 28.
 */
#include "alone.h"
#include "fakes.h"
#include "abi/errno.h"
#include "fs/bcache.h"
#include "mm/page.h"
#include "task/timer.h"

#define HANDLES 4096
#define SECTORS 65536
#define WORDS   (SECTOR_SIZE / 4)

static struct block_device disks[2];
static uint32_t content[2][SECTORS];            /* one word stands for a sector */
static struct { uint32_t first, count, what; } bad[2];
static struct buffer *handles[HANDLES];
static uint32_t frames, now;
static unsigned (*reclaim)(void);

static int number_of(const struct block_device *dev)
{
    return (int)(dev - disks);
}

static bool is_bad(const struct block_device *dev, uint64_t sector, uint32_t count, uint32_t what)
{
    int n = number_of(dev);

    return bad[n].what == what && sector < bad[n].first + bad[n].count &&
           bad[n].first < sector + count;
}

int block_read(struct block_device *dev, uint64_t sector, uint32_t count, void *buffer)
{
    printf("read %d %u %u\n", number_of(dev), (unsigned)sector, count);
    if (sector + count > SECTORS || is_bad(dev, sector, count, 1))
        return -EIO;
    for (uint32_t i = 0; i < count * WORDS; i++)
        ((uint32_t *)buffer)[i] = content[number_of(dev)][sector + i / WORDS];
    return 0;
}

/* The word of which all of a sector consists; false if it does not. */
static bool word_of(const uint32_t *data, uint32_t *value)
{
    *value = data[0];
    for (unsigned i = 1; i < WORDS; i++)
        if (data[i] != data[0])
            return false;
    return true;
}

int block_write(struct block_device *dev, uint64_t sector, uint32_t count, const void *buffer)
{
    printf("write %d %u %u", number_of(dev), (unsigned)sector, count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t value;
        if (!word_of((const uint32_t *)buffer + i * WORDS, &value))
            printf(" mixed");
        else
            printf(" %u", value);
        if (sector + i < SECTORS && !is_bad(dev, sector, count, 2))
            content[number_of(dev)][sector + i] = value;
    }
    printf("\n");
    return sector + count > SECTORS || is_bad(dev, sector, count, 2) ? -EIO : 0;
}

/* ---- pages, and time */

/* A block of pages begins with its struct page, so to speak. */
struct page *alloc_pages(unsigned order)
{
    return heap_fails() ? NULL : malloc(PAGE_SIZE << order);
}

void free_pages(struct page *page, unsigned order)
{
    (void)order;
    free(page);
}

void *page_to_virt(const struct page *page)
{
    return (void *)page;
}

void page_stats(struct page_stats *stats)
{
    *stats = (struct page_stats){ .usable = frames, .free = frames };
}

void page_add_reclaim(unsigned (*fn)(void))
{
    reclaim = fn;
}

uint64_t timer_now(void)
{
    return now += 100;
}

/* ---- operations */

static void show(uint32_t n, int error)
{
    struct buffer *buffer = error ? NULL : handles[n];
    bool same = false;
    uint32_t value;

    for (uint32_t i = 0; buffer && i < HANDLES; i++)
        same |= i != n && handles[i] == buffer;
    printf("got %d", error);
    if (buffer)
        for (unsigned at = 0; at < buffer->size; at += SECTOR_SIZE) {
            if (word_of((const uint32_t *)((const char *)buffer->data + at), &value))
                printf(" %u", value);
            else
                printf(" mixed");
        }
    printf(" %s\n", same ? "same" : "own");
}

static void change(uint32_t n, uint32_t value)
{
    for (unsigned i = 0; i < handles[n]->size / 4u; i++)
        ((uint32_t *)handles[n]->data)[i] = value;
    bcache_dirty(handles[n]);
}

static void print_stats(const char *name)
{
    struct bcache_stats s;

    bcache_stats(&s);
    printf("%s %u %u %u %u %u %u %u\n", name, s.buffers, s.dirty, s.limit, s.hits, s.misses,
           s.written, s.evicted);
}

static void get(const uint32_t *w)
{
    struct buffer *buffer = NULL;
    int error = (w[0] == 1 ? bcache_get : bcache_get_new)(&disks[w[2]], w[3], w[4], &buffer);

    handles[w[1]] = error ? NULL : buffer;
    show(w[1], error);
}

static void operation(const uint32_t *w)
{
    switch (w[0]) {
    case 1:
    case 2:
        get(w);
        break;
    case 3:
        bcache_put(handles[w[1]]);
        handles[w[1]] = NULL;
        break;
    case 4:
        change(w[1], w[2]);
        break;
    case 5:
        printf("sync %d\n", bcache_sync(&disks[w[1]]));
        break;
    case 6:
        printf("written %d\n", bcache_write(handles[w[1]]));
        break;
    case 7:
        bcache_forget(&disks[w[1]], w[2], w[3]);
        break;
    case 8:
        bcache_drop(&disks[w[1]]);
        break;
    case 9:
        print_stats("stats");
        break;
    case 10:
        bad[w[1]].first = w[2], bad[w[1]].count = w[3], bad[w[1]].what = w[4];
        break;
    case 11:
        reclaim();
        print_stats("reclaimed");
        break;
    case 12:
        heap_fail(w[1]);
        break;
    }
    check_interrupts("the cache");
}

static void one_case(void)
{
    uint32_t words[5];

    for (uint32_t i = 0; i < 2 * SECTORS; i++)
        content[i / SECTORS][i % SECTORS] = (i / SECTORS) << 28 | i % SECTORS;
    frames = word();
    bcache_init();
    while (more()) {
        for (int i = 0; i < 5; i++)
            words[i] = word();
        operation(words);
    }
}

int main(void)
{
    each_case(one_case);
    return 0;
}
