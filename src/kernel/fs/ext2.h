/*
 * ext2: Linux's file system without a journal, as mke2fs makes it. What lies on the disk, and what
 * the parts of this implementation promise each other; everybody else sees ext2_init() only.
 *
 *   ext2.c        the volume: superblock, mount, sync, unmount
 *   ext2_alloc.c  which blocks and inodes are free
 *   ext2_map.c    where a file's blocks are
 *   ext2_inode.c  inodes, from the disk to vnodes and back
 *   ext2_dir.c    names
 *   ext2_node.c   what can be done with vnodes
 *
 * Revisions 0 and 1, blocks of 1, 2 and 4 KiB. Each function has the mount's lock, but where it
 * says otherwise. All return 0 or a count, or -ERRNO.
 *
 * Card, Ts'o, Tweedie, "Design and Implementation of the Second Extended Filesystem" (Dutch
 * International Symposium on Linux, 1994); Poirier, "The Second Extended File System: Internal
 * Layout" (2001-2019); Linux's Documentation/filesystems/ext2.rst.
 */
#ifndef FS_EXT2_H
#define FS_EXT2_H

#include "fs/bcache.h"
#include "fs/mount.h"
#include "sync/spinlock.h"

#define EXT2_MAGIC      0xef53
#define EXT2_ROOT       2           /* the root directory's inode */
#define EXT2_FIRST_OLD  11          /* the first inode that is not reserved, in revision 0 */
#define EXT2_INODE_OLD  128         /* an inode's size there; the part that we know in all */
#define EXT2_LINK_MAX   32000

/* ext2_super.state */
#define EXT2_VALID 1u               /* was unmounted */
#define EXT2_ERROR 2u               /* is known to be damaged */

/* Features; those that are not here we do not know. */
#define EXT2_COMPAT_JOURNAL     0x0004u     /* it can be ext3, too */
#define EXT2_INCOMPAT_FILETYPE  0x0002u     /* directories tell types */
#define EXT2_INCOMPAT_RECOVER   0x0004u     /* the journal has what is missing here */
#define EXT2_RO_SPARSE_SUPER    0x0001u     /* few groups have a copy of the superblock */
#define EXT2_RO_LARGE_FILE      0x0002u     /* there are files of 2 GiB or more */

/* ext2_inode.flags */
#define EXT2_FL_INDEX   0x00001000u         /* a directory with a hash tree in it (ext3) */
#define EXT2_FL_EXTENTS 0x00080000u         /* ext4's block map */

/* At byte 1024 of the volume. Times are seconds since 1970. */
struct ext2_super {
    uint32_t inodes, blocks, reserved_blocks, free_blocks, free_inodes;
    uint32_t first_data_block;      /* 1 with blocks of 1 KiB, else 0 */
    uint32_t log_block_size;        /* 0 is 1 KiB */
    uint32_t log_frag_size, blocks_per_group, frags_per_group, inodes_per_group;
    uint32_t mtime, wtime;          /* of the last mount and the last write */
    uint16_t mount_count, max_mount_count, magic, state, errors, minor_revision;
    uint32_t last_check, check_interval, creator_os, revision;
    uint16_t reserved_uid, reserved_gid;
    uint32_t first_inode;           /* from here on: revision 1 */
    uint16_t inode_size, group;
    uint32_t compat, incompat, ro_compat;
    uint8_t rest[920];
};

/* The descriptor of a group of blocks; they follow the superblock's block. */
struct ext2_group {
    uint32_t block_bitmap, inode_bitmap, inode_table;   /* blocks */
    uint16_t free_blocks, free_inodes, directories, pad;
    uint32_t reserved[3];
};

#define EXT2_DIRECT 12              /* block addresses in the inode itself */
#define EXT2_SLOTS  15              /* and one each of an indirect, a double, a triple one */

struct ext2_inode {
    uint16_t mode, uid;
    uint32_t size, atime, ctime, mtime, dtime;
    uint16_t gid, links;
    uint32_t sectors, flags, osd1;
    uint32_t block[EXT2_SLOTS];
    uint32_t generation;
    uint32_t acl;                   /* a block of extended attributes */
    uint32_t size_high;             /* of a regular file */
    uint32_t fragment, osd2;
    uint16_t uid_high, gid_high;
    uint32_t osd3;
};

/* An entry of a directory; they fill each of its blocks. */
struct ext2_entry {
    uint32_t inode;                 /* 0: there is no name here */
    uint16_t length;                /* to the next one; a multiple of 4 */
    uint8_t name_length;
    uint8_t type;                   /* with EXT2_INCOMPAT_FILETYPE */
    char name[];
};

/* A mounted volume: mount->data. */
struct ext2 {
    struct mount *mount;
    struct block_device *dev;
    struct ext2_super super;        /* as it will be written */
    bool super_changed;
    bool writes;                    /* was mounted for writing */
    uint16_t state;                 /* what it was when we came */
    unsigned reported;              /* lines in the log about damage */
    uint32_t block_size, shift;     /* 1 << shift bytes */
    uint32_t sectors;               /* of a block */
    uint32_t groups, per_group;     /* blocks of a group */
    uint32_t inode_size, first_inode;
    uint32_t table;                 /* blocks of a group's table of inodes */
    uint32_t copies;                /* of a superblock with the descriptors behind it */
    uint32_t overhead;              /* blocks that no file can have */
    int64_t max_size;               /* of a file */
};

