/*
 * Permissions: who may do what with a vnode.
 *
 * User 0 may do everything but run a file that nobody may run, and write where nobody can. Who the
 * current task acts for says a hook, since processes are made in a higher layer; without one it is
 * user 0. path_resolution(7), inode(7).
 */
#ifndef FS_ACCESS_H
#define FS_ACCESS_H

#include "fs/vnode.h"

/* The current task's user and groups, as files see them. */
struct access_ids {
    uint32_t uid, gid;
    const uint32_t *groups;         /* supplementary ones */
    uint32_t group_count;
};

/* From now on vnode_access() and all below ask `ids` who the current task acts for. */
void access_init(struct access_ids (*ids)(void));

/*
 * May this user? `want` has VNODE_ bits; 0 is always allowed. Returns 0; -EACCES; -EROFS: nobody
 * can write there.
 */
int vnode_access_as(const struct vnode *vnode, unsigned want, struct access_ids ids);

/* What open(2) with these flags wants to do. */
unsigned access_to_open(unsigned flags);

/* -EPERM, unless the current task is the vnode's owner or user 0. */
int access_as_owner(const struct vnode *vnode);

/* -EPERM, unless the current task is user 0. */
int access_as_root(void);

/*
 * May the current task take child's name out of dir? -EACCES, or -EPERM: dir has the sticky bit,
 * and child is another's.
 */
int access_remove(const struct vnode *dir, const struct vnode *child);

/*
 * May it give child, in dir, a name in new_dir, where there is `there` of that name, or nothing
 * (NULL)? Errors as above; a directory that gets another parent has to be writable itself.
 */
int access_rename(const struct vnode *dir, const struct vnode *child, const struct vnode *new_dir,
                  const struct vnode *there);

/* A vnode that was just made in dir is the current task's, or has dir's group if dir says so. */
void access_own(const struct vnode *dir, struct vnode *made);

/* Its content changes: unless by user 0, it does not give its owner's or group's rights then. */
void access_written(struct vnode *vnode);

/* May the current task give the vnode these (UINT32_MAX: as they are)? 0 or -EPERM. */
int access_chown(const struct vnode *vnode, uint32_t uid, uint32_t gid);

/* The permissions that chmod(2) to `mode` sets: those of another group do not get S_ISGID. */
uint32_t access_chmod(const struct vnode *vnode, uint32_t mode);

#endif
