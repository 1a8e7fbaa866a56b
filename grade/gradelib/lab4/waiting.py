"""
A model of wait queues: who is in which, in what order, who sleeps. Who is awake may be left in a queue or taken out when
others are woken: both are right.
"""

from ..lab3.host import cases, without_panic, words
from ..verdicts import Mismatch
from . import CPU
from .watch import expect_state, WAITING

PREPARE, FINISH, WAKE_ONE, WAKE_ALL, SOMEBODY, INTERRUPT, SEEN = range(1, 8)
NAMES = dict(zip(range(1, 8), ("wait_prepare", "wait_finish", "wait_wake_one", "wait_wake_all", "task_wake by somebody else",
                               "task_interrupt", "interrupted = false")))
EINTR = -4


class WaitCase:
    """A story for host/wait.c."""

    def __init__(self, tasks, queues):
        self.tasks, self.queues, self.operations = tasks, queues, []

    def input(self):
        return words((self.tasks, self.queues), width=2) + words(*self.operations, width=4)

    def add(self, *operation):
        self.operations.append(operation)

    def check(self, lines):
        self.waits, self.interruptible, self.interrupted = [False] * self.tasks, [False] * self.tasks, [False] * self.tasks
        self.lists = [[] for _ in range(self.queues)]
        for number, operation in enumerate(self.operations):
            if number >= len(lines):
                raise Mismatch("wait queues: no answer")
            self.what = (f"operation {number + 1}, {NAMES[operation[0]]} {operation[1:]}", lines[max(0, number - 4):number])
            self._step(operation, lines[number])

    def _wrong(self, what, expected, seen):
        raise Mismatch(f"wait queues: {self.what[0]}: {what}", expected, seen, ["before that:", *self.what[1]])

    def _expect(self, what, seen, expected):
        if seen != expected:
            self._wrong(what, expected, seen)

    def _step(self, operation, line):
        head, *lists = line.split(" |")
        if "*" in line:
            self._wrong("what is seen then", "lists of entries, locks free", line)
        _, result, states = head.split()
        kind, first, *rest = operation
        lists = [text.split() for text in lists]
        expected, choices = self._METHODS[kind](self, first, *rest, states)
        if expected is not None:
            self._expect("the result", int(result), expected)
        for queue, (seen, wanted) in enumerate(zip(lists, self.lists)):
            must = [entry for entry in wanted if entry not in choices]
            if seen != wanted and ([entry for entry in seen if entry not in choices] != must
                                   or [entry for entry in wanted if entry in seen] != seen):
                self._wrong(f"the entries (task.queue) in queue {queue}", " ".join(wanted) or "none", " ".join(seen) or "none")
        self._expect("who is WAITING (W)", states, "".join("W" if waits else "-" for waits in self.waits))
        self.lists = lists

    # What each operation makes of the model. Returns the result, and the entries that may be in their queues or not.

    def _prepare(self, task, queue, interruptible, states):
        entry = f"{task}.{queue}"
        if interruptible and self.interrupted[task]:
            self.lists[queue] = [other for other in self.lists[queue] if other != entry]
            self.waits[task] = self.waits[task] and states[task] == "W"     # for another queue: open
            return EINTR, ()
        self.waits[task], self.interruptible[task] = True, bool(interruptible)
        if entry not in self.lists[queue]:
            self.lists[queue] = [*self.lists[queue], entry]
        return 0, ()

    def _finish(self, task, queue, _states):
        self.waits[task] = False
        self.lists[queue] = [other for other in self.lists[queue] if other != f"{task}.{queue}"]
        return None, ()

    def _wake_one(self, queue, _off, _states):
        passed = []
        for entry in self.lists[queue]:
            task = int(entry.split(".")[0])
            if self.waits[task]:
                self.waits[task] = False
                self.lists[queue] = [other for other in self.lists[queue] if other != entry]
                return 1, passed
            passed.append(entry)
        return 0, passed

    def _wake_all(self, queue, _off, _states):
        tasks = {entry: int(entry.split(".")[0]) for entry in self.lists[queue]}
        asleep = [entry for entry, task in tasks.items() if self.waits[task]]
        self.lists[queue] = [entry for entry in self.lists[queue] if entry not in asleep]
        for entry in asleep:
            self.waits[tasks[entry]] = False
        return len(asleep), [entry for entry in tasks if entry not in asleep]

    def _somebody(self, task, _states):
        was, self.waits[task] = self.waits[task], False
        return int(was), ()

    def _interrupt(self, task, _states):
        self.interrupted[task] = True
        if self.interruptible[task]:
            self.waits[task] = False
        return 0, ()

    def _seen(self, task, _states):
        self.interrupted[task] = False
        return 0, ()

    _METHODS = dict(zip(range(1, 8), (_prepare, _finish, _wake_one, _wake_all, _somebody, _interrupt, _seen)))


def story(rng, steps, interrupts):
    """Any calls, several queues for each task."""
    case = WaitCase(rng.randrange(2, 9), rng.randrange(1, 5))
    for _ in range(steps):
        task, queue, kind = rng.randrange(case.tasks), rng.randrange(case.queues), rng.random()
        if kind < 0.45:
            case.add(PREPARE, task, queue, int(interrupts and rng.random() < 0.6))
        elif kind < 0.6:
            case.add(FINISH, task, queue)
        elif kind < 0.78:
            case.add(WAKE_ONE, queue, rng.randrange(2))
        elif kind < 0.83:
            case.add(WAKE_ALL, queue, rng.randrange(2))
        elif kind < 0.9 or not interrupts:
            case.add(SOMEBODY, task)
        else:
            case.add(rng.choice([INTERRUPT, SEEN]), task)
    for queue in range(case.queues):
        case.add(WAKE_ALL, queue, 0)
        for task in range(case.tasks):
            case.add(FINISH, task, queue)
    return case


