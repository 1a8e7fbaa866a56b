/*
 * Extended attributes: no file has any, and none can be given one. What is wrong with a path or a
 * descriptor is told all the same.
 */
#include "abi/errno.h"
#include "sys/calls.h"
#include "sys/name.h"

static long by_path(const char *path, unsigned flags, int answer)
{
    struct vnode *vnode;
    int error = name_lookup(AT_FDCWD, path, flags, &vnode);

    if (error)
        return error;
    vnode_put(vnode);
    return answer;
}

static long by_fd(int fd, int answer)
{
    struct vnode *vnode;
    int error = name_of_fd(fd, false, &vnode);

    if (error)
        return error;
    vnode_put(vnode);
    return answer;
}

long sys_setxattr(const char *path)
{
    return by_path(path, 0, -EOPNOTSUPP);
}

long sys_lsetxattr(const char *path)
{
    return by_path(path, AT_SYMLINK_NOFOLLOW, -EOPNOTSUPP);
}

long sys_fsetxattr(int fd)
{
    return by_fd(fd, -EOPNOTSUPP);
}

long sys_getxattr(const char *path)
{
    return by_path(path, 0, -EOPNOTSUPP);
}

long sys_lgetxattr(const char *path)
{
    return by_path(path, AT_SYMLINK_NOFOLLOW, -EOPNOTSUPP);
}

long sys_fgetxattr(int fd)
{
    return by_fd(fd, -EOPNOTSUPP);
}

long sys_listxattr(const char *path)
{
    return by_path(path, 0, 0);
}

long sys_llistxattr(const char *path)
{
    return by_path(path, AT_SYMLINK_NOFOLLOW, 0);
}

long sys_flistxattr(int fd)
{
    return by_fd(fd, 0);
}

long sys_removexattr(const char *path)
{
    return by_path(path, 0, -EOPNOTSUPP);
}

long sys_lremovexattr(const char *path)
{
    return by_path(path, AT_SYMLINK_NOFOLLOW, -EOPNOTSUPP);
}

long sys_fremovexattr(int fd)
{
    return by_fd(fd, -EOPNOTSUPP);
}
