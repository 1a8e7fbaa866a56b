"""
Runs student code that was built as a program for the host, locked in (sandbox.py), and says what became of it.
"""

import re
from typing import NamedTuple

from . import i386, sandbox
from .verdicts import Crash, Hang, Mismatch, NoVerdict, TooSlow

SANITIZER = re.compile(rb"ERROR: \w+Sanitizer.*|.*: runtime error: .*|SUMMARY: \w+Sanitizer.*")
# Whose path depends on the computer: what stands before src/ or labs/ in it.
PLACE = re.compile(r"/\S*?/(?=(?:src|labs)/)")
SIGNALS = {4: "an illegal instruction", 5: "a trap", 6: "abort()", 7: "a bad memory access (SIGBUS)", 8: "an arithmetic error",
           11: "a bad memory access (SIGSEGV)"}
SIGXCPU, SIGXFSZ = 24, 25
FROM_OUTSIDE = (1, 2, 3, 9, 15)     # SIGHUP, SIGINT, SIGQUIT, SIGKILL, SIGTERM: with what people and systems end programs
CANNOT_START = (126, 127)
EMULATORS_WORDS = re.compile(rb"^qemu: uncaught target signal .*\n?", re.M)


class Finished(NamedTuple):
    stdout: bytes
    stderr: bytes
    code: int


def run(path, folder, stdin=b"", args=(), cpu=5, wall=30, output_max=1 << 20):
    """
    Run the program with `stdin`; `folder` (new) is where it runs and may write. Returns a Finished; raises Crash for a
    signal of its own or a sanitizer's report, TooSlow or Hang for what does not end, Mismatch for output without end,
    NoVerdict if somebody else ended it. `cpu` is in seconds of processor time; `wall` is stretched on a busy computer.
    Where a 32-bit program has to be emulated, both are longer.
    """
    path = path.resolve()
    command, slower = launcher(path)
    cpu, wall = cpu * slower, wall * slower
    folder.mkdir(parents=True)
    (folder / "stdin").write_bytes(stdin)
    (folder / "stderr").write_bytes(b"")
    # The shell only connects the files; ASan's leak check does not work inside a sandbox.
    script = 'export ASAN_OPTIONS=detect_leaks=0:color=never; exec "$@" <stdin 2>stderr'
    limits = sandbox.Limits(wall=wall, cpu=cpu, memory=None, file=output_max, processes=20)
    output = folder.parent / (folder.name + ".stdout")
    try:
        ended = sandbox.run(["sh", "-c", script, "sh", *command, *args], output, ro=[path], rw=[folder], limits=limits,
                            cwd=folder.resolve())
    except OSError as error:
        raise NoVerdict(f"cannot run {path.name}: {error}") from error
    stdout, stderr = output.read_bytes(), EMULATORS_WORDS.sub(b"", (folder / "stderr").read_bytes()[:output_max])
    name, last = path.name, readable(stderr).splitlines()[-8:]
    if ended.limit == "time":
        raise Hang(f"{name} did not end", last)
    if ended.limit:
        raise Mismatch(f"{name} used too much: {ended.limit}", details=last)
    signal, report = ended.signal, SANITIZER.findall(stderr)
    if report:
        raise Crash(f"{name} was stopped by a check of its memory use or arithmetic",
                    [readable(line) for line in report[:4]])
    if signal == SIGXFSZ or max(len(stdout), len(stderr)) >= output_max:
        raise Mismatch(f"{name} writes without end", details=last)
    if signal == SIGXCPU:
        raise TooSlow(f"{name} used more than {cpu} s of processor time", last)
    if signal in FROM_OUTSIDE:
        raise NoVerdict(f"{name} was killed by signal {signal}; by a person, or for want of memory", last)
    if signal:
        raise Crash(f"{name} was ended by {SIGNALS.get(signal, f'signal {signal}')}", last)
    if ended.status in CANNOT_START:
        raise NoVerdict(f"cannot run {name}", last or stdout.decode(errors="replace").splitlines()[-8:])
    return Finished(stdout, stderr, ended.status)


def launcher(path):
    """The words that start a program, and how many times slower it then is: 32-bit ones may have to be emulated."""
    if not i386.is_program(path) or i386.native():
        return [str(path)], 1
    emulator = i386.emulator(sandbox.SYSTEM_PATH) or i386.emulator()
    if not emulator:
        raise NoVerdict(f"cannot run {path.name}: this computer's kernel executes no 32-bit programs, and QEMU's emulator of "
                        f"them ({i386.EMULATORS[0]}, in the package {i386.PACKAGE}) is not installed")
    return [emulator, str(path)], i386.SLOWER


def readable(text):
    """What a program wrote, for a report: files are named from src/ or labs/ on."""
    return PLACE.sub("", text.decode(errors="replace"))
