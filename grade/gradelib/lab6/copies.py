"""
A model of a program's memory for labs/lab06-processes/tests/copies.c: pages of all kinds side by side, up to KERNEL_BASE, and
what copies, zeros and strings must come to at their edges.
"""

import zlib

from ..lab3 import EFAULT, FRAME, KERNEL_BASE, USER_BASE
from ..lab3.inside import halted
from ..verdicts import Mismatch

PAGES, TOP_PAGES, LETTERS, MARGIN, ROOM, STEPS = 24, 3, 1021, 32, 2 * FRAME, 240
ALL_PAGES, BUFFER = PAGES + TOP_PAGES, MARGIN + 4 + ROOM + MARGIN
ENAMETOOLONG = -36
HOLE, FILLED, FRESH, CONSTANT, SHUT, OBJECT, TEXT, BROKEN, GUARD = range(9)
KINDS = ("nothing is mapped", "memory with something in it", "memory that was never touched", "memory for reading only",
         "memory without any permission", "a file's page for writing", "a file's page for reading only",
         "a file's page that cannot be read", "a guard page")
ANY = (HOLE, FILLED, FILLED, FILLED, FRESH, FRESH, CONSTANT, SHUT, OBJECT, OBJECT, TEXT, BROKEN, GUARD)
LAST = (FILLED, FRESH, OBJECT)
READABLE, WRITABLE = {FILLED, FRESH, CONSTANT, OBJECT, TEXT}, {FILLED, FRESH, OBJECT}
COPIES = ("copy_from_user", "copy_to_user", "copy_part from the program", "copy_part to the program",
          "user_copy from the program", "user_copy to the program")
ANYTHING = ("copy_from_user", "copy_to_user", "copy_part from the program", "copy_part to the program", "clear_part",
            "strncpy_from_user")
KEPT = ("ESP", "EBX", "ESI", "EDI", "EBP", "the direction flag")
NO_SPACE = [EFAULT, EFAULT, 0, 0, 0, EFAULT]


def adler(data, value=1):
    """The check sum of the kernel test."""
    return zlib.adler32(data, value)


