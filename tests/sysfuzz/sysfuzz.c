/*
 * A fuzzer of system calls: a process that has children make calls with random numbers and
 * random, boundary and wild arguments, ends them, and starts over.
 *
 *     sysfuzz SEED ROUNDS CALLS
 *
 * Each round is one child in a session of its own that makes CALLS calls; it may become many by fork
 * and clone, and each second round has threads from the start. When it has ended, or has not after a
 * while, all that is left of it is killed and waited for. A round's calls depend on the seed and the
 * round alone, as far as their results do.
 *
 * Prints a line every now and then, and at the end what memory is free before and after. The kernel
 * passes if it is still there.
 */
#include "conform.h"

#include <linux/prctl.h>

#define ROUND_MS 400                /* after which what is left of a round is killed */
#define ARENA    0x20000000u        /* where the children have memory of all kinds */
#define PAGE     4096u

static unsigned seed;

static unsigned any(void)           /* xorshift32, Marsaglia 2003 */
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed;
}

static unsigned below(unsigned n)
{
    return any() % n;
}

static const char *const names[] = {
    "a", "b", "d", "d/a", "d/../a", "/tmp/fuzz/a", "/tmp/fuzz/d/e", "/dev/null", "/dev/zero", "/dev/full", "/proc/meminfo",
    "/proc/self/stat", "/proc/self/exe", "/", ".", "..", "", "l", "l/x", "fifo", "/bin/sysfuzz", "/nowhere/x", "/tmp",
};

/* Numbers that kernels have been wrong about. */
static const unsigned edges[] = {
    0, 1, 2, 3, 4, 7, 8, 16, 31, 32, 63, 64, 65, 100, 127, 128, 255, 256, 511, 512, 1023, 1024, 4095, 4096, 4097, 8192, 65535,
    65536, 0x7ffff000, 0x7fffffff, 0x80000000, 0x80000001, 0xbfffffff, 0xc0000000, 0xc0100000, 0xfffff000, 0xfffffffe,
    0xffffffff, 0xffffff9c /* AT_FDCWD */, 01000, 02000, 040000, 0100, 0101, 0102, 0x22, 0x32, 0x20022,
};

/* A pointer: to memory that is there, that is not, that ends, that is the kernel's. */
static unsigned pointer(void)
{
    unsigned at = ARENA + below(8) * 2 * PAGE;

    switch (below(10)) {
    case 0: return 0;
    case 1: return edges[below(ARRAY_SIZE(edges))];
    case 2: return any();
    case 3: return at + PAGE - below(64);           /* the next page is not there */
    case 4: return 0xc0000000u - below(64);
    case 5: return 0xc0000000u + below(0x10000000);
    case 6: return (unsigned)names[below(ARRAY_SIZE(names))];
    default: return at + below(PAGE) / 4 * 4;
    }
}

static unsigned argument(void)
{
    switch (below(9)) {
    case 0: case 1: return pointer();
    case 2: return (unsigned)names[below(ARRAY_SIZE(names))];
    case 3: case 4: return below(20);               /* a descriptor, a signal, a small size */
    case 5: return edges[below(ARRAY_SIZE(edges))];
    case 6: return ARENA + below(16 * PAGE);
    case 7: return 1u << below(32);
    default: return any();
    }
}

/* Not to be made: what would end the run, or take the tree of names or the time away from all. */
static int is_left_out(unsigned number)
{
    switch (number) {
    case __NR_reboot: case __NR_mount: case __NR_umount: case __NR_umount2: case __NR_chroot: case __NR_pivot_root:
    case __NR_syslog: case __NR_settimeofday: case __NR_stime: case __NR_clock_settime: case __NR_sethostname:
        return 1;
    }
    return 0;
}

/* Calls whose failures would be the end of the round at once come seldom. */
static int is_rare(unsigned number)
{
    switch (number) {
    case __NR_exit: case __NR_exit_group: case __NR_execve: case __NR_kill: case __NR_tkill: case __NR_tgkill:
    case __NR_pause: case __NR_rt_sigsuspend: case __NR_sigsuspend: case __NR_fork: case __NR_vfork: case __NR_clone:
    case __NR_rt_sigreturn: case __NR_sigreturn: case __NR_munmap: case __NR_mprotect: case __NR_wait4: case __NR_waitpid:
    case __NR_sync: case __NR_poll: case __NR_ppoll: case __NR_nanosleep: case __NR_clock_nanosleep: case __NR_select:
    case __NR__newselect: case __NR_pselect6: case __NR_futex: case __NR_rt_sigtimedwait: case __NR_waitid: case __NR_brk:
    case __NR_setrlimit: case __NR_prlimit64: case __NR_mremap:
        return 1;
    }
    return 0;
}

/* Pages that are there with holes between them, filled with things that may mean something. */
static void furnish(void)
{
    for (unsigned page = 0; page < 16; page += 2) {
        sys(mmap2, ARENA + page * PAGE, PAGE, 3, 0x32, -1, 0);
        for (unsigned i = 0; i < PAGE / 4; i++)
            ((unsigned *)(ARENA + page * PAGE))[i] = below(3) ? below(64) : argument();
    }
    sys(mprotect, ARENA + 14 * PAGE, PAGE, 1);
}

