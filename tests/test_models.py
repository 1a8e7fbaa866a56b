"""
The scheduler's models (tests/models/*.pml): SPIN finds nothing wrong with them, and finds each mistake that is made in them
on purpose. And what a real kernel did, by its trace, is what the models allow: each change of a task's state is one of those
written in sleep.pml, and whose turn it was follows the rule of run_queue.pml.
"""

import re
import subprocess
from pathlib import Path

import pytest

from gradelib.machine import Machine

ROOT = Path(__file__).resolve().parents[1]
MODELS = ROOT / "tests/models"
MISTAKES = {"sleep": ["CHECK_FIRST", "TELL_FIRST", "PREEMPT_SLEEPS", "AWAKE_COUNTS"],
            "run_queue": ["NO_RESCUE", "RESCUE_AGAIN", "PREEMPT_RESCUED"]}


def errors(model, folder, *options):
    """How many errors SPIN finds: 0 or 1, for it stops at the first."""
    subprocess.run(["spin", *options, "-a", MODELS / f"{model}.pml"], cwd=folder, check=True, capture_output=True)
    subprocess.run(["cc", "-O2", "-w", "-DSAFETY", "-DNOCLAIM", "-o", "pan", "pan.c"], cwd=folder, check=True)
    done = subprocess.run(["./pan", "-m100000"], cwd=folder, capture_output=True, text=True, check=True)
    print(done.stdout)
    assert "max search depth too small" not in done.stdout
    return int(re.search(r"errors: (\d+)", done.stdout)[1])


@pytest.mark.parametrize("model", MISTAKES)
def test_the_model_keeps_its_promise(model, tmp_path):
    assert errors(model, tmp_path) == 0


@pytest.mark.parametrize("model, mistake", [(model, mistake) for model, mistakes in MISTAKES.items() for mistake in mistakes])
def test_a_mistake_in_the_model_is_found(model, mistake, tmp_path):
    assert f"def {mistake}" in (MODELS / f"{model}.pml").read_text()
    assert errors(model, tmp_path, f"-D{mistake}") == 1


# ---- the model and the kernel

def allowed():
    """{event: [(from, to)]} as sleep.pml writes them; each is recorded by the function that is named there."""
    found = re.findall(r"(\w+) -> (\w+): (\w+) in (\w+)", (MODELS / "sleep.pml").read_text())
    scheduler = (ROOT / "src/kernel/task/sched.c").read_text()
    rules = {}
    for before, after, event, function in found:
        body = re.search(rf"\n\S[^\n]*\b{function}\([^;{{]*\)\n\{{\n(.*?)\n\}}\n", scheduler, re.S)
        assert body and f"TRACE({event}," in body[1], f"sched.c's {function}() does not record {event}"
        rules.setdefault(event, []).append((before, after))
    recorded = set(re.findall(r"TRACE\((\w+),", scheduler))
    assert recorded - {"PRIORITY"} == set(rules)
    return rules


class Unexpected(Exception):
    pass


class Scheduler:
    """The states of all tasks, and whose turn it is, as the models say."""
    STARVE = 1000 * 10**6                       # in units of the time-stamp counter
    SLACK = 2 * 10**6                           # the kernel counts in milliseconds

    def __init__(self, tasks, rules):
        self.rules = rules
        self.state, self.priority, self.queue = {}, {}, []      # queue: (pid, since), the longest READY first
        self.order = {}                                         # priority: pids, the next one first
        self.rescued, self.rescues = False, 0
        for pid, state, queued, priority, name in tasks:
            pid = int(pid)
            self.state[pid] = ["READY", "RUNNING", "WAITING", "ZOMBIE"][int(state)]
            self.priority[pid] = int(priority)
            if name == "idle":
                self.idle = pid
            assert queued == "0"
        self.current = next(pid for pid, state in self.state.items() if state == "RUNNING")

    def expect(self, true, what):
        if not true:
            raise Unexpected(what)

    def change(self, pid, event, after=None):
        """A change of state that the model allows."""
        before = self.state.get(pid, "NONE")
        choices = [to for frm, to in self.rules[event] if frm == before and (after is None or to == after)]
        self.expect(choices, f"{event} of task {pid}, which is {before}")
        self.state[pid] = choices[0]

    def add(self, pid, time, front=False):
        line = self.order.setdefault(self.priority[pid], [])
        line.insert(0 if front else len(line), pid)
        self.queue.append((pid, time))

    def remove(self, pid):
        self.order[self.priority[pid]].remove(pid)
        self.queue = [entry for entry in self.queue if entry[0] != pid]

    def queued(self, pid):
        return pid in [entry[0] for entry in self.queue]

    def choices(self, time):
        """Who may be next: one, or two if it lies within the clock's step."""
        if not self.queue:
            return {self.idle: False}
        urgent = self.order[max(priority for priority, line in self.order.items() if line)][0]
        oldest, since = self.queue[0]
        if self.rescued or time - since < self.STARVE - self.SLACK:
            return {urgent: False}
        if time - since > self.STARVE + self.SLACK:
            return {oldest: True}
        return {urgent: False, oldest: True}

    def run(self, pid, time):
        choices = self.choices(time)
        self.expect(pid in choices, f"task {pid} runs, not one of {sorted(choices)}")
        self.rescued = choices[pid]
        self.rescues += self.rescued
        if pid != self.idle:
            self.remove(pid)
        self.change(pid, "RUN")
        self.current = pid

    def event(self, time, event, pid, other):
        """One record; RUN apart."""
        if event == "CREATE":
            self.priority[pid] = other
            self.change(pid, event)
            self.add(pid, time)
        elif event == "PRIORITY":
            queued = self.queued(pid)
            if queued:
                self.remove(pid)
            self.priority[pid] = other
            if queued:
                self.add(pid, time)
        elif event == "WAKE":
            awake = pid == self.current
            self.expect(other == (not awake and not self.queued(pid)), f"WAKE {other} of task {pid}")
            self.change(pid, event, "RUNNING" if awake else "READY")
            if other:
                self.add(pid, time)
        else:                                   # of the one that runs
            self.expect(pid == self.current, f"{event} of task {pid}, while {self.current} runs")
            self.change(pid, event)
            if event in ("YIELD", "PREEMPT") and pid != self.idle:
                self.add(pid, time, front=event == "PREEMPT" and not other)


