/*
 * FAT: vnodes, and what can be done with them.
 *
 * FAT has no inodes: what stat tells of a file stands in its directory's entry. A file's number is
 * the place of that entry, so it changes when the file gets another name; a directory's is its
 * first cluster.
 */
#include "fs/fat.h"
#include "abi/errno.h"
#include "fs/file.h"
#include "lib/string.h"
#include "mm/kmalloc.h"

static const struct vnode_ops fat_vnode_ops;

static uint32_t ino_of(const struct fat_entry *entry)
{
    return entry->data.attributes & FAT_DIRECTORY ? entry->data.first : FAT_FILE_INO + entry->place;
}

static uint32_t mode_of(const struct fat_slot *data)
{
    uint32_t mode = data->attributes & FAT_DIRECTORY ? S_IFDIR | 0755 : S_IFREG | 0644;

    return data->attributes & FAT_READ_ONLY ? mode & ~0222u : mode;
}

/* Sectors of 512 bytes of the clusters that so many bytes take. */
static uint32_t sectors_for(const struct fat *fat, int64_t size)
{
    uint32_t shift = fat->at.cluster_shift;

    return (uint32_t)((size + (1u << shift) - 1) >> shift) * fat->at.cluster_sectors;
}

/* Fill in a new vnode, all but its times. A directory is as large as its chain. */
static int fill(struct vnode *vnode, uint32_t mode, uint32_t first, uint32_t place, uint32_t size)
{
    struct fat *fat = fat_of(vnode);
    struct fat_node *node = kzalloc(sizeof(*node));
    uint32_t last;

    if (!node)
        return -ENOMEM;
    node->first = first;
    node->place = place;
    vnode_set_size(vnode, size);
    if (S_ISDIR(mode) && vnode->ino == FAT_ROOT_INO) {
        vnode->size = fat->at.root_slots * sizeof(struct fat_slot);
    } else if (S_ISDIR(mode)) {
        int went = fat_walk(fat, first, UINT32_MAX, &last);
        if (went < 0) {
            kfree(node);
            return fat_damaged(fat, "a directory's chain is broken");
        }
        vnode->size = (int64_t)(went + 1) << fat->at.cluster_shift;
    } else {
        vnode->fops = &vnode_file_ops;
    }
    vnode->blocks = sectors_for(fat, vnode->size);
    vnode->data = node;
    vnode->ops = &fat_vnode_ops;
    vnode->mode = mode;
    vnode->nlink = 1;
    return 0;
}

/* The vnode of an entry, counted. Returns 1 if it is new, 0 or -ERRNO. */
static int vnode_of(struct mount *mount, const struct fat_entry *entry, struct vnode **result)
{
    const struct fat_slot *data = &entry->data;
    uint32_t none;

    if ((data->attributes & FAT_DIRECTORY) && fat_walk(mount->data, data->first, 0, &none) < 0)
        return fat_damaged(mount->data, "a directory has no valid cluster");
    int is_new = vnode_get(mount, ino_of(entry), result);
    if (is_new <= 0)
        return is_new;
    int error = fill(*result, mode_of(data), data->first, entry->place, data->size);
    if (error) {
        vnode_discard(*result);
        return error;
    }
    (*result)->mtime = (*result)->ctime = fat_time_read(data->mdate, data->mtime);
    (*result)->atime = fat_time_read(data->adate, 0);
    return 1;
}

int fat_root(struct mount *mount, struct vnode **root)
{
    int error = vnode_get(mount, FAT_ROOT_INO, root);

    if (error <= 0)
        return error;
    error = fill(*root, S_IFDIR | 0755, 0, 0, 0);
    if (error)
        vnode_discard(*root);
    return error;
}

int fat_find(struct vnode *dir, const char *name, struct fat_entry *entry)
{
    uint16_t units[FAT_UNITS + 1];

    return fat_name_units(name, units) < 0 ? -ENOENT : fat_dir_find(dir, units, entry);
}

static int fat_lookup(struct vnode *dir, const char *name, struct vnode **found)
{
    struct fat_entry entry;
    int error = fat_find(dir, name, &entry);

    if (!error)
        error = vnode_of(dir->mount, &entry, found);
    return error < 0 ? error : 0;
}

