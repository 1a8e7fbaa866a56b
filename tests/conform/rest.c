/*
 * Conformance: what belongs to no other family: copying from file to file inside the kernel, timers that send
 * signals, advice, the scheduler's calls, preallocation.
 *
 * sendfile(2), copy_file_range(2), timer_create(2), posix_fadvise(2), sched_getaffinity(2), fallocate(2).
 */
#include "signal.h"

struct event {
    int value, number, notify, rest[13];
};

struct timer_spec {
    long every_sec, every_nsec, value_sec, value_nsec;
};

static char buffer[16384];
static volatile int count, last_code, last_value;

static void note(int number, struct info *info, struct ucontext *context)
{
    (void)number;
    (void)context;
    count++;
    last_code = info->code;
    last_value = info->rest[2];
}

static long make(const char *path, size_t size)
{
    long fd = sys(open, path, O_RDWR | O_CREAT | O_TRUNC, 0644);

    for (size_t i = 0; i < size; i++)
        buffer[i] = (char)('a' + i % 26);
    sys(write, fd, buffer, size);
    sys(lseek, fd, 0, 0);
    return fd;
}

static void sending(void)
{
    long from = make("from", 10000), to = make("to", 0), n;
    int64 offset = 26;
    long short_offset = 52;
    int fds[2];

    show("sendfile64", sys(sendfile64, to, from, &offset, 30));
    show("it moved the offset", (long)offset);
    show("not the position", sys(lseek, from, 0, 1));
    sys(pread64, to, buffer, 30, 0, 0);
    bytes("what came", buffer, 5);
    show("sendfile64 from the position", sys(sendfile64, to, from, NULL, 100));
    show("it moved", sys(lseek, from, 0, 1));
    show("sendfile", sys(sendfile, to, from, &short_offset, 10));
    show("its offset", short_offset);
    offset = 9990;
    show("over the end", sys(sendfile64, to, from, &offset, 100));
    show("at the end", sys(sendfile64, to, from, &offset, 100));
    offset = -1;
    show("a negative offset", sys(sendfile64, to, from, &offset, 100));
    sys(pipe, fds);
    offset = 0;
    show("into a pipe", sys(sendfile64, fds[1], from, &offset, 4000));
    n = sys(read, fds[0], buffer, sizeof(buffer));
    show("arrived", n);
    bytes("its start", buffer, 3);
    show("from a pipe", sys(sendfile64, to, fds[0], NULL, 10));
    show("into no descriptor", sys(sendfile64, 77, from, NULL, 10));
    show("from no descriptor", sys(sendfile64, to, 77, NULL, 10));
    sys(close, fds[0]);
    sys(close, fds[1]);
    sys(close, to);
    to = sys(open, "to", O_RDONLY, 0);
    show("into what is open for reading", sys(sendfile64, to, from, NULL, 10));
    sys(close, to);
    to = sys(open, "to", O_WRONLY | O_APPEND, 0);
    show("into what appends", sys(sendfile64, to, from, NULL, 10));
    sys(close, to);
    sys(close, from);
}

static void copying(void)
{
    long from = make("from", 10000), to = make("to", 100);
    int64 in = 5, out = 50;

    show("copy_file_range", sys(copy_file_range, from, &in, to, &out, 200, 0));
    say("offsets %d %d\n", (int)in, (int)out);
    sys(pread64, to, buffer, 3, 50, 0);
    bytes("what came", buffer, 3);
    show("from positions", sys(copy_file_range, from, NULL, to, NULL, 20, 0));
    say("positions %d %d\n", (int)sys(lseek, from, 0, 1), (int)sys(lseek, to, 0, 1));
    show("wrong flags", sys(copy_file_range, from, NULL, to, NULL, 20, 9));
    in = 20000;
    show("behind the end", sys(copy_file_range, from, &in, to, NULL, 20, 0));
    sys(close, to);
    to = sys(open, ".", O_RDONLY, 0);
    show("into a folder", sys(copy_file_range, from, NULL, to, NULL, 20, 0));
    sys(close, to);
    sys(close, from);
}

