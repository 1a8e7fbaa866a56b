/*
 * What a file is, and what a file system has: the stat and statfs families.
 */
#include "abi/stat.h"
#include "abi/errno.h"
#include "abi/statfs.h"
#include "fs/path.h"
#include "fs/vfs.h"
#include "lib/string.h"
#include "mm/usercopy.h"
#include "sys/calls.h"
#include "sys/name.h"

/* Of a device number, as the kernel and programs keep it: 12 bits, and 20 around them. */
static uint32_t major_of(uint32_t dev)
{
    return dev >> 8 & 0xfff;
}

static uint32_t minor_of(uint32_t dev)
{
    return (dev & 0xff) | (dev >> 12 & 0xfff00);
}

/* st_dev of a mount: major number 0, as file systems without a device of their own have. */
static uint32_t device_of(uint32_t mount_id)
{
    return (mount_id & 0xff) | (mount_id & 0xfff00) << 12;
}

/* Only the sign of a time tells those before 1970: such that a signed word holds. */
static uint32_t high_of_time(uint32_t seconds)
{
    return seconds >> 31 ? UINT32_MAX : 0;
}

static int put_stat(const struct vnode_stat *from, struct stat *to)
{
    struct stat stat = {
        .st_dev = device_of(from->dev), .st_ino = from->ino, .st_mode = (uint16_t)from->mode,
        .st_nlink = (uint16_t)from->nlink,
        .st_uid = (uint16_t)(from->uid > 0xffff ? 65534 : from->uid),
        .st_gid = (uint16_t)(from->gid > 0xffff ? 65534 : from->gid), .st_rdev = from->rdev,
        .st_size = (uint32_t)from->size, .st_blksize = from->block_size,
        .st_blocks = from->blocks, .st_atime = from->atime, .st_mtime = from->mtime,
        .st_ctime = from->ctime,
    };

    if (from->size > 0x7fffffff || from->nlink > 0xffff)
        return -EOVERFLOW;
    return copy_to_user(to, &stat, sizeof(stat));
}

static int put_stat64(const struct vnode_stat *from, struct stat64 *to)
{
    struct stat64 stat = {
        .st_dev = device_of(from->dev), .st_ino_low = from->ino, .st_mode = from->mode,
        .st_nlink = from->nlink, .st_uid = from->uid, .st_gid = from->gid, .st_rdev = from->rdev,
        .st_size = (uint32_t)from->size, .st_size_high = (uint32_t)(from->size >> 32),
        .st_blksize = from->block_size, .st_blocks = from->blocks, .st_atime = from->atime,
        .st_mtime = from->mtime, .st_ctime = from->ctime, .st_ino = from->ino,
    };

    return copy_to_user(to, &stat, sizeof(stat));
}

/* By name, and by descriptor; 0 or -ERRNO. */
static int stat_name(int dirfd, const char *path, unsigned flags, struct vnode_stat *stat)
{
    struct vnode *vnode;
    int error = name_lookup(dirfd, path, flags, &vnode);

    if (error)
        return error;
    vnode_stat(vnode, stat);
    vnode_put(vnode);
    return 0;
}

static int stat_fd(int fd, struct vnode_stat *stat)
{
    struct vnode *vnode;
    int error = name_of_fd(fd, true, &vnode);

    if (error)
        return error;
    vnode_stat(vnode, stat);
    vnode_put(vnode);
    return 0;
}

long sys_stat(const char *path, struct stat *to)
{
    struct vnode_stat stat;
    int error = stat_name(AT_FDCWD, path, 0, &stat);

    return error ? error : put_stat(&stat, to);
}

long sys_lstat(const char *path, struct stat *to)
{
    struct vnode_stat stat;
    int error = stat_name(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, &stat);

    return error ? error : put_stat(&stat, to);
}

long sys_fstat(int fd, struct stat *to)
{
    struct vnode_stat stat;
    int error = stat_fd(fd, &stat);

    return error ? error : put_stat(&stat, to);
}

long sys_stat64(const char *path, struct stat64 *to)
{
    struct vnode_stat stat;
    int error = stat_name(AT_FDCWD, path, 0, &stat);

    return error ? error : put_stat64(&stat, to);
}

long sys_lstat64(const char *path, struct stat64 *to)
{
    struct vnode_stat stat;
    int error = stat_name(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, &stat);

    return error ? error : put_stat64(&stat, to);
}

long sys_fstat64(int fd, struct stat64 *to)
{
    struct vnode_stat stat;
    int error = stat_fd(fd, &stat);

    return error ? error : put_stat64(&stat, to);
}

long sys_fstatat64(int dirfd, const char *path, struct stat64 *to, unsigned flags)
{
    struct vnode_stat stat;

    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH))
        return -EINVAL;
    int error = stat_name(dirfd, path, flags, &stat);
    return error ? error : put_stat64(&stat, to);
}

static struct statx_time time_of(uint32_t seconds)
{
    return (struct statx_time){ .seconds = seconds, .seconds_high = high_of_time(seconds) };
}