static int fat_readdir(struct vnode *dir, uint64_t *position, struct dirent *dirent)
{
    struct fat_entry entry;
    struct fat_cursor cursor;

    if (*position < 2) {
        strlcpy(dirent->name, *position ? ".." : ".", sizeof(dirent->name));
        dirent->ino = *position && dir->parent ? dir->parent->ino : dir->ino;
        dirent->type = DT_OF(S_IFDIR);
        ++*position;
        return 1;
    }
    if (*position - 2 >= FAT_SLOTS_MAX)
        return 0;
    fat_dir_open(&cursor, dir, *position - 2);
    int there = fat_dir_read(&cursor, &entry, dirent->name);
    fat_dir_close(&cursor);
    if (there > 0) {
        *position = cursor.next + 2;
        dirent->ino = ino_of(&entry);
        dirent->type = DT_OF(mode_of(&entry.data));
    }
    return there;
}

void fat_touch(struct vnode *dir)
{
    dir->mtime = dir->ctime = vnode_time();
    vnode_changed(dir);
}

/* What a new entry has besides its name. A directory gets its first cluster. */
static int new_data(struct vnode *dir, uint32_t mode, struct fat_slot *data)
{
    struct fat *fat = fat_of(dir);
    uint32_t now = vnode_time(), cluster;

    memset(data, 0, sizeof(*data));
    fat_time_write(now, &data->mdate, &data->mtime);
    data->cdate = data->adate = data->mdate;
    data->ctime = data->mtime;
    data->ctime_cs = now % 2 * 100;
    data->attributes = S_ISDIR(mode) ? FAT_DIRECTORY : FAT_ARCHIVE;
    if (!(mode & 0222))
        data->attributes |= FAT_READ_ONLY;
    if (!S_ISDIR(mode))
        return 0;
    int error = fat_alloc(fat, 0, &cluster);
    if (error)
        return error;
    data->first = cluster;
    error = fat_dir_format(fat, cluster, fat_node(dir)->first, now);
    if (error)
        fat_free_chain(fat, cluster);
    return error;
}

static int fat_create(struct vnode *dir, const char *name, uint32_t mode, uint32_t rdev,
                      struct vnode **made)
{
    uint16_t units[FAT_UNITS + 1];
    struct fat_entry entry;

    (void)rdev;
    if (!S_ISREG(mode) && !S_ISDIR(mode))
        return -EPERM;
    int error = fat_name_units(name, units);
    if (error >= 0)
        error = new_data(dir, mode, &entry.data);
    if (error)
        return error;
    error = fat_dir_insert(dir, units, NULL, NULL, &entry);
    if (!error) {
        int is_new = vnode_of(dir->mount, &entry, made);
        if (is_new == 1) {
            fat_touch(dir);
            return 0;
        }
        if (is_new == 0)
            vnode_put(*made);
        error = is_new ? is_new : fat_damaged(fat_of(dir), "a free cluster is a directory's");
        fat_dir_remove(dir, &entry);
    }
    fat_free_chain(fat_of(dir), entry.data.first);
    return error;
}

void fat_lose_name(struct vnode *child)
{
    vnode_unhash(child);
    fat_node(child)->place = 0;
    child->nlink = 0;
    child->ctime = vnode_time();
}

static int fat_unlink(struct vnode *dir, const char *name, struct vnode *child)
{
    struct fat_entry entry;
    int error = fat_find(dir, name, &entry);

    if (!error)
        error = fat_dir_remove(dir, &entry);
    if (error)
        return error;
    fat_lose_name(child);
    fat_touch(dir);
    return 0;
}

int fat_may_remove(struct vnode *child)
{
    int empty = fat_dir_empty(child);

    if (empty <= 0)
        return empty ? empty : -ENOTEMPTY;
    return fat_of(child)->renames ? fat_commit(fat_of(child)) : 0;
}

static int fat_rmdir(struct vnode *dir, const char *name, struct vnode *child)
{
    int error = fat_may_remove(child);

    return error ? error : fat_unlink(dir, name, child);
}

