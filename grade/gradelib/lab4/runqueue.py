"""
The run queue as task/runqueue.h has it, and rows of operations for labs/lab04-tasks/host/runqueue.c.
"""

import struct

from ..lab3.host import cases, without_panic
from ..verdicts import Mismatch
from . import PRIORITIES, STARVE_MS

ADD, REMOVE, PICK, HIGHEST, SHOW, PRIORITY, WATCHED = range(1, 8)


class Queue:
    """What has to happen."""

    def __init__(self):
        self.levels = [[] for _ in range(PRIORITIES)]
        self.waiting, self.since, self.rescued = [], {}, False

    def add(self, task, priority, front, now):
        self.levels[priority].insert(0 if front else len(self.levels[priority]), task)
        self.waiting.append(task)
        self.since[task] = now

    def remove(self, task):
        next(level for level in self.levels if task in level).remove(task)
        self.waiting.remove(task)

    def highest(self):
        return max((p for p in range(PRIORITIES) if self.levels[p]), default=-1)

    def pick(self, now):
        again, self.rescued = self.rescued, False
        if not self.waiting:
            return None
        task = self.waiting[0]
        if not again and now - self.since[task] >= STARVE_MS:
            self.rescued = True
        else:
            task = self.levels[self.highest()][0]
        self.remove(task)
        return task

    def shown(self):
        """As the program shows it."""
        bits = sum(1 << p for p in range(PRIORITIES) if self.levels[p])
        lines = [f"queue {bits:x} {len(self.waiting)} {int(self.rescued)}"]
        lines += [" ".join(map(str, ("level", p, *level))) for p, level in enumerate(self.levels) if level]
        lines.append(" ".join(map(str, ("waiting", *self.waiting))))
        return lines + [f"task {task} 1 {self.since[task]}" for task in sorted(self.waiting)]


class Case:
    """A row of operations on so many tasks, with what each must answer."""

    def __init__(self, tasks, start=0):
        self.tasks, self.now, self.queue = tasks, start, Queue()
        self.priorities = [0] * tasks
        self.free = list(range(tasks))
        self.operations, self.expected, self.story = [], [], []

    def do(self, what, a=0, b=0, expected=(), text="", seen=True):
        self.operations.append(struct.pack("<5I", what, a, b, self.now & 0xFFFFFFFF, self.now >> 32))
        self.story.append(text)
        self.expected += [(line, len(self.story)) for line in expected]

    def add(self, task, priority, front=False):
        self.free.remove(task)
        if priority != self.priorities[task]:
            self.do(PRIORITY, task, priority)
            self.priorities[task] = priority
        self.queue.add(task, priority, front, self.now)
        self.do(ADD, task, int(front), text=f"add task {task}, priority {priority}, {'front' if front else 'end'}, at {self.now}")

    def remove(self, task):
        self.queue.remove(task)
        self.free.append(task)
        self.do(REMOVE, task, text=f"remove task {task}")

    def pick(self):
        task = self.queue.pick(self.now)
        if task is not None:
            self.free.append(task)
        self.do(PICK, expected=[f"pick {'-' if task is None else task}"], text=f"pick, at {self.now}")
        return task

    def highest(self):
        self.do(HIGHEST, expected=[f"highest {self.queue.highest()}"], text="ask for the highest priority")

    def show(self):
        self.do(SHOW, expected=self.queue.shown(), text="look at all that the queue keeps")

    def input(self):
        return struct.pack("<I", self.tasks) + b"".join(self.operations)

    def check(self, run, answer):
        for n, line in enumerate(answer + ["nothing more"] * (len(self.expected) - len(answer))):
            wanted, step = self.expected[n] if n < len(self.expected) else ("nothing more", len(self.story))
            if line != wanted:
                raise Mismatch(f"the run queue, step {step} of a row: {self.story[step - 1]}", wanted, line,
                               ["what came before:", *(text for text in self.story[max(0, step - 9):step - 1] if text)])


def judge(run, stories):
    for case, answer in zip(stories, without_panic(cases(run, "runqueue", [case.input() for case in stories]), "run queue")):
        case.check(run, answer)


def some_row(rng, length, tasks=24, step=40, show=0):
    """Any operations; time goes on by up to `step` ms with each. With `show`, all is looked at as often."""
    case = Case(tasks, rng.choice([0, 5, 0xFFFFFE00, rng.randrange(1 << 40)]))
    few = rng.sample(range(PRIORITIES), rng.choice([1, 2, 5, PRIORITIES]))
    for n in range(length):
        case.now += rng.choice([0, 0, 1, rng.randrange(step)])
        kind = rng.random()
        busy = len(case.queue.waiting)
        if case.free and kind < (0.55 if busy < tasks / 2 else 0.35):
            case.add(rng.choice(case.free), rng.choice(few), rng.random() < 0.4)
        elif busy and kind < 0.6:
            case.remove(rng.choice(case.queue.waiting))
        elif kind < 0.68:
            case.highest()
        else:
            case.pick()
        if show and n % show == 0:
            case.show()
    while case.queue.waiting:
        case.now += rng.choice([0, STARVE_MS])
        case.pick()
    case.pick()
    case.highest()
    if show:
        case.show()
    return case


def starving_row(rng):
    """Urgent tasks that come back at once, and others that wait; time stops close to STARVE_MS."""
    case = Case(16, rng.choice([1, (1 << 32) - rng.randrange(1200, 3500), rng.randrange(1 << 40)]))
    urgent = rng.randrange(5, PRIORITIES)
    for task in range(16):
        case.add(task, urgent if task < 3 else rng.randrange(urgent + 1), rng.random() < 0.3)
        case.now += rng.choice([0, 0, 1, 7, 200])
    for _ in range(160):
        oldest = case.queue.waiting[0] if case.queue.waiting else None
        if oldest is not None and rng.random() < 0.5:
            due = case.queue.since[oldest] + STARVE_MS
            case.now = max(case.now, due + rng.choice([-2, -1, 0, 0, 1]))
        else:
            case.now += rng.choice([0, 1, 10, 10, 60])
        task = case.pick()
        if task is not None and rng.random() < 0.9:
            case.now += rng.choice([0, 0, 10])
            case.add(task, urgent if task < 3 else rng.randrange(urgent + 1), rng.random() < 0.3)
        elif case.queue.waiting and rng.random() < 0.3:
            case.remove(rng.choice(case.queue.waiting))
        if case.free and rng.random() < 0.3:
            case.add(rng.choice(case.free), rng.randrange(PRIORITIES))
    return case


def wrapping_row():
    """Shortly before time has more than 32 bits nobody has waited for long."""
    case = Case(3, (1 << 32) - STARVE_MS // 2)
    for task, priority in enumerate((5, 20, 20)):
        case.add(task, priority)
    for _ in range(3):
        case.pick()
    return case
