"""
A model of address spaces: what a page fault must do, and what is in the page then.
"""

import struct

from ..verdicts import Mismatch
from . import COW, DEVICE_BASE, EFAULT, FRAME, PRESENT, PS, THROUGH, UNCACHED, USER, USER_BASE, WRITE
from .host import cases, error_name, without_panic, words

F_PRESENT, F_WRITE, F_USER, F_RESERVED = 1, 2, 4, 8
READ, AWRITE, EXEC, SHARED, GUARD, ALARGE = 1, 2, 4, 8, 16, 32


def explained(error, va, entry):
    """fault_describe's text."""
    if error & F_RESERVED:
        page = "corrupt"
    elif not error & F_PRESENT:
        page = "null" if va < USER_BASE else "unmapped"
    elif error & F_USER and not entry & USER:
        page = "kernel-only"
    else:
        page = "read-only" if error & F_WRITE else "accessible"
    return (f"{'write to' if error & F_WRITE else 'read of'} {page} page 0x{va & ~0xFFF:08x} (address 0x{va:08x}) by "
            f"{'user' if error & F_USER else 'kernel'}")


def sum_of(content):
    """The check sum of a page that host/fault.c prints; content: {index of word: value}, the rest zeros, or a whole list."""
    items = content.items() if isinstance(content, dict) else enumerate(content)
    return sum(value * (2 * i + 1) for i, value in items) & 0xFFFFFFFF


class FaultCase:
    """A space and the faults in it: operations as in host/fault.c, each with what its answer must be."""

    def __init__(self):
        self.operations, self.frames = [], 0

    def input(self):
        return words(*(operation for operation, _, _ in self.operations), width=7)

    def do(self, operation, what=None, expected=None):
        """`expected` is a line, a function of its words that says what is wrong, or None: any answer."""
        self.operations.append((operation, what, expected))

    def map(self, space, va, pages, flags, number=0, index=0):
        self.do((3, space, va, pages, flags, number, index), "space_map", "map 0")

    def fault(self, space, va, error, result, what):
        def check(answer):
            if answer == ["fault", str(result)]:
                return None
            return error_name(result), error_name(answer[1]) if answer[0] == "fault" else " ".join(answer), "what it returned"
        self.do((4, space, va, error), f"space_fault at {va:#010x}, error code {error:#x} ({what})", check)

    def look(self, space, va, bits, content, refs=1, what="the page"):
        """The page at va: its entry's bits (those of `mask`), how many hold the frame, what is in it."""
        def check(answer):
            entry = int(answer[1], 16)
            mask = PRESENT | WRITE | USER | PS | COW | UNCACHED | THROUGH
            if entry & mask != bits:
                return f"{bits:#05x}", f"{entry & mask:#05x}, entry {entry:#010x}", "the entry's bits"
            if bits and int(answer[2]) != refs:
                return refs, answer[2], "how many hold its frame"
            if bits and int(answer[3], 16) != sum_of(content):
                return "zeros" if not content else "as it was made", f"word {answer[4]} is {answer[5]}", "what is in it"
            return None
        self.do((6, space, va), f"{what} at {va:#010x}", check)

    def check(self, run, lines):
        lines = iter(lines)
        for operation, what, expected in self.operations:
            if operation[0] == 7:
                continue
            line = next(lines, "nothing")
            if expected is None:
                continue
            if isinstance(expected, str):
                run.expect(f"{what}: the answer", line, expected)
            else:
                wrong = expected(line.split())      # what is right, what was seen, of what
                if wrong:
                    raise Mismatch(f"{what}: {wrong[2]}", wrong[0], wrong[1])


def check_faults(run, stories, what):
    for case, answer in zip(stories, without_panic(cases(run, "fault", [case.input() for case in stories]), what)):
        case.check(run, answer)


def frames_are(expected):
    """A check of the line "frames OUT CACHED READS"."""
    def check(answer):
        return (expected, answer[1], "frames that are allocated") if int(answer[1]) != expected else None
    return check


