"""
Crashes: all that a random load writes to a FAT volume is recorded, with its flushes, and the volume is put together as it was at
any moment, also with writes since the last flush missing, torn or in another order, as a disk with a cache may do it. fsck.fat
may then find lost clusters and the like, never a cluster of two files; and what was synced before is there, whole.
"""
import os
import random
import re
import shutil
import struct
import subprocess
import time

import pytest

import fsdrive
from fatreader import FatVolume
from fsdrive import Drive, fill_bytes
from fsimage import make_fat

# What fsck.fat may say, line by line. Everything else is damage.
HARMLESS = [
    r"fsck.fat .*", r"", r"Leaving filesystem unchanged\.", r".*: \d+ files, \d+/\d+ clusters",
    r"0x\w+: Dirty bit is set\. .*", r"Dirty bit is set\. .*", r"Automatically removing dirty bit\.",
    r"Reclaimed \d+ unused clusters? \(\d+ bytes\).*",
    r"FATs differ but appear to be intact\.", r"Using first FAT\.",
    r"/.*", r"File size is \d+ bytes, cluster chain length is > \d+ bytes\.", r"Truncating file to \d+ bytes\.",
]


@pytest.fixture(scope="module", autouse=True)
def built():
    fsdrive.build()


class Load:
    """Random operations on files; knows what must be there after each mark."""

    def __init__(self, drive, seed):
        self.drive, self.random = drive, random.Random(seed)
        self.files, self.folders = {}, [""]
        self.durable = {}               # what was there at the last sync, and has not been touched since
        self.promises = []              # of each mark: what must be there until the next one
        self.mark()

    def mark(self):
        self.drive("mark", len(self.promises))
        self.promises.append(dict(self.durable))

    def touch(self, *paths):
        """From now on these may be anything."""
        for path in paths:
            self.durable.pop(path, None)
        self.mark()

    def path(self):
        name = self.random.choice(["A.TXT", "b.c", f"a longer name {self.random.randint(0, 5)}", "x" * 100, "Mixed.Case", "n1"])
        return f"{self.random.choice(self.folders)}/{name}"

    def step(self):
        pick, path = self.random, self.path()
        old = pick.choice(list(self.files)) if self.files else path
        match pick.choice(["write", "write", "write", "grow", "cut", "rename", "remove", "folder", "sync"]):
            case "write":
                size, offset = pick.choice([1, 500, 3000, pick.randint(1, 40_000)]), 0
                if path in self.files and pick.random() < 0.5:
                    offset = pick.randint(0, len(self.files[path]))
                self.write(path, offset, size)
            case "grow" if old in self.files:
                self.write(old, len(self.files[old]), pick.randint(1, 5000))
            case "cut" if old in self.files:
                self.touch(old)
                size = pick.randint(0, len(self.files[old]))
                self.drive("truncate", old, size)
                self.files[old] = self.files[old][:size]
            case "rename" if old in self.files and old != path:
                self.touch(old, path)
                self.drive("rename", old, path)
                self.files[path] = self.files.pop(old)
            case "remove" if old in self.files:
                self.touch(old)
                self.drive("unlink", old)
                del self.files[old]
            case "folder" if len(self.folders) < 4:
                folder = f"{pick.choice(self.folders)}/folder{len(self.folders)}"
                self.drive("mkdir", folder)
                self.folders.append(folder)
            case "sync" if old in self.files:
                self.drive("fsync", old)
                self.durable = dict(self.files)
                self.mark()

    def write(self, path, offset, size):
        seed = self.random.randint(0, 9999)
        self.touch(path)
        self.drive("fill", path, offset, seed, size)
        data = bytearray(self.files.get(path, b""))
        data[offset:offset + size] = fill_bytes(seed, size)
        self.files[path] = bytes(data)


def read_record(path):
    """The events: ("write", sector, bytes), ("flush",), ("mark", n)."""
    data, at = path.read_bytes(), 0
    while at < len(data):
        kind, what, count = struct.unpack_from("<3I", data, at)
        at += 12
        if kind == 1:
            yield "write", what, data[at:at + count * 512]
            at += count * 512
        else:
            yield ("flush",) if kind == 2 else ("mark", what)


