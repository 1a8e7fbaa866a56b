"""
Builds a submission: takes its sources, compiles them with the course's own makefile in the sandbox, and tells whose fault
it is if that fails. A BuildError is the student's (a compiler's message, a file that cannot be taken); NoVerdict is the
machine's (a tool missing, the disk full) and must never cost a point.

Not here: what may be taken (submission.py), how the tools are locked in (sandbox.py), what is built (scripts/build.mk).
"""

import fcntl
import hashlib
import os
import re
import shutil
from pathlib import Path

from . import sandbox, submission
from .verdicts import NoVerdict

COURSE_PARTS = ("scripts/build.mk", "scripts/mkimage", "labs")      # all that a build may see of the course
LIMITS = sandbox.Limits()
LOG_END = 64 << 10          # bytes kept of a long log, from each of its ends
LOW_DISK = 8 << 20          # bytes; with less than this free, a failure is put down to the machine
LOW_MEMORY = 128 << 20

# What a tool prints when the machine, not its input, is the trouble. A source can make a compiler print these words too,
# but gains nothing by it: a build without a verdict is repeated and looked at by a person.
MACHINE_TROUBLE = (
    (r"^(?:bwrap|setpriv|sandbox): .*", "the sandbox could not be set up"),
    (r".*No space left on device.*|.*Disk quota exceeded.*", "the disk is full"),
    (r".*Read-only file system.*|.*Input/output error.*", "the disk cannot be written"),
    (r".*Resource temporarily unavailable.*|.*Cannot fork.*", "no more processes could be started"),
    (r"^mkimage: \S+ is not installed.*", "a build tool is missing; `make doctor` says which"),
    (r"^mkimage: (?:mkfs\.fat|mmd) .*", "the disk image's file system could not be made"),
    (r"^make(?:\[\d+\])?: \*\*\* .* Error 12[67]\b.*|^make(?:\[\d+\])?: \S+: (?:No such file|Command not|Permission).*",
     "a build tool is missing or does not run; `make doctor` says which"),
    (r".*Killed signal terminated program.*|^make(?:\[\d+\])?: \*\*\* .*\b(?:Killed|Error 137)$",
     "a build tool was killed, probably because the machine is out of memory"),
)
OUT_OF_MEMORY = re.compile(r"out of memory|memory exhausted|Cannot allocate memory", re.IGNORECASE)
# The lines that say what is wrong: of gcc and nasm, of ld, of scripts/mkimage, of make.
ERRORS = re.compile(r"^(?:.*: (?:fatal |internal compiler )?error: .*|.*: undefined reference to .*|.*: multiple definition of .*"
                    r"|mkimage: .*|.*(?:memory exhausted|out of memory|limit exceeded).*|.*\*\*\* No rule to make target .*)$",
                    re.MULTILINE | re.IGNORECASE)
# Lines of the source itself, which gcc shows below its message. What is written there says nothing about the machine.
QUOTED = re.compile(r"^ *\d* \|.*\n?", re.MULTILINE)

# A dependency file as compilers write it, its continued lines joined: target: names. It is read by make, as a makefile.
DEPENDENCIES = re.compile(r"(?:[\w./+-]+ ?:(?: +[\w./+-]+)* *\n|\n)*")


class BuildError(Exception):
    """The submission does not build. `message` is for the student, `log` the cleaned output of the tools."""

    def __init__(self, message, log=""):
        super().__init__(message)
        self.message = message
        self.log = log