static int put_statx(const struct vnode_stat *from, bool is_root, struct statx *to)
{
    struct statx statx = {
        .stx_mask = STATX_BASIC_STATS | STATX_MNT_ID, .stx_blksize = from->block_size,
        .stx_attributes = is_root ? STATX_ATTR_MOUNT_ROOT : 0,
        .stx_attributes_mask = STATX_ATTR_MOUNT_ROOT, .stx_nlink = from->nlink,
        .stx_uid = from->uid, .stx_gid = from->gid, .stx_mode = (uint16_t)from->mode,
        .stx_ino = from->ino, .stx_size = (uint32_t)from->size,
        .stx_size_high = (uint32_t)(from->size >> 32), .stx_blocks = from->blocks,
        .stx_atime = time_of(from->atime), .stx_mtime = time_of(from->mtime),
        .stx_ctime = time_of(from->ctime), .stx_rdev_major = major_of(from->rdev),
        .stx_rdev_minor = minor_of(from->rdev), .stx_dev_minor = from->dev,
        .stx_mnt_id = from->dev,
    };

    return copy_to_user(to, &statx, sizeof(statx));
}

long sys_statx(int dirfd, const char *path, unsigned flags, uint32_t mask, struct statx *to)
{
    struct vnode_stat stat;
    struct vnode *vnode;

    if ((mask & STATX_RESERVED) || (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
        return -EINVAL;
    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE))
        return -EINVAL;
    int error = name_lookup(dirfd, path, flags, &vnode);
    if (error)
        return error;
    vnode_stat(vnode, &stat);
    bool is_root = vnode == vnode->mount->root;
    vnode_put(vnode);
    return put_statx(&stat, is_root, to);
}

/* ---- file systems */

/* What statfs(2) calls the types: linux/include/uapi/linux/magic.h. */
static uint32_t magic_of(const struct fs_type *type)
{
    static const struct {
        const char *name;
        uint32_t magic;
    } known[] = {
        { "ext2", 0xef53 }, { "fat", 0x4d44 }, { "proc", 0x9fa0 }, { "tmpfs", 0x01021994 },
        { "devfs", 0x01021994 },        /* Linux's /dev is a tmpfs, too */
        { "anon", 0x50495045 },         /* pipes */
    };

    for (unsigned i = 0; i < ARRAY_SIZE(known); i++)
        if (strcmp(known[i].name, type->name) == 0)
            return known[i].magic;
    return 0;
}

/* The file system of a vnode, whose count it takes. */
static void statfs_vnode(struct vnode *vnode, struct statfs64 *to)
{
    struct mount *mount = vnode->mount;
    struct fs_stat stat = { .block_size = PAGE_SIZE, .name_max = NAME_MAX };

    mount_lock(mount);
    if (mount->ops->stat)
        mount->ops->stat(mount, &stat);
    mount_unlock(mount);
    *to = (struct statfs64){
        .f_type = magic_of(mount->type), .f_bsize = stat.block_size, .f_blocks = { stat.blocks },
        .f_bfree = { stat.free }, .f_bavail = { stat.free }, .f_files = { stat.files },
        .f_ffree = { stat.files_free }, .f_fsid = { mount->id }, .f_namelen = stat.name_max,
        .f_frsize = stat.block_size,
        .f_flags = ST_VALID | ST_RELATIME | (mount->flags & MOUNT_READ_ONLY ? ST_RDONLY : 0),
    };
    vnode_put(vnode);
}

static int put_statfs(const struct statfs64 *from, struct statfs *to)
{
    struct statfs stat = {
        .f_type = from->f_type, .f_bsize = from->f_bsize, .f_blocks = from->f_blocks[0],
        .f_bfree = from->f_bfree[0], .f_bavail = from->f_bavail[0], .f_files = from->f_files[0],
        .f_ffree = from->f_ffree[0], .f_fsid = { from->f_fsid[0], from->f_fsid[1] },
        .f_namelen = from->f_namelen, .f_frsize = from->f_frsize, .f_flags = from->f_flags,
    };

    return copy_to_user(to, &stat, sizeof(stat));
}

long sys_statfs(const char *path, struct statfs *to)
{
    struct statfs64 stat;
    struct vnode *vnode;
    int error = name_lookup(AT_FDCWD, path, 0, &vnode);

    if (error)
        return error;
    statfs_vnode(vnode, &stat);
    return put_statfs(&stat, to);
}

long sys_fstatfs(int fd, struct statfs *to)
{
    struct statfs64 stat;
    struct vnode *vnode;
    int error = name_of_fd(fd, true, &vnode);

    if (error)
        return error;
    statfs_vnode(vnode, &stat);
    return put_statfs(&stat, to);
}

long sys_statfs64(const char *path, size_t size, struct statfs64 *to)
{
    struct statfs64 stat;
    struct vnode *vnode;

    if (size != sizeof(stat))
        return -EINVAL;
    int error = name_lookup(AT_FDCWD, path, 0, &vnode);
    if (error)
        return error;
    statfs_vnode(vnode, &stat);
    return copy_to_user(to, &stat, sizeof(stat));
}

long sys_fstatfs64(int fd, size_t size, struct statfs64 *to)
{
    struct statfs64 stat;
    struct vnode *vnode;

    if (size != sizeof(stat))
        return -EINVAL;
    int error = name_of_fd(fd, true, &vnode);
    if (error)
        return error;
    statfs_vnode(vnode, &stat);
    return copy_to_user(to, &stat, sizeof(stat));
}
