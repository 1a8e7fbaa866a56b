/*
 * FAT12 and FAT16 with long names: what the files fat_*.c share. Others need nothing from here but
 * fat_init().
 *
 * Where things are. A volume is a boot sector and other reserved ones, the table (the FAT, mostly
 * in two copies), the root directory, and the clusters, numbered from 2 on. An entry of the table
 * says what comes behind a cluster in its chain; a directory's entry names a chain's beginning.
 * Sectors are counted in 512 bytes here, from the volume's first on, whatever the volume calls one.
 *
 * What is where in memory. The table is, twice: `now`, as it shall be, and `disk`, as it is on the
 * disk. Sectors of directories are in the block cache, what files hold in the page cache. None of
 * it reaches the disk before fat_commit(), which keeps an order (fat_commit.c).
 *
 * Locks: the mount's is held around everything here but fat_read_pages() and what that calls. For
 * these: the length of a chain only shrinks after `epoch` of its node has changed.
 *
 * Microsoft, "Extensible Firmware Initiative FAT32 File System Specification", 1.03 (2000).
 */
#ifndef FS_FAT_H
#define FS_FAT_H

#include "fs/bcache.h"
#include "fs/mount.h"
#include "fs/vnode.h"

/* Register the type, as "fat". */
void fat_init(void);

/* ---- where things are: fat_layout.c */

struct fat_layout {
    uint8_t bits;                   /* of an entry of the table: 12 or 16 */
    uint8_t copies;                 /* of the table */
    uint8_t cluster_shift;          /* a cluster has 1 << cluster_shift bytes... */
    uint32_t cluster_sectors;       /* ...so many sectors of 512 */
    uint32_t sectors;               /* of the volume */
    uint32_t table_first;           /* the first copy's first sector */
    uint32_t table_sectors;         /* of each copy */
    uint32_t root_first;            /* the root directory's first sector */
    uint32_t root_slots;            /* entries that it has room for */
    uint32_t data_first;            /* the sector where cluster 2 begins */
    uint32_t clusters;              /* how many: the last one is number clusters + 1 */
};

/*
 * Find out where things are on a volume whose first 512 bytes are `boot`, on a device of so many
 * sectors of 512 bytes. Returns 0; -EINVAL: that is no FAT12 or FAT16 (a field has a value that it
 * cannot have, the signature is missing, or the clusters are so many that it is FAT32); -EUCLEAN:
 * it is one, but its numbers contradict each other: the regions do not fit into the volume, the
 * volume not on the device, or the table has not an entry for each cluster.
 */
int fat_layout(const uint8_t *boot, uint64_t sectors, struct fat_layout *layout);

/* ---- the table: fat_table.c, and fat_commit.c */

#define FAT_FIRST 2u                /* the first cluster's number */
#define FAT_FREE  0x0000u           /* entries: nobody has the cluster */
#define FAT_BAD   0xfff7u           /* nobody shall have it */
#define FAT_LAST  0xfff8u           /* this or more: a chain's last cluster */
#define FAT_END   0xffffu           /* what we write there */

#define FAT_RENAMES 16              /* between two commits, see fat_rename_order() */

struct fat {
    struct mount *mount;
    struct block_device *dev;
    struct fat_layout at;
    uint16_t *now, *disk;           /* clusters + 2 entries each, as fat_decode() gives them */
    uint32_t table_sectors;         /* of a copy: so many have entries of clusters */
    uint8_t *changed;               /* a bit for each of them: now may differ from disk in it */
    uint8_t *unwritten;             /* the same: `disk` has what is to be written there */
    uint8_t *held;                  /* a bit for each cluster: freed, but not on the disk yet */
    uint32_t free;                  /* clusters that can be had */
    uint32_t held_count;            /* and those that can after a commit */
    uint32_t hint;                  /* where to look for a free one */
    bool marked;                    /* the disk says that the volume is in use */
    bool was_marked;                /* it did so when it was mounted */
    bool has_state;                 /* the boot sector has a byte for that */
    bool unflushed;                 /* something was written since the last block_flush() */
    bool damaged;                   /* that was told */
    uint32_t renames;
    uint32_t early[FAT_RENAMES], late[FAT_RENAMES];     /* sectors, see fat_rename_order() */
};

/*
 * Entry number n of a table that lies in memory as on the disk. A 12-bit value of 0xff7 or more is
 * widened to what it is with 16 bits: 0xfff7 or more.
 */
