"""
What system calls cost here and on Debian's Linux in the same QEMU: tests/conform/bench.c on both, in guest instructions
and in this computer's time, side by side with the ratio. A part of scripts/bench.
"""
import math
import re

import guest

MEMORY = 64
# The name in bench.c, what it is, the unit, how many nanoseconds the unit has (of "MB/s": None), and where to aim.
LINES = [
    ("null", "null call", "ns", 1, 150),
    ("write", "write 1 byte to /dev/null", "ns", 1, 250),
    ("open", "open and close", "us", 1000, 4),
    ("stat", "stat", "us", 1000, 3),
    ("read", "read 4 KiB of a cached file", "MB/s", None, 2000),
    ("create", "create, write 4 KiB, unlink", "us", 1000, 40),
    ("getdents", "getdents of 100 entries", "us", 1000, 20),
    ("roundtrip", "pipe round trip", "us", 1000, 5),
    ("bandwidth", "pipe bandwidth, 64 KiB chunks", "MB/s", None, 1200),
    ("fork", "fork, exit, wait", "us", 1000, 40),
    ("forkdirty", "the same with 1 MiB dirty", "us", 1000, 80),
    ("forkexec", "fork, exec, wait", "us", 1000, 120),
    ("fault", "fault on fresh memory", "ns", 1, 1500),
    ("cow", "copy-on-write fault", "ns", 1, 2500),
    ("mmap", "mmap, touch, munmap of a page", "us", 1000, 5),
    ("sigaction", "sigaction", "ns", 1, 250),
    ("signal", "signal to self, handled", "us", 1000, 2),
    ("yield", "sched_yield to another process", "us", 1000, 1.5),
]


def figures(system, options):
    """What bench.c says there: for each name operations and nanoseconds; and how long the start took."""
    programs = [guest.PROGRAMS / "bench", guest.PROGRAMS / "nothing"]
    (outcome,) = system(["/bin/bench"], programs, memory=str(MEMORY), options=options, limit=900)
    if (outcome.how, outcome.code) != ("exit", 0):
        raise guest.Failed(f"bench ended by {outcome.how} {outcome.code}", [outcome])
    found = {name: (int(count), int(ns)) for name, count, ns in re.findall(r"^bench (\w+) (\d+) (\d+)$", outcome.output, re.M)}
    free = int(re.search(r"^memory \d+ total (\d+) free$", outcome.output, re.M).group(1))
    return found, outcome.began, MEMORY - free / 2**20


def value(figure, unit_ns):
    count, ns = figure
    return ns / count / unit_ns if unit_ns else count / ns * 1000


def shown(number):
    return f"{number:.0f}" if number >= 100 else f"{number:.1f}" if number >= 10 else f"{number:.2f}"


def row(what, ours, linux, unit, goal, larger_is_better=False):
    """One line; returns how many times better ours is."""
    ratio = ours / linux if larger_is_better else linux / ours
    print(f"{what:32} {shown(ours):>9} {shown(linux):>9} {unit:5} {ratio:7.2f} times   {goal}", flush=True)
    return ratio


def table(title, ours, linux):
    print(f"\n{title:32} {'myOS':>9} {'Linux':>9}")
    ratios = []
    for name, what, unit, unit_ns, goal in LINES:
        if name in ours[0] and name in linux[0]:
            words = f"goal {'>=' if unit_ns is None else '<='} {goal}"
            ratios.append(row(what, value(ours[0][name], unit_ns), value(linux[0][name], unit_ns), unit, words, unit_ns is None))
    print(f"{'geometric mean':58} {math.exp(sum(map(math.log, ratios)) / len(ratios)):6.2f} times")


def least_memory(system):
    """The smallest -m, in MiB, with which a program runs."""
    low, high = 2, MEMORY
    while high - low > 1:
        middle = (low + high) // 2
        try:
            good = system(["/bin/nothing"], [guest.PROGRAMS / "nothing"], memory=str(middle), limit=60)[0].code == 0
        except (guest.Failed, IndexError):
            good = False
        low, high = (low, middle) if good else (middle, high)
    return high


def from_disk(*words, **options):
    """myOS as it is powered on: by the BIOS from its own disk."""
    return guest.on_myos(*words, boot=guest.TOP / "build/myos.img", **options)


def main():
    guest.build()
    ours, linux = figures(from_disk, guest.COUNTED), figures(guest.on_linux, guest.COUNTED)
    table("guest instructions (1 ns each)", ours, linux)
    ours, linux = figures(from_disk, ()), figures(guest.on_linux, ())
    table("time of this computer (TCG)", ours, linux)
    row("power-on to a program's output", ours[1], linux[1], "s", "goal <= 1")
    row(f"memory not free, of {MEMORY} MiB", ours[2], linux[2], "MiB", "goal < 4")
    row("the smallest -m that boots", least_memory(from_disk), least_memory(guest.on_linux), "MiB", "goal <= 8")
