/*
 * Descriptors themselves: dup(2), close(2), pipe(2), eventfd(2), and what fcntl(2), flock(2) and
 * ioctl(2) do with the files behind them.
 */
#include "abi/errno.h"
#include "abi/termios.h"
#include "fs/eventfd.h"
#include "fs/lock.h"
#include "fs/pipe.h"
#include "mm/usercopy.h"
#include "proc/fdtable.h"
#include "proc/process.h"
#include "sys/calls.h"
#include "sys/io.h"

#define CLOSE_RANGE_UNSHARE 2u
#define CLOSE_RANGE_CLOEXEC 4u

/* Flags of open(2) that are done with once it has returned. */
#define FLAGS_OF_OPENING (O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC)

long sys_close(int fd)
{
    return fd_close(fd);
}

/* One more number for the file, whose count goes over, or is given back. */
static long add(struct file *file, int least, bool cloexec)
{
    int fd = fd_add(file, least, cloexec);

    if (fd < 0)
        file_close(file);
    return fd;
}

long sys_dup(int fd)
{
    struct file *file = fd_get(fd);

    return file ? add(file, 0, false) : -EBADF;
}

static long dup_to(int fd, int to, bool cloexec)
{
    struct file *file = fd_get(fd);

    if (!file)
        return -EBADF;
    long result = fd_set(file, to, cloexec);
    if (result < 0)
        file_close(file);
    return result;
}

long sys_dup2(int fd, int to)
{
    if (fd != to)
        return dup_to(fd, to, false);
    return fd_get_cloexec(fd) < 0 ? -EBADF : fd;
}

long sys_dup3(int fd, int to, unsigned flags)
{
    return fd == to || (flags & ~O_CLOEXEC) ? -EINVAL : dup_to(fd, to, flags & O_CLOEXEC);
}

long sys_pipe2(int *user_fds, unsigned flags)
{
    struct file *ends[2];
    int fds[2];

    if (flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT))
        return -EINVAL;
    int error = pipe_make(flags & O_NONBLOCK, &ends[0], &ends[1]);
    if (error)
        return error;
    fds[0] = (int)add(ends[0], 0, flags & O_CLOEXEC);
    if (fds[0] < 0) {
        file_close(ends[1]);
        return fds[0];
    }
    fds[1] = (int)add(ends[1], 0, flags & O_CLOEXEC);
    if (fds[1] >= 0 && !copy_to_user(user_fds, fds, sizeof(fds)))
        return 0;
    fd_close(fds[0]);
    if (fds[1] < 0)
        return fds[1];
    fd_close(fds[1]);
    return -EFAULT;
}

long sys_pipe(int *user_fds)
{
    return sys_pipe2(user_fds, 0);
}

