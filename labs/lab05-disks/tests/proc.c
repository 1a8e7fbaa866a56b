/*
 * Exercise 5.9: what /proc/meminfo says, as text and as a file.
 */
#include "fs/bcache.h"
#include "fs/file.h"
#include "fs/mount.h"
#include "fs/procfs.h"
#include "ktest.h"
#include "mm/kmalloc.h"
#include "mm/page.h"
#include "mm/pagecache.h"
#include "lib/string.h"

#define ROOM 2048

static struct cache_object object;

static int zeros(struct cache_object *o, uint32_t index, unsigned count, void *data)
{
    (void)o, (void)index;
    memset(data, 0, count * PAGE_SIZE);
    return 0;
}

static int nowhere(struct cache_object *o, uint32_t index, const void *data)
{
    (void)o, (void)index, (void)data;
    return 0;
}

static const struct cache_ops ops = { .read = zeros, .write = nowhere };

/* A disk of zeros, whose blocks are kept in the block cache. */
static int read_zeros(struct block_device *dev, uint64_t sector, unsigned count, void *buffer)
{
    (void)dev, (void)sector;
    memset(buffer, 0, count * SECTOR_SIZE);
    return 0;
}

static const struct block_ops disk_ops = { .read = read_zeros };
static struct block_device disk = { .name = "zeros", .sectors = 1000, .ops = &disk_ops,
                                    .max_sectors = 8 };

/*
 * Have some pages in the page cache, a few of them dirty, some blocks that are in use, and less
 * memory.
 */
static void use_memory(int round)
{
    struct page *page;
    struct buffer *buffer;

    for (unsigned i = 0, n = 5 + ktest_random(40); i < n; i++)
        if (bcache_get(&disk, 100 * round + i, SECTOR_SIZE, &buffer))
            return;

    object.ops = &ops;
    for (unsigned i = 0, n = 3 + ktest_random(20); i < n; i++) {
        if (cache_get(&object, i, &page))
            return;
        if (ktest_random(2))
            cache_dirty(page);
        page_put(page);
    }
    for (unsigned i = 0, n = ktest_random(30); i < n; i++)
        alloc_page();
}

/* The numbers at this moment. */
static void report_state(void)
{
    struct page_stats memory;
    struct bcache_stats blocks;
    struct cache_stats pages;

    page_stats(&memory);
    bcache_stats(&blocks);
    cache_stats(&pages);
    ktest_report("state %u %u %u %u %u", memory.usable, memory.free, blocks.buffers, pages.pages,
                 pages.dirty);
}

KTEST(proc_texts)
{
    for (int round = 0; round < 3; round++) {
        struct text text = { .at = kmalloc(ROOM), .room = ROOM };
        use_memory(round);
        report_state();
        proc_meminfo(&text);
        report_state();
        ktest_report_bytes("text", text.at, text.size);
        text_free(&text);
    }
}

static void report_read(struct file *file, size_t n, int64_t offset)
{
    char buffer[512];

    memset(buffer, '#', sizeof(buffer));
    ssize_t got = offset < 0 ? file_read(file, buffer, n) : file_pread(file, buffer, n, offset);
    size_t shown = got > 0 && got < (ssize_t)sizeof(buffer) - 1 ? (size_t)got + 1 : 1;
    ktest_report("read %u %d %d", (unsigned)n, (int)offset, (int)got);
    ktest_report_bytes("bytes", buffer, shown);         /* one more than it may have touched */
}

/* In the order of reading: by the file's offset, in pieces; then at any place. */
KTEST(proc_file)
{
    struct file *file;
    int error = vfs_mount("proc", "/", "proc", 0);

    if (!error)
        error = file_open("/meminfo", O_RDONLY, 0, &file);
    ktest_report("open %d", error);
    if (error)
        return;
    report_read(file, 400, 0);
    for (int i = 0; i < 60; i++)
        report_read(file, ktest_random(12), -1);
    for (int i = 0; i < 30; i++)
        report_read(file, ktest_random(400), ktest_random(300));
    report_read(file, 400, 100000);
    report_read(file, 1, 0);
    file_close(file);
}
