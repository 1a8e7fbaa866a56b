"""
The safe build: what may be taken from a submission (submission.py), how it is locked in (sandbox.py), and whose fault a
failed build is (build.py). Builds run in a stand-in course of three files, so that each takes a fraction of a second.
"""

import io
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "grade"))
from gradelib import build, sandbox, submission             # noqa: E402
from gradelib.build import Build, BuildError                # noqa: E402
from gradelib.verdicts import NoVerdict                     # noqa: E402
from standin import running                                # noqa: E402

Limits, Refused = sandbox.Limits, submission.Refused
locked_in = pytest.mark.skipif(sandbox.weakness("/") is not None, reason="bubblewrap does not work here")


@pytest.fixture
def place():
    """A folder that another user can come to: pytest keeps its own closed to others."""
    with tempfile.TemporaryDirectory(prefix="myos-") as name:
        os.chmod(name, 0o755)
        yield Path(name)


@pytest.fixture(params=[pytest.param("bwrap", marks=locked_in), "limits"])
def box(request, monkeypatch):
    """Each test that wants it runs with bubblewrap and without."""
    if request.param == "limits":
        monkeypatch.setattr(sandbox, "_bwrap_works", lambda user: False)
    return request.param


def shell(place, script, ro=(), **limits):
    """Run a script locked in, with place/out to write to; the outcome and what it printed."""
    (place / "out").mkdir(exist_ok=True)
    outcome = sandbox.run(["sh", "-c", script], place / "log", ro=ro, rw=[place / "out"], limits=Limits(**limits),
                          cwd=place / "out")
    return outcome, (place / "log").read_text()


# ---- the sandbox

@locked_in
def test_nothing_outside_is_seen(place):
    (place / "secret").write_text("the solution")
    (place / "given").mkdir()
    (place / "given/file").write_text("hello")
    _, printed = shell(place, "cat ../given/file ../secret /etc/passwd; ls -d ../* /root /home; ls /", ro=[place / "given"])
    assert "hello" in printed
    assert "the solution" not in printed and "root:" not in printed
    assert f"{place}/secret" not in printed and "\nroot\n" not in printed and "\nhome\n" not in printed


@locked_in
@pytest.mark.parametrize("as_root", [True, False])
def test_only_the_given_folder_can_be_written(place, monkeypatch, as_root):
    """Whoever runs the grader, and even if the files themselves would allow it."""
    if not as_root:
        monkeypatch.setattr(sandbox, "_other_user", lambda: None)
    (place / "given").mkdir()
    for path, mode in ((place / "given/x", 0o666), (place / "given", 0o777)):
        path.touch()
        path.chmod(mode)
    script = "for f in /x /tmp/x /dev/x /dev/shm/x /usr/x ../x ../given/x ./x $TMPDIR/x; do echo > $f && echo wrote $f; done"
    _, printed = shell(place, script, ro=[place / "given"])
    assert [line for line in printed.splitlines() if line.startswith("wrote")] == ["wrote ./x",
                                                                                 f"wrote {place}/out/tmp/x"]
    assert (place / "out/x").exists()


@locked_in
def test_no_network_and_no_other_process(place):
    _, printed = shell(place, "cat /proc/net/dev; echo; for p in /proc/[0-9]*; do echo process; done")
    devices = [line.split(":")[0].strip() for line in printed.splitlines() if ":" in line]
    assert devices == ["lo"]
    assert printed.count("process\n") <= 4


@locked_in
def test_it_is_another_user(place):
    _, printed = shell(place, "id -u")
    assert int(printed) != os.getuid()


def test_files_closed_to_others_can_still_be_given(place, box):
    """A course that was checked out with umask 077, graded by root."""
    (place / "given").mkdir(mode=0o700)
    (place / "given/file").write_text("hello")
    outcome, printed = shell(place, "cat ../given/file; echo > x", ro=[place / "given"])
    assert (outcome.status, printed) == (0, "hello")


