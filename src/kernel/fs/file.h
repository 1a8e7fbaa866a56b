/*
 * Open files: a vnode, how it was opened, and where reading and writing go on.
 */
#ifndef FS_FILE_H
#define FS_FILE_H

#include "abi/fcntl.h"
#include "fs/vnode.h"
#include "sync/atomic.h"            // lab 6
#include "task/mutex.h"             // lab 6
#include "task/task.h"              // lab 6

struct poll_table;                  // lab 6

struct file {
    struct vnode *vnode;            /* counted */
    const struct file_ops *ops;
    unsigned flags;                 /* O_ bits, as at open */
    int64_t offset;
    uint32_t refs;
    void *data;                     /* of the ops' own */
    // lab 6 begin
    struct mutex place_lock;        /* of the offset, where it means something */
    bool has_flock;                 /* fs/lock: there may be a lock of this open file's */
    // lab 6 end
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
    // lab 6 begin
    bool seeks_nowhere;             /* lseek(2) leaves the offset at 0, and is content */
    /*
     * POLL bits (abi/poll.h) of what can be done now without waiting. With a table, calls
     * poll_wait() before it looks, for each queue that tells of a change. Does not sleep. NULL: it
     * can always be read and written.
     */
    unsigned (*poll)(struct file *file, struct poll_table *table);
    /* ioctl(2); `argument` is often an address in the program. NULL: -ENOTTY. */
    long (*ioctl)(struct file *file, unsigned command, uintptr_t argument);
    // lab 6 end
};

/*
 * How reading and writing copy: `to` and `from` of the operations below may be a program's memory
 * (from lab 6 on, see copy_part in mm/usercopy.h), which may not be there. file_clear() writes
 * zeros. Both return how many bytes, from the first one on, they could do: less than n is -EFAULT
 * if it is none.
 */
size_t file_copy(void *to, const void *from, size_t n);
size_t file_clear(void *to, size_t n);

/* Of regular files whose content goes through the page cache. */
extern const struct file_ops vnode_file_ops;

// lab 6 begin
/*
 * How many of n bytes (not 0) the current task may put into a regular file at `offset`; 0: none,
 * which is -EFBIG for it, and told in whatever other way there is. For a size: may the last byte
 * be there? NULL: all of them. Set once, by sys/limit.
 */
extern size_t (*file_allowed)(int64_t offset, size_t n);

/*
 * Has the current task been killed? What takes long looks between its pieces, and does no more
 * then: nobody will see the answer. `file_killed` is set once, by sys/limit; NULL: nobody is.
 */
extern bool (*file_killed)(void);

static inline bool file_is_killed(void)
{
    return current()->interrupted && file_killed && file_killed();
}

// lab 6 end
/* Before the first file is opened. */
void file_init(void);

/*
 * open(2). `mode` has the permissions of a file that is made. Returns 0 and the file, for
 * file_close(), or -ERRNO.
 */
int file_open(const char *path, unsigned flags, uint32_t mode, struct file **file);
/* The same where path_lookup_at() begins: openat(2). */
int file_open_at(struct vnode *from, const char *path, unsigned flags, uint32_t mode,
                 struct file **file);

/*
 * A new open file for a vnode, whose count goes over to it. NULL if there is no memory. And the end
 * of one that nobody has used: the count is the caller's again.
 */
struct file *file_new(struct vnode *vnode, const struct file_ops *ops, unsigned flags);
void file_free(struct file *file);

/* One holder more, as by dup(2); and one less: the last one closes it. */
// until lab 6 begin
// void file_hold(struct file *file);
// void file_close(struct file *file);
// until lab 6 end
// lab 6 begin
static inline void file_hold(struct file *file)
{
    atomic_add(&file->refs, 1);
}

/* For the next one: nobody holds it any more. */
void file_end(struct file *file);

static inline void file_close(struct file *file)
{
    if (atomic_drop(&file->refs))
        file_end(file);
}
// lab 6 end

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

// lab 6 begin
/* O_ bits that fcntl(2) can change in file->flags. */
#define FILE_FLAGS_MUTABLE (O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME | O_ASYNC)

/*
 * Have take() called for one entry of an open directory after the other, from its offset on, which
 * moves behind those that are taken. Returns 0 or -ERRNO.
 */
int file_read_entries(struct file *file, entry_take take, void *arg);

/* The POLL bits of an open file: ops->poll, or what is always so. */
unsigned file_poll(struct file *file, struct poll_table *table);

// lab 6 end

/* ftruncate(2): what a file gains holds zeros. */
int file_truncate(struct file *file, int64_t size);

/* The same for whatever can be written of a vnode: truncate(2). */
int vnode_truncate(struct vnode *vnode, int64_t size);

/* fsync(2): the file, and all by which it can be found, is on the medium. */
int file_sync(struct file *file);

#endif
