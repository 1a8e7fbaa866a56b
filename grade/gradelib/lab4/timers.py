"""
A model of timers: which of them a tick must call, whatever is added and cancelled meanwhile, by their own functions too.
"""

import struct

from ..lab3.host import cases, without_panic
from ..lab3.inside import Elf
from ..verdicts import Mismatch
from . import CPU
from .watch import expect_tasks_made, KERNEL_BASE, milliseconds, WAITING, Watch

ADD, CANCEL, FREE, TICK = 1, 2, 3, 4
TURN = 256                      # of the wheel, if it is one


class TimerCase:
    """A story for host/timer.c."""

    def __init__(self, now, slots):
        self.now, self.start = now, now
        self.actions = [[] for _ in range(slots)]
        self.operations = []
        self.due, self.there = {}, set()        # pending timers and when they are due; those that were ever added

    def input(self):
        data = struct.pack("<III", self.start & 0xFFFFFFFF, self.start >> 32, len(self.actions))
        for actions in self.actions:
            data += struct.pack("<I", len(actions)) + b"".join(struct.pack("<III", *action) for action in actions)
        return data + b"".join(struct.pack("<III", *operation) for operation in self.operations)

    def add(self, slot, ms):
        self.operations.append((ADD, slot, ms))

    def cancel(self, slot):
        self.operations.append((CANCEL, slot, 0))

    def free(self, slot):
        self.operations.append((FREE, slot, 0))

    def ticks(self, n):
        self.operations.append((TICK, n, 0))

    # ---- judging

    def check(self, lines):
        self.now, self.due, self.there, self.lines, self.at = self.start, {}, set(), lines, 0
        for number, operation in enumerate(self.operations, 1):
            self.what = f"operation {number}"
            self._operation(*operation)
        if self.at < len(lines):
            self._wrong("nothing more")

    def _next(self):
        return self.lines[self.at] if self.at < len(self.lines) else "nothing"

    def _wrong(self, expected):
        raise Mismatch(f"timers: {self.what}, at tick {self.now}", expected, self._next(),
                       ["before that:", *self.lines[max(0, self.at - 6):self.at]])

    def _expect(self, line):
        if self._next() != line:
            self._wrong(line)
        self.at += 1

    def _operation(self, kind, slot, ms):
        if kind == ADD and slot not in self.due:
            self.due[slot] = self.now + ms + 1
            self.there.add(slot)
            self._expect(f"added {slot}")
        elif kind == CANCEL and slot in self.there:
            self._expect(f"cancelled {slot} {int(slot in self.due)}")
            self.due.pop(slot, None)
        elif kind == FREE and slot in self.there and slot not in self.due:
            self.there.remove(slot)
            self._expect(f"freed {slot}")
        elif kind == TICK:
            self._ticks(slot)

    def _ticks(self, n):
        end = self.now + n
        while self.now < end:
            # Nothing happens before the next one is due.
            self.now = min([end, *(max(due, self.now + 1) for due in self.due.values())])
            while any(due <= self.now for due in self.due.values()):
                word, _, rest = self._next().partition(" ")
                slot = int(rest.split()[0]) if word == "called" else None
                if self.due.get(slot) != self.now:
                    self._wrong("a call of what is due: timer " +
                                ", ".join(str(slot) for slot, due in self.due.items() if due <= self.now))
                del self.due[slot]
                self._expect(f"called {slot} {self.now}")
                for action in self.actions[slot]:
                    self._operation(*action)
                self._expect(f"left {slot}")
        self._expect(f"ticked {self.now}")


def some_ms(rng):
    return rng.choice([0, 0, 1, 2, rng.randrange(3, 20), rng.randrange(20, 250), TURN - 2, TURN - 1, TURN, TURN + 1,
                       2 * TURN - 1, 2 * TURN, 3 * TURN + rng.randrange(9)])


def story(rng, steps, acting):
    """A row of requests; with `acting`, functions add and cancel timers, too."""
    slots = rng.choice([3, 12, 40])
    case = TimerCase(rng.choice([0, rng.randrange(1000), (1 << 32) - rng.randrange(300), 5 << 32]), slots)
    for actions in case.actions if acting else ():
        for _ in range(rng.randrange(4)):
            kind = rng.choice([ADD, ADD, CANCEL, FREE])
            actions.append((kind, rng.randrange(slots), some_ms(rng) if kind == ADD else 0))
    for _ in range(steps):
        slot, kind = rng.randrange(slots), rng.random()
        if kind < 0.5:
            case.add(slot, some_ms(rng))
        elif kind < 0.65:
            case.cancel(slot)
        elif kind < 0.7:
            case.free(slot)
        else:
            case.ticks(rng.choice([1, 1, 2, rng.randrange(20), rng.randrange(300)]))
    case.ticks(4 * TURN)
    return case