long sys_eventfd2(unsigned value, unsigned flags)
{
    struct file *file;

    if (flags & ~(EFD_SEMAPHORE | O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    int error = eventfd_make(value, flags, &file);
    return error ? error : add(file, 0, flags & O_CLOEXEC);
}

long sys_eventfd(unsigned value)
{
    return sys_eventfd2(value, 0);
}

long sys_close_range(unsigned first, unsigned last, unsigned flags)
{
    struct process *process = process_current();

    if (first > last || (flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)))
        return -EINVAL;
    if ((flags & CLOSE_RANGE_UNSHARE) && process->thread_count > 1)
        return -EINVAL;             /* threads have one table, always */
    if ((flags & CLOSE_RANGE_UNSHARE) && fd_table_unshare(process))
        return -ENOMEM;
    for (unsigned fd = first; fd <= last && fd < FD_MAX; fd++)
        if (flags & CLOSE_RANGE_CLOEXEC)
            fd_set_cloexec((int)fd, true);
        else
            fd_close((int)fd);
    return 0;
}

/* ---- locks */

/* The program's struct flock of either size, as one of 64 bits. */
static int take_flock(struct flock64 *lock, const void *user, bool wide)
{
    struct flock32 small;

    if (wide)
        return copy_from_user(lock, user, sizeof(*lock));
    if (copy_from_user(&small, user, sizeof(small)))
        return -EFAULT;
    *lock = (struct flock64){ small.type, small.whence, small.start, small.len, small.pid };
    return 0;
}

static int give_flock(void *user, const struct flock64 *lock, bool wide)
{
    struct flock32 small = { lock->type, lock->whence, (int32_t)lock->start, (int32_t)lock->len,
                             lock->pid };

    if (wide)
        return copy_to_user(user, lock, sizeof(*lock));
    if (small.start != lock->start || small.len != lock->len)
        return -EOVERFLOW;
    return copy_to_user(user, &small, sizeof(small));
}

/* Which bytes it means. Returns 0, -EINVAL or -EOVERFLOW. */
static int range_of(struct file *file, const struct flock64 *lock, struct lock_range *range)
{
    int64_t base = lock->whence == SEEK_CUR ? file->offset :
                   lock->whence == SEEK_END ? file->vnode->size : 0;
    int64_t start = lock->start, len = lock->len;

    if (lock->whence < SEEK_SET || lock->whence > SEEK_END)
        return -EINVAL;
    if (start > 0 && base > LOCK_TO_END - start)
        return -EOVERFLOW;
    start += base;
    if (start < 0 || (len < 0 && start + len < 0))
        return -EINVAL;
    if (len > 0 && len - 1 > LOCK_TO_END - start)
        return -EOVERFLOW;
    range->first = len < 0 ? start + len : start;
    range->last = len < 0 ? start - 1 : len ? start + len - 1 : LOCK_TO_END;
    range->type = lock->type;
    return 0;
}

static long get_lock(struct file *file, const void *owner, struct flock64 *lock)
{
    struct lock_range range;

    if (lock->type != F_RDLCK && lock->type != F_WRLCK)
        return -EINVAL;
    int error = range_of(file, lock, &range);
    if (error)
        return error;
    lock_test(file, owner, &range);
    lock->type = (int16_t)range.type;
    if (range.type == F_UNLCK)
        return 0;
    lock->whence = SEEK_SET;
    lock->start = range.first;
    lock->len = range.last == LOCK_TO_END ? 0 : range.last - range.first + 1;
    lock->pid = (int32_t)range.pid;
    return 0;
}

/*
 * A descriptor may be closed while we wait for its lock: what we have got then is nobody's, and
 * goes again.
 */
static long set_lock(int fd, struct file *file, const void *owner, const struct flock64 *lock,
                     bool wait)
{
    struct lock_range range;
    unsigned mode = file->flags & O_ACCMODE;
    int error = range_of(file, lock, &range);

    if (error)
        return error;
    if (lock->type != F_UNLCK && lock->type != F_RDLCK && lock->type != F_WRLCK)
        return -EINVAL;
    if ((lock->type == F_RDLCK && mode == O_WRONLY) || (lock->type == F_WRLCK && mode == O_RDONLY))
        return -EBADF;
    range.pid = owner == file ? ~0u : process_current()->pid;
    error = lock_set(file, owner, &range, wait);
    if (error || owner == file || lock->type == F_UNLCK)
        return error;
    struct file *now = fd_get(fd);
    if (now != file)
        lock_forget(file->vnode, owner);
    if (now)
        file_close(now);
    return 0;
}

static long lock_call(int fd, struct file *file, int command, void *user)
{
    bool wide = command >= F_GETLK64;
    bool ofd = command >= F_OFD_GETLK;
    const void *owner = ofd ? (const void *)file : process_current()->files;
    struct flock64 lock;
    int error = take_flock(&lock, user, wide);

    if (error)
        return error;
    if (ofd && lock.pid)
        return -EINVAL;
    switch (command) {
    case F_GETLK: case F_GETLK64: case F_OFD_GETLK:
        error = (int)get_lock(file, owner, &lock);
        return error ? error : give_flock(user, &lock, wide);
    case F_SETLK: case F_SETLK64: case F_OFD_SETLK:
        return set_lock(fd, file, owner, &lock, false);
    }
    return set_lock(fd, file, owner, &lock, true);
}

long sys_flock(int fd, int operation)
{
    struct file *file = io_get(fd);
    int kind = operation & ~LOCK_NB;
    long result = -EINVAL;

    if (!file)
        return -EBADF;
    if (kind == LOCK_SH || kind == LOCK_EX || kind == LOCK_UN)
        result = lock_flock(file, kind == LOCK_SH ? F_RDLCK : kind == LOCK_EX ? F_WRLCK : F_UNLCK,
                            !(operation & LOCK_NB));
    file_close(file);
    return io_result(result);
}

/* ---- fcntl */

/* May be called twice at once: then one of the two counts. */
static void set_flags(struct file *file, unsigned flags)
{
    file->flags = (file->flags & ~FILE_FLAGS_MUTABLE) | (flags & FILE_FLAGS_MUTABLE);
}

static long dup_from(struct file *file, uint32_t least, bool cloexec)
{
    if (least >= FD_MAX || least >= process_current()->limits[RLIMIT_NOFILE].soft)
        return -EINVAL;
    file_hold(file);
    return add(file, (int)least, cloexec);
}

static long set_pipe_size(struct file *file, uint32_t size)
{
    if (!pipe_is(file))
        return -EBADF;
    return size == 0 ? -EINVAL : size > PIPE_BYTES ? -EPERM : (long)PIPE_BYTES;
}

static long control(int fd, struct file *file, int command, uintptr_t argument)
{
    switch (command) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
        return dup_from(file, argument, command == F_DUPFD_CLOEXEC);
    case F_GETFD:
        return fd_get_cloexec(fd);
    case F_SETFD:
        return fd_set_cloexec(fd, argument & FD_CLOEXEC);
    case F_GETFL:
        return (long)(file->flags & ~FLAGS_OF_OPENING);
    }
    if (file->flags & O_PATH)
        return -EBADF;
    switch (command) {
    case F_SETFL:
        set_flags(file, argument);
        return 0;
    case F_GETLK: case F_SETLK: case F_SETLKW:
    case F_GETLK64: case F_SETLK64: case F_SETLKW64:
    case F_OFD_GETLK: case F_OFD_SETLK: case F_OFD_SETLKW:
        return io_result(lock_call(fd, file, command, (void *)argument));
    case F_GETOWN: case F_SETOWN: case F_GETSIG:
        return 0;                   /* nobody is sent SIGIO */
    case F_GETPIPE_SZ:
        return pipe_is(file) ? (long)PIPE_BYTES : -EBADF;
    case F_SETPIPE_SZ:
        return set_pipe_size(file, argument);
    }
    return -EINVAL;
}