/* A vnode's data. */
struct ext2_node {
    uint32_t block[EXT2_SLOTS];     /* as in the inode */
    uint32_t flags, acl;
    struct spinlock lock;           /* of the next three: read_pages() has no other */
    uint32_t run_first, run_count;  /* these of the file's blocks... */
    uint32_t run_start;             /* ...are here and in what follows */
    bool behind;                    /* blocks behind the end were not freed: no memory, say */
    uint32_t goal;                  /* where its next block had best be; 0: not known */
    uint32_t found, room;           /* of a directory: blocks in which to look first... */
    uint32_t cursor;                /* ...and the byte behind the entry read last; 0: not known */
};

static inline struct ext2 *ext2_of(const struct vnode *vnode)
{
    return vnode->mount->data;
}

static inline struct ext2_node *ext2_node(const struct vnode *vnode)
{
    return vnode->data;
}

/* ext2.c */

/* Register the type. */
void ext2_init(void);

/*
 * The volume is damaged: log it (the first few times), mark the volume so, and let nobody write to
 * it from now on. Returns -EUCLEAN. The format is without a newline.
 */
int ext2_damaged(struct ext2 *fs, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Are these blocks of the volume, and none before its first? */
bool ext2_has_blocks(const struct ext2 *fs, uint32_t block, uint32_t count);

/* Has the group a copy of the superblock and of the descriptors? */
bool ext2_has_super(const struct ext2 *fs, uint32_t group);

/* A file that large: the volume must say that it has such. */
void ext2_large_file(struct ext2 *fs);

/* ext2_alloc.c */

/* A group's descriptor, checked; for bcache_put(*buffer). */
int ext2_group(struct ext2 *fs, uint32_t number, struct buffer **buffer, struct ext2_group **group);

/* Blocks of a group, from its first on; the last one may be shorter. */
uint32_t ext2_group_blocks(const struct ext2 *fs, uint32_t number);

/* The first block of the group in which the inode is. */
uint32_t ext2_inode_goal(const struct ext2 *fs, uint32_t ino);

/*
 * Take blocks in a row, at most `want`, at `goal` or near it; *block is the first. Returns how
 * many. -ENOSPC: there is none.
 */
int ext2_alloc_blocks(struct ext2 *fs, uint32_t goal, uint32_t want, uint32_t *block);

/* Give blocks back. What the block cache has of them is the caller's to forget. */
int ext2_free_blocks(struct ext2 *fs, uint32_t block, uint32_t count);

/* Take an inode: of a file near its directory's; of a directory where there is room. */
int ext2_alloc_inode(struct ext2 *fs, uint32_t parent, bool directory, uint32_t *ino);
int ext2_free_inode(struct ext2 *fs, uint32_t ino, bool directory);

/* ext2_map.c */

/*
 * Where the file's blocks are from `block` on: *start is the first one's place, 0 for a hole.
 * Returns how many follow it on the disk, or in the hole: 1 to max. Needs no lock if the file
 * keeps these blocks meanwhile, see fs/vnode.h.
 */
int ext2_map(struct vnode *vnode, uint32_t block, uint32_t max, uint32_t *start);

/* Have the file's blocks [from, to) on the disk. -ENOSPC, -EFBIG: nothing has changed. */
int ext2_map_alloc(struct vnode *vnode, uint32_t from, uint32_t to);

/* Free the file's blocks from `keep` on; also for ext2_forget(). */
int ext2_map_truncate(struct vnode *vnode, uint32_t keep);

/* ext2_inode.c */

/* vnode_changed(), but of a file without names, which may be on its way out, nobody wants that. */
static inline void ext2_changed(struct vnode *vnode)
{
    if (vnode->nlink)
        vnode_changed(vnode);
}

/* The vnode of that number, counted. -EUCLEAN: no file can have it, or none has. */
int ext2_vnode(struct mount *mount, uint32_t ino, struct vnode **vnode);

/* A new one beside dir, with nothing in it and no name yet: nlink is 0. Counted. */
int ext2_new_vnode(struct vnode *dir, uint32_t mode, uint32_t rdev, struct vnode **vnode);

/* Is it a symbolic link whose target is in the inode? */
bool ext2_is_fast_link(const struct vnode *link);

/* Have what the vnode says be the inode's. */
int ext2_write_inode(struct vnode *vnode);

/* vnode_ops.forget. */
int ext2_forget(struct vnode *vnode);

/* ext2_dir.c */

/* Where a name is: the entry, in the buffer, for bcache_put(). */
struct ext2_place {
    uint32_t block;                 /* of the directory */
    struct buffer *buffer;
    struct ext2_entry *entry;
};

/* Look the name up. -ENOENT. */
int ext2_dir_find(struct vnode *dir, const char *name, struct ext2_place *place);

/* Give the file this name, which is free. */
int ext2_dir_add(struct vnode *dir, const char *name, const struct vnode *file);

/* Take away the name at the place. */
void ext2_dir_remove(struct vnode *dir, struct ext2_place *place);

/* Have the name at the place be another file's. */
void ext2_dir_set(struct vnode *dir, struct ext2_place *place, const struct vnode *file);

/* Write "." and ".." to a new directory. */
int ext2_dir_make(struct vnode *dir, const struct vnode *parent);

/* The place of its "..". */
int ext2_dir_parent(struct vnode *dir, struct ext2_place *place);

/* 1 if there is nothing but "." and "..", 0 if there is. */
int ext2_dir_empty(struct vnode *dir);

/* vnode_ops.readdir. */
int ext2_readdir(struct vnode *dir, uint64_t *position, struct dirent *entry);
int ext2_read_entries(struct vnode *dir, uint64_t *position, entry_take take, void *arg); // lab 6

/* ext2_node.c */

extern const struct vnode_ops ext2_vnode_ops;

#endif