static void make_calls(unsigned calls)
{
    furnish();
    for (unsigned i = 0; i < calls; i++) {
        unsigned number = below(450);
        if (is_left_out(number) || (is_rare(number) && below(8)))
            continue;
        long a[6];
        for (int k = 0; k < 6; k++)
            a[k] = (long)argument();
        if (number == __NR_clone && below(2))       /* flags that go together */
            a[0] = 17, a[1] = 0;
        call_six((long)number, a);
    }
}

/* ---- threads, which make calls in the same memory and with the same files ---- */

#define THREADS 3
#define THREAD  0x10f00             /* CLONE_THREAD, SIGHAND, FILES, FS, VM */
#define STACK   16384

static char stacks[THREADS][STACK] __attribute__((aligned(16)));

/* clone with a new stack, on which the function and its argument lie. In EBX flags, ECX stack. */
extern long clone_thread(unsigned flags, void *stack);
__asm__("clone_thread:\n\tpushl %ebx\n\tmovl 8(%esp), %ebx\n\tmovl 12(%esp), %ecx\n\tmovl $120, %eax\n\t"
        "int $0x80\n\ttestl %eax, %eax\n\tjz 1f\n\tpopl %ebx\n\tret\n"
        "1:\txorl %ebp, %ebp\n\tpopl %eax\n\tcall *%eax\n\txorl %ebx, %ebx\n\tmovl $1, %eax\n\tint $0x80\n");

static void begin_threads(unsigned calls)
{
    for (int i = 0; i < THREADS; i++) {
        unsigned *top = (unsigned *)(stacks[i] + STACK - 20);
        top[0] = (unsigned)make_calls;
        top[1] = calls;
        clone_thread(THREAD, top);
    }
}

/* Kill everybody but us, and wait for all that there is to wait for. */
static void clean_up(void)
{
    int status;
    long pid;

    do {
        sys(kill, -1, SIGKILL);
        sys(kill, -1, SIGCONT);
        pid = sys(wait4, -1, &status, 0x40000001 /* WNOHANG | __WALL */, 0);
        if (pid == 0)
            pause_ms(2);
    } while (pid >= 0 || pid == -EINTR);
}

static void play(unsigned round, unsigned calls)
{
    int status;
    long child = fork_process();

    if (child == 0) {
        seed = seed * 2654435761u + round;
        if (seed == 0)
            seed = 1;
        sys(setsid);
        for (long null = sys(open, "/dev/null", 2, 0), fd = 0; fd < 3; fd++)    /* the output is the parent's */
            sys(dup2, null, fd);
        sys(mkdir, "/tmp/fuzz", 0777);
        sys(chdir, "/tmp/fuzz");
        sys(mkdir, "d", 0777);
        sys(symlink, "d", "l");
        sys(mknod, "fifo", 0010666, 0);
        if (round % 2)
            begin_threads(calls);
        make_calls(calls);
        leave(0);
    }
    for (unsigned ms = 0; ms < ROUND_MS; ms += 4) {
        if (sys(wait4, child, &status, 0x40000001, 0) != 0)
            break;
        pause_ms(4);
    }
    clean_up();
}

/* The number behind `name` in /proc/meminfo, in KiB. */
static unsigned meminfo(const char *name)
{
    static char text[2048];
    long fd = sys(open, "/proc/meminfo", 0, 0), n = sys(read, fd, text, sizeof(text) - 1);
    unsigned value = 0;

    sys(close, fd);
    text[n > 0 ? n : 0] = 0;
    for (char *at = text; *at; at++) {
        if (!same(at, name, length(name)))
            continue;
        while (*at && (*at < '0' || *at > '9'))
            at++;
        while (*at >= '0' && *at <= '9')
            value = value * 10 + (unsigned)(*at++ - '0');
        return value;
    }
    return 0;
}

static unsigned number(const char *text)
{
    unsigned value = 0;

    while (*text >= '0' && *text <= '9')
        value = value * 10 + (unsigned)(*text++ - '0');
    return value;
}

static void tell_memory(const char *when)
{
    say("%s: %u KiB free, %u promised, %u cached\n", when, meminfo("MemFree:"), meminfo("Committed_AS:"), meminfo("Cached:"));
}

static void check_all(void)
{
    unsigned start = argument_count > 1 ? number(arguments[1]) : 1;
    unsigned rounds = argument_count > 2 ? number(arguments[2]) : 100;
    unsigned calls = argument_count > 3 ? number(arguments[3]) : 1000;

    sys(prctl, PR_SET_CHILD_SUBREAPER, 1);      /* so that orphans, too, are waited for */
    for (unsigned round = 0; round < rounds; round++) {
        seed = start;
        play(round, calls);
        if (round == rounds / 2)
            tell_memory("half way");
        if (round % 20 == 19)
            say("%u rounds\n", round + 1);
    }
    tell_memory("at the end");
}
