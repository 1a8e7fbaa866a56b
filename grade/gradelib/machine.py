"""
A PC under test: waits for what it does, looks into it from outside, types on its keyboard.

Everything here believes the outside only: memory and registers as QEMU has them. Each wait ends: with what was waited
for, with a verdict on what the guest did instead (postmortem.py), or with NoVerdict (clock.py). The keyboard is the
emulated one; the screen is what lies in VGA text memory. Read more: QEMU's "QMP Reference Manual", HMP "info registers".
"""

import re
import time

from . import clock, postmortem
from .qemu import Qemu, Refused, guest_options
from .symbols import Symbols
from .verdicts import Mismatch, NoVerdict, Verdict

VGA_TEXT, COLUMNS, ROWS = 0xB8000, 80, 25
PM_TIMER = 0x608            # the ACPI timer's port, as SeaBIOS sets it up: 24 bits that count 3,579,545 times a second
IF = 0x200
FIRST_LOOK, LAST_LOOK = 0.02, 0.25      # seconds between two looks at a guest: at first, and after a while
SEGMENT = re.compile(r"^(ES|CS|SS|DS|FS|GS|LDT|TR) *=([0-9a-f]{4}) ([0-9a-f]{8}) ([0-9a-f]{8}) ([0-9a-f]{8})", re.M)
TABLE = re.compile(r"^(GDT|IDT)= +([0-9a-f]{8}) ([0-9a-f]{8})", re.M)
NUMBER = re.compile(r"\b(E[A-D]X|E[SD]I|E[SBI]P|EFL|EFER|CR[0-4]|CPL|A20|HLT)=([0-9a-f]+)")
RENAMED = {"efl": "eflags", "hlt": "halted"}


def parse_registers(text):
    """QEMU's "info registers": numbers by name, and a dict for each segment register and descriptor table."""
    registers = {RENAMED.get(name.lower(), name.lower()): int(value, 16) for name, value in NUMBER.findall(text)}
    for name, *words in SEGMENT.findall(text):
        registers[name.lower()] = dict(zip(("selector", "base", "limit", "flags"), (int(word, 16) for word in words)))
    for name, base, limit in TABLE.findall(text):
        registers[name.lower()] = {"base": int(base, 16), "limit": int(limit, 16)}
    return registers


