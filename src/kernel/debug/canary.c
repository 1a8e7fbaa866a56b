/*
 * What the compiler calls when a canary is dead.
 */
#include "debug/canary.h"
#include "debug/panic.h"

uintptr_t __stack_chk_guard;

void __stack_chk_fail(void);

void __stack_chk_fail(void)
{
    panic("stack smashed: a function wrote past the end of its array");
}
