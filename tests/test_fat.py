"""
The FAT file system, as a program of the host (tests/hosted/fsdrive), against the grader's model of FAT, dosfstools and mtools:
volumes of all kinds are read, random scripts leave what they should and a volume without a flaw, whatever stops them in
between leaves lost clusters at worst, and what is damaged is an error and neither a panic nor a hang.
"""
import errno
import os
import random
import struct
import subprocess
import sys

import pytest

import fsdrive
from fsdrive import Drive, file_entry, HOSTED

sys.path.insert(0, str(HOSTED.parents[1] / "grade"))
from gradelib.lab5 import fat                                   # noqa: E402  (the path comes first)

SECTOR = 512
HARMLESS = ("clusters", "pieces of a long name", "begins with")   # what a crash may leave: see only_harmless()


@pytest.fixture(scope="module", autouse=True)
def built():
    fsdrive.build()


def volume(seed, tree_bytes=100_000, files=20, **how):
    """A volume with a random tree: (the tree, its bytes). dosfstools must be able to read it, too."""
    for attempt in range(100):
        rng = random.Random(f"{seed} {attempt}")
        bits = rng.choice([12, 16])
        shape = fat.random_shape(rng, bits, clusters=rng.choice([60, 200, 1000, 3000]) if bits == 12 else None, size_max=3 << 20)
        slots = -(-rng.choice([64, 128, 512]) * 32 // shape.sector) * shape.sector // 32
        shape = fat.Shape(shape.clusters, shape.per_cluster, shape.sector, shape.reserved, min(2, shape.copies), slots)
        tree = fat.random_tree(rng, files, min(tree_bytes, shape.clusters * shape.cluster_size // 3))
        made = fat.Volume(shape, rng, **how)
        made.spoil(2)
        try:
            return tree, made.add(tree).finish(), shape
        except (IndexError, ValueError):            # it does not fit
            continue
    raise AssertionError("no tree fits any volume")


def entries(tree):
    """What drive.tree() must say, without the root."""
    return {path: ("dir", "755", "1") if content is None else file_entry(bytes(content))
            for path, content in fat.flat(tree).items()}


def found(drive):
    tree = drive.tree()
    del tree["/"]
    return tree


def complaints(drive):
    """What the log says since it was asked last, but for what it says at boot."""
    return [line for line in drive.log() if "fat" in line or "written" in line]


def check(image):
    """The tree on the volume, in which neither the model nor fsck.fat finds a flaw."""
    tree, problems = fat.Image(image.read_bytes()).check()
    assert not problems, problems[:5]
    done = subprocess.run(["fsck.fat", "-n", image], capture_output=True, text=True, errors="replace")
    assert done.returncode == 0, done.stdout
    return tree


@pytest.mark.parametrize("seed", range(6))
def test_volumes_are_read(seed, tmp_path):
    tree, data, _ = volume(f"read {seed}", files=60)
    image = tmp_path / "image"
    image.write_bytes(data)
    with Drive(image, "fat", "ro") as drive:
        assert found(drive) == entries(tree)
        drive.unmount()
        assert not complaints(drive)
    assert image.read_bytes() == data


class Script:
    """Random operations on a volume and on a tree in memory, where names differ by more than their case."""

    def __init__(self, seed, tree, drive):
        self.rng, self.tree, self.drive, self.full = random.Random(seed), tree, drive, 0

    def all(self, tree=None, at=""):
        for name, content in (self.tree if tree is None else tree).items():
            yield f"{at}/{name}", content
            if isinstance(content, dict):
                yield from self.all(content, f"{at}/{name}")

    def look(self, path):
        """(directory, the name as it is there or None, the name as it was given)."""
        *folders, name = path.split("/")[1:]
        tree = self.tree
        for folder in folders:
            tree = tree[folder]
        return tree, next((there for there in tree if fat.fold(there) == fat.fold(name)), None), name

    def some(self, folders):
        every = [path for path, content in self.all() if isinstance(content, dict) == folders]
        return self.rng.choice(every) if every else None

    def new(self):
        folders = [""] + [path for path, content in self.all() if isinstance(content, dict)]
        while True:
            name = fat.random_name(self.rng)[:230].rstrip(" .")
            if name and not set(name) & set('"*/:<>?\\|') and len(name.encode()) <= 255:
                return f"{self.rng.choice(folders)}/{name}"

    def expect(self, wanted, *command):
        """Was it done? It must end so, unless there was no room."""
        got = self.drive.tries(*command)
        if got == errno.ENOSPC and not wanted:
            self.full += 1
            return False
        assert got == wanted, f"{command[:2]}: {errno.errorcode.get(got, got)}, not {errno.errorcode.get(wanted, wanted)}"
        return not got

    def step(self):
        getattr(self, self.rng.choice("make make write write write truncate unlink rmdir rename rename sync".split()))()

    def make(self):
        path, is_folder = self.new(), self.rng.random() < 0.3
        tree, there, name = self.look(path)
        if self.expect(errno.EEXIST if there else 0, "mkdir" if is_folder else "create", path):
            tree[name] = {} if is_folder else b""

    def write(self):
        path = self.some(False)
        if path:
            tree, name, _ = self.look(path)
            old, rng = tree[name], self.rng
            offset = rng.choice([0, len(old), rng.randrange(len(old) + 1), len(old) + rng.choice([1, 600, 5000])])
            data = fat.random_content(rng, rng.choice([1, 100, 512, 3000, 9000]))
            if self.expect(0, "write", path, offset, data.hex()):
                tree[name] = old[:offset].ljust(offset, b"\0") + data + old[offset + len(data):]
            else:
                self.cut(path, tree, name)

    def truncate(self):
        path = self.some(False)
        if path:
            tree, name, _ = self.look(path)
            old = tree[name]
            size = self.rng.choice([0, self.rng.randrange(len(old) + 1), len(old) // 512 * 512, len(old) + 700])
            if self.expect(0, "truncate", path, size):
                tree[name] = old[:size].ljust(size, b"\0")
            else:
                self.cut(path, tree, name)

    def cut(self, path, tree, name):
        """There was room for a part of a gap: zeros."""
        size = int(self.drive("lstat", path)[0].split()[7])
        assert size >= len(tree[name])
        tree[name] = tree[name].ljust(size, b"\0")

    def unlink(self):
        path = self.some(self.rng.random() < 0.1)
        if path:
            tree, name, _ = self.look(path)
            called = path.swapcase() if path.isascii() and path.count("/") == 1 else path
            if self.expect(errno.EISDIR if isinstance(tree[name], dict) else 0, "unlink", called):
                del tree[name]

    def rmdir(self):
        path = self.some(self.rng.random() < 0.9)
        if path:
            tree, name, _ = self.look(path)
            content = tree[name]
            wanted = errno.ENOTDIR if not isinstance(content, dict) else errno.ENOTEMPTY if content else 0
            if self.expect(wanted, "rmdir", path):
                del tree[name]

    def rename(self):
        every = [path for path, _ in self.all()]
        if not every:
            return
        source = self.rng.choice(every)
        folder, _, last = source.rpartition("/")
        target = self.rng.choice([self.new(), f"{folder}/{self.new().rpartition('/')[2]}", self.rng.choice(every),
                                  f"{folder}/{last.swapcase()}"])
        tree, name, _ = self.look(source)
        moved = tree[name]
        if fat.fold(f"{target}/").startswith(fat.fold(f"{source}/")) and fat.fold(source) != fat.fold(target):
            if isinstance(moved, dict):
                assert self.drive.tries("rename", source, target) == errno.EINVAL
            return
        to_tree, there, to_name = self.look(target)
        same = there is not None and to_tree is tree and there == name
        replaced = None if same or there is None else to_tree[there]
        wanted = 0
        if replaced is not None and isinstance(replaced, dict) != isinstance(moved, dict):
            wanted = errno.EISDIR if isinstance(replaced, dict) else errno.ENOTDIR
            if isinstance(replaced, dict) and f"{source}/".startswith(f"{target}/"):
                wanted = errno.ENOTEMPTY
        elif replaced:
            wanted = errno.ENOTEMPTY if isinstance(replaced, dict) else 0
        if self.expect(wanted, "rename", source, target):
            if same:
                now = [path for path in self.drive("ls", folder or "/")]
                to_name = next(n for n in (to_name, name) if any(fsdrive.unquote(line.split(" ")[3]) == n for line in now))
            del tree[name]
            to_tree[there if replaced is not None else to_name] = moved

    def sync(self):
        self.drive("sync")


@pytest.mark.parametrize("seed", range(10))
def test_random_script(seed, tmp_path):
    tree, data, _ = volume(f"script {seed}", litter=0)
    image = tmp_path / "image"
    image.write_bytes(data)
    with Drive(image, "fat") as drive:
        script = Script(seed, tree, drive)
        for _ in range(150):
            script.step()
        assert found(drive) == entries(tree)
        drive.unmount()
        assert not complaints(drive)
    assert fat.flat(check(image)) == fat.flat(tree)
    with Drive(image, "fat", "ro") as drive:
        assert found(drive) == entries(tree)


def test_full_volume(tmp_path):
    """Every operation is refused sooner or later, and what was there is still there."""
    image = tmp_path / "image"
    subprocess.run(["mkfs.fat", "-C", "-F", "12", "-s", "1", "-r", "32", image, "40"], check=True, stdout=subprocess.DEVNULL)
    with Drive(image, "fat") as drive:
        tree = {}
        script = Script(1, tree, drive)
        for _ in range(400):
            script.step()
        assert script.full > 10
        assert found(drive) == entries(tree)
        drive.unmount()
    assert fat.flat(check(image)) == fat.flat(tree)


def test_mtools_reads_and_writes(tmp_path):
    """Names in both directions, and what Linux and Windows write."""
    image = tmp_path / "image"
    names = ["README.TXT", "readme too.txt", "Grüße.txt", "Жук", "a" * 200, "noext", ".hidden", "two..dots"]
    subprocess.run(["mkfs.fat", "-C", image, "4000"], check=True, stdout=subprocess.DEVNULL)
    mtools = {"env": {**os.environ, "LC_ALL": "C.UTF-8", "MTOOLS_SKIP_CHECK": "1"}, "check": True, "capture_output": True}
    for n, name in enumerate(names):
        (tmp_path / name).write_bytes(bytes([n]) * 1000 * n)
        if n % 2:
            subprocess.run(["mcopy", "-i", image, tmp_path / name, f"::{name}"], **mtools)
    with Drive(image, "fat") as drive:
        for n, name in enumerate(names):
            if n % 2 == 0:
                drive("create", f"/{name}")
                drive("write", f"/{name}", 0, (bytes([n]) * 1000 * n).hex() or "00")
                drive("truncate", f"/{name}", 1000 * n)
        assert set(found(drive)) == {f"/{name}" for name in names}
        drive.unmount()
    check(image)
    for n, name in enumerate(names):
        subprocess.run(["mcopy", "-n", "-o", "-i", image, f"::{name}", tmp_path / "back"], **mtools)
        assert (tmp_path / "back").read_bytes() == bytes([n]) * 1000 * n, name


def test_names(tmp_path):
    image = tmp_path / "image"
    subprocess.run(["mkfs.fat", "-C", image, "4000"], check=True, stdout=subprocess.DEVNULL)
    with Drive(image, "fat") as drive:
        for bad in ("a*b", "a?b", "a:b", 'a"b', "a<b", "a|b", "a\\b", "a\x01b", "...", b"\xff", b"\xc3", b"\xc0\x80"):
            word = bad if isinstance(bad, bytes) else bad.encode()
            assert drive.tries("create", b"/" + word) == errno.EINVAL, bad
            assert drive.tries("stat", b"/" + word) == errno.ENOENT, bad
        drive("create", "/Trailing dots...")
        drive("create", "/Größe")
        assert drive.tries("create", "/GRÖßE") == errno.EEXIST
        assert drive.tries("stat", "/trailing DOTS") == 0 and drive.tries("stat", "/TRAILI~1") == 0
        for n in range(40):
            drive("create", f"/a name with a long beginning {n}")
        for n in range(0, 40, 3):
            drive("unlink", f"/A NAME WITH A LONG BEGINNING {n}")
        drive("rename", "/trailing dots", "/Trailing DOTS")
        assert "/Trailing DOTS" in found(drive) and len(found(drive)) == 28
        drive.unmount()
    check(image)


@pytest.mark.parametrize("seed", range(4))
def test_memory_runs_out(seed, tmp_path):
    """At any allocation: an error, no cluster lost, no memory lost, and the volume is without a flaw."""
    rng = random.Random(seed)
    tree, data, _ = volume(f"memory {seed}", litter=0)
    image = tmp_path / "image"
    image.write_bytes(data)
    with Drive() as drive:
        drive("disk", "hda", image)
        drive("mount", "hda", "/", "fat")
        drive("umount", "/")
        free = drive("free")
        drive("mount", "hda", "/", "fat")
        paths = list(drive.tree())
        for _ in range(150):
            drive("free")
            drive("memory", rng.randrange(1, 12), rng.choice([1, 1, 5, 1000]))
            path = rng.choice(paths)
            command = rng.choice([("write", path, rng.randrange(5000), "ab" * 3000), ("truncate", path, rng.randrange(9000)),
                                  ("unlink", path), ("rmdir", path), ("create", f"/new file {rng.randrange(99)}"), ("sync",),
                                  ("mkdir", f"/a new folder {rng.randrange(99)}"), ("rename", path, f"/other {rng.randrange(9)}"),
                                  ("tree", "/")])
            if not drive.tries(*command) and command[0] in ("create", "mkdir", "rename"):
                paths.append(command[-1])
        drive("memory", 0, 0)
        drive("umount", "/")
        assert drive("free") == free
    check(image)


# ---- crashes

def recorded(path):
    """What was written between flushes: lists of (sector, bytes)."""
    data, at, parts = path.read_bytes(), 0, [[]]
    while at < len(data):
        kind, what, count = struct.unpack_from("<3I", data, at)
        at += 12
        if kind == 1:
            parts[-1].append((what, data[at:at + count * SECTOR]))
            at += count * SECTOR
        elif kind == 2:
            parts.append([])
    return parts


def only_harmless(data):
    """Lost clusters, chains that are too long, pieces of names, a directory's parent: nothing else is wrong."""
    image = fat.Image(data)
    image.tree()
    bad = [problem for problem in image.problems
           if not any(word in problem for word in HARMLESS) or "but only" in problem]
    assert not bad, bad[:5]


@pytest.mark.parametrize("seed", range(8))
def test_crashes(seed, tmp_path):
    """Stopped anywhere, the disk having done any of the writes since the last flush."""
    tree, data, _ = volume(f"crash {seed}", litter=0)
    image, record = tmp_path / "image", tmp_path / "record"
    image.write_bytes(data)
    with Drive(image, "fat") as drive:
        drive("record", record)
        script = Script(f"crash {seed}", tree, drive)
        for _ in range(150):
            script.step()
        drive.unmount()
    rng, disk = random.Random(seed), bytearray(data)
    for part in recorded(record):
        for attempt in range(min(4, len(part))):
            copy = bytearray(disk)
            some = part[:rng.randrange(len(part))] if attempt == 0 else [write for write in part if rng.random() < 0.5]
            for sector, content in some:
                copy[sector * SECTOR:sector * SECTOR + len(content)] = content
            only_harmless(copy)
        for sector, content in part:
            disk[sector * SECTOR:sector * SECTOR + len(content)] = content
    assert disk == image.read_bytes()


# ---- damage

def damaged(rng, data):
    """Bits turned where they hurt, or whole entries of the table."""
    image, copy = fat.Image(data), bytearray(data)
    table, root = image.reserved * image.sector, image.root * image.sector
    regions = [(11, 40), (table, table + 200), (root, root + 2000), (root + 2000, len(copy))]
    kind = rng.randrange(6)
    if kind < 4:
        for _ in range(rng.choice([1, 3, 30])):
            at = rng.randrange(*regions[kind])
            copy[at] ^= 1 << rng.randrange(8)
        return copy
    table = list(image.table)
    used = [n for n, entry in enumerate(table) if n > 1 and entry]
    for _ in range(rng.choice([1, 5, 20])):
        table[rng.choice(used)] = rng.choice([0, 1, 0xFFF7, 0xFFFF, rng.choice(used), rng.randrange(0x10000)])
    raw = fat.encode(table, image.bits)
    for n in range(image.copies):
        at = (image.reserved + n * image.table_sectors) * image.sector
        copy[at:at + len(raw)] = raw
    return copy


@pytest.mark.parametrize("seed", range(40))
def test_damage(seed, tmp_path):
    """Reading and changing a damaged volume ends, in errors or not; the sanitizers are silent, and the log is short."""
    rng = random.Random(seed)
    tree, data, _ = volume(f"damage {seed}")
    image = tmp_path / "image"
    image.write_bytes(damaged(rng, data))
    with Drive() as drive:
        drive("disk", "hda", image)
        result = drive.tries("mount", "hda", "/", "fat")
        if result:
            assert result in (errno.EINVAL, 117)
            return
        paths = list(drive.tree())
        for _ in range(60):
            path = rng.choice(paths)
            command = rng.choice([("write", path, rng.randrange(5000), "ab" * 700), ("truncate", path, rng.randrange(9000)),
                                  ("unlink", path), ("rmdir", path), ("create", f"{path}/new{rng.randrange(9)}"), ("sync",),
                                  ("mkdir", f"/new folder {rng.randrange(99)}"), ("rename", path, rng.choice(paths)),
                                  ("rename", path, f"/other {rng.randrange(99)}"), ("sum", path)])
            drive.tries(*command)
        drive.tree()
        drive.tries("umount", "/")
        assert len(complaints(drive)) < 8


def test_a_chain_that_is_too_short(tmp_path):
    """Reading behind its end is an error, one line in the log, and the volume cannot be changed any more."""
    image, content = tmp_path / "image", random.Random(1).randbytes(20_000)
    made = fat.Volume(fat.Shape(300, 1, media=0xF8), random.Random(1), litter=0)
    made.add({"FILE": content, "OTHER": b"x"})
    made.table[made.chains["/FILE"][19]] = 0xFFFF
    image.write_bytes(made.finish())
    with Drive(image, "fat") as drive:
        assert drive("read", "/FILE", 0, 5000) == [f"data {content[:5000].hex()}"]
        assert drive.tries("read", "/FILE", 15_000, 10) == errno.EIO
        assert drive.tries("create", "/new") == errno.EROFS
        assert len(complaints(drive)) == 1
        drive.unmount()
