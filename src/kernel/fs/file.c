/*
 * Open files, and how those read and write whose content goes through the page cache.
 */
#include "fs/file.h"
#include "abi/errno.h"
#include "fs/access.h"              // lab 6
#include "fs/lock.h"                // lab 6
#include "fs/mount.h"
#include "fs/path.h"
#include "fs/pipe.h"                // lab 6
#include "fs/writers.h"             // lab 6
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "mm/slab.h"

#define FILE_SIZE_MAX ((int64_t)UINT32_MAX << PAGE_SHIFT)   /* a page's index has 32 bits */
#define WRITE_CHUNK   65536u        /* bytes for which room is made at a time */

static struct slab_cache cache;
// until lab 6: static struct spinlock lock;        /* of the files' refs */

/* ---- regular files */

/* The part of [offset, offset + n) that lies in the first page of it. */
static size_t in_page(int64_t offset, size_t n)
{
    size_t left = PAGE_SIZE - ((uint32_t)offset & (PAGE_SIZE - 1));

    return n < left ? n : left;
}

static char *place_in(struct page *page, int64_t offset)
{
    return (char *)page_to_virt(page) + ((uint32_t)offset & (PAGE_SIZE - 1));
}

static ssize_t read_pages(struct file *file, void *to, size_t n, int64_t *position)
{
    struct vnode *vnode = file->vnode;
    size_t done = 0;

    while (done < n && *position < vnode->size) {
        struct page *page;
        int64_t left = vnode->size - *position;
        size_t now = in_page(*position, left < (int64_t)(n - done) ? (size_t)left : n - done);
        int error = cache_get(&vnode->pages, (uint32_t)(*position >> PAGE_SHIFT), &page);
        if (error)
            return done ? (ssize_t)done : error;
        size_t part = file_copy((char *)to + done, place_in(page, *position), now);
        page_put(page);
        *position += part;
        done += part;
        if (part < now)
            return done ? (ssize_t)done : -EFAULT;
        if (done < n && file_is_killed())                       // lab 6
            break;                                              // lab 6
    }
    return (ssize_t)done;
}

/*
 * Put n bytes (from NULL: zeros) into the pages from offset on, for which there is room, and let
 * the size reach there. Returns how many, or -ERRNO if none. The caller has the mount's lock.
 */
static ssize_t fill_pages(struct vnode *vnode, const char *from, size_t n, int64_t offset)
{
    size_t done = 0;

    while (done < n) {
        struct page *page;
        size_t now = in_page(offset, n - done);
        int error = cache_get(&vnode->pages, (uint32_t)(offset >> PAGE_SHIFT), &page);
        if (error)
            return done ? (ssize_t)done : error;
        size_t part = from ? file_copy(place_in(page, offset), from + done, now) :
                      file_clear(place_in(page, offset), now);
        cache_dirty(page);
        page_put(page);
        offset += part;
        done += part;
        if (offset > vnode->size)
            vnode_set_size(vnode, offset);
        if (part < now)
            return done ? (ssize_t)done : -EFAULT;
    }
    return (ssize_t)done;
}

/* The same, making room on the disk as it goes. */
static ssize_t write_out(struct vnode *vnode, const char *from, size_t n, int64_t offset)
{
    size_t done = 0;

    if (n == 0)
        return 0;
    vnode->mtime = vnode->ctime = vnode_time();
    vnode_changed(vnode);
    while (done < n) {
        size_t now = n - done < WRITE_CHUNK ? n - done : WRITE_CHUNK;
        int error = vnode->ops->reserve ? vnode->ops->reserve(vnode, offset, offset + now) : 0;
        ssize_t put = error ? error : fill_pages(vnode, from ? from + done : NULL, now, offset);
        if (put < (ssize_t)now)
            vnode_trim(vnode);                  /* the room that nothing came to */
        if (put < 0)
            return done ? (ssize_t)done : put;
        done += (size_t)put;
        offset += put;
        if ((size_t)put < now)
            break;
        if (done < n && file_is_killed())                       // lab 6
            break;                                              // lab 6
    }
    return (ssize_t)done;
}

/*
 * A file is to go on at `offset`, behind its end: what lies between holds zeros. Where the file
 * system has holes, only the rest of the page with the end has bytes. Returns 0 or -ERRNO.
 */
static int fill_gap(struct vnode *vnode, int64_t offset)
{
    int64_t to = offset;

    if (vnode->mount->type->flags & FS_HOLES) {
        int error = vnode->ops->reserve ? vnode->ops->reserve(vnode, offset, offset) : 0;
        if (error)                              /* no file can be that long */
            return error;
        int64_t page_end = (vnode->size + PAGE_SIZE - 1) & ~(int64_t)(PAGE_SIZE - 1);
        to = page_end < offset ? page_end : offset;
    }
    while (vnode->size < to) {
        int64_t left = to - vnode->size;
        size_t now = left < WRITE_CHUNK ? (size_t)left : WRITE_CHUNK;
        ssize_t put = write_out(vnode, NULL, now, vnode->size);
        if (put < 0)
            return (int)put;
        if (file_is_killed())                                   // lab 6
            return -EINTR;                                      // lab 6
    }
    return 0;
}

