"""
Real submissions for tests: the lab tree of this project is the course that grades them, and they are made of its files.

A submission is {path: bytes}, as the slicer gives trees; changed by hand, or by other texts for the exercises' regions.
"""

import json
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP / "scripts"))
from slicer import Project                                  # noqa: E402  (the path comes first)


class Graded:
    """What the grader said: .scores {test: points}, .output."""

    def __init__(self, done, results):
        self.output = done.stdout + done.stderr
        assert done.returncode in (0, 1), self.output
        tests = json.loads(results.read_text())["tests"]
        self.scores = {test["name"]: test["score"] for test in tests}
        self.exercises = {test["number"]: 0 for test in tests}
        for test in tests:
            self.exercises[test["number"]] += test["score"]
        self.reports = {test["name"]: test["output"] for test in tests}

    @property
    def total(self):
        return sum(self.scores.values())


class Grader:
    def __init__(self, folder, lab):
        self.project, self.lab, self.folder = Project(TOP), lab, folder
        self.course = folder / "course"
        write(self.project.tree(lab, lab), self.course)

    def files(self, solved=True, stub=None):
        """The solution, the starter, or the solution with one exercise not done: {path: bytes}."""
        tree = self.project.tree(self.lab, self.lab if solved else self.lab - 1, stub)
        return {path: data for path, (_, data) in tree.items() if path.startswith("src/")}

    def solved_with(self, alternatives):
        """The solution, with other texts {path: [text of each region, or None to keep it]} in its exercises."""
        files = self.files()
        for path, texts in alternatives.items():
            regions = [region for where, region in self.project.regions(self.lab) if where == path]
            assert len(regions) == len(texts), f"{path} has {len(regions)} regions"
            content = files[path].decode()
            for region, text in zip(regions, texts):
                solution = "\n".join(region.solution)
                assert content.count(solution) == 1, f"{path}:{region.first}"
                content = content if text is None else content.replace(solution, text.strip("\n"))
            files[path] = content.encode()
        return files

    def grade(self, files, *words, prepare=lambda folder: None):
        """Grade a submission of these files, changed further by prepare(its folder)."""
        with tempfile.TemporaryDirectory(prefix="submission-", dir=self.folder) as name:
            write({path: ("100644", data) for path, data in files.items()}, Path(name))
            prepare(Path(name))
            results = self.folder / "results.json"
            done = subprocess.run([self.course / f"grade/lab{self.lab}", "--tree", name, "--work", self.folder / "work", "--json",
                                   results, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
            return Graded(done, results)


@contextmanager
def grader(lab=1):
    """A Grader in a folder that the sandbox's user can come to."""
    with tempfile.TemporaryDirectory(prefix="myos-") as name:
        Path(name).chmod(0o755)
        yield Grader(Path(name), lab)


def write(tree, folder):
    for path, (mode, data) in tree.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        file.chmod(int(mode, 8) & 0o777)
