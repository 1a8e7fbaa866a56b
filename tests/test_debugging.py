"""
What a kernel in trouble tells: backtraces through traps, the monitor after a panic, and the tools that read them outside.
"""

import re
import subprocess
from pathlib import Path

import pytest

from gradelib.machine import Machine
from machines import run

ROOT = Path(__file__).resolve().parents[1]
KERNEL = ROOT / "build/kernel.elf"
IMAGE = ROOT / "build/myos.img"


@pytest.fixture(scope="module", autouse=True)
def built():
    subprocess.run(["make", "-s", "-j2", "-f", "scripts/build.mk", "image"], cwd=ROOT, check=True)


def panicked(folder, ktest):
    """The whole serial log of a kernel test that ends in a panic. Booted from the disk: only so there are names."""
    with Machine(folder, image=IMAGE, cmdline=f"quiet ktest={ktest} seed=7 nonce=n") as machine:
        machine.wait_until(lambda: machine.exit_code is not None)
        assert machine.exit_code == 35, machine.serial
        return machine.serial.decode().replace("\r", "")


def backtrace(log):
    """(address, name) of each line of the backtrace that ends a log."""
    text = re.search(r"((?:  [0-9a-f]{8} \S+\n)+)\s*$", log)[1]
    return [(int(address, 16), name) for address, name in re.findall(r"  ([0-9a-f]{8}) (\S+)\+0x", text)]


# ---- backtraces through traps

@pytest.mark.parametrize("ktest, handler", [
    ("panic_in_handler", ["nested_panic", "panic_handler"]),
    ("exception_in_handler", ["nested_divide", "divide_handler"]),
])
def test_backtrace_goes_through_a_trap(tmp_path, ktest, handler):
    """From the handler to the instruction that was interrupted, and on to its callers."""
    log = panicked(tmp_path, ktest)
    places = backtrace(log)
    names = [name for _, name in places]
    assert names[:6] == [*handler, "trap_entry", "nested_inner", "nested_middle", "nested_outer"], log
    assert names[-2:] == ["kmain", "start"], log
    # Not just anywhere in the function: at its invalid opcode.
    interrupted = places[names.index("nested_inner")][0]
    code = run("gdb", "-nx", "-batch", "-ex", f"x/i {interrupted:#x}", KERNEL).stdout
    assert "ud2" in code, code


def test_a_backtrace_that_is_cut_says_so(tmp_path):
    log = panicked(tmp_path, "panic_deep")
    lines = log[log.index("panic: deep\n"):].splitlines()[1:]
    assert all(re.match(r"  [0-9a-f]{8} nested_deeply\+0x", line) for line in lines[:32]) and lines[32] == "  ...", log


def test_a_backtrace_names_functions_only(tmp_path):
    """Memory behind the kernel's code is part of no function; scripts/backtrace knows what it is."""
    log = panicked(tmp_path, "panic_astray")
    first, second = re.findall(r"(?m)^  [0-9a-f]{8}.*$", log[log.index("panic: invalid opcode"):])[:2]
    assert re.fullmatch(r"  c01[0-9a-f]{5}", first) and "ktest_run" in second, log
    file = tmp_path / "log"
    file.write_text(log)
    result = translated(file)
    assert result.returncode == 0 and "do not fit" not in result.stdout, result.stdout
    assert re.search(rf"(?m)^{first} somewhere[.\d]*\+0x0 \(\S+/nested\.c:\d+\)$", result.stdout), result.stdout


# ---- the monitor after a panic

def gdb(folder, *commands):
    """Run gdb on the kernel's own stub, on COM2."""
    words = ["gdb", "-q", "-nx", "-batch", "-ex", "set confirm off", "-ex", f"target remote {folder}/com2"]
    for command in commands:
        words += ["-ex", command]
    return run(*words, KERNEL, cwd=ROOT).stdout


@pytest.fixture
def stopped(tmp_path):
    """A kernel that waits for gdb on COM2."""
    with Machine(tmp_path, image=IMAGE, cmdline="gdb",
                 args=["-chardev", f"socket,id=com2,path={tmp_path}/com2,server=on,wait=off",
                       "-device", "isa-serial,chardev=com2,index=1,iobase=0x2f8,irq=3"]) as machine:
        machine.wait_serial("waiting for gdb")
        yield machine


