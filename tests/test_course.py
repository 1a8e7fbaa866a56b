"""
Publishing the course (scripts/course) and catching up (scripts/catch-up), on a course of three small labs.
"""

import os
import stat
import subprocess

import pytest

import fakecourse
from journey import git, publish, solve, tree_of
from slicer import Project


def course(root, *args, cwd=None):
    return subprocess.run([root / "scripts/course", *map(str, args)], cwd=cwd or root, capture_output=True, text=True)


def files_below(folder):
    """{path: bytes} of everything below folder; empty folders count, with None."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            found[str(path.relative_to(folder))] = path.read_bytes()
        elif not any(path.iterdir()):
            found[str(path.relative_to(folder))] = None
    return found


@pytest.fixture
def root(tmp_path):
    (tmp_path / "project").mkdir()
    return fakecourse.make(tmp_path / "project")


@pytest.fixture
def out(root):
    publish(root, root / "build")
    return root / "build"


def trees(repository):
    """{ref: tree id} of all branches and tags."""
    refs = git(repository, "for-each-ref", "--format=%(refname)").split("\n")
    return {ref: tree_of(repository, ref) for ref in refs}


def tree_id(tmp_path, tree):
    """git's own id for a tree of the slicer."""
    folder = tmp_path / f"tree{len(list(tmp_path.iterdir()))}"
    for path, (mode, data) in tree.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
        (folder / path).chmod(int(mode, 8) & 0o777)
    git(tmp_path, "init", "--quiet", str(folder))
    git(folder, "add", "--all", "--force")
    return git(folder, "write-tree")


# ---- the repositories

def test_what_is_in_the_repositories(root, out, tmp_path):
    project = Project(root)
    expected = {(n, s): tree_id(tmp_path, project.tree(n, s)) for n in (1, 2, 3) for s in {0, n - 1, n}}
    branches = {f"refs/heads/lab{n}": expected[n, 0] for n in (1, 2, 3)}
    assert trees(out / "course.git") == branches
    assert trees(out / "staff.git") == {
        **branches, "refs/heads/main": expected[3, 3], "refs/tags/final": expected[3, 3],
        **{f"refs/tags/lab{n}-start": expected[n, n - 1] for n in (1, 2, 3)},
        **{f"refs/tags/lab{n}-solution": expected[n, n] for n in (1, 2, 3)}}
    assert git(out / "course.git", "symbolic-ref", "HEAD") == "refs/heads/lab1"


def test_who_is_whose_child(out):
    def parent(ref):
        return git(out / "staff.git", "rev-parse", ref + "^")

    def commit(ref):
        return git(out / "staff.git", "rev-parse", ref)

    assert git(out / "course.git", "rev-list", "--count", "lab3") == "3"
    for n in (1, 2, 3):
        assert commit(f"lab{n}") == git(out / "course.git", "rev-parse", f"lab{n}")
        assert parent(f"lab{n}-start") == commit(f"lab{n}")
        assert parent(f"lab{n}-solution") == commit(f"lab{n}-start")
        assert n == 1 or parent(f"lab{n}") == commit(f"lab{n - 1}")


def test_students_get_no_solution(out):
    """Not even in an object that no branch leads to."""
    listing = git(out / "course.git", "cat-file", "--batch-check=%(objecttype) %(objectname)", "--batch-all-objects")
    blobs = [line.split()[1] for line in listing.split("\n") if line.startswith("blob")]
    text = "".join(git(out / "course.git", "cat-file", "blob", blob) for blob in blobs)
    assert "Your code here." in text and "print_char(s[n++])" not in text and "find the handler" in text
    assert "handlers[f->number]" not in text and "For instructors" not in text and "42" not in text


def test_author_and_dates(out):
    log = git(out / "course.git", "log", "--reverse", "--format=%an <%ae> %aI %cn %cI|%s", "lab3").split("\n")
    assert log == [f"myOS course <course@myos.invalid> 2024-01-0{n}T00:00:00+00:00 myOS course 2024-01-0{n}T00:00:00+00:00"
                   f"|Lab {n}: The {name} lab" for n, name in ((1, "hello"), (2, "trap"), (3, "page"))]


