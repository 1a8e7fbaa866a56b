/*
 * Programs that ask for memory, and for less of it.
 */
#include "user.h"

#define PAGE 4096u
#define READ 1
#define WRITE 2
#define PRIVATE_ANONYMOUS 0x22
#define FIXED 0x10

/*
 * Six pages, each with a word of its own at its beginning: the second is replaced by a new one, the
 * third can only be read from now on, the fourth not at all; the fifth could not for a while.
 * Returns where they are, and ends what brk gave at *end.
 */
static uint32_t furnish(uint32_t seed, uint32_t *end)
{
    uint32_t state = seed, at, old = (uint32_t)call1(NR_brk, 0);

    at = (uint32_t)call6(NR_mmap2, 0, 6 * PAGE, READ | WRITE, PRIVATE_ANONYMOUS, (uint32_t)-1, 0);
    tell(1, at);
    for (uint32_t i = 0; i < 6; i++)
        *(volatile uint32_t *)(at + i * PAGE) = next_random(&state);
    tell(2, (uint32_t)call6(NR_mmap2, at + PAGE, PAGE, READ | WRITE, PRIVATE_ANONYMOUS | FIXED,
                            (uint32_t)-1, 0) - (at + PAGE));
    tell(3, (uint32_t)call3(NR_mprotect, at + 2 * PAGE, PAGE, READ));
    tell(4, (uint32_t)call3(NR_mprotect, at + 3 * PAGE, 2 * PAGE, 0));
    tell(5, (uint32_t)call3(NR_mprotect, at + 4 * PAGE, PAGE, READ | WRITE));
    uint32_t bytes = 4 + next_random(&state) % 50000;
    *end = (uint32_t)call1(NR_brk, old + bytes);
    tell(6, *end - old);
    return at;
}

static uint32_t word(uint32_t at)
{
    return *(volatile uint32_t *)at;
}

/* Stays there, to be looked at. */
PROGRAM(areas_stays)
{
    uint32_t end, at = furnish(argument, &end);

    *(volatile uint32_t *)(end - 4) = argument;
    tell(7, word(at + PAGE));
    tell(8, word(at + 4 * PAGE));
    tell(9, word(at + 2 * PAGE));
    tell(10, end);
    stay();
    return 0;
}

/* Does what it must not, one of three things. */
PROGRAM(areas_dies)
{
    uint32_t end, at = furnish(argument & ~3u, &end);

    switch (argument & 3) {
    case 0:
        *(volatile uint32_t *)(at + 2 * PAGE) = 1;
        break;
    case 1:
        word(at + 3 * PAGE);
        break;
    case 2:
        word((end + PAGE - 1) & ~(PAGE - 1));
        break;
    }
    return 1;
}
