"""The commands around the build: running, debugging, tracing, handing in, measuring; the makefiles."""
import importlib.machinery
import importlib.util
import os
import re
import shutil
import subprocess
import tarfile

import pytest

from machines import PretendedMachine, lab_tree, run

DEBUG_EXIT = ["-device", "isa-debug-exit,iobase=0xf4,iosize=4"]


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """The project's own image, built as far as it is not."""
    folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    result = run("make", "-s", "image", cwd=folder)
    assert result.returncode == 0, result.stdout


# ---- running

SECTOR = """
    org 0x7c00
    bits 16
    mov dx, 0x3f8
    mov al, '!'
    out dx, al
    mov al, 0x10
    out 0xf4, al
    cli
    hlt
    times 510 - ($ - $$) db 0
    dw 0xaa55
"""


def assemble(source, path):
    path.with_suffix(".asm").write_text(source)
    result = run("nasm", "-f", "bin", "-o", path, path.with_suffix(".asm"))
    assert result.returncode == 0, result.stdout
    return path


@pytest.mark.parametrize("standard_input", ["</dev/null", "<&-", "< input"])
def test_run_qemu_shows_the_serial_line_whatever_its_input_is(top, tmp_path, standard_input):
    (tmp_path / "input").write_text("some text\n")
    image = assemble(SECTOR, tmp_path / "a,b.img")
    result = run("sh", "-c", f'"$@" {standard_input}', "sh", top / "scripts/run_qemu.sh", "--image", image, *DEBUG_EXIT,
                 cwd=tmp_path)
    assert result.returncode == 33 and result.stdout.endswith("!"), result.stdout


@pytest.fixture
def fake_qemu(tmp_path):
    """A QEMU that prints its arguments, one a line."""
    path = tmp_path / "qemu"
    path.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    path.chmod(0o755)
    return {**os.environ, "QEMU": str(path)}


def test_run_qemu_hands_options_on(top, fake_qemu, built):
    result = run(top / "scripts/run_qemu.sh", "-m", "8", "-name", "two words", env=fake_qemu)
    assert result.stdout.splitlines() == ["-m", "64", "-drive", f"file={top}/build/myos.img,format=raw,if=ide", "-nographic",
                                          "-m", "8", "-name", "two words"]


def test_run_qemu_gives_qemu_a_standard_input_that_is_no_disk(top, fake_qemu, built):
    """With none at all, the first file that QEMU opens would be it."""
    path = fake_qemu["QEMU"]
    with open(path, "a", encoding="ascii") as script:
        script.write("readlink /proc/$$/fd/0\n")
    result = run("sh", "-c", '"$1" <&-', "sh", top / "scripts/run_qemu.sh", env=fake_qemu)
    assert result.stdout.endswith("\n/dev/null\n"), result.stdout


def test_run_qemu_without_a_desktop_falls_back_to_the_serial_line(top, fake_qemu, built):
    fake_qemu.pop("DISPLAY", None)
    fake_qemu.pop("WAYLAND_DISPLAY", None)
    result = run(top / "scripts/run_qemu.sh", "--window", env=fake_qemu)
    assert "No window here" in result.stdout and "-nographic" in result.stdout


@pytest.mark.parametrize("arguments, words", [
    (["--image", "/nowhere.img"], "there is no image /nowhere.img"),
    (["--image"], "needs a file"),
])
def test_run_qemu_says_what_is_wrong(top, arguments, words):
    result = run(top / "scripts/run_qemu.sh", *arguments)
    assert result.returncode == 1 and words in result.stdout


def test_run_qemu_without_qemu(top):
    result = run(top / "scripts/run_qemu.sh", env={**os.environ, "QEMU": "no-such-qemu"})
    assert result.returncode == 1 and "scripts/setup installs it" in result.stdout


# ---- debugging

