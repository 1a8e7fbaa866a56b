/*
 * A program that runs is not written to, and a file that is open for writing does not run: ETXTBSY.
 *
 * execve(2), open(2).
 */
#ifndef FS_WRITERS_H
#define FS_WRITERS_H

#include "abi/fcntl.h"
#include "fs/vnode.h"

/* Does an open file with these flags count as one that writes? */
static inline bool writers_open(const struct vnode *vnode, unsigned flags)
{
    return S_ISREG(vnode->mode) && !(flags & O_PATH) && (flags & O_ACCMODE) != O_RDONLY;
}

/* Somebody opens the file for writing, and closes it. -ETXTBSY: it runs. */
int writers_enter(struct vnode *vnode);
void writers_leave(struct vnode *vnode);

/* Somebody runs it, and does not any more. -ETXTBSY: it is open for writing. */
int writers_forbid(struct vnode *vnode);
void writers_allow(struct vnode *vnode);

#endif
