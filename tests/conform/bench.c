/*
 * What system calls cost, on Linux and on myOS: the same program on both. Each line is
 *
 *     bench NAME OPERATIONS NANOSECONDS
 *
 * the least time of a few rounds, after one that warms up, by the processor's own counter, which is finer than
 * some clocks. With QEMU counting instructions (-icount shift=0) a nanosecond is an instruction, and the figures
 * repeat. scripts/bench prints them side by side.
 *
 * The calls are made by int 0x80, as every other conformance program makes them.
 */
#include "signal.h"

#define ROUNDS 3
#define PAGE 4096u
#define MIB (1 << 20)
#define PIPE_CHUNK 65536
#define FILE_BYTES (256 * 1024)
#define ENTRIES 100

static char buffer[PIPE_CHUNK] __attribute__((aligned(4096)));
static volatile int signals;
static int null_fd, file_fd, folder_fd;
static uint64 ticks_per_ms;
static uint64 other_time;               /* what a benchmark takes out of its time */

struct timespec64 {
    int64 sec, nsec;
};

struct system_info {
    long uptime;
    unsigned long loads[3], total, free, shared, buffers, swap, free_swap;
    unsigned short processes, pad;
    unsigned long total_high, free_high, unit;
    char more[8];
};

static uint64 clock_ns(void)
{
    struct timespec64 time = { 0, 0 };

    sys(clock_gettime64, 1, &time);
    return (uint64)time.sec * 1000000000u + (uint64)time.nsec;
}

static uint64 now(void)
{
    uint64 ticks;

    __asm__ volatile("rdtsc" : "=A"(ticks));
    return ticks;
}

/* The next change of the clock, and the counter then. */
static uint64 next_change(uint64 *ticks)
{
    uint64 before = clock_ns(), time;

    do
        time = clock_ns();
    while (time == before);
    *ticks = now();
    return time;
}

/*
 * How many ticks of the processor's counter a millisecond has. With instructions counted it is a million;
 * then it is taken to be just that, for the clock may be coarse.
 */
static void calibrate(void)
{
    uint64 ticks_before, ticks, before = next_change(&ticks_before), time;

    do
        time = next_change(&ticks);
    while (time - before < 50000000);
    ticks_per_ms = (ticks - ticks_before) * 1000000u / (time - before);
    if (ticks_per_ms > 970000 && ticks_per_ms < 1030000)
        ticks_per_ms = 1000000;
}

static void report(const char *name, uint64 operations, uint64 ticks)
{
    say("bench %s %D %D\n", name, (int64)operations, (int64)(ticks * 1000000u / ticks_per_ms));
}

/* Run a benchmark of n operations and report it as so many: bytes, if that is what counts. */
static void measure(const char *name, void (*run)(int n), int n, uint64 operations)
{
    uint64 least = ~0ull;

    run(n / 8 + 1);
    for (int i = 0; i < ROUNDS; i++) {
        uint64 start, time;
        other_time = 0;
        start = now();
        run(n);
        time = now() - start - other_time;
        if (time < least)
            least = time;
    }
    report(name, operations, least);
}

/* ---- calls ---- */

static void null_call(int n)
{
    while (n-- > 0)
        sys(getppid);
}

static void write_null(int n)
{
    while (n-- > 0)
        sys(write, null_fd, buffer, 1);
}

static void open_close(int n)
{
    while (n-- > 0) {
        long fd = sys(open, "file", O_RDONLY, 0);
        sys(close, fd);
    }
}

static void stat_file(int n)
{
    while (n-- > 0)
        sys(stat64, "file", buffer);
}

static void read_file(int n)
{
    while (n-- > 0) {
        sys(lseek, file_fd, 0, 0);
        while (sys(read, file_fd, buffer, PAGE) > 0)
            continue;
    }
}

static void create_unlink(int n)
{
    while (n-- > 0) {
        long fd = sys(open, "new", O_RDWR | O_CREAT | O_TRUNC, 0644);
        sys(write, fd, buffer, PAGE);
        sys(close, fd);
        sys(unlink, "new");
    }
}

static void list_folder(int n)
{
    while (n-- > 0) {
        sys(lseek, folder_fd, 0, 0);
        while (sys(getdents64, folder_fd, buffer, 32768) > 0)
            continue;
    }
}

/* ---- two processes ---- */

static int there[2], back[2];

static void round_trip(int n)
{
    long child;
    char c = 1;

    sys(pipe, there);
    sys(pipe, back);
    child = fork_process();
    if (child == 0) {
        while (sys(read, there[0], &c, 1) == 1 && c)
            sys(write, back[1], &c, 1);
        leave(0);
    }
    sys(write, there[1], &c, 1);            /* the start of the child is no part of it */
    sys(read, back[0], &c, 1);
    other_time = now();
    for (int i = 0; i < n; i++) {
        sys(write, there[1], &c, 1);
        sys(read, back[0], &c, 1);
    }
    other_time = now() - other_time;
    c = 0;
    sys(write, there[1], &c, 1);
    sys(wait4, child, NULL, 0, 0);
    for (int i = 0; i < 2; i++) {
        sys(close, there[i]);
        sys(close, back[i]);
    }
}

static void bandwidth(int n)
{
    long child;
    int got, left;

    sys(pipe, there);
    child = fork_process();
    if (child == 0) {
        for (int i = 0; i < n + 1; i++)
            sys(write, there[1], buffer, PIPE_CHUNK);
        leave(0);
    }
    sys(read, there[0], buffer, PIPE_CHUNK);
    other_time = now();
    for (left = n * PIPE_CHUNK; left > 0; left -= got)
        got = (int)sys(read, there[0], buffer, left < PIPE_CHUNK ? left : PIPE_CHUNK);
    other_time = now() - other_time;
    sys(close, there[0]);
    sys(wait4, child, NULL, 0, 0);
    sys(close, there[1]);
}

