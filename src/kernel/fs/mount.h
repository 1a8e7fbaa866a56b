/*
 * Mounts: file systems, and where they are in the one tree of names.
 *
 * A file system registers itself as a type. vfs_mount() has it look at a device, and puts what it
 * finds there on a directory. Whoever uses a mount's vnodes has its lock, see fs/vnode.h.
 */
#ifndef FS_MOUNT_H
#define FS_MOUNT_H

#include "dev/block.h"
#include "fs/vnode.h"
#include "task/mutex.h"

#define FS_DEVICE 1u                /* lies on a block device */
#define FS_HOLES  2u                /* what was never written in a file takes no room */
#define FS_MODES  4u                /* keeps whatever owner and permissions it is told */
#define FS_NAMES  8u                /* a name stands for one number until the VFS changes that */

#define MOUNT_READ_ONLY 1u

struct fs_type {
    const char *name;               /* "fat" */
    unsigned flags;                 /* FS_ bits */
    /*
     * Examine mount->dev, and set mount->root, counted, mount->ops, and mount->data. Has the
     * mount's lock. May set MOUNT_READ_ONLY. Returns 0 or -ERRNO: -EINVAL, with nothing in the log,
     * if it is no file system of this type; -EUCLEAN, with a line in the log, if it is damaged.
     */
    int (*mount)(struct mount *mount);
    struct list all;
};

/* What statfs(2) tells, in blocks of `block_size` bytes. */
struct fs_stat {
    uint32_t block_size, blocks, free, files, files_free;
    uint32_t name_max;
};

/* All have the mount's lock. */
struct mount_ops {
    /*
     * All changes, also those that vnodes and pages hold, are on the medium when it returns. Called
     * now and then by the system. NULL: nothing to do.
     */
    int (*sync)(struct mount *mount);
    /*
     * Before unmounting: let go of the vnodes that the file system itself has a count of. -EBUSY,
     * and nothing has changed, if somebody else uses one. NULL: it has none but the root.
     */
    int (*empty)(struct mount *mount);
    /* After sync, when no vnode is left: release mount->data. */
    void (*unmount)(struct mount *mount);
    void (*stat)(struct mount *mount, struct fs_stat *stat);
};

struct mount {
    const struct fs_type *type;
    const struct mount_ops *ops;
    struct block_device *dev;       /* or NULL */
    unsigned flags;                 /* MOUNT_ bits */
    struct mutex lock;              /* of all its vnodes */
    struct vnode *root;             /* counted */
    struct vnode *on;               /* the directory it covers, counted; NULL: it is / */
    char *source, *path;            /* for /proc/mounts: "hda1", "/mnt" */
    uint32_t id;                    /* st_dev */
    void *data;                     /* the file system's */
    struct list vnodes;             /* those in use */
    struct list changed;            /* those that vnode_sync_all() writes */
    struct list all;
};

#define MOUNT_SYNC_MS 5000

/* Start the task that has what has changed written, every MOUNT_SYNC_MS milliseconds. */
void mount_start_sync(void);

/* Add a file system, for good. */
void fs_register(struct fs_type *type);

/* The n-th, from 0 on, or NULL. */
const struct fs_type *fs_nth(unsigned n);

/*
 * Mount a file system of this type (NULL: whatever type recognises the device) from the block
 * device `source` (ignored by types that lie on none, but shown in /proc/mounts) on the directory
 * `path`. The first one goes on "/". Returns 0; -ENODEV: no such type; -ENXIO: no such device;
 * -EBUSY: the device is mounted, or the path leads to /, which has its file system already;
 * -EINVAL: it holds no such file system; -ENOTDIR; what path_lookup() or the type's mount returned.
 */
int vfs_mount(const char *source, const char *path, const char *type, unsigned flags);

/*
 * Write all that has changed and take the mount away. Returns 0; -EINVAL: nothing is mounted at
 * path; -EBUSY: it is in use; an error of writing: it is still there then. What a damaged file
 * system cannot write is given up when that has been told.
 */
int vfs_unmount(const char *path);

/* Have all that has changed written, of one mount, or of all. Returns the first error. */
int mount_sync(struct mount *mount);
int vfs_sync(void);

/*
 * Lock and unlock the mount. Unlocking ends what must not wait: nameless vnodes without users are
 * forgotten. If too much is waiting to be written afterwards, it is written.
 */
void mount_lock(struct mount *mount);
void mount_unlock(struct mount *mount);

/* Unlock, where nothing has been changed nor given back since mount_lock(). */
void mount_unlock_unchanged(struct mount *mount);

/* The n-th mount, from 0 on, in the order of their making, or NULL. */
struct mount *mount_nth(unsigned n);

/* The root of everything, not counted; NULL before the first mount. */
struct vnode *mount_root(void);

/*
 * Where a step leads: from a directory that is covered to the root of what covers it, and from
 * a root to the directory that its mount covers, both as often as need be. Each takes the caller's
 * count of its argument and gives one of the result. `/` itself has nothing below it: it stays.
 */
struct vnode *mount_down(struct vnode *vnode);
struct vnode *mount_up(struct vnode *root);

#endif
