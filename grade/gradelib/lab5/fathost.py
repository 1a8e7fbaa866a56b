"""
Runs fs/fat_*.c as a program of the host (labs/lab05-disks/host/fat.c): rows of operations in, what they returned and what
reached the disk out.
"""

import struct

from ..lab3.host import cases
from .fat import Image

LAYOUT, DECODE, IMAGE, MOUNT, WALK, LIST, VNODE, READ, SIZE, RESERVE, WRITE, TRUNCATE, COMMIT, BROKEN, CLEAN = \
    range(1, 16)
NAMES = {0: "0", -5: "-EIO", -28: "-ENOSPC", -22: "-EINVAL", -27: "-EFBIG", -117: "-EUCLEAN", -38: "-ENOSYS"}
CPU = 10                    # seconds for a program that needs a tenth of one
EIO, ENOSPC, EINVAL, EFBIG, EUCLEAN = 5, 28, 22, 27, 117
ROOT, S_IFDIR, S_IFREG = 1, 0o040755, 0o100644
PAGE, SECTOR = 4096, 512
FIELDS = ("bits copies cluster_shift cluster_sectors sectors table_first table_sectors root_first root_slots data_first "
          "clusters").split()


def right_layout(image):
    """What fat_layout() has to find, in its order, of an Image."""
    scale = image.sector // SECTOR
    return [image.bits, image.copies, image.cluster_size.bit_length() - 1, image.cluster_size // SECTOR, image.total * scale,
            image.reserved * scale, image.table_sectors * scale, image.root * scale, image.root_slots, image.first * scale,
            image.clusters]


def named(result):
    """What a function returned, for people."""
    return NAMES.get(result, str(result))


def described(shape):
    return (f"FAT{shape.bits}, {shape.clusters} clusters of {shape.per_cluster} x {shape.sector} bytes, {shape.reserved} "
            f"reserved sectors, {shape.copies} x {shape.table_sectors} of table, {shape.root_slots} entries in the root")


class Case:
    """A row of operations."""

    def __init__(self, data=None):
        self.input, self.image = bytearray(), None
        if data is not None:
            self.image = Image(data)
            self.words(IMAGE, len(data)).bytes(data)
            self.words(MOUNT, *right_layout(self.image))

    def words(self, *numbers):
        self.input += struct.pack(f"<{len(numbers)}I", *(number & 0xFFFFFFFF for number in numbers))
        return self

    def bytes(self, data):
        self.input += data
        return self

    def do(self, op, vnode, *numbers):
        return self.words(op | vnode << 8, *numbers)

    def file(self, vnode, first, size):
        return self.do(VNODE, vnode, 0x100000 + vnode, S_IFREG, size, first)

    def directory(self, vnode, first):
        return self.do(VNODE, vnode, first or ROOT, S_IFDIR, 0, first)


class Answer:
    """The lines that a case printed, in order."""

    def __init__(self, lines):
        self.lines = lines
        self.at = 0

    def take(self, *keys):
        """The next line that begins with one of these words, and those before it."""
        before = []
        while self.at < len(self.lines):
            words = self.lines[self.at].split(" ")
            self.at += 1
            if words[0] in keys:
                return words, before
            before.append(words)
        raise ValueError(f"no line {keys} any more")

    def numbers(self, key):
        return [int(word) for word in self.take(key)[0][1:]]


def answers(run, rows, cpu=CPU):
    """An Answer for each Case."""
    return [Answer(lines) for lines in cases(run, "fat", [row.input for row in rows], cpu)]


def replay(data, lines):
    """Apply the writes among lines (split) to the volume."""
    for words in lines:
        if words[0] == "w":
            content = bytes.fromhex(words[2])
            data[int(words[1]) * SECTOR:int(words[1]) * SECTOR + len(content)] = content
    return data
