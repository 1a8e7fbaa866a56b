"""
A model of programs' memory: pages, what they allow, and whose frames they show; and what tests/areas.c does with spaces.

It knows pages only. How they are put together to areas, and which entries are there before a page is touched, is the
kernel's own affair, as long as no entry allows more than it may.
"""

import struct

from ..lab3.inside import Tables
from ..verdicts import Mismatch
from . import Words

FRAME, KERNEL_BASE, USER_BASE = 4096, 0xC0000000, 0x10000
READ, WRITE, EXEC, SHARED, NOWRITE = 1, 2, 4, 8, 0x400
ACCESS = READ | WRITE | EXEC
EPERM, ENOMEM, EACCES, EFAULT, EEXIST = -1, -12, -13, -14, -17
ERRORS = {0: "0", EPERM: "-EPERM", ENOMEM: "-ENOMEM", EACCES: "-EACCES", EFAULT: "-EFAULT", EEXIST: "-EEXIST",
          -22: "-EINVAL", -38: "-ENOSYS"}
WINDOW, PAGES = (0x40400000 - 10 * FRAME) // FRAME, 24
MAP_TOP = (KERNEL_BASE - (8 << 20) - FRAME) // FRAME
ACCESSES, CHANGES = (3, 3, 1, 5, 0, 2, 7, 1), (3, 0, 1, 5, 0, 2, 7, 1)
NOTHING, PLAIN, TELLING = -1, 0, 1              # objects


def name_of(error):
    return ERRORS.get(error, str(error))


def access_words(flags):
    return "".join(letter if flags & bit else "-" for letter, bit in zip("rwx", (READ, WRITE, EXEC)))


class Frame:
    """What a page shows: words at their places. One of the page cache's belongs to an object, else to spaces."""

    def __init__(self, words=None, cached=False):
        self.words, self.cached, self.owners = dict(words or {}), cached, set()


class Page:
    """One page of a space's."""

    def __init__(self, flags, thing=NOTHING, index=0):
        self.flags, self.thing, self.index, self.frame = flags, thing, index, None

    @property
    def key(self):
        """What is told of it as a part of an area."""
        return self.flags, self.thing, self.index if self.thing != NOTHING else 0

    def words(self):
        flags, thing, index = self.key
        kind = ("private" if not flags & SHARED else "shared") + ("" if not flags & NOWRITE else ", never to be written")
        return f"{access_words(flags)}, {kind}" + ("" if thing == NOTHING else f", page {index} of object {thing}")


class Objects:
    """The pages of the two objects, as the cache has them."""

    def __init__(self):
        self.frames, self.told = {}, set()

    def frame(self, page):
        key = page.thing, page.index
        if key not in self.frames:
            self.frames[key] = Frame({0: (page.thing + 1) << 24 | page.index}, cached=True)
        return self.frames[key]


