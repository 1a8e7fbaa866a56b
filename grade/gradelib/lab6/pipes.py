"""
A model of a pipe as pipe(7) has it, and what tests/pipes.c does with pipes.

Who reads and who writes go on by themselves, so some things may come out in several ways: how much of a large write is in
the pipe when its writer sleeps, how much a reader gets that was woken in the middle. The model knows limits for that.
"""

import functools
import struct
import zlib

from ..verdicts import Mismatch
from . import Words

PIPE_BUF, PIPE_BYTES = 4096, 65536
ROUNDS, STEPS = 16, 24
EINTR, EAGAIN, EPIPE = -4, -11, -32
READER, WRITER = 0, 1
NAMES = ("reader", "writer")
WORDS = {EINTR: "-EINTR", EAGAIN: "-EAGAIN", EPIPE: "-EPIPE", -38: "-ENOSYS", -14: "-EFAULT", -12: "-ENOMEM"}
WRITE, READ, FLAG, INTERRUPT, KINDS = 0, 5, 10, 11, 12
ANY = None
OPENINGS = (((READ, 1), (WRITE, 4), ANY, (READ, 4)), ((WRITE, 3), (FLAG, 0), (WRITE, 5), (WRITE, 5)),
            ((WRITE, 3), (WRITE, 5), (WRITE, 5), (READ, 1)), ((WRITE, 4), (READ, 2), (INTERRUPT, 0), ANY),
            ((FLAG, 1), (READ, 1), (WRITE, 1), (READ, 0)), ((WRITE, 3), (WRITE, 4), ANY, ANY),
            ((READ, 1), (INTERRUPT, 0), (READ, 1), ANY), ((WRITE, 1), (WRITE, 1), ANY, (READ, 0)))
CLOSINGS = {5: (2, 0), 6: (3, 1), 7: (2, 1)}        # which opening: at which step, which end
LARGEST = 100000


def words(result):
    return "sleeps" if result is None else WORDS.get(result, str(result))


@functools.lru_cache(maxsize=1)
def row_of_bytes():
    """All that is ever written: pieces of this."""
    return bytes((i * 0x9E3779B1 & 0xFFFFFFFF) >> 24 for i in range(LARGEST + 30100 + (1 << 14)))


def size_of(kind, n):
    return (1 + n % 40, 1 + n % PIPE_BUF, PIPE_BUF - 2 + n % 5000, PIPE_BYTES - PIPE_BUF - 3 + n % 7,
            PIPE_BYTES - 100 + n % 30000, PIPE_BUF - n % 200)[kind]


class Call:
    """A read or a write that has not returned. Of a write: its bytes, and how many of them are in the pipe by now."""

    def __init__(self, n, data=b""):
        self.n, self.data, self.least, self.most = n, data, 0, 0
        self.new, self.interrupted = True, False


