"""
The graders' tests are tested: mutants of each lab's solution (scripts/mutants, solutions/labNN-*/mutants.toml).

make test tries one mutant of each exercise, make test-all (MYOS_TEST_ALL=1) every one. And does scripts/mutants notice what
it is there to notice?
"""

import importlib.machinery
import importlib.util
import os
import subprocess
from collections import Counter, namedtuple
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[1]
LABS = sorted(int(path.parent.name[3:5]) for path in TOP.glob("solutions/lab*/mutants.toml"))
SAMPLE_SEED = "1"               # chooses the sample of make test


def script():
    loader = importlib.machinery.SourceFileLoader("mutants", str(TOP / "scripts/mutants"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


mutants = script()


@pytest.fixture(scope="module")
def project():
    return mutants.Project(TOP)


# ---- the mutants themselves

@pytest.mark.parametrize("lab", LABS)
def test_every_mutant_is_well_described(project, lab):
    _, wrong = mutants.load(project, lab, mutants.grader(TOP, lab))
    assert wrong == []


@pytest.mark.parametrize("lab", LABS)
def test_every_exercise_has_enough_mutants(project, lab):
    """Three at least, one of which does not show in a boot that goes well."""
    found, _ = mutants.load(project, lab, mutants.grader(TOP, lab))
    number = Counter(mutant.exercise for mutant in found)
    assert {name: number[name] for name in project.labs[lab - 1].exercises if number[name] < 3} == {}
    assert set(project.labs[lab - 1].exercises) == {mutant.exercise for mutant in found if mutant.boots}


@pytest.mark.parametrize("lab", LABS)
def test_every_mutant_is_found(lab):
    """make test: one of each exercise; with MYOS_TEST_ALL=1 all, and then no test may be one that no mutant fails."""
    words = ["--table"] if os.environ.get("MYOS_TEST_ALL") == "1" else ["--sample", "1", "--seed", SAMPLE_SEED]
    done = subprocess.run([TOP / "scripts/mutants", str(lab), "--work", TOP / "build/test/mutants", *words],
                          capture_output=True, text=True, check=False)
    print(done.stdout, done.stderr)
    assert done.returncode == 0, (done.stdout + done.stderr)[-5000:]


# ---- what scripts/mutants notices

FakeTest = namedtuple("FakeTest", "name exercise targets points", defaults=[(), 1])
FakeLab = namedtuple("FakeLab", "exercises")
TESTS = [FakeTest("first", "1.1"), FakeTest("second", "1.1"), FakeTest("other", "1.2")]
TREE = {"src/a.c": ("100644", b"one two two\n"), "src/b.c": ("100644", b"three\n"), "src/c.c": ("100644", b"four\n")}
LAB = FakeLab({"1.1": {"file": "src/a.c"}, "1.2": {"files": ["src/b.c", "src/c.c"]}})
GOOD = {"exercise": "1.1", "name": "x", "find": "one", "replace": "1", "fails": ["first"]}


def problems(**changes):
    entry = {key: value for key, value in {**GOOD, **changes}.items() if value is not None}
    return " ".join(mutants.read(entry, LAB, TREE, {test.name: test for test in TESTS})[1])


def test_a_good_description():
    assert problems() == ""
    assert problems(boots=True, find=["one", "\n"], replace=["1", "!\n"]) == ""
    assert problems(exercise="1.2", file="src/c.c", find="four", fails=["other"]) == ""


@pytest.mark.parametrize("changes, message", [
    (dict(find="two"), "has this 2 times, not once"), (dict(find="six"), "has this 0 times, not once"),
    (dict(replace="one"), "changes nothing"), (dict(fails=["third"]), "there is no test third"),
    (dict(fails=["other"]), "no test of its own exercise"), (dict(fails=None), "needs fails"),
    (dict(exercise="1.7"), "no such exercise"), (dict(file="src/a.c"), "leave out `file`"),
    (dict(exercise="1.2", fails=["other"]), "file must be src/b.c or src/c.c"), (dict(finds="one"), "unknown: finds"),
    (dict(find=["one"], replace=["1", "2"]), "different lengths"),
])
def test_a_bad_description(changes, message):
    assert message in problems(**changes)


def judged(lost, fails=("first",), before=()):
    result = mutants.Result(None, lost=list(lost), problems=list(before))
    mutants.judge(mutants.Mutant("1.1", "x", "src/a.c", [], list(fails), False), result, TESTS)
    return result.problems


def test_judging_a_mutant():
    assert judged(["first"]) == judged(["first", "other"]) == []
    assert judged([]) == ["loses no point on its exercise", "first passes"]
    assert judged(["other"], fails=["other"]) == ["loses no point on its exercise"]
    assert judged(["first"], fails=["first", "second"]) == ["second passes"]
    assert judged([], before=["no verdict: x"]) == ["no verdict: x"]


class FakeWorker:
    def __init__(self, lost):
        self.lost = lost

    def grade(self, what, exercise, tree, boots=False):
        return mutants.Result(what, lost=self.lost(tree))


class FakeProject:
    labs = [LAB]

    def tree(self, n, s, stub=None):
        return {**TREE, "src/a.c": ("100644", stub.encode())} if stub else TREE


def run_all(lost, table=False):
    every = [mutants.Mutant("1.1", find, "src/a.c", [(find, find.upper())], ["first"], False) for find in ("one", "two two")]
    Args = namedtuple("Args", "lab table complete")
    return mutants.try_mutants(Args(1, table, len(every)), [FakeWorker(lost)], every, TESTS, FakeProject())


def test_a_test_that_no_mutant_fails(capsys):
    assert run_all(lambda tree: ["first", "other"]) == 1
    assert "no mutant fails the test second" in capsys.readouterr().out
    assert run_all(lambda tree: ["first", "second", "other"]) == 0


def test_one_mutant_that_passes(capsys):
    assert run_all(lambda tree: ["first", "second", "other"] if b"ONE" in tree["src/a.c"][1] else []) == 1
    assert "loses no point on its exercise" in capsys.readouterr().out


def test_the_table(capsys):
    run_all(lambda tree: ["first"] if b"ONE" in tree["src/a.c"][1] else ["first", "other"], table=True)
    lines = capsys.readouterr().out.splitlines()
    assert "x    1.1 one" in lines and "x x  1.1 two two" in lines


def test_a_sample_has_some_of_each_exercise():
    every = [mutants.Mutant(exercise, str(i), "", [], [], False) for exercise in ("1.1", "1.2") for i in range(5)]
    Args = namedtuple("Args", "exercise name sample seed")
    one = mutants.choose(every, Args(None, "", 2, 7))
    assert Counter(mutant.exercise for mutant in one) == {"1.1": 2, "1.2": 2}
    assert one == mutants.choose(every, Args(None, "", 2, 7)) != mutants.choose(every, Args(None, "", 2, 8))
    assert mutants.choose(every, Args("1.2", "4", None, 7)) == [every[9]]
