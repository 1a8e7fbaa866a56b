/*
 * The list of file systems and the list of mounts.
 */
#include "fs/mount.h"
#include "abi/errno.h"
#include "debug/log.h"
#include "fs/bcache.h"
#include "fs/path.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "task/sched.h"
#include "task/timer.h"

#define DIRTY_SHARE 8               /* of memory may hold files' changed pages: 1/8 */

static MUTEX(lock);                 /* of the lists, and of what is mounted where */
static struct list types = { &types, &types };
static struct list mounts = { &mounts, &mounts };
static struct mount *first;         /* what is mounted on / */
static uint32_t last_id;

void fs_register(struct fs_type *type)
{
    list_add_tail(&type->all, &types);
}

const struct fs_type *fs_nth(unsigned n)
{
    list_for_each(node, &types)
        if (n-- == 0)
            return list_entry(node, struct fs_type, all);
    return NULL;
}

static struct fs_type *find_type(const char *name)
{
    list_for_each(node, &types) {
        struct fs_type *type = list_entry(node, struct fs_type, all);
        if (strcmp(type->name, name) == 0)
            return type;
    }
    return NULL;
}

struct vnode *mount_root(void)
{
    return first ? first->root : NULL;
}

struct mount *mount_nth(unsigned n)
{
    list_for_each(node, &mounts)
        if (n-- == 0)
            return list_entry(node, struct mount, all);
    return NULL;
}

struct vnode *mount_down(struct vnode *vnode)
{
    // exercise 5.8 begin: while something is mounted on it, go to the root of that
    struct vnode *root;

    while ((root = vnode_covering(vnode))) {
        vnode_put(vnode);
        vnode = root;
    }
    return vnode;
    // exercise 5.8 stub
    // return vnode;
    // exercise 5.8 end
}

struct vnode *mount_up(struct vnode *vnode)
{
    // exercise 5.8 begin: while it is a mount's root, go to the directory that the mount is on
    while (vnode == vnode->mount->root && vnode->mount->on) {
        struct vnode *on = vnode->mount->on;
        vnode_hold(on);
        vnode_put(vnode);
        vnode = on;
    }
    return vnode;
    // exercise 5.8 stub
    // return vnode;
    // exercise 5.8 end
}

void mount_lock(struct mount *mount)
{
    mutex_lock(&mount->lock);
}

/* Is so much of the memory changed pages and blocks that they should be written first? */
static bool crowded(void)
{
    static uint32_t dirty_max;
    struct cache_stats pages;

    if (!dirty_max) {
        struct page_stats memory;
        page_stats(&memory);
        dirty_max = memory.usable / DIRTY_SHARE;
    }
    cache_stats(&pages);
    return pages.dirty > dirty_max || bcache_crowded();
}

/* With its lock. */
static int sync_locked(struct mount *mount)
{
    int error = mount->ops->sync ? mount->ops->sync(mount) : 0;

    if (error)
        kprintf(LOG_ERR, "%s on %s: changes cannot be written: error %d\n", mount->source,
                mount->path, -error);
    if (error && (mount->flags & MOUNT_READ_ONLY))      /* it is damaged, and will not heal */
        vnode_give_up_all(mount);
    return error;
}

void mount_unlock(struct mount *mount)
{
    vnode_reap(mount);
    if (mount->ops->sync && crowded())
        sync_locked(mount);
    mutex_unlock(&mount->lock);
}

void mount_unlock_unchanged(struct mount *mount)
{
    mutex_unlock(&mount->lock);
}

int mount_sync(struct mount *mount)
{
    mount_lock(mount);
    vnode_reap(mount);                          /* what there was no memory for, so far */
    int error = sync_locked(mount);
    vnode_reap(mount);
    mutex_unlock(&mount->lock);
    return error;
}

int vfs_sync(void)
{
    int result = 0;

    mutex_lock(&lock);
    list_for_each(node, &mounts) {
        int error = mount_sync(list_entry(node, struct mount, all));
        if (error && !result)
            result = error;
    }
    mutex_unlock(&lock);
    return result;
}

static bool is_mounted(const struct block_device *dev)
{
    list_for_each(node, &mounts)
        if (list_entry(node, struct mount, all)->dev == dev)
            return true;
    return false;
}

static char *copy_of(const char *text)
{
    char *copy = kmalloc(strlen(text) + 1);

    if (copy)
        strlcpy(copy, text, strlen(text) + 1);
    return copy;
}

/* Let go of a mount that has no vnodes. */
static void free_mount(struct mount *mount)
{
    vnode_put(mount->on);
    kfree(mount->source);
    kfree(mount->path);
    kfree(mount);
}

