/*
 * Exercise 6.1: what its kernel tests and its programs have in common.
 */
#ifndef GATE_H
#define GATE_H

#include "lib/types.h"
#include "stage_calls.h"

#define GATE_CALLS   40             /* of gate_calls, with random registers */
#define GATE_COPIES  10             /* of gate_copies */
#define GATE_NUMBERS 256            /* of gate_numbers, at most */
#define GATE_FAR     60             /* of these, numbers behind the table */

/* A program's registers. Python's REGISTERS (gradelib/lab6/gate.py) has the same order. */
struct gate_registers {
    uint32_t edi, esi, ebp, esp, ebx, edx, ecx, eax, eflags, ds, es, fs, gs;
};

/* What a number was answered. */
struct gate_answer {
    uint32_t number, answer;
};

/* One copy_file_range(2): the answer, and both offsets then. */
struct gate_copy {
    uint32_t answer, from, to;
};

/*
 * What a program has met with, in its own memory, at a place where the kernel tests find it
 * whatever the gate does to its registers: the lowest page of its stack.
 */
#define GATE_PAGE (STAGE_STACK_TOP - STAGE_STACK)

struct gate_page {
    uint32_t done;                  /* calls that have come back */
    uint32_t back, cs, ss;          /* behind the int 0x80; its own segments */
    union {
        struct gate_registers after[GATE_CALLS];
        struct gate_answer answers[GATE_NUMBERS];
        struct gate_copy copies[GATE_COPIES];
    };
};

#endif
