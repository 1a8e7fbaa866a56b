"""
CONTRIBUTING lists what the exercises call: names that later labs must not take away, since students' solutions stay.
"""

import re

from grading import Project, TOP

LANGUAGE = {"if", "while", "for", "switch", "return", "sizeof", "volatile", "__attribute__", "va_arg", "va_copy", "va_end",
            "__builtin_offsetof"}


def called(path, lines):
    """The names that a region calls, and does not define itself."""
    text = "\n".join(lines)
    if path.endswith(".asm"):
        text = re.sub(r";.*", "", text)
        return set(re.findall(r"\bcall (\w+)", text)) - set(re.findall(r"(?m)^(\w+):", text))
    if not path.endswith((".c", ".h")):
        return set()
    text = re.sub(r'/\*.*?\*/|//[^\n]*|"(\\.|[^"\\])*"', " ", text, flags=re.S)
    return set(re.findall(r"(?<![.>\w])([A-Za-z_]\w*)\(", text)) - LANGUAGE


def test_what_the_exercises_call():
    calls = {}
    for path, region in Project(TOP).regions():
        calls.setdefault(region.id, set()).update(called(path, region.solution))
    wanted = {name: " ".join(sorted(names)) for name, names in sorted(calls.items()) if names}
    listed = dict(re.findall(r"(?m)^(\d+\.\d+)  (.*)$", (TOP / "CONTRIBUTING.md").read_text()))
    assert listed == wanted, "\n".join(f"{name}  {names}" for name, names in wanted.items())
