/*
 * A program that talks to itself by a pipe, until nobody listens any more.
 */
#include "user.h"

#define NR_fcntl64 221
#define F_DUPFD    0

static uint8_t bytes[3000], back[3000];

PROGRAM(pipes_alone)
{
    uint32_t state = argument, fds[2] = { 99, 99 };
    uint32_t n = 1 + next_random(&state) % sizeof(bytes), least = 3 + next_random(&state) % 40;

    tell(1, (uint32_t)call1(NR_pipe, fds));
    tell(fds[0], fds[1]);
    for (uint32_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)next_random(&state);
    tell(2, (uint32_t)call3(NR_fcntl64, fds[1], F_DUPFD, least));
    tell(3, (uint32_t)call1(NR_dup, fds[1]));
    tell(4, (uint32_t)call1(NR_close, fds[1]));
    tell(5, (uint32_t)call3(NR_write, least, bytes, n));
    tell(6, (uint32_t)call3(NR_read, fds[0], back, sizeof(back)));
    tell_bytes(7, back, n);
    tell(8, (uint32_t)call1(NR_close, fds[0]));
    tell(9, (uint32_t)call3(NR_write, least, bytes, n));
    return 0;
}
