/*
 * Conformance: open files. Flags of open, positions, reading and writing in all forms, descriptors,
 * fcntl, record locks between processes, length, and the errors of each.
 *
 * open(2), lseek(2), readv(2), dup(2), fcntl(2), ftruncate(2).
 */
#include "conform.h"

struct lock64 {
    short type, whence;
    int64 start, len;
    int pid;
} __attribute__((packed));

struct vec {
    void *base;
    size_t len;
};

static char buffer[8192];

static int64 seek64(int fd, int64 offset, int whence)
{
    int64 position = -1;
    long result = sys(_llseek, fd, (uint32)(offset >> 32), (uint32)offset, &position, whence);

    return result < 0 ? result : position;
}

static int64 size_of(int fd)
{
    int64 here = seek64(fd, 0, 1), size = seek64(fd, 0, 2);

    seek64(fd, here, 0);
    return size;
}

static long put_file(const char *path, const char *text)
{
    long fd = sys(open, path, O_WRONLY | O_CREAT | O_TRUNC, 0644), n;

    if (fd < 0)
        return fd;
    n = sys(write, fd, text, length(text));
    sys(close, fd);
    return n;
}

static void contents(const char *what, const char *path)
{
    long fd = sys(open, path, O_RDONLY, 0), n = fd;

    if (fd >= 0) {
        n = sys(read, fd, buffer, sizeof(buffer));
        sys(close, fd);
    }
    if (n < 0)
        show(what, n);
    else
        bytes(what, buffer, n);
}

static void opening(void)
{
    long fd;

    show("open what is not there", sys(open, "none", O_RDONLY, 0));
    show("open the empty name", sys(open, "", O_RDONLY, 0));
    fd = ok("create", sys(open, "a", O_RDWR | O_CREAT, 0644));
    show("first descriptor that is free", fd);
    show("write", sys(write, fd, "0123456789", 10));
    show("close", sys(close, fd));
    show("close it again", sys(close, fd));
    ok("O_CREAT of what is there", sys(open, "a", O_RDWR | O_CREAT, 0644));
    show("O_EXCL of what is there", sys(open, "a", O_RDWR | O_CREAT | O_EXCL, 0644));
    ok("O_EXCL of what is not", fd = sys(open, "b", O_RDWR | O_CREAT | O_EXCL, 0600));
    sys(close, fd);
    sys(mkdir, "dir", 0755);
    show("write a directory", sys(open, "dir", O_WRONLY, 0));
    show("read and write a directory", sys(open, "dir", O_RDWR, 0));
    show("O_CREAT of a directory", sys(open, "dir", O_RDONLY | O_CREAT, 0644));
    ok("O_DIRECTORY of a directory", fd = sys(open, "dir", O_RDONLY | O_DIRECTORY, 0));
    show("read a directory", sys(read, fd, buffer, 10));
    show("write into it", sys(write, fd, buffer, 10));
    sys(close, fd);
    show("O_DIRECTORY of a file", sys(open, "a", O_RDONLY | O_DIRECTORY, 0));
    show("a file as a directory", sys(open, "a/x", O_RDONLY, 0));
    show("a file with a slash behind", sys(open, "a/", O_RDONLY, 0));
    show("create with a slash behind", sys(open, "new/", O_RDWR | O_CREAT, 0644));
    show("create in a directory that is not", sys(open, "none/x", O_RDWR | O_CREAT, 0644));
    ok("a directory with slashes behind", fd = sys(open, "dir///", O_RDONLY, 0));
    sys(close, fd);
    ok("through . and ..", fd = sys(open, "./dir/.././a", O_RDONLY, 0));
    sys(close, fd);
    ok("creat", fd = sys(creat, "made", 0644));
    show("read what creat opened", sys(read, fd, buffer, 1));
    sys(close, fd);
}

static void links(void)
{
    long fd;

    sys(symlink, "a", "to-a");
    sys(symlink, "round", "round");
    sys(symlink, "dangling-to", "dangling");
    sys(symlink, "dir", "to-dir");
    ok("through a link", fd = sys(open, "to-a", O_RDONLY, 0));
    show("its first bytes", sys(read, fd, buffer, 4));
    sys(close, fd);
    show("O_NOFOLLOW of a link", sys(open, "to-a", O_RDONLY | O_NOFOLLOW, 0));
    ok("O_NOFOLLOW of a file", fd = sys(open, "a", O_RDONLY | O_NOFOLLOW, 0));
    sys(close, fd);
    show("O_NOFOLLOW|O_DIRECTORY of a link", sys(open, "to-dir", O_RDONLY | O_NOFOLLOW | O_DIRECTORY, 0));
    show("a link to itself", sys(open, "round", O_RDONLY, 0));
    show("a link to nothing", sys(open, "dangling", O_RDONLY, 0));
    show("O_EXCL of a link to nothing", sys(open, "dangling", O_RDWR | O_CREAT | O_EXCL, 0644));
    ok("O_CREAT of a link to nothing", fd = sys(open, "dangling", O_RDWR | O_CREAT, 0644));
    sys(close, fd);
    ok("makes what it points to", fd = sys(open, "dangling-to", O_RDONLY, 0));
    sys(close, fd);
}

