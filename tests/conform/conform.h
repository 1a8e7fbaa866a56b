/*
 * What a conformance program has instead of a C library: raw system calls by int 0x80, an output that
 * is the same on every right system, and a few helpers. Numbers and structures come from Linux's own
 * headers, so that nothing here repeats what the kernel under test believes.
 *
 * A program defines check_all(), which prints one line for each thing it checks. Never print what may
 * differ between two right systems or two runs (pids, times, addresses): print relations.
 *
 * Linux's Documentation/process/adding-syscalls and syscall(2) for the registers of i386.
 */
#ifndef CONFORM_H
#define CONFORM_H

#include <asm/errno.h>
#include <asm/unistd.h>
#include <linux/fcntl.h>
#include <linux/types.h>

#define NULL ((void *)0)
#define UNUSED __attribute__((unused))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof(*(a)))

typedef unsigned int size_t;
typedef long long int64;
typedef unsigned long long uint64;
typedef unsigned int uint32;
typedef unsigned char uint8;
typedef __builtin_va_list va_list;

#define SIGHUP    1
#define SIGINT    2
#define SIGQUIT   3
#define SIGILL    4
#define SIGTRAP   5
#define SIGABRT   6
#define SIGBUS    7
#define SIGFPE    8
#define SIGKILL   9
#define SIGUSR1   10
#define SIGSEGV   11
#define SIGUSR2   12
#define SIGPIPE   13
#define SIGALRM   14
#define SIGTERM   15
#define SIGSTKFLT 16
#define SIGCHLD   17
#define SIGCONT   18
#define SIGSTOP   19
#define SIGTSTP   20
#define SIGTTIN   21
#define SIGTTOU   22
#define SIGURG    23
#define SIGWINCH  28

/* ---- system calls ---- */

static UNUSED long call_six(long number, const long *a)
{
    long result;

    /* EBP, the sixth, is also the frame pointer: it is changed for the call alone. */
    __asm__ volatile("pushl %%ebp\n\tmovl 20(%%esi), %%ebp\n\tmovl 12(%%esi), %%esi\n\tint $0x80\n\tpopl %%ebp"
                     : "=a"(result), "+S"(a)
                     : "0"(number), "b"(a[0]), "c"(a[1]), "d"(a[2]), "D"(a[4])
                     : "memory");
    return result;
}

/* One of at most three arguments, without the detour by memory: what scripts/bench measures is the call. */
static inline __attribute__((always_inline)) long call_three(long number, long a, long b, long c)
{
    long result;

    __asm__ volatile("int $0x80" : "=a"(result) : "0"(number), "b"(a), "c"(b), "d"(c) : "memory");
    return result;
}

/* sys(open, path, flags, mode): the call of this name, each argument as a long. */
#define SYS_0(number) call_three(number, 0, 0, 0)
#define SYS_1(number, a) call_three(number, (long)(a), 0, 0)
#define SYS_2(number, a, b) call_three(number, (long)(a), (long)(b), 0)
#define SYS_3(number, a, b, c) call_three(number, (long)(a), (long)(b), (long)(c))
#define SYS_4(number, a, b, c, d) SYS_6(number, a, b, c, d, 0, 0)
#define SYS_5(number, a, b, c, d, e) SYS_6(number, a, b, c, d, e, 0)
#define SYS_6(number, a, b, c, d, e, f) \
    call_six(number, (const long[6]){ (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f) })
#define COUNT(_, a, b, c, d, e, f, n, ...) n
#define SYS_N(n, name, ...) SYS_##n(__NR_##name, ##__VA_ARGS__)
#define SYS_M(n, name, ...) SYS_N(n, name, ##__VA_ARGS__)
#define sys(name, ...) SYS_M(COUNT(0, ##__VA_ARGS__, 6, 5, 4, 3, 2, 1, 0), name, ##__VA_ARGS__)

/* ---- memory and text ---- */

void *memset(void *to, int byte, size_t n);
void *memcpy(void *to, const void *from, size_t n);

UNUSED void *memset(void *to, int byte, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((volatile char *)to)[i] = (char)byte;
    return to;
}

