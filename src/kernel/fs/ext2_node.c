/*
 * ext2: what can be done with vnodes. Names are in ext2_dir, inodes in ext2_inode, blocks in
 * ext2_map; here is what the operations do with them, and what files hold.
 *
 * ext2 has no journal: a crash in the middle of an operation leaves what e2fsck mends. The order of
 * changes here is such that an operation that fails half-way (no memory, no room, a disk error)
 * has changed nothing, or is undone.
 */
#include "fs/ext2.h"
#include "abi/errno.h"
#include "lib/string.h"

static uint32_t min_u32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static int ext2_lookup(struct vnode *dir, const char *name, struct vnode **found)
{
    struct ext2_place place;
    int error = ext2_dir_find(dir, name, &place);

    if (error)
        return error;
    uint32_t ino = place.entry->inode;
    bcache_put(place.buffer);
    struct vnode *vnode;
    error = ext2_vnode(dir->mount, ino, &vnode);
    if (error)
        return error;
    /* A tree of names, not a graph: the VFS goes from a directory to its parent. */
    if (S_ISDIR(vnode->mode) && (vnode == dir || ino == EXT2_ROOT
                                 || (vnode->parent && vnode->parent != dir))) {
        vnode_put(vnode);
        return ext2_damaged(ext2_of(dir), "directory %u is in directory %u, and elsewhere", ino,
                            dir->ino);
    }
    *found = vnode;
    return 0;
}

static void set_links(struct vnode *vnode, uint32_t nlink)
{
    vnode->nlink = nlink;
    vnode->ctime = vnode_time();
    vnode_changed(vnode);
}

/* One name less. What damage has left without one stays so. */
static void drop_link(struct vnode *vnode)
{
    set_links(vnode, vnode->nlink ? vnode->nlink - 1 : 0);
}

static int ext2_create(struct vnode *dir, const char *name, uint32_t mode, uint32_t rdev,
                       struct vnode **made)
{
    struct vnode *vnode;
    bool directory = S_ISDIR(mode);

    if (directory && dir->nlink >= EXT2_LINK_MAX)
        return -EMLINK;
    int error = ext2_new_vnode(dir, mode, rdev, &vnode);
    if (error)
        return error;
    if (directory)
        error = ext2_dir_make(vnode, dir);
    if (!error)
        error = ext2_dir_add(dir, name, vnode);
    if (error) {
        vnode_put(vnode);               /* it has no name: all of it is freed */
        return error;
    }
    set_links(vnode, directory ? 2 : 1);
    if (directory)
        set_links(dir, dir->nlink + 1);
    *made = vnode;
    return 0;
}

/* A target that does not fit the inode goes to a block of its own. */
static int write_target(struct vnode *link, const char *target, uint32_t length)
{
    struct ext2 *fs = ext2_of(link);
    struct buffer *buffer;
    uint32_t start;
    int error = ext2_map_alloc(link, 0, 1);

    if (error)
        return error;
    error = ext2_map(link, 0, 1, &start);
    if (error > 0)
        error = bcache_get_new(fs->dev, start, fs->block_size, &buffer);
    if (error)
        return error;
    memcpy(buffer->data, target, length);
    bcache_put(buffer);
    return 0;
}

static int ext2_symlink(struct vnode *dir, const char *name, const char *target,
                        struct vnode **made)
{
    struct vnode *link;
    uint32_t length = strlen(target);

    if (length == 0)
        return -ENOENT;
    if (length >= ext2_of(dir)->block_size)
        return -ENAMETOOLONG;
    int error = ext2_new_vnode(dir, S_IFLNK | 0777, 0, &link);
    if (error)
        return error;
    if (length < sizeof(ext2_node(link)->block))
        memcpy(ext2_node(link)->block, target, length);
    else
        error = write_target(link, target, length);
    if (!error)
        error = ext2_dir_add(dir, name, link);
    if (error) {
        vnode_put(link);
        return error;
    }
    link->size = length;
    set_links(link, 1);
    *made = link;
    return 0;
}