static void modes_of_access(void)
{
    long fd;

    put_file("mode", "0123456789");
    fd = sys(open, "mode", O_RDONLY, 0);
    show("write what is open for reading", sys(write, fd, "x", 1));
    show("truncate what is open for reading", sys(ftruncate, fd, 3));
    sys(close, fd);
    fd = sys(open, "mode", O_WRONLY, 0);
    show("read what is open for writing", sys(read, fd, buffer, 1));
    sys(close, fd);
    fd = sys(open, "mode", O_WRONLY | O_APPEND, 0);
    show("append", sys(write, fd, "AB", 2));
    seek64(fd, 0, 0);
    show("append after a seek", sys(write, fd, "CD", 2));
    say("position after it: %D\n", seek64(fd, 0, 1));
    sys(close, fd);
    contents("appended", "mode");
    fd = sys(open, "mode", O_RDWR | O_TRUNC, 0);
    say("O_TRUNC: %D\n", size_of((int)fd));
    sys(close, fd);
    put_file("mode", "left");
    fd = sys(open, "mode", O_RDONLY | O_TRUNC, 0);
    show("read after O_RDONLY|O_TRUNC", fd < 0 ? fd : sys(read, fd, buffer, 10));
    sys(close, fd);
}

static void positions(void)
{
    long fd;

    put_file("seek", "0123456789");
    fd = sys(open, "seek", O_RDWR, 0);
    show("lseek SET", sys(lseek, fd, 4, 0));
    show("lseek CUR", sys(lseek, fd, 3, 1));
    show("lseek END", sys(lseek, fd, -2, 2));
    show("lseek before the start", sys(lseek, fd, -1, 0));
    show("lseek back before the start", sys(lseek, fd, -20, 1));
    show("lseek with a wrong whence", sys(lseek, fd, 0, 9));
    show("the position stayed", sys(lseek, fd, 0, 1));
    show("lseek beyond the end", sys(lseek, fd, 20, 0));
    show("read there", sys(read, fd, buffer, 10));
    show("write there", sys(write, fd, "xy", 2));
    contents("a hole reads as zeros", "seek");
    say("_llseek beyond 4 GiB: %D\n", seek64((int)fd, 0x123456789ll, 0));
    show("lseek that does not fit", sys(lseek, fd, 0, 1));
    say("_llseek negative: %D\n", seek64((int)fd, -5, 0));
    show("read at the end of everything", sys(read, fd, buffer, 10));
    show("_llseek with no place for the result", sys(_llseek, fd, 0, 0, NULL, 0));
    show("_llseek of no descriptor", sys(_llseek, 77, 0, 0, buffer, 0));
    sys(close, fd);
}

static void at_positions(void)
{
    long fd;
    int pipe_fds[2];

    put_file("pos", "0123456789");
    fd = sys(open, "pos", O_RDWR, 0);
    sys(lseek, fd, 7, 0);
    show("pread", sys(pread64, fd, buffer, 4, 2, 0));
    bytes("pread's bytes", buffer, 4);
    show("pread over the end", sys(pread64, fd, buffer, 9, 8, 0));
    show("pread behind the end", sys(pread64, fd, buffer, 9, 80, 0));
    show("pwrite", sys(pwrite64, fd, "ABC", 3, 1, 0));
    show("pread at a negative position", sys(pread64, fd, buffer, 4, -1, -1));
    show("pwrite at a negative position", sys(pwrite64, fd, buffer, 4, -1, -1));
    show("the position stayed", sys(lseek, fd, 0, 1));
    contents("after pwrite", "pos");
    show("pwrite beyond the end", sys(pwrite64, fd, "Z", 1, 12, 0));
    contents("after that", "pos");
    sys(close, fd);
    fd = sys(open, "pos", O_RDWR | O_APPEND, 0);
    show("pwrite with O_APPEND", sys(pwrite64, fd, "!", 1, 0, 0));
    contents("appends all the same", "pos");
    sys(close, fd);
    sys(pipe, pipe_fds);
    show("pread of a pipe", sys(pread64, pipe_fds[0], buffer, 1, 0, 0));
    show("pwrite of a pipe", sys(pwrite64, pipe_fds[1], buffer, 1, 0, 0));
    show("lseek of a pipe", sys(lseek, pipe_fds[0], 0, 1));
    say("_llseek of a pipe: %r\n", sys(_llseek, pipe_fds[0], 0, 0, buffer, 1));
    sys(close, pipe_fds[0]);
    sys(close, pipe_fds[1]);
}

