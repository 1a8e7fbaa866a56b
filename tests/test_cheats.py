"""
Submissions that cheat, each scoring nothing on what it cheats at: kernels and loaders that know the tests' protocol and
print what looks perfect, screens filled behind the BIOS's back, sources that reach for the solution, files that try to
replace the course's own. The rest of such a submission is the solution, so that only the cheating can be what costs points.
"""

import os
import re

import pytest

import grading
from gradelib import sandbox

locked_in = pytest.mark.skipif(sandbox.weakness("/") is not None, reason="bubblewrap does not work here")


@pytest.fixture(scope="module")
def grader():
    with grading.grader() as grader:
        yield grader


# Prints, from the command line alone, what the kernel tests would report. Included by a kernel and by a loader.
LIE = r"""
#include "lib/types.h"
#include "x86/io.h"

static char line[600];

static void put(char c)
{
    while (!(inb(0x3fd) & 0x20))
        ;
    outb(0x3f8, c);
}

static void text(const char *s)
{
    while (*s > ' ')
        put(*s++);
}

static void words(const char *s)
{
    while (*s)
        put(*s++);
}

static void hex(uint32_t n)
{
    if (n >> 4)
        hex(n >> 4);
    put("0123456789abcdef"[n & 15]);
}

static uint32_t take(int bytes)
{
    uint32_t n = 0;

    while (bytes--)
        n = n << 8 | inb(0x511);
    return n;
}

static void read_line(void)
{
    uint32_t length = 0, item = 0;

    outw(0x510, 0x19);
    for (uint32_t n = take(4); n; n--) {
        uint32_t bytes = take(4), number = take(2);
        bool same = true;
        take(2);
        for (int i = 0; i < 56; i++) {
            char c = inb(0x511);
            if (i < 17 && c != "opt/myos/cmdline"[i])
                same = false;
        }
        if (same)
            length = bytes, item = number;
    }
    outw(0x510, item);
    for (uint32_t i = 0; i < length && i < sizeof(line) - 1; i++)
        line[i] = inb(0x511);
}

/* Behind `key` on the command line. */
static const char *find(const char *key)
{
    for (const char *at = line; *at; at++) {
        int n = 0;
        while (key[n] && at[n] == key[n])
            n++;
        if (!key[n])
            return at + n;
    }
    return "";
}

static void begin(void)
{
    put('@');
    text(find("nonce="));
    put(' ');
}

static void report(const char *name, int n, const char *what)
{
    begin();
    for (int i = 0; i < n; i++)
        put(name[i]);
    put(' ');
    words(what);
}

static void range(const char *name, int n, uint32_t base, uint32_t length, uint32_t type)
{
    report(name, n, "e820 ");
    hex(base);
    put(' ');
    hex(length);
    put(' ');
    hex(type);
    put('\n');
}

/* How much memory there is, as QEMU itself tells. */
static uint32_t size(void)
{
    outw(0x510, 3);
    uint32_t n = inb(0x511);
    n |= inb(0x511) << 8;
    n |= inb(0x511) << 16;
    return n | (uint32_t)inb(0x511) << 24;
}

static void facts(const char *name, int n)
{
    uint32_t memory = size();

    report(name, n, "bss 0\n");
    report(name, n, "data 6d794f53 12345678 9abcdef0\n");
    report(name, n, "drive 80\n");
    report(name, n, "kernel 100000 120000 11fffc\n");
    report(name, n, "symbol c0105550 c0105550\n");
    range(name, n, 0, 0x9fc00, 1);
    range(name, n, 0x9fc00, 0x400, 2);
    range(name, n, 0xf0000, 0x10000, 2);
    range(name, n, 0x100000, memory - 0x100000 - 0x20000, 1);
    range(name, n, memory - 0x20000, 0x20000, 2);
    range(name, n, 0xfffc0000, 0x40000, 2);
    report(name, n, "halts\n");
}

static void halt(const char *name, int n);

static void lie(void)
{
    read_line();
    const char *name = find("ktest=");
    while (*name > ' ') {
        int n = 0;
        while (name[n] > ' ' && name[n] != ',')
            n++;
        begin();
        words("begin ");
        for (int i = 0; i < n; i++)
            put(name[i]);
        put('\n');
        if (name[0] == 'b') {
            facts(name, n);
            halt(name, n);
        } else if (name[0] == 'l') {
            report(name, n, "halts\n");
            halt(name, n);
        }
        for (int i = 0; i < 60; i++) {
            report(name, n, "format 5b25645d\n");
            report(name, n, "result 4\n");
            report(name, n, "text 5b34325d\n");
        }
        begin();
        words("end ");
        for (int i = 0; i < n; i++)
            put(name[i]);
        put('\n');
        name += n + (name[n] == ',');
    }
    begin();
    words("done\n");
    __asm__ volatile("outl %0, %1" : : "a"(0x10), "d"((uint16_t)0xf4));
}
"""

