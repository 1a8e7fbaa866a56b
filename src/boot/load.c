/*
 * The loader's 32-bit half: checks that there is memory, places the kernel and calls it with a
 * struct boot_info.
 *
 * Runs in flat protected mode without paging, interrupts off, and cannot ask the BIOS any more.
 * Its messages go to the top of the VGA screen, COM1 and port 0xE9.
 */
#include "abi/errno.h"
#include "boot/bootinfo.h"
#include "boot/elf.h"
#include "lib/string.h"
#include "x86/io.h"

#define KERNEL_LOW   0x100000u      /* the kernel's place begins here ... */
#define KERNEL_FILE  0x280000u      /* ... and must end below the gathered file; as in boot.inc */
#define CMDLINE_BYTES 256            /* in the loader's header, filled in by the image maker */

/* From the 16-bit half. */
extern uint8_t boot_drive;
extern uint32_t kernel_bytes;
extern char cmdline[CMDLINE_BYTES];
extern struct e820_entry e820_raw[E820_MAX];
extern uint16_t e820_raw_count;

static struct boot_info info;

static void put(int column, char c)
{
    *(volatile uint16_t *)(0xb8000 + 2 * column) = 0x4f00 | (uint8_t)c;     /* white on red */
    outb(0xe9, c);
    outb(0x3f8, c);
}

static __attribute__((noreturn)) void stop(const char *why)
{
    static const char prefix[] = "Cannot start the kernel: ";
    int column = 0;

    for (const char *s = prefix; *s; s++)
        put(column++, *s);
    for (const char *s = why; *s; s++)
        put(column++, *s);
    outb(0xe9, '\n');
    outb(0x3f8, '\n');
    for (;;)
        cpu_halt();
}

static const char *explain(int error)
{
    switch (error) {
    case -ENOEXEC: return "the file on the disk is no i386 ELF executable";
    case -EINVAL:  return "its ELF headers are damaged";
    case -ENOMEM:  return "it does not fit between 1 MiB and 2.5 MiB";
    default:       return "loading it is not implemented";
    }
}

void load_main(void);

void load_main(void)
{
    struct elf_image image;
    const void *file = (const void *)KERNEL_FILE;

    checkpoint('H');
    info.e820_count = e820_sanitize(e820_raw, e820_raw_count, info.e820, E820_MAX);
    if (!e820_usable(info.e820, info.e820_count, KERNEL_LOW, KERNEL_FILE + kernel_bytes))
        stop("it needs 4 MiB of memory");

    int error = elf_load(file, kernel_bytes, (uint8_t *)KERNEL_LOW, KERNEL_LOW, KERNEL_FILE,
                         &image);
    if (error)
        stop(explain(error));
    elf_load_symbols(file, kernel_bytes, (uint8_t *)KERNEL_LOW, KERNEL_LOW, KERNEL_FILE, &image);
    checkpoint('I');

    info.boot_drive = boot_drive;
    info.kernel_start = image.start;
    info.kernel_end = image.end;
    info.symtab = image.symtab;
    info.symtab_bytes = image.symtab_bytes;
    info.strtab = image.strtab;
    info.strtab_bytes = image.strtab_bytes;
    memcpy(info.cmdline, cmdline, CMDLINE_BYTES);
    __asm__ volatile("jmp *%2" : : "a"(BOOT_INFO_MAGIC), "b"(&info), "r"(image.entry) : "memory");
    __builtin_unreachable();
}
