/*
 * Files without names.
 */
#include "fs/anon.h"
#include "abi/errno.h"
#include "fs/mount.h"

static struct fs_type type = { .name = "anon" };

static void stat(struct mount *mount, struct fs_stat *stat)
{
    (void)mount;
    *stat = (struct fs_stat){ .block_size = PAGE_SIZE, .name_max = NAME_MAX };
}

static const struct mount_ops mount_ops = { .stat = stat };
static const struct vnode_ops vnode_ops = { 0 };

static struct mount mount = {
    .type = &type, .ops = &mount_ops, .source = "anon", .path = "", .id = 0xfff,
};
static uint32_t last_ino;           /* under the mount's lock */

void anon_init(void)
{
    mutex_init(&mount.lock);
    list_init(&mount.vnodes);
    list_init(&mount.changed);
    list_init(&mount.all);
}

struct vnode *anon_vnode(uint32_t mode)
{
    struct vnode *vnode;

    mount_lock(&mount);
    int result = vnode_get(&mount, ++last_ino, &vnode);
    while (result == 0) {           /* in use, after 2^32 of them */
        vnode_put(vnode);
        result = vnode_get(&mount, ++last_ino, &vnode);
    }
    if (result == 1) {
        vnode->ops = &vnode_ops;
        vnode->mode = mode;
        vnode->nlink = 1;
        vnode->atime = vnode->mtime = vnode->ctime = vnode_time();
    }
    mount_unlock(&mount);
    return result == 1 ? vnode : NULL;
}

bool anon_is(const struct vnode *vnode)
{
    return vnode->mount == &mount;
}

void anon_forget(struct vnode *vnode)
{
    vnode->nlink = 0;
}

void anon_put(struct vnode *vnode)
{
    anon_forget(vnode);
    mount_lock(&mount);
    vnode_put(vnode);
    mount_unlock(&mount);
}

int anon_file(const struct file_ops *ops, uint32_t mode, unsigned flags, void *data,
              struct file **result)
{
    struct vnode *vnode = anon_vnode(mode);

    if (!vnode)
        return -ENOMEM;
    struct file *file = file_new(vnode, ops, flags);
    if (!file) {
        anon_put(vnode);
        return -ENOMEM;
    }
    file->data = data;
    *result = file;
    return 0;
}
