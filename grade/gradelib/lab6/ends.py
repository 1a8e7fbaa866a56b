"""
Ends, zombies and orphans: what tests/ends.c reports and leaves in memory, and what it must be. The truth is that of wait(2),
prctl(2) (PR_SET_CHILD_SUBREAPER, PR_SET_PDEATHSIG), sigaction(2) (SA_NOCLDWAIT) and, for stopped groups, setpgid(2).
"""

import struct

from ..lab4.watch import exact
from ..verdicts import Mismatch
from .halting import halted, WATCHED

PUPPETS, CHILDREN, WAITS, GROUPS = 16, 8, 70, 3                 # of tests/ends.c
ROUNDS, BYSTANDERS, CHAIN, CHAIN_ENDS = 250, 24, 8, 5
SOME = 8                # pieces of the heap that caches may keep: less than one for each bystander
SIGHUP, SIGUSR1, SIGUSR2, SIGCHLD, SIGCONT = 1, 10, 12, 17, 18
ALIVE, STOPPED, ZOMBIE, GONE = range(4)
STATES = ("alive", "stopped", "a zombie", "gone")
EINTR, ECHILD = -4, -10
WNOHANG, WSTOPPED, WEXITED, WCONTINUED, WNOWAIT, W_ALL, W_CLONE = 1, 2, 4, 8, 0x01000000, 0x40000000, 0x80000000
CONTINUED = 0xFFFF
NOBODY = 99


def bit(signal):
    return 1 << signal - 1 if signal else 0


def signals(pending):
    """A set of pending signals in words."""
    return " ".join(str(number + 1) for number in range(64) if pending >> number & 1) or "none"


def random_status(random):
    kind, value = random(2), random(256)
    return value << 8 if kind else 1 + value % 31


def named(number):
    return {0: "process 1", NOBODY: "nobody's that the test knows"}.get(number, f"puppet {number}")


def expect_nothing_lacks(report):
    for key, *tokens in report:
        if key == "lacks":
            raise Mismatch("some process of the test does not end" if tokens == ["end"] else
                           f"the kernel test could not go on: it lacks {' '.join(tokens)}")


# ---- trees

class Process:
    def __init__(self, parent, subreaper=False, signal=SIGCHLD, death_signal=0):
        self.parent, self.subreaper, self.signal, self.death_signal = parent, subreaper, signal, death_signal
        self.state, self.status, self.pending = ALIVE, 0, 0

    def told(self, number):
        """What is seen of it, in words."""
        parent = named(self.parent)
        return described(number, parent, parent, parent, self.state, self.signal, self.status, self.pending)


def described(number, parent, listed, ppid, state, signal, status, pending):
    text = (f"{named(number)}: {STATES[min(state, GONE)]}, parent {parent}, in the list of {listed}, ppid {ppid}, "
            f"exit_signal {signal}")
    return text + (f", status {status:#x}" if state == ZOMBIE else f", pending signals: {signals(pending)}")


class Tree:
    """Puppets by their numbers; 0 is process 1, which wants all orphans and no signals."""

    def __init__(self):
        self.processes = {}

    def above(self, number):
        """Whose children the orphans of a puppet become."""
        at = self.processes[number].parent
        while at and not self.processes[at].subreaper:
            at = self.processes[at].parent
        return at

    def send(self, number, signal):
        if number and self.processes[number].state != ZOMBIE:
            self.processes[number].pending |= bit(signal)

    def end(self, number, status):
        parent = self.above(number)
        for child_number, child in self.processes.items():
            if child.parent == number:
                child.parent, child.signal = parent, SIGCHLD
                if child.state == ZOMBIE:
                    self.send(parent, SIGCHLD)
                else:
                    self.send(child_number, child.death_signal)
        process = self.processes[number]
        process.state, process.status, process.pending = ZOMBIE, status, 0
        self.send(process.parent, process.signal)

    def living(self, random, count):
        """A number that the kernel test draws, of one that lives."""
        number = random(count)
        while self.processes[number + 1].state == ZOMBIE:
            number = (number + 1) % count
        return number + 1

    def told(self):
        return [process.told(number) for number, process in sorted(self.processes.items())]