uint16_t fat_decode(const struct fat_layout *layout, const uint8_t *table, uint32_t n);

/*
 * Go along a chain, from the cluster `from` over at most `steps` links. Returns over how many it
 * went: fewer if the chain has ended there; *last is the cluster where it came to. -EUCLEAN if one
 * of the clusters, from `from` to *last, does not exist, is free or bad; or if the chain has as
 * many links as the volume has clusters: it goes in circles.
 */
int fat_walk(const struct fat *fat, uint32_t from, uint32_t steps, uint32_t *last);

/* Read the table into now and disk, and count what is free. 0 or -ERRNO; for fat_table_drop(). */
int fat_table_load(struct fat *fat);
void fat_table_drop(struct fat *fat);

/* Give an entry a value. */
void fat_set(struct fat *fat, uint32_t cluster, uint16_t value);

/*
 * A free cluster, behind `near` if there is one: from now on a chain of its own. -ENOSPC. May
 * commit, if it needs clusters that are free only after that.
 */
int fat_alloc(struct fat *fat, uint32_t near, uint32_t *cluster);

/*
 * Free the chain from `first` on (0: there is none), as far as it is one. Nobody gets its clusters
 * before the next commit: until then the disk may say that they are somebody's.
 */
void fat_free_chain(struct fat *fat, uint32_t first);

/* The sector where a cluster begins. */
uint32_t fat_sector(const struct fat *fat, uint32_t cluster);

/* Have all changes on the medium. */
int fat_commit(struct fat *fat);

/* A commit is needed before anybody may link a cluster to this one, which a chain's end became. */
bool fat_was_linked(const struct fat *fat, uint32_t cluster);

/*
 * A name moves from one directory's sector to another's: if only one of these were written, it
 * must be the first. May commit.
 */
int fat_rename_order(struct fat *fat, uint32_t from, uint32_t to);

/*
 * Does the disk say that the volume is in use, by somebody who never unmounted it? For mounting,
 * with the boot sector. Then that is left as it is, for fsck.fat.
 */
void fat_look_at_marks(struct fat *fat, const uint8_t *boot);

/*
 * Have the boot sector say that the volume is in use, or that it is not any more, as Linux does. (A
 * bit of entry 1 of the table says the same, but mtools does not like it.) 0 or -ERRNO.
 */
int fat_mark(struct fat *fat, bool in_use);

/* Write to clusters that no name leads to yet, or to a file's. For block_write(). */
int fat_write(struct fat *fat, uint32_t sector, uint32_t count, const void *data);

/* The volume is damaged: say so once, and let nobody change it any more. Returns -EUCLEAN. */
int fat_damaged(struct fat *fat, const char *what);

/* ---- names: fat_name.c */

#define FAT_UNITS      255          /* of a long name, without the 0 at its end */
#define FAT_SHORT      11           /* bytes of a short one: 8 and 3, filled up with blanks */
#define FAT_SHORT_TEXT 12           /* of its characters, with the dot */

/*
 * A name as the disk has it: UTF-16, with a 0 at its end. Dots and blanks at the end of `name` are
 * left out. Returns its length; -EINVAL: there is no such name.
 */
int fat_name_units(const char *name, uint16_t units[FAT_UNITS + 1]);

/*
 * The other way round. Returns its length in bytes; 0 if it cannot be had: it is too long, empty,
 * "." or "..", or holds a '/'.
 */
int fat_name_text(const uint16_t *units, char text[NAME_MAX + 1]);

/* Are they the same, upper and lower case being so? */
bool fat_name_same(const uint16_t *a, const uint16_t *b);

/* A character of a short name, above 0x7f: IBM's code page 437. */
uint16_t fat_oem(uint8_t c);

/* The checksum of a short name that its long name's slots have. */
uint8_t fat_checksum(const uint8_t name[FAT_SHORT]);

enum fat_fit {
    FAT_EXACT,                      /* it is a short name */
    FAT_FITS,                       /* it is, but for upper and lower case */
    FAT_CUT,                        /* it takes a tail of ~ and a number */
};

/* What remains of a name in a short one. */
enum fat_fit fat_name_short(const uint16_t *units, uint8_t name[FAT_SHORT]);

#define FAT_TAILS 5

/*
 * Give it a tail: the n-th try, from 1 on. From FAT_TAILS on a number made of `units` is part of
 * it, so that many names that begin alike do not meet.
 */
void fat_name_tail(uint8_t name[FAT_SHORT], const uint16_t *units, unsigned n);

