"""
A model of page tables in memory, of which every word counts: what each call may change and must return.
"""

import struct
from array import array
from typing import NamedTuple

from ..verdicts import Mismatch
from . import (ACCESSED, COW, DIRTY, EEXIST, ENOMEM, FRAME, GLOBAL, KERNEL_BASE, PRESENT, PS, THROUGH, UNCACHED, USER, WRITE)
from .host import cases, error_name, without_panic, words


class MapCase:
    """Page tables in 16 frames of memory; operations as in host/map.c, and what each must do."""

    DIRECTORY, FIRST, FRAMES = 1, 2, 16

    def __init__(self, rng):
        self.rng, self.operations, self.spare = rng, [], []
        self.memory = self.garbage()
        self.known = []             # entries of the directory that were made
        self.next = self.FIRST
        self.zero(self.DIRECTORY)

    @classmethod
    def garbage(cls):
        """Memory as the program begins with it, by words."""
        return array("I", [0x5A5A5A5A, *[0] * 14, 0x5A5A5A5A]) * (cls.FRAMES * 1024 // 16)

    def input(self):
        return struct.pack("<I", self.DIRECTORY) + words(*(operation for operation, _ in self.operations), width=4)

    def do(self, operation, expected=None):
        self.operations.append((operation, expected))

    def zero(self, frame):
        clear(self.memory, frame)
        self.do((6, frame))

    def poke(self, at, value):
        """`at`: the number of a word."""
        self.memory[at] = value
        self.do((1, at * 4, value))
        if at // 1024 == self.DIRECTORY and value & PRESENT:
            self.known.append(at % 1024)

    def pde_at(self, va):
        return self.DIRECTORY * 1024 + (va >> 22)

    def pte_at(self, va):
        """Where the entry is, if there is a table."""
        pde = self.memory[self.pde_at(va)]
        return (pde >> 12) * 1024 + (va >> 12 & 1023) if pde & (PRESENT | PS) == PRESENT else None

    def add_table(self, va, bits=PRESENT | WRITE | USER):
        frame, self.next = self.next, self.next + 1
        self.zero(frame)
        self.poke(self.pde_at(va), frame << 12 | bits)

    def add_spare(self):
        """Let there be a frame for the next table."""
        self.spare.append(self.next)
        self.do((5, self.next))
        self.next += 1

    def make_table(self, va):
        """What must happen if va's table is missing: returns whether there is one then, and the frame that was taken for it."""
        pde = self.memory[self.pde_at(va)]
        if pde & PRESENT:
            return not pde & PS, None
        if not self.spare:
            return False, None
        frame = self.spare.pop()
        clear(self.memory, frame)
        self.memory[self.pde_at(va)] = frame << 12 | PRESENT | WRITE | (USER if va < KERNEL_BASE else 0)
        self.known.append(va >> 22)
        return True, frame

    def walk(self, va, create):
        found, frame = self.make_table(va) if create else (True, None)
        entry = self.pte_at(va) if found else None
        self.do((2, va, create), Step(f"page_walk({va:#010x}, {'true' if create else 'false'})",
                                      f"walk {'-' if entry is None else f'{entry * 4:x}'}", va, frame))

    def map(self, va, pa, flags):
        frame, entry = None, None
        if self.lookup(va):
            result = EEXIST
        else:
            found, frame = self.make_table(va)
            result = 0 if found else ENOMEM
            if found:
                entry = self.pte_at(va)
                self.memory[entry] = pa | flags | PRESENT
        self.do((3, va, pa, flags), Step(f"page_map({va:#010x}, {pa:#010x}, {flags:#x})", f"map {result}", va, frame, entry,
                                         pa | flags | PRESENT))

    def unmap(self, va):
        entry = self.pte_at(va)
        was = self.memory[entry] if entry is not None else 0
        there = was & PRESENT
        if there:
            self.memory[entry] = 0
        self.do((4, va), Step(f"page_unmap({va:#010x})", f"unmap {was if there else 0:x}", va, None, entry if there else None, 0,
                              bool(there)))

    def lookup(self, va):
        entry = self.pte_at(va)
        return self.memory[self.pde_at(va) if entry is None else entry] & PRESENT

    def some_address(self):
        """More often than not one whose table is there, and near others."""
        known = self.rng.random() < 0.7 and self.known
        index = self.rng.choice(known or [0, 1, 767, 768, 1023])
        return index << 22 | self.rng.choice([0, 1023, self.rng.randrange(1024), self.rng.randrange(8)]) << 12

    def check(self, run, lines):
        memory, lines = self.garbage(), iter([*lines, "nothing"])
        line = next(lines)
        for (kind, *arguments), step in self.operations:
            if kind == 6:
                clear(memory, arguments[0])
            if kind == 1:
                memory[arguments[0] // 4] = arguments[1]
            if step is None:
                continue
            events, seen = [], memory[:]
            while line.split()[0] in ("alloc", "free", "tlb"):
                events.append(line.split())
                line = next(lines)
            run.expect(f"what {step.what} returned", told(line), told(step.answer))
            line = next(lines)
            while line.startswith("word "):
                seen[int(line.split()[1], 16) // 4] = int(line.split()[2], 16)
                line = next(lines)
            self._expect_memory(step, memory, seen)
            got = sum(event[0] == "alloc" and event[1] != "-" for event in events) - sum(event[0] == "free" for event in events)
            run.expect(f"frames that {step.what} has allocated and kept", got, int(step.frame is not None))
            if step.flush:
                self._expect_flush(step, [event[1:] for event in events if event[0] == "tlb"])
            memory = seen

    def _expect_memory(self, step, before, seen):
        expected = before[:]
        if step.frame is not None:
            clear(expected, step.frame)
            at = self.pde_at(step.va)
            bits = step.frame << 12 | PRESENT | WRITE | (USER if step.va < KERNEL_BASE else 0)
            free = ACCESSED | DIRTY | GLOBAL | 0xE00        # the processor's own, and those that it ignores
            expected[at] = bits | seen[at] & free
        if step.entry is not None:
            expected[step.entry] = step.value
            if not step.value and not seen[step.entry] & PRESENT:
                expected[step.entry] = seen[step.entry]     # what is not present means nothing
        if seen == expected:
            return
        at = next(i for i in range(len(seen)) if seen[i] != expected[i])
        frame = at >> 10
        place = "directory" if frame == self.DIRECTORY else "new table" if frame == step.frame else f"frame {frame}"
        what = f"{step.what}: entry {at & 1023} of the {place}"
        if at not in (step.entry, self.pde_at(step.va)) and frame != step.frame:
            what += ", which is none of its business"
        raise Mismatch(what, f"{expected[at]:#010x}", f"{seen[at]:#010x}")

    def _expect_flush(self, step, calls):
        last = None                                         # what stood there when the TLB was told for the last time
        for *where, entry in calls:
            all_of_it = (self.DIRECTORY << 12, 0, 1 << 20)
            directory, first, count = all_of_it if where == ["all"] else (int(word, 16) for word in where)
            if directory == self.DIRECTORY << 12 and first >> 12 <= step.va >> 12 < (first >> 12) + count:
                last = int(entry, 16)
        if last is not None and last & PRESENT:
            raise Mismatch(f"{step.what}: the entry when the TLB was told",
                           "not present: until it is taken away, the processor may load it again", f"{last:#010x}")
        if last is not None:
            return
        raise Mismatch(f"{step.what} took a mapping away, but the TLB was not told",
                       f"tlb_invalidate(dir, {step.va:#010x}, 1), dir at {self.DIRECTORY << 12:#x}",
                       " and ".join(f"tlb_invalidate({', '.join(call[:3])})" for call in calls) or "no call")


class Step(NamedTuple):
    """What one call must do: its answer; the frame that it must make the table of va's; one entry's new value; tell the TLB."""
    what: str
    answer: str
    va: int
    frame: int = None
    entry: int = None
    value: int = 0
    flush: bool = False


def told(answer):
    """An answer of host/map.c, for people."""
    word, *value = answer.split()
    if word == "map":
        return error_name(value[0])
    if word in ("walk", "unmap"):
        return "NULL" if value == ["-"] else f"the entry at {int(value[0], 16):#x}" if word == "walk" else f"0x{value[0]}"
    return answer


def clear(memory, frame):
    memory[frame * 1024:(frame + 1) * 1024] = array("I", bytes(FRAME))


def check_maps(run, stories):
    for case, answer in zip(stories, without_panic(cases(run, "map", [case.input() for case in stories]), "page tables")):
        case.check(run, answer)


def prepared_tables(rng):
    """Tables and large pages here and there, some entries filled."""
    case = MapCase(rng)
    for index in rng.sample([0, 1, 2, 300, 767, 768, 769, 1022, 1023], 4):
        case.add_table(index << 22, PRESENT | rng.choice([WRITE, WRITE | USER, WRITE | USER | ACCESSED]))
    for index in rng.sample([4, 5, 766, 770], 2):
        case.poke(case.pde_at(index << 22), rng.randrange(1024) << 22 | PS | PRESENT | WRITE)
    for _ in range(30):
        at = case.pte_at(case.some_address())
        if at:
            case.poke(at, rng.randrange(1 << 20) << 12 | rng.randrange(1 << 9) & ~PS)
    return case


FLAGS = (WRITE, USER, THROUGH, UNCACHED, GLOBAL, COW)


def some_flags(rng):
    return sum(bit for bit in FLAGS if rng.random() < 0.5)


def mapping_case(rng, steps):
    """Mappings made and undone at any place; the processor sets accessed and dirty bits meanwhile."""
    case = prepared_tables(rng) if rng.random() < 0.5 else MapCase(rng)
    for _ in range(steps):
        if case.next < 15 and rng.random() < 0.2:
            case.add_spare()
        va, kind = case.some_address(), rng.randrange(10)
        if kind < 6:
            case.map(va, rng.randrange(1 << 20) << 12, some_flags(rng))
        elif kind < 9:
            entry = case.pte_at(va)
            if entry and case.memory[entry] & PRESENT and rng.random() < 0.5:
                case.poke(entry, case.memory[entry] | rng.choice([ACCESSED, ACCESSED | DIRTY]))
            case.unmap(va)
        else:
            case.walk(va, 0)
    return case


def shown(tables, start, last):
    """The lines of show_mappings, according to the page tables."""
    lines, page, end = [], start >> 12, last >> 12
    while page <= end:
        entry, count = tables.entry(page << 12), 1
        if entry:
            while page + count <= end and tables.entry(page + count << 12) == entry + (count << 12):
                count += 1
            letters = "".join(letter if entry & bit else "-" for letter, bit in
                              zip("wungad", (WRITE, USER, UNCACHED, GLOBAL, ACCESSED, DIRTY)))
            lines.append(f"{page << 12:08x}-{(page + count << 12) - 1:08x} -> {entry & ~0xFFF:08x} "
                         f"{'4M' if entry & PS else '4K'} {letters}")
        page += count
    return lines
