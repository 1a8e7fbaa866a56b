/*
 * Conformance: every call that takes a pointer, with wild ones in place of each: NULL, near it, the first
 * address of the kernel, the last page of all, and two bytes before memory that is not there. Prints what
 * each answers; nothing may crash, hang or write where it must not.
 *
 * The section ERRORS of each call's manual page; EFAULT in errno(3).
 */
#include "signal.h"

#define PAGE 4096u
#define EDGE 0          /* stands for the last two bytes of a page that has no neighbour */

static const unsigned wild[] = { 0, 16, 0xc0000000u, 0xfffff000u, 0xffffffffu, EDGE };
static char *edge;
static char good[8192];                 /* a place where anything may be written */
static char path[] = "there";
static int zero_time[4];
static unsigned no_mask[2];
static int file, folder, pipe_in, pipe_out;

enum { PLAIN, NO_EDGE, NO_NULL };       /* at NULL such a call would wait for ever */

struct call {
    const char *name;
    int number;
    unsigned pointers;                  /* bit n: argument n is one, and is replaced */
    int how;
    const void *arguments[6];
};

#define P(value) ((const void *)(value))
#define N(value) ((const void *)(long)(value))
#define FILE   N(-10)                   /* the descriptors, which are known at run time only */
#define FOLDER N(-11)
#define IN     N(-12)
#define OUT    N(-13)
#define FIRST 1
#define SECOND 2
#define THIRD 4
#define FOURTH 8
#define FIFTH 16

