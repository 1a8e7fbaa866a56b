/*
 * The block cache: blocks of file systems' metadata in memory, by (device, block).
 *
 * A buffer is somebody's from bcache_get() to bcache_put(); meanwhile it stays where it is. What is
 * changed in it is written when bcache_sync() is called, never before: the file system decides
 * about the order in which its changes reach the disk. Buffers that nobody has and that are not
 * dirty are kept as long as there is room, those used lately longest (LRU).
 *
 * What files hold is not here but in mm/pagecache. Who changes a buffer holds the lock of the mount
 * it belongs to, so two tasks never change one at once; who reads a file's pages may look at one
 * without.
 */
#ifndef FS_BCACHE_H
#define FS_BCACHE_H

#include "dev/block.h"

#define BCACHE_BLOCK_MAX 4096

struct buffer {
    void *data;                     /* block_size bytes */
    struct block_device *dev;
    uint32_t block;                 /* which: bytes [block * size, (block + 1) * size) of dev */
    uint16_t size;                  /* of a block: 512, 1024, 2048 or 4096 */
    bool valid;                     /* data is what the block holds */
    bool dirty;                     /* and has been changed since it was read or written */
    uint32_t refs;                  /* who has it now */
    uint32_t since;                 /* when it became dirty, in seconds of uptime */
    struct list hash;               /* place in its bucket */
    struct list place;              /* dirty: in the list of those; else, with refs 0: in the LRU */
};

struct bcache_stats {
    uint32_t buffers, dirty;        /* now */
    uint32_t limit;                 /* more buffers than that only while they are dirty or in use */
    uint32_t hits, misses, written, evicted;
};

/* Before the first buffer; sizes the cache by the machine's memory. */
void bcache_init(void);

/*
 * Get the block, read from the device if it is not there. All gets of one device have one size.
 * Returns 0, -ENOMEM, or what block_read() did: nothing is kept then.
 */
int bcache_get(struct block_device *dev, uint32_t block, unsigned size, struct buffer **buffer);

/* The same for a block that will be overwritten whole: not read, but zeros, and dirty. */
int bcache_get_new(struct block_device *dev, uint32_t block, unsigned size, struct buffer **buffer);

/* Its data was changed: it is to be written by the next bcache_sync(). */
void bcache_dirty(struct buffer *buffer);

/* Done with it. NULL does nothing. */
void bcache_put(struct buffer *buffer);

/*
 * Write the device's dirty blocks, in ascending order, neighbours in one request. Returns 0 or the
 * first error; what could not be written stays dirty. Does not flush the device.
 */
int bcache_sync(struct block_device *dev);

/* Write this one block now, if it is dirty. */
int bcache_write(struct buffer *buffer);

/* Forget `count` blocks from `block` on, dirty or not: they are free now. */
void bcache_forget(struct block_device *dev, uint32_t block, uint32_t count);

/* Forget all of the device, dirty or not: it is not mounted any more. */
void bcache_drop(struct block_device *dev);

/* Seconds since the device's oldest dirty block became so; -1: there is none. */
int bcache_dirty_age(struct block_device *dev);

/* Is so much dirty that whoever changes more should have it written first? */
bool bcache_crowded(void);

/* How things stand. */
void bcache_stats(struct bcache_stats *stats);

#endif