/* They hand a turn to and fro, so that each yield that counts has changed processes. */
static void yields(int n)
{
    volatile int *turn = (volatile int *)sys(mmap2, NULL, PAGE, 3, 0x21, -1, 0);
    long child = fork_process();

    if (child == 0) {
        for (;;) {
            while (*turn == 0)
                sys(sched_yield);
            *turn = 0;
        }
    }
    other_time = 0;
    for (int i = 0; i < n + 10; i++) {
        if (i == 10)
            other_time = now();
        *turn = 1;
        while (*turn == 1)
            sys(sched_yield);
    }
    other_time = now() - other_time;
    sys(kill, child, SIGKILL);
    sys(wait4, child, NULL, 0, 0);
    sys(munmap, turn, PAGE);
}

/* These measure themselves: what they report is other_time. */
static void measure_inside(const char *name, void (*run)(int n), int n, uint64 operations)
{
    uint64 least = ~0ull;

    run(n / 8 + 1);
    for (int i = 0; i < ROUNDS; i++) {
        run(n);
        if (other_time < least)
            least = other_time;
    }
    report(name, operations, least);
}

/* ---- processes ---- */

static void fork_wait(int n)
{
    while (n-- > 0) {
        long child = fork_process();
        if (child == 0)
            sys(exit, 0);
        sys(wait4, child, NULL, 0, 0);
    }
}

static void fork_exec_wait(int n)
{
    char *words[] = { "/bin/nothing", NULL };

    while (n-- > 0) {
        long child = fork_process();
        if (child == 0) {
            sys(execve, words[0], words, environment);
            sys(exit, 1);
        }
        sys(wait4, child, NULL, 0, 0);
    }
}

/* ---- memory ---- */

static char *map(size_t size)
{
    return (char *)sys(mmap2, NULL, size, 3, 0x22, -1, 0);
}

static void touch(char *memory, int pages)
{
    for (int i = 0; i < pages; i++)
        ((volatile char *)memory)[(unsigned)i * PAGE] = 1;
}

static void fresh_pages(int n)
{
    char *memory = map((size_t)n * PAGE);

    other_time = now();
    touch(memory, n);
    other_time = now() - other_time;
    sys(munmap, memory, (size_t)n * PAGE);
}

static void copied_pages(int n)
{
    char *memory = map((size_t)n * PAGE);
    long child;

    touch(memory, n);
    child = fork_process();
    if (child == 0) {
        for (;;)
            sys(pause);
    }
    other_time = now();
    touch(memory, n);
    other_time = now() - other_time;
    sys(kill, child, SIGKILL);
    sys(wait4, child, NULL, 0, 0);
    sys(munmap, memory, (size_t)n * PAGE);
}

static void map_unmap(int n)
{
    while (n-- > 0) {
        char *memory = map(PAGE);
        *(volatile char *)memory = 1;
        sys(munmap, memory, PAGE);
    }
}

/* ---- signals ---- */

static void note(int number)
{
    (void)number;
    signals++;
}

static void set_actions(int n)
{
    struct action action = { (void *)note, SA_RESTORER, restore, 0 };

    while (n-- > 0)
        sys(rt_sigaction, SIGUSR1, &action, NULL, 8);
}

static void signal_self(int n)
{
    long me = own_pid();

    while (n-- > 0)
        sys(kill, me, SIGUSR1);
}

/* ---- the list ---- */

static void memory_used(void)
{
    struct system_info info;

    memset(&info, 0, sizeof(info));
    sys(sysinfo, &info);
    say("memory %D total %D free\n", (int64)info.total * info.unit, (int64)info.free * info.unit);
}

static void prepare(void)
{
    char name[] = "list/n00";
    long fd;

    enter_folder("bench");
    sys(mkdir, "list", 0755);
    for (int i = 0; i < ENTRIES; i++) {
        name[6] = (char)('0' + i / 10);
        name[7] = (char)('0' + i % 10);
        fd = sys(creat, name, 0644);
        sys(close, fd);
    }
    fd = sys(creat, "file", 0644);
    for (int i = 0; i < FILE_BYTES / PIPE_CHUNK; i++)
        sys(write, fd, buffer, PIPE_CHUNK);
    sys(close, fd);
    null_fd = (int)sys(open, "/dev/null", O_WRONLY, 0);
    file_fd = (int)sys(open, "file", O_RDONLY, 0);
    folder_fd = (int)sys(open, "list", O_RDONLY, 0);
}

static void check_all(void)
{
    memory_used();
    calibrate();
    prepare();
    measure("null", null_call, 4000, 4000);
    measure("write", write_null, 4000, 4000);
    measure("open", open_close, 1000, 1000);
    measure("stat", stat_file, 1000, 1000);
    measure("read", read_file, 16, 16 * FILE_BYTES);
    measure("create", create_unlink, 200, 200);
    measure("getdents", list_folder, 100, 100);
    measure_inside("roundtrip", round_trip, 1000, 1000);
    measure_inside("bandwidth", bandwidth, 64, 64ull * PIPE_CHUNK);
    measure("fork", fork_wait, 100, 100);
    touch(map(MIB), MIB / PAGE);
    measure("forkdirty", fork_wait, 50, 50);
    measure("forkexec", fork_exec_wait, 50, 50);
    measure_inside("fault", fresh_pages, 256, 256);
    measure_inside("cow", copied_pages, 256, 256);
    measure("mmap", map_unmap, 500, 500);
    set_action(SIGUSR1, note, 0, 0);
    measure("sigaction", set_actions, 2000, 2000);
    measure("signal", signal_self, 1000, 1000);
    measure_inside("yield", yields, 500, 1000);
}
