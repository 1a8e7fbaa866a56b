/*
 * Vnodes: files, directories and the like in memory, one object for each, whatever file system
 * they are in. And the operations that a file system has for them.
 *
 * Locks. Each mount has one (fs/mount.h), and the VFS holds it around every operation below but
 * read_pages: the system's own locks for a file are those of its pages, so a page fault may come at
 * any time. A file system therefore needs no lock of its own, as long as read_pages finds its way
 * without one: whoever shortens a file sets the size first, has the page cache forget what lies
 * behind it then, and frees the disk's blocks last.
 *
 * S. R. Kleiman, "Vnodes: An Architecture for Multiple File System Types in Sun UNIX" (USENIX
 * Summer 1986).
 */
#ifndef FS_VNODE_H
#define FS_VNODE_H

#include "abi/stat.h"
#include "mm/pagecache.h"

#define NAME_MAX 255                /* bytes of one name, without the NUL */
#define PATH_MAX 4096               /* of a path, with the NUL */

struct file_ops;
struct mount;
struct vnode_ops;

struct vnode {
    struct cache_object pages;      /* what a regular file holds, in memory */
    struct mount *mount;
    const struct vnode_ops *ops;
    const struct file_ops *fops;    /* of an open one */
    uint32_t ino;                   /* its number: one vnode of each in a mount */
    uint32_t refs;                  /* who has it; under the vnode table's lock */
    uint64_t serial;                /* no other has or had the same */

    /* What stat(2) tells; under the mount's lock. Whoever changes it calls vnode_changed(). */
    uint32_t mode;                  /* type and permissions: abi/stat.h */
    uint32_t nlink;                 /* 0: it has no name left, and goes with its last user */
    uint32_t uid, gid;
    uint32_t rdev;                  /* of a device: its number */
    int64_t size;                   /* in bytes */
    uint32_t blocks;                /* that it takes on the disk, in sectors of 512 bytes */
    uint32_t atime, mtime, ctime;   /* seconds since 1970, UTC */

    bool changed;                   /* its pages or its attributes: vnode_sync() has work to do */
    bool excess;                    /* vnode_trim() has failed: vnode_sync() tries again */
    struct vnode *parent;           /* of a directory: the one it is in, counted; a root: itself,
                                       not counted; else NULL */
    int writers;                    // lab 6: open files that write; < 0: so many run it
    uint32_t home;                  // lab 6: number of the directory where it was found last, or 0
    struct mount *covered;          /* what is mounted on it, or NULL */
    void *data;                     /* the file system's own; released by ops->forget */
    struct list hash;               /* in its bucket; alone: nobody shall find it */
    struct list place;              /* with refs: in its mount's list; without: in the LRU list */
    struct list changes;            /* in its mount's list of changed ones, which is a user, too */
};

/* An entry of a directory. */
struct dirent {
    uint32_t ino;
    uint8_t type;                   /* DT_OF(mode) */
    char name[NAME_MAX + 1];
};

// lab 6 begin
/* The same as it is passed on, without being copied. */
struct entry_view {
    const char *name;               /* length bytes, without a NUL */
    unsigned length;
    uint32_t ino;
    uint8_t type;
    uint64_t next;                  /* the position of the entry behind it */
};

/* Called for one entry after the other; false: not taken, and no more. Does not sleep. */
typedef bool (*entry_take)(void *arg, const struct entry_view *entry);

// lab 6 end
/*
 * What a file system does with its vnodes. All return 0 or -ERRNO. `name` is one name, not empty,
 * at most NAME_MAX bytes, neither "." nor "..". An operation that is NULL is one that the file
 * system does not have: -EPERM, and for update, reserve, truncate and forget: nothing to do.
 * The VFS has checked what all file systems have in common: dir is a directory, and has not been
 * removed; the name is free, or not, as it must be; the types fit; the mount can be written to.
 */
