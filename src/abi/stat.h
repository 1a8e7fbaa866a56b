/*
 * What files are: type and permissions in one word, as Linux i386 numbers them.
 *
 * stat(2), inode(7), getdents(2).
 */
#ifndef ABI_STAT_H
#define ABI_STAT_H

#define S_IFMT   0170000            /* the type: one of the next seven */
#define S_IFSOCK 0140000
#define S_IFLNK  0120000
#define S_IFREG  0100000
#define S_IFBLK  0060000
#define S_IFDIR  0040000
#define S_IFCHR  0020000
#define S_IFIFO  0010000

#define S_ISLNK(mode) (((mode) & S_IFMT) == S_IFLNK)
#define S_ISREG(mode) (((mode) & S_IFMT) == S_IFREG)
#define S_ISBLK(mode) (((mode) & S_IFMT) == S_IFBLK)
#define S_ISDIR(mode) (((mode) & S_IFMT) == S_IFDIR)
#define S_ISCHR(mode) (((mode) & S_IFMT) == S_IFCHR)

/* The type as directories tell it (getdents64's d_type): DT_DIR is 4, DT_REG 8, DT_LNK 10. */
#define DT_UNKNOWN 0
#define DT_OF(mode) (((mode) & S_IFMT) >> 12)

#endif
