/*
 * System calls on names: find the directories, lock their mount, check what all file systems have
 * in common, and have the file system do it.
 */
#include "fs/vfs.h"
#include "abi/errno.h"
#include "fs/file.h"
#include "fs/path.h"
#include "lib/string.h"
#include "mm/page.h"

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
static int place_begin(struct place *place, const char *path)
{
    int error = path_parent(path, &place->dir, place->name, &place->slash);

    if (error)
        return error;
    mount_lock(place->dir->mount);
    error = place->dir->mount->flags & MOUNT_READ_ONLY ? -EROFS :
            place->dir->nlink == 0 ? -ENOENT : 0;
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
static int place_begin_new(struct place *place, const char *path)
{
    int error = place_begin(place, path);

    if (error)
        return error == -EBUSY ? -EEXIST : error;
    error = expect_free(place);
    if (error)
        place_end(place);
    return error;
}

static int make(const char *path, uint32_t mode, uint32_t rdev)
{
    struct place place;
    struct vnode *made;
    int error = place_begin_new(&place, path);

    if (error)
        return error;
    if (place.slash && !S_ISDIR(mode))
        error = -ENOENT;
    else
        error = place.dir->ops->create ?
                place.dir->ops->create(place.dir, place.name, mode, rdev, &made) : -EPERM;
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
    return make(path, mode, rdev);
}

int vfs_mkdir(const char *path, uint32_t mode)
{
    return make(path, S_IFDIR | (mode & 07777), 0);
}

int vfs_symlink(const char *target, const char *path)
{
    struct place place;
    struct vnode *made;

    if (!*target)
        return -ENOENT;
    if (strnlen(target, PATH_MAX) == PATH_MAX)
        return -ENAMETOOLONG;
    int error = place_begin_new(&place, path);
    if (error)
        return error;
    if (place.slash)
        error = -ENOENT;
    else
        error = place.dir->ops->symlink ?
                place.dir->ops->symlink(place.dir, place.name, target, &made) : -EPERM;
    if (!error)
        vnode_put(made);
    place_end(&place);
    return error;
}

int vfs_link(const char *from, const char *to)
{
    struct place place;
    struct vnode *file;
    int error = path_lookup(from, PATH_NOFOLLOW, &file);

    if (error)
        return error;
    error = S_ISDIR(file->mode) ? -EPERM : place_begin_new(&place, to);
    if (error) {
        vnode_put(file);
        return error;
    }
    if (place.slash)
        error = -ENOENT;
    else if (file->mount != place.dir->mount)
        error = -EXDEV;
    else if (file->nlink == 0)
        error = -ENOENT;
    else
        error = place.dir->ops->link ? place.dir->ops->link(place.dir, place.name, file) : -EPERM;
    vnode_put(file);
    place_end(&place);
    return error;
}

/* Take a name away: of a directory, or of anything else. */
static int take_away(const char *path, bool directory)
{
    struct place place;
    struct vnode *child;
    int error = place_begin(&place, path);

    if (error)
        return error;
    error = vnode_lookup(place.dir, place.name, &child);
    if (!error) {
        const struct vnode_ops *ops = place.dir->ops;
        int (*op)(struct vnode *dir, const char *name, struct vnode *child) =
            directory ? ops->rmdir : ops->unlink;
        if (S_ISDIR(child->mode) != directory || (place.slash && !directory))
            error = directory || !S_ISDIR(child->mode) ? -ENOTDIR : -EISDIR;
        else if (child->covered)
            error = -EBUSY;
        else
            error = op ? op(place.dir, place.name, child) : -EPERM;
        vnode_put(child);
    }
    place_end(&place);
    return error;
}

int vfs_unlink(const char *path)
{
    int error = take_away(path, false);

    return error == -EBUSY ? -EISDIR : error;
}

int vfs_rmdir(const char *path)
{
    const char *end = path + strnlen(path, PATH_MAX);
    int error = take_away(path, true);

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

int vfs_rename(const char *from, const char *to)
{
    struct vnode *dir, *child, *there = NULL;
    char name[NAME_MAX + 1];
    bool slash;
    struct place place;
    int error = path_parent(from, &dir, name, &slash);

    if (error)
        return error;
    error = place_begin(&place, to);
    if (error) {
        vnode_put(dir);
        return error;
    }
    error = dir->mount == place.dir->mount ? vnode_lookup(dir, name, &child) : -EXDEV;
    if (!error) {
        error = vnode_lookup(place.dir, place.name, &there);
        error = error == -ENOENT ? 0 : error;
        if (!error && (slash || place.slash) && !S_ISDIR(child->mode))
            error = -ENOTDIR;
        if (!error)
            error = rename_child(dir, name, child, &place, there);
        vnode_put(there);
        vnode_put(child);
    }
    vnode_put(dir);
    place_end(&place);
    return error;
}

void vnode_stat(struct vnode *vnode, struct vnode_stat *stat)
{
    mount_lock(vnode->mount);
    *stat = (struct vnode_stat){
        .dev = vnode->mount->id, .ino = vnode->ino, .mode = vnode->mode, .nlink = vnode->nlink,
        .uid = vnode->uid, .gid = vnode->gid, .rdev = vnode->rdev, .blocks = vnode->blocks,
        .atime = vnode->atime, .mtime = vnode->mtime, .ctime = vnode->ctime, .size = vnode->size,
        .block_size = PAGE_SIZE,
    };
    mount_unlock(vnode->mount);
}

int vfs_stat(const char *path, unsigned flags, struct vnode_stat *stat)
{
    struct vnode *vnode;
    int error = path_lookup(path, flags, &vnode);

    if (error)
        return error;
    vnode_stat(vnode, stat);
    vnode_put(vnode);
    return 0;
}

int vfs_readlink(const char *path, char *to, size_t size)
{
    struct vnode *vnode;
    int error = path_lookup(path, PATH_NOFOLLOW, &vnode);

    if (error)
        return error;
    mount_lock(vnode->mount);
    error = S_ISLNK(vnode->mode) && vnode->ops->readlink ? vnode->ops->readlink(vnode, to, size) :
            -EINVAL;
    mount_unlock(vnode->mount);
    vnode_put(vnode);
    return error;
}

int vfs_truncate(const char *path, int64_t size)
{
    struct vnode *vnode;
    int error = path_lookup(path, 0, &vnode);

    if (error)
        return error;
    error = vnode_truncate(vnode, size);
    vnode_put(vnode);
    return error;
}

/* Change what stat tells of a path's file by set(vnode, args). */
static int change(const char *path, void (*set)(struct vnode *vnode, const uint32_t args[2]),
                  uint32_t first, uint32_t second)
{
    struct vnode *vnode;
    int error = path_lookup(path, 0, &vnode);

    if (error)
        return error;
    mount_lock(vnode->mount);
    if (vnode->mount->flags & MOUNT_READ_ONLY) {
        error = -EROFS;
    } else {
        set(vnode, (uint32_t[]){ first, second });
        vnode->ctime = vnode_time();
        vnode_changed(vnode);
    }
    mount_unlock(vnode->mount);
    vnode_put(vnode);
    return error;
}

static void set_mode(struct vnode *vnode, const uint32_t args[2])
{
    vnode->mode = (vnode->mode & S_IFMT) | (args[0] & 07777);
}

static void set_owner(struct vnode *vnode, const uint32_t args[2])
{
    if (args[0] != UINT32_MAX)
        vnode->uid = args[0];
    if (args[1] != UINT32_MAX)
        vnode->gid = args[1];
}

static void set_times(struct vnode *vnode, const uint32_t args[2])
{
    vnode->atime = args[0];
    vnode->mtime = args[1];
}

int vfs_chmod(const char *path, uint32_t mode)
{
    return change(path, set_mode, mode, 0);
}

int vfs_chown(const char *path, uint32_t uid, uint32_t gid)
{
    return change(path, set_owner, uid, gid);
}

int vfs_utime(const char *path, uint32_t atime, uint32_t mtime)
{
    return change(path, set_times, atime, mtime);
}
