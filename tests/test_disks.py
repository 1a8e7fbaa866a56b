"""
What lab 5 gives below the file systems and grade/lab5 does not judge: DMA, interrupts, requests that are tried again, machines
without disks, block devices, partition tables of any kind.
"""

import random
import re
import struct
import subprocess
from pathlib import Path

import pytest

from gradelib.ktests import KtestRandom
from gradelib.machine import Machine

ROOT = Path(__file__).resolve().parents[1]
SECTOR, SEED = 512, 5
MAKERS = {"PATH": "/usr/sbin:/sbin:/usr/bin:/bin"}


@pytest.fixture(scope="module")
def kernel():
    subprocess.run(["make", "-s", "-j2", "-f", "scripts/build.mk", "kernel"], cwd=ROOT, check=True)
    return ROOT / "build/kernel.elf"


def reports(kernel, folder, test, args=(), words="", **how):
    """What a kernel test reports, and all that the kernel said."""
    with Machine(folder, kernel=kernel, symbols=[kernel], cmdline=f"ktest={test} seed={SEED} nonce=N {words}",
                 args=args, **how) as machine:
        machine.wait_until(lambda: machine.exit_code is not None, 20, "the kernel's end")
        text = machine.serial.decode().replace("\r", "")
        assert machine.exit_code == 33, text
    return [line.split(" ", 2)[2] for line in text.splitlines() if line.startswith(f"@N {test} ")], text


def disk(path, place, content=None, sectors=None):
    """QEMU options for a disk at a place 0 to 3."""
    if content is not None:
        path.write_bytes(content)
    if sectors:
        with open(path, "ab") as file:
            file.truncate(sectors * SECTOR)
    return drive(place, f"file={path},format=raw")


def drive(place, source):
    return ["-drive", f"if=none,id=d{place},{source}",
            "-device", f"ide-hd,drive=d{place},bus=ide.{place // 2},unit={place % 2}"]


def sum_of(data):
    total = 0
    for word in struct.unpack(f"<{len(data) // 4}I", data):
        total = total * 31 + word & 0xFFFFFFFF
    return total


@pytest.mark.parametrize("words, how", [("", "1 0 1"), ("ata=pio", "0 0 1")])
def test_requests_of_any_size(kernel, tmp_path, words, how):
    """By DMA and by programmed I/O, both with interrupts; buffers that DMA cannot reach."""
    content, chosen, expected = bytearray(random.Random(1).randbytes(4096 * SECTOR)), KtestRandom(SEED), []
    image = tmp_path / "disk.img"
    args = disk(image, 0, content)
    for n in range(18):
        count = 1 + chosen(600)
        lba = chosen(4096 - count)
        piece = slice(lba * SECTOR, (lba + count) * SECTOR)
        if n < 12:
            expected.append(f"read {lba} {count} 0 {sum_of(content[piece]):x}")
        else:
            first = chosen(1 << 31)
            content[piece] = struct.pack(f"<{count * 128}I", *(first + i for i in range(count * 128)))
            expected.append(f"write {lba} {count} 0 {first:x}")
    expected += [f"stack 0 {sum_of(content[SECTOR:2 * SECTOR]):x}", f"odd 0 {sum_of(content[2 * SECTOR:3 * SECTOR]):x}"]
    assert reports(kernel, tmp_path, "given_disk", args, words)[0] == [*expected, f"how {how}"]
    assert image.read_bytes() == content


def test_requests_beyond_the_end(kernel, tmp_path):
    """Errors, none of which the drive was asked about: it would have a line in the log."""
    lines, text = reports(kernel, tmp_path, "given_bounds", disk(tmp_path / "disk.img", 0, sectors=5000))
    assert lines == ["read 0 -5 -5 -5", "write -5 -5", "none -6 -6 -6", "flush 0"]
    assert [line for line in text.splitlines() if line.startswith("hda: ") and "MiB" not in line] == []


@pytest.mark.parametrize("words", ["", "ata=pio"])
def test_many_tasks_read(kernel, tmp_path, words):
    """On slow disks, so that each waits for its own while others want the same drive or channel."""
    contents = {place: random.Random(place).randbytes(2048 * SECTOR) for place in (0, 1, 2)}
    for place, content in contents.items():
        (tmp_path / f"{place}.img").write_bytes(content)
    args = [word for place in contents
            for word in drive(place, f"file={tmp_path}/{place}.img,format=raw,throttling.iops-total=200")]
    lines, text = reports(kernel, tmp_path, "given_readers", args, words)
    sums = {}
    for place, content in contents.items():
        total = 0
        for at in range(0, len(content), 64 * SECTOR):
            total = total * 31 + sum_of(content[at:at + 64 * SECTOR]) & 0xFFFFFFFF
        sums[place] = total
    assert lines == [f"sum {place} {sums[place]:x}" for place in (0, 1, 2, 0)]
    assert not re.search("^hd[a-d]: (read|DMA)", text, re.MULTILINE), text