def record_load(folder, seed, steps):
    """Run it; returns the image before, the events, and the promises."""
    image, before, record = folder / "image", folder / "before", folder / "record"
    make_fat(before, 3 << 20, "-F", "16", "-s", "1", "-r", "64")
    shutil.copyfile(before, image)
    with Drive() as drive:
        drive("disk", "hda", image)
        drive("record", record)
        drive("mount", "hda", "/", "fat")
        load = Load(drive, seed)
        for _ in range(steps):
            load.step()
        drive("sync")
        load.durable = dict(load.files)
        load.mark()
        drive.unmount()
    return before.read_bytes(), list(read_record(record)), load.promises


def put(disk, writes):
    for _, sector, data in writes:
        disk[sector * 512:sector * 512 + len(data)] = data


def damaged(pick, writes, block):
    """What a disk may have done of these writes when the power went: some, in any order, perhaps one of them in part."""
    kept = [w for w in writes if pick.random() < pick.choice([0.2, 0.5, 0.9])]
    pick.shuffle(kept)
    if kept and pick.random() < 0.5:
        _, sector, data = kept.pop()
        kept.append(("write", sector, data[:block * pick.randint(1, len(data) // block)]))
    return kept


def all_moments(events, seed, each):
    """At each flush, and `each` times in the writes before it: (first event, end, seed; None for all of them in order)."""
    pick = random.Random(seed)
    start = 0
    for n, event in enumerate(events):
        if event[0] == "flush":
            if any(e[0] == "write" for e in events[start:n]):
                for k in range(each):
                    yield start, pick.randint(start + 1, n), None if k == 0 else pick.random()
            yield n + 1, n + 1, None
            start = n + 1


def build_moment(before, events, moment, block=512):
    """
    The image then, and the last mark before it (-1: there was none yet). `block`: bytes of which a disk writes all or nothing.
    """
    flushed, end, seed = moment
    disk = bytearray(before)
    put(disk, [e for e in events[:flushed] if e[0] == "write"])
    writes = [e for e in events[flushed:end] if e[0] == "write"]
    put(disk, damaged(random.Random(seed), writes, block) if seed else writes)
    return disk, next((e[1] for e in reversed(events[:end]) if e[0] == "mark"), -1)


def check_moment(image, promised, path):
    found = FatVolume(bytes(image)).files()
    for name, data in promised.items():
        assert name in found and found[name] == data, f"{name} was synced, and is " + (
            "not there" if name not in found else f"not the same: {len(found[name])} bytes of {len(data)}")
    path.write_bytes(image)
    said = subprocess.run(["fsck.fat", "-n", path], capture_output=True, text=True).stdout
    for line in said.splitlines():
        assert any(re.fullmatch(pattern, line.strip()) for pattern in HARMLESS), said


@pytest.mark.parametrize("seed", range(int(os.environ.get("MYOS_TEST_ALL") == "1") * 9 + 1))
def test_any_moment_of_a_load_is_harmless(seed, tmp_path):
    everything = os.environ.get("MYOS_TEST_ALL") == "1"
    before, events, promises = record_load(tmp_path, seed, 300 if everything else 120)
    end, checked = time.monotonic() + (3600 if everything else 15), 0
    points = list(all_moments(events, seed, 3))
    random.Random(seed).shuffle(points)
    for n in points:
        image, mark = build_moment(before, events, n)
        check_moment(image, promises[mark] if mark >= 0 else {}, tmp_path / "crashed")
        checked += 1
        if time.monotonic() > end:
            break
    assert checked >= min(len(points), 30)


def test_the_flushes_are_needed(tmp_path):
    """If the disk were free to do the load's writes in any order, something would break, and these tests would see it."""
    before, events, promises = record_load(tmp_path, 1, 120)
    last = max(n for n, event in enumerate(events) if event[0] == "flush")
    lazy = [event for n, event in enumerate(events) if event[0] != "flush" or n == last]
    broken = 0
    for moment in all_moments(lazy, 1, 20):
        image, _ = build_moment(before, lazy, moment)
        try:
            check_moment(image, {}, tmp_path / "crashed")
        except AssertionError:
            broken += 1
    assert broken
