/*
 * Pseudo file systems: one directory of files that are made up by functions. /dev and /proc.
 */
#ifndef FS_PSEUDO_H
#define FS_PSEUDO_H

#include "fs/mount.h"

/* One file; the caller's, who sets the first five, for good. */
struct pseudo_file {
    const char *name;
    uint32_t mode;                  /* type and permissions */
    uint32_t rdev;
    const struct file_ops *fops;
    void *data;                     /* for the fops: pseudo_data() */
    uint32_t ino;
    struct list node;
};

// lab 6 begin
/* What a pseudo file system has besides its files: asked for names that are not theirs. */
struct pseudo_more {
    /* As in struct vnode_ops, for the root. Positions begin behind the last file's number. */
    int (*lookup)(struct vnode *root, const char *name, struct vnode **found);
    int (*readdir)(struct vnode *root, uint64_t *position, struct dirent *entry);
};

// lab 6 end
struct pseudo_fs {
    struct fs_type type;            /* name and mount set: pseudo_mount */
    struct list files;
    uint32_t last_ino;
    const struct pseudo_more *more; /* or NULL */      // lab 6
};

#define PSEUDO_FS(variable, fs_name)                                                            \
    struct pseudo_fs variable = {                                                               \
        .type = { .name = fs_name, .flags = FS_MODES, .mount = pseudo_mount },                  \
        .files = { &variable.files, &variable.files }, .last_ino = 1 }

/* Add a file; mounts that are there have it at once. */
void pseudo_add(struct pseudo_fs *fs, struct pseudo_file *file);

/* What the file's creator put into `data`. */
void *pseudo_data(const struct vnode *vnode);

/* Every pseudo file system's type->mount. */
int pseudo_mount(struct mount *mount);

#endif
