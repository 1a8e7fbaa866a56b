/*
 * FAT: directories. Slots of 32 bytes, one after the other: the root's in a region of its own, any
 * other's in a chain of clusters.
 *
 * All slots of one name lie in one sector, if they are 16 or fewer, so that the disk has the name
 * as a whole or not at all. What that leaves free are slots like those of names that are gone.
 *
 * Specification, "FAT Directory Structure" and "Long Directory Entries".
 */
#include "fs/fat.h"
#include "abi/errno.h"

#define SLOTS_SECTOR (SECTOR_SIZE / sizeof(struct fat_slot))

void fat_dir_open(struct fat_cursor *cursor, struct vnode *dir, uint32_t slot)
{
    *cursor = (struct fat_cursor){ .dir = dir, .next = slot };
}

void fat_dir_close(struct fat_cursor *cursor)
{
    bcache_put(cursor->buffer);
    cursor->buffer = NULL;
}

/* The sector that has a slot of the directory: 1, 0: there is none any more, or -ERRNO. */
static int sector_of(struct fat_cursor *cursor, uint32_t slot, uint32_t *sector)
{
    const struct fat *fat = fat_of(cursor->dir);
    uint32_t number = slot / SLOTS_SECTOR, index, steps;

    if (cursor->dir->ino == FAT_ROOT_INO) {
        *sector = fat->at.root_first + number;
        return 1;
    }
    index = number / fat->at.cluster_sectors;
    if (!cursor->cluster || index < cursor->index) {
        cursor->cluster = fat_node(cursor->dir)->first;
        cursor->index = 0;
    }
    steps = index - cursor->index;
    int went = fat_walk(fat, cursor->cluster, steps, &cursor->cluster);
    if (went < 0)
        return went;
    cursor->index += went;
    *sector = fat_sector(fat, cursor->cluster) + number % fat->at.cluster_sectors;
    return (uint32_t)went == steps;
}

int fat_dir_slot(struct fat_cursor *cursor, struct fat_slot **slot)
{
    bool root = cursor->dir->ino == FAT_ROOT_INO;

    if (cursor->next >= (root ? fat_of(cursor->dir)->at.root_slots : FAT_SLOTS_MAX))
        return 0;
    if (!cursor->buffer || cursor->next % SLOTS_SECTOR == 0) {
        fat_dir_close(cursor);
        int there = sector_of(cursor, cursor->next, &cursor->sector);
        if (there == -EUCLEAN)
            return fat_damaged(fat_of(cursor->dir), "a directory's chain is broken");
        if (there <= 0)
            return there;
        int error = bcache_get(fat_of(cursor->dir)->dev, cursor->sector, SECTOR_SIZE,
                               &cursor->buffer);
        if (error)
            return error;
    }
    *slot = (struct fat_slot *)cursor->buffer->data + cursor->next % SLOTS_SECTOR;
    cursor->next++;
    return 1;
}

uint32_t fat_dir_place(const struct fat_cursor *cursor)
{
    return cursor->sector * SLOTS_SECTOR + (cursor->next - 1) % SLOTS_SECTOR;
}

/* A short name's characters, "README.TXT". */
static void short_text(const struct fat_slot *slot, uint16_t text[FAT_SHORT_TEXT + 1])
{
    // exercise 5.5 begin: without the blanks, with a dot where there is an extension, in its case
    unsigned base = 8, all = FAT_SHORT, at = 0;

    while (base && slot->name[base - 1] == ' ')
        base--;
    while (all > 8 && slot->name[all - 1] == ' ')
        all--;
    for (unsigned n = 0; n < all; n++) {
        uint8_t c = n == 0 && slot->name[0] == FAT_E5 ? FAT_UNUSED : slot->name[n];
        if (n >= base && n < 8)
            continue;
        if (n == 8)
            text[at++] = '.';
        if (c >= 'A' && c <= 'Z' && (slot->lower & (n < 8 ? FAT_LOWER_BASE : FAT_LOWER_EXTENSION)))
            c += 'a' - 'A';
        text[at++] = c < 0x80 ? c : fat_oem(c);
    }
    text[at] = 0;
    // exercise 5.5 stub
    // (void)slot;
    // text[0] = 0;
    // exercise 5.5 end
}

