"""
Crashes of the whole system. What its kernel writes to a disk in QEMU is recorded by QEMU (blklogwrites), and the volume is put
together as it was at each flush, and at moments between, also with writes missing, torn or in another order; and QEMU is killed
in the middle of it. What was synced is there each time, and fsck.fat and e2fsck find no more than each file system owns up to
(handouts/reference/disk.md).
"""
import os
import random
import signal
import struct
import subprocess
import time
from pathlib import Path

import pytest

from fsimage import make_ext2, make_fat
from gradelib.machine import Machine
from test_crash import Load, all_moments, build_moment, check_moment
from test_disks import SECTOR, drive, table
from test_ext2 import read_debugfs

ROOT = Path(__file__).resolve().parents[1]
ALL = os.environ.get("MYOS_TEST_ALL") == "1"
MARK, VOLUME = 1, 64                # sectors: where the kernel test leaves its marks, and where the partition begins
MAKE = {"fat": lambda image: make_fat(image, 3 << 20, "-F", "16", "-s", "1", "-r", "64"),
        "ext2": lambda image: make_ext2(image, "3M", "-b", "1024")}
FLUSH = 1                           # in the record
BLOCK = {"fat": 512, "ext2": 1024}  # bytes that reach the disk together, or not at all


@pytest.fixture(scope="module")
def kernel():
    subprocess.run(["make", "-s", "-j2", "-f", "scripts/build.mk", "kernel"], cwd=ROOT, check=True)
    return ROOT / "build/kernel.elf"


class Steps:
    """Takes a load's commands down, as the kernel test given_load reads them from its second disk."""

    def __init__(self):
        self.raw = bytearray()

    def __call__(self, name, *words):
        paths = [word.encode() for word in words if isinstance(word, str)]
        numbers = [word for word in words if isinstance(word, int)]
        assert len(paths) <= 2 and all(len(path) < 224 for path in paths)
        self.raw += struct.pack("<16s224s224s3I36x", name.encode(), *(paths + [b"", b""])[:2], *(numbers + [0, 0, 0])[:3])


def some_load(seed, steps):
    """Its commands for the kernel test, and what must be there after each mark."""
    script = Steps()
    load = Load(script, seed)
    for _ in range(steps):
        load.step()
    script("sync")
    load.durable = dict(load.files)
    load.mark()
    script("umount", "/")
    return bytes(script.raw) + bytes(SECTOR), load.promises