def seen_tree(lines):
    """The lines of a report about a tree, in words."""
    rows = sorted([int(token) for token in tokens[:7]] + [int(tokens[7], 16)] for tokens in lines)
    return [described(me, named(parent), named(listed), named(ppid), *rest) for me, parent, listed, ppid, *rest in rows]


def expect_tree(run, when, lines, tree):
    seen, wanted = seen_tree(lines), tree.told()
    for one, other in zip(seen, wanted):
        if one != other:
            raise Mismatch(f"{when}: one of the processes", other, one)
    run.expect(f"{when}: how many of them are in the table", len(seen), len(wanted))


def steps(report, *keys):
    """The report cut in front of each line with one of these keys: [(key, tokens, lines behind it)]."""
    found = [("", [], [])]
    for key, *tokens in report:
        if key in keys:
            found.append((key, tokens, []))
        else:
            found[-1][2].append((key, tokens))
    return found


def of(lines, key):
    return [tokens for other, tokens in lines if other == key]


# ---- orphans

def check_orphans(run):
    report, random, tree = run.report(), run.kernel_random(), Tree()
    for number in range(1, PUPPETS + 1):
        parent, subreaper = random(number), random(4) == 0
        signal = (SIGCHLD, SIGCHLD, 0, SIGUSR1)[random(4)]
        tree.processes[number] = Process(parent, subreaper, signal, 0 if random(3) else SIGUSR2)
    (_, _, lines), *ends = steps(report, "end", "sleeps")
    expect_tree(run, "before anybody has ended", of(lines, "tree"), tree)
    for number in range(PUPPETS):
        who = tree.living(random, PUPPETS)
        status = random_status(random)
        above = tree.above(who)
        tree.end(who, status)
        if number >= len(ends):
            break
        key, tokens, lines = ends[number]
        run.expect("who ends, and how", [key, *tokens], ["end", str(who), str(status)])
        expect_tree(run, f"{named(who)} has ended, the next one above that wants its orphans is {named(above)}",
                    of(lines, "tree"), tree)
    expect_nothing_lacks(report)
    run.expect("how many of the puppets have ended", len(ends) - 1, PUPPETS)
    expect_heard(run, ends[-1], random)


def expect_heard(run, step, random):
    """Puppet 1 sleeps; 2's child 3 ends, and 1 gets 3's child 4, which has ended before."""
    status, last = random_status(random), random_status(random)
    _, tokens, lines = step
    story = "a subreaper waits for any child; the child of its child ends, which has a zombie"
    run.expect(f"{story}: did the subreaper sleep before?", tokens, ["1"])
    waits, result, its, told = [int(token) for token in of(lines, "inherits")[0]]
    run.expect(f"{story}: does it still sleep, now that it has inherited the zombie?", bool(waits), False)
    run.expect(f"{story}: what process_wait_for() said, whether it is the zombie, and the status", [result, its, f"{told:#x}"],
               [1, 1, f"{status:#x}"])
    tree = Tree()
    tree.processes = {1: Process(0), 2: Process(1), 3: Process(2)}
    tree.processes[3].state, tree.processes[3].status = ZOMBIE, last
    expect_tree(run, f"{story}: when it has been told", of(lines, "rest"), tree)


# ---- waiting

class Child:
    def __init__(self, group, signal):
        self.group, self.signal, self.state, self.status = group, signal, ALIVE, 0
        self.stop_told = self.continue_due = False
        self.times = (0, 0)

    def tells(self, options):
        """A status as wait4(2) tells it, or None."""
        if self.state == ZOMBIE:
            return self.status
        if self.state == STOPPED and not self.stop_told and options & WSTOPPED:
            return self.status
        return CONTINUED if self.continue_due and options & WCONTINUED and self.state != GONE else None

    def told(self, options):
        """It has told: what changes?"""
        if options & WNOWAIT:
            return
        if self.state == ZOMBIE:
            self.state = GONE
        elif self.state == STOPPED and not self.stop_told and options & WSTOPPED:
            self.stop_told = True
        else:
            self.continue_due = False


