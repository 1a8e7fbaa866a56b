#!/usr/bin/env python3
"""
Runs a lab's grader for a grading service, and leaves its result where that service looks for it.

    autograder.py                         Classroom 50: grades the current folder, writes result.json and release-body.md
    autograder.py --gradescope FOLDER     Gradescope: grades FOLDER/submission, writes FOLDER/results/results.json

Exit status 0 whenever there is a result, however bad. Without a verdict (the machine's fault) there is no result and the
status is 1: both services then report a failed run and not a zero. The course is the folder `course` next to this file
(as scripts/autograder packs it), or the checkout this file lies in. What a result looks like is gradelib/outputs.py's.

Read more: https://github.com/foundation50/classroom50/wiki/Advanced-Autograding,
https://gradescope-autograders.readthedocs.io/en/latest/specs/
"""

import argparse
import json
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
COURSE = HERE / "course" if (HERE / "course").is_dir() else HERE.parent
sys.path.insert(0, str(COURSE / "grade"))
from gradelib import sandbox, submission                    # noqa: E402

ATTEMPTS = 2                # a machine that failed once may be well again
LIMITS = sandbox.Limits(wall=480, cpu=480, memory=None, file=1 << 30, disk=2 << 30, processes=5000)
BODY_MAX = 50000            # characters of the report on the release page


def lab_number(assignment):
    """Classroom 50 names the assignment; anywhere else, and if that says nothing, it is the newest lab there is."""
    graders = sorted(int(path.name[3:]) for path in (COURSE / "grade").glob("lab*") if path.name[3:].isdigit())
    if not graders:
        sys.exit(f"autograder: the course in {COURSE} has no grader")
    named = re.search(r"lab-?0*(\d+)", assignment)
    return int(named.group(1)) if named and int(named.group(1)) in graders else graders[-1]


def locate(handed_in, scratch):
    """The folder to grade, and what is wrong with what was handed in ("" if nothing is)."""
    try:
        return submission.locate(handed_in, scratch / "unpacked"), ""
    except submission.Refused as refused:
        # Graded all the same: the grader knows best what a result without a point looks like.
        empty = scratch / "nothing"
        (empty / "src").mkdir(parents=True)
        return empty, str(refused)


def grade(lab, handed_in, option, scratch):
    """Run the grader; returns its result (of the kind `option` asks for; None without a verdict), its report, the trouble."""
    tree, trouble = locate(handed_in, scratch)
    log, result = scratch / "log.txt", scratch / "result.json"
    argv = [sys.executable, COURSE / f"grade/lab{lab}", "--tree", tree, "--work", scratch / "work", option, result,
            "--no-color", "--remote"]
    for _ in range(ATTEMPTS):
        # The result counts, not the status: a failed test and a crashed grader both end with 1.
        sandbox.run(argv, log, rw=[scratch], limits=LIMITS, cwd=COURSE, locked=False)
        report = trouble or log.read_text(errors="replace")
        print(report, flush=True)
        if result.is_file():
            return json.loads(result.read_text()), report, trouble
    return None, report, trouble


def clear(path):
    """Remove an old result, or what a submission has put in its place: a link, a folder."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif os.path.lexists(path):
        path.unlink()


def classroom50(lab, scratch):
    target, page = Path("result.json"), Path("release-body.md")
    clear(target)
    clear(page)
    result, report, _ = grade(lab, Path.cwd(), "--classroom50", scratch)
    if result is None:
        return False
    target.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    # Indented: whatever the report holds, it is shown as it is.
    body = "".join(f"    {line}\n" for line in report[-BODY_MAX:].splitlines())
    page.write_text(f"### Lab {lab}: {result['score']}/{result['max-score']}\n\n{body}", encoding="utf-8")
    return True


def gradescope(lab, folder, scratch):
    target = folder / "results/results.json"
    target.parent.mkdir(exist_ok=True)
    clear(target)
    result, _, trouble = grade(lab, folder / "submission", "--json", scratch)
    if result is None:
        return False
    if trouble:
        result["output"] = trouble
    target.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return True


def main():
    parser = argparse.ArgumentParser(description="Run a lab's grader for a grading service.")
    parser.add_argument("--gradescope", type=Path, metavar="FOLDER", help="the folder with submission/ and results/")
    options = parser.parse_args()
    lab = lab_number(os.environ.get("ASSIGNMENT", "") if not options.gradescope else "")
    with tempfile.TemporaryDirectory(prefix="myos-") as name:
        scratch = Path(name)
        scratch.chmod(0o755)        # the sandbox's user comes through here
        weakness = sandbox.weakness(scratch)
        if weakness:
            print(f"autograder: {weakness}", file=sys.stderr)
        done = gradescope(lab, options.gradescope, scratch) if options.gradescope else classroom50(lab, scratch)
    if not done:
        print("autograder: no verdict, because of this machine and not of the work; grade it again", file=sys.stderr)
    return 0 if done else 1


if __name__ == "__main__":
    sys.exit(main())
