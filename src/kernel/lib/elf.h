/*
 * The ELF structures for 32-bit files, as far as this system reads them.
 *
 * Tool Interface Standard, ELF 1.2, book I; names as in the System V ABI.
 */
#ifndef LIB_ELF_H
#define LIB_ELF_H

#include "lib/types.h"

#define ELFCLASS32  1
#define ELFDATA2LSB 1
#define ET_EXEC     2
#define ET_DYN      3               // lab 6
#define EM_386      3
#define PT_LOAD     1
#define PT_INTERP   3               // lab 6
#define PT_PHDR     6               // lab 6
#define PT_GNU_STACK 0x6474e551     // lab 6
#define PF_X        1               // lab 6
#define PF_W        2               // lab 6
#define PF_R        4               // lab 6
#define SHT_SYMTAB  2

typedef struct {
    uint8_t  e_ident[16];           /* 0x7f "ELF", class, data, version */
    uint16_t e_type, e_machine;
    uint32_t e_version, e_entry, e_phoff, e_shoff, e_flags;
    uint16_t e_ehsize, e_phentsize, e_phnum, e_shentsize, e_shnum, e_shstrndx;
} Elf32_Ehdr;

typedef struct {
    uint32_t p_type, p_offset, p_vaddr, p_paddr, p_filesz, p_memsz, p_flags, p_align;
} Elf32_Phdr;

typedef struct {
    uint32_t sh_name, sh_type, sh_flags, sh_addr, sh_offset, sh_size;
    uint32_t sh_link, sh_info, sh_addralign, sh_entsize;
} Elf32_Shdr;

typedef struct {
    uint32_t st_name, st_value, st_size;
    uint8_t  st_info, st_other;
    uint16_t st_shndx;
} Elf32_Sym;

#endif
