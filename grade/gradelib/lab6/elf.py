"""
Made ELF files, right ones and such with one thing wrong, and what elf_check, elf_read and elf_map must make of them; for
labs/lab06-processes/host/elf6.c and tests/elf.c. Read more: Tool Interface Standard, ELF 1.2, books I and III.
"""

import struct

from ..lab3 import EEXIST, ENOMEM, FRAME, KERNEL_BASE, USER_BASE
from ..lab3.host import cases, without_panic
from ..verdicts import Mismatch

ENOEXEC = -8
EXEC, DYN = 2, 3
NULL, LOAD, DYNAMIC, INTERP, NOTE, PHDR, TLS, STACK = 0, 1, 2, 3, 4, 6, 7, 0x6474E551
PF_X, PF_W, PF_R = 1, 2, 4
AREA_READ, AREA_WRITE, AREA_EXEC, AREA_ACCESS = 1, 2, 4, 7
SEGMENTS_MAX, PATH_MAX = 32, 4096
HEADER = "<16s2H5I6H"
LETTERS = "rwx"


def page_down(n):
    return n & -FRAME


def page_up(n):
    return n + FRAME - 1 & -FRAME


class Segment:
    """A program header."""

    def __init__(self, kind, offset=0, vaddr=0, filesz=0, memsz=0, flags=PF_R, align=4):
        self.kind, self.offset, self.vaddr, self.filesz, self.memsz = kind, offset, vaddr, filesz, memsz
        self.flags, self.align = flags, align

    def pack(self):
        return struct.pack("<8I", *(n & 0xFFFFFFFF for n in (self.kind, self.offset, self.vaddr, self.vaddr, self.filesz,
                                                            self.memsz, self.flags, self.align)))

    @property
    def loads(self):
        return self.kind == LOAD and self.memsz > 0

    @property
    def area_flags(self):
        return (self.flags & PF_R and AREA_READ) | (self.flags & PF_W and AREA_WRITE) | (self.flags & PF_X and AREA_EXEC)

    def __str__(self):
        flags = "".join(letter for letter, bit in zip(LETTERS, (PF_R, PF_W, PF_X)) if self.flags & bit) or "no access"
        return (f"PT_LOAD offset {self.offset:#x} vaddr {self.vaddr:#x} filesz {self.filesz:#x} memsz {self.memsz:#x} {flags}")


class File:
    """The headers of a file. `what` is what is wrong with it; None: nothing."""

    def __init__(self, kind, segments, rng):
        self.kind, self.segments, self.what = kind, segments, None
        self.fields = {"machine": 3, "version": 1, "entry": 0, "phoff": 52, "shoff": rng.randrange(1 << 20), "flags": 0,
                       "ehsize": 52, "phentsize": 32, "phnum": len(segments), "shentsize": 40, "shnum": rng.randrange(40),
                       "shstrndx": rng.randrange(40)}
        self.ident = bytearray(b"\x7fELF\1\1\1" + bytes([rng.choice([0, 0, 3])]) + bytes(8))
        first = next((segment for segment in segments if segment.loads), None)
        if first:
            self.fields["entry"] = first.vaddr + rng.randrange(first.memsz)

    def header(self):
        fields = self.fields
        return struct.pack(HEADER, bytes(self.ident), self.kind, *(fields[name] for name in (
            "machine", "version", "entry", "phoff", "shoff", "flags", "ehsize", "phentsize", "phnum", "shentsize", "shnum",
            "shstrndx")))

    def table(self):
        return b"".join(segment.pack() for segment in self.segments)

    def pack(self):
        """As the host program reads them."""
        return self.header() + struct.pack("<I", len(self.segments)) + self.table()

    @property
    def loaded(self):
        return [segment for segment in self.segments if segment.loads]

    @property
    def low(self):
        return min(page_down(segment.vaddr) for segment in self.loaded)

    @property
    def high(self):
        return max(page_up(segment.vaddr + segment.memsz) for segment in self.loaded)

    def checked(self):
        """What elf_check must find: low, high, and where the interpreter's name is."""
        interp = next((segment for segment in self.segments if segment.kind == INTERP), None)
        return [self.low, self.high, interp.offset if interp else 0, interp.filesz if interp else 0]

    def phdr(self):
        """Where the program headers are in memory, or 0."""
        at = self.fields["phoff"]
        for segment in self.segments:
            if segment.kind == PHDR:
                return segment.vaddr
            if segment.kind == LOAD and segment.offset <= at < segment.offset + segment.filesz:
                return segment.vaddr + at - segment.offset
        return 0

    def __str__(self):
        return f"{'ET_EXEC' if self.kind == EXEC else 'ET_DYN'}, " + "; ".join(str(segment) for segment in self.loaded)