def test_two_runs_give_the_same_bytes(root, out, tmp_path, monkeypatch):
    first = files_below(out)
    assert len(first) > 10 and not [name for name in first if "logs" in name or "hooks" in name or ".course-" in name]
    # Another day, another person with other settings, another place; and over what is there already.
    (tmp_path / ".gitconfig").write_text(
        "[user]\nname = Other\n[init]\ndefaultBranch = trunk\n[core]\nlogAllRefUpdates = always\ncompression = 0\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Other")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "none"))
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    for file in root.rglob("*.c"):
        os.utime(file, (1, 1))
    publish(root, tmp_path / "other")
    publish(root, out)
    assert files_below(tmp_path / "other") == first
    assert files_below(out) == first


def test_the_repositories_are_sound(out):
    for name in ("course.git", "staff.git"):
        assert git(out / name, "fsck", "--full", "--strict", "--no-dangling") == ""
        objects = [path.suffix for path in (out / name / "objects").rglob("*") if path.is_file()]
        assert objects.count(".pack") == 1 and "" not in objects        # all in one pack, nothing loose


def test_clone_has_the_files_with_their_run_bits(out, tmp_path):
    git(tmp_path, "clone", "--quiet", "-b", "lab2", str(out / "course.git"), "x")
    assert (tmp_path / "x/src/user/run.sh").stat().st_mode & stat.S_IXUSR
    assert not (tmp_path / "x/src/kernel/main.c").stat().st_mode & stat.S_IXUSR
    assert (tmp_path / "x/src/boot/logo.bin").read_bytes() == fakecourse.FILES["src/boot/logo.bin"]
    git(tmp_path, "clone", "--quiet", str(out / "course.git"), "y")
    assert git(tmp_path / "y", "branch", "--show-current") == "lab1"


def test_default_place_is_build_here(root, tmp_path):
    result = course(root, cwd=tmp_path)
    assert result.returncode == 0 and "3 lab(s), 5 exercises" in result.stdout
    assert sorted(path.name for path in (tmp_path / "build").iterdir()) == ["course.git", "staff.git"]


def test_refusal_changes_nothing_and_lists_all(root, out):
    before = files_below(out)
    main, boot = root / "src/kernel/main.c", root / "src/boot/boot.asm"
    main.write_text(main.read_text().replace("// lab 2 begin", "// lab2 begin"))
    boot.write_text(boot.read_text().replace("; exercise 1.2 end", "; exercise 1.2 nd"))
    for args in ([], ["--check"], ["tree", 1, 1, root / "build/tree"]):
        result = course(root, *args)
        assert result.returncode == 1 and result.stdout == ""
        assert "src/kernel/main.c:11: " in result.stderr and "src/boot/boot.asm:10: " in result.stderr
        assert "nothing was written" in result.stderr.split("\n")[-2]
        assert files_below(out) == before


