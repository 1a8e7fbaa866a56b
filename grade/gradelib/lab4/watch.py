"""
Looks at the tasks of a kernel from outside: what its tests have noted in memory (labs/lab04-tasks/tests/watch.h), and the
kernel's own structures, whose members lie where the table of tests/watch.c says.
"""

import struct
from types import SimpleNamespace

from .. import clock
from ..lab3.inside import halted, KEPT, Tables
from ..verdicts import Mismatch

KERNEL_BASE, FRAME = 0xC0000000, 4096
MEMORY = 16 << 20
PM_HZ, PM_ROUND = 3579545, 1 << 24              # the ACPI timer: 24 bits
READY, RUNNING, WAITING, ZOMBIE = range(4)
STATES = ("READY", "RUNNING", "WAITING", "ZOMBIE")
LONG = 20000                                    # no list here has so many


def exact(shift):
    """QEMU's options for a machine in which an instruction takes 2^shift nanoseconds: time is what the guest has done."""
    return ["-icount", f"shift={shift},sleep=off"]


def milliseconds(begun, ended):
    """Between two values of the ACPI timer, less than 4.6 s apart."""
    return (ended - begun) % PM_ROUND / PM_HZ * 1000


class Places:
    """Where the members of structures are, from the kernel's file."""

    def __init__(self, elf):
        address, size = elf.symbols.get("watch_places", (0, 0))
        self.at = {}
        for physical, data in elf.constant():
            start = address - KERNEL_BASE - physical
            if 0 <= start < len(data):
                for name, offset, width in struct.iter_unpack("<28sHH", data[start:start + size]):
                    self.at[name.rstrip(b"\0").decode()] = offset, width


class Watch:
    """The memory of a machine that stands still."""

    def __init__(self, machine, elf, kernel=None):
        self.elf, self.places, self.kernel = elf, Places(elf).at, kernel
        self.tables = kernel.tables if kernel else Tables(machine)
        self.memory = machine.read_phys(0, MEMORY)

    def read(self, va, count):
        """Bytes at va: in the direct map, or wherever the page tables lead."""
        data = b""
        while count:
            part = min(count, FRAME - va % FRAME)
            entry = self.tables.entry(va)
            physical = (entry & ~0xFFF) + va % FRAME
            if not entry or physical + part > len(self.memory):
                raise Mismatch("a pointer in the kernel's structures, seen from outside, leads to where no memory is",
                               seen=f"{va:#010x}")
            data += self.memory[physical:physical + part]
            va, count = va + part, count - part
        return data

    def words(self, name, count=1):
        """So many words that the test has noted at the symbol `name`."""
        return list(struct.unpack(f"<{count}I", self.read(self.elf.address(name), 4 * count)))

    def rows(self, name, width):
        """All of a table of words that the test has noted, in rows."""
        words = self.words(name, self.elf.symbols[name][1] // 4 if name in self.elf.symbols else 1)
        return [words[at:at + width] for at in range(0, len(words), width)]

    def field(self, address, name):
        """A member of a structure: "task_t.pid"."""
        offset, width = self.places[name]
        return int.from_bytes(self.read(address + offset, width), "little")

    def place(self, address, name):
        return address + self.places[name][0]

    def ring(self, head, what):
        """The nodes of the list at `head`. It must be one, in both directions."""
        nodes, node, previous = [], head, None
        while node != head or previous is None:
            following, before = struct.unpack("<II", self.read(node, 8))
            if previous is not None:
                nodes.append(node)
            back, = struct.unpack("<I", self.read((following + 4) & 0xFFFFFFFF, 4))
            if back != node or len(nodes) > LONG:
                raise Mismatch(f"{what}, seen from outside, is no list any more: behind {node:#010x} comes {following:#010x}",
                               f"prev = {node:#010x}", f"prev = {back:#010x}")
            node, previous = following, before
        return nodes

    def entries(self, queue):
        """The tasks in a wait queue, first one first."""
        nodes = self.ring(self.place(queue, "wait_queue.entries"), "a wait queue")
        offset = self.places["wait_entry.node"][0]
        return [self.field(node - offset, "wait_entry.task") for node in nodes]

    def task(self, address):
        """A task's members."""
        names = [name for name in self.places if name.startswith("task_t.") and self.places[name][1] <= 4]
        task = SimpleNamespace(address=address, **{name[7:]: self.field(address, name) for name in names})
        task.name = self.read(self.place(address, "task_t.name"), 16).split(b"\0")[0].decode("latin-1")
        return task

    def tasks(self, first):
        """All tasks, of which `first`, the one of the tests, was the first."""
        offset = self.places["task_t.all"][0]
        head, = struct.unpack("<I", self.read(first + offset + 4, 4))
        return [self.task(node - offset) for node in self.ring(head, "the list of all tasks")]


def expect_state(run, what, task, state):
    run.expect(f"the state of {what} (pid {task.pid}), seen from outside",
               STATES[task.state] if task.state < 4 else task.state, STATES[state])


def expect_tasks_made(lines):
    """What a test says if it can do nothing."""
    if ["no_task"] in lines:
        raise Mismatch("the test could not make its tasks (exercise 4.3)", "a task", "NULL")


def watched(run, name, shift, budget=clock.BUDGET):
    """Run the kernel test `name` until it halts; returns what there is to see then. For several tests it is run once."""
    key = run.build.kernel, name, shift
    if key not in KEPT:
        with halted(run, name, memory=f"{MEMORY >> 20}M", args=exact(shift), budget=budget) as (kernel, lines):
            KEPT[key] = Watch(kernel.machine, kernel.elf, kernel.keep(lines)), run.observed(kernel.machine, name)
    watch, lines = KEPT[key]
    machine = watch.kernel.machine
    (run.dir / "serial.log").write_bytes(machine.serial)
    (run.dir / "repeat.sh").write_text(f"#!/bin/sh\n# Runs this guest again in a terminal.\n{machine.by_hand()}\n")
    expect_tasks_made(lines)
    return watch
