/*
 * Placing the kernel: from its ELF file, gathered somewhere in memory, to where it was linked for.
 *
 * Tool Interface Standard, ELF 1.2, book I: file header, program headers, symbol table.
 */
#ifndef BOOT_ELF_H
#define BOOT_ELF_H

#include "lib/types.h"

#define KERNEL_BASE 0xc0000000u     /* where physical 0 is mapped in the kernel */

/* Where a loaded kernel lies, physical addresses. Without a symbol table symtab_bytes is 0. */
struct elf_image {
    uint32_t start, end;
    uint32_t entry;
    uint32_t symtab, symtab_bytes, strtab, strtab_bytes;
};

/*
 * The physical address that a program header means. GNU ld writes it (0x00100000); tcc repeats the
 * virtual one (0xC0100000), so what lies at or above KERNEL_BASE is taken down by it.
 */
static inline uint32_t elf_physical(uint32_t address)
{
    return address >= KERNEL_BASE ? address - KERNEL_BASE : address;
}

/*
 * Check the ELF file of `size` bytes at `file` and copy its PT_LOAD segments to memory, each
 * followed by zeros up to its p_memsz. `memory` is where physical address `low` is seen; segments
 * must lie in [low, high).
 *
 * Fills image->start, ->end (the whole extent of the segments) and ->entry.
 * Returns 0; -ENOEXEC if this is no ELF file for the i386 that can be executed; -EINVAL if its
 * headers contradict themselves or the file's size; -ENOMEM if a segment does not fit into
 * [low, high). Bytes outside are never touched.
 */
int elf_load(const void *file, uint32_t size, uint8_t *memory, uint32_t low, uint32_t high,
             struct elf_image *image);

/*
 * Copy the file's symbol table and its strings behind image->end (if they fit below `high`), note
 * their place and move image->end behind them. A file without symbols, or with bad ones, leaves
 * symtab_bytes 0: a kernel can do without.
 */
void elf_load_symbols(const void *file, uint32_t size, uint8_t *memory, uint32_t low, uint32_t high,
                      struct elf_image *image);

#endif
