/*
 * From an address to a file and a function. Nothing in a file is believed: what is wrong gives
 * no function.
 *
 * Tool Interface Standard, ELF 1.2, book I, symbol table; book III, program header.
 */
#include "proc/where.h"
#include "abi/errno.h"
#include "fs/path.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "proc/elf.h"

#define SYMBOLS_MAX  65536u         /* that are looked through */
#define SYMBOLS_READ 16u            /* at a time */
#define NAME_SHOWN   48             /* bytes of a function's name, with the NUL */
#define TYPE(info)   ((info) & 15)
#define STT_NOTYPE   0              /* a label, in assembly */
#define STT_FUNC     2

/* The file that is mapped at va, counted, and which of its bytes is there; or NULL. */
static struct vnode *file_at(uintptr_t va, uint32_t *offset)
{
    struct space *space = space_current();

    if (!space || va >= KERNEL_BASE)
        return NULL;
    uint32_t flags = spin_lock_irqsave(&space->lock);
    const struct area *area = space_find(space, va);
    struct vnode *vnode = area ? vnode_of_pages(area->object) : NULL;
    if (vnode) {
        vnode_hold(vnode);
        *offset = (area->index << PAGE_SHIFT) + (va - area->start);
    }
    spin_unlock_irqrestore(&space->lock, flags);
    return vnode;
}

/* The address that the file has for its byte at *offset takes the place of that. */
static bool to_address(const struct elf *elf, uint32_t *offset)
{
    for (unsigned i = 0; i < elf->header.e_phnum; i++) {
        const Elf32_Phdr *segment = &elf->segments[i];
        uint32_t inside = *offset - segment->p_offset;
        if (segment->p_type == PT_LOAD && inside < segment->p_filesz) {
            *offset = segment->p_vaddr + inside;
            return true;
        }
    }
    return false;
}

static bool read_section(struct file *file, const Elf32_Ehdr *header, uint32_t n, Elf32_Shdr *to)
{
    return n < header->e_shnum && header->e_shentsize == sizeof(*to) &&
           file_pread(file, to, sizeof(*to), (int64_t)header->e_shoff + n * sizeof(*to)) ==
           sizeof(*to);
}

/* Is it a better answer than `best` for what lies at `address`? */
static bool is_nearer(const Elf32_Sym *symbol, const Elf32_Sym *best, uint32_t address)
{
    unsigned type = TYPE(symbol->st_info);

    return (type == STT_FUNC || type == STT_NOTYPE) && symbol->st_shndx && symbol->st_name &&
           symbol->st_value <= address && symbol->st_value >= best->st_value &&
           (!symbol->st_size || address - symbol->st_value < symbol->st_size);
}

/* The symbol that `address` belongs to; its st_name is 0 if there is none. */
static Elf32_Sym search(struct file *file, const Elf32_Shdr *table, uint32_t address)
{
    Elf32_Sym best = { 0 }, some[SYMBOLS_READ];
    uint32_t count = table->sh_size / sizeof(*some);

    for (uint32_t at = 0; at < count && at < SYMBOLS_MAX; at += SYMBOLS_READ) {
        uint32_t now = count - at < SYMBOLS_READ ? count - at : SYMBOLS_READ;
        ssize_t got = file_pread(file, some, now * sizeof(*some),
                                 (int64_t)table->sh_offset + at * sizeof(*some));
        for (ssize_t i = 0; i < got / (ssize_t)sizeof(*some); i++)
            if (is_nearer(&some[i], &best, address))
                best = some[i];
        if (got < (ssize_t)(now * sizeof(*some)))
            break;
    }
    return best;
}

/* The name of the function at `address`, and how far behind its beginning that is. */
static bool find_function(struct file *file, const Elf32_Ehdr *header, uint32_t address,
                          char name[NAME_SHOWN], uint32_t *offset)
{
    Elf32_Shdr table, names;
    uint32_t n = 0;

    do
        if (!read_section(file, header, n++, &table))
            return false;
    while (table.sh_type != SHT_SYMTAB);
    Elf32_Sym symbol = search(file, &table, address);
    if (!symbol.st_name || !read_section(file, header, table.sh_link, &names))
        return false;
    ssize_t got = file_pread(file, name, NAME_SHOWN - 1, (int64_t)names.sh_offset + symbol.st_name);
    name[got > 0 ? got : 0] = '\0';
    *offset = address - symbol.st_value;
    return *name;
}

/* Where the byte at `place` of the file lies: a function, or the file's own address. */
static void place_text(char *text, size_t size, struct vnode *vnode, uint32_t place)
{
    struct elf *elf = kmalloc(sizeof(*elf));
    struct file *file = elf ? file_new(vnode, &vnode_file_ops, O_RDONLY) : NULL;
    char name[NAME_SHOWN];
    uint32_t offset;

    if (file)
        vnode_hold(vnode);
    bool is_program = file && elf_read(file, elf) == 0 && to_address(elf, &place);
    if (is_program && find_function(file, &elf->header, place, name, &offset))
        snprintf(text, size, ", %s+0x%x", name, offset);
    else
        snprintf(text, size, "+0x%x", place);
    if (file)
        file_close(file);
    kfree(elf);
}

void where_text(char *text, size_t size, uintptr_t va)
{
    uint32_t place;
    struct vnode *vnode = file_at(va, &place);

    *text = '\0';
    if (!vnode)
        return;
    size_t n = strlcpy(text, " in ", size);
    if (path_of_vnode(vnode, text + n, size - n - NAME_SHOWN) < 0)
        strlcpy(text + n, "a file", size - n);
    n = strlen(text);
    place_text(text + n, size - n, vnode, place);
    vnode_put(vnode);
    for (char *c = text; *c; c++)               /* nothing that a terminal takes for a command */
        if (*c < ' ' || *c > '~')
            *c = '?';
}
