/*
 * FAT: new entries in directories, and entries that go.
 */
#include "fs/fat.h"
#include "abi/errno.h"
#include "lib/string.h"
#include "mm/kmalloc.h"

#define SLOTS_SECTOR (SECTOR_SIZE / sizeof(struct fat_slot))
#define TRIES        1000u          /* for a short name that nobody has */

/* What one insertion works with; on the heap, since it is large. */
struct insertion {
    struct vnode *dir;
    const struct fat_entry *old;    /* of the same directory, or NULL: its slots count as free */
    struct fat_slot set[FAT_SET_MAX];
    unsigned count;                 /* of slots in it */
    uint32_t first;                 /* where it goes */
    uint32_t end;                   /* slots from here on were never used */
    struct fat_entry other;         /* to look at those that are there */
};

/* Has anybody but old this short name? 1, 0 or -ERRNO. */
static int short_name_taken(struct insertion *in, const uint8_t name[FAT_SHORT])
{
    struct fat_cursor cursor;
    int there;

    fat_dir_open(&cursor, in->dir, 0);
    while ((there = fat_dir_next(&cursor, &in->other)) > 0)
        if (memcmp(in->other.data.name, name, FAT_SHORT) == 0
            && !(in->old && in->old->place == in->other.place))
            break;
    fat_dir_close(&cursor);
    return there;
}

/* A short name that nobody in the directory has. */
static int find_short_name(struct insertion *in, const uint16_t *units, uint8_t name[FAT_SHORT],
                           enum fat_fit *fit)
{
    uint8_t base[FAT_SHORT];

    *fit = fat_name_short(units, base);
    memcpy(name, base, FAT_SHORT);
    int taken = *fit == FAT_CUT ? 1 : short_name_taken(in, name);
    for (unsigned n = 1; taken > 0 && n < TRIES; n++) {
        memcpy(name, base, FAT_SHORT);
        fat_name_tail(name, units, n);
        taken = short_name_taken(in, name);
        if (*fit == FAT_EXACT)
            *fit = FAT_FITS;
    }
    return taken > 0 ? -ENOSPC : taken;
}

static void put_units(uint8_t *to, const uint16_t *from, unsigned count)
{
    for (unsigned n = 0; n < count; n++) {
        to[2 * n] = from[n];
        to[2 * n + 1] = from[n] >> 8;
    }
}

/* Make the slots: pieces of the name, unless the short one says it all, and the short entry. */
static void make_set(struct insertion *in, const uint16_t *units, enum fat_fit fit,
                     const struct fat_slot *data)
{
    uint16_t padded[FAT_SET_MAX * FAT_PIECE];
    unsigned length = 0, pieces;

    while (units[length])
        length++;
    pieces = fit == FAT_EXACT ? 0 : (length + FAT_PIECE - 1) / FAT_PIECE;
    memset(padded, 0xff, sizeof(padded));
    memcpy(padded, units, (length + 1) * sizeof(*units));
    for (unsigned n = 0; n < pieces; n++) {
        struct fat_piece *piece = (struct fat_piece *)&in->set[n];
        unsigned order = pieces - n;
        const uint16_t *from = padded + (order - 1) * FAT_PIECE;
        *piece = (struct fat_piece){ .order = order | (n == 0 ? FAT_LAST_PIECE : 0),
                                     .attributes = FAT_LONG,
                                     .checksum = fat_checksum(data->name) };
        put_units(piece->units_0, from, 5);
        put_units(piece->units_5, from + 5, 6);
        put_units(piece->units_11, from + 11, 2);
    }
    in->set[pieces] = *data;
    in->count = pieces + 1;
}

/* One more cluster for a directory whose slots all are in use: zeros. */
static int grow(struct vnode *dir)
{
    struct fat *fat = fat_of(dir);
    uint32_t last, cluster, size = 1u << fat->at.cluster_shift;
    int went, error;

    if (dir->ino == FAT_ROOT_INO)
        return -ENOSPC;
    went = fat_walk(fat, fat_node(dir)->first, UINT32_MAX, &last);
    if (went < 0)
        return fat_damaged(fat, "a directory's chain is broken");
    if ((went + 1u) * (size / sizeof(struct fat_slot)) >= FAT_SLOTS_MAX)
        return -ENOSPC;
    error = fat_alloc(fat, last, &cluster);
    if (error)
        return error;
    void *zeros = kzalloc(size);
    error = zeros ? fat_write(fat, fat_sector(fat, cluster), fat->at.cluster_sectors, zeros)
                  : -ENOMEM;
    kfree(zeros);
    if (error) {
        fat_free_chain(fat, cluster);
        return error;
    }
    fat_set(fat, last, cluster);
    dir->size += size;
    dir->blocks += fat->at.cluster_sectors;
    return 0;
}

/* Find free slots for the set, in [from, to) of the directory. Returns 1, 0 or -ERRNO. */
static int find_room(struct insertion *in, uint32_t from, uint32_t to)
{
    bool split = in->count > SLOTS_SECTOR, used = true;
    uint32_t run = from;                /* free slots begin here */
    struct fat_cursor cursor;
    struct fat_slot *slot;
    int there = 0;

    in->end = UINT32_MAX;
    fat_dir_open(&cursor, in->dir, from);
    for (uint32_t n = from; n < to && (there = fat_dir_slot(&cursor, &slot)) > 0; n++) {
        bool old = in->old && n >= in->old->from && n <= in->old->slot;
        if (in->end == UINT32_MAX && slot->name[0] == FAT_NO_MORE)
            in->end = n;
        if (used || (!split && n % SLOTS_SECTOR == 0))
            run = n;
        used = in->end == UINT32_MAX && slot->name[0] != FAT_UNUSED && !old;
        if (!used && n - run + 1 == in->count) {
            in->first = run;
            break;
        }
        there = 0;
    }
    fat_dir_close(&cursor);
    return there;
}

