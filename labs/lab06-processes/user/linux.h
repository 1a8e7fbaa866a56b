/*
 * Linux's system calls, for programs without a C library: on the stage, and those in ../try.
 */
#ifndef LINUX_H
#define LINUX_H

#include "lib/types.h"

/* A system call by int 0x80: what it answers. */
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

/* With fewer arguments, which may be pointers. */
#define call5(n, a, b, c, d, e)                                                                  \
    call6(n, (uint32_t)(a), (uint32_t)(b), (uint32_t)(c), (uint32_t)(d), (uint32_t)(e), 0)
#define call4(n, a, b, c, d) call5(n, a, b, c, d, 0)
#define call3(n, a, b, c) call5(n, a, b, c, 0, 0)
#define call2(n, a, b) call5(n, a, b, 0, 0, 0)
#define call1(n, a) call5(n, a, 0, 0, 0, 0)
#define call0(n) call5(n, 0, 0, 0, 0, 0)

/* Numbers, syscalls(2). */
enum {
    NR_exit = 1,
    NR_fork = 2,
    NR_read = 3,
    NR_write = 4,
    NR_close = 6,
    NR_waitpid = 7,
    NR_getpid = 20,
    NR_pause = 29,
    NR_kill = 37,
    NR_dup = 41,
    NR_pipe = 42,
    NR_brk = 45,
    NR_getppid = 64,
    NR_munmap = 91,
    NR_wait4 = 114,
    NR_sigreturn = 119,
    NR_clone = 120,
    NR_mprotect = 125,
    NR_llseek = 140,
    NR_sched_yield = 158,
    NR_nanosleep = 162,
    NR_rt_sigreturn = 173,
    NR_rt_sigaction = 174,
    NR_rt_sigprocmask = 175,
    NR_rt_sigsuspend = 179,
    NR_sigaltstack = 186,
    NR_vfork = 190,
    NR_mmap2 = 192,
    NR_gettid = 224,
    NR_set_thread_area = 243,
    NR_exit_group = 252,
    NR_copy_file_range = 377,
};

#endif