NAMES = ((WSTOPPED, "WSTOPPED"), (WEXITED, "WEXITED"), (WCONTINUED, "WCONTINUED"), (WNOHANG, "WNOHANG"), (WNOWAIT, "WNOWAIT"),
         (W_ALL, "__WALL"), (W_CLONE, "__WCLONE"))
ANSWERS = {0: "0", ECHILD: "-ECHILD", EINTR: "-EINTR"}
SLEEPS = "sleeps, in the queue once"


class Waiting:
    """A parent that waits, and its children: the random choices of ends_waiting, and what may come of them."""

    def __init__(self, run):
        self.run, self.random, self.lines = run, run.kernel_random(), iter(run.report())
        self.children, self.times, self.story, self.done = {}, (0, 0), [], 0
        for number in range(1, CHILDREN + 1):
            group = self.random(GROUPS)
            self.children[number] = Child(group, (SIGCHLD, SIGCHLD, SIGCHLD, 0)[self.random(4)])
        for number, child in self.children.items():
            self.line("child", number, child.group, child.signal)

    def line(self, key, *wanted):
        """The next line of the report: its numbers."""
        line = next(self.lines, None)
        if line is None or line[0] == "lacks" or line[0] != key:
            raise Mismatch("the kernel test did not come to its end: the parent, or a child, does not do what it is told",
                           key, " ".join(line or ["nothing more"]), self.story[-8:])
        numbers = [int(token) for token in line[1:]]
        if wanted:
            self.run.expect(f"a line of the kernel test, {key}", numbers, list(wanted))
        return numbers

    def event(self):
        number, what, value = 1 + self.random(CHILDREN), self.random(4), self.random(31) + 1
        child = self.children[number]
        self.line("event", number, what, value)
        if child.state in (ZOMBIE, GONE):
            return
        if what == 0:
            for _ in range(4):
                self.random(1000)
            child.times = tuple(self.line("times"))
            child.state, child.status, happens = ZOMBIE, value << 8, f"ends with exit status {value}"
        elif what == 1 and child.state == STOPPED:
            child.state, child.continue_due, happens = ALIVE, True, "goes on"
        elif child.state != STOPPED:
            child.state, child.status = STOPPED, value << 8 | 0x7F
            child.stop_told = child.continue_due = False
            happens = f"is stopped by signal {value}"
        else:
            return
        self.story.append(f"child {number} {happens}")

    def options(self):
        options = WEXITED
        options |= WSTOPPED if self.random(2) else 0
        options |= WCONTINUED if self.random(2) else 0
        options |= 0 if self.random(4) else WNOWAIT
        options |= WNOHANG if self.random(3) else 0
        return options | (0, 0, W_ALL, W_CLONE)[self.random(4)]

    def wait(self):
        kind, number, group = self.random(3), 1 + self.random(CHILDREN), self.random(GROUPS)
        options = self.options()
        interrupted = self.random(4) == 0
        self.line("wait", kind, number, group, options, int(interrupted))
        whom = ("P_ALL", f"P_PID, child {number}", f"P_PGID, group {group}")[kind]
        what = f"process_wait_for({whom}, {' | '.join(name for value, name in NAMES if options & value)})"
        selected = {n: child for n, child in self.children.items() if child.state != GONE
                    and (kind == 0 or kind == 1 and n == number or kind == 2 and child.group == group)
                    and (options & W_ALL or (child.signal != SIGCHLD) == bool(options & W_CLONE))}
        self.story.append(what + (", interrupted before it" if interrupted else ""))
        if selected and not options & WNOHANG and not interrupted and not self.tellers(selected, options):
            self.asleep(what, selected, options)
        else:
            self.answer(what, selected, options,
                        ECHILD if not selected else 0 if options & WNOHANG else EINTR)
        self.done += 1

    @staticmethod
    def tellers(selected, options):
        return {n: child.tells(options) for n, child in selected.items() if child.tells(options) is not None}

    def asleep(self, what, selected, options):
        self.answer(what, selected, options, None)
        for _ in range(6):
            self.event()
            if self.answer(what, selected, options, None):
                return
        self.line("interrupt")
        self.story.append("a signal comes")
        self.answer(what, selected, options, EINTR)

    def answer(self, what, selected, options, otherwise):
        """What the parent says now: one that tells, or `otherwise` (None: it sleeps). Returns whether it came back."""
        waits, entries, result, teller, status, user, system = self.line("now")
        may = self.tellers(selected, options)
        seen = ("sleeps" + (", in the queue once" if entries == 1 else f", in the queue {entries} times") if waits else
                f"child {teller}, status {status:#x}" if result == 1 else ANSWERS.get(result, str(result)))
        wanted = ([f"child {n}, status {value:#x}" for n, value in may.items()] if may
                  else [SLEEPS if otherwise is None else ANSWERS[otherwise]])
        if seen not in wanted:
            raise Mismatch(f"{what}: its answer", " or ".join(wanted), seen, self.around(selected))
        if not waits and entries:
            raise Mismatch(f"{what}: entries in child_events when it has come back", 0, entries, self.around(selected))
        before, self.times = self.times, (user, system)
        dies = not waits and result == 1 and selected[teller].state == ZOMBIE and not options & WNOWAIT
        if not waits and result == 1:
            self.expect_times(what, before, selected[teller].times if dies else (0, 0), 3 if dies else 0)
            selected[teller].told(options)
        else:
            self.expect_times(what, before, (0, 0), 0)
        return not waits

    def expect_times(self, what, before, own, more):
        """What the child has used comes to what the parent's children have; a tick or two may have been added at its end."""
        for name, was, now, added in zip(("child_user_ticks", "child_system_ticks"), before, self.times, own):
            if not was + added <= now <= was + added + more:
                wanted = f"{was + added}: {added} more, the child's own ticks and its children's" if added else was
                raise Mismatch(f"{what}: the parent's {name}, {was} before", wanted, now, self.story[-6:])

    def around(self, selected):
        return ["before: " + "; ".join(self.story[-6:-1]),
                "of the children that it asks for: " + (", ".join(f"{n} is {STATES[child.state]}"
                                                                  for n, child in selected.items()) or "there are none")]


