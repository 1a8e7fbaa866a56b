"""
Who ran when: a byte for each tick of the timer, the number of the task that it found running.
"""

from itertools import groupby

SHOWN = 20


def random32(random):
    """random32() of labs/ktest/outside.h."""
    high = random(0x10000)
    return high << 16 | random(0x10000)


def stretches(who):
    """[(task, ticks in a row)]"""
    return [(task, len(list(ticks))) for task, ticks in groupby(who)]


def gaps(who, task):
    """(first tick, ticks) of each time in which the task did not run."""
    at, found = 0, []
    for runner, length in stretches(who):
        if runner != task:
            if found and found[-1][0] + found[-1][1] == at:
                found[-1] = (found[-1][0], found[-1][1] + length)
            else:
                found.append((at, length))
        at += length
    return found


def described(who, what):
    """The beginning of it, for people."""
    turns = stretches(who)
    return f"who {what}, as task:ticks: " + " ".join(f"{task}:{length}" for task, length in turns[:SHOWN]) + (
        " ..." if len(turns) > SHOWN else "")
