"""
Exercise 6.1: what programs and the kernel see of a system call. Read more: labs/lab06-processes/tests/gate.c and gate.h,
user/gate.c; x86/trap.h for the frame; Intel SDM volume 3A, 6.11 (gates) and 6.12.1 (what the processor pushes).
"""

import contextlib
import struct

from ..lab3 import KERNEL_BASE
from ..lab3.inside import Elf
from ..lab4.turns import random32
from ..verdicts import Mismatch
from . import Words

REGISTERS = "edi", "esi", "ebp", "esp", "ebx", "edx", "ecx", "eax", "eflags", "ds", "es", "fs", "gs"
GENERAL = REGISTERS[:8]
SEGMENTS = REGISTERS[9:]
FRAME = ("gs", "fs", "es", "ds", "edi", "esi", "ebp", "unused", "ebx", "edx", "ecx", "eax", "vector", "error", "eip", "cs",
         "eflags", "esp", "ss")
CALLS, NUMBERS_FAR, COPIES, FILE_BYTES = 40, 60, 10, 3000
EFLAGS_ANY, EFLAGS_SET = 0x244CD5, 0x202
FLAGS = {0: "CF", 2: "PF", 4: "AF", 6: "ZF", 7: "SF", 8: "TF", 9: "IF", 10: "DF", 11: "OF", 14: "NT", 18: "AC", 21: "ID"}
IF, DF = 0x200, 0x400
KERNEL_CODE, KERNEL_DATA, USER_CODE, USER_DATA = 0x08, 0x10, 0x18, 0x20
SYSCALL, INTERRUPT_GATE = 128, 0xE
GETPID, GETPPID, GETTID = 20, 64, 224
ENOSYS, EINVAL = -38, -22
SIGSEGV, SIGILL = 11, 4
FOREIGN = ["A program's FS or GS may be a segment of its own (TLS), which is not there any more when another task runs:",
           "the next trap in the kernel could not load it again."]


class Registers(Words):
    """What the programs put into their registers."""

    def selector(self):
        word = self()
        return 0 if word % 5 == 0 else (USER_DATA if word % 5 < 3 else USER_CODE) | (word >> 8) % 4

    def registers(self):
        """What gate_calls puts into the registers for its next call."""
        values = {name: self() for name in GENERAL[:-1]}
        values["eax"] = (GETPID, GETPPID, GETTID)[self() % 3]
        values["eflags"] = self() & EFLAGS_ANY | EFLAGS_SET
        return {**values, **{name: self.selector() for name in SEGMENTS}}


def flag_names(value):
    return " ".join(name for bit, name in FLAGS.items() if value >> bit & 1) + f" ({value:#x})"


def shown(name, value):
    return flag_names(value) if name == "eflags" else f"{value:#x}" if name in SEGMENTS else f"{value:#010x}"


class Ran:
    """What became of a program of run()'s in gate.c."""

    def __init__(self, run):
        lines = run.report("ran")
        if not lines:
            lacks = run.report("lacks")
            raise Mismatch("the test could not begin" + (f": it lacks {' '.join(lacks[0])}" if lacks else ""))
        argument, pid, parent, status, done = lines[0]
        self.argument, self.pid, self.parent = int(argument, 16), int(pid), int(parent)
        self.status, self.done = int(status), int(done)
        (back, cs, ss), = run.report("program")
        self.back, self.cs, self.ss = int(back, 16), int(cs, 16), int(ss, 16)

    def expect_end(self, count):
        """All its calls have come back, and exit_group() has ended it."""
        if self.done < count:
            raise Mismatch("how far the program has come", f"{count} calls that come back",
                           f"{self.done}, then {ending(self.status)}", reasons(self))
        if self.status != 0:
            raise Mismatch("how the program has ended, which called exit_group(0)", ending(0), ending(self.status))


def ending(status):
    if status < 0:
        return "it did not end"
    return f"it was ended by signal {status & 0x7F}" if status & 0x7F else f"it ended with exit status {status >> 8}"


def reasons(ran):
    if ran.done == 0 and ran.status & 0x7F in (SIGSEGV, SIGILL):
        return ["The program's first int 0x80 was a general protection fault, or what came back from it was no program any more:",
                "is there a gate in vector 128 that ring 3 may use?"]
    return []


# ---- registers

def records(run, key, names):
    size = 4 * len(names)
    return [dict(zip(names, struct.unpack(f"<{len(names)}I", bytes.fromhex(word)[:size]))) for word, in run.report(key)]


def answers(ran):
    return {GETPID: ran.pid, GETPPID: ran.parent, GETTID: ran.pid}


