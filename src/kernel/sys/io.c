/*
 * Reading and writing, and where: read(2), write(2), pread(2), lseek(2) and what waits for the
 * disk. Vectors are in sys/vector.c, descriptors in sys/descriptor.c.
 */
#include "sys/io.h"
#include "abi/errno.h"
#include "fs/mount.h"
#include "fs/pipe.h"
#include "mm/usercopy.h"
#include "proc/fdtable.h"
#include "proc/signal.h"
#include "sys/calls.h"

#define POSIX_FADV_NOREUSE 5        /* the highest kind of advice */

struct file *io_get(int fd)
{
    struct file *file = fd_get(fd);

    if (file && (file->flags & O_PATH)) {
        file_close(file);
        return NULL;
    }
    return file;
}

/* The file, if it was not opened in the one mode that does not allow it. */
static struct file *get_unless(int fd, unsigned denied)
{
    struct file *file = fd_get(fd);

    if (file && ((file->flags & O_ACCMODE) == denied || (file->flags & O_PATH))) {
        file_close(file);
        return NULL;
    }
    return file;
}

struct file *io_get_readable(int fd)
{
    return get_unless(fd, O_WRONLY);
}

struct file *io_get_writable(int fd)
{
    return get_unless(fd, O_RDONLY);
}

long io_result(long result)
{
    if (result == -EINTR)
        return -ERESTARTSYS;
    if (result == -EPIPE)
        signal_own(SIGPIPE);
    return result;
}

/* Is it a buffer that a call can use? Cuts *n. Returns 0 or -ERRNO. */
static int check(const void *p, size_t *n)
{
    if ((ssize_t)*n < 0)
        return -EINVAL;
    if (!user_range(p, *n))
        return -EFAULT;
    if (*n > IO_BYTES_MAX)
        *n = IO_BYTES_MAX;
    return 0;
}

long sys_read(int fd, void *to, size_t n)
{
    struct file *file = io_get_readable(fd);

    if (!file)
        return -EBADF;
    long result = check(to, &n);
    if (!result)
        result = file_read(file, to, n);
    file_close(file);
    return result < 0 ? io_result(result) : result;
}

long sys_write(int fd, const void *from, size_t n)
{
    struct file *file = io_get_writable(fd);

    if (!file)
        return -EBADF;
    long result = check(from, &n);
    if (!result)
        result = file_write(file, from, n);
    file_close(file);
    return result < 0 ? io_result(result) : result;
}

long sys_pread64(int fd, void *to, size_t n, uint32_t low, uint32_t high)
{
    int64_t offset = io_offset(low, high);
    struct file *file = offset < 0 ? NULL : io_get_readable(fd);

    if (!file)
        return offset < 0 ? -EINVAL : -EBADF;
    long result = check(to, &n);
    if (!result)
        result = file_pread(file, to, n, offset);
    file_close(file);
    return io_result(result);
}

long sys_pwrite64(int fd, const void *from, size_t n, uint32_t low, uint32_t high)
{
    int64_t offset = io_offset(low, high);
    struct file *file = offset < 0 ? NULL : io_get_writable(fd);

    if (!file)
        return offset < 0 ? -EINVAL : -EBADF;
    long result = check(from, &n);
    if (!result)
        result = file_pwrite(file, from, n, offset);
    file_close(file);
    return io_result(result);
}

static int64_t seek(int fd, int64_t offset, int whence)
{
    struct file *file = io_get(fd);

    if (!file)
        return -EBADF;
    int64_t result = file_seek(file, offset, whence);
    file_close(file);
    return result;
}

long sys_lseek(int fd, int32_t offset, int whence)
{
    int64_t result = seek(fd, offset, whence);

    return result > 0x7fffffff ? -EOVERFLOW : (long)result;
}

long sys__llseek(int fd, uint32_t high, uint32_t low, int64_t *to, int whence)
{
    int64_t result = seek(fd, io_offset(low, high), whence);

    if (result < 0)
        return (long)result;
    return copy_to_user(to, &result, sizeof(result)) ? -EFAULT : 0;
}

static long truncate_to(int fd, int64_t size)
{
    if (size < 0)
        return -EINVAL;
    struct file *file = io_get(fd);
    if (!file)
        return -EBADF;
    long result = file_truncate(file, size);
    file_close(file);
    return result;
}

long sys_ftruncate(int fd, int32_t size)
{
    return truncate_to(fd, size);
}

long sys_ftruncate64(int fd, uint32_t low, uint32_t high)
{
    return truncate_to(fd, io_offset(low, high));
}

long sys_fsync(int fd)
{
    struct file *file = io_get(fd);

    if (!file)
        return -EBADF;
    uint32_t mode = file->vnode->mode;
    long result = S_ISREG(mode) || S_ISDIR(mode) || S_ISBLK(mode) ? file_sync(file) : -EINVAL;
    file_close(file);
    return result;
}

long sys_fdatasync(int fd)
{
    return sys_fsync(fd);
}

long sys_sync(void)
{
    vfs_sync();
    return 0;
}

long sys_syncfs(int fd)
{
    struct file *file = io_get(fd);

    if (!file)
        return -EBADF;
    long result = mount_sync(file->vnode->mount);
    file_close(file);
    return result;
}

/* Room is found when something is written. */
long sys_fallocate(int fd, int mode, uint32_t low, uint32_t high, uint32_t n_low, uint32_t n_high)
{
    struct file *file = io_get(fd);

    (void)mode;
    if (!file)
        return -EBADF;
    bool valid = io_offset(low, high) >= 0 && io_offset(n_low, n_high) > 0;
    bool writable = (file->flags & O_ACCMODE) != O_RDONLY;
    uint32_t type = file->vnode->mode;
    file_close(file);
    return !valid ? -EINVAL : !writable ? -EBADF : S_ISFIFO(type) ? -ESPIPE :
           S_ISDIR(type) ? -EISDIR : !S_ISREG(type) ? -ENODEV : -EOPNOTSUPP;
}

/* Advice is checked, and not needed. */
long sys_fadvise64_64(int fd, uint32_t low, uint32_t high, uint32_t n_low, uint32_t n_high,
                      int advice)
{
    struct file *file = io_get(fd);

    (void)low, (void)high;
    if (!file)
        return -EBADF;
    bool pipe = S_ISFIFO(file->vnode->mode);
    file_close(file);
    if (pipe)
        return -ESPIPE;
    return advice < 0 || advice > POSIX_FADV_NOREUSE || io_offset(n_low, n_high) < 0 ? -EINVAL : 0;
}

long sys_fadvise64(int fd, uint32_t low, uint32_t high, uint32_t n, int advice)
{
    return sys_fadvise64_64(fd, low, high, n, 0, advice);
}

/* The page cache reads ahead by itself. */
long sys_readahead(int fd, uint32_t low, uint32_t high, size_t n)
{
    struct file *file = io_get_readable(fd);

    (void)low, (void)high, (void)n;
    if (!file)
        return -EBADF;
    bool regular = S_ISREG(file->vnode->mode);
    file_close(file);
    return regular ? 0 : -EINVAL;
}
