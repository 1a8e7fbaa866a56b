/*
 * /dev. See null(4), full(4), random(4) for what they do.
 */
#include "fs/devfs.h"
#include "abi/errno.h"
#include "debug/input.h"
#include "debug/log.h"
#include "dev/block.h"
#include "fs/file.h"
#include "fs/pseudo.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "x86/random.h"

#define DEVICE(major, minor) ((major) << 8 | (minor))

static PSEUDO_FS(devfs, "devfs");

static ssize_t read_null(struct file *file, void *to, size_t n, int64_t *position)
{
    (void)file, (void)to, (void)n, (void)position;
    return 0;
}

static ssize_t write_null(struct file *file, const void *from, size_t n, int64_t *position)
{
    (void)file, (void)from, (void)position;
    return (ssize_t)n;
}

static ssize_t read_zero(struct file *file, void *to, size_t n, int64_t *position)
{
    (void)file, (void)position;
    size_t done = file_clear(to, n);
    return done || !n ? (ssize_t)done : -EFAULT;
}

static ssize_t write_full(struct file *file, const void *from, size_t n, int64_t *position)
{
    (void)file, (void)from, (void)n, (void)position;
    return -ENOSPC;
}

static ssize_t read_random(struct file *file, void *to, size_t n, int64_t *position)
{
    uint8_t some[64];
    size_t done = 0;

    (void)file, (void)position;
    while (done < n) {
        size_t now = n - done < sizeof(some) ? n - done : sizeof(some);
        if (done && file_is_killed())                           // lab 6
            break;                                              // lab 6
        random_bytes(some, now);
        size_t part = file_copy((uint8_t *)to + done, some, now);
        done += part;
        if (part < now)
            return done ? (ssize_t)done : -EFAULT;
    }
    return (ssize_t)done;
}

/* Characters as they were typed: waits for one, and takes what else is there. */
static ssize_t read_console(struct file *file, void *to, size_t n, int64_t *position)
{
    char text[128];

    (void)file, (void)position;
    if (n == 0)
        return 0;
    if (n > sizeof(text))
        n = sizeof(text);
    text[0] = input_get();
    n = 1 + input_read(text + 1, (unsigned)n - 1);
    size_t done = file_copy(to, text, n);
    return done ? (ssize_t)done : -EFAULT;
}

static ssize_t write_console(struct file *file, const void *from, size_t n, int64_t *position)
{
    char text[128];
    size_t done = 0, part = 1;

    (void)file, (void)position;
    while (done < n && part) {
        size_t now = n - done < sizeof(text) ? n - done : sizeof(text);
        part = file_copy(text, (const char *)from + done, now);
        console_printf("%.*s", (int)part, text);
        done += part;
    }
    return done || !n ? (ssize_t)done : -EFAULT;
}

/* ---- block devices: any bytes of them, by way of whole sectors; not through a cache */

/* The part of [position, position + n) in its first page's worth of sectors. */
static size_t span_of(int64_t position, size_t n, uint32_t *skip, uint32_t *sectors)
{
    *skip = (uint32_t)position % SECTOR_SIZE;
    if (n > PAGE_SIZE - *skip)
        n = PAGE_SIZE - *skip;
    *sectors = (*skip + n + SECTOR_SIZE - 1) / SECTOR_SIZE;
    return n;
}

/* `from` or `to`, as `write` says. */
static ssize_t block_io(struct file *file, bool write, char *to, const char *from, size_t n,
                        int64_t *position)
{
    struct block_device *dev = pseudo_data(file->vnode);
    int64_t left = (int64_t)(dev->sectors * SECTOR_SIZE) - *position;
    char *sectors = kmalloc(PAGE_SIZE);
    int error = sectors ? 0 : -ENOMEM;
    size_t done = 0;

    if (left < (int64_t)n)
        n = left > 0 ? (size_t)left : 0;
    while (!error && done < n) {
        uint32_t skip, count;
        size_t now = span_of(*position, n - done, &skip, &count);
        uint64_t first = (uint64_t)*position / SECTOR_SIZE;
        error = block_read(dev, first, count, sectors);
        if (!error && !write && file_copy(to + done, sectors + skip, now) < now)
            error = -EFAULT;
        if (!error && write) {
            error = file_copy(sectors + skip, from + done, now) < now ? -EFAULT :
                    block_write(dev, first, count, sectors);
        }
        if (!error) {
            done += now;
            *position += now;
        }
    }
    kfree(sectors);
    return done ? (ssize_t)done : error;
}

