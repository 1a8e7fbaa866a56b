"""
Images of file systems for tests, made by mke2fs and mkfs.fat; and damage to them, said by what is damaged and not by offsets,
which another version of these tools may choose differently.
"""
import os
import re
import struct
import subprocess

import fsdrive  # noqa: F401, it extends PATH to where these tools are

SECTOR = 512


def make_ext2(image, size, *options, tree=None):
    """size as mke2fs takes it; tree is a folder of the host that it will hold."""
    if image.exists():
        image.unlink()
    run = ["mke2fs", "-q", "-F", *([] if "-t" in options else ["-t", "ext2"]), *options]
    subprocess.run([*run, *(["-d", tree] if tree else []), image, size], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def make_fat(image, size, *options):
    image.unlink(missing_ok=True)
    image.touch()
    os.truncate(image, size)
    subprocess.run(["mkfs.fat", *options, image], check=True, stdout=subprocess.DEVNULL)


def fsck_ext2(image):
    """e2fsck finds nothing to do."""
    done = subprocess.run(["e2fsck", "-fn", image], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


class Ext2Image:
    """Where things are on a small ext2 volume."""

    def __init__(self, data):
        self.data = data
        (self.inodes, self.blocks) = struct.unpack_from("<2I", data, 1024)
        (log,) = struct.unpack_from("<I", data, 1024 + 24)
        (self.block_size, self.first) = 1024 << log, int(log == 0)
        (self.per_group,) = struct.unpack_from("<I", data, 1024 + 40)
        revision, self.inode_size = struct.unpack_from("<I8xH", data, 1024 + 76)
        if revision == 0:
            self.inode_size = 128

    def group(self, n):
        return (self.first + 1) * self.block_size + 32 * n

    def inode(self, ino):
        (table,) = struct.unpack_from("<I", self.data, self.group((ino - 1) // self.per_group) + 8)
        return table * self.block_size + (ino - 1) % self.per_group * self.inode_size

    def slot(self, ino, n):
        """The block that the inode's n-th address says."""
        return struct.unpack_from("<I", self.data, self.inode(ino) + 40 + 4 * n)[0]

    def find(self, path):
        """The number of the inode of that path."""
        ino = 2
        for name in path.strip("/").split("/"):
            ino = next(number for number, entry in self.entries(ino) if entry == name)
        return ino

    def entries(self, ino):
        (size,) = struct.unpack_from("<I", self.data, self.inode(ino) + 4)
        for n in range(min(12, size // self.block_size)):
            at = self.slot(ino, n) * self.block_size
            end = at + self.block_size
            while at < end:
                number, length, name = struct.unpack_from("<IHB", self.data, at)
                if number:
                    yield number, self.data[at + 8:at + 8 + name].decode("latin-1")
                at += length

    def place(self, words):
        """The offset that the words say: "super", "group 0", "bitmap 0", "inode /file", "block /file 12" (its slot)."""
        match words:
            case ["super"]:
                return 1024
            case ["group", n]:
                return self.group(int(n))
            case ["bitmap", n]:
                return struct.unpack_from("<I", self.data, self.group(int(n)))[0] * self.block_size
            case ["inodes", n]:
                return struct.unpack_from("<I", self.data, self.group(int(n)) + 4)[0] * self.block_size
            case ["inode", path]:
                return self.inode(int(path) if path.isdigit() else self.find(path))
            case ["block", path, n]:
                return self.slot(int(path) if path.isdigit() else self.find(path), int(n)) * self.block_size
        raise ValueError(words)

    def value(self, word):
        """A number; "block:/file:12" is the number of that block, "inode:/file" that of the inode."""
        kind, *rest = word.split(":")
        if kind == "block":
            return self.place(["block", *rest]) // self.block_size
        if kind == "inode":
            return self.find(rest[0])
        return int(word, 0)


class FatImage:
    """Where things are on a small FAT volume."""

    def __init__(self, data):
        self.data = data
        size, self.per_cluster, reserved, fats, entries = struct.unpack_from("<HBHBH", data, 11)
        (fat_size,) = struct.unpack_from("<H", data, 22)
        self.fats = [(reserved + n * fat_size) * size for n in range(fats)]
        self.root = (reserved + fats * fat_size) * size
        self.clusters = self.root + 32 * entries
        self.cluster_size = self.per_cluster * size

    def cluster(self, n):
        return self.clusters + (n - 2) * self.cluster_size

    def first(self, path):
        """The first cluster of that path, of short names."""
        at = self.root
        for name in path.strip("/").upper().split("/"):
            stem, _, suffix = name.partition(".")
            short = f"{stem:8}{suffix:3}".encode()
            at = next(at + k for k in range(0, 16384, 32) if self.data[at + k:at + k + 11] == short)
            (found,) = struct.unpack_from("<H", self.data, at + 26)
            self.entry, at = at, self.cluster(found)
        return found

    def place(self, words):
        """The offset that the words say: "boot", "fat 0 CLUSTER", "root", "entry /DIR/FILE", "cluster N"."""
        match words:
            case ["boot"]:
                return 0
            case ["fat", n, cluster]:
                return self.fats[int(n)] + 2 * self.value(cluster)
            case ["root"]:
                return self.root
            case ["entry", path]:
                self.first(path)
                return self.entry
            case ["cluster", n]:
                return self.cluster(self.value(n))
        raise ValueError(words)

    def value(self, word):
        """A number; "cluster:/FILE" is its first cluster."""
        return self.first(word[8:]) if word.startswith("cluster:") else int(word, 0)


def damage(image, edits, kind=Ext2Image):
    """
    Edit the image. An edit is "PLACE[+OFFSET] SIZE = VALUE...": a place as the image's kind knows it, how many bytes each value
    has (u8, u16, u32), and the values.
    """
    data = bytearray(image.read_bytes())
    where = kind(bytes(data))
    for edit in edits:
        found = re.fullmatch(r"(.+?)(?:\+(\w+))? u(8|16|32) = (.+)", edit)
        place, offset, bits, values = found.groups()
        at = where.place(place.split()) + int(offset or "0", 0)
        for value in values.split():
            struct.pack_into({"8": "<B", "16": "<H", "32": "<I"}[bits], data, at, where.value(value))
            at += int(bits) // 8
    image.write_bytes(data)
