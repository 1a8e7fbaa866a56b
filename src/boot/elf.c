/*
 * Placing the kernel's ELF file. Trusts nothing in it: a damaged disk must end in a message, not in
 * a jump to nowhere. Also compiled for the host, where the tests feed it broken files.
 */
#include "boot/elf.h"
#include "abi/errno.h"
#include "lib/elf.h"
#include "lib/string.h"

/* Does [offset, offset + length) lie within [0, limit)? No sum here can overflow. */
static bool within(uint32_t offset, uint32_t length, uint32_t limit)
{
    return offset <= limit && length <= limit - offset;
}

static int check_header(const Elf32_Ehdr *e, uint32_t size)
{
    if (size < sizeof(*e) || memcmp(e->e_ident, "\x7f" "ELF", 4) != 0)
        return -ENOEXEC;
    if (e->e_ident[4] != ELFCLASS32 || e->e_ident[5] != ELFDATA2LSB ||
        e->e_machine != EM_386 || e->e_type != ET_EXEC)
        return -ENOEXEC;
    if (e->e_phentsize != sizeof(Elf32_Phdr) ||
        !within(e->e_phoff, e->e_phnum * sizeof(Elf32_Phdr), size))
        return -EINVAL;
    return 0;
}

/* Copy one segment to its place and clear the rest of it. */
static int load_segment(const uint8_t *file, uint32_t size, const Elf32_Phdr *ph, uint8_t *memory,
                        uint32_t low, uint32_t high)
{
    // exercise 1.6 begin: refuse what lies or does not fit; copy p_filesz bytes, zero up to p_memsz
    uint32_t start = elf_physical(ph->p_paddr);

    if (ph->p_filesz > ph->p_memsz || !within(ph->p_offset, ph->p_filesz, size))
        return -EINVAL;
    if (start < low || !within(start - low, ph->p_memsz, high - low))
        return -ENOMEM;
    memcpy(memory + (start - low), file + ph->p_offset, ph->p_filesz);
    memset(memory + (start - low) + ph->p_filesz, 0, ph->p_memsz - ph->p_filesz);
    return 0;
    // exercise 1.6 stub
    // (void)file, (void)size, (void)ph, (void)memory, (void)low, (void)high;
    // return -ENOSYS;
    // exercise 1.6 end
}

int elf_load(const void *file, uint32_t size, uint8_t *memory, uint32_t low, uint32_t high,
             struct elf_image *image)
{
    const Elf32_Ehdr *e = file;
    int error = check_header(e, size);

    if (error)
        return error;
    memset(image, 0, sizeof(*image));
    image->start = 0xffffffff;
    // exercise 1.6 begin: load each PT_LOAD segment with bytes; set start and end; check the entry
    const Elf32_Phdr *ph = (const Elf32_Phdr *)((const uint8_t *)file + e->e_phoff);

    for (int i = 0; i < e->e_phnum; i++) {
        if (ph[i].p_type != PT_LOAD || ph[i].p_memsz == 0)
            continue;
        error = load_segment(file, size, &ph[i], memory, low, high);
        if (error)
            return error;
        uint32_t start = elf_physical(ph[i].p_paddr), end = start + ph[i].p_memsz;
        if (start < image->start)
            image->start = start;
        if (end > image->end)
            image->end = end;
    }
    image->entry = elf_physical(e->e_entry);
    if (image->entry < image->start || image->entry >= image->end)
        return -EINVAL;
    return 0;
    // exercise 1.6 stub
    // (void)load_segment, (void)memory, (void)low, (void)high;
    // return -ENOSYS;
    // exercise 1.6 end
}

void elf_load_symbols(const void *file, uint32_t size, uint8_t *memory, uint32_t low, uint32_t high,
                      struct elf_image *image)
{
    const uint8_t *bytes = file;
    const Elf32_Ehdr *e = file;

    if (e->e_shentsize != sizeof(Elf32_Shdr) ||
        !within(e->e_shoff, e->e_shnum * sizeof(Elf32_Shdr), size))
        return;
    const Elf32_Shdr *sh = (const Elf32_Shdr *)(bytes + e->e_shoff);
    for (int i = 0; i < e->e_shnum; i++) {
        if (sh[i].sh_type != SHT_SYMTAB || sh[i].sh_link >= e->e_shnum)
            continue;
        const Elf32_Shdr *symbols = &sh[i], *names = &sh[sh[i].sh_link];
        uint32_t start = (image->end + 3) & ~3u;
        if (!within(symbols->sh_offset, symbols->sh_size, size) ||
            !within(names->sh_offset, names->sh_size, size) ||
            start < low || !within(start - low, symbols->sh_size, high - low) ||
            !within(start - low + symbols->sh_size, names->sh_size, high - low))
            return;
        image->symtab = start;
        image->symtab_bytes = symbols->sh_size;
        image->strtab = start + symbols->sh_size;
        image->strtab_bytes = names->sh_size;
        image->end = image->strtab + names->sh_size;
        memcpy(memory + (image->symtab - low), bytes + symbols->sh_offset, symbols->sh_size);
        memcpy(memory + (image->strtab - low), bytes + names->sh_offset, names->sh_size);
        return;
    }
}
