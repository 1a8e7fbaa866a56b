/*
 * What the loader left: the boot information, and whether .data and .bss are what C promises.
 */
#include "ktest.h"
#include "lib/elf.h"
#include "lib/string.h"
#include "x86/bootinfo.h"
#include "x86/cpu.h"
#include "x86/mmu.h"

#define BLOCK 5000

static uint8_t cleared[BLOCK];
static uint32_t filled[] = { 0x6d794f53, 0x12345678, 0x9abcdef0 };

extern char _end[];

/* The address of a kernel function according to the symbols that the loader passed on. */
static uint32_t look_up(const char *name)
{
    const Elf32_Sym *symbol = early_virtual(boot_info.symtab);
    const char *names = early_virtual(boot_info.strtab);

    for (uint32_t i = 0; i < boot_info.symtab_bytes / sizeof(*symbol); i++)
        if (symbol[i].st_name < boot_info.strtab_bytes &&
            strcmp(names + symbol[i].st_name, name) == 0)
            return symbol[i].st_value;
    return 0;
}

/* Halts at its end, so that the grader can look at the memory from outside. */
KTEST(boot_facts)
{
    unsigned dirty = 0;

    for (unsigned i = 0; i < BLOCK; i++)
        dirty += cleared[i] != 0;
    ktest_report("bss %u", dirty);
    ktest_report("data %x %x %x", filled[0], filled[1], filled[2]);
    ktest_report("drive %x", boot_info.boot_drive);
    ktest_report("kernel %x %x %x", boot_info.kernel_start, boot_info.kernel_end,
                 early_physical(_end));
    ktest_report("symbol %x %x", look_up("ktest_run"), (uint32_t)(uintptr_t)ktest_run);
    for (unsigned i = 0; i < boot_info.e820_count; i++)
        ktest_report("e820 %llx %llx %x", boot_info.e820[i].base, boot_info.e820[i].length,
                     boot_info.e820[i].type);
    cleared[0] = 1;                                 /* keeps both out of read-only sections */
    filled[0]++;
    ktest_report("halts");
    cpu_stop();
}
