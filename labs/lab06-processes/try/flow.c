/*
 * A pipe between a child that writes and a parent that reads: how many bytes, in how many pieces,
 * and what comes at the end.
 */
#include "try.h"

#define BYTES 200000

static char buffer[5000];

int start(uint32_t *stack)
{
    int ends[2], status = 0;
    long total = 0, n, most = 0;

    (void)stack;
    if (call1(NR_pipe, ends) < 0)
        return 1;
    tell("the ends are ", ends[0] * 10 + ends[1]);
    if (call0(NR_fork) == 0) {
        call1(NR_close, ends[0]);
        for (long left = BYTES; left > 0; left -= n)
            n = call3(NR_write, ends[1], buffer, left < 5000 ? left : 5000);
        call1(NR_exit, 0);
    }
    call1(NR_close, ends[1]);
    while ((n = call3(NR_read, ends[0], buffer, sizeof(buffer))) > 0) {
        total += n;
        most = n > most ? n : most;
    }
    tell("bytes: ", total);
    tell("in one piece at most: ", most);
    tell("and then: ", n);
    call4(NR_wait4, -1, &status, 0, 0);

    call1(NR_pipe, ends);
    if (call0(NR_fork) == 0) {
        call1(NR_close, ends[0]);
        call3(NR_write, ends[1], "x", 1);
        say("nobody reads, and I am still here\n");
        call1(NR_exit, 0);
    }
    call1(NR_close, ends[0]);
    call1(NR_close, ends[1]);
    call4(NR_wait4, -1, &status, 0, 0);
    tell("who writes to nobody ends by signal ", status & 0x7f);
    return 0;
}
