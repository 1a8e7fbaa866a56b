/*
 * The list of block devices, and what is the same for all of them: bounds, the way from a partition
 * to its disk, requests of a size that the driver can do, statistics.
 */
#include "dev/block.h"
#include "abi/errno.h"
#include "debug/log.h"
#include "debug/monitor.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "sync/spinlock.h"

static struct spinlock lock;        /* of the list, and of all devices' statistics */
static struct list devices = { &devices, &devices };

void block_register(struct block_device *dev)
{
    uint32_t flags = spin_lock_irqsave(&lock);

    list_add_tail(&dev->all, &devices);
    spin_unlock_irqrestore(&lock, flags);
}

struct block_device *block_find(const char *name)
{
    struct block_device *found = NULL;
    uint32_t flags = spin_lock_irqsave(&lock);

    list_for_each(node, &devices) {
        struct block_device *dev = list_entry(node, struct block_device, all);
        if (strcmp(dev->name, name) == 0)
            found = dev;
    }
    spin_unlock_irqrestore(&lock, flags);
    return found;
}

struct block_device *block_nth(unsigned n)
{
    struct block_device *found = NULL;
    uint32_t flags = spin_lock_irqsave(&lock);

    list_for_each(node, &devices) {
        if (n-- == 0) {
            found = list_entry(node, struct block_device, all);
            break;
        }
    }
    spin_unlock_irqrestore(&lock, flags);
    return found;
}

/* A call of the driver is done: count it for the device, and for the disk that it is a part of. */
static void count_call(struct block_device *dev, bool write, unsigned sectors)
{
    uint32_t flags = spin_lock_irqsave(&lock);

    for (; dev; dev = dev->whole) {
        if (write) {
            dev->writes++;
            dev->sectors_written += sectors;
        } else {
            dev->reads++;
            dev->sectors_read += sectors;
        }
    }
    spin_unlock_irqrestore(&lock, flags);
}

/* Both directions: a write takes nothing but reads from the buffer. */
static int transfer(struct block_device *dev, uint64_t sector, uint32_t count, char *buffer,
                    bool write)
{
    struct block_device *disk = dev->whole ? dev->whole : dev;

    if (sector > dev->sectors || count > dev->sectors - sector)
        return -EIO;
    if (dev->whole)
        sector += dev->first;
    while (count) {
        unsigned n = count < disk->max_sectors ? count : disk->max_sectors;
        int error = write ? disk->ops->write(disk, sector, n, buffer) :
                            disk->ops->read(disk, sector, n, buffer);
        if (error)
            return error;
        count_call(dev, write, n);
        sector += n;
        count -= n;
        buffer += n * SECTOR_SIZE;
    }
    return 0;
}

int block_read(struct block_device *dev, uint64_t sector, uint32_t count, void *buffer)
{
    return transfer(dev, sector, count, buffer, false);
}

int block_write(struct block_device *dev, uint64_t sector, uint32_t count, const void *buffer)
{
    if (dev->read_only)
        return -EROFS;
    return transfer(dev, sector, count, (char *)buffer, true);
}

int block_flush(struct block_device *dev)
{
    struct block_device *disk = dev->whole ? dev->whole : dev;

    return disk->ops->flush(disk);
}

MONITOR_COMMAND(disks, "", "disks and partitions: size, and what was read and written")
{
    struct block_device *dev;

    (void)argc, (void)argv, (void)tf;
    console_printf("name      sectors  first      type  reads (sectors)     writes (sectors)\n");
    for (unsigned n = 0; (dev = block_nth(n)); n++) {
        char type[8] = "", first[24] = "";
        if (dev->whole) {
            snprintf(type, sizeof(type), "0x%02x", dev->type);
            snprintf(first, sizeof(first), "%llu", dev->first);
        }
        console_printf("%-7s %9llu  %-9s  %-4s  %-7u %-10llu  %-7u %llu\n", dev->name,
                       dev->sectors, first, type, dev->reads, dev->sectors_read,
                       dev->writes, dev->sectors_written);
    }
}
