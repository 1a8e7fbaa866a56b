"""
A model of mutexes with priority inheritance: who has which, who waits, and with what priority each task ought to run.
"""

from ..lab3.host import cases, without_panic, words
from ..verdicts import Mismatch
from . import CPU

LOCK, UNLOCK, PRIORITY, TRY = 1, 2, 3, 4
NAMES = {LOCK: "task {} calls mutex_lock of mutex {}", UNLOCK: "task {} calls mutex_unlock of mutex {}",
         PRIORITY: "task {} gets the priority {} of its own", TRY: "task {} calls mutex_trylock of mutex {}"}


class Mutexes:
    """Tasks and mutexes as they must be."""

    def __init__(self, priorities, mutexes):
        self.base, self.owners, self.waiters = list(priorities), [None] * mutexes, [[] for _ in range(mutexes)]

    def blocked_on(self, task):
        return next((mutex for mutex, waiters in enumerate(self.waiters) if task in waiters), None)

    def held(self, task):
        return [mutex for mutex, owner in enumerate(self.owners) if owner == task]

    def priority(self, task):
        """Its own, or the highest of those who wait for what it holds: and of those who wait for these."""
        return max([self.base[task], *(self.priority(waiter) for mutex in self.held(task) for waiter in self.waiters[mutex])])

    def would_lock_up(self, task, mutex):
        """Would it wait for itself, in the end?"""
        while mutex is not None and self.owners[mutex] is not None:
            if self.owners[mutex] == task:
                return True
            mutex = self.blocked_on(self.owners[mutex])
        return False

    def lock(self, task, mutex):
        if self.owners[mutex] is None:
            self.owners[mutex] = task
        else:
            self.waiters[mutex].append(task)

    def unlock(self, mutex):
        waiters = self.waiters[mutex]
        best = max(waiters, key=self.priority, default=None)        # of equals, the first one
        if best is not None:
            waiters.remove(best)
        self.owners[mutex] = best

    def line(self):
        """As host/mutex.c prints it."""
        tasks = " ".join(f"{self.priority(task)}{'' if self.blocked_on(task) is None else 'w'}" for task in range(len(self.base)))
        mutexes = " ".join(f"{'-' if owner is None else owner} {len(waiters)}"
                           for owner, waiters in zip(self.owners, self.waiters))
        return f"{tasks} | {mutexes}"


class MutexCase:
    """A story for host/mutex.c. What each operation must lead to is known when it is added."""

    def __init__(self, priorities, mutexes):
        self.head = (len(priorities), mutexes, *priorities)
        self.model, self.operations, self.expected = Mutexes(priorities, mutexes), [], []

    def input(self):
        return words(self.head, width=len(self.head)) + words(*self.operations, width=3)

    def add(self, kind, task, value):
        result = 0
        if kind == LOCK:
            self.model.lock(task, value)
        elif kind == UNLOCK:
            self.model.unlock(value)
        elif kind == PRIORITY:
            self.model.base[task] = value
        elif self.model.owners[value] is None:
            self.model.lock(task, value)
            result = 1
        self.operations.append((kind, task, value))
        self.expected.append(f"{kind} {result} {self.model.line()}")

    def check(self, lines):
        for number, (operation, expected) in enumerate(zip(self.operations, self.expected)):
            seen = lines[number] if number < len(lines) else "nothing"
            if seen != expected:
                before = [f"  {NAMES[kind].format(*rest)}: {line.split(' ', 2)[2]}"
                          for (kind, *rest), line in zip(self.operations[:number], lines)][-4:]
                raise Mismatch(f"mutexes: {NAMES[operation[0]].format(*operation[1:])}; then the tasks' priorities (w: it waits) "
                               "and each mutex's owner and number of waiters", expected.split(" ", 2)[2],
                               " ".join(seen.split(" ")[2:]) or seen, ["before that:", *before])


def free_tasks(model):
    return [task for task in range(len(model.base)) if model.blocked_on(task) is None]


