"""
handouts/reference/abi.md has a line for each system call of sys/calls.h, under its number, and for no other.
"""

import re

from grading import TOP

STATUSES = ("whole", "differs", "answers only")


def table_of_the_kernel(text):
    return [(int(number), name) for number, name in re.findall(r"\bX\((\d+),\s*(\w+),", text)]


def table_of_the_page(text):
    """[(number, name, status, what differs)], from the page's one table whose lines begin with number and name."""
    return [(int(number), name, status, differs)
            for number, name, status, differs in re.findall(r"^\| (\d+) \| `(\w+)` \| ([^|]*) \| ([^|]*)\|$", text, re.MULTILINE)]


def test_each_call_has_its_line():
    calls = table_of_the_kernel((TOP / "src/kernel/sys/calls.h").read_text())
    lines = table_of_the_page((TOP / "handouts/reference/abi.md").read_text())
    assert len(calls) == len({number for number, _ in calls}) > 200
    assert [line[:2] for line in lines] == sorted(calls)


def test_each_line_says_what_differs():
    for number, name, status, differs in table_of_the_page((TOP / "handouts/reference/abi.md").read_text()):
        assert status in STATUSES, f"{number} {name}: {status}"
        assert status == "whole" or differs.strip(), f"{number} {name} does not say what differs"