def some_size(rng, most=3):
    """Bytes: a few, up to a page's border, or pages."""
    return rng.choice([0, 1, rng.randrange(1, 64), rng.randrange(1, FRAME), FRAME, rng.randrange(1, most * FRAME)])


def some_loads(rng, start, count, most=3, gap=300):
    """Segments one above the other, in a file that has their bytes one behind the other."""
    segments, va, offset = [], start, rng.choice([0, 52 + 32 * SEGMENTS_MAX, rng.randrange(40 * FRAME)])
    for n in range(count):
        inside = rng.choice([0, 0, rng.randrange(FRAME), FRAME - 1])
        filesz = some_size(rng, most)
        memsz = filesz + rng.choice([0, 0, some_size(rng, most), 1])
        if memsz == 0:
            memsz = rng.randrange(1, 2 * FRAME)
        at = va + inside
        offset += (at - offset) % FRAME
        flags = rng.choice([PF_R, PF_R | PF_X, PF_R | PF_W, PF_R | PF_W, PF_R | PF_W | PF_X, PF_X, PF_W, PF_W | PF_X, 0])
        segments.append(Segment(LOAD, offset, at, filesz, memsz, flags, FRAME))
        va = page_up(at + memsz) + rng.choice([0, 0, FRAME, rng.randrange(1, gap) * FRAME])
        offset += filesz + rng.choice([0, rng.randrange(100)])
    return segments


def move(segments, by):
    for segment in segments:
        segment.vaddr += by


def made(rng, plain=False):
    """A right file. `plain`: its loaded segments alone."""
    kind = rng.choice([EXEC, EXEC, DYN])
    start = (rng.choice([0x08048000, USER_BASE, rng.randrange(USER_BASE, 0xA0000000) & -FRAME]) if kind == EXEC
             else rng.choice([0, 0, FRAME, 0x40000]))
    segments = some_loads(rng, start, rng.choice([1, 2, 2, 3, 4, 6]))
    if rng.random() < 0.15:                 # up to the last byte that a program may have
        last = segments[-1]
        last.memsz += -(last.vaddr + last.memsz) % FRAME
        move(segments, KERNEL_BASE - last.vaddr - last.memsz)
    elif rng.random() < 0.1:                # with very much memory
        segments[-1].memsz += rng.randrange(1 << 28)
    if plain:
        return File(kind, segments, rng)
    low, high = page_down(segments[0].vaddr), segments[-1].vaddr + segments[-1].memsz
    for _ in range(rng.choice([0, 1, 3])):  # what is not loaded may say anything
        segments.insert(rng.randrange(len(segments) + 1), Segment(
            rng.choice([NULL, DYNAMIC, NOTE, TLS, STACK, 0x70000000 | rng.getrandbits(24)]),
            *(rng.getrandbits(32) for _ in range(4)), rng.randrange(8), rng.choice([0, 4, 16])))
    if rng.random() < 0.2:                  # a segment without any memory
        at = rng.randrange(low, high)
        segments.insert(rng.randrange(len(segments) + 1), Segment(LOAD, at % FRAME, at, 0, 0, PF_R, FRAME))
    if rng.random() < 0.3:
        segments.insert(0, Segment(INTERP, rng.randrange(10000), low, rng.choice([2, 19, PATH_MAX]), 19))
    if rng.random() < 0.3:
        segments.insert(0, Segment(PHDR, 52, low + 52, 32 * len(segments), 32 * len(segments)))
    if rng.random() < 0.1:
        segments += [Segment(NOTE) for _ in range(SEGMENTS_MAX - len(segments))]
    return File(kind, segments, rng)


# ---- what can be wrong

def wrong_header(rng, file):
    """Change one field of the file's header to a value that cannot be."""
    name, values = rng.choice([
        ("ident", [(0, 0), (0, 0x7E), (1, 0x65), (2, 0x4D), (3, 0x66), (3, 0)]), ("EI_CLASS", [(4, 2), (4, 0)]),
        ("EI_DATA", [(5, 2), (5, 0)]), ("EI_VERSION", [(6, 0), (6, 2)]), ("e_type", [0, 1, 4, 0xFE00, 0x0102]),
        ("e_machine", [62, 40, 0, 7, 0x0103]), ("e_version", [0, 2, 0x101]), ("e_phentsize", [0, 31, 40, 56, 0x2020]),
        ("e_phnum", [0, 33, 64, 255, 256 + 4, 0x8001, 65535])])
    value = rng.choice(values)
    if isinstance(value, tuple):
        file.ident[value[0]] = value[1]
        file.what = f"e_ident[{value[0]}] is {value[1]:#x}"
    else:
        if name == "e_type":
            file.kind = value
        else:
            file.fields[name[2:]] = value
        file.what = f"{name} is {value}"
    return file