def test_environment_is_clean(place, box, monkeypatch):
    monkeypatch.setenv("MAKEFLAGS", "n")
    monkeypatch.setenv("CROSS", "i386-")
    _, printed = shell(place, "echo ${MAKEFLAGS-none} $CROSS $HOME $LC_ALL")
    assert printed == "none i386- /nonexistent C\n"


def test_time_ends_it(place, box):
    assert shell(place, "sleep 54321", wall=0.3)[0].limit == "time"
    assert running("sleep 54321") == []


def test_fork_bomb_ends(place, box):
    bomb = "for i in 1 2 3 4 5 6 7 8 9; do (for j in 1 2 3 4 5; do sleep 54322 & done; wait) & done; wait"
    assert shell(place, bomb, processes=30)[0].limit == "processes"
    assert running("sleep 54322") == []


def test_disk_is_not_filled(place, box):
    script = "i=0; while :; do i=$((i+1)); dd if=/dev/zero of=$i bs=1M count=8 2>/dev/null; done"
    assert shell(place, script, disk=32 << 20)[0].limit == "disk"
    assert shutil.disk_usage(place).free > 0


def test_many_empty_files_fill_the_disk_too(place, box):
    assert shell(place, "i=0; while :; do i=$((i+1)); : > $i; done", disk=4 << 20)[0].limit == "disk"


def test_file_size_and_processor_time_are_limited(place, box):
    outcome, printed = shell(place, "dd if=/dev/zero of=x bs=1M count=9", file=2 << 20)
    assert outcome.signal == signal.SIGXFSZ and (place / "out/x").stat().st_size == 2 << 20, printed
    outcome, _ = shell(place, "while :; do :; done", cpu=1)
    assert outcome.status in (-signal.SIGXCPU, 128 + signal.SIGXCPU)


@pytest.mark.parametrize("name", ["PIPE", "XFSZ"])
def test_signals_that_python_ignores_end_it(place, box, name):
    outcome = shell(place, f"kill -{name} $$; echo survived")[0]
    assert outcome.signal == getattr(signal, f"SIG{name}")


def test_what_it_leaves_running_ends(place, box):
    outcome, printed = shell(place, "setsid sleep 54323 & exit 3")
    assert (outcome.status, printed) == (3, "")
    assert running("sleep 54323") == []


def test_stop_ends_it(place, box):
    (place / "out").mkdir()
    asked = []
    outcome = sandbox.run(["sleep", "54324"], place / "log", rw=[place / "out"], stop=lambda: len(asked) > 3 or asked.append(1))
    assert outcome.limit == "stop"
    assert running("sleep 54324") == []


def test_command_is_for_popen(place, box):
    (place / "out").mkdir()
    process = subprocess.Popen(sandbox.command(["sh", "-c", "echo ready; sleep 54325"], rw=[place / "out"]),
                               stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    sandbox.kill(process)
    process.stdout.close()
    assert process.returncode is not None and running("sleep 54325") == []


def test_missing_program_is_told(place, box):
    (place / "out").mkdir()
    outcome = sandbox.run(["no-such-program"], place / "log", rw=[place / "out"])
    assert outcome.status not in (0, None)
    assert "no-such-program" in (place / "log").read_text()


def test_weakness_is_told(place, box):
    told = sandbox.weakness(place)
    assert told is None if box == "bwrap" else "bubblewrap" in told


# ---- what is taken from a submission

def tree_with(place, **files):
    for name, content in {"src/main.c": "int main;\n", **files}.items():
        target = place / "tree" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)
    return place / "tree"


def test_ordinary_files_are_copied(tmp_path):
    tree = tree_with(tmp_path, **{"src/kernel/a-b.c++": "x", "src/.hidden": "", "src/main.c~": "", "src/.git/config": "",
                                  "Makefile": "evil", "src/#main.c#": ""})
    assert submission.copy_sources(tree, tmp_path / "copy")
    copied = sorted(str(p.relative_to(tmp_path / "copy")) for p in (tmp_path / "copy").rglob("*") if p.is_file())
    assert copied == ["kernel/a-b.c++", "main.c"]


