"""
Models of page frames: which of them page_init must make free, and what a buddy system may answer. Both judge by what must be
true of the answers, not by what the reference solution would say.
"""

import re
import struct

from ..verdicts import Mismatch
from . import FRAME, LOWMEM_END, ORDER_MAX, USABLE
from .host import cases, words


def up(address):
    return -(-address // FRAME)


def page_count(ranges):
    """The frame behind the last usable one below LOWMEM_END."""
    return max((min(base + length, LOWMEM_END) >> 12 for base, length, kind in ranges if kind == USABLE and base < LOWMEM_END),
               default=0)


class Owed:
    """Which frames page_init must make free: usable ones, whole, below 896 MiB, that nobody has."""

    def __init__(self, ranges, kernel, array):
        self.ranges, self.count = ranges, page_count(ranges)
        self.taken = {"the BIOS's, frame 0": (0, 1), "the kernel's": (kernel[0] >> 12, up(kernel[1])),
                      "that of the array of struct page": array}
        self.free = bytearray(self.count)
        for base, length, kind in ranges:
            if kind == USABLE:
                first, end = up(base), min(base + length >> 12, self.count)
                self.free[first:max(first, end)] = b"\1" * max(0, end - first)
        for first, end in self.taken.values():
            self.free[first:end] = bytes(max(0, min(end, self.count) - first))

    def frames(self):
        """[first, end) of each row of frames that are owed."""
        return [found.span() for found in re.finditer(b"\1+", self.free)]

    def blocks(self):
        """The same cut into blocks: each as large as its place allows."""
        return [block for first, end in self.frames() for block in cut(first, end)]

    def why(self, frame):
        """What the frame is, for people."""
        if self.free[frame]:
            return "usable and nobody's: it must be free"
        for what, (first, end) in self.taken.items():
            if first <= frame < end:
                return f"{what}: it must not be free"
        for base, length, kind in self.ranges:
            if kind == USABLE and base < frame + 1 << 12 and frame << 12 < base + length:
                return "usable only in part: it must not be free"
        return "not usable according to the memory map: it must not be free"

    def expect(self, rows, what):
        """The blocks, in rows (first, order, how many) of equal ones side by side, must be what is owed, without overlap."""
        seen = bytearray(self.count)
        for first, order, number in rows:
            size = 1 << min(order, ORDER_MAX + 1)
            if first % size:
                raise Mismatch(f"a {what} of {size} frames begins at frame {first:#x}", f"a multiple of {size:#x}", f"{first:#x}")
            end = first + size * number
            if order > ORDER_MAX or end > self.count or 1 in seen[first:end]:
                raise Mismatch(f"a {what} of order {order} at frame {first:#x}, or behind it, reaches into another one, or past "
                               f"the end of memory (frame {self.count:#x})")
            seen[first:end] = b"\1" * (end - first)
        if seen != self.free:
            at = next(i for i in range(self.count) if seen[i] != self.free[i])
            raise Mismatch(f"frame {at:#x} (address {at << 12:#x})", self.why(at), f"in {'a' if seen[at] else 'no'} {what}",
                           ["the memory map:", *described(self.ranges),
                            f"differing frames: {sum(a != b for a, b in zip(seen, self.free))} of {self.count}"])


def described(ranges):
    return [f"  {base:#x}-{base + length:#x} type {kind}{' (usable)' if kind == USABLE else ''}" for base, length, kind in ranges]


def cut(first, end):
    """Rows of frames as blocks, each as large as its place allows."""
    while first < end:
        order = 0
        while order < ORDER_MAX and first % (2 << order) == 0 and first + (2 << order) <= end:
            order += 1
        yield first, order
        first += 1 << order


def sanitized(raw):
    """A map in order, without overlap: the greater type wins, neighbours of one type are joined."""
    edges = sorted({edge for base, length, _ in raw for edge in (base, base + length)})
    result = []
    for start, end in zip(edges, edges[1:]):
        kind = max((kind for base, length, kind in raw if base <= start and end <= base + length), default=0)
        if kind and result and result[-1][2] == kind and result[-1][0] + result[-1][1] == start:
            result[-1] = (result[-1][0], result[-1][1] + end - start, kind)
        elif kind:
            result.append((start, end - start, kind))
    return result


def random_map(rng):
    """A memory map, and where the kernel lies in it: there is room behind it for the array."""
    while True:
        megabytes = rng.choice([4, 5, 8, 16, 40, 64, 200, 897, 1024, 3072])
        end = (megabytes << 20) - rng.choice([0, 0x20000, rng.randrange(1, 0x40000)])
        raw = [(0, rng.choice([0x9FC00, 0xA0000, 0x80123]), USABLE), (0xF0000, 0x10000, 2), (0x100000, end - 0x100000, USABLE)]
        start = 0x100000 + rng.choice([0, 0, rng.randrange(0x20) << 12])
        kernel = (start, start + rng.randrange(0x10000, 0x180000))
        for _ in range(rng.randrange(8)):
            unit = rng.choice([1, 0x400, FRAME, 1 << 16])
            hole = rng.randrange(kernel[1] if rng.random() < 0.9 else 0x500, min(end, 48 << 20)) // unit * unit
            raw.append((hole, rng.choice([1, rng.randrange(1, 64)]) * unit, rng.choice([2, 3, 4, 5, 7])))
        for _ in range(rng.randrange(3)):
            raw.append((rng.randrange(end >> 12, end + (64 << 20) >> 12) << 12, rng.randrange(1, 5000), USABLE))
        if megabytes == 3072 or rng.random() < 0.3:
            raw += [(1 << 32, rng.choice([1 << 30, 0x12345000]), USABLE), (0xFEC00000, 1 << 22, 2)]
        ranges = sanitized(raw)
        in_the_way = any(kind != USABLE and base < kernel[1] and kernel[0] < base + length for base, length, kind in ranges)
        need = up(page_count(ranges) * 24)
        room = any(kind == USABLE and max(base, up(kernel[1]) << 12) + (need + 1 << 12) <= min(base + length, 256 << 20)
                   for base, length, kind in ranges)
        if not in_the_way and room and len(ranges) <= 64:
            return ranges, kernel


class InitCase:
    """page_init's work on one memory map."""

    def __init__(self, ranges, kernel, answer):
        found = {}
        for line in answer:
            found.setdefault(line.split()[0], []).append(line.split()[1:])
        if "panic" in found or "array" not in found:
            raise Mismatch("page_init did not come back", details=answer[-1:] + described(ranges))
        pointer, self.count, size = int(found["array"][0][0], 16), *(int(token) for token in found["array"][0][1:])
        self.owed = Owed(ranges, kernel, (pointer >> 12, up(pointer + self.count * size)))
        self.stats = [int(token) for token in found["stats"][0]]
        self.lists = [(int(order), number) for order, number in found.get("list", [])]
        rows = [[int(token) for token in row] for row in found.get("block", [])]
        self.rows = [(first, order, number) for first, order, _, number in rows]
        self.held = [first for first, _, refs, _ in rows if refs]

    def blocks(self):
        """The free blocks as (first, order)."""
        return [(first + (i << order), order) for first, order, number in self.rows for i in range(number)]


def init_cases(run, rng, count=60):
    maps = [random_map(rng) for _ in range(count)]
    inputs = [struct.pack("<II", *kernel) + b"".join(struct.pack("<QQI", *entry) for entry in ranges) for ranges, kernel in maps]
    return [InitCase(*one, answer) for one, answer in zip(maps, cases(run, "page_init", inputs))]


class Buddy:
    """A buddy system: sets of free blocks, by order."""

    def __init__(self, rows):
        self.free = [set() for _ in range(ORDER_MAX + 1)]
        for first, end in rows:
            for block, order in cut(first, end):
                self.free[order].add(block)

    def counts(self):
        """As page_stats() has them: free frames, free blocks of each order."""
        blocks = [len(blocks) for blocks in self.free]
        return [sum(n << order for order, n in enumerate(blocks)), *blocks]

    def smallest(self, order):
        """The order of the smallest free block that is large enough; None if there is none."""
        return next((at for at in range(order, ORDER_MAX + 1) if self.free[at]), None)

    def allocate(self, frame, order):
        """Somebody got the block at `frame`; says what is wrong with that."""
        if frame % (1 << order):
            return f"a multiple of {1 << order:#x}: a block is aligned to its size"
        smallest = self.smallest(order)
        block, at = frame >> order << order, order
        while at <= ORDER_MAX and block not in self.free[at]:
            at += 1
            block = frame >> at << at
        if at > ORDER_MAX:
            return "a block that is free"
        if at != smallest:
            return f"part of a free block of order {smallest}, the smallest that is large enough; it was one of order {at}"
        self.free[at].remove(block)
        while at > order:
            at -= 1
            half = block ^ 1 << at
            block, other = (half, block) if frame >= block | 1 << at else (block, half)
            self.free[at].add(other)
        return None

    def give(self, frame, order):
        while order < ORDER_MAX and frame ^ 1 << order in self.free[order]:
            self.free[order].remove(frame ^ 1 << order)
            frame &= ~(1 << order)
            order += 1
        self.free[order].add(frame)

    def blocks(self):
        return sorted((first, order) for order, blocks in enumerate(self.free) for first in blocks)


class BuddyCase:
    """Requests to the allocator: what memory there is, and (operation, slot, ...) as in host/buddy.c."""

    def __init__(self, count, rows):
        self.count, self.rows, self.operations = count, rows, []

    def input(self):
        head = struct.pack("<II", self.count, len(self.rows)) + b"".join(struct.pack("<II", *row) for row in self.rows)
        return head + words(*self.operations, width=4)

    def check(self, run, lines):
        """Each answer is one that a buddy system gives. Returns the model as it is at the end, and the slots."""
        model, slots, lines = Buddy(self.rows), {}, iter(lines)
        for number, operation in enumerate(self.operations, 1):
            self._step(run, f"request {number}", model, slots, operation, lines)
        return model, slots

    @staticmethod
    def _step(run, what, model, slots, operation, lines):
        kind, blocks = operation[0], []
        for line in lines:
            answer, *rest = line.split()
            if answer != "block":
                break
            blocks.append((int(rest[0]), int(rest[1]), *rest[2:]))
        else:
            raise Mismatch(f"{what}: no answer")
        if kind == 1:
            _, slot, order = operation
            what += f", alloc_pages({order})"
            got, counts = rest[0], rest[1:]
            slots[slot] = None
            if got == "-":
                smallest = model.smallest(order)
                if smallest is not None:
                    raise Mismatch(f"{what} returned NULL", f"a block: there is a free one of order {smallest}", "NULL")
            else:
                if counts[0] == "wrong":
                    raise Mismatch(f"{what} returned frame {int(got):#x}, but its struct page is not that of an allocated block",
                                   "PAGE_USED, its order, refs 1, no owner")
                wrong = model.allocate(int(got), order)
                if wrong:
                    raise Mismatch(f"{what} returned frame {int(got):#x}", wrong, f"frame {int(got):#x}")
                slots[slot] = int(got), order
        else:
            counts = rest
            if kind == 2 and slots[operation[1]]:
                what += ", free_pages of order {1} at frame {0:#x}".format(*slots[operation[1]])
                model.give(*slots[operation[1]])
                slots[operation[1]] = None
            elif kind == 5:
                run.expect(f"{what}: the free blocks, as (frame, order)", blocks, model.blocks())
        run.expect(f"{what}: free frames, and free blocks of order 0, 1, ... afterwards", [int(n) for n in counts],
                   model.counts())


def some_rows(rng, count):
    """Rows of free frames among `count`, with odd borders."""
    edges = sorted(rng.sample(range(1, count), min(2 * rng.randrange(1, 5), count - 1) // 2 * 2))
    return list(zip(edges[::2], edges[1::2]))


def storm_case(rng, steps, whole=None):
    """Any requests. Of so many frames as `whole` says, all are free at first, else rows of them."""
    count = whole or rng.choice([20, 100, 1024, 2048, 3000, 5000])
    case = BuddyCase(count, [(0, count)] if whole else some_rows(rng, count))
    most, live, slot = rng.choice([1, 3, 6, ORDER_MAX + 1]), [], 0
    for step in range(steps):
        rising = step % 120 < 70
        if not live or rng.random() < (0.7 if rising else 0.3):
            case.operations.append((1, slot, rng.randrange(most)))
            live.append(slot)
            slot += 1
        else:
            case.operations.append((2, live.pop(rng.randrange(len(live)))))
        if step % 50 == 49:
            case.operations.append((5,))
    rng.shuffle(live)
    case.operations += [(2, slot) for slot in live] + [(5,)]
    return case


def mark(step, frame):
    """What the kernel tests write into a frame."""
    return (step * 0x9E3779B1 ^ frame << 12) & 0xFFFFFFFF


def replay_storm(run, observed, steps=600, most=64, orders=7):
    """The kernel's storm of allocations by the seed: returns {frame: (order, step)} of what it still holds."""
    random, live = run.kernel_random(), []
    lines = iter(line for line in observed if line[0] in "af")
    for step in range(steps):
        what, i, order = random(100), random(most), random(orders)
        line = next(lines, ["nothing"])
        if not live or (what < 55 and len(live) < most):
            run.expect(f"step {step}: allocation and order", line[:2], ["a", str(order)])
            if line[2] == "-":
                raise Mismatch(f"step {step}: alloc_pages({order}) returned NULL although most memory is free")
            frame = int(line[2], 16)
            others = [other for other, size, _ in live if other < frame + (1 << order) and frame < other + (1 << size)]
            if others or frame % (1 << order):
                raise Mismatch(f"step {step}: alloc_pages({order}) returned frame {frame:#x}", "an aligned block that is free",
                               f"it overlaps the block at {others[0]:#x}" if others else "not aligned")
            live.append((frame, order, step))
        else:
            frame, order, since = live[i % len(live)]
            run.expect(f"step {step}: free of the block of step {since}: order, frame, frames that were overwritten", line,
                       ["f", str(order), f"{frame:x}", "0"])
            live[i % len(live)] = live[-1]
            live.pop()
    return {frame: (order, step) for frame, order, step in live}
