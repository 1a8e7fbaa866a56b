/*
 * mm/page.h's functions without its allocator: frames found by looking from one to the next. For
 * the programs around the modules that are built upon it, so that these can be judged alone.
 *
 * What is handed out is full of garbage, and memory that nobody has is watched.
 * Freeing what is not allocated is a panic, as in the kernel.
 */
#ifndef FRAMES_H
#define FRAMES_H

#include "mm/page.h"

#define FRAMES_GARBAGE 0xa7

/* Have so many frames from address 0 on; the first ones, up to `first`, are never given away. */
void frames_init(uint32_t count, uint32_t first);

/* Let all allocations succeed until `n` have; from then on they fail. */
void frames_limit(uint32_t n);

/* Call fn at the beginning of every allocation. */
void frames_watch(void (*fn)(unsigned order));

/* Do all n bytes at p lie in frames that are allocated? */
bool frames_own(const void *p, size_t n);

/* Frames that are allocated now, and allocations that succeeded. */
extern uint32_t frames_out, frames_allocations;

#endif
