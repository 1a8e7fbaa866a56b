"""
A stand-in for a course, for tests of what works on many submissions: one lab of two exercises, a grader of a few lines
that builds with the real gradelib, and submissions that say in src/do what shall happen to them.
"""

import io
import shutil
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

LAB = """\
number = 1
title = "The stand-in"
files = ["src/"]

[[exercise]]
id = "1.1"
title = "One"
points = 60
file = "src/do"
handout = "one"

[[exercise]]
id = "1.2"
title = "Two"
points = 40
file = "src/do"
handout = "two"
"""

# Unlike the real rules, these run what the submission brings.
RULES = """\
.PHONY: kernel.elf
kernel.elf: $(BUILD)/kernel.elf
$(BUILD)/kernel.elf: $(SRC)/do
\tcd $(BUILD) && . $(SRC)/do
\ttouch $@
"""

GRADER = '''\
"""Points: the two numbers in the line "# points A B" of src/do. "# machine" is trouble as long as the course has a file
of this name."""
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from gradelib import Lab, Mismatch, NoVerdict

COURSE = Path(__file__).resolve().parents[1]
lab = Lab(1)


def word(run, at):
    text = (run.build.tree / "src/do").read_text()
    if "# machine" in text and (COURSE / "machine").exists():
        raise NoVerdict("QEMU was killed")
    if "# grader hangs" in text:
        subprocess.run(["sleep", "54330"])
    if "# points" in text and re.search("# points ([01]) ([01])", text).group(at) == "1":
        return
    raise Mismatch("the number is wrong")


@lab.test(points=60, exercise="1.1", targets=["kernel.elf"])
def first(run):
    word(run, 1)


@lab.test(points=40, exercise="1.2", targets=["kernel.elf"])
def second(run):
    word(run, 2)


lab.main()
'''


def make_course(folder):
    """The stand-in course in `folder`, with the real library and the real scripts around it."""
    for name, content in {"labs/lab01-x/lab.toml": LAB, "labs/ktest/ktest.h": "", "scripts/build.mk": RULES,
                          "scripts/mkimage": "", "scripts/setup": "", "scripts/needs.sh": "", "LICENSE": "",
                          "solutions/lab01-x/answers.md": "the solution", "src/do": "the solution",
                          "grade/lab1": GRADER}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    shutil.copytree(ROOT / "grade/gradelib", folder / "grade/gradelib", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("grade/batch", "grade/autograder.py", "scripts/autograder"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def submit(folder, do):
    """A submission: a folder with src/do."""
    (folder / "src").mkdir(parents=True)
    (folder / "src/do").write_text(do + "\n")
    return folder


def submit_archive(path, do, top="./"):
    with tarfile.open(path, "w:gz") as tar:
        info = tarfile.TarInfo(f"{top}src/do")
        info.size = len(do) + 1
        tar.addfile(info, io.BytesIO(f"{do}\n".encode()))


def running(command):
    """The processes with this command line."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if file.read_bytes() == command.replace(" ", "\0").encode() + b"\0":
                found.append(file.parent.name)
        except OSError:
            pass        # ended meanwhile
    return found
