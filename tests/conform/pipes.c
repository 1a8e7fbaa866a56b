/*
 * Conformance: pipes, fifos, poll and select. Blocking and not, ends that close, SIGPIPE, writes that
 * must not mix, what poll tells and how long it waits.
 *
 * pipe(7), pipe2(2), poll(2), select(2).
 */
#include "signal.h"

#define POLLIN   1
#define POLLOUT  4
#define POLLERR  8
#define POLLHUP  16
#define POLLNVAL 32
#define PIPE_BUF 4096

struct pollfd {
    int fd;
    short events, revents;
};

static char buffer[200000];
static volatile int signals;

static void note(int number)
{
    (void)number;
    signals++;
}

static void close_both(const int *fds)
{
    sys(close, fds[0]);
    sys(close, fds[1]);
}

static void basics(void)
{
    int fds[2];
    long child;

    show("pipe", sys(pipe, fds));
    say("its ends: %d %d\n", fds[0], fds[1]);
    show("write", sys(write, fds[1], "hello", 5));
    show("read less", sys(read, fds[0], buffer, 2));
    show("read the rest", sys(read, fds[0], buffer, 100));
    bytes("it", buffer, 3);
    show("write to the reading end", sys(write, fds[0], "x", 1));
    show("read from the writing end", sys(read, fds[1], buffer, 1));
    show("write nothing", sys(write, fds[1], "x", 0));
    show("read nothing", sys(read, fds[0], buffer, 0));
    sys(write, fds[1], "left", 4);
    sys(close, fds[1]);
    show("read what is left", sys(read, fds[0], buffer, 100));
    show("read at the end", sys(read, fds[0], buffer, 100));
    sys(close, fds[0]);
    sys(pipe, fds);
    sys(close, fds[0]);
    set_action(SIGPIPE, SIG_IGN, 0, 0);
    show("write with no reader", sys(write, fds[1], "x", 1));
    set_action(SIGPIPE, note, 0, 0);
    show("write with no reader", sys(write, fds[1], "x", 1));
    show("SIGPIPE", signals);
    set_action(SIGPIPE, SIG_DFL, 0, 0);
    child = fork_process();
    if (child == 0) {
        sys(write, fds[1], "x", 1);
        leave(0);
    }
    reap("SIGPIPE by default", child);
    sys(close, fds[1]);
    show("pipe2 with wrong flags", sys(pipe2, fds, 0x100));
    show("pipe2 to a wild address", sys(pipe2, 16, 0));
    show("pipe2", sys(pipe2, fds, O_CLOEXEC | O_NONBLOCK));
    say("flags: %d %d, %o %o\n", (int)sys(fcntl64, fds[0], F_GETFD, 0), (int)sys(fcntl64, fds[1], F_GETFD, 0),
        (unsigned)sys(fcntl64, fds[0], F_GETFL, 0) & (O_ACCMODE | O_NONBLOCK),
        (unsigned)sys(fcntl64, fds[1], F_GETFL, 0) & (O_ACCMODE | O_NONBLOCK));
    close_both(fds);
}

static void without_waiting(void)
{
    int fds[2];
    long total = 0, n;

    sys(pipe2, fds, O_NONBLOCK);
    show("read an empty one", sys(read, fds[0], buffer, 1));
    while ((n = sys(write, fds[1], buffer, 4096)) > 0)
        total += n;
    show("write a full one", n);
    show("what it held", total);
    show("write one more byte", sys(write, fds[1], "x", 1));
    show("take one byte", sys(read, fds[0], buffer, 1));
    show("4096 bytes do not fit in parts", sys(write, fds[1], buffer, 4096));
    show("take a page", sys(read, fds[0], buffer, 4095));
    show("4096 bytes fit", sys(write, fds[1], buffer, 4096));
    show("take two pages", sys(read, fds[0], buffer, 8192));
    show("much goes in part", sys(write, fds[1], buffer, 20000));
    close_both(fds);
    sys(pipe, fds);
    sys(fcntl64, fds[0], F_SETFL, O_NONBLOCK);
    show("F_SETFL", sys(read, fds[0], buffer, 1));
    show("F_GETPIPE_SZ", sys(fcntl64, fds[0], F_GETPIPE_SZ, 0));
    close_both(fds);
}

