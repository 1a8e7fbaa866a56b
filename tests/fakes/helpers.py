"""What the tests of gradelib share: fake QEMUs, small guests, a course without content, a build without a compiler."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "grade"))


def fake_qemu(monkeypatch, folder, mode):
    """Make `mode` of qemu.py the QEMU that gradelib runs."""
    program = folder / f"qemu-{mode}"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S -E "{HERE}/qemu.py" {mode} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("QEMU", str(program))


def boot_sector(folder, code, name="guest"):
    """Assemble 16-bit code, loaded at 0x7C00, to a disk image of one sector."""
    source, image = folder / f"{name}.asm", folder / f"{name}.img"
    source.write_text(f"bits 16\norg 0x7c00\n{code}\ntimes 510-($-$$) db 0\ndw 0xaa55\n")
    subprocess.run(["nasm", "-f", "bin", str(source), "-o", str(image)], check=True)
    return image


def kernel(folder, code, name="kernel"):
    """Assemble and link 32-bit code to a Multiboot kernel at 1 MiB that starts at `start`."""
    source, elf = folder / f"{name}.asm", folder / f"{name}.elf"
    source.write_text("bits 32\nsection .text\nalign 4\ndd 0x1badb002, 0, -0x1badb002\n"
                      f"global start\nstart:\n{code}\nglobal text_end\ntext_end:\n")
    subprocess.run(["nasm", "-f", "elf32", "-g", "-F", "dwarf", str(source), "-o", f"{elf}.o"], check=True)
    subprocess.run(["ld", "-m", "elf_i386", "-Ttext=0x100000", "-e", "start", "-o", str(elf), f"{elf}.o"], check=True)
    return elf


LAB_TOML = """\
number = {number}
name   = "some"          # a comment
[checkpoints]
C = "the second stage starts"
[[exercise]]
id = "{number}.1"
title = "First things"
points = 6
file = "src/first.c"
handout = "first-things"
[[exercise]]
id = "{number}.2"
title = "Second things"
points = 4
files = ["src/second.c",
         "src/a20.asm"]
handout = "second-things"
"""


def course(folder, labs=1):
    """A course of `labs` labs with sources but without any content; the submission is the same folder."""
    for number in range(1, labs + 1):
        lab = folder / f"labs/lab{number:02}-some"
        lab.mkdir(parents=True)
        (lab / "lab.toml").write_text(LAB_TOML.format(number=number))
    (folder / "src").mkdir()
    (folder / "src/first.c").write_text("int first;\n")
    (folder / "GNUmakefile").write_text("all:\n")
    return folder


class Builder:
    """Stands in for gradelib.build.Build: has built everything, except `broken`, which maps targets to exceptions."""

    broken = {}

    def __init__(self, tree, work, course_folder):
        self.out = Path(work) / "out"
        self.out.mkdir(parents=True, exist_ok=True)
        self.kernel, self.image = self.path("kernel.elf"), self.path("myos.img")
        self.kernel.touch()
        self.image.touch()

    def path(self, name):
        return self.out / name

    def make(self, *targets):
        for target in targets:
            if target in self.broken:
                raise self.broken[target]
