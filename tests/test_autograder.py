"""
The packed autograder: what is in the zip, and that it grades, unpacked in a clean folder, as Gradescope and Classroom 50
would run it. On a stand-in course, and once on the real one.
"""

import json
import os
import re
import stat
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest

from standin import ROOT, make_course, submit, submit_archive

FULL, FIRST = "# points 1 1", "# points 1 0"
ABOUT = {"CLASSROOM": "systems", "ASSIGNMENT": "lab1", "SUBMISSION_TAG": "submit/2026-01-02T03-04-05Z-abcdef0",
         "COMMIT_URL": "https://host/c", "RELEASE_URL": "https://host/r", "REVIEW_URL": "https://host/v"}


@pytest.fixture
def place():
    with tempfile.TemporaryDirectory(prefix="myos-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def pack(course, out):
    subprocess.run([sys.executable, course / "scripts/autograder", "1", "--out", out], check=True, stdout=subprocess.PIPE)
    return out / "autograder-lab1.zip"


def unpack(archive, folder):
    """As a service does it: with the permissions."""
    with zipfile.ZipFile(archive) as packed:
        for info in packed.infolist():
            Path(packed.extract(info, folder)).chmod(info.external_attr >> 16 & 0o777)


@pytest.fixture
def service(place):
    """Gradescope's folders, with the stand-in's autograder in place."""
    for name in ("source", "submission", "results"):
        (place / name).mkdir()
    unpack(pack(make_course(place / "elsewhere"), place / "zip"), place / "source")
    return place


def run_gradescope(service):
    done = subprocess.run([service / "source/run_autograder"], cwd=service, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, env={**os.environ, "AUTOGRADER_ROOT": str(service)})
    results = service / "results/results.json"
    return done.returncode, json.loads(results.read_text()) if results.exists() else None, done.stdout


def run_classroom50(service, checkout):
    done = subprocess.run([sys.executable, service / "source/autograder.py"], cwd=checkout, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, env={**os.environ, **ABOUT})
    result = checkout / "result.json"
    return done.returncode, json.loads(result.read_text()) if result.exists() else None, done.stdout


# ---- the zip

@pytest.mark.parametrize("real", [True, False])
def test_zip_holds_what_is_needed_and_no_solution(place, real):
    course = ROOT if real else make_course(place / "course")
    with zipfile.ZipFile(pack(course, place)) as packed:
        modes = {info.filename: info.external_attr >> 16 for info in packed.infolist()}
        assert {name for name in modes if "/" not in name} == {"setup.sh", "run_autograder", "autograder.py"}
        assert all(stat.S_ISREG(mode) for mode in modes.values())
        assert modes["setup.sh"] & 0o111 and modes["run_autograder"] & 0o111
        assert "course/grade/lab1" in modes and "course/scripts/build.mk" in modes and "course/labs/ktest/ktest.h" in modes
        tops = {name.split("/")[1] for name in modes if name.startswith("course/")}
        assert tops == {"LICENSE", "grade", "labs", "scripts"}
        assert not [name for name in modes if "mutants" in name or "__pycache__" in name]
        if not real:
            assert not [name for name in modes if b"the solution" in packed.read(name)]


def test_zip_is_the_same_every_time(place):
    course = make_course(place / "course")
    assert pack(course, place / "1").read_bytes() == pack(course, place / "2").read_bytes()


def test_unknown_lab_is_told(place):
    done = subprocess.run([sys.executable, make_course(place / "course") / "scripts/autograder", "7"], stderr=subprocess.PIPE,
                          text=True)
    assert done.returncode == 1 and "no grader for lab 7" in done.stderr


def test_setup_installs_what_grading_needs(service):
    """With a setup that only notes how it was called."""
    (service / "source/course/scripts/setup").write_text('echo setup "$@"\nexit 7\n')
    done = subprocess.run([service / "source/setup.sh"], cwd="/", stdout=subprocess.PIPE, text=True)
    assert (done.returncode, done.stdout) == (7, "setup --grade\n")


# ---- Gradescope

@pytest.mark.parametrize("depth", ["submission", "submission/lab1", "submission/Ann Lee/lab1"])
def test_gradescope_finds_src_at_any_depth(service, depth):
    submit(service / depth, FIRST)
    status, results, _ = run_gradescope(service)
    assert status == 0
    assert (results["score"], [test["score"] for test in results["tests"]]) == (60, [60, 0])


def test_gradescope_takes_what_make_handin_makes(service):
    submit_archive(service / "submission/handin-lab1-ann.tar.gz", FULL)
    assert run_gradescope(service)[1]["score"] == 100


def test_gradescope_without_src_scores_nothing_and_says_why(service):
    (service / "submission/main.c").touch()
    status, results, _ = run_gradescope(service)
    assert status == 0 and results["score"] == 0
    assert "There is no src folder" in results["output"]


def test_gradescope_trouble_of_the_machine_leaves_no_result(service):
    submit(service / "submission", FULL + "\n# machine")
    (service / "source/course/machine").touch()
    (service / "results/results.json").write_text('{"score": 100}')
    status, results, printed = run_gradescope(service)
    assert status == 1 and results is None
    assert "QEMU was killed" in printed and printed.count("Score: none") == 2, "it is tried twice"


def test_a_report_names_no_file_of_the_server(service):
    submit(service / "submission", FIRST)
    _, results, printed = run_gradescope(service)
    output = results["tests"][1]["output"]
    assert re.search(r"make grade TEST=second SEED=[0-9a-f]{4}$", output, re.MULTILINE)
    for text in (json.dumps(results), printed):
        assert "TEST=second" in text and "/myos-" not in text and str(service) not in text


# ---- Classroom 50

def test_classroom50_result(service):
    checkout = submit(service / "checkout", FIRST)
    (service / "secret").write_text("untouched")
    (checkout / "result.json").symlink_to(service / "secret")
    status, result, _ = run_classroom50(service, checkout)
    assert status == 0, "a failed test is no failed run"
    assert result["schema"] == "classroom50/result/v1"
    assert {key: result[key] for key in ("classroom", "assignment", "submission", "commit", "release", "review")} == {
        "classroom": "systems", "assignment": "lab1", "submission": ABOUT["SUBMISSION_TAG"], "commit": "https://host/c",
        "release": "https://host/r", "review": "https://host/v"}
    assert (result["score"], result["max-score"]) == (60, 100)
    for test in result["tests"]:
        assert type(test["score"]) is int and type(test["max-score"]) is int and type(test["passed"]) is bool
    assert sum(test["score"] for test in result["tests"]) == 60
    body = (checkout / "release-body.md").read_text()
    assert body.startswith("### Lab 1: 60/100\n\n    ")
    assert (service / "secret").read_text() == "untouched"


def test_classroom50_trouble_of_the_machine_is_a_failed_run(service):
    checkout = submit(service / "checkout", FULL + "\n# machine")
    (checkout / "result.json").write_text('{"score": 100}')
    (service / "source/course/machine").touch()
    status, result, _ = run_classroom50(service, checkout)
    assert status == 1 and result is None


def test_classroom50_knows_the_lab_by_the_assignment(service):
    course = service / "source/course"
    (course / "grade/lab2").write_text("raise SystemExit('this is lab 2')")
    checkout = submit(service / "checkout", FULL)
    assert run_classroom50(service, checkout)[1]["score"] == 100
    done = subprocess.run([sys.executable, service / "source/autograder.py"], cwd=checkout, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, env={**os.environ, **ABOUT, "ASSIGNMENT": "final"})
    assert "this is lab 2" in done.stdout


# ---- the real course

def test_real_solution_gets_full_marks_from_the_zip(place):
    for name in ("source", "submission/ann", "results"):
        (place / name).mkdir(parents=True)
    unpack(pack(ROOT, place / "zip"), place / "source")
    subprocess.run(["cp", "-r", ROOT / "src", place / "submission/ann"], check=True)
    status, results, printed = run_gradescope(place)
    assert status == 0, printed
    assert results["score"] == sum(test["max_score"] for test in results["tests"]) == 100, printed