static void vectors(void)
{
    struct vec out[3] = { { "abc", 3 }, { "", 0 }, { "defgh", 5 } };
    struct vec in[2] = { { buffer, 2 }, { buffer + 100, 20 } };
    struct vec wrong[2] = { { buffer, 2 }, { buffer, 0x80000000u } };
    long fd = sys(open, "vec", O_RDWR | O_CREAT | O_TRUNC, 0644);

    show("writev", sys(writev, fd, out, 3));
    sys(lseek, fd, 0, 0);
    show("readv", sys(readv, fd, in, 2));
    bytes("its first part", buffer, 2);
    bytes("its second part", buffer + 100, 6);
    show("readv at the end", sys(readv, fd, in, 2));
    show("writev of nothing", sys(writev, fd, out, 0));
    show("writev of -1 parts", sys(writev, fd, out, -1));
    show("writev of 1025 parts", sys(writev, fd, out, 1025));
    show("readv of a part that is too long", sys(readv, fd, wrong, 2));
    show("readv into wild parts", sys(readv, fd, (void *)0xc0000000, 2));
    show("preadv", sys(preadv, fd, in, 2, 4, 0));
    bytes("preadv's bytes", buffer, 2);
    show("pwritev", sys(pwritev, fd, out, 3, 2, 0));
    sys(close, fd);
    contents("after pwritev", "vec");
    show("writev of no descriptor", sys(writev, 77, out, 3));
}

static void descriptors(void)
{
    long fd, copy;

    put_file("dup", "0123456789");
    fd = sys(open, "dup", O_RDONLY | O_CLOEXEC, 0);
    copy = sys(dup, fd);
    show("dup gives the next", copy - fd);
    show("dup shares the position", (sys(lseek, fd, 6, 0), sys(lseek, copy, 0, 1)));
    show("O_CLOEXEC is set", sys(fcntl64, fd, F_GETFD, 0));
    show("the copy lacks it", sys(fcntl64, copy, F_GETFD, 0));
    show("dup2", sys(dup2, fd, 40));
    show("dup2 to itself", sys(dup2, fd, fd) - fd);
    show("O_CLOEXEC after dup2 to itself", sys(fcntl64, fd, F_GETFD, 0));
    show("dup2 of a closed one to itself", sys(dup2, 50, 50));
    show("dup2 over an open one", sys(dup2, copy, 40));
    show("dup2 to a negative number", sys(dup2, fd, -1));
    show("dup2 to a large number", sys(dup2, fd, 1 << 30));
    show("dup of no descriptor", sys(dup, 77));
    show("dup3 with O_CLOEXEC", sys(dup3, fd, 41, O_CLOEXEC));
    show("its flag", sys(fcntl64, 41, F_GETFD, 0));
    show("dup3 to itself", sys(dup3, fd, fd, 0));
    show("dup3 with a wrong flag", sys(dup3, fd, 42, O_APPEND));
    show("F_DUPFD", sys(fcntl64, fd, F_DUPFD, 40));
    show("F_DUPFD_CLOEXEC", sys(fcntl64, fd, F_DUPFD_CLOEXEC, 60));
    show("its flag", sys(fcntl64, 60, F_GETFD, 0));
    show("F_DUPFD negative", sys(fcntl64, fd, F_DUPFD, -1));
    show("F_DUPFD too large", sys(fcntl64, fd, F_DUPFD, 1 << 30));
    show("F_SETFD", sys(fcntl64, copy, F_SETFD, FD_CLOEXEC));
    show("F_GETFD", sys(fcntl64, copy, F_GETFD, 0));
    show("F_GETFD of no descriptor", sys(fcntl64, 77, F_GETFD, 0));
    show("an unknown command", sys(fcntl64, fd, 9999, 0));
    sys(close, fd);
    show("the copy lives on", sys(read, copy, buffer, 2));
    for (long n = 40; n < 64; n++)
        sys(close, n);
    sys(close, copy);
}