/* ---- directories: fat_dir.c */

#define FAT_SLOTS_MAX 65536u        /* of a directory */
#define FAT_SET_MAX   21            /* slots of one name: 255 characters in 20, and the short one */

/* fat_slot.attributes */
#define FAT_READ_ONLY 0x01u
#define FAT_LABEL     0x08u         /* names the volume */
#define FAT_DIRECTORY 0x10u
#define FAT_ARCHIVE   0x20u
#define FAT_LONG      0x0fu         /* of the lowest six bits: a piece of a long name */

/* fat_slot.name[0] */
#define FAT_UNUSED    0xe5u         /* the slot is free */
#define FAT_NO_MORE   0x00u         /* and so are all behind it */
#define FAT_E5        0x05u         /* stands for a character 0xe5 */

/* fat_slot.lower */
#define FAT_LOWER_BASE      0x08u   /* the first eight are meant in lower case */
#define FAT_LOWER_EXTENSION 0x10u   /* the other three are */

/* A slot of a directory: the short entry. */
struct fat_slot {
    uint8_t name[FAT_SHORT];
    uint8_t attributes;
    uint8_t lower;
    uint8_t ctime_cs;               /* in 10 ms, 0 to 199 */
    uint16_t ctime, cdate, adate;
    uint16_t first_high;            /* FAT32's */
    uint16_t mtime, mdate;
    uint16_t first;                 /* cluster; 0: there is none */
    uint32_t size;
};

/* Or 13 characters of a long name. The last piece comes first; behind the first: the short one. */
struct fat_piece {
    uint8_t order;                  /* 1, 2, ...; in the last one FAT_LAST_PIECE besides */
    uint8_t units_0[10];
    uint8_t attributes;             /* FAT_LONG */
    uint8_t type;                   /* 0 */
    uint8_t checksum;               /* of the short name */
    uint8_t units_5[12];
    uint16_t first;                 /* 0 */
    uint8_t units_11[4];
};

#define FAT_LAST_PIECE 0x40u
#define FAT_PIECE      13           /* characters in one */

/* A place in a directory. */
struct fat_cursor {
    struct vnode *dir;
    uint32_t next;                  /* the slot that fat_dir_slot() gives next */
    uint32_t index, cluster;        /* which cluster of the chain it was in last, and its number */
    uint32_t sector;                /* where it was last, on the volume */
    struct buffer *buffer;          /* and that sector */
};

/* What a directory has under one name. */
struct fat_entry {
    uint16_t name[FAT_UNITS + 1];   /* the long one, see fat_name_units(); "": there is none */
    uint16_t short_name[FAT_SHORT_TEXT + 1];    /* as characters: "README.TXT" */
    uint32_t from, slot;            /* its slots in the directory: the first, and the short entry */
    uint32_t place;                 /* the short entry's slot on the volume: 16 in each sector */
    struct fat_slot data;           /* a copy of it */
};

/* Begin at a slot; for fat_dir_close(). */
void fat_dir_open(struct fat_cursor *cursor, struct vnode *dir, uint32_t slot);
void fat_dir_close(struct fat_cursor *cursor);

/*
 * The slot number cursor->next, which grows by one. Returns 1, and *slot in the block cache, where
 * it stays until the next call; 0: the directory has no more; -ERRNO.
 */
int fat_dir_slot(struct fat_cursor *cursor, struct fat_slot **slot);

/* Where the slot that fat_dir_slot() has just given is on the volume: 16 in each sector. */
uint32_t fat_dir_place(const struct fat_cursor *cursor);

/*
 * The next entry: a file or directory ("." and ".." too), with its names. Free slots, the volume's
 * label and pieces of long names without their short one are none. A long name counts if its
 * pieces are complete, in order, right before the short entry, and have its checksum.
 * Returns 1; 0: there is no more; -ERRNO.
 */
int fat_dir_next(struct fat_cursor *cursor, struct fat_entry *entry);

/* The same without "." and "..", and without what no path can name; `text` is what it is called. */
int fat_dir_read(struct fat_cursor *cursor, struct fat_entry *entry, char text[NAME_MAX + 1]);

/* The entry of this name, long or short. Returns 0, -ENOENT or -ERRNO. */
int fat_dir_find(struct vnode *dir, const uint16_t *name, struct fat_entry *entry);

/* Is nothing in it? 1, 0 or -ERRNO. */
int fat_dir_empty(struct vnode *dir);

