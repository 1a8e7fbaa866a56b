/*
 * How far things move.
 */
#include "proc/aslr.h"
#include "lib/cmdline.h"
#include "proc/process.h"
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
    if (!enabled || (process_current()->personality & ADDR_NO_RANDOMIZE))
        return 0;
    return random_word() & (most - unit);
}