def check_waits(run, stories):
    answers = cases(run, "wait", [case.input() for case in stories], CPU)
    for case, answer in zip(stories, without_panic(answers, "wait queues")):
        case.check(answer)


# ---- in a real machine: tests/wait.c

RING_MAX, MAKERS, ITEMS, BUFFER_MAX = 6, 3, 240, 7
LINE, PAIRS, ALL = 10, 3, 4


def draw(state, n):
    """The numbers of draw() in tests/watch.c: (new state, number)."""
    state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
    return state, state * n >> 32


def check_asleep(watch, least):
    """The tasks must have slept while they waited: the timer's interrupts looked at them. How often they did is chance."""
    asleep, = watch.words("wait_seen_asleep")
    if asleep < least:
        raise Mismatch("how often an interrupt found a task WAITING, in no run queue, seen from outside",
                       f"{least} times or more", asleep)


def check_ring(run, watch):
    random = run.kernel_random()
    size = 2 + random(RING_MAX - 1)
    rounds = 3000 // size
    run.expect("the tasks in the ring, and rounds", watch.words("ring_size") + watch.words("ring_rounds"), [size, rounds])
    turns = watch.words("ring_turns", RING_MAX)
    if turns[:size] != [rounds] * size:
        raise Mismatch("how often each task of the ring had its turn, before nothing went on", f"{rounds} times each",
                       turns[:size],
                       ["A wake-up was lost: each task sleeps until the one before it tells it that it is its turn."])
    total = 0
    for i in range(rounds):
        for me in range(size):
            total = (total * 31 + me * i + 1) & 0xFFFFFFFF
    run.expect("the checksum of the turns in their order, seen from outside", watch.words("ring_sum"), [total])
    told, heard = watch.words("ring_events")[0], watch.words("ring_heard")[0]
    if told < 20:
        raise Mismatch("interrupts that woke a task", "20 or more", told)
    run.expect("how often an interrupt found who listens asleep, although it had been told of an event before",
               watch.words("ring_missed")[0], 0)
    run.expect("events that interrupts told, and that were heard", heard, told)
    check_asleep(watch, 10)


def check_buffer(run, watch):
    random = run.kernel_random()
    random(BUFFER_MAX)
    random(1000000)
    for _ in range(MAKERS):
        random(4)
    seeds = []
    for _ in range(MAKERS):
        seeds.append(random(1000000))
        random(4)
    made = []
    for me, state in enumerate(seeds):
        items = []
        for _ in range(ITEMS):
            state, value = draw(state, 1 << 24)
            state, _ = draw(state, 60)
            items.append(f"{me << 24 | value:08x}")
        made.append(items)
    run.expect("how many things were taken out of the buffer, seen from outside", watch.words("takers_count"), [MAKERS * ITEMS])
    taken = [f"{item:08x}" for item in watch.words("takers_log", MAKERS * ITEMS)]
    run.expect("all things that were taken, in the order of their numbers", sorted(taken), sorted(sum(made, [])))
    for me, items in enumerate(made):
        run.expect(f"the things of producer {me} in the order in which they were taken",
                   [item for item in taken if int(item, 16) >> 24 == me], items)
    check_asleep(watch, 1)         # those who turn round and round instead of it are never found so


def check_line(run, watch):
    """Those who were woken, those who were not, and what stands in the queues, at the end of wait_line."""
    line, pairs = watch.words("line_tasks", LINE), watch.words("pair_tasks", PAIRS)
    run.expect("what three calls of wait_wake_one() returned, and one more when the first two in line were awake",
               watch.words("line_results", 4), [1, 1, 1, 1])
    run.expect("in which order those in line went on (0: not yet)", watch.words("line_order", LINE),
               [1, 2, 3, 4, 5, 6, 0, 0, 0, 0])

    def names(tasks, of):
        return [f"task {of.index(task)}" if task in of else f"{task:#x}" for task in tasks]
    queue = watch.elf.address("line_queue")
    run.expect("who is still in line, seen from outside", names(watch.entries(queue), line), names(line[6:], line))
    for number, task in enumerate(line):
        expect_state(run, f"task {number} of the line", watch.task(task), WAITING)
    run.expect("what wait_wake_one() returned for two queues in which the same tasks wait", watch.words("pair_results", 2),
               [1, 1])
    run.expect("in which order those who wait in two queues went on", watch.words("pair_order", PAIRS), [7, 8, 0])
    for number in range(2):
        queue = watch.elf.address("pair_queues") + number * (watch.elf.symbols["pair_queues"][1] // 2)
        run.expect(f"who is still in queue {number} of the two", names(watch.entries(queue), pairs), ["task 2"])
    run.expect("what wait_wake_all() returned, when one of four was awake already, and again", watch.words("all_results", 2),
               [3, 0])
    run.expect("the order in which those went on", sorted(watch.words("all_order", ALL)), [9, 10, 11, 12])
    run.expect("who is still in their queue", watch.entries(watch.elf.address("all_queue")), [])


def check_interrupted(run, watch):
    events = watch.words("event_tasks", 3)
    results = [number - (1 << 32) if number >> 31 else number for number in watch.words("event_results", 3)]
    run.expect("the results of an interruptible wait that was interrupted, of one that was not, and of another wait that was "
               "(1: it still waits)", results, [EINTR, 1, 1])
    waiting = watch.entries(watch.elf.address("event_queue"))
    run.expect("who is still in the queue, seen from outside",
               [events.index(task) if task in events else task for task in waiting], [1, 2])
    for number in (1, 2):
        expect_state(run, f"the task of wait {number}", watch.task(events[number]), WAITING)
