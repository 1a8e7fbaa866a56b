"""
One run of a grader, in order: build what the tests need, run each test, report it, sum up, write results.

Whose fault a failure is decides everything here: a Verdict costs its test the points, NoVerdict (this computer, or a
mistake in the grader) never does; then there is no score at all. What a failure looks like is in report.py.
"""

import shlex
import shutil
import sys
import time
import traceback
from pathlib import Path

from . import clock, ktests, outputs, report
from .build import BuildError, first_errors
from .run import Run, kernel_seed, start_machine
from .verdicts import NoVerdict, Unbuilt, Verdict

FULL, LOST, NONE = 0, 1, 2      # exit status
LOG_LINES = 12                  # of what the compiler said


class NotDone(Exception):
    """An earlier lab's exercises are still empty."""


class Result:
    def __init__(self, test, seed):
        self.test, self.seed = test, seed
        self.verdict, self.seconds = None, 0.0
        self.same_as, self.advice = None, []

    @property
    def score(self):
        """None without a verdict: that is not zero."""
        if isinstance(self.verdict, NoVerdict):
            return None
        return 0 if self.verdict else self.test.points

    @property
    def word(self):
        return "ok" if not self.verdict else "????" if self.score is None else "FAIL"


class Grading:
    """One run of the grader."""

    def __init__(self, lab, options):
        self.lab, self.course, self.options = lab, lab.course, options
        self.work = options.work.resolve()
        self.work.mkdir(parents=True, exist_ok=True)
        self.build = lab.builder(options.tree, self.work / "work", self.course.folder)
        self.printer = report.Printer(sys.stdout, report.wants_colour(sys.stdout, options.no_color), options.verbose)
        self.unbuilt = {}           # target: the exception that kept it from being built
        self.observed = {}          # (boot, memory): what its kernel tests came to
        self.boot_folders = {}
        self.explained = {}         # verdicts that were printed once, and for which test

    def run(self):
        tests, results = self.options.tests, []
        try:
            self._build()
            undone = self.course.undone_lab(self.options.tree)
            if undone:
                self._require_earlier_labs(undone)
            for test in tests:
                results.append(self._grade(test))
                self.printer.result(results[-1])
                if results[-1].score is None and results[-1].seconds > clock.STALL:
                    print("This computer does not get on with it: the remaining tests are left out.", file=sys.stderr)
                    break
        except NotDone as error:
            results = [Result(test, self.options.seed) for test in tests]
            for result in results:
                result.verdict = Verdict(str(error))
            self.printer.say(str(error))
        finally:
            for folder in self.boot_folders.values():
                shutil.rmtree(folder, ignore_errors=True)
        return self._close(results)

    # ---- building

    def _build(self):
        """Build all that the tests need; if that fails, each target alone, to see which ones are good."""
        targets = list(dict.fromkeys(target for test in self.options.tests for target in test.targets))
        try:
            if targets:
                self.build.make(*targets)
            return
        except BuildError:
            pass
        except NoVerdict as error:
            self.unbuilt = dict.fromkeys(targets, error)
            return
        shown = {}
        for target in targets:
            try:
                self.build.make(target)
            except BuildError as error:
                # One broken file breaks many targets; it is shown with the first.
                self.unbuilt[target] = shown.setdefault(error.message, Unbuilt(error.message, first_errors(error.log, LOG_LINES)))
            except NoVerdict as error:
                self.unbuilt[target] = error

    def _require_earlier_labs(self, undone):
        """Stop if no kernel test even starts, and an earlier lab's exercises are empty: that is then the reason."""
        built = [test for test in self.options.tests if not any(target in self.unbuilt for target in test.targets)]
        test = next((test for test in built if test.ktest), None)
        if test:
            observed = self._observe(test)
        elif self.lab.probe and any("kernel.elf" in test.targets for test in built):
            observed = self._boot("kernel", "64M", {self.lab.probe: clock.BUDGET})
        else:
            return
        if not observed.begun and isinstance(observed.by_name[test.ktest if test else self.lab.probe], Verdict):
            raise NotDone(f"lab {undone} is not done here: merge your work or run `make catch-up`")

    # ---- running

    def _grade(self, test):
        result, start = Result(test, self.options.seed), time.monotonic()
        for old in self.work.glob(f"{test.exercise}-{test.name}-*"):
            shutil.rmtree(old)
        folder = self.work / f"{test.exercise}-{test.name}-{self.options.seed:04x}"
        folder.mkdir()
        try:
            self._run(test, folder)
        except (Verdict, NoVerdict) as error:
            result.verdict = error
        except Exception as error:              # a mistake in the grader must not cost a student points
            text = traceback.format_exc()
            (folder / "traceback.txt").write_text(text, encoding="utf-8", errors="replace")
            result.verdict = NoVerdict(f"the grader itself failed: {error!r}", text.splitlines())
        result.seconds = time.monotonic() - start
        if result.verdict:
            self._advise(result, folder)
        elif not self.options.keep:
            shutil.rmtree(folder)
        return result

    def _run(self, test, folder):
        for target in test.targets:
            if target in self.unbuilt:
                raise self.unbuilt[target]
        observed = self._observe(test).by_name[test.ktest] if test.ktest else ()
        if isinstance(observed, Exception):
            raise observed
        test.function(Run(test, self.options.seed, folder, self.build, self.course.checkpoints, observed))

    def _observe(self, test):
        """The outcome of the boot that `test` shares with all chosen tests of its kind; it happens at the first one."""
        kind = (test.boot, test.memory)
        if kind not in self.observed:
            group = [other for other in self.options.tests if other.ktest and (other.boot, other.memory) == kind
                     and not any(target in self.unbuilt for target in other.targets)]
            budgets = {}
            for other in group:
                budgets[other.ktest] = max(other.budget, budgets.get(other.ktest, 0))
            self.observed[kind] = self._boot(*kind, budgets)
        return self.observed[kind]

    def _boot(self, boot, memory, budgets):
        """What the kernel tests in `budgets` come to in one such boot."""
        folder = self.boot_folders[boot, memory] = self.work / f"boot-{boot}-{memory}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        what = {"image": self.build.image} if boot == "image" else {"kernel": self.build.kernel}
        return ktests.observe(
            lambda cmdline: start_machine(self.build, folder, self.course.checkpoints, cmdline=cmdline, memory=memory, **what),
            list(budgets), kernel_seed(self.options.seed), budgets)

    def _advise(self, result, folder):
        """The last lines of a failure: where to read, how to repeat. Fills the folder with the log of the shared boot."""
        test, verdict = result.test, result.verdict
        boot = self.boot_folders.get((test.boot, test.memory))
        if test.ktest and boot and not list(folder.glob("serial*")):
            shutil.copytree(boot, folder, dirs_exist_ok=True)
        if not any(folder.iterdir()):
            folder.rmdir()
        if isinstance(verdict, Verdict) and not isinstance(verdict, Unbuilt):
            place = f"Handout: {self.course.handout(test.exercise)}"
            if verdict.handout:
                place += f"; to find the cause: {self.course.handout(test.exercise, verdict.handout)}"
            result.advice.append(place)
        if not isinstance(verdict, Unbuilt):
            files = f"      Files: {_shown(folder)}/" if folder.exists() and not self.options.remote else ""
            result.advice.append(f"Again, {'at home' if self.options.remote else 'by hand'}:  {self._again(test)}{files}")
        if folder.exists():
            lines = [report.headline(result), *report.details(result)]
            (folder / "report.txt").write_text(report.clean("\n".join(lines)) + "\n", encoding="utf-8")
        # The same death in the same place is told once; of what a test itself found wrong each is told.
        same = (verdict.kind, *verdict.details) if getattr(verdict, "handout", None) else id(verdict)
        result.same_as = self.explained.get(same)
        self.explained.setdefault(same, test.name)

    def _again(self, test):
        seed = f"{self.options.seed:04x}"
        own = (self.course.folder / "GNUmakefile").exists() and self.options.tree.resolve() == self.course.folder.resolve()
        if own or self.options.remote:
            return f"make grade TEST={test.name} SEED={seed}"
        script = self.course.folder / f"grade/lab{self.lab.number}"
        return shlex.join([_shown(script), "--tree", str(self.options.tree), "--seed", seed, test.name])

    # ---- the end

    def _close(self, results):
        points = sum(result.test.points for result in results)
        missing = [result for result in results if result.score is None]
        if self.options.junit:
            outputs.write_junit(self.options.junit, self.lab, results)
        if missing:
            for message in dict.fromkeys(result.verdict.message for result in missing):
                print(f"No verdict, because of this computer: {report.clean(message)}", file=sys.stderr)
            self.printer.say(f"Score: none, as {len(missing)} of {len(results)} tests have no verdict")
            return NONE
        score = sum(result.score for result in results)
        selected = "" if len(results) == len(self.lab.tests) else "  (of the chosen tests)"
        message = f"Score: {score}/{points}{selected}"
        if self.options.json:
            outputs.write_json(self.options.json, outputs.gradescope(self.lab, results, message))
        if self.options.classroom50:
            outputs.write_json(self.options.classroom50, outputs.classroom50(self.lab, results, message))
        self.printer.say(message)
        return FULL if score == points else LOST


def _shown(path):
    """A path as short as it is from here."""
    try:
        return str(Path(path).resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
