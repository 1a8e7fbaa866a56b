"""
gdb's commands about memory (scripts/myos_mm.py): what they say is compared with what QEMU, the kernel and its monitor say. And
lab 3's example of a command of one's own does in the kernel what the handout says, with a TLB that is told and one that is not.
"""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from gradelib.machine import Machine
from machines import run

ROOT = Path(__file__).resolve().parents[1]
KERNEL = ROOT / "build/kernel.elf"
IMAGE = ROOT / "build/myos.img"
PROMPT = ("break monitor", "continue")
CACHES = "'slab.c'::cache_cache"


@pytest.fixture(scope="module", autouse=True)
def built():
    subprocess.run(["make", "-s", "-j2", "-f", "scripts/build.mk", "image"], cwd=ROOT, check=True)


def debugged(*commands):
    """What gdb prints for these commands, under scripts/debug_qemu.sh, from "begin" on."""
    words = [word for command in commands for word in ("-ex", command)]
    output = run(ROOT / "scripts/debug_qemu.sh", "--", "-batch", *words, cwd=ROOT).stdout
    return output.split("begin\n", 1)[-1]


# ---- pagetable

def test_pagetable_agrees_with_qemu():
    """A small page, a large one, addresses with all kinds of offsets: the physical address, and the entries on the way."""
    addresses = [0xC0001000, 0xC00B8FFF, 0xC0100123, 0xC03FFFFC, 0xC0400000, 0xC3ABCDEF]
    output = debugged(*PROMPT, "echo begin\\n", *(command for va in addresses for command in (f"pagetable {va:#x}",
                                                                                            f"monitor gva2gpa {va:#x}")))
    physical = re.findall(r"(?m)^physical (\w+)\ngpa: 0x(\w+)$", output)
    assert len(physical) == len(addresses), output
    for (ours, theirs), va in zip(physical, addresses):
        assert int(ours, 16) == int(theirs, 16) == va - 0xC0000000, output
    entries = re.findall(r"(pde|pte) at (\w+) is (\w+)", output)
    assert len(entries) == 10
    words = debugged(*PROMPT, "echo begin\\n", *(f"monitor xp /1wx 0x{place}" for _, place, _ in entries))
    assert re.findall(r": 0x(\w+)", words) == [value for _, _, value in entries], words


@pytest.mark.parametrize("flags, said", [
    (0x003, "writable, kernel only"),
    (0x001, "read-only, kernel only"),
    (0x01B, "writable, kernel only, uncached, write-through"),
    (0x103, "writable, kernel only, global"),
    (0x201, "read-only, kernel only, copy on write"),
    (0x063, "writable, kernel only, accessed, dirty"),
])
def test_pagetable_says_what_the_flags_are(flags, said):
    output = debugged(*PROMPT, f"print page_map(early_page_directory, 0xd0007000, 0x123000, {flags:#x})", "echo begin\\n",
                      "pagetable 0xd0007abc")
    assert output.startswith("d0007abc is entry 832 of the directory, entry 7 of its table, byte 0xabc\n"), output
    assert re.search(rf"(?m)^  pte at \w+ is 00123{flags:03x}: page at 00123000; {said}$", output), output
    assert "physical 00123abc\n" in output and "both together" not in output, output


def test_pagetable_puts_both_levels_together():
    """The table's entry allows all, the directory's does not."""
    output = debugged(*PROMPT, "print page_map(early_page_directory, 0xd0000000, 0x123000, 7)",
                      "set variable early_page_directory[832] &= ~6", "echo begin\\n", "pagetable 0xd0000000")
    expected = r"(?m)^  pde .*; read-only, kernel only\n  pte .*; writable, user\nboth together: read-only, kernel only$"
    assert re.search(expected, output), output


def test_pagetable_where_nothing_is():
    output = debugged(*PROMPT, "print page_walk(early_page_directory, 0xd0000000, 1)", "echo begin\\n", "pagetable 8",
                      "pagetable 0xd0001000", "pagetable 0xeffffffc")
    pde, table, last = re.split(r"(?m)^directory \w+\n", output)[1:]
    assert re.match(r"  pde at \w+ is 00000000: not present\nd0001000 is entry 832", pde), output
    assert re.match(r"  pde at \w+ is \w+003: .*\n  pte at \w+ is 00000000: not present\neffffffc is entry 959", table), output
    assert re.match(r"  pde at \w+efc is 00000000: not present\n", last) and "physical" not in output, output


def test_pagetable_before_paging_and_of_another_directory():
    output = debugged("break *0x7c00", "continue", "echo begin\\n", "pagetable 0x7c00", "break monitor", "continue",
                      "set $d = (unsigned *)page_to_virt(alloc_zeroed_page())", "set $d[1] = 0x00800087", "pagetable 0x401234 $d",
                      "pagetable", "pagetable 1 2 3")
    assert output.startswith("Paging is off"), output
    assert re.search(r"is 00800087: 4 MiB page at 00800000; writable, user\nphysical 00801234\n", output), output
    assert output.count("usage: pagetable ADDRESS [DIRECTORY]") == 2, output


