/*
 * Many buffers in one call: readv(2), writev(2), preadv(2), pwritev(2). And from one file to
 * another: sendfile(2), copy_file_range(2).
 *
 * What is short is put together first, so that a pipe's readers see it in one piece; and what is
 * read from something that has no end is read once only, since a second time might wait.
 */
#include "abi/errno.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "proc/fdtable.h"
#include "sys/calls.h"
#include "sys/io.h"

#define VECTOR_MAX  1024            /* IOV_MAX */
#define VECTOR_FEW  8               /* on the stack */
#define GATHER_MAX  PAGE_SIZE
#define SCATTER_MAX (16 * PAGE_SIZE)
#define COPY_CHUNK  (4 * PAGE_SIZE)

struct iovec {
    uint32_t base, n;
};

struct vector {
    struct iovec few[VECTOR_FEW], *all;
    unsigned count;
    size_t total;                   /* bytes */
};

static void *base_of(const struct iovec *part)
{
    return (void *)(uintptr_t)part->base;
}

/* Check every part, and cut what is too much. Returns 0, -EINVAL or -EFAULT. */
static int measure(struct vector *vector)
{
    vector->total = 0;
    for (unsigned i = 0; i < vector->count; i++) {
        struct iovec *part = &vector->all[i];
        if ((int32_t)part->n < 0)
            return -EINVAL;
        if (!user_range(base_of(part), part->n))
            return -EFAULT;
        if (part->n > IO_BYTES_MAX - vector->total)
            part->n = IO_BYTES_MAX - vector->total;
        vector->total += part->n;
    }
    return 0;
}

static void free_vector(struct vector *vector)
{
    if (vector->all != vector->few)
        kfree(vector->all);
}

/* Take a vector from the program; for free_vector() if it returns 0. */
static int take_vector(struct vector *vector, const struct iovec *parts, unsigned count)
{
    vector->all = vector->few;
    vector->count = count;
    if (count > VECTOR_MAX)
        return -EINVAL;
    if (count > VECTOR_FEW)
        vector->all = kmalloc(count * sizeof(*parts));
    if (!vector->all)
        return -ENOMEM;
    int error = copy_from_user(vector->all, parts, count * sizeof(*parts));
    if (!error)
        error = measure(vector);
    if (error)
        free_vector(vector);
    return error;
}

/* One piece: at *offset, which moves, or, if offset is NULL, at the file's own. */
static ssize_t move(struct file *file, void *p, size_t n, int64_t *offset, bool write)
{
    ssize_t result;

    if (!offset)
        return write ? file_write(file, p, n) : file_read(file, p, n);
    result = write ? file_pwrite(file, p, n, *offset) : file_pread(file, p, n, *offset);
    if (result > 0)
        *offset += result;
    return result;
}

/* Part by part, until one is not moved as a whole. */
static ssize_t move_parts(struct file *file, const struct vector *vector, int64_t *offset,
                          bool write)
{
    ssize_t done = 0;

    for (unsigned i = 0; i < vector->count; i++) {
        const struct iovec *part = &vector->all[i];
        if (part->n == 0)
            continue;
        ssize_t now = move(file, base_of(part), part->n, offset, write);
        if (now < 0)
            return done ? done : now;
        done += now;
        if ((size_t)now < part->n)
            break;
    }
    return done;
}

/* Copy the first n bytes from the parts to `buffer`, or back. Returns 0 or -EFAULT. */
static int copy_parts(const struct vector *vector, char *buffer, size_t n, bool back)
{
    size_t done = 0;

    for (unsigned i = 0; i < vector->count && done < n; i++) {
        const struct iovec *part = &vector->all[i];
        size_t now = part->n < n - done ? part->n : n - done;
        int error = back ? copy_to_user(base_of(part), buffer + done, now) :
                    copy_from_user(buffer + done, base_of(part), now);
        if (error)
            return error;
        done += now;
    }
    return 0;
}