UNUSED void *memcpy(void *to, const void *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((volatile char *)to)[i] = ((const char *)from)[i];
    return to;
}

static UNUSED int same(const void *a, const void *b, size_t n)
{
    const char *x = a, *y = b;

    while (n > 0 && *x == *y)
        x++, y++, n--;
    return n == 0;
}

static UNUSED size_t length(const char *text)
{
    size_t n = 0;

    while (text[n])
        n++;
    return n;
}

static UNUSED int same_text(const char *a, const char *b)
{
    return length(a) == length(b) && same(a, b, length(a));
}

/* ---- output: whole lines, each by one write, so that those of several processes do not mix ---- */

static char line_text[512];
static size_t line_length;

static void put(char c)
{
    if (line_length < sizeof(line_text))
        line_text[line_length++] = c;
    if (c == '\n') {
        sys(write, 1, line_text, line_length);
        line_length = 0;
    }
}

static void put_text(const char *text)
{
    while (*text)
        put(*text++);
}

static void put_number(uint64 value, unsigned base)
{
    char digits[24];
    int n = 0;

    do {
        unsigned digit = (unsigned)(value % base);
        digits[n++] = (char)(digit < 10 ? '0' + digit : 'a' + digit - 10);
    } while ((value /= base) != 0);
    while (n > 0)
        put(digits[--n]);
}

static const char *error_name(long error)
{
#define E(name) case name: return #name
    switch (error) {
    E(EPERM); E(ENOENT); E(ESRCH); E(EINTR); E(EIO); E(ENXIO); E(E2BIG); E(ENOEXEC); E(EBADF); E(ECHILD);
    E(EAGAIN); E(ENOMEM); E(EACCES); E(EFAULT); E(ENOTBLK); E(EBUSY); E(EEXIST); E(EXDEV); E(ENODEV);
    E(ENOTDIR); E(EISDIR); E(EINVAL); E(ENFILE); E(EMFILE); E(ENOTTY); E(ETXTBSY); E(EFBIG); E(ENOSPC);
    E(ESPIPE); E(EROFS); E(EMLINK); E(EPIPE); E(EDOM); E(ERANGE); E(EDEADLK); E(ENAMETOOLONG); E(ENOLCK);
    E(ENOSYS); E(ENOTEMPTY); E(ELOOP); E(EOVERFLOW); E(EOPNOTSUPP); E(ETIMEDOUT); E(ENOTSOCK);
    }
#undef E
    return NULL;
}

/* A call's result: a number, or the name of its error. */
static void put_result(long result)
{
    if (result < 0 && result > -4096) {
        const char *name = error_name(-result);
        put_text(name ? name : "error ");
        if (!name)
            put_number((uint64)-result, 10);
        return;
    }
    if (result < 0)
        put('-');
    put_number(result < 0 ? -(uint64)result : (uint64)result, 10);
}

/*
 * printf for the few that are needed: %d (int), %u (unsigned), %x, %o, %s, %c, %D (int64), and %r: a
 * call's result.
 */
static UNUSED void say(const char *form, ...)
{
    va_list words;

    __builtin_va_start(words, form);
    for (; *form; form++) {
        if (*form != '%') {
            put(*form);
            continue;
        }
        int64 value = 0;
        switch (*++form) {
        case 'D':
        case 'd':
            value = *form == 'D' ? __builtin_va_arg(words, int64) : __builtin_va_arg(words, int);
            if (value < 0)
                put('-');
            put_number(value < 0 ? -(uint64)value : (uint64)value, 10);
            break;
        case 'u':
            put_number(__builtin_va_arg(words, unsigned), 10);
            break;
        case 'x':
            put_number(__builtin_va_arg(words, unsigned), 16);
            break;
        case 'o':
            put_number(__builtin_va_arg(words, unsigned), 8);
            break;
        case 's':
            put_text(__builtin_va_arg(words, const char *));
            break;
        case 'c':
            put((char)__builtin_va_arg(words, int));
            break;
        case 'r':
            put_result(__builtin_va_arg(words, long));
            break;
        default:
            put(*form);
        }
    }
    __builtin_va_end(words);
}

