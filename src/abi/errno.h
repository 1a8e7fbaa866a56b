/*
 * Error numbers, those of Linux i386. A function that can fail returns one of them, negated.
 *
 * errno(3); linux/include/uapi/asm-generic/errno-base.h and errno.h have the same values.
 */
#ifndef ABI_ERRNO_H
#define ABI_ERRNO_H

#define EPERM   1
#define ENOENT  2
#define EINTR   4
#define EIO     5
#define ENOEXEC 8
#define ECHILD  10
#define EAGAIN  11
#define ENOMEM  12
#define EFAULT  14
#define EBUSY   16
#define EEXIST  17
#define EINVAL  22
#define ENOSPC  28
#define ENOSYS  38
#define ETIMEDOUT 110

#endif
