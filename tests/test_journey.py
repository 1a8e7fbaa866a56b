"""
The journey of a student through all labs: on a course of three small labs, and on the real one.

The walk itself is in journey.py. Here also: does it notice what it is there to notice?
"""

import re
import subprocess

import pytest

import fakecourse
import journey
from fakecourse import ROOT
from journey import slicer


@pytest.fixture
def walk(tmp_path):
    """Publishes the fake course with changes and walks through it; returns the student's folder."""
    def run(changes=None, **how):
        (tmp_path / "project").mkdir()
        root = fakecourse.make(tmp_path / "project", changes)
        journey.publish(root, tmp_path / "out")
        how.pop("before", lambda out: None)(tmp_path / "out")
        journey.walk(root, tmp_path / "out", tmp_path / "student", **how)
        return tmp_path / "student"
    return run


def test_plain(walk):
    graded = []
    folder = walk(grade=lambda folder, lab: graded.append((lab, journey.git(folder, "log", "-1", "--format=%s"))))
    assert graded == [(lab, f"Solve lab {last}") for last in (1, 2, 3) for lab in range(1, last + 1)]
    assert journey.git(folder, "status", "--porcelain") == ""


def test_messy(walk):
    folder = walk(messy=True)
    text = (folder / "src/kernel/print.c").read_text()
    assert "int messy_1_1(" in text and '#include "string.h"  /* messy_1_1 */' in text and "/*   Print a number" in text
    assert "%define messy_1_0 1" in (folder / "src/boot/boot.asm").read_text()


# A file as busy as the slicer allows: lab lines three lines away from exercises, of different labs three lines apart.
BUSY = '''/* Busy. */
#include "print.h"

static int table[] = {
    1,
    2,      // lab 2
    3,
};

static void f(void)
{
    // exercise 1.1 begin: f
    one();
    // exercise 1.1 stub
    // exercise 1.1 end
    a();
    b();
    // exercise 2.2 begin: g
    two();
    // exercise 2.2 stub
    // zero();
    // exercise 2.2 end
    c();
    d();
    e();    // lab 3
    // until lab 3 begin
    // early();
    // until lab 3 end
    x();
    y();
    // exercise 1.1 begin: h
    three();
    // exercise 1.1 stub
    // exercise 1.1 end
}
'''


@pytest.mark.parametrize("messy", [False, True])
def test_file_as_busy_as_allowed(walk, messy):
    files = fakecourse.FILES
    changes = {"src/kernel/busy.c": BUSY}
    for toml in ("labs/lab01-hello/lab.toml", "labs/lab02-trap/lab.toml"):
        changes[toml] = files[toml].replace('file = "src/kernel/print.c"', 'files = ["src/kernel/print.c", "src/kernel/busy.c"]')
    walk(changes, messy=messy)


# ---- what the walk must notice

def test_notices_a_conflict(walk):
    """An include of a later lab, in a file with an exercise, right where students add theirs."""
    with pytest.raises(AssertionError, match="(?s)merging lab 2:.*print.c"):
        walk({"src/kernel/print.c": ('#include "string.h"\n',
                                     '#include "string.h"\n#include "trap.h"    // lab 2\n')}, messy=True)


def test_notices_a_grade_that_is_not_full(walk):
    def grade(folder, lab):
        assert lab != 2, f"lab {lab}: 90/100"
    with pytest.raises(AssertionError, match="lab 2: 90/100"):
        walk(grade=grade)


def retag(tag, commit):
    return lambda out: journey.git(out / "staff.git", "tag", "--force", tag, commit)


@pytest.mark.parametrize("tag", ["lab1-start", "lab1-solution", "lab2-start", "lab3-solution", "final"])
def test_notices_a_tree_that_is_not_as_published(walk, tag):
    with pytest.raises(AssertionError, match=f"{tag} is not the student's tree"):
        walk(before=retag(tag, "lab2-solution"))


def test_notices_what_a_merge_lost(walk, monkeypatch):
    """For the messy student, whose tree is not the published one: is the comparison without the mess a real one?"""
    def lose(project, folder, lab, messy, solve=journey.solve):
        solve(project, folder, lab, messy)
        file = folder / "src/kernel/main.c"
        file.write_text(file.read_text().replace("    trap_init();\n", ""))
    monkeypatch.setattr(journey, "solve", lose)
    with pytest.raises(AssertionError, match="lab2-solution: src/kernel/main.c is not what it must be"):
        walk(messy=True)


# ---- the real course

@pytest.fixture(scope="module")
def published(tmp_path_factory):
    out = tmp_path_factory.mktemp("course")
    journey.publish(ROOT, out)
    return out


def grade(folder, lab):
    """The lab's own grader, in the student's tree: full marks."""
    result = subprocess.run([folder / f"grade/lab{lab}"], cwd=folder, capture_output=True, text=True)
    score = re.search(r"^Score: (\d+)/(\d+)$", result.stdout, re.MULTILINE)
    assert score and score[1] == score[2] == "100", f"grade/lab{lab}:\n{result.stdout[-5000:]}\n{result.stderr[-2000:]}"


def test_real_course_plain(published, tmp_path):
    """No mess, no marks, but to the byte: what the student has is what was published, after each lab."""
    journey.walk(ROOT, published, tmp_path / "student")


def test_real_course_messy_and_graded_at_the_end(published, tmp_path):
    """All labs' graders, the earlier ones' as well, on the newest lab's tree, with the mess in it."""
    labs = len(slicer.Project(ROOT).labs)

    def at_the_end(folder, lab):
        if len(list(folder.glob("labs/lab[0-9][0-9]-*"))) == labs:
            grade(folder, lab)
            graded.append(lab)
    graded = []
    journey.walk(ROOT, published, tmp_path / "student", messy=True, grade=at_the_end)
    assert graded == list(range(1, labs + 1))


@pytest.mark.slow
def test_real_course_plain_and_graded_after_each_lab(published, tmp_path):
    journey.walk(ROOT, published, tmp_path / "student", grade=grade)
