/*
 * Stack canaries: a value between a function's arrays and its return address. The compiler puts it
 * there (-fstack-protector-strong) and looks before the function returns whether it has changed.
 */
#ifndef DEBUG_CANARY_H
#define DEBUG_CANARY_H

#include "lib/types.h"

extern uintptr_t __stack_chk_guard;

/* Choose the value. Whoever calls this must never return: its own canary is the old one. */
static inline void canary_init(uintptr_t random)
{
    __stack_chk_guard = random & ~(uintptr_t)0xff;      /* strcpy cannot write a zero */
}

#endif