class Build:
    """
    One submission and what is built from it. `tree` holds its src/, `course` is the pristine checkout, `work` a folder of
    our own: work/src (the copy), work/out (what make makes), work/build.log. A work folder that is kept makes the next
    build quick, as only what changed is built again. One process at a time may use it.
    """

    def __init__(self, tree, work, course):
        self.tree, self.work, self.course = (Path(os.path.abspath(path)) for path in (tree, work, course))
        self.out = self.work / "out"
        self._lock = None
        self._hopeless = None       # a BuildError that every further attempt would meet, perhaps after minutes

    @property
    def kernel(self):
        """The kernel, with symbols and debug information."""
        return self.out / "kernel.elf"

    @property
    def image(self):
        """The disk image."""
        return self.out / "myos.img"

    def path(self, name):
        """The file of this name that make has made."""
        return self.out / name

    def make(self, *targets):
        """
        Build the targets (the image if none is named; NAME=value sets a variable of build.mk). Raises BuildError or NoVerdict.
        """
        if self._hopeless:
            raise self._hopeless
        try:
            self._prepare()
            self._make([str(target) for target in targets])
        except submission.Refused as refused:
            self._hopeless = BuildError(str(refused))
            raise self._hopeless from None
        except OSError as error:
            raise NoVerdict(f"the build could not be done: {error}") from error

    def _prepare(self):
        """Lock the work folder and copy the sources, once; clear the outputs if make alone would keep stale ones."""
        if self._lock:
            return
        missing = [part for part in COURSE_PARTS if not (self.course / part).exists()]
        if missing:
            raise NoVerdict(f"the course in {self.course} is not complete: {missing[0]} is missing; get it again")
        if not shutil.which("make"):
            raise NoVerdict("make is not installed; `make doctor` says how to install it")
        self.work.mkdir(parents=True, exist_ok=True)
        self.work.chmod(0o755)
        lock = open(self.work / "lock", "w")
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            lock.close()
            raise NoVerdict(f"another grader is at work in {self.work}; let it finish, or end it") from None
        try:
            others = submission.copy_sources(self.tree, self.work / "src")
            course = self._course_state()
            stamp = self.work / "course"
            # make cannot see that a file is gone, or that the rules are others.
            if others or not stamp.is_file() or stamp.read_text() != course:
                shutil.rmtree(self.out, ignore_errors=True)
            self.out.mkdir(exist_ok=True)
            stamp.write_text(course)
        except BaseException:
            lock.close()
            raise
        self._lock = lock

    def _course_state(self):
        state = hashlib.sha256(str(self.course).encode())
        for part in COURSE_PARTS:
            files = [self.course / part]
            for folder, _, names in os.walk(self.course / part):
                files += [Path(folder) / name for name in names]
            for file in sorted(files):
                info = file.stat()
                state.update(f"{file} {info.st_size} {info.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
        return state.hexdigest()

    def _check_dependencies(self):
        """
        Throw away dependency files that hold more than names, and what they belong to. A source can put any text there
        (NASM's %depend), a command for make among it, which would run the next time.
        """
        for file in self.out.rglob("*.d"):
            text = file.read_text(errors="replace").replace("\\\n", " ")
            if not DEPENDENCIES.fullmatch(text):
                file.unlink()
                file.with_suffix(".o").unlink(missing_ok=True)

    def _make(self, targets):
        self._check_dependencies()
        log = self.work / "build.log"
        argv = ["make", "--no-print-directory", f"-j{min(2, os.cpu_count() or 1)}", "-f", self.course / "scripts/build.mk",
                f"COURSE={self.course}", f"SRC={self.work / 'src'}", f"BUILD={self.out}", *targets]
        outcome = sandbox.run(argv, log, ro=[self.work / "src", *(self.course / part for part in COURSE_PARTS)],
                              rw=[self.out], limits=LIMITS, cwd=self.work / "src")
        if outcome.status != 0:
            self._explain(outcome, self._clean(_both_ends(log)))

    def _explain(self, outcome, log):
        """Raise what a failed build deserves."""
        if outcome.limit:
            self._hopeless = BuildError({
                "time": f"The build did not end in {outcome.seconds:.0f} seconds; it usually takes a few.",
                "disk": f"The build wrote more than {LIMITS.disk >> 20} MB; it usually needs a tenth of that.",
                "processes": f"The build started more than {LIMITS.processes} processes at once; it usually needs ten.",
            }[outcome.limit], log)
            raise self._hopeless
        said = QUOTED.sub("", log)
        last = "\n".join(log.splitlines()[-5:])
        if shutil.disk_usage(self.work).free < LOW_DISK:
            raise NoVerdict(f"the disk that holds {self.work} is full; make room and grade again", [last])
        if OUT_OF_MEMORY.search(said) and _free_memory() < LOW_MEMORY:
            raise NoVerdict("the machine is out of memory; close programs and grade again", [last])
        for pattern, meaning in MACHINE_TROUBLE:
            found = re.search(pattern, said, re.MULTILINE)
            if found:
                raise NoVerdict(f"the build failed because {meaning}", [found.group(0).strip()])
        if outcome.signal:
            raise NoVerdict(f"make was ended by signal {outcome.signal}", [last])
        raise BuildError(_summary(said), log)

    def _clean(self, text):
        """The log as the student knows the files; nothing in it that could play with a terminal."""
        for folder, name in ((self.work / "src", "src"), (self.out, "build"), (self.course, "")):
            text = text.replace(f"{folder}/", f"{name}/" if name else "")
        return re.sub(r"[^\n\t\x20-\x7e\xa0-\uffff]", "?", text)


def _summary(said):
    """One line: the first error, or the last thing that the tools said."""
    errors = list(dict.fromkeys(line.strip() for line in ERRORS.findall(said)))
    if errors:
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        return f"The build failed: {errors[0]}{more}"
    lines = [line.strip() for line in said.splitlines() if line.strip() and "Waiting for unfinished jobs" not in line]
    return f"The build failed: {lines[-1] if lines else 'make printed nothing'}"


def first_errors(log, count):
    """The part of a log to read first."""
    found = ERRORS.search(log)
    lines = [line for line in log[found.start() if found else 0:].splitlines() if line.strip()]
    first = 0 if found else next((i for i, line in enumerate(lines) if "error" in line.lower() or "undefined" in line), 0)
    return lines[first:first + count]


def _both_ends(path):
    with open(path, "rb") as file:
        data = file.read(LOG_END)
        size = os.fstat(file.fileno()).st_size
        if size > 2 * LOG_END:
            file.seek(size - LOG_END)
            data += f"\n... {size - 2 * LOG_END} bytes left out ...\n".encode()
        data += file.read(LOG_END)
    return data.decode("utf-8", "replace")


def _free_memory():
    """Bytes that programs could still get; endless where the system does not say."""
    try:
        with open("/proc/meminfo") as file:
            return int(re.search(r"MemAvailable:\s+(\d+)", file.read()).group(1)) << 10
    except (OSError, AttributeError):
        return float("inf")