def check_waiting(run):
    if run.report("lacks") and not run.report("child"):
        expect_nothing_lacks(run.report())
    waiting = Waiting(run)
    while waiting.done < WAITS:
        if waiting.random(2):
            waiting.event()
        waiting.wait()
    expect_nothing_lacks(run.report())


# ---- what parents are told

ACTIONS = ("SIG_DFL", "SIG_IGN", "a handler", "SIG_DFL with SA_NOCLDWAIT", "a handler with SA_NOCLDWAIT")
EXIT_SIGNALS = (SIGCHLD, 0, SIGUSR1)
CLD_EXITED, CLD_KILLED = 1, 2


def check_told(run):
    report, random = run.report(), run.kernel_random()
    found = steps(report, "case", "group")[1:]
    for action in range(len(ACTIONS)):
        for signal in EXIT_SIGNALS:
            for waits in (0, 1):
                status = random_status(random)
                what = (f"the parent's action for SIGCHLD is {ACTIONS[action]}, the child's exit_signal {signal}, and the parent "
                        f"{'waits' if waits else 'does not wait'}")
                if not found or found[0][0] != "case":
                    expect_nothing_lacks(report)
                    raise Mismatch(f"{what}: did it come to that?", "yes", "no")
                _, tokens, lines = found.pop(0)
                run.expect("the case", tokens, [str(value) for value in (action, EXIT_SIGNALS.index(signal), waits, status)])
                expect_told(run, what, action, signal, waits, status, lines)
    for shell_ends in (0, 1):
        for watched in (0, 1):
            if not found:
                expect_nothing_lacks(report)
                raise Mismatch("did the kernel test come to its end?", "yes", "no")
            _, tokens, lines = found.pop(0)
            run.expect("the case", tokens, [str(watched), str(shell_ends)])
            expect_group(run, watched, shell_ends, lines)