def test_gdb_follows_the_boot_from_the_first_instruction_to_c(top, built):
    """Real mode is disassembled as such; each stage has its symbols; C has a backtrace."""
    result = run(top / "scripts/debug_qemu.sh", "--", "-batch",
                 "-ex", "break *0x7c00", "-ex", "continue", "-ex", "x/2i $pc", "-ex", "real-stack",
                 "-ex", "break check_cpu", "-ex", "continue", "-ex", "backtrace 1", "-ex", "x/3i $pc",
                 "-ex", "break load_main", "-ex", "continue", "-ex", "x/1i $pc",
                 "-ex", "break kmain", "-ex", "continue", "-ex", "backtrace", "-ex", "mappings", "-ex", "machine")
    words = ["[f000:fff0]", "0xe05b",                           # the reset vector
             "_start () at src/boot/mbr.asm", "%ax,%ax",
             "check_cpu () at src/boot/stage2.asm", "pop    %eax",
             "is set to \"i386\"", "load_main ()",
             "#0  kmain (magic=", "#1 ", "src/kernel/x86/entry.asm", "00000000c0000000-", "CR0="]
    at = 0
    for word in words:
        at = result.stdout.find(word, at)
        assert at >= 0, f"{word} is missing, or not in its place:\n{result.stdout}"


def test_each_user_has_a_port_of_their_own(top, tmp_path, fake_qemu, built):
    machine = PretendedMachine(tmp_path / "bin", ["make"])
    for user, port in ((0, 25000), (1234, 26234), (65534, 25534)):
        machine.fake("id", f"echo {user}")
        result = machine.run(top / "scripts/debug_qemu.sh", "--wait", QEMU=fake_qemu["QEMU"])
        assert f"tcp:127.0.0.1:{port}\n" in result.stdout and "-S\n" in result.stdout
        machine.fake("gdb", 'printf "%s\\n" "$@"')
        result = machine.run(top / "scripts/debug_qemu.sh", "--attach")
        assert f"target remote 127.0.0.1:{port}\n" in result.stdout, result.stdout


def test_debug_without_a_build_says_so(top, tmp_path):
    tree = lab_tree(tmp_path / "tree", top, "debug_qemu.sh")
    result = run(tree / "scripts/debug_qemu.sh")
    assert result.returncode == 1 and "run make first" in result.stdout


# ---- qemu-trace

# Sets up an IDT at 0x8000 with one entry, 0x80; then paging, and a write where no page is.
FAULTS = """
    org 0x7c00
    bits 16
    cli
    xor ax, ax
    mov ds, ax
    mov ss, ax
    mov sp, 0x7c00
    mov word [0x8000 + 8 * 0x80], handler
    mov dword [0x8000 + 8 * 0x80 + 2], 0x8e000008
    lgdt [gdtr]
    lidt [idtr]
    mov eax, cr0
    or al, 1
    mov cr0, eax
    jmp 8:protected
    bits 32
handler:
    iret
protected:
    mov ax, 16
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov esp, 0x7c00
    int 0x80
    int 0x80
    int 0x80
    mov dword [0x9000], 0xa003      ; page table at 0xa000: the first 64 KiB
    mov edi, 0xa000
    mov eax, 3
next:
    mov [edi], eax
    add edi, 4
    add eax, 0x1000
    cmp eax, 0x10000
    jb next
    mov eax, 0x9000
    mov cr3, eax
    mov eax, cr0
    or eax, 0x80000000
    mov cr0, eax
    END
gdt: dq 0, 0x00cf9a000000ffff, 0x00cf92000000ffff
gdtr: dw 23
    dd gdt
idtr: dw 8 * 0x81 - 1
    dd 0x8000
    times 510 - ($ - $$) db 0
    dw 0xaa55
"""


def trace(top, tmp_path, end, *options):
    image = assemble(FAULTS.replace("END", end), tmp_path / "image")
    result = run(top / "scripts/qemu-trace", "--image", image, *options)
    assert result.returncode == 0, result.stdout
    return result.stdout


