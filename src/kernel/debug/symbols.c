/*
 * The kernel's symbol table. Read in place, linearly: it is for people, who do not notice.
 */
#include "debug/symbols.h"
#include "lib/elf.h"
#include "lib/string.h"
#include "x86/bootinfo.h"
#include "x86/mmu.h"

#define STT_NOTYPE 0
#define STT_FUNC   2

extern char _etext[];

/* Symbol i's name, or NULL past the end or if it has none that lies within the string table. */
static const char *symbol_at(uint32_t i, const Elf32_Sym **symbol)
{
    const Elf32_Sym *table = early_virtual(boot_info.symtab);

    *symbol = &table[i];
    if (table[i].st_name >= boot_info.strtab_bytes)
        return NULL;
    return (const char *)early_virtual(boot_info.strtab) + table[i].st_name;
}

static uint32_t symbol_count(void)
{
    return boot_info.symtab_bytes / sizeof(Elf32_Sym);
}

const char *symbol_of(uint32_t address, uint32_t *offset)
{
    const char *best = NULL;
    uint32_t best_value = 0;
    /* Data, heap and stacks are no function's, though the last one begins before them. */
    uint32_t count = address < (uint32_t)(uintptr_t)_etext ? symbol_count() : 0;

    for (uint32_t i = 1; i < count; i++) {
        const Elf32_Sym *s;
        const char *name = symbol_at(i, &s);
        unsigned type = s->st_info & 15;
        if (!name || !*name || (type != STT_FUNC && type != STT_NOTYPE))
            continue;
        if (type == STT_NOTYPE && strchr(name, '.'))
            continue;               /* a label inside a NASM function */
        if (s->st_value <= address && s->st_value >= KERNEL_BASE && s->st_value > best_value) {
            best = name;
            best_value = s->st_value;
        }
    }
    *offset = address - best_value;
    return best;
}