static void waiting(void)
{
    int fds[2], back[2];
    long child, total = 0, n, sum = 0;

    sys(pipe, fds);
    child = fork_process();
    if (child == 0) {
        pause_ms(30);
        sys(write, fds[1], "late", 4);
        leave(0);
    }
    show("read waits", sys(read, fds[0], buffer, 100));
    reap("writer", child);
    child = fork_process();
    if (child == 0) {
        for (int i = 0; i < 200000; i++)
            buffer[i] = (char)(i * 7);
        show("write waits for room", sys(write, fds[1], buffer, 200000));
        leave(0);
    }
    sys(close, fds[1]);
    pause_ms(30);
    memset(buffer, 0, sizeof(buffer));
    while ((n = sys(read, fds[0], buffer, 3000)) > 0) {
        for (long i = 0; i < n; i++)
            sum += buffer[i] == (char)((total + i) * 7);
        total += n;
    }
    reap("writer", child);
    say("read %d bytes, %d right, end %r\n", (int)total, (int)sum, n);
    sys(close, fds[0]);
    sys(pipe, fds);
    sys(pipe, back);
    child = fork_process();
    if (child == 0) {
        for (;;) {
            char c;
            if (sys(read, fds[0], &c, 1) != 1 || c == 0)
                leave(0);
            c++;
            sys(write, back[1], &c, 1);
        }
    }
    buffer[0] = 1;
    for (int i = 0; i < 100; i++) {
        sys(write, fds[1], buffer, 1);
        sys(read, back[0], buffer, 1);
    }
    show("back and forth", buffer[0]);
    sys(write, fds[1], "", 1);
    reap("other side", child);
    close_both(fds);
    close_both(back);
}

/* Two writers of blocks of PIPE_BUF bytes: none may contain a byte of the other's. */
static void atomic(void)
{
    int fds[2], mixed = 0, blocks = 0;
    long children[2], n;

    sys(pipe, fds);
    for (int i = 0; i < 2; i++) {
        children[i] = fork_process();
        if (children[i] == 0) {
            memset(buffer, 'a' + i, PIPE_BUF);
            for (int j = 0; j < 40; j++)
                sys(write, fds[1], buffer, PIPE_BUF);
            leave(0);
        }
    }
    sys(close, fds[1]);
    for (;;) {
        for (n = 0; n < PIPE_BUF;) {
            long got = sys(read, fds[0], buffer + n, PIPE_BUF - n);
            if (got <= 0)
                break;
            n += got;
        }
        if (n < PIPE_BUF)
            break;
        blocks++;
        for (int i = 1; i < PIPE_BUF; i++)
            mixed += buffer[i] != buffer[0];
    }
    say("%d blocks, %d bytes mixed, %d left\n", blocks, mixed, (int)n);
    reap("writer", children[0]);
    reap("writer", children[1]);
    sys(close, fds[0]);
}

/* ---- poll and select ---- */

static short poll_one(int fd, short events)
{
    struct pollfd one = { fd, events, 0x7fff };

    sys(poll, &one, 1, 0);
    return one.revents;
}

static void polling(void)
{
    struct pollfd two[2];
    int fds[2];
    long child, start;

    sys(pipe, fds);
    say("empty pipe: %d %d\n", poll_one(fds[0], POLLIN | POLLOUT), poll_one(fds[1], POLLIN | POLLOUT));
    sys(write, fds[1], "x", 1);
    say("with a byte: %d %d\n", poll_one(fds[0], POLLIN | POLLOUT), poll_one(fds[1], POLLIN | POLLOUT));
    say("not asked: %d\n", poll_one(fds[0], 0));
    sys(fcntl64, fds[1], F_SETFL, O_NONBLOCK);
    while (sys(write, fds[1], buffer, 4096) > 0)
        continue;
    say("full: %d %d\n", poll_one(fds[0], POLLIN), poll_one(fds[1], POLLOUT));
    sys(close, fds[1]);
    say("no writer: %d\n", poll_one(fds[0], POLLIN));
    while (sys(read, fds[0], buffer, 8192) > 0)
        continue;
    say("no writer, empty: %d\n", poll_one(fds[0], POLLIN));
    say("no writer, nothing asked: %d\n", poll_one(fds[0], 0));
    sys(close, fds[0]);
    sys(pipe, fds);
    sys(close, fds[0]);
    say("no reader: %d\n", poll_one(fds[1], POLLOUT));
    sys(close, fds[1]);
    say("no descriptor: %d\n", poll_one(77, POLLIN));
    say("negative: %d\n", poll_one(-1, POLLIN));
    sys(pipe, fds);
    two[0] = (struct pollfd){ fds[0], POLLIN, 0 };
    two[1] = (struct pollfd){ 77, POLLIN, 0 };
    show("poll counts", sys(poll, two, 2, -1));
    two[1].fd = fds[1];
    two[1].events = POLLOUT;
    show("poll of both ends", sys(poll, two, 2, -1));
    start = now_ms();
    show("poll that times out", sys(poll, two, 1, 60));
    yes("not too early", now_ms() - start >= 60);
    show("poll of nothing at once", sys(poll, NULL, 0, 0));
    show("poll of too many", sys(poll, two, 100000000, 0));
    show("poll of a wild address", sys(poll, 16, 1, 0));
    child = fork_process();
    if (child == 0) {
        pause_ms(30);
        sys(write, fds[1], "x", 1);
        leave(0);
    }
    show("poll that waits", sys(poll, two, 1, 10000));
    show("for", two[0].revents);
    reap("writer", child);
    sys(read, fds[0], buffer, 1);
    child = fork_process();
    if (child == 0) {
        sys(close, fds[0]);
        sys(close, fds[1]);
        leave(0);
    }
    sys(close, fds[1]);
    show("poll until the other end closes", sys(poll, two, 1, 10000));
    show("for", two[0].revents);
    reap("closer", child);
    sys(close, fds[0]);
    sys(mkdir, "polled", 0755);
    fds[0] = (int)sys(open, "polled", O_RDONLY, 0);
    say("a folder is always ready: %d\n", poll_one(fds[0], POLLIN | POLLOUT));
    sys(close, fds[0]);
    sys(rmdir, "polled");
}

