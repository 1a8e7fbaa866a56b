"""
One becomes two: what tests/fork.c reports and leaves in memory, and what it must be. The truth is that of clone(2) and vfork(2).
"""

import struct

from ..lab3 import PRESENT, WRITE
from ..ktests import KtestRandom
from ..verdicts import Mismatch
from .halting import halted, STAY, WATCHED

PAGES, STEPS, WHO = 12, 80, 3                   # of fork_calls.h
PRIVATE, SHARED, STRIDE = 0x20000000, 0x30000000, 0x300000
PLAIN, TIDS, MEMORY, THREAD, SIBLING = range(5)
WAYS = ("fork()", "clone(SIGCHLD | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID, 0, ...)",
        "clone(SIGCHLD | CLONE_VM | CLONE_PARENT_SETTID, stack, ...)", "clone() for a thread", "clone(SIGCHLD | CLONE_PARENT, 0)")
PARENT, CHILD, INPUT = range(3)
EAGAIN, ENOMEM = -11, -12
STATUS_FLAGS = 0xCD5
SIGKILL = 9


def signed(word):
    return word - (1 << 32) if word >> 31 else word


def next_random(random):
    """next_random() of user.h."""
    random(1)
    return random.state


# ---- memory

class Memory:
    """What each process must find in its private pages, and who shares a frame with whom."""

    def __init__(self, seed):
        random = KtestRandom(seed)
        self.frames = [{}]                      # of each process: page -> Frame
        self.shared = {}                        # (page, word) -> value
        self.touched = set()                    # (process, shared page)
        self.story = [[] for _ in range(PAGES)]
        for step in range(STEPS):
            who, page = next_random(random) % len(self.frames), next_random(random) % (2 * PAGES)
            at, word = next_random(random) % 1024, next_random(random)
            if step in (STEPS // 4, STEPS // 2):
                self.fork(who)
            elif page < PAGES:
                self.write(who, page, at, word)
            else:
                self.shared[page - PAGES, at] = word
                self.touched.add((who, page - PAGES))

    def fork(self, who):
        for page, frame in self.frames[who].items():
            frame.users += 1
            self.story[page].append(f"{who} forks {len(self.frames)}")
        self.frames.append(dict(self.frames[who]))

    def write(self, who, page, at, word):
        frame = self.frames[who].get(page)
        if frame is None:
            frame = Frame({})
        elif frame.users > 1:
            frame.users -= 1
            frame = Frame(dict(frame.words))
        self.frames[who][page] = frame
        frame.words[at] = word
        self.story[page].append(f"{who} writes")


class Frame:
    def __init__(self, words):
        self.words, self.users = words, 1


class Directory:
    """A process's page tables, seen from outside."""

    def __init__(self, machine, cr3):
        self.machine, self.tables = machine, {}
        self.directory = struct.unpack("<1024I", machine.read_phys(cr3 & ~0xFFF, 4096))

    def entry(self, va):
        pde = self.directory[va >> 22]
        if not pde & PRESENT:
            return 0
        if va >> 22 not in self.tables:
            self.tables[va >> 22] = struct.unpack("<1024I", self.machine.read_phys(pde & ~0xFFF, 4096))
        entry = self.tables[va >> 22][va >> 12 & 1023]
        return entry if entry & PRESENT else 0


def stands_out(seen, expected):
    """Words of a page that are not what they must be: (number, seen, expected)."""
    words = struct.unpack("<1024I", seen)
    return [(at, word, expected.get(at, 0)) for at, word in enumerate(words) if word != expected.get(at, 0)]


def check_memory(run):
    with halted(run, "fork_memory", *STAY) as (kernel, lines):
        if kernel is None:
            step, answer = [int(token) for token in lines["stuck"][0]]
            if answer < 0:
                raise Mismatch("what the parent got from fork()", "the child's number", answer)
            raise Mismatch("processes that fork and write in turn came to a standstill before step "
                           f"{step} of {STEPS}: steps {STEPS // 4} and {STEPS // 2} are forks")
        seed, pids, cr3 = kernel.words("fork_seed", 1)[0], kernel.words("fork_pids", WHO), kernel.words("fork_cr3", WHO)
        run.expect("the seed", seed, run.kernel_random()(0x10000))
        run.expect("CR3 of the process that halts the machine", f"{kernel.registers['cr3']:#x}", f"{cr3[0]:#x}")
        run.expect("different processes, by their numbers, and different page directories, by CR3",
                   (len(set(pids)), len(set(cr3))), (WHO, WHO))
        model = Memory(seed)
        directories = [Directory(kernel.machine, value) for value in cr3]
        for page in range(PAGES):
            expect_private(run, kernel, model, directories, page)
        for page in range(PAGES):
            expect_shared(run, kernel, model, directories, page)


def expect_private(run, kernel, model, directories, page):
    va, story = PRIVATE + page * STRIDE, model.story[page]
    told = ["what became of it, process by process (0 is the first): " + ", ".join(story)]
    entries = [directory.entry(va) for directory in directories]
    for who, (entry, frames) in enumerate(zip(entries, model.frames)):
        what = f"the private page at {va:#x} of process {who}"
        frame = frames.get(page)
        if frame is None:
            if entry:
                raise Mismatch(f"{what}, which neither it nor its parent before it has touched", "no entry", f"{entry:#010x}",
                               told)
            continue
        if not entry:
            raise Mismatch(f"{what}: its entry in the page table", "present", "none", told)
        wrong = stands_out(kernel.machine.read_phys(entry & ~0xFFF, 4096), frame.words)
        if wrong:
            at, seen, expected = wrong[0]
            raise Mismatch(f"{what}: the word at {va + 4 * at:#x}", f"{expected:#010x}", f"{seen:#010x}", told)
        same = [other for other in range(WHO) if model.frames[other].get(page) is frame]
        seen = [other for other in range(WHO) if entries[other] and entries[other] >> 12 == entry >> 12]
        if seen != same:
            raise Mismatch(f"{what}: which processes have its frame", same, seen,
                           [*told, "Nobody has written since they became two, so they share it." if len(same) > len(seen) else
                            "Somebody has written since they became two, and must have a copy."])
        if len(same) > 1 and entry & WRITE:
            raise Mismatch(f"{what}, which several share: may it be written without a fault?", "no", "yes", told)
        run.expect(f"{what}: users of its frame, in the array of struct page", kernel.pages.refs(entry >> 12), len(same))


def expect_shared(run, kernel, model, directories, page):
    va = SHARED + page * 4096
    words = {at: word for (number, at), word in model.shared.items() if number == page}
    frames = set()
    for who, directory in enumerate(directories):
        entry = directory.entry(va)
        if (who, page) in model.touched and not entry and who:
            raise Mismatch(f"the shared page at {va:#x} of process {who}, which has written to it: its entry", "present", "none")
        if entry:
            frames.add(entry >> 12)
            wrong = stands_out(kernel.machine.read_phys(entry & ~0xFFF, 4096), words)
            if wrong:
                at, seen, expected = wrong[0]
                raise Mismatch(f"the page at {va:#x}, which is shared memory, in process {who}: the word at {va + 4 * at:#x}",
                               f"{expected:#010x}", f"{seen:#010x}")
    if len(frames) > 1:
        run.expect(f"frames behind the page at {va:#x} of shared memory, in all processes", len(frames), 1)


# ---- registers

def cases(report):
    """The lines of a report as [(arguments of "case", [lines behind it])]."""
    found = []
    for key, *tokens in report:
        if key == "case":
            found.append(([int(token) for token in tokens], []))
        elif found:
            found[-1][1].append((key, tokens))
    return found


def notes_of(lines):
    """{tag: (pid, tid, ppid, threads, same space, words)}"""
    notes, words = {}, None
    for key, tokens in lines:
        if key == "note":
            tag, *rest = [int(token) for token in tokens]
            words = []
            notes[tag] = (*rest, words)
        elif key == "word" and words is not None:
            words.append(int(tokens[0], 16))
    return notes


def expect_nothing_lacks(report):
    for key, *tokens in report:
        if key == "lacks" and tokens != ["end"]:
            raise Mismatch(f"the kernel test could not go on: it lacks {' '.join(tokens)}")


REGISTERS = "ecx", "ebx", "edx", "esi", "edi", "ebp", "esp"


def shown(values):
    return " ".join(f"{name}={value:08x}" for name, value in zip((*REGISTERS, "eflags", "fs", "gs"), values))


def check_frames(run):
    report = run.report()
    expect_nothing_lacks(report)
    found, random = cases(report), run.kernel_random()
    for which in range(len(WAYS)):
        for child_first in (0, 1):
            what = f"{WAYS[which]}, and the {'child' if child_first else 'parent'} runs on first"
            if not found:
                raise Mismatch(f"{what}: did it happen?", "yes", "no: the case before it did not come to its end")
            (seen_which, seen_first), lines = found.pop(0)
            run.expect("the case", (seen_which, seen_first), (which, child_first))
            expect_two(run, what, which, notes_of(lines), random(0x10000), lines)


def expect_two(run, what, which, notes, seed, lines):
    if PARENT not in notes or INPUT not in notes:
        raise Mismatch(f"{what}: did the parent come back from the call?", "yes", "no")
    pid, _, ppid, threads, _, words = notes[PARENT]
    answer, before = signed(words[0]), notes[INPUT][-1]
    if answer < 0:
        raise Mismatch(f"{what}: what the parent got", "the child's number", answer)
    if CHILD not in notes:
        raise Mismatch(f"{what}: did the child come to its program, with 0 as its answer?", "yes", "no")
    child_pid, child_tid, child_ppid, child_threads, same_space, child = notes[CHILD]
    random = KtestRandom(seed)
    inputs = [next_random(random) for _ in range(8)]
    own_word, child_word = next_random(random), next_random(random)
    if which == PLAIN:
        run.expect("the registers before fork()", shown(before[1:7]), shown(inputs[1:7]))
    expect_registers(what, which, before, words, child)
    run.expect(f"{what}: what the parent got, and the number that the child has", answer, child_tid)
    if which == THREAD:
        run.expect(f"{what}: the process of the thread, and how many threads it has then", (child_pid, child_threads), (pid, 2))
    else:
        run.expect(f"{what}: is the child's process another one, and how many threads does it have?",
                   (child_pid != pid, child_threads), (True, 1))
        run.expect(f"{what}: the child's parent", child_ppid, ppid if which == SIBLING else pid)
    run.expect(f"{what}: do both run in one space?", bool(same_space), which in (MEMORY, THREAD))
    run.expect(f"{what}: the words at gs:0 of parent and child", (f"{words[13]:08x}", f"{child[13]:08x}"),
               (f"{own_word:08x}", f"{child_word if which == THREAD else own_word:08x}"))
    expect_numbers(run, what, which, answer, words[11:13], child[11:13])
    if any(key == "lacks" for key, _ in lines):
        raise Mismatch(f"{what}: did both come to their end?", "yes", "no")


def expect_registers(what, which, before, parent, child):
    """Of both, all but EAX as before the call; the child's stack pointer as it was asked for."""
    given = [before[2], before[1], *before[3:7], before[8]]
    for who, words in (("parent", parent), ("child", child)):
        wanted = list(given)
        if who == "child" and which in (MEMORY, THREAD):
            wanted[6] = before[2]
        seen = [words[1], *words[2:8]]
        if seen != wanted or (words[8] ^ before[7]) & STATUS_FLAGS or words[9:11] != parent[9:11]:
            raise Mismatch(f"{what}: the registers of the {who} behind it, all but eax",
                           shown([*wanted, before[7], *parent[9:11]]), shown([*seen, words[8], *words[9:11]]))


def expect_numbers(run, what, which, answer, parent, child):
    """parent_tid and child_tid, 77 before the call, as parent and child find them."""
    if which == TIDS:
        run.expect(f"{what}: *parent_tid, and *child_tid, in the parent's memory", parent, [answer, 77])
        run.expect(f"{what}: *child_tid in the child's memory", child[1], answer)
    elif which in (MEMORY, THREAD):
        run.expect(f"{what}: *parent_tid, as parent and child find it", (parent[0], child[0]), (answer, answer))


# ---- files, and what is left

def check_files(run):
    report = run.report()
    expect_nothing_lacks(report)
    found = cases(report)
    random = run.kernel_random()
    numbers = [index * 16 + random(16) for index in range(3)]
    for turn in range(8):
        which, closed = turn % 4, random(3)
        what = ("clone(SIGCHLD | CLONE_FILES)" if which & 1 else "fork()") + ("" if which & 2 else " of a process without files")
        if not found:
            raise Mismatch(f"{what}: did it happen?", "yes", "no: the case before it did not come to its end")
        (seen_which,), lines = found.pop(0)
        run.expect("the case", seen_which, which)
        expect_files(run, what, which, closed, numbers, lines)
    left = [tuple(int(token) for token in tokens) for key, *tokens in report if key == "left"]
    run.expect("what four parents and their children have left behind: frames, processes, pieces of the heap", left, [(0, 0, 0)])


def files_of(seen):
    return " ".join(f"{index + 1}" for index in range(3) if seen >> index & 1) or "none"


def expect_files(run, what, which, closed, numbers, lines):
    lines = {(key, *tokens[:1]) if key == "files" else (key,): tokens for key, tokens in lines}
    if ("clone",) not in lines:
        raise Mismatch(f"{what}: did the parent come back?", "yes", "no")
    answer, _ = [int(token) for token in lines["clone",]]
    if answer != 1:
        raise Mismatch(f"{what}: what the parent got", "the child's number", answer)
    has, shared = bool(which & 2), bool(which & 1)
    for who in ("child", "parent"):
        if ("files", who) not in lines:
            raise Mismatch(f"{what}: did the {who} go on?", "yes", "no")
        seen, *refs = [int(token, 16) for token in lines["files", who][1:]]
        wanted = 7 if has else 0
        users = [1 + has * (2 - shared)] * 3 if who == "child" else [1 + has] * 3
        moment = "while both live"
        if who == "parent":
            moment = f"after the child has closed its file {closed + 1} (number {numbers[closed]}) and has ended"
            if has and shared:
                wanted &= ~(1 << closed)
                users[closed] -= 1
        run.expect(f"{what}, {moment}: which of the three files the {who} has", files_of(seen), files_of(wanted))
        run.expect(f"{what}, {moment}: holders of the three open files, one of them the test", refs, users)
    if ("end",) in lines and lines["end",] == ["-1"]:
        raise Mismatch(f"{what}: did the parent come to its end?", "yes", "no")


def check_without_memory(run):
    with halted(run, "fork_poor", "ktest_fork_poor", cmdline=WATCHED) as (_, lines):
        attempts = [[int(token) for token in tokens] for tokens in lines["poor"]]
    if not attempts:
        raise Mismatch("fork() without memory: did the parent come back?", "yes", "no")
    for frames, answer, *lost in attempts[:-1]:
        what = f"fork() with {frames} free frames and nothing in the heap"
        if answer not in (ENOMEM, EAGAIN):
            raise Mismatch(f"{what}: its answer", f"{ENOMEM} (-ENOMEM) or {EAGAIN} (-EAGAIN)", answer)
        run.expect(f"{what}, when it had failed: frames, processes, threads, pieces of the heap that were not given back", lost,
                   [0, 0, 0, 0])
    frames, answer, *_ = attempts[-1]
    if answer != 1:
        raise Mismatch(f"fork() with {frames} free frames: its answer", "the child's number", answer)
    if len(attempts) < 5:
        raise Mismatch("how many free frames fork() needed", "5 or more: a directory, tables, a stack, ...", frames)
    run.expect("the parent's status after that", lines["end"], [["0"]])


# ---- vfork

ENDS, EXECS, KILLED, FIRST = range(4)
VFORKS = ("the child ends", "the child execs", "the parent is killed meanwhile", "the child ends before the parent has slept")
CHILD_STATUS, PARENT_STATUS = 3 << 8, 5 << 8


def check_vfork(run):
    report = run.report()
    expect_nothing_lacks(report)
    found = cases(report)
    for which, story in enumerate(VFORKS):
        what = f"vfork(), and {story}"
        if not found:
            raise Mismatch(f"{what}: did it happen?", "yes", "no: the case before it did not come to its end")
        (seen_which,), lines = found.pop(0)
        run.expect("the case", seen_which, which)
        expect_vfork(run, what, which, lines)


def expect_vfork(run, what, which, lines):
    parents = [[int(token) for token in tokens] for key, tokens in lines if key == "parent"]
    told = {key: [int(token) for token in tokens] for key, tokens in lines if key in ("killed", "lives", "ends")}
    status, ended, same = told["ends"]
    if same < 0:
        raise Mismatch(f"{what}: what the parent got", "the child's number", same)
    if which != FIRST:
        if not parents:
            raise Mismatch(f"{what}: was there a child?", "yes", "no")
        for when, (sleeps, notes) in zip(("while the child has its memory", "... and a signal came, which another thread took"),
                                         parents):
            run.expect(f"{what}: does the parent sleep, {when}?", (bool(sleeps), bool(notes)), (True, False))
    if which == KILLED:
        seen, dangling = told["killed"]
        if seen != SIGKILL:
            raise Mismatch(f"{what}: the parent's status, while the child goes on", SIGKILL,
                           "it had not ended" if seen == -1 else seen)
        run.expect(f"{what}: does the child's process still point to where its parent had waited?", bool(dangling), False)
    if which == EXECS:
        run.expect(f"{what}: does the child live when the parent has come back?", bool(told["lives"][0]), True)
    for who, seen, wanted in (("child", status, CHILD_STATUS), ("parent", ended, SIGKILL if which == KILLED else PARENT_STATUS)):
        if seen != wanted:
            raise Mismatch(f"{what}: the {who}'s end, as wait4(2) tells it", wanted, "none" if seen == -1 else seen)
    if which != KILLED:
        run.expect(f"{what}: did the parent get the child's number?", same, 1)
