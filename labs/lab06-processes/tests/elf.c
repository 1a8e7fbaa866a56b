/*
 * Files that the grader has made, in a tmpfs, mapped into two spaces each, and their pages touched.
 *
 * They come by QEMU's fw_cfg: how many, then each one's size and bytes. What is touched, and what
 * is written there, is the seed's; grade/gradelib/lab6/elfpages.py knows.
 */
#include "dev/fwcfg.h"
#include "fs/file.h"
#include "fs/vfs.h"
#include "ktest.h"
#include "lib/string.h"
#include "mm/fault.h"
#include "mm/kmalloc.h"
#include "proc/elf.h"
#include "stage.h"
#include "x86/irqflags.h"

#define IMAGE_MAX (512u << 10)
#define FILES     6
#define READS     FAULT_USER
#define WRITES    (FAULT_USER | FAULT_WRITE)

/* Page directories (physical) of each file's two spaces, looked at from outside. */
uint32_t elf_directories[FILES][2];

static struct elf elf;

/* Make it a file of the tmpfs, and read its headers. */
static struct file *make_file(const char *bytes, uint32_t size)
{
    struct file *file;
    int error = file_open("/made", O_CREAT | O_RDWR | O_TRUNC, 0755, &file);

    if (error)
        return NULL;
    vfs_unlink("/made");            /* the next one of that name is another */
    if (file_write(file, bytes, size) == (ssize_t)size)
        return file;
    file_close(file);
    return NULL;
}

/*
 * Read each page, and one on either side of all: "read VA RESULT". Then write to some, in the first
 * space: "write VA RESULT".
 */
static void touch(struct space *space, uint32_t low, uint32_t high, bool write)
{
    for (uint32_t va = low - PAGE_SIZE; va != high + PAGE_SIZE; va += PAGE_SIZE)
        ktest_report("read %x %d", va, space_fault(space, va, READS));
    for (uint32_t va = low; write && va != high; va += PAGE_SIZE) {
        bool present = page_lookup(space->dir, va) & PTE_PRESENT;
        uint32_t offset = ktest_random(PAGE_SIZE), value = 1 + ktest_random(255);
        if (ktest_random(2))
            continue;
        int result = space_fault(space, va, present ? WRITES | FAULT_PRESENT : WRITES);
        if (result == 0)
            *(volatile uint8_t *)(uintptr_t)(va + offset) = (uint8_t)value;
        ktest_report("write %x %d", va, result);
    }
}

/* One file: "file N SIZE", "read ..." of elf_read(), and twice "map RESULT BIAS". */
static void try_file(unsigned number, const char *bytes, uint32_t size)
{
    struct file *file = make_file(bytes, size);

    if (!file) {
        stage_lacks("file");
        return;
    }
    int error = elf_read(file, &elf);
    ktest_report("file %d", error);
    for (unsigned i = 0; i < 2 && !error; i++) {
        struct space *space = space_create();
        struct elf_image image;
        if (!space) {
            stage_lacks("memory");
            return;
        }
        space_switch(space);
        error = elf_map(space, file->vnode, &elf, 0, &image);
        ktest_report("map %d %x", error, image.bias);
        elf_directories[number][i] = virt_to_phys(space->dir);
        if (!error)
            touch(space, elf.low + image.bias, elf.high + image.bias, i == 0);
    }
}

KTEST(elf_mapped)
{
    char *image = kmalloc(IMAGE_MAX);
    uint32_t count, size;

    if (!stage_open())
        return;
    int bytes = image ? fwcfg_read("opt/myos/elf", image, IMAGE_MAX) : -1;
    if (bytes <= 4) {
        stage_lacks("files");
        return;
    }
    memcpy(&count, image, 4);
    image += 4;
    for (uint32_t i = 0; i < count && i < FILES; i++) {
        memcpy(&size, image, 4);
        try_file(i, image + 4, size);
        image += 4 + size;
    }
    irq_disable();
    ktest_report("halts");
    for (;;)
        __asm__ volatile("cli\n\thlt");
}