long sys_fcntl64(int fd, int command, uintptr_t argument)
{
    struct file *file = fd_get(fd);

    if (!file)
        return -EBADF;
    long result = control(fd, file, command, argument);
    file_close(file);
    return result;
}

long sys_fcntl(int fd, int command, uintptr_t argument)
{
    return sys_fcntl64(fd, command, argument);
}

/* ---- ioctl */

/* FIONREAD of a regular file: what is left of it. */
static long bytes_left(struct file *file, int *user)
{
    int64_t left = file->vnode->size - file->offset;
    int n = left > 0x7fffffff ? 0x7fffffff : (int)left;

    return copy_to_user(user, &n, sizeof(n)) ? -EFAULT : 0;
}

static long set_flag(struct file *file, unsigned flag, const int *user)
{
    int on;

    if (copy_from_user(&on, user, sizeof(on)))
        return -EFAULT;
    set_flags(file, on ? file->flags | flag : file->flags & ~flag);
    return 0;
}

static long io_control(int fd, struct file *file, unsigned command, uintptr_t argument)
{
    switch (command) {
    case FIOCLEX:
        return fd_set_cloexec(fd, true);
    case FIONCLEX:
        return fd_set_cloexec(fd, false);
    case FIONBIO:
        return set_flag(file, O_NONBLOCK, (const int *)argument);
    case FIONREAD:
        if (S_ISREG(file->vnode->mode))
            return bytes_left(file, (int *)argument);
    }
    return file->ops && file->ops->ioctl ? file->ops->ioctl(file, command, argument) : -ENOTTY;
}

long sys_ioctl(int fd, unsigned command, uintptr_t argument)
{
    struct file *file = io_get(fd);

    if (!file)
        return -EBADF;
    long result = io_control(fd, file, command, argument);
    file_close(file);
    return io_result(result);
}
