"""
Looks into a kernel that has halted in a kernel test: its page tables, its memory map, its array of struct page, all as they
lie in the physical memory that QEMU has. Believes nothing that the kernel says. Read more: src/kernel/mm/page.h, SDM 3A, 4.3.
"""

import contextlib
import random
import re
import struct
from collections import defaultdict

from .. import clock
from ..verdicts import Mismatch
from . import FRAME, KERNEL_BASE, PRESENT, PS, USER, WRITE
from .frames import page_count, up


class Elf:
    """The kernel's file: addresses and sizes of its symbols, and its bytes."""

    def __init__(self, path):
        self.data = path.read_bytes()
        phoff, shoff = struct.unpack_from("<II", self.data, 28)
        phnum, = struct.unpack_from("<H", self.data, 44)
        shnum, = struct.unpack_from("<H", self.data, 48)
        self.segments = [struct.unpack_from("<8I", self.data, phoff + 32 * i) for i in range(phnum)]
        sections = [struct.unpack_from("<10I", self.data, shoff + 40 * i) for i in range(shnum)]
        self.symbols = {}
        for section in sections:
            if section[1] == 2:
                strings = sections[section[6]][4]
                for at in range(section[4], section[4] + section[5], 16):
                    name, value, size = struct.unpack_from("<III", self.data, at)
                    text = self.data[strings + name:self.data.index(b"\0", strings + name)].decode()
                    self.symbols.setdefault(text, (value, size))

    def address(self, name):
        if name not in self.symbols:
            raise Mismatch(f"the kernel has no symbol {name} any more, by which the grader finds its way")
        return self.symbols[name][0]

    def constant(self):
        """(physical address, bytes) of what no program may write."""
        return [(vaddr - KERNEL_BASE, self.data[offset:offset + filesz])
                for kind, offset, vaddr, _, filesz, _, flags, _ in self.segments if kind == 1 and not flags & 2]


class Tables:
    """The page tables in use, as they lie in memory."""

    def __init__(self, machine):
        self.cr3 = machine.registers()["cr3"] & ~0xFFF
        self.directory = struct.unpack("<1024I", machine.read_phys(self.cr3, FRAME))
        self.tables = {i: struct.unpack("<1024I", machine.read_phys(pde & ~0xFFF, FRAME))
                       for i, pde in enumerate(self.directory) if pde & (PRESENT | PS) == PRESENT}

    def entry(self, va):
        """What a 4 KiB page at va is mapped to, with PS if that is part of a large page; 0 if to nothing."""
        pde = self.directory[va >> 22]
        if not pde & PRESENT:
            return 0
        if pde & PS:
            return pde + (va & 0x3FF000)
        pte = self.tables[va >> 22][va >> 12 & 1023]
        return pte if pte & PRESENT else 0

    def allowed(self, va):
        """The bits that must be there on both levels."""
        pde, entry = self.directory[va >> 22], self.entry(va)
        return entry & (WRITE | USER) & (pde if not pde & PS else 0xFFFFFFFF)

    def read(self, machine, va, count):
        """Bytes at va, through these tables; within one page."""
        return machine.read_phys((self.entry(va) & ~0xFFF) + (va & 0xFFF), count)


class Kernel:
    """A halted kernel, seen from outside: its tables, its memory map, and its array of struct page."""

    def __init__(self, machine, elf):
        self.machine, self.elf = machine, elf
        self.registers, self.tables = machine.registers(), Tables(machine)
        info = machine.read_phys(elf.address("boot_info") - KERNEL_BASE, 32 + 64 * 24)
        self.start, self.end, count = (struct.unpack_from("<I", info, at)[0] for at in (4, 8, 28))
        self.map = [struct.unpack_from("<QQI", info, 32 + 24 * i) for i in range(min(count, 64))]
        self.lines, self.changed, self.listed, self._pages = None, None, None, None

    def keep(self, lines):
        """Take in all that can be looked at, for when the machine is gone, and what the kernel test has reported."""
        self.lines = lines
        self.changed = [address for address, data in self.elf.constant() if self.machine.read_phys(address, len(data)) != data]
        self.listed = re.findall(r"(?m)^([0-9a-f]+): ([0-9a-f]+) (\S+)$", self.machine.hmp("info tlb"))
        try:
            self._pages = Pages(self)
        except Mismatch as error:
            self._pages = error
        return self

    def word(self, name):
        """A variable of the kernel's."""
        return struct.unpack("<I", self.machine.read_phys(self.elf.address(name) - KERNEL_BASE, 4))[0]

    @property
    def pages(self):
        if self._pages is None:
            self._pages = Pages(self)
        if isinstance(self._pages, Mismatch):
            raise self._pages
        return self._pages


