/*
 * Paths of programs, and the calls that make, change and take away names: open, mkdir, unlink,
 * rename, link, symlink, readlink. What names stand for is in sys/stat.c and sys/attr.c.
 */
#include "sys/name.h"
#include "abi/errno.h"
#include "fs/mount.h"
#include "fs/path.h"
#include "fs/vfs.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "mm/slab.h"
#include "mm/usercopy.h"
#include "proc/fdtable.h"
#include "proc/process.h"
#include "sys/calls.h"
#include "sys/io.h"

static struct slab_cache paths;

static struct access_ids current_ids(void)
{
    const struct process *process = process_current();

    if (!process)
        return (struct access_ids){ 0 };
    return (struct access_ids){ process->ids.fsuid, process->ids.fsgid, process->ids.groups,
                                process->ids.group_count };
}

void name_init(void)
{
    slab_cache_init(&paths, "path", PATH_MAX, 0, NULL);
    access_init(current_ids);
}

void *path_alloc(void)
{
    return slab_alloc(&paths);
}

void path_free(void *path)
{
    if (path)
        slab_free(&paths, path);
}

int name_begin(struct name *name, int dirfd, const char *path, unsigned flags)
{
    name->file = NULL;
    name->path = path_alloc();
    if (!name->path)
        return -ENOMEM;
    ssize_t length = strncpy_from_user(name->path, path, PATH_MAX);
    int error = length < 0 ? (int)length : length == 0 && !(flags & AT_EMPTY_PATH) ? -ENOENT : 0;
    if (!error && dirfd != AT_FDCWD && *name->path != '/') {
        name->file = fd_get(dirfd);
        if (!name->file)
            error = -EBADF;
    }
    if (error)
        path_free(name->path);
    return error;
}

void name_end(struct name *name)
{
    if (name->file)
        file_close(name->file);
    path_free(name->path);
}

int name_find(const struct name *name, unsigned flags, struct vnode **found)
{
    if (*name->path || !(flags & AT_EMPTY_PATH))
        return path_lookup_at(name_from(name), name->path,
                              flags & AT_SYMLINK_NOFOLLOW ? PATH_NOFOLLOW : 0, found);
    if (name->file)
        vnode_hold(name->file->vnode);
    *found = name->file ? name->file->vnode : path_current();
    return 0;
}

int name_lookup(int dirfd, const char *path, unsigned flags, struct vnode **found)
{
    struct name name;
    int error = name_begin(&name, dirfd, path, flags);

    if (error)
        return error;
    error = name_find(&name, flags, found);
    name_end(&name);
    return error;
}

uint32_t name_mode(uint32_t mode)
{
    return mode & ~current()->umask;
}

int name_of_fd(int fd, bool any, struct vnode **found)
{
    struct file *file = fd_get(fd);

    if (!file)
        return -EBADF;
    bool good = any || !(file->flags & O_PATH);
    if (good) {
        *found = file->vnode;
        vnode_hold(*found);
    }
    file_close(file);
    return good ? 0 : -EBADF;
}

/* ---- opening */

/* -EINVAL for flags that contradict each other; what no kernel knows is not looked at. */
static int check_open(unsigned flags)
{
    if (flags & O_PATH)
        return 0;
    if ((flags & O_TMPFILE & ~O_DIRECTORY) &&
        ((flags & O_TMPFILE) != O_TMPFILE || (flags & O_ACCMODE) == O_RDONLY))
        return -EINVAL;
    if ((flags & O_CREAT) && (flags & O_DIRECTORY))
        return -EINVAL;
    return 0;
}

long sys_openat(int dirfd, const char *path, unsigned flags, uint32_t mode)
{
    struct name name;
    struct file *file;
    int error = check_open(flags);

    if (!error)
        error = name_begin(&name, dirfd, path, 0);
    if (error)
        return error;
    error = file_open_at(name_from(&name), name.path, flags & ~O_CLOEXEC,
                         name_mode(mode & 07777), &file);
    name_end(&name);
    if (error)
        return io_result(error);    /* a FIFO's other end did not come before a signal did */
    int fd = fd_add(file, 0, flags & O_CLOEXEC);
    if (fd < 0)
        file_close(file);
    return fd;
}

long sys_open(const char *path, unsigned flags, uint32_t mode)
{
    return sys_openat(AT_FDCWD, path, flags, mode);
}