# The kernel: it halts where the real test would.
MAIN = r"""
#include "boot/lie.h"
#include "dev/serial.h"
#include "dev/vga.h"
#include "ktest.h"

extern const struct ktest __start_ktests[], __stop_ktests[];

static void halt(const char *name, int n)
{
    for (const struct ktest *t = __start_ktests; t < __stop_ktests; t++) {
        int i = 0;
        while (i < n && t->name[i] == name[i])
            i++;
        if (i < n || t->name[i])
            continue;
        const uint8_t *code = (const uint8_t *)(uintptr_t)t->run;
        while (code[0] != 0xfa || code[1] != 0xf4)      /* cli; hlt */
            code++;
        __asm__ volatile("jmp *%0" : : "r"(code));
    }
}

void kmain(uint32_t magic, uint32_t info);

void kmain(uint32_t magic, uint32_t info)
{
    static char map[] = "memory 0x000000100000-0x000000000000 usable";
    volatile uint16_t *screen = (uint16_t *)0xc00b8000;
    uint32_t last = size() - 0x20001;

    (void)magic, (void)info;
    for (int i = 35; last; i--, last >>= 4)
        map[i] = "0123456789abcdef"[last & 15];
    words(map);
    words("\r\n");
    for (int i = 0; map[i]; i++)
        screen[80 * 10 + i] = 0x0700 | map[i];
    lie();
}
"""

# The loader: there is no kernel at all.
LOAD = r"""
#include "boot/lie.h"

static void halt(const char *name, int n)
{
    (void)name, (void)n;
    for (;;)
        __asm__ volatile("cli; hlt");
}

void load_main(void);

void load_main(void)
{
    lie();
}
"""

# 0xC0100000 + 0x40000000 = 0x00100000: the kernel runs at the addresses it was linked for, without paging.
SEGMENTS = """
extern kmain
global _start, early_page_directory
bits 32
section .text
_start:
    jmp near start
align 4
    dd 0x1badb002, 2, -(0x1badb002 + 2)
start:
    lgdt [pointer - 0xc0000000]
    mov ecx, cr0
    or ecx, 1 << 16
    mov cr0, ecx
    jmp 0x08:.high
.high:
    mov cx, 0x10
    mov ds, cx
    mov es, cx
    mov ss, cx
    mov esp, stack_top
    push ebx
    push eax
    call kmain
section .data
gdt:
    dq 0
    dq 0x40cf9a000000ffff
    dq 0x40cf92000000ffff
pointer:
    dw 23
    dd gdt - 0xc0000000
section .bss
alignb 4096
early_page_directory: resd 1024
    resb 8192
stack_top:
"""


def lying(files):
    """A submission whose kernel lies."""
    return {**files, "src/boot/lie.h": LIE.encode(), "src/kernel/main.c": MAIN.encode()}


def edited(files, path, *edits):
    text = files[path].decode()
    for find, replace in edits:
        assert text.count(find) == 1, find
        text = text.replace(find, replace)
    return {**files, path: text.encode()}


def test_a_lying_kernel_without_paging(grader):
    """1.7 must be 0."""
    files = {**lying(grader.files(stub="1.7")), "src/kernel/x86/entry.asm": SEGMENTS.encode()}
    graded = grader.grade(files, "1.7")
    assert graded.exercises == {"1.7": 0}, graded.output
    assert "where the processor halts is not the kernel test" in graded.reports["boots_with_any_memory"]


