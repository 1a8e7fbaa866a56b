/*
 * All of lab 6 in one program, for test_processes.py: the first process of a system, from a disk.
 *
 * It reads a number from /seed. Eight children each make another of it, tell it by a pipe and by
 * how they end; memory is mapped, taken away and given back by a handler; what came of all that
 * goes through execve(2) as words, to this program once more, which prints it.
 */
#include "user.h"
#include "abi/signal.h"

#define CHILDREN 8
#define PAGE 4096

enum { NR_open = 5, NR_execve = 11 };

void restorer(void);
__asm__(".globl _start, restorer\n"
        "_start: movl %esp, %eax; andl $-16, %esp; subl $12, %esp; pushl %eax; call begin; hlt\n"
        "restorer: movl $173, %eax; int $0x80");

static volatile uint32_t handled, *closed;

static uint32_t stirred(uint32_t seed, uint32_t rounds)
{
    while (rounds--)
        next_random(&seed);
    return seed;
}

/* A page that may not be touched: it may from now on. */
static void on_fault(int number, const siginfo_t *info, void *context)
{
    (void)context;
    if (info->address == (uint32_t)(uintptr_t)closed)
        call3(NR_mprotect, (void *)closed, PAGE, 3);
    handled += (uint32_t)number;
}

static uint32_t memory(uint32_t seed)
{
    struct sigaction action = { (uint32_t)(uintptr_t)on_fault, SA_SIGINFO | SA_RESTORER,
                                (uint32_t)(uintptr_t)restorer, 0 };
    uint32_t end = (uint32_t)call1(NR_brk, 0);

    call4(NR_rt_sigaction, SIGSEGV, &action, NULL, 8);
    if ((uint32_t)call1(NR_brk, end + PAGE) != end + PAGE)
        return 0;
    *(volatile uint32_t *)(uintptr_t)end = seed;
    closed = (void *)(uintptr_t)call6(NR_mmap2, 0, PAGE, 0, 0x22, ~0u, 0);  /* PROT_NONE */
    *closed = *(volatile uint32_t *)(uintptr_t)end;     /* on_fault() makes that possible */
    return *closed;
}

/* What the children have told by the pipe and by their ends, and the handler's part. */
static uint32_t family(uint32_t seed)
{
    uint32_t fds[2], sum = 0, word, ended = 0;
    int status;

    if (call1(NR_pipe, fds))
        return 0;
    for (uint32_t i = 0; i < CHILDREN; i++) {
        if (call0(NR_fork))
            continue;
        word = stirred(seed, 1000 * (i + 1));
        call3(NR_write, fds[1], &word, 4);
        leave((int)(word >> 8 & 0x7f));
    }
    call1(NR_close, fds[1]);
    while (call3(NR_read, fds[0], &word, 4) == 4)       /* as long as a child may write */
        sum += word;
    while (call4(NR_wait4, -1, &status, 0, 0) > 0)
        ended += (uint32_t)status;
    return sum * 31 + ended;
}

static void digits(char *text, uint32_t word)
{
    for (int i = 0; i < 8; i++)
        text[i] = "0123456789abcdef"[word >> (28 - 4 * i) & 15];
    text[8] = '\0';
}

static void say(const char *text)
{
    uint32_t n = 0;

    while (text[n])
        n++;
    call3(NR_write, 1, text, n);
}

void begin(const uint32_t *stack) __attribute__((noreturn));
void begin(const uint32_t *stack)
{
    const char *const *words = (const char *const *)(stack + 1);
    char first[9], second[9];
    uint32_t seed = 0;

    if (stack[0] == 3) {            /* execve()'s: what the one before has found */
        say(words[1]);
        say(" ");
        say(words[2]);
        say("\n");
        leave(0);
    }
    call3(NR_read, call2(NR_open, "/seed", 0), &seed, 4);
    digits(first, family(seed));
    digits(second, memory(seed) + handled);
    const char *const next[] = { words[0], first, second, NULL };
    call3(NR_execve, words[0], next, next + 3);
    leave(1);
}