def together(rng):
    """Many are due in the same tick: each function does something to the others, or adds its own timer again."""
    slots = rng.randrange(3, 10)
    case = TimerCase(rng.randrange(5000), slots)
    for slot, actions in enumerate(case.actions):
        other, third = rng.choice([n for n in range(slots) if n != slot]), rng.randrange(slots)
        actions += rng.choice([
            [(CANCEL, other, 0)],
            [(CANCEL, other, 0), (FREE, other, 0)],
            [(CANCEL, other, 0), (ADD, other, 0)],
            [(ADD, slot, rng.choice([0, 1, TURN - 1, TURN]))],
            [(CANCEL, slot, 0), (ADD, slot, 2), (CANCEL, slot, 0), (CANCEL, slot, 0)],
            [(FREE, slot, 0)],
            [(CANCEL, third, 0), (FREE, third, 0), (FREE, slot, 0)],
            [],
        ])
    for _ in range(6):
        ms = rng.choice([0, 1, 5, TURN - 1, TURN, TURN + 3])
        for slot in rng.sample(range(slots), slots):
            case.add(slot, ms)
        case.ticks(ms + rng.choice([1, 2, 4]))
        for slot in rng.sample(range(slots), 2):
            case.cancel(slot)
    case.ticks(2 * TURN + 5)
    return case


def check_timers(run, stories):
    answers = cases(run, "timer", [case.input() for case in stories], CPU)
    for case, answer in zip(stories, without_panic(answers, "timers")):
        case.check(answer)


# ---- sleeping in a real machine

SLEEPERS, ROUNDS, FOREVER = 20, 3, 8            # as in tests/timer.c
LATE = 3.0                                      # ms: until the tick, and until all are awake that it wakes


def check_sleeps(run, watch):
    """Each sleep took as long as the seed wanted, by the ACPI timer, and those awoke first whose time came first."""
    random = run.kernel_random()
    asked = [random(100) + (0 if i else 250) for i in range(SLEEPERS) for _ in range(ROUNDS)]
    notes = watch.rows("sleep_notes", 4)
    run.expect("the milliseconds that the tasks were to sleep, seen from outside", [note[0] for note in notes], asked)
    for i, (ms, begun, ended, order) in enumerate(notes):
        what = f"sleep_ms({ms}) of task {i // ROUNDS}"
        if not order:
            raise Mismatch(f"{what} did not come back")
        took = milliseconds(begun, ended)
        if not ms * 0.999 - 0.01 <= took <= ms + LATE:
            raise Mismatch(f"how long {what} took, by the ACPI timer", f"{ms} to {ms + 1} ms", f"{took:.2f} ms")
    run.expect("the number of sleeps that ended, seen from outside", sorted(note[3] for note in notes),
               list(range(1, len(notes) + 1)))
    origin = notes[0][1]
    # Those whose times came in different ticks; tasks begin at most some microseconds apart from what they note.
    awake = sorted(notes, key=lambda note: note[3])
    for (ms, begun, _, _), (later_ms, later_begun, _, _) in zip(awake, awake[1:]):
        first, second = milliseconds(origin, begun) + ms, milliseconds(origin, later_begun) + later_ms
        if first > second + 1.2:
            raise Mismatch("the order in which sleepers awoke", f"first the one whose {later_ms} ms ended at {second:.2f} ms",
                           f"the one whose {ms} ms ended at {first:.2f} ms came before it")


def look_at_sleepers(run, machine):
    """
    While tasks sleep without end: at any moment they are WAITING, since less time than they asked for, by the ACPI timer's
    count now. Nobody but the idle task uses time.
    """
    elf = Elf(run.build.kernel)
    rounds_at = elf.address("sleep_rounds")

    def rounds():
        expect_tasks_made(run.observed(machine, "sleep_forever"))
        return int.from_bytes(machine.read_phys(rounds_at - KERNEL_BASE, 4), "little")
    target, ticks = 0, {}
    for _ in range(4):
        machine.wait_until(lambda: rounds() >= target + 40, what="the tasks to sleep and wake")
        machine.stop()
        now, watch = machine.pm_timer(), Watch(machine, elf)
        target = watch.words("sleep_rounds")[0]
        asleep = 0
        for task, ms, begun in watch.rows("forever_notes", 3):
            seen = watch.task(task)
            asleep += seen.state == WAITING and not seen.queued and not seen.on_cpu
            since = milliseconds(begun, now)
            if seen.state == WAITING and since > ms + LATE:
                raise Mismatch(f"for how long a task has been WAITING that sleeps {ms} ms, by the ACPI timer from outside",
                               f"at most {ms + 1} ms", f"{since:.2f} ms")
            ticks.setdefault(task, []).append(seen.ticks)
        if asleep < FOREVER - 2:
            raise Mismatch(f"tasks that are WAITING, in no run queue, while all {FOREVER} sleep, seen from outside",
                           f"{FOREVER}, or one less", asleep)
        machine.cont()
    for seen in ticks.values():
        if seen[-1] - seen[0] > 5:
            raise Mismatch("ticks in which a task was found running that does nothing but sleep", "0", seen[-1] - seen[0])