class Pipe:
    """One pipe and its two actors."""

    def __init__(self):
        self.bytes, self.taken = bytearray(), 0         # what writes that have returned have put in; what was read
        self.open, self.nonblock, self.calls = [True, True], [False, False], [None, None]
        self.story = []

    @property
    def count(self):
        """Bytes in the pipe, without those of a write that has not returned."""
        return len(self.bytes) - self.taken

    def wrong(self, what, expected, seen):
        raise Mismatch(f"a pipe, {what}", expected, seen, ["what happened before, the last line last:", *self.story[-7:]])

    # ---- what is done

    def act(self, random, closes, which, opening):
        """The next step; `opening`: what kind of step, and of size, it is, or ANY. Returns which end is closed in it, or 2."""
        kind, size, n, salt = random(KINDS), random(5), random(1 << 20), random(1 << 14)
        if opening is not ANY:
            kind, size = opening
            salt = salt & ~1 if kind == FLAG and size else salt | 1
        n = size_of(size, n)
        for call in self.calls:
            if call:
                call.new, call.interrupted = False, False
        if closes:
            free = [end for end in (which, which ^ 1) if not self.calls[end]]
            if free:
                self.open[free[0]] = False
                self.story.append(f"the {('read', 'write')[free[0]]} end is closed")
            return free[0] if free else 2
        if kind < READ and self.open[WRITER] and not self.calls[WRITER]:
            self.calls[WRITER] = Call(n, row_of_bytes()[salt:salt + n])
            self.story.append(f"{self.mode(WRITER)}write of {n} bytes, {PIPE_BYTES - self.count} are free")
        elif READ <= kind < FLAG and self.open[READER] and not self.calls[READER]:
            self.calls[READER] = Call(n)
            self.story.append(f"{self.mode(READER)}read of {n} bytes, {self.count} and what the writer has put are there")
        elif kind == FLAG and self.open[salt % 2] and not self.calls[salt % 2]:
            self.nonblock[salt % 2] ^= True
        elif kind == INTERRUPT:
            for name, call in zip(NAMES, self.calls):
                if call:
                    call.interrupted = True
                    self.story.append(f"the {name}, which sleeps, is interrupted")
        return 2

    def mode(self, end):
        return "non-blocking " if self.nonblock[end] else ""

    # ---- what has come of it

    def judge(self, seen):
        """`seen` of reader and writer: what their calls returned, None if they sleep, "idle" without a call; and the sum."""
        reader, writer = self.calls
        for end, name in enumerate(NAMES):
            if (seen[end] == "idle") != (self.calls[end] is None):
                self.wrong(f"the {name}", "it is in a call" if self.calls[end] else "it is in none", words(seen[end]))
            if self.calls[end]:
                self.story.append(f"    then the {name}: {words(seen[end])}")
        got = seen[READER] if reader and seen[READER] else 0
        if got > 0:
            self._take(reader, writer, got, seen[2])
        elif reader and seen[READER] is not None:
            self._no_bytes(reader, writer, seen[READER])
        before = self.count                             # after what was read
        if writer:
            self._judge_write(writer, seen[WRITER], before)
        if reader and seen[READER] is None:
            self._judge_sleeping_reader(reader, writer, seen[WRITER])
        for end in (READER, WRITER):
            if self.calls[end] and seen[end] is not None:
                self.calls[end] = None

    def _take(self, reader, writer, got, total):
        """The reader got bytes."""
        least = min(reader.n, self.count + (0 if not writer or writer.new else writer.least))
        most = min(reader.n, self.count + (writer.n if writer else 0))
        if not max(least, 1) <= got <= most:
            self.wrong("how many bytes a read gets", f"{max(least, 1)}" + (f" to {most}" if most > least else ""), got)
        there = self.bytes[self.taken:self.taken + got]
        if writer and got > self.count:
            there += writer.data[max(0, -self.count):][:got - len(there)]
        if zlib.adler32(bytes(there)) != total:
            self.wrong(f"the {got} bytes that a read gets: their Adler-32", f"{zlib.adler32(bytes(there)):#x}", f"{total:#x}")
        self.taken += got

    def _no_bytes(self, reader, writer, result):
        """The reader returned 0 or an error."""
        if self.count > 0:
            self.wrong(f"a read with {self.count} bytes there", f"{min(reader.n, self.count)}", words(result))
        if not self.open[WRITER]:
            allowed = {0}
        elif reader.interrupted:
            allowed = {EINTR}
        elif self.nonblock[READER]:
            allowed = {EAGAIN}
        else:
            self.wrong("a read of an empty pipe that has a writer", "it sleeps", words(result))
        if result not in allowed or (writer and not writer.new):
            self.wrong("what a read returns of an empty pipe", words(*allowed) if not writer else "bytes", words(result))

    def _judge_sleeping_reader(self, reader, writer, wrote):
        if self.count > 0 or (writer and (wrote is None or wrote > 0)):
            self.wrong("a reader that sleeps though there is something to read", "it gets it", "it sleeps")
        if not self.open[WRITER]:
            self.wrong("a reader that sleeps though there is no writer", "0, the end of the file", "it sleeps")
        if reader.interrupted:
            self.wrong("a reader that was interrupted", "-EINTR", "it sleeps")
        if self.nonblock[READER] and reader.new:
            self.wrong("a non-blocking read of an empty pipe", "-EAGAIN", "it sleeps")

    def _judge_write(self, writer, result, before):
        """`before` is what of earlier writes is there; negative if a reader has got some of this one already."""
        room = PIPE_BYTES - before                      # for all of this write
        least, most = max(writer.least, -before), min(writer.n, room)
        if result is None:
            self._judge_sleeping_writer(writer, room, least, most)
            return
        if result == writer.n and result <= room and self.open[READER]:
            pass
        elif result > 0:
            self._judge_part(writer, result, least, most)
        else:
            self._judge_refusal(writer, result, least, room)
        if result > 0:
            self.bytes += writer.data[:result]

    def _judge_sleeping_writer(self, writer, room, least, most):
        if not self.open[READER]:
            self.wrong("a writer that sleeps though nobody can read", "-EPIPE, or how much it has written", "it sleeps")
        if writer.interrupted:
            self.wrong("a writer that was interrupted", "-EINTR, or how much it has written", "it sleeps")
        if self.nonblock[WRITER] and writer.new:
            self.wrong("a non-blocking write", "-EAGAIN, or how much fits", "it sleeps")
        if writer.n <= PIPE_BUF:
            if room >= PIPE_BUF or (writer.new and room >= writer.n):
                self.wrong(f"a writer of {writer.n} bytes that sleeps", f"it writes: there is room for {room}", "it sleeps")
            writer.least = writer.most = 0
            return
        writer.least, writer.most = max(least, room - PIPE_BUF + 1), min(writer.n - 1, most)
        if writer.least > writer.most:
            self.wrong(f"a writer of {writer.n} bytes that sleeps", f"it writes on: there is room for {room}, and so many are "
                       "still to come", "it sleeps")

    def _judge_part(self, writer, result, least, most):
        """Less was written than was to be."""
        stopped = writer.interrupted or not self.open[READER]
        if writer.n <= PIPE_BUF:
            self.wrong(f"a write of {writer.n} bytes, no more than PIPE_BUF", "all of them or none", result)
        if writer.new and self.nonblock[WRITER]:
            if not 1 <= result <= most:
                self.wrong("how much a non-blocking write writes", f"what fits: 1 to {most}", result)
        elif not stopped:
            self.wrong(f"a write of {writer.n} bytes", f"{writer.n}, when all are written", result)
        elif not max(1, least) <= result <= writer.most:
            self.wrong("what a write returns that is ended in the middle, or before it began",
                       f"what is in the pipe or was read, {least} to {writer.most}; an error if that is 0", result)

    def _judge_refusal(self, writer, result, least, room):
        if result == 0:
            self.wrong(f"a write of {writer.n} bytes", "a count or an error", "0")
        if not self.open[READER]:
            allowed = EPIPE
        elif writer.interrupted:
            allowed = EINTR
        elif self.nonblock[WRITER] and writer.new:
            allowed = EAGAIN
            if (room >= writer.n if writer.n <= PIPE_BUF else room > 0):
                self.wrong(f"a non-blocking write of {writer.n} bytes with room for {room}", "it writes", words(result))
        else:
            self.wrong(f"a write of {writer.n} bytes with room for {room}", f"{writer.n}, if it must after having slept",
                       words(result))
        if result != allowed:
            self.wrong("the error of a write", words(allowed), words(result))
        if least > 0:
            self.wrong("what a write returns that is ended in the middle", f"what is in the pipe or was read, {least} or more",
                       words(result))


