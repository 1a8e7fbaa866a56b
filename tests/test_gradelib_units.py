"""gradelib's parts that need no QEMU: TOML reader, points, selection, seeds, protocol, times, registers, reports, files."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import types
from pathlib import Path
from xml.etree import ElementTree

import pytest

from fakes import helpers
from gradelib import clock, course, host, i386, ktests, machine, outputs, report, run, sandbox, symbols, toml
from gradelib.grading import Result
from gradelib.lab import Test as LabTest
from gradelib.verdicts import Crash, Hang, Mismatch, NoVerdict, TooSlow


def lab_test(name="first", points=6, exercise="1.1", **other):
    values = dict(name=name, function=None, points=points, exercise=exercise, ktest=None, boot="kernel", memory="64M",
                  targets=("kernel.elf",), budget=1, visibility="visible", title="All is well.")
    return LabTest(**{**values, **other})


# ---- TOML

def test_toml_reads_what_lab_toml_uses():
    text = r'''
    # a comment
    number = 1
    negative = -1_000   # another
    mask = 0xFf
    yes = true
    no = false
    name = "a \"quoted\" # name\n\t\\"
    path = 'C:\raw'
    "quoted.key" = "x"
    empty = []
    files = [  # several lines
        "a/", 'b',   # trailing comma

        "c",
    ]
    nested = [[1, 2], ["]"]]
    [rename]
    "GNUmakefile.lab" = "GNUmakefile"
    [a.b]
    c = 1
    [[exercise]]
    id = "1.1"
    [[exercise]]
    id = "1.2"
    '''
    document = toml.parse(text)
    assert document["exercise"] == [{"id": "1.1"}, {"id": "1.2"}]
    assert document["files"] == ["a/", "b", "c"] and document["empty"] == [] and document["nested"] == [[1, 2], ["]"]]
    assert (document["negative"], document["mask"], document["yes"], document["no"]) == (-1000, 255, True, False)
    assert document["name"] == 'a "quoted" # name\n\t\\' and document["path"] == r"C:\raw"
    assert document["quoted.key"] == "x" and document["a"] == {"b": {"c": 1}}
    tomllib = pytest.importorskip("tomllib")
    assert document == tomllib.loads(text)


@pytest.mark.parametrize("line, text", [
    (2, "a = 1\nb 2"), (1, "a = "), (3, "a = [\n1,\n2 3]"), (2, "a = 1\na = 2"), (3, "[a]\nb = 1\n[a]"), (1, "a = 1.5"),
    (1, 'a = "x'), (1, 'a = "\\q"'), (1, 'a = 1 b = 2'), (1, "[a"), (1, 'a = """x"""'), (2, "a = 1\n[[a]]"), (1, "a = 12ab"),
    (4, "\n\n\na = [1"),
])
def test_toml_refuses_with_the_line(line, text):
    with pytest.raises(toml.TomlError, match=rf"^lab\.toml:{line}: "):
        toml.parse(text, "lab.toml")


# ---- points, selection, earlier labs

def test_points_must_add_up(tmp_path):
    lab = course.Course(helpers.course(tmp_path), 1)
    good = [lab_test("one", 2), lab_test("two", 4), lab_test("three", 4, "1.2")]
    lab.check_points(good)
    for bad, message in ((good[:2], r"exercise 1\.2: the tests are worth 0 points, lab\.toml says 4"),
                         (good + [lab_test("four", 1)], r"exercise 1\.1: the tests are worth 7 points"),
                         (good + [lab_test("five", 1, "1.9")], r"test five: no exercise 1\.9"),
                         ([lab_test("one", 2), lab_test("one", 4), good[2]], "two tests are called one")):
        with pytest.raises(AssertionError, match=message):
            lab.check_points(bad)


def test_a_word_selects_by_name_exercise_and_source_file(tmp_path):
    lab = course.Course(helpers.course(tmp_path), 1)
    tests = [lab_test("banner_text"), lab_test("wraparound", exercise="1.2"), lab_test("Text_again")]

    def chosen(word):
        return [test.name for test in tests if lab.matches(test, word)]

    assert chosen("1.2") == ["wraparound"] and chosen("a20") == ["wraparound"] and chosen("wrap") == ["wraparound"]
    assert chosen("text") == ["banner_text", "Text_again"] and chosen("first") == ["banner_text", "Text_again"]
    assert chosen("nothing") == [] and chosen("1") == []


def test_an_earlier_lab_left_undone_is_found(tmp_path):
    tree = helpers.course(tmp_path, 3)
    lab = course.Course(tree, 3)
    source = tree / "src/first.c"
    assert lab.undone_lab(tree) is None
    source.write_text("// Exercise 3.1: of this lab\n// Your code here.\n")
    assert lab.undone_lab(tree) is None
    source.write_text("// Exercise 2.1: print\n//   more of the hint\n// Your code here.\n")
    assert lab.undone_lab(tree) == 2
    source.write_text("// Exercise 2.1: print\n" + "code();\n" * 9 + "// Your code here.\n")
    assert lab.undone_lab(tree) is None


def test_checkpoints_of_the_labs_before_count(tmp_path):
    tree = helpers.course(tmp_path, 3)
    for number, letter in ((2, "M"), (3, "N")):
        toml_file = tree / f"labs/lab{number:02}-some/lab.toml"
        toml_file.write_text(toml_file.read_text().replace('C = "the second stage starts"', f'{letter} = "lab {number}"'))
    assert course.Course(tree, 2).checkpoints == {"C": "the second stage starts", "M": "lab 2"}


def test_every_checkpoint_of_the_system_has_a_meaning():
    """The letters that src/ writes to port 0xE9, in whatever language, and those that the labs explain."""
    top = helpers.HERE.parents[1]
    newest = max(int(path.name[3:5]) for path in top.glob("labs/lab[0-9][0-9]-*"))
    written = set()
    for path in top.glob("src/**/*.*"):
        text = path.read_text(errors="replace")
        written |= set(re.findall(r"CHECKPOINT '(\w)'|checkpoint\('(\w)'\)|mov al, '(\w)'\n +call checkpoint", text))
    letters = sorted("".join(groups) for groups in written)
    assert sorted(course.Course(top, newest).checkpoints) == letters and len(letters) >= 12


def test_handout_places(tmp_path):
    lab = course.Course(helpers.course(tmp_path), 1)
    assert lab.handout("1.1") == '"First things" (lab1.html#first-things)'
    assert lab.handout("1.1", "debugging") == "lab1.html#debugging"
    with pytest.raises(FileNotFoundError):
        course.Course(tmp_path, 2)


# ---- seeds

def test_a_test_has_its_own_seed_whatever_runs_with_it():
    seeds = {run.derive_seed(seed, name) for seed in (0, 1, 0x71f3) for name in ("a", "b", "kernel")}
    assert len(seeds) == 9 and all(0 <= seed < 1 << 32 for seed in seeds)
    assert run.derive_seed(0x71f3, "banner") == 0xcb5d069c    # for good: a seed in an old report stays valid


def test_kernel_random_is_the_kernels(tmp_path):
    kernels = program(tmp_path, """
        #include <stdio.h>
        #include <stdint.h>
        int main(void) {
            uint32_t state = 123456789;
            for (int i = 0; i < 50; i++) {
                state ^= state << 13; state ^= state >> 17; state ^= state << 5;
                printf("%u ", state % 1000);
            }
        }""")
    random = ktests.KtestRandom(123456789)
    assert [random(1000) for _ in range(50)] == [int(word) for word in subprocess.check_output([kernels]).split()]
    assert ktests.KtestRandom(0)(1 << 31) == ktests.KtestRandom(1)(1 << 31)


# ---- the protocol of kernel tests

GOOD = b"""@N begin a\n@N a x 1\n@N a x 2\r\n@N end a\nnoise@N begin b\n@M begin b\n@N end b\n@N done\n"""


def test_protocol_reads_a_stream_in_any_pieces():
    for size in (1, 7, len(GOOD)):
        protocol = ktests.Protocol("N", ["a", "b"])
        for end in range(0, len(GOOD) + size, size):
            protocol.feed(GOOD[:end])
        assert protocol.done and protocol.reports == {"a": [["x", "1"], ["x", "2"]], "b": []} and protocol.steps == 5


@pytest.mark.parametrize("lines, blamed", [
    ("begin b", "a"), ("end a", "a"), ("done", "a"), ("a x", "a"), ("begin a|begin a", "a"), ("begin a|begin b", "a"),
    ("begin a|b x", "a"), ("begin a|end b", "a"), ("begin a|done", "a"), ("begin a|a", "a"), ("begin a|end a|end a", "b"),
    ("begin a|end a|begin a", "b"), ("begin a|end a|done", "b"), ("begin a|end a|begin b|end b|begin b", "b"),
    ("begin a|end a|begin b|end b|done|done", "b"), ("begin a|end a now", "a"), ("", "a"),
])
def test_protocol_refuses_any_other_order(lines, blamed):
    protocol = ktests.Protocol("N", ["a", "b"])
    with pytest.raises(Mismatch, match="wrong order"):
        protocol.feed("".join(f"@N {line}\n" for line in lines.split("|")).encode())
    assert protocol.current == blamed


# ---- times and registers

@pytest.mark.parametrize("text, seconds", [("  0:01.50\n", 1.5), ("00:01:05", 65), ("1-02:03:04", 93784), ("", 0)])
def test_ps_times(text, seconds):
    assert clock.parse_ps_time(text) == seconds


def test_cpu_seconds_by_proc_and_by_ps(monkeypatch):
    by_proc = clock.cpu_seconds(os.getpid())
    assert 0 < by_proc < 3600

    def no_proc(*_, **__):
        raise FileNotFoundError
    monkeypatch.setattr(clock, "open", no_proc, raising=False)
    assert int(by_proc) <= clock.cpu_seconds(os.getpid()) <= by_proc + 5


class Time:
    def __init__(self, monkeypatch):
        self.now = self.cpu = 0.0
        monkeypatch.setattr(clock.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(clock, "cpu_seconds", lambda pid: self.cpu)
        monkeypatch.setattr(clock, "host_factor", lambda: 4.0)

    def looks(self, patience, asleep, wall, cpu, most=100000):
        """Go on until patience ends: how, and after how much wall clock."""
        start = self.now
        for _ in range(most):
            self.now, self.cpu = self.now + wall, self.cpu + cpu
            end = patience.note(asleep)
            if end:
                return end, round(self.now - start, 3)
        return None, self.now


def test_patience_counts_what_the_guest_got_done(monkeypatch):
    time = Time(monkeypatch)
    # A busy guest gets its budget in processor time, four times as much on a computer that is four times slower ...
    end, wall = time.looks(clock.Patience(1, 3), False, 0.25, 0.25)
    assert end == "busy" and 12 <= wall <= 12.5
    # ... and however long that takes when many others run.
    end, wall = time.looks(clock.Patience(1, 3), False, 0.25, 0.01)
    assert end == "busy" and wall > 290
    # A sleeping guest uses the wall clock, but only as much of it as was seen.
    end, wall = time.looks(clock.Patience(1, 3), True, 0.25, 0)
    assert end == "asleep" and 6 <= wall <= 7
    end, wall = time.looks(clock.Patience(1, 3), True, 3600, 0)
    assert end == "asleep" and wall >= 6 * 3600
    # The same for a busy one of which much is seen at once: the virtual machine around it was stopped, say.
    end, wall = time.looks(clock.Patience(1, 3), False, 60, 60)
    assert end == "busy" and wall > 30 * 60
    # One that neither works nor sleeps is not to blame.
    with pytest.raises(NoVerdict, match="no processor time"):
        time.looks(clock.Patience(1, 3), False, 1, 0)


def test_registers_are_read():
    text = """
