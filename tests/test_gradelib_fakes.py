"""
gradelib against QEMUs that are none: whatever a QEMU or a kernel does, there is a verdict, in time, and it blames the right
one. The fakes are in fakes/qemu.py, one for each mode named here.
"""

import os
import signal
import subprocess
import sys
import time

import pytest

from fakes import helpers
from gradelib import clock, ktests, qemu
from gradelib.machine import Machine
from gradelib.verdicts import Hang, Mismatch, NoVerdict, Panic, TooSlow, TripleFault

NAMES = ["a", "b", "c"]
BUDGETS = dict.fromkeys("abcde", 0.3)


@pytest.fixture
def fake(monkeypatch, tmp_path):
    """fake(mode): a Machine whose QEMU is that one."""
    monkeypatch.setattr(clock, "STALL", 20)
    monkeypatch.setattr(clock, "BUDGET", 0.3)
    started = []

    def make(mode, cmdline=""):
        helpers.fake_qemu(monkeypatch, tmp_path, mode)
        started.append(Machine(tmp_path, cmdline=cmdline))
        return started[-1]
    make.started = started
    yield make
    for machine in started:
        if machine._process:            # ended and reaped, whatever happened
            assert machine._process.returncode is not None
            with pytest.raises(ProcessLookupError):
                os.kill(machine.pid, 0)


def wait(machine, text=b"never", budget=0.3):
    with machine:
        machine.wait_serial(text, budget)


# ---- QEMUs in trouble

def test_qemu_is_missing(monkeypatch, tmp_path):
    monkeypatch.setenv("QEMU", str(tmp_path / "absent"))
    with pytest.raises(NoVerdict, match="make doctor"):
        wait(Machine(tmp_path))


def test_qemu_does_not_start(fake):
    with pytest.raises(NoVerdict, match="does not start") as caught:
        wait(fake("bad_option"))
    assert caught.value.details == ["qemu-system-i386: -bogus: invalid option"]


def test_qemu_never_says_a_word(fake, monkeypatch):
    monkeypatch.setattr(clock, "STALL", 1)
    with pytest.raises(NoVerdict, match="did not start"):
        wait(fake("mute"))


def test_qemu_is_killed(fake):
    with pytest.raises(NoVerdict, match=f"killed by signal {signal.SIGSEGV}"):
        wait(fake("crash"))


def test_qemu_is_ended_from_outside(fake):
    """It then ends in good order, and nobody may take that for something that the guest did."""
    with pytest.raises(NoVerdict, match="killed by signal 15") as caught:
        wait(fake("ended"))
    assert caught.value.details == ["qemu-system-i386: terminating on signal 15 from pid 1 (init)"]
    with pytest.raises(NoVerdict, match="killed by signal 15"):
        with fake("ended") as machine:
            machine.wait_exit()


def test_qemu_does_not_understand_the_guest(fake):
    """It is killed by a signal then, too, but nobody else is to blame than the guest."""
    with pytest.raises(TripleFault, match="made no sense any more: invalid tss type") as caught:
        wait(fake("absurd"))
    assert caught.value.kind == "processor gone astray"


def test_qemu_gives_up(fake):
    with pytest.raises(NoVerdict, match="gave up") as caught:
        wait(fake("gives_up"))
    assert "out of luck" in caught.value.details[0]


@pytest.mark.parametrize("mode, message", [("silent", "no processor time"), ("deaf", "did not answer")])
def test_qemu_gets_nothing_done(fake, monkeypatch, mode, message):
    monkeypatch.setattr(clock, "STALL", 1.5)
    with pytest.raises(NoVerdict, match=message):
        wait(fake(mode), budget=30)


def test_qemu_is_stopped_for_a_while(fake, monkeypatch):
    """A laptop that sleeps in the middle: no verdict on the guest, and no endless wait."""
    monkeypatch.setattr(clock, "STALL", 1.5)
    with pytest.raises(NoVerdict):
        with fake("busy") as machine:
            os.kill(machine.pid, signal.SIGSTOP)
            machine.wait_serial(b"never", 30)


# ---- guests in trouble

