/*
 * Programs of the stage (tests/stage.h): what they share.
 *
 *     PROGRAM(name) { ... return status; }
 *
 * defines one, which gets `argument` and ends with that exit status. There is no C library; the
 * image is one for all programs, at one address, and can be read, written and executed.
 */
#ifndef USER_H
#define USER_H

#include "linux.h"
#include "stage_calls.h"

struct program {
    const char *name;
    int (*run)(uint32_t argument);
};

#define PROGRAM(id)                                                                              \
    static int program_##id(uint32_t argument);                                                  \
    static const struct program program_entry_##id                                               \
        __attribute__((section("programs"), used, aligned(4))) = { #id, program_##id };          \
    static int program_##id(uint32_t argument __attribute__((unused)))

static inline void tell(uint32_t a, uint32_t b)
{
    call2(STAGE_TELL, a, b);
}

static inline void tell_bytes(uint32_t tag, const void *bytes, uint32_t n)
{
    call3(STAGE_BYTES, tag, bytes, n);
}

static inline void stay(void)
{
    call0(STAGE_STAY);
}

static inline __attribute__((noreturn)) void leave(int status)
{
    for (;;) {
        call1(NR_exit_group, status);
        __asm__ volatile("hlt");    /* without a gate: this ends it */
    }
}

/* The next word of a sequence, xorshift32: as ktest_random() makes them. */
static inline uint32_t next_random(uint32_t *state)
{
    uint32_t x = *state ? *state : 1;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}

#endif