// lab 6 begin
size_t (*file_allowed)(int64_t offset, size_t n);
bool (*file_killed)(void);

/* Cuts *n, which may be 0, to what may be written there. Returns 0 or -EFBIG. */
static int cut_to_allowed(int64_t offset, size_t *n)
{
    if (!*n || !file_allowed)
        return 0;
    *n = file_allowed(offset, *n);
    return *n ? 0 : -EFBIG;
}

// lab 6 end
static ssize_t write_pages(struct file *file, const void *from, size_t n, int64_t *position)
{
    struct vnode *vnode = file->vnode;

    mount_lock(vnode->mount);
    if (file->flags & O_APPEND)
        *position = vnode->size;
    // until lab 6 begin
    // ssize_t result = *position > FILE_SIZE_MAX - (int64_t)n ? -EFBIG : !from && n ? -EFAULT : 0;
    // until lab 6 end
    // lab 6 begin
    if (n && (vnode->mode & (S_ISUID | S_ISGID)))
        access_written(vnode);
    ssize_t result = cut_to_allowed(*position, &n);
    if (!result)
        result = *position > FILE_SIZE_MAX - (int64_t)n ? -EFBIG : !from && n ? -EFAULT : 0;
    // lab 6 end
    if (!result && n && *position > vnode->size)
        result = fill_gap(vnode, *position);
    if (!result)
        result = write_out(vnode, from, n, *position);
    if (result > 0)
        *position += result;
    mount_unlock(vnode->mount);
    return result;
}

const struct file_ops vnode_file_ops = {
    .read = read_pages,
    .write = write_pages,
    .seekable = true,
};

/* What lies in the last page behind the end may come back some day, and must be zeros then. */
static int clear_tail(struct vnode *vnode)
{
    uint32_t used = (uint32_t)vnode->size & (PAGE_SIZE - 1);
    struct page *page;

    if (!used)
        return 0;
    int error = cache_get(&vnode->pages, (uint32_t)(vnode->size >> PAGE_SHIFT), &page);
    if (error)
        return error;
    memset((char *)page_to_virt(page) + used, 0, PAGE_SIZE - used);
    cache_dirty(page);
    page_put(page);
    return 0;
}

/* The caller has the mount's lock. */
static int shrink(struct vnode *vnode, int64_t size)
{
    int64_t old = vnode->size;

    vnode_set_size(vnode, size);
    int error = clear_tail(vnode);
    if (error) {
        vnode_set_size(vnode, old);
        return error;
    }
    cache_truncate(&vnode->pages, vnode->pages.end);
    return vnode_trim(vnode);
}

/* The caller has the mount's lock, and has seen that it is a regular file that can be written. */
static int set_size(struct vnode *vnode, int64_t size)
{
    if (size < 0)
        return -EINVAL;
    if (size > vnode->size && file_allowed && !file_allowed(size - 1, 1))      // lab 6
        return -EFBIG;                                                          // lab 6
    if (size > FILE_SIZE_MAX)
        return -EFBIG;
    access_written(vnode);                                                  // lab 6
    int error = size < vnode->size ? shrink(vnode, size) : fill_gap(vnode, size);
    if (error)
        return error;
    vnode_set_size(vnode, size);
    vnode->mtime = vnode->ctime = vnode_time();
    vnode_changed(vnode);
    return 0;
}

int vnode_truncate(struct vnode *vnode, int64_t size)
{
    if (S_ISDIR(vnode->mode))
        return -EISDIR;
    if (!S_ISREG(vnode->mode))
        return -EINVAL;
    if (vnode->mount->flags & MOUNT_READ_ONLY)
        return -EROFS;
    int error = writers_enter(vnode);                                       // lab 6
    if (error)                                                              // lab 6
        return error;                                                       // lab 6
    mount_lock(vnode->mount);
    // until lab 6: int error = set_size(vnode, size);
    error = set_size(vnode, size);                                          // lab 6
    mount_unlock(vnode->mount);
    writers_leave(vnode);                                                   // lab 6
    return error;
}

/* ---- open files */

struct file *file_new(struct vnode *vnode, const struct file_ops *ops, unsigned flags)
{
    struct file *file = slab_alloc(&cache);

    if (!file)
        return NULL;
    *file = (struct file){ .vnode = vnode, .ops = ops, .flags = flags, .refs = 1 };
    mutex_init(&file->place_lock);                                          // lab 6
    return file;
}

void file_free(struct file *file)
{
    slab_free(&cache, file);
}

