/*
 * Conformance: time, limits and what the system says of itself. Clocks go forward and agree, sleeps last
 * at least as long as asked; of values that differ from machine to machine only the shape is checked.
 *
 * clock_gettime(2), nanosleep(2), times(2), getrlimit(2), getrusage(2), uname(2), sysinfo(2), getrandom(2).
 */
#include "signal.h"

#define REALTIME  0
#define MONOTONIC 1
#define ABSOLUTE  1

struct timespec64 {
    int64 sec;
    int64 nsec;
};

struct limit {
    unsigned now, most;
};

struct limit64 {
    uint64 now, most;
};

struct usage {
    long user_sec, user_usec, system_sec, system_usec, rest[14];
};

struct system_info {
    long uptime;
    unsigned long loads[3], total, free, shared, buffers, swap, free_swap;
    unsigned short processes, pad;
    unsigned long total_high, free_high, unit;
    char more[8];
};

static volatile int signals;

static void note(int number)
{
    (void)number;
    signals++;
}

static int64 nanoseconds(int clock)
{
    struct timespec64 time = { 0, 0 };

    sys(clock_gettime64, clock, &time);
    return time.sec * 1000000000 + time.nsec;
}

static void clocks(void)
{
    struct timespec32 small;
    struct timespec64 large;
    struct { long sec, usec; } day;
    int64 before, after;
    long seconds = 0;
    int backwards = 0;

    show("clock_gettime", sys(clock_gettime, REALTIME, &small));
    show("clock_gettime64", sys(clock_gettime64, REALTIME, &large));
    show("gettimeofday", sys(gettimeofday, &day, NULL));
    show("time's result is what it stores", sys(time, &seconds) == seconds);
    yes("all of them agree", large.sec - small.sec <= 1 && day.sec - small.sec <= 1 && seconds - small.sec <= 1
        && seconds >= small.sec);
    yes("it is no longer 1970", small.sec > 1600000000);
    yes("nanoseconds and microseconds", small.nsec >= 0 && small.nsec < 1000000000 && day.usec >= 0 && day.usec < 1000000);
    show("gettimeofday of nothing", sys(gettimeofday, NULL, NULL));
    before = nanoseconds(MONOTONIC);
    for (int i = 0; i < 1000; i++) {
        after = nanoseconds(MONOTONIC);
        backwards += after < before;
        before = after;
    }
    show("monotonic went back", backwards);
    before = nanoseconds(MONOTONIC);
    while (nanoseconds(MONOTONIC) == before)
        continue;
    yes("it goes forward", nanoseconds(MONOTONIC) > before);
    show("of no clock", sys(clock_gettime, 99, &small));
    show("to a wild address", sys(clock_gettime, MONOTONIC, 16));
    show("clock_getres", sys(clock_getres, MONOTONIC, &small));
    yes("at most 10 ms", small.sec == 0 && small.nsec > 0 && small.nsec <= 10000000);
    show("clock_getres of no clock", sys(clock_getres, 99, &small));
    yes("boot time", sys(clock_gettime, 7, &small) == 0 && small.sec >= 0);
    yes("coarse time", sys(clock_gettime, 6, &small) == 0);
    yes("process time", sys(clock_gettime, 2, &small) == 0 && small.sec < 1000);
    yes("thread time", sys(clock_gettime, 3, &small) == 0 && small.sec < 1000);
}

static void sleeps(void)
{
    struct timespec32 time = { 0, 50000000 }, left = { 9, 9 };
    struct timespec64 until;
    int64 before = nanoseconds(MONOTONIC);
    long child, parent = own_pid();

    show("nanosleep", sys(nanosleep, &time, &left));
    yes("at least as long", nanoseconds(MONOTONIC) - before >= 50000000);
    say("what is left is not written: %d %d\n", (int)left.sec, (int)left.nsec);
    time.nsec = 1000000000;
    show("too many nanoseconds", sys(nanosleep, &time, NULL));
    time.nsec = -1;
    show("negative nanoseconds", sys(nanosleep, &time, NULL));
    time.sec = -1, time.nsec = 0;
    show("negative seconds", sys(nanosleep, &time, NULL));
    show("from a wild address", sys(nanosleep, 16, NULL));
    time.sec = 0, time.nsec = 0;
    show("no time", sys(nanosleep, &time, NULL));
    time.nsec = 30000000;
    before = nanoseconds(MONOTONIC);
    show("clock_nanosleep", sys(clock_nanosleep, MONOTONIC, 0, &time, NULL));
    yes("at least as long", nanoseconds(MONOTONIC) - before >= 30000000);
    before = nanoseconds(MONOTONIC) + 40000000;
    until.sec = before / 1000000000, until.nsec = before % 1000000000;
    show("until a time", sys(clock_nanosleep_time64, MONOTONIC, ABSOLUTE, &until, NULL));
    yes("not earlier", nanoseconds(MONOTONIC) >= before);
    show("until a time that is past", sys(clock_nanosleep_time64, MONOTONIC, ABSOLUTE, &until, NULL));
    show("of no clock", sys(clock_nanosleep, 99, 0, &time, NULL));
    set_action(SIGUSR1, note, SA_RESTART, 0);
    child = fork_process();
    if (child == 0) {
        pause_ms(40);
        sys(kill, parent, SIGUSR1);
        leave(0);
    }
    time.sec = 3;
    show("interrupted", sys(clock_nanosleep, MONOTONIC, 0, &time, &left));
    yes("what is left", left.sec == 2 || (left.sec == 3 && left.nsec < 30000000));
    reap("child", child);
    show("sched_yield", sys(sched_yield));
}

