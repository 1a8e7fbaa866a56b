"""
Disks for exercises 5.1 and 5.2: how they are attached, what is on them, which commands QEMU saw, and what IDENTIFY's words
mean. Read more: labs/lab05-disks/tests/ata.c; ATA/ATAPI-6, 8.15.8; QEMU's block/vdi.c for the format of a large disk.
"""

import contextlib
import functools
import itertools
import random
import re
import struct

from ..qemu import option
from ..verdicts import Mismatch, Verdict

SECTOR = 512
PLACES = "hda", "hdb", "hdc", "hdd"
ATAPI, NOBODY = "a CD-ROM drive", "nobody"
EIO, ENODEV, ETIMEDOUT = -5, -19, -110
LBA28 = 0x0FFFFFFF              # sectors that addresses of 28 bits reach
LARGE = 140 << 21               # sectors of pio_read's and pio_write's disk
MARK = 0xE5                     # CHECK POWER MODE, by which the kernel tests begin a step
SET_MULTIPLE = 0xC6
GUARD, GUARDS = 0x6D794F53, 4  # words around buffers: which, and how many on each side
STEPS = 18                      # of pio_read and pio_write: a third each with these blocks
BLOCKS = 1, 16, 4
BAD_STEPS = 10                  # of pio_errors
BUSY_WITH = 500                 # the sector that the drive offers when it is not ready for a command
AROUND = 8                      # sectors on both sides of what is read or written that have contents, too

COMMANDS = {
    0x20: "READ SECTORS", 0x24: "READ SECTORS EXT", 0x29: "READ MULTIPLE EXT", 0xC4: "READ MULTIPLE",
    0x30: "WRITE SECTORS", 0x34: "WRITE SECTORS EXT", 0x39: "WRITE MULTIPLE EXT", 0xC5: "WRITE MULTIPLE",
    SET_MULTIPLE: "SET MULTIPLE", 0xE7: "FLUSH CACHE", 0xEA: "FLUSH CACHE EXT", 0xEC: "IDENTIFY",
    0xC8: "READ DMA", 0x25: "READ DMA EXT", 0xCA: "WRITE DMA", 0x35: "WRITE DMA EXT",
}


# ---- disks