def registers_after(run):
    """Each call's registers behind it."""
    ran = Ran(run)
    words, after = Registers(ran.argument), records(run, "after", REGISTERS)
    expect_argument(run, ran, random32(run.kernel_random()))
    for n, seen in enumerate(after, 1):
        before = words.registers()
        wanted = {**before, "eax": answers(ran)[before["eax"]]}
        for name in REGISTERS:
            if seen[name] != wanted[name]:
                what = f"the answer of call {before['eax']}, in EAX" if name == "eax" else f"{name.upper()} behind the call"
                raise Mismatch(f"call {n}: {what}", shown(name, wanted[name]), shown(name, seen[name]), around(before, seen))
    ran.expect_end(CALLS)


def around(before, seen):
    return ["registers before and behind the call:",
            *(f"  {name:6} {shown(name, before[name])}  {shown(name, seen[name])}" for name in REGISTERS)]


def expect_argument(run, ran, argument):
    run.expect("the program's argument, from the seed", ran.argument, argument)


def expect_frame(what, seen, before, ran):
    """The frame is a struct trapframe with the program's registers."""
    wanted = {**before, "vector": SYSCALL, "error": 0, "eip": ran.back, "cs": ran.cs, "ss": ran.ss}
    for name in reversed(FRAME):
        if name == "unused":
            continue
        short = name in SEGMENTS or name in ("cs", "ss")
        value = seen[name] & 0xFFFF if short else seen[name]
        if value != wanted[name]:
            field = f"user_{name}" if name in ("esp", "ss") else name
            raise Mismatch(f"{what}: `{field}` in the struct trapframe that the function in trap_syscall gets",
                           shown(name, wanted[name]), shown(name, value),
                           ["the whole frame, from its lowest word on:",
                            *(f"  {key:6} {shown(key, seen[key])}" for key in FRAME)])


def expect_inside(what, eflags, segments):
    """What the kernel needs before any C runs."""
    if eflags & DF:
        raise Mismatch(f"{what}: the direction flag when trap_syscall is called, which C expects to be clear", "0", "1")
    if eflags & IF:
        raise Mismatch(f"{what}: the interrupt flag when trap_syscall is called", "0: interrupts are off", "1")
    for name in SEGMENTS:
        value = segments[name] & 0xFFFF
        if value != KERNEL_DATA and (name in ("ds", "es") or value):
            raise Mismatch(f"{what}: {name.upper()} when trap_syscall is called", f"{KERNEL_DATA:#x}, the kernel's",
                           f"{value:#x}", FOREIGN if name in ("fs", "gs") else [])


def frames_inside(run):
    """Each call as the kernel met with it."""
    ran = Ran(run)
    words = Registers(ran.argument)
    entered = records(run, "entered", (*FRAME, *(f"inside {name}" for name in ("eflags", *SEGMENTS)), "above"))
    for n, seen in enumerate(entered[:CALLS], 1):
        before = words.registers()
        expect_inside(f"call {n}", seen["inside eflags"], {name: seen[f"inside {name}"] for name in SEGMENTS})
        expect_frame(f"call {n}", seen, before, ran)
        if seen["above"]:
            raise Mismatch(f"call {n}: bytes between the frame's end and the kernel stack's", "0", seen["above"])
    if len(entered) < CALLS:
        raise Mismatch("calls that have reached the function in trap_syscall", CALLS, len(entered), reasons(ran))


# ---- from outside

@contextlib.contextmanager
def halted(run):
    """The machine, halted in the first call of gate_outside's program, or when that has ended without one."""
    name = "gate_outside"
    with run.qemu(kernel=run.build.kernel, cmdline=run.ktest_cmdline(name)) as machine:
        machine.wait_until(lambda: machine.halted, what="the program's first call to reach the function in trap_syscall")
        lines = {key: words for key, *words in run.observed(machine, name)}
        yield machine, lines, Elf(run.build.kernel)


def expect_gate(machine, elf):
    """The entry of vector 128 in the IDT that the processor uses."""
    address = machine.registers()["idt"]["base"] + 8 * SYSCALL
    low, high = struct.unpack("<II", machine.read_virt(address, 8))
    seen = {"present": high >> 15 & 1, "privilege (DPL)": high >> 13 & 3, "type": high >> 8 & 0x1F, "selector": low >> 16}
    wanted = {"present": 1, "privilege (DPL)": 3, "type": INTERRUPT_GATE, "selector": KERNEL_CODE}
    for name, value in wanted.items():
        if seen[name] != value:
            hint = ["0xe is an interrupt gate, 0xf a trap gate, which leaves interrupts on"] if name == "type" else []
            raise Mismatch(f"the gate of vector 128: {name}", f"{value:#x}", f"{seen[name]:#x}", hint)
    handler = high & 0xFFFF0000 | low & 0xFFFF
    begin, end = struct.unpack("<II", machine.read_virt(elf.address("syscall_entry_range"), 8))
    if not begin <= handler < end:
        raise Mismatch("where the gate of vector 128 leads to", f"syscall_entry, {begin:#010x}", f"{handler:#010x}")


