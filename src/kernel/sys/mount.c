/*
 * mount(2) and umount(2). Options in a text are not looked at, and flags that change what is
 * mounted already, or bind one directory to another, are -EINVAL.
 */
#include "fs/mount.h"
#include "abi/errno.h"
#include "abi/statfs.h"
#include "fs/path.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "sys/calls.h"
#include "sys/name.h"

#define TYPE_BYTES 32               /* of a type's name, with the NUL */

#define FLAGS_KNOWN (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME | \
                     MS_SILENT | MS_RELATIME)

/* Our name of a type that Linux calls so. */
static const char *our_type(const char *name)
{
    static const char *const other[][2] = {
        { "vfat", "fat" }, { "msdos", "fat" }, { "devtmpfs", "devfs" },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(other); i++)
        if (strcmp(name, other[i][0]) == 0)
            return other[i][1];
    return name;
}

static const struct fs_type *find_type(const char *name)
{
    const struct fs_type *type;

    for (unsigned n = 0; (type = fs_nth(n)); n++)
        if (strcmp(type->name, name) == 0)
            return type;
    return NULL;
}

/* A path to a device becomes the device's name. */
static int device_name(struct name *source)
{
    struct vnode *vnode;
    int error = name_find(source, 0, &vnode);

    if (error)
        return error;
    if (!S_ISBLK(vnode->mode))
        error = -ENOTBLK;
    vnode_put(vnode);
    const char *name = source->path + strlen(source->path);
    while (name > source->path && name[-1] != '/')
        name--;
    memmove(source->path, name, strlen(name) + 1);
    return error;
}

/* The directory that the name leads to, by its path from the root: for /proc/mounts. */
static int make_absolute(struct name *name)
{
    struct vnode *dir;
    int error = name_find(name, 0, &dir);

    if (error)
        return error;
    int length = S_ISDIR(dir->mode) ? path_of(dir, name->path, PATH_MAX) : -ENOTDIR;
    vnode_put(dir);
    return length == -ERANGE ? -ENAMETOOLONG : length < 0 ? length : 0;
}

long sys_mount(const char *user_source, const char *path, const char *user_type, uint32_t flags,
               const void *data)
{
    struct name source, on;
    char type_name[TYPE_BYTES];

    (void)data;
    if ((flags & 0xffff0000u) == MS_MAGIC)
        flags &= 0xffff;
    if (access_as_root())
        return -EPERM;
    if (!user_type || (flags & ~FLAGS_KNOWN))
        return -EINVAL;
    ssize_t length = strncpy_from_user(type_name, user_type, sizeof(type_name));
    if (length < 0)
        return length == -ENAMETOOLONG ? -ENODEV : length;
    const struct fs_type *type = find_type(our_type(type_name));
    int error = name_begin(&on, AT_FDCWD, path, 0);
    if (error)
        return error;
    error = make_absolute(&on);
    if (!error)
        error = type ? name_begin(&source, AT_FDCWD, user_source ? user_source : user_type,
                                  AT_EMPTY_PATH) : -ENODEV;
    if (!error) {
        if (type->flags & FS_DEVICE)
            error = device_name(&source);
        if (!error)
            error = vfs_mount(source.path, on.path, type->name,
                              flags & MS_RDONLY ? MOUNT_READ_ONLY : 0);
        name_end(&source);
    }
    name_end(&on);
    return error;
}

long sys_umount2(const char *path, unsigned flags)
{
    struct name name;
    struct vnode *vnode;

    if (flags & ~(MNT_FORCE | MNT_DETACH | UMOUNT_NOFOLLOW))
        return -EINVAL;
    if (access_as_root())
        return -EPERM;
    int error = name_begin(&name, AT_FDCWD, path, 0);
    if (error)
        return error;
    error = name_find(&name, flags & UMOUNT_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0, &vnode);
    if (!error) {
        if (vnode == mount_root())
            error = -EBUSY;
        vnode_put(vnode);
    }
    if (!error)
        error = vfs_unmount(name.path);
    name_end(&name);
    return error;
}

long sys_umount(const char *path)
{
    return sys_umount2(path, 0);
}
