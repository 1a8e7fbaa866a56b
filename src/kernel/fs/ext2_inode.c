/*
 * ext2's inodes: from the groups' tables to vnodes and back. What an inode has beyond what we know
 * (larger inodes, attributes) stays as it is.
 */
#include "fs/ext2.h"
#include "abi/errno.h"
#include "fs/file.h"
#include "lib/string.h"
#include "mm/kmalloc.h"

#define INHERIT_GROUP 02000         /* in a directory's mode, see inode(7) */

#define ACL_MAGIC 0xea020000u       /* a block of attributes; several inodes may share it */

struct acl_header {
    uint32_t magic, references;
};

/* The inode's place in its table; for bcache_put(*buffer). */
static int open_inode(struct ext2 *fs, uint32_t ino, struct buffer **buffer,
                      struct ext2_inode **inode)
{
    struct buffer *descriptor;
    struct ext2_group *group;
    uint32_t index = (ino - 1) % fs->super.inodes_per_group;
    int error = ext2_group(fs, (ino - 1) / fs->super.inodes_per_group, &descriptor, &group);

    if (error)
        return error;
    uint32_t per_block = fs->block_size / fs->inode_size;
    uint32_t block = group->inode_table + index / per_block;
    bcache_put(descriptor);
    error = bcache_get(fs->dev, block, fs->block_size, buffer);
    if (!error)
        *inode = (struct ext2_inode *)((char *)(*buffer)->data
                                       + index % per_block * fs->inode_size);
    return error;
}

bool ext2_is_fast_link(const struct vnode *link)
{
    uint32_t other = ext2_node(link)->acl ? ext2_of(link)->sectors : 0;

    return link->blocks == other;
}

static bool has_rdev(uint32_t mode)
{
    return S_ISCHR(mode) || S_ISBLK(mode);
}

/* Can what the inode says be true? */
static bool makes_sense(const struct vnode *vnode)
{
    const struct ext2 *fs = ext2_of(vnode);

    if (vnode->nlink == 0 || vnode->size < 0 || vnode->size > fs->max_size
            || (ext2_node(vnode)->flags & EXT2_FL_EXTENTS))
        return false;
    switch (vnode->mode & S_IFMT) {
    case S_IFDIR:                       /* has no holes */
        return vnode->size > 0 && vnode->size % fs->block_size == 0
            && vnode->size >> fs->shift < fs->super.blocks
            && vnode->size >> 9 <= vnode->blocks;
    case S_IFLNK:
        return vnode->size > 0 && vnode->size < (ext2_is_fast_link(vnode)
                   ? (int64_t)sizeof(ext2_node(vnode)->block) : fs->block_size);
    case S_IFREG: case S_IFBLK: case S_IFCHR: case S_IFIFO: case S_IFSOCK:
        return true;
    }
    return false;
}

static void from_inode(struct vnode *vnode, const struct ext2_inode *inode)
{
    struct ext2_node *node = ext2_node(vnode);

    vnode->mode = inode->mode;
    vnode->nlink = inode->links;
    vnode->uid = inode->uid | (uint32_t)inode->uid_high << 16;
    vnode->gid = inode->gid | (uint32_t)inode->gid_high << 16;
    vnode->size = inode->size;
    if (S_ISREG(inode->mode)) {
        vnode_set_size(vnode, (int64_t)(inode->size | (uint64_t)inode->size_high << 32));
        vnode->fops = &vnode_file_ops;
    }
    vnode->blocks = inode->sectors;
    vnode->atime = inode->atime;
    vnode->mtime = inode->mtime;
    vnode->ctime = inode->ctime;
    node->flags = inode->flags;
    node->acl = inode->acl;
    memcpy(node->block, inode->block, sizeof(node->block));
    if (has_rdev(inode->mode))          /* numbers of 16 bits are in the first, others behind it */
        vnode->rdev = node->block[0] ? node->block[0] & 0xffff : node->block[1];
}

static void to_inode(const struct vnode *vnode, struct ext2_inode *inode)
{
    const struct ext2_node *node = ext2_node(vnode);

    inode->mode = vnode->mode;
    inode->links = vnode->nlink;
    inode->uid = vnode->uid;
    inode->uid_high = vnode->uid >> 16;
    inode->gid = vnode->gid;
    inode->gid_high = vnode->gid >> 16;
    inode->size = vnode->size;
    if (S_ISREG(vnode->mode))
        inode->size_high = vnode->size >> 32;
    inode->sectors = vnode->blocks;
    inode->atime = vnode->atime;
    inode->mtime = vnode->mtime;
    inode->ctime = vnode->ctime;
    inode->flags = node->flags;
    inode->acl = node->acl;
    memcpy(inode->block, node->block, sizeof(inode->block));
}

/* Give a new vnode what all of ours have. */
static int set_up(struct vnode *vnode)
{
    vnode->data = kzalloc(sizeof(struct ext2_node));
    if (!vnode->data)
        return -ENOMEM;
    vnode->ops = &ext2_vnode_ops;
    return 0;
}

static void discard(struct vnode *vnode)
{
    kfree(vnode->data);
    vnode->data = NULL;
    vnode_discard(vnode);
}

int ext2_vnode(struct mount *mount, uint32_t ino, struct vnode **result)
{
    struct ext2 *fs = mount->data;
    struct vnode *vnode;
    struct buffer *buffer;
    struct ext2_inode *inode;

    if (ino != EXT2_ROOT && (ino < fs->first_inode || ino > fs->super.inodes))
        return ext2_damaged(fs, "a name stands for inode %u", ino);
    int new = vnode_get(mount, ino, &vnode);
    if (new <= 0) {
        *result = vnode;
        return new;
    }
    int error = set_up(vnode);
    if (!error)
        error = open_inode(fs, ino, &buffer, &inode);
    if (!error) {
        from_inode(vnode, inode);
        bcache_put(buffer);
        if (!makes_sense(vnode))
            error = ext2_damaged(fs, "inode %u makes no sense", ino);
    }
    if (error)
        discard(vnode);
    else
        *result = vnode;
    return error;
}

