"""
Models of object caches and of the heap: whose memory is where, and what is in it.
"""

import bisect
from collections import Counter

from ..verdicts import Mismatch
from . import FRAME, KERNEL_BASE, LARGE, LOWMEM_END
from .host import cases, without_panic, words


class SlabCase:
    """Operations as in host/slab.c, on several caches."""

    def __init__(self, rng):
        self.rng, self.operations, self.caches = rng, [], []
        self.count, self.live = 0, {}               # objects: number of the next; of those in use: {number: cache}

    def input(self):
        return words(*self.operations, width=4)

    def create(self, size, align, ctor=0, own=0):
        self.operations.append((1, size, align, ctor | own * 2))
        self.caches.append((size, align, ctor))
        return len(self.caches) - 1

    def allocate(self, cache):
        self.operations += [(2, cache), (4, cache)]
        self.live[self.count] = cache
        self.count += 1

    def free(self, number):
        self.operations += [(3, number), (4, self.live.pop(number))]

    def storm(self, steps, most):
        """Allocate and free, more of the one, then more of the other."""
        for step in range(steps):
            rising = step % 200 < 120
            full = len(self.live) >= most
            if not self.live or (not full and self.rng.random() < (0.75 if rising else 0.25)):
                self.allocate(self.rng.randrange(len(self.caches)))
            else:
                order = list(self.live)
                self.free(self.rng.choice([order[0], order[-1], self.rng.choice(order)]))

    def free_all(self):
        order = list(self.live)
        self.rng.shuffle(order)
        for number in order:
            self.free(number)