static void timers(void)
{
    struct event event = { 77, SIGUSR1, 0, { 0 } };
    struct timer_spec spec = { 0, 20000000, 0, 20000000 }, now, off = { 0, 0, 0, 0 };
    int timer = -1;

    set_action(SIGUSR1, note, SA_SIGINFO, 0);
    show("timer_create", sys(timer_create, 1, &event, &timer));
    show("timer_settime", sys(timer_settime, timer, 0, &spec, NULL));
    while (count < 3)
        sys(pause);
    say("code %d value %d\n", last_code, last_value);
    show("timer_gettime", sys(timer_gettime, timer, &now));
    yes("its values", now.every_nsec == 20000000 && now.value_sec == 0 && now.value_nsec <= 30000000);
    show("timer_getoverrun", sys(timer_getoverrun, timer) >= 0);
    show("timer_settime off", sys(timer_settime, timer, 0, &off, NULL));
    count = 0;
    pause_ms(60);
    show("none comes", count);
    show("timer_delete", sys(timer_delete, timer));
    show("timer_delete again", sys(timer_delete, timer));
    show("timer_create of no clock", sys(timer_create, 99, &event, &timer));
    event.number = 99;
    show("timer_create with a wrong signal", sys(timer_create, 1, &event, &timer));
    show("timer_settime of no timer", sys(timer_settime, 5555, 0, &spec, NULL));
}

static void scheduling(void)
{
    unsigned mask[32] = { 0 };
    long n = sys(sched_getaffinity, 0, sizeof(mask), mask);
    int parameter = 5;

    yes("sched_getaffinity", n >= 4 && n % 4 == 0 && (mask[0] & 1));
    show("with too little room", sys(sched_getaffinity, 0, 1, mask));
    show("of nobody", sys(sched_getaffinity, 99999, sizeof(mask), mask));
    show("sched_getscheduler", sys(sched_getscheduler, 0));
    show("sched_getparam", sys(sched_getparam, 0, &parameter));
    show("its priority", parameter);
    show("sched_get_priority_max of SCHED_FIFO", sys(sched_get_priority_max, 1));
    show("sched_get_priority_min of SCHED_OTHER", sys(sched_get_priority_min, 0));
    show("of no policy", sys(sched_get_priority_max, 99));
}

static void advice(void)
{
    long fd = make("from", 10000);
    int fds[2];

    sys(pipe, fds);
    show("fadvise64_64", sys(fadvise64_64, fd, 0, 0, 0, 0, 3));
    show("of no descriptor", sys(fadvise64_64, 77, 0, 0, 0, 0, 3));
    show("of a pipe", sys(fadvise64_64, fds[0], 0, 0, 0, 0, 3));
    show("ioctl that a file has not", sys(ioctl, fd, 0x5401, buffer));
    show("ioctl of no descriptor", sys(ioctl, 77, 0x5401, buffer));
    show("FIONREAD of a pipe", (sys(write, fds[1], "abc", 3), sys(ioctl, fds[0], 0x541b, buffer)));
    show("its answer", *(int *)buffer);
    show("FIONBIO", (*(int *)buffer = 1, sys(ioctl, fds[0], 0x5421, buffer)));
    show("read then", (sys(read, fds[0], buffer, 3), sys(read, fds[0], buffer, 3)));
    show("FIOCLEX", sys(ioctl, fds[0], 0x5451, 0));
    show("F_GETFD then", sys(fcntl64, fds[0], F_GETFD, 0));
    show("fchdir to a file", sys(fchdir, fd));
    show("readahead", sys(readahead, fd, 0, 0, 4096));
    sys(close, fds[0]);
    sys(close, fds[1]);
    sys(close, fd);
}

static void devices(void)
{
    long fd = sys(open, "/dev/null", O_RDWR, 0);

    show("read /dev/null", sys(read, fd, buffer, 10));
    show("write /dev/null", sys(write, fd, buffer, 10));
    show("lseek it", sys(lseek, fd, 100, 0));
    show("ftruncate it", sys(ftruncate, fd, 0));
    sys(close, fd);
    fd = sys(open, "/dev/zero", O_RDWR, 0);
    buffer[5] = 9;
    show("read /dev/zero", sys(read, fd, buffer, 10));
    show("its bytes", buffer[5]);
    sys(close, fd);
    fd = sys(open, "/dev/urandom", O_RDONLY, 0);
    show("read /dev/urandom", sys(read, fd, buffer, 100));
    sys(close, fd);
    fd = sys(open, "/dev/full", O_WRONLY, 0);
    show("write /dev/full", fd < 0 ? fd : sys(write, fd, buffer, 10));
    sys(close, fd);
    show("O_TRUNC of /dev/null", sys(open, "/dev/null", O_WRONLY | O_TRUNC | O_CREAT, 0644) >= 0);
    show("open a device below a file", sys(open, "/dev/null/x", O_RDONLY, 0));
}

static void check_all(void)
{
    enter_folder("rest");
    sending();
    copying();
    timers();
    scheduling();
    advice();
    devices();
}
