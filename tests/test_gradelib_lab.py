"""A whole grader, on a course without content and fake QEMUs: command line, order of things, reports, scores, exit status."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from fakes import helpers
from gradelib import Lab, Mismatch, NoVerdict, clock, ktests
from gradelib.build import BuildError
from gradelib.grading import FULL, LOST, NONE


@pytest.fixture
def course(monkeypatch, tmp_path):
    """The folder of a course, which is also the submission and the current folder; its kernel is good."""
    monkeypatch.setattr(clock, "STALL", 20)
    folder = helpers.course(tmp_path / "course")
    monkeypatch.chdir(folder)
    helpers.fake_qemu(monkeypatch, tmp_path, "good")
    monkeypatch.setattr(helpers.Builder, "broken", {})
    return folder


def grader(course, number=1, builder=helpers.Builder):
    """Four tests: two kernel tests a, b; one that draws random numbers; one that fails while `course`/fail exists."""
    lab = Lab(number, course, builder)
    lab.seen = []

    @lab.test(points=2, exercise=f"{number}.1", ktest="a", budget=0.3)
    def first_a(run):
        """The kernel test a reports its case."""
        lab.seen.append(("first_a", run.seed, run.kernel_seed))
        run.expect("case", run.report("case"), [["1", "2"]])

    @lab.test(points=3, exercise=f"{number}.1", ktest="b", budget=0.3)
    def first_b(run):
        """The kernel test b says its name."""
        run.expect("name", run.report("name"), [["b"]])

    @lab.test(points=1, exercise=f"{number}.1", targets=("tool",))
    def lucky_number(run):
        """A random number."""
        (run.dir / "evidence").write_text("here")
        lab.seen.append(("lucky_number", run.rng.random()))
        if (course / "unlucky").exists():
            raise Mismatch("no luck", expected=7, seen=8)

    @lab.test(points=4, exercise=f"{number}.2", targets=())
    def second_thing(run):
        """What is asked for by a file happens."""
        for name in ("bug", "mismatch", "machine"):
            if (course / name).exists():
                raise {"bug": ZeroDivisionError("a bug"), "mismatch": Mismatch("not good", 1, 2, ["around"]),
                       "machine": NoVerdict("the disk is full")}[name]
    return lab


def test_full_marks(course, capsys):
    lab = grader(course)
    assert lab.run(["--json", "r.json", "--classroom50", "c.json", "--junit", "j.xml"]) == FULL
    lines = capsys.readouterr().out.splitlines()
    assert [re.sub(r"\.{4,}", "....", re.sub(r"\d\.\d s", "T", line)) for line in lines] == [
        "1.1  first a .... ok     2/2   (T)", "1.1  first b .... ok     3/3   (T)", "1.1  lucky number .... ok     1/1   (T)",
        "1.2  second thing .... ok     4/4   (T)", "Score: 10/10"]
    assert json.loads(Path("r.json").read_text())["score"] == json.loads(Path("c.json").read_text())["score"] == 10
    assert ElementTree.parse("j.xml").getroot()[0].attrib["tests"] == "4"
    assert sorted(path.name for path in Path("build/grade").iterdir()) == ["work"]      # nothing of passed tests remains


def test_a_failure_is_explained_and_repeated_exactly(course, capsys):
    Path("unlucky").touch()
    lab = grader(course)
    assert lab.run([]) == LOST
    out = capsys.readouterr().out
    seed = re.search(r"lucky number \.+ FAIL   0/1   \(\d\.\d s, seed ([0-9a-f]{4})\)", out)[1]
    assert out.splitlines()[3:9] == [
        "     Checks: A random number.", "     wrong: no luck", "       expected  7", "       seen      8",
        '     Handout: "First things" (lab1.html#first-things)',
        f"     Again, by hand:  make grade TEST=lucky_number SEED={seed}      Files: build/grade/1.1-lucky_number-{seed}/"]
    assert out.endswith("Score: 9/10\n")
    folder = Path(f"build/grade/1.1-lucky_number-{seed}")
    assert (folder / "evidence").read_text() == "here" and "no luck" in (folder / "report.txt").read_text()
    # The same alone, with the seed of the report; and another one without it.
    again = grader(course)
    assert again.run(["lucky_number", "--seed", seed]) == LOST
    assert again.seen == [entry for entry in lab.seen if entry[0] == "lucky_number"]
    assert "Score: 0/1  (of the chosen tests)" in capsys.readouterr().out
    other = grader(course)
    other.run(["lucky_number", "--seed", f"{int(seed, 16) ^ 1:x}"])
    assert other.seen != again.seen and not folder.exists()         # only the newest failure is kept


def test_a_kernel_test_has_the_same_seeds_alone(course):
    lab, alone = grader(course), grader(course)
    lab.run(["--seed", "71f3"])
    alone.run(["--seed", "71f3", "first_a"])
    assert alone.seen == lab.seen[:1]


def test_another_tree_is_graded_by_a_command_with_its_name(course, capsys):
    other = helpers.course(course.parent / "other")
    Path("unlucky").touch()
    for argv in ([str(other)], ["--tree", str(other)]):
        assert grader(course).run(argv) == LOST
        assert f"Again, by hand:  grade/lab1 --tree {other} --seed" in capsys.readouterr().out


def test_a_service_tells_how_to_repeat_it_at_home(course, capsys):
    other = helpers.course(course.parent / "other")
    Path("unlucky").touch()
    assert grader(course).run(["--tree", str(other), "--remote", "--seed", "71f3", "--json", "r.json"]) == LOST
    out = capsys.readouterr().out
    output = next(test["output"] for test in json.loads(Path("r.json").read_text())["tests"] if test["score"] == 0)
    for text in (out, output):
        assert "Again, at home:  make grade TEST=lucky_number SEED=71f3\n" in text + "\n" and "Files" not in text
        assert "build/grade" not in text and str(course.parent) not in text


@pytest.mark.parametrize("words, chosen", [
    (["first_a"], "first_a"), (["1.2"], "second_thing"), (["1.1"], "first_a first_b lucky_number"), (["a20"], "second_thing"),
    (["lucky,second"], "lucky_number second_thing"), (["second_thing first_a"], "first_a second_thing"),
    ([".", "luck"], "lucky_number"),
    (["first"], "first_a first_b lucky_number"), ([""], "first_a first_b lucky_number second_thing"),
])
def test_selection(course, capsys, words, chosen):
    assert grader(course).run(words) == FULL
    names = re.findall(r"^1\.\d  (.*?) \.+ ok", capsys.readouterr().out, re.M)
    assert [name.replace(" ", "_") for name in names] == chosen.split()


def test_a_whole_name_means_only_that_test(course):
    lab = grader(course)
    lab.tests.append(lab.tests[0]._replace(name="first_a_again", points=0, function=lambda run: pytest.fail("was not asked for")))
    assert lab.run(["first_a"]) == FULL


@pytest.mark.parametrize("argv, message", [
    (["nothing"], "no test or exercise is called nothing"), (["--seed", "xyz"], "not a hexadecimal number"),
    (["/nowhere"], "/nowhere has no src/"), (["--tree", "labs"], "labs has no src/"),
    ([".", "../course"], "more than one folder"),
])
def test_a_wrong_command_line(course, capsys, argv, message):
    with pytest.raises(SystemExit) as caught:
        grader(course).run(argv)
    assert caught.value.code == NONE and message in capsys.readouterr().err


def test_list_verbose_keep(course, capsys):
    assert grader(course).run(["--list"]) == FULL
    assert "1.2    4  second_thing\n          What is asked for by a file happens." in capsys.readouterr().out
    assert grader(course).run(["-v", "--keep", "--seed", "1", "lucky"]) == FULL
    assert "Checks: A random number." in capsys.readouterr().out
    assert Path("build/grade/1.1-lucky_number-0001/evidence").exists()


def test_points_are_checked_before_anything_runs(course):
    lab = grader(course)
    lab.test(points=1, exercise="1.2")(lambda run: None)
    with pytest.raises(AssertionError, match=r"exercise 1\.2: the tests are worth 5 points"):
        lab.run([])


def test_called_from_a_folder_below(course, monkeypatch, capsys):
    monkeypatch.chdir(course / "labs")
    assert grader(course).run(["second"]) == FULL


# ---- no verdict is no zero

@pytest.mark.parametrize("name, message", [
    ("bug", "the grader itself failed: ZeroDivisionError"), ("machine", "the disk is full"),
])
def test_the_machines_fault_is_no_zero(course, capsys, name, message):
    Path(name).touch()
    for path in ("r.json", "c.json"):
        Path(path).write_text("an old result")
    assert grader(course).run(["--json", "r.json", "--classroom50", "c.json", "--junit", "j.xml"]) == NONE
    captured = capsys.readouterr()
    assert f"No verdict, because of this computer: {message}" in captured.err
    assert "????   -/4" in captured.out and "Score: none" in captured.out and "Score: 6" not in captured.out
    assert ("line" in captured.out and "ZeroDivisionError" in captured.out) == (name == "bug")      # the traceback
    kept = [path.read_text() for path in Path("build/grade").glob("1.2-second_thing-*/traceback.txt")]
    assert len(kept) == (name == "bug") and all('ZeroDivisionError("a bug")' in text for text in kept)
    assert not Path("r.json").exists() and not Path("c.json").exists()
    assert ElementTree.parse("j.xml").getroot()[0].attrib["errors"] == "1"


def test_qemu_is_missing(course, capsys, monkeypatch):
    monkeypatch.setenv("QEMU", "/absent/qemu")
    assert grader(course).run(["first"]) == NONE
    assert "cannot run /absent/qemu" in capsys.readouterr().err


# ---- kernel tests

def test_kernel_tests_share_a_boot_and_a_death_costs_only_its_own(course, capsys, monkeypatch, tmp_path):
    boots = []
    monkeypatch.setattr(ktests, "_boot", lambda *args, real=ktests._boot: boots.append(args[1]) or real(*args))
    assert grader(course).run([]) == FULL and boots == [["a", "b"]]
    helpers.fake_qemu(monkeypatch, tmp_path, "dies_in_b")
    capsys.readouterr()
    lab = grader(course)
    lab.tests.pop(0)
    lab.test(points=2, exercise="1.1", ktest="c", budget=0.3)(lambda run: run.expect("case", run.report("case"), [["1"]]))
    assert lab.run(["--seed", "0001"]) == LOST
    assert boots[1:] == [["b", "c"], ["c"]]
    out = capsys.readouterr().out
    assert "panic: the kernel panicked: b is too hard" in out and re.search(r"<lambda> \.+ ok ", out)
    assert 'Handout: "First things" (lab1.html#first-things); to find the cause: lab1.html#debugging' in out
    assert "The kernel found one of its own rules broken" in out
    folder = Path("build/grade/1.1-first_b-0001")
    assert b"begin b" in (folder / "serial.log").read_bytes() and "opt/myos/cmdline" in (folder / "repeat.sh").read_text()


def test_a_kernel_that_does_not_boot_is_explained_once(course, capsys, monkeypatch, tmp_path):
    helpers.fake_qemu(monkeypatch, tmp_path, "triple_fault")
    lab = grader(course)
    lab.tests.append(lab.tests[0]._replace(name="first_c", ktest="c", points=0))
    assert lab.run([]) == LOST
    out = capsys.readouterr().out
    assert out.count("the processor gave up") == 1 and out.count("triple fault: the same as for first_a, above") == 2
    report = next(Path("build/grade").glob("1.1-first_b-*/report.txt")).read_text()
    assert "the processor gave up" in report
    assert "An exception happened whose handler could not be reached" in out
    assert out.endswith("Score: 5/10\n")


def test_boots_are_grouped_by_how_they_boot(course, monkeypatch):
    boots = []
    monkeypatch.setattr(ktests, "_boot", lambda *args, real=ktests._boot: boots.append(args[1]) or real(*args))
    lab = grader(course)
    lab.tests[1] = lab.tests[1]._replace(boot="image")
    lab.tests.append(lab.tests[1]._replace(name="small", ktest="c", memory="4M", points=0, function=lambda run: None))
    lab.tests.append(lab.tests[0]._replace(name="again", points=0, function=lambda run: None))      # shares its ktest
    assert lab.run([]) == FULL and boots == [["a"], ["b"], ["c"]]


# ---- building

def test_a_broken_target_costs_only_the_tests_that_need_it(course, capsys):
    log = "cc src/first.c\nsrc/first.c:3:1: error: expected ';'\n    3 | }\nmake: *** [x] Error 1\n"
    helpers.Builder.broken = dict.fromkeys(["kernel.elf", "tool"], BuildError("The build failed: src/first.c:3:1", log))
    assert grader(course).run([]) == LOST
    out = capsys.readouterr().out
    assert out.count("error: expected ';'") == 1 and "src/ does not build: The build failed: src/first.c:3:1" in out
    assert "src/ does not build: the same as for first_a, above" in out and "Again" not in out
    assert out.endswith("Score: 4/10\n")
    assert not list(Path("build/grade").glob("1.1-*"))


def test_a_build_that_the_machine_fails_is_no_zero(course, capsys):
    helpers.Builder.broken = {"kernel.elf": NoVerdict("make is not installed")}
    assert grader(course).run([]) == NONE
    assert "make is not installed" in capsys.readouterr().err
    helpers.Builder.broken = {"kernel.elf": BuildError("x", ""), "tool": NoVerdict("the disk is full")}
    assert grader(course).run([]) == NONE


# ---- earlier labs

def test_an_earlier_lab_that_is_not_done(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(clock, "STALL", 20)
    course = helpers.course(tmp_path / "course", labs=2)
    monkeypatch.chdir(course)
    helpers.fake_qemu(monkeypatch, tmp_path, "never_begins")
    (course / "src/first.c").write_text("// Exercise 1.1: print\n// Your code here.\n")
    assert grader(course, 2).run(["--json", "r.json"]) == LOST
    assert capsys.readouterr().out == "lab 1 is not done here: merge your work or run `make catch-up`\nScore: 0/10\n"
    assert json.loads(Path("r.json").read_text())["score"] == 0
    # A kernel that starts is graded, even if something of lab 1 is missing ...
    helpers.fake_qemu(monkeypatch, tmp_path, "good")
    assert grader(course, 2).run([]) == FULL
    # ... one that panics in each test as well ...
    helpers.fake_qemu(monkeypatch, tmp_path, "dies_in_b")
    assert grader(course, 2).run(["first_b"]) == LOST
    assert "not done here" not in capsys.readouterr().out
    # ... and without a gap in lab 1, the kernel of lab 2 is to blame.
    helpers.fake_qemu(monkeypatch, tmp_path, "never_begins")
    (course / "src/first.c").write_text("int done;\n")
    assert grader(course, 2).run([]) == LOST
    assert "not done here" not in capsys.readouterr().out


def test_an_earlier_lab_that_is_not_done_where_tests_boot_by_themselves(monkeypatch, tmp_path, capsys):
    """A kernel test that the grader names shows if the kernel starts; what needs no kernel is graded in any case."""
    monkeypatch.setattr(clock, "STALL", 20)
    course = helpers.course(tmp_path / "course", labs=2)
    monkeypatch.chdir(course)
    (course / "src/first.c").write_text("// Exercise 1.1: print\n// Your code here.\n")
    lab = Lab(2, course, helpers.Builder, probe="a")

    @lab.test(points=6, exercise="2.1")
    def in_a_machine(run):
        """Nothing."""

    @lab.test(points=4, exercise="2.2", targets=())
    def on_the_host(run):
        """Nothing."""

    helpers.fake_qemu(monkeypatch, tmp_path, "never_begins")
    assert lab.run([]) == LOST
    assert capsys.readouterr().out == "lab 1 is not done here: merge your work or run `make catch-up`\nScore: 0/10\n"
    assert lab.run(["on_the_host"]) == FULL
    helpers.fake_qemu(monkeypatch, tmp_path, "good")
    assert lab.run([]) == FULL


# ---- as a program

def script(course):
    path = course / "grader"
    path.write_text(f"""
