/*
 * Exercise 6.1: programs that call in every way that there is.
 */
#include "gate.h"
#include "sys/calls.h"
#include "user.h"

#define EFLAGS_ANY 0x244cd5u        /* CF, PF, AF, ZF, SF, DF, OF, NT, AC, ID: a program's own */
#define EFLAGS_SET 0x202u           /* bit 1, and IF */

enum { USER_CODE = 0x18, USER_DATA = 0x20 };    /* with any RPL */

extern struct gate_registers gate_before, gate_after;
extern const char gate_back[];
void gate_try(void);

static struct gate_page *const page = (struct gate_page *)GATE_PAGE;

/* A null selector, or one of the two that there are, with any RPL. */
static uint32_t random_selector(uint32_t *state)
{
    uint32_t word = next_random(state), which = word % 5;

    return which == 0 ? 0 : (which < 3 ? USER_DATA : USER_CODE) | (word >> 8) % 4;
}

static void random_registers(uint32_t *state)
{
    static const uint32_t harmless[] = { NR_getpid, NR_getppid, NR_gettid };

    gate_before.edi = next_random(state);
    gate_before.esi = next_random(state);
    gate_before.ebp = next_random(state);
    gate_before.esp = next_random(state);
    gate_before.ebx = next_random(state);
    gate_before.edx = next_random(state);
    gate_before.ecx = next_random(state);
    gate_before.eax = harmless[next_random(state) % ARRAY_SIZE(harmless)];
    gate_before.eflags = (next_random(state) & EFLAGS_ANY) | EFLAGS_SET;
    gate_before.ds = random_selector(state);
    gate_before.es = random_selector(state);
    gate_before.fs = random_selector(state);
    gate_before.gs = random_selector(state);
}

static void begin(void)
{
    page->done = 0;
    page->back = (uint32_t)gate_back;
    __asm__ volatile("movl %%cs, %0\n\tmovl %%ss, %1" : "=r"(page->cs), "=r"(page->ss));
}

PROGRAM(gate_calls)
{
    uint32_t state = argument;

    begin();
    for (unsigned i = 0; i < GATE_CALLS; i++) {
        random_registers(&state);
        gate_try();
        page->after[i] = gate_after;
        page->done++;
    }
    return 0;
}

static void try_number(uint32_t number)
{
    page->answers[page->done].number = number;
    page->answers[page->done].answer = (uint32_t)call6(number, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u);
    page->done++;
}

#define MARK(number, name, arguments, trace) there[number] = true;

/* Numbers that nobody has, and behind them a few that have somebody. */
PROGRAM(gate_numbers)
{
    static bool there[1024];
    uint32_t state = argument, last = ARRAY_SIZE(there) - 1;

    begin();
    SYSCALLS(MARK)
    while (!there[last])
        last--;
    for (uint32_t number = 0; number < last; number++)
        if (!there[number] && page->done < GATE_NUMBERS - GATE_FAR - 4)
            try_number(number);
    for (unsigned i = 0; i < GATE_FAR; i++) {
        uint32_t word = next_random(&state);
        switch (i % 6) {
        case 0: word = last + 1 + i / 6 % 2; break;         /* right behind the table */
        case 1: word |= 0x80000000u; break;
        case 2: word = NR_getpid | (word | 1) << 30; break; /* times 4, this is getpid's place */
        case 3: word = NR_getpid | (1 + word % 0x7fff) << 16; break;
        case 4: word = -1 - i / 6; break;
        default: word |= 0x1000; break;
        }
        try_number(word);
    }
    try_number(NR_getpid);
    try_number(NR_getppid);
    try_number(NR_gettid);
    try_number(last);
    return 0;
}

/* Bytes 0 and 1 of the argument are the files' descriptors. */
PROGRAM(gate_copies)
{
    uint32_t state = argument, in = argument & 0xff, out = argument >> 8 & 0xff;

    begin();
    for (unsigned i = 0; i < GATE_COPIES; i++) {
        int64_t from = next_random(&state) % 3000, to = next_random(&state) % 3000;
        uint32_t n = 1 + next_random(&state) % 1500;
        struct gate_copy *copy = &page->copies[i];
        copy->answer = (uint32_t)call6(NR_copy_file_range, in, (uint32_t)&from, out,
                                       (uint32_t)&to, n, i % 3 == 1);
        copy->from = (uint32_t)from;
        copy->to = (uint32_t)to;
        page->done++;
    }
    return 0;
}