struct vnode_ops {
    /* The vnode of that name in dir, counted for the caller. -ENOENT: there is none. */
    int (*lookup)(struct vnode *dir, const char *name, struct vnode **found);
    /*
     * The entry at *position, which becomes that of the next one. 0 is the first; what else a
     * position means is the file system's. With "." and "..". Returns 1, or 0 at the end.
     */
    int (*readdir)(struct vnode *dir, uint64_t *position, struct dirent *entry);
    // lab 6 begin
    /*
     * Pass on the entries from *position on, which becomes that of the first one not taken. Returns
     * 0 or -ERRNO. NULL: as readdir has them.
     */
    int (*read_entries)(struct vnode *dir, uint64_t *position, entry_take take, void *arg);
    // lab 6 end
    /* Make what `mode` says, with no content or an empty directory; counted for the caller. */
    int (*create)(struct vnode *dir, const char *name, uint32_t mode, uint32_t rdev,
                  struct vnode **made);
    int (*symlink)(struct vnode *dir, const char *name, const char *target, struct vnode **made);
    /* One more name for a file that is no directory. */
    int (*link)(struct vnode *dir, const char *name, struct vnode *file);
    /* Take the name away; child is what it names. nlink goes down, and at 0 forget() frees it. */
    int (*unlink)(struct vnode *dir, const char *name, struct vnode *child);
    /* The same for a directory. -ENOTEMPTY if there is more in it than "." and "..". */
    int (*rmdir)(struct vnode *dir, const char *name, struct vnode *child);
    /*
     * Give child, which is `name` in dir, the name new_name in new_dir, where `replaced` has it
     * now (else NULL): that loses it as by unlink or rmdir. child->parent is the VFS's to change.
     */
    int (*rename)(struct vnode *dir, const char *name, struct vnode *child, struct vnode *new_dir,
                  const char *new_name, struct vnode *replaced);
    /* The target of a symbolic link, NUL-terminated, cut to `size` bytes. */
    int (*readlink)(struct vnode *link, char *to, size_t size);
    /*
     * See that bytes [from, to) of the file have a place on the disk. Does not change the size,
     * which may be less than `to`, or than `from` in a file system with holes (FS_HOLES). Asked for
     * nothing, from == to, it says whether a file can be that long.
     * -ENOSPC, -EFBIG: nothing has changed.
     */
    int (*reserve)(struct vnode *file, int64_t from, int64_t to);
    /* The file has become shorter: free what lies behind its size. */
    int (*truncate)(struct vnode *file);
    /* Have mode, nlink, uid, gid, size and times go to the block cache as they are. */
    int (*update)(struct vnode *vnode);
    /*
     * Fill `data` with `count` pages of the file from page `index` on, zeros where it has no
     * bytes. Called without the mount's lock, or by somebody who has it. NULL: there are no pages,
     * as of what is made up when it is read (-ENODEV).
     */
    int (*read_pages)(struct vnode *file, uint32_t index, unsigned count, void *data);
    /* Write a page's bytes to their places, as far as the size goes. NULL: pages stay in memory. */
    int (*write_page)(struct vnode *file, uint32_t index, const void *data);
    /*
     * It leaves the memory: release `data`. If nlink is 0, free what it has on the disk: nobody
     * can come by it any more. -ENOMEM, then only: it has still got `data` and what could not be
     * freed, and is asked again. What else fails is lost.
     */
    int (*forget)(struct vnode *vnode);
};

/* Before the first mount. */
void vnode_init(void);

/*
 * The mount's vnode of this number, counted for the caller. Returns 0: it was there; 1: it is new,
 * all zeros but mount, ino, refs, and the file system fills it in; -ENOMEM. The caller has the
 * mount's lock, and has it until a new one is filled in. One that cannot be filled in is given
 * back by vnode_discard().
 */
int vnode_get(struct mount *mount, uint32_t ino, struct vnode **vnode);
void vnode_discard(struct vnode *vnode);

