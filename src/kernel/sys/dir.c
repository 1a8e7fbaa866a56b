/*
 * The current directory.
 */
#include "abi/errno.h"
#include "fs/path.h"
#include "mm/usercopy.h"
#include "sys/calls.h"
#include "sys/name.h"

long sys_chdir(const char *path)
{
    struct vnode *dir;
    int error = name_lookup(AT_FDCWD, path, 0, &dir);

    if (error)
        return error;
    error = path_set_current_vnode(dir);
    vnode_put(dir);
    return error;
}

long sys_fchdir(int fd)
{
    struct vnode *dir;
    int error = name_of_fd(fd, true, &dir);

    if (error)
        return error;
    error = path_set_current_vnode(dir);
    vnode_put(dir);
    return error;
}

long sys_getcwd(char *to, size_t size)
{
    char *path = path_alloc();
    long length = path ? path_of_current(path, PATH_MAX) : -ENOMEM;

    if (length == -ERANGE)
        length = -ENAMETOOLONG;
    if (length >= 0 && (size_t)++length > size)         /* with the NUL */
        length = -ERANGE;
    if (length > 0 && copy_to_user(to, path, (size_t)length))
        length = -EFAULT;
    path_free(path);
    return length;
}
