"""
A grader: its tests, and its command line. What happens then is in grading.py, what a test function can do in run.py.

Exit status: 0 full marks, 1 marks lost, 2 no verdict on some test (then no score is written anywhere) or a wrong command
line, 130 interrupted.
"""

import argparse
import functools
import secrets
import signal
import sys
import traceback
from collections import namedtuple
from pathlib import Path

from . import clock
from .build import Build
from .course import Course
from .grading import FULL, NONE, Grading

INTERRUPTED = 130

Test = namedtuple("Test", "name function points exercise ktest boot memory targets budget visibility title")


class Lab:
    def __init__(self, number, course=None, builder=Build, probe=None):
        """`probe`: of a grader whose tests have no `ktest`, a kernel test that shows by its beginning that the kernel starts."""
        self.number, self.folder, self.builder = number, Path(course or Path(__file__).resolve().parents[2]), builder
        self.probe, self.tests = probe, []

    @functools.cached_property
    def course(self):
        return Course(self.folder, self.number)

    def test(self, points, exercise, ktest=None, boot="kernel", memory="64M", targets=None, budget=clock.BUDGET,
             visibility="visible"):
        """
        Declares a test function. `ktest` names its kernel test, which runs in a boot that all share: of the kernel alone,
        or with boot="image" from the disk. `targets` are what must be built for it, `budget` is guest seconds of its ktest.
        """
        if targets is None:
            targets = ("myos.img", "kernel.elf") if boot == "image" else ("kernel.elf",)

        def declare(function):
            title = (function.__doc__ or "").strip()
            self.tests.append(Test(function.__name__, function, points, exercise, ktest, boot, memory, tuple(targets),
                                   budget, visibility, title.splitlines()[0] if title else ""))
            return function
        return declare

    def main(self, argv=None):
        """The grader's command line; does not return."""
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _leave)
        try:
            sys.exit(self.run(argv))
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            sys.exit(INTERRUPTED)
        except Exception:           # the grader's fault or the disk's: not the status that means "marks lost"
            traceback.print_exc()
            sys.exit(NONE)

    def run(self, argv=None):
        """The grader's command line; returns the exit status."""
        options = self._parse(argv)
        self.course.check_points(self.tests)
        if options.list:
            for test in self.tests:
                print(f"{test.exercise}  {test.points:>3}  {test.name}\n          {test.title}")
            return FULL
        for path in (options.json, options.classroom50, options.junit):
            if path and path.exists():
                path.unlink()                   # an old result must not be taken for this run's
        return Grading(self, options).run()

    # ---- the command line

    def _parse(self, argv):
        parser = argparse.ArgumentParser(prog=f"grade/lab{self.number}", description=f"Grade lab {self.number}.")
        parser.add_argument("words", nargs="*", metavar="TREE|TEST", help="the folder that holds src/ (default: here), and "
                            "tests by exercise (1.2), name, part of a name or source file (a20)")
        parser.add_argument("--tree", type=Path, help="the folder that holds src/")
        parser.add_argument("--seed", help="four hexadecimal digits, as a failed run prints them: repeats its random choices")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write Gradescope's results.json")
        parser.add_argument("--classroom50", type=Path, metavar="FILE", help="write Classroom 50's result.json")
        parser.add_argument("--junit", type=Path, metavar="FILE", help="write JUnit's XML")
        parser.add_argument("--work", type=Path, help="where to build and to leave the folders of failed tests "
                            "(default: build/grade of the course)")
        parser.add_argument("--keep", action="store_true", help="keep the folders of passed tests as well")
        parser.add_argument("--remote", action="store_true", help="for a grading service: say how to repeat a failed test at "
                            "home, and name no file of this computer")
        parser.add_argument("--list", action="store_true", help="list the tests and their points")
        parser.add_argument("--no-color", action="store_true", help="no colours, even on a terminal")
        parser.add_argument("-v", "--verbose", action="store_true", help="say of each test what it checks")
        options = parser.parse_args(argv)
        try:
            options.seed = int(options.seed, 16) if options.seed else secrets.randbelow(0x10000)
        except ValueError:
            parser.error(f"--seed {options.seed}: not a hexadecimal number")
        words = [word for text in options.words for word in text.replace(",", " ").split()]
        trees = [word for word in words if "/" in word or word in (".", "..") or Path(word, "src").is_dir()]
        if len(trees) + bool(options.tree) > 1:
            parser.error("more than one folder to grade: " + " ".join(trees))
        self._choose_tree(parser, options, trees)
        options.tests = self._choose_tests(parser, [word for word in words if word not in trees])
        return options

    def _choose_tests(self, parser, words):
        chosen = set()
        for word in words:
            exact = [test for test in self.tests if word == test.name]
            found = exact or [test for test in self.tests if self.course.matches(test, word)]
            if not found:
                parser.error(f"no test or exercise is called {word}; --list shows them")
            chosen.update(found)
        return [test for test in self.tests if test in chosen or not words]

    def _choose_tree(self, parser, options, trees):
        if trees:
            options.tree = Path(trees[0])
        elif not options.tree:          # here, or the lab tree of which this is some other folder
            options.tree = Path(".") if Path("src").is_dir() else self.course.folder
        if not (options.tree / "src").is_dir():
            parser.error(f"{options.tree} has no src/ to grade")
        options.work = options.work or self.course.folder / "build/grade"


def _leave(number, _frame):
    """Leave by an exception, so that every QEMU is ended on the way out."""
    sys.exit(128 + number)