def wrong_segment(rng, file):
    """Change one segment so that it says what cannot be."""
    segment = rng.choice(file.loaded)
    in_page = segment.vaddr % FRAME
    changes = ["more file than memory", "around", "far around", "over the border", "in the kernel", "offset around", "congruence",
               "none", "interpreter", "two interpreters"]
    change = rng.choice(changes + ["low"] * (file.kind == EXEC))
    if change == "more file than memory":
        segment.filesz = segment.memsz + rng.choice([1, rng.randrange(1, FRAME)])
    elif change == "around":
        segment.vaddr = 0xFFFFF000 | in_page
        segment.memsz = max(segment.filesz, FRAME - in_page + rng.choice([0, 1, rng.randrange(1 << 20)]))
    elif change == "far around":
        segment.memsz = rng.choice([0xFFFFFFFF, (1 << 32) - rng.randrange(1, segment.vaddr + 2), 0xFFFFFFFF - FRAME])
    elif change == "over the border":
        segment.memsz = KERNEL_BASE - segment.vaddr + rng.choice([1, 1, FRAME, rng.randrange(1, 1 << 24)])
    elif change == "in the kernel":
        segment.vaddr = rng.choice([KERNEL_BASE, KERNEL_BASE + 0x100000, 0xF0000000]) + in_page
    elif change == "offset around":
        segment.offset = 0xFFFFF000 | in_page
        segment.filesz = FRAME - in_page + rng.choice([1, rng.randrange(1, FRAME)])
        segment.memsz = max(segment.memsz, segment.filesz)
    elif change == "congruence":
        segment.filesz = segment.filesz or min(segment.memsz, 8)
        segment.offset += rng.choice([1, 16, FRAME // 2, FRAME - 1])
    elif change == "none":
        for one in file.loaded:
            one.kind = NOTE
    elif change == "interpreter":
        file.segments = [one for one in file.segments if one.kind != INTERP]
        if len(file.segments) == SEGMENTS_MAX:
            file.segments.pop()
        file.segments.insert(0, Segment(INTERP, 100, 0, rng.choice([0, 1, PATH_MAX + 1, 0xFFFFFFFF]), 0))
    elif change == "two interpreters":
        file.segments = [one for one in file.segments if one.kind != INTERP][:SEGMENTS_MAX - 2]
        file.segments[:0] = [Segment(INTERP, 100, 0, 12, 12), Segment(INTERP, 200, 0, 12, 12)]
    else:
        first = file.loaded[0]
        first.vaddr = rng.choice([0, FRAME, USER_BASE - FRAME]) + first.vaddr % FRAME
    file.fields["phnum"] = len(file.segments)
    file.what = {
        "more file than memory": "p_filesz is larger than p_memsz", "around": "p_vaddr + p_memsz is more than 32 bits have",
        "far around": "p_memsz is more than there can be", "over the border": "it ends in the kernel's memory",
        "in the kernel": "it lies in the kernel's memory", "offset around": "p_offset + p_filesz is more than 32 bits have",
        "congruence": "p_offset and p_vaddr do not lie at the same place of a page", "none": "no segment is to be loaded",
        "interpreter": "the interpreter's name has no byte, no more than its NUL, or too many",
        "two interpreters": "two interpreters", "low": "ET_EXEC, and it begins below USER_BASE"}[change]
    if change not in ("none", "interpreter", "two interpreters"):
        file.what += f": {file.loaded[0] if change == 'low' else segment}"
    return file


# ---- elf_check and elf_read

def expect_checked(run, file, answer, what):
    """An answer of elf_check or elf_read."""
    words = answer.split()
    if len(words) < 2 or words[0] not in ("check", "read"):
        raise Mismatch(f"{what}: what it did", "to read the headers, and no more than there is room for", answer)
    if file.what:
        run.expect(f"{what} of a file whose one fault is this: {file.what}; what it returned (-8 is -ENOEXEC)", int(words[1]),
                   ENOEXEC)
        return
    run.expect(f"{what} of a right file ({file}): what it returned (-8 is -ENOEXEC)", int(words[1]), 0)
    for name, seen, expected in zip(("low", "high", "interp_offset", "interp_bytes"), words[2:], file.checked()):
        run.expect(f"{what} of a right file ({file}): {name}", int(seen, 16), expected)


def check_all(run, files, what):
    """Ask elf_check of each file."""
    data = b"".join(struct.pack("<I", 1) + file.pack() for file in files)
    answers = without_panic(cases(run, "elf6", [data]), what)[0]
    if len(answers) != len(files):
        raise Mismatch("how many files elf_check was asked for, and how many answers there are", len(files), len(answers))
    for file, answer in zip(files, answers):
        expect_checked(run, file, answer, "elf_check")


def headers(run):
    """Files with one wrong field in their header, and right ones between them; elf_read of whole files, too."""
    rng = run.rng
    check_all(run, [wrong_header(rng, made(rng)) if rng.random() < 0.6 else made(rng) for _ in range(1500)], "headers")
    stories = []
    for _ in range(300):
        file = made(rng)
        if rng.random() < 0.5:
            wrong_header(rng, file)
        file.fields["phoff"] = rng.choice([52, 52, rng.randrange(52, 5000)])
        data = file.header().ljust(file.fields["phoff"], b"\xa5") + file.table()
        if not file.what and rng.random() < 0.2:
            data = data[:rng.choice([len(data) - 1, len(data) - 32, 51, 20, 0])]
            file.what = "it ends in its headers"
        stories.append((file, data))
    inputs = b"".join(struct.pack("<II", 2, len(data)) + data for _, data in stories)
    answers = without_panic(cases(run, "elf6", [inputs]), "headers")[0]
    if len(answers) != len(stories):
        raise Mismatch("elf_read of right and wrong files: lines of answers, one for each", len(stories), answers[:3])
    for (file, _), answer in zip(stories, answers):
        expect_checked(run, file, answer, "elf_read")


def segments(run):
    """Files with one wrong segment, and right ones between them."""
    rng = run.rng
    check_all(run, [wrong_segment(rng, made(rng)) if rng.random() < 0.6 else made(rng) for _ in range(3000)], "segments")


# ---- elf_map, on the host

SHARED, OTHERS = 8, 0x10 | 0x40 | 0x80      # AREA_ bits: writes would go to the file; a guard, a device, a stack


def access(flags):
    """What an area's flags mean: what can be written or executed can be read."""
    return flags & (AREA_ACCESS | SHARED | OTHERS) | (AREA_READ if flags & (AREA_WRITE | AREA_EXEC) else 0)


def joined(areas):
    """Areas (start, end, flags, the file's page or None), those that go on where another ends made one."""
    result = []
    for start, end, flags, index in sorted(areas, key=lambda area: area[:2]):
        if result:
            last_start, last_end, last_flags, last_index = result[-1]
            goes_on = index is None if last_index is None else index == last_index + (last_end - last_start) // FRAME
            if last_end == start and last_flags == flags and goes_on:
                result[-1] = last_start, end, flags, last_index
                continue
        result.append((start, end, flags, index))
    return result


def wanted_areas(file, bias):
    areas = []
    for segment in file.loaded:
        start, flags = page_down(segment.vaddr) + bias, access(segment.area_flags)
        end = page_up(segment.vaddr + segment.memsz) + bias
        zeros = page_up(segment.vaddr + segment.filesz) + bias if segment.filesz else start
        if start < zeros:
            areas.append((start, zeros, flags, segment.offset // FRAME))
        if zeros < end:
            areas.append((zeros, end, flags, None))
    return joined(areas)


def area_text(area):
    start, end, flags, index = area
    letters = "".join(letter for letter, bit in zip(LETTERS, (AREA_READ, AREA_WRITE, AREA_EXEC)) if flags & bit) or "no access"
    odd = " AREA_SHARED" * bool(flags & SHARED) + " and other flags" * bool(flags & OTHERS)
    return f"{start:#010x}-{end:#010x} {letters}{odd}, " + ("zeros" if index is None else f"the file from page {index} on")


class Layout:
    """A file to map, where to, and which call of space_map has no memory."""

    def __init__(self, file, bias=0, place=0, fail=0):
        self.file, self.bias, self.place, self.fail = file, bias, place, fail

    def pack(self):
        return struct.pack("<4I", 3, self.bias & 0xFFFFFFFF, self.place, self.fail) + self.file.pack()

    @property
    def moved(self):
        """By how much it must be moved."""
        if self.file.kind == EXEC:
            return 0
        return self.bias or self.place - self.file.low

    def check(self, run, lines):
        """Follow one elf_map(); `lines` is an iterator over all."""
        what = f"elf_map of {self.file}" + (f"; moved by {self.moved:#x}" if self.moved else "")
        areas, cleared, image = [], [], None
        for words in lines:
            if words[0] == "clear":
                cleared.append((int(words[1], 16), int(words[1], 16) + int(words[2], 16)))
            elif words[0] == "map":
                image = [int(words[1])] + [int(word, 16) for word in words[2:]]
                if len(image) == 1:
                    break
            elif words[0] == "area":
                areas.append((*(int(word, 16) for word in words[1:3]), access(int(words[3], 16)),
                              None if words[4] == "zeros" else int(words[4], 16)))
            elif words[0] == "done":
                break
            else:
                raise Mismatch(f"{what}: what it did", "to map and to clear", " ".join(words))
        if image is None:
            raise Mismatch(f"{what}: no answer came")
        if len(image) == 1:
            raise Mismatch(f"elf_check of a right file ({self.file}): what it returned (-8 is -ENOEXEC)", 0, image[0])
        if self.fail and (self.fail == 1 or image[0]):
            run.expect(f"{what}, when call {self.fail} of space_map has no memory: what it returned (-12 is -ENOMEM)", image[0],
                       ENOMEM)
            return
        run.expect(f"{what}: what it returned", image[0], 0)
        run.expect(f"{what}: the areas", [area_text(area) for area in joined(areas)],
                   [area_text(area) for area in wanted_areas(self.file, self.moved)])
        for segment in self.file.loaded:
            self._expect_cleared(what, segment, cleared)
        file, phdr = self.file, self.file.phdr()
        for name, seen, expected in zip(("bias", "entry", "phdr", "end"), image[1:], (
                self.moved, file.fields["entry"] + self.moved, phdr and phdr + self.moved, file.high + self.moved)):
            run.expect(f"{what}: image->{name}", seen, expected & 0xFFFFFFFF)

    def _expect_cleared(self, what, segment, cleared):
        """The file's last page of a segment: behind p_filesz zeros, if it can be written; before, and elsewhere, the file."""
        start = segment.vaddr + self.moved
        file_end = start + segment.filesz
        for begin, end in cleared:
            if segment.filesz and begin < file_end and start < end:
                raise Mismatch(f"{what}: bytes made zeros that are the file's, of the segment {segment}", "none",
                               f"{max(begin, start):#x} to {min(end, file_end):#x}")
        if segment.filesz == 0 or segment.memsz == segment.filesz or not segment.flags & PF_W:
            return
        at, last = file_end, min(page_up(file_end), start + segment.memsz)
        for begin, end in sorted(cleared):
            if begin <= at < end:
                at = end
        if at < last:
            raise Mismatch(f"{what}: bytes behind p_filesz, in the file's last page of the segment {segment}",
                           f"zeros from {file_end:#x} to {last:#x}", f"from {at:#x} on what the file has there")


def some_layout(rng):
    file = made(rng)
    room = file.high - file.low
    place = rng.choice([page_down(KERNEL_BASE - room), rng.randrange(USER_BASE, KERNEL_BASE - room) & -FRAME])
    if file.kind == EXEC:
        return Layout(file, rng.choice([0, 0x5000000]), place, rng.choice([0] * 12 + [1, 2]))
    return Layout(file, rng.choice([0, place - file.low]), place, rng.choice([0] * 12 + [1, 2]))


def mapped(run):
    """elf_map of many files: the areas, and the bytes that are made zeros."""
    layouts = [some_layout(run.rng) for _ in range(900)]
    answers = without_panic(cases(run, "elf6", [b"".join(layout.pack() for layout in layouts)]), "elf_map")[0]
    lines = iter([line.split() for line in answers])
    for layout in layouts:
        layout.check(run, lines)
    overlaps = []
    for _ in range(20):
        file = made(run.rng, plain=True)
        first = file.loaded[0]
        file.segments.append(Segment(LOAD, first.offset, first.vaddr, first.filesz, first.memsz, first.flags, FRAME))
        file.fields["phnum"] = len(file.segments)
        overlaps.append(Layout(file, place=page_down(KERNEL_BASE - file.high + file.low)))
    answers = without_panic(cases(run, "elf6", [b"".join(layout.pack() for layout in overlaps)]), "elf_map")[0]
    results = [int(line.split()[1]) for line in answers if line.startswith("map ")]
    for layout, result in zip(overlaps, results):
        if result not in (EEXIST, ENOEXEC):
            raise Mismatch(f"elf_map of a file whose segments overlap: {layout.file}", "-17 (-EEXIST)", result)
    run.expect("how many of the files whose segments overlap were answered", len(results), len(overlaps))
