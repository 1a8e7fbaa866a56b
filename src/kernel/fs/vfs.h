/*
 * What can be done with names, as the system calls of the same names do it: each returns 0 or
 * -ERRNO as their manual pages say.
 *
 * Those that change names begin where path_lookup_at() does: at a directory, or at the current one
 * for NULL. The others are there for a vnode, too, however it was found.
 */
#ifndef FS_VFS_H
#define FS_VFS_H

#include "fs/mount.h"
#include "fs/vnode.h"

/* The tables of vnodes, files and blocks, and the types of file systems; nothing is mounted yet. */
void vfs_init(void);

/*
 * Mount the system's tree, with interrupts on: / from the device that root= names on the command
 * line (its type is found out), else from the first partition that holds a file system, else an
 * empty tmpfs; then /dev, /proc and /tmp, whose directories are made if they can be. What cannot be
 * mounted is a line in the log.
 */
void vfs_mount_root(const char *cmdline);

/* What stat(2) tells. */
struct vnode_stat {
    uint32_t dev, ino, mode, nlink, uid, gid, rdev, blocks, atime, mtime, ctime;
    int64_t size;
    uint32_t block_size;
};

/* `flags`: 0, or PATH_NOFOLLOW for lstat(2). */
int vfs_stat(const char *path, unsigned flags, struct vnode_stat *stat);
/* fstat(2) */
void vnode_stat(struct vnode *vnode, struct vnode_stat *stat);

/* Make what `mode` says: a directory, a regular file, a device, ... */
int vfs_make_at(struct vnode *from, const char *path, uint32_t mode, uint32_t rdev);
int vfs_rmdir_at(struct vnode *from, const char *path);
int vfs_unlink_at(struct vnode *from, const char *path);
int vfs_symlink_at(const char *target, struct vnode *from, const char *path);
/* One more name for a file. */
int vfs_link_at(struct vnode *file, struct vnode *from, const char *path);

/* -EEXIST if there is something of the new name. */
#define RENAME_NOREPLACE 1u

/* renameat2(2): `flags` is 0 or RENAME_NOREPLACE. */
int vfs_rename_at(struct vnode *from, const char *path, struct vnode *to, const char *new_path,
                  unsigned flags);

/* mknod(2): also regular files and devices. */
int vfs_mknod(const char *path, uint32_t mode, uint32_t rdev);
int vfs_link(const char *from, const char *to);

static inline int vfs_mkdir(const char *path, uint32_t mode)
{
    return vfs_make_at(NULL, path, S_IFDIR | (mode & 07777), 0);
}

static inline int vfs_rmdir(const char *path)
{
    return vfs_rmdir_at(NULL, path);
}

static inline int vfs_unlink(const char *path)
{
    return vfs_unlink_at(NULL, path);
}

static inline int vfs_rename(const char *from, const char *to)
{
    return vfs_rename_at(NULL, from, NULL, to, 0);
}

static inline int vfs_symlink(const char *target, const char *path)
{
    return vfs_symlink_at(target, NULL, path);
}

/* The target, NUL-terminated, cut to size bytes. */
int vfs_readlink(const char *path, char *to, size_t size);
int vnode_readlink(struct vnode *vnode, char *to, size_t size);

int vfs_truncate(const char *path, int64_t size);       /* vnode_truncate(): fs/file.h */

/* Set the permissions. Where the file system keeps none, only those of writing count. */
int vfs_chmod(const char *path, uint32_t mode);
/* The same for a vnode. */
int vnode_chmod(struct vnode *vnode, uint32_t mode);

/* UINT32_MAX: as it is. */
int vfs_chown(const char *path, uint32_t uid, uint32_t gid);
int vnode_chown(struct vnode *vnode, uint32_t uid, uint32_t gid);

/* Which times utime(2) and its like set, and to what: seconds since 1970, UTC. */
struct vnode_times {
    bool set_atime, set_mtime;
    bool now;                       /* to the time that it is, as whoever may write the file can */
    uint32_t atime, mtime;
};

/* Set both times. */
int vfs_utime(const char *path, uint32_t atime, uint32_t mtime);
/* The same for a vnode, those that `times` says. */
int vnode_utime(struct vnode *vnode, const struct vnode_times *times);

#endif
