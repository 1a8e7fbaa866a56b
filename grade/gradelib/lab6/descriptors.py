"""
A model of a table of descriptors, and what tests/descriptors.c does with one.
"""

from ..verdicts import Mismatch

FD_MAX, FIRST, STEPS = 1024, 32, 500
EBADF, ENOMEM, EMFILE = -9, -12, -24
ADD, CLOSE, SET, CLOEXEC, LIMIT, KINDS = 0, 10, 13, 14, 15, 16


class Table:
    """Which file has which number, and whether it is closed by exec."""

    def __init__(self):
        self.files, self.limit = {}, FD_MAX

    def add(self, file, least, cloexec):
        free = next((fd for fd in range(least, FD_MAX + 1) if fd not in self.files), FD_MAX)
        if free >= self.limit:
            return EMFILE
        self.files[free] = file, cloexec
        return free

    def close(self, fd):
        return 0 if self.files.pop(fd, None) else EBADF

    def set(self, file, fd, cloexec):
        if fd >= self.limit:
            return EBADF
        self.files[fd] = file, cloexec
        return fd

    def set_cloexec(self, fd, cloexec):
        if fd not in self.files:
            return EBADF
        self.files[fd] = self.files[fd][0], cloexec
        return 0

    def look(self, fd):
        """What the test sees under a number: the file and its bit."""
        return self.files.get(fd, (-1, EBADF))


def picked(how, n, limit):
    return (0, n % 100, n, limit - n % 2 if limit < FD_MAX else FD_MAX - 1)[how]


def words(result):
    names = {EBADF: "-EBADF", ENOMEM: "-ENOMEM", EMFILE: "-EMFILE"}
    return names.get(result, str(result))


class Row:
    """The operations of descriptors_row, one after the other."""

    def __init__(self, run):
        self.table, self.random, self.made = Table(), run.kernel_random(), 0

    def step(self):
        """Do the next one. Returns it in words, what it must return, and under which number is looked then."""
        random, table = self.random, self.table
        kind, how, n, cloexec = random(KINDS), random(4), random(FD_MAX), random(2)
        fd = picked(how, n, table.limit)
        if kind < CLOSE or kind == SET:
            self.made += 1
        if kind < CLOSE:
            what, result = f"fd_add(file {self.made}, {fd}, {cloexec})", table.add(self.made, fd, cloexec)
            fd = result
        elif kind < SET:
            what, result = f"fd_close({fd})", table.close(fd)
        elif kind == SET:
            what, result = f"fd_set(file {self.made}, {fd}, {cloexec})", table.set(self.made, fd, cloexec)
        elif kind == CLOEXEC:
            what, result = f"fd_set_cloexec({fd}, {cloexec})", table.set_cloexec(fd, cloexec)
        else:
            table.limit = FD_MAX if how < 2 else (64, 20)[how - 2] + n % 64
            what, result = f"RLIMIT_NOFILE becomes {table.limit}", 0
        return what, result, fd


def expect_row(run):
    """descriptors_row against the model."""
    row, lines = Row(run), run.report()
    for number in range(STEPS):
        if number >= len(lines) or lines[number][0] not in ("step", "count"):
            raise Mismatch("the row of operations on a table of descriptors ended early", STEPS, number)
        if lines[number][0] == "count":
            raise Mismatch("fd_add failed, and the file's count is not the caller's alone any more", 1, lines[number][1])
        limit = row.table.limit
        what, result, fd = row.step()
        seen, file, cloexec = (int(token) for token in lines[number][1:])
        what = f"operation {number + 1}, {what}, with a limit of {limit}"
        if seen != result:
            raise Mismatch(f"{what}: what it returned", words(result), words(seen), [around(row.table, result, seen)])
        run.expect(f"{what}: the file that is under {fd} then (-1: none)", file, row.table.look(fd)[0])
        run.expect(f"{what}: FD_CLOEXEC of {fd} then (-9: no file)", cloexec, row.table.look(fd)[1])
    opened = [[int(token) for token in line] for line in run.report("open")]
    run.expect("all that is open at the end: number, file, FD_CLOEXEC", opened,
               [[fd, *row.table.files[fd]] for fd in sorted(row.table.files)])
    run.expect("files that were closed when the table had gone", *run.numbers("closed")[0])
    run.expect("files that were made", run.numbers("closed")[0][1], row.made)


def around(table, *numbers):
    """Which descriptors are taken near one of those numbers."""
    middle = next((number for number in numbers if number >= 0), 0)
    taken = [fd for fd in sorted(table.files) if abs(fd - middle) < 6]
    return f"taken around {middle}: {' '.join(map(str, taken)) or 'none'}"


def expect_growth(run):
    """descriptors_growth: without memory, and with somebody who is faster."""
    if run.report("full"):
        raise Mismatch("fd_add on a table of which numbers are free: the lowest one", run.report("full")[0][0], "another")
    short, = run.numbers("short")
    run.expect("fd_add when the table must grow and no memory is left (-12 is -ENOMEM)", short[0], ENOMEM)
    run.expect("...the file's count, which is still the caller's", short[1], 1)
    run.expect("...what is under 32 then (-1: nothing)", short[2], -1)
    (in_need, *fds), = run.numbers("race")
    run.expect("whether growing the table took memory", in_need, 1)
    if sorted(fds) != [FIRST, FIRST + 1]:
        raise Mismatch("two threads add a file at once; while one makes the table grow, the other runs: their numbers",
                       f"{FIRST} and {FIRST + 1}, either way", f"{fds[0]} and {fds[1]}")
    own, under_own, others, under_others = run.numbers("files")[0]
    run.expect(f"two threads add a file at once: what is under {fds[0]}", under_own, own)
    run.expect(f"two threads add a file at once: what is under {fds[1]}", under_others, others)
    run.expect("files that were closed when the table had gone", *run.numbers("closed")[0])
