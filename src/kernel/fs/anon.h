/*
 * Open files without names: pipes and the like. Their vnodes are in a mount that is mounted
 * nowhere.
 */
#ifndef FS_ANON_H
#define FS_ANON_H

#include "fs/file.h"

/* Before the first one. */
void anon_init(void);

/*
 * A vnode of this mode (S_IFIFO | 0600, say), counted for the caller. It goes when the last user
 * has called anon_forget(). NULL if there is no memory.
 */
struct vnode *anon_vnode(uint32_t mode);

/* Is it one of those? */
bool anon_is(const struct vnode *vnode);

/* It is not wanted any more: its last vnode_put(), or file_close(), frees it. */
void anon_forget(struct vnode *vnode);

/* Give a vnode back that never had a file. */
void anon_put(struct vnode *vnode);

/*
 * An open file with a vnode of its own, of this mode, and file->data; ops->close() calls
 * anon_forget(). Returns 0, or -ENOMEM.
 */
int anon_file(const struct file_ops *ops, uint32_t mode, unsigned flags, void *data,
              struct file **file);

#endif