def test_failure_of_git_changes_nothing(root, out, tmp_path, monkeypatch):
    before = files_below(out)
    (root / "src/kernel/main.c").write_text("changed\n")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").write_text('#!/bin/sh\ncase "$*" in *fast-import*) echo disk full >&2; exit 1;; esac\n'
                                      f'PATH={os.environ["PATH"]} exec git "$@"\n')
    (tmp_path / "bin/git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    result = course(root)
    assert result.returncode == 1 and "disk full" in result.stderr
    assert files_below(out) == before


def test_check_writes_nothing(root):
    result = course(root, "--check")
    assert result.returncode == 0 and "no problem" in result.stdout
    assert not (root / "build").exists()


# ---- onto what is published

def change(root, path, old, new):
    file = root / path
    assert file.read_text().count(old) == 1
    file.write_text(file.read_text().replace(old, new))


def commits(repository):
    return dict(line.split() for line in git(repository, "for-each-ref", "--format=%(refname:short) %(objectname)").split("\n"))


def onto(root, place, *args):
    """Build on the branches of `place`; returns what was said of each lab, in a row."""
    result = course(root, "--out", root / "build", "--onto", place, *args)
    assert result.returncode == 0, result.stderr
    return [line.partition(": ")[2] for line in result.stdout.splitlines()[1:]]


@pytest.fixture
def host(out, tmp_path):
    """Where the course is published: so far, labs 1 and 2."""
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=lab1", "host.git")
    git(out / "course.git", "push", "--quiet", str(tmp_path / "host.git"), "lab1", "lab2")
    return tmp_path / "host.git"


def push(root, host, *branches):
    """As the instructor does: without force."""
    git(root / "build/course.git", "push", "--quiet", str(host), *branches)


def clone(host, folder, branch):
    git(folder.parent, "clone", "--quiet", "-b", branch, str(host), folder.name)
    return folder


def test_onto_adds_nothing_when_nothing_changed(root, out, host):
    before, staff = commits(out / "course.git"), commits(out / "staff.git")
    assert onto(root, host) == ["as published", "as published", "new"]
    assert commits(out / "course.git") == before and commits(out / "staff.git") == staff
    # The repository may also be the one that is written, and named from here.
    result = course(root, "--onto", "build/course.git")
    assert result.stdout.split("\n")[1:] == ["lab1: as published", "lab2: as published", "lab3: as published", ""]
    assert commits(out / "course.git") == before and commits(out / "staff.git") == staff


def test_onto_after_a_change_in_lab_1(root, out, host):
    old = commits(host)
    change(root, "src/kernel/main.c", '    print("hello");', '    print("hello, world");')
    said = ["corrected", "corrected", "new"]
    assert onto(root, host, "--message", "Greet everybody") == said
    new, staff = commits(out / "course.git"), commits(out / "staff.git")
    parents = {ref: git(out / "staff.git", "log", "-1", "--format=%P", ref).split() for ref in staff}
    assert parents["lab1"] == [old["lab1"]]
    assert parents["lab2"] == [old["lab2"], new["lab1"]]
    assert parents["lab3"] == [new["lab2"]]
    assert [parents[f"lab{n}-start"] for n in (1, 2, 3)] == [[new[f"lab{n}"]] for n in (1, 2, 3)]
    assert [parents[f"lab{n}-solution"] for n in (1, 2, 3)] == [[staff[f"lab{n}-start"]] for n in (1, 2, 3)]
    assert git(out / "course.git", "log", "-1", "--format=%s", "lab2") == "Lab 2: Greet everybody"
    # The trees are what they always are, and both repositories agree.
    project = Project(root)
    publish(root, root / "scratch")
    for name in ("course.git", "staff.git"):
        assert trees(out / name) == trees(root / "scratch" / name)
        assert git(out / name, "fsck", "--full", "--strict", "--no-dangling") == ""
    assert {ref: commit for ref, commit in staff.items() if ref in new} == new and len(project.labs) == 3
    # Once more: onto the same, the same commits; onto the new ones, none.
    assert onto(root, host, "--message", "Greet everybody") == said and commits(out / "staff.git") == staff
    push(root, host, "lab1", "lab2")
    assert onto(root, host) == ["as published", "as published", "new"] and commits(out / "staff.git") == staff


def test_onto_after_a_change_in_lab_2_only(root, out, host):
    old = commits(host)
    change(root, "src/kernel/trap.c", "/* Handle one trap. */", "/* Handle one trap, whatever it is. */")
    assert onto(root, host) == ["as published", "corrected", "new"]
    assert commits(out / "course.git")["lab1"] == old["lab1"]
    assert git(out / "course.git", "log", "-1", "--format=%P %s", "lab2") == f"{old['lab2']} Lab 2: corrections"


def test_onto_joins_what_was_put_on_lab_1_by_hand(root, out, host):
    """A commit on the published lab 1 that changes nothing: lab 2 needs none of it, but must come after it."""
    tip = git(host, "commit-tree", "-p", "lab1", "-m", "By hand", "lab1^{tree}")
    git(host, "update-ref", "refs/heads/lab1", tip)
    old = commits(host)
    assert onto(root, host) == ["as published", "the same, on top of the new lab before it", "new"]
    assert git(out / "course.git", "log", "-1", "--format=%P", "lab2").split() == [old["lab2"], tip]
    assert tree_of(out / "course.git", "lab2") == tree_of(host, "lab2")


@pytest.mark.parametrize("messy", [False, True])
def test_students_merge_a_correction(root, out, host, tmp_path, messy):
    """One is in lab 2 and one still in lab 1; both solved it, and both keep their work and get what was changed."""
    project, students = Project(root), [clone(host, tmp_path / name, "lab1") for name in ("ahead", "behind")]
    for folder in students:
        solve(project, folder, 1, messy)
        (folder / "src/kernel/extra.c").write_text("int mine;\n")
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message", "My work")
    ahead, behind = students
    git(ahead, "merge", "--quiet", "--no-edit", "origin/lab2")
    solve(project, ahead, 2, messy)
    git(ahead, "commit", "--quiet", "--all", "--message", "My work on lab 2")
    work = {folder: (folder / "src/kernel/print.c").read_text() for folder in students}

    change(root, "src/kernel/main.c", '    print("hello");', '    print("hello, world");')
    change(root, "src/kernel/print.h", "int print_number(int n);", "int print_number(long n);")
    change(root, "labs/lab02-trap/tests/trap.c", "KTEST(trap) {}", "KTEST(trap) { again(); }")
    onto(root, host, "--message", "Greet everybody")
    push(root, host, "lab1", "lab2")
    for folder in students:
        git(folder, "fetch", "--quiet")
    git(ahead, "merge", "--no-edit", "origin/lab2")             # fails if there is a conflict
    git(behind, "merge", "--no-edit", "origin/lab1")
    for folder in students:
        assert 'print("hello, world");' in (folder / "src/kernel/main.c").read_text()
        assert (folder / "src/kernel/print.c").read_text() == work[folder] and (folder / "src/kernel/extra.c").exists()
    assert "again();" in (ahead / "labs/lab02-trap/tests/trap.c").read_text()
    assert "handlers[f->number](f);" in (ahead / "src/kernel/trap.c").read_text()
    # The other one comes to the same, and both go on to lab 3.
    git(behind, "merge", "--no-edit", "origin/lab2")
    solve(project, behind, 2, messy)
    git(behind, "commit", "--quiet", "--all", "--message", "My work on lab 2")
    assert tree_of(ahead, "HEAD") == tree_of(behind, "HEAD")
    push(root, host, "lab3")
    for folder in students:
        git(folder, "fetch", "--quiet")
        git(folder, "merge", "--no-edit", "origin/lab3")
        assert "page_init();" in (folder / "src/kernel/main.c").read_text()


def test_catching_up_after_a_correction(root, out, host, tmp_path):
    """The start tag that was out already is replaced by one on top of the corrected lab."""
    git(out / "staff.git", "push", "--quiet", str(host), "lab2-start")
    folder = clone(host, tmp_path / "student", "lab2")
    git(folder, "config", "user.name", "Student")
    git(folder, "config", "user.email", "student@myos.invalid")
    change(root, "src/kernel/print.h", "int print_number(int n);", "int print_number(long n);")
    onto(root, host)
    push(root, host, "lab1", "lab2")
    git(out / "staff.git", "push", "--quiet", "--force", str(host), "lab2-start")
    git(folder, "pull", "--quiet", "--no-rebase")
    assert "long n" in (folder / "src/kernel/print.h").read_text()
    result = subprocess.run([folder / "scripts/catch-up"], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert tree_of(folder, "HEAD") == tree_of(out / "staff.git", "lab2-start")


@pytest.mark.parametrize("place, why", [("nowhere", "nowhere"), ("empty.git", "has no branch lab1")])
def test_onto_what_is_no_published_course(root, out, tmp_path, place, why):
    git(tmp_path, "init", "--quiet", "--bare", "empty.git")
    before = files_below(out)
    result = course(root, "--onto", tmp_path / place)
    assert result.returncode == 1 and why in result.stderr
    assert files_below(out) == before


# ---- single trees

def test_tree_into_a_folder(root, tmp_path):
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "empty", tmp_path / "new/er"):
        assert course(root, "tree", 2, 1, folder).returncode == 0
        expected = Project(root).tree(2, 1)
        assert files_below(folder) == {path: data for path, (_, data) in expected.items()}
        assert (folder / "src/user/run.sh").stat().st_mode & stat.S_IXUSR
        assert not (folder / "src/boot/boot.asm").stat().st_mode & stat.S_IXUSR


def test_tree_only_into_an_empty_folder(root, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full/file").write_text("mine")
    for place in ("full", "full/file"):
        result = course(root, "tree", 2, 1, tmp_path / place)
        assert result.returncode == 1 and "not an empty folder" in result.stderr
    assert files_below(tmp_path / "full") == {"file": b"mine"}


@pytest.mark.parametrize("args, why", [
    (("tree", 4, 1), "N is 1 to 3"), (("tree", 0, 0), "N is 1 to 3"), (("tree", 2, 3), "S is 0 to N"),
    (("tree", 2, -1), "S is 0 to N"), (("stub", "9.9"), "no exercise 9.9")])
def test_tree_that_does_not_exist(root, tmp_path, args, why):
    result = course(root, *args, tmp_path / "x")
    assert result.returncode == 1 and why in result.stderr and not (tmp_path / "x").exists()


def test_stub(root, tmp_path):
    assert course(root, "stub", "2.2", tmp_path / "x").returncode == 0
    text = "".join(file.read_text(errors="replace") for file in (tmp_path / "x/src").rglob("*") if file.is_file())
    assert text.count("Your code here.") == 1 and text.count("Exercise 2.2") == 1
    assert not (tmp_path / "x/src/kernel/mm").exists()


# ---- catching up

class Student:
    """Someone who cloned the course and is at the beginning of lab 2, with half of lab 1 done."""

    def __init__(self, out, folder):
        self.folder, self.out = folder, out
        git(out, "clone", "--quiet", "-b", "lab1", str(out / "course.git"), str(folder))
        git(folder, "config", "user.name", "Student")
        git(folder, "config", "user.email", "student@myos.invalid")
        self.edit("src/kernel/print.c", "(void)c;", "mine(c);")
        self.edit("src/kernel/main.c", "The start of everything", "My own")
        git(folder, "commit", "--quiet", "--all", "--message", "My work")
        git(folder, "merge", "--quiet", "--no-edit", "origin/lab2")

    def edit(self, path, old, new):
        file = self.folder / path
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))

    def publish(self, *tags):
        git(self.out / "staff.git", "push", "--quiet", "../course.git", *tags)

    def catch_up(self, *args):
        return subprocess.run([self.folder / "scripts/catch-up", *args], cwd="/", capture_output=True, text=True)

    def state(self):
        return (git(self.folder, "rev-parse", "HEAD"), git(self.folder, "status", "--porcelain", "--ignored"),
                {path: data for path, data in files_below(self.folder).items() if not path.startswith(".git/")})

    def refuses(self, why, *args):
        before = self.state()
        result = self.catch_up(*args)
        assert result.returncode == 1 and why in result.stderr and "Nothing was changed." in result.stderr, result
        assert self.state() == before


