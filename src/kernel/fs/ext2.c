/*
 * ext2's volumes: is it one, which can we read, which can we write; mount, sync and unmount.
 *
 * The superblock is kept in memory and written by itself; its copies in other groups are left
 * alone, as Linux does: they are there for e2fsck. Features: fs/ext2.h; those in `incompat` that
 * we do not know forbid the mount, those in `ro_compat` forbid writing.
 */
#include "fs/ext2.h"
#include "abi/errno.h"
#include "debug/log.h"
#include "lib/string.h"
#include "mm/kmalloc.h"

#define SUPER_SECTOR  2             /* byte 1024 */
#define SUPER_SECTORS 2
#define REPORTS       16            /* lines in the log about one volume's damage */

bool ext2_has_blocks(const struct ext2 *fs, uint32_t block, uint32_t count)
{
    return block >= fs->super.first_data_block && block < fs->super.blocks
        && count <= fs->super.blocks - block;
}

static bool is_power(uint32_t n, uint32_t base)
{
    while (n > 1 && n % base == 0)
        n /= base;
    return n == 1;
}

bool ext2_has_super(const struct ext2 *fs, uint32_t group)
{
    if (!(fs->super.ro_compat & EXT2_RO_SPARSE_SUPER) || group <= 1)
        return true;
    return is_power(group, 3) || is_power(group, 5) || is_power(group, 7);
}

static int write_super(struct ext2 *fs)
{
    fs->super.wtime = vnode_time();
    int error = block_write(fs->dev, SUPER_SECTOR, SUPER_SECTORS, &fs->super);
    if (!error)
        fs->super_changed = false;
    return error;
}

int ext2_damaged(struct ext2 *fs, const char *format, ...)
{
    if (fs->reported++ < REPORTS) {
        va_list args;
        kprintf(LOG_ERR, "ext2 %s: ", fs->dev->name);
        va_start(args, format);
        kvprintf(LOG_ERR, format, args);
        va_end(args);
        kprintf(LOG_ERR, "; read-only now, check it\n");
    }
    fs->mount->flags |= MOUNT_READ_ONLY;
    if (fs->writes && !(fs->super.state & EXT2_ERROR)) {
        fs->super.state |= EXT2_ERROR;
        write_super(fs);            /* if not, the missing EXT2_VALID says as much */
    }
    return -EUCLEAN;
}

void ext2_large_file(struct ext2 *fs)
{
    struct ext2_super *super = &fs->super;

    if (super->ro_compat & EXT2_RO_LARGE_FILE)
        return;
    if (super->revision == 0) {
        super->revision = 1;
        super->first_inode = EXT2_FIRST_OLD;
        super->inode_size = EXT2_INODE_OLD;
        super->compat = super->incompat = super->ro_compat = 0;
    }
    super->ro_compat |= EXT2_RO_LARGE_FILE;
    fs->super_changed = true;
}

/* What the revision and the features allow. 0 or -EINVAL. */
static int check_features(struct ext2 *fs)
{
    struct ext2_super *super = &fs->super;
    const char *name = fs->dev->name;

    if (super->revision > 1) {
        kprintf(LOG_WARNING, "ext2 %s: revision %u is not known\n", name, super->revision);
        return -EINVAL;
    }
    if (super->revision == 0) {     /* what the fields mean was not said yet */
        super->compat = super->incompat = super->ro_compat = 0;
        fs->inode_size = EXT2_INODE_OLD;
        fs->first_inode = EXT2_FIRST_OLD;
        return 0;
    }
    fs->inode_size = super->inode_size;
    fs->first_inode = super->first_inode;
    if (super->incompat & EXT2_INCOMPAT_RECOVER) {
        kprintf(LOG_WARNING, "ext2 %s: its journal must be replayed first\n", name);
        return -EINVAL;
    }
    uint32_t unknown = super->incompat & ~EXT2_INCOMPAT_FILETYPE;
    if (unknown) {
        kprintf(LOG_WARNING, "ext2 %s: features %#x (incompat) are not known\n", name, unknown);
        return -EINVAL;
    }
    unknown = super->ro_compat & ~(EXT2_RO_SPARSE_SUPER | EXT2_RO_LARGE_FILE);
    if (unknown && !(fs->mount->flags & MOUNT_READ_ONLY)) {
        kprintf(LOG_WARNING, "ext2 %s: features %#x (ro_compat) are not known: read-only\n", name,
                unknown);
        fs->mount->flags |= MOUNT_READ_ONLY;
    }
    return 0;
}

/* Work out the volume's measures, and see that they can be true. */
static int check_geometry(struct ext2 *fs)
{
    const struct ext2_super *super = &fs->super;

    if (super->log_block_size > 2) {
        kprintf(LOG_WARNING, "ext2 %s: blocks larger than 4 KiB\n", fs->dev->name);
        return -EINVAL;
    }
    fs->shift = 10 + super->log_block_size;
    fs->block_size = 1u << fs->shift;
    fs->sectors = fs->block_size / SECTOR_SIZE;
    fs->per_group = super->blocks_per_group;

    uint32_t bits = fs->block_size * 8;
    if (fs->inode_size < EXT2_INODE_OLD || fs->inode_size > fs->block_size
            || (fs->inode_size & (fs->inode_size - 1)) || fs->first_inode < EXT2_FIRST_OLD
            || fs->per_group < 256 || fs->per_group > bits || fs->per_group % 8
            || super->inodes_per_group == 0 || super->inodes_per_group > bits
            || super->first_data_block != (fs->shift == 10)
            || super->blocks <= super->first_data_block)
        return ext2_damaged(fs, "the superblock makes no sense");
    if ((uint64_t)super->blocks * fs->sectors > fs->dev->sectors)
        return ext2_damaged(fs, "%u blocks of %u bytes are more than the device has",
                            super->blocks, fs->block_size);

    fs->groups = (super->blocks - super->first_data_block - 1) / fs->per_group + 1;
    if ((uint64_t)fs->groups * super->inodes_per_group != super->inodes)
        return ext2_damaged(fs, "%u inodes in %u groups of %u", super->inodes, fs->groups,
                            super->inodes_per_group);
    fs->table = (super->inodes_per_group * fs->inode_size - 1) / fs->block_size + 1;
    fs->copies = 1 + (fs->groups * sizeof(struct ext2_group) - 1) / fs->block_size + 1;

    int64_t per = fs->block_size / 4;
    fs->max_size = (EXT2_DIRECT + per + per * per + per * per * per) << fs->shift;
    return 0;
}