@pytest.fixture
def called(tmp_path):
    """A kernel whose monitor was called by Ctrl-Alt-Esc: it runs in the keyboard's interrupt."""
    with Machine(tmp_path, image=IMAGE) as machine:
        machine.wait_serial("monitor> ")
        machine.send_keys("ctrl-alt-esc", hold=1)
        machine.wait_serial("monitor> ")
        yield machine


def test_the_monitor_works_after_a_panic_in_the_keyboards_interrupt(called):
    """By the serial line and by the keyboard; and the backtrace leads out of the interrupt."""
    called.send_serial(b"panic hello\r")
    called.wait_serial("panic: hello\r\n")
    text = called.wait_serial(r"(?s)(.*?)monitor> ")[1].decode()
    names = re.findall(r"  [0-9a-f]{8} (\S+)\+0x", text)
    inner, outer = names[:names.index("trap_entry")], names[names.index("trap_entry") + 1:]
    assert inner[0] == "monitor_panic" and "kbd_interrupt" in inner, text
    assert outer[0] == "idle", text             # the monitor itself sleeps, until a key comes
    called.send_serial(b"ticks\r")
    called.wait_serial(r"\n\d+\r\nmonitor> ")
    called.send_keys(*"ticks", "ret", hold=1)
    called.wait_serial(r"\n\d+\r\nmonitor> ")


def test_the_monitor_works_after_a_panic_of_the_keyboards_own_code(tmp_path, stopped):
    """The key's release comes when the handler is dead already: it must not be called again."""
    gdb(tmp_path, "set variable *(unsigned short *)keymap_feed = 0x0b0f", "detach")        # ud2
    stopped.wait_serial("monitor> ")
    stopped.send_keys("a", hold=1)
    stopped.wait_serial(r"panic: invalid opcode at")
    stopped.wait_serial("monitor> ")
    stopped.send_keys("b", "c", hold=1)
    stopped.send_serial(b"ticks\r")
    stopped.wait_serial(r"\n\d+\r\nmonitor> ")
    assert stopped.serial.count(b"panic:") == 1, stopped.serial


# ---- scripts/backtrace

def translated(log, *options):
    return run(ROOT / "scripts/backtrace", *options, log)


def line_of(file, text):
    """Which line of a file has this text."""
    lines = (ROOT / file).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    folder = tmp_path_factory.mktemp("log")
    file = folder / "log"
    file.write_text(panicked(folder, "exception_in_handler").replace("\n", "\r\n"))
    return file


def test_backtrace_names_file_and_line(log):
    result = translated(log)
    assert result.returncode == 0, result.stdout
    nested = "labs/lab02-interrupts/tests/nested.c"
    for name, file, text in [("nested_divide", nested, "NESTED(nested_divide"),
                             ("divide_handler", nested, "    nested_divide();"),
                             ("trap_entry", "src/kernel/x86/trap.asm", "call trap_dispatch"),
                             ("nested_inner", nested, "NESTED(nested_inner"),
                             ("kmain", "src/kernel/main.c", "ktest_run(boot_info.cmdline)")]:
        place = rf"(?m)^  [0-9a-f]{{8}} {name}\+0x[0-9a-f]+ \({file}:{line_of(file, text)}\)$"
        assert re.search(place, result.stdout), result.stdout


def test_backtrace_changes_nothing_else(log):
    text = log.read_text().splitlines()
    result = run(ROOT / "scripts/backtrace", stdin=open(log)).stdout.splitlines()
    assert [re.sub(r"(start)\.high.*", r"\1", re.sub(r" \(\S+\)$", "", line)) for line in result if "panic" not in line] == \
        [re.sub(r"(start)\+.*", r"\1", line) for line in text if "panic" not in line]


def test_backtrace_of_a_kernel_without_names(tmp_path, log):
    """As `qemu -kernel` boots it: the addresses get names, too, and what was interrupted is no return address."""
    bare = tmp_path / "bare"
    bare.write_text(re.sub(r"(?m)^(  [0-9a-f]{8}) \S+\+.*$", r"\1", log.read_text()))
    assert translated(bare).stdout == translated(log).stdout


def test_backtrace_does_not_believe_another_kernel(tmp_path, log):
    other = tmp_path / "other"
    other.write_text(log.read_text().replace("nested_outer+", "something_else+"))
    result = translated(other)
    assert "1 places do not fit" in result.stdout and "something_else+0x" in result.stdout
    assert not re.search(r"something_else.*\(", result.stdout), result.stdout


