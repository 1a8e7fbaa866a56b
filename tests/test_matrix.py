"""
Each exercise earns its marks alone: not doing one costs its own points, and those of tests that truly need it, as lab.toml
says (`needs`). The starter scores what lab.toml says, the solution everything.

The matrix itself is slow (make test-all); scripts/mutants --stubs prints it.
"""

import re
import subprocess

import pytest

import grading
from test_mutants import LABS, TOP, FakeLab, FakeTest, mutants


@pytest.mark.parametrize("lab", LABS)
def test_the_starter_and_the_solution(lab):
    with grading.grader(lab) as grader:
        expected = mutants.tomllib.loads((TOP / grader.project.labs[lab - 1].toml).read_text())["start_points"]
        graded = grader.grade(grader.files(solved=False), "--remote")
        assert graded.total == expected and str(grader.folder) not in graded.output, graded.output
        graded = grader.grade(grader.files())
        assert graded.total == 100, graded.output


@pytest.mark.parametrize("lab", [lab for lab in LABS if lab > 1])
def test_the_branch_as_it_is_handed_out(lab):
    """Without the labs before: one line that says so, at once."""
    with grading.grader(lab) as grader:
        tree = grader.project.tree(lab, 0)
        graded = grader.grade({path: data for path, (_, data) in tree.items() if path.startswith("src/")})
        assert graded.total == 0, graded.output
        assert graded.output == "lab 1 is not done here: merge your work or run `make catch-up`\nScore: 0/100\n"


def test_a_boot_sector_that_is_too_long():
    """It costs what boots from the disk, and the report says what is wrong in the image maker's words."""
    with grading.grader() as grader:
        files = grader.files()
        files["src/boot/mbr.asm"] += b"padding: times 100 db 0\n"
        graded = grader.grade(files, "error_on_screen", "reads_by_packets")
    assert graded.scores == {"error_on_screen": 0, "reads_by_packets": 4}, graded.output
    lines = [line.strip() for line in graded.reports["error_on_screen"].splitlines()]
    assert re.fullmatch(r"mkimage: the boot sector's code has 5\d\d bytes, but only 446 fit; what is in mbr\.asm, print\.asm "
                        r"and disk\.asm must be shorter \(build/mbr\.bin\)", lines[2]), graded.output
    assert lines[1] == f"src/ does not build: The build failed: {lines[2]}"


@pytest.mark.slow
@pytest.mark.parametrize("lab", LABS)
def test_each_exercise_counts_alone(lab):
    done = subprocess.run([TOP / "scripts/mutants", str(lab), "--stubs", "--work", TOP / "build/test/matrix"],
                          capture_output=True, text=True, check=False)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr


# ---- does it notice what it is there to notice?

TESTS = [FakeTest("one", "1.1"), FakeTest("two", "1.2"), FakeTest("both", "1.2"), FakeTest("three", "1.3")]


def wrong(lost, needs, problems=()):
    lab = FakeLab({name: {"needs": needs.get(name, [])} for name in ("1.1", "1.2", "1.3")})
    results = {stub: mutants.Result(stub, lost=names, problems=list(problems)) for stub, names in lost.items()}
    return mutants.stub_problems(results, lab, TESTS)


def test_needs_that_are_true():
    assert wrong({"1.1": ["one", "both"], "1.2": ["two", "both"], "1.3": ["three"]}, {"1.2": ["1.1"]}) == []


@pytest.mark.parametrize("lost, needs, message", [
    (["one", "both"], {}, "both fails, but 1.2 does not say that it needs 1.1"),
    (["one"], {"1.2": ["1.1"]}, "1.2 says that it needs 1.1, but loses nothing without it"),
    (["both"], {"1.2": ["1.1"]}, "its own test one passes"),
])
def test_needs_that_are_not(lost, needs, message):
    assert message in " ".join(wrong({"1.1": lost}, needs))


def test_a_stub_without_a_verdict():
    assert "1.1 not done: does not build" in wrong({"1.1": ["one"]}, {}, ["does not build"])