class Space:
    """A space: numbers of pages, and what is there."""

    def __init__(self, objects):
        self.objects, self.pages = objects, {}

    def clone(self):
        other = Space(self.objects)
        for number, page in self.pages.items():
            copy = other.pages[number] = Page(page.flags, page.thing, page.index)
            if page.frame and not page.flags & SHARED:
                copy.frame = page.frame
                copy.frame.owners.add(other)
        return other

    def take_away(self, first, count):
        for number in range(first, first + count):
            page = self.pages.pop(number, None)
            if page and page.frame:
                page.frame.owners.discard(self)

    def put(self, first, count, flags, thing=NOTHING, index=0):
        for n in range(count):
            self.pages[first + n] = Page(flags, thing, index + n)

    def is_free(self, first, count):
        return not any(number in self.pages for number in range(first, first + count))

    def highest_gap(self, count):
        """Where an area without a wish for a place goes."""
        end = MAP_TOP
        for number in sorted((number for number in self.pages if number < MAP_TOP), reverse=True):
            if end - number - 1 >= count:
                break
            end = number
        return end - count

    def touch(self, va, write, value):
        """What a program gets that reads or writes the word at va: an error, the word."""
        page = self.pages.get(va // FRAME)
        if not page or not page.flags & (WRITE if write else ACCESS):
            return EFAULT, 0
        if page.thing != NOTHING and not page.frame:
            page.frame = self.objects.frame(page)
        elif not page.frame:
            page.frame = Frame()
        alone = not page.frame.cached and page.frame.owners <= {self}
        if write and not page.flags & SHARED and not alone:
            page.frame.owners.discard(self)
            page.frame = Frame(page.frame.words)
        page.frame.owners.add(self)
        if write:
            page.frame.words[va % FRAME] = value
            if page.flags & SHARED and page.thing == TELLING:
                self.objects.told.add(page.index)
        return 0, page.frame.words.get(va % FRAME, 0)

    def may(self, number):
        """Why the processor must not write to the page, and not read it, by an entry; None if it may."""
        page = self.pages.get(number)
        if not page:
            return ("nothing is there",) * 2
        if not page.flags & ACCESS:
            return ("nothing is allowed there",) * 2
        if not page.frame and page.thing == NOTHING:
            return ("it has never been touched since it is there",) * 2
        if not page.flags & WRITE:
            return "it can only be read", None
        if page.flags & SHARED:
            told = page.thing != TELLING or page.index in self.objects.told
            return None if told else "the object wants to know first: will_write", None
        if not page.frame or page.frame.cached:
            return "the frame is the page cache's own", None
        return None if page.frame.owners <= {self} else "its frame is that of another space's page, too", None


class Story:
    """The lines of one kernel test, and what was done, for a report."""

    def __init__(self, run):
        self.run, self.lines, self.done = run, iter(run.report()), []

    def wrong(self, what, expected, seen, details=()):
        raise Mismatch(f"{self.done[-1] if self.done else 'at first'}: {what}", expected, seen,
                       [*details, "what was done, the last line last:", *self.done[-8:]])

    def take(self, *keys):
        """The next line, which must have one of these keys."""
        line = next(self.lines, ["nothing"])
        if line[0] not in keys:
            self.wrong("the report ended early", " or ".join(keys), " ".join(line))
        return line[0], line[1:]

    def expect_areas(self, space, undecided=None):
        """
        The areas that follow are the space's pages. `undecided`: flags that some of its pages may have got, by number; the
        model takes over which.
        """
        seen, at = {}, -1
        while True:
            key, words = self.take("area", "areas")
            if key == "areas":
                break
            first, count, flags = (int(word, 16) for word in words[:3])
            thing, index = (int(word) for word in words[3:])
            if first < at:
                self.wrong("the areas, in order of addresses", "each begins where the one before has ended, or above",
                           f"one begins at {first:#x}000, below {at:#x}000")
            at = first + count
            seen.update((first + n, (flags, thing, index + n if thing != NOTHING else 0)) for n in range(count))
        for number, flags in (undecided or {}).items():
            if seen.get(number, (None,))[0] == flags:
                space.pages[number].flags = flags
        for number in sorted(set(seen) | set(space.pages)):
            page = space.pages.get(number)
            if seen.get(number) != (page.key if page else None):
                self.wrong(f"what is at {number:#x}000", page.words() if page else "nothing",
                           Page(*seen[number]).words() if number in seen else "nothing")

    def expect_entries(self, space, name="the space"):
        text, = self.take("entries")[1]
        for n, letter in enumerate(text):
            no_write, no_read = space.may(WINDOW + n)
            if (letter == "w" and no_write) or (letter == "r" and no_read):
                self.wrong(f"the page table's entry for {WINDOW + n:#x}000 in {name}",
                           f"no {'writing' if letter == 'w' else 'reading'}: {no_write if letter == 'w' else no_read}",
                           "the processor may write" if letter == "w" else "the processor may read")

    def expect_touch(self, space, va, write, value):
        result, word, told = self.take("touch")[1]
        expected, right = space.touch(va, write, value)
        if int(result) != expected:
            self.wrong("what the fault came to", "the access goes through" if not expected else name_of(expected),
                       "it goes through" if result == "0" else "it faults again and again" if result == "1" else
                       name_of(int(result)))
        if int(word, 16) != right:
            self.wrong("the word that is there then", f"{right:#x}", f"0x{word}")
        page = space.pages.get(va // FRAME)
        if not expected and write and page.flags & SHARED and page.thing == TELLING and told == "0":
            self.wrong("how often the object's will_write was called before its page was written to", "once", "never")

    def expect_nothing_left(self):
        frames, promised = self.take("left")[1]
        self.run.expect("when the spaces are gone: frames that did not come back", int(frames), 0)
        self.run.expect("when the spaces are gone: pages that are still promised (mm/commit)", int(promised), 0)


# ---- brk(2)

def wanted_break(start, kind, n, m):
    if kind == 5:
        return start - 1 - n % 5000
    if kind == 6 and m % 4 == 0:
        return 0 if m % 8 else 0xFFFFFFFF - n % 4000
    if kind == 6 and m % 4 == 1:
        return KERNEL_BASE + 1 + n % 8000
    if kind == 6:
        return start + ((128 + n % 384) << 20) + n % 5000
    offset = n % (44 * FRAME)
    return start + offset - (FRAME if 39 * FRAME < offset <= 40 * FRAME else 0)


def page_up(va):
    return (va + FRAME - 1) // FRAME


def expect_brk(run):
    """areas_brk against the model."""
    story, space, random = Story(run), Space(Objects()), run.kernel_random()
    random(2 * FRAME)
    start = now = int(story.take("start")[1][0], 16)
    above = start // FRAME + 40
    space.put(above, 8, READ)
    for step in range(90):
        kind, n, m = random(12), random(1 << 24), random(1 << 24)
        if step == 60:
            space.take_away(above, 8)
        if step and step % 8 == 0:
            kind, m = 6 if step > 60 else 0, step // 8
            n = 42 * FRAME + n % FRAME if step in (8, 24) else n
        if kind >= 7:
            va = start + n % (40 * FRAME) // 4 * 4
            story.done.append(f"{'write to' if kind < 10 else 'read of'} {va:#x}")
            story.expect_touch(space, va, kind < 10, m)
            continue
        end = wanted_break(start, kind, n, m)
        story.done.append(f"space_set_break({end:#x}), its memory is {start:#x} to {now:#x}")
        old, new = page_up(now), page_up(end)
        if start <= end <= KERNEL_BASE and new - old < 1 << 14 and (new <= old or space.is_free(old, new - old)):
            now = end
            space.put(old, new - old, READ | WRITE)
            space.take_away(new, old - new)
        told, kept = (int(word, 16) for word in story.take("brk")[1])
        if told != now or kept != now:
            story.wrong("what it returns, and space->break_end", f"{now:#x}", f"{told:#x}, {kept:#x}")
        story.expect_areas(space)
    story.expect_nothing_left()


# ---- places

HINT_NONE, HINT, NEW, OVER, WRONG, UNMAP, TOUCH = 0, 1, 2, 3, 8, 9, 10
HOW = ("PLACE_HINT", "PLACE_HINT", "PLACE_NEW", "PLACE_OVER")


def expect_place(story, space, kind, n, m):
    at, count = WINDOW + n % PAGES, 1 + (n >> 8) % 7
    thing, flags, index = (m >> 8 & 3) % 3 - 1, ACCESSES[m & 7], (m >> 12) % 32
    how = min(kind, OVER)
    if thing != NOTHING and m & 8:
        flags |= SHARED
    wish = "0" if how == HINT_NONE else f"{at:#x}000"
    story.done.append(f"space_place({wish}, {count} pages, {access_words(flags)}, {HOW[how]})")
    expected = 0
    if how == HINT_NONE or (how == HINT and not space.is_free(at, count)):
        at = space.highest_gap(count)
    elif how == NEW and not space.is_free(at, count):
        expected = EEXIST
    result, where = story.take("placed")[1]
    if int(result) != expected:
        story.wrong("the result", name_of(expected), name_of(int(result)))
    if not expected:
        if int(where, 16) != at:
            story.wrong("the place", f"{at:#x}000", f"0x{where}000")
        space.take_away(at, count)
        space.put(at, count, flags, thing, index)


def expect_wrong_place(story, n):
    how = "PLACE_OVER" if n & 1 else "PLACE_NEW"
    low = not n & 2
    place = f"{(n >> 4 & 0xF or 1) * FRAME:#x}" if low else f"{KERNEL_BASE - (n >> 8 & 7) * FRAME:#x}, beyond the end"
    story.done.append(f"space_place({place}, {how})")
    result, = story.take("placed")[1][:1]
    expected = EPERM if low else ENOMEM
    if int(result) != expected:
        story.wrong("the result", name_of(expected), name_of(int(result)))


def expect_places(run):
    """areas_places against the model."""
    story, space, random = Story(run), Space(Objects()), run.kernel_random()
    for step in range(110):
        kind, n, m = random(16), random(1 << 24), random(1 << 24)
        if step % 16 == 15:
            kind, n = WRONG, n & ~7 | 0x10 | 7 - step // 16
        at = WINDOW + n % PAGES
        if kind < WRONG:
            expect_place(story, space, kind, n, m)
        elif kind == WRONG:
            expect_wrong_place(story, n)
        elif kind == UNMAP:
            story.done.append(f"space_unmap({at:#x}000, {1 + m % 6} pages)")
            space.take_away(at, 1 + m % 6)
        else:
            write = bool(n & 0x10000)
            story.done.append(f"{'write to' if write else 'read of'} {at:#x}000")
            story.expect_touch(space, at * FRAME, write, m)
        if kind < TOUCH:
            story.expect_areas(space)
        story.expect_entries(space)
    story.expect_nothing_left()


# ---- what areas allow

def furnish(space, random):
    page = 0
    while page < PAGES:
        kind, count, index = random(8), 1 + random(4), random(32)
        flags = READ | WRITE if random(3) else READ
        if page < 12:
            kind, count, flags = {0: 6, 4: 7, 8: 1}[page], 4, READ | WRITE
        count = min(count, PAGES - page)
        if kind >= 4:
            flags |= SHARED
        if kind == 7:
            flags = READ | SHARED | NOWRITE
        if kind:
            space.put(WINDOW + page, count, flags, NOTHING if kind < 3 else TELLING if kind in (5, 6) else PLAIN, index)
        page += count


def expect_protect_call(story, space, first, count, access):
    """One space_protect()."""
    errors, stop = set(), None
    for number in range(first, first + count):
        page = space.pages.get(number)
        error = ENOMEM if not page else EACCES if page.flags & NOWRITE and access & WRITE else 0
        if error:
            errors.add(error)
            stop = number if stop is None else stop
        if number == first and not page:
            break
    result = int(story.take("protected")[1][0])
    if result not in (errors or {0}):
        story.wrong("the result", " or ".join(map(name_of, sorted(errors))) or "0", name_of(result))
    changed = {number: space.pages[number].flags & ~ACCESS | access for number in range(first, stop or first + count)
               if number in space.pages}
    if errors:
        story.expect_areas(space, changed)
        return
    for number, flags in changed.items():
        space.pages[number].flags = flags
    story.expect_areas(space)


# fixed_steps of tests/areas.c: step, kind, page, pages, change.
FIXED_STEPS = {0: (15, 8, 1, 0), 1: (15, 9, 1, 0), 2: (15, 10, 1, 0), 3: (15, 11, 1, 0),
               4: (14, 1, 1, 0), 5: (0, 1, 1, 2), 6: (0, 1, 1, 0), 7: (15, 1, 1, 0),
               14: (0, 8, 4, 2), 15: (0, 8, 4, 0), 16: (15, 8, 4, 0)}


def expect_protect(run):
    """areas_protect against the model."""
    story, random = Story(run), run.kernel_random()
    spaces = [Space(Objects())]
    furnish(spaces[0], random)
    story.done.append("areas of all kinds are made")
    story.expect_areas(spaces[0])
    for step in range(200):
        if step == 14:
            spaces.append(spaces[0].clone())
            story.done.append("the space is cloned, as by fork")
        kind, which = random(16), random(2)
        n, m = random(1 << 24), random(1 << 24)
        touches = step < 14 and step not in FIXED_STEPS         # whatever its kind
        if step in FIXED_STEPS:
            kind, page, pages, change = FIXED_STEPS[step]
            n, m = page | pages - 1 << 8, m & ~0x77 | change
        which = 0 if step < 14 or step in FIXED_STEPS else which
        space, at, count, access = spaces[which], WINDOW + n % PAGES, 1 + (n >> 8) % 5, CHANGES[m & 7]
        name = ("the parent", "the child")[which]
        if kind < 7 and not touches:
            story.done.append(f"{name}: space_protect({at:#x}000, {count} pages, {access_words(access)})")
            expect_protect_call(story, space, at, count, access)
        elif kind == 7 and m % 4 == 0 and not touches:
            story.done.append(f"{name}: space_unmap({at:#x}000, 1 page)")
            space.take_away(at, 1)
        else:
            story.done.append(f"{name}: {'write to' if kind & 1 else 'read of'} {at:#x}000")
            story.expect_touch(space, at * FRAME, bool(kind & 1), m)
        for each, whose in zip(spaces, ("the parent", "the child")):
            story.expect_entries(each, whose)
    story.expect_nothing_left()


# ---- in ring 3

class Program:
    """What the programs of user/areas.c do, redrawn."""

    def __init__(self, seed):
        self.argument = seed << 2 & 0xFFFFFFFF
        words = Words(self.argument)
        self.words = [words() for _ in range(6)]
        self.more = 4 + words(50000)


def expect_told(run, told, program):
    at = told.get(1, 0)
    if at % FRAME or not USER_BASE <= at < KERNEL_BASE:
        raise Mismatch("in ring 3: mmap of 6 pages", "an address", f"{at:#x}")
    for key, what, expected in ((2, "mmap of a page with MAP_FIXED: how far from where it was wanted", 0),
                                (3, "mprotect(PROT_READ)", 0), (4, "mprotect(PROT_NONE)", 0),
                                (5, "mprotect(PROT_READ | PROT_WRITE)", 0), (6, "how much brk has moved", program.more),
                                (7, "the word on the page that MAP_FIXED replaced", 0),
                                (8, "the word on the page that was PROT_NONE meanwhile", program.words[4]),
                                (9, "the word on the page that can only be read", program.words[2])):
        run.expect(f"in ring 3: {what}", told.get(key, "nothing"), expected)


def expect_tables(run, machine, told, program):
    """The halted program's page tables, as they lie in memory."""
    tables, at, end = Tables(machine), told[1], told[10]
    for n, (allowed, word) in enumerate(((6, program.words[0]), (6, 0), (4, program.words[2]), (None, 0), (6, program.words[4]),
                                         (6, program.words[5]))):
        va = at + n * FRAME
        seen = tables.allowed(va) if tables.entry(va) else None
        names = {None: "none: not present", 4: "to be read", 6: "to be read and written"}
        if not (seen == 4 and allowed == 6):            # the first write may still have to ask
            run.expect(f"seen from outside, page {n} of 6: its entry", names.get(seen, hex(seen or 0)), names[allowed])
        if seen:
            run.expect(f"seen from outside, page {n} of 6: its first word",
                       struct.unpack("<I", tables.read(machine, va, 4))[0], word)
    last = b"".join(tables.read(machine, end - 4 + n, 1) for n in range(4))
    run.expect("seen from outside: the last word below the break", struct.unpack("<I", last)[0], program.argument)


def expect_program(run):
    """areas_program: three programs that die, and one that is looked at."""
    program = Program(run.kernel_random()(1 << 30))
    with run.qemu(kernel=run.build.kernel, cmdline=run.ktest_cmdline("areas_program")) as machine:
        machine.wait_until(lambda: any(line[0] in ("halts", "lacks") for line in run.observed(machine, "areas_program")),
                           what="the kernel test areas_program to come to its end")
        lines = run.observed(machine, "areas_program")
        machine.wait_halt()
        statuses = [int(line[1]) for line in lines if line[0] == "status"]
        what = ("writes to a page that can only be read", "reads a page that is PROT_NONE", "reads the page above its break")
        for status, way in zip(statuses + [None] * 3, what):
            run.expect(f"the status of a program that {way} (11: ended by SIGSEGV)", status, 11)
        told = {int(line[2], 16): int(line[3], 16) for line in lines if line[0] == "told" and line[1] == "areas_stays"}
        expect_told(run, told, program)
        expect_tables(run, machine, told, program)
