"""
Two hundred gradings of each lab's solution in a row, on a computer that is busy all the while: full marks every time.

Slow (make test-all). MYOS_REPEAT is the number of gradings (200). What was built once serves all of them; each has a seed of
its own. The output and the folders of every grading that came out otherwise stay in build/test/repeat-labN/RUN-SEED/.
"""

import os
import re
import secrets
import shutil
import subprocess
import sys
from contextlib import contextmanager

import pytest

import grading

TOP = grading.TOP
LABS = sorted(int(path.name[3:]) for path in TOP.glob("grade/lab*"))
COUNT = int(os.environ.get("MYOS_REPEAT", "200"))


@contextmanager
def busy_computer():
    """A process on each core that does nothing else than to need it."""
    loops = []
    try:
        for _ in range(os.cpu_count() or 1):
            loops.append(subprocess.Popen([sys.executable, "-c", "while True: pass"]))
        yield loops
        assert [loop.poll() for loop in loops] == [None] * len(loops), "the computer was not busy to the end"
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def repeat(folder, lab, count, kept):
    """Grade the lab tree in `folder` so often; a line for each grading without full marks, whose traces are moved to `kept`."""
    kernel, built, failed = folder / "build/grade/work/out/kernel.elf", None, []
    for number in range(1, count + 1):
        seed = f"{secrets.randbelow(0x10000):04x}"
        done = subprocess.run([folder / f"grade/lab{lab}", "--seed", seed], cwd=folder, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        score = re.findall(r"^Score: .*$", done.stdout, re.MULTILINE)
        if done.returncode or score != ["Score: 100/100"]:
            traces = kept / f"{number}-{seed}"
            shutil.copytree(folder / "build/grade", traces, ignore=shutil.ignore_patterns("work"))
            (traces / "output.txt").write_text(done.stdout)
            failed.append(f"grading {number} with seed {seed}: {' '.join(score) or 'no score'}; see {traces}")
            print(failed[-1], done.stdout, sep="\n", flush=True)
        elif number % 10 == 0:
            print(f"{number} of {count}, {len(failed)} without full marks", flush=True)
        assert built in (None, kernel.stat().st_mtime_ns), f"the kernel was built again in grading {number}"
        built = kernel.stat().st_mtime_ns
    return failed


@pytest.mark.slow
@pytest.mark.parametrize("lab", LABS)
def test_every_grading_of_the_solution_gives_full_marks(lab):
    kept = TOP / f"build/test/repeat-lab{lab}"
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True)
    with grading.grader(lab) as grader, busy_computer():
        failed = repeat(grader.course, lab, COUNT, kept)
    assert not failed, "\n".join(failed)


# ---- does it notice what it is there to notice?

GRADER = """#!/bin/sh
mkdir -p build/grade/work/out build/grade/1.2-three_tries-$2
echo run >>runs
n=$(wc -l <runs)
[ "$n" != "$REBUILD" ] || rm -f build/grade/work/out/kernel.elf
[ -e build/grade/work/out/kernel.elf ] || touch build/grade/work/out/kernel.elf
case $n in
    2) echo "it went wrong"; echo "Score: 97/100"; exit 1 ;;
    3) echo "Score: none, as 1 of 2 tests have no verdict"; exit 2 ;;
    *) echo "Score: 100/100" ;;
esac
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "lab/grade").mkdir(parents=True)
    (tmp_path / "lab/grade/lab1").write_text(GRADER)
    (tmp_path / "lab/grade/lab1").chmod(0o755)
    return tmp_path / "lab"


def test_what_is_not_full_marks_is_kept(folder, tmp_path):
    failed = repeat(folder, 1, 4, tmp_path / "kept")
    assert [line.split(";")[0].partition(": ")[2] for line in failed] == [
        "Score: 97/100", "Score: none, as 1 of 2 tests have no verdict"]
    first = next((tmp_path / "kept").glob("2-*"))
    seed = first.name.split("-")[1]
    assert f"grading 2 with seed {seed}" in failed[0] and "it went wrong" in (first / "output.txt").read_text()
    assert (first / f"1.2-three_tries-{seed}").is_dir() and not (first / "work").exists()


def test_another_build_is_noticed(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("REBUILD", "4")
    with pytest.raises(AssertionError, match="built again"):
        repeat(folder, 1, 5, tmp_path / "kept")


def test_the_computer_is_busy():
    with busy_computer() as loops:
        assert len(loops) == os.cpu_count() and all(loop.poll() is None for loop in loops)
    assert all(loop.returncode is not None for loop in loops)