/* Put a piece's 13 characters to where they belong. */
static void take_piece(const struct fat_piece *piece, uint16_t *to)
{
    for (unsigned n = 0; n < FAT_PIECE; n++) {
        const uint8_t *from = n < 5 ? piece->units_0 + 2 * n : n < 11 ? piece->units_5 + 2 * (n - 5)
                                                             : piece->units_11 + 2 * (n - 11);
        to[n] = from[0] | from[1] << 8;
    }
}

int fat_dir_next(struct fat_cursor *cursor, struct fat_entry *entry)
{
    // exercise 5.5 begin: collect pieces, the last one first; any other slot ends a row of them
    uint16_t name[FAT_SET_MAX * FAT_PIECE];
    uint8_t checksum = 0;
    unsigned missing = 0, units = 0;        /* pieces still to come; characters of the name */
    struct fat_slot *slot;
    int there;

    while ((there = fat_dir_slot(cursor, &slot)) > 0) {
        const struct fat_piece *piece = (const struct fat_piece *)slot;
        if (slot->name[0] == FAT_NO_MORE)
            return 0;
        if (slot->name[0] == FAT_UNUSED) {
            units = 0;
            continue;
        }
        if ((slot->attributes & 0x3f) == FAT_LONG) {
            unsigned order = piece->order & ~FAT_LAST_PIECE;
            if (piece->order & FAT_LAST_PIECE) {
                missing = order;
                units = order * FAT_PIECE;
                checksum = piece->checksum;
                entry->from = cursor->next - 1;
            }
            if (units && order && order < FAT_SET_MAX && order == missing
                && piece->checksum == checksum) {
                take_piece(piece, name + --missing * FAT_PIECE);
            } else {
                units = 0;
            }
            continue;
        }
        if (slot->attributes & FAT_LABEL) {
            units = 0;
            continue;
        }
        if (missing || fat_checksum(slot->name) != checksum)
            units = 0;
        if (!units)
            entry->from = cursor->next - 1;
        name[units] = 0;
        for (units = 0; name[units] && units < FAT_UNITS; units++)
            entry->name[units] = name[units];
        entry->name[units] = 0;
        short_text(slot, entry->short_name);
        entry->slot = cursor->next - 1;
        entry->place = fat_dir_place(cursor);
        entry->data = *slot;
        return 1;
    }
    return there;
    // exercise 5.5 stub
    // (void)cursor, (void)entry, (void)short_text, (void)take_piece;
    // return -ENOSYS;
    // exercise 5.5 end
}

int fat_dir_read(struct fat_cursor *cursor, struct fat_entry *entry, char text[NAME_MAX + 1])
{
    int there;

    while ((there = fat_dir_next(cursor, entry)) > 0)
        if (entry->data.name[0] != '.'
            && ((entry->name[0] && fat_name_text(entry->name, text) > 0)
                || fat_name_text(entry->short_name, text) > 0))
            break;
    return there;
}

int fat_dir_find(struct vnode *dir, const uint16_t *name, struct fat_entry *entry)
{
    struct fat_cursor cursor;
    int there;

    fat_dir_open(&cursor, dir, 0);
    while ((there = fat_dir_next(&cursor, entry)) > 0)
        if (entry->data.name[0] != '.' && (fat_name_same(entry->name, name)
                                           || fat_name_same(entry->short_name, name)))
            break;
    fat_dir_close(&cursor);
    return there > 0 ? 0 : there == 0 ? -ENOENT : there;
}

int fat_dir_empty(struct vnode *dir)
{
    struct fat_entry entry;
    struct fat_cursor cursor;
    int there;

    fat_dir_open(&cursor, dir, 0);
    while ((there = fat_dir_next(&cursor, &entry)) > 0)
        if (entry.data.name[0] != '.')
            break;
    fat_dir_close(&cursor);
    return there < 0 ? there : !there;
}