static const struct call calls[] = {
    { "read", __NR_read, SECOND, NO_EDGE, { FILE, P(good), N(10) } },
    { "write", __NR_write, SECOND, NO_EDGE, { FILE, P(good), N(10) } },
    { "pread64", __NR_pread64, SECOND, NO_EDGE, { FILE, P(good), N(10), N(0), N(0) } },
    { "pwrite64", __NR_pwrite64, SECOND, NO_EDGE, { FILE, P(good), N(10), N(0), N(0) } },
    { "read of a pipe", __NR_read, SECOND, NO_EDGE, { IN, P(good), N(3) } },
    { "write of a pipe", __NR_write, SECOND, NO_EDGE, { OUT, P(good), N(3) } },
    { "readv", __NR_readv, SECOND, PLAIN, { FILE, P(good), N(1) } },
    { "writev", __NR_writev, SECOND, PLAIN, { FILE, P(good), N(1) } },
    { "open", __NR_open, FIRST, PLAIN, { P("none"), N(0), N(0) } },
    { "creat", __NR_creat, FIRST, PLAIN, { P("there"), N(0644) } },
    { "openat", __NR_openat, SECOND, PLAIN, { N(AT_FDCWD), P("none"), N(0), N(0) } },
    { "link", __NR_link, FIRST | SECOND, PLAIN, { P("none"), P("none2") } },
    { "unlink", __NR_unlink, FIRST, PLAIN, { P("none") } },
    { "execve", __NR_execve, FIRST, PLAIN, { P("none"), P(good), P(good) } },
    { "chdir", __NR_chdir, FIRST, PLAIN, { P("none") } },
    { "time", __NR_time, FIRST, PLAIN, { P(good) } },
    { "mknod", __NR_mknod, FIRST, PLAIN, { P("there"), N(0100644), N(0) } },
    { "chmod", __NR_chmod, FIRST, PLAIN, { P("none"), N(0644) } },
    { "utime", __NR_utime, FIRST | SECOND, PLAIN, { P(path), P(zero_time) } },
    { "access", __NR_access, FIRST, PLAIN, { P("none"), N(0) } },
    { "rename", __NR_rename, FIRST | SECOND, PLAIN, { P("none"), P("none2") } },
    { "mkdir", __NR_mkdir, FIRST, PLAIN, { P("there"), N(0755) } },
    { "rmdir", __NR_rmdir, FIRST, PLAIN, { P("none") } },
    { "pipe", __NR_pipe, FIRST, PLAIN, { N(16) } },
    { "pipe2", __NR_pipe2, FIRST, PLAIN, { N(16), N(0) } },
    { "times", __NR_times, FIRST, PLAIN, { P(good) } },
    { "symlink", __NR_symlink, FIRST | SECOND, PLAIN, { P("x"), P("there") } },
    { "readlink", __NR_readlink, FIRST | SECOND, PLAIN, { P("link"), P(good), N(100) } },
    { "gettimeofday", __NR_gettimeofday, FIRST | SECOND, PLAIN, { P(good), P(good) } },
    { "truncate", __NR_truncate, FIRST, PLAIN, { P("none"), N(0) } },
    { "statfs64", __NR_statfs64, FIRST | THIRD, PLAIN, { P(path), N(84), P(good) } },
    { "fstatfs64", __NR_fstatfs64, THIRD, PLAIN, { FILE, N(84), P(good) } },
    { "setitimer", __NR_setitimer, SECOND | THIRD, PLAIN, { N(0), P(zero_time), P(good) } },
    { "getitimer", __NR_getitimer, SECOND, PLAIN, { N(0), P(good) } },
    { "stat64", __NR_stat64, FIRST | SECOND, PLAIN, { P(path), P(good) } },
    { "lstat64", __NR_lstat64, FIRST | SECOND, PLAIN, { P(path), P(good) } },
    { "fstat64", __NR_fstat64, SECOND, PLAIN, { FILE, P(good) } },
    { "fstatat64", __NR_fstatat64, SECOND | THIRD, PLAIN, { N(AT_FDCWD), P(path), P(good), N(0) } },
    { "statx", __NR_statx, SECOND | FIFTH, PLAIN, { N(AT_FDCWD), P(path), N(0), N(0x7ff), P(good) } },
    { "wait4", __NR_wait4, SECOND | FOURTH, PLAIN, { N(-1), P(good), N(1), P(good) } },
    { "sysinfo", __NR_sysinfo, FIRST, PLAIN, { P(good) } },
    { "uname", __NR_uname, FIRST, PLAIN, { P(good) } },
    { "_llseek", __NR__llseek, FOURTH, PLAIN, { FILE, N(0), N(0), P(good), N(0) } },
    { "getdents64", __NR_getdents64, SECOND, PLAIN, { FOLDER, P(good), N(1000) } },
    { "select", __NR__newselect, SECOND, PLAIN, { N(1), P(no_mask), N(0), N(0), P(zero_time) } },
    { "select", __NR__newselect, FIFTH, NO_NULL, { N(1), P(no_mask), N(0), N(0), P(zero_time) } },
    { "pselect6", __NR_pselect6, SECOND, PLAIN, { N(1), P(no_mask), N(0), N(0), P(zero_time), N(0) } },
    { "pselect6", __NR_pselect6, FIFTH, NO_NULL, { N(1), P(no_mask), N(0), N(0), P(zero_time), N(0) } },
    { "poll", __NR_poll, FIRST, PLAIN, { P(good), N(1), N(0) } },
    { "ppoll", __NR_ppoll, FIRST | FOURTH, PLAIN, { P(good), N(1), P(zero_time), P(no_mask), N(8) } },
    { "ppoll", __NR_ppoll, THIRD, NO_NULL, { P(good), N(1), P(zero_time), P(no_mask), N(8) } },
    { "nanosleep", __NR_nanosleep, FIRST, PLAIN, { P(zero_time), P(good) } },
    { "clock_nanosleep", __NR_clock_nanosleep, THIRD, PLAIN, { N(1), N(0), P(zero_time), P(good) } },
    { "clock_gettime", __NR_clock_gettime, SECOND, PLAIN, { N(1), P(good) } },
    { "clock_gettime64", __NR_clock_gettime64, SECOND, PLAIN, { N(1), P(good) } },
    { "clock_getres", __NR_clock_getres, SECOND, PLAIN, { N(1), P(good) } },
    { "rt_sigaction", __NR_rt_sigaction, THIRD, PLAIN, { N(SIGUSR1), N(0), P(good), N(8) } },
    { "rt_sigaction set", __NR_rt_sigaction, SECOND, PLAIN, { N(SIGUSR1), P(good), N(0), N(8) } },
    { "rt_sigprocmask", __NR_rt_sigprocmask, SECOND | THIRD, PLAIN, { N(0), P(no_mask), P(good), N(8) } },
    { "rt_sigpending", __NR_rt_sigpending, FIRST, PLAIN, { P(good), N(8) } },
    { "rt_sigtimedwait", __NR_rt_sigtimedwait, FIRST, PLAIN, { P(no_mask), P(good), P(zero_time), N(8) } },
    { "rt_sigtimedwait", __NR_rt_sigtimedwait, THIRD, NO_NULL, { P(no_mask), P(good), P(zero_time), N(8) } },
    { "rt_sigqueueinfo", __NR_rt_sigqueueinfo, THIRD, NO_EDGE, { N(1), N(0), P(good) } },
    { "sigaltstack", __NR_sigaltstack, FIRST | SECOND, PLAIN, { N(0), P(good) } },
    { "getcwd", __NR_getcwd, FIRST, PLAIN, { P(good), N(1000) } },
    { "sendfile64", __NR_sendfile64, THIRD, PLAIN, { OUT, FILE, P(zero_time), N(0) } },
    { "ugetrlimit", __NR_ugetrlimit, SECOND, PLAIN, { N(7), P(good) } },
    { "prlimit64", __NR_prlimit64, THIRD | FOURTH, PLAIN, { N(0), N(7), N(0), P(good) } },
    { "getrusage", __NR_getrusage, SECOND, PLAIN, { N(0), P(good) } },
    { "getresuid32", __NR_getresuid32, FIRST | SECOND | THIRD, PLAIN, { P(good), P(good), P(good) } },
    { "getgroups32", __NR_getgroups32, SECOND, NO_EDGE, { N(0), P(good) } },
    { "utimensat", __NR_utimensat, THIRD, PLAIN, { N(AT_FDCWD), P(path), P(zero_time), N(0) } },
    { "faccessat", __NR_faccessat, SECOND, PLAIN, { N(AT_FDCWD), P("none"), N(0) } },
    { "mkdirat", __NR_mkdirat, SECOND, PLAIN, { N(AT_FDCWD), P("there"), N(0) } },
    { "unlinkat", __NR_unlinkat, SECOND, PLAIN, { N(AT_FDCWD), P("none"), N(0) } },
    { "renameat", __NR_renameat, SECOND | FOURTH, PLAIN, { N(AT_FDCWD), P("none"), N(AT_FDCWD), P("none2") } },
    { "symlinkat", __NR_symlinkat, FIRST | THIRD, PLAIN, { P("x"), N(AT_FDCWD), P("there") } },
    { "readlinkat", __NR_readlinkat, SECOND | THIRD, PLAIN, { N(AT_FDCWD), P("link"), P(good), N(100) } },
    { "fcntl64 F_GETLK", __NR_fcntl64, THIRD, PLAIN, { FILE, N(5), P(good) } },
    { "fcntl64 F_SETLK", __NR_fcntl64, THIRD, PLAIN, { FILE, N(6), P(zero_time) } },
    { "futex", __NR_futex, FIRST, NO_EDGE, { P(zero_time), N(1), N(1), N(0), N(0), N(0) } },
    { "set_thread_area", __NR_set_thread_area, FIRST, PLAIN, { N(16) } },
    { "getrandom", __NR_getrandom, FIRST, NO_EDGE, { P(good), N(10), N(0) } },
    { "set_robust_list", __NR_set_robust_list, FIRST, PLAIN, { N(0), N(12) } },
    { "getcpu", __NR_getcpu, FIRST | SECOND, PLAIN, { P(good), P(good) } },
};