@pytest.fixture
def student(out, tmp_path):
    return Student(out, tmp_path / "student")


def test_catch_up(student, root):
    student.publish("lab2-start")
    (student.folder / "notes.txt").write_text("not in git\n")
    mine = git(student.folder, "rev-parse", "HEAD")
    result = student.catch_up()
    assert result.returncode == 0, result.stderr
    assert "src/kernel/print.c" in result.stdout and "src/boot/boot.asm" in result.stdout

    start = Project(root).tree(2, 1)
    for path in ("src/kernel/print.c", "src/boot/boot.asm"):
        assert (student.folder / path).read_bytes() == start[path][1]
    assert "My own" in (student.folder / "src/kernel/main.c").read_text()       # no exercise there: stays the student's
    assert (student.folder / "notes.txt").read_text() == "not in git\n"
    assert git(student.folder, "status", "--porcelain") == "?? notes.txt"
    assert git(student.folder, "rev-parse", "HEAD^") == mine                    # so nothing of theirs is lost
    assert "mine(c);" in git(student.folder, "show", f"{mine}:src/kernel/print.c")

    again = student.catch_up()
    assert again.returncode == 0 and "already" in again.stdout


def test_course_goes_on_after_catching_up(student, root):
    student.publish("lab2-start", "lab3-start")
    assert student.catch_up().returncode == 0
    solve(Project(root), student.folder, 2, messy=True)
    git(student.folder, "commit", "--quiet", "--all", "--message", "Solve lab 2")
    git(student.folder, "merge", "--no-edit", "origin/lab3")
    assert "My own" in (student.folder / "src/kernel/main.c").read_text()
    assert "page_init();" in (student.folder / "src/kernel/main.c").read_text()
    result = student.catch_up()
    assert result.returncode == 0 and "messy" not in (student.folder / "src/kernel/trap.c").read_text()


