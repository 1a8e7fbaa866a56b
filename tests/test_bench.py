"""
scripts/bench: the figures in instructions are exact, the same in every run, and those of the code that they name.
"""
import importlib.machinery
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from machines import run

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))
BUILD = ROOT / "build"


@pytest.fixture(scope="module")
def bench():
    subprocess.run(["make", "-s", "-j2", "-f", "scripts/build.mk", "image"], cwd=ROOT, check=True)
    loader = importlib.machinery.SourceFileLoader("bench", str(ROOT / "scripts/bench"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("bench", loader))
    loader.exec_module(module)
    return module


def test_a_kernel_benchmark_counts_instructions(bench):
    """What the kernel measures of a trap is what is counted from outside; and the same each time."""
    kernel = BUILD / "kernel.elf"
    figures = {what: rest for what, *rest in bench.kernel_figures(kernel, "bench_interrupt")}
    least, unit, mean = figures["trap entry to exit"]
    assert unit == "instructions" and mean == least, figures
    address = bench.symbols(kernel)
    options = ["-fw_cfg", "name=opt/myos/cmdline,string=ktest=bench_interrupt"]
    with bench.Debugged(BUILD / "myos.img", options) as machine:
        machine.run_to([address["stub_48"]])
        steps = machine.steps_to(address["kbench_end"])
    # Outside that are the int, and inside what hands kbench_end() its argument.
    assert abs(least - steps) <= 3, (least, steps)
    assert figures["interrupt entry to exit"][0] > least


def test_an_echo_is_counted_exactly(bench):
    first, second = bench.key_to_echo(BUILD), bench.key_to_echo(BUILD)
    assert first == second and 300 < first < 20000, (first, second)


def test_a_kernel_that_does_not_finish_is_told(bench):
    with pytest.raises(OSError, match="did not come to the end of panic_deep"):
        bench.kernel_figures(BUILD / "kernel.elf", "panic_deep")


def test_an_unknown_part_is_told():
    result = run(ROOT / "scripts/bench", "kernel", "nonsense")
    assert result.returncode == 2 and "no part nonsense; the parts are build, boot" in result.stdout
