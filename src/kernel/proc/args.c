/*
 * The strings that execve takes along: copied into the kernel's memory first, since the old program
 * goes before the new one's stack is written.
 */
#include "abi/errno.h"
#include "fs/vnode.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "proc/exec.h"

#define ROOM_FIRST 1024u

/* See that there is room for `more` bytes. */
static int make_room(struct exec_args *args, size_t more)
{
    size_t room = args->room ? args->room : ROOM_FIRST;

    if (more > ARG_BYTES_MAX - args->bytes)
        return -E2BIG;
    while (room < args->bytes + more)
        room *= 2;
    if (room == args->room)
        return 0;
    char *strings = krealloc(args->strings, room);
    if (!strings)
        return -ENOMEM;
    args->strings = strings;
    args->room = room;
    return 0;
}

/* One of a program's strings: taken in pieces, as large as there is room for. */
static int take_user_string(struct exec_args *args, const char *string)
{
    for (;;) {
        int error = make_room(args, args->bytes == args->room ? args->room : 1);
        if (error)
            return error;
        size_t room = args->room - args->bytes;
        if (room > ARG_STRING_MAX)
            room = ARG_STRING_MAX;
        ssize_t length = strncpy_from_user(args->strings + args->bytes, string, room);
        if (length >= 0) {
            args->bytes += (size_t)length + 1;
            return 0;
        }
        if (length != -ENAMETOOLONG)
            return (int)length;
        if (room == ARG_STRING_MAX)
            return -E2BIG;
        error = make_room(args, room + 1);      /* from its beginning again, with more room */
        if (error)
            return error;
    }
}

static int take_user(struct exec_args *args, const uint32_t *vector, unsigned *count)
{
    uint32_t string;

    for (*count = 0; vector; ++*count) {
        if (copy_from_user(&string, vector + *count, sizeof(string)))
            return -EFAULT;
        if (!string)
            break;
        int error = take_user_string(args, (const char *)(uintptr_t)string);
        if (error)
            return error;
    }
    return 0;
}

static int take_kernel_string(struct exec_args *args, const char *string)
{
    size_t bytes = strlen(string) + 1;
    int error = make_room(args, bytes);

    if (error)
        return error;
    memcpy(args->strings + args->bytes, string, bytes);
    args->bytes += bytes;
    return 0;
}

static int take_kernel(struct exec_args *args, const char *const *vector, unsigned *count)
{
    for (*count = 0; vector && vector[*count]; ++*count) {
        int error = take_kernel_string(args, vector[*count]);
        if (error)
            return error;
    }
    return 0;
}

int exec_args_from_user(struct exec_args *args, const uint32_t *argv, const uint32_t *envp)
{
    *args = (struct exec_args){ 0 };
    int error = take_user(args, argv, &args->argc);
    if (!error && args->argc == 0) {            /* execve(2): an empty string then, as Linux */
        error = take_kernel_string(args, "");
        args->argc = 1;
    }
    if (!error)
        error = take_user(args, envp, &args->envc);
    if (error)
        exec_args_free(args);
    return error;
}

int exec_args_from_kernel(struct exec_args *args, const char *const *argv, const char *const *envp)
{
    *args = (struct exec_args){ 0 };
    int error = take_kernel(args, argv, &args->argc);
    if (!error)
        error = take_kernel(args, envp, &args->envc);
    if (error)
        exec_args_free(args);
    return error;
}

int exec_args_replace(struct exec_args *args, const char *const *first)
{
    size_t dropped = args->argc ? strlen(args->strings) + 1 : 0;
    struct exec_args with = { 0 };
    int error = take_kernel(&with, first, &with.argc);

    if (!error)
        error = make_room(&with, args->bytes - dropped);
    if (error) {
        exec_args_free(&with);
        return error;
    }
    memcpy(with.strings + with.bytes, args->strings + dropped, args->bytes - dropped);
    with.bytes += args->bytes - dropped;
    with.argc += args->argc - (args->argc ? 1 : 0);
    with.envc = args->envc;
    exec_args_free(args);
    *args = with;
    return 0;
}

void exec_args_free(struct exec_args *args)
{
    kfree(args->strings);
    *args = (struct exec_args){ 0 };
}
