"""
Two hundred gradings of each lab's solution, on a computer that is busy all the while: full marks every time.

Slow (make test-all). MYOS_REPEAT is the number of gradings (200). Twice as many run at a time as there are cores, so that each
has half a core and the others are its load. What was built once serves all that follow in a tree; each has a seed of its own.
The output and the folders of every grading that came out otherwise stay in build/test/repeat-labN/RUN-SEED/.
"""

import os
import re
import secrets
import shutil
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import grading

TOP = grading.TOP
LABS = sorted(int(path.name[3:]) for path in TOP.glob("grade/lab*"))
COUNT = int(os.environ.get("MYOS_REPEAT", "200"))
WORKERS = 2 * (os.cpu_count() or 1)


def grade(folder, lab, number, kept):
    """Grade the lab tree in `folder` once. If that gave less than full marks, its traces go to `kept`; returns a line then."""
    kernel = folder / "build/grade/work/out/kernel.elf"
    built = kernel.stat().st_mtime_ns if kernel.exists() else None
    seed = f"{secrets.randbelow(0x10000):04x}"
    done = subprocess.run([folder / f"grade/lab{lab}", "--seed", seed], cwd=folder, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    score, wrong = re.findall(r"^Score: .*$", done.stdout, re.MULTILINE), None
    if done.returncode or score != ["Score: 100/100"]:
        traces = kept / f"{number}-{seed}"
        shutil.copytree(folder / "build/grade", traces, ignore=shutil.ignore_patterns("work"))
        (traces / "output.txt").write_text(done.stdout)
        wrong = f"grading {number} with seed {seed}: {' '.join(score) or 'no score'}; see {traces}"
    assert built in (None, kernel.stat().st_mtime_ns), f"the kernel was built again in grading {number}"
    return wrong


def repeat(folders, lab, count, kept):
    """Grade so often, in each of the trees `folders` at the same time; the lines for those gradings without full marks."""
    failed, left, lock = [], iter(range(1, count + 1)), threading.Lock()

    def work(folder):
        while True:
            with lock:
                number = next(left, None)
            if number is None:
                return
            wrong = grade(folder, lab, number, kept)
            with lock:
                failed.extend([wrong] if wrong else [])
                if wrong or number % 10 == 0:
                    print(wrong or f"{number} of {count}, {len(failed)} without full marks", flush=True)

    with ThreadPoolExecutor(len(folders)) as pool:
        for done in [pool.submit(work, folder) for folder in folders]:
            done.result()
    return failed


@pytest.mark.slow
@pytest.mark.parametrize("lab", LABS)
def test_every_grading_of_the_solution_gives_full_marks(lab):
    kept = TOP / f"build/test/repeat-lab{lab}"
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True)
    with grading.grader(lab) as grader:
        folders = [grader.course.with_name(f"{grader.course.name}-{worker}") for worker in range(WORKERS)]
        for folder in folders:
            shutil.copytree(grader.course, folder, symlinks=True)
        failed = repeat(folders, lab, COUNT, kept)
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
    failed = repeat([folder], 1, 4, tmp_path / "kept")
    assert [line.split(";")[0].partition(": ")[2] for line in failed] == [
        "Score: 97/100", "Score: none, as 1 of 2 tests have no verdict"]
    first = next((tmp_path / "kept").glob("2-*"))
    seed = first.name.split("-")[1]
    assert f"grading 2 with seed {seed}" in failed[0] and "it went wrong" in (first / "output.txt").read_text()
    assert (first / f"1.2-three_tries-{seed}").is_dir() and not (first / "work").exists()


def test_another_build_is_noticed(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("REBUILD", "4")
    with pytest.raises(AssertionError, match="built again"):
        repeat([folder], 1, 5, tmp_path / "kept")


def test_trees_are_graded_at_the_same_time(folder, tmp_path):
    """Each grading waits until both trees have one under way, though not for ever."""
    other = folder.with_name("other")
    (folder / "grade/lab1").write_text("""#!/bin/sh
mkdir -p build/grade/work/out && [ -e build/grade/work/out/kernel.elf ] || touch build/grade/work/out/kernel.elf
touch started
for i in $(seq 2000); do [ -e ../lab/started ] && [ -e ../other/started ] && break; sleep 0.01; done
[ -e ../lab/started ] && [ -e ../other/started ] || exit 1
echo "Score: 100/100"
""")
    shutil.copytree(folder, other)
    assert repeat([folder, other], 1, 2, tmp_path / "kept") == []