static void used(void)
{
    struct usage usage;
    long ticks[4] = { -1, -1, -1, -1 }, first, child;
    int64 before = nanoseconds(MONOTONIC);
    volatile unsigned work = 0;

    first = sys(times, ticks);
    yes("times", first != -1 && ticks[0] >= 0 && ticks[1] >= 0 && ticks[2] >= 0 && ticks[3] >= 0);
    child = fork_process();
    if (child == 0) {
        before = nanoseconds(MONOTONIC);
        while (nanoseconds(MONOTONIC) - before < 200000000)
            for (int i = 0; i < 1000; i++)
                work++;
        leave(0);
    }
    reap("a child that works", child);
    yes("the clock of times goes on", sys(times, ticks) >= first + 15);
    yes("a child's time is its parent's in the end", ticks[2] + ticks[3] >= 10);
    show("getrusage", sys(getrusage, 0, &usage));
    yes("its shape", usage.user_sec >= 0 && usage.user_usec < 1000000 && usage.system_usec < 1000000);
    show("of the children", sys(getrusage, -1, &usage));
    yes("a fifth of a second", usage.user_sec * 1000000 + usage.user_usec + usage.system_sec * 1000000
        + usage.system_usec >= 100000);
    show("of nobody", sys(getrusage, 5, &usage));
}

static void limits(void)
{
    struct limit small = { 0, 0 }, less = { 10, 20 }, old;
    struct limit64 large = { 0, 0 }, fewer = { 20, 20 }, wrong = { 30, 20 };
    long child;

    show("getrlimit of files", sys(ugetrlimit, 7, &small));
    show("prlimit64 of files", sys(prlimit64, 0, 7, NULL, &large));
    yes("they agree", small.now == large.now && small.now >= 256 && small.now <= small.most);
    show("getrlimit of the stack", sys(ugetrlimit, 3, &small));
    say("it is %u\n", small.now);
    show("getrlimit (the old one)", sys(getrlimit, 3, &old));
    show("getrlimit of nothing", sys(ugetrlimit, 99, &small));
    show("prlimit64 of nobody", sys(prlimit64, 99999, 7, NULL, &large));
    show("now above the most", sys(prlimit64, 0, 7, &wrong, NULL));
    child = fork_process();
    if (child == 0) {
        show("prlimit64", sys(prlimit64, 0, 7, &fewer, NULL));
        show("dup up to it", sys(dup2, 0, 19));
        show("dup beyond it", sys(dup2, 0, 20));
        show("setrlimit", sys(setrlimit, 7, &less));
        show("dup beyond that", sys(dup2, 0, 11));
        leave(0);
    }
    reap("child", child);
    show("the parent has its own", sys(dup2, 0, 50));
    sys(close, 50);
    child = fork_process();
    if (child == 0) {
        struct limit64 little = { 10, 10 };
        long fd = sys(open, "big", O_RDWR | O_CREAT, 0644);
        set_action(25, note, 0, 0);
        signals = 0;
        sys(prlimit64, 0, 1, &little, NULL);
        show("write up to the limit of a file's size", sys(write, fd, "0123456789AB", 12));
        show("write beyond it", sys(write, fd, "x", 1));
        show("SIGXFSZ", signals);
        show("ftruncate beyond it", sys(ftruncate, fd, 100));
        leave(0);
    }
    reap("child", child);
    show("getpriority", sys(getpriority, 0, 0));
    show("nice", sys(nice, 0));
}

static void system(void)
{
    char name[6][65];
    struct system_info info;
    unsigned char random[64];
    int zeros = 0;

    show("uname", sys(uname, name));
    say("system %s, machine %s\n", name[0], same_text(name[4], "i686") ? "i686" : name[4]);
    yes("the others are not empty", name[1][0] && name[2][0] && name[3][0]);
    yes("a release like 6.1", name[2][0] >= '2' && name[2][0] <= '9' && name[2][1] == '.');
    show("uname to a wild address", sys(uname, 16));
    memset(&info, 0xff, sizeof(info));
    show("sysinfo", sys(sysinfo, &info));
    yes("its shape", info.uptime >= 0 && info.total > 0 && info.free <= info.total && info.unit > 0 && info.processes >= 2);
    memset(random, 0, sizeof(random));
    show("getrandom", sys(getrandom, random, 64, 0));
    for (int i = 0; i < 64; i++)
        zeros += random[i] == 0;
    yes("it is random", zeros < 20);
    show("getrandom of wrong flags", sys(getrandom, random, 64, 99));
    show("getrandom to a wild address", sys(getrandom, 16, 64, 0));
    show("getrandom of nothing", sys(getrandom, random, 0, 0));
}

static void check_all(void)
{
    enter_folder("times");
    clocks();
    sleeps();
    used();
    limits();
    system();
}
