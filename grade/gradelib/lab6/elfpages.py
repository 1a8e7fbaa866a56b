"""
Files of elf.py, mapped by the kernel into two spaces each (labs/lab06-processes/tests/elf.c), page by page as they lie in the
memory that QEMU has.
"""

import random
import struct
from collections import Counter

from ..lab3 import COW, EFAULT, FRAME, KERNEL_BASE, PRESENT, USER, WRITE
from ..lab3.inside import Tables, halted
from ..lab4.inside import once
from ..verdicts import Mismatch
from .elf import DYN, EXEC, PF_W, File, move, page_down, page_up, some_loads

FILES = 4
LACKS = {"file-system": "no tmpfs can be mounted (lab 5)", "file": "a file in a tmpfs cannot be made or written (lab 5)",
         "memory": "there is no memory, in a machine that has enough (lab 3)",
         "files": "the grader's files did not arrive; they come by QEMU's fw_cfg"}


class Directory(Tables):
    """The page tables of a space that is not the current one."""

    def __init__(self, machine, directory):     # pylint: disable=super-init-not-called
        self.cr3 = directory
        self.directory = struct.unpack("<1024I", machine.read_phys(directory, FRAME))
        self.tables = {i: struct.unpack("<1024I", machine.read_phys(pde & ~0xFFF, FRAME))
                       for i, pde in enumerate(self.directory[:KERNEL_BASE >> 22]) if pde & PRESENT}


class Whole:
    """A file with its bytes: nowhere zero, behind its segments neither."""

    def __init__(self, rng, kind):
        loads = some_loads(rng, 0 if kind == DYN else rng.randrange(0x100, 0x8000) << 16, rng.choice([2, 3, 4]), 2, 4)
        for n, segment in enumerate(loads):
            segment.offset %= 8 * FRAME         # the kernel test has room for half a megabyte of files
            segment.flags = segment.flags or 4
            if n == 0:                          # text whose last page has others' bytes, and memory to write with .bss
                segment.flags = 5
                segment.filesz = segment.memsz = FRAME + rng.randrange(1, 2 * FRAME)
            elif n == 1:
                segment.flags = 6
                segment.filesz = rng.randrange(FRAME, 2 * FRAME)
                segment.memsz = segment.filesz + rng.randrange(1, 3 * FRAME)
        self._apart(loads)
        self.file = File(kind, loads, rng)
        size = max(page_up(segment.offset + segment.filesz) for segment in loads)
        body = bytearray(1 + byte % 255 for byte in rng.randbytes(size))
        head = self.file.header() + self.file.table()
        body[:len(head)] = head
        self.bytes = bytes(body)

    @staticmethod
    def _apart(loads):
        """Give each its own pages and bytes again."""
        for one, other in zip(loads, loads[1:]):
            if page_down(other.vaddr) < page_up(one.vaddr + one.memsz):
                move([other], page_up(one.vaddr + one.memsz) - page_down(other.vaddr))
            other.offset = one.offset + one.filesz + (other.vaddr - one.offset - one.filesz) % FRAME

    def segment_at(self, va):
        """The segment that has the page at va, before it is moved."""
        return next((one for one in self.file.loaded if page_down(one.vaddr) <= va < page_up(one.vaddr + one.memsz)), None)

    def wanted(self, va):
        """Of the page: its bytes, and a mask with 1 for those that are told by anybody's contract."""
        segment = self.segment_at(va)
        start, file_end, end = segment.vaddr, segment.vaddr + segment.filesz, segment.vaddr + segment.memsz
        data, mask = bytearray(FRAME), bytearray(FRAME)
        for i in range(FRAME):
            at = va + i
            if start <= at < file_end:
                data[i], mask[i] = self.bytes[segment.offset + at - start], 1
            elif file_end <= at < end:          # .bss; in the file's last page only where it can be written
                mask[i] = bool(segment.flags & PF_W or not segment.filesz or va >= page_up(file_end))
        return data, mask

    def is_files(self, va):
        """Does the page hold what the file's page holds, with nothing made zeros?"""
        segment = self.segment_at(va)
        file_end = segment.vaddr + segment.filesz
        if not segment.filesz or va >= page_up(file_end):
            return False
        return va + FRAME <= file_end or segment.memsz == segment.filesz


class Seen:
    """What was seen of one file's pages: lines of the kernel test, and from outside entries, holders and bytes."""

    def __init__(self, whole):
        self.whole, self.error, self.maps = whole, None, []
        self.reads, self.writes, self.pages = [[], []], [], [{}, {}]

    def look(self, kernel, number):
        directories = struct.unpack_from("<2I", kernel.machine.read_phys(
            kernel.elf.address("elf_directories") - KERNEL_BASE + 8 * number, 8))
        for space, (error, bias) in enumerate(self.maps):
            if error or not directories[space]:
                continue
            tables = Directory(kernel.machine, directories[space])
            for va in range(self.whole.file.low, self.whole.file.high, FRAME):
                entry = tables.entry(va + bias & 0xFFFFFFFF)
                if entry:
                    self.pages[space][va] = (entry, kernel.pages.refs(entry >> 12),
                                             kernel.machine.read_phys(entry & ~0xFFF, FRAME))


