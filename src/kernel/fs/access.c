/*
 * Permissions.
 */
#include "fs/access.h"
#include "abi/errno.h"
#include "abi/fcntl.h"
#include "fs/mount.h"

#define EXEC_ANY   0111u
#define EXEC_GROUP 0010u

static struct access_ids (*current_ids)(void);

static struct access_ids ids_now(void)
{
    return current_ids ? current_ids() : (struct access_ids){ 0 };
}

static bool in_group(struct access_ids ids, uint32_t gid)
{
    for (uint32_t i = 0; i < ids.group_count; i++)
        if (ids.groups[i] == gid)
            return true;
    return ids.gid == gid;
}

/* Can something of this type be changed only where its file system can be written to? */
static bool lies_on_disk(uint32_t mode)
{
    return S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode);
}

int vnode_access_as(const struct vnode *vnode, unsigned want, struct access_ids ids)
{
    uint32_t mode = vnode->mode;
    bool may_run = (mode & EXEC_ANY) || S_ISDIR(mode) || !(vnode->mount->type->flags & FS_MODES);

    if ((want & VNODE_WRITE) && (vnode->mount->flags & MOUNT_READ_ONLY) && lies_on_disk(mode))
        return -EROFS;
    if ((want & VNODE_EXEC) && !may_run)
        return -EACCES;
    if (ids.uid == 0)
        return 0;
    if (ids.uid == vnode->uid)
        mode >>= 6;
    else if (in_group(ids, vnode->gid))
        mode >>= 3;
    return want & ~mode & 7 ? -EACCES : 0;
}

static int access(const struct vnode *vnode, unsigned want)
{
    struct access_ids ids = current_ids();

    if (ids.uid == 0 && want == VNODE_EXEC && S_ISDIR(vnode->mode))    /* as on every path */
        return 0;
    return vnode_access_as(vnode, want, ids);
}

void access_init(struct access_ids (*ids)(void))
{
    current_ids = ids;
    vnode_access_hook = access;
}

unsigned access_to_open(unsigned flags)
{
    static const uint8_t want[] = {
        [O_RDONLY] = VNODE_READ, [O_WRONLY] = VNODE_WRITE,
        [O_RDWR] = VNODE_READ | VNODE_WRITE, [O_ACCMODE] = VNODE_READ | VNODE_WRITE,
    };

    if (flags & O_PATH)
        return 0;
    return want[flags & O_ACCMODE] | (flags & O_TRUNC ? VNODE_WRITE : 0);
}

int access_as_owner(const struct vnode *vnode)
{
    uint32_t uid = ids_now().uid;

    return uid && uid != vnode->uid ? -EPERM : 0;
}

int access_as_root(void)
{
    return ids_now().uid ? -EPERM : 0;
}

int access_remove(const struct vnode *dir, const struct vnode *child)
{
    uint32_t uid = ids_now().uid;
    int error = vnode_access(dir, VNODE_WRITE | VNODE_EXEC);

    if (!error && (dir->mode & S_ISVTX) && uid && uid != child->uid && uid != dir->uid)
        error = -EPERM;
    return error;
}

int access_rename(const struct vnode *dir, const struct vnode *child, const struct vnode *new_dir,
                  const struct vnode *there)
{
    int error = access_remove(dir, child);

    if (!error)
        error = there ? access_remove(new_dir, there) :
                vnode_access(new_dir, VNODE_WRITE | VNODE_EXEC);
    if (!error && dir != new_dir && S_ISDIR(child->mode))
        error = vnode_access(child, VNODE_WRITE);
    return error;
}

void access_own(const struct vnode *dir, struct vnode *made)
{
    struct access_ids ids = ids_now();
    bool inherits = dir->mode & S_ISGID;
    uint32_t gid = inherits ? dir->gid : ids.gid;
    bool directory = S_ISDIR(made->mode);

    if (!(made->mount->type->flags & FS_MODES))
        return;
    if (made->uid == ids.uid && made->gid == gid && !(inherits && directory))
        return;
    made->uid = ids.uid;
    made->gid = gid;
    if (inherits && directory)
        made->mode |= S_ISGID;
    vnode_changed(made);
}

void access_written(struct vnode *vnode)
{
    struct access_ids ids = ids_now();
    bool group = (vnode->mode & EXEC_GROUP) || !in_group(ids, vnode->gid);
    uint32_t lost = S_ISUID | (group ? S_ISGID : 0u);

    if (!(vnode->mode & lost) || ids.uid == 0)
        return;
    vnode->mode &= ~lost;
    vnode_changed(vnode);
}

int access_chown(const struct vnode *vnode, uint32_t uid, uint32_t gid)
{
    struct access_ids ids = ids_now();

    if (ids.uid == 0)
        return 0;
    if (uid != UINT32_MAX && (ids.uid != vnode->uid || uid != vnode->uid))
        return -EPERM;
    if (gid != UINT32_MAX && (ids.uid != vnode->uid || (gid != vnode->gid && !in_group(ids, gid))))
        return -EPERM;
    return 0;
}

uint32_t access_chmod(const struct vnode *vnode, uint32_t mode)
{
    struct access_ids ids = ids_now();

    return ids.uid && !in_group(ids, vnode->gid) ? mode & ~S_ISGID : mode;
}
