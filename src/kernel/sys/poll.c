/*
 * poll(2) and select(2) in all their forms.
 */
#include "abi/errno.h"
#include "fs/poll.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "proc/fdtable.h"
#include "proc/signal.h"
#include "sys/calls.h"
#include "sys/io.h"
#include "task/timer.h"

#define FDS_FEW   16                /* pollfds on the stack */
#define SET_WORDS (FD_MAX / 32)
#define SECONDS_MAX 0x7fffffff      /* longer is for ever */

/* The file, looked at: its bits, or POLLNVAL. */
static unsigned look(int fd, struct poll_table *table)
{
    struct file *file = io_get(fd);

    if (!file)
        return POLLNVAL;
    unsigned bits = poll_file(file, table);
    file_close(file);
    return bits;
}

/* ---- how long, and with which signals blocked */

struct timespec32 {
    int32_t seconds, nanoseconds;   /* a struct timeval: microseconds */
};

struct timespec64 {
    int64_t seconds;
    int32_t nanoseconds, pad;
};

enum time_form { TIMESPEC32, TIMESPEC64, TIMEVAL32 };

/* When a time from now on has passed, in timer_now()'s; 0: it is no time at all. */
static int end_of(int64_t seconds, int32_t nanoseconds, uint64_t *end)
{
    if (seconds < 0 || nanoseconds < 0 || nanoseconds >= 1000000000)
        return -EINVAL;
    *end = 0;
    if (seconds > SECONDS_MAX)
        *end = POLL_FOREVER;
    else if (seconds || nanoseconds)
        *end = timer_now() + (uint64_t)seconds * 1000 + ((uint32_t)nanoseconds + 999999) / 1000000;
    return 0;
}

/* Take a time-out from the program, in whatever form. NULL: for ever. */
static int take_time(const void *user, enum time_form form, uint64_t *end)
{
    struct timespec64 wide;
    struct timespec32 time;

    *end = POLL_FOREVER;
    if (!user)
        return 0;
    if (form == TIMESPEC64)
        return copy_from_user(&wide, user, sizeof(wide)) ? -EFAULT :
               end_of(wide.seconds, wide.nanoseconds, end);
    if (copy_from_user(&time, user, sizeof(time)))
        return -EFAULT;
    if (form == TIMESPEC32)
        return end_of(time.seconds, time.nanoseconds, end);
    if (time.seconds < 0 || time.nanoseconds < 0)
        return -EINVAL;             /* microseconds may be more than a second */
    return end_of((int64_t)time.seconds + time.nanoseconds / 1000000,
                  time.nanoseconds % 1000000 * 1000, end);
}

/* Tell the program how much of its time is left. Returns 0 or -EFAULT. */
static int give_time(void *user, enum time_form form, uint64_t end)
{
    uint64_t now = timer_now(), left = end > now ? end - now : 0;
    uint32_t ms = (uint32_t)(left % 1000);
    int64_t seconds = (int64_t)(left / 1000);

    if (!user || end == POLL_FOREVER)
        return 0;
    if (form == TIMESPEC64) {
        struct timespec64 wide = { seconds, (int32_t)ms * 1000000, 0 };
        return copy_to_user(user, &wide, sizeof(wide));
    }
    struct timespec32 time = { (int32_t)seconds,
                               (int32_t)ms * (form == TIMEVAL32 ? 1000 : 1000000) };
    return copy_to_user(user, &time, sizeof(time));
}

/* Block what the program wants blocked while it waits. NULL: nothing changes. */
static int swap_mask(const uint64_t *user, size_t size)
{
    struct thread *thread = thread_current();
    uint64_t mask;

    if (!user)
        return 0;
    if (size != sizeof(mask))
        return -EINVAL;
    if (copy_from_user(&mask, user, sizeof(mask)))
        return -EFAULT;
    thread->saved_blocked = thread->blocked;
    signal_set_blocked(mask);
    return 0;
}

/*
 * Back to what was blocked before: at once, or, if a signal is to be handled, when its handler has
 * returned. Returns what the call returns.
 */
static long restore_mask(const uint64_t *user, long result)
{
    struct thread *thread = thread_current();

    if (result == -EINTR)
        result = -ERESTARTNOHAND;
    if (!user)
        return result;
    if (result == -ERESTARTNOHAND)
        thread->restore_blocked = true;
    else
        signal_set_blocked(thread->saved_blocked);
    return result;
}