/* Look at each group's descriptor: are its parts on the volume, how much is free, how much ours? */
static int check_groups(struct ext2 *fs)
{
    uint32_t blocks = 0, inodes = 0;

    fs->overhead = fs->super.first_data_block;
    for (uint32_t i = 0; i < fs->groups; i++) {
        struct buffer *buffer;
        struct ext2_group *group;
        int error = ext2_group(fs, i, &buffer, &group);
        if (error)
            return error;
        blocks += group->free_blocks;
        inodes += group->free_inodes;
        fs->overhead += 2 + fs->table + (ext2_has_super(fs, i) ? fs->copies : 0);
        bcache_put(buffer);
    }
    if (fs->overhead > fs->super.blocks)
        return ext2_damaged(fs, "%u blocks cannot hold their own tables", fs->super.blocks);
    fs->super.free_blocks = blocks;     /* the groups know better, if it was not unmounted */
    fs->super.free_inodes = inodes;
    return 0;
}

/* From here on it is in use: whoever finds it so after a crash shall check it. */
static int begin_writing(struct ext2 *fs)
{
    if (!(fs->state & EXT2_VALID) || (fs->state & EXT2_ERROR))
        kprintf(LOG_WARNING, "ext2 %s: %s: check it with e2fsck\n", fs->dev->name,
                fs->state & EXT2_ERROR ? "has errors" : "was not unmounted");
    fs->super.state &= ~EXT2_VALID;
    fs->super.mount_count++;
    fs->super.mtime = vnode_time();
    int error = write_super(fs);
    if (!error)
        error = block_flush(fs->dev);
    fs->writes = !error;
    return error;
}

static int ext2_sync(struct mount *mount)
{
    struct ext2 *fs = mount->data;

    if (!fs->writes)
        return 0;
    /* What the metadata will lead to comes first: no file shall show somebody's old bytes. */
    int error = vnode_sync_all(mount);
    int next = bcache_sync(fs->dev);
    if (!next && fs->super_changed)
        next = write_super(fs);
    if (!next)
        next = block_flush(fs->dev);
    return error ? error : next;
}

static void ext2_unmount(struct mount *mount)
{
    struct ext2 *fs = mount->data;

    if (fs->writes) {
        bcache_sync(fs->dev);           /* what went with the last vnodes */
        fs->super.state |= fs->state & EXT2_VALID;
        if (fs->super.state & EXT2_ERROR)
            fs->super.state &= ~EXT2_VALID;
        write_super(fs);
        block_flush(fs->dev);
    }
    bcache_drop(fs->dev);
    mount->data = NULL;
    kfree(fs);
}

static void ext2_stat(struct mount *mount, struct fs_stat *stat)
{
    const struct ext2 *fs = mount->data;

    stat->block_size = fs->block_size;
    stat->blocks = fs->super.blocks - fs->overhead;
    stat->free = fs->super.free_blocks;
    stat->files = fs->super.inodes;
    stat->files_free = fs->super.free_inodes;
    stat->name_max = NAME_MAX;
}

static const struct mount_ops ext2_mount_ops = {
    .sync = ext2_sync,
    .unmount = ext2_unmount,
    .stat = ext2_stat,
};

/* All that can fail, with fs->super read. mount->root is set then. */
static int open_volume(struct ext2 *fs)
{
    struct mount *mount = fs->mount;

    if (fs->super.magic != EXT2_MAGIC)
        return -EINVAL;
    if (fs->dev->read_only)
        mount->flags |= MOUNT_READ_ONLY;
    fs->state = fs->super.state;
    int error = check_features(fs);
    if (!error)
        error = check_geometry(fs);
    if (!error)
        error = check_groups(fs);
    struct vnode *root;
    if (!error)
        error = ext2_vnode(mount, EXT2_ROOT, &root);
    if (error)
        return error;
    mount->root = root;
    if (!S_ISDIR(root->mode))
        error = ext2_damaged(fs, "the root is no directory");
    else if (!(mount->flags & MOUNT_READ_ONLY))
        error = begin_writing(fs);
    if (error)
        vnode_forget_all(mount);
    return error;
}

static int ext2_mount(struct mount *mount)
{
    struct ext2 *fs = kzalloc(sizeof(*fs));

    if (!fs)
        return -ENOMEM;
    fs->mount = mount;
    fs->dev = mount->dev;
    mount->data = fs;
    int error = block_read(fs->dev, SUPER_SECTOR, SUPER_SECTORS, &fs->super);
    if (!error)
        error = open_volume(fs);
    if (!error) {
        mount->ops = &ext2_mount_ops;
        return 0;
    }
    bcache_drop(fs->dev);
    mount->data = NULL;
    kfree(fs);
    return error;
}

static struct fs_type type = {
    .name = "ext2",
    .flags = FS_DEVICE | FS_HOLES | FS_MODES | FS_NAMES,
    .mount = ext2_mount,
};

void ext2_init(void)
{
    fs_register(&type);
}
