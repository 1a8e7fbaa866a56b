/*
 * For the programs in this folder: system calls, and a few words on standard output. There is no C
 * library. They are programs for Linux on the i386, so each of them can be run there, too.
 *
 * A program defines start(), which gets the stack as the kernel has left it and returns the exit
 * status.
 */
#ifndef TRY_H
#define TRY_H

#include "../user/linux.h"

int start(uint32_t *stack);

__asm__(".globl _start\n"
        "_start:\n\t"
        "xorl %ebp, %ebp\n\t"
        "movl %esp, %eax\n\t"
        "subl $12, %esp\n\t"
        "pushl %eax\n\t"
        "call start\n\t"
        "movl %eax, %ebx\n\t"
        "movl $1, %eax\n\t"
        "int $0x80");

/* A line of a text and a number: in one write, so that no other process comes in between. */
static inline void tell(const char *text, long value)
{
    char line[128], digits[12];
    unsigned n = 0, d = 0;
    unsigned long rest = value < 0 ? 0ul - (unsigned long)value : (unsigned long)value;

    while (*text && n < 100)
        line[n++] = *text++;
    if (value < 0)
        line[n++] = '-';
    do
        digits[d++] = (char)('0' + rest % 10);
    while (rest /= 10);
    while (d)
        line[n++] = digits[--d];
    line[n++] = '\n';
    call3(NR_write, 1, line, n);
}

/* The same without a number. */
static inline void say(const char *text)
{
    unsigned n = 0;

    while (text[n])
        n++;
    call3(NR_write, 1, text, n);
}

#endif