class Row:
    """The pages, as the seed says. `content` is what must be in them; None: never looked at by anybody."""

    def __init__(self, random):
        self.random = random
        self.letters = bytes(1 + random(255) for _ in range(LETTERS))
        self._endless = self.letters * (BUFFER // LETTERS + 3)
        place = random(700)
        self.start = ((16 + place) << 10 | random(1024)) << 12
        self.kinds = []
        for page in range(ALL_PAGES):
            kind = ANY[random(len(ANY))]
            self.kinds.append(LAST[random(len(LAST))] if page == ALL_PAGES - 1 else kind)
        self.content = {page: bytearray(self.text(FRAME, page * 61) if kind in (FILLED, OBJECT, TEXT) else FRAME)
                        for page, kind in enumerate(self.kinds) if kind in READABLE}
        self.unsure = {page: bytearray(FRAME) for page in self.content}     # bytes that may have been written, or not
        self.last = {}                                                      # who was the last to write to a page

    def text(self, n, at):
        """n letters from this one on."""
        return self._endless[at % LETTERS:at % LETTERS + n]

    def address(self, page):
        return self.start + page * FRAME if page < PAGES else KERNEL_BASE - (ALL_PAGES - page) * FRAME

    def page_of(self, va):
        """The page's number, or None: nothing was ever there."""
        if va >= KERNEL_BASE - TOP_PAGES * FRAME:
            return ALL_PAGES - (KERNEL_BASE - va + FRAME - 1) // FRAME if va < KERNEL_BASE else None
        page = (va - self.start) // FRAME
        return page if 0 <= page < PAGES else None

    def kind_at(self, va):
        page = self.page_of(va)
        return HOLE if page is None else self.kinds[page]

    def reach(self, va, n, kinds):
        """How many of n bytes from va on are of these kinds, before the first that is not."""
        end = va + n
        at = va
        while at < end and self.kind_at(at) in kinds:
            at = (at // FRAME + 1) * FRAME
        return min(at, end) - va

    def pieces(self, va, n):
        """Of n bytes: (page, first byte in it, where among the n, how many)."""
        done = 0
        while done < n:
            offset = (va + done) % FRAME
            count = min(FRAME - offset, n - done)
            yield self.page_of(va + done), offset, done, count
            done += count

    def read(self, va, n):
        return b"".join(self.content[page][offset:offset + count] for page, offset, _, count in self.pieces(va, n))

    def is_sure(self, va, n):
        return not any(any(self.unsure[page][offset:offset + count]) for page, offset, _, count in self.pieces(va, n))

    def write(self, va, data, what, sure=True):
        for page, offset, done, count in self.pieces(va, len(data)):
            if sure:
                self.content[page][offset:offset + count] = data[done:done + count]
            self.unsure[page][offset:offset + count] = bytes([not sure]) * count
            self.last[page] = what

    def some_bytes(self):
        """As the kernel test's function of that name: a place and a length."""
        left = 1 + self.random(20 if self.random(2) else FRAME)
        va = self.address(self.random(ALL_PAGES)) + FRAME - left
        counts = self.random(24), left + self.random(9), left - self.random(min(left, 5)), self.random(ROOM)
        return va, min(counts[self.random(4)], KERNEL_BASE - va, ROOM)

    def describe(self, va, n, kinds):
        """Where n bytes at va lie, in words."""
        good = self.reach(va, n, kinds)
        if good == n:
            return f"{n} bytes at {va:#010x}"
        where = "the kernel's memory begins" if va + good >= KERNEL_BASE else KINDS[self.kind_at(va + good)]
        return f"{n} bytes at {va:#010x}; at {va + good:#010x}, {good} bytes further, there is: {where}"


def expect_lines(run, row_lines, count):
    if ["memory"] in run.report("lacks"):
        raise Mismatch("there is no memory for the test's pages, in a machine that has enough (lab 3)")
    if len(row_lines) != count:
        raise Mismatch("how many steps the kernel test reported", count, len(row_lines))


def expect_kept(lines, what_of):
    """No line of registers that a copy changed."""
    for key, step, *values in lines:
        if key == "lost":
            bad = [name for name, value in zip(KEPT, values) if int(value, 16)]
            raise Mismatch(f"{what_of(int(step))}: registers that are not as before the call, which a function must keep",
                           "none", ", ".join(bad))


def copies(run):
    """Copies in both directions; the program's memory is read from outside."""
    row = Row(run.kernel_random())
    with halted(run, "copies_edges") as (kernel, lines):
        expect_lines(run, lines["step"], STEPS)
        told = []
        for step, (result, around, within) in enumerate(lines["step"]):
            told.append(_copy(run, row, step, int(result), int(around, 16), int(within, 16)))
        expect_kept([("lost", *line) for line in lines["lost"]], told.__getitem__)
        for page, content in row.content.items():
            _expect_page(run, kernel, row, page, content)
        for page, kind in enumerate(row.kinds):
            if kind not in READABLE:
                va = row.address(page)
                run.expect(f"the entry of the page at {va:#010x}, where there is: {KINDS[kind]}; seen from outside",
                           kernel.tables.entry(va), 0)


def _expect_page(run, kernel, row, page, content):
    va = row.address(page)
    what = f"the page at {va:#010x} ({KINDS[row.kinds[page]]}), seen from outside"
    if not kernel.tables.entry(va):
        if page in row.last:
            raise Mismatch(f"{what}, after {row.last[page]}", "a page", "nothing there")
        return
    seen, unsure = kernel.tables.read(kernel.machine, va, FRAME), row.unsure[page]
    if seen == content:
        return
    at = next((i for i in range(FRAME) if seen[i] != content[i] and not unsure[i]), None)
    if at is not None:
        raise Mismatch(f"{what}, from byte {at} on; the last to write to it was {row.last.get(page, 'nobody')}",
                       bytes(content[at:at + 12]).hex(" "), seen[at:at + 12].hex(" "))


def _copy(run, row, step, result, around, within):
    """Follow a copy; returns what it was."""
    how = row.random(len(COPIES))
    at = MARGIN + row.random(4)
    va, n = row.some_bytes()
    inward, whole = how in (0, 2, 4), how < 2
    kinds = READABLE if inward else WRITABLE
    before = row.text(BUFFER, step)
    done = row.reach(va, n, kinds)
    what = f"step {step}, {COPIES[how]}, {row.describe(va, n, kinds)}"
    if whole:
        run.expect(f"{what}: what it returned (-14 is -EFAULT)", result, 0 if done == n else EFAULT)
    elif how < 4:
        run.expect(f"{what}: how many bytes it copied", result, done)
    else:
        run.expect(f"{what}: how many bytes it says are left", result, n - done)
    run.expect(f"{what}: the sum of the kernel's memory around its {n} bytes", around,
               adler(before[at + n:], adler(before[:at])))
    mine = before[at:at + n]
    if not inward:
        run.expect(f"{what}: the sum of the bytes to copy", within, adler(mine))
        row.write(va, mine[:done], what, sure=not whole or done == n)
    elif (not whole or done == n) and row.is_sure(va, done):
        run.expect(f"{what}: the sum of the {n} bytes in the kernel: {done} of the program's, {n - done} as they were", within,
                   adler(row.read(va, done) + mine[done:]))
    return what


def zeros(run):
    """clear_user, clear_part and user_clear."""
    row, told = Row(run.kernel_random()), []
    expect_lines(run, run.report("step"), STEPS)
    for step, (result, total) in enumerate(run.report("step")):
        how = row.random(3)
        va, n = row.some_bytes()
        done = row.reach(va, n, WRITABLE)
        pages = [page for page in range(ALL_PAGES) if row.address(page) < va + n and va < row.address(page) + FRAME]
        for page in pages:
            if row.kinds[page] == FILLED:
                row.write(row.address(page), row.text(FRAME, step * 7 + page), "")
        what = f"step {step}, {('clear_user', 'clear_part', 'user_clear')[how]}, {row.describe(va, n, WRITABLE)}"
        told.append(what)
        if how == 0:
            run.expect(f"{what}: what it returned (-14 is -EFAULT)", int(result), 0 if done == n else EFAULT)
        else:
            run.expect(f"{what}: how many bytes " + ("it cleared" if how == 1 else "it says are left"), int(result),
                       done if how == 1 else n - done)
        row.write(va, bytes(done), what)
        expected = 1
        for page in pages:
            if row.kinds[page] in (FILLED, OBJECT):
                expected = adler(row.content[page], expected)
        if how or done == n:
            run.expect(f"{what}: the sum of the pages, with zeros in {done} bytes and nothing else changed", int(total, 16),
                       expected)
        elif int(total, 16) != expected:        # -EFAULT: some may not have been cleared; a file's page keeps that
            _look_no_further(row, pages)
    expect_kept([("lost", *line) for line in run.report("lost")], told.__getitem__)


def _look_no_further(row, pages):
    """These pages' contents are not known any more; memory that is filled anew before each step is."""
    for page in pages:
        if row.kinds[page] == OBJECT:
            row.kinds[page] = FRESH


def strings(run):
    """strncpy_from_user."""
    row = Row(run.kernel_random())
    expect_lines(run, run.report("step"), STEPS)
    for step, line in enumerate(run.report("step")):
        _string(run, row, step, int(line[0]), int(line[1], 16), int(line[2], 16))
    run.expect("strncpy_from_user of a string in the kernel's memory, and of one at KERNEL_BASE (-14 is -EFAULT)",
               run.report("own"), [[str(EFAULT)]] * 2)


def _string(run, row, step, result, around, within):
    random = row.random
    va, _ = row.some_bytes()
    length = random(60 if random(3) else FRAME)
    end = va + length
    ends = random(4) != 0 and row.kind_at(end) in (FILLED, OBJECT)
    sizes = length + 1, length + 2, length + (not length), 1 + random(64), 1 + random(ROOM)
    size = sizes[random(5)]
    at = MARGIN + random(4)
    before = row.text(BUFFER, step)
    good = row.reach(va, size, READABLE)
    text = bytearray(row.read(va, good))
    if ends and length < good:
        text[length] = 0
    found = text.find(0)
    what = f"step {step}, strncpy_from_user with room for {size}, {row.describe(va, size, READABLE)}"
    what += f"; the NUL is byte {found}" if found >= 0 else "; no NUL before that" if good < size else "; no NUL among them"
    if found >= 0:
        expected, seen = found, text[:found + 1]
    elif good < size:
        expected, seen = EFAULT, b""
    else:
        expected, seen = ENAMETOOLONG, text
    run.expect(f"{what}: what it returned (-14 is -EFAULT, -36 -ENAMETOOLONG)", result, expected)
    run.expect(f"{what}: the sum of the kernel's memory around its {size} bytes", around,
               adler(before[at + size:], adler(before[:at])))
    run.expect(f"{what}: the sum of what is in the kernel then", within, adler(bytes(seen)))


def border(run):
    """user_range, and copies that would reach the kernel's memory."""
    random = run.kernel_random()
    row = Row(random)
    lines = run.report("range")
    expect_lines(run, lines, 60)
    for i in range(60):
        near = 1 + random(40)
        place = (KERNEL_BASE - near, KERNEL_BASE, USER_BASE + near, (1 << 32) - near)[i % 4]
        counts = (near, near + 1, near - 1, -place, USER_BASE - place, -1, -1 - near, 1 << 31, KERNEL_BASE - place, 1)
        n = counts[random(10)] & 0xFFFFFFFF
        if n == 0 and place > KERNEL_BASE:
            continue                            # no byte at all, but in the kernel's memory: as one likes
        run.expect(f"user_range({place:#010x}, {n:#x}) (1 is true); the sum of both is {place + n:#x}", int(lines[i][0]),
                   int(place + n <= KERNEL_BASE))
    run.expect("user_range of no bytes, at NULL and at KERNEL_BASE", run.report("nothing"), [["1", "1"]])
    told = run.report("kernel")
    expect_lines(run, told, 24)
    for i, (result, total) in enumerate(told):
        random(64)
        random(16)
        name = ("copy_from_user", "copy_to_user", "clear_user")[i % 3]
        where = "of memory of the kernel's" if i < 12 else "of bytes that go on at KERNEL_BASE"
        run.expect(f"{name} {where}: what it returned (-14 is -EFAULT)", int(result), EFAULT)
        if i < 12:
            run.expect(f"{name} {where}: the sum of that memory", int(total, 16), adler(row.text(64, i)))
        else:
            run.expect(f"{name} {where}: the first 64 bytes there have changed (0: no)", int(total, 16), 0)


def races(run):
    """Memory that goes while it is being copied; copies with a lock held; copies without a space."""
    random = run.kernel_random()
    Row(random)
    told = run.report("gone")
    expect_lines(run, told, 24)
    for i, (result,) in enumerate(told):
        late = i >= 12
        first = 3 if late else 1 + random(3)
        offset = random(FRAME)
        n = first * FRAME + 1 + random(FRAME) - offset
        good = n if late else first * FRAME - offset
        trap = (3 if late else 1) * FRAME - offset
        lost = f"up to byte {2 * FRAME - offset}, which has been copied," if late else f"from byte {good} on"
        what = (f"{ANYTHING[i % 6]} of {n} bytes; to bring in byte {trap} took long, and meanwhile the memory {lost} was "
                "unmapped by another thread")
        run.expect(f"{what}: what it returned (-14 is -EFAULT)", int(result), _result(i % 6, n, good))
    told = run.report("held")
    expect_lines(run, told, 12)
    for i, (result,) in enumerate(told):
        offset = random(FRAME)
        n = FRAME - offset + random(12)
        what = f"{ANYTHING[i % 6]} of {n} bytes with a spinlock held; from byte {FRAME - offset} on the memory is not there yet"
        run.expect(f"{what}: what it returned (-14 is -EFAULT)", int(result), _result(i % 6, n, min(n, FRAME - offset)))
    told = run.report("none")
    expect_lines(run, told, 6)
    for how, (result,) in enumerate(told):
        run.expect(f"{ANYTHING[how]} by a task that has no space at all: what it returned (-14 is -EFAULT)", int(result),
                   NO_SPACE[how])


def _result(how, n, good):
    """Of a function in ANYTHING, if so many of n bytes can be had, and all are letters."""
    if how in (2, 3, 4):
        return good
    if how == 5 and good == n:
        return ENAMETOOLONG
    return 0 if good == n else EFAULT
