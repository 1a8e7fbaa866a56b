/*
 * System calls that change names: find the directories, lock their mount, check what all file
 * systems have in common, and have the file system do it.
 */
#include "fs/vfs.h"
#include "abi/errno.h"
#include "fs/access.h"              // lab 6
#include "fs/path.h"
#include "lib/string.h"

/* A name in a directory, whose mount is locked. */
struct place {
    struct vnode *dir;              /* counted */
    char name[NAME_MAX + 1];
    bool slash;                     /* behind the name: it is to be a directory */
};

static void place_end(struct place *place)
{
    struct mount *mount = place->dir->mount;

    vnode_put(place->dir);
    mount_unlock(mount);
}

/* Find where the path's last name is, to change something there. After an error: no end. */
static int place_begin(struct place *place, struct vnode *from, const char *path)
{
    int error = path_parent_at(from, path, &place->dir, place->name, &place->slash);

    if (error)
        return error;
    mount_lock(place->dir->mount);
    error = place->dir->nlink == 0 ? -ENOENT : 0;
    if (error)
        place_end(place);
    return error;
}

static int check_writable(const struct place *place)
{
    return place->dir->mount->flags & MOUNT_READ_ONLY ? -EROFS : 0;
}

/* The same to take something away there, which nobody can where nothing can be written. */
static int place_begin_old(struct place *place, struct vnode *from, const char *path)
{
    int error = place_begin(place, from, path);

    if (error)
        return error;
    error = check_writable(place);
    if (error)
        place_end(place);
    return error;
}

/* Is the name free? 0, -EEXIST, or what lookup says. */
static int expect_free(struct place *place)
{
    struct vnode *there;
    int error = vnode_lookup(place->dir, place->name, &there);

    if (error)
        return error == -ENOENT ? 0 : error;
    vnode_put(there);
    return -EEXIST;
}

/* What mknod, mkdir and symlink have in common: begin, and the name must be free. */
static int place_begin_new(struct place *place, struct vnode *from, const char *path)
{
    int error = place_begin(place, from, path);

    if (error)
        return error == -EBUSY ? -EEXIST : error;
    error = expect_free(place);
    if (!error)
        error = check_writable(place);
    if (!error)                                                             // lab 6
        error = vnode_access(place->dir, VNODE_WRITE | VNODE_EXEC);         // lab 6
    if (error)
        place_end(place);
    return error;
}

int vfs_make_at(struct vnode *from, const char *path, uint32_t mode, uint32_t rdev)
{
    struct place place;
    struct vnode *made;
    int error = place_begin_new(&place, from, path);

    if (error)
        return error;
    if (place.slash && !S_ISDIR(mode))
        error = -ENOENT;
    else
        error = place.dir->ops->create ?
                place.dir->ops->create(place.dir, place.name, mode, rdev, &made) : -EPERM;
    if (!error)                                                             // lab 6
        access_own(place.dir, made);                                        // lab 6
    if (!error) {
        vnode_adopt(place.dir, made);
        vnode_put(made);
    }
    place_end(&place);
    return error;
}

int vfs_mknod(const char *path, uint32_t mode, uint32_t rdev)
{
    if ((mode & S_IFMT) == 0)
        mode |= S_IFREG;
    if (S_ISDIR(mode) || S_ISLNK(mode))
        return -EINVAL;
    return vfs_make_at(NULL, path, mode, rdev);
}

int vfs_symlink_at(const char *target, struct vnode *from, const char *path)
{
    struct place place;
    struct vnode *made;

    if (!*target)
        return -ENOENT;
    if (strnlen(target, PATH_MAX) == PATH_MAX)
        return -ENAMETOOLONG;
    int error = place_begin_new(&place, from, path);
    if (error)
        return error;
    if (place.slash)
        error = -ENOENT;
    else
        error = place.dir->ops->symlink ?
                place.dir->ops->symlink(place.dir, place.name, target, &made) : -EPERM;
    if (!error)                                                             // lab 6
        access_own(place.dir, made);                                        // lab 6
    if (!error)
        vnode_put(made);
    place_end(&place);
    return error;
}

int vfs_link_at(struct vnode *file, struct vnode *from, const char *path)
{
    struct place place;
    int error = place_begin_new(&place, from, path);

    if (error)
        return error;
    if (place.slash && !S_ISDIR(file->mode))
        error = -ENOENT;
    else if (file->mount != place.dir->mount)
        error = -EXDEV;
    else if (S_ISDIR(file->mode))
        error = -EPERM;
    else if (file->nlink == 0)
        error = -ENOENT;
    else
        error = place.dir->ops->link ? place.dir->ops->link(place.dir, place.name, file) : -EPERM;
    place_end(&place);
    return error;
}

int vfs_link(const char *from, const char *to)
{
    struct vnode *file;
    int error = path_lookup(from, PATH_NOFOLLOW, &file);

    if (error)
        return error;
    error = vfs_link_at(file, NULL, to);
    vnode_put(file);
    return error;
}