/*
 * Give it an entry with this name: entry->data says what else is in it; from, slot and place of
 * *entry are set. If it comes from another place, *old is the entry there, in the directory
 * old_dir, and is removed; else it is NULL. Returns 0, -ENOSPC or -ERRNO: nothing has changed.
 */
int fat_dir_insert(struct vnode *dir, const uint16_t *name, struct vnode *old_dir,
                   const struct fat_entry *old, struct fat_entry *entry);

/* Free an entry's slots. */
int fat_dir_remove(struct vnode *dir, const struct fat_entry *entry);

/* Change the slot at this place of the volume: get it, then bcache_dirty() and bcache_put(). */
int fat_dir_at(struct fat *fat, uint32_t place, struct buffer **buffer, struct fat_slot **slot);

/* Fill a new directory's first cluster: "." and "..", nothing else. Written at once. */
int fat_dir_format(struct fat *fat, uint32_t cluster, uint32_t parent, uint32_t time);

/* ---- files: fat_file.c */

#define FAT_SIZE_MAX 0xffffffffu    /* of a file, in bytes */

/* vnode.data */
struct fat_node {
    uint32_t first;                 /* of the chain; 0: there is none (as for the root) */
    uint32_t place;                 /* of its entry, see fat_entry.place; 0: the root, or no name */
    uint32_t seek;                  /* fat_seek()'s own */
    uint32_t epoch;                 /* how often the chain has become shorter */
};

/*
 * Cluster number `index`, from 0 on, of a file's chain. Quick if the last call was for one shortly
 * before. Returns 0; -EUCLEAN: the chain is too short, or broken.
 */
int fat_seek(struct vnode *file, uint32_t index, uint32_t *cluster);

/*
 * How many clusters a file's chain has, and *last, the last of them; 0: none, *last is 0, too.
 * -EUCLEAN: it is broken.
 */
int fat_chain(struct vnode *file, uint32_t *last);

/* The chain is about to become shorter: forget where fat_seek() was. */
void fat_seek_reset(struct vnode *file);

/*
 * Fill data with pages of a file, see vnode_ops.read_pages: `size` is where the file ends. Whoever
 * reads sectors that follow each other asks for them at once. 0 or -ERRNO.
 */
int fat_read(struct vnode *file, int64_t size, uint32_t index, unsigned count, void *data);

/*
 * See that the file's chain has room for `size` bytes. Returns 0; -EFBIG: no file has so many;
 * -ENOSPC or -ERRNO: nothing has changed.
 */
int fat_reserve(struct vnode *file, int64_t size);

/* Write a page's bytes to their clusters, as far as the file goes. 0 or -ERRNO. */
int fat_write_page(struct vnode *file, uint32_t index, const void *data);

/* Free the clusters of which file->size needs nothing. 0 or -EUCLEAN. */
int fat_truncate(struct vnode *file);

/* ---- vnodes: fat_node.c, fat_rename.c */

#define FAT_ROOT_INO 1u
#define FAT_FILE_INO 0x100000u      /* and the place of its entry: a file's number */

static inline struct fat *fat_of(const struct vnode *vnode)
{
    return vnode->mount->data;
}

static inline struct fat_node *fat_node(const struct vnode *vnode)
{
    return vnode->data;
}

/* The root directory's vnode, counted. */
int fat_root(struct mount *mount, struct vnode **root);

/* The entry of a name in a directory. Returns 0, -ENOENT or -ERRNO. */
int fat_find(struct vnode *dir, const char *name, struct fat_entry *entry);

/* A directory has an entry more or less: its times change. */
void fat_touch(struct vnode *dir);

/* Nothing on the disk is its name any more. */
void fat_lose_name(struct vnode *child);

/*
 * May this directory be removed? 0, -ENOTEMPTY or -ERRNO. Commits if something has been moved out
 * of a directory: its sectors will never be written, and must not be what the disk goes by.
 */
int fat_may_remove(struct vnode *child);

/* vnode_ops of these names. */
int fat_update(struct vnode *vnode);
int fat_rename(struct vnode *dir, const char *name, struct vnode *child, struct vnode *new_dir,
               const char *new_name, struct vnode *replaced);

/* ---- times: fat_time.c */

/* Local time is taken as UTC. From 1980 to 2107, even seconds. */
uint32_t fat_time_read(uint16_t date, uint16_t time);
void fat_time_write(uint32_t seconds, uint16_t *date, uint16_t *time);

#endif
