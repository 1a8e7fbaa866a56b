/*
 * The processor's own instructions, as functions.
 */
#ifndef X86_CPU_H
#define X86_CPU_H

#include "x86/io.h"

/* Interrupts off and halt, for good (a non-maskable interrupt may end one halt). */
static inline __attribute__((noreturn)) void cpu_stop(void)
{
    for (;;) {
        __asm__ volatile("cli");
        cpu_halt();
    }
}

#define READ_CR(n)                                                  \
    static inline uint32_t read_cr##n(void)                         \
    {                                                               \
        uint32_t value;                                             \
                                                                    \
        __asm__ volatile("mov %%cr" #n ", %0" : "=r"(value));       \
        return value;                                               \
    }
READ_CR(0)
READ_CR(2)
READ_CR(3)
READ_CR(4)

#define CR0_WP 0x10000u             /* read-only pages are so for the kernel, too */

static inline void write_cr0(uint32_t value)
{
    __asm__ volatile("mov %0, %%cr0" : : "r"(value) : "memory");
}

// lab 3 begin
#define WRITE_CR(n)                                                 \
    static inline void write_cr##n(uint32_t value)                  \
    {                                                               \
        __asm__ volatile("mov %0, %%cr" #n : : "r"(value) : "memory"); \
    }
WRITE_CR(3)
WRITE_CR(4)

/* What CPUID's function 1 puts into EDX: a bit for each feature. SDM volume 2A, table 3-11. */
static inline uint32_t cpuid_features(void)
{
    uint32_t function = 1, features;

    __asm__ volatile("cpuid" : "+a"(function), "=d"(features) : : "ebx", "ecx");
    return features;
}

// lab 3 end
// lab 4 begin
/* The same in ECX. */
static inline uint32_t cpuid_more_features(void)
{
    uint32_t function = 1, features;

    __asm__ volatile("cpuid" : "+a"(function), "=c"(features) : : "ebx", "edx");
    return features;
}

/* The time-stamp counter: the processor's cycles since its reset. */
static inline uint64_t read_tsc(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

// lab 4 end
// lab 6 begin
/* What CPUID's function 1 puts into EAX: family, model and stepping. SDM volume 2A, CPUID. */
static inline uint32_t cpuid_signature(void)
{
    uint32_t function = 1;

    __asm__ volatile("cpuid" : "+a"(function) : : "ebx", "ecx", "edx");
    return function;
}

/* Set a model-specific register's low half, and its high half to 0. */
static inline void write_msr(uint32_t number, uint32_t value)
{
    __asm__ volatile("wrmsr" : : "c"(number), "a"(value), "d"(0));
}

// lab 6 end
static inline void breakpoint(void)
{
    __asm__ volatile("int3");
}

/* Reset the machine: by the keyboard controller, then by three faults in a row. Does not return. */
static inline __attribute__((noreturn)) void cpu_reset(void)
{
    static const uint16_t no_idt[3];

    for (int i = 0; i < 100000 && inb(0x64) & 2; i++)
        ;
    outb(0x64, 0xfe);               /* pulse the reset line */
    for (int i = 0; i < 100000; i++)
        inb(0x64);
    __asm__ volatile("lidt (%0)\n\tint3" : : "r"(no_idt));
    cpu_stop();
}

#endif
