/*
 * FAT: how changes reach the disk, in an order that makes a crash harmless.
 *
 * Whatever has been written when the machine stops, and in whatever order the disk has done it
 * between two flushes, the volume has at worst clusters that nobody finds, or a chain that is
 * longer than its file: never two names for one chain, never a file longer than its chain, never a
 * chain that leads into free clusters. The order:
 *
 *   new      what files hold; in the table, clusters that were free: no chain leads to them yet
 *   longer   in the table, the links from chains' old ends to these
 *   names    the directories: new entries, sizes and first clusters, and entries that are gone
 *   shorter  in the table, the new ends of chains that nobody needs in full any more
 *   freed    in the table, the clusters behind them
 *
 * with a flush behind each. Each entry of the table belongs to one step by what it was and what it
 * will be. That needs two rules: who frees a cluster keeps it from being used again until the next
 * commit (fat->held), and who lengthens a chain that is shorter than on the disk commits before
 * (fat_was_linked). Both copies of the table are written in each step, the first one first.
 *
 * Entries of 12 bits may lie in two sectors. Sectors side by side are written by one request, which
 * makes it unlikely, not impossible, that only half of such an entry reaches the disk.
 */
#include "fs/fat.h"
#include "abi/errno.h"
#include "lib/string.h"
#include "mm/kmalloc.h"

#define SECTOR_BITS   (8 * SECTOR_SIZE)
#define RUN_SECTORS   32u           /* of the table, written at once */
#define CLEAN         0x8000u       /* in entry 1 of 16 bits, by the specification: not in use */
#define BOOT_STATE    0x25          /* a byte of the boot sector; Linux and dosfstools: */
#define STATE_IN_USE  0x01u
#define BOOT_EXTENDED 0x26          /* it is there if this byte is */
#define IS_EXTENDED   0x29

enum step { NEW, LONGER, SHORTER, FREED, NOTHING };

/* With which step does an entry go to the disk that is `disk` there and shall be `now`? */
static enum step step_of(uint16_t disk, uint16_t now)
{
    if (disk == now)
        return NOTHING;
    if (disk == FAT_FREE)
        return NEW;
    if (now == FAT_FREE)
        return FREED;
    return now >= FAT_LAST ? SHORTER : LONGER;
}

static bool get_bit(const uint8_t *map, uint32_t n)
{
    return map[n >> 3] >> (n & 7) & 1;
}

static void set_bit(uint8_t *map, uint32_t n)
{
    map[n >> 3] |= 1u << (n & 7);
}

static void clear_bit(uint8_t *map, uint32_t n)
{
    map[n >> 3] &= ~(1u << (n & 7));
}

/* The entries of which a sector of the table holds a part: [*first, *end). */
static void entries_in(const struct fat *fat, uint32_t sector, uint32_t *first, uint32_t *end)
{
    uint32_t all = fat->at.clusters + FAT_FIRST;

    *first = sector * SECTOR_BITS / fat->at.bits;
    *end = ((sector + 1) * SECTOR_BITS + fat->at.bits - 1) / fat->at.bits;
    if (*end > all)
        *end = all;
}

/* Put entry n into a buffer of `size` bytes that begins at byte `at` of the table. */
static void encode(const struct fat *fat, uint32_t n, uint8_t *buffer, uint32_t at, uint32_t size)
{
    uint32_t from = n * fat->at.bits / 8 - at, value = fat->disk[n];    /* may begin before it */
    uint8_t low = value, high = value >> 8, low_mask = 0xff, high_mask = 0xff;

    if (fat->at.bits == 12) {
        low = n & 1 ? value << 4 : value;
        high = n & 1 ? value >> 4 : value >> 8 & 0x0f;
        low_mask = n & 1 ? 0xf0 : 0xff;
        high_mask = n & 1 ? 0xff : 0x0f;
    }
    if (from < size)
        buffer[from] = (buffer[from] & ~low_mask) | low;
    if (from + 1 < size)
        buffer[from + 1] = (buffer[from + 1] & ~high_mask) | high;
}

/* Write `count` sectors of the table from `sector` on, in each copy, from fat->disk. */
static int write_run(struct fat *fat, uint32_t sector, uint32_t count, uint8_t *buffer)
{
    uint32_t first, end, none;
    int error = 0;

    memset(buffer, 0, count * SECTOR_SIZE);
    entries_in(fat, sector, &first, &none);
    entries_in(fat, sector + count - 1, &none, &end);
    for (uint32_t n = first; n < end; n++)
        encode(fat, n, buffer, sector * SECTOR_SIZE, count * SECTOR_SIZE);
    for (unsigned copy = 0; copy < fat->at.copies && !error; copy++)
        error = fat_write(fat, fat->at.table_first + copy * fat->at.table_sectors + sector, count,
                          buffer);
    for (uint32_t n = sector; n < sector + count && !error; n++)
        clear_bit(fat->unwritten, n);
    return error;
}

static int flush(struct fat *fat)
{
    int error = fat->unflushed ? block_flush(fat->dev) : 0;

    if (!error)
        fat->unflushed = false;
    return error;
}