def expect_call_from_outside(machine, lines, elf, argument):
    """The processor stands in the call: its segments, and the frame at the end of the stack that the TSS names."""
    registers = machine.registers()
    start, size = elf.symbols.get("gate_halt", (0, 0))[0], 8
    if not start <= registers["eip"] < start + size:
        status = int(lines["ran"][3]) if "ran" in lines else -1
        raise Mismatch("the program's first int 0x80", "it reaches the function in trap_syscall",
                       f"it does not: {ending(status)}")
    inside, = struct.unpack("<I", machine.read_virt(elf.address("gate_inside"), 4))
    expect_inside("the first call", inside, {name: registers[name]["selector"] for name in SEGMENTS})
    stack, = struct.unpack("<I", machine.read_virt(registers["tr"]["base"] + 4, 4))
    frame = dict(zip(FRAME, struct.unpack("<19I", machine.read_virt(stack - 76, 76))))
    expect_frame("the first call", frame, Registers(argument).registers(), Outside(frame))


class Outside:
    """What is known of a program of which only the frame can be seen."""

    def __init__(self, frame):
        self.back, self.cs, self.ss = frame["eip"], USER_CODE | 3, USER_DATA | 3
        if not 0x08048000 <= frame["eip"] < 0x08148000:
            raise Mismatch("EIP in the frame", "an address in the program, 0x08048000 and above", f"{frame['eip']:#010x}")


def seen_from_outside(run):
    with halted(run) as (machine, lines, elf):
        expect_gate(machine, elf)
        expect_call_from_outside(machine, lines, elf, random32(run.kernel_random()))


# ---- numbers

def numbers(run):
    ran = Ran(run)
    expect_argument(run, ran, random32(run.kernel_random()))
    told = [(int(number, 16), int(answer)) for number, answer in run.report("answer")]
    ran.expect_end(max(NUMBERS_FAR + 4, ran.done))
    nobody, (pid, parent, tid, last) = told[:-4], told[-4:]
    for number, answer in nobody:
        if answer != ENOSYS:
            detail = [f"{number:#x} times four is, in 32 bits, the place of number {number & 0x3FFFFFFF}"] if (
                number >= 1 << 30 and number & 0x3FFFFFFF < 1024) else []
            raise Mismatch(f"the answer to number {number:#x}, behind which there is nothing", "-38 (-ENOSYS)", answer, detail)
    for what, (number, answer), wanted in (("getpid", pid, ran.pid), ("getppid", parent, ran.parent), ("gettid", tid, ran.pid)):
        run.expect(f"the answer to number {number}, {what}", answer, wanted)
    if last[1] == ENOSYS:
        raise Mismatch(f"the answer to number {last[0]}, the table's last one, with arguments that make no sense",
                       "that function's own", "-38 (-ENOSYS)")


# ---- six arguments

def copies(run):
    """copy_file_range(2) between two files, against a model of it."""
    ran, chosen = Ran(run), run.kernel_random()
    source, target = (bytearray(chosen(256) for _ in range(FILE_BYTES)) for _ in range(2))
    in_fd, out_fd = 3 + chosen(14), 17 + chosen(14)
    expect_argument(run, ran, chosen(0x10000) << 16 | out_fd << 8 | in_fd)
    words = Words(ran.argument)
    for n, seen in enumerate(run.numbers("copy"), 1):
        start, to, count, flags = words() % 3000, words() % 3000, 1 + words() % 1500, n % 3 == 2
        what = f"call {n}: copy_file_range({in_fd}, {{{start}}}, {out_fd}, {{{to}}}, {count}, {int(flags)})"
        if flags:
            run.expect(f"{what}, whose flags are not 0: the answer (-22 is -EINVAL), both offsets then", seen,
                       [EINVAL, start, to])
            continue
        piece = source[start:start + count]
        run.expect(f"{what}: the answer, both offsets then", seen, [len(piece), start + len(piece), to + len(piece)])
        target[to:to + len(piece)] = piece
    ran.expect_end(COPIES)
    (content,), = run.report("file")
    content = bytes.fromhex(content)
    if content != target:
        at = next((i for i, (a, b) in enumerate(zip(content, target)) if a != b), min(len(content), len(target)))
        raise Mismatch(f"the file that was copied to, from byte {at} on", bytes(target[at:at + 8]).hex(" "),
                       content[at:at + 8].hex(" ") or "its end")
