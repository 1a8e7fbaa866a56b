/*
 * What can be done with names, as the system calls of the same names do it: each returns 0 or
 * -ERRNO as their manual pages say.
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
/* The same for a vnode: fstat(2). */
void vnode_stat(struct vnode *vnode, struct vnode_stat *stat);

/* mknod(2): also regular files and devices. */
int vfs_mknod(const char *path, uint32_t mode, uint32_t rdev);
int vfs_mkdir(const char *path, uint32_t mode);
int vfs_rmdir(const char *path);
int vfs_unlink(const char *path);
int vfs_rename(const char *from, const char *to);
int vfs_link(const char *from, const char *to);
int vfs_symlink(const char *target, const char *path);
/* The target, NUL-terminated, cut to size bytes. */
int vfs_readlink(const char *path, char *to, size_t size);
int vfs_truncate(const char *path, int64_t size);
int vfs_chmod(const char *path, uint32_t mode);
int vfs_chown(const char *path, uint32_t uid, uint32_t gid);    /* UINT32_MAX: as it is */
int vfs_utime(const char *path, uint32_t atime, uint32_t mtime);

#endif
