/*
 * Open files, and how those read and write whose content goes through the page cache.
 */
#include "fs/file.h"
#include "abi/errno.h"
#include "fs/mount.h"
#include "fs/path.h"
#include "lib/string.h"
#include "mm/slab.h"

#define FILE_SIZE_MAX ((int64_t)UINT32_MAX << PAGE_SHIFT)   /* a page's index has 32 bits */
#define WRITE_CHUNK   65536u        /* bytes for which room is made at a time */

static struct slab_cache cache;
static struct spinlock lock;        /* of the files' refs */

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
        memcpy((char *)to + done, place_in(page, *position), now);
        page_put(page);
        *position += now;
        done += now;
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
        if (from)
            memcpy(place_in(page, offset), from + done, now);
        else
            memset(place_in(page, offset), 0, now);
        cache_dirty(page);
        page_put(page);
        offset += now;
        done += now;
        if (offset > vnode->size)
            vnode_set_size(vnode, offset);
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
    }
    return 0;
}

static ssize_t write_pages(struct file *file, const void *from, size_t n, int64_t *position)
{
    struct vnode *vnode = file->vnode;

    mount_lock(vnode->mount);
    if (file->flags & O_APPEND)
        *position = vnode->size;
    ssize_t result = *position > FILE_SIZE_MAX - (int64_t)n ? -EFBIG : 0;
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
    if (size > FILE_SIZE_MAX)
        return -EFBIG;
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
    mount_lock(vnode->mount);
    int error = set_size(vnode, size);
    mount_unlock(vnode->mount);
    return error;
}

/* ---- opening and closing */

/* Find the path's file, or make it. */
static int find_or_create(const char *path, unsigned flags, uint32_t mode, struct vnode **found)
{
    struct vnode *dir;
    char name[NAME_MAX + 1];
    bool slash;
    int error = path_parent(path, &dir, name, &slash);

    if (error)
        return error == -EBUSY ? -EISDIR : error;
    struct mount *mount = dir->mount;
    mount_lock(mount);
    error = S_ISDIR(dir->mode) ? vnode_lookup(dir, name, found) : -ENOTDIR;
    bool there = !error;
    if (error == -ENOENT && dir->nlink && slash)
        error = -EISDIR;
    else if (error == -ENOENT && dir->nlink)
        error = mount->flags & MOUNT_READ_ONLY ? -EROFS : !dir->ops->create ? -EPERM :
                dir->ops->create(dir, name, S_IFREG | (mode & 07777), 0, found);
    mount_unlock(mount);
    vnode_put(dir);
    if (!there)
        return error;
    vnode_put(*found);
    if (flags & O_EXCL)
        return -EEXIST;
    return path_lookup(path, flags & O_NOFOLLOW ? PATH_NOFOLLOW : 0, found);
}

/* May it be opened like this? */
static int may_open(struct vnode *vnode, unsigned flags)
{
    bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC);

    if (S_ISLNK(vnode->mode))
        return -ELOOP;
    if (S_ISDIR(vnode->mode) && (writes || (flags & O_CREAT)))
        return -EISDIR;
    if ((flags & O_DIRECTORY) && !S_ISDIR(vnode->mode))
        return -ENOTDIR;
    if (writes && S_ISREG(vnode->mode) && (vnode->mount->flags & MOUNT_READ_ONLY))
        return -EROFS;
    if (!S_ISDIR(vnode->mode) && !vnode->fops)
        return -ENXIO;
    return 0;
}

int file_open(const char *path, unsigned flags, uint32_t mode, struct file **result)
{
    struct vnode *vnode;
    int error = flags & O_CREAT ? find_or_create(path, flags, mode, &vnode) :
                path_lookup(path, flags & O_NOFOLLOW ? PATH_NOFOLLOW : 0, &vnode);

    if (error)
        return error;
    struct file *file = NULL;
    error = may_open(vnode, flags);
    if (!error && (flags & O_TRUNC) && S_ISREG(vnode->mode) && vnode->size)
        error = vnode_truncate(vnode, 0);
    if (!error && !(file = slab_alloc(&cache)))
        error = -ENOMEM;
    if (!error) {
        *file = (struct file){ .vnode = vnode, .ops = vnode->fops, .flags = flags, .refs = 1 };
        if (file->ops && file->ops->open)
            error = file->ops->open(file);
    }
    if (error) {
        if (file)
            slab_free(&cache, file);
        vnode_put(vnode);
        return error;
    }
    *result = file;
    return 0;
}

void file_hold(struct file *file)
{
    uint32_t irq = spin_lock_irqsave(&lock);

    file->refs++;
    spin_unlock_irqrestore(&lock, irq);
}

void file_close(struct file *file)
{
    uint32_t irq = spin_lock_irqsave(&lock);
    bool last = --file->refs == 0;

    spin_unlock_irqrestore(&lock, irq);
    if (!last)
        return;
    if (file->ops && file->ops->close)
        file->ops->close(file);
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

ssize_t file_read(struct file *file, void *to, size_t n)
{
    return read_at(file, to, n, &file->offset);
}

ssize_t file_write(struct file *file, const void *from, size_t n)
{
    return write_at(file, from, n, &file->offset);
}

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

    return error ? error : write_at(file, from, n, &offset);
}

int64_t file_seek(struct file *file, int64_t offset, int whence)
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