/* A call's result: "what: 3", "what: ENOENT". */
static UNUSED long show(const char *what, long result)
{
    say("%s: %r\n", what, result);
    return result;
}

/* Did it succeed? The result itself may differ: "what: ok", "what: ENOENT". Returns the result. */
static UNUSED long ok(const char *what, long result)
{
    if (result < 0 && result > -4096)
        say("%s: %r\n", what, result);
    else
        say("%s: ok\n", what);
    return result;
}

static UNUSED void yes(const char *what, int condition)
{
    say("%s: %s\n", what, condition ? "yes" : "no");
}

/* Bytes: those that are no text as \ooo. */
static UNUSED void bytes(const char *what, const void *data, long n)
{
    say("%s: \"", what);
    for (long i = 0; i < n; i++) {
        unsigned c = ((const uint8 *)data)[i];
        if (c >= ' ' && c < 127)
            put((char)c);
        else
            say("\\%o", c);
    }
    say("\"\n");
}

/* ---- processes ---- */

static UNUSED __attribute__((noreturn)) void leave(int status)
{
    for (;;)
        sys(exit_group, status);
}

static UNUSED long own_pid(void)
{
    return sys(getpid);
}

static UNUSED long own_tid(void)
{
    return sys(gettid);
}

static UNUSED long fork_process(void)
{
    return sys(fork);
}

/* "what: exit 3", "what: signal 11", "what: stopped 19", "what: continued" of a wait status. */
static UNUSED void status_line(const char *what, int status)
{
    if ((status & 0xffff) == 0xffff)
        say("%s: continued\n", what);
    else if ((status & 0xff) == 0x7f)
        say("%s: stopped %d\n", what, status >> 8 & 0xff);
    else if (status & 0x7f)
        say("%s: signal %d\n", what, status & 0x7f);        /* whether it dumped core is the limits' matter */
    else
        say("%s: exit %d\n", what, status >> 8 & 0xff);
}

/* Wait for this child and say how it ended. */
static UNUSED void reap(const char *what, long pid)
{
    int status = -1;
    long got;

    do
        got = sys(wait4, pid, &status, 0, 0);
    while (got == -EINTR);
    if (got != pid)
        say("%s: wait4 %r\n", what, got);
    else
        status_line(what, status);
}

struct timespec32 {
    long sec, nsec;
};

static UNUSED void pause_ms(long ms)
{
    struct timespec32 time = { ms / 1000, ms % 1000 * 1000000 };

    while (sys(nanosleep, &time, &time) == -EINTR)
        continue;
}

/* Milliseconds on the monotonic clock. */
static UNUSED long now_ms(void)
{
    struct timespec32 time = { 0, 0 };

    sys(clock_gettime, 1, &time);
    return time.sec * 1000 + time.nsec / 1000000;
}

/* ---- the start ---- */

static int argument_count;
static char **arguments;
static char **environment;

static void check_all(void);

void start(char **stack) __attribute__((noreturn, used));

void start(char **stack)
{
    argument_count = *(int *)stack;
    arguments = stack + 1;
    environment = arguments + argument_count + 1;
    check_all();
    leave(0);
}

__asm__(".globl _start\n_start:\n\txorl %ebp, %ebp\n\tmovl %esp, %eax\n\tandl $-16, %esp\n\tsubl $12, %esp\n\t"
        "pushl %eax\n\tcall start\n");

/*
 * Each program works in an empty folder of its own below the current one. What an earlier run left there stays away from it:
 * the first name that is free is taken.
 */
static UNUSED void enter_folder(const char *program)
{
    char name[40];

    for (char last = 'a'; last <= 'z'; last++) {
        size_t n = length(program);
        memcpy(name, program, n);
        name[n] = '-';
        name[n + 1] = last;
        name[n + 2] = 0;
        if (sys(mkdir, name, 0755) == 0 && sys(chdir, name) == 0)
            return;
    }
    say("no folder to work in\n");
    leave(1);
}

#endif
