/*
 * For the programs in this folder: system calls, and a few words on standard output. There is no C
 * library. They are programs for Linux on the i386, so each of them can be run there, too.
 *
 * A program defines start(), which gets the stack as the kernel has left it and returns the exit
 * status.
 */
#ifndef TRY_H
#define TRY_H

#include "lib/types.h"

/* syscalls(2) */
enum {
    NR_exit = 1, NR_fork = 2, NR_read = 3, NR_write = 4, NR_close = 6, NR_getpid = 20,
    NR_pause = 29, NR_kill = 37, NR_pipe = 42, NR_brk = 45, NR_getppid = 64, NR_munmap = 91,
    NR_wait4 = 114, NR_mprotect = 125, NR_nanosleep = 162, NR_rt_sigaction = 174,
    NR_rt_sigprocmask = 175, NR_mmap2 = 192,
};

int start(uint32_t *stack);

__asm__(".globl _start\n"
        "_start:\n\t"
        "xorl %ebp, %ebp\n\t"
        "movl %esp, %eax\n\t"
        "subl $12, %esp\n\t"
        "pushl %eax\n\t"
        "call start\n\t"
        "movl %eax, %ebx\n\t"
        "movl $1, %eax\n\t"
        "int $0x80");

/* Up to six arguments; what it answers is negative if it is an error. */
static inline long call6(uint32_t number, uint32_t a, uint32_t b, uint32_t c, uint32_t d,
                         uint32_t e, uint32_t f)
{
    uint32_t words[2] = { number, f };
    long answer;

    __asm__ volatile("pushl %%ebp\n\t"
                     "movl 4(%%eax), %%ebp\n\t"
                     "movl (%%eax), %%eax\n\t"
                     "int $0x80\n\t"
                     "popl %%ebp"
                     : "=a"(answer)
                     : "a"(words), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
                     : "memory", "cc");
    return answer;
}

#define call4(n, a, b, c, d) \
    call6(n, (uint32_t)(a), (uint32_t)(b), (uint32_t)(c), (uint32_t)(d), 0, 0)
#define call3(n, a, b, c) call4(n, a, b, c, 0)
#define call2(n, a, b) call4(n, a, b, 0, 0)
#define call1(n, a) call4(n, a, 0, 0, 0)
#define call0(n) call4(n, 0, 0, 0, 0)

/* A line of a text and a number: in one write, so that no other process comes in between. */
static inline void tell(const char *text, long value)
{
    char line[128], digits[12];
    unsigned n = 0, d = 0;
    unsigned long rest = value < 0 ? 0ul - (unsigned long)value : (unsigned long)value;

    while (*text && n < 100)
        line[n++] = *text++;
    if (value < 0)
        line[n++] = '-';
    do
        digits[d++] = (char)('0' + rest % 10);
    while (rest /= 10);
    while (d)
        line[n++] = digits[--d];
    line[n++] = '\n';
    call3(NR_write, 1, line, n);
}

/* The same without a number. */
static inline void say(const char *text)
{
    unsigned n = 0;

    while (text[n])
        n++;
    call3(NR_write, 1, text, n);
}

#endif
