"""
What people read: a line for each test, and for a failed one what is wrong, where to read, how to run it again.
"""

import os
import re
import textwrap

from .run import show
from .verdicts import Mismatch, NoVerdict

WIDTH = 60                  # of exercise, name and dots
INDENT = " " * 5
EXPLAIN_WIDTH = 95
VALUE_MAX = 400             # characters of a value that a report shows
COLOURS = {"ok": "32", "FAIL": "31", "????": "33"}
# What a guest wrote may hold terminal escapes.
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def clean(text):
    return UNPRINTABLE.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def wants_colour(stream, no_color):
    return stream.isatty() and not no_color and not os.environ.get("NO_COLOR")


class Printer:
    def __init__(self, stream, colour, verbose=False):
        self.stream, self.colour, self.verbose = stream, colour, verbose

    def say(self, text=""):
        print(clean(text), file=self.stream, flush=True)

    def result(self, result):
        line = headline(result)
        if self.colour:
            line = line.replace(f" {result.word} ", f" \033[{COLOURS[result.word]}m{result.word}\033[0m ", 1)
        print(line, file=self.stream, flush=True)
        if result.verdict or self.verbose:
            for text in details(result):
                self.say(INDENT + text if text else "")


def headline(result):
    test = result.test
    title = f"{test.exercise}  {test.name.replace('_', ' ')} "
    points = f"{'-' if result.score is None else result.score}/{test.points}"
    seed = f", seed {result.seed:04x}" if result.verdict else ""
    return f"{title:.<{WIDTH}} {result.word:<4} {points:>5}   ({result.seconds:.1f} s{seed})"


def details(result):
    """The lines below the headline."""
    verdict = result.verdict
    lines = [f"Checks: {result.test.title}"] if result.test.title else []
    if verdict is None:
        return lines
    if result.same_as:
        lines.append(f"{kind(verdict)}: the same as for {result.same_as}, above")
    else:
        lines.append(f"{kind(verdict)}: {verdict.message}")
        if isinstance(verdict, Mismatch) and (verdict.expected is not None or verdict.seen is not None):
            lines += _pair(verdict.expected, verdict.seen)
        lines += ["  " + line for text in verdict.details for line in str(text).splitlines()]
        lines += textwrap.wrap(getattr(verdict, "explain", ""), EXPLAIN_WIDTH)
    lines += result.advice
    return lines


def kind(verdict):
    return "no verdict" if isinstance(verdict, NoVerdict) else verdict.kind


def _pair(expected, seen):
    lines = []
    for name, value in (("expected", expected), ("seen", seen)):
        text = show(value)
        text = text if len(text) <= VALUE_MAX else f"{text[:VALUE_MAX]}... ({len(text)} characters)"
        first, *more = text.splitlines() or [""]
        lines += [f"  {name:<9} {first}", *(" " * 12 + line for line in more)]
    return lines
