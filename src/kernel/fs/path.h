/*
 * Paths: from names to vnodes.
 *
 * A path that begins with '/' is walked from the root, any other from the task's current
 * directory, or from the one that the caller of an _at function names. Errors are
 * path_resolution(7)'s: -ENOENT (also for an empty path), -ENOTDIR, -ENAMETOOLONG, -ELOOP (more
 * than PATH_LINKS symbolic links), -EACCES (from lab 6 on), -ENOMEM, -EIO, -EUCLEAN.
 */
#ifndef FS_PATH_H
#define FS_PATH_H

#include "fs/vnode.h"

#define PATH_LINKS 40

/* The last name, if it is a symbolic link, is the link itself. */
#define PATH_NOFOLLOW 1u

/*
 * The vnode that the path leads to, counted for the caller. `from` is where it begins without a
 * '/': -ENOTDIR if that is no directory; NULL: the current directory.
 */
int path_lookup(const char *path, unsigned flags, struct vnode **found);
int path_lookup_at(struct vnode *from, const char *path, unsigned flags, struct vnode **found);

/*
 * The directory in which the path's last name is or would be, counted for the caller, and that
 * name, without slashes behind it. Symbolic links are followed up to there. *slash, if slash is
 * not NULL: whether there were slashes, so that it must be a directory. -EBUSY if there is no last
 * name, "/", or it is "." or "..".
 */
int path_parent(const char *path, struct vnode **dir, char name[NAME_MAX + 1], bool *slash);
int path_parent_at(struct vnode *from, const char *path, struct vnode **dir,
                   char name[NAME_MAX + 1], bool *slash);

/*
 * The next name of a path: skips slashes from *path on, copies up to the next slash or the end to
 * `name`, and leaves *path there. Returns the length: 0 if there is no name left; -ENAMETOOLONG.
 */
int path_next(const char **path, char name[NAME_MAX + 1]);

/* The current task's directory, counted for the caller: the root if it has none of its own. */
struct vnode *path_current(void);

/* chdir(2), and fchdir(2). */
int path_set_current(const char *path);
int path_set_current_vnode(struct vnode *dir);

/*
 * The path of a directory, or of the current one, from the root, NUL-terminated. Returns its
 * length, -ERANGE if it does not fit `size` bytes, -ENOENT if it has been removed.
 */
int path_of(struct vnode *dir, char *to, size_t size);
int path_of_current(char *to, size_t size);

// lab 6 begin
struct task;

/*
 * The same for any vnode: of a file with several names, one of them. -ENOENT also if it is not
 * known any more where the file was found. Without any mount's lock.
 */
int path_of_vnode(struct vnode *vnode, char *to, size_t size);

/* Be in this directory, whose count goes over; all who share the current one are in it, too. */
void path_enter(struct vnode *dir);

/* Where a task is that has not ended; counted. */
struct vnode *path_of_task(const struct task *task);

/* umask(2), for all of them, too. Returns the old one. */
uint32_t path_set_umask(uint32_t mask);

/* Have a new task share the current one's directory from now on: CLONE_FS of clone(2). */
void path_share(struct task *task);

/* The task is in no directory any more: the root is the rest of its life's. */
void path_leave(struct task *task);
// lab 6 end

/* New tasks begin where the one that made them is. */
void path_init(void);

#endif