def story(rng, steps, priorities=False):
    """Any row of locks and unlocks that does not lock up; with `priorities`, tasks are given others of their own."""
    levels = rng.choice([3, 31])
    case = MutexCase([rng.randrange(1, 1 + levels) for _ in range(rng.randrange(3, 11))], rng.randrange(1, 9))
    model, tasks, mutexes = case.model, range(len(case.model.base)), len(case.model.owners)
    for step in range(steps):
        task, mutex, kind = rng.choice(free_tasks(model)), rng.randrange(mutexes), rng.random()
        if priorities and kind < 0.2:
            case.add(PRIORITY, rng.choice(tasks), rng.randrange(1, 1 + levels))
        elif kind < 0.3:
            if model.owners[mutex] != task:
                case.add(TRY, task, mutex)
        elif kind < (0.75 if step % 40 < 28 else 0.45):
            if model.owners[mutex] != task and not model.would_lock_up(task, mutex):
                case.add(LOCK, task, mutex)
        elif model.held(task):
            case.add(UNLOCK, task, rng.choice(model.held(task)))
    while any(owner is not None for owner in model.owners):
        mutex = rng.choice([mutex for mutex, owner in enumerate(model.owners) if owner in free_tasks(model)])
        case.add(UNLOCK, model.owners[mutex], mutex)
    return case


def one_mutex(rng):
    """Many wait for one; it goes from hand to hand."""
    levels = rng.choice([1, 2, 4, 31])
    case = MutexCase([rng.randrange(1, 1 + levels) for _ in range(10)], 1)
    for task in rng.sample(range(10), 10):
        case.add(LOCK, task, 0)
    for _ in range(12):
        owner = case.model.owners[0]
        case.add(UNLOCK, owner, 0)
        if case.model.owners[0] is None or rng.random() < 0.7:
            case.add(LOCK, owner, 0)
    while case.model.owners[0] is not None:
        case.add(UNLOCK, case.model.owners[0], 0)
    return case


def chain(rng):
    """Each waits for what the next one holds; more urgent ones join at random places; then all is given back."""
    length = rng.randrange(4, 8)
    case = MutexCase([rng.randrange(1, 12) for _ in range(length)] + [rng.randrange(12, 32) for _ in range(10 - length)], length)
    for task in range(length):
        case.add(LOCK, task, task)
    for task in rng.sample(range(length - 1), length - 1):
        case.add(LOCK, task, task + 1)
    for task in range(length, 10):
        case.add(LOCK, task, rng.randrange(length))
    while any(owner is not None for owner in case.model.owners):
        mutex = rng.choice([mutex for mutex, owner in enumerate(case.model.owners) if owner in free_tasks(case.model)])
        case.add(UNLOCK, case.model.owners[mutex], mutex)
    return case


def check_mutexes(run, stories):
    answers = cases(run, "mutex", [case.input() for case in stories], CPU)
    for case, answer in zip(stories, without_panic(answers, "mutexes")):
        case.check(answer)


# ---- in a real machine: tests/mutex.c

CROWD, ROUNDS, INVERSIONS, EVENTS, CHAIN, CHAIN_MUTEXES = 5, 120, 3, 8, 6, 5
EVENT_NAMES = ("-", "low has it", "high wants it", "low gives it back", "high has it", "high gives it back", "middle begins",
               "middle has ended")
ROLES = (((2, 3, 4), None), ((1,), 2), ((0,), 1), ((), 0), ((), 3), ((), 4))    # what a task has, and what it wants then