import sys
sys.path[:0] = [{str(helpers.HERE.parent)!r}]
from pathlib import Path
from test_gradelib_lab import grader
grader(Path({str(course)!r})).main()
""")
    return path


def test_a_grader_is_a_program(course):
    """Its exit status, its streams, no colours in a pipe; colours on a terminal unless NO_COLOR is set."""
    done = subprocess.run([sys.executable, script(course), "second"], stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode == FULL and "\033" not in done.stdout
    (course / "mismatch").touch()
    assert subprocess.run([sys.executable, script(course), "second"], stdout=subprocess.DEVNULL, check=False).returncode == LOST
    for environment, argv, coloured in (({}, [], True), ({"NO_COLOR": "1"}, [], False), ({}, ["--no-color"], False)):
        master, slave = os.openpty()
        variables = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        subprocess.run([sys.executable, script(course), "second", *argv], stdout=slave, env={**variables, **environment},
                       check=False)
        os.close(slave)
        assert (b"\033[31mFAIL\033[0m" in os.read(master, 1 << 16)) == coloured
        os.close(master)


@pytest.mark.parametrize("file, text, argv", [
    ("labs/lab01-some/lab.toml", "number = ", []), ("labs/lab01-some/lab.toml", "number = 1\nexercise = []", []),
    ("blocked", "", ["--work", "blocked/work"]),
])
def test_a_grader_that_breaks_gives_no_verdict(course, file, text, argv):
    """Neither a mistake in the course nor a folder that cannot be made looks like lost marks."""
    (course / file).write_text(text)
    done = subprocess.run([sys.executable, script(course), *argv], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    assert done.returncode == NONE and b"Traceback" in done.stderr


def test_a_computer_that_hangs_is_not_asked_again(course, capsys, monkeypatch):
    monkeypatch.setattr(clock, "STALL", -1)
    (course / "machine").touch()
    lab = grader(course)
    lab.tests.insert(0, lab.tests.pop())
    assert lab.run([]) == NONE
    captured = capsys.readouterr()
    assert "remaining tests are left out" in captured.err and "first a" not in captured.out


def test_nothing_is_built_if_nothing_is_needed(course, monkeypatch):
    monkeypatch.setattr(helpers.Builder, "make", lambda self, *targets: pytest.fail("built something") if not targets else None)
    assert grader(course).run(["second"]) == FULL