def test_a_lying_kernel_without_printf(grader):
    """1.8 must be 0."""
    graded = grader.grade(lying(grader.files(stub="1.8")), "1.8")
    assert graded.exercises == {"1.8": 0}, graded.output
    assert "the kernel test reported another number of cases" in graded.reports["printf_fields"]
    assert "how often the line" in graded.reports["log_on_both_consoles"]


def test_a_lying_kernel_without_a_memory_map(grader):
    """1.4 must be 0, also the test of the whole system, whose map the kernel makes up."""
    graded = grader.grade(lying(grader.files(stub="1.4")), "1.4")
    assert graded.exercises == {"1.4": 0}, graded.output
    assert "a range that the BIOS told is missing" in graded.reports["kernel_gets_the_map"]


SEED_THAT_LIVES = "1"


def test_a_lying_kernel_with_garbage_in_bss(grader):
    """The test of .bss must fail, whatever the kernel says about it."""
    clearing = "    memset(memory + (start - low) + ph->p_filesz, 0, ph->p_memsz - ph->p_filesz);\n"
    files = edited(grader.files(), "src/boot/elf.c", (clearing, ""))
    # With some garbage the kernel dies before it can lie; with this seed's it lives.
    graded = grader.grade(lying(files), "kernel_bss_is_clear", "--seed", SEED_THAT_LIVES)
    assert graded.total == 0
    assert "bytes of .bss that are not zero, seen from outside" in graded.reports["kernel_bss_is_clear"]


def test_a_loader_that_lies_instead_of_loading(grader):
    """Each test that boots the whole system must fail: no kernel is ever loaded, and the gate stays shut."""
    files = {**grader.files(stub="1.6"), "src/boot/lie.h": LIE.encode(), "src/boot/load.c": LOAD.encode()}
    files = edited(files, "src/boot/stage2.asm", ("    call load_kernel\n", ""), ("    call a20_enable\n", "    clc\n"))
    tests = ["boots_through_errors", "boots_with_the_gate_shut", "kernel_gets_the_map", "kernel_bss_is_clear"]
    graded = grader.grade(files, *tests)
    assert graded.scores == dict.fromkeys(tests, 0), graded.output
    for test in tests:
        assert "where the processor halts is not the kernel test" in graded.reports[test]


# Writes into the screen's memory, as nobody asked.
SCREEN = """
%include "boot.inc"
bits 16
global puts, puthex, fatal, checkpoint
section .text align=1
puts:
    pusha
    cld
.next:
    lodsb
    test al, al
    jz .done
    call show
    jmp .next
.done:
    popa
    ret
puthex:
    pusha
    mov cl, al
    shr al, 4
    call .digit
    mov al, cl
    and al, 0x0f
    call .digit
    popa
    ret
.digit:
    cmp al, 10
    jb .decimal
    add al, 'A' - '0' - 10
.decimal:
    add al, '0'
show:
    push es
    push word 0xb800
    pop es
    mov di, [place]
    mov ah, 7
    cmp al, ' '
    jb .control
    stosw
.control:
    mov [place], di
    pop es
    ret
fatal:
    cli
    hlt
    jmp fatal
checkpoint:
    push dx
    out 0xe9, al
    mov dx, 0x3f8
    out dx, al
    pop dx
    ret
section .data align=1
place: dw 12 * 160
"""


def test_a_screen_filled_behind_the_bios(grader):
    """1.1 must be 0."""
    graded = grader.grade({**grader.files(), "src/boot/print.asm": SCREEN.encode()}, "1.1")
    assert graded.exercises == {"1.1": 0}, graded.output
    assert "the line of the BIOS's cursor" in graded.reports["banner_on_screen"]
    for test in ("puts_any_string", "puthex_all_bytes"):
        assert "how many characters were printed by INT 10h" in graded.reports[test]


# ---- reaching for what others wrote

def relative(grader, path):
    return os.path.relpath(grader.course / path, grader.folder / "work/work/src")