// until lab 6 begin
// void file_hold(struct file *file)
// {
//     uint32_t irq = spin_lock_irqsave(&lock);
//
//     file->refs++;
//     spin_unlock_irqrestore(&lock, irq);
// }
//
// void file_close(struct file *file)
// {
//     uint32_t irq = spin_lock_irqsave(&lock);
//     bool last = --file->refs == 0;
//
//     spin_unlock_irqrestore(&lock, irq);
//     if (!last)
//         return;
// until lab 6 end
// lab 6 begin
void file_end(struct file *file)
{
    if (file->has_flock)
        lock_forget_file(file);
    // lab 6 end
    if (file->ops && file->ops->close)
        file->ops->close(file);
    if (writers_open(file->vnode, file->flags))                             // lab 6
        writers_leave(file->vnode);                                         // lab 6
    struct mount *mount = file->vnode->mount;
    bool nameless = file->vnode->nlink == 0;
    if (nameless)                               /* it goes now, with what it has on the disk */
        mount_lock(mount);
    vnode_put(file->vnode);
    if (nameless)
        mount_unlock(mount);
    slab_free(&cache, file);
}

/* ---- reading and writing */

static ssize_t read_at(struct file *file, void *to, size_t n, int64_t *position)
{
    if ((file->flags & O_ACCMODE) == O_WRONLY)
        return -EBADF;
    if (S_ISDIR(file->vnode->mode))
        return -EISDIR;
    if (!file->ops->read)
        return -EINVAL;
    return file->ops->read(file, to, n, position);
}

static ssize_t write_at(struct file *file, const void *from, size_t n, int64_t *position)
{
    if ((file->flags & O_ACCMODE) == O_RDONLY)
        return -EBADF;
    if (!file->ops->write)
        return -EINVAL;
    return file->ops->write(file, from, n, position);
}

// until lab 6 begin
// ssize_t file_read(struct file *file, void *to, size_t n)
// {
//     return read_at(file, to, n, &file->offset);
// }
//
// ssize_t file_write(struct file *file, const void *from, size_t n)
// {
//     return write_at(file, from, n, &file->offset);
// }
// until lab 6 end
// lab 6 begin
/* One after the other, where there is an offset that each of them moves. */
ssize_t file_read(struct file *file, void *to, size_t n)
{
    if (!file->ops || !file->ops->seekable)
        return read_at(file, to, n, &file->offset);
    mutex_lock(&file->place_lock);
    ssize_t result = read_at(file, to, n, &file->offset);
    mutex_unlock(&file->place_lock);
    return result;
}

/* Who wants that waits until it is on the medium. */
static ssize_t written(struct file *file, ssize_t result)
{
    int error = result > 0 && (file->flags & O_DSYNC) ? file_sync(file) : 0;

    return error ? error : result;
}

ssize_t file_write(struct file *file, const void *from, size_t n)
{
    if (!file->ops || !file->ops->seekable)
        return write_at(file, from, n, &file->offset);
    mutex_lock(&file->place_lock);
    ssize_t result = write_at(file, from, n, &file->offset);
    mutex_unlock(&file->place_lock);
    return written(file, result);
}
// lab 6 end

/* Has it places, and is this one? */
static int check_place(const struct file *file, int64_t offset)
{
    return offset < 0 ? -EINVAL : file->ops && !file->ops->seekable ? -ESPIPE : 0;
}

ssize_t file_pread(struct file *file, void *to, size_t n, int64_t offset)
{
    int error = check_place(file, offset);

    return error ? error : read_at(file, to, n, &offset);
}

ssize_t file_pwrite(struct file *file, const void *from, size_t n, int64_t offset)
{
    int error = check_place(file, offset);

    // until lab 6: return error ? error : write_at(file, from, n, &offset);
    return error ? error : written(file, write_at(file, from, n, &offset));     // lab 6
}

// until lab 6: int64_t file_seek(struct file *file, int64_t offset, int whence)
static int64_t seek(struct file *file, int64_t offset, int whence)          // lab 6
{
    int64_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? file->offset : file->vnode->size;

    if (whence != SEEK_SET && whence != SEEK_CUR && whence != SEEK_END)
        return -EINVAL;
    if (offset > 0 && base > FILE_SIZE_MAX - offset)
        return -EOVERFLOW;
    int error = check_place(file, base + offset);
    if (error)
        return error;
    file->offset = base + offset;
    return file->offset;
}

// lab 6 begin
int64_t file_seek(struct file *file, int64_t offset, int whence)
{
    if (file->ops && file->ops->seeks_nowhere)
        return 0;
    if (file->ops && !file->ops->seekable)
        return -ESPIPE;
    mutex_lock(&file->place_lock);
    int64_t result = seek(file, offset, whence);
    mutex_unlock(&file->place_lock);
    return result;
}
// lab 6 end

int file_readdir(struct file *file, struct dirent *entry)
{
    struct vnode *dir = file->vnode;
    uint64_t position = (uint64_t)file->offset;

    if (!S_ISDIR(dir->mode))
        return -ENOTDIR;
    mount_lock(dir->mount);
    int result = dir->nlink ? dir->ops->readdir(dir, &position, entry) : 0;
    mount_unlock(dir->mount);
    file->offset = (int64_t)position;
    return result;
}

int file_truncate(struct file *file, int64_t size)
{
    if ((file->flags & O_ACCMODE) == O_RDONLY)
        return -EINVAL;
    return vnode_truncate(file->vnode, size);
}

int file_sync(struct file *file)
{
    return mount_sync(file->vnode->mount);
}

void file_init(void)
{
    slab_cache_init(&cache, "file", sizeof(struct file), 0, NULL);
}
