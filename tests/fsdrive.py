"""
Drives tests/hosted/fsdrive, the system's file systems as a program of the host: builds it, sends it commands, reads what they
found. Used by the tests of ext2, of crashes, and of the fuzzer's recipes.
"""
import os
import subprocess
import sys
import zlib
from pathlib import Path

HOSTED = Path(__file__).resolve().parent / "hosted"
BUILD = HOSTED.parents[1] / "build/hosted"
PROGRAM = BUILD / "fsdrive"
I386 = HOSTED.parents[1] / "grade/gradelib/i386.py"      # runs it where the computer cannot

os.environ["PATH"] += ":/usr/local/sbin:/usr/sbin:/sbin"        # where Debian has mke2fs and its like


class FsError(OSError):
    """A command failed, with Linux's error number."""


def build(*programs):
    subprocess.run(["make", "-s", "-C", HOSTED, *(programs or ("fsdrive",))], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def quote(word):
    """A word as fsdrive reads it: bytes that are no plain characters as %XX."""
    raw = word if isinstance(word, bytes) else str(word).encode("utf-8", "surrogateescape")
    return "".join(chr(b) if 33 <= b < 127 and b != 37 else f"%{b:02x}" for b in raw)


def unquote(word):
    head, *rest = word.split("%")
    raw = head.encode() + b"".join(bytes([int(r[:2], 16)]) + r[2:].encode() for r in rest)
    return raw.decode("utf-8", "surrogateescape")


def fill_bytes(seed, n):
    """What the command fill writes."""
    start = seed * 2654435761
    return bytes((start + i * 2246822519 & 0xffffffff) >> 24 for i in range(n))


class Drive:
    """fsdrive, running. What it says on standard error (sanitizers, failed checks) fails the test."""

    def __init__(self, image=None, kind="ext2", *options):
        self.script = []
        self.process = subprocess.Popen([sys.executable, I386, PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, encoding="utf-8", errors="surrogateescape")
        if image:
            self("disk", "hda", image)
            self("mount", "hda", "/", kind, *options)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind:
            self.process.kill()
            self.process.communicate()
        else:
            self.end()

    def __call__(self, *words):
        """One command: the lines that it found. Raises FsError."""
        line = " ".join(quote(w) for w in words)
        self.script.append(line)
        found = []
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            self.died()
        for answer in self.process.stdout:
            answer = answer.rstrip("\n")
            if answer == "ok":
                return found
            if answer.startswith("error "):
                raise FsError(int(answer[6:]), os.strerror(int(answer[6:])), line[:300])
            found.append(answer)
        return self.died()

    def died(self):
        _, errors = self.process.communicate(timeout=60)
        raise AssertionError(f"fsdrive ended at: {self.script[-1][:300]}\n{errors[-4000:]}")

    def tries(self, *words):
        """The same: 0, or the error number."""
        try:
            self(*words)
        except FsError as error:
            return error.errno
        return 0

    def log(self):
        return [line.removeprefix("log ") for line in self("log")]

    def tree(self, path="/"):
        """{path: what is said of it}, of all below."""
        found = {}
        for line in self("tree", path):
            kind, name, *rest = line.split(" ")
            found[unquote(name)] = (kind, *(unquote(r) for r in rest))
        return found

    def unmount(self):
        self("umount", "/")

    def crash(self):
        self.process.communicate("crash\n", timeout=60)

    def end(self):
        _, errors = self.process.communicate(timeout=120)
        assert self.process.returncode == 0 and not errors, errors[-4000:]


def file_entry(data, mode=0o644, links=1):
    """What tree() says of a file with these bytes."""
    return "file", f"{mode:o}", str(links), str(len(data)), f"{zlib.crc32(data):08x}"
