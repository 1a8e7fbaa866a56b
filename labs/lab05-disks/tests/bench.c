/*
 * What files cost: in instructions, in memory alone; and how many bytes a second come from a disk
 * (scripts/bench gives it one), by the clock.
 */
#include "abi/errno.h"
#include "fs/bcache.h"
#include "fs/file.h"
#include "fs/vfs.h"
#include "kbench.h"
#include "lib/printf.h"
#include "mm/kmalloc.h"
#include "task/timer.h"
#include "x86/irqflags.h"

#define RUNS  64
#define CHUNK 65536u

static char page[PAGE_SIZE];

KBENCH(file)
{
    struct kbench open = { 0 }, read = { 0 }, stat = { 0 }, make = { 0 };
    struct vnode_stat st;
    struct file *file;

    irq_enable();
    if (vfs_mount("tmpfs", "/", "tmpfs", 0) || vfs_mkdir("/dir", 0755))
        return;
    for (int i = 0; i < RUNS; i++) {
        kbench_begin(&make);
        if (file_open("/dir/file", O_RDWR | O_CREAT, 0644, &file))
            return;
        file_write(file, page, sizeof(page));
        file_close(file);
        vfs_unlink("/dir/file");
        kbench_end(&make);
    }
    if (file_open("/dir/file", O_RDWR | O_CREAT, 0644, &file))
        return;
    file_write(file, page, sizeof(page));
    for (int i = 0; i < RUNS; i++) {
        struct file *again;
        kbench_begin(&open);
        if (!file_open("/dir/file", O_RDONLY, 0, &again))
            file_close(again);
        kbench_end(&open);
        kbench_begin(&stat);
        vfs_stat("/dir/file", 0, &st);
        kbench_end(&stat);
        kbench_begin(&read);
        file_pread(file, page, sizeof(page), 0);
        kbench_end(&read);
    }
    kbench_report("read_4_KiB_of_a_cached_file", &read);
    kbench_report("open_and_close", &open);
    kbench_report("stat", &stat);
    kbench_report("create,_write_4_KiB,_unlink", &make);
}

/* A disk of which nothing matters but that it answers. */
static int answer(struct block_device *dev, uint64_t sector, unsigned count, void *buffer)
{
    (void)dev, (void)sector, (void)count, (void)buffer;
    return 0;
}

KBENCH(bcache)
{
    static const struct block_ops ops = { .read = answer };
    static struct block_device disk = { .name = "none", .sectors = 1024, .ops = &ops,
                                        .max_sectors = 8 };
    struct kbench hit = { 0 };
    struct buffer *buffer;

    for (int i = 0; i <= RUNS; i++) {
        if (i)
            kbench_begin(&hit);
        if (bcache_get(&disk, 7, SECTOR_SIZE, &buffer))
            return;
        bcache_put(buffer);
        if (i)
            kbench_end(&hit);
    }
    kbench_report("a_block_that_is_in_the_cache", &hit);
}

/* ---- by the clock */

/* Read the file, or write it anew, in large pieces. Returns the milliseconds it took. */
static uint32_t transfer(const char *path, bool writing, uint32_t bytes)
{
    struct file *file;
    char *chunk = kmalloc(CHUNK);
    uint64_t begun = timer_now();
    int flags = writing ? O_WRONLY | O_CREAT | O_TRUNC : O_RDONLY;
    uint32_t done = 0;

    if (!chunk || file_open(path, flags, 0644, &file))
        return 0;
    while (done < bytes) {
        ssize_t n = writing ? file_write(file, chunk, CHUNK) : file_read(file, chunk, CHUNK);
        if (n <= 0)
            break;
        done += (uint32_t)n;
    }
    if (writing)
        file_sync(file);
    file_close(file);
    kfree(chunk);
    return done < bytes ? 0 : (uint32_t)(timer_now() - begun);
}

static void report_speed(const char *key, uint32_t bytes, uint32_t ms)
{
    if (ms)
        kbench_figure(key, bytes / 1000 / ms, "MB/s");
}

/* From a FAT volume on hda1: /large of 16 MiB. */
KTEST(speed_of_disk)
{
    const uint32_t bytes = 16u << 20;

    irq_enable();
    if (vfs_mount("hda1", "/", "fat", 0))
        return;
    report_speed("read,_cold", bytes, transfer("/large", false, bytes));
    report_speed("read,_cached", bytes, transfer("/large", false, bytes));
    report_speed("write_and_sync", bytes, transfer("/new", true, bytes));
}
