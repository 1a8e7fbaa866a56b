"""
The block cache as fs/bcache.h has it, and rows of operations for labs/lab05-disks/host/bcache.c.
"""

import struct

from ..lab3.host import cases, without_panic
from ..verdicts import Mismatch

SECTOR = 512
RUN = 32768 // SECTOR           # sectors that one request for neighbours has at most
GET, NEW, PUT, CHANGE, SYNC, WRITE, FORGET, DROP, STATS, FAIL, RECLAIM, MEMORY = range(1, 13)
EIO, ENOMEM = -5, -12


class Buffer:
    def __init__(self, disk, block, sectors):
        self.disk, self.block, self.sectors = disk, block, sectors
        self.users, self.dirty, self.data = 0, False, None


class Case:
    """A row of operations on a machine with so many frames, with all that must be printed."""

    def __init__(self, frames, block=SECTOR):
        self.start, self.size = struct.pack("<I", frames), block
        self.limit = min(max(frames // 16, 64), 2048)
        self.buffers, self.unused = {}, []          # by (disk, block); those that may go, used longest ago first
        self.held = {}                              # by number
        self.disks = [{}, {}]                       # sector: word, where it was written
        self.operations, self.expected, self.story = [], [], []

    # ---- what the disks hold

    def sectors(self, disk, first, count):
        return [self.disks[disk].get(n, disk << 28 | n) for n in range(first, first + count)]

    # ---- operations

    def do(self, text, *words, expected=()):
        self.operations.append(struct.pack("<5I", *words, *[0] * (5 - len(words))))
        self.story.append(text)
        self.expected += [(line, len(self.story)) for line in expected]

    def get(self, number, disk, block, new=False):
        key, count, lines = (disk, block), self.size // SECTOR, []
        buffer = self.buffers.get(key)
        if buffer is None:
            while len(self.buffers) >= self.limit and self.unused:
                self.forget_one(self.unused[0])
            buffer = self.buffers[key] = Buffer(disk, block, count)
            if not new:
                lines.append(f"read {disk} {block * count} {count}")
            buffer.data = self.sectors(disk, block * count, count)
        elif buffer in self.unused:
            self.unused.remove(buffer)
        if new:
            buffer.data, buffer.dirty = [0] * count, True
        same = buffer.users > 0
        buffer.users += 1
        self.held[number] = buffer
        lines.append(" ".join(map(str, ("got 0", *buffer.data, "same" if same else "own"))))
        self.do(f"bcache_get{'_new' if new else ''}: block {block} of disk {disk}", NEW if new else GET, number, disk, block,
                self.size, expected=lines)

    def put(self, number):
        buffer = self.held.pop(number)
        buffer.users -= 1
        if not buffer.users and not buffer.dirty:
            self.unused.append(buffer)
        self.do(f"bcache_put: block {buffer.block} of disk {buffer.disk}", PUT, number)

    def use(self, disk, block, value=None):
        """Get it, change it if there is a value, put it."""
        self.get(0, disk, block)
        if value is not None:
            self.change(0, value)
        self.put(0)

    def change(self, number, value):
        buffer = self.held[number]
        buffer.data, buffer.dirty = [value] * buffer.sectors, True
        self.do(f"block {buffer.block} of disk {buffer.disk} becomes {value}, bcache_dirty", CHANGE, number, value)

    def runs(self, disk):
        """The dirty blocks of the disk in ascending order, neighbours together."""
        row = []
        for buffer in sorted((b for b in self.buffers.values() if b.dirty and b.disk == disk), key=lambda b: b.block):
            if row and row[-1].block + 1 == buffer.block and (len(row) + 1) * buffer.sectors <= RUN:
                row.append(buffer)
            else:
                if row:
                    yield row
                row = [buffer]
        if row:
            yield row

    def written(self, row, failing=False):
        values = [value for buffer in row for value in buffer.data]
        first = row[0].block * row[0].sectors
        if not failing:
            self.disks[row[0].disk].update(enumerate(values, first))
            for buffer in row:
                buffer.dirty = False
                if not buffer.users:
                    self.unused.append(buffer)
        return " ".join(map(str, ("write", row[0].disk, first, len(values), *values)))

    def sync(self, disk, bad=range(0)):
        lines, result = [], 0
        for row in list(self.runs(disk)):
            failing = any(n in bad for b in row for n in range(b.block * b.sectors, (b.block + 1) * b.sectors))
            lines.append(self.written(row, failing))
            result = EIO if failing else result
        self.do(f"bcache_sync of disk {disk}", SYNC, disk, expected=[*lines, f"sync {result}"])

    def forget_one(self, buffer):
        del self.buffers[buffer.disk, buffer.block]
        if buffer in self.unused:
            self.unused.remove(buffer)

    def forget(self, disk, block, count):
        for buffer in [b for b in self.buffers.values() if b.disk == disk and block <= b.block < block + count]:
            self.forget_one(buffer)
        self.do(f"bcache_forget: {count} blocks from {block} on, disk {disk}", FORGET, disk, block, count)

    def fail(self, disk, first, count, what):
        self.do(f"sectors {first} to {first + count - 1} of disk {disk} fail", FAIL, disk, first, count, what)

    def refused(self, disk, block, error):
        """A get that comes to nothing."""
        count = self.size // SECTOR
        lines = [f"read {disk} {block * count} {count}"] if error == EIO else []
        self.do(f"bcache_get: block {block} of disk {disk}", GET, 0, disk, block, self.size,
                expected=[*lines, f"got {error} own"])

    def memory(self, n):
        self.do(f"allocation {n} from here on fails", MEMORY, n)

    def reclaim(self):
        for buffer in list(self.unused):
            self.forget_one(buffer)
        self.do("memory is short", RECLAIM, expected=[self.stats("reclaimed")])

    def count(self):
        self.do("bcache_stats", STATS, expected=[self.stats("stats")])

    def stats(self, name):
        dirty = sum(buffer.dirty for buffer in self.buffers.values())
        return f"{name} {len(self.buffers)} {dirty} {self.limit}"


def judge(run, rows):
    """Run the rows; Mismatch with the first operation that did what it should not."""
    answers = cases(run, "bcache", [row.start + b"".join(row.operations) for row in rows])
    for row, seen in zip(rows, without_panic(answers, "the block cache")):
        seen = [" ".join(line.split()[:4]) if line.split()[0] in ("stats", "reclaimed") else line for line in seen]
        for (line, at), found in zip(row.expected + [("nothing more", len(row.story))], seen + ["nothing more"]):
            if line != found:
                raise Mismatch(f"operation {at} ({row.story[at - 1]})", line, found,
                               ["the operations up to it:", *row.story[max(0, at - 8):at]])


def some_row(rng, steps, block=SECTOR, frames=1024):
    """Random operations on few blocks: some held for a while, some changed, synced now and then."""
    row, number = Case(frames, block), 1
    blocks = rng.sample(range(1, 65000 * SECTOR // block), 3 * row.limit // 2)
    for _ in range(steps):
        disk, at, what = rng.randrange(2), rng.choice(blocks), rng.random()
        if what < 0.7:
            row.use(disk, at)
        elif what < 0.85:
            row.use(disk, at, rng.getrandbits(32))
        elif what < 0.9 and len(row.held) < row.limit // 4:
            row.get(number, disk, at, new=rng.random() < 0.2 and (disk, at) not in row.buffers)
            number += 1
        elif what < 0.95 and row.held:
            row.put(rng.choice(list(row.held)))
        elif what < 0.97:
            row.sync(disk)
        elif what < 0.98:
            row.count()
    for held in list(row.held):
        row.put(held)
    row.sync(0)
    row.sync(1)
    row.count()
    return row
