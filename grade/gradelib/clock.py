"""
When does a guest count as stuck? Time is measured in what the guest got done, never by the wall clock alone.

A guest that computes uses up processor time of its QEMU: the same amount on an idle and on a busy computer. How much a
slower computer needs for the same work is measured by a small guest that is known to be good, but only when somebody
is about to run out of time, so that nobody else waits for it. A guest that sleeps (HLT with interrupts on) uses up
hardly any processor time; its clock is then the wall clock, of which only the parts count in which QEMU was seen at work.
Of the time from one look at the guest to the next only a little counts in either case: on a very busy computer the looks
come late, too, and after a pause of a virtual machine all of it may be booked to whoever was running.
A QEMU that neither computes nor sleeps is starved or stopped: the machine's fault, so no verdict.
"""

import functools
import os
import resource
import subprocess
import tempfile
import time
from pathlib import Path

from .verdicts import NoVerdict

BUDGET = 2.0        # seconds of the reference computer; lab 1's tests need at most 0.3 of one
STALL = 60.0        # seconds of wall clock in which a QEMU that has work to do must get some processor time
STEP_MAX = 0.3      # how much of the time between two looks can count; they are meant to be at most 0.25 s apart
REFERENCE = 0.30    # processor seconds for the guest below, on the computer where the budgets were chosen

# A boot sector: mov ecx, 40000000; again: add [0x500], ecx; dec ecx; jnz again; mov al, 0x10; out 0xf4, al
KNOWN_GOOD = bytes.fromhex("66b9005a6202 66010e0005 6649 75f7 b010 e6f4").ljust(510, b"\0") + b"\x55\xaa"
KNOWN_GOOD_EXIT = 0x10 << 1 | 1


def qemu():
    """The emulator to run."""
    return os.environ.get("QEMU") or "qemu-system-i386"


def cpu_seconds(pid):
    """Processor time that a process of ours has used so far."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (FileNotFoundError, ProcessLookupError):     # no /proc, or the process has just gone
        words = subprocess.run(["ps", "-o", "time=", "-p", str(pid)], stdout=subprocess.PIPE, text=True, check=False)
        return parse_ps_time(words.stdout)


def parse_ps_time(text):
    """Seconds of ps's [[dd-]hh:]mm:ss[.cc]; 0 for a process that is gone."""
    days, _, clock = text.strip().rpartition("-")
    seconds = 0.0
    for part in clock.split(":") if clock else ():
        seconds = seconds * 60 + float(part)
    return seconds + 86400 * int(days or 0)


@functools.lru_cache(maxsize=None)
def host_factor():
    """How many times more processor time than the reference computer this one needs for the same guest; at least 1."""
    with tempfile.TemporaryDirectory(prefix="grade-") as folder:
        image = Path(folder, "known-good.img")
        image.write_bytes(KNOWN_GOOD)
        command = [qemu(), "-nodefaults", "-vga", "std", "-display", "none", "-accel", "tcg", "-no-reboot",
                   "-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-drive", f"file={image},format=raw,snapshot=on"]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                  timeout=10 * STALL, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NoVerdict(f"QEMU does not run a guest that is known to be good: {error}") from error
    if done.returncode != KNOWN_GOOD_EXIT:
        raise NoVerdict("QEMU does not run a guest that is known to be good; make doctor tells more",
                        done.stderr.decode(errors="replace").splitlines()[-5:])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return max(1.0, used / REFERENCE)


class Patience:
    """What a guest may still use up while somebody waits for it."""

    def __init__(self, pid, budget):
        self.pid, self.budget = pid, budget
        self.last_cpu = cpu_seconds(pid)
        self.look = self.last_progress = time.monotonic()
        self.asleep, self.slept, self.used = False, 0.0, 0.0

    def note(self, asleep):
        """Say at each look whether the guest sleeps. Returns None, or how it used up its time: "busy" or "asleep"."""
        now, cpu = time.monotonic(), cpu_seconds(self.pid)
        if asleep and self.asleep:
            self.slept += min(now - self.look, STEP_MAX)
        if asleep or cpu > self.last_cpu:
            self.last_progress = now
        self.used += min(cpu - self.last_cpu, STEP_MAX)
        self.look, self.asleep, self.last_cpu = now, asleep, cpu
        if now - self.last_progress > STALL:
            raise NoVerdict(f"QEMU got no processor time for {STALL:.0f} s: this computer is too busy, or it slept")
        if self.slept > 2 * self.budget:
            return "asleep"
        return "busy" if self.used > self.budget and self.used > self.budget * host_factor() else None
