/*
 * Open files: a vnode, how it was opened, and where reading and writing go on.
 */
#ifndef FS_FILE_H
#define FS_FILE_H

#include "abi/fcntl.h"
#include "fs/vnode.h"

struct file {
    struct vnode *vnode;            /* counted */
    const struct file_ops *ops;
    unsigned flags;                 /* O_ bits, as at open */
    int64_t offset;
    uint32_t refs;
    void *data;                     /* of the ops' own */
};

/*
 * What can be done with an open file. All return a count, 0 or -ERRNO; what is NULL cannot be
 * done: -EINVAL. `position` is where to read or write, and is moved by it.
 */
struct file_ops {
    int (*open)(struct file *file);         /* NULL: nothing to do */
    void (*close)(struct file *file);       /* the last one; NULL: nothing to do */
    /* Up to n bytes; 0 at the end. */
    ssize_t (*read)(struct file *file, void *to, size_t n, int64_t *position);
    ssize_t (*write)(struct file *file, const void *from, size_t n, int64_t *position);
    bool seekable;
};

/* Of regular files whose content goes through the page cache. */
extern const struct file_ops vnode_file_ops;

/* Before the first file is opened. */
void file_init(void);

/*
 * open(2). `mode` has the permissions of a file that is made. Returns 0 and the file, for
 * file_close(), or -ERRNO.
 */
int file_open(const char *path, unsigned flags, uint32_t mode, struct file **file);

/* One holder more, as by dup(2); and one less: the last one closes it. */
void file_hold(struct file *file);
void file_close(struct file *file);

/* read(2), write(2): at the file's offset, which moves; O_APPEND: at the end. */
ssize_t file_read(struct file *file, void *to, size_t n);
ssize_t file_write(struct file *file, const void *from, size_t n);

/* pread(2), pwrite(2): the offset is left alone. */
ssize_t file_pread(struct file *file, void *to, size_t n, int64_t offset);
ssize_t file_pwrite(struct file *file, const void *from, size_t n, int64_t offset);

/* lseek(2). Returns the new offset; -ESPIPE: it has none; -EINVAL: it would be below 0. */
int64_t file_seek(struct file *file, int64_t offset, int whence);

/* The next entry of an open directory: 1, 0 at the end, or -ERRNO. */
int file_readdir(struct file *file, struct dirent *entry);

/* ftruncate(2): what a file gains holds zeros. */
int file_truncate(struct file *file, int64_t size);

/* The same for whatever can be written of a vnode: truncate(2). */
int vnode_truncate(struct vnode *vnode, int64_t size);

/* fsync(2): the file, and all by which it can be found, is on the medium. */
int file_sync(struct file *file);

#endif