def test_a_busy_loop(fake):
    with pytest.raises(Hang, match="runs in circles") as caught:
        wait(fake("busy"))
    assert "waited for 'never' on COM1" in caught.value.message
    assert "0008:00007c00" in caught.value.details[0] and "nothing came on COM1" in caught.value.details


def test_a_slow_guest(fake):
    with pytest.raises(TooSlow):
        wait(fake("slow"))


@pytest.mark.parametrize("mode, where", [("endless", "COM1"), ("endless_e9", "port 0xE9")])
def test_output_without_end(fake, mode, where):
    with pytest.raises(Hang, match=f"writes to {where} without end"):
        wait(fake(mode), budget=300)
    machine = fake.started[0]
    assert max(len(machine.serial), len(machine.debugcon)) == qemu.OUTPUT_MAX
    assert max(file.stat().st_size for file in machine.folder.iterdir()) == qemu.OUTPUT_MAX


def test_a_guest_that_sleeps(fake):
    with pytest.raises(Hang, match="sleeps"):
        wait(fake("asleep"))


def test_a_halted_guest(fake):
    start = time.monotonic()
    with pytest.raises(Hang, match="halted with interrupts off") as caught:
        wait(fake("halted"), budget=300)
    assert time.monotonic() - start < 30        # nobody waited for the budget
    assert "checkpoints reached: ABC" in caught.value.details and "  | the end" in caught.value.details
    with fake("halted") as machine:
        machine.wait_halt()
        assert machine.wait_serial("the (end)")[1] == b"end"


def test_a_checkpoint_is_explained(fake, tmp_path):
    machine = fake("halted")
    machine.checkpoints = {"A": "the boot sector starts", "C": "the second stage starts"}
    with pytest.raises(Hang) as caught:
        wait(machine)
    assert "checkpoints reached: ABC; C is: the second stage starts" in caught.value.details
    machine = fake("halted")
    machine.checkpoints = {"A": "the boot sector starts"}       # the other letters are a student's
    with pytest.raises(Hang) as caught:
        wait(machine)
    assert "checkpoints reached: ABC; A is: the boot sector starts" in caught.value.details
    with pytest.raises(Hang) as caught:
        wait(fake("halted_behind_a_rom"))
    assert "checkpoints reached: ABC" in caught.value.details


def test_a_reset_is_told_from_a_triple_fault(fake):
    with pytest.raises(TripleFault, match="the guest reset the machine") as caught:
        wait(fake("reset"))
    assert caught.value.kind == "reset"
    with pytest.raises(TripleFault, match="the guest reset the machine"):
        wait(fake("reset_loop"))
    with pytest.raises(TripleFault, match="triple fault") as caught:
        wait(fake("triple_fault"))
    assert caught.value.kind == "triple fault" and caught.value.handout == "debugging"


def test_what_came_before_the_end_counts(fake):
    wait(fake("reset"), b"going")
    with fake("last_words") as machine:
        assert machine.wait_exit() == 33
    assert machine.serial == b"x" * 60000 + b"END" and machine.debugcon == b"y" * 60000 + b"END"


def test_a_guest_that_leaves_early(fake):
    with pytest.raises(Mismatch, match="left QEMU with exit code 33"):
        wait(fake("last_words"))
    with pytest.raises(Mismatch, match="left QEMU with exit code 33"):
        with fake("last_words") as machine:
            machine.wait_exit()
            machine.registers()


def test_a_guest_that_powers_off(fake):
    with pytest.raises(Mismatch, match="left QEMU with exit code 0"):
        wait(fake("powers_off"))


def test_a_panic_is_found_although_the_kernel_spins_on(fake):
    with pytest.raises(Panic, match="the kernel panicked: no memory") as caught:
        wait(fake("panics_and_spins"))
    assert caught.value.details[:2] == ["  at 0xc0100010", "  at 0xc0100020"]


def test_a_panic_that_the_test_wants(fake):
    wait(fake("panics_and_spins"), b"panic: no memory")


# ---- QEMU never outlives the grader