static void flags(void)
{
    long fd = sys(open, "dup", O_RDWR | O_APPEND | O_CREAT | O_TRUNC, 0644), got, copy;

    got = sys(fcntl64, fd, F_GETFL, 0);
    say("F_GETFL: mode %d append %d creat %d trunc %d\n", (int)got & O_ACCMODE, !!(got & O_APPEND), !!(got & O_CREAT),
        !!(got & O_TRUNC));
    copy = sys(dup, fd);
    show("F_SETFL", sys(fcntl64, fd, F_SETFL, O_NONBLOCK | O_WRONLY));
    got = sys(fcntl64, copy, F_GETFL, 0);
    say("the copy sees it: mode %d append %d nonblock %d\n", (int)got & O_ACCMODE, !!(got & O_APPEND), !!(got & O_NONBLOCK));
    show("fcntl (the old one) F_GETFL", sys(fcntl, fd, F_GETFL, 0) == got);
    sys(close, copy);
    sys(close, fd);
    fd = sys(open, "dup", O_PATH, 0);
    show("read what is open for its path", sys(read, fd, buffer, 1));
    sys(close, fd);
}

static struct lock64 lock_of(int type, int64 start, int64 len)
{
    struct lock64 lock;

    memset(&lock, 0, sizeof(lock));
    lock.type = (short)type;
    lock.start = start;
    lock.len = len;
    return lock;
}

static long set_lock(int fd, int type, int64 start, int64 len)
{
    struct lock64 lock = lock_of(type, start, len);

    return sys(fcntl64, fd, F_SETLK64, &lock);
}

static void tell_lock(const char *what, int fd, int type, int64 start, int64 len, int owner)
{
    struct lock64 lock = lock_of(type, start, len);
    long result = sys(fcntl64, fd, F_GETLK64, &lock);

    if (result < 0 || lock.type == F_UNLCK)
        say("%s: %r type %d\n", what, result, lock.type);
    else
        say("%s: type %d from %D length %D, %s\n", what, lock.type, lock.start, lock.len, lock.pid == owner ? "its owner" : "?");
}

static void child_locks(int fd, int parent)
{
    tell_lock("write lock asked of a read lock", fd, F_WRLCK, 0, 5, parent);
    tell_lock("read lock asked of a read lock", fd, F_RDLCK, 0, 5, parent);
    tell_lock("read lock asked of a write lock", fd, F_RDLCK, 0, 0, parent);
    show("child reads where the parent reads", set_lock(fd, F_RDLCK, 0, 5));
    show("child writes where the parent reads", set_lock(fd, F_WRLCK, 0, 1));
    show("child reads where the parent writes", set_lock(fd, F_RDLCK, 25, 1));
    show("child writes between them", set_lock(fd, F_WRLCK, 10, 10));
    show("child writes over an edge", set_lock(fd, F_WRLCK, 19, 2));
    show("child unlocks what it has not", set_lock(fd, F_UNLCK, 20, 10));
    leave(0);
}

static void locks(void)
{
    struct lock64 lock;
    long fd = sys(open, "lock", O_RDWR | O_CREAT, 0644), child, other;
    int pipe_fds[2];
    char c;

    put_file("lock", "0123456789012345678901234567890123456789");
    show("read lock", set_lock((int)fd, F_RDLCK, 0, 10));
    show("write lock", set_lock((int)fd, F_WRLCK, 20, 10));
    tell_lock("one's own lock is no obstacle", (int)fd, F_WRLCK, 0, 0, 0);
    child = fork_process();
    if (child == 0)
        child_locks((int)fd, (int)sys(getppid));
    reap("the locking child", child);
    show("the child's locks are gone", set_lock((int)fd, F_WRLCK, 0, 0));
    show("split a lock", set_lock((int)fd, F_UNLCK, 10, 5));
    child = fork_process();
    if (child == 0) {
        tell_lock("what is left before", (int)fd, F_WRLCK, 0, 0, (int)sys(getppid));
        tell_lock("what is left behind", (int)fd, F_WRLCK, 12, 0, (int)sys(getppid));
        show("the gap", set_lock((int)fd, F_WRLCK, 10, 5));
        leave(0);
    }
    reap("a second child", child);
    other = sys(open, "lock", O_RDONLY, 0);
    sys(close, other);
    child = fork_process();
    if (child == 0) {
        show("any close ends all of a process's locks", set_lock((int)fd, F_WRLCK, 0, 0));
        leave(0);
    }
    reap("a third child", child);
    show("wrong type", set_lock((int)fd, 99, 0, 0));
    show("negative start", set_lock((int)fd, F_WRLCK, -1, 5));
    other = sys(open, "lock", O_RDONLY, 0);
    show("write lock of what is open for reading", set_lock((int)other, F_WRLCK, 0, 1));

    sys(pipe, pipe_fds);                    /* F_SETLKW waits until the other lets go */
    set_lock((int)fd, F_WRLCK, 0, 0);
    child = fork_process();
    if (child == 0) {
        sys(write, pipe_fds[1], "x", 1);
        lock = lock_of(F_WRLCK, 0, 0);
        show("F_SETLKW", sys(fcntl64, fd, F_SETLKW64, &lock));
        leave(0);
    }
    sys(read, pipe_fds[0], &c, 1);
    pause_ms(50);
    say("unlock\n");
    set_lock((int)fd, F_UNLCK, 0, 0);
    reap("the waiting child", child);
    sys(close, pipe_fds[0]);
    sys(close, pipe_fds[1]);
    sys(close, other);
    sys(close, fd);
}