/* Take a name away: of a directory, or of anything else. */
static int take_away(struct vnode *from, const char *path, bool directory)
{
    struct place place;
    struct vnode *child;
    int error = place_begin_old(&place, from, path);

    if (error)
        return error;
    error = vnode_lookup(place.dir, place.name, &child);
    if (!error) {
        const struct vnode_ops *ops = place.dir->ops;
        int (*op)(struct vnode *dir, const char *name, struct vnode *child) =
            directory ? ops->rmdir : ops->unlink;
        error = access_remove(place.dir, child);                            // lab 6
        if (error) {                                                        // lab 6
            vnode_put(child);                                               // lab 6
            place_end(&place);                                              // lab 6
            return error;                                                   // lab 6
        }                                                                   // lab 6
        if (S_ISDIR(child->mode) != directory || (place.slash && !directory))
            error = directory || !S_ISDIR(child->mode) ? -ENOTDIR : -EISDIR;
        else if (child->covered)
            error = -EBUSY;
        else
            error = op ? op(place.dir, place.name, child) : -EPERM;
        vnode_name_lost(place.dir, place.name);
        vnode_put(child);
    }
    place_end(&place);
    return error;
}

int vfs_unlink_at(struct vnode *from, const char *path)
{
    int error = take_away(from, path, false);

    return error == -EBUSY ? -EISDIR : error;
}

int vfs_rmdir_at(struct vnode *from, const char *path)
{
    const char *end = path + strnlen(path, PATH_MAX);
    int error = take_away(from, path, true);

    while (end > path && end[-1] == '/')
        end--;
    if (error == -EBUSY && end > path && end[-1] == '.')        /* "." or ".." */
        return end - path > 1 && end[-2] == '.' ? -ENOTEMPTY : -EINVAL;
    return error;
}

/* Does `dir` lie in `child`, or is it that? */
static bool lies_in(const struct vnode *dir, const struct vnode *child)
{
    for (; dir != child; dir = dir->parent)
        if (dir == dir->parent)
            return false;
    return true;
}

/* May what the name `to` stands for now go, for child's sake? */
static int may_replace(const struct vnode *there, const struct vnode *child)
{
    if (S_ISDIR(there->mode) && !S_ISDIR(child->mode))
        return -EISDIR;
    if (!S_ISDIR(there->mode) && S_ISDIR(child->mode))
        return -ENOTDIR;
    return there->covered ? -EBUSY : 0;
}

/* With everything looked up; `there` is what has the new name now, or NULL. */
static int rename_child(struct vnode *dir, const char *name, struct vnode *child, struct place *to,
                        struct vnode *there)
{
    bool spelling = there == child && dir == to->dir && strcmp(name, to->name) != 0;

    if (there == child && (child->nlink > 1 || !spelling))
        return 0;                       /* two names of one file both stay: rename(2) */
    if (spelling)
        there = NULL;                   /* "readme" becomes "README" where these are the same */
    if (child->covered)
        return -EBUSY;
    if (S_ISDIR(child->mode) && lies_in(to->dir, child))
        return -EINVAL;
    if (there && S_ISDIR(there->mode) && lies_in(dir, there))
        return -ENOTEMPTY;
    int error = there ? may_replace(there, child) : 0;
    if (!error)
        error = dir->ops->rename ? dir->ops->rename(dir, name, child, to->dir, to->name, there) :
                -EPERM;
    if (!error)
        vnode_adopt(to->dir, child);
    return error;
}

int vfs_rename_at(struct vnode *from, const char *path, struct vnode *to, const char *new_path,
                  unsigned flags)
{
    struct vnode *dir, *child, *there = NULL;
    char name[NAME_MAX + 1];
    bool slash;
    struct place place;
    int error = path_parent_at(from, path, &dir, name, &slash);

    if (error)
        return error;
    error = place_begin(&place, to, new_path);
    if (error) {
        vnode_put(dir);
        return error == -EBUSY && (flags & RENAME_NOREPLACE) ? -EEXIST : error;
    }
    error = dir->mount == place.dir->mount ? check_writable(&place) : -EXDEV;
    if (!error)
        error = vnode_lookup(dir, name, &child);
    if (!error) {
        error = vnode_lookup(place.dir, place.name, &there);
        error = error == -ENOENT ? 0 : error ? error : flags & RENAME_NOREPLACE ? -EEXIST : 0;
        if (!error && (slash || place.slash) && !S_ISDIR(child->mode))
            error = -ENOTDIR;
        if (!error)                                                         // lab 6
            error = access_rename(dir, child, place.dir, there);            // lab 6
        if (!error)
            error = rename_child(dir, name, child, &place, there);
        vnode_name_lost(dir, name);
        vnode_name_lost(place.dir, place.name);
        vnode_put(there);
        vnode_put(child);
    }
    vnode_put(dir);
    place_end(&place);
    return error;
}
