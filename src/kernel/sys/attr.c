/*
 * What a name stands for, asked and changed: access, chmod, chown, utime, truncate and their like,
 * umask; and extended attributes, which no file has here.
 */
#include "abi/errno.h"
#include "fs/path.h"
#include "fs/vfs.h"
#include "mm/usercopy.h"
#include "proc/process.h"
#include "sys/calls.h"
#include "sys/name.h"

#define ID_KEEP16 0xffffu           /* in calls whose ids have 16 bits */
#define NANOSECONDS 1000000000
#define UTIME_NOW  ((1 << 30) - 1)  /* instead of nanoseconds */
#define UTIME_OMIT ((1 << 30) - 2)

long sys_umask(uint32_t mask)
{
    return (long)path_set_umask(mask & 0777);
}

/* ---- access */

long sys_faccessat2(int dirfd, const char *path, unsigned want, unsigned flags)
{
    const struct credentials *ids = &process_current()->ids;
    struct access_ids who = { ids->uid, ids->gid, ids->groups, ids->group_count };
    struct vnode *vnode;

    if ((want & ~(VNODE_READ | VNODE_WRITE | VNODE_EXEC)) ||
        (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)))
        return -EINVAL;
    if (flags & AT_EACCESS)
        who = (struct access_ids){ ids->euid, ids->egid, ids->groups, ids->group_count };
    int error = name_lookup(dirfd, path, flags, &vnode);
    if (error)
        return error;
    error = vnode_access_as(vnode, want, who);
    vnode_put(vnode);
    return error;
}

long sys_faccessat(int dirfd, const char *path, unsigned want)
{
    return sys_faccessat2(dirfd, path, want, 0);
}

long sys_access(const char *path, unsigned want)
{
    return sys_faccessat2(AT_FDCWD, path, want, 0);
}

/* ---- permissions */

long sys_fchmodat2(int dirfd, const char *path, uint32_t mode, unsigned flags)
{
    struct vnode *vnode;

    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    int error = name_lookup(dirfd, path, flags, &vnode);
    if (error)
        return error;
    error = S_ISLNK(vnode->mode) ? -EOPNOTSUPP : vnode_chmod(vnode, mode);
    vnode_put(vnode);
    return error;
}

long sys_fchmodat(int dirfd, const char *path, uint32_t mode)
{
    return sys_fchmodat2(dirfd, path, mode, 0);
}

long sys_chmod(const char *path, uint32_t mode)
{
    return sys_fchmodat2(AT_FDCWD, path, mode, 0);
}

long sys_fchmod(int fd, uint32_t mode)
{
    struct vnode *vnode;
    int error = name_of_fd(fd, false, &vnode);

    if (error)
        return error;
    error = vnode_chmod(vnode, mode);
    vnode_put(vnode);
    return error;
}

/* ---- owners */

long sys_fchownat(int dirfd, const char *path, uint32_t uid, uint32_t gid, unsigned flags)
{
    struct vnode *vnode;

    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    int error = name_lookup(dirfd, path, flags, &vnode);
    if (error)
        return error;
    error = vnode_chown(vnode, uid, gid);
    vnode_put(vnode);
    return error;
}

long sys_chown32(const char *path, uint32_t uid, uint32_t gid)
{
    return sys_fchownat(AT_FDCWD, path, uid, gid, 0);
}

