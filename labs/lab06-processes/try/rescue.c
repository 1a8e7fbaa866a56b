/*
 * A handler of SIGSEGV that brings the page that was missing, so that the instruction is made again
 * and succeeds; and a call that a signal interrupts.
 */
#include "abi/mman.h"
#include "abi/signal.h"
#include "try.h"

#define PAGE 4096
#define SOMEWHERE 0x20000000u

static volatile int rescued, rang;

static void rescue(int number, siginfo_t *info)
{
    (void)number;
    rescued++;
    call6(NR_mmap2, info->address & ~(PAGE - 1u), PAGE, PROT_READ | PROT_WRITE,
          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, (uint32_t)-1, 0);
}

static void ring(int number)
{
    rang = number;
}

int start(uint32_t *stack)
{
    struct sigaction on_fault = { (uint32_t)(uintptr_t)rescue, SA_SIGINFO, 0, 0 };
    struct sigaction on_usr1 = { (uint32_t)(uintptr_t)ring, 0, 0, 0 };
    int ends[2];
    char byte;

    (void)stack;
    call4(NR_rt_sigaction, SIGSEGV, &on_fault, 0, 8);
    call4(NR_rt_sigaction, SIGUSR1, &on_usr1, 0, 8);
    for (uint32_t i = 0; i < 3; i++)
        *(volatile uint32_t *)(SOMEWHERE + i * PAGE) = i;
    tell("pages that the handler brought: ", rescued);

    long me = call0(NR_getpid);
    call1(NR_pipe, ends);
    if (call0(NR_fork) == 0) {
        int32_t time[2] = { 0, 50000000 };
        call2(NR_nanosleep, time, 0);
        call2(NR_kill, me, SIGUSR1);
        call1(NR_exit, 0);
    }
    tell("a read of an empty pipe: ", call3(NR_read, ends[0], &byte, 1));
    tell("the handler has seen signal ", rang);
    return 0;
}