static int fat_truncate_op(struct vnode *file)
{
    int error = fat_truncate(file);

    file->blocks = sectors_for(fat_of(file), file->size);
    return error == -EUCLEAN ? fat_damaged(fat_of(file), "a file's chain is broken") : error;
}

int fat_update(struct vnode *vnode)
{
    struct fat_node *node = fat_node(vnode);
    struct buffer *buffer;
    struct fat_slot *slot;
    uint16_t none;

    if (!node->place)
        return 0;
    if (!S_ISDIR(vnode->mode) && vnode->blocks > sectors_for(fat_of(vnode), vnode->size))
        fat_truncate_op(vnode);         /* a write has come to less than there was room for */
    int error = fat_dir_at(fat_of(vnode), node->place, &buffer, &slot);
    if (error)
        return error;
    slot->attributes &= ~FAT_READ_ONLY;
    if (!(vnode->mode & 0222))
        slot->attributes |= FAT_READ_ONLY;
    slot->first = node->first;
    if (!S_ISDIR(vnode->mode))
        slot->size = vnode->size;
    fat_time_write(vnode->mtime, &slot->mdate, &slot->mtime);
    fat_time_write(vnode->atime, &slot->adate, &none);
    bcache_dirty(buffer);
    bcache_put(buffer);
    return 0;
}

static int fat_reserve_op(struct vnode *file, int64_t from, int64_t to)
{
    struct fat *fat = fat_of(file);
    uint32_t last, sectors = sectors_for(fat, to);
    int have = fat_chain(file, &last), error = 0;

    (void)from;
    if (have > 0 && have * fat->at.cluster_sectors < sectors && fat_was_linked(fat, last))
        error = fat_commit(fat);
    if (!error)
        error = have < 0 ? have : fat_reserve(file, to);
    if (error == -EUCLEAN)
        return fat_damaged(fat, "a file's chain is broken");
    if (!error && sectors > file->blocks)
        file->blocks = sectors;
    vnode_changed(file);                /* a commit has made it unchanged, and it is changed now */
    return error;
}

/* What cannot be found says that the volume is damaged, unless the file has just become shorter. */
static int fat_read_pages(struct vnode *file, uint32_t index, unsigned count, void *data)
{
    uint32_t epoch;
    int error;

    do {
        epoch = fat_node(file)->epoch;
        error = fat_read(file, file->size, index, count, data);
    } while (error && epoch != fat_node(file)->epoch);
    if (error != -EUCLEAN)
        return error;
    fat_damaged(fat_of(file), "a file's chain is broken, or too short");
    return -EIO;
}

static int fat_write_page_op(struct vnode *file, uint32_t index, const void *data)
{
    int error = fat_write_page(file, index, data);

    if (error != -EUCLEAN)
        return error;
    fat_damaged(fat_of(file), "a file's chain is broken, or too short");
    return -EIO;
}

/* What is in the block cache of a directory's clusters is not worth writing any more. */
static void forget_sectors(struct fat *fat, uint32_t first)
{
    uint32_t cluster = first;

    while (fat_walk(fat, cluster, 0, &cluster) == 0) {
        bcache_forget(fat->dev, fat_sector(fat, cluster), fat->at.cluster_sectors);
        if (fat->now[cluster] >= FAT_LAST)
            break;
        cluster = fat->now[cluster];
    }
}

static int fat_forget(struct vnode *vnode)
{
    struct fat_node *node = fat_node(vnode);

    if (vnode->nlink == 0) {
        if (S_ISDIR(vnode->mode))
            forget_sectors(fat_of(vnode), node->first);
        fat_free_chain(fat_of(vnode), node->first);
    }
    kfree(node);
    vnode->data = NULL;
    return 0;
}

static const struct vnode_ops fat_vnode_ops = {
    .lookup = fat_lookup,
    .readdir = fat_readdir,
    .create = fat_create,
    .unlink = fat_unlink,
    .rmdir = fat_rmdir,
    .rename = fat_rename,
    .reserve = fat_reserve_op,
    .truncate = fat_truncate_op,
    .update = fat_update,
    .read_pages = fat_read_pages,
    .write_page = fat_write_page_op,
    .forget = fat_forget,
};