struct select_six {
    uint64 *mask;
    size_t size;
};

static void selecting(void)
{
    unsigned in[32] = { 0 }, out[32] = { 0 };
    struct { long sec, usec; } time = { 0, 60000 };
    struct timespec32 short_time = { 0, 30000000 };
    uint64 mask = 0;
    struct select_six six = { &mask, 8 };
    int fds[2];
    long start, child;

    sys(pipe, fds);
    in[0] = 1u << fds[0];
    out[0] = 1u << fds[1] | 1u << fds[0];
    show("select", sys(_newselect, 32, in, out, NULL, NULL));
    say("ready: in %d, out %d\n", in[0] == 1u << fds[0], out[0] == 1u << fds[1]);
    in[0] = 1u << fds[0];
    start = now_ms();
    show("select that times out", sys(_newselect, 32, in, NULL, NULL, &time));
    yes("not too early", now_ms() - start >= 60);
    say("nothing is left: %d, time %d %d\n", (int)in[0], (int)time.sec, (int)time.usec);
    sys(write, fds[1], "x", 1);
    in[0] = 1u << fds[0];
    time.usec = 0;
    show("select at once", sys(_newselect, 32, in, NULL, NULL, &time));
    in[0] = 1u << 20;
    show("select of no descriptor", sys(_newselect, 32, in, NULL, NULL, &time));
    show("select of -1 descriptors", sys(_newselect, -1, NULL, NULL, NULL, &time));
    time.usec = -1;
    show("select with a negative time", sys(_newselect, 0, NULL, NULL, NULL, &time));
    in[0] = 1u << fds[0];
    show("pselect6", sys(pselect6, 32, in, NULL, NULL, &short_time, &six));
    sys(read, fds[0], buffer, 1);
    in[0] = 1u << fds[0];
    show("pselect6 that times out", sys(pselect6, 32, in, NULL, NULL, &short_time, &six));
    show("ppoll that times out", sys(ppoll, NULL, 0, &short_time, &mask, 8));
    signals = 0;                            /* a blocked signal that pselect6 lets in */
    set_action(SIGUSR1, note, 0, 0);
    change_mask(SIG_SETMASK, mask_of(SIGUSR1));
    sys(kill, own_pid(), SIGUSR1);
    in[0] = 1u << fds[0];
    show("pselect6 with another mask", sys(pselect6, 32, in, NULL, NULL, NULL, &six));
    say("signals %d, the mask is back: %x\n", signals, (unsigned)change_mask(SIG_BLOCK, 0));
    sys(kill, own_pid(), SIGUSR1);
    show("ppoll with another mask", sys(ppoll, NULL, 0, NULL, &mask, 8));
    show("signals", signals);
    change_mask(SIG_SETMASK, 0);
    child = fork_process();
    if (child == 0) {
        pause_ms(30);
        sys(write, fds[1], "x", 1);
        leave(0);
    }
    in[0] = 1u << fds[0];
    show("select that waits", sys(_newselect, 32, in, NULL, NULL, NULL));
    reap("writer", child);
    close_both(fds);
}

static void fifos(void)
{
    long child, fd;

    show("mknod of a fifo", sys(mknod, "fifo", 010644, 0));
    show("open it to write at once", sys(open, "fifo", O_WRONLY | O_NONBLOCK, 0));
    fd = sys(open, "fifo", O_RDONLY | O_NONBLOCK, 0);
    yes("open it to read at once", fd >= 0);
    show("read it", sys(read, fd, buffer, 10));
    sys(close, fd);
    child = fork_process();
    if (child == 0) {
        fd = sys(open, "fifo", O_WRONLY, 0);
        sys(write, fd, "through", 7);
        leave(0);
    }
    fd = sys(open, "fifo", O_RDONLY, 0);
    show("read what the other writes", sys(read, fd, buffer, 100));
    bytes("it", buffer, 7);
    reap("writer", child);
    show("and the end", sys(read, fd, buffer, 100));
    sys(close, fd);
    show("unlink", sys(unlink, "fifo"));
}

static void check_all(void)
{
    enter_folder("pipes");
    basics();
    without_waiting();
    waiting();
    atomic();
    polling();
    selecting();
    fifos();
}