/* ---- poll */

struct poll_call {
    struct pollfd few[FDS_FEW], *fds;
    unsigned count;
};

static int scan_poll(void *arg, struct poll_table *table)
{
    struct poll_call *call = arg;
    int ready = 0;

    for (unsigned i = 0; i < call->count; i++) {
        struct pollfd *fd = &call->fds[i];
        fd->revents = 0;
        if (fd->fd < 0)
            continue;
        unsigned wanted = (uint16_t)fd->events | POLLERR | POLLHUP | POLLNVAL;
        fd->revents = (int16_t)(look(fd->fd, ready ? NULL : table) & wanted);
        ready += fd->revents != 0;
    }
    return ready;
}

/* Tell the program what was seen: it may have changed the rest meanwhile. */
static int give_fds(struct pollfd *user, const struct poll_call *call)
{
    for (unsigned i = 0; i < call->count; i++)
        if (copy_to_user(&user[i].revents, &call->fds[i].revents, sizeof(user[i].revents)))
            return -EFAULT;
    return 0;
}

static long poll_fds(struct pollfd *user, unsigned count, uint64_t end)
{
    struct poll_call call = { .count = count };
    size_t bytes = count * sizeof(*user);

    if (count > process_current()->limits[RLIMIT_NOFILE].soft || count > FD_MAX)
        return -EINVAL;
    call.fds = count > FDS_FEW ? kmalloc(bytes) : call.few;
    if (!call.fds)
        return -ENOMEM;
    long result = copy_from_user(call.fds, user, bytes) ? -EFAULT : 0;
    if (!result)
        result = poll_until(scan_poll, &call, end);
    if (result >= 0 && give_fds(user, &call))
        result = -EFAULT;
    if (call.fds != call.few)
        kfree(call.fds);
    return result;
}

/* thread->restart of poll(2): what is left of its time. */
static long poll_again(struct thread *thread)
{
    uint32_t *data = thread->restart_data;
    uint64_t end = (uint64_t)data[3] << 32 | data[2];
    long result = poll_fds((struct pollfd *)(uintptr_t)data[0], data[1], end);

    return result == -EINTR ? -ERESTART_RESTARTBLOCK : result;
}

long sys_poll(struct pollfd *fds, unsigned count, int ms)
{
    struct thread *thread = thread_current();
    uint64_t end = ms < 0 ? POLL_FOREVER : ms ? timer_now() + (uint32_t)ms : 0;
    long result = poll_fds(fds, count, end);

    if (result != -EINTR)
        return result;
    thread->restart = poll_again;
    thread->restart_data[0] = (uint32_t)(uintptr_t)fds;
    thread->restart_data[1] = count;
    thread->restart_data[2] = (uint32_t)end;
    thread->restart_data[3] = (uint32_t)(end >> 32);
    return -ERESTART_RESTARTBLOCK;
}

static long ppoll(struct pollfd *fds, unsigned count, void *time, enum time_form form,
                  const uint64_t *mask, size_t size)
{
    uint64_t end;
    long result = take_time(time, form, &end);

    if (!result)
        result = swap_mask(mask, size);
    if (result)
        return result;
    result = restore_mask(mask, poll_fds(fds, count, end));
    if (give_time(time, form, end) && result == -ERESTARTNOHAND)
        result = -EINTR;
    return result;
}

long sys_ppoll(struct pollfd *fds, unsigned count, void *time, const uint64_t *mask, size_t size)
{
    return ppoll(fds, count, time, TIMESPEC32, mask, size);
}

long sys_ppoll_time64(struct pollfd *fds, unsigned count, void *time, const uint64_t *mask,
                      size_t size)
{
    return ppoll(fds, count, time, TIMESPEC64, mask, size);
}

/* ---- select */

enum { READ, WRITE, EXCEPT, SETS };

struct select_call {
    unsigned count;                 /* descriptors below it */
    uint32_t wanted[SETS][SET_WORDS], ready[SETS][SET_WORDS];
};

static const unsigned bits_of[SETS] = {
    [READ] = POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR,
    [WRITE] = POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR,
    [EXCEPT] = POLLPRI,
};

