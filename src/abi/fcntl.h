/*
 * Flags of open(2), with Linux i386's values.
 */
#ifndef ABI_FCNTL_H
#define ABI_FCNTL_H

#include "lib/types.h"              // lab 6

#define O_RDONLY    00
#define O_WRONLY    01
#define O_RDWR      02
#define O_ACCMODE   03
#define O_CREAT     0100
#define O_EXCL      0200
#define O_TRUNC     01000
#define O_APPEND    02000
#define O_DIRECTORY 0200000
#define O_NOFOLLOW  0400000

// lab 6 begin
#define O_NOCTTY    0400
#define O_NONBLOCK  04000
#define O_DSYNC     010000
#define O_ASYNC     020000
#define O_DIRECT    040000
#define O_LARGEFILE 0100000
#define O_NOATIME   01000000
#define O_CLOEXEC   02000000
#define O_SYNC      04010000
#define O_PATH      010000000
#define O_TMPFILE   020200000       /* has O_DIRECTORY in it */

/* fcntl(2) */
#define F_DUPFD     0
#define F_GETFD     1
#define F_SETFD     2
#define F_GETFL     3
#define F_SETFL     4
#define F_GETLK     5
#define F_SETLK     6
#define F_SETLKW    7
#define F_SETOWN    8
#define F_GETOWN    9
#define F_SETSIG    10
#define F_GETSIG    11
#define F_GETLK64   12
#define F_SETLK64   13
#define F_SETLKW64  14
#define F_OFD_GETLK 36
#define F_OFD_SETLK 37
#define F_OFD_SETLKW 38
#define F_DUPFD_CLOEXEC 1030
#define F_SETPIPE_SZ 1031
#define F_GETPIPE_SZ 1032

#define FD_CLOEXEC  1

#define F_RDLCK 0                   /* flock.type */
#define F_WRLCK 1
#define F_UNLCK 2

#define LOCK_SH 1                   /* flock(2) */
#define LOCK_EX 2
#define LOCK_NB 4
#define LOCK_UN 8

/* What F_GETLK and F_GETLK64 use. */
struct flock32 {
    int16_t type, whence;
    int32_t start, len, pid;
};

struct flock64 {
    int16_t type, whence;
    int64_t start __attribute__((packed, aligned(4)));
    int64_t len __attribute__((packed, aligned(4)));
    int32_t pid;
};

// lab 6 end
#define SEEK_SET 0
#define SEEK_CUR 1
#define SEEK_END 2

// lab 6 begin
/* Of the calls that take a directory's descriptor: openat(2) and its like. */
#define AT_FDCWD            (-100)  /* instead of a descriptor: the current directory */
#define AT_SYMLINK_NOFOLLOW 0x100
#define AT_EACCESS          0x200   /* faccessat2(2) */
#define AT_REMOVEDIR        0x200   /* unlinkat(2) */
#define AT_SYMLINK_FOLLOW   0x400   /* linkat(2) */
#define AT_NO_AUTOMOUNT     0x800
#define AT_EMPTY_PATH       0x1000  /* "" is what the descriptor stands for itself */
#define AT_STATX_SYNC_TYPE  0x6000  /* statx(2): two bits, not both */
// lab 6 end

#endif
