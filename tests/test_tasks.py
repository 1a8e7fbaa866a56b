"""
What lab 4 gives and grade/lab4 does not judge: FPU registers, the work queue, condition variables, time-outs, and the kernel's
words about its own mistakes.
"""

import subprocess
from pathlib import Path

import pytest

from gradelib.machine import Machine

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def kernel():
    subprocess.run(["make", "-s", "-j2", "-f", "scripts/build.mk", "image"], cwd=ROOT, check=True)
    return ROOT / "build/kernel.elf"


def serial(kernel, folder, test, code, seed=5, cpu=None):
    """What a kernel with this test says; it leaves with that code."""
    how = {"cpu": cpu} if cpu else {}
    with Machine(folder, image=kernel.parent / "myos.img", symbols=[kernel], cmdline=f"ktest={test} seed={seed} nonce=N",
                 **how) as machine:
        machine.wait_until(lambda: machine.exit_code is not None, 20, "the kernel's end")
        assert machine.exit_code == code, machine.serial.decode()
        return machine.serial.decode()


def reports(kernel, folder, test, **how):
    text = serial(kernel, folder, test, 33, **how)
    return [line.split(" ", 2)[2] for line in text.splitlines() if line.startswith(f"@N {test} ")], text


@pytest.mark.parametrize("cpu, sse", [("pentium", 0), ("pentium2", 0), ("qemu32", 1), ("max", 1)])
def test_fpu_registers_are_each_tasks_own(kernel, tmp_path, cpu, sse):
    """With fnsave, with fxsave, with SSE."""
    assert reports(kernel, tmp_path, "given_fpu", cpu=cpu)[0] == [f"wrong 0 sse {sse}"]


def test_work_is_done_once_and_in_order(kernel, tmp_path):
    assert reports(kernel, tmp_path, "given_work")[0] == ["queued 1 1 0 done 11", "cancelled 1 0 done 11"]


def test_condition_variables(kernel, tmp_path):
    assert reports(kernel, tmp_path, "given_condvar")[0] == [f"value {n} seen {n}" for n in range(1, 6)]


def test_waits_end_by_time_and_by_interruption(kernel, tmp_path):
    assert reports(kernel, tmp_path, "given_wait")[0] == ["timeout 0 -110 1", "interrupted -4"]


def test_both_orders_of_two_locks_are_told(kernel, tmp_path):
    _, text = reports(kernel, tmp_path, "given_lock_order")
    before, after = text.split("@N given_lock_order opposite\n")
    assert "locks:" not in before
    assert "locks: two spinlocks are taken in both orders" in after
    assert after.count("ktest_given_lock_order+0x") == 4, after


@pytest.mark.parametrize("test, words", [                      # and the function that did it
    ("panic_deadlock", ["taken at", "again at", "panic: deadlock: the spinlock at ", "ktest_panic_deadlock+0x"]),
    ("panic_schedule_locked", ["panic: schedule() with a spinlock held", "schedule+0x"]),
    ("panic_mutex_twice", ["panic: task 1 (main) locks a mutex that it holds", "mutex_lock+0x"]),
    ("panic_smash", ["filled 16\n", "filled 28\n", "panic: stack smashed", "smash+0x"]),
])
def test_mistakes_are_told(kernel, tmp_path, test, words):
    text = serial(kernel, tmp_path, test, 35).replace("\r", "")
    for word in words:
        assert word in text
        text = text[text.index(word):]


def test_random_numbers_follow_from_the_seed_under_tests_only(kernel, tmp_path):
    first, _ = reports(kernel, tmp_path, "given_random", seed=5)
    assert first == reports(kernel, tmp_path, "given_random", seed=5)[0]
    assert first != reports(kernel, tmp_path, "given_random", seed=6)[0]
    assert len(set(first[0].split())) == 6