def test_copy_keeps_time_stamps_of_what_is_the_same(tmp_path):
    tree = tree_with(tmp_path, **{"src/a.c": "a", "src/b.c": "b", "src/old/c.c": "c"})
    copy = tmp_path / "copy"
    submission.copy_sources(tree, copy)
    for name in ("a.c", "b.c"):
        os.utime(copy / name, (1, 1))
    (tree / "src/b.c").write_text("B")
    os.utime(tree / "src/b.c", (1, 1))      # unpacked from an archive: older than what was built
    assert not submission.copy_sources(tree, copy)
    assert (copy / "a.c").stat().st_mtime == 1 and (copy / "b.c").stat().st_mtime > 1
    shutil.rmtree(tree / "src/old")
    (tree / "src/old").write_text("now a file")
    assert submission.copy_sources(tree, copy)
    assert (copy / "old").read_text() == "now a file"


def link(target):
    return lambda path: path.symlink_to(target)


@pytest.mark.parametrize("name, make, told", [
    ("link.c", link("/etc/passwd"), "symbolic link"),
    ("link", link("boot"), "symbolic link"),
    ("pipe.c", os.mkfifo, "no ordinary file"),
    ("a b.c", Path.touch, "cannot be used"),
    ("a$(id).c", Path.touch, "cannot be used"),
    ("a;b.c", Path.touch, "cannot be used"),
    ("-o.c", Path.touch, "cannot be used"),
    ("a\nb.c", Path.touch, r"'src/a\nb.c'"),
    ("b\u00e4.c", Path.touch, r"src/b\xe4.c"),
    ("bad name/x.c", lambda path: (path.parent.mkdir(), path.touch()), "cannot be used"),
    ("big.c", lambda path: path.write_bytes(b"x" * (5 << 20)), "larger than 4 MB"),
    ("1/2/3/4/5/6/7/8/9/10/11/x.c", lambda path: (path.parent.mkdir(parents=True), path.touch()), "10 deep"),
])
def test_odd_files_are_refused(tmp_path, name, make, told):
    tree = tree_with(tmp_path, **{"src/boot/mbr.asm": "nop"})
    make(tree / "src" / name)
    with pytest.raises(Refused) as refused:
        submission.copy_sources(tree, tmp_path / "copy")
    assert told in str(refused.value)
    assert str(refused.value).isprintable()


def test_number_and_total_are_limited(tmp_path, monkeypatch):
    tree = tree_with(tmp_path, **{f"src/{i}.c": "12345" for i in range(5)})
    monkeypatch.setattr(submission, "MAX_FILES", 5)
    with pytest.raises(Refused, match="more than 5 files"):
        submission.copy_sources(tree, tmp_path / "copy")
    monkeypatch.setattr(submission, "MAX_FILES", 6)
    submission.copy_sources(tree, tmp_path / "copy")
    monkeypatch.setattr(submission, "MAX_TOTAL", 20)
    with pytest.raises(Refused, match="together"):
        submission.copy_sources(tree, tmp_path / "copy")


@pytest.mark.parametrize("make, told", [
    (lambda tree: None, "is not there"),
    (lambda tree: (tree / "src").mkdir(), "empty"),
    (lambda tree: (tree / "src").symlink_to("/etc"), "no folder of its own"),
])
def test_src_must_be_there(tmp_path, make, told):
    (tmp_path / "tree").mkdir()
    make(tmp_path / "tree")
    with pytest.raises(Refused, match=told):
        submission.copy_sources(tmp_path / "tree", tmp_path / "copy")


def test_src_is_found_in_folders(tmp_path):
    for name in ("a/src", "a/build/x/src", "__MACOSX/src", ".git/src", "b/c"):
        (tmp_path / name).mkdir(parents=True)
    assert submission.find(tmp_path) == tmp_path / "a"
    assert submission.find(tmp_path / "a") == tmp_path / "a"
    with pytest.raises(Refused, match="no src folder"):
        submission.find(tmp_path / "b")
    (tmp_path / "b/src").mkdir()
    with pytest.raises(Refused, match="a/src and b/src"):
        submission.find(tmp_path)