def replay(tasks, events, rules):
    """Follow the records; raises Unexpected. Returns the scheduler as it is then."""
    scheduler, at = Scheduler(tasks, rules), 0
    while at < len(events):
        time, event, pid, other = events[at]
        if event == "RUN":
            raise Unexpected(f"record {at}: task {pid} runs, though {scheduler.current} has not let go")
        try:
            scheduler.event(time, event, pid, other)
            at += 1
            if event in ("YIELD", "PREEMPT", "SLEEP") or event == "EXIT":
                after = events[at] if at < len(events) else None
                if event == "EXIT":             # it tells its parent first
                    while after and after[1] == "WAKE":
                        scheduler.event(*after)
                        at += 1
                        after = events[at] if at < len(events) else None
                if after and after[1] == "RUN":
                    scheduler.expect(after[3] == pid, f"task {after[2]} runs after {after[3]}, which was not running")
                    scheduler.run(after[2], after[0])
                    at += 1
                elif after or event != "EXIT":
                    scheduler.run(pid, time)    # nobody else: it goes on
        except Unexpected as error:
            raise Unexpected(f"record {at}, {events[at] if at < len(events) else ''}: {error}") from None
    return scheduler


@pytest.fixture(scope="module")
def kernel():
    subprocess.run(["make", "-s", "-j2", "-f", "scripts/build.mk", "kernel.elf"], cwd=ROOT, check=True)
    return ROOT / "build/kernel.elf"


def traced(kernel, folder, seed):
    """What a kernel did: the tasks at first, and the records."""
    with Machine(folder, kernel=kernel, symbols=[kernel], cmdline=f"ktest=trace_storm seed={seed} nonce=N quiet",
                 args=["-icount", "shift=4,sleep=off"]) as machine:
        assert machine.wait_exit(20) == 33
        lines = [line.split() for line in machine.serial.decode().splitlines() if line.startswith("@N trace_storm ")]
    tasks = [line[3:] for line in lines if line[2] == "task"]
    events = [(int(time), event, int(pid), int(other)) for _, _, key, *rest in lines if key == "event"
              for time, event, pid, other in [rest]]
    assert 150 < len(events) < 1024, "too little happened, or more than the ring holds"
    return tasks, events


@pytest.mark.parametrize("seed", [1, 7, 4711])
def test_a_real_kernel_does_what_the_models_allow(kernel, tmp_path, seed):
    tasks, events = traced(kernel, tmp_path, seed)
    scheduler = replay(tasks, events, allowed())
    seen = {event for _, event, _, _ in events}
    assert seen >= {"CREATE", "PREPARE", "FINISH", "WAKE", "YIELD", "SLEEP", "PREEMPT", "RUN", "EXIT"}
    assert scheduler.rescues > 0, "nobody had to wait long"


@pytest.mark.parametrize("what, change", [
    ("a sleeper is never woken", lambda e: [r for i, r in enumerate(e) if i != first(e, "WAKE", 1)]),
    ("the wrong one runs", lambda e: swapped(e, first(e, "RUN"))),
    ("one runs without having been READY", lambda e: e[:first(e, "EXIT") + 9] + [e[first(e, "EXIT")]]),
])
def test_another_trace_is_not_allowed(kernel, tmp_path, what, change):
    tasks, events = traced(kernel, tmp_path, 7)
    with pytest.raises(Unexpected):
        replay(tasks, change(events), allowed())


def first(events, event, other=None):
    return next(i for i, record in enumerate(events) if record[1] == event and other in (None, record[3]))


def swapped(events, at):
    time, event, pid, other = events[at]
    wrong = next(r[2] for r in events if r[2] not in (pid, other))
    return [*events[:at], (time, event, wrong, other), *events[at + 1:]]
