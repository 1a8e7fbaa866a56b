/*
 * Conformance: program files. A good one with one thing changed at a time: which of these Linux runs, which it refuses
 * and how, and which die when they have begun. Where a loader may find out before or after the old program is gone, both
 * are "does not run".
 *
 * elf(5), execve(2); System V ABI, "Object Files" and "Program Loading".
 */
#include "signal.h"

#include <linux/elf.h>

#define PAGE 4096u

static char image[65536];               /* /bin/nothing, as it is and as it is changed */
static char good[65536];
static long size;

static long run_program(long bytes)
{
    char *words[] = { "program", NULL };
    long fd, child;
    int status = 0;

    sys(unlink, "program");
    fd = sys(open, "program", O_WRONLY | O_CREAT | O_TRUNC, 0755);
    sys(write, fd, image, bytes);
    sys(close, fd);
    child = fork_process();
    if (child == 0)
        leave((int)-sys(execve, "program", words, environment));
    sys(wait4, child, &status, 0, 0);
    memcpy(image, good, (size_t)size);
    return status;
}

static void try_size(const char *what, long bytes)
{
    long status = run_program(bytes);

    if (status & 0x7f)
        say("%s: signal %d\n", what, (int)status & 0x7f);
    else
        say("%s: %r\n", what, -(status >> 8));
}

static void does_not_run(const char *what, long bytes)
{
    say("%s: %s\n", what, run_program(bytes) ? "does not run" : "runs");
}

static void try(const char *what)
{
    try_size(what, size);
}

static Elf32_Ehdr *header(void)
{
    return (Elf32_Ehdr *)image;
}

/* The n-th program header of this type. */
static Elf32_Phdr *segment(unsigned type, int n)
{
    Elf32_Phdr *table = (Elf32_Phdr *)(image + header()->e_phoff);

    for (int i = 0; i < header()->e_phnum; i++) {
        if (table[i].p_type == type && n-- == 0)
            return &table[i];
    }
    say("no segment of type %u\n", type);
    leave(1);
}

static void headers(void)
{
    try("as it is");
    image[0] = 'X';
    try("no ELF file");
    header()->e_type = 1;
    try("a relocatable file");
    header()->e_type = 4;
    try("a core file");
    header()->e_machine = 62;
    try("another machine");
    header()->e_phentsize = 31;
    try("program headers of another size");
    header()->e_phnum = 0;
    try("no program headers");
    header()->e_phnum = 4000;
    try("many program headers");
    header()->e_phoff = 0x10000000;
    try("program headers behind the end");
    header()->e_phoff = 0xfffffff0u;
    try("program headers at the end of everything");
    header()->e_shoff = 0xffffffffu;
    try("section headers do not matter");
    header()->e_entry = 0;
    try("entry at 0");
    header()->e_entry = 0xc0000000u;
    try("entry in the kernel");
    header()->e_entry = 0x70000000u;
    try("entry where nothing is");
    try_size("cut off in the header", 40);
    try_size("cut off in the program headers", 60);
    does_not_run("cut off behind them", 400);
}

static void loads(void)
{
    Elf32_Phdr *code = segment(PT_LOAD, 1);

    code->p_filesz = code->p_memsz + 1;
    does_not_run("more in the file than in memory", size);
    segment(PT_LOAD, 1)->p_memsz = 0xf0000000u;
    does_not_run("a segment that is too large", size);
    segment(PT_LOAD, 1)->p_vaddr = 0xbffff000u;
    does_not_run("a segment at the end of user space", size);
    segment(PT_LOAD, 1)->p_vaddr = 0xc0000000u;
    does_not_run("a segment in the kernel", size);
    segment(PT_LOAD, 1)->p_vaddr += 16;
    does_not_run("address and offset that do not fit", size);
    segment(PT_LOAD, 1)->p_offset = 0x100000;
    does_not_run("a segment behind the end of the file", size);
    segment(PT_LOAD, 1)->p_flags = 0;
    try("code that may not be read");
    segment(PT_LOAD, 0)->p_type = PT_NULL;
    try("without its first segment");
    segment(PT_LOAD, 1)->p_type = PT_NULL;
    try("without its code");
    segment(PT_LOAD, 1)->p_type = 0x12345;
    try("code of a type that nobody knows");
    segment(PT_LOAD, 1)->p_memsz += 0x10000;
    try("memory behind a segment that is not writable");
    segment(PT_LOAD, 1)->p_flags |= PF_W;
    segment(PT_LOAD, 1)->p_memsz += 0x10000;
    try("and behind one that is");
}

static void interpreters(void)
{
    Elf32_Phdr *stack = segment(PT_GNU_STACK, 0);

    stack->p_flags = 7;
    try("a stack that may be executed");
    stack = segment(PT_GNU_STACK, 0);
    stack->p_type = PT_INTERP;
    stack->p_offset = (unsigned)size - 100;
    stack->p_filesz = 5;
    memcpy(image + size - 100, "none", 5);
    try("an interpreter that is not there");
    stack = segment(PT_GNU_STACK, 0);
    stack->p_type = PT_INTERP;
    stack->p_offset = (unsigned)size - 100;
    stack->p_filesz = 4;
    memcpy(image + size - 100, "none", 5);
    try("an interpreter's name without an end");
    stack = segment(PT_GNU_STACK, 0);
    stack->p_type = PT_INTERP;
    stack->p_offset = (unsigned)size - 100;
    stack->p_filesz = 5000;
    try("an interpreter's name that is too long");
    stack = segment(PT_GNU_STACK, 0);
    stack->p_type = PT_INTERP;
    stack->p_offset = (unsigned)size - 100;
    stack->p_filesz = 0;
    try("an interpreter's name of no bytes");
    stack = segment(PT_GNU_STACK, 0);
    stack->p_type = PT_INTERP;
    stack->p_offset = (unsigned)size - 100;
    stack->p_filesz = 13;
    memcpy(image + size - 100, "/bin/nothing", 13);
    does_not_run("an interpreter that is an ordinary program", size);
}

static void check_all(void)
{
    long fd = sys(open, "/bin/nothing", O_RDONLY, 0);

    size = sys(read, fd, good, sizeof(good));
    sys(close, fd);
    if (size < 1000 || size == (long)sizeof(good)) {
        say("/bin/nothing cannot be read\n");
        leave(1);
    }
    memcpy(image, good, (size_t)size);
    enter_folder("elf");
    headers();
    loads();
    interpreters();
}
