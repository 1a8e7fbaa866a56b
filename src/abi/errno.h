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

// lab 5 begin
#define ENXIO   6
#define EBADF   9
#define EACCES  13
#define ENOTBLK 15
#define EXDEV   18
#define ENODEV  19
#define ENOTDIR 20
#define EISDIR  21
#define ENOTTY  25
#define EFBIG   27
#define ESPIPE  29
#define EROFS   30
#define EMLINK  31
#define ERANGE  34
#define ENAMETOOLONG 36
#define ENOTEMPTY 39
#define ELOOP   40
#define EOVERFLOW 75
#define EUCLEAN 117                 /* a file system is damaged ("structure needs cleaning") */
// lab 5 end
#define EDEADLK 35                  // lab 6

// lab 6 begin
#define ESRCH   3
#define E2BIG   7
#define ENFILE  23
#define EMFILE  24
#define ETXTBSY 26
#define EPIPE   32
#define EDOM    33
#define EDEADLK 35
#define ENOLCK  37
#define ENODATA 61
#define ELIBBAD 80
#define EUSERS  87
#define EOPNOTSUPP 95
// lab 6 end

#endif
