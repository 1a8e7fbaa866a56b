/*
 * Reading and mapping ELF files.
 */
#include "proc/elf.h"
#include "abi/errno.h"
#include "fs/path.h"
#include "lib/string.h"
#include "mm/usercopy.h"

static uint32_t page_down(uint32_t address)
{
    return address & ~(PAGE_SIZE - 1);
}

static uint32_t page_up(uint32_t address)
{
    return page_down(address + PAGE_SIZE - 1);
}

static bool header_is_right(const Elf32_Ehdr *header)
{
    // exercise 6.3 begin: each field that must have one value, and e_phnum
    static const uint8_t ident[] = { 0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, 1 };

    return memcmp(header->e_ident, ident, sizeof(ident)) == 0 && header->e_machine == EM_386
           && (header->e_type == ET_EXEC || header->e_type == ET_DYN) && header->e_version == 1
           && header->e_phentsize == sizeof(Elf32_Phdr) && header->e_phnum > 0
           && header->e_phnum <= ELF_SEGMENTS_MAX;
    // exercise 6.3 stub
    // (void)header;
    // return false;
    // exercise 6.3 end
}

/* Is it a piece of the file, and where a program may be? */
static bool segment_is_right(const Elf32_Phdr *segment)
{
    // exercise 6.3 begin: compare without believing a sum
    uint32_t end = segment->p_vaddr + segment->p_memsz;

    return segment->p_filesz <= segment->p_memsz && segment->p_memsz <= KERNEL_BASE
           && end >= segment->p_vaddr && end <= KERNEL_BASE
           && segment->p_offset + segment->p_filesz >= segment->p_offset
           && segment->p_vaddr % PAGE_SIZE == segment->p_offset % PAGE_SIZE;
    // exercise 6.3 stub
    // (void)segment;
    // return false;
    // exercise 6.3 end
}

/* PT_INTERP: one path, with its NUL. */
static int take_interpreter(struct elf *elf, const Elf32_Phdr *segment)
{
    if (segment->p_filesz < 2 || segment->p_filesz > PATH_MAX || elf->interp_bytes)
        return -ENOEXEC;
    elf->interp_offset = segment->p_offset;
    elf->interp_bytes = segment->p_filesz;
    return 0;
}

int elf_check(struct elf *elf)
{
    // exercise 6.3 begin: look at all segments; low and high are where PT_LOAD's lie
    if (!header_is_right(&elf->header))
        return -ENOEXEC;
    elf->low = UINT32_MAX;
    elf->high = elf->interp_bytes = 0;
    for (unsigned i = 0; i < elf->header.e_phnum; i++) {
        const Elf32_Phdr *segment = &elf->segments[i];
        if (segment->p_type == PT_INTERP && take_interpreter(elf, segment))
            return -ENOEXEC;
        if (segment->p_type != PT_LOAD || segment->p_memsz == 0)
            continue;
        if (!segment_is_right(segment))
            return -ENOEXEC;
        if (page_down(segment->p_vaddr) < elf->low)
            elf->low = page_down(segment->p_vaddr);
        if (page_up(segment->p_vaddr + segment->p_memsz) > elf->high)
            elf->high = page_up(segment->p_vaddr + segment->p_memsz);
    }
    bool somewhere = elf->low < elf->high;
    return somewhere && (elf->header.e_type == ET_DYN || elf->low >= USER_BASE) ? 0 : -ENOEXEC;
    // exercise 6.3 stub
    // (void)elf, (void)segment_is_right, (void)take_interpreter;
    // return -ENOEXEC;
    // exercise 6.3 end
}

/* Read n bytes, all of them. */
static int read_all(struct file *file, void *to, size_t n, uint32_t offset)
{
    ssize_t got = file_pread(file, to, n, offset);

    return got == (ssize_t)n ? 0 : got < 0 ? (int)got : -ENOEXEC;
}