class Cache:
    """What is known of a cache in the course of a case."""

    def __init__(self, size, align, ctor):
        self.size, self.align, self.ctor = size, max(align, 4), ctor
        self.live = {}                              # object's number: address
        self.sorted = []                            # their addresses
        self.slab_bytes = 0                         # of one slab; 0: not known yet
        self.counts = {}                            # of each slab that has any, how many objects are in use
        self.used = self.objects = self.slabs = self.pages = 0

    def slab_of(self, address):
        return address // self.slab_bytes if self.slab_bytes else 0

    def add(self, number, address):
        self.live[number] = address
        bisect.insort(self.sorted, address)
        self.counts[self.slab_of(address)] = self.counts.get(self.slab_of(address), 0) + 1

    def remove(self, number):
        address = self.live.pop(number)
        del self.sorted[bisect.bisect_left(self.sorted, address)]
        slab = self.slab_of(address)
        self.counts[slab] -= 1
        if not self.counts[slab]:
            del self.counts[slab]

    def learn(self, slab_bytes):
        """How large a slab is."""
        if slab_bytes != self.slab_bytes:
            self.slab_bytes, self.counts = slab_bytes, dict(Counter(address // slab_bytes for address in self.sorted))

    def clash(self, address):
        """Another object in use that lies where this one lies."""
        at = bisect.bisect_left(self.sorted, address)
        for other in self.sorted[max(0, at - 1):at + 1]:
            if other < address + self.size and address < other + self.size:
                return other
        return None


class SlabCheck:
    """Follows a case's answers."""

    def __init__(self, run, case, lines):
        self.run, self.case, self.lines = run, case, iter(lines)
        self.caches = [Cache(*cache) for cache in case.caches]
        self.objects, self.made, self.built, self.frames = 0, 0, 0, 0
        self.of = {}                                # object's number: its cache
        self.failed = False                         # was the last allocation refused?
        self.kept = False                           # must there be a slab whose objects are all free, by the last free?
        self.limited = False

    def all(self):
        for number, operation in enumerate(self.case.operations, 1):
            self.what = f"operation {number}"
            getattr(self, f"_op{operation[0]}")(*operation[1:])
        return self

    def _next(self, kind):
        line = next(self.lines, "nothing")
        if line == "locked":
            raise Mismatch(f"{self.what}: alloc_pages was called with the cache's lock held, but it may ask slab_reclaim()",
                           "interrupts on, no lock", "interrupts off")
        tokens = line.split()
        if tokens[0] != kind:
            raise Mismatch(f"{self.what}: the answer", kind, line)
        return tokens[1:]

    def _op1(self, size, align, ctor):
        self.run.expect(f"{self.what}: slab_create or slab_cache_init for objects of {size} bytes, at multiples of {align}",
                        self._next("create"), [str(self.made)])
        self.made += 1

    def _op2(self, index):
        cache, number, answer = self.caches[index], self.objects, self._next("alloc")
        self.what += f", slab_alloc of {cache.size} bytes at multiples of {cache.align}"
        self.objects += 1
        self.failed = answer == ["-"]
        if answer[-1] == "stray":
            raise Mismatch(f"{self.what} returned {int(answer[0], 16) + KERNEL_BASE & 0xFFFFFFFF:#x}",
                           "memory of a slab, which came from alloc_pages", "memory that is not allocated")
        if self.failed:
            if not self.limited or cache.used < cache.objects:
                raise Mismatch(f"{self.what} returned NULL", f"an object: {cache.objects - cache.used} of the cache's are free"
                               if cache.used < cache.objects else "an object: there is memory", "NULL")
            return
        address, times, clean = int(answer[0], 16), int(answer[1]), answer[2]
        if address % cache.align:
            raise Mismatch(f"{self.what} returned {address:#x}", f"a multiple of {cache.align}", f"{address:#x}")
        for other in self.caches:
            clash = other.clash(address) if other is cache else None
            if clash is not None:
                raise Mismatch(f"{self.what} returned {address:#x}, where an object that is in use lies", "memory that is free",
                               f"the object at {clash:#x}")
        if cache.ctor:
            self.run.expect(f"{self.what}: how often the constructor was called for the object", times, 1)
            self.run.expect(f"{self.what}: whether it is as constructed", clean, "1")
        if cache.slabs:
            per_slab = cache.objects // cache.slabs
            if cache.slab_of(address) not in cache.counts and any(n < per_slab for n in cache.counts.values()):
                raise Mismatch(f"{self.what} took an object of a slab that was all free or new", "one of a slab that is in use "
                               "already and has free objects: so the others can be given back", f"{address:#x}")
        cache.add(number, address)
        self.of[number] = cache

    def _op3(self, number):
        cache = self.of.pop(number, None)
        answer = self._next("free")
        if cache is None:
            return
        self.run.expect(f"{self.what}: what the object at {cache.live[number]:#x} of {cache.size} bytes held, filled by its user "
                        "with one byte", answer, [str(number & 0xFF)])
        cache.remove(number)
        self.kept = cache.slabs > len(cache.counts)

    def _op4(self, index):
        cache = self.caches[index]
        used, objects, slabs, pages, frames, built = (int(n) for n in self._next("stats"))
        what = f"{self.what} (a cache of objects of {cache.size} bytes)"
        self.run.expect(f"{what}: objects in use", used, len(cache.live))
        if slabs > cache.slabs and cache.used < cache.objects and not self.failed:
            raise Mismatch(f"{what}: slabs", f"{cache.slabs} as before: the cache had free objects", slabs)
        if self.failed and slabs != cache.slabs:
            raise Mismatch(f"{what}: slabs after slab_alloc returned NULL", cache.slabs, slabs)
        grown = objects - cache.objects if cache.ctor else 0
        if grown > 0:
            self.run.expect(f"{what}: calls of the constructor when a slab of {grown} objects was made", built - self.built,
                            grown)
        else:
            self.run.expect(f"{what}: calls of the constructor although no slab was made", built - self.built, 0)
        self.built = built
        self.frames += pages - cache.pages
        cache.used, cache.objects, cache.slabs, cache.pages = used, objects, slabs, pages
        if slabs:
            cache.learn(pages // slabs * FRAME)
        empty = slabs - len(cache.counts)
        if empty > 1:
            raise Mismatch(f"{what}: slabs of which all objects are free", "at most one is kept", empty)
        if self.kept and not empty:
            raise Mismatch(f"{what}: slabs with all objects free, after one was freed", "one is kept for the next request",
                           empty)
        self.kept = False
        # What slab_create itself needed is a slab of struct slab_cache.
        if not 0 <= frames - self.frames <= 8:
            raise Mismatch(f"{what}: frames that are allocated",
                           f"the {self.frames} of the caches' slabs, and few of slab_create's own", frames)

    def _op5(self, index):
        cache = self.caches[index]
        empty = cache.slabs - len(cache.counts)
        self.run.expect(f"{self.what}: frames that slab_shrink won back", self._next("shrink"),
                        [str(cache.pages // cache.slabs * empty if cache.slabs else 0)])

    def _op6(self):
        self.run.expect(f"{self.what}: broken things that slab_check finds", self._next("check"), ["0"])

    def _op7(self, n):
        self.limited = n != 0xFFFFFFFF

    def _op8(self, index):
        self._next("destroy")

    def _op10(self):
        self._next("reclaim")

    def _op11(self, _):
        pass


def check_slabs(run, stories):
    answers = without_panic(cases(run, "slab", [case.input() for case in stories]), "object caches")
    return [SlabCheck(run, case, answer).all() for case, answer in zip(stories, answers)]


def some_caches(case, count, ctor=None):
    for n in range(count):
        size = case.rng.choice([1, 3, 4, 8, 20, 24, 64, 100, 200, 500, 1000, case.rng.randrange(1, 3000)])
        align = case.rng.choice([0, 4, 8, 16, 64, 256]) if n else case.rng.choice([0, 1024])
        case.create(size, align, case.rng.randrange(2) if ctor is None else ctor, case.rng.randrange(2))


def expect_kept(run, kernel, lines):
    """The blocks that a kernel test still holds are apart, and hold what it wrote, seen from outside."""
    kept = []
    for address, size, step in lines:
        address, size, step = int(address, 16), int(size, 16), int(step)
        if not KERNEL_BASE <= address < KERNEL_BASE + LOWMEM_END:
            raise Mismatch("the address of a block", "in the direct map", f"{address:#x}")
        first = step * 0x9E3779B1 >> 24 & 0xFF
        seen = kernel.machine.read_phys(address - KERNEL_BASE, max(size, 1))[:size]
        wanted = bytes((first + i) & 0xFF for i in range(size))
        if seen != wanted:
            at = next(i for i in range(size) if seen[i] != wanted[i])
            raise Mismatch(f"the block at {address:#x} of {size} bytes, seen from outside, from byte {at} on",
                           wanted[at:at + 16].hex(" "), seen[at:at + 16].hex(" "))
        kept.append((address, size))
    run.expect("blocks in use at the end", len(kept), 40)
    ordered = sorted(kept)
    for (one, size), (other, _) in zip(ordered, ordered[1:]):
        if one + size > other:
            raise Mismatch("two blocks that are in use overlap", f"{one:#x} ends before {other:#x}", f"it has {size} bytes")
    return kept


CLASSES = (16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048)
BLOCK_MAX = LARGE


def block_size(n, align=16):
    """How many bytes a block for n must have: of the smallest class, or of the smallest pages, that fit; None: there is none."""
    if align == 0 or align & (align - 1):
        return None
    if n <= CLASSES[-1] and align <= CLASSES[-1]:
        return next(size for size in CLASSES if size >= n and size % align == 0)
    size = FRAME
    while size < max(n, align):
        size *= 2
    return size if size <= BLOCK_MAX else None


class HeapCase:
    """Operations as in host/kmalloc.c, each with its arguments for people."""

    def __init__(self):
        self.operations, self.live, self.next = [], {}, 0

    def input(self):
        return words(*(operation for operation, _ in self.operations), width=4)

    def do(self, operation, what):
        self.operations.append((operation, what))

    def allocate(self, how, n, align=16):
        slot, self.next = self.next, self.next + 1
        name = {1: f"kmalloc({n})", 2: f"kzalloc({n})", 3: f"kmalloc_aligned({n}, {align})"}[how]
        self.do((how, slot, n, align), name)
        self.live[slot] = n
        return slot

    def change(self, slot, n):
        self.do((4, slot, n), f"krealloc to {n} bytes of a block of {self.live.get(slot, 'NULL')}")
        self.live[slot] = n

    def free(self, slot):
        self.do((5, slot), f"kfree of a block of {self.live.pop(slot)} bytes")


def heap_answers(run, stories):
    """
    Follow the cases. Of each block: aligned, large enough but no larger than need be, apart from the others, keeping what is
    in it.
    """
    for case, answer in zip(stories, without_panic(cases(run, "kmalloc", [case.input() for case in stories]), "the heap")):
        lines, live, short = iter(answer), {}, False
        for (kind, slot, *rest), what in case.operations:
            if kind == 7:
                short = slot != 0xFFFFFFFF
                continue
            tokens = next(lines, "nothing").split()
            if kind == 8:
                run.expect("frames that are allocated when all is freed", tokens, ["frames", "0"])
            elif kind == 5:
                run.expect(f"{what}: whether it still held what its user wrote", tokens, ["free", "kept"])
                live.pop(slot, None)
            else:
                _follow_block(run, what, live, slot, rest[0], rest[1] if kind == 3 else 16, tokens, short, kind == 4)


def _follow_block(run, what, live, slot, n, align, tokens, short, moved):
    fits = block_size(n, align)
    if tokens == ["block", "-"]:
        if fits is not None and not short:
            raise Mismatch(f"{what} returned NULL", "a block: there is memory", "NULL")
        return
    if fits is None:
        raise Mismatch(what, "NULL: no block is so large, or no such alignment can be", " ".join(tokens))
    address = int(tokens[1], 16)
    if tokens[2] == "stray":
        raise Mismatch(f"{what} returned {address + KERNEL_BASE & 0xFFFFFFFF:#x}", "a block of that size",
                       "memory that is not allocated")
    size = int(tokens[2])
    if tokens[3:]:
        raise Mismatch(f"{what}: the memory", "zeros" if tokens[3] == "dirty" else "what the old block held", "something else")
    run.expect(f"{what} returned {address + KERNEL_BASE:#x}: the rest when divided by {align}", address % align, 0)
    was = live.pop(slot, None)
    if moved and was and was[0] == address:
        if size < n:
            raise Mismatch(f"{what}: heap_size of the block, which stayed where it was", f"at least {n}", size)
    else:
        run.expect(f"{what}: heap_size of the block, the smallest class or number of pages that fits", size, fits)
    for other, other_size in live.values():
        if other < address + max(n, 1) and address < other + max(other_size, 1):
            raise Mismatch(f"{what} returned {address:#x}, where a block that is in use lies", "memory that is free",
                           f"the block at {other:#x} of {other_size} bytes")
    live[slot] = address, n