/* Copy the set to its place, and make what lies around it what it must be. */
static int put_set(struct insertion *in, struct fat_entry *entry)
{
    uint32_t first = in->end < in->first ? in->end : in->first, behind = in->first + in->count;
    struct fat_cursor cursor;
    struct fat_slot *slot;
    uint32_t n;
    int there = 1;

    fat_dir_open(&cursor, in->dir, first);
    for (n = first; n <= behind && (there = fat_dir_slot(&cursor, &slot)) > 0; n++) {
        if (n < in->first)
            slot->name[0] = FAT_UNUSED;
        else if (n < behind)
            *slot = in->set[n - in->first];
        else if (in->end < behind && slot->name[0] != FAT_NO_MORE)
            slot->name[0] = FAT_NO_MORE;
        else
            break;
        if (n == behind - 1)
            entry->place = fat_dir_place(&cursor);
        bcache_dirty(cursor.buffer);
    }
    fat_dir_close(&cursor);
    entry->from = in->first;
    entry->slot = behind - 1;
    return there < 0 && n < behind ? there : 0;
}

/* Where the set goes: to where the old one is, if it can; else to where there is room. */
static int place_set(struct insertion *in)
{
    int there = 0;

    if (in->old && in->count <= SLOTS_SECTOR) {
        uint32_t from = in->old->slot / SLOTS_SECTOR * SLOTS_SECTOR;
        there = find_room(in, from, from + SLOTS_SECTOR);
    }
    while (!there) {
        there = find_room(in, 0, FAT_SLOTS_MAX);
        int error = there ? 0 : grow(in->dir);
        if (error)
            return error;
    }
    return there < 0 ? there : 0;
}

/* Nothing of it may be on the disk before the old entry has gone there, unless both go at once. */
static int order_set(struct insertion *in, const struct fat_entry *old)
{
    struct fat_cursor cursor;
    struct fat_slot *slot;

    fat_dir_open(&cursor, in->dir, in->first + in->count - 1);
    int there = fat_dir_slot(&cursor, &slot);
    uint32_t sector = cursor.sector;
    fat_dir_close(&cursor);
    return there < 0 ? there : fat_rename_order(fat_of(in->dir), old->place / SLOTS_SECTOR, sector);
}

int fat_dir_insert(struct vnode *dir, const uint16_t *name, struct vnode *old_dir,
                   const struct fat_entry *old, struct fat_entry *entry)
{
    struct insertion *in = kmalloc(sizeof(*in));
    enum fat_fit fit;

    if (!in)
        return -ENOMEM;
    in->dir = dir;
    in->old = old_dir == dir ? old : NULL;
    int error = find_short_name(in, name, entry->data.name, &fit);
    if (!error) {
        entry->data.lower = 0;
        make_set(in, name, fit, &entry->data);
        error = place_set(in);
    }
    if (!error && old)
        error = order_set(in, old);
    if (!error && old)
        error = fat_dir_remove(old_dir, old);
    if (!error)
        error = put_set(in, entry);
    kfree(in);
    return error;
}

int fat_dir_remove(struct vnode *dir, const struct fat_entry *entry)
{
    struct fat_cursor cursor;
    struct fat_slot *slot;
    int there = 1;

    fat_dir_open(&cursor, dir, entry->from);
    for (uint32_t n = entry->from; n <= entry->slot; n++) {
        there = fat_dir_slot(&cursor, &slot);
        if (there <= 0)
            break;
        slot->name[0] = FAT_UNUSED;
        bcache_dirty(cursor.buffer);
    }
    fat_dir_close(&cursor);
    return there < 0 ? there : 0;
}

int fat_dir_at(struct fat *fat, uint32_t place, struct buffer **buffer, struct fat_slot **slot)
{
    int error = bcache_get(fat->dev, place / SLOTS_SECTOR, SECTOR_SIZE, buffer);

    if (!error)
        *slot = (struct fat_slot *)(*buffer)->data + place % SLOTS_SECTOR;
    return error;
}

int fat_dir_format(struct fat *fat, uint32_t cluster, uint32_t parent, uint32_t time)
{
    struct fat_slot *slots = kzalloc(1u << fat->at.cluster_shift);

    if (!slots)
        return -ENOMEM;
    for (unsigned n = 0; n < 2; n++) {
        struct fat_slot *slot = &slots[n];
        memset(slot->name, ' ', FAT_SHORT);
        memset(slot->name, '.', n + 1);
        slot->attributes = FAT_DIRECTORY;
        fat_time_write(time, &slot->mdate, &slot->mtime);
        slot->cdate = slot->adate = slot->mdate;
        slot->ctime = slot->mtime;
        slot->first = n ? parent : cluster;
    }
    int error = fat_write(fat, fat_sector(fat, cluster), fat->at.cluster_sectors, slots);
    kfree(slots);
    return error;
}