static int ext2_readlink(struct vnode *link, char *to, size_t size)
{
    struct ext2 *fs = ext2_of(link);
    uint32_t length = link->size, start;

    if (size == 0)
        return 0;
    if (length > size - 1)
        length = size - 1;
    if (ext2_is_fast_link(link)) {
        memcpy(to, ext2_node(link)->block, length);
    } else {
        struct buffer *buffer;
        int error = ext2_map(link, 0, 1, &start);
        if (error < 0)
            return error;
        if (start == 0)
            return ext2_damaged(fs, "symbolic link %u has no target", link->ino);
        error = bcache_get(fs->dev, start, fs->block_size, &buffer);
        if (error)
            return error;
        memcpy(to, buffer->data, length);
        bcache_put(buffer);
    }
    to[length] = '\0';
    return 0;
}

static int ext2_link(struct vnode *dir, const char *name, struct vnode *file)
{
    if (file->nlink >= EXT2_LINK_MAX)
        return -EMLINK;
    int error = ext2_dir_add(dir, name, file);
    if (!error)
        set_links(file, file->nlink + 1);
    return error;
}

/* Find the name, and see that it still stands for the child. */
static int find_child(struct vnode *dir, const char *name, const struct vnode *child,
                      struct ext2_place *place)
{
    int error = ext2_dir_find(dir, name, place);

    if (!error && place->entry->inode != child->ino) {
        bcache_put(place->buffer);
        error = ext2_damaged(ext2_of(dir), "directory %u has a name twice", dir->ino);
    }
    return error;
}

static int ext2_unlink(struct vnode *dir, const char *name, struct vnode *child)
{
    struct ext2_place place;
    int error = find_child(dir, name, child, &place);

    if (error)
        return error;
    ext2_dir_remove(dir, &place);
    bcache_put(place.buffer);
    drop_link(child);
    return 0;
}

/* -ENOTEMPTY if there is something in it. */
static int check_empty(struct vnode *dir)
{
    int empty = ext2_dir_empty(dir);

    return empty < 0 ? empty : empty ? 0 : -ENOTEMPTY;
}

static int ext2_rmdir(struct vnode *dir, const char *name, struct vnode *child)
{
    int error = check_empty(child);

    if (!error)
        error = ext2_unlink(dir, name, child);
    if (error)
        return error;
    set_links(child, 0);
    drop_link(dir);
    return 0;
}

/* The new name of rename(): where `replaced` has it, or one more. */
static int set_name(struct vnode *dir, const char *name, struct vnode *child,
                    struct vnode *replaced)
{
    struct ext2_place place;

    if (!replaced)
        return ext2_dir_add(dir, name, child);
    int error = find_child(dir, name, replaced, &place);
    if (error)
        return error;
    ext2_dir_set(dir, &place, child);
    bcache_put(place.buffer);
    return 0;
}

static int ext2_rename(struct vnode *dir, const char *name, struct vnode *child,
                       struct vnode *new_dir, const char *new_name, struct vnode *replaced)
{
    struct ext2_place old, parent = { .buffer = NULL };
    bool directory = S_ISDIR(child->mode), moves = directory && dir != new_dir;
    int error = 0;

    if (moves && !replaced && new_dir->nlink >= EXT2_LINK_MAX)
        return -EMLINK;
    if (directory && replaced)
        error = check_empty(replaced);
    if (!error)
        error = find_child(dir, name, child, &old);
    if (error)
        return error;
    if (moves)
        error = ext2_dir_parent(child, &parent);
    if (!error)
        error = set_name(new_dir, new_name, child, replaced);
    if (!error) {                       /* from here on nothing can fail */
        ext2_dir_remove(dir, &old);
        if (moves) {
            ext2_dir_set(child, &parent, new_dir);
            drop_link(dir);
            set_links(new_dir, new_dir->nlink + 1);
        }
        set_links(child, child->nlink);
        if (replaced)
            directory ? set_links(replaced, 0) : drop_link(replaced);
        if (replaced && directory)
            drop_link(new_dir);
    }
    bcache_put(parent.buffer);
    bcache_put(old.buffer);
    return error;
}

/* Blocks that the first `size` bytes of a file take. */
static uint32_t blocks_of(const struct ext2 *fs, int64_t size)
{
    return (size + fs->block_size - 1) >> fs->shift;
}

/*
 * The pages of a hole are in the cache, and dirty, before the hole gets blocks: those have
 * somebody's old bytes in them until they are written.
 */