class LargeDisk:
    """
    A disk of any size in a small file: an image in VirtualBox's format, of which QEMU reads and writes the blocks in place.
    Only those are there that were written here; what the kernel writes elsewhere makes new ones, and shows.
    """

    BLOCK = 1 << 20             # bytes
    ABSENT = 0xFFFFFFFF

    def __init__(self, path, sectors):
        self.path, self.sectors = path, sectors
        self.count = -(-sectors * SECTOR // self.BLOCK)
        self.start = -(-(SECTOR + 4 * self.count) // self.BLOCK) * self.BLOCK
        self.blocks = {}        # number on the disk: number in the file
        with open(path, "wb") as file:
            file.write(self._header() + b"\xff" * (4 * self.count))

    def _header(self):
        header = b"<<< QEMU VM Virtual Disk Image >>>\n".ljust(0x40, b"\0")
        header += struct.pack("<5I256x7IQ4I", 0xBEDA107F, 0x00010001, 0x180, 1, 0, SECTOR, self.start, 0, 0, 0, SECTOR, 0,
                              self.sectors * SECTOR, self.BLOCK, 0, self.count, len(self.blocks))
        return header.ljust(SECTOR, b"\0")

    def _pieces(self, lba, size):
        """(block, offset in it, bytes) of this part of the disk."""
        at, end = lba * SECTOR, lba * SECTOR + size
        while at < end:
            n = min(end - at, self.BLOCK - at % self.BLOCK)
            yield at // self.BLOCK, at % self.BLOCK, n
            at += n

    def write(self, lba, data):
        """Before QEMU has it."""
        with open(self.path, "r+b") as file:
            for block, offset, n in self._pieces(lba, len(data)):
                if block not in self.blocks:
                    place = self.blocks[block] = len(self.blocks)
                    file.seek(SECTOR + 4 * block)
                    file.write(struct.pack("<I", place))
                file.seek(self.start + self.blocks[block] * self.BLOCK + offset)
                file.write(data[:n])
                data = data[n:]
            file.truncate(self.start + len(self.blocks) * self.BLOCK)
            file.seek(0)
            file.write(self._header())

    def read(self, lba, count):
        """Of the sectors that were written here."""
        data = b""
        with open(self.path, "rb") as file:
            for block, offset, n in self._pieces(lba, count * SECTOR):
                file.seek(self.start + self.blocks[block] * self.BLOCK + offset)
                data += file.read(n)
        return data

    def around(self, lba, count):
        """The sectors from an lba on, and some on both sides: the first, and the one behind the last."""
        return max(0, lba - AROUND), min(lba + count + AROUND, self.sectors)

    def strays(self):
        """First sectors of blocks that were not there, until somebody wrote into them."""
        with open(self.path, "rb") as file:
            file.seek(SECTOR)
            table = struct.unpack(f"<{self.count}I", file.read(4 * self.count))
        return [block * self.BLOCK // SECTOR for block, place in enumerate(table)
                if place != self.ABSENT and block not in self.blocks]


def put(to, to_start, data, data_start):
    """Put data into `to`, as far as they overlap; the starts are where on the disk each lies, in bytes."""
    first, end = max(to_start, data_start), min(to_start + len(to), data_start + len(data))
    if first < end:
        to[first - to_start:end - to_start] = data[first - data_start:end - data_start]


def attach(place, file, driver="ide-hd", **properties):
    """QEMU options for a drive at a place 0 to 3. `file` is what -drive needs to find it."""
    name = PLACES[place]
    words = "".join(f",{key}={option(value)}" for key, value in properties.items())
    return ["-drive", f"if=none,id={name},{file}",
            "-device", f"{driver},drive={name},id=dev-{name},bus=ide.{place // 2},unit={place % 2}{words}"]


def vdi(disk):
    return f"file={option(disk.path.resolve())},format=vdi"


def raw(path):
    return f"file={option(path.resolve())},format=raw"


def failing(run, path, bad_read, bad_write):
    """The same for an image with a sector that cannot be read, one that cannot be written, and a first flush that fails."""
    rules = run.dir / "errors.conf"
    rules.write_text("".join(f'[inject-error]\nevent = "{event}"\nerrno = "5"\n{more}\n' for event, more in (
        ("read_aio", f'sector = "{bad_read}"'), ("write_aio", f'sector = "{bad_write}"'), ("flush_to_disk", 'once = "on"'))))
    return (f"driver=raw,file.driver=blkdebug,file.config={option(rules.resolve())},file.image.driver=file,"
            f"file.image.filename={option(path.resolve())}")


# ---- the machine

@contextlib.contextmanager
def halted(run, name, args):
    """Boot to the kernel test `name`, which halts. Gives the Machine, and the lines it reported, each a list of words."""
    options = dict(kernel=run.build.kernel, cmdline=run.ktest_cmdline(name), args=["-trace", "ide_exec_cmd", *args])
    with run.qemu(**options) as machine:
        machine.wait_until(lambda: machine.halted and ["halts"] in run.observed(machine, name),
                           what=f"the kernel test {name} to come to its end")
        yield machine, run.observed(machine, name)


def steps(traced, count):
    """
    The commands that QEMU saw in each of a kernel test's so many steps, by name; none at all from a QEMU that writes no such
    trace: then not even the BIOS's commands are there.
    """
    commands = [int(code, 16) for code in re.findall(r"^ide_exec_cmd .*cmd 0x(\w+)", traced, re.M)]
    found = []
    for code in commands:
        if code == MARK:
            found.append([])
        elif found and code != SET_MULTIPLE:        # the tests' own
            found[-1].append(COMMANDS.get(code, f"{code:#04x}"))
    if commands and len(found) <= count:            # the last step has a mark behind it, too
        raise Mismatch("the commands that the drive got", f"one for each of {count} requests", "more than could be kept")
    return found[:count]


def transfer_command(write, lba, count, block):
    """The names of the commands that may do it."""
    name = f"{'WRITE' if write else 'READ'} {'MULTIPLE' if block > 1 else 'SECTORS'}"
    forms = {lba + count > LBA28, lba + count > LBA28 + 1}      # the very last address: either form will do
    return [name + " EXT" * form for form in sorted(forms)]


def expect_command(what, seen, allowed):
    if len(seen) != 1 or seen[0] not in allowed:
        raise Mismatch(f"the commands that the drive got to {what}", f"one {' or '.join(allowed)}", ", ".join(seen) or "none")


# ---- what the kernel tests choose, from the same seed

def transfers(chosen, write):
    """Where pio_read's and pio_write's disk is, and (lba, count, block, data) of each step."""
    place, found = chosen(4), []
    for n in range(STEPS):
        near, far, high = chosen(5000), chosen(1 << 24), 1 + chosen(14)
        count = (1, 256, 2, 255, 0, 17)[n % 6] or 3 + chosen(250)
        lba = (1 + near, high << 24 | far, (1 << 28) - near % (count + 4), LARGE - count - (far if high % 2 else 0))[n % 4]
        found.append((lba, count, BLOCKS[n // (STEPS // 3)], filled(chosen, count) if write else None))
    return place, found


def filled(chosen, count):
    base = chosen(0xFFFFFFFF)
    step = 2 * chosen(0x7FFFFFFF) + 1
    return struct.pack(f"<{count * 128}I", *(base + i * step & 0xFFFFFFFF for i in range(count * 128)))


def sums(data):
    """The two sums of report_buffer()."""
    words = struct.unpack(f"<{len(data) // 4}I", data)
    return sum(words) & 0xFFFFFFFF, sum(itertools.accumulate(words)) & 0xFFFFFFFF


class Transfers:
    """What pio_read or pio_write has done on a large disk. All of it is in memory when this is made: the disk may go then."""

    def __init__(self, run, name, write):
        self.name, self.write = name, write
        where, self.steps = transfers(run.kernel_random(), write)
        disk, rng = LargeDisk(run.dir / "large.img", LARGE), random.Random(run.kernel_seed)
        for lba, count, _, _ in self.steps:
            first, end = disk.around(lba, count)
            disk.write(first, rng.randbytes((end - first) * SECTOR))
        self.before = self._neighbourhoods(disk)
        with halted(run, name, attach(where, vdi(disk))) as (machine, lines):
            self.traced = machine.traced
        self.after, self.strays = self._neighbourhoods(disk), disk.strays()
        lines = [line[1:] for line in lines if line[0] == name[4:]]
        run.expect("the steps that were told", [int(line[0]) for line in lines], list(range(STEPS)))
        self.told = [[int(word) for word in line[1:]] for line in lines]

    def _neighbourhoods(self, disk):
        """For each step its first sector with content of ours, and that content."""
        found = []
        for lba, count, _, _ in self.steps:
            first, end = disk.around(lba, count)
            found.append((first, disk.read(first, end - first)))
        return found

    def each(self, far):
        """(number, lba, count, a description, what was reported) of the steps with 48-bit addresses, or of the others."""
        for n, (lba, count, block, _) in enumerate(self.steps):
            if (lba + count > LBA28) == far:
                yield n, lba, count, f"{count} sectors from {lba} on, in blocks of {block}", self.told[n]

    def expect_read(self, run, far):
        for n, lba, count, what, (result, *seen, guards) in self.each(far):
            run.expect(f"{what}: ata_pio_read", result, 0)
            run.expect(f"{what}: words around the buffer that are as they were", guards, 2 * GUARDS)
            first, data = self.before[n]
            run.expect(f"{what}: the sums over what was read", tuple(seen),
                       sums(data[(lba - first) * SECTOR:(lba - first + count) * SECTOR]))

    def expect_written(self, run, far):
        for n, _, _, what, (result,) in self.each(far):
            run.expect(f"{what}: ata_pio_write", result, 0)
            for sector, wanted, seen in self._differences(n):
                raise Mismatch(f"{what} were written: how sector {sector} of the disk begins", wanted[:16].hex(" "),
                               seen[:16].hex(" "))
        # What went astray may be one of the other steps', which then misses it: that is told there.
        if self.strays and not any(list(self._differences(n)) for n, *_ in self.each(not far)):
            raise Mismatch("sectors were written that nobody asked for, among the 2048 from each of these on",
                           details=[str(sector) for sector in self.strays[:8]])

    def _differences(self, n):
        """Sectors in the neighbourhood of step n that are not as they ought to be: (number, wanted, seen)."""
        first, before = self.before[n]
        wanted, seen = bytearray(before), self.after[n][1]
        for lba, _, _, data in self.steps:              # some lie in each other's neighbourhood
            put(wanted, first * SECTOR, data, lba * SECTOR)
        for at in range(0, len(wanted), SECTOR):
            if seen[at:at + SECTOR] != wanted[at:at + SECTOR]:
                yield first + at // SECTOR, wanted[at:at + SECTOR], seen[at:at + SECTOR]

    def expect_commands(self):
        for (lba, count, block, _), seen in zip(self.steps, steps(self.traced, STEPS)):
            expect_command(f"{self.name}: {count} sectors from {lba} on, in blocks of {block}", seen,
                           transfer_command(self.write, lba, count, block))


KEPT = {}               # what is run once for several tests


def once(look):
    """
    What look(run) finds in a machine of its own, or the Verdict that it comes to. It is booted once for all tests; each gets
    the logs, but no disks.
    """
    @functools.wraps(look)
    def kept(run):
        key = run.build.kernel, look.__name__
        if key not in KEPT:
            try:
                found = look(run)
            except Verdict as verdict:
                found = verdict
            KEPT[key] = found, {path.name: path.read_bytes() for path in run.dir.iterdir() if path.suffix != ".img"}
        found, logs = KEPT[key]
        for name, data in logs.items():
            (run.dir / name).write_bytes(data)
        if isinstance(found, Verdict):
            raise found
        return found
    return kept


@once
def reads(run):
    return Transfers(run, "pio_read", write=False)


@once
def writes(run):
    return Transfers(run, "pio_write", write=True)


# ---- IDENTIFY

class Identity:
    """What 256 words mean."""

    FIELDS = "sectors", "lba48", "dma", "write_cache", "multiple"

    def __init__(self, words):
        valid = words[83] >> 14 == 1
        self.lba48 = int(valid and words[83] >> 10 & 1)
        self.dma = words[49] >> 8 & 1
        self.write_cache = int(valid and words[82] >> 5 & 1)
        self.multiple = words[47] & 0xFF
        self.sectors = sum(word << 16 * i for i, word in enumerate(words[100:104] if self.lba48 else words[60:62]))
        self.usable = bool(words[49] >> 9 & 1 and self.sectors)
        self.model, self.serial = text(words[27:47]), text(words[10:20])


def text(words):
    return struct.pack(f">{len(words)}H", *words).decode("latin-1").rstrip(" ")


def random_name(rng, most):
    """A name for a drive: not empty, without blanks at its ends."""
    middle = "".join(rng.choice("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_. ")
                     for _ in range(rng.randrange(most - 1)))
    return f"{rng.choice('ABCDEFGH')}{middle}{rng.choice('12345678')}"


def random_words(chosen, n):
    """As choose_words() chooses them."""
    words = [chosen(0x10000) for _ in range(256)]
    for i in range(10, 47):
        first, second = 33 + chosen(90), 33 + chosen(90)
        if i < 20 or i >= 27:
            words[i] = first << 8 | second
    blanks = chosen(12)
    for i in range(20 - blanks // 2, 20):
        words[i] = 0x2020
    if blanks % 2:
        at = 19 - blanks // 2
        words[at] = words[at] & 0xFF00 | 0x20
    words[28] = 0x2020
    words[83] = words[83] & 0x3FFF | (0x4000 if chosen(4) else chosen(4) << 14)
    if n % 4:
        words[49] |= 0x0200
    if n % 8 == 5:
        words[60:62] = 0, 0
    if n % 8 == 6:
        words[100:104] = 0, 0, 0, 0
    words[103] = 0
    return words


class Reported:
    """What ata_identity() has made of it, as report_identity() tells: the line, and the two lines of text behind it."""

    def __init__(self, lines, at):
        key, number, result, *values = lines[at]
        self.number, self.result = int(number), int(result)
        for field, value in zip(Identity.FIELDS, values):
            setattr(self, field, int(value))
        self.model, self.serial = (bytes.fromhex(line[1]).partition(b"\0") for line in lines[at + 1:at + 3])

    def expect_fields(self, run, what, identity):
        for field in Identity.FIELDS:
            run.expect(f"{what}: {field}", getattr(self, field), getattr(identity, field))

    def expect_names(self, run, what, model, serial):
        for field, (seen, end, _), wanted in (("model", self.model, model), ("serial", self.serial, serial)):
            if not end:
                raise Mismatch(f"{what}: {field} has no NUL at its end", wanted, repr(seen.decode("latin-1")))
            run.expect(f"{what}: {field}", repr(seen.decode("latin-1")), repr(wanted))
