"""
Looks into a kernel that has halted in a kernel test: its processor's tables, its tasks, and what the test has left in global
variables, all as they lie in the physical memory that QEMU has. Read more: labs/lab04-tasks/tests/layout.c.
"""

import contextlib
import functools
import struct
from collections import defaultdict

from .. import clock
from ..lab3 import KERNEL_BASE
from ..lab3.inside import Elf, Kernel as Memory
from ..verdicts import Mismatch

TASK = ("size pid state queued on_cpu name esp stack space func arg cpus priority base_priority slice ticks parent "
        "status").split()
CPU = "size gdt tss fault_tss current idle runqueue stack_size runqueue_size".split()
BYTES = {"queued", "on_cpu", "priority", "base_priority", "slice"}
TSS = ("link esp0 ss0 esp1 ss1 esp2 ss2 cr3 eip eflags eax ecx edx ebx esp ebp esi edi es cs ss ds fs gs ldt").split()


class Kernel(Memory):
    """A halted kernel, seen from outside."""

    def __init__(self, machine, elf):
        super().__init__(machine, elf)
        self.task_layout = dict(zip(TASK, self.words("task_layout", len(TASK))))
        self.cpu_layout = dict(zip(CPU, self.words("cpu_layout", len(CPU))))
        self.cpu = elf.address("cpus")
        self.directory = elf.address("early_page_directory") - KERNEL_BASE      # kernel_directory's other name

    def bytes_at(self, address, count):
        """Of the kernel's memory, by its own address: in the direct map, or where its page tables say."""
        if KERNEL_BASE <= address <= KERNEL_BASE + (64 << 20) - count:
            return self.machine.read_phys(address - KERNEL_BASE, count)
        data = b""
        while len(data) < count:
            at = address + len(data) & 0xFFFFFFFF
            if not self.tables.entry(at):
                raise Mismatch(f"nothing is mapped at {at:#010x}, where the kernel has something")
            data += self.tables.read(self.machine, at, min(count - len(data), 0x1000 - (at & 0xFFF)))
        return data

    def words_at(self, address, count):
        return list(struct.unpack(f"<{count}I", self.bytes_at(address, 4 * count)))

    def words(self, name, count):
        """A variable of a kernel test."""
        return self.words_at(self.elf.address(name), count)

    def records(self, name, count, size):
        """An array of structures of so many words."""
        flat = self.words(name, count * size)
        return [flat[at:at + size] for at in range(0, count * size, size)]

    def cpu_word(self, member):
        return self.words_at(self.cpu + self.cpu_layout[member], 1)[0]

    def tss(self, member):
        """One of the processor's two, as a dict."""
        address = self.cpu + self.cpu_layout[member]
        return dict(zip(TSS, self.words_at(address, len(TSS))), address=address,
                    iomap=struct.unpack("<H", self.bytes_at(address + 102, 2))[0])

    def task(self, address):
        """A task as a dict."""
        data = self.bytes_at(address, self.task_layout["size"])
        task = {}
        for member, at in self.task_layout.items():
            if member == "name":
                task[member] = data[at:at + 16].partition(b"\0")[0].decode("latin-1")
            elif member != "size":
                task[member] = data[at] if member in BYTES else struct.unpack_from("<I", data, at)[0]
        return task

    def inside(self, address, *names):
        """Does the address lie in one of these functions? A compiler may have cut f into f, f.cold, f.part.0."""
        return any(start <= address < start + size for text, (start, size) in self.elf.symbols.items()
                   if text.split(".")[0] in names)


@contextlib.contextmanager
def running(run, name, word, **how):
    """Boot to the point at which the kernel test `name` reports `word`. Gives the Machine, which goes on."""
    with run.qemu(kernel=run.build.kernel, cmdline=run.ktest_cmdline(name), **how) as machine:
        machine.wait_until(lambda: {word, "lacks"} & {line[0] for line in run.observed(machine, name)},
                           what=f"the kernel test {name} to report {word}")
        expect_nothing_lacks(run.observed(machine, name))
        yield machine


def expect_nothing_lacks(lines):
    for key, *what in lines:
        if key == "lacks":
            raise Mismatch(LACKS.get(" ".join(what), f"the kernel test could not go on: {' '.join(what)}"))


@contextlib.contextmanager
def halted(run, name, *places, budget=clock.BUDGET, **how):
    """
    Boot to the kernel test `name`, which halts (in one of the functions `places`, if those are others). Gives the Kernel and
    the lines that the test reported. That the processor stands there is part of the evidence.
    """
    with run.qemu(kernel=run.build.kernel, cmdline=run.ktest_cmdline(name), **how) as machine:
        machine.wait_until(lambda: machine.halted and ["halts"] in run.observed(machine, name), budget,
                           f"the kernel test {name} to come to its end")
        lines = defaultdict(list)
        for key, *tokens in run.observed(machine, name):
            lines[key].append(tokens)
        expect_nothing_lacks(run.observed(machine, name))
        kernel = Kernel(machine, Elf(run.build.kernel))
        places = places or (f"ktest_{name}",)
        if not kernel.inside(kernel.registers["eip"], *places):
            raise Mismatch("where the processor halts is not the kernel test", " or ".join(places),
                           f"{kernel.registers['eip']:#x}")
        yield kernel, lines


KEPT = {}               # what is run once for several tests


def once(look):
    """What look(run) finds in a machine of its own, which is booted once for all tests; each gets its log."""
    @functools.wraps(look)
    def kept(run):
        key = run.build.kernel, look.__name__
        if key not in KEPT:
            found = look(run)
            KEPT[key] = found, {path.name: path.read_bytes() for path in run.dir.iterdir() if path.is_file()}
        for name, data in KEPT[key][1].items():
            (run.dir / name).write_bytes(data)
        return KEPT[key][0]
    return kept


LACKS = {
    "task": "create_task() returned NULL although there is memory",
    "memory": "there is no memory, in a machine that has enough (lab 3)",
    "overflow": "a recursion without end came to an end",
    "sleep": "schedule() came back although the task is WAITING and nobody has woken it",
}


def decoded(descriptor):
    """A segment descriptor in words. SDM volume 3A, 3.4.5 and 7.2.2."""
    low, high = descriptor & 0xFFFFFFFF, descriptor >> 32
    base = high & 0xFF000000 | (high & 0xFF) << 16 | low >> 16
    limit = high & 0xF0000 | low & 0xFFFF
    return (f"base {base:08x} limit {limit:x} type {high >> 8 & 0x1F:02x} dpl {high >> 13 & 3} present {high >> 15 & 1} "
            f"flags {high >> 20 & 0xF:x}")


def tss_descriptor(base, busy=False):
    return decoded(base << 16 & 0xFFFF0000 | 0x67 | (base & 0xFF000000 | base >> 16 & 0xFF | 0x8900 | busy << 9) << 32)