class Machine(Qemu):
    """
    One boot. image (a disk, never written unless write=True), kernel (Multiboot), drive (a whole -drive option instead
    of image) and args (more QEMU options) make the guest; `folder` gets the logs. Within a `with` block it runs. With
    `lock` QEMU sees the files of `folder`, the paths in lock, and nothing else that is not the system's.
    """

    def __init__(self, folder, image=None, kernel=None, cmdline="", memory="64M", cpu=None, args=(), drive=None, write=False,
                 symbols=(), checkpoints=None, lock=None):
        super().__init__(guest_options(image, kernel, drive, cmdline, memory, cpu, args, write),
                         None if lock is None else (lock, folder))
        self.folder = folder
        self.symbols = Symbols(symbols)
        self.checkpoints = checkpoints or {}        # what each letter on port 0xE9 means
        self.halted = False                         # for good: HLT with interrupts off
        self._read_to = {"serial": 0, "debugcon": 0}

    def __exit__(self, kind, value, trace):
        try:
            if value is None or isinstance(value, Verdict):
                self._save_logs()
        finally:
            super().__exit__(kind, value, trace)

    def _save_logs(self):
        registers = self.hmp("info registers -a") or "QEMU had ended\n"
        number = len(list(self.folder.glob("serial*.log"))) + 1
        suffix = f"-{number}" if number > 1 else ""
        for name, data in (("serial", self.serial), ("debugcon", self.debugcon)):
            (self.folder / f"{name}{suffix}.log").write_bytes(data)
        (self.folder / f"registers{suffix}.txt").write_text(registers)
        (self.folder / f"repeat{suffix}.sh").write_text(f"#!/bin/sh\n# Runs this guest again in a terminal.\n{self.by_hand()}\n")

    # ---- waiting

    def wait_until(self, condition, budget=clock.BUDGET, what="what the test waits for"):
        """
        Let the guest run until condition() is true, and return its value. `budget` is in seconds of guest progress. What
        the guest may do instead (panic, reset, leave, halt, hang, write without end) is raised as a Verdict.
        """
        patience = clock.Patience(self.pid, budget)
        start = now = wrote = time.monotonic()
        next_look, quiet, checked, end = start + FIRST_LOOK, True, 0, None
        while True:
            end = end or self._ended()
            if end or quiet or self.written - checked > checked // 32:     # or else a long output is searched too often
                checked = self.written
                found = condition()
                if found:
                    return found
            if end == "busy" and now - wrote < (now - start) / 4:
                end = "slow"
            if end:
                raise postmortem.explain(self, end, what)
            now = time.monotonic()
            if now >= next_look:
                asleep = self._look()
                end = patience.note(asleep)
                next_look = time.monotonic() + min(LAST_LOOK, max(FIRST_LOOK, (now - start) / 8))
            quiet = not self.pump(0 if end or self.halted else max(0, next_look - time.monotonic()))
            if not quiet:
                wrote = now

    def _ended(self):
        if self.flooded:
            return "flood"
        if self.reset or self.halted or self.exit_code is not None:
            self.drain()
            return "reset" if self.reset else "halted" if self.halted else "exit"
        return None

    def _look(self):
        """Do all processors sleep? Sets `halted` if nothing can wake them."""
        flags = []
        for _ in range(2):          # twice, to be sure that it is no passing state
            text = self.hmp("info registers -a")
            flags.append([(int(halt), int(eflags, 16) & IF)
                          for eflags, halt in re.findall(r"EFL=([0-9a-f]+).*HLT=(\d)", text)])
            if not flags[-1] or not all(halt for halt, _ in flags[-1]):
                return False
        self.halted = not any(enabled for look in flags for _, enabled in look)
        return True

    def wait_serial(self, pattern, budget=clock.BUDGET):
        """
        Wait for text on COM1 and return the match: bytes mean themselves, a str is a regular expression (or give a
        compiled one, of bytes). Each wait looks behind the match of the one before, so a row of waits checks an order.
        """
        return self._wait_text("serial", pattern, budget, "COM1")

    def wait_debugcon(self, pattern, budget=clock.BUDGET):
        """The same for port 0xE9."""
        return self._wait_text("debugcon", pattern, budget, "port 0xE9")

    def _wait_text(self, name, pattern, budget, port):
        if isinstance(pattern, bytes):
            text, expression = pattern, re.compile(re.escape(pattern))
        else:
            expression = re.compile(pattern.encode() if isinstance(pattern, str) else pattern)
            text = expression.pattern
        found = self.wait_until(lambda: expression.search(getattr(self, name), self._read_to[name]), budget,
                                f"{repr(text)[1:]} on {port}")
        self._read_to[name] = found.end()
        return found

    def wait_halt(self, budget=clock.BUDGET):
        """Wait until the processor is halted for good: HLT with interrupts off."""
        self.wait_until(lambda: self.halted, budget, "the processor to halt with interrupts off")

    def wait_exit(self, budget=clock.BUDGET):
        """Wait until the guest leaves QEMU, and return the exit code: (value << 1) | 1 for a value written to port 0xF4."""
        self.wait_until(lambda: self.exit_code is not None, budget, "the guest to leave through port 0xF4")
        if self.exit_code < 0:
            raise postmortem.explain(self, "exit", "the guest to leave through port 0xF4")
        return self.exit_code

    # ---- looking

    def qmp(self, command, **arguments):
        """A QMP command's "return" value. In argument names, _ stands for -."""
        value = self.query(command, **{name.replace("_", "-"): value for name, value in arguments.items()})
        if value is None:
            raise postmortem.explain(self, "exit", "the test to look into the machine")
        return value

    def hmp(self, command):
        """The text that QEMU's monitor prints for a command for people; of an ended QEMU, nothing."""
        return (self.query("human-monitor-command", **{"command-line": command}) or "").replace("\r\n", "\n")

    def _monitor(self, command):
        """The same, but it matters that QEMU still runs."""
        return self.qmp("human-monitor-command", command_line=command)

    def registers(self):
        """The first processor's: eax ... eip, eflags, cr0-cr4, cpl, a20, halted as numbers; es ... gs, ldt, tr, gdt, idt."""
        return parse_registers(self._monitor("info registers"))

    def read_phys(self, address, count):
        """Bytes at a physical address."""
        return self._read_memory("pmemsave", address, count)

    def read_virt(self, address, count):
        """Bytes at a virtual address, through the first processor's page tables."""
        try:
            return self._read_memory("memsave", address, count)
        except Refused as error:
            raise Mismatch(f"no memory is mapped at virtual address {address:#010x} ({count} bytes)") from error

    def _read_memory(self, command, address, count):
        file = self.folder / "memory.tmp"
        try:
            self.qmp(command, val=address, size=count, filename=str(file.resolve()))
            data = file.read_bytes()
        finally:
            if file.exists():
                file.unlink()
        if len(data) != count:
            raise NoVerdict(f"QEMU saved {len(data)} bytes of memory instead of {count}")
        return data

    def screen(self):
        """The 25 lines of the text screen, without the blanks at their ends."""
        text = self.read_phys(VGA_TEXT, ROWS * COLUMNS * 2)[::2].replace(b"\0", b" ").decode("cp437")
        return [text[at:at + COLUMNS].rstrip() for at in range(0, len(text), COLUMNS)]

    def pm_timer(self):
        """The ACPI timer, a clock that the guest cannot touch: a 24-bit count at 3,579,545 Hz."""
        return int(self._monitor(f"i /w {PM_TIMER:#x}").split("=")[1], 16) & 0xFFFFFF

    # ---- doing

    def send_keys(self, *keys, hold=20):
        """Press keys one after the other, by QEMU's names, each `hold` ms: "a", "shift-b", "ret", "ctrl-alt-f1"."""
        for key in keys:
            self.qmp("send-key", keys=[{"type": "qcode", "data": name} for name in key.split("-")], hold_time=hold)

    def send_serial(self, data):
        """Type on the other end of COM1."""
        self._process.stdin.write(data)

    def stop(self):
        self.qmp("stop")

    def cont(self):
        self.qmp("cont")
