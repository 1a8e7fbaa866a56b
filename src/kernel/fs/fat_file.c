/*
 * FAT: what files hold. From pages to clusters and back.
 */
#include "fs/fat.h"
#include "abi/errno.h"
#include "lib/string.h"
#include "sync/spinlock.h"

/* Of fat_node.seek and epoch: readers have no other lock. */
static struct spinlock seek_lock;

/* A cluster of the chain in one word, so that it is read as a whole: which one, and its number. */
#define SEEK(index, cluster) ((index) << 16 | (cluster))

/* Go along the chain to its cluster number `index`, or to its end. Returns which one that is. */
static int go_to(struct vnode *file, uint32_t index, uint32_t *cluster)
{
    struct fat_node *node = fat_node(file);
    uint32_t epoch = node->epoch, seek = node->seek, at = 0, from = node->first;

    if (seek && seek >> 16 <= index) {
        at = seek >> 16;
        from = seek & 0xffff;
    }
    int went = fat_walk(fat_of(file), from, index - at, cluster);
    if (went < 0)
        return went;
    uint32_t irq = spin_lock_irqsave(&seek_lock);
    if (node->epoch == epoch)
        node->seek = SEEK(at + went, *cluster);
    spin_unlock_irqrestore(&seek_lock, irq);
    return at + went;
}

int fat_seek(struct vnode *file, uint32_t index, uint32_t *cluster)
{
    int at = index < fat_of(file)->at.clusters ? go_to(file, index, cluster) : -EUCLEAN;

    return at == (int)index ? 0 : at < 0 ? at : -EUCLEAN;
}

int fat_chain(struct vnode *file, uint32_t *last)
{
    *last = 0;
    if (!fat_node(file)->first)
        return 0;
    int at = go_to(file, UINT32_MAX, last);
    return at < 0 ? at : at + 1;
}

void fat_seek_reset(struct vnode *file)
{
    struct fat_node *node = fat_node(file);
    uint32_t irq = spin_lock_irqsave(&seek_lock);

    node->seek = 0;
    node->epoch++;
    spin_unlock_irqrestore(&seek_lock, irq);
}

/*
 * Where byte `at` of a file is: *sector, the one that has it; and *count, how many of at most `max`
 * sectors from there on, one behind the other on the disk, are the file's. 0, or what fat_seek()
 * returned.
 */
static int find_run(struct vnode *file, uint32_t at, uint32_t max, uint32_t *sector,
                    uint32_t *count)
{
    // exercise 5.6 begin: to its cluster's end, and on while the next one is its neighbour
    const struct fat *fat = fat_of(file);
    uint32_t index = at >> fat->at.cluster_shift, cluster, next;
    uint32_t skip = (at >> 9) & (fat->at.cluster_sectors - 1);
    int error = fat_seek(file, index, &cluster);

    if (error)
        return error;
    *sector = fat_sector(fat, cluster) + skip;
    *count = fat->at.cluster_sectors - skip;
    while (*count < max) {
        error = fat_seek(file, ++index, &next);
        if (error || next != ++cluster)
            break;
        *count += fat->at.cluster_sectors;
    }
    if (*count > max)
        *count = max;
    return 0;
    // exercise 5.6 stub
    // (void)file, (void)at, (void)max, (void)sector, (void)count;
    // return -ENOSYS;
    // exercise 5.6 end
}

int fat_read(struct vnode *file, int64_t size, uint32_t index, unsigned count, void *data)
{
    // exercise 5.6 begin: whole sectors as far as the file goes, zeros behind its last byte
    int64_t from = (int64_t)index * PAGE_SIZE, end = from + (int64_t)count * PAGE_SIZE;
    uint8_t *to = data;

    if (end > size)
        end = size;
    uint32_t bytes = end > from ? end - from : 0;
    uint32_t sectors = (bytes + SECTOR_SIZE - 1) / SECTOR_SIZE;
    for (uint32_t done = 0, sector, run; done < sectors; done += run) {
        int error = find_run(file, from + done * SECTOR_SIZE, sectors - done, &sector, &run);
        if (!error)
            error = block_read(fat_of(file)->dev, sector, run, to + done * SECTOR_SIZE);
        if (error)
            return error;
    }
    memset(to + bytes, 0, count * PAGE_SIZE - bytes);
    return 0;
    // exercise 5.6 stub
    // (void)file, (void)size, (void)index, (void)count, (void)data, (void)find_run;
    // return -ENOSYS;
    // exercise 5.6 end
}

int fat_write_page(struct vnode *file, uint32_t index, const void *data)
{
    // exercise 5.7 begin: whole sectors, up to the one that has the file's last byte
    int64_t from = (int64_t)index * PAGE_SIZE, end = from + PAGE_SIZE;
    const uint8_t *page = data;

    if (end > file->size)
        end = file->size;
    uint32_t sectors = end > from ? (end - from + SECTOR_SIZE - 1) / SECTOR_SIZE : 0;
    for (uint32_t done = 0, sector, run; done < sectors; done += run) {
        int error = find_run(file, from + done * SECTOR_SIZE, sectors - done, &sector, &run);
        if (!error)
            error = fat_write(fat_of(file), sector, run, page + done * SECTOR_SIZE);
        if (error)
            return error;
    }
    return 0;
    // exercise 5.7 stub
    // (void)file, (void)index, (void)data;
    // return -ENOSYS;
    // exercise 5.7 end
}

int fat_reserve(struct vnode *file, int64_t size)
{
    // exercise 5.7 begin: build a chain of what is missing, and link it last: it may not be there
    struct fat *fat = fat_of(file);
    uint32_t shift = fat->at.cluster_shift, first = 0, tail = 0, last, cluster;
    int have = fat_chain(file, &last);

    if (have < 0)
        return have;
    if (size > FAT_SIZE_MAX)
        return -EFBIG;
    uint32_t need = (size + (1u << shift) - 1) >> shift;
    for (uint32_t n = have; n < need; n++) {
        int error = fat_alloc(fat, tail ? tail : last, &cluster);
        if (error) {
            fat_free_chain(fat, first);
            return error;
        }
        if (tail)
            fat_set(fat, tail, cluster);
        else
            first = cluster;
        tail = cluster;
    }
    if (first && last)
        fat_set(fat, last, first);
    else if (first)
        fat_node(file)->first = first;
    return 0;
    // exercise 5.7 stub
    // (void)file, (void)size;
    // return -ENOSYS;
    // exercise 5.7 end
}

int fat_truncate(struct vnode *file)
{
    // exercise 5.7 begin: the last cluster that is needed ends the chain; free those behind
    struct fat *fat = fat_of(file);
    struct fat_node *node = fat_node(file);
    uint32_t keep = (file->size + (1u << fat->at.cluster_shift) - 1) >> fat->at.cluster_shift;
    uint32_t rest = node->first, last;

    if (!rest)
        return 0;
    fat_seek_reset(file);
    if (!keep) {
        node->first = 0;
    } else {
        int error = fat_walk(fat, node->first, keep - 1, &last);
        if (error < 0)
            return error;
        rest = fat->now[last] < FAT_LAST ? fat->now[last] : 0;
        fat_set(fat, last, FAT_END);
    }
    fat_free_chain(fat, rest);
    return 0;
    // exercise 5.7 stub
    // (void)file;
    // return -ENOSYS;
    // exercise 5.7 end
}