long sys_lchown32(const char *path, uint32_t uid, uint32_t gid)
{
    return sys_fchownat(AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
}

long sys_fchown32(int fd, uint32_t uid, uint32_t gid)
{
    struct vnode *vnode;
    int error = name_of_fd(fd, false, &vnode);

    if (error)
        return error;
    error = vnode_chown(vnode, uid, gid);
    vnode_put(vnode);
    return error;
}

static uint32_t wide_id(uint32_t id)
{
    id &= 0xffff;
    return id == ID_KEEP16 ? UINT32_MAX : id;
}

long sys_chown(const char *path, uint32_t uid, uint32_t gid)
{
    return sys_chown32(path, wide_id(uid), wide_id(gid));
}

long sys_lchown(const char *path, uint32_t uid, uint32_t gid)
{
    return sys_lchown32(path, wide_id(uid), wide_id(gid));
}

long sys_fchown(int fd, uint32_t uid, uint32_t gid)
{
    return sys_fchown32(fd, wide_id(uid), wide_id(gid));
}

/* ---- times */

/* One time, as a program tells it: seconds, and nanoseconds or UTIME_. */
struct moment {
    int64_t seconds;
    int32_t nanoseconds;
};

/* What a vnode keeps of it: the nearest that ext2 can hold. */
static uint32_t clamp(int64_t seconds)
{
    if (seconds > 0x7fffffff)
        return 0x7fffffff;
    return seconds < -0x7fffffff - 1 ? 0x80000000u : (uint32_t)seconds;
}

static bool is_valid(int32_t nanoseconds)
{
    return nanoseconds == UTIME_NOW || nanoseconds == UTIME_OMIT ||
           (nanoseconds >= 0 && nanoseconds < NANOSECONDS);
}

/* utimensat(2), with the times already taken from the program; NULL: now. */
static long set_times(int dirfd, const char *path, const struct moment when[2], unsigned flags)
{
    static const struct moment now[2] = { { 0, UTIME_NOW }, { 0, UTIME_NOW } };
    struct vnode *vnode;

    if (!when)
        when = now;
    if (!is_valid(when[0].nanoseconds) || !is_valid(when[1].nanoseconds))
        return -EINVAL;
    if (when[0].nanoseconds == UTIME_OMIT && when[1].nanoseconds == UTIME_OMIT)
        return 0;
    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    uint32_t time = vnode_time();
    struct vnode_times times = {
        .set_atime = when[0].nanoseconds != UTIME_OMIT,
        .set_mtime = when[1].nanoseconds != UTIME_OMIT,
        .now = when[0].nanoseconds == UTIME_NOW && when[1].nanoseconds == UTIME_NOW,
        .atime = when[0].nanoseconds == UTIME_NOW ? time : clamp(when[0].seconds),
        .mtime = when[1].nanoseconds == UTIME_NOW ? time : clamp(when[1].seconds),
    };
    bool by_fd = !path && dirfd != AT_FDCWD;
    if (by_fd && flags)
        return -EINVAL;
    int error = by_fd ? name_of_fd(dirfd, false, &vnode) : name_lookup(dirfd, path, flags, &vnode);
    if (error)
        return error;
    error = vnode_utime(vnode, &times);
    vnode_put(vnode);
    return error;
}

/* As set_times(), with times in seconds and microseconds (NULL: now). */
static long set_microtimes(int dirfd, const char *path, const int32_t *user_times)
{
    int32_t times[4];
    struct moment when[2];

    if (!user_times)
        return set_times(dirfd, path, NULL, 0);
    if (copy_from_user(times, user_times, sizeof(times)))
        return -EFAULT;
    for (unsigned i = 0; i < 2; i++) {
        if (times[2 * i + 1] < 0 || times[2 * i + 1] >= 1000000)
            return -EINVAL;
        when[i] = (struct moment){ times[2 * i], times[2 * i + 1] * 1000 };
    }
    return set_times(dirfd, path, when, 0);
}

long sys_utime(const char *path, const int32_t *user_times)
{
    int32_t times[2];

    if (!user_times)
        return set_times(AT_FDCWD, path, NULL, 0);
    if (copy_from_user(times, user_times, sizeof(times)))
        return -EFAULT;
    const struct moment when[2] = { { times[0], 0 }, { times[1], 0 } };
    return set_times(AT_FDCWD, path, when, 0);
}

long sys_utimes(const char *path, const int32_t *times)
{
    return set_microtimes(AT_FDCWD, path, times);
}

long sys_futimesat(int dirfd, const char *path, const int32_t *times)
{
    return set_microtimes(dirfd, path, times);
}

long sys_utimensat(int dirfd, const char *path, const int32_t *user_times, unsigned flags)
{
    int32_t times[4];

    if (!user_times)
        return set_times(dirfd, path, NULL, flags);
    if (copy_from_user(times, user_times, sizeof(times)))
        return -EFAULT;
    const struct moment when[2] = { { times[0], times[1] }, { times[2], times[3] } };
    return set_times(dirfd, path, when, flags);
}

long sys_utimensat_time64(int dirfd, const char *path, const int64_t *user_times, unsigned flags)
{
    int64_t times[4];

    if (!user_times)
        return set_times(dirfd, path, NULL, flags);
    if (copy_from_user(times, user_times, sizeof(times)))
        return -EFAULT;
    const struct moment when[2] = {
        { times[0], (int32_t)times[1] }, { times[2], (int32_t)times[3] },
    };
    return set_times(dirfd, path, when, flags);
}

/* ---- sizes */

static long truncate(const char *path, int64_t size)
{
    struct vnode *vnode;

    if (size < 0)
        return -EINVAL;
    int error = name_lookup(AT_FDCWD, path, 0, &vnode);
    if (error)
        return error;
    if (S_ISREG(vnode->mode))
        error = vnode_access(vnode, VNODE_WRITE);
    if (!error)
        error = vnode_truncate(vnode, size);
    vnode_put(vnode);
    return error;
}

long sys_truncate(const char *path, int32_t size)
{
    return truncate(path, size);
}

long sys_truncate64(const char *path, uint32_t low, uint32_t high)
{
    return truncate(path, (int64_t)((uint64_t)high << 32 | low));
}
