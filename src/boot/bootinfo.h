/*
 * What the loader tells the kernel. The kernel's entry gets BOOT_INFO_MAGIC in EAX and the
 * physical address of a struct boot_info in EBX; the structure lies in low memory, so the kernel
 * copies it before it uses that memory.
 *
 * All addresses are physical. Made by boot/load.c, or from Multiboot's by x86/bootinfo.c.
 */
#ifndef BOOT_BOOTINFO_H
#define BOOT_BOOTINFO_H

#include "lib/e820.h"
#include "lib/types.h"

#define BOOT_INFO_MAGIC 0x534f796du     /* "myOS" */
#define BOOT_CMDLINE_MAX 1024

struct boot_info {
    uint32_t boot_drive;                /* BIOS drive number */
    uint32_t kernel_start, kernel_end;  /* the kernel, with .bss and symbol table behind it */
    uint32_t symtab, symtab_bytes;      /* its ELF symbols (Elf32_Sym), or 0 */
    uint32_t strtab, strtab_bytes;      /* their names */
    uint32_t e820_count;
    struct e820_entry e820[E820_MAX];   /* sorted, without overlap */
    char cmdline[BOOT_CMDLINE_MAX];
};

#endif
