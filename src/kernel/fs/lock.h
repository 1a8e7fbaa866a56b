/*
 * Locks on files, which bind only those who ask for them: record locks on ranges of bytes, whose
 * owner is a process (its table of descriptors) or, as "open file description locks", an open file;
 * and flock(2)'s of whole files, whose owner is an open file. The two kinds do not see each other.
 *
 * fcntl(2) ("Advisory record locking"), flock(2).
 */
#ifndef FS_LOCK_H
#define FS_LOCK_H

#include "fs/file.h"

#define LOCK_TO_END INT64_LAST      /* a range's last byte: however long the file grows */
#define INT64_LAST  0x7fffffffffffffffll

/* A range of a file, and how it is or shall be locked. */
struct lock_range {
    int64_t first, last;            /* bytes, both inclusive */
    int type;                       /* F_RDLCK, F_WRLCK, F_UNLCK */
    uint32_t pid;                   /* for F_GETLK */
};

/*
 * Set or take away a lock of the owner's on the range: what of it the owner has already is
 * replaced. With `wait`, sleep until nobody else's is in the way. Returns 0; -EAGAIN: somebody's
 * is; -EDEADLK: they wait for us, too; -EINTR; -ENOLCK: no memory.
 */
int lock_set(struct file *file, const void *owner, const struct lock_range *range, bool wait);

/* Find a lock that stands against this one, and put it in *range; else its type becomes F_UNLCK. */
void lock_test(struct file *file, const void *owner, struct lock_range *range);

/* Drop all record locks that the owner has on the vnode: it has closed a descriptor of it. */
void lock_forget(struct vnode *vnode, const void *owner);

/* flock(2): `type` as above. Returns 0, -EAGAIN, -EINTR, -ENOLCK. */
int lock_flock(struct file *file, int type, bool wait);

/* The open file is closed: its flock and its record locks go. */
void lock_forget_file(struct file *file);

#endif
