"""
grade/batch on a stand-in course: its table and page, submissions that do harm, trouble of the machine, going on later.
"""

import csv
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

import grading
from standin import make_course, running, submit, submit_archive
from test_mutants import mutants

FULL, FIRST, NOTHING = "# points 1 1", "# points 1 0", "# points 0 0"
BOMB = "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do (for j in 1 2 3 4 5 6 7 8 9 10; do sleep 54331 & done; wait) & done; wait"


@pytest.fixture
def place():
    """A folder with a course and an empty folder `in` for submissions, open to the sandbox's user."""
    with tempfile.TemporaryDirectory(prefix="myos-") as name:
        Path(name).chmod(0o755)
        make_course(Path(name, "course"))
        Path(name, "in").mkdir()
        yield Path(name)


def command(place, *words):
    return [sys.executable, place / "course/grade/batch", "1", "--out", place / "out", *words]


def batch(place, *words):
    """Run it; its exit status and what it printed."""
    done = subprocess.run(command(place, *words), cwd=place, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def table(place):
    """results.csv without the seconds: {submission: [score, 1.1, 1.2, verdict]}, in the order of the file."""
    with open(place / "out/results.csv", newline="") as file:
        head, *rows = csv.reader(file)
    assert head == ["submission", "score", "1.1", "1.2", "verdict", "seconds"]
    assert all(float(row[-1]) >= 0 for row in rows)
    return {row[0]: row[1:-1] for row in rows}


def test_every_kind_of_submission_is_graded(place):
    submit(place / "in/ann2", FIRST)
    submit(place / "in/ann10", FULL)
    submit(place / "in/deeper/lab1", FULL)
    submit_archive(place / "in/bob.tar.gz", FULL)
    submit_archive(place / "in/carl.tgz", FIRST, top="lab 1/")
    (place / "in/dora").mkdir()
    submit_archive(place / "in/dora/handin-lab1-dora.tar.gz", NOTHING)
    (place / "in/empty").mkdir()
    submit(place / "in/evil", FULL)
    (place / "in/evil/src/link").symlink_to("/etc/passwd")
    submit(place / "in/fails", "exit 1")
    (place / "in/metadata.yml").write_text("no submission")
    status, printed = batch(place, place / "in", "--jobs", "2", "--seed", "12ab")
    assert status == 0, printed
    assert table(place) == {
        "ann2": ["60", "60", "0", "graded"], "ann10": ["100", "60", "40", "graded"],
        "bob": ["100", "60", "40", "graded"], "carl": ["60", "60", "0", "graded"],
        "deeper": ["100", "60", "40", "graded"], "dora": ["0", "0", "0", "graded"],
        "empty": ["0", "0", "0", "refused"], "evil": ["0", "0", "0", "does not build"],
        "fails": ["0", "0", "0", "does not build"],
    }
    assert list(table(place)) == ["ann2", "ann10", "bob", "carl", "deeper", "dora", "empty", "evil", "fails"]
    assert "seed 12ab" in (place / "out/graded/fails/log.txt").read_text()
    assert "symbolic link" in (place / "out/graded/evil/log.txt").read_text()
    assert not (place / "in/ann2/build").exists()               # the submissions stay as they were
    assert re.search(r"1 of 9 done, about \d+ s left", printed) and "9 of 9 done" in printed
    assert "9 of 9 graded, mean 46.7, median 60." in printed

    page = (place / "out/results.html").read_text()
    assert page.count("<tr>") == 10 and 'href="graded/ann2/log.txt"' in page
    assert "//" not in re.sub(r"<!--.*?-->", "", page), "the page must need nothing from elsewhere"


def test_harmful_submissions_cost_only_their_own_marks(place):
    submit(place / "in/bomb", BOMB)
    submit(place / "in/fill", "while :; do i=x$i; fallocate -l 200M $i; done")
    for i in range(3):
        submit(place / f"in/good{i}", FULL)
    status, printed = batch(place, place / "in", "--jobs", "2")
    assert status == 0, printed
    assert {name: row[0] for name, row in table(place).items()} == {"bomb": "0", "fill": "0", "good0": "100", "good1": "100",
                                                                    "good2": "100"}
    assert "processes at once" in (place / "out/graded/bomb/log.txt").read_text()
    # The build's own limit or the one around the whole grader, whichever looks first.
    assert table(place)["fill"][-1] == "filled the disk" or "wrote more than" in (place / "out/graded/fill/log.txt").read_text()
    assert running("sleep 54331") == []
    assert list((place / "out").rglob("kernel.elf")) == [], "what was built is cleared away"


@pytest.mark.slow
def test_twenty_submissions_of_the_real_lab_1():
    """Mutants, and among them a loader and a kernel that hang, and a fork bomb in its makefile and in its code."""
    with grading.grader() as grader:
        solution, folder = grader.files(), grader.folder / "in"
        every, _ = mutants.load(grader.project, 1, mutants.grader(grader.course, 1))
        chosen = every[::len(every) // 17][:17]

        def submission(name, path, change):
            text = solution[path].decode()
            assert change(text) != text
            files = {**solution, path: change(text).encode()}
            grading.write({file: ("100644", data) for file, data in files.items()}, folder / name)

        for number, mutant in enumerate(chosen):
            submission(f"mutant{number:02}", mutant.file, mutant.apply)
        submission("hangs", "src/boot/mbr.asm", lambda text: text.replace("CHECKPOINT 'A'\n", "CHECKPOINT 'A'\n    jmp $\n"))
        submission("hangs-late", "src/kernel/main.c", lambda text: text.replace("    cmdline_init();\n", "    for (;;);\n"))
        # Weak, since the loader, which has the same code in it, has no fork().
        place = "    uint32_t start = elf_physical"
        forks = "    extern int fork(void) __attribute__((weak));\n    while (fork)\n        fork();\n" + place
        submission("forks", "src/boot/elf.c", lambda text: text.replace(place, forks))
        (folder / "forks/GNUmakefile").write_text(f"$(shell {BOMB})\n")

        done = subprocess.run([grader.course / "grade/batch", "1", "--out", grader.folder / "out", "--jobs", "2", folder],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        print(done.stdout)
        assert done.returncode == 0
        with open(grader.folder / "out/results.csv", newline="") as file:
            rows = {row["submission"]: row for row in csv.DictReader(file)}
        points = {name: exercise["points"] for name, exercise in grader.project.labs[0].exercises.items()}
        assert len(rows) == 20 and "20 of 20 done" in done.stdout and re.search(r"about \d+ s left", done.stdout)
        assert running("sleep 54331") == []
        for number, mutant in enumerate(chosen):
            row = rows[f"mutant{number:02}"]
            assert row["verdict"] == "graded" and int(row[mutant.exercise]) < points[mutant.exercise], f"{mutant.name}: {row}"
        for name, exercise in (("hangs", "1.1"), ("hangs-late", "1.8"), ("forks", "1.6")):
            assert rows[name]["verdict"] == "graded" and int(rows[name][exercise]) < points[exercise], rows[name]
        assert all(rows["forks"][name] == str(points[name]) for name in points if name != "1.6"), rows["forks"]


def test_hanging_submissions_end(place):
    submit(place / "in/build", "sleep 54329")
    submit(place / "in/grader", FULL + "\n# grader hangs")
    status, printed = batch(place, place / "in", "--jobs", "2", "--time", "1")
    assert status == 0, printed
    assert [row[0::3] for row in table(place).values()] == [["0", "out of time"]] * 2
    assert "Once more, one at a time: build, grader" in printed
    assert running("sleep 54329") == [] and running("sleep 54330") == []


def test_trouble_of_the_machine_is_no_zero_and_can_be_repeated(place):
    (place / "course/machine").touch()
    submit(place / "in/lucky", FULL)
    submit(place / "in/unlucky", FULL + "\n# machine")
    status, printed = batch(place, place / "in")
    assert status == 2
    assert table(place) == {"lucky": ["100", "60", "40", "graded"], "unlucky": ["", "", "", "no verdict"]}
    assert "unlucky: QEMU was killed" in printed
    assert "QEMU was killed" in (place / "out/results.html").read_text()
    repeat = printed.splitlines()[-1].split()
    assert repeat[0] == "grade/batch"
    (place / "course/machine").unlink()
    before = (place / "out/graded/lucky/log.txt").stat().st_mtime_ns
    status, printed = batch(place, *repeat[4:])
    assert status == 0, printed
    assert "1 have results already" in printed
    assert {name: row[0] for name, row in table(place).items()} == {"lucky": "100", "unlucky": "100"}
    assert (place / "out/graded/lucky/log.txt").stat().st_mtime_ns == before


def test_broken_grader_is_no_zero(place):
    submit(place / "in/ann", FULL)
    (place / "course/grade/lab1").write_text("import sys; print('here'); sys.exit('a mistake')")
    status, printed = batch(place, place / "in")
    assert status == 2 and table(place)["ann"] == ["", "", "", "no verdict"]
    assert "status 1: a mistake" in printed


def test_interrupted_and_resumed(place):
    submit(place / "in/hangs", "sleep 54332")
    with subprocess.Popen(command(place, place / "in"), cwd=place, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)) as process:
        deadline = time.monotonic() + 60
        while not running("sleep 54332") and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        printed = process.communicate()[0]
    assert process.returncode == 130, printed
    assert "Go on with:\n    grade/batch 1 --out" in printed
    assert running("sleep 54332") == []


@pytest.mark.parametrize("words, told", [
    ([], "the following arguments are required"),
    (["nowhere"], "nowhere does not exist"),
    (["in"], "in holds no submissions"),
    (["course/LICENSE"], "neither a folder nor a .tar.gz"),
    (["ann", "--out", "in"], "in holds results of lab 7"),
    (["ann", "--out", "course"], "course is no folder of results"),
    (["ann", "--jobs", "0"], "at least 1"),
    (["ann", "--seed", "xyz"], "hexadecimal"),
])
def test_wrong_calls_are_explained(place, words, told):
    submit(place / "ann", FULL)
    if "in" in words[1:]:
        (place / "in/batch.json").write_text('{"lab": 7, "seed": "1"}')
    status, printed = batch(place, *words)
    assert status == 1 and told in printed
    assert (place / "course/grade/lab1").exists()
    assert "no grader for lab 3" in subprocess.run([sys.executable, place / "course/grade/batch", "3", "ann"], cwd=place,
                                                   stderr=subprocess.PIPE, text=True).stderr


def test_names_are_unique_and_harmless(place):
    for name in ("x/lab1", "y/lab1", "+a <b>"):
        submit(place / "in" / name, FIRST)
    status, printed = batch(place, "in/x/lab1", "in/y/lab1")
    assert status == 0, printed
    assert list(table(place)) == ["x-lab1", "y-lab1"]
    batch(place, "in/+a <b>")
    assert list(table(place)) == ["_+a__b_"]