int elf_read(struct file *file, struct elf *elf)
{
    int error = read_all(file, &elf->header, sizeof(elf->header), 0);

    if (error)
        return error;
    if (!header_is_right(&elf->header))
        return -ENOEXEC;
    error = read_all(file, elf->segments, elf->header.e_phnum * sizeof(Elf32_Phdr),
                     elf->header.e_phoff);
    return error ? error : elf_check(elf);
}

static unsigned area_flags(const Elf32_Phdr *segment)
{
    // exercise 6.3 begin: PF_R, PF_W, PF_X
    return (segment->p_flags & PF_R ? AREA_READ : 0) | (segment->p_flags & PF_W ? AREA_WRITE : 0)
           | (segment->p_flags & PF_X ? AREA_EXEC : 0);
    // exercise 6.3 stub
    // (void)segment;
    // return 0;
    // exercise 6.3 end
}

/*
 * One segment: the pages that have bytes of the file, then pages of zeros. The last page of the
 * first kind may hold more of the file than belongs to the segment: that must become zeros.
 */
static int map_segment(struct space *space, struct vnode *vnode, const Elf32_Phdr *segment,
                       uint32_t bias)
{
    // exercise 6.3 begin: pages of the file, then zeros; what of the last page of the first kind?
    uintptr_t start = page_down(segment->p_vaddr + bias);
    uintptr_t file_end = segment->p_vaddr + bias + segment->p_filesz;
    uintptr_t end = page_up(segment->p_vaddr + bias + segment->p_memsz);
    uintptr_t zeros = segment->p_filesz ? page_up(file_end) : start;
    unsigned flags = area_flags(segment);
    int error = 0;

    if (start < zeros)
        error = space_map(space, &start, zeros - start, flags, &vnode->pages,
                          segment->p_offset >> PAGE_SHIFT);
    if (!error && zeros < end)
        error = space_map(space, &zeros, end - zeros, flags, NULL, 0);
    if (!error && segment->p_memsz > segment->p_filesz && file_end % PAGE_SIZE
        && segment->p_filesz && (flags & AREA_WRITE))
        error = clear_user((void *)file_end, page_up(file_end) - file_end);
    return error;
    // exercise 6.3 stub
    // (void)space, (void)vnode, (void)segment, (void)bias, (void)area_flags, (void)page_up;
    // return -ENOEXEC;
    // exercise 6.3 end
}

/* A place for all of it. */
static int find_room(struct space *space, const struct elf *elf, uint32_t *bias)
{
    uintptr_t place = 0;
    int error = space_map(space, &place, elf->high - elf->low, 0, NULL, 0);

    if (error)
        return error;
    space_unmap(space, place, elf->high - elf->low);    /* nobody else is in this space yet */
    *bias = place - elf->low;
    return 0;
}

/* Where the program finds its own headers: PT_PHDR, or the segment that has them. */
static uint32_t phdr_address(const struct elf *elf, uint32_t bias)
{
    for (unsigned i = 0; i < elf->header.e_phnum; i++) {
        const Elf32_Phdr *segment = &elf->segments[i];
        uint32_t inside = elf->header.e_phoff - segment->p_offset;
        if (segment->p_type == PT_PHDR)
            return segment->p_vaddr + bias;
        if (segment->p_type == PT_LOAD && elf->header.e_phoff >= segment->p_offset
            && inside < segment->p_filesz)
            return segment->p_vaddr + inside + bias;
    }
    return 0;
}

int elf_map(struct space *space, struct vnode *vnode, const struct elf *elf, uint32_t bias,
            struct elf_image *image)
{
    int error = 0;

    if (elf->header.e_type == ET_EXEC)
        bias = 0;
    else if (bias == 0)
        error = find_room(space, elf, &bias);
    for (unsigned i = 0; !error && i < elf->header.e_phnum; i++)
        if (elf->segments[i].p_type == PT_LOAD && elf->segments[i].p_memsz)
            error = map_segment(space, vnode, &elf->segments[i], bias);
    *image = (struct elf_image){
        .bias = bias, .entry = elf->header.e_entry + bias, .phdr = phdr_address(elf, bias),
        .end = elf->high + bias,
    };
    return error;
}
