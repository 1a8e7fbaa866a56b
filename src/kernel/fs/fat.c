/*
 * FAT: the type of file system, mounting and unmounting.
 */
#include "fs/fat.h"
#include "abi/errno.h"
#include "debug/log.h"
#include "mm/kmalloc.h"

int fat_damaged(struct fat *fat, const char *what)
{
    if (!fat->damaged)
        kprintf(LOG_ERR, "fat: %s is damaged: %s; nothing will be changed any more\n",
                fat->dev->name, what);
    fat->damaged = true;
    fat->mount->flags |= MOUNT_READ_ONLY;
    return -EUCLEAN;
}

static int fat_sync(struct mount *mount)
{
    return fat_commit(mount->data);
}

static void fat_release(struct fat *fat)
{
    fat_table_drop(fat);
    kfree(fat);
}

static void fat_unmount(struct mount *mount)
{
    struct fat *fat = mount->data;

    if (!fat->damaged && fat_mark(fat, false))
        kprintf(LOG_WARNING, "fat: %s cannot be marked as clean\n", fat->dev->name);
    fat_release(fat);
}

static void fat_stat(struct mount *mount, struct fs_stat *stat)
{
    const struct fat *fat = mount->data;

    stat->block_size = 1u << fat->at.cluster_shift;
    stat->blocks = fat->at.clusters;
    stat->free = fat->free + fat->held_count;
    stat->files = stat->files_free = 0;
    stat->name_max = NAME_MAX;
}

static const struct mount_ops fat_mount_ops = {
    .sync = fat_sync,
    .unmount = fat_unmount,
    .stat = fat_stat,
};

/* Find out about the volume. Nothing stays in memory if that fails. */
static int fat_open(struct fat *fat)
{
    uint8_t *boot = kmalloc(SECTOR_SIZE);
    int error = boot ? block_read(fat->dev, 0, 1, boot) : -ENOMEM;

    if (!error)
        error = fat_layout(boot, fat->dev->sectors, &fat->at);
    if (error == -EUCLEAN)
        fat_damaged(fat, "its boot sector contradicts itself");
    if (!error)
        error = fat_table_load(fat);
    if (!error)
        fat_look_at_marks(fat, boot);
    kfree(boot);
    return error;
}

static int fat_mount(struct mount *mount)
{
    struct fat *fat = kzalloc(sizeof(*fat));

    if (!fat)
        return -ENOMEM;
    fat->mount = mount;
    fat->dev = mount->dev;
    int error = fat_open(fat);
    if (error) {
        kfree(fat);
        return error;
    }
    mount->data = fat;
    mount->ops = &fat_mount_ops;
    if (fat->was_marked)
        kprintf(LOG_WARNING, "fat: %s was not unmounted: fsck.fat may find lost clusters\n",
                fat->dev->name);
    if (fat->dev->read_only)
        mount->flags |= MOUNT_READ_ONLY;
    error = fat_root(mount, &mount->root);
    if (error < 0) {
        mount->data = NULL;
        fat_release(fat);
        return error;
    }
    return 0;
}

void fat_init(void)
{
    static struct fs_type type = { .name = "fat", .flags = FS_DEVICE, .mount = fat_mount };

    fs_register(&type);
}
