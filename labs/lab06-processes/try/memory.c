/*
 * Memory that grows, that is placed, that changes what it allows, and what happens to who does not
 * keep to it.
 */
#include "abi/mman.h"
#include "try.h"

#define PAGE 4096

/* Have a child touch the byte: the signal that ends it, or 0. */
static int touch(volatile char *at, bool write)
{
    int status = 0;

    if (call0(NR_fork) == 0) {
        if (write)
            *at = 1;
        call1(NR_exit, *at & 0);
    }
    call4(NR_wait4, -1, &status, 0, 0);
    return status & 0x7f;
}

int start(uint32_t *stack)
{
    uint32_t begin = (uint32_t)call1(NR_brk, 0), end = (uint32_t)call1(NR_brk, begin + 5000);

    (void)stack;
    tell("brk has moved by ", (long)(end - begin));
    *(char *)(begin + 4999) = 'x';
    char *at = (char *)call6(NR_mmap2, 0, 3 * PAGE, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS, (uint32_t)-1, 0);
    at[PAGE] = 'y';
    tell("mprotect of the middle: ", call3(NR_mprotect, at + PAGE, PAGE, PROT_READ));
    tell("reading there: signal ", touch(at + PAGE, false));
    tell("writing there: signal ", touch(at + PAGE, true));
    tell("writing beside it: signal ", touch(at + 2 * PAGE, true));
    call3(NR_mprotect, at + PAGE, PAGE, PROT_NONE);
    tell("reading with PROT_NONE: signal ", touch(at + PAGE, false));
    call3(NR_mprotect, at + PAGE, PAGE, PROT_READ | PROT_WRITE);
    tell("and afterwards the byte is ", at[PAGE]);
    call2(NR_munmap, at + PAGE, PAGE);
    tell("reading in the hole: signal ", touch(at + PAGE, false));
    return 0;
}