/* One descriptor. Returns how many of the sets it is ready for, or -EBADF. */
static int look_in_sets(struct select_call *call, unsigned fd, struct poll_table *table)
{
    uint32_t bit = 1u << fd % 32;
    unsigned bits = look((int)fd, table);
    int ready = 0;

    if (bits & POLLNVAL)
        return -EBADF;
    for (unsigned set = 0; set < SETS; set++)
        if ((call->wanted[set][fd / 32] & bit) && (bits & bits_of[set])) {
            call->ready[set][fd / 32] |= bit;
            ready++;
        }
    return ready;
}

static int scan_select(void *arg, struct poll_table *table)
{
    struct select_call *call = arg;
    int ready = 0;

    for (unsigned fd = 0; fd < call->count; fd++) {
        unsigned word = fd / 32;
        uint32_t any = call->wanted[READ][word] | call->wanted[WRITE][word]
            | call->wanted[EXCEPT][word];
        if (!(any >> fd % 32)) {
            fd |= 31;               /* none left in this word */
            continue;
        }
        int now = any >> fd % 32 & 1 ? look_in_sets(call, fd, ready ? NULL : table) : 0;
        if (now < 0)
            return now;
        ready += now;
    }
    return ready;
}

/* Bytes of a set that a program passes: whole words. */
static size_t set_bytes(unsigned count)
{
    return (count + 31) / 32 * 4;
}

static int take_sets(struct select_call *call, void *const users[SETS])
{
    for (unsigned set = 0; set < SETS; set++) {
        if (users[set]
            && copy_from_user(call->wanted[set], users[set], set_bytes(call->count)))
            return -EFAULT;
        if (call->count % 32)
            call->wanted[set][call->count / 32] &= (1u << call->count % 32) - 1;
    }
    return 0;
}

static int give_sets(const struct select_call *call, void *const users[SETS])
{
    for (unsigned set = 0; set < SETS; set++)
        if (users[set] && copy_to_user(users[set], call->ready[set], set_bytes(call->count)))
            return -EFAULT;
    return 0;
}

static long select_fds(int count, void *const users[SETS], uint64_t end)
{
    if (count < 0)
        return -EINVAL;
    struct select_call *call = kzalloc(sizeof(*call));
    if (!call)
        return -ENOMEM;
    call->count = count < FD_MAX ? (unsigned)count : FD_MAX;
    long result = take_sets(call, users);
    if (!result)
        result = poll_until(scan_select, call, end);
    if (result >= 0 && give_sets(call, users))
        result = -EFAULT;
    kfree(call);
    return result;
}

static long pselect(int count, void *const users[SETS], void *time, enum time_form form,
                    const uint64_t *mask, size_t size)
{
    uint64_t end;
    long result = take_time(time, form, &end);

    if (!result)
        result = swap_mask(mask, size);
    if (result)
        return result;
    result = restore_mask(mask, select_fds(count, users, end));
    if (give_time(time, form, end) && result == -ERESTARTNOHAND)
        result = -EINTR;
    return result;
}

long sys__newselect(int count, void *reads, void *writes, void *excepts, void *time)
{
    void *const users[SETS] = { reads, writes, excepts };

    return pselect(count, users, time, TIMEVAL32, NULL, 0);
}

long sys_select(const uint32_t *user)
{
    uint32_t args[5];

    if (copy_from_user(args, user, sizeof(args)))
        return -EFAULT;
    return sys__newselect((int)args[0], (void *)(uintptr_t)args[1], (void *)(uintptr_t)args[2],
                          (void *)(uintptr_t)args[3], (void *)(uintptr_t)args[4]);
}

/* The last argument is two: the set of signals, and its size. */
static long pselect6(int count, void *const users[SETS], void *time, enum time_form form,
                     const uint32_t *user_mask)
{
    uint32_t mask[2] = { 0, 0 };

    if (user_mask && copy_from_user(mask, user_mask, sizeof(mask)))
        return -EFAULT;
    return pselect(count, users, time, form, (const uint64_t *)(uintptr_t)mask[0], mask[1]);
}

long sys_pselect6(int count, void *reads, void *writes, void *excepts, void *time,
                  const uint32_t *mask)
{
    void *const users[SETS] = { reads, writes, excepts };

    return pselect6(count, users, time, TIMESPEC32, mask);
}

long sys_pselect6_time64(int count, void *reads, void *writes, void *excepts, void *time,
                         const uint32_t *mask)
{
    void *const users[SETS] = { reads, writes, excepts };

    return pselect6(count, users, time, TIMESPEC64, mask);
}