def test_backtrace_says_what_is_missing(tmp_path, log):
    result = translated(log, "--kernel", tmp_path / "none.elf")
    assert result.returncode == 1 and "run make first" in result.stdout
    result = translated(tmp_path / "none.log")
    assert result.returncode == 1 and "none.log" in result.stdout and "Traceback" not in result.stdout


# ---- gdb: trap frames and backtraces

def debugged(cmdline, *commands):
    """What gdb prints for these commands, under scripts/debug_qemu.sh."""
    words = [word for command in commands for word in ("-ex", command)]
    return run(ROOT / "scripts/debug_qemu.sh", "-fw_cfg", f"name=opt/myos/cmdline,string={cmdline}", "--", "-batch",
               *words).stdout


ERRORS = [                          # vector, error code, what is said of them
    (14, 0, "(page fault) error 00000000: no page there, read, by the kernel"),
    (14, 2, "(page fault) error 00000002: no page there, write, by the kernel"),
    (14, 5, "(page fault) error 00000005: a page that is there, read, by ring 3"),
    (13, 0, "(general protection fault) error 00000000"),
    (13, 0x10, "(general protection fault) error 00000010: GDT selector 0x10"),
    (12, 0x1c, "(stack-segment fault) error 0000001c: LDT selector 0x18"),
    (13, 0x10A, "(general protection fault) error 0000010a: gate 0x21"),
    (13, 0x10B, "(general protection fault) error 0000010b: gate 0x21, from outside"),
    (3, 0, "(breakpoint) error 00000000"),
    (47, 0, "(interrupt line 15) error 00000000"),
    (200, 0, "(interrupt) error 00000000"),
]


def test_gdb_prints_trap_frames_for_people():
    """Names, decoded, and each register's value as the raw structure has it. And where no trap was, none is found."""
    commands = ["break kmain", "continue", "trapframe", "break trap_dispatch", "continue"]
    for vector, error, _ in ERRORS:
        commands += [f"set variable tf->vector = {vector}", f"set variable tf->error = {error}", "print *tf"]
    commands += ["echo ----\\n", "print *tf", "print/rx *tf", "print &tf->user_esp", "info symbol tf->eip",
                 "set variable tf->cs = 0x1b", "set variable tf->user_esp = 0xbffff000", "set variable tf->eip = 0x8048000",
                 "set variable tf->eflags = 0x3647", "echo ----\\n", "print *tf"]
    output = debugged("quiet", *commands)
    assert output.count("No trap was taken on the way here.\n") == 1, output
    errors, whole, ring3 = output.split("----\n")
    assert re.findall(r"(?m)^\$\d+ = trap (.*)", errors) == [f"{vector} {words}" for vector, _, words in ERRORS], output

    printed = r"(?s)\$\d+ = (.*)\n\$\d+ = \{(.*?)\}\n\$\d+ = .*?0x(\w+)(?: <.*?)?\n(.*?) in section"
    pretty, raw, esp, symbol = re.search(printed, whole).groups()
    value = {name: int(text, 16) for name, text in re.findall(r"(\w+) = 0x(\w+)", raw)}
    for name in "eax ebx ecx edx esi edi ebp eip eflags".split():
        assert f"{name} {value[name]:08x}" in pretty, output
    for name in "cs ds es fs gs".split():
        assert f"{name} {value[name] & 0xffff:04x}" in pretty, output
    assert f"esp {int(esp, 16):08x}\n" in pretty and f"<{symbol.replace(' + ', '+')}>, ring 0" in pretty, output
    # From ring 3 the processor has pushed the stack pointer.
    assert "esp bffff000" in ring3 and "eip 08048000, ring 3" in ring3, output
    assert "[CF PF ZF IF DF IOPL=3]" in ring3, output


def test_gdb_goes_through_traps():
    """backtrace and trapframe, when a handler of one exception causes another; dmesg from the outside."""
    output = debugged("ktest=exception_in_handler", "break panic_trap", "continue", "backtrace", "trapframe", "dmesg")
    names = re.findall(r"(?m)^#\d+ +(?:0x\w+ in )?([\w.]+)", output[output.index("\n#0 "):])
    assert names[:8] == ["panic_trap", "trap_entry", "nested_divide", "divide_handler",
                         "trap_entry", "nested_inner", "nested_middle", "nested_outer"], output
    assert "kmain" in names, output
    frames = re.findall(r"(?m)^trap (\d+) .*\n  eip \w+ <(\w+)", output)
    assert frames == [("0", "nested_divide"), ("6", "nested_inner")], output
    assert re.search(r"(?m)^myOS\n(?:.*\n)*command line: ktest=exception_in_handler$", output), output