EAX=0000aa41 EBX=00000001 ECX=00000002 EDX=00000080
ESI=00000003 EDI=00000004 EBP=00000005 ESP=00006f04
EIP=00007c0a EFL=00000202 [-------] CPL=3 II=0 A20=1 SMM=0 HLT=1
ES =0010 00000000 ffffffff 00cf9300 DPL=0 DS   [-WA]
LDT=0000 00000000 0000ffff 00008200
TR =0028 c0001000 00000067 00008b00
GDT=     c0002000 0000002f
CR0=80000011 CR2=deadbeef CR3=00101000 CR4=00000010
EFER=0000000000000000"""
    registers = machine.parse_registers(text)
    assert (registers["eax"], registers["eip"], registers["eflags"], registers["cpl"]) == (0xaa41, 0x7c0a, 0x202, 3)
    assert (registers["cr0"], registers["cr2"], registers["cr4"]) == (0x80000011, 0xdeadbeef, 0x10)
    assert (registers["halted"], registers["a20"]) == (1, 1)
    assert registers["es"] == {"selector": 0x10, "base": 0, "limit": 0xffffffff, "flags": 0xcf9300}
    assert registers["tr"]["base"] == 0xc0001000 and registers["gdt"] == {"base": 0xc0002000, "limit": 0x2f}


def test_symbols_name_addresses(tmp_path):
    elf = helpers.kernel(tmp_path, "call inner\nhlt\nglobal inner\ninner:\nnop\nret")
    names = symbols.Symbols([tmp_path / "absent.elf", elf])
    start = int(re.search(r"([0-9a-f]+) T start", subprocess.check_output(["nm", elf], text=True))[1], 16)
    assert names.place(start).startswith("start+0x0 (") and names.place(start).endswith("kernel.asm:7)")
    assert names.place(start + 7).startswith("inner+0x1")
    assert names.place(start + 6, returns=True).startswith("start+0x6")     # an address behind a call at a function's end
    assert names.place(0x7c00) is None and names.place(start + 0x10000) is None
    assert symbols.Symbols([]).place(start) is None


def test_without_binutils_there_are_no_names(tmp_path, monkeypatch):
    elf = helpers.kernel(tmp_path, "hlt", "other")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert symbols.Symbols([elf]).place(0x10000c) is None


# ---- run

def a_run(tmp_path, observed=()):
    return run.Run(lab_test(), 0x71f3, tmp_path, types.SimpleNamespace(path=tmp_path.joinpath), {}, observed)


def test_reports_by_key(tmp_path):
    one = a_run(tmp_path, [["a", "1", "ff"], ["b"], ["a", "2", "x"]])
    assert one.report("a") == [["1", "ff"], ["2", "x"]] and one.report("c") == [] and len(one.report()) == 3
    assert one.report()[1] == ["b"] and one.numbers("b") == [[]]
    with pytest.raises(Mismatch, match="no number"):
        one.numbers("a", 16)


def test_expect_shows_the_first_difference(tmp_path):
    one = a_run(tmp_path)
    one.expect("it", [1, 2], [1, 2])
    with pytest.raises(Mismatch, match="it is wrong") as caught:
        one.expect("it", 17, 18)
    assert (caught.value.seen, caught.value.expected) == (17, 18)
    with pytest.raises(Mismatch, match="lines: number 3 of 5 is wrong") as caught:
        one.expect("lines", list("abXde"), list("abcde"))
    assert (caught.value.expected, caught.value.seen) == ("c", "X") and caught.value.details[3] == "> 3: X"
    with pytest.raises(Mismatch, match="number 3 of 2") as caught:
        one.expect("lines", list("abc"), list("ab"))
    assert (caught.value.expected, caught.value.seen) == ("nothing more", "c")
    with pytest.raises(Mismatch) as caught:
        one.expect("lines", [], ["a"])
    assert (caught.value.expected, caught.value.seen) == ("a", "nothing more")


def test_a_command_line_of_its_own_and_what_it_reports(tmp_path):
    one = a_run(tmp_path)
    assert one.ktest_cmdline("a", "b") == f"ktest=a,b seed={one.kernel_seed} nonce={one.nonce}"
    machine_with_output = types.SimpleNamespace(serial=f"@{one.nonce} begin a\n@{one.nonce} a x 1\n".encode())
    assert one.observed(machine_with_output, "a") == [["x", "1"]]


def program(folder, source, *options):
    path = folder / "program"
    subprocess.run(["gcc", "-x", "c", "-", "-o", path, *options], input=source.encode(), check=True)
    return path


def test_host_programs(tmp_path):
    echo = program(tmp_path, '#include <stdio.h>\nint main(int n, char **v) { int c; while ((c = getchar()) != EOF) putchar(c);'
                             'fprintf(stderr, "%d %s", n, v[1]); return 7; }')
    done = host.run(echo, tmp_path / "1", b"some\0thing", ["a b"])
    assert done == (b"some\0thing", b"2 a b", 7)
    flood = program(tmp_path, "#include <unistd.h>\nint main() { for (;;) write(1, \"xxxxxxxxxxxxxxxx\", 16); }")
    with pytest.raises(Mismatch, match="without end"):
        host.run(flood, tmp_path / "2", cpu=1, output_max=10000)
    crash = program(tmp_path, "int main() { *(volatile int *)0 = 1; }")
    with pytest.raises(Crash, match="SIGSEGV"):
        host.run(crash, tmp_path / "3")
    spin = program(tmp_path, "int main() { for (;;); }")
    with pytest.raises(TooSlow, match="1 s of processor time"):
        host.run(spin, tmp_path / "4", cpu=1)
    with pytest.raises(NoVerdict):
        host.run(tmp_path / "absent", tmp_path / "5")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("bubblewrap", [True, False])
def test_a_host_program_that_somebody_ends(tmp_path, monkeypatch, number, bubblewrap):
    """A system that runs out of memory, say. It must not look as if the program had crashed or been too slow."""
    if not bubblewrap:
        monkeypatch.setattr(sandbox, "_bwrap_works", lambda user: False)
    wait = program(tmp_path, '#include <unistd.h>\nint main() { write(1, "up", 2); for (;;) pause(); }')

    def end():
        while not (tmp_path / "1.stdout").exists() or not (tmp_path / "1.stdout").read_bytes():
            time.sleep(0.01)
        command = f"{wait.resolve()}\0".encode()
        number_of = [int(file.parts[2]) for file in Path("/proc").glob("[0-9]*/cmdline") if file.read_bytes() == command]
        os.kill(number_of[0], number)
    killer = threading.Thread(target=end)
    killer.start()
    with pytest.raises(NoVerdict, match=f"killed by signal {number:d}"):
        host.run(wait, tmp_path / "1")
    killer.join()


def test_a_sanitizers_report_is_a_verdict(tmp_path):
    overrun = program(tmp_path, "#include <stdlib.h>\n"
                      "int main(int n, char **v) { char *p = malloc(4); p[n + 3] = 1; return p[0]; }", "-fsanitize=address")
    with pytest.raises(Crash) as caught:
        host.run(overrun, tmp_path / "1")
    assert "heap-buffer-overflow" in caught.value.details[0]
    leak = program(tmp_path, "#include <stdlib.h>\nint main() { return malloc(4) == 0; }", "-fsanitize=address")
    assert host.run(leak, tmp_path / "3").code == 0      # the program ends: nothing is lost
    undefined = program(tmp_path, "int main(int n, char **v) { volatile int big = 0x7fffffff; return (big + n) & 1; }",
                        "-fsanitize=undefined")
    with pytest.raises(Crash) as caught:
        host.run(undefined, tmp_path / "2")
    assert "signed integer overflow" in caught.value.details[0]


# ---- 32-bit programs

def test_which_programs_are_32_bit(tmp_path):
    (tmp_path / "tiny").write_bytes(i386.TINY)
    (tmp_path / "short").write_bytes(b"\x7fELF\1\1")
    assert i386.is_program(tmp_path / "tiny")
    assert not any(map(i386.is_program, (sys.executable, tmp_path / "short", tmp_path / "absent", tmp_path)))
    assert host.launcher(Path(sys.executable)) == ([sys.executable], 1)


@pytest.mark.parametrize("error, status, can", [
    (None, 32, True), (None, -11, False), (OSError(8, "Exec format error"), 0, False), (PermissionError(13, "no"), 0, True)])
def test_whether_the_kernel_executes_them(monkeypatch, error, status, can):
    busy = [OSError(26, "Text file busy")]

    def pretend(*_, **__):
        if busy or error:
            raise busy.pop() if busy else error
        return types.SimpleNamespace(returncode=status)
    monkeypatch.setattr(subprocess, "run", pretend)
    assert i386.native.__wrapped__() == can and not busy


def test_they_run_here_one_way_or_the_other(tmp_path):
    done = host.run(program(tmp_path, '#include <stdio.h>\nint main() { puts("here"); return 7; }', "-m32"), tmp_path / "1")
    assert done == (b"here\n", b"", 7)
    crash = program(tmp_path, "int main() { *(volatile int *)0 = 1; }", "-m32")
    with pytest.raises(Crash, match="SIGSEGV") as caught:
        host.run(crash, tmp_path / "2")
    assert not caught.value.details         # nothing of the emulator's
    undefined = program(tmp_path, "int main(int n, char **v) { volatile int big = 0x7fffffff; return (big + n) & 1; }",
                        "-m32", "-fsanitize=undefined", "-fno-sanitize-recover=undefined")
    with pytest.raises(Crash, match="arithmetic"):
        host.run(undefined, tmp_path / "3")
    by_hand = [sys.executable, i386.__file__, undefined]
    assert b"signed integer overflow" in subprocess.run(by_hand, check=False, capture_output=True, timeout=60).stderr


def test_emulated_programs_get_more_time(tmp_path, monkeypatch):
    if i386.native():       # then anything that starts a program will do
        monkeypatch.setattr(i386, "EMULATORS", ("env",))
    monkeypatch.setattr(i386, "native", lambda: False)
    spin = program(tmp_path, "int main() { for (;;); }", "-m32")
    assert host.launcher(spin)[1] == i386.SLOWER
    monkeypatch.setattr(i386, "SLOWER", 2)
    with pytest.raises(TooSlow, match="2 s of processor time"):
        host.run(spin, tmp_path / "1", cpu=1)


def test_no_verdict_where_nothing_executes_them(tmp_path, monkeypatch):
    (tmp_path / "tiny").write_bytes(i386.TINY)
    monkeypatch.setattr(i386, "native", lambda: False)
    monkeypatch.setattr(i386, "EMULATORS", ("no-such-emulator",))
    with pytest.raises(NoVerdict, match="package qemu-user"):
        host.run(tmp_path / "tiny", tmp_path / "1")


def test_a_host_program_that_waits_forever(tmp_path):
    wait = program(tmp_path, "#include <unistd.h>\nint main() { for (;;) pause(); }")
    with pytest.raises(Hang, match="did not end"):
        host.run(wait, tmp_path / "1", wall=0.3)


# ---- what people and programs read

def results():
    good, bad, none = Result(lab_test("good"), 0x71f3), Result(lab_test("bad", 4, "1.2"), 0x71f3), Result(lab_test("none"), 1)
    good.seconds, bad.seconds, none.seconds = 0.5, 1.25, 0.1
    bad.verdict = Mismatch("at \x1b[31m0x40 it is wrong", b"\x01", 0x22, ["around\x07"])
    bad.advice = ["Handout: there"]
    none.verdict = NoVerdict("QEMU is missing", ["call somebody"])
    return [good, bad, none]


def test_a_failed_test_is_explained(capsys):
    report.Printer(sys.stdout, colour=False).result(results()[1])
    assert capsys.readouterr().out.splitlines() == [
        "1.2  bad ................................................... FAIL   0/4   (1.2 s, seed 71f3)",
        "     Checks: All is well.",
        "     wrong: at \\x1b[31m0x40 it is wrong",
        "       expected  b'\\x01'",
        "       seen      0x22 (34)",
        "       around\\x07",
        "     Handout: there"]


def test_a_passed_test_is_one_line_and_colour_is_for_terminals(capsys):
    report.Printer(sys.stdout, colour=False).result(results()[0])
    assert capsys.readouterr().out.count("\n") == 1
    report.Printer(sys.stdout, colour=True).result(results()[0])
    assert " \033[32mok\033[0m " in capsys.readouterr().out
    terminal, file = types.SimpleNamespace(isatty=lambda: True), types.SimpleNamespace(isatty=lambda: False)
    assert not report.wants_colour(file, False) and not report.wants_colour(terminal, True)


def test_colour_respects_no_color(monkeypatch):
    terminal = types.SimpleNamespace(isatty=lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert report.wants_colour(terminal, False)
    monkeypatch.setenv("NO_COLOR", "1")
    assert not report.wants_colour(terminal, False)


def test_gradescope_results():
    document = outputs.gradescope(None, results()[:2], "Score: 6/10")
    assert (document["score"], document["output"], document["execution_time"]) == (6, "Score: 6/10", 2)
    assert [(test["number"], test["name"], test["score"], test["max_score"], test["status"], test["visibility"])
            for test in document["tests"]] == [("1.1", "good", 6, 6, "passed", "visible"),
                                               ("1.2", "bad", 0, 4, "failed", "visible")]
    assert "expected" in document["tests"][1]["output"] and "\x1b" not in document["tests"][1]["output"]


def test_classroom50_result(monkeypatch):
    for name in ("CLASSROOM", "ASSIGNMENT", "SUBMISSION_TAG", "RELEASE_URL", "REVIEW_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COMMIT_URL", "https://example.org/commit/1")
    document = outputs.classroom50(None, results()[:2], "")
    assert document["schema"] == "classroom50/result/v1" and document["review"] == document["commit"] == os.environ["COMMIT_URL"]
    for field in ("classroom", "assignment", "submission", "release", "datetime"):
        assert document[field] and isinstance(document[field], str)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", document["datetime"])
    assert (document["score"], document["max-score"]) == (6, 10)
    assert [(test["test-name"], test["passed"], test["score"], test["max-score"]) for test in document["tests"]] == [
        ("1.1 good", True, 6, 6), ("1.2 bad", False, 0, 4)]
    assert all(type(test[key]) is int for test in document["tests"] for key in ("score", "max-score"))


def test_junit_tells_failures_from_errors(tmp_path):
    outputs.write_junit(tmp_path / "x.xml", types.SimpleNamespace(number=1), results())
    suite = ElementTree.parse(tmp_path / "x.xml").getroot()[0]
    assert suite.attrib["tests"] == "3" and suite.attrib["failures"] == "1" and suite.attrib["errors"] == "1"
    good, bad, none = suite
    assert len(good) == 0 and good.attrib["classname"] == "lab1.1.1"
    assert bad[0].tag == "failure" and bad[0].attrib["type"] == "wrong" and "expected" in bad[0].text
    assert none[0].tag == "error" and "QEMU is missing" in none[0].attrib["message"]


def test_json_appears_whole(tmp_path):
    outputs.write_json(tmp_path / "x.json", {"a": 1})
    assert json.loads((tmp_path / "x.json").read_text()) == {"a": 1} and len(list(tmp_path.iterdir())) == 1
