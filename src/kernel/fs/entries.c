/*
 * Reading directories, many entries at a time.
 */
#include "abi/errno.h"
#include "fs/file.h"
#include "fs/mount.h"
#include "lib/string.h"

/* vnode_ops.read_entries for file systems that have none. */
static int each_entry(struct vnode *dir, uint64_t *position, entry_take take, void *arg)
{
    struct dirent entry;
    uint64_t next = *position;

    for (;;) {
        int result = dir->ops->readdir(dir, &next, &entry);
        if (result != 1)
            return result;
        struct entry_view view = { .name = entry.name, .length = strlen(entry.name),
                                   .ino = entry.ino, .type = entry.type, .next = next };
        if (!take(arg, &view))
            return 0;
        *position = next;
    }
}

int file_read_entries(struct file *file, entry_take take, void *arg)
{
    struct vnode *dir = file->vnode;

    if (!S_ISDIR(dir->mode))
        return -ENOTDIR;
    mutex_lock(&file->place_lock);
    mount_lock(dir->mount);
    uint64_t position = (uint64_t)file->offset;
    int result = !dir->nlink ? -ENOENT : dir->ops->read_entries ?
                 dir->ops->read_entries(dir, &position, take, arg) :
                 each_entry(dir, &position, take, arg);
    mount_unlock(dir->mount);
    file->offset = (int64_t)position;
    mutex_unlock(&file->place_lock);
    return result;
}