static void lengths(void)
{
    long fd, child;

    put_file("len", "0123456789");
    fd = sys(open, "len", O_RDWR, 0);
    show("ftruncate shorter", sys(ftruncate, fd, 4));
    contents("shorter", "len");
    show("ftruncate longer", sys(ftruncate, fd, 7));
    contents("longer", "len");
    show("ftruncate negative", sys(ftruncate, fd, -1));
    show("ftruncate64", sys(ftruncate64, fd, 3, 0));
    show("ftruncate64 to 1 MiB", sys(ftruncate64, fd, 1 << 20, 0));
    say("its size: %D\n", size_of((int)fd));
    show("ftruncate64 negative", sys(ftruncate64, fd, 0, -1));
    show("truncate", sys(truncate, "len", 2));
    contents("truncated", "len");
    show("truncate what is not there", sys(truncate, "none", 2));
    show("truncate a directory", sys(truncate, "dir", 2));
    show("truncate64", sys(truncate64, "len", 1, 0));
    show("ftruncate of no descriptor", sys(ftruncate, 77, 1));
    show("fsync", sys(fsync, fd));
    show("fdatasync", sys(fdatasync, fd));
    show("fsync of no descriptor", sys(fsync, 77));
    show("sync", sys(sync));
    sys(unlink, "len");
    show("write after unlink", sys(write, fd, "xyz", 3));
    show("pread after unlink", sys(pread64, fd, buffer, 3, 0, 0));
    sys(lseek, fd, 0, 0);
    child = fork_process();
    if (child == 0) {
        sys(read, fd, buffer, 2);
        leave(0);
    }
    reap("a child that reads", child);
    show("parent and child share a position", sys(lseek, fd, 0, 1));
    sys(close, fd);
}

static void counts(void)
{
    long fd, n = 0;

    put_file("count", "0123456789");
    fd = sys(open, "count", O_RDWR, 0);
    show("read nothing", sys(read, fd, buffer, 0));
    show("write nothing", sys(write, fd, buffer, 0));
    show("read a negative count", sys(read, fd, buffer, -1) < 0);
    show("read to a kernel address", sys(read, fd, 0xc0000000, 5));
    show("write from a kernel address", sys(write, fd, 0xc0000000, 5));
    show("the position stayed", sys(lseek, fd, 0, 1));
    show("read of no descriptor", sys(read, 77, buffer, 1));
    show("write of no descriptor", sys(write, 77, buffer, 1));
    show("read of -1", sys(read, -1, buffer, 1));
    show("close of -1", sys(close, -1));
    sys(ftruncate, fd, 0);
    sys(lseek, fd, 0, 0);
    memset(buffer, 'q', sizeof(buffer));
    for (int i = 0; i < 40; i++)
        n += sys(write, fd, buffer, 8191);
    show("bytes written in odd pieces", n);
    sys(lseek, fd, 0, 0);
    for (n = 0;;) {
        long got = sys(read, fd, buffer, 1000);
        if (got <= 0)
            break;
        n += got;
    }
    show("bytes read in others", n);
    sys(close, fd);
    for (n = 0; n < 5000; n++) {
        if (sys(dup, 0) < 0)
            break;
    }
    show("the table of descriptors ends", sys(dup, 0));
    show("open then", sys(open, "count", O_RDONLY, 0));
    show("pipe then", sys(pipe, buffer));
    for (fd = 3; fd < 5000; fd++)
        sys(close, fd);
}

static void check_all(void)
{
    enter_folder("files");
    opening();
    for (int fd = 3; fd < 20; fd++)
        sys(close, fd);
    links();
    modes_of_access();
    positions();
    at_positions();
    vectors();
    descriptors();
    flags();
    locks();
    lengths();
    counts();
}
