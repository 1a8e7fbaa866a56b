"""
Runs the host programs of labs/lab03-memory/host: a row of cases in, the lines that each printed out.
"""

import struct

from ..verdicts import Mismatch


ERRORS = {-5: "EIO", -12: "ENOMEM", -14: "EFAULT", -17: "EEXIST", -22: "EINVAL", -38: "ENOSYS"}


def cases(run, program, inputs, cpu=20):
    """Run a host program on the cases (bytes each); returns the lines that each printed. `cpu` is as in host.run()."""
    data = b"".join(struct.pack("<I", len(case)) + case for case in inputs)
    path = run.build.path(f"host/{program}")
    lines = run.host(path, stdin=data, cpu=cpu, output_max=32 << 20).stdout.decode("latin-1").splitlines()
    answers, answer = [], []
    for line in lines:
        if line == "end":
            answers.append(answer)
            answer = []
        elif line.startswith("interrupts "):
            raise Mismatch(f"{line[11:]} came back with interrupts off: a lock that was taken is not given back")
        else:
            answer.append(line)
    if len(answers) != len(inputs):
        raise Mismatch(f"the program ended in the {len(answers) + 1}. of its {len(inputs)} cases")
    return answers


def words(*operations, width):
    """Operations as the programs read them: tuples of whole numbers, filled up with zeros."""
    return b"".join(struct.pack(f"<{width}I", *(n & 0xFFFFFFFF for n in op), *(0 for _ in range(width - len(op))))
                    for op in operations)


def error_name(result):
    """What a function returned, for people."""
    number = int(result)
    return f"{number} (-{ERRORS[number]})" if number in ERRORS else str(number)


def without_panic(answers, what):
    """The answers, none of which may have ended in a panic."""
    for answer in answers:
        if answer and answer[-1].startswith("panic "):
            raise Mismatch(f"a panic where nothing is wrong ({what})", "no panic", answer[-1])
    return answers