/* Begin an inode, and the vnode for it, which is new. */
static int fill_new(struct vnode *vnode, const struct vnode *dir, uint32_t mode, uint32_t rdev)
{
    struct buffer *buffer;
    struct ext2_inode *inode;
    int error = set_up(vnode);

    if (!error)
        error = open_inode(ext2_of(vnode), vnode->ino, &buffer, &inode);
    if (error)
        return error;
    uint32_t generation = inode->generation + 1;    /* NFS must not take it for the one before */
    memset(inode, 0, ext2_of(vnode)->inode_size);
    inode->generation = generation;
    vnode->mode = mode;
    vnode->fops = S_ISREG(mode) ? &vnode_file_ops : NULL;
    vnode->atime = vnode->mtime = vnode->ctime = vnode_time();
    if (dir->mode & INHERIT_GROUP) {
        vnode->gid = dir->gid;
        if (S_ISDIR(mode))
            vnode->mode |= INHERIT_GROUP;
    }
    if (has_rdev(mode)) {
        vnode->rdev = rdev;
        ext2_node(vnode)->block[rdev > 0xffff] = rdev;
    }
    to_inode(vnode, inode);
    bcache_dirty(buffer);
    bcache_put(buffer);
    return 0;
}

int ext2_new_vnode(struct vnode *dir, uint32_t mode, uint32_t rdev, struct vnode **result)
{
    struct ext2 *fs = ext2_of(dir);
    struct vnode *vnode;
    uint32_t ino;
    int error = ext2_alloc_inode(fs, dir->ino, S_ISDIR(mode), &ino);

    if (error)
        return error;
    int new = vnode_get(dir->mount, ino, &vnode);
    if (new == 0) {
        vnode_put(vnode);
        return ext2_damaged(fs, "inode %u is in use, but was free", ino);
    }
    error = new < 0 ? new : fill_new(vnode, dir, mode, rdev);
    if (error) {
        if (new > 0)
            discard(vnode);
        ext2_free_inode(fs, ino, S_ISDIR(mode));
        return error;
    }
    *result = vnode;
    return 0;
}

int ext2_write_inode(struct vnode *vnode)
{
    struct ext2 *fs = ext2_of(vnode);
    struct buffer *buffer;
    struct ext2_inode *inode;

    if (S_ISREG(vnode->mode) && vnode->size > 0x7fffffff)
        ext2_large_file(fs);
    int error = open_inode(fs, vnode->ino, &buffer, &inode);
    if (error)
        return error;
    to_inode(vnode, inode);
    bcache_dirty(buffer);
    bcache_put(buffer);
    return 0;
}

/* The inode's block of extended attributes is one user's less. */
static int release_acl(struct vnode *vnode)
{
    struct ext2 *fs = ext2_of(vnode);
    struct buffer *buffer;
    uint32_t block = ext2_node(vnode)->acl;

    if (block == 0)
        return 0;
    if (!ext2_has_blocks(fs, block, 1))
        return ext2_damaged(fs, "inode %u has its attributes in block %u", vnode->ino, block);
    int error = bcache_get(fs->dev, block, fs->block_size, &buffer);
    if (error)
        return error;
    struct acl_header *header = buffer->data;
    bool last = header->magic == ACL_MAGIC && header->references == 1;
    if (header->magic != ACL_MAGIC || header->references == 0)
        error = ext2_damaged(fs, "inode %u has no attributes in block %u", vnode->ino, block);
    if (!error && !last) {
        header->references--;
        bcache_dirty(buffer);
    }
    bcache_put(buffer);
    if (!error && last) {
        error = ext2_free_blocks(fs, block, 1);
        if (!error)
            bcache_forget(fs->dev, block, 1);
    }
    if (!error)
        ext2_node(vnode)->acl = 0;
    return error;
}

/*
 * Free all that a nameless file has, its inode last. -ENOMEM: call it again. Another error has been
 * told: e2fsck finds what is left.
 */
static int remove_inode(struct vnode *vnode)
{
    struct ext2 *fs = ext2_of(vnode);
    struct buffer *buffer;
    struct ext2_inode *inode;
    int error = 0;

    if (has_rdev(vnode->mode) || (S_ISLNK(vnode->mode) && ext2_is_fast_link(vnode)))
        memset(ext2_node(vnode)->block, 0, sizeof(ext2_node(vnode)->block));
    else
        error = ext2_map_truncate(vnode, 0);
    if (!error)
        error = release_acl(vnode);
    if (!error)
        error = open_inode(fs, vnode->ino, &buffer, &inode);
    if (error)
        return error;
    vnode->size = 0;
    vnode->blocks = 0;
    to_inode(vnode, inode);
    inode->dtime = vnode_time();
    bcache_dirty(buffer);
    bcache_put(buffer);
    return ext2_free_inode(fs, vnode->ino, S_ISDIR(vnode->mode));
}

int ext2_forget(struct vnode *vnode)
{
    if (vnode->nlink == 0 && !(vnode->mount->flags & MOUNT_READ_ONLY)
            && remove_inode(vnode) == -ENOMEM)
        return -ENOMEM;
    kfree(vnode->data);
    vnode->data = NULL;
    return 0;
}
