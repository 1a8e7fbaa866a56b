"""
What can become of a test: the exceptions a test (or the machine under it) raises.

A Verdict costs the test its points and tells the student what happened. NoVerdict is not a Verdict: it says that the
grading machine, not the submission, is at fault, and it must never turn into a zero. Nothing here prints; report.py does.
"""


class Verdict(Exception):
    """The submission's fault. `kind` is one word or two for the report, `details` lines of evidence."""

    kind = "wrong"
    explain = ""            # a fixed sentence on what this kind of failure means
    handout = None          # an anchor in the handout; None: the exercise's own

    def __init__(self, message, details=()):
        super().__init__(message)
        self.message = message
        self.details = list(details)


class Mismatch(Verdict):
    """Something ran to its end and its result is wrong. Give `expected` and `seen` where there are two values."""

    def __init__(self, message, expected=None, seen=None, details=()):
        super().__init__(message, details)
        self.expected = expected
        self.seen = seen


class Crash(Verdict):
    """A program built for the host died by a signal or a sanitizer's report."""

    kind = "crash"
    handout = "debugging"
    explain = "The code was run as a program of its own, outside the kernel, and did not survive."


class Panic(Verdict):
    """The kernel stopped itself."""

    kind = "panic"
    handout = "debugging"
    explain = ("The kernel found one of its own rules broken and stopped. The backtrace reads from the place of the "
               "panic outwards to its callers.")


class TripleFault(Verdict):
    """The processor reset itself."""

    kind = "triple fault"
    handout = "debugging"
    explain = ("An exception happened whose handler could not be reached, then another, and the processor reset itself. "
               "Look at what changed last: segment registers and GDT, page tables, stack.")


class Hang(Verdict):
    """The guest waits for something that will never come, or runs in circles."""

    kind = "hang"
    handout = "debugging"
    explain = "The machine was still on but made no more progress. The last place reached tells where to look."


class TooSlow(Verdict):
    """Progress was made, but the time allowed is many times what a simple solution needs."""

    kind = "too slow"
    handout = "debugging"
    explain = "The time allowed is many times what a simple solution needs, whatever the speed of this computer."


class Unbuilt(Verdict):
    """What the test needs does not compile."""

    kind = "src/ does not build"


class NoVerdict(Exception):
    """The machine's fault: QEMU missing or killed, a tool failed, the disk is full. The message says what to do."""

    def __init__(self, message, details=()):
        super().__init__(message)
        self.message = message
        self.details = list(details)
