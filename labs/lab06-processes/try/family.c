/*
 * One becomes two, and what is whose then: memory, the answer of fork, the status. Then an orphan.
 */
#include "try.h"

volatile int number = 1;                /* not static: gdb finds it by its name */

static void sleep_ms(int ms)
{
    int32_t time[2] = { ms / 1000, ms % 1000 * 1000000 };

    call2(NR_nanosleep, time, 0);
}

/* A child that has a child, and ends before it. */
static void orphan(void)
{
    long me = call0(NR_getpid);

    if (call0(NR_fork) != 0)
        call1(NR_exit, 0);
    while (call0(NR_getppid) == me)
        sleep_ms(10);
    tell("the orphan's parent is process ", call0(NR_getppid));
    call1(NR_exit, 0);
}

int start(uint32_t *stack)
{
    int status = 0;

    (void)stack;
    number++;
    long child = call0(NR_fork);
    if (child == 0) {
        number = 42;
        tell("child: number is ", number);
        call1(NR_exit, 7);
    }
    long ended = call4(NR_wait4, -1, &status, 0, 0);
    tell("parent: number is ", number);
    say(ended == child ? "parent: it was my child that ended\n" : "parent: who was that?\n");
    tell("parent: its exit status is ", status >> 8 & 0xff);
    tell("parent: and nobody is left to wait for: ", call4(NR_wait4, -1, &status, 0, 0));
    child = call0(NR_fork);
    if (child == 0)
        orphan();
    call4(NR_wait4, child, &status, 0, 0);
    sleep_ms(100);
    return 0;
}
