"""
FAT12 and FAT16 in Python, independent of the kernel's: makes volumes with any contents, scattered over the disk by a seed,
reads volumes back, and finds what is wrong with one.

A tree is a dict: names lead to bytes (a file) or to another dict (a directory). Read more: Microsoft, "FAT32 File System
Specification" 1.03.
"""

import struct

SLOT = 32
READ_ONLY, LABEL, DIRECTORY, ARCHIVE, LONG = 0x01, 0x08, 0x10, 0x20, 0x0F
FAT12_BELOW, FAT16_BELOW = 4085, 65525
DATE, TIME = 40 << 9 | 6 << 5 | 15, 12 << 11 | 34 << 5 | 28        # 2020-06-15 12:34:56


def checksum(short):
    total = 0
    for byte in short:
        total = ((total << 7 | total >> 1) + byte) & 0xFF
    return total


class Shape:
    """The numbers of a volume. Sectors are the volume's own, of `sector` bytes."""

    def __init__(self, clusters, per_cluster=1, sector=512, reserved=1, copies=2, root_slots=512, media=0xF8, spare=0,
                 table_sectors=None):
        self.clusters, self.per_cluster, self.sector, self.reserved = clusters, per_cluster, sector, reserved
        self.copies, self.root_slots, self.media = copies, root_slots, media
        self.bits = 12 if clusters < FAT12_BELOW else 16
        needed = -(-(clusters + 2) * self.bits // (8 * sector))
        self.table_sectors = table_sectors or needed
        self.table = reserved
        self.root = reserved + copies * self.table_sectors
        self.data = self.root + -(-root_slots * SLOT // sector)
        self.total = self.data + clusters * per_cluster + spare         # spare: too few for one more cluster
        self.cluster_size = per_cluster * sector

    def boot_sector(self):
        """The first 512 bytes."""
        total16 = self.total if self.total < 0x10000 else 0
        boot = bytearray(512)
        struct.pack_into("<3s8sHBHBHHBHHHII", boot, 0, b"\xeb\x3c\x90", b"myOS 5.0", self.sector, self.per_cluster, self.reserved,
                         self.copies, self.root_slots, total16, self.media, self.table_sectors, 32, 64, 0,
                         0 if total16 else self.total)
        struct.pack_into("<BBBI11s8s", boot, 36, 0x80, 0, 0x29, 0x20200615, b"NO NAME    ", b"FAT%d   " % self.bits)
        boot[510:512] = b"\x55\xaa"
        return boot


def random_shape(rng, bits, clusters=None, size_max=8 << 20, size_min=512):
    """Some volume with entries of so many bits, not larger than size_max bytes; clusters of size_min bytes or more."""
    while True:
        if clusters is None:
            count = rng.randrange(40, FAT12_BELOW) if bits == 12 else rng.randrange(FAT12_BELOW, 9000)
        else:
            count = clusters
        sector = rng.choice([512, 512, 512, 1024, 2048, 4096])
        per_cluster = rng.choice([1, 1, 2, 4, 8, 16, 32, 64])
        if not size_min <= sector * per_cluster <= 32768 or count * per_cluster * sector > size_max:
            continue
        shape = Shape(count, per_cluster, sector, reserved=rng.choice([1, 1, 2, 5, 9]), copies=rng.choice([1, 2, 2, 2, 3]),
                      root_slots=rng.choice([112, 224, 240, 512, 500]), spare=rng.randrange(per_cluster),
                      media=rng.choice([0xF8, 0xF0, 0xFA]))
        return Shape(count, per_cluster, sector, shape.reserved, shape.copies, shape.root_slots, shape.media,
                     rng.randrange(per_cluster), shape.table_sectors + rng.choice([0, 0, 1, 3]))


# ---- writing

OEM_E5 = "\N{GREEK SMALL LETTER SIGMA}"         # character 0xe5 of code page 437


class Volume:
    """A volume that is being made. `rng` decides where things lie, and what lies about."""

    def __init__(self, shape, rng, scatter=0.5, litter=0.3):
        self.shape, self.rng, self.scatter, self.litter = shape, rng, scatter, litter
        self.data = bytearray(shape.total * shape.sector)
        self.table = [0] * (shape.clusters + 2)
        self.free = list(range(2, shape.clusters + 2))
        self.bad = []
        self.at = 0                 # where in `free` the next cluster is taken
        self.chains = {}            # path: its clusters

    def end(self):
        """Something that says that a chain ends."""
        return self.rng.choice([0xFFF8, 0xFFFF, 0xFFFF, self.rng.randrange(0xFFF8, 0x10000)])

    def spoil(self, count):
        """So many clusters are bad."""
        for _ in range(count):
            cluster = self.free.pop(self.rng.randrange(len(self.free)))
            self.table[cluster] = 0xFFF7
            self.bad.append(cluster)

    def chain(self, count):
        """A chain of so many clusters, in pieces."""
        clusters = []
        while len(clusters) < count:
            if self.rng.random() < self.scatter:
                self.at = self.rng.randrange(len(self.free))
            self.at %= len(self.free)
            clusters.append(self.free.pop(self.at))
        for cluster, after in zip(clusters, clusters[1:] + [self.end()]):
            self.table[cluster] = after
        return clusters

    def offset(self, cluster):
        return self.shape.data * self.shape.sector + (cluster - 2) * self.shape.cluster_size

    def fill(self, clusters, content, behind=None):
        """Lay content into a chain; behind it stands something that nobody shall see."""
        size = self.shape.cluster_size
        padded = content + (behind if behind is not None else b"\xdb" * (-len(content) % size))
        for n, cluster in enumerate(clusters):
            self.data[self.offset(cluster):self.offset(cluster) + size] = padded[n * size:(n + 1) * size]

    def add(self, tree, label=None):
        """Put a tree into the root, which must be empty yet."""
        slots = self.slots(tree, 0, "")
        if label:
            slots.insert(self.rng.randrange(2) * len(slots), self.short(label.ljust(11).encode(), LABEL, 0, 0))
        root = b"".join(slots)
        if len(root) > self.shape.root_slots * SLOT:
            raise ValueError("the root directory is too small")
        start = self.shape.root * self.shape.sector
        self.data[start:start + len(root)] = root
        return self

    def slots(self, tree, parent, path):
        """A directory's slots, everything below them being made."""
        slots, used = [], set()
        for name, content in tree.items():
            here = f"{path}/{name}"
            if isinstance(content, dict):
                clusters = self.directory(content, parent, here)
                size = 0
            else:
                clusters, size = self.chain(-(-len(content) // self.shape.cluster_size)), len(content)
                self.fill(clusters, content)
            self.chains[here] = clusters
            if self.rng.random() < self.litter:
                slots += self.rubbish()
            attributes = DIRECTORY if isinstance(content, dict) else ARCHIVE
            slots += self.named(name, used, attributes, clusters[0] if clusters else 0, size)
        return slots

    def directory(self, tree, parent, path):
        """A directory in clusters of its own; returns these."""
        first = self.chain(1)
        slots = [self.short(b".          ", DIRECTORY, first[0], 0), self.short(b"..         ", DIRECTORY, parent, 0)]
        content = b"".join(slots + self.slots(tree, first[0], path))
        size = self.shape.cluster_size
        rest = self.chain(-(-len(content) // size) - 1)
        if rest:
            self.table[first[0]] = rest[0]
        clusters = first + rest
        self.fill(clusters, content, bytes(-len(content) % size))
        return clusters

    # ---- names

    def named(self, name, used, attributes, first, size):
        """The slots of one name: with a long one if it needs one."""
        short, lower, exact = short_name(name, used, self.rng)
        used.add(short)
        stored = b"\x05" + short[1:] if short[:1] == b"\xe5" else short
        last = self.short(stored, attributes, first, size, lower)
        return [last] if exact else [*pieces(name, checksum(stored)), last]

    def short(self, name, attributes, first, size, lower=0):
        return struct.pack("<11sBBBHHHHHHHI", name, attributes, lower, 0, TIME, DATE, DATE, 0, TIME, DATE, first, size)

    def rubbish(self):
        """Slots that are no entries: deleted names, and pieces of long names whose short one is not there or is another."""
        kind = self.rng.randrange(4)
        row = pieces("what was here before.txt", self.rng.randrange(256))
        if kind == 0:               # a name that was deleted
            return [b"\xe5" + slot[1:] for slot in [*row, self.short(b"WHATWA~1TXT", ARCHIVE, 2, 99)]]
        if kind == 1:               # the beginning of a row, whose rest is another's
            return row[:1 + self.rng.randrange(len(row))]
        if kind == 2:               # a row without its beginning
            return row[1:]
        return [self.short(b"DELETED TXT", ARCHIVE, 0, 0).replace(b"D", b"\xe5", 1)]

    # ---- the end

    def finish(self):
        """The volume's bytes."""
        shape = self.shape
        self.table[0:2] = [0xFF00 | shape.media, 0xFFFF]
        table = encode(self.table, shape.bits).ljust(shape.table_sectors * shape.sector, b"\0")
        self.data[:512] = shape.boot_sector()
        for copy in range(shape.copies):
            start = (shape.table + copy * shape.table_sectors) * shape.sector
            self.data[start:start + len(table)] = table
        return self.data


def encode(table, bits):
    """A table as it lies on the disk."""
    if bits == 16:
        return struct.pack(f"<{len(table)}H", *table)
    table = [entry & 0xFFF for entry in table] + [0]
    return b"".join((low | high << 12).to_bytes(3, "little") for low, high in zip(table[::2], table[1::2]))


def decode(data, bits, count):
    """Entries 0 to count - 1; of 12 bits, those from 0xff7 on as they are with 16."""
    if bits == 16:
        return list(struct.unpack_from(f"<{count}H", data))
    table = []
    for at in range(0, count * 3 // 2 + 2, 3):
        both = int.from_bytes(data[at:at + 3], "little")
        table += [both & 0xFFF, both >> 12]
    return [entry | 0xF000 if entry >= 0xFF7 else entry for entry in table[:count]]


def units(name):
    """UTF-16 code units; half a pair stays what it is."""
    return struct.unpack(f"<{len(name.encode('utf-16-le', 'surrogatepass')) // 2}H", name.encode("utf-16-le", "surrogatepass"))


def pieces(name, total):
    """The slots of a long name, in the order of the disk."""
    text = list(units(name))
    count = -(-len(text) // 13)
    text += [0] * (len(text) < 13 * count)
    text += [0xFFFF] * (13 * count - len(text))
    slots = []
    for n in range(count):
        part = text[13 * n:13 * n + 13]
        order = n + 1 | (0x40 if n == count - 1 else 0)
        slots.append(struct.pack("<B5HBBB6HH2H", order, *part[:5], LONG, 0, total, *part[5:11], 0, *part[11:]))
    return slots[::-1]


ALLOWED = set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789$%'-_@~`!(){}^#&")


def short_name(name, used, rng):
    """A short name for `name`: (11 bytes, the byte for lower case, whether that says it all)."""
    base, dot, extension = name.rpartition(".")
    if not dot:
        base, extension = name, ""
    for lower, same in ((0, str.upper), (0x08, str.lower), (0x10, str.lower)):
        plain = base if not lower & 0x08 else base.upper() if base == base.lower() else None
        ending = extension if not lower & 0x10 else extension.upper() if extension == extension.lower() else None
        if plain and ending is not None and 1 <= len(plain) <= 8 and len(ending) <= 3 and (ending or not dot) \
                and set(plain + ending) <= ALLOWED | {OEM_E5}:
            short = plain.ljust(8).encode("cp437") + ending.ljust(3).encode("cp437")
            if short not in used and OEM_E5 not in plain[1:] + ending:
                return short, lower, True
    clean = "".join(c if c in ALLOWED else "_" for c in base.upper() if c not in " .") or "_"
    ending = "".join(c if c in ALLOWED else "_" for c in extension.upper() if c not in " .")[:3]
    while True:
        tail = f"~{rng.randrange(1, 100)}"
        short = (clean[:8 - len(tail)] + tail).ljust(8).encode() + ending.ljust(3).encode()
        if short not in used:
            return short, 0, False


# ---- reading

class Damaged(ValueError):
    """The volume, or a part of it, cannot be understood."""


class Image:
    """A volume as it is on a disk."""

    def __init__(self, data):
        self.data = data
        (self.sector, self.per_cluster, self.reserved, self.copies, self.root_slots, total16, self.media, self.table_sectors,
         total32) = struct.unpack_from("<HBHBHHBH8xI", data, 11)
        self.total = total16 or total32
        self.root = self.reserved + self.copies * self.table_sectors
        self.first = self.root + -(-self.root_slots * SLOT // self.sector)
        self.clusters = (self.total - self.first) // self.per_cluster
        self.bits = 12 if self.clusters < FAT12_BELOW else 16
        self.cluster_size = self.per_cluster * self.sector
        self.tables = [bytes(data[(self.reserved + n * self.table_sectors) * self.sector:][:self.table_sectors * self.sector])
                       for n in range(self.copies)]
        self.table = decode(self.tables[0], self.bits, self.clusters + 2)
        self.problems, self.owners = [], {}

    def chain(self, first, whose=None):
        """The clusters of a chain; with `whose` they are noted as that one's."""
        clusters, cluster = [], first
        while True:
            if not 2 <= cluster < self.clusters + 2 or self.table[cluster] in (0, 0xFFF7):
                raise Damaged(f"the chain leads to {cluster}, which is free, bad or does not exist")
            if len(clusters) > self.clusters:
                raise Damaged("the chain goes in circles")
            clusters.append(cluster)
            if whose:
                other = self.owners.setdefault(cluster, whose)
                if other != whose:
                    raise Damaged(f"cluster {cluster} is {other}'s as well")
            if self.table[cluster] >= 0xFFF8:
                return clusters
            cluster = self.table[cluster]

    def root_directory(self):
        return bytes(self.data[self.root * self.sector:][:self.root_slots * SLOT])

    def content(self, clusters):
        start, size = self.first * self.sector, self.cluster_size
        return b"".join(bytes(self.data[start + (c - 2) * size:start + (c - 1) * size]) for c in clusters)

    def entries(self, slots):
        """The live entries in a directory's bytes: (name, short name, attributes, first cluster, size, number of the slot)."""
        row = []
        for at in range(0, len(slots) - SLOT + 1, SLOT):
            slot = slots[at:at + SLOT]
            if slot[0] == 0:
                return
            if slot[0] == 0xE5:
                row = []
                continue
            if slot[11] & 0x3F == LONG:
                row = [*([] if slot[0] & 0x40 else row), slot]
                continue
            whole, row = row, []
            if slot[11] & LABEL:
                continue
            first, size = struct.unpack_from("<HI", slot, 26)
            short = slot[:11]
            yield long_name(whole, short) or displayed(slot), displayed(slot), slot[11], first, size, at // SLOT
            if whole and not long_name(whole, short):
                self.note(f"pieces of a long name before {displayed(slot)} are not its own")

    def note(self, problem):
        self.problems.append(problem)

    def tree(self):
        """All files and directories. Fills self.problems and self.owners."""
        return self._directory(self.root_directory(), "", 0, 0)

    def _directory(self, slots, path, own, parent):
        tree, shorts, folded = {}, set(), set()
        entries = list(self.entries(slots))
        if path:
            dots = [(name, attributes & DIRECTORY, first) for name, _, attributes, first, _, _ in entries[:2]]
            if dots != [(".", DIRECTORY, own), ("..", DIRECTORY, parent)]:
                self.note(f"{path}: begins with {dots}")
            entries = entries[2:]
        for name, short, attributes, first, size, _ in entries:
            here = f"{path}/{name}"
            if short in shorts or name.casefold() in folded:
                self.note(f"{here} is there twice")
            shorts.add(short)
            folded.add(name.casefold())
            try:
                clusters = self.chain(first, here) if first else []
                if attributes & DIRECTORY:
                    tree[name] = self._directory(self.content(clusters), here, first, own)
                    continue
                if len(clusters) * self.cluster_size < size:
                    raise Damaged(f"{size} bytes, but only {len(clusters)} clusters")
                if -(-size // self.cluster_size) < len(clusters):
                    self.note(f"{here}: {size} bytes, but {len(clusters)} clusters")
                tree[name] = self.content(clusters)[:size]
            except Damaged as error:
                self.note(f"{here}: {error}")
                tree[name] = None
        return tree

    def check(self):
        """The tree, and a list of all that is wrong with the volume."""
        tree = self.tree()
        for n, table in enumerate(self.tables[1:], 2):
            if table != self.tables[0]:
                at = next(i for i, (a, b) in enumerate(zip(table, self.tables[0])) if a != b)
                self.note(f"copy {n} of the table differs from the first one, from byte {at} on")
        lost = [c for c in range(2, self.clusters + 2) if self.table[c] not in (0, 0xFFF7) and c not in self.owners]
        if lost:
            self.note(f"{len(lost)} clusters are in use, but nobody's: {lost[:8]}")
        return tree, self.problems


def long_name(row, short):
    """The name that a row of pieces spells, or None."""
    if not row or not row[0][0] & 0x40 or [slot[0] & 0x3F for slot in row] != list(range(len(row), 0, -1)):
        return None
    if any(slot[13] != checksum(short) or slot[0] & 0x40 and n for n, slot in enumerate(row)):
        return None
    text = b"".join(slot[1:11] + slot[14:26] + slot[28:32] for slot in row[::-1])
    text = [unit for unit, in struct.iter_unpack("<H", text)]
    text = text[:text.index(0)] if 0 in text else text
    return struct.pack(f"<{len(text)}H", *text).decode("utf-16-le", "surrogatepass")


def displayed(slot):
    """A short entry's name as people see it."""
    name = b"\xe5" + slot[1:11] if slot[0] == 0x05 else slot[:11]
    base, extension = name[:8].decode("cp437").rstrip(" "), name[8:].decode("cp437").rstrip(" ")
    base = lowered(base) if slot[12] & 0x08 else base
    extension = lowered(extension) if slot[12] & 0x10 else extension
    return f"{base}.{extension}" if extension else base


def lowered(text):
    return "".join(c.lower() if c.isascii() else c for c in text)


# ---- trees by chance

WORDS = ("readme notes report photo Kernel makefile index main data backup draft Summer garden letter music Archive list table "
         "program history").split()
STRANGE = ("Gr\u00fc\u00dfe", "na\u00efve", "caf\u00e9", "\u0416\u0443\u043a", "\u4f60\u597d", "\u03b1\u03b2\u03b3",
           "\U0001f600", "a b", "x+y=z", "[list]", "semi;colon")


def random_name(rng):
    """Some name: short ones, long ones, in other letters, in lower case."""
    kind = rng.randrange(10)
    if kind < 2:
        name = rng.choice(WORDS).upper()[:8]
        return name + rng.choice(["", ".TXT", ".C", ".H", ".BIN"])
    if kind < 4:
        return rng.choice(WORDS).lower()[:8] + rng.choice(["", ".txt", ".c", ".TXT", ".h"])
    if kind < 5:
        return rng.choice(STRANGE) + str(rng.randrange(100)) + rng.choice(["", ".txt", ".md"])
    if kind < 6:
        length = rng.choice([12, 13, 14, 25, 26, 27, 39, 100, 180, 255])
        return "".join(rng.choice("abcdefghijklmnopqrstuvwxyz0123456789 -_") for _ in range(length)).strip() or "a"
    words = [rng.choice(WORDS) for _ in range(rng.randrange(2, 5))]
    return rng.choice(" -_.").join(words) + rng.choice(["", ".txt", ".tar.gz", ".jpeg", ".c"])


def random_content(rng, size):
    return rng.getrandbits(8 * size).to_bytes(size, "little") if size else b""


def fold(name):
    """Two names that differ by that only are the same."""
    return name.upper()


def random_tree(rng, files, bytes_max, depth=3, sizes=None):
    """So many files, in directories by chance, with bytes_max bytes together at most."""
    tree, left = {}, bytes_max
    folders = [(tree, 0)]
    for _ in range(files):
        folder, level = rng.choice(folders)
        name = random_name(rng)
        if fold(name) in {fold(other) for other in folder}:
            continue
        if level < depth and rng.random() < 0.25:
            folder[name] = {}
            folders.append((folder[name], level + 1))
            continue
        size = rng.choice(sizes) if sizes else rng.choice([0, 1, 31, 511, 512, 513, 4095, 4096, 4097,
                                                           rng.randrange(20000), rng.randrange(60000)])
        size = min(size, left)
        left -= size
        folder[name] = random_content(rng, size)
    return tree


def flat(tree, path=""):
    """All of a tree: {path: bytes, or None for a directory}."""
    result = {}
    for name, content in tree.items():
        here = f"{path}/{name}"
        if isinstance(content, dict):
            result[here] = None
            result.update(flat(content, here))
        else:
            result[here] = content
    return result


def volumes(rng, count, files, **how):
    """Volumes with trees: (Volume, tree, bytes)."""
    while count:
        if count % 2:           # clusters that are larger than a page
            shape = random_shape(rng, 12, size_max=3 << 20, size_min=8192)
        else:
            shape = random_shape(rng, 16, size_max=3 << 20)
        tree = random_tree(rng, files, min(200000, shape.clusters * shape.cluster_size // 4), **how)
        volume = Volume(shape, rng)
        try:
            data = volume.add(tree, rng.choice([None, "DISK"])).finish()
        except (IndexError, ValueError):                    # it has come too large
            continue
        yield volume, tree, data
        count -= 1
