/*
 * ELF programs: what is in the file, and into an address space with it.
 *
 * Tool Interface Standard, ELF 1.2, book III (program loading); elf(5).
 */
#ifndef PROC_ELF_H
#define PROC_ELF_H

#include "fs/file.h"
#include "lib/elf.h"
#include "mm/space.h"

#define ELF_SEGMENTS_MAX 32         /* program headers of a file */

/* What there is to know of a file before it is loaded. */
struct elf {
    Elf32_Ehdr header;
    Elf32_Phdr segments[ELF_SEGMENTS_MAX];
    uint32_t low, high;             /* where its segments lie, whole pages, before it is moved */
    uint32_t interp_offset, interp_bytes;   /* PT_INTERP: the text with its NUL; 0 bytes: none */
};

/* Where it came to lie. */
struct elf_image {
    uint32_t bias;                  /* by how much it was moved */
    uint32_t entry;
    uint32_t phdr;                  /* address of its program headers; 0: they are not loaded */
    uint32_t end;                   /* of its last segment */
};

/*
 * Check the file's header, in elf->header, and its program headers, in elf->segments; fill in the
 * rest. Returns 0; -ENOEXEC: it is no program for us, or says what cannot be.
 *
 * The header: class, data, machine and type are a 32-bit PC's program (ET_EXEC) or one that can be
 * moved (ET_DYN), both versions are 1, program headers have their size, and are 1 to
 * ELF_SEGMENTS_MAX. Each PT_LOAD that has memory: no more of it in the file than in memory, at the
 * same place of a page in both; no sum that 32 bits do not hold; nothing at KERNEL_BASE or above
 * and, of an ET_EXEC, nothing below USER_BASE. There is at least one such, and at most one
 * PT_INTERP. What else there is may say anything.
 */
int elf_check(struct elf *elf);

/* Read the headers of `file`, and check them. 0, -ENOEXEC, -EIO and the like. */
int elf_read(struct file *file, struct elf *elf);

/*
 * Map the segments into `space`, which is the current one: moved by `bias`, or, if its type is
 * ET_DYN and bias is 0, to where there is room. The file's pages come from the page cache; what
 * memory a segment has beyond its bytes in the file is zeros, but in a page of the file that cannot
 * be written. Returns 0, -ENOMEM, -EEXIST (segments overlap).
 */
int elf_map(struct space *space, struct vnode *vnode, const struct elf *elf, uint32_t bias,
            struct elf_image *image);

#endif
