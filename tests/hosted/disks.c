/*
 * Disks that are files of the host.
 */
#include "machine.h"
#include <stdio.h>
#include "abi/errno.h"
#include "disks.h"
#include "hostfile.h"

#define DISKS 4

static struct disk {
    struct block_device dev;
    int fd;
    uint64_t bad_read, bad_write, bad_reads, bad_writes;
} disks[DISKS];
static unsigned disk_count;
static FILE *record;

static bool is_bad(uint64_t sector, unsigned count, uint64_t first, uint64_t n)
{
    return sector < first + n && first < sector + count;
}

static int disk_read(struct block_device *dev, uint64_t sector, unsigned count, void *buffer)
{
    struct disk *disk = dev->data;

    if (is_bad(sector, count, disk->bad_read, disk->bad_reads))
        return -EIO;
    return hostfile_read(disk->fd, buffer, count * SECTOR_SIZE, sector * SECTOR_SIZE) ? 0 : -EIO;
}

static void put_record(uint32_t kind, uint32_t what, uint32_t count, const void *data)
{
    uint32_t head[3] = { kind, what, count };

    if (!record)
        return;
    fwrite(head, sizeof(head), 1, record);
    if (data)
        fwrite(data, SECTOR_SIZE, count, record);
}

static int disk_write(struct block_device *dev, uint64_t sector, unsigned count, const void *buffer)
{
    struct disk *disk = dev->data;

    if (is_bad(sector, count, disk->bad_write, disk->bad_writes))
        return -EIO;
    put_record(1, (uint32_t)sector, count, buffer);
    return hostfile_write(disk->fd, buffer, count * SECTOR_SIZE, sector * SECTOR_SIZE) ? 0 : -EIO;
}

static int disk_flush(struct block_device *dev)
{
    (void)dev;
    put_record(2, 0, 0, NULL);
    return 0;
}

static const struct block_ops disk_ops = { disk_read, disk_write, disk_flush };

int disk_add(const char *name, const char *file, bool read_only)
{
    struct disk *disk = &disks[disk_count++];

    CHECK(disk_count <= DISKS, "too many disks");
    uint64_t size;
    disk->fd = hostfile_open(file, read_only, &size);
    CHECK(disk->fd >= 0, "no file %s", file);
    disk->dev = (struct block_device){ .sectors = size / SECTOR_SIZE, .ops = &disk_ops, .max_sectors = 256,
                                       .read_only = read_only, .data = disk };
    snprintf(disk->dev.name, sizeof(disk->dev.name), "%s", name);
    block_register(&disk->dev);
    return 0;
}

void disk_fail(bool writing, uint64_t first, uint64_t count)
{
    if (writing) {
        disks[0].bad_write = first;
        disks[0].bad_writes = count;
    } else {
        disks[0].bad_read = first;
        disks[0].bad_reads = count;
    }
}

void disk_record(const char *file)
{
    record = fopen(file, "wb");
    CHECK(record, "%s", file);
}

void disk_mark(uint32_t mark)
{
    put_record(3, mark, 0, NULL);
}