def test_trace_of_a_triple_fault_shows_the_chain(top, tmp_path):
    output = trace(top, tmp_path, "mov [0x12345678], eax")
    assert re.search(r"^ +3  0x80 system call +0x00007c", output, re.M), output
    assert re.search(r"^ +1  0x0e page fault .*: write at 0x12345678: no page there$", output, re.M), output
    chain = output[output.index("TRIPLE FAULT"):].splitlines()
    assert "0x0e page fault at 0x00007c" in chain[1] and "write at 0x12345678" in chain[1]
    assert "0x0d general protection while starting the handler of 0x0e (page fault)" in chain[2]
    assert "while starting the handler of 0x08 (double fault)" in chain[3]
    assert len(output.splitlines()) < 25


def test_trace_of_a_machine_that_halts(top, tmp_path):
    output = trace(top, tmp_path, "cli\nstop: hlt\njmp stop")
    assert "End: halted for good (interrupts off) at 0x00007c" in output and "TRIPLE" not in output


def test_trace_of_a_machine_that_runs_on(top, tmp_path):
    output = trace(top, tmp_path, "jmp $", "--limit", "1")
    assert "End: it still ran when the time was up." in output or "runs in circles" in output


def test_trace_names_places_in_our_own_image(top, built):
    result = run(top / "scripts/qemu-trace")
    assert result.returncode == 0 and re.search(r"0x20 timer .*\+0x", result.stdout), result.stdout


# ---- handin

@pytest.fixture
def submission(tmp_path, top):
    tree = lab_tree(tmp_path / "work", top, "handin")
    for name, text in {"src/boot/a.asm": "a", "src/kernel/b c.c": "b", ".gitignore": "build/\n*.o\n", "build/x": "x",
                       "labs/lab01-boot/lab.toml": "", "labs/lab02-interrupts/lab.toml": ""}.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)
    git(tree, "init", "-q")
    git(tree, "add", "-A")
    git(tree, "commit", "-qm", "work")
    return tree