def test_pagetable_when_the_kernels_half_is_lost():
    """It asks QEMU for physical memory, so it works when the kernel's own mappings do not."""
    output = debugged("break tlb_flush", "continue", "set variable early_page_directory[768] = 0", "echo begin\\n",
                      "pagetable $eip")
    assert re.search(r"(?m)^  pde at \w+c00 is 00000000: not present$", output), output


def test_on_the_kernels_own_stub(tmp_path):
    """No CR3 there, and no physical memory: both come from the kernel."""
    with Machine(tmp_path, image=IMAGE, cmdline="gdb",
                 args=["-chardev", f"socket,id=com2,path={tmp_path}/com2,server=on,wait=off",
                       "-device", "isa-serial,chardev=com2,index=1,iobase=0x2f8,irq=3"]) as machine:
        machine.wait_serial("waiting for gdb")
        words = ["gdb", "-q", "-nx", "-batch", "-ex", "set confirm off", "-ex", f"target remote {tmp_path}/com2",
                 "-ex", "source scripts/myos_mm.py", "-ex", "pagetable kmain", "-ex", "pagetable 0", "-ex", "slabinfo",
                 "-ex", "detach"]
        output = run(*words, KERNEL, cwd=ROOT).stdout
    address = int(re.search(r"(\w+) T kmain", run("nm", KERNEL).stdout)[1], 16)
    assert f"physical {address - 0xC0000000:08x}\n" in output, output
    assert re.search(r"pde at \w+ is 00000000: not present", output) and "kmalloc-2048" in output, output


# ---- slabinfo

def test_slabinfo_is_the_monitors():
    output = debugged(*PROMPT, *["print kmalloc(100)"] * 3, "print kmalloc(1000)", "echo begin\\n", "slabinfo", "echo end\\n",
                      "call monitor_slabinfo(1, 0, 0)")
    ours = output.split("end\n")[0]
    serial = (ROOT / "build/debug-serial.log").read_text(errors="replace").replace("\r", "").removesuffix("monitor> ")
    assert ours and serial.endswith(ours), output
    assert re.search(r"(?m)^kmalloc-128 +128 +3 +32 +1 +1$", ours), ours


def test_slabinfo_of_one_cache():
    output = debugged(*PROMPT, "set $n = " + CACHES + ".per_slab", *[f"set $p = slab_alloc(&{CACHES})"] * 3, "echo begin\\n",
                      "slabinfo slab_cache", "print/x $p", "print $n", f"print/x (unsigned)$p + {CACHES}.stride",
                      "slabinfo nobody")
    head, slab, last, per_slab, following, *_ = output.splitlines()
    n = int(per_slab.split()[-1])
    slab_start, free = last.split()[-1][2:7] + "000", following.split()[-1][2:]
    assert re.fullmatch(rf"slab_cache: objects of \d+ bytes, \d+ apart, {n} in a slab of \d+ pages", head), output
    assert slab == f"  {slab_start} partial 3 used, {n - 3} free, the first at {free}", output
    assert "There is no cache nobody." in output


@pytest.mark.parametrize("damage, said", [
    ("0x12345678", "; BROKEN: after 1 it leads to 12345678"),
    ("(unsigned)virt_to_page($p)->free", "; BROKEN: it runs in a circle"),
    ("0", "; BROKEN: that is not \\d+ together"),
])
def test_slabinfo_sees_a_broken_chain(damage, said):
    output = debugged(*PROMPT, f"set $p = slab_alloc(&{CACHES})", f"set variable *(unsigned *)virt_to_page($p)->free = {damage}",
                      "echo begin\\n", "slabinfo slab_cache")
    assert re.search(rf"(?m)^  \w+ partial 1 used, .*{said}$", output), output


def test_slabinfo_too_early():
    output = debugged("break kmain", "continue", "echo begin\\n", "slabinfo")
    assert "The object caches are not made yet" in output, output


# ---- the handout's command

@pytest.mark.parametrize("told", [True, False])
def test_the_handouts_try(tmp_path, told):
    """An A and a B; and two As if page_unmap does not tell the TLB."""
    example = re.search(r"```c\n(.*?MONITOR_COMMAND\(try,.*?)```", (ROOT / "handouts/lab3.md").read_text(), re.DOTALL)[1]
    tree = tmp_path / "tree"
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(".git", "build", "handouts", "tests"), symlinks=True)
    (tree / "src/kernel/mm/try.c").write_text(example)
    if not told:
        file = tree / "src/kernel/mm/map.c"
        source = file.read_text()
        assert source.count("    tlb_invalidate(dir, va, 1);\n") == 1
        file.write_text(source.replace("    tlb_invalidate(dir, va, 1);\n", ""))
    made = run("make", "-s", "-j2", "-f", "scripts/build.mk", "image", cwd=tree)
    assert made.returncode == 0 and "try.c:" not in made.stdout, made.stdout
    with Machine(tmp_path, image=tree / "build/myos.img") as machine:
        machine.wait_serial("monitor> ")
        machine.send_serial(b"try\r")
        text = machine.wait_serial(r"(?s)try\r\n(.*?)monitor> ")[1].decode()
    assert re.findall(r"(?m)^frame \w{8}: (\w)", text) == ["A", "B" if told else "A"], text