static int hold_zeros(struct vnode *file, uint32_t block)
{
    uint32_t index = block >> (PAGE_SHIFT - ext2_of(file)->shift);
    struct page *page;
    int error = cache_get(&file->pages, index, &page);

    if (error)
        return error;
    cache_dirty(page);
    page_put(page);
    return 0;
}

static int ext2_reserve(struct vnode *file, int64_t from, int64_t to)
{
    struct ext2 *fs = ext2_of(file);
    uint32_t first = from >> fs->shift, end, start;

    if (to > fs->max_size)
        return -EFBIG;
    if (from >= to)
        return 0;
    end = blocks_of(fs, to);
    uint32_t inside = min_u32(end, blocks_of(fs, file->size));
    for (uint32_t block = first; block < inside; ) {
        int n = ext2_map(file, block, inside - block, &start);
        if (n < 0)
            return n;
        if (start == 0) {
            int error = hold_zeros(file, block);
            if (error)
                return error;
            n = 1;
        }
        block += n;
    }
    return ext2_map_alloc(file, first, end);
}

static int ext2_truncate(struct vnode *file)
{
    int error = ext2_map_truncate(file, blocks_of(ext2_of(file), file->size));

    ext2_node(file)->behind = error && error != -EUCLEAN;
    return error;
}

/* Before the size goes to the disk, the blocks end where it does. */
static int ext2_update(struct vnode *vnode)
{
    int error = ext2_node(vnode)->behind ? ext2_truncate(vnode) : 0;

    return error ? error : ext2_write_inode(vnode);
}

static int ext2_read_pages(struct vnode *file, uint32_t index, unsigned count, void *data)
{
    struct ext2 *fs = ext2_of(file);
    int64_t at = (int64_t)index << PAGE_SHIFT, size = file->size;
    uint32_t bytes = count << PAGE_SHIFT, valid, done = 0;
    uint32_t block = at >> fs->shift;

    valid = at >= size ? 0 : size - at < bytes ? size - at : bytes;
    uint32_t left = blocks_of(fs, valid);
    while (left) {
        uint32_t start;
        int error = 0, n = ext2_map(file, block, left, &start);
        if (n < 0)
            return n;
        if (start)
            error = block_read(fs->dev, (uint64_t)start * fs->sectors, n * fs->sectors,
                               (char *)data + done);
        else
            memset((char *)data + done, 0, n << fs->shift);
        if (error)
            return error;
        done += n << fs->shift;
        block += n;
        left -= n;
    }
    memset((char *)data + valid, 0, bytes - valid);
    return 0;
}

static int ext2_write_page(struct vnode *file, uint32_t index, const void *data)
{
    struct ext2 *fs = ext2_of(file);
    int64_t at = (int64_t)index << PAGE_SHIFT;
    uint32_t block = at >> fs->shift, done = 0, start;

    if (at >= file->size)
        return 0;
    uint32_t left = min_u32(PAGE_SIZE >> fs->shift, blocks_of(fs, file->size) - block);
    while (left) {
        /* As far as it goes, not only to the page's end: the next page's place is known then. */
        int error = 0, n = ext2_map(file, block, blocks_of(fs, file->size) - block, &start);
        if (n < 0)
            return n;
        n = min_u32(n, left);
        if (start)                      /* what was not reserved is zeros */
            error = block_write(fs->dev, (uint64_t)start * fs->sectors, n * fs->sectors,
                                (const char *)data + done);
        if (error)
            return error;
        done += n << fs->shift;
        block += n;
        left -= n;
    }
    return 0;
}

const struct vnode_ops ext2_vnode_ops = {
    .lookup = ext2_lookup,
    .readdir = ext2_readdir,
    .read_entries = ext2_read_entries,      // lab 6
    .create = ext2_create,
    .symlink = ext2_symlink,
    .link = ext2_link,
    .unlink = ext2_unlink,
    .rmdir = ext2_rmdir,
    .rename = ext2_rename,
    .readlink = ext2_readlink,
    .reserve = ext2_reserve,
    .truncate = ext2_truncate,
    .update = ext2_update,
    .read_pages = ext2_read_pages,
    .write_page = ext2_write_page,
    .forget = ext2_forget,
};
