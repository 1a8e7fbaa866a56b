/*
 * How far things move.
 */
#include "proc/aslr.h"
#include "lib/cmdline.h"
#include "proc/vdso.h"
#include "x86/random.h"

static bool enabled;

void aslr_init(const char *cmdline)
{
    enabled = cmdline_find(cmdline, "aslr", NULL, 0);
    vdso_move(aslr_offset(ASLR_VDSO, PAGE_SIZE));
}

uint32_t aslr_offset(uint32_t most, uint32_t unit)
{
    return enabled ? random_word() & (most - unit) : 0;
}
