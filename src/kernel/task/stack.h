/*
 * The kernel's stacks: each between pages that are not mapped, so that one that overflows hits
 * nothing but a double fault.
 */
#ifndef TASK_STACK_H
#define TASK_STACK_H

#include "x86/paging.h"

#define STACK_SIZE (2 * PAGE_SIZE)

/* Tell of stack overflows from here on. */
void stack_init(void);

/* A stack: its lowest address, or 0 if there is no memory. */
uintptr_t stack_alloc(void);

/* Give one back. It must not be in use. */
void stack_free(uintptr_t stack);

#endif