long sys_creat(const char *path, uint32_t mode)
{
    return sys_openat(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

/* ---- making and taking away */

/* vfs_make_at() on a program's path. */
static long make(int dirfd, const char *path, uint32_t mode, uint32_t rdev)
{
    struct name name;
    int error = name_begin(&name, dirfd, path, 0);

    if (error)
        return error;
    error = vfs_make_at(name_from(&name), name.path, name_mode(mode), rdev);
    name_end(&name);
    return error;
}

long sys_mkdirat(int dirfd, const char *path, uint32_t mode)
{
    return make(dirfd, path, S_IFDIR | (mode & (0777 | S_ISVTX)), 0);
}

long sys_mkdir(const char *path, uint32_t mode)
{
    return sys_mkdirat(AT_FDCWD, path, mode);
}

long sys_mknodat(int dirfd, const char *path, uint32_t mode, uint32_t rdev)
{
    mode &= S_IFMT | 07777;
    switch (mode & S_IFMT) {
    case 0:
        mode |= S_IFREG;
        break;
    case S_IFREG: case S_IFIFO: case S_IFSOCK:
        break;
    case S_IFCHR: case S_IFBLK:
        if (access_as_root())
            return -EPERM;
        break;
    case S_IFDIR:
        return -EPERM;
    default:
        return -EINVAL;
    }
    return make(dirfd, path, mode, S_ISCHR(mode) || S_ISBLK(mode) ? rdev : 0);
}

long sys_mknod(const char *path, uint32_t mode, uint32_t rdev)
{
    return sys_mknodat(AT_FDCWD, path, mode, rdev);
}

long sys_unlinkat(int dirfd, const char *path, unsigned flags)
{
    struct name name;

    if (flags & ~AT_REMOVEDIR)
        return -EINVAL;
    int error = name_begin(&name, dirfd, path, 0);
    if (error)
        return error;
    error = flags & AT_REMOVEDIR ? vfs_rmdir_at(name_from(&name), name.path) :
            vfs_unlink_at(name_from(&name), name.path);
    name_end(&name);
    return error;
}

long sys_unlink(const char *path)
{
    return sys_unlinkat(AT_FDCWD, path, 0);
}

long sys_rmdir(const char *path)
{
    return sys_unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

/* ---- two names */

long sys_renameat2(int dirfd, const char *path, int new_dirfd, const char *new_path,
                   unsigned flags)
{
    struct name from, to;

    if (flags & ~RENAME_NOREPLACE)              /* nobody can exchange here */
        return -EINVAL;
    int error = name_begin(&from, dirfd, path, 0);
    if (error)
        return error;
    error = name_begin(&to, new_dirfd, new_path, 0);
    if (!error) {
        error = vfs_rename_at(name_from(&from), from.path, name_from(&to), to.path, flags);
        name_end(&to);
    }
    name_end(&from);
    return error;
}

long sys_renameat(int dirfd, const char *path, int new_dirfd, const char *new_path)
{
    return sys_renameat2(dirfd, path, new_dirfd, new_path, 0);
}

long sys_rename(const char *path, const char *new_path)
{
    return sys_renameat2(AT_FDCWD, path, AT_FDCWD, new_path, 0);
}

long sys_linkat(int dirfd, const char *path, int new_dirfd, const char *new_path, unsigned flags)
{
    struct name to;
    struct vnode *file;

    if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    unsigned how = flags & AT_SYMLINK_FOLLOW ? 0 : AT_SYMLINK_NOFOLLOW;
    int error = name_lookup(dirfd, path, how | (flags & AT_EMPTY_PATH), &file);
    if (error)
        return error;
    error = name_begin(&to, new_dirfd, new_path, 0);
    if (!error) {
        error = vfs_link_at(file, name_from(&to), to.path);
        name_end(&to);
    }
    vnode_put(file);
    return error;
}

long sys_link(const char *path, const char *new_path)
{
    return sys_linkat(AT_FDCWD, path, AT_FDCWD, new_path, 0);
}

long sys_symlinkat(const char *target, int dirfd, const char *path)
{
    struct name text, name;
    int error = name_begin(&text, AT_FDCWD, target, 0);

    if (error)
        return error;
    error = name_begin(&name, dirfd, path, 0);
    if (!error) {
        error = vfs_symlink_at(text.path, name_from(&name), name.path);
        name_end(&name);
    }
    name_end(&text);
    return error;
}

long sys_symlink(const char *target, const char *path)
{
    return sys_symlinkat(target, AT_FDCWD, path);
}

long sys_readlinkat(int dirfd, const char *path, char *to, int size)
{
    struct name name;
    struct vnode *link;

    if (size <= 0)
        return -EINVAL;
    int error = name_begin(&name, dirfd, path, AT_EMPTY_PATH);
    if (error)
        return error;
    bool empty = !*name.path;
    error = empty && !name.file ? -ENOENT :
            name_find(&name, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, &link);
    if (!error) {                               /* the path's room is the target's now */
        error = vnode_readlink(link, name.path, PATH_MAX);
        error = error == -EINVAL && empty ? -ENOENT : error;
        vnode_put(link);
    }
    size_t length = error ? 0 : strlen(name.path);
    if (length > (size_t)size)
        length = (size_t)size;
    if (!error && copy_to_user(to, name.path, length))
        error = -EFAULT;
    name_end(&name);
    return error ? error : (long)length;
}

long sys_readlink(const char *path, char *to, int size)
{
    return sys_readlinkat(AT_FDCWD, path, to, size);
}