def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_test_that_fails_leaves_no_qemu(fake):
    with pytest.raises(ZeroDivisionError):
        with fake("busy") as machine:
            1 / 0
    assert not alive(machine.pid)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_grader_that_is_ended_leaves_no_qemu(monkeypatch, tmp_path, number):
    helpers.fake_qemu(monkeypatch, tmp_path, "busy")
    helpers.course(tmp_path / "course")
    grader = tmp_path / "grader.py"
    grader.write_text(f"""
import sys
sys.path[:0] = [{str(helpers.HERE.parent)!r}]
from fakes import helpers
from gradelib import Lab
lab = Lab(1, {str(tmp_path / 'course')!r}, helpers.Builder)
@lab.test(6, "1.1")
def one(run):
    with run.qemu() as machine:
        print(machine.pid, file=sys.stderr, flush=True)
        machine.wait_serial(b"never", 1000)
lab.test(4, "1.2")(one.__class__(one.__code__, globals(), "two"))
lab.main([])
""")
    process = subprocess.Popen([sys.executable, grader], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))
    pid = int(process.stderr.readline())
    process.send_signal(number)
    process.communicate(timeout=30)
    assert process.returncode == (130 if number == signal.SIGINT else 128 + number)
    assert not alive(pid)


# ---- kernel tests

def observe(fake, mode, names=NAMES):
    return ktests.observe(lambda cmdline: fake(mode, cmdline), list(names), 12345, BUDGETS)


@pytest.mark.parametrize("mode", ["good", "newer_qemu"])
def test_good_kernel(fake, mode):
    observed = observe(fake, mode)
    assert observed.begun and list(observed.by_name) == NAMES
    assert len(fake.started) == 1
    assert observed.by_name["b"] == ([["case", "1", "2"], ["name", "b"]] if mode == "good" else [["case", "1"]])


def kinds(observed):
    return {name: type(outcome).__name__ for name, outcome in observed.by_name.items()}


@pytest.mark.parametrize("mode, outcomes, message", [
    ("wrong_code", "list list Mismatch", "in the wrong way"),
    ("no_done", "list list Mismatch", "left QEMU with exit code 33"),
    ("wrong_nonce", "Mismatch Mismatch Mismatch", "nonce"),
    ("wrong_order", "Mismatch Mismatch Mismatch", "wrong order"),
    ("one_missing", "list Mismatch list", "wrong order"),
    ("twice", "list Mismatch Mismatch", "wrong order"),
    ("not_ended", "Mismatch Mismatch Mismatch", "wrong order"),
    ("reports_for_another", "Mismatch Mismatch Mismatch", "wrong order"),
    ("after_done", "list list Mismatch", "wrong order"),
    ("reboot_loop", "list Mismatch Mismatch", "wrong order"),
    ("never_begins", "Hang Hang Hang", "halted"),
    ("busy", "Hang Hang Hang", "the kernel test a to begin"),
    ("killed_in_b", "list NoVerdict NoVerdict", "signal 9"),
    ("ended_in_b", "list NoVerdict NoVerdict", "signal 15"),
    ("ended_after_done", "list list NoVerdict", "signal 15"),
    ("unknown", "NoVerdict NoVerdict NoVerdict", "no test called a"),
])
def test_bad_kernels(fake, mode, outcomes, message):
    observed = observe(fake, mode)
    assert " ".join(kinds(observed)[name] for name in NAMES) == outcomes
    first = next(outcome for outcome in map(observed.by_name.get, NAMES) if not isinstance(outcome, list))
    assert message in first.message


def test_a_kernel_that_dies_in_one_test_keeps_the_others(fake):
    observed = observe(fake, "dies_in_b")
    assert kinds(observed) == {"a": "list", "b": "Panic", "c": "list"}
    assert observed.by_name["b"].message == "the kernel panicked: b is too hard"
    assert len(fake.started) == 2
    # After the panic of the last test there is nothing left to boot for.
    fake.started.clear()
    assert kinds(observe(fake, "dies_in_b", ["a", "b"])) == {"a": "list", "b": "Panic"} and len(fake.started) == 1


def test_a_kernel_that_does_not_start_is_tried_twice(fake):
    observed = observe(fake, "never_begins", NAMES + ["d", "e"])
    assert not observed.begun and set(kinds(observed).values()) == {"Hang"} and len(fake.started) == ktests.DEAD_BOOTS
    fake.started.clear()
    assert not observe(fake, "never_begins", ["a"]).begun and len(fake.started) == 1
