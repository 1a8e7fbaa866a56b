"""
What a test function is given, `run`: its seed, its folder, what was built, and ways to run it and to judge it.
"""

import hashlib
import itertools
import random

from . import host
from .ktests import KtestRandom, Protocol, new_nonce
from .machine import Machine
from .verdicts import Mismatch

AROUND = 2          # lines shown before and after the first one that differs


def derive_seed(seed, name):
    """A test's own seed, so that it makes the same choices alone and among others."""
    return int.from_bytes(hashlib.sha256(f"{seed:x} {name}".encode()).digest()[:4], "big")


def kernel_seed(seed):
    """The seed on the kernel's command line. Each kernel test starts from it anew."""
    return derive_seed(seed, "kernel")


def start_machine(build, folder, checkpoints, image=None, kernel=None, **how):
    """A Machine that knows the build's symbols, locked in with what was built."""
    if "symbols" not in how:
        files = ["kernel.elf"] if kernel else ["kernel.elf", "stage2.elf", "mbr.elf"]
        how["symbols"] = [build.path(name) for name in files]
    return Machine(folder, image=image, kernel=kernel, checkpoints=checkpoints, lock=[build.out], **how)


class Run:
    def __init__(self, test, seed, folder, build, checkpoints, observed=()):
        self.test, self.dir, self.build = test, folder, build
        self.seed = derive_seed(seed, test.name)
        self.rng = random.Random(self.seed)
        self.kernel_seed = kernel_seed(seed)
        self.nonce = new_nonce()
        self._checkpoints, self._observed = checkpoints, observed
        self._programs = itertools.count(1)

    # ---- what the kernel test said

    def report(self, key=None):
        """Lines of this test's ktest: the tokens behind `key`, in order; without a key all lines, each with its key."""
        return [line[1:] if key else line for line in self._observed if key in (None, line[0])]

    def numbers(self, key, base=10):
        """The lines under `key` as lists of whole numbers."""
        try:
            return [[int(token, base) for token in line] for line in self.report(key)]
        except ValueError as error:
            raise Mismatch(f"the kernel test reported {key} with something that is no number", details=[str(error)]) from error

    def kernel_random(self):
        """The numbers of ktest_random(n) in the kernel: call it with n."""
        return KtestRandom(self.kernel_seed)

    # ---- machines and programs

    def qemu(self, **how):
        """A Machine (see there for image, kernel, cmdline, memory, cpu, args, drive, write), for a with statement."""
        return start_machine(self.build, self.dir, self._checkpoints, **how)

    def ktest_cmdline(self, *names):
        """The command line that runs kernel tests in a machine of the test's own; see observed()."""
        return f"ktest={','.join(names)} seed={self.kernel_seed} nonce={self.nonce}"

    def observed(self, machine, name):
        """The lines that the kernel test `name` has reported in this machine so far."""
        return Protocol(self.nonce, [name]).feed(machine.serial).reports.get(name, [])

    def host(self, path, stdin=b"", args=(), **limits):
        """Run a program built for the host: see host.run()."""
        return host.run(path, self.dir / f"program-{next(self._programs)}", stdin, args, **limits)

    # ---- judging

    def expect(self, what, seen, expected):
        """Mismatch unless both are equal. Of lists, the first difference is shown with the lines around it."""
        if seen == expected:
            return
        if not isinstance(seen, (list, tuple)) or not isinstance(expected, (list, tuple)):
            raise Mismatch(f"{what} is wrong", expected, seen)
        at = next((i for i, (a, b) in enumerate(zip(seen, expected)) if a != b), min(len(seen), len(expected)))
        around = [f"{'> ' if i == at else '  '}{i + 1}: {show(seen[i])}"
                  for i in range(max(0, at - AROUND), min(len(seen), at + AROUND + 1))]
        raise Mismatch(f"{what}: number {at + 1} of {len(expected)} is wrong",
                       expected[at] if at < len(expected) else "nothing more", seen[at] if at < len(seen) else "nothing more",
                       ["what was seen around it:", *around] if around else [])


def show(value):
    """A value as a report shows it."""
    if isinstance(value, bool) or not isinstance(value, (int, bytes, bytearray, list, tuple)):
        return str(value)
    if isinstance(value, int):
        return f"{value:#x} ({value})" if abs(value) > 9 else str(value)
    if isinstance(value, (bytes, bytearray)):
        return repr(bytes(value))
    return " ".join(show(item) for item in value)