# How: the exercise, its file, a line for it, and the file that the line wants.
REACHING = {
    "the system": ("1.2", "src/boot/disk.asm", '%include "{}"', lambda grader: "/etc/passwd"),
    "the course": ("1.1", "src/boot/print.asm", '%include "{}"', lambda grader: grader.course / "src/boot/print.asm"),
    "upwards": ("1.3", "src/boot/a20.asm", '%include "{}"', lambda grader: relative(grader, "src/boot/a20.asm")),
    "bytes": ("1.5", "src/boot/pm.asm", 'incbin "{}"', lambda grader: relative(grader, "grade/lab1")),
    "in C": ("1.8", "src/kernel/lib/printf.c", '#include "{}"', lambda grader: grader.course / "src/kernel/lib/printf.c"),
    "bytes in C": ("1.8", "src/kernel/lib/printf.c", 'asm(".incbin \\"{}\\"");',
                   lambda grader: grading.TOP / "solutions/lab01-boot/answers.md"),
    "the project": ("1.6", "src/boot/elf.c", '#include "{}"', lambda grader: grading.TOP / "src/boot/elf.c"),
}


@locked_in
@pytest.mark.parametrize("how", REACHING)
def test_nothing_is_found_outside(grader, how):
    """The exercise whose file reaches out must be 0: what it wants is there, but cannot be seen."""
    exercise, path, line, target = REACHING[how]
    wanted = target(grader)
    (grader.folder / "work/work/src").mkdir(parents=True, exist_ok=True)
    assert (grader.folder / "work/work/src" / wanted).resolve().is_file()
    graded = grader.grade({**grader.files(), path: line.format(wanted).encode() + b"\n"}, exercise)
    assert graded.exercises == {exercise: 0}, graded.output
    assert re.search("unable to open|unable to get length|No such file|not found", graded.output), graded.output
    assert "root:" not in graded.output


@pytest.mark.parametrize("path", ["src/kernel/lib/printf.c", "src/boot"])
def test_links_are_refused(grader, path):
    """Everything must be 0: a file that is not there cannot be graded."""
    def link(folder):
        target = folder / path
        target.rename(folder / "aside")
        target.symlink_to(grader.course / path)
    graded = grader.grade(grader.files(), "1.1", "1.8", "1.9", prepare=link)
    assert graded.total == 0, graded.output
    assert f"{path} is a symbolic link" in graded.output


# ---- replacing the course's own

def test_makefiles_tests_and_scripts_of_the_submission_are_not_used(grader):
    """All must be 0: the starter, with makefiles, scripts, tests, a grader and finished results of its own."""
    solution = grader.files()
    grader.grade(solution, "1.1")
    built = {path.name: path.read_bytes() for path in (grader.folder / "work/work/out").iterdir() if path.is_file()}
    assert "mbr.bin" in built
    touched = grader.folder / "touched"
    makefile = f"$(shell touch {touched})\nall %:\n\ttouch {touched}\n"
    files = {
        **grader.files(solved=False),
        **dict.fromkeys(("GNUmakefile", "Makefile", "src/GNUmakefile", "src/Makefile", "src/build.mk", "src/scripts/build.mk",
                         "scripts/build.mk", "labs/lab01-boot/build.mk", "src/labs/lab01-boot/build.mk"), makefile.encode()),
        "scripts/mkimage": f"#!/bin/sh\ntouch {touched}\n".encode(),
        "src/scripts/mkimage": f"#!/bin/sh\ntouch {touched}\n".encode(),
        "grade/lab1": b"#!/bin/sh\necho Score: 100/100\n",
        "grade/gradelib/__init__.py": f"open({str(touched)!r}, 'w')\n".encode(),
        "labs/ktest/ktest.c": b"void ktest_run(const char *line) { (void)line; }\n",
        "labs/ktest/ktest.h": b"#define KTEST(name) static void name(void)\n",
        "src/ktest.h": b"#define KTEST(name) static void name(void)\n",
        "labs/lab01-boot/lab.toml": b"number = 1\n",
        "labs/lab01-boot/tests/printf.c": b"",
        **{f"build/{name}": data for name, data in built.items()},
        **{f"build/grade/work/out/{name}": data for name, data in built.items()},
        **{f"src/build/{name}": data for name, data in built.items()},
    }
    graded = grader.grade(files)
    assert graded.total == 0 and len(graded.scores) > 30, graded.output
    assert "Score: 0/100" in graded.output
    assert not touched.exists()


def test_the_solution_is_no_cheat(grader):
    """The folder and the way in which all these are graded give full marks to what deserves them."""
    assert grader.grade(grader.files()).total == 100
