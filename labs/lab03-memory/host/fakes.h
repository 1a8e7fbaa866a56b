/*
 * What stands around one module of mm/ when it runs as a program of the host: physical memory at
 * KERNEL_BASE, so that phys_to_virt() holds unchanged (which takes -m32), a log that nobody reads,
 * and a panic that ends the case in which it happens.
 *
 * A program's input is a row of cases, each its length in bytes and so many bytes; its output,
 * for each case, lines of text and "end". The modules have static state: each case is a process.
 */
#ifndef FAKES_H
#define FAKES_H

#include "host.h"
#include "x86/irqflags.h"
#include "x86/paging.h"

/* Have `bytes` of memory at KERNEL_BASE; `usable` false: nothing in it can be touched yet. */
void ram_map(uint32_t bytes, bool usable);

/* Let the frames [first, end) of it be touched. */
void ram_usable(uint32_t first, uint32_t end);

/*
 * Watch memory that nobody may use now, and no longer. Where there is no AddressSanitizer the
 * pages that are only partly forbidden are not watched.
 */
void ram_forbid(const void *p, size_t n);
void ram_allow(const void *p, size_t n);

/* n bytes of memory, never given back, behind whose end nothing can be touched. */
void *exact(size_t n);

/* Run `one_case` for each case of the input; dies as it dies, but for a panic. */
void each_case(void (*one_case)(void));

/* The case's input: is there more, and the next of it. */
bool more(void);
uint32_t word(void);
const void *bytes(size_t n);

/* Print "interrupts" and the name if somebody has left them off, and turn them on. */
void check_interrupts(const char *name);

#endif