class Lines:
    """The lines of pipes_steps, one after the other."""

    def __init__(self, run):
        self.lines = iter(run.report())

    def take(self, key, pipe):
        """The words behind `key`, which must be next."""
        line = next(self.lines, ["nothing"])
        if line[0] == "runs":
            pipe.wrong(f"the {line[1]}", "it returns or sleeps", "it runs for ever")
        if line[0] == "closing":
            pipe.wrong("closing an end", "it is closed", "it sleeps for ever: somebody has kept the lock")
        if line[0] != key:
            pipe.wrong("the steps ended early", key, " ".join(line))
        return line[1:]

    def actor(self, end, pipe):
        """What an actor's call returned (None: it sleeps; "idle": there is none), and the sum of its bytes."""
        word, *total = self.take(NAMES[end], pipe)
        result = {"sleeps": None, "idle": "idle"}[word] if word in ("sleeps", "idle") else int(word)
        return result, int(total[0], 16) if total else 0


def expect_steps(run):
    """pipes_steps against the model."""
    random, lines = run.kernel_random(), Lines(run)
    for number in range(ROUNDS):
        pipe, close_at, which = Pipe(), STEPS - 1 - random(8), random(2)
        close_at, which = CLOSINGS.get(number % 8, (close_at, which))
        pipe.story.append(f"pipe {number + 1}, new and empty")
        for step in range(STEPS):
            opening = OPENINGS[number % 8][step] if step < 4 else ANY
            closes = pipe.act(random, step == close_at, which, opening)
            run.expect("which end is closed (2: none)", int(lines.take("step", pipe)[0]), closes)
            (got, total), (wrote, _) = lines.actor(READER, pipe), lines.actor(WRITER, pipe)
            pipe.judge((got, wrote, total))
        if lines.take("round", pipe) != ["1"]:
            pipe.wrong("interrupting who sleeps, and closing both ends", "all return", "somebody sleeps on")