@pytest.mark.parametrize("words", ["", "ata=pio"])
def test_a_channel_is_one_requests(kernel, tmp_path, words):
    """QEMU itself ends one request before it takes the next, so what the lock is good for is seen only by its holder."""
    args = [word for place in (0, 1) for word in disk(tmp_path / f"{place}.img", place, sectors=100)]
    lines, _ = reports(kernel, tmp_path, "given_channel", args, words)
    assert lines == ["channel 0 early 0 error 0", "channel 1 early 0 error 0"]


@pytest.mark.parametrize("words", ["", "ata=pio"])
def test_what_fails_is_tried_again(kernel, tmp_path, words):
    """What goes on failing is an error with one line in the log; a reset is survived, and DMA stays on."""
    rules = [("read_aio", 777, "off"), ("read_aio", 888, "on"), ("write_aio", 999, "off")]
    (tmp_path / "errors.conf").write_text("".join(
        f'[inject-error]\nevent = "{event}"\nerrno = "5"\nsector = "{sector}"\nonce = "{once}"\n'
        for event, sector, once in rules))
    image = tmp_path / "disk.img"
    image.write_bytes(bytes(4096 * SECTOR))
    args = drive(0, f"driver=raw,file.driver=blkdebug,file.config={tmp_path}/errors.conf,file.image.driver=file,"
                    f"file.image.filename={image}")
    lines, text = reports(kernel, tmp_path, "given_errors", args, words)
    assert lines == ["bad -5", "once 0", "worse -5", "good 0 0", f"dma {int(not words)}"]
    assert [line for line in text.splitlines() if line.startswith("hda: ") and "MiB" not in line] == [
        "hda: read of 256 sectors from 756 on: the drive refuses it (ABRT)",
        "hda: write of 1 sectors from 999 on: the drive refuses it (ABRT)"]


@pytest.mark.parametrize("words", ["", "ata=pio"])
def test_interrupts_that_do_not_come(kernel, tmp_path, words):
    (tmp_path / "disk.img").write_bytes(bytes(100 * SECTOR))
    args = drive(0, f"file={tmp_path}/disk.img,format=raw,throttling.iops-total=4")     # slow, so that one must wait for it
    lines, text = reports(kernel, tmp_path, "given_masked", args, words)
    assert lines == ["read 0 0 polling 1"]
    assert text.count("ATA: no interrupts on line 14: polling\n") == 1


@pytest.mark.parametrize("args, line", [
    ([], None),
    (["-machine", "isapc", "-cpu", "pentium"], "hda: QEMU HARDDISK, 2 MiB, LBA48, PIO"),
    (["-machine", "q35"], None),
])
def test_machines(kernel, tmp_path, args, line):
    """No disk, no PCI, no legacy channels."""
    if line:
        args = [*args, "-drive", f"if=ide,file={tmp_path}/disk.img,format=raw"]
        (tmp_path / "disk.img").write_bytes(bytes(4096 * SECTOR))
    _, text = reports(kernel, tmp_path, "given_partitions", args)
    assert [found for found in text.splitlines() if found.startswith("hd")] == [line] * bool(line)


def test_mounts_are_words(kernel, tmp_path):
    """/proc/mounts: blanks, tabs, newlines and backslashes in names are written as getmntent(3) reads them."""
    (line,), _ = reports(kernel, tmp_path, "given_mounts")
    assert bytes.fromhex(line.removeprefix("bytes ")).decode() == (
        "none / tmpfs rw 0 0\n"
        "proc /proc proc rw 0 0\n"
        "a\\040b\\134 /x\\040y\\011\\012\\134040é tmpfs rw 0 0\n")


# ---- partitions

def table(*entries):
    """A sector with a partition table: (type, first, sectors) each."""
    raw = b"".join(struct.pack("<B3xB3xII", 0, *entry) for entry in entries)
    return bytes(446) + raw.ljust(64, b"\0") + b"\x55\xaa"


def sectors(content, size=20000):
    """A disk of so many sectors with these in it, by number."""
    data = bytearray(size * SECTOR)
    for number, sector in content.items():
        data[number * SECTOR:(number + 1) * SECTOR] = sector
    return data


def scanned(kernel, tmp_path, contents):
    """The partitions on up to four disks: [name, first, sectors, type], and what the log says of the others."""
    args = [word for place, content in enumerate(contents) for word in disk(tmp_path / f"{place}.img", place, content)]
    lines, text = reports(kernel, tmp_path, "given_partitions", args)
    found = [line.split() for line in lines]
    warnings = [line for line in text.splitlines() if line.startswith("hd") and "MiB" not in line]
    return [[name, int(first), int(size), int(kind, 16)] for _, name, disk_name, first, size, kind in found
            if disk_name != "-"], warnings


