/*
 * Port I/O, and the checkpoint letters of early code.
 */
#ifndef X86_IO_H
#define X86_IO_H

#include "lib/types.h"

static inline void outb(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "d"(port));
}

static inline uint8_t inb(uint16_t port)
{
    uint8_t value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "d"(port));
    return value;
}

static inline void outw(uint16_t port, uint16_t value)
{
    __asm__ volatile("outw %0, %1" : : "a"(value), "d"(port));
}

// lab 5 begin
static inline uint16_t inw(uint16_t port)
{
    uint16_t value;

    __asm__ volatile("inw %1, %0" : "=a"(value) : "d"(port));
    return value;
}

static inline void outl(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" : : "a"(value), "d"(port));
}

static inline uint32_t inl(uint16_t port)
{
    uint32_t value;

    __asm__ volatile("inl %1, %0" : "=a"(value) : "d"(port));
    return value;
}

/* n words from a port to memory, or from there to the port, one after the other. */
static inline void insw(uint16_t port, void *to, size_t n)
{
    __asm__ volatile("rep insw" : "+D"(to), "+c"(n) : "d"(port) : "memory");
}

static inline void outsw(uint16_t port, const void *from, size_t n)
{
    __asm__ volatile("rep outsw" : "+S"(from), "+c"(n) : "d"(port) : "memory");
}

// lab 5 end
/* Stop until the next interrupt; with interrupts off, for good. */
static inline void cpu_halt(void)
{
    __asm__ volatile("hlt");
}

/* Say how far the boot has come: a letter on port 0xE9 and COM1. Needs no initialisation. */
static inline void checkpoint(char letter)
{
    outb(0xe9, letter);
    outb(0x3f8, letter);
}

#endif
