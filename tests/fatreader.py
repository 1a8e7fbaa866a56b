"""
An independent reader of FAT16 volumes, for what a crash has left: all files with what they hold, and what no crash may do.

Microsoft, "FAT: General Overview of On-Disk Format" (1.03), and its long names.
"""
import struct

END = 0xfff8


class Damaged(AssertionError):
    """Something that does more harm than lost clusters."""


class FatVolume:
    def __init__(self, data):
        self.data = data
        size, per_cluster, reserved, fats, entries, small = struct.unpack_from("<HBHBHH", data, 11)
        (fat_size,) = struct.unpack_from("<H", data, 22)
        (large,) = struct.unpack_from("<I", data, 32)
        root = (reserved + fats * fat_size) * size
        self.root = data[root:root + 32 * entries]
        self.clusters, self.cluster_size = root + 32 * entries, per_cluster * size
        count = ((small or large) * size - self.clusters) // self.cluster_size
        self.table = struct.unpack_from(f"<{count + 2}H", data, reserved * size)
        self.owner = {}

    def chain(self, first, path, need):
        """The chain's clusters. One that a file needs must be there, and be nobody else's."""
        found, cluster = [], first
        while cluster and cluster < END:
            if not 2 <= cluster < len(self.table):
                raise Damaged(f"{path}: cluster {cluster} does not exist")
            if self.table[cluster] == 0:
                raise Damaged(f"{path}: cluster {cluster} is free")
            if self.owner.setdefault(cluster, path) != path or len(found) > len(self.table):
                raise Damaged(f"{path}: cluster {cluster} is {self.owner[cluster]}'s, too")
            found.append(cluster)
            cluster = self.table[cluster]
        if len(found) < need:
            raise Damaged(f"{path}: {len(found)} clusters, and {need} are needed")
        return found

    def content(self, chain):
        return b"".join(self.data[self.clusters + (c - 2) * self.cluster_size:][:self.cluster_size] for c in chain)

    def files(self, raw=None, at=""):
        """{path: bytes} of all files below; of a directory None."""
        found, long = {}, {}
        for n in range(0, len(raw if raw is not None else self.root), 32):
            entry = (raw if raw is not None else self.root)[n:n + 32]
            if entry[0] == 0:
                break
            if entry[0] == 0xe5 or entry[11] == 0x0f:
                if entry[0] != 0xe5:
                    if entry[0] & 0x40:
                        long = {}
                    long[entry[0] & 0x3f] = (entry[13], entry[1:11] + entry[14:26] + entry[28:32])
                else:
                    long = {}
                continue
            name, long = self.name(entry, long), {}
            if name in (".", "..") or entry[11] & 8:
                continue
            path = f"{at}/{name}"
            first, size = struct.unpack_from("<HI", entry, 26)
            if path in found:
                raise Damaged(f"{path} is there twice")
            if entry[11] & 0x10:
                found[path] = None
                found |= self.files(self.content(self.chain(first, path, 1)), path)
            else:
                chain = self.chain(first, path, -(-size // self.cluster_size))
                found[path] = self.content(chain)[:size]
        return found

    @staticmethod
    def name(entry, long):
        checksum = 0
        for byte in entry[:11]:
            checksum = ((checksum << 7 | checksum >> 1) + byte) & 0xff
        parts = [long.get(k) for k in range(1, len(long) + 1)]
        if parts and all(part and part[0] == checksum for part in parts):
            return b"".join(part[1] for part in parts).decode("utf-16-le").split("\0")[0]
        stem, suffix = (part.decode("latin-1").rstrip() for part in (entry[:8], entry[8:11]))
        if entry[12] & 8:
            stem = stem.lower()
        if entry[12] & 16:
            suffix = suffix.lower()
        return f"{stem}.{suffix}" if suffix else stem