def test_catch_up_when_nothing_is_published(student):
    student.refuses("not published: there is no tag lab2-start")
    student.publish("lab3-start")
    student.refuses("not published: there is no tag lab2-start")


def test_catch_up_from_elsewhere_or_nowhere(student):
    student.refuses("cannot reach the course at \"upstream\"", "upstream")
    git(student.folder, "remote", "add", "upstream", str(student.out / "staff.git"))
    assert student.catch_up("upstream").returncode == 0


@pytest.mark.parametrize("staged", [False, True])
def test_catch_up_refuses_what_is_not_committed(student, staged):
    student.publish("lab2-start")
    student.edit("src/kernel/trap.c", "panic(f);", "panic(f);   // half done")
    if staged:
        git(student.folder, "add", "--all")
    student.refuses("src/kernel/trap.c")


def test_catch_up_refuses_to_replace_a_file_outside_git(student):
    student.publish("lab2-start")
    git(student.folder, "rm", "--quiet", "--cached", "src/boot/boot.asm")
    git(student.folder, "commit", "--quiet", "--message", "Forget a file")
    student.refuses("src/boot/boot.asm is in no commit")


def test_catch_up_refuses_in_the_middle_of_a_merge(student):
    student.publish("lab2-start")
    git(student.folder, "merge", "--no-commit", "--no-ff", "--strategy=ours", "origin/lab3")
    student.refuses("middle of a merge")