def expect_told(run, what, action, signal, waits, status, lines):
    unwanted = signal == SIGCHLD and action in (1, 3, 4)
    sent = signal if signal == SIGUSR1 or signal == SIGCHLD and action in (2, 4) else 0
    (pending, *info), = of(lines, "pending")
    run.expect(f"{what}: signals that are pending for the parent", signals(int(pending, 16)), signals(bit(sent)))
    if sent:
        code = CLD_KILLED if status & 0x7F else CLD_EXITED
        run.expect(f"{what}: the signal's si_signo, si_code, is si_pid the child's, si_status", [int(token) for token in info],
                   [sent, code, 1, status & 0x7F or status >> 8])
    (asleep, result, told), = [[int(token) for token in tokens] for tokens in of(lines, "waiter")]
    if waits:
        run.expect(f"{what}: does it still sleep when the child has ended?", bool(asleep), False)
        answer = ECHILD if unwanted else 1
        run.expect(f"{what}: what process_wait_for() said (1: the child's status)", result, answer)
        if answer == 1:
            run.expect(f"{what}: the status", f"{told:#x}", f"{status:#x}")
    tree = Tree()
    tree.processes[1] = Process(0)
    tree.processes[1].pending = bit(sent)
    if not unwanted and not waits:
        tree.processes[2] = Process(1, signal=signal)
        tree.processes[2].state, tree.processes[2].status = ZOMBIE, status
    expect_tree(run, f"{what}: when the child, puppet 2, has ended", of(lines, "tree"), tree)


def expect_group(run, watched, shell_ends, lines):
    tree = Tree()
    tree.processes = {1: Process(0), 2: Process(1), 3: Process(2)}
    if watched:
        tree.processes[4] = Process(1)
    tree.processes[3].state = STOPPED
    tree.end(1 if shell_ends else 2, 0)
    if shell_ends or not watched:
        tree.processes[3].state = ALIVE
        for number in range(2, 4 + watched):
            for signal in (SIGHUP, SIGCONT):
                tree.send(number, signal)
    for number in tree.processes:
        tree.processes[number].pending &= ~bit(SIGCHLD)     # which nobody there has a handler for
    who = "2, 3 and 4" if watched else "2 and 3"
    what = (f"puppets {who} are a group of their own, 3 is stopped, puppet 1 is the shell that could have it go on; "
            f"{'the shell' if shell_ends else 'puppet 2'} ends: the group is orphaned" if shell_ends or not watched else
            f"puppets {who} are a group, 3 is stopped, and 2 ends; by 4 the shell still watches over the group")
    expect_tree(run, what, of(lines, "tree"), tree)


# ---- a storm

PLACES = "pid state all parent children sibling ppid status exit_signal child_events".split()


class Table:
    """The kernel's processes, seen from outside."""

    def __init__(self, kernel):
        self.kernel, self.at = kernel, dict(zip(PLACES, kernel.words("ends_places", len(PLACES))))
        self.first = kernel.words("ends_first", 1)[0]

    def word(self, process, member):
        return self.kernel.words_at(process + self.at[member], 1)[0]

    def ring(self, head):
        found, at = [], self.kernel.words_at(head, 1)[0]
        while at != head:
            found.append(at)
            if len(found) > 1000:
                raise Mismatch("a list of processes, seen from outside, has no end")
            at = self.kernel.words_at(at, 1)[0]
        return found

    def all(self):
        """Process 1 is the oldest: what is before it in the ring is the head."""
        _, head = self.kernel.words_at(self.first + self.at["all"], 2)
        return [node - self.at["all"] for node in self.ring(head)]

    def children(self, process):
        return [node - self.at["sibling"] for node in self.ring(process + self.at["children"])]


