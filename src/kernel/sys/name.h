/*
 * Paths that programs give to system calls, and where they begin.
 */
#ifndef SYS_NAME_H
#define SYS_NAME_H

#include "fs/access.h"
#include "fs/file.h"

struct vnode_stat;

/* A path, copied from a program. */
struct name {
    char *path;
    struct file *file;              /* of the descriptor with which it begins, counted; else NULL */
};

/* Before the first call: has fs/access know who programs act for. */
void name_init(void);

/*
 * Room for PATH_MAX bytes, a page: quicker than by kmalloc(), since calls need it so often. NULL if
 * there is no memory.
 */
void *path_alloc(void);
void path_free(void *path);

/*
 * Copy `path` from the program, for name_end(). It begins at the directory `dirfd`, or at the
 * current one for AT_FDCWD; of `flags` only AT_EMPTY_PATH counts: the path may be empty. -EFAULT,
 * -ENOENT, -ENAMETOOLONG, -EBADF, -ENOMEM.
 */
int name_begin(struct name *name, int dirfd, const char *path, unsigned flags);
void name_end(struct name *name);

/* Where it begins, for the _at functions of fs/path.h and fs/vfs.h. */
static inline struct vnode *name_from(const struct name *name)
{
    return name->file ? name->file->vnode : NULL;
}

/* What it leads to, counted: as AT_SYMLINK_NOFOLLOW and AT_EMPTY_PATH in `flags` say. */
int name_find(const struct name *name, unsigned flags, struct vnode **found);

/* All of that in one. */
int name_lookup(int dirfd, const char *path, unsigned flags, struct vnode **found);

/* The permissions of what is made: without the bits of the process's umask(2). */
uint32_t name_mode(uint32_t mode);

/* The vnode of a descriptor, counted; -EBADF, also for one of O_PATH unless `any`. */
int name_of_fd(int fd, bool any, struct vnode **found);

#endif
