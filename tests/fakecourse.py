"""
A course of three small labs, made on the spot: what the slicer and publishing tests work on.

It has every form of marker, an exercise of two regions, an exercise of lab 2 in a file of lab 1 (given code first), a file
that another one replaces, a binary and a program. Nothing here is ever compiled.
"""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def lab_toml(number, name, files, exercises):
    text = f'number = {number}\nname = "{name}"\ntitle = "The {name} lab"\nfiles = {files}\nstart_points = 0\n'
    for ident, points, file in exercises:
        text += (f'\n[[exercise]]\nid = "{ident}"\ntitle = "Exercise {ident}"\npoints = {points}\nfile = "{file}"\n'
                 f'handout = "ex-{ident}"\nneeds = []\n')
    return text


FILES = {
    ".gitignore": "build/\n__pycache__/\n",
    "README.md": "The project's own README.\n",
    "GNUmakefile.lab": "all:\n\techo lab 1\n\techo lab 2      # lab 2\n",
    "handouts/student-readme.md": "Welcome, student.\n",
    "handouts/lab1.md": "# Lab 1\n",
    "handouts/lab2.md": "# Lab 2\n",
    "handouts/instructor.md": "For instructors.\n",
    "handouts/site/figures/lab2/trap.svg": "<svg/>\n",
    "grade/lab1": "#!/usr/bin/env python3\n",
    "grade/lab3": "#!/usr/bin/env python3\n",
    "grade/gradelib/__init__.py": "# lab 3 begin: the graders are not sliced\n",
    "solutions/lab01-hello/answers.md": "42\n",
    "labs/lab01-hello/tests/hello.c": "KTEST(hello) {}\n",
    "labs/lab02-trap/tests/trap.c": "KTEST(trap) {}\n",
    "labs/common.toml": '''files = [".gitignore", "grade/", "scripts/catch-up"]
sliced = ["GNUmakefile.lab"]

[rename]
"GNUmakefile.lab" = "GNUmakefile"
"handouts/student-readme.md" = "README.md"
''',
    "labs/lab01-hello/lab.toml": lab_toml(1, "hello", '["src/"]', [
        ("1.1", 60, "src/kernel/print.c"), ("1.2", 40, "src/boot/boot.asm")]),
    "labs/lab02-trap/lab.toml": lab_toml(2, "trap", '["src/kernel/trap.c", "src/user/"]', [
        ("2.1", 50, "src/kernel/trap.c"), ("2.2", 50, "src/kernel/print.c")]),
    "labs/lab03-page/lab.toml": lab_toml(3, "page", '["src/kernel/mm/"]', [
        ("3.1", 100, "src/kernel/mm/page.c")]),
    "src/kernel/main.c": '''/* The start of everything. */
#include "print.h"

void kmain(void)
{
    print("hello");
    trap_init();                // lab 2: before the first interrupt
    page_init();                // lab 3
    // until lab 2: halt();

    // lab 2 begin
    run();
    balance();                  // lab 3
    // lab 2 end
    // until lab 3 begin
    // stop();
    // until lab 3 end
}
''',
    "src/kernel/print.c": '''/*
 * Text for people; see lab 1.
 */
#include "print.h"
#include "string.h"

/* Print one character, at any place. */
static void print_char(char c)
{
    // exercise 1.1 begin: print the character c
    out(c);                     // the port wants one byte
    // exercise 1.1 stub
    // (void)c;
    // exercise 1.1 end
}

/*
 * Print a string. Returns its length.
 */
int print(const char *s)
{
    int n = 0;

    // exercise 1.1 begin: print each character of s
    // the lab says: one by one
    while (s[n])
        print_char(s[n++]);

    // exercise 1.1 stub
    // exercise 1.1 end
    return n;
}

/* Print a number in base 10. */
int print_number(int n)
{
    // exercise 2.2 begin: print n, the minus sign too
    if (n < 0)
        print_char('-');
    return print(digits(n));
    // exercise 2.2 stub
    // return 0;
    // exercise 2.2 end
}
''',
    "src/kernel/print.h": "int print(const char *s);\nint print_number(int n);\n",
    "src/kernel/early.c": '''// until lab 3 begin
// /* Memory before there is an allocator. */
// static char pool[64];
// until lab 3 end
''',
    "src/kernel/trap.c": '''/* Interrupts. */
#include "trap.h"

/* Handle one trap. */
void trap(struct frame *f)
{
    // exercise 2.1 begin: find the handler of f and call it
    handlers[f->number](f);
    // exercise 2.1 stub
    // panic(f);
    // exercise 2.1 end
}
''',
    "src/kernel/mm/page.c": '''/* Pages. */
#include "page.h"

/* Give one page. */
void *page(void)
{
    // exercise 3.1 begin: take the first free page
    return list_pop(&free);
    // exercise 3.1 stub
    // if (empty())
        // panic();
    //
    // return 0;
    // exercise 3.1 end
}
''',
    "src/boot/boot.asm": '''; The boot sector.
%include "boot.inc"

; Jump to the kernel.
start:
    cli
    ; exercise 1.2 begin: set up the stack below 7C00h
    mov sp, 0x7c00      ; it grows down
    ; exercise 1.2 stub
    ; exercise 1.2 end
    jmp kmain
''',
    "src/boot/logo.bin": b"\x7fLOGO\0\n// lab 3 begin\n; exercise 9.9 begin\xff\n",
    "src/user/run.sh": "#!/bin/sh\nrun hello\nrun pages       # lab 3\n",
}


def make(folder, changes=None):
    """The project in a new folder, with changes: {path: text, or None for none}, or {path: (old, new)} in its text."""
    files = dict(FILES)
    for path, change in (changes or {}).items():
        if isinstance(change, tuple):
            assert files[path].count(change[0]) == 1, (path, change[0])
            change = files[path].replace(*change)
        files[path] = change
    for path, content in files.items():
        if content is not None:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content if isinstance(content, bytes) else content.encode())
    (folder / "src/user/run.sh").chmod(0o755)
    (folder / "scripts").mkdir(exist_ok=True)
    for name in ("slicer.py", "course", "catch-up"):
        shutil.copy(ROOT / "scripts" / name, folder / "scripts" / name)
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    return folder