@once
def _looked(run):
    """All files, mapped in one boot, and looked at."""
    rng = random.Random(run.kernel_seed)
    wholes = [Whole(rng, kind) for kind in (EXEC, DYN, EXEC, DYN)]
    made = run.dir / "elf.bin"
    made.write_bytes(struct.pack("<I", FILES) + b"".join(struct.pack("<I", len(one.bytes)) + one.bytes for one in wholes))
    args = ["-fw_cfg", f"name=opt/myos/elf,file={made}"]
    with halted(run, "elf_mapped", args=args) as (kernel, _):
        files, space = [], 0
        for key, *words in run.observed(kernel.machine, "elf_mapped"):
            if key == "lacks":
                raise Mismatch(LACKS.get(words[0], words[0]))
            if key == "file":
                files.append(Seen(wholes[len(files)]))
                files[-1].error = int(words[0])
            elif key == "map":
                space = len(files[-1].maps)
                files[-1].maps.append((int(words[0]), int(words[1], 16)))
            elif key == "read":
                files[-1].reads[space].append((int(words[0], 16), int(words[1])))
            elif key == "write":
                files[-1].writes.append((int(words[0], 16), int(words[1])))
        for number, seen in enumerate(files):
            seen.look(kernel, number)
        return files


def looked(run):
    files = _looked(run)
    run.expect("how many files the kernel test mapped", len(files), FILES)
    for seen in files:
        file = seen.whole.file
        run.expect(f"elf_read of a right file ({file}): what it returned (-8 is -ENOEXEC)", seen.error, 0)
        run.expect(f"elf_map of it ({file}), into two spaces: what it returned", [error for error, _ in seen.maps], [0, 0])
        for _, bias in seen.maps:
            run.expect(f"elf_map of it ({file}): image->bias, the rest when divided by the size of a page", bias % FRAME, 0)
            if file.kind == EXEC:
                run.expect(f"elf_map of it ({file}): image->bias", bias, 0)
    return files


def written(run, files):
    """
    What the kernel test wrote into the first space's pages, by the seed: for each file {page: (offset, value)}. Its answers
    must say that what can be written was written, and nothing else.
    """
    chosen, result = run.kernel_random(), []
    for seen in files:
        expected, writes = [], {}
        for va in range(seen.whole.file.low, seen.whole.file.high, FRAME):
            offset, value = chosen(FRAME), 1 + chosen(255)
            if chosen(2):
                continue
            segment = seen.whole.segment_at(va)
            may = bool(segment and segment.flags & PF_W)
            expected.append((f"{va + seen.maps[0][1]:#x}", 0 if may else EFAULT))
            if may:
                writes[va] = offset, value
        run.expect(f"writes to pages of {seen.whole.file}: where, and what came of it (-14 is -EFAULT)",
                   [(f"{va:#x}", answer) for va, answer in seen.writes], expected)
        result.append(writes)
    return result


def pages(run):
    """Every page of every file: whether it is there, for whom, and what is in it."""
    files = looked(run)
    for seen, writes in zip(files, written(run, files)):
        file = seen.whole.file
        for space in (0, 1):
            bias = seen.maps[space][1]
            run.expect(f"pages of {file} that can be read, and one on either side: where, and what came of it (-14 is -EFAULT)",
                       [(f"{va:#x}", answer) for va, answer in seen.reads[space]],
                       [(f"{va + bias:#x}", 0 if seen.whole.segment_at(va) else EFAULT)
                        for va in range(file.low - FRAME, file.high + FRAME, FRAME)])
            for va in range(file.low, file.high, FRAME):
                if seen.whole.segment_at(va):
                    _expect_page(run, seen, space, va, writes.get(va) if space == 0 else None)


def _expect_page(run, seen, space, va, write):
    segment = seen.whole.segment_at(va)
    what = f"the page at p_vaddr's {va:#x} of the segment {segment}, seen from outside"
    if va not in seen.pages[space]:
        raise Mismatch(what, "a page", "nothing there")
    entry, _, content = seen.pages[space][va]
    if not entry & USER:
        raise Mismatch(f"{what}: its entry", "with PTE_USER", f"{entry:#010x}")
    if not segment.flags & PF_W and entry & (WRITE | COW):
        raise Mismatch(f"{what}: its entry", "one that cannot be written", f"{entry:#010x}")
    data, mask = seen.whole.wanted(va)
    if write:
        data[write[0]], mask[write[0]] = write[1], 1
    at = next((i for i in range(FRAME) if mask[i] and content[i] != data[i]), None)
    if at is not None:
        kind = "the file's" if va + at < segment.vaddr + segment.filesz else "zeros, behind p_filesz"
        raise Mismatch(f"{what}, from byte {at} on ({kind})", bytes(data[at:at + 12]).hex(" "), content[at:at + 12].hex(" "))


def shared(run):
    """What nobody has written is one frame: the page cache's."""
    files = looked(run)
    for seen, writes in zip(files, written(run, files)):
        holders = Counter(entry >> 12 for space in seen.pages for entry, _, _ in space.values())
        for va in range(seen.whole.file.low, seen.whole.file.high, FRAME):
            segment = seen.whole.segment_at(va)
            if not segment or va not in seen.pages[0] or va not in seen.pages[1]:
                continue
            what = f"the page at p_vaddr's {va:#x} of the segment {segment}, mapped by two"
            (one, _, _), (other, refs, _) = (seen.pages[space][va] for space in (0, 1))
            same = one >> 12 == other >> 12
            if seen.whole.is_files(va) and va not in writes:
                run.expect(f"{what}, and written by nobody: whether both have the same frame", same, True)
                run.expect(f"{what}: holders of its frame: the page cache, and who maps it", refs, 1 + holders[one >> 12])
            elif segment.flags & PF_W:
                run.expect(f"{what}, and with something of its own: whether both have the same frame", same, False)
