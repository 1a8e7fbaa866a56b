"""
The journey of a student through all labs, as they would walk it: clone, merge lab after lab, solve each.

walk() raises AssertionError where something is not as it must be: a merge conflict, a starter that is not there, a tree
that differs from what was published, a grade that is not full. Used by test_journey.py; it knows nothing of the labs.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))
import slicer                                                                  # noqa: E402  (found through the path above)

MESS = "messy"          # is in every line that only the messy student has


def git(folder, *args, check=True):
    """Run git in folder as a student without settings of their own. Returns its output."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment.update(GIT_CONFIG_GLOBAL=os.devnull, GIT_CONFIG_NOSYSTEM="1", LC_ALL="C")
    who = ("-c", "user.name=Student", "-c", "user.email=student@myos.invalid")
    result = subprocess.run(["git", *who, *args], cwd=folder, env=environment, capture_output=True)
    output = (result.stdout + result.stderr).decode(errors="replace")
    assert not check or result.returncode == 0, f"git {' '.join(args)}:\n{output}"
    return output.strip()


def publish(root, out):
    """Run the project's own `scripts/course`."""
    result = subprocess.run([root / "scripts/course", "--out", out], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def tree_of(folder, ref):
    return git(folder, "rev-parse", ref + "^{tree}")


def read_lines(file):
    return file.read_text(errors="surrogateescape").split("\n")


def write_lines(file, lines):
    file.write_text("\n".join(lines), errors="surrogateescape")


def find(lines, part, where):
    """Where part begins in lines."""
    for i in range(len(lines) - len(part) + 1):
        if lines[i:i + len(part)] == part:
            return i
    raise AssertionError(f"{where} is not in the student's tree:\n" + "\n".join(part))


def solve(project, folder, lab, messy):
    """Write the solutions of one lab over its starters."""
    for count, (path, region) in enumerate(project.regions(lab)):
        file = folder / path
        lines, starter, solution = read_lines(file), region.starter(), region.solution
        at = find(lines, starter, f"{path}: the starter of exercise {region.id}")
        if messy:
            solution = [f"{starter[0]} ({MESS}: done)", *(spread(line) for line in solution)]
        lines[at:at + len(starter)] = solution
        if messy:
            make_a_mess(lines, at, file.suffix, f"{MESS}_{lab}_{count}")
        write_lines(file, lines)


def spread(line):
    """The line with its comment formatted in another way."""
    return re.sub(r"(^|\s)(//|/\*|\*|;|#) ", r"\1\2   ", line)


def make_a_mess(lines, at, suffix, name):
    """What students do around a solution that begins at lines[at]: a helper, an include, a comment formatted anew."""
    function = f"static inline int {name}(int x) {{ return x + 1; }}", "#include"
    helper, include = {
        ".c": function, ".h": function, ".asm": (f"%define {name} 1", "%include"),
    }.get(suffix, (f"# {name}", "#"))
    # The head of the function (or table) is the nearest line that begins at the margin; its comment is right above.
    head = next((i for i in range(at - 1, -1, -1) if re.match(r"\w", lines[i])), 0)
    top = next((i + 1 for i in range(head - 1, -1, -1) if not lines[i].strip()), 0)
    lines[top:head] = [spread(line) for line in lines[top:head]]
    lines[top:top] = [helper, ""]
    includes = [i for i, line in enumerate(lines) if line.startswith(include)]
    if includes and suffix in (".c", ".h"):
        lines.insert(includes[-1] + 1, f"{lines[includes[-1]]}  /* {name} */")
    elif includes and suffix == ".asm":
        lines.insert(includes[-1] + 1, f"%define {name}_too 1")


def tidy(text):
    """The text without the mess, for comparison."""
    lines = [" ".join(line.split()) for line in text.decode(errors="surrogateescape").split("\n")]
    return [line for line in lines if line and MESS not in line]


def compare_tidied(folder, expected, where):
    paths = git(folder, "ls-files").split("\n")
    assert sorted(paths) == sorted(expected), f"{where}: {sorted(set(paths) ^ set(expected))}"
    for path in paths:
        assert tidy((folder / path).read_bytes()) == tidy(expected[path][1]), f"{where}: {path} is not what it must be"


def walk(root, out, folder, messy=False, grade=None):
    """
    Walk through the course that publish(root, out) wrote, in a new folder. grade(folder, lab) is called after lab N is
    solved, for the labs 1..N; it raises AssertionError unless the marks are full.
    """
    project = slicer.Project(root)
    git(out, "clone", "--quiet", "--branch", "lab1", str(out / "course.git"), str(folder))
    for lab in range(1, len(project.labs) + 1):
        if lab > 1:
            merged = git(folder, "merge", "--no-edit", f"origin/lab{lab}", check=False)
            conflicts = git(folder, "diff", "--diff-filter=U")
            assert not conflicts and "Merge made" in merged, f"merging lab {lab}:\n{merged}\n{conflicts}"
        check(project, out, folder, lab, lab - 1, messy, f"lab{lab}-start")
        solve(project, folder, lab, messy)
        git(folder, "commit", "--quiet", "--all", "--message", f"Solve lab {lab}")
        check(project, out, folder, lab, lab, messy, f"lab{lab}-solution")
        for earlier in range(1, lab + 1):
            if grade:
                grade(folder, earlier)
    check(project, out, folder, lab, lab, messy, "final")


def check(project, out, folder, n, s, messy, tag):
    if messy:
        compare_tidied(folder, project.tree(n, s), tag)
    else:
        assert tree_of(folder, "HEAD") == tree_of(out / "staff.git", tag), \
            f"{tag} is not the student's tree: " + git(folder, "diff", "--stat", tree_of_files(out, folder, tag), "HEAD")


def tree_of_files(out, folder, tag):
    """Bring the tag's objects here, for a diff."""
    git(folder, "fetch", "--quiet", str(out / "staff.git"), f"refs/tags/{tag}")
    return "FETCH_HEAD"