def git(tree, *arguments, status=0):
    """As somebody: on a fresh machine git knows nobody, and neither commits nor merges."""
    result = run("git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments, cwd=tree)
    assert result.returncode == status, result.stdout


def hand_in(tree, *arguments):
    result = run(tree / "scripts/handin", *arguments, env={**os.environ, "HANDIN_USER": "ada l/o"})
    assert result.returncode == 0, result.stdout
    archives = list(tree.glob("handin-*.tar.gz"))
    assert len(archives) == 1
    with tarfile.open(archives[0]) as archive:
        return archives[0].name, sorted(archive.getnames()), result.stdout


def test_handin_packs_sources_and_note(submission):
    (submission / "handin").mkdir()
    (submission / "handin/design.md").write_text("My design.\n")
    git(submission, "add", "-A")
    git(submission, "commit", "-qm", "note")
    name, members, output = hand_in(submission)
    assert name == "handin-lab2-ada_l_o.tar.gz"
    assert members == ["handin/design.md", "src/boot/a.asm", "src/kernel/b c.c"]
    assert "careful" not in output and "What next" in output


def test_handin_warns_of_what_is_missing_or_not_committed(submission):
    (submission / "src/boot/a.asm").unlink()
    (submission / "src/new.c").write_text("new")
    (submission / "src/new.o").write_text("ignored")
    (submission / "handin").mkdir()
    (submission / "handin/design.md").write_text("")
    name, members, output = hand_in(submission, "1")
    assert name.startswith("handin-lab1-")
    assert members == ["handin/design.md", "src/kernel/b c.c", "src/new.c"]
    assert "design.md is missing or empty" in output
    assert "not in a commit yet" in output and "src/new.c" in output and "src/boot/a.asm" in output


def test_handin_refuses_an_unfinished_merge(submission):
    path = submission / "src/boot/a.asm"
    git(submission, "checkout", "-qb", "other")
    path.write_text("other")
    git(submission, "commit", "-qam", "other")
    git(submission, "checkout", "-q", "-")
    path.write_text("mine")
    git(submission, "commit", "-qam", "mine")
    git(submission, "merge", "other", status=1)
    result = run(submission / "scripts/handin")
    assert result.returncode == 1 and "src/boot/a.asm" in result.stdout
    assert not list(submission.glob("handin-*"))


def test_handin_outside_git(submission):
    shutil.rmtree(submission / ".git")
    result = run(submission / "scripts/handin", env={**os.environ, "GIT_CEILING_DIRECTORIES": str(submission.parent)})
    assert result.returncode == 1 and "no git repository" in result.stdout


# ---- the makefiles

@pytest.mark.parametrize("makefile, commands", [
    ("Makefile", "run debug test test-all course grade handouts autograder bench lint doctor clean help"),
    ("GNUmakefile.lab", "qemu qemu-nox qemu-gdb qemu-nox-gdb gdb qemu-trace grade doctor catch-up handin clean help"),
])
def test_make_help_lists_the_commands(top, makefile, commands):
    result = run("make", "-f", makefile, "help", cwd=top)
    listed = re.findall(r"^  make (\S+)\s+\S", result.stdout, re.M)
    assert set(commands.split()) <= set(listed)
    for command in listed:
        assert run("make", "-n", "-f", makefile, command, cwd=top).returncode == 0, command


@pytest.mark.parametrize("makefile", ["Makefile", "GNUmakefile.lab"])
def test_make_without_a_word_builds_the_image(top, makefile):
    assert "\n.DEFAULT_GOAL := image\n" in run("make", "-pn", "-f", makefile, "help", cwd=top).stdout


def test_the_image_can_be_made_by_a_user_whose_path_lacks_sbin(top, tmp_path, built):
    """As on Debian, where mkfs.fat is in /usr/sbin."""
    machine = PretendedMachine(tmp_path / "bin", ["python3", "mmd", "mcopy"])
    build = top / "build"
    result = machine.run(top / "scripts/mkimage", "--mbr", build / "mbr.bin", "--stage2", build / "stage2.bin",
                         "--kernel", build / "kernel", tmp_path / "image")
    assert result.returncode == 0, result.stdout


def test_make_grade_takes_tree_test_and_seed(top, tmp_path):
    result = run("make", "-n", "grade", "LAB=1", f"TREE={tmp_path}", "TEST=a20 1.8", "SEED=71f3", cwd=top)
    assert f'lab1 --work build/grade --tree "{tmp_path}"' in result.stdout
    assert "a20 1.8 --seed 71f3" in result.stdout


def test_a_lab_tree_grades_its_newest_lab(top, tmp_path):
    shutil.copytree(top / "scripts", tmp_path / "scripts")
    shutil.copy(top / "GNUmakefile.lab", tmp_path / "GNUmakefile")
    for lab, number in (("lab01-boot", 1), ("lab02-interrupts", 2), ("lab10-smp", 10)):
        (tmp_path / "labs" / lab).mkdir(parents=True)
        assert f"grade/lab{number} " in run("make", "-n", "grade", cwd=tmp_path).stdout


# ---- bench

def test_bench_measures_a_boot(top, built, monkeypatch):
    monkeypatch.syspath_prepend(str(top / "scripts"))           # where it has its own modules from
    loader = importlib.machinery.SourceFileLoader("bench", str(top / "scripts/bench"))
    bench = importlib.util.module_from_spec(importlib.util.spec_from_loader("bench", loader))
    loader.exec_module(bench)
    power_on, kmain, halt = bench.boot(top / "build", [], bench.wall_clock)
    assert power_on < kmain < halt
    _, kmain, halt = bench.boot(top / "build", bench.COUNTED, bench.Debugged.guest_clock)
    assert 0 < kmain < halt
