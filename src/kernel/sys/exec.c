/*
 * execve(2).
 */
#include "abi/errno.h"
#include "fs/vnode.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "proc/exec.h"
#include "sys/calls.h"

long sys_execve(const char *user_path, const uint32_t *argv, const uint32_t *envp)
{
    char *path = kmalloc(PATH_MAX);
    ssize_t length = path ? strncpy_from_user(path, user_path, PATH_MAX) : -ENOMEM;
    struct exec_args args;
    long error = length < 0 ? length : exec_args_from_user(&args, argv, envp);

    if (!error) {
        error = process_exec(path, &args, user_frame(current()));
        exec_args_free(&args);
    }
    kfree(path);
    return error;
}