/* Write all sectors of the table that are to be written, and flush. */
static int write_table(struct fat *fat)
{
    uint8_t *buffer = kmalloc(RUN_SECTORS * SECTOR_SIZE);
    int error = buffer ? 0 : -ENOMEM;

    for (uint32_t sector = 0; sector < fat->table_sectors && !error; sector++) {
        uint32_t count = 0;
        while (count < RUN_SECTORS && sector + count < fat->table_sectors
               && get_bit(fat->unwritten, sector + count))
            count++;
        if (count) {
            error = write_run(fat, sector, count, buffer);
            sector += count - 1;
        }
    }
    kfree(buffer);
    return error ? error : flush(fat);
}

/* An entry's new value is to be written. */
static void take_over(struct fat *fat, uint32_t n)
{
    uint32_t bit = n * fat->at.bits;

    fat->disk[n] = fat->now[n];
    set_bit(fat->unwritten, bit / SECTOR_BITS);
    set_bit(fat->unwritten, (bit + fat->at.bits - 1) / SECTOR_BITS);
}

/* Have the entries that belong to this step on the medium. */
static int do_step(struct fat *fat, enum step step)
{
    bool any = false;

    for (uint32_t sector = 0; sector < fat->table_sectors; sector++) {
        uint32_t first, end;
        if (get_bit(fat->changed, sector)) {
            entries_in(fat, sector, &first, &end);
            for (uint32_t n = first; n < end; n++) {
                if (step_of(fat->disk[n], fat->now[n]) == step) {
                    take_over(fat, n);
                    any = true;
                }
            }
        }
    }
    return any || fat->unflushed ? write_table(fat) : 0;
}

/* The directories. A name that has moved leaves its old sector before it is in its new one. */
static int write_names(struct fat *fat)
{
    int error = 0;

    for (uint32_t n = 0; n < fat->renames && !error; n++) {
        struct buffer *buffer;
        error = bcache_get(fat->dev, fat->early[n], SECTOR_SIZE, &buffer);
        if (!error) {
            fat->unflushed = true;
            error = bcache_write(buffer);
            bcache_put(buffer);
        }
    }
    if (!error)
        error = flush(fat);
    if (!error && bcache_dirty_age(fat->dev) >= 0) {
        fat->unflushed = true;
        error = bcache_sync(fat->dev);
    }
    if (!error)
        error = flush(fat);
    if (!error)
        fat->renames = 0;
    return error;
}

static bool any_bit(const uint8_t *map, uint32_t bits)
{
    for (uint32_t n = 0; n < bits / 8 + 1; n++)
        if (map[n])
            return true;
    return false;
}

int fat_commit(struct fat *fat)
{
    int pages = vnode_sync_all(fat->mount), error = 0;
    bool table = any_bit(fat->changed, fat->table_sectors);

    if (table || bcache_dirty_age(fat->dev) >= 0)
        error = fat_mark(fat, true);
    if (!error)
        error = do_step(fat, NEW);
    if (!error)
        error = do_step(fat, LONGER);
    if (!error)
        error = write_names(fat);
    if (!error)
        error = do_step(fat, SHORTER);
    if (!error)
        error = do_step(fat, FREED);
    if (!error && table) {
        memset(fat->changed, 0, fat->table_sectors / 8 + 1);
        memset(fat->held, 0, (fat->at.clusters + FAT_FIRST) / 8 + 1);
        fat->free += fat->held_count;
        fat->held_count = 0;
    }
    return error ? error : pages;
}

static bool listed(const uint32_t *list, uint32_t count, uint32_t sector)
{
    for (uint32_t n = 0; n < count; n++)
        if (list[n] == sector)
            return true;
    return false;
}

int fat_rename_order(struct fat *fat, uint32_t from, uint32_t to)
{
    if (from == to)
        return 0;
    if (fat->renames == FAT_RENAMES || listed(fat->late, fat->renames, from)
        || listed(fat->early, fat->renames, to)) {
        int error = fat_commit(fat);
        if (error)
            return error;
    }
    fat->early[fat->renames] = from;
    fat->late[fat->renames++] = to;
    return 0;
}

int fat_write(struct fat *fat, uint32_t sector, uint32_t count, const void *data)
{
    fat->unflushed = true;
    return block_write(fat->dev, sector, count, data);
}

void fat_look_at_marks(struct fat *fat, const uint8_t *boot)
{
    fat->has_state = boot[BOOT_EXTENDED] == IS_EXTENDED;
    fat->was_marked = (fat->has_state && (boot[BOOT_STATE] & STATE_IN_USE))
                      || (fat->at.bits == 16 && !(fat->now[1] & CLEAN));
}

int fat_mark(struct fat *fat, bool in_use)
{
    if (fat->marked == in_use || fat->was_marked || !fat->has_state)
        return 0;
    uint8_t *sector = kmalloc(SECTOR_SIZE);
    int error = sector ? block_read(fat->dev, 0, 1, sector) : -ENOMEM;
    if (!error) {
        sector[BOOT_STATE] = (sector[BOOT_STATE] & ~STATE_IN_USE) | (in_use ? STATE_IN_USE : 0);
        error = fat_write(fat, 0, 1, sector);
    }
    kfree(sector);
    if (!error)
        error = flush(fat);
    if (!error)
        fat->marked = in_use;
    return error;
}