def zero_case(rng):
    """Areas without objects, side by side and apart, in both spaces; every page touched or not, in any order."""
    case, out = FaultCase(), 1                              # 1: the space's directory
    tables = set()
    case.do((10,), "after space_create", frames_are(out))
    for space, base in ((0, rng.randrange(16, 700) << 22), (1, DEVICE_BASE + (rng.randrange(20) << 22))):
        va, pages = base + rng.randrange(1, 100) * FRAME, {}
        areas = []
        for flags in rng.sample([READ | AWRITE, READ, AWRITE, EXEC, GUARD, GUARD | READ | AWRITE, READ | AWRITE | EXEC], 5):
            count = rng.randrange(1, 20)
            areas.append((va, count, flags))
            case.map(space, va, count, flags)
            va += (count + rng.choice([0, 0, 1, 900])) * FRAME
        for _ in range(40):
            start, count, flags = rng.choice(areas)
            page = start + rng.randrange(-1, count + 1) * FRAME
            owner = next((area for area in areas if area[0] <= page < area[0] + area[1] * FRAME), None)
            user, write = rng.randrange(2) * F_USER, rng.randrange(2) * F_WRITE
            offset = rng.choice([0, FRAME - 1, rng.randrange(FRAME)])
            may = owner and not owner[2] & GUARD and not (user and space) and (owner[2] & AWRITE or not write)
            if page in pages and may:
                continue                                    # it would not fault
            if not may:
                there = F_PRESENT if page in pages else 0
                case.fault(space, page + offset, user | write | there, EFAULT, "nothing is there, or not for this access")
            else:
                case.fault(space, page + offset, user | write, 0, "a page that was never touched")
                pages[page] = PRESENT | (WRITE if owner[2] & AWRITE else 0) | (0 if space else USER)
                out += 1 + (page >> 22 not in tables)
                tables.add(page >> 22)
                case.look(space, page, pages[page], {})
                if pages[page] & WRITE and rng.random() < 0.5:
                    case.do((5, space, page, 0xDEADBEEF))
            case.do((10,), "after that fault", frames_are(out))
        for start, count, _ in areas:
            for page in range(start, start + count * FRAME, FRAME):
                if page not in pages:
                    case.look(space, page, 0, {}, what="a page that nobody touched,")
    return case


def object_page(number, index):
    return [number << 24 | index << 12 | i for i in range(1024)]


def touches(run, lines, random, areas):
    """
    What the kernel test has touched, by the seed: {page: {index of word: value}}. `areas` are (start, pages, write), in the
    order in which they are touched; the test's answers must be what was there before.
    """
    pages, lines = {}, iter(lines)
    for start, count, write in areas:
        for _ in range(10):
            page, index = start + random(count) * FRAME, random(1024)
            value = (random(0x10000) << 16 | random(0x10000)) | 1 if write else 0
            words_there = pages.setdefault(page, {})
            run.expect("a touched page, the place in it, what was written, what was read there before",
                       next(lines, "nothing"), [f"{number:x}" for number in (page, index * 4, value, words_there.get(index, 0))])
            if write:
                words_there[index] = value
    return pages


def expect_pages(run, kernel, touched, ranges, bits):
    """In the ranges (start, pages), the touched pages are there, zero but for what was written; the others are not."""
    frames = {}
    for start, count in ranges:
        for va in range(start, start + count * FRAME, FRAME):
            entry = kernel.tables.entry(va)
            if va not in touched:
                if not entry & PS:
                    run.expect(f"the entry of the page at {va:#010x}, which nobody touched, seen from outside", entry, 0)
                continue
            run.expect(f"the bits of the entry for the touched page at {va:#010x}, seen from outside",
                       f"{entry & (PRESENT | WRITE | USER | COW):#x}", f"{bits:#x}")
            frame = entry >> 12
            if frame in frames:
                raise Mismatch(f"the pages at {frames[frame]:#010x} and {va:#010x} have the same frame", seen=f"{frame:#x}")
            frames[frame] = va
            content = struct.unpack("<1024I", kernel.machine.read_phys(frame << 12, FRAME))
            run.expect(f"words that are not zero in the page at {va:#010x}, seen from outside, as (place, value)",
                       [(4 * i, f"{word:08x}") for i, word in enumerate(content) if word],
                       [(4 * i, f"{word:08x}") for i, word in sorted(touched[va].items()) if word])
    return frames
