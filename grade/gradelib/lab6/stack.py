"""
Exercise 6.4: what a program finds when it begins, read as the ABI has it and not as somebody has laid it out. Read more:
labs/lab06-processes/tests/stack.c; System V ABI, Intel386 supplement, "Process Initialization"; getauxval(3).
"""

import struct

from ..lab3.inside import Tables
from ..lab4.turns import random32
from ..verdicts import Mismatch
from .gate import FLAGS, FRAME, USER_CODE, USER_DATA, ending

CASES, FRAMES, TOP, PATH_ROOM, SEGMENTS_MAX = 16, 6, 0xB8000000, 40, 32
AT_NULL, AT_PHDR, AT_PHNUM, AT_BASE, AT_ENTRY, AT_UID, AT_EUID, AT_GID, AT_EGID = 0, 3, 5, 7, 9, 11, 12, 13, 14
AT_PLATFORM, AT_SECURE, AT_RANDOM, AT_EXECFN = 15, 23, 25, 31
NAMES = {3: "AT_PHDR", 5: "AT_PHNUM", 7: "AT_BASE", 9: "AT_ENTRY", 11: "AT_UID", 12: "AT_EUID", 13: "AT_GID", 14: "AT_EGID",
         15: "AT_PLATFORM", 23: "AT_SECURE", 25: "AT_RANDOM", 31: "AT_EXECFN"}
RANDOM_BYTES = 16
IF, IOPL, TF, DF, NT, AC = 0x200, 0x3000, 0x100, 0x400, 0x4000, 0x40000
WORDS_SHOWN = 12


# ---- what the kernel tests choose, from the same seed

class Situation:
    """random_situation() of stack.c."""

    def __init__(self, chosen, n):
        most, longest = 120 if n % 4 == 2 else 8, 600 if n % 4 == 3 else 24
        argc, envc = 1 + chosen(most), chosen(most)
        texts = [self.text(chosen, chosen(longest)) for _ in range(argc + envc)]
        self.argv, self.envp = texts[:argc], texts[argc:]
        self.path = b"/" + self.text(chosen, 1 + chosen(PATH_ROOM - 3))
        self.auxv = {AT_ENTRY: random32(chosen), AT_PHDR: random32(chosen)}
        self.auxv.update((kind, chosen(3)) for kind in (AT_UID, AT_EUID, AT_GID, AT_EGID))
        self.auxv[AT_PHNUM] = chosen(SEGMENTS_MAX)
        self.auxv[AT_BASE] = random32(chosen) & ~0xFFF
        self.auxv[AT_SECURE] = int(self.auxv[AT_UID] != self.auxv[AT_EUID] or self.auxv[AT_GID] != self.auxv[AT_EGID])
        self.top = TOP - 16 * chosen(256)
        self.what = f"{argc} arguments, {envc} strings of environment, {sum(map(len, texts)) + len(texts)} bytes"

    @staticmethod
    def text(chosen, length):
        return bytes(ord("a") + chosen(26) for _ in range(length))


# ---- reading it

