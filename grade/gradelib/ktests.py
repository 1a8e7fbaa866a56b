"""
Tests that run inside the kernel: boots it with ktest=name,name,... and reads what they report on COM1.

    @NONCE begin NAME
    @NONCE NAME KEY TOKEN TOKEN ...
    @NONCE end NAME
    @NONCE done

All tests of a group run in one boot. If the kernel dies in one of them, the ones before keep their reports, that one gets
the verdict, and the rest run in another boot. The reading is strict: the nonce is random, names come in the order asked
for, begin and end in pairs, and after "done" the kernel leaves QEMU with one certain exit code. The other end is labs/ktest.
"""

import re
import secrets
from typing import NamedTuple

from . import clock
from .verdicts import Mismatch, NoVerdict, Verdict

EXIT_DONE = 0x10 << 1 | 1
DEAD_BOOTS = 2              # kernels that do not come to their first test: so many, then the rest is not tried


class Observed(NamedTuple):
    by_name: dict
    begun: bool             # did any test begin?


def new_nonce():
    return secrets.token_hex(6)


class KtestRandom:
    """The numbers of ktest_random() in the kernel, from the same seed (run.kernel_seed)."""

    def __init__(self, seed):
        self.state = seed or 1

    def __call__(self, n):
        x = self.state
        x ^= x << 13 & 0xFFFFFFFF
        x ^= x >> 17
        x ^= x << 5 & 0xFFFFFFFF
        self.state = x
        return x % n


class Protocol:
    """Follows the lines of one boot. `reports` has what each begun test said; `finished` counts those that ended."""

    def __init__(self, nonce, names):
        self.nonce, self.names = nonce, names
        self.reports = {}
        self.finished, self.open, self.done, self.steps = 0, False, False, 0
        self._line = re.compile(rb"@" + nonce.encode() + rb" ([^\r\n]*)\r?\n")
        self._read_to = 0

    @property
    def begun(self):
        return bool(self.reports)

    @property
    def current(self):
        """The test that is running, or would be next; the last one after all of them."""
        return self.names[min(self.finished, len(self.names) - 1)]

    def feed(self, serial):
        """Read on. Raises Mismatch at the first line that does not fit."""
        for found in self._line.finditer(serial, self._read_to):
            self._read_to = found.end()
            self._take(found[1].decode(errors="replace"))
        return self

    def _take(self, line):
        words = line.split()
        name = self.current
        if self.open and words[:1] == [name] and len(words) > 1:
            self.reports[name].append(words[1:])
        elif self.open and words == ["end", name]:
            self.open, self.finished, self.steps = False, self.finished + 1, self.steps + 1
        elif not self.open and not self.all_ended and words == ["begin", name]:
            self.reports[name] = []
            self.open, self.steps = True, self.steps + 1
        elif not self.open and words == ["unknown", name]:
            raise NoVerdict(f"the kernel has no test called {name}: the lab's tests and the grader do not fit together")
        elif self.all_ended and not self.done and words == ["done"]:
            self.done, self.steps = True, self.steps + 1
        else:
            raise Mismatch("the kernel test's lines came in the wrong order", self._expected(), line)

    @property
    def all_ended(self):
        return self.finished == len(self.names)

    def _expected(self):
        if self.done:
            return "nothing after done"
        if self.all_ended:
            return "done"
        return f"{self.current} ... or end {self.current}" if self.open else f"begin {self.current}"


def observe(boot, names, seed, budgets):
    """
    Run the kernel tests `names`. boot(cmdline) gives a Machine; `budgets` says how much guest time each test may take.
    Returns an Observed: for each name its report (a list of token lists), or the Verdict or NoVerdict that it came to.
    """
    results, todo, dead, begun = {}, list(names), 0, False
    while todo:
        protocol, error = _boot(boot, todo, seed, budgets)
        begun = begun or protocol.begun
        ended = todo[:protocol.finished]
        results.update((name, protocol.reports[name]) for name in ended)
        if error is None:
            break
        blamed = protocol.current
        results[blamed] = error
        todo = todo[todo.index(blamed) + 1:]
        dead += not protocol.begun
        if dead == DEAD_BOOTS or isinstance(error, NoVerdict):
            results.update((name, error) for name in todo)
            break
    return Observed(results, begun)


def _boot(boot, names, seed, budgets):
    nonce = new_nonce()
    protocol = Protocol(nonce, names)
    machine = boot(f"ktest={','.join(names)} seed={seed} nonce={nonce}")
    try:
        with machine:
            while not protocol.done:
                step = protocol.steps
                machine.wait_until(lambda: protocol.feed(machine.serial).steps > step,
                                   budgets[protocol.current] if protocol.open else clock.BUDGET,
                                   f"the end of the kernel test {protocol.current}" if protocol.open
                                   else "the end of the kernel tests" if protocol.all_ended
                                   else f"the kernel test {protocol.current} to begin")
            code = machine.wait_exit()
            protocol.feed(machine.serial)
            if code != EXIT_DONE:
                raise Mismatch("the kernel left QEMU in the wrong way after its tests", f"exit code {EXIT_DONE}",
                               f"exit code {code}")
        return protocol, None
    except (Verdict, NoVerdict) as error:
        if isinstance(error, Verdict) and not protocol.begun:
            foreign = re.search(rb"@(?!%b )(\w+) begin" % nonce.encode(), machine.serial)
            if foreign:
                error = Mismatch("test reports came under a nonce that is not this run's", nonce, foreign[1].decode())
        return protocol, error