static long known(const void *argument)
{
    switch ((long)argument) {
    case -10: return file;
    case -11: return folder;
    case -12: return pipe_in;
    case -13: return pipe_out;
    }
    return (long)argument;
}

static void try_call(const struct call *call, int which)
{
    say("%s %d:", call->name, which + 1);
    for (unsigned i = 0; i < ARRAY_SIZE(wild); i++) {
        int is_edge = i == ARRAY_SIZE(wild) - 1;
        long a[6], result;

        memset(edge + PAGE - 2, 'e', 2);
        if ((is_edge && call->how == NO_EDGE) || (i == 0 && call->how == NO_NULL))
            continue;
        for (int n = 0; n < 6; n++)
            a[n] = known(call->arguments[n]);
        a[which] = is_edge ? (long)(edge + PAGE - 2) : (long)wild[i];
        result = call_six(call->number, a);
        if (result < 0 && result > -4096)
            say(" %r", result);
        else
            say(" ok");
    }
    say("\n");
}

static void check_all(void)
{
    int fds[2];

    enter_folder("pointers");
    set_action(SIGPIPE, SIG_IGN, 0, 0);
    edge = (char *)sys(mmap2, NULL, 2 * PAGE, 3, 0x22, -1, 0);
    sys(munmap, edge + PAGE, PAGE);
    memset(edge, 'e', PAGE);
    file = (int)sys(open, path, O_RDWR | O_CREAT, 0644);
    sys(write, file, good, sizeof(good));
    sys(lseek, file, 0, 0);
    folder = (int)sys(open, ".", O_RDONLY, 0);
    sys(symlink, "target", "link");
    sys(pipe, fds);
    pipe_in = fds[0], pipe_out = fds[1];
    sys(write, pipe_out, "0123456789012345678901234567890123456789", 40);
    for (unsigned i = 0; i < ARRAY_SIZE(calls); i++) {
        for (int which = 0; which < 6; which++) {
            if (calls[i].pointers >> which & 1)
                try_call(&calls[i], which);
        }
        memset(good, 0, sizeof(good));
        memset(zero_time, 0, sizeof(zero_time));
    }
    show("a read to the very end of memory", sys(pread64, file, edge + PAGE - 2, 2, 0, 0));
    show("a write from there", sys(pwrite64, file, edge + PAGE - 2, 2, 0, 0));
    memcpy(edge + PAGE - 6, path, 6);
    show("a name that ends there", sys(access, edge + PAGE - 6, 0));
    show("a name that wraps around", sys(access, 0xfffffffc, 0));
    show("a buffer that wraps around", sys(read, file, 0xfffffff0, 0x20));
    show("a buffer that reaches into the kernel", sys(read, file, 0xbffff000, 0x2000));
    sys(mmap2, edge, PAGE, 0, 0x32, -1, 0);
    show("a page without access", sys(read, file, edge, 10));
    show("a name there", sys(open, edge, O_RDONLY, 0));
    sys(mmap2, edge, PAGE, 1, 0x32, -1, 0);
    show("a read into a read-only page", sys(pread64, file, edge, 10, 0, 0));
    show("a write from it", sys(pwrite64, file, edge, 10, 0, 0));
    show("stat64 into it", sys(stat64, path, edge));
    show("pipe into it", sys(pipe, edge));
    show("the next descriptor is still the same", sys(dup, 0) - pipe_out);
}