def expect_mutexes(run, watch, symbol, tasks, model):
    """Tasks and mutexes, seen from outside, must be as in the model."""
    address, size = watch.elf.symbols[symbol]
    addresses = [address + i * (size // len(model.owners)) for i in range(len(model.owners))]

    def index(pointer, among):
        return "none" if not pointer else among.index(pointer) if pointer in among else f"{pointer:#x}"
    for number, pointer in enumerate(tasks):
        task, what = watch.task(pointer), f"of task {number}, seen from outside"
        blocked = model.blocked_on(number)
        run.expect(f"the priority {what}", task.priority, model.priority(number))
        run.expect(f"the priority of its own {what}", task.base_priority, model.base[number])
        run.expect(f"blocked_on {what}", index(task.blocked_on, addresses), "none" if blocked is None else blocked)
        held = watch.ring(watch.place(pointer, "task_t.held"), f"the list of mutexes {what}")
        run.expect(f"the mutexes {what}", sorted(held), [watch.place(addresses[mutex], "mutex.node")
                                                         for mutex in model.held(number)])
    for number, pointer in enumerate(addresses):
        owner = model.owners[number]
        run.expect(f"the owner of mutex {number}, seen from outside", index(watch.field(pointer, "mutex.owner"), tasks),
                   "none" if owner is None else owner)
        run.expect(f"how many wait for mutex {number}, seen from outside",
                   len(watch.ring(watch.place(pointer, "mutex.waiters"), "a mutex's list")), len(model.waiters[number]))


def check_storm(run, watch):
    random = run.kernel_random()
    model = Mutexes([17 + random(3) for _ in range(CROWD)], 1)
    run.expect("how often tasks had the mutex, seen from outside", watch.words("storm_count"), [CROWD * ROUNDS])
    run.expect("how many tasks were inside already when one came in", watch.words("storm_overlaps"), [0])
    log = watch.words("storm_log", CROWD * ROUNDS)
    run.expect("how often each task had the mutex", [log.count(task) for task in range(CROWD)], [ROUNDS] * CROWD)
    waiters, = watch.words("storm_waiters")
    if waiters < CROWD * ROUNDS // 4:
        raise Mismatch("how many tasks stood in the mutex's list, whenever one got it, together", "hundreds", waiters)
    expect_mutexes(run, watch, "storm_mutex", watch.words("storm_tasks", CROWD), model)


def check_inversions(run, watch):
    random = run.kernel_random()
    for number, (low, middle, high, inherited, returned, count, *events) in enumerate(watch.rows("inversions", 6 + EVENTS)):
        wanted = [17 + random(4)]
        wanted += [wanted[0] + 1 + random(4)]
        wanted += [wanted[1] + 1 + random(4)]
        what = f"inversion {number + 1}, of tasks with the priorities {wanted[0]}, {wanted[1]} and {wanted[2]}"
        run.expect(f"{what}: these, seen from outside", [low, middle, high], wanted)
        run.expect(f"{what}: what happened", [EVENT_NAMES[event % len(EVENT_NAMES)] for event in events[:min(count, EVENTS)]],
                   list(EVENT_NAMES[1:]))
        run.expect(f"{what}: low's priority while high waits, and when it has given the mutex back", [inherited, returned],
                   [high, low])


def check_chain(run, watch):
    random = run.kernel_random()
    given = [3 + random(2)]
    given.append(7 - given[0])
    model, priorities = Mutexes([17 + random(14 if i else 2) for i in range(CHAIN)], CHAIN_MUTEXES), []
    for task, (has, wants) in enumerate(ROLES):
        for mutex in (*has, *([wants] if wants is not None else [])):
            model.lock(task, mutex)
        priorities.append(model.priority(0))
    for mutex in given:
        model.unlock(mutex)
        priorities.append(model.priority(0))
    for priority in (31, 17 + random(14)):
        model.base[3] = priority
        priorities.append(model.priority(0))
    tasks = watch.words("chain_tasks", CHAIN)
    for step, seen in enumerate(watch.words("chain_priorities", CHAIN + 4)):
        what = (f"when {step + 1} tasks have come" if step < CHAIN else "when it has given a mutex back" if step < CHAIN + 2
                else "when the far end got another priority")
        run.expect(f"the priority of the chain's first task {what}", seen, priorities[step])
    expect_mutexes(run, watch, "chain_mutexes", tasks, model)
