/*
 * What statfs(2) tells of a file system, as Linux i386 has it, and what mount(2) is told.
 */
#ifndef ABI_STATFS_H
#define ABI_STATFS_H

#include "lib/types.h"

struct statfs {
    uint32_t f_type, f_bsize, f_blocks, f_bfree, f_bavail, f_files, f_ffree;
    uint32_t f_fsid[2];
    uint32_t f_namelen, f_frsize, f_flags;
    uint32_t spare[4];
};

/* Numbers of 64 bits are two words here, the low one first. */
struct statfs64 {
    uint32_t f_type, f_bsize;
    uint32_t f_blocks[2], f_bfree[2], f_bavail[2], f_files[2], f_ffree[2];
    uint32_t f_fsid[2];
    uint32_t f_namelen, f_frsize, f_flags;
    uint32_t spare[4];
};

_Static_assert(sizeof(struct statfs) == 64 && sizeof(struct statfs64) == 84,
               "Linux's struct statfs");

#define ST_RDONLY   0x1u            /* f_flags */
#define ST_VALID    0x20u           /* they mean something */
#define ST_RELATIME 0x1000u

#define MS_RDONLY   0x1u            /* mount(2) */
#define MS_NOSUID   0x2u
#define MS_NODEV    0x4u
#define MS_NOEXEC   0x8u
#define MS_NOATIME  0x400u
#define MS_NODIRATIME 0x800u
#define MS_SILENT   0x8000u
#define MS_RELATIME 0x200000u
#define MS_MAGIC    0xc0ed0000u     /* in the upper half, by old programs: means nothing */

#define MNT_FORCE       1u          /* umount2(2) */
#define MNT_DETACH      2u
#define UMOUNT_NOFOLLOW 8u

#endif