class Pages:
    """The array of struct page, 24 bytes each: order at 12, state at 13."""

    FREE, USED, SLAB = 1, 2, 3

    def __init__(self, kernel):
        pointer = kernel.word("pages")
        if not pointer:
            raise Mismatch("page_init left the array of struct page at NULL")
        self.count = page_count(kernel.map)
        size = self.count * 24
        self.array = (pointer - KERNEL_BASE >> 12, up(pointer - KERNEL_BASE + size))
        self.data = kernel.machine.read_phys(pointer - KERNEL_BASE, size)
        self.states, self.orders = self.data[13::24], self.data[12::24]

    def blocks(self, state):
        """(first frame, order) of all blocks in this state."""
        pattern = re.compile(re.escape(bytes([state])), re.DOTALL)
        return [(found.start(), self.orders[found.start()]) for found in pattern.finditer(self.states)]

    def refs(self, frame):
        return struct.unpack_from("<I", self.data, frame * 24 + 8)[0]


@contextlib.contextmanager
def halted(run, name, place=None, budget=clock.BUDGET, **how):
    """
    Boot to the kernel test `name`, which halts (in the function `place`, if that is another one). Gives the Kernel and the
    lines that the test reported. That the processor stands in the test is part of the evidence.
    """
    how.setdefault("kernel", None if "image" in how else run.build.kernel)
    with run.qemu(cmdline=run.ktest_cmdline(name), **how) as machine:
        machine.wait_until(lambda: machine.halted and ["halts"] in run.observed(machine, name), budget,
                           f"the kernel test {name} to come to its end")
        elf = Elf(run.build.kernel)
        kernel = Kernel(machine, elf)
        place = place or f"ktest_{name}"
        # A compiler may have cut the function into f, f.cold, f.part.0.
        parts = [where for text, where in elf.symbols.items() if text.split(".")[0] == place]
        if not any(start <= kernel.registers["eip"] < start + size for start, size in parts):
            raise Mismatch("where the processor halts is not the kernel test", f"{place}", f"{kernel.registers['eip']:#x}")
        lines = defaultdict(list)
        for key, *tokens in run.observed(machine, name):
            lines[key].append(tokens)
        yield kernel, lines


KEPT = {}               # what is run once for several tests


def kept(run, name, make):
    """What make(run, rng) gives; called once for several tests, and making the same choices whichever of them comes first."""
    key = run.build.kernel, name
    if key not in KEPT:
        KEPT[key] = make(run, random.Random(f"{run.kernel_seed:x} {name}"))
    return KEPT[key]


def booted(run, memory, cpu=None):
    """A kernel that has booted in such a machine. Each machine is booted once, for all tests."""
    key = run.build.kernel, memory, cpu
    if key not in KEPT:
        with halted(run, "memory_map", memory=memory, **({"cpu": cpu} if cpu else {})) as (kernel, lines):
            KEPT[key] = kernel.keep(lines)
    else:
        (run.dir / "serial.log").write_bytes(KEPT[key].machine.serial)
        (run.dir / "repeat.sh").write_text(f"#!/bin/sh\n# Runs this guest again in a terminal.\n{KEPT[key].machine.by_hand()}\n")
    return KEPT[key]


def numbers(lines, base=16):
    """Lines of a report as lists of whole numbers."""
    try:
        return [[int(token, base) for token in line] for line in lines]
    except ValueError as error:
        raise Mismatch("the kernel test reported something that is no number", details=[str(error)]) from error
