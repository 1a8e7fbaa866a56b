/*
 * boot/elf on damaged files: random bytes of a good one are changed, and whatever elf_load and elf_load_symbols then do,
 * the sanitizer sees every access outside the file and the memory that is the kernel's.
 */
#include "check.h"
#undef NULL
#include "abi/errno.h"
#include "boot/elf.h"
#include "lib/elf.h"

#define LOW   0x100000u
#define HIGH  0x104000u
#define BYTES 0x800u

static void *memory_set(uint8_t *to, int value, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        to[i] = value;
    return to;
}

/* Two segments, a symbol table and its strings. */
static void make_good(uint8_t *file)
{
    memory_set(file, 0, BYTES);
    Elf32_Ehdr *e = (Elf32_Ehdr *)file;
    *e = (Elf32_Ehdr){ .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, 1 }, .e_type = ET_EXEC, .e_machine = EM_386,
                       .e_version = 1, .e_entry = KERNEL_BASE + LOW + 4, .e_phoff = 64, .e_shoff = 0x400, .e_ehsize = 52,
                       .e_phentsize = 32, .e_phnum = 2, .e_shentsize = 40, .e_shnum = 3 };
    Elf32_Phdr *p = (Elf32_Phdr *)(file + 64);
    p[0] = (Elf32_Phdr){ PT_LOAD, 0x100, KERNEL_BASE + LOW, LOW, 0x80, 0x80, 5, 4096 };
    p[1] = (Elf32_Phdr){ PT_LOAD, 0x180, KERNEL_BASE + LOW + 0x1000, LOW + 0x1000, 0x20, 0x900, 6, 4096 };
    Elf32_Shdr *s = (Elf32_Shdr *)(file + 0x400);
    s[1] = (Elf32_Shdr){ .sh_type = SHT_SYMTAB, .sh_offset = 0x500, .sh_size = 64, .sh_link = 2, .sh_entsize = 16 };
    s[2] = (Elf32_Shdr){ .sh_type = 3, .sh_offset = 0x540, .sh_size = 30 };
}

static void test_one(bool good)
{
    uint8_t *file = malloc(BYTES), *memory = malloc(HIGH - LOW);
    struct elf_image image;
    uint32_t size = BYTES;

    make_good(file);
    if (!good) {
        for (int i = 1 + check_random(4); i > 0; i--) {
            static const uint32_t nasty[] = { 0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffff0, LOW, HIGH, HIGH - 1, BYTES };
            uint32_t *word = (uint32_t *)file + check_random(check_random(2) ? 48 : 0x500 / 4);
            *word = check_random(3) ? nasty[check_random(sizeof(nasty) / sizeof(*nasty))] : check_random(0xffffffff);
        }
        if (check_random(5) == 0) {             /* the file ends early, in memory that ends there too */
            size = check_random(BYTES);
            uint8_t *cut = malloc(size);
            for (uint32_t i = 0; i < size; i++)
                cut[i] = file[i];
            free(file);
            file = cut;
        }
    }
    int result = elf_load(file, size, memory, LOW, HIGH, &image);
    CHECK(result == 0 || result == -ENOEXEC || result == -EINVAL || result == -ENOMEM, "result %d", result);
    CHECK(!good || (result == 0 && image.start == LOW && image.end == LOW + 0x1900 && image.entry == LOW + 4), "a good file");
    if (result == 0) {
        CHECK(image.start >= LOW && image.end <= HIGH && image.entry >= image.start && image.entry < image.end, "extent");
        elf_load_symbols(file, size, memory, LOW, HIGH, &image);
        CHECK(image.end <= HIGH, "symbols outside");
        CHECK(!good || (image.symtab == LOW + 0x1900 && image.symtab_bytes == 64 && image.strtab_bytes == 30), "symbols");
    }
    free(file);
    free(memory);
}

int main(void)
{
    test_one(true);
    for (int i = 0; i < 200000; i++)
        test_one(false);
    return 0;
}