def archive(path, *members):
    """A .tar.gz of (name, content) and (name, type, link)."""
    with tarfile.open(path, "w:gz") as tar:
        for name, content, *link_to in members:
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content.encode()))
            else:
                info.type, info.linkname = content, "".join(link_to)
                tar.addfile(info)
    return path


def test_archives_are_unpacked(tmp_path):
    tar = archive(tmp_path / "x.tar.gz", ("./src/boot/a.c", "a"), ("./notes.txt", "n"), ("./src/.git/x", "g"))
    assert submission.locate(tar, tmp_path / "1") == tmp_path / "1"
    assert [p.name for p in sorted((tmp_path / "1").rglob("*"))] == ["src", "boot", "a.c"]
    (tmp_path / "only").mkdir()
    archive(tmp_path / "only/y.tgz", ("Ann's lab/src/a.c", "a"))
    tree = submission.locate(tmp_path / "only", tmp_path / "2")
    assert (tree / "src/a.c").read_text() == "a" and tree.parent == tmp_path / "2"


@pytest.mark.parametrize("members, told", [
    ([("src/a.c", tarfile.SYMTYPE, "/etc/passwd")], "is a link"),
    ([("src", tarfile.SYMTYPE, "/etc")], "is a link"),
    ([("src/a.c", "x"), ("src/b.c", tarfile.LNKTYPE, "../secret")], "is a link"),
    ([("src/a.c", tarfile.CHRTYPE)], "no ordinary file"),
    ([("src/a b.c", "x")], "cannot be used"),
    ([("src/a", "x"), ("src/a/b", "x")], "a file and a folder of one name"),
    ([("other/a.c", "x")], "no src folder"),
    ([("src/../../evil", "x")], "no src folder"),
    ([("../src/a.c", "x")], "no src folder"),
])
def test_odd_archives_are_refused(tmp_path, members, told):
    with pytest.raises(Refused, match=told):
        submission.unpack(archive(tmp_path / "x.tar.gz", *members), tmp_path / "in/out")
    assert not (tmp_path / "evil").exists() and not (tmp_path / "in/src").exists()