static ssize_t read_block(struct file *file, void *to, size_t n, int64_t *position)
{
    return block_io(file, false, to, NULL, n, position);
}

static ssize_t write_block(struct file *file, const void *from, size_t n, int64_t *position)
{
    ssize_t result = n ? block_io(file, true, NULL, from, n, position) : 0;

    return result == 0 && n ? -ENOSPC : result;
}

static int open_block(struct file *file)
{
    struct block_device *dev = pseudo_data(file->vnode);

    vnode_set_size(file->vnode, (int64_t)(dev->sectors * SECTOR_SIZE));     /* for SEEK_END */
    return 0;
}

static const struct file_ops null_ops = {
    .read = read_null, .write = write_null,
    .seekable = true, .seeks_nowhere = true,            // lab 6
};
static const struct file_ops zero_ops = {
    .read = read_zero, .write = write_null,
    .seekable = true, .seeks_nowhere = true,            // lab 6
};
static const struct file_ops full_ops = {
    .read = read_zero, .write = write_full,
    .seekable = true, .seeks_nowhere = true,            // lab 6
};
static const struct file_ops random_ops = { .read = read_random, .write = write_null };
static const struct file_ops console_ops = { .read = read_console, .write = write_console };
static const struct file_ops block_ops = {
    .open = open_block, .read = read_block, .write = write_block, .seekable = true,
};

static struct pseudo_file characters[] = {
    { .name = "null", .rdev = DEVICE(1, 3), .fops = &null_ops },
    { .name = "zero", .rdev = DEVICE(1, 5), .fops = &zero_ops },
    { .name = "full", .rdev = DEVICE(1, 7), .fops = &full_ops },
    { .name = "random", .rdev = DEVICE(1, 8), .fops = &random_ops },
    { .name = "urandom", .rdev = DEVICE(1, 9), .fops = &random_ops },
    { .name = "console", .rdev = DEVICE(5, 1), .fops = &console_ops },
};

/* hda is 3,0 and hdb 3,64; hdc 22,0 and hdd 22,64; partitions follow their disk. */
static uint32_t disk_number(const char *name)
{
    unsigned drive = (unsigned)(name[2] - 'a'), part = 0;

    for (const char *digit = name + 3; *digit; digit++)
        part = part * 10 + (unsigned)(*digit - '0');
    return DEVICE(drive < 2 ? 3 : 22, (drive & 1) * 64 + part);
}

void devfs_init(void)
{
    struct block_device *dev;

    for (unsigned i = 0; i < ARRAY_SIZE(characters); i++) {
        characters[i].mode = S_IFCHR | 0666;
        pseudo_add(&devfs, &characters[i]);
    }
    for (unsigned n = 0; (dev = block_nth(n)); n++) {
        struct pseudo_file *file = kzalloc(sizeof(*file));
        if (!file)
            break;
        *file = (struct pseudo_file){ .name = dev->name, .mode = S_IFBLK | 0660, .data = dev,
                                      .rdev = disk_number(dev->name), .fops = &block_ops };
        pseudo_add(&devfs, file);
    }
    fs_register(&devfs.type);
}

// lab 6 begin
void devfs_add(const char *name, uint32_t rdev, const struct file_ops *fops)
{
    struct pseudo_file *file = NULL;

    list_for_each(node, &devfs.files) {
        struct pseudo_file *other = list_entry(node, struct pseudo_file, node);
        if (strcmp(other->name, name) == 0)
            file = other;
    }
    if (file) {
        file->fops = fops;
        return;
    }
    file = kzalloc(sizeof(*file));
    if (!file)
        return;
    *file = (struct pseudo_file){ .name = name, .mode = S_IFCHR | 0666, .rdev = rdev,
                                  .fops = fops };
    pseudo_add(&devfs, file);
}

const struct file_ops *devfs_operations(uint32_t rdev)
{
    list_for_each(node, &devfs.files) {
        struct pseudo_file *file = list_entry(node, struct pseudo_file, node);
        if (S_ISCHR(file->mode) && file->rdev == rdev)
            return file->fops;
    }
    return NULL;
}
// lab 6 end