def test_gdb_goes_through_traps_on_the_kernels_own_stub(tmp_path, stopped):
    output = gdb(tmp_path, "source scripts/myos_gdb.py", "break tick", "continue", "backtrace", "trapframe", "delete", "detach")
    names = re.findall(r"(?m)^#\d+ +(?:0x\w+ in )?([\w.]+)", output[output.index("\n#0 "):])
    interrupted = re.search(r"(?m)^trap 32 \(interrupt line 0\) error 0{8}\n  eip \w+ <(\w+)", output)[1]
    outer = names[names.index("trap_entry") + 1:]       # the first may be an inlined function
    assert names[0] == "tick" and interrupted in outer[:2] and outer[-2:] == ["kmain", "start"], output
    stopped.wait_serial("monitor> ")


def test_gdb_commands_without_a_kernel_say_so(tmp_path):
    output = run("gdb", "-nx", "-batch", "-ex", "source scripts/myos_gdb.py", "-ex", "trapframe", "-ex", "dmesg", cwd=ROOT).stdout
    assert "No frame is currently selected." in output and "Python" not in output, output


# ---- gdb: tasks

def test_gdb_lists_the_tasks():
    """Before there are any; new ones; sleeping and interrupted ones; an interrupt in the idle task; a stack that is broken."""
    output = debugged("quiet", "break kmain", "continue", "tasks", "break monitor", "continue",
                      "set $name = (char *)kmalloc(16)", "set variable *(char[5] *)$name = \"doze\"",
                      "set $t = task_new(sleep_ms, 10000, $name)", "set $t->base_priority = 9", "tasks", "call sched_start($t)",
                      "call sleep_ms(10)", "tasks", "break sched_tick if cpus[0].current == cpus[0].idle", "continue",
                      "set $t->esp = 0x10", "tasks", "call monitor_ps(1, 0, 0)")
    assert "There are no tasks yet" in output, output
    new, asleep, idle = [re.findall(r"(?m)^([* ]) +(\d+)  (\w+) +(\d+/\d+) +(\w+) +(\S.*)$", part)
                         for part in output.split("  pid  state    priority  name             where\n")[1:]]
    work, sync = new.pop(2), new.pop(2)         # which have begun or not
    assert work[1:2] + work[3:5] == ("3", "16/16", "work") and sync[1:2] + sync[3:5] == ("4", "16/16", "sync"), output
    assert [task[:5] for task in new] == [("*", "1", "running", "16/16", "main"), (" ", "2", "ready", "0/0", "idle"),
                                          (" ", "5", "ready", "16/9", "doze")], output
    assert (new[0][5], new[2][5]) == ("monitor < kmain < start[high]", "task_main"), output
    assert [(task[2], task[5]) for task in asleep] == [
        ("running", new[0][5]), ("ready", "reschedule < trap_exit < trap_entry < idle"),
        ("waiting", "reschedule < work_task < task_main"), ("waiting", "reschedule < sleep_ms < sync_task < task_main"),
        ("waiting", "reschedule < sleep_ms < task_main")], output
    assert [task[0] + task[2] for task in idle] == [" waiting", "*running", " waiting", " waiting", " waiting"], output
    assert "wait_for_input < " in idle[0][5] and idle[1][5].startswith("sched_tick < tick < ") and idle[4][5] == "?", output
    log = (ROOT / "build/debug-serial.log").read_text(errors="replace")
    assert re.findall(r"(?m)^ +(\d+) +\d+ (\w+) +\d+/\d+ +\d+  (\w+)", log) == [(task[1], task[2], task[4]) for task in idle]


def test_gdb_says_that_a_kernel_has_no_tasks():
    """As in the trees of labs 1 to 3."""
    output = run("gdb", "-nx", "-batch", "-ex", "file build/stage2.elf", "-ex", "source scripts/myos_gdb.py", "-ex", "tasks",
                 cwd=ROOT).stdout
    assert output.endswith("This kernel has no tasks (they come with lab 4), or they are out of reach.\n"), output