def test_tables(kernel, tmp_path):
    """Primary partitions, and logical ones in two extended partitions; a GPT; a volume without a table, by a real tool."""
    usual = sectors({
        0: table((0x0C, 2048, 8192), (5, 10240, 5000), (0x83, 19000, 1000), (0x85, 16000, 1000)),
        10240: table((6, 63, 937), (5, 2000, 1000)), 12240: table((5, 3000, 2000), (0x83, 2, 998)), 13240: table((0x82, 1, 2000)),
        16000: table((0, 0, 0), (0, 0, 0), (0x83, 500, 500))})
    gpt = sectors({0: table((0xEE, 1, 19999))})
    image = tmp_path / "made.img"
    image.write_bytes(bytes(20000 * SECTOR))
    subprocess.run(["mkfs.fat", "-F", "16", image], env=MAKERS, check=True, stdout=subprocess.DEVNULL)
    found, warnings = scanned(kernel, tmp_path, [usual, gpt, image.read_bytes()])
    assert found == [
        ["hda1", 2048, 8192, 0x0C], ["hda3", 19000, 1000, 0x83], ["hda5", 10303, 937, 6], ["hda6", 12242, 998, 0x83],
        ["hda7", 13241, 2000, 0x82], ["hda8", 16500, 500, 0x83]]
    assert warnings == ["hdb: has a GPT, which is not read"]


def test_tables_that_are_wrong(kernel, tmp_path):
    """What overlaps or reaches beyond the disk is left out; the rest is there. Chains end."""
    overlapping = sectors({0: table((6, 100, 1000), (0x83, 1099, 500), (0x83, 1100, 18900), (0x83, 19999, 2))})
    empty = sectors({0: table((6, 0, 100), (0x83, 500, 0), (0x83, 0xFFFFFFFF, 0xFFFFFFFF), (0xA5, 700, 1))})
    circle = sectors({0: table((5, 1000, 9000)), 1000: table((6, 1, 100), (5, 500, 100)), 1500: table((6, 1, 100), (5, 0, 100))})
    outside = sectors({0: table((0x0F, 1000, 2000), (6, 2999, 10), (0x85, 5000, 100)), 1000: table((6, 1, 99999), (5, 5000, 10)),
                       5000: table((6, 1, 99), (5, 0, 5))})
    found, warnings = scanned(kernel, tmp_path, [overlapping, empty, circle, outside])
    assert found == [["hda1", 100, 1000, 6], ["hda3", 1100, 18900, 0x83], ["hdb4", 700, 1, 0xA5], ["hdc5", 1001, 100, 6],
                     ["hdc6", 1501, 100, 6], ["hdd6", 5001, 99, 6]]
    assert warnings == [
        "hda2: left out: its sectors 1099-1598 reach into hda1's, 100-1099",
        "hda4: left out: 2 sectors from 19999 on, of a disk of 20000",
        "hdb1: left out: 100 sectors from 0 on, of a disk of 20000",
        "hdb2: left out: 0 sectors from 500 on, of a disk of 20000",
        "hdb3: left out: 4294967295 sectors from 4294967295 on, of a disk of 20000",
        "hdc: an extended partition's chain leads back, or out of it, to sector 1000",
        "hdd2: left out: its sectors 2999-3008 reach into the extended hdd1's, 1000-2999",
        "hdd5: left out: 99999 sectors from 1001 on, of a disk of 20000",
        "hdd: an extended partition's chain leads back, or out of it, to sector 6000",
        "hdd: an extended partition's chain leads back, or out of it, to sector 5000"]


def test_long_chains_and_garbage(kernel, tmp_path):
    chain = sectors({0: table((5, 10, 19000)), **{10 + 20 * n: table((6, 1, 19), (5, 20 * (n + 1), 20)) for n in range(100)}})
    rng = random.Random(3)
    garbage = [bytearray(rng.randbytes(3000 * SECTOR)) for _ in range(3)]
    for content in garbage:
        for sector in range(3000):
            at = sector * SECTOR
            content[at + 510:at + 512] = b"\x55\xaa"
            for entry in range(4):
                content[at + 446 + 16 * entry] &= 0x80
                content[at + 450 + 16 * entry] = rng.choice([5, 6, 0x0F, 0x83])
                content[at + 454 + 16 * entry:at + 462 + 16 * entry] = struct.pack("<II", rng.randrange(3000), rng.randrange(900))
    found, warnings = scanned(kernel, tmp_path, [chain, *garbage])
    logical = [name for name, *_ in found if name.startswith("hda")]
    assert logical == [f"hda{n}" for n in range(5, 64)]
    assert warnings[0] == "hda: more logical partitions than 59"
    taken = [(name[:3], first, first + size) for name, first, size, _ in found]
    for one in taken:
        assert not [other for other in taken if other != one and other[0] == one[0] and one[1] < other[2] and other[1] < one[2]]