def drawn_records(run):
    """The sizes of all records, by writer."""
    random, sizes = run.kernel_random(), []
    for writer in range(4):
        sizes.append([])
        for _ in range(14):
            n, whole = random(20000), random(4)
            sizes[writer].append(PIPE_BUF + 1 + n if writer == 0 else 1 + n % PIPE_BUF if whole else PIPE_BUF)
    return sizes


def expect_records(run):
    """pipes_crowd: what several writers have written at once."""
    sizes = drawn_records(run)
    for writer, record, result in run.numbers("wrote"):
        raise Mismatch(f"several writers at once: what a write of {sizes[writer][record]} bytes returned",
                       sizes[writer][record], words(result))
    if run.report("runs"):
        raise Mismatch("several writers at once: one", "writes or sleeps", "runs for ever")
    if run.numbers("left") != [[0]]:
        raise Mismatch("several writers at once: how many sleep when the pipe is empty", 0, run.report("left"))
    last, sums = [-1] * 4, [[0] * 14 for _ in range(4)]
    for value, length in run.numbers("run"):
        writer, record = divmod(value, 14)
        size = sizes[writer][record]
        if writer and length != size:
            raise Mismatch(f"several writers at once: a record of {size} bytes, no more than PIPE_BUF, as it was "
                           "read", "in one piece", f"a piece of {length} bytes, and something else behind it")
        if record < last[writer]:
            raise Mismatch("several writers at once: the records of one of them", "in their order",
                           f"{record} behind {last[writer]}")
        last[writer] = record
        sums[writer][record] += length
    run.expect("several writers at once: bytes of each record that were read", sums, sizes)


def expect_readers(run):
    """pipes_crowd: several that sleep, and one write that is enough for all."""
    run.expect("three readers of an empty pipe, and again when it is empty", run.report("before"), [["sleeps"]] * 6)
    (n, wrote), = run.numbers("gave")
    run.expect("a write of bytes enough for all of them", wrote, n)
    run.expect("what each of three sleeping readers got: of a write that is enough for all, then when the last writer closes",
               [line[0] for line in run.report("reader")], [str(n // 3)] * 3 + ["0"] * 3)


def expect_wakes(run):
    """pipes_wakes: a writer that sleeps is not woken for each byte."""
    run.expect("a writer of more than fits", run.report("begins"), [["asleep"]])
    (more, reads, wakes, result), = run.numbers("woken")
    run.expect("what it returned in the end", result, PIPE_BYTES + more)
    allowed = 2 * (more // PIPE_BUF + 1)
    if wakes > allowed:
        raise Mismatch(f"a writer sleeps, with {more} bytes that did not fit; {reads} reads of 20 to 79 bytes: how often it was "
                       "woken", f"when there is room for PIPE_BUF bytes again, {allowed} times at most", wakes)


class Program:
    """What the program `pipes_alone` does (user/pipes.c), redrawn."""

    def __init__(self, run):
        words = Words(run.kernel_random()(1 << 30))
        self.n, self.least = 1 + words(3000), 3 + words(40)
        self.bytes = bytes(words(256) for _ in range(self.n))

    def _next(self):
        x = self.state
        x ^= x << 13 & 0xFFFFFFFF
        x ^= x >> 17
        x ^= x << 5 & 0xFFFFFFFF
        self.state = x
        return x


def expect_program(run):
    program = Program(run)
    told = {int(a, 16): struct.unpack("<i", struct.pack("<I", int(b, 16)))[0] for _, a, b in run.report("told")}
    n, least = program.n, program.least
    steps = [(1, "pipe: 0", 0), (0, "the ends of a pipe in an empty table: 0 and", 1),
             (2, f"fcntl(1, F_DUPFD, {least})", least), (3, "dup(1), the lowest free number", 2), (4, "close(1)", 0),
             (5, f"write({least}, {n} bytes)", n), (6, "read(0, 3000 bytes)", n), (8, "close(0)", 0)]
    for key, what, expected in steps:
        run.expect(f"in ring 3: {what}", told.get(key, "nothing"), expected)
    run.expect("in ring 3: what was read", bytes.fromhex(run.report("data")[0][0]), program.bytes)
    run.expect("how the program ended that wrote when nobody could read any more (13: by SIGPIPE)", run.numbers("status"), [[13]])
