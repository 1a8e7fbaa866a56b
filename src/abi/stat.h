/*
 * What files are: type and permissions in one word, as Linux i386 numbers them.
 *
 * stat(2), inode(7), getdents(2).
 */
#ifndef ABI_STAT_H
#define ABI_STAT_H

#include "lib/types.h"              // lab 6

#define S_IFMT   0170000            /* the type: one of the next seven */
#define S_IFSOCK 0140000
#define S_IFLNK  0120000
#define S_IFREG  0100000
#define S_IFBLK  0060000
#define S_IFDIR  0040000
#define S_IFCHR  0020000
#define S_IFIFO  0010000

#define S_ISUID 04000               /* run with the file's owner, or its group */
#define S_ISGID 02000
#define S_ISVTX 01000               /* of a directory: only owners take names away */

#define S_ISLNK(mode) (((mode) & S_IFMT) == S_IFLNK)
#define S_ISREG(mode) (((mode) & S_IFMT) == S_IFREG)
#define S_ISBLK(mode) (((mode) & S_IFMT) == S_IFBLK)
#define S_ISDIR(mode) (((mode) & S_IFMT) == S_IFDIR)
#define S_ISFIFO(mode) (((mode) & S_IFMT) == S_IFIFO)   // lab 6
#define S_ISCHR(mode) (((mode) & S_IFMT) == S_IFCHR)

/* The type as directories tell it (getdents64's d_type): DT_DIR is 4, DT_REG 8, DT_LNK 10. */
#define DT_UNKNOWN 0
#define DT_OF(mode) (((mode) & S_IFMT) >> 12)

// lab 6 begin
/* Numbers of 64 bits are two words here, the low one first: they may begin at any word. */

/* stat(2) before there were large files. */
struct stat {
    uint32_t st_dev, st_ino;
    uint16_t st_mode, st_nlink, st_uid, st_gid;
    uint32_t st_rdev, st_size, st_blksize, st_blocks;
    uint32_t st_atime, st_atime_nsec, st_mtime, st_mtime_nsec, st_ctime, st_ctime_nsec;
    uint32_t unused[2];
};

struct stat64 {
    uint32_t st_dev, st_dev_high, pad0;
    uint32_t st_ino_low;
    uint32_t st_mode, st_nlink, st_uid, st_gid;
    uint32_t st_rdev, st_rdev_high, pad1;
    uint32_t st_size, st_size_high;
    uint32_t st_blksize;
    uint32_t st_blocks, st_blocks_high;
    uint32_t st_atime, st_atime_nsec, st_mtime, st_mtime_nsec, st_ctime, st_ctime_nsec;
    uint32_t st_ino, st_ino_high;
};

struct statx_time {
    uint32_t seconds, seconds_high, nanoseconds;
    int32_t reserved;
};

struct statx {
    uint32_t stx_mask;              /* STATX_ bits of what has been filled in */
    uint32_t stx_blksize;
    uint32_t stx_attributes, stx_attributes_high;
    uint32_t stx_nlink, stx_uid, stx_gid;
    uint16_t stx_mode, pad0;
    uint32_t stx_ino, stx_ino_high, stx_size, stx_size_high, stx_blocks, stx_blocks_high;
    uint32_t stx_attributes_mask, stx_attributes_mask_high;     /* those that are known */
    struct statx_time stx_atime, stx_btime, stx_ctime, stx_mtime;
    uint32_t stx_rdev_major, stx_rdev_minor, stx_dev_major, stx_dev_minor;
    uint32_t stx_mnt_id, stx_mnt_id_high;
    uint32_t reserved[26];
};

_Static_assert(sizeof(struct stat) == 64 && sizeof(struct stat64) == 96, "Linux's struct stat");
_Static_assert(sizeof(struct statx) == 256, "Linux's struct statx");

#define STATX_BASIC_STATS 0x7ffu
#define STATX_MNT_ID      0x1000u
#define STATX_RESERVED    0x80000000u
#define STATX_ATTR_MOUNT_ROOT 0x2000u
// lab 6 end

#endif