/* A mount without a type yet, on the directory `on`, whose count it takes in any case. */
static struct mount *new_mount(const char *source, const char *path, unsigned flags,
                               struct vnode *on)
{
    struct mount *mount = kzalloc(sizeof(*mount));

    if (!mount) {
        vnode_put(on);
        return NULL;
    }
    mount->on = on;
    mount->flags = flags;
    mount->source = copy_of(source);
    mount->path = copy_of(path);
    mount->id = ++last_id;
    mutex_init(&mount->lock);
    list_init(&mount->vnodes);
    list_init(&mount->changed);
    if (mount->source && mount->path)
        return mount;
    free_mount(mount);
    return NULL;
}

/* Have the type, or each type in turn, look at what is there. */
static int try_types(struct mount *mount, struct fs_type *wanted)
{
    int error = -EINVAL;

    list_for_each(node, &types) {
        struct fs_type *type = list_entry(node, struct fs_type, all);
        if (wanted ? type != wanted : !(type->flags & FS_DEVICE))
            continue;
        mount->type = type;
        mutex_lock(&mount->lock);
        error = type->mount(mount);
        mutex_unlock(&mount->lock);
        if (error != -EINVAL)
            break;
    }
    return error;
}

/* Where it is to be mounted: nowhere yet, or a directory, on which nothing is so far; counted. */
static int place_for(const char *path, struct vnode **on)
{
    *on = NULL;
    if (!first)
        return strcmp(path, "/") == 0 ? 0 : -ENOENT;
    int error = path_lookup(path, 0, on);
    if (error)
        return error;
    if (!S_ISDIR((*on)->mode))
        error = -ENOTDIR;
    else if (*on == first->root)
        error = -EBUSY;
    if (error)
        vnode_put(*on);
    return error;
}

/* With the lock of the list. */
static int mount_at(const char *source, const char *path, struct fs_type *type,
                    struct block_device *dev, unsigned flags)
{
    struct vnode *on;
    int error = place_for(path, &on);

    if (error)
        return error;
    struct mount *mount = new_mount(source, path, flags, on);
    if (!mount)
        return -ENOMEM;
    mount->dev = dev;
    if (dev && dev->read_only)
        mount->flags |= MOUNT_READ_ONLY;
    error = try_types(mount, type);
    if (error) {
        free_mount(mount);
        return error;
    }
    mount->root->parent = mount->root;
    list_add_tail(&mount->all, &mounts);
    if (on)
        on->covered = mount;
    else
        first = mount;
    return 0;
}

int vfs_mount(const char *source, const char *path, const char *type_name, unsigned flags)
{
    struct fs_type *type = type_name ? find_type(type_name) : NULL;
    struct block_device *dev = NULL;

    if (type_name && !type)
        return -ENODEV;
    if (!type || (type->flags & FS_DEVICE)) {
        dev = block_find(source);
        if (!dev)
            return -ENXIO;
    }
    mutex_lock(&lock);
    int error = dev && is_mounted(dev) ? -EBUSY : mount_at(source, path, type, dev, flags);
    mutex_unlock(&lock);
    return error;
}

/* With the lock of the list. */
static int unmount(struct mount *mount)
{
    mount_lock(mount);
    int error = sync_locked(mount);
    if (!error && mount->ops->empty)
        error = mount->ops->empty(mount);
    if (!error)
        error = vnode_forget_all(mount);
    if (!error && mount->ops->unmount)
        mount->ops->unmount(mount);
    mutex_unlock(&mount->lock);
    if (error)
        return error;
    if (mount->dev)
        bcache_drop(mount->dev);
    list_del(&mount->all);
    if (mount == first)
        first = NULL;
    free_mount(mount);
    return 0;
}

int vfs_unmount(const char *path)
{
    struct vnode *root;
    int error = path_lookup(path, 0, &root);

    if (error)
        return error;
    struct mount *mount = root->mount;
    bool is_root = root == mount->root;
    vnode_put(root);
    if (!is_root)
        return -EINVAL;
    mutex_lock(&lock);
    error = unmount(mount);
    mutex_unlock(&lock);
    return error;
}

/* The task that has changes written now and then. */
static int sync_task(void *arg)
{
    (void)arg;
    for (;;) {
        sleep_ms(MOUNT_SYNC_MS);
        vfs_sync();
    }
    return 0;
}

void mount_start_sync(void)
{
    if (!create_task(sync_task, NULL, "sync"))
        kprintf(LOG_WARNING, "no memory for the task that writes changes back\n");
}
