"""
The graders' library. A grader, grade/labN, reads like this:

    from gradelib import Lab, Mismatch
    lab = Lab(1)

    @lab.test(points=6, exercise="1.8", ktest="printf_cases")
    def formats_numbers(run):
        \"\"\"printf formats what a C library formats, the same way.\"\"\"
        run.expect("what printf wrote", run.report("case"), ...)

    lab.main()

Where to look: lab.py (tests, command line), grading.py (the order of things), course.py (lab.toml), run.py (what a test
function can use), ktests.py (tests inside the kernel), machine.py and qemu.py (the machine under test), clock.py (when it
counts as stuck), postmortem.py (what became of it), symbols.py (names for addresses), host.py (student code on the host),
report.py and outputs.py (what people and programs read), build.py, submission.py and sandbox.py (what is graded).
"""

from .ktests import KtestRandom
from .lab import Lab
from .verdicts import Crash, Hang, Mismatch, NoVerdict, Panic, TooSlow, TripleFault, Verdict

__all__ = ["Lab", "KtestRandom", "Verdict", "Mismatch", "Crash", "Panic", "TripleFault", "Hang", "TooSlow", "NoVerdict"]