/*
 * The vnode of that name in the directory, counted: what the file system says. -ENOENT if the
 * directory has been removed. The caller has the mount's lock.
 */
int vnode_lookup(struct vnode *dir, const char *name, struct vnode **found);

/* The name does not stand in dir any more for what it did. The caller has the mount's lock. */
void vnode_name_lost(const struct vnode *dir, const char *name);

/* `child` is in dir from now on: sets its parent, if it is a directory and has another or none. */
void vnode_adopt(struct vnode *dir, struct vnode *child);

// lab 6 begin
/*
 * The directory in which it was found, made or put last, counted; NULL: that is not in memory. It
 * may have lost its name there since.
 */
struct vnode *vnode_home(const struct vnode *vnode);

/* Whose pages these are, not counted; NULL: no vnode's. */
struct vnode *vnode_of_pages(struct cache_object *object);

// lab 6 end

/*
 * The root of what is mounted on it, counted, or NULL. Nobody can unmount between the looking and
 * the counting.
 */
struct vnode *vnode_covering(struct vnode *vnode);

/* One user more. */
void vnode_hold(struct vnode *vnode);

/*
 * One user less; NULL does nothing. A vnode without users stays in memory, and can be found, until
 * the room is needed. One without names goes at the end of the next operation in its mount.
 */
void vnode_put(struct vnode *vnode);

/* It has another number now: a file system whose numbers depend on the place. */
void vnode_renumber(struct vnode *vnode, uint32_t ino);

/* Nobody shall find it by its number, which may become another's. */
void vnode_unhash(struct vnode *vnode);

/*
 * What it holds or what stat tells of it has changed: tell the disk sooner or later. The caller
 * has the mount's lock.
 */
void vnode_changed(struct vnode *vnode);

/* Set the size, and what the page cache must know of it. */
void vnode_set_size(struct vnode *vnode, int64_t size);

/*
 * Have the file system free what lies behind the file's size. What it cannot free now, for want of
 * memory say, is tried again by vnode_sync(). Returns 0 or -ERRNO. The caller has the mount's lock.
 */
int vnode_trim(struct vnode *vnode);

/*
 * Write its pages and what stat tells of it to where they belong, the latter to the block cache.
 * The caller has the mount's lock.
 */
int vnode_sync(struct vnode *vnode);

/* The same for all of the mount. Returns the first error. */
int vnode_sync_all(struct mount *mount);

/* What has changed in the mount will never be written: forget it. Has the mount's lock. */
void vnode_give_up_all(struct mount *mount);

/*
 * For unmounting: forget all of the mount's vnodes; nothing is mounted on mount->on any more.
 * -EBUSY, and nothing has changed, if one is in use that is not the root, or the root has more than
 * one user; -ENOMEM as vnode_reap(). Also for a mount that has failed. The caller has the mount's
 * lock.
 */
int vnode_forget_all(struct mount *mount);

/*
 * Forget the nameless ones that have lost their last user. For mount_unlock(). -ENOMEM: not all can
 * be forgotten now; the next time will do.
 */
int vnode_reap(struct mount *mount);

/* Now, as vnodes tell it: seconds since 1970, UTC. */
uint32_t vnode_time(void);

// lab 6 begin
/* What somebody may want to do with it: access(2)'s numbers. */
#define VNODE_EXEC  1u              /* of a directory: look names up in it */
#define VNODE_WRITE 2u
#define VNODE_READ  4u

/*
 * May the current task? Returns 0, or what fs/access.h's vnode_access_as() says. While
 * vnode_access_hook is NULL everybody may do everything.
 */
extern int (*vnode_access_hook)(const struct vnode *vnode, unsigned want);

static inline int vnode_access(const struct vnode *vnode, unsigned want)
{
    return vnode_access_hook ? vnode_access_hook(vnode, want) : 0;
}
// lab 6 end

#endif
