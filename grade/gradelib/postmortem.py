"""
What became of a guest that did not do what was waited for: finds the verdict, and the evidence that helps its author.

Takes the evidence from outside (QEMU's events, registers, exit code) where it can; only a panic is the guest's own word,
and it costs the points like the rest. The sentences that explain a kind of failure stand in verdicts.py.
"""

import re

from .verdicts import Hang, Mismatch, NoVerdict, Panic, TooSlow, TripleFault

EXIT_PANIC = 0x11 << 1 | 1      # how a kernel leaves QEMU after a panic under kernel tests
# Checkpoint letters may stand before a panic; behind it come a backtrace and whatever else the kernel knows.
PANIC = re.compile(rb"^[A-Z]*panic: ([^\r\n]*)((?:\r?\n[^\r\n@][^\r\n]*){0,24})", re.M)
# QEMU aborts with this if the guest is to blame: say, an interrupt outside ring 0, and there is no stack (TSS) for it.
ABSURD = re.compile(r"qemu: fatal: (invalid tss.*|Trying to execute code outside RAM or ROM.*)")
SAMPLES = 6                     # looks at a guest that runs in circles
FRAMES = 8
LINES = 6                       # of COM1, each of at most LINE_MAX characters
LINE_MAX = 160


def explain(machine, end, what):
    """The exception for a guest that came to its `end` (see Machine.wait_until) while the test waited for `what`."""
    if end == "exit" and machine.exit_code < 0:
        absurd = next(filter(None, map(ABSURD.match, machine.errors)), None)
        if absurd:
            verdict = TripleFault(f"the processor's state made no sense any more: {absurd[1]}; waited for {what}",
                                  _checkpoints(machine) + _last_lines(machine))
            verdict.kind, verdict.explain = "processor gone astray", (
                "Mostly an iret or a jump has taken something for an address or a selector that is none.")
            return verdict
        return NoVerdict(f"QEMU was killed by signal {-machine.exit_code}", machine.errors)
    if end == "exit" and machine.exit_code == 1 and machine.errors:
        return NoVerdict("QEMU gave up", machine.errors)
    places = [] if end == "exit" else _places(machine)
    evidence = _checkpoints(machine) + _last_lines(machine)
    found = PANIC.search(machine.serial)
    if found:
        return Panic(f"the kernel panicked: {_text(found[1])}", _backtrace(machine, found[2]) + evidence)
    if end == "exit" and machine.exit_code == EXIT_PANIC:
        return Panic("the kernel panicked, without a message on COM1", evidence)
    if end == "exit":
        return Mismatch(f"the guest left QEMU with exit code {machine.exit_code}; waited for {what}", details=evidence)
    if end == "reset" and machine.triple_fault:
        return TripleFault("the processor gave up (triple fault) and reset the machine", places + evidence)
    if end == "reset":
        verdict = TripleFault(f"the guest reset the machine; waited for {what}", places + evidence)
        verdict.kind, verdict.explain = "reset", ("This was no triple fault: the guest asked for it, by the keyboard "
                                                  "controller (port 0x64), port 0x92 bit 0 or port 0xCF9.")
        return verdict
    if end == "flood":
        return Hang(f"the guest writes to {machine.flooded} without end; waited for {what}", places + evidence)
    if end == "halted":
        return Hang(f"the processor is halted with interrupts off; waited for {what}", places + evidence)
    if end == "asleep":
        return Hang(f"the processor sleeps (HLT), and no interrupt changes that; waited for {what}", places + evidence)
    if end == "slow":
        return TooSlow(f"the guest still works, but far too slowly; waited for {what}", places + evidence)
    return Hang(f"the processor runs in circles; waited for {what}", places + evidence)


def _places(machine):
    """Where the processor is, or the places it passes by in a loop, and who called the first."""
    seen = {}
    for _ in range(1 if machine.halted or machine.reset else SAMPLES):
        registers = machine.registers()
        seen.setdefault((registers["cs"]["base"] + registers["eip"]) & 0xFFFFFFFF, registers)
    first, *others = dict.fromkeys(_place(machine, *item) for item in seen.items())
    return [f"last executed: {first}", *(f"         also: {place}" for place in others),
            *_callers(machine, next(iter(seen.values())))]


def _place(machine, address, registers):
    known = machine.symbols.place(address)
    where = "in the BIOS" if 0xC0000 <= address < 0x100000 else "no place in the source"
    return known or f"{registers['cs']['selector']:04x}:{registers['eip']:08x}, {where}"


def _callers(machine, registers):
    """The chain of frame pointers, as far as it leads through known code."""
    callers, frame = [], registers["ebp"]
    while registers["cr0"] & 1 and frame and len(callers) < FRAMES:
        words = re.findall(r"0x([0-9a-f]{8})", machine.hmp(f"x /2xw {frame:#x}"))
        if len(words) != 2:
            break
        frame, address = (int(word, 16) for word in words)
        place = machine.symbols.place(address, returns=True)
        if not place:
            break
        callers.append(f"    called by: {place}")
    return callers


def _backtrace(machine, lines):
    """The kernel's own backtrace, with names."""
    named = []
    for line in lines.splitlines():
        found = re.search(rb"\b(?:0x)?([0-9a-f]{8})\b", line)
        place = found and machine.symbols.place(int(found[1], 16), returns=True)
        if line.strip():
            named.append(_text(line) + (f"  {place}" if place else ""))
    return named


def _checkpoints(machine):
    found = re.search(rb"^[A-Z]+", machine.debugcon, re.M)     # a grader's own code may have written lines before
    letters = found[0].decode() if found else ""
    if not letters:
        return ["no checkpoint was reached (port 0xE9 is silent)"] if not machine.debugcon else []
    known = [letter for letter in letters if letter in machine.checkpoints]     # not one that a student has put in
    return [f"checkpoints reached: {letters[-40:]}" + (f"; {known[-1]} is: {machine.checkpoints[known[-1]]}" if known else "")]


def _last_lines(machine):
    lines = [_text(line) for line in bytes(machine.serial[-4096:]).splitlines() if line.strip()][-LINES:]
    return ["last lines on COM1:", *("  | " + line for line in lines)] if lines else ["nothing came on COM1"]


def _text(data):
    text = data.decode(errors="replace")
    return text if len(text) <= LINE_MAX else text[:LINE_MAX] + " ..."