static ssize_t move_vector(struct file *file, const struct vector *vector, int64_t *offset,
                           bool write)
{
    size_t n = vector->total;
    bool stream = !file->ops || !file->ops->seekable;

    if (vector->count == 1 || (write ? n > GATHER_MAX : !stream))
        return move_parts(file, vector, offset, write);
    if (n > SCATTER_MAX)
        n = SCATTER_MAX;
    char *buffer = kmalloc(n);
    if (!buffer)
        return -ENOMEM;
    ssize_t result;
    if (write && copy_parts(vector, buffer, n, false))
        result = move_parts(file, vector, offset, write);       /* as far as it goes */
    else
        result = move(file, buffer, n, offset, write);
    if (!write && result > 0 && copy_parts(vector, buffer, (size_t)result, true))
        result = -EFAULT;
    kfree(buffer);
    return result;
}

static long vector_call(int fd, const struct iovec *parts, unsigned count, int64_t *offset,
                        bool write)
{
    struct vector vector;
    struct file *file = write ? io_get_writable(fd) : io_get_readable(fd);

    if (!file)
        return -EBADF;
    long result = offset && *offset < 0 ? -EINVAL : take_vector(&vector, parts, count);
    if (!result) {
        result = move_vector(file, &vector, offset, write);
        free_vector(&vector);
    }
    file_close(file);
    return io_result(result);
}

long sys_readv(int fd, const void *parts, unsigned count)
{
    return vector_call(fd, parts, count, NULL, false);
}

long sys_writev(int fd, const void *parts, unsigned count)
{
    return vector_call(fd, parts, count, NULL, true);
}

long sys_preadv(int fd, const void *parts, unsigned count, uint32_t low, uint32_t high)
{
    int64_t offset = io_offset(low, high);

    return vector_call(fd, parts, count, &offset, false);
}

long sys_pwritev(int fd, const void *parts, unsigned count, uint32_t low, uint32_t high)
{
    int64_t offset = io_offset(low, high);

    return vector_call(fd, parts, count, &offset, true);
}

/*
 * Copy up to n bytes from *from of one file to the other, to *to, or, if that is NULL, where it
 * stands. Both move along by what was written. Returns how much that was, or -ERRNO.
 */
static ssize_t copy_between(struct file *in, int64_t *from, struct file *out, int64_t *to, size_t n)
{
    char *buffer = kmalloc(COPY_CHUNK);
    size_t done = 0;
    ssize_t result = buffer ? 0 : -ENOMEM;

    while (buffer && done < n) {
        size_t now = n - done < COPY_CHUNK ? n - done : COPY_CHUNK;
        result = file_pread(in, buffer, now, *from);
        if (result <= 0)
            break;
        now = (size_t)result;
        result = move(out, buffer, now, to, true);
        if (result <= 0)
            break;
        *from += result;
        done += (size_t)result;
        if ((size_t)result < now || file_is_killed())
            break;
    }
    kfree(buffer);
    return done ? (ssize_t)done : result;
}

/* copy_between() from the first file's own offset, which moves, or from *offset. */
static ssize_t copy_from_place(struct file *in, int64_t *offset, struct file *out, int64_t *to,
                               size_t n)
{
    if (n > IO_BYTES_MAX)
        n = IO_BYTES_MAX;
    if (offset)
        return *offset < 0 ? -EINVAL : copy_between(in, offset, out, to, n);
    int64_t place = file_seek(in, 0, SEEK_CUR);
    if (place < 0)
        return -EINVAL;
    ssize_t result = copy_between(in, &place, out, to, n);
    if (result > 0)
        file_seek(in, place, SEEK_SET);
    return result;
}