class Stack:
    """Memory from ESP to the stack's end, taken apart by the ABI: argc, then pointers, then pairs of words."""

    def __init__(self, what, esp, top, data):
        self.what, self.esp, self.top, self.data = what, esp, top, data
        if len(data) != top - esp:
            raise Mismatch(f"{what}: ESP", f"below the stack's end, {top:#x}, in memory that is its own", f"{esp:#x}")
        self.at = esp
        self.argc = self.next("argc")
        self.argv = self.pointers("argv", self.argc)
        self.envp = self.pointers("envp")
        self.auxv = self.pairs()

    def words(self):
        """The lowest ones, for people."""
        count = min(WORDS_SHOWN, len(self.data) // 4)
        return ["the words from ESP on: " + " ".join(f"{word:08x}" for word in struct.unpack_from(f"<{count}I", self.data))]

    def wrong(self, what, expected, seen):
        return Mismatch(f"{self.what}: {what}", expected, seen, self.words())

    def next(self, what):
        if self.at + 4 > self.top:
            raise self.wrong(f"where {what} is to be", "a word on the stack", "the stack's end")
        word, = struct.unpack_from("<I", self.data, self.at - self.esp)
        self.at += 4
        return word

    def pointers(self, name, count=None):
        """Up to a NULL, which comes behind `count` of them."""
        found = []
        while True:
            word = self.next(f"{name}[{len(found)}]")
            if count is not None and len(found) == count and word:
                raise self.wrong(f"the word behind {name}'s {count} pointers", "NULL", f"{word:#x}")
            if not word and count is not None and len(found) < count:
                raise self.wrong(f"{name}[{len(found)}], where argc is {count}", "a pointer", "NULL")
            if not word:
                return found
            found.append(word)

    def pairs(self):
        found = {}
        while True:
            kind, value = self.next("the auxiliary vector's AT_NULL"), self.next("a value in the auxiliary vector")
            if kind == AT_NULL:
                return found
            found[kind] = value

    def text(self, what, address):
        """The string there, without its NUL."""
        end = self.data.find(b"\0", address - self.esp) if self.esp <= address < self.top else -1
        if end < 0:
            raise self.wrong(f"what {what} points to", "a string on the stack, with its NUL", f"{address:#x}")
        return self.data[address - self.esp:end]

    def expect_strings(self, name, pointers, wanted):
        if len(pointers) != len(wanted):
            raise self.wrong(f"how many pointers there are in {name} before its NULL", len(wanted), len(pointers))
        for n, (address, text) in enumerate(zip(pointers, wanted)):
            seen = self.text(f"{name}[{n}]", address)
            if seen != text:
                raise self.wrong(f"the string of {name}[{n}], at {address:#x}", short(text), short(seen))

    def aux(self, kind):
        if kind not in self.auxv:
            raise self.wrong(f"{NAMES[kind]} in the auxiliary vector", "it is there", "it is not")
        return self.auxv[kind]

    def expect(self, situation):
        """All that the program asks for is there."""
        if self.argc != len(situation.argv):
            raise self.wrong("argc, the word at ESP", len(situation.argv), self.argc)
        self.expect_strings("argv", self.argv, situation.argv)
        self.expect_strings("envp", self.envp, situation.envp)
        for kind, value in situation.auxv.items():
            if self.aux(kind) != value:
                raise self.wrong(f"{NAMES[kind]} in the auxiliary vector", f"{value:#x}", f"{self.aux(kind):#x}")
        for kind, text in ((AT_EXECFN, situation.path), (AT_PLATFORM, b"i686")):
            seen = self.text(NAMES[kind], self.aux(kind))
            if seen != text:
                raise self.wrong(f"the string of {NAMES[kind]}, at {self.aux(kind):#x}", short(text), short(seen))

    def pieces(self):
        """(from, to, what) of everything that the stack holds."""
        yield self.esp, self.at, "the vectors"
        for name, pointers in (("argv", self.argv), ("envp", self.envp)):
            for n, address in enumerate(pointers):
                yield address, address + len(self.text(f"{name}[{n}]", address)) + 1, f"the string of {name}[{n}]"
        for kind in (AT_EXECFN, AT_PLATFORM):
            yield self.aux(kind), self.aux(kind) + len(self.text(NAMES[kind], self.aux(kind))) + 1, f"the string of {NAMES[kind]}"
        yield self.aux(AT_RANDOM), self.aux(AT_RANDOM) + RANDOM_BYTES, f"the {RANDOM_BYTES} bytes of AT_RANDOM"

    def expect_apart(self):
        """ESP is at a multiple of 16, and no two things lie at one place."""
        if self.esp % 16:
            raise self.wrong("ESP, which programs want at a multiple of 16", f"{self.esp & ~15:#x} or the like", f"{self.esp:#x}")
        last = self.esp, self.esp, "ESP"
        for piece in sorted(self.pieces()):
            if piece[1] > self.top:
                raise self.wrong(f"where {piece[2]} end", f"below the stack's end, {self.top:#x}", f"{piece[1]:#x}")
            if piece[0] < last[1]:
                raise self.wrong(f"where {piece[2]} begin", f"{last[1]:#x} or above, behind {last[2]}", f"{piece[0]:#x}")
            last = piece


def short(text):
    return f"\"{text.decode('latin-1')}\"" if len(text) <= 40 else f"\"{text[:30].decode('latin-1')}...\", {len(text)} bytes"


# ---- the tests

def written(run):
    """Each Situation of stack_written, its Stack, and what was said of the strings' places."""
    chosen, wrote, strings = run.kernel_random(), run.report("wrote"), run.numbers("strings", 16)
    stacks = iter(run.report("stack"))
    for n, (error, top, esp) in enumerate(wrote):
        situation = Situation(chosen, n)
        what = f"stack {n}, of {situation.what}"
        run.expect(f"{what}: user_stack_write", int(error), 0)
        run.expect(f"{what}: its end", int(top, 16), situation.top)
        data = next(stacks)[0] if TOP - 0x20000 <= int(esp, 16) < situation.top else ""
        yield situation, Stack(what, int(esp, 16), situation.top, bytes.fromhex(data)), strings[n]
    if len(wrote) != CASES:
        raise Mismatch("stacks that were written", CASES, len(wrote))


def vectors(run):
    for situation, stack, _ in written(run):
        stack.expect(situation)


def places(run):
    for situation, stack, (arg_start, arg_end, env_end) in written(run):
        stack.expect_apart()
        for name, start, end, texts in (("arg_start to arg_end", arg_start, arg_end, situation.argv),
                                        ("arg_end to env_end", arg_end, env_end, situation.envp)):
            wanted = b"".join(text + b"\0" for text in texts)
            if end - start != len(wanted):
                raise Mismatch(f"{stack.what}: bytes from {name}, as /proc/PID shows them", len(wanted), end - start)
            seen = stack.data[start - stack.esp:end - stack.esp] if stack.esp <= start <= end <= stack.top else b""
            if seen != wanted:
                raise Mismatch(f"{stack.what}: what lies from {name}, as /proc/PID shows it", short(wanted), short(seen))


def expect_flags(what, eflags):
    if not eflags & IF:
        raise Mismatch(f"{what}: the interrupt flag in EFLAGS", "1: or nothing ever takes the processor from the program", "0")
    if eflags & IOPL:
        raise Mismatch(f"{what}: IOPL in EFLAGS", "0: ports and interrupts are the kernel's", eflags >> 12 & 3)
    for bit in (TF, DF, NT, AC):
        if eflags & bit:
            raise Mismatch(f"{what}: {FLAGS[bit.bit_length() - 1]} in EFLAGS", "0", "1")


def expect_registers(what, seen, entry, esp):
    """What a program may expect of its registers, and that none of them shows what is not its own."""
    wanted = {"cs": USER_CODE | 3, "ss": USER_DATA | 3, "ds": USER_DATA | 3, "es": USER_DATA | 3, "eip": entry, "esp": esp}
    for name, value in wanted.items():
        if seen[name] != value:
            raise Mismatch(f"{what}: {name.upper()}", f"{value:#x}", f"{seen[name]:#x}")
    expect_flags(what, seen["eflags"])
    for name in ("fs", "gs"):
        if seen[name] not in (0, USER_DATA | 3):
            raise Mismatch(f"{what}: {name.upper()}", "0", f"{seen[name]:#x}")
    for name in ("eax", "ebx", "ecx", "edx", "esi", "edi", "ebp"):
        if seen[name]:
            raise Mismatch(f"{what}: {name.upper()}, in which a program finds nothing of what was there before", "0",
                           f"{seen[name]:#x}")


def frames(run):
    """first_frame(), with and without a dynamic linker."""
    chosen = run.kernel_random()
    told = [struct.unpack("<19I", bytes.fromhex(word)) for word, in run.report("frame")]
    run.expect("frames that were told", len(told), FRAMES)
    for n, words in enumerate(told):
        entry, linker, esp = random32(chosen), random32(chosen) | 1, random32(chosen) & ~15
        seen = {name: word & 0xFFFF if name in ("cs", "ds", "es", "fs", "gs", "ss") else word for name, word in zip(FRAME, words)}
        what = f"first_frame() of a program {'with' if n % 2 else 'without'} a dynamic linker"
        expect_registers(what, seen, linker if n % 2 else entry, esp)


def in_ring3(run):
    """The program runs: the processor's registers, and the stack, which is the one that was written, by its page tables."""
    name = "stack_ring3"
    with run.qemu(kernel=run.build.kernel, cmdline=run.ktest_cmdline(name)) as machine:
        def program_runs():
            lines = {key: words for key, *words in run.observed(machine, name)}
            if lines.keys() & {"ended", "lacks"}:
                return lines, None
            if "begins" in lines:
                machine.stop()
                registers = machine.registers()
                if registers["cpl"] == 3 or registers["eip"] == int(lines["begins"][0], 16):
                    return lines, registers
                machine.cont()
            return None
        lines, registers = machine.wait_until(program_runs, what="a program to run in ring 3")
        if registers is None:
            seen = ending(int(lines["ended"][0])) if "ended" in lines else f"it lacks {' '.join(lines['lacks'])}"
            raise Mismatch("the program, which begins and computes for ever", "it runs", seen)
        entry, top, esp = (int(word, 16) for word in lines["begins"])
        what = "the program in its loop"
        run.expect(f"{what}: the ring that it runs in (CPL)", registers["cpl"], 3)
        segments = {key: registers[key]["selector"] for key in ("cs", "ss", "ds", "es", "fs", "gs")}
        expect_registers(what, {**registers, **segments}, entry, esp)
        tables = Tables(machine)
        data = b"".join(tables.read(machine, at, min(top, (at | 0xFFF) + 1) - at)
                        for at in (esp, *range((esp | 0xFFF) + 1, top, 0x1000)))
    if data.hex() != lines["stack"][0]:
        raise Mismatch(f"{what}: what it finds from ESP to the stack's end is not what the kernel has written there")
