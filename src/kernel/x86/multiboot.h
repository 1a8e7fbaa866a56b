/*
 * What a Multiboot loader hands over. All addresses are physical.
 *
 * Multiboot specification 0.6.96, 3.3.
 */
#ifndef X86_MULTIBOOT_H
#define X86_MULTIBOOT_H

#include "lib/types.h"

#define MULTIBOOT_MAGIC 0x2badb002u

#define MULTIBOOT_MEMORY  (1u << 0)     /* mem_lower, mem_upper */
#define MULTIBOOT_DEVICE  (1u << 1)
#define MULTIBOOT_CMDLINE (1u << 2)
#define MULTIBOOT_ELF     (1u << 5)     /* the section headers of the kernel's file */
#define MULTIBOOT_MMAP    (1u << 6)

struct multiboot_info {
    uint32_t flags;
    uint32_t mem_lower, mem_upper;      /* KiB below 640 KiB, and from 1 MiB up */
    uint32_t boot_device;               /* drive number in the highest byte */
    uint32_t cmdline;
    uint32_t mods_count, mods_addr;
    uint32_t elf_num, elf_size, elf_addr, elf_shndx;
    uint32_t mmap_length, mmap_addr;
};

/* An entry of the memory map: `size` counts the bytes after itself. */
struct multiboot_mmap {
    uint32_t size;
    uint64_t base, length;
    uint32_t type;                      /* as in E820 */
} __attribute__((packed));

#endif
