/*
 * FAT: the table in memory, chains in it, and which clusters are free.
 */
#include "fs/fat.h"
#include "abi/errno.h"
#include "lib/string.h"
#include "mm/kmalloc.h"

static bool get_bit(const uint8_t *map, uint32_t n)
{
    return map[n >> 3] >> (n & 7) & 1;
}

static void set_bit(uint8_t *map, uint32_t n)
{
    map[n >> 3] |= 1u << (n & 7);
}

uint16_t fat_decode(const struct fat_layout *layout, const uint8_t *table, uint32_t n)
{
    // exercise 5.4 begin: two bytes, or one and a half
    if (layout->bits == 16)
        return table[2 * n] | table[2 * n + 1] << 8;
    uint32_t at = n + n / 2;
    uint32_t pair = table[at] | (uint32_t)table[at + 1] << 8;
    uint32_t value = n % 2 ? pair >> 4 : pair & 0xfff;
    return value >= 0xff7 ? value | 0xf000 : value;
    // exercise 5.4 stub
    // (void)layout, (void)table, (void)n;
    // return FAT_BAD;
    // exercise 5.4 end
}

int fat_walk(const struct fat *fat, uint32_t from, uint32_t steps, uint32_t *last)
{
    // exercise 5.4 begin: look at each cluster before you believe what its entry says
    for (uint32_t links = 0; links < fat->at.clusters; links++) {
        if (from < FAT_FIRST || from >= FAT_FIRST + fat->at.clusters)
            return -EUCLEAN;
        uint32_t next = fat->now[from];
        if (next == FAT_FREE || next == FAT_BAD)
            return -EUCLEAN;
        *last = from;
        if (links == steps || next >= FAT_LAST)
            return links;
        from = next;
    }
    return -EUCLEAN;
    // exercise 5.4 stub
    // (void)fat, (void)from, (void)steps, (void)last;
    // return -ENOSYS;
    // exercise 5.4 end
}

/* Read the first copy that can be read. */
static int read_table(struct fat *fat, void *raw, uint32_t sectors)
{
    int error = -EIO;

    for (unsigned copy = 0; copy < fat->at.copies && error; copy++)
        error = block_read(fat->dev, fat->at.table_first + copy * fat->at.table_sectors, sectors,
                           raw);
    return error;
}

int fat_table_load(struct fat *fat)
{
    uint32_t entries = fat->at.clusters + FAT_FIRST;
    uint32_t sectors = (entries * fat->at.bits + 8 * SECTOR_SIZE - 1) / (8 * SECTOR_SIZE);
    uint8_t *raw = kmalloc(sectors * SECTOR_SIZE);

    fat->now = kmalloc(entries * sizeof(*fat->now));
    fat->disk = kmalloc(entries * sizeof(*fat->disk));
    fat->changed = kzalloc(sectors / 8 + 1);
    fat->unwritten = kzalloc(sectors / 8 + 1);
    fat->held = kzalloc(entries / 8 + 1);
    int error = -ENOMEM;
    if (raw && fat->now && fat->disk && fat->changed && fat->unwritten && fat->held)
        error = read_table(fat, raw, sectors);
    if (error) {
        kfree(raw);
        fat_table_drop(fat);
        return error;
    }
    fat->table_sectors = sectors;
    fat->free = fat->held_count = 0;
    fat->hint = FAT_FIRST;
    for (uint32_t n = 0; n < entries; n++) {
        fat->now[n] = fat->disk[n] = fat_decode(&fat->at, raw, n);
        fat->free += n >= FAT_FIRST && fat->now[n] == FAT_FREE;
    }
    kfree(raw);
    return 0;
}

void fat_table_drop(struct fat *fat)
{
    kfree(fat->now);
    kfree(fat->disk);
    kfree(fat->changed);
    kfree(fat->unwritten);
    kfree(fat->held);
    fat->now = fat->disk = NULL;
    fat->changed = fat->unwritten = fat->held = NULL;
}

void fat_set(struct fat *fat, uint32_t cluster, uint16_t value)
{
    uint32_t bit = cluster * fat->at.bits;

    fat->now[cluster] = value;
    set_bit(fat->changed, bit / (8 * SECTOR_SIZE));
    set_bit(fat->changed, (bit + fat->at.bits - 1) / (8 * SECTOR_SIZE));
}

/* The first free cluster from `from` on, around the end; 0: there is none. */
static uint32_t find_free(const struct fat *fat, uint32_t from)
{
    uint32_t end = FAT_FIRST + fat->at.clusters;

    if (!fat->free)
        return 0;
    if (from < FAT_FIRST || from >= end)
        from = FAT_FIRST;
    for (uint32_t n = 0, at = from; n < fat->at.clusters; n++) {
        if (fat->now[at] == FAT_FREE && !get_bit(fat->held, at))
            return at;
        if (++at == end)
            at = FAT_FIRST;
    }
    return 0;
}

int fat_alloc(struct fat *fat, uint32_t near, uint32_t *cluster)
{
    uint32_t from = near ? near + 1 : fat->hint, found = find_free(fat, from);

    if (!found && fat->held_count) {
        int error = fat_commit(fat);
        if (error)
            return error;
        found = find_free(fat, from);
    }
    if (!found)
        return -ENOSPC;
    fat_set(fat, found, FAT_END);
    fat->free--;
    fat->hint = found + 1;
    *cluster = found;
    return 0;
}

void fat_free_chain(struct fat *fat, uint32_t first)
{
    uint32_t cluster = first, end = FAT_FIRST + fat->at.clusters;

    while (cluster >= FAT_FIRST && cluster < end) {
        uint32_t next = fat->now[cluster];
        if (next == FAT_FREE || next == FAT_BAD)
            break;
        fat_set(fat, cluster, FAT_FREE);
        set_bit(fat->held, cluster);
        fat->held_count++;
        cluster = next;
    }
}

uint32_t fat_sector(const struct fat *fat, uint32_t cluster)
{
    return fat->at.data_first + (cluster - FAT_FIRST) * fat->at.cluster_sectors;
}

bool fat_was_linked(const struct fat *fat, uint32_t cluster)
{
    return fat->disk[cluster] != fat->now[cluster] && fat->disk[cluster] != FAT_FREE
           && fat->disk[cluster] < FAT_LAST;
}