def test_catch_up_refuses_without_a_name(student, monkeypatch):
    student.publish("lab2-start")
    git(student.folder, "config", "--unset", "user.name")
    git(student.folder, "config", "user.useConfigOnly", "true")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    student.refuses("git config user.name")


def test_catch_up_refuses_in_lab_1_and_when_the_lab_changed(student, root):
    git(student.folder, "checkout", "--quiet", "-b", "first", "origin/lab1")
    student.refuses("this is lab 1")
    git(student.folder, "checkout", "--quiet", "lab1")
    (root / "src/kernel/print.h").write_text("/* a late fix */\n")
    publish(root, student.out)
    student.publish("lab2-start")
    student.refuses("git fetch origin && git merge origin/lab2")


def test_catch_up_needs_the_repository_itself(student, tmp_path):
    git(tmp_path, "init", "--quiet", "other")
    (tmp_path / "other/tree").mkdir()
    for path, data in files_below(student.folder).items():
        if not path.startswith(".git/"):
            (tmp_path / "other/tree" / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "other/tree" / path).write_bytes(data)
    script = tmp_path / "other/tree/scripts/catch-up"
    script.chmod(0o755)
    result = subprocess.run([script], capture_output=True, text=True)
    assert result.returncode == 1 and "inside the repository" in result.stderr

