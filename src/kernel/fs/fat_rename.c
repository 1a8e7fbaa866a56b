/*
 * FAT: giving something another name.
 *
 * If both names lie in one sector, the disk has the old one or the new one, whenever it stops. Else
 * the old one goes first: then a crash may lose what was called so, but it cannot make two names
 * for one chain, of which the second one to be removed would take the first one's clusters.
 */
#include "fs/fat.h"
#include "abi/errno.h"
#include "lib/string.h"

/* It is to be found at another place now. */
static void move_to(struct vnode *child, uint32_t place)
{
    fat_node(child)->place = place;
    if (!S_ISDIR(child->mode))
        vnode_renumber(child, FAT_FILE_INO + place);
}

/* A directory that has moved has another "..". */
static int set_parent(struct vnode *child, struct vnode *parent)
{
    struct fat_cursor cursor;
    struct fat_slot *slot;

    fat_dir_open(&cursor, child, 1);
    int there = fat_dir_slot(&cursor, &slot);
    if (there > 0 && memcmp(slot->name, "..         ", FAT_SHORT) == 0) {
        slot->first = fat_node(parent)->first;
        bcache_dirty(cursor.buffer);
    }
    fat_dir_close(&cursor);
    return there < 0 ? there : 0;
}

/* Give the entry of `new_name` what the old one says, and remove that. */
static int replace(struct vnode *dir, const struct fat_entry *old, struct vnode *new_dir,
                   const char *new_name, struct fat_entry *entry)
{
    struct fat *fat = fat_of(dir);
    struct buffer *buffer;
    struct fat_slot *slot, data = old->data;
    int error = fat_find(new_dir, new_name, entry);

    if (!error)
        error = fat_rename_order(fat, old->place * sizeof(*slot) / SECTOR_SIZE,
                                 entry->place * sizeof(*slot) / SECTOR_SIZE);
    if (!error)
        error = fat_dir_at(fat, entry->place, &buffer, &slot);
    if (error)
        return error;
    error = fat_dir_remove(dir, old);
    if (!error) {
        memcpy(data.name, slot->name, FAT_SHORT);
        data.lower = slot->lower;
        *slot = data;
        bcache_dirty(buffer);
    }
    bcache_put(buffer);
    return error;
}

int fat_rename(struct vnode *dir, const char *name, struct vnode *child,
                      struct vnode *new_dir, const char *new_name, struct vnode *replaced)
{
    uint16_t units[FAT_UNITS + 1];
    struct fat_entry old, entry;
    int error = fat_name_units(new_name, units);

    if (error < 0)
        return error;
    if (replaced == child)              /* its case changes, or it is called by its short name */
        replaced = NULL;
    error = replaced && S_ISDIR(replaced->mode) ? fat_may_remove(replaced) : 0;
    if (!error)
        error = fat_update(child);
    if (!error)
        error = fat_find(dir, name, &old);
    if (error)
        return error;
    entry.data = old.data;
    error = replaced ? replace(dir, &old, new_dir, new_name, &entry)
                     : fat_dir_insert(new_dir, units, dir, &old, &entry);
    if (error)
        return error;
    if (replaced)
        fat_lose_name(replaced);
    move_to(child, entry.place);
    if (S_ISDIR(child->mode) && dir != new_dir)
        error = set_parent(child, new_dir);
    fat_touch(dir);
    fat_touch(new_dir);
    return error;
}