def make_disk(folder, kind, script):
    """A disk with an empty volume, and one with the steps. Gives the volume, and QEMU's options for the second disk."""
    volume = folder / "volume"
    MAKE[kind](volume)
    data = volume.read_bytes()
    first = table((6 if kind == "fat" else 0x83, VOLUME, len(data) // SECTOR))
    (folder / "disk").write_bytes(first.ljust(VOLUME * SECTOR, b"\0") + data)
    (folder / "steps").write_bytes(script)
    return data, drive(1, f"file={folder}/steps,format=raw")


def boot(kernel, folder, *args):
    return Machine(folder, kernel=kernel, symbols=[kernel], cmdline="ktest=given_load seed=1 nonce=N", args=args)


def reported(machine):
    """What the kernel test said. A line that does not end, of a machine that was killed in its midst, says nothing."""
    lines = machine.serial.decode().replace("\r", "").split("\n")[:-1]
    return [line.removeprefix("@N given_load ") for line in lines if line.startswith("@N given_load ")]


def read_log(path):
    """
    What QEMU recorded, of the volume, as test_crash has it: ("write", sector, bytes), ("flush",), ("mark", n). The format is
    that of Linux's dm-log-writes: a sector that says how many entries follow, each a sector with what was done and the data.
    """
    log = path.read_bytes()
    magic, _, entries, size = struct.unpack_from("<3QI", log)
    assert (magic, size) == (0x6A736677736872, SECTOR)
    at = SECTOR
    for _ in range(entries):
        sector, count, flags = struct.unpack_from("<3Q", log, at)
        data = log[at + SECTOR:at + SECTOR * (1 + count)]
        at += SECTOR * (1 + count)
        assert flags in (0, FLUSH)
        if flags == FLUSH:
            yield ("flush",)
        if count and sector == MARK:
            yield "mark", *struct.unpack_from("<I", data)
        elif count:
            assert sector >= VOLUME
            yield "write", sector - VOLUME, data


def check_ext2(image, promised, folder):
    """e2fsck mends it, and what was promised is there then."""
    volume, dump = folder / "crashed", folder / "dump"
    volume.write_bytes(image)
    mended = subprocess.run(["e2fsck", "-fy", volume], capture_output=True, text=True)
    assert mended.returncode in (0, 1), mended.stdout
    clean = subprocess.run(["e2fsck", "-fn", volume], capture_output=True, text=True)
    assert clean.returncode == 0, mended.stdout + clean.stdout
    subprocess.run(["rm", "-rf", dump], check=True)
    read_debugfs(volume, dump)
    for name, data in promised.items():
        path = dump / name[1:]
        assert path.is_file() and path.read_bytes() == data, f"{name} was synced, and is not so\n{mended.stdout}"


def check(kind, image, promised, folder):
    if kind == "fat":
        check_moment(image, promised, folder / "crashed")
    else:
        check_ext2(image, promised, folder)


@pytest.mark.parametrize("kind", MAKE)
def test_any_moment_that_qemu_recorded(kernel, kind, tmp_path):
    script, promises = some_load(7, 120)
    before, steps = make_disk(tmp_path, kind, script)
    (tmp_path / "log").touch()
    layers = [f"driver=file,node-name=disk,filename={tmp_path}/disk", f"driver=file,node-name=log,filename={tmp_path}/log",
              "driver=blklogwrites,node-name=recorded,file=disk,log=log"]
    with boot(kernel, tmp_path, *(word for layer in layers for word in ("-blockdev", layer)), "-device",
              "ide-hd,drive=recorded,bus=ide.0,unit=0", *steps) as machine:
        machine.wait_exit(60)
        lines = reported(machine)
    assert lines == ["mount 0", *(f"mark {n}" for n in range(len(promises))), "end"]
    events = list(read_log(tmp_path / "log"))
    assert [event[1] for event in events if event[0] == "mark"] == list(range(len(promises)))
    flushes = list(all_moments(events, 7, 0))
    others = [moment for moment in all_moments(events, 7, 500 // len(flushes) * 3 + 3) if moment not in flushes]
    assert len(flushes) >= 5, "there is hardly a flush"
    pick = random.Random(7)
    points = flushes + pick.sample(others, 500) if ALL else flushes[::5] + pick.sample(others, 40)
    for moment in points:
        image, mark = build_moment(before, events, moment, BLOCK[kind])
        check(kind, image, promises[mark] if mark >= 0 else {}, tmp_path)
    whole = bytearray((tmp_path / "disk").read_bytes()[VOLUME * SECTOR:])
    assert build_moment(before, events, (len(events), len(events), None))[0] == whole


@pytest.mark.parametrize("n", range(10 if ALL else 2))
def test_qemu_is_killed(kernel, n, tmp_path):
    """At a random moment. What the kernel said on COM1 that it had synced is there."""
    kind, pick = list(MAKE)[n % 2], random.Random()
    seed = pick.randrange(1 << 16)
    script, promises = some_load(seed, 200)
    _, steps = make_disk(tmp_path, kind, script)
    wanted, pause = pick.randrange(1, len(promises) - 20), pick.random() / 50
    with boot(kernel, tmp_path, *drive(0, f"file={tmp_path}/disk,format=raw"), *steps) as machine:
        machine.wait_serial(rf"mark {wanted}\b", 60)
        time.sleep(pause)
        os.kill(machine.pid, signal.SIGKILL)
        while machine.exit_code is None:
            machine.pump(1)
        marks = [int(line.split()[1]) for line in reported(machine) if line.startswith("mark")]
    disk = (tmp_path / "disk").read_bytes()
    (last,) = struct.unpack_from("<I", disk, MARK * SECTOR)
    assert wanted <= marks[-1] <= last <= marks[-1] + 1
    promised = {k: v for k, v in promises[marks[-1]].items() if promises[last].get(k) == v}
    try:
        check(kind, disk[VOLUME * SECTOR:], promised, tmp_path)
    except AssertionError as error:
        raise AssertionError(f"seed {seed}, killed behind mark {marks[-1]}: {error}") from error
