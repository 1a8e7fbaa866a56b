/*
 * Block devices: disks and their partitions, as file systems see them. Sectors of 512 bytes,
 * numbered from 0.
 *
 * A driver fills in a struct block_device and registers it; the partitions that its first sector
 * tells of become devices of their own (dev/partition). All calls sleep until the device has done
 * it; any task may call them at any time.
 */
#ifndef DEV_BLOCK_H
#define DEV_BLOCK_H

#include "lib/list.h"

#define SECTOR_SIZE     512
#define BLOCK_NAME_MAX  8           /* with the NUL */

struct block_device;

/* A driver's operations. Each returns 0 or -ERRNO; the range lies within the device. */
struct block_ops {
    /*
     * count sectors, 1 to max_sectors, to and from memory that the kernel's direct map holds, at a
     * multiple of 4.
     */
    int (*read)(struct block_device *dev, uint64_t sector, unsigned count, void *buffer);
    int (*write)(struct block_device *dev, uint64_t sector, unsigned count, const void *buffer);
    /* All that was written is on the medium afterwards, not only in the disk's cache. */
    int (*flush)(struct block_device *dev);
};

struct block_device {
    char name[BLOCK_NAME_MAX];      /* "hda", "hda1" */
    uint64_t sectors;
    const struct block_ops *ops;
    unsigned max_sectors;           /* in one call of ops */
    bool read_only;
    void *data;                     /* the driver's */
    struct block_device *whole;     /* of a partition: the disk; else NULL */
    uint64_t first;                 /* of a partition: its sector 0 on the disk */
    uint8_t type;                   /* of a partition: from its table */
    uint32_t reads, writes;         /* calls so far... */
    uint64_t sectors_read, sectors_written;     /* ...and sectors */
    struct list all;                /* place in the list of all devices */
};

/*
 * Add a device, for good. The driver owns it, and has set all but the last six members. Looks for
 * no partitions: dev/partition does.
 */
void block_register(struct block_device *dev);

/* The device of this name, or NULL. */
struct block_device *block_find(const char *name);

/* The n-th device, from 0 on, in the order of registration, or NULL. */
struct block_device *block_nth(unsigned n);

/*
 * Read or write count sectors, any number, in as few calls of the driver as it takes. A write is
 * durable after block_flush(). Returns 0; -EIO: the device failed, or the range goes beyond its
 * end; -EROFS: it cannot be written to.
 */
int block_read(struct block_device *dev, uint64_t sector, uint32_t count, void *buffer);
int block_write(struct block_device *dev, uint64_t sector, uint32_t count, const void *buffer);
int block_flush(struct block_device *dev);

#endif