def test_damaged_and_swollen_archives_are_refused(tmp_path, monkeypatch):
    whole = archive(tmp_path / "x.tar.gz", ("src/a.c", "".join(map(str, range(9999))))).read_bytes()
    for content in (b"no archive", whole[:len(whole) // 2], b""):
        (tmp_path / "y.tar.gz").write_bytes(content)
        with pytest.raises(Refused):
            submission.unpack(tmp_path / "y.tar.gz", tmp_path / "out")
    monkeypatch.setattr(submission, "MAX_ARCHIVE", 1 << 20)
    with pytest.raises(Refused, match="more than 1 MB"):
        submission.unpack(archive(tmp_path / "z.tar.gz", ("elsewhere", "x" * (2 << 20)), ("src/a.c", "x")), tmp_path / "out")


# ---- building

RULES = """\
sources := $(notdir $(wildcard $(SRC)/*.c $(SRC)/*.asm))
objects := $(patsubst %,$(BUILD)/%.o,$(basename $(sources)))
$(BUILD)/kernel.elf: $(objects)
\tcat $^ > $@
$(BUILD)/%.o: $(SRC)/%.c
\tgcc -I$(COURSE)/labs -MMD -MP -c $< -o $@
$(BUILD)/%.o: $(SRC)/%.asm
\tnasm -f elf32 -MD $(BUILD)/$*.d $< -o $@
trouble:
\t@$(DO)
-include $(wildcard $(BUILD)/*.d)
"""


@pytest.fixture
def course(place):
    for name, content in {"scripts/build.mk": RULES, "scripts/mkimage": "", "labs/ktest.h": "#define KTEST 1\n",
                          "solutions/lab01/answers.md": "the solution"}.items():
        (place / "course" / name).parent.mkdir(parents=True, exist_ok=True)
        (place / "course" / name).write_text(content)
    return place / "course"


@pytest.fixture
def prepared(place, course):
    """Builds of one submission, which the test may change between them."""
    tree = tree_with(place, **{"src/main.c": '#include "ktest.h"\nint main = KTEST;\n', "src/other.c": "int other;\n"})
    return lambda: Build(tree, place / "work", course)


def failure(prepared, *targets):
    with pytest.raises(BuildError) as error:
        prepared().make(*targets)
    return error.value


def no_verdict(prepared, *targets):
    with pytest.raises(NoVerdict) as error:
        prepared().make(*targets)
    return error.value.message


def test_builds_and_builds_only_what_changed(place, prepared, box):
    made = prepared()
    made.make()
    assert made.kernel == place / "work/out/kernel.elf" and made.kernel.is_file()
    assert made.path("main.o").is_file() and made.image.name == "myos.img"
    before = {name: made.path(name).stat().st_mtime_ns for name in ("main.o", "other.o")}
    del made
    (place / "tree/src/main.c").write_text("int main = 3;\n")
    made = prepared()
    made.make()
    assert made.path("other.o").stat().st_mtime_ns == before["other.o"]
    assert made.path("main.o").stat().st_mtime_ns > before["main.o"]


def test_what_is_gone_does_not_stay_in_the_kernel(place, prepared, course):
    prepared().make()
    (place / "tree/src/other.c").unlink()
    made = prepared()
    made.make()
    assert made.kernel.read_bytes() == made.path("main.o").read_bytes()
    del made
    (course / "scripts/build.mk").write_text(RULES.replace("cat $^", "echo new; cat $^"))
    os.utime(course / "scripts/build.mk", (1, 1))
    made = prepared()
    made.make()
    assert (place / "work/build.log").read_text().startswith("gcc")


def test_submission_brings_no_rules(place, prepared):
    for name in ("Makefile", "GNUmakefile", "makefile", "src/Makefile", "src/GNUmakefile", "scripts/build.mk"):
        tree_with(place, **{name: "$(shell touch evil)\n$(error evil)\n"})
    prepared().make()
    assert list(place.rglob("evil")) == []


def test_compiler_error_names_file_and_line(place, prepared):
    (place / "tree/src/main.c").write_text("int ok;\nint main = y;\nint k = z;\n\x1b[2J")
    error = failure(prepared)
    assert error.message.startswith("The build failed: src/main.c:2:") and "'y' undeclared" in error.message
    assert "more)" in error.message
    assert str(place) not in error.log and "\x1b" not in error.log


def test_words_of_the_source_are_no_trouble_of_the_machine(place, prepared):
    (place / "tree/src/main.c").write_text('int x = "No space left on device, out of memory" + y;\n')
    error = failure(prepared)
    assert "'y' undeclared" in error.message
    assert "| int x = \"No space left on device" in error.log


@locked_in
@pytest.mark.parametrize("source", [
    '#include "/etc/passwd"', '#include "{course}/solutions/lab01/answers.md"', '#include "../../secret"',
    'asm(".incbin \\"{course}/solutions/lab01/answers.md\\"");', 'asm(".incbin \\"../../secret\\"");',
    '#include "/proc/1/root{place}/secret"',
])
def test_sources_reach_nothing_outside(place, course, prepared, source):
    (place / "secret").write_text("the solution")
    (place / "tree/src/main.c").write_text(source.format(course=course, place=place) + "\n")
    error = failure(prepared)
    assert "No such file" in error.log or "not found" in error.log or "Permission denied" in error.log
    assert "the solution" not in error.log and "root:" not in error.log


def test_dependencies_cannot_carry_commands(place, prepared, box):
    """NASM's %depend writes any text into a makefile that the next make reads."""
    (place / "tree/src/boot.asm").write_text('nop\n%depend "x;touch${IFS}' + str(place / "work/out/evil") + '"\n')
    prepared().make()
    made = prepared()
    made.make()
    assert made.path("boot.o").is_file() and not made.path("evil").exists()


def test_refusal_is_a_build_error(place, prepared):
    (place / "tree/src/evil.c").symlink_to("/etc/passwd")
    assert "src/evil.c is a symbolic link" in failure(prepared).message


def test_hanging_build_is_the_submissions_and_not_tried_again(place, prepared, monkeypatch):
    monkeypatch.setattr(build, "LIMITS", Limits(wall=0.3))
    made = prepared()
    with pytest.raises(BuildError, match="did not end"):
        made.make("trouble", "DO=sleep 54326")
    with pytest.raises(BuildError, match="did not end"):
        made.make()
    assert running("sleep 54326") == []


def test_bombs_are_the_submissions(place, prepared, monkeypatch):
    monkeypatch.setattr(build, "LIMITS", Limits(processes=30, disk=16 << 20))
    bomb = "for i in 1 2 3 4 5 6 7 8; do (for j in 1 2 3 4 5; do sleep 54327 & done; wait) & done; wait"
    assert "processes at once" in failure(prepared, "trouble", "DO=" + bomb.replace("$", "$$")).message
    assert running("sleep 54327") == []
    fill = "dd if=/dev/zero of=$(BUILD)/x bs=1M count=64; sleep 54328"
    assert "more than 16 MB" in failure(prepared, "trouble", "DO=" + fill).message


def test_memory_eater_is_the_submissions(place, prepared, monkeypatch):
    monkeypatch.setattr(build, "LIMITS", Limits(memory=100 << 20))
    (place / "tree/src/main.c").write_text("int x[] = {" + "[0 ... 99999999] = 1, };\n")
    assert "memory" in failure(prepared).message


@pytest.mark.parametrize("do, told", [
    ("no-such-tool", "a build tool is missing"),
    ("echo 'cc1: error: writing x.o: No space left on device'; exit 1", "the disk is full"),
    ("echo 'make: fork: Resource temporarily unavailable'; exit 1", "no more processes"),
    ("echo 'mkimage: mcopy is not installed: run scripts/setup'; exit 1", "a build tool is missing"),
    ("echo 'mkimage: mkfs.fat --invariant x:'; exit 1", "file system could not be made"),
    ("kill -9 $$$$", "a build tool was killed"),
    ("echo 'gcc: fatal error: Killed signal terminated program cc1'; exit 1", "a build tool was killed"),
    ("kill -9 $$PPID", "make was"),
])
def test_trouble_of_the_machine_is_no_verdict(place, prepared, do, told):
    assert told in no_verdict(prepared, "trouble", "DO=" + do)


def test_what_the_image_maker_says_is_told(prepared):
    """And not make's line behind it, which says nothing."""
    error = failure(prepared, "trouble", "DO=echo 'mkimage: the second stage is too long' >&2; exit 1")
    assert error.message == "The build failed: mkimage: the second stage is too long"
    assert build.first_errors("cc a.c\n" + error.log, 1) == ["mkimage: the second stage is too long"]
    assert build.first_errors("cc a.c\nan Error of its own\nmake: *** x\n", 2) == ["an Error of its own", "make: *** x"]


def test_full_disk_is_no_verdict(prepared, monkeypatch):
    monkeypatch.setattr(build, "LOW_DISK", 1 << 60)
    assert "is full" in no_verdict(prepared, "trouble", "DO=exit 1")


def test_missing_tool_is_no_verdict(prepared, monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    assert "make is not installed" in no_verdict(prepared)


def test_incomplete_course_is_no_verdict(course, prepared):
    (course / "scripts/mkimage").unlink()
    assert "mkimage is missing" in no_verdict(prepared)


def test_two_graders_do_not_share_a_folder(place, prepared):
    (place / "work").mkdir()
    program = ("import fcntl; f = open('lock', 'w'); fcntl.lockf(f, fcntl.LOCK_EX)\n"
               "print('locked', flush=True); input()")
    with subprocess.Popen([sys.executable, "-c", program], cwd=place / "work", stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"locked\n"
        assert "another grader" in no_verdict(prepared)
        other.stdin.close()
    prepared().make()