def check_storm(run):
    with halted(run, "ends_storm", "ktest_ends_storm", cmdline=WATCHED, budget=6,
                args=exact(run.rng.choice([9, 10]))) as (kernel, lines):
        if kernel is None:
            raise Mismatch(f"after {lines['stuck'][0][0]} children that ended and were waited for, their parent sleeps for ever",
                           "the end of a child wakes it, whenever that is",
                           "perhaps the child has ended between its parent's look and its sleep")
        check_chain(run, kernel)
        wrong, ignored, status, answer, told = kernel.words("ends_wrong", 5)
        if wrong:
            answer, told = struct.unpack("<ii", struct.pack("<II", answer, told))
            raise Mismatch("process_wait() for one child of many" + (", when SIGCHLD is ignored" if ignored else ""),
                           "-ECHILD (-10), when it has ended" if ignored else f"its number, status {status << 8:#x}",
                           answer if answer != 1 else f"its number, status {told:#x}")
        run.expect("children that ended and were waited for", kernel.words("ends_rounds", 1)[0], 2 * ROUNDS)
        run.expect("children that were left at the end, and for which process_wait(-1) waited", kernel.words("ends_buried", 1)[0],
                   BYSTANDERS)
        first, second = kernel.words("ends_use", 4), kernel.words_at(kernel.elf.address("ends_use") + 16, 4)
        for name, before, after in list(zip(("processes", "threads"), first[1:], second[1:])):
            run.expect(f"{name} after {ROUNDS} children more", after, before)
        if second[3] > first[3] + SOME:
            raise Mismatch(f"pieces of the heap in use after {ROUNDS} children more", f"about {first[3]}, as before", second[3])


def check_chain(run, kernel):
    """What became of eight processes, each the child of the one before, when five have ended; nobody else is there."""
    random, tree, table = run.kernel_random(), Tree(), Table(kernel)
    for number in range(1, CHAIN + 1):
        tree.processes[number] = Process(number - 1, random(3) == 0)
    for _ in range(CHAIN_ENDS):
        who = tree.living(random, CHAIN)
        tree.end(who, random_status(random))
    pids = kernel.words("ends_pids", CHAIN)
    numbers = {pid: number for number, pid in enumerate(pids, 1)}
    numbers[table.word(table.first, "pid")] = 0
    addresses = {address: numbers.get(table.word(address, "pid"), NOBODY) for address in table.all()}
    run.expect("numbers of processes that nobody needs any more, seen from outside",
               [table.word(address, "pid") for address, number in addresses.items() if number == NOBODY], [])
    listed = {child: number for address, number in addresses.items() for child in table.children(address)}
    seen = []
    for address, number in addresses.items():
        if number:
            state, ppid = table.word(address, "state"), numbers.get(table.word(address, "ppid"), NOBODY)
            seen.append((number, addresses.get(table.word(address, "parent"), NOBODY), listed.get(address, NOBODY), ppid, state,
                         table.word(address, "exit_signal"), table.word(address, "status") if state == ZOMBIE else 0, 0))
    for process in tree.processes.values():
        process.pending = 0                                 # SIGCHLD means nothing to them
    seen = [described(number, named(parent), named(where), named(ppid), *rest)
            for number, parent, where, ppid, *rest in sorted(seen)]
    for one, other in zip(seen, tree.told()):
        if one != other:
            raise Mismatch("of eight processes, each the child of the one before, five have ended; seen from outside", other, one)
    run.expect("how many of these processes there are, seen from outside", len(seen), CHAIN)