static ssize_t send(int out_fd, int in_fd, int64_t *offset, size_t n)
{
    struct file *in = io_get_readable(in_fd), *out = in ? io_get_writable(out_fd) : NULL;
    ssize_t result = -EBADF;

    if (out)
        result = !in->ops || !in->ops->seekable ? (offset ? -ESPIPE : -EINVAL) :
                 out->flags & O_APPEND ? -EINVAL : copy_from_place(in, offset, out, NULL, n);
    if (in)
        file_close(in);
    if (out)
        file_close(out);
    return io_result(result);
}

long sys_sendfile64(int out_fd, int in_fd, int64_t *user_offset, size_t n)
{
    int64_t offset;

    if (user_offset && copy_from_user(&offset, user_offset, sizeof(offset)))
        return -EFAULT;
    long result = send(out_fd, in_fd, user_offset ? &offset : NULL, n);
    if (user_offset && copy_to_user(user_offset, &offset, sizeof(offset)))
        return -EFAULT;
    return result;
}

long sys_sendfile(int out_fd, int in_fd, int32_t *user_offset, size_t n)
{
    int32_t small;
    int64_t offset;

    if (!user_offset)
        return send(out_fd, in_fd, NULL, n);
    if (copy_from_user(&small, user_offset, sizeof(small)))
        return -EFAULT;
    offset = small;
    if (offset >= 0 && n > (size_t)(0x7fffffff - offset))
        n = (size_t)(0x7fffffff - offset);
    long result = send(out_fd, in_fd, &offset, n);
    small = (int32_t)offset;
    return copy_to_user(user_offset, &small, sizeof(small)) ? -EFAULT : result;
}

/* May bytes go from the one to the other? */
static int check_copy(const struct file *in, const struct file *out)
{
    if (S_ISDIR(in->vnode->mode) || S_ISDIR(out->vnode->mode))
        return -EISDIR;
    if ((in->flags & O_ACCMODE) == O_WRONLY || (out->flags & O_ACCMODE) == O_RDONLY
        || ((in->flags | out->flags) & O_PATH))
        return -EBADF;
    if (!S_ISREG(in->vnode->mode) || !S_ISREG(out->vnode->mode))
        return -EINVAL;
    return out->flags & O_APPEND ? -EBADF : 0;
}

/* Where a file stands, or what the program says instead. */
static int take_place(struct file *file, const int64_t *user, int64_t *place)
{
    if (user)
        return copy_from_user(place, user, sizeof(*place)) ? -EFAULT : *place < 0 ? -EINVAL : 0;
    *place = file_seek(file, 0, SEEK_CUR);
    return *place < 0 ? (int)*place : 0;
}

static int give_place(struct file *file, int64_t *user, int64_t place)
{
    if (user)
        return copy_to_user(user, &place, sizeof(place)) ? -EFAULT : 0;
    return (int)(file_seek(file, place, SEEK_SET) < 0 ? -EINVAL : 0);
}

static ssize_t copy_range(struct file *in, int64_t *user_from, struct file *out, int64_t *user_to,
                          size_t n)
{
    int64_t from, to;
    int error = check_copy(in, out);

    if (!error)
        error = take_place(in, user_from, &from);
    if (!error)
        error = take_place(out, user_to, &to);
    if (error)
        return error;
    if (n > IO_BYTES_MAX)
        n = IO_BYTES_MAX;
    if (in->vnode == out->vnode && (from > to ? from - to : to - from) < (int64_t)n)
        return -EINVAL;
    ssize_t result = copy_between(in, &from, out, &to, n);
    if (result > 0)
        error = give_place(in, user_from, from);
    if (result > 0 && !error)
        error = give_place(out, user_to, to);
    return error ? error : result;
}

long sys_copy_file_range(int in_fd, int64_t *from, int out_fd, int64_t *to, size_t n,
                         unsigned flags)
{
    struct file *in = fd_get(in_fd), *out = fd_get(out_fd);
    ssize_t result = !in || !out ? -EBADF : flags ? -EINVAL : copy_range(in, from, out, to, n);

    if (in)
        file_close(in);
    if (out)
        file_close(out);
    return io_result(result);
}
