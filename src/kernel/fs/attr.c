/*
 * System calls on what a name stands for: what stat tells of it, and how that is changed.
 */
#include "abi/errno.h"
#include "fs/access.h"              // lab 6
#include "fs/file.h"
#include "fs/path.h"
#include "fs/vfs.h"

void vnode_stat(struct vnode *vnode, struct vnode_stat *stat)
{
    mount_lock(vnode->mount);
    *stat = (struct vnode_stat){
        .dev = vnode->mount->id, .ino = vnode->ino, .mode = vnode->mode, .nlink = vnode->nlink,
        .uid = vnode->uid, .gid = vnode->gid, .rdev = vnode->rdev, .blocks = vnode->blocks,
        .atime = vnode->atime, .mtime = vnode->mtime, .ctime = vnode->ctime, .size = vnode->size,
        .block_size = PAGE_SIZE,
    };
    mount_unlock_unchanged(vnode->mount);
}

int vfs_stat(const char *path, unsigned flags, struct vnode_stat *stat)
{
    struct vnode *vnode;
    int error = path_lookup(path, flags, &vnode);

    if (error)
        return error;
    vnode_stat(vnode, stat);
    vnode_put(vnode);
    return 0;
}

int vnode_readlink(struct vnode *vnode, char *to, size_t size)
{
    mount_lock(vnode->mount);
    int error = S_ISLNK(vnode->mode) && vnode->ops->readlink ?
                vnode->ops->readlink(vnode, to, size) : -EINVAL;
    mount_unlock(vnode->mount);
    return error;
}

int vfs_readlink(const char *path, char *to, size_t size)
{
    struct vnode *vnode;
    int error = path_lookup(path, PATH_NOFOLLOW, &vnode);

    if (error)
        return error;
    error = vnode_readlink(vnode, to, size);
    vnode_put(vnode);
    return error;
}

int vfs_truncate(const char *path, int64_t size)
{
    struct vnode *vnode;
    int error = path_lookup(path, 0, &vnode);

    if (error)
        return error;
    error = vnode_truncate(vnode, size);
    vnode_put(vnode);
    return error;
}

/* Lock its mount, to change something of it. After an error: no end. */
static int change_begin(struct vnode *vnode)
{
    if (vnode->mount->flags & MOUNT_READ_ONLY)
        return -EROFS;
    mount_lock(vnode->mount);
    return 0;
}

static int change_end(struct vnode *vnode, int error)
{
    if (!error) {
        vnode->ctime = vnode_time();
        vnode_changed(vnode);
    }
    mount_unlock(vnode->mount);
    return error;
}

/* What all files of a file system without permissions have, but for those of writing. */
static uint32_t write_bits_only(const struct vnode *vnode, uint32_t mode)
{
    return mode & 0222 ? vnode->mode | 0200 : vnode->mode & ~0222u;
}

int vnode_chmod(struct vnode *vnode, uint32_t mode)
{
    int error = change_begin(vnode);

    if (error)
        return error;
    error = access_as_owner(vnode);                                         // lab 6
    mode = access_chmod(vnode, mode);                                       // lab 6
    if (!error && !(vnode->mount->type->flags & FS_MODES))
        vnode->mode = write_bits_only(vnode, mode);
    else if (!error)
        vnode->mode = (vnode->mode & S_IFMT) | (mode & 07777);
    return change_end(vnode, error);
}

int vnode_chown(struct vnode *vnode, uint32_t uid, uint32_t gid)
{
    int error = change_begin(vnode);

    if (error)
        return error;
    error = access_chown(vnode, uid, gid);                                  // lab 6
    if (!error && (vnode->mount->type->flags & FS_MODES)) {
        if (uid != UINT32_MAX)
            vnode->uid = uid;
        if (gid != UINT32_MAX)
            vnode->gid = gid;
        if (!S_ISDIR(vnode->mode))      /* its new owner has not said that others may be him */
            vnode->mode &= ~(S_ISUID | (vnode->mode & 0010 ? S_ISGID : 0u));
    }
    return change_end(vnode, error);
}

int vnode_utime(struct vnode *vnode, const struct vnode_times *times)
{
    uint32_t now = vnode_time();
    int error = change_begin(vnode);

    if (error)
        return error;
    error = access_as_owner(vnode);                                         // lab 6
    if (error && times->now)                                                // lab 6
        error = vnode_access(vnode, VNODE_WRITE);                           // lab 6
    if (!error && times->set_atime)
        vnode->atime = times->now ? now : times->atime;
    if (!error && times->set_mtime)
        vnode->mtime = times->now ? now : times->mtime;
    return change_end(vnode, error);
}

int vfs_chmod(const char *path, uint32_t mode)
{
    struct vnode *vnode;
    int error = path_lookup(path, 0, &vnode);

    if (error)
        return error;
    error = vnode_chmod(vnode, mode);
    vnode_put(vnode);
    return error;
}

int vfs_chown(const char *path, uint32_t uid, uint32_t gid)
{
    struct vnode *vnode;
    int error = path_lookup(path, 0, &vnode);

    if (error)
        return error;
    error = vnode_chown(vnode, uid, gid);
    vnode_put(vnode);
    return error;
}

int vfs_utime(const char *path, uint32_t atime, uint32_t mtime)
{
    const struct vnode_times times = {
        .set_atime = true, .set_mtime = true, .atime = atime, .mtime = mtime,
    };
    struct vnode *vnode;
    int error = path_lookup(path, 0, &vnode);

    if (error)
        return error;
    error = vnode_utime(vnode, &times);
    vnode_put(vnode);
    return error;
}
