/*
 * Opening files: finding them by a path, or making them.
 */
#include "abi/errno.h"
#include "fs/access.h"              // lab 6
#include "fs/devfs.h"               // lab 6
#include "fs/file.h"
#include "fs/mount.h"
#include "fs/path.h"
#include "fs/pipe.h"                // lab 6
#include "fs/writers.h"             // lab 6
#include "mm/kmalloc.h"

/* Make a regular file in a directory whose mount is locked. */
static int create(struct vnode *dir, const char *name, uint32_t mode, struct vnode **made)
{
    int error;

    if (dir->nlink == 0)
        return -ENOENT;
    if ((error = vnode_access(dir, VNODE_WRITE | VNODE_EXEC)))              // lab 6
        return error;                                                       // lab 6
    if (dir->mount->flags & MOUNT_READ_ONLY)
        return -EROFS;
    error = dir->ops->create ? dir->ops->create(dir, name, S_IFREG | (mode & 07777), 0, made) :
            -EPERM;
    if (!error)                                                             // lab 6
        access_own(dir, *made);                                             // lab 6
    if (!error)                                                             // lab 6
        vnode_adopt(dir, *made);                                            // lab 6
    return error;
}

/* Find the name in the directory, or make it. Returns 0, 1 if it was made, or -ERRNO. */
static int take(struct vnode *dir, const char *name, uint32_t mode, struct vnode **found)
{
    mount_lock(dir->mount);
    int error = S_ISDIR(dir->mode) ? vnode_lookup(dir, name, found) : -ENOTDIR;
    bool missing = error == -ENOENT;
    if (missing)
        error = create(dir, name, mode, found);
    mount_unlock(dir->mount);
    return error ? error : missing;
}

/*
 * The same by a path; *dir is where its last name is, counted for the caller if this is no error.
 */
static int take_path(struct vnode *from, const char *path, unsigned flags, uint32_t mode,
                     struct vnode **dir, struct vnode **found)
{
    char name[NAME_MAX + 1];
    bool slash;
    int result = path_parent_at(from, path, dir, name, &slash);

    if (result)
        return result != -EBUSY ? result : flags & O_EXCL ? -EEXIST : -EISDIR;
    result = slash ? -EISDIR : take(*dir, name, mode, found);
    if (result < 0)
        vnode_put(*dir);
    if (result == 0)
        *found = mount_down(*found);
    return result;
}

/* The target of a symbolic link, in `text` or in room that it is given. */
static int target_of(struct vnode *link, char **text)
{
    if (!*text && !(*text = kmalloc(PATH_MAX)))
        return -ENOMEM;
    mount_lock(link->mount);
    int error = link->ops->readlink ? link->ops->readlink(link, *text, PATH_MAX) : -EINVAL;
    mount_unlock(link->mount);
    return error;
}

/*
 * Find the path's file, or make it: also where a symbolic link leads that has led nowhere. Returns
 * 0, 1 if it was made, or -ERRNO.
 */
static int find_or_create(struct vnode *from, const char *path, unsigned flags, uint32_t mode,
                          struct vnode **found)
{
    struct vnode *begin = NULL, *dir;   /* begin: where the last link's target begins, counted */
    char *target = NULL;
    int result;

    for (unsigned links = 0;; links++) {
        result = take_path(begin ? begin : from, path, flags, mode, &dir, found);
        vnode_put(begin);
        begin = result < 0 ? NULL : dir;
        if (result == 0 && (flags & O_EXCL))
            result = -EEXIST;
        else if (result || !S_ISLNK((*found)->mode) || (flags & O_NOFOLLOW))
            break;
        if (!result)
            result = links == PATH_LINKS ? -ELOOP : target_of(*found, &target);
        vnode_put(*found);
        if (result)
            break;
        path = target;
    }
    vnode_put(begin);
    kfree(target);
    return result;
}

/* What can be done with an open file of this vnode, or NULL. */
static const struct file_ops *ops_of(const struct vnode *vnode, unsigned flags)
{
    // lab 6 begin
    static const struct file_ops place_only = { 0 };

    if (flags & O_PATH)
        return &place_only;
    if (!vnode->fops && S_ISFIFO(vnode->mode))
        return &fifo_file_ops;
    if (!vnode->fops && S_ISCHR(vnode->mode))
        return devfs_operations(vnode->rdev);
    // lab 6 end
    (void)flags;
    return vnode->fops;
}

/* May it be opened like this? */
static int may_open(struct vnode *vnode, unsigned flags)
{
    bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC);

    if ((flags & O_DIRECTORY) && !S_ISDIR(vnode->mode))
        return -ENOTDIR;
    if (flags & O_PATH)                                                     // lab 6
        return 0;                                                           // lab 6
    if (S_ISLNK(vnode->mode))
        return -ELOOP;
    if (S_ISDIR(vnode->mode) && (writes || (flags & O_CREAT)))
        return -EISDIR;
    if (writes && S_ISREG(vnode->mode) && (vnode->mount->flags & MOUNT_READ_ONLY))
        return -EROFS;
    if (!S_ISDIR(vnode->mode) && !ops_of(vnode, flags))
        return -ENXIO;
    return 0;
}

int file_open(const char *path, unsigned flags, uint32_t mode, struct file **result)
{
    return file_open_at(NULL, path, flags, mode, result);
}

int file_open_at(struct vnode *from, const char *path, unsigned flags, uint32_t mode,
                 struct file **result)
{
    struct vnode *vnode;

    if (flags & O_PATH)                                                     // lab 6
        flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;             // lab 6
    if ((flags & O_TMPFILE) == O_TMPFILE)                                   // lab 6
        return -EOPNOTSUPP;                                                 // lab 6
    int error = flags & O_CREAT ? find_or_create(from, path, flags, mode, &vnode) :
                path_lookup_at(from, path, flags & O_NOFOLLOW ? PATH_NOFOLLOW : 0, &vnode);
    if (error < 0)
        return error;
    struct file *file = NULL;
    bool made = error;                                                      // lab 6
    error = may_open(vnode, flags);
    if (!error && !made && !(flags & O_PATH))                               // lab 6
        error = vnode_access(vnode, access_to_open(flags));                 // lab 6
    bool writes = !error && writers_open(vnode, flags);                     // lab 6
    if (writes)                                                             // lab 6
        error = writers_enter(vnode);                                       // lab 6
    writes &= !error;                                                       // lab 6
    if (!error && (flags & O_TRUNC) && S_ISREG(vnode->mode) && vnode->size)
        error = vnode_truncate(vnode, 0);
    if (!error && !(file = file_new(vnode, ops_of(vnode, flags), flags)))
        error = -ENOMEM;
    if (!error && file->ops && file->ops->open)
        error = file->ops->open(file);
    if (error) {
        if (file)
            file_free(file);
        if (writes)                                                         // lab 6
            writers_leave(vnode);                                           // lab 6
        vnode_put(vnode);
        return error;
    }
    *result = file;
    return 0;
}
