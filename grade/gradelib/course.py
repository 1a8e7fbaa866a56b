"""
A lab as lab.toml describes it: its exercises, their points, where the handout explains them, what the labs before ask for.
"""

import re
from pathlib import Path

from . import toml

STUB = re.compile(r"Exercise (\d+)\.\d+:[^\n]*(?:\n[^\n]*){0,3}?Your code here\.")


class Course:
    """The checkout that the grader belongs to, seen from one lab."""

    def __init__(self, folder, number):
        self.folder, self.number = Path(folder), number
        self.labs = {int(path.name[3:5]): path for path in sorted(self.folder.glob("labs/lab[0-9][0-9]-*"))}
        if number not in self.labs:
            raise FileNotFoundError(f"{self.folder}/labs has no folder lab{number:02}-*")
        infos = [toml.load(path / "lab.toml") for lab, path in self.labs.items() if lab <= number]
        self.exercises = {exercise["id"]: exercise for exercise in infos[-1]["exercise"]}
        # Letter on port 0xE9: what it means. A later lab's kernel still passes the checkpoints of the earlier ones.
        self.checkpoints = {letter: text for info in infos for letter, text in info.get("checkpoints", {}).items()}

    def check_points(self, tests):
        """The tests of each exercise must be worth what lab.toml promises."""
        wrong = [f"test {test.name}: no exercise {test.exercise}" for test in tests if test.exercise not in self.exercises]
        for name, exercise in self.exercises.items():
            given = sum(test.points for test in tests if test.exercise == name)
            if given != exercise["points"]:
                wrong.append(f"exercise {name}: the tests are worth {given} points, lab.toml says {exercise['points']}")
        names = [test.name for test in tests]
        wrong += [f"two tests are called {name}" for name in sorted(set(names)) if names.count(name) > 1]
        if wrong:
            raise AssertionError(f"grade/lab{self.number} and lab.toml do not agree:\n  " + "\n  ".join(wrong))

    def handout(self, exercise, anchor=None):
        """Where to read on: the exercise's section, or the one at `anchor`."""
        page = f"lab{self.number}.html"
        if anchor:
            return f"{page}#{anchor}"
        exercise = self.exercises[exercise]
        return f"\"{exercise['title']}\" ({page}#{exercise['handout']})"

    def matches(self, test, word):
        """Does `word` on the command line mean this test?"""
        exercise = self.exercises[test.exercise]
        stems = [Path(file).stem for file in files_of(exercise)]
        return word == test.exercise or word.lower() in test.name.lower() or word.lower() in stems

    def undone_lab(self, tree):
        """The number of the first earlier lab of which `tree` still has an exercise as it was handed out; or None."""
        for number in range(1, self.number):
            info = toml.load(self.labs[number] / "lab.toml") if number in self.labs else {"exercise": []}
            for file in {file for exercise in info["exercise"] for file in files_of(exercise)}:
                path = Path(tree, file)
                text = path.read_text(errors="replace") if path.is_file() else ""
                if any(int(found) == number for found in STUB.findall(text)):
                    return number
        return None


def files_of(exercise):
    return exercise.get("files") or [exercise["file"]]
