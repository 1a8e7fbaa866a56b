"""
Kernels that have halted in one of lab 6's kernel tests, to be looked at from outside.
"""

import contextlib
from collections import defaultdict

from .. import clock
from ..lab4.inside import Kernel
from ..lab3.inside import Elf
from ..verdicts import Mismatch

STAY = "stay", "own_call", "stage_syscall"          # where a program's call stops the machine
WATCHED = " heap=debug"                             # blocks of the heap that are free hold nothing of what was in them


@contextlib.contextmanager
def halted(run, name, *places, cmdline="", budget=clock.BUDGET, **how):
    """
    Boot to the kernel test `name`, which halts in one of the functions `places`. Gives the Kernel and the lines that the test
    reported, by their keys. A test that cannot halt says so: "stuck ..." or "lacks ...".
    """
    with run.qemu(kernel=run.build.kernel, cmdline=run.ktest_cmdline(name) + cmdline, **how) as machine:
        def over():
            keys = {line[0] for line in run.observed(machine, name)}
            return keys & {"stuck"} or "halts" in keys and machine.halted
        machine.wait_until(over, budget, f"the kernel test {name} to come to its end")
        lines = defaultdict(list)
        for key, *tokens in run.observed(machine, name):
            lines[key].append(tokens)
        if lines["lacks"]:
            raise Mismatch(f"the kernel test could not go on: it lacks {' '.join(lines['lacks'][0])}")
        if lines["stuck"]:
            yield None, lines
            return
        kernel = Kernel(machine, Elf(run.build.kernel))
        if not kernel.inside(kernel.registers["eip"], *places):
            raise Mismatch("where the processor halts is not the kernel test", " or ".join(places),
                           f"{kernel.registers['eip']:#x}")
        yield kernel, lines
