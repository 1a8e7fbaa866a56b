/*
 * Taking over what the loader knows: this system's own loader or a Multiboot one.
 *
 * Loaders leave their structures anywhere in low memory: they are copied before that is used.
 */
#include "x86/bootinfo.h"
#include "abi/errno.h"
#include "lib/elf.h"
#include "lib/string.h"
#include "x86/mmu.h"
#include "x86/multiboot.h"

extern char _start[], _end[];

struct boot_info boot_info;

/* The ELF symbols that GRUB loaded, if it did. */
static void take_symbols(const struct multiboot_info *mb)
{
    const Elf32_Shdr *sh = early_virtual(mb->elf_addr);

    if (mb->elf_size != sizeof(*sh) || mb->elf_addr >= EARLY_BYTES)
        return;
    for (uint32_t i = 0; i < mb->elf_num; i++) {
        if (sh[i].sh_type != SHT_SYMTAB || sh[i].sh_link >= mb->elf_num)
            continue;
        const Elf32_Shdr *names = &sh[sh[i].sh_link];
        boot_info.symtab = sh[i].sh_addr;
        boot_info.symtab_bytes = sh[i].sh_size;
        boot_info.strtab = names->sh_addr;
        boot_info.strtab_bytes = names->sh_size;
        if (boot_info.kernel_end < names->sh_addr + names->sh_size)
            boot_info.kernel_end = names->sh_addr + names->sh_size;
        if (boot_info.kernel_end < sh[i].sh_addr + sh[i].sh_size)
            boot_info.kernel_end = sh[i].sh_addr + sh[i].sh_size;
        return;
    }
}

static void take_memory_map(const struct multiboot_info *mb)
{
    struct e820_entry raw[E820_MAX];
    unsigned n = 0;

    if ((mb->flags & MULTIBOOT_MMAP) && mb->mmap_addr < EARLY_BYTES) {
        const uint8_t *at = early_virtual(mb->mmap_addr), *end = at + mb->mmap_length;
        while (at < end && n < E820_MAX) {
            const struct multiboot_mmap *m = (const struct multiboot_mmap *)at;
            raw[n++] = (struct e820_entry){ .base = m->base, .length = m->length, .type = m->type };
            at += m->size + sizeof(m->size);
        }
    } else if (mb->flags & MULTIBOOT_MEMORY) {
        raw[n++] = (struct e820_entry){
            .base = 0, .length = mb->mem_lower * 1024ull, .type = E820_USABLE,
        };
        raw[n++] = (struct e820_entry){
            .base = 0x100000, .length = mb->mem_upper * 1024ull, .type = E820_USABLE,
        };
    }
    boot_info.e820_count = e820_sanitize(raw, n, boot_info.e820, E820_MAX);
}

static void take_multiboot(const struct multiboot_info *mb)
{
    boot_info.kernel_start = early_physical(_start) & ~0xfffu;
    boot_info.kernel_end = early_physical(_end);
    if (mb->flags & MULTIBOOT_DEVICE)
        boot_info.boot_drive = mb->boot_device >> 24;
    if ((mb->flags & MULTIBOOT_CMDLINE) && mb->cmdline < EARLY_BYTES)
        strlcpy(boot_info.cmdline, early_virtual(mb->cmdline), sizeof(boot_info.cmdline));
    if (mb->flags & MULTIBOOT_ELF)
        take_symbols(mb);
    take_memory_map(mb);
}

int boot_info_init(uint32_t magic, uint32_t info)
{
    switch (magic) {
    case BOOT_INFO_MAGIC:
        memcpy(&boot_info, early_virtual(info), sizeof(boot_info));
        return 0;
    case MULTIBOOT_MAGIC:
        take_multiboot(early_virtual(info));
        return 0;
    default:
        return -EINVAL;
    }
}
