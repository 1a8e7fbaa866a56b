"""
System calls, judged by software that nobody here wrote: the programs of tests/conform print on myOS what they print on
Debian's Linux, and Debian's own programs (tests/userland) do there what they do here.

What Linux prints lies beside the programs as NAME.expected (scripts/conform record). One test records it anew, where Debian's
kernel is at hand or can be fetched.
"""
import importlib.machinery
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))
import guest                                                    # noqa: E402  (the path comes first)


def load(name):
    loader = importlib.machinery.SourceFileLoader(name, str(ROOT / "scripts" / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


conform, debian = load("conform"), load("debian")
CHECKS = conform.all_checks()
PROGRAMS = [name for name, check in CHECKS.items() if not check.is_script]
SCRIPTS = [name for name, check in CHECKS.items() if check.is_script]
IN_A_FOLDER = ["files", "memory", "names", "pipes", "proc", "setid"]             # what depends on the file system


@pytest.fixture(scope="module", autouse=True)
def built():
    subprocess.run(["make", "-s", "-j2", "-f", "scripts/build.mk", "image"], cwd=ROOT, check=True)
    guest.build()


def fetched(what):
    """scripts/debian's answer, or no test."""
    done = subprocess.run([sys.executable, ROOT / "scripts/debian", what], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"Debian's packages cannot be had: {done.stderr.strip()}")
    return Path(done.stdout.strip())


@pytest.fixture(scope="module")
def linux():
    return fetched("linux")


@pytest.fixture(scope="module")
def tree():
    return fetched("tree")


# ---- conformance

@pytest.mark.parametrize("name", PROGRAMS)
def test_same_as_on_linux(name):
    _, wrong = conform.on_myos(CHECKS[name])
    assert not wrong, wrong


@pytest.mark.parametrize("name", IN_A_FOLDER)
def test_same_on_tmpfs(name):
    _, wrong = conform.on_myos(CHECKS[name], cwd="/tmp")
    assert not wrong, wrong


@pytest.mark.parametrize("cpu", ["pentium2", "max"])
@pytest.mark.parametrize("name", ["faults", "signals"])
def test_same_on_other_processors(name, cpu):
    _, wrong = conform.on_myos(CHECKS[name], options=["-cpu", cpu])
    assert not wrong, wrong


@pytest.mark.parametrize("name", ["elf", "memory", "signals", "start", "threads"])
def test_same_at_random_places(name):
    _, wrong = conform.on_myos(CHECKS[name], append="aslr")
    assert not wrong, wrong


def test_programs_boot_from_the_image():
    """The whole way: BIOS, loader, kernel, root volume, first process; and the machine is off at the end."""
    _, wrong = conform.on_myos(CHECKS["procs"], boot=ROOT / "build/myos.img")
    assert not wrong, wrong


def test_what_is_expected_is_what_linux_prints(linux):
    checks = [CHECKS[name] for name in PROGRAMS]
    for name, output in conform.on_linux(checks).items():
        assert output == CHECKS[name].expected.read_text(), f"{name}: scripts/conform record {name}"


def test_every_program_has_its_expectation():
    missing = [name for name, check in CHECKS.items() if not check.expected.exists()]
    assert not missing


NORESERVE = """
#include "conform.h"

#define BYTES (1000u << 20)

static char *reserve(void)
{
    return (char *)sys(mmap2, 0, BYTES, 3, 0x4022, -1, 0);      /* MAP_NORESERVE */
}

static int told[2], go_on[2];

/* Take page after page until there is none, which the kernel's own copying answers; wait; want another. */
static void take_all(char *memory)
{
    long zero = sys(open, "/dev/zero", O_RDONLY, 0);
    char byte = 1;

    while (sys(read, zero, memory, 4096) == 4096)
        memory += 4096;
    sys(write, told[1], &byte, 1);
    sys(read, go_on[0], &byte, 1);
    *memory = 1;
    leave(0);
}

static void check_all(void)
{
    char *own = (char *)sys(mmap2, 0, 16u << 20, 3, 0x22, -1, 0), *shared = reserve(), byte;

    sys(pipe, told);
    sys(pipe, go_on);
    for (unsigned at = 0; at < 4u << 20; at += 4096)
        shared[at] = 2;
    for (int i = 0; i < 3; i++) {
        long child = fork_process();
        if (child == 0)
            take_all(i ? reserve() : shared);
        sys(read, told[0], &byte, 1);
        for (unsigned at = (unsigned)i << 22; at < (unsigned)(i + 1) << 22; at += 4096)
            own[at] = 3;                /* what was promised is there */
        sys(write, go_on[1], &byte, 1);
        reap("the one that takes all", child);
    }
    yes("its own is as it was", shared[0] == 2 && shared[4194303 & -4096] == 2);
    sys(munmap, shared, BYTES);
    say("unmapped\\n");
}
"""


def test_memory_without_a_promise_is_taken_from_nobody(tmp_path):
    """Who touches more than there is, is killed, with a line in the log; others get what they were promised."""
    text = first_process(program("noreserve", NORESERVE), "", tmp_path)
    assert text.count("the one that takes all: signal 9\n") == 3
    assert len(re.findall(r"out of memory: noreserve, process [2-9]\d*, is killed\n", text)) == 3
    assert "its own is as it was: yes\nunmapped\nprocess 1 has ended: exit status 0\n" in text


SYNCED = """
#include "conform.h"

static char text[4096];

static void dirty(const char *what)
{
    long fd = sys(open, "/proc/meminfo", O_RDONLY, 0), n = sys(read, fd, text, sizeof(text));

    for (char *line = text; line < text + n - 6; line++)
        if (same(line, "Dirty:", 6))
            for (say("%s: ", what); *line != '\\n'; line++)
                if (*line >= '0' && *line <= '9')
                    say("%c", *line);
    say("\\n");
    sys(close, fd);
}

static void check_all(void)
{
    struct { const void *at; size_t n; } parts[] = { { "abc", 3 }, { "def", 3 } };
    long synced = sys(open, "synced", O_WRONLY | O_CREAT | O_DSYNC, 0644), plain = sys(open, "plain", O_WRONLY | O_CREAT, 0644);

    sys(sync);
    sys(pwrite64, synced, "abc", 3, 0, 0);
    dirty("pwrite64, synced");
    sys(pwritev, synced, parts, 2, 4096, 0);
    dirty("pwritev, synced");
    sys(pwrite64, plain, "abc", 3, 0, 0);
    dirty("pwrite64");
}
"""


def test_a_file_opened_for_that_is_written_at_once(tmp_path):
    text = first_process(program("synced", SYNCED), "", tmp_path)
    assert "\npwrite64, synced: 0\npwritev, synced: 0\npwrite64: 4\n" in text


KILLED = """
#include "conform.h"

#define BYTES (48 << 20)

static void check_all(void)
{
    long file = sys(open, "large", O_RDWR | O_CREAT, 0644);
    char *memory = (char *)sys(mmap2, 0, BYTES, 3, 0x21, -1, 0), byte = 0;         /* shared, anonymous */
    unsigned char states[2] = { 0, 0 };
    int ends[2];

    sys(ftruncate, file, BYTES);
    sys(pipe, ends);
    long child = fork_process();
    if (child == 0) {
        sys(write, ends[1], &byte, 1);
        sys(read, file, memory, BYTES);
        leave(0);
    }
    sys(read, ends[0], &byte, 1);
    while (!(states[0] & 1)) {              /* it has begun */
        sys(sched_yield);
        sys(mincore, memory, 4096, states);
    }
    sys(kill, child, SIGKILL);
    reap("reader", child);
    sys(mincore, memory + BYTES - 4096, 4096, states + 1);
    say("at its end: %d\\n", states[1] & 1);
}
"""


def test_who_reads_very_much_can_be_killed(tmp_path):
    """What he would have read last is not there then. (Linux does so, too, but not in its tmpfs.)"""
    text = first_process(program("killed", KILLED), "", tmp_path)
    assert "\nreader: signal 9\nat its end: 0\n" in text


# ---- Debian's programs

@pytest.fixture(scope="module")
def userland(tree, tmp_path_factory):
    """What came of each script, all run in one boot from one volume; where the system ended too early, the reason."""
    folder = tmp_path_factory.mktemp("userland")
    checks = [CHECKS[name] for name in SCRIPTS]
    try:
        outcomes = guest.on_myos([check.command for check in checks], **conform.needs(checks, folder))
        reason = "it did not run"
    except guest.Failed as error:
        outcomes, reason = error.outcomes, str(error)
    return {outcome.command: outcome for outcome in outcomes}, reason


@pytest.mark.parametrize("name", SCRIPTS)
def test_debians_programs(userland, name):
    outcomes, reason = userland
    check = CHECKS[name]
    outcome = outcomes.get(check.command)
    assert outcome and outcome.how, reason
    assert outcome.output == check.expected.read_text()
    assert (outcome.how, outcome.code) == ("exit", check.status)


def test_a_shell_of_debians_as_first_process(tree):
    """What `make userland` boots: a prompt, programs, and the end; its volume is not changed."""
    with subprocess.Popen([ROOT / "scripts/userland", "-snapshot"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        watchdog = threading.Timer(120, process.terminate)
        watchdog.start()
        seen = b""
        while b"/ # " not in seen:
            more = os.read(process.stdout.fileno(), 4096)
            assert more, seen
            seen += more
        process.stdin.write(b"lua5.4 -e 'print(6 * 7)'; poweroff -f\r")
        process.stdin.flush()
        seen += process.stdout.read()
        watchdog.cancel()
    assert b"\n42\r\n" in seen and process.returncode == 0


@pytest.mark.slow
def test_debians_programs_on_linux(linux, tree):
    for name, output in conform.on_linux([CHECKS[name] for name in SCRIPTS]).items():
        assert output == CHECKS[name].expected.read_text(), f"{name}: scripts/conform record {name}"


# ---- the tools of these tests

def first_process(program, words, tmp_path):
    """What the log says when this program is process 1, with these words on the kernel's command line."""
    guest.prepare(tmp_path / "root", [], "/work", [program])
    guest.make_volume(tmp_path / "root.img", "8M", [tmp_path / "root"])
    options = ["-kernel", ROOT / "build/kernel.elf", "-drive", f"file={tmp_path}/root.img,format=raw,index=1", "-fw_cfg",
               f"name=opt/myos/cmdline,string=root=hdb init=/bin/{program.name} {words}"]
    text, wrong, _ = guest.converse(options, 60)
    assert wrong is None, (wrong, text)
    return text


def test_strace_on_the_command_line(tmp_path):
    text = first_process(guest.PROGRAMS / "nothing", "strace", tmp_path)
    assert "\n[1] exit_group(0)\nprocess 1 has ended: exit status 0\n" in text


TRACED = """
#include "conform.h"

static void check_all(void)
{
    char byte;
    int ends[2];

    sys(open, "/nowhere", 0, 0);
    sys(getpid);
    sys(brk, 0);
    call_three(999, 1, 2, 3);
    sys(write, 1, "out\\n", 4);
    sys(pipe, ends);
    if (fork_process() == 0) {
        pause_ms(20);
        sys(write, ends[1], "x", 1);
        leave(0);
    }
    sys(read, ends[0], &byte, 1);
    sys(wait4, -1, NULL, 0, NULL);
    leave(7);
}
"""


def test_a_traced_call_is_one_line(tmp_path):
    """With its answer, unless the program's output or another's line comes between, or it does not return."""

    def answer(line, call):
        return re.fullmatch(rf"\[1\] (?:{call}\(.*\)|\.\.\. {call}) = (\d+)", line).group(1)

    text = first_process(program("traced", TRACED), "strace", tmp_path)
    lines = [re.sub(r"0x[0-9a-f]+", "X", line) for line in text[text.index("[1] open"):text.index("\nprocess 1 ")].splitlines()]
    own = [line for line in lines if not re.match(r"\[[2-9]", line)]
    assert own[:6] == ['[1] open("/nowhere", 00, 00) = -2', "[1] getpid() = 1", "[1] brk(X) = X",
                       "[1] syscall_999(X, X, X) = -38", "[1] write(1, X, 4)", "out"]
    assert re.fullmatch(r"\[1\] pipe\(X\) = 0", own[7]) and own[6] == "[1] ... write = 4"
    child = answer([line for line in own if "fork" in line][-1], "fork")
    assert answer([line for line in own if "read" in line][-1], "read") == "1"
    assert answer(own[-2], "wait4") == child and own[-1] == "[1] exit_group(7)"
    assert "\nprocess 1 has ended: exit status 7\n" in text
    of_child = [line for line in lines if line.startswith(f"[{child}]")]
    assert of_child[0].startswith(f"[{child}] ") and of_child[-1] == f"[{child}] exit_group(0)", lines


PLACES = """
#include "conform.h"

static unsigned auxiliary(unsigned type)
{
    unsigned *at = (unsigned *)environment;

    while (*at++)
        ;
    while (*at != type)
        at += 2;
    return at[1];
}

/* A line for each time that it runs: it has one argument more each time. The last ones want no random places. */
static void check_all(void)
{
    char *words[] = { "places", "", "", "", "", "", "", NULL };
    unsigned stack = (unsigned)__builtin_frame_address(0);
    unsigned map = (unsigned)sys(mmap2, 0, 4096, 0, 0x22, -1, 0);

    say("place %x %x %x %x %x\\n", stack, map, (unsigned)&check_all, (unsigned)sys(brk, 0), auxiliary(33));
    if (argument_count == 4)
        sys(personality, 0x40000);
    if (argument_count == 6)
        leave(0);
    words[argument_count + 1] = NULL;
    sys(execve, "/bin/places", words, NULL);
}
"""


def test_programs_at_random_places(tmp_path):
    """The stack, mapped memory, a position-independent program, its heap and the vDSO (once for all), if that is wanted."""
    path = program("places", PLACES, "-fpie", "-static-pie")
    usual, moved = ([[int(word, 16) for word in line.split()[1:]] for line in text.splitlines() if line.startswith("place ")]
                    for text in (first_process(path, words, tmp_path) for words in ("", "aslr")))
    assert len(usual) == len(moved) == 6
    assert all(line[1:] == usual[0][1:] for line in usual)
    down, up = (0, 1, 4), (2, 3)
    most = {0: 9 << 20, 1: 10 << 20, 2: 1 << 20, 3: 33 << 20, 4: 1 << 20}
    for line in moved:
        assert all(0 <= usual[0][i] - line[i] <= most[i] for i in down), (usual, moved)
        assert all(0 <= line[i] - usual[0][i] <= most[i] for i in up), (usual, moved)
    assert all(len({line[i] for line in moved[:4]}) > 1 for i in range(4))
    assert len({line[4] for line in moved}) == 1
    assert moved[4][1:4] == moved[5][1:4] and moved[4][2:4] == usual[0][2:4]


FAULTS = """
#include "conform.h"

static __attribute__((noinline)) void write_to(int *address)
{
    *(volatile int *)address = 1;
}

static void send(int signal)
{
    long child = fork_process();

    if (child == 0) {
        sys(kill, own_pid(), signal);
        leave(0);
    }
    sys(wait4, child, NULL, 0, 0);
}

static void check_all(void)
{
    static const int quiet[] = { SIGHUP, SIGINT, SIGQUIT, SIGKILL, SIGUSR1, SIGPIPE, SIGALRM, SIGTERM };

    for (unsigned i = 0; i < ARRAY_SIZE(quiet); i++)
        send(quiet[i]);
    send(SIGABRT);
    write_to((int *)0x123);
}
"""


@pytest.mark.parametrize("flags, place", [([], r", write_to\+0x[0-9a-f]+"), (["-s"], r"\+0x8049[0-9a-f]{3}")])
def test_the_log_tells_why_a_program_has_ended(flags, place, tmp_path):
    text = first_process(program("faulty", FAULTS, *flags), "", tmp_path)
    lines = [line for line in text.splitlines() if ": ended by " in line]
    assert len(lines) == 2, lines
    assert re.fullmatch(r"faulty\[\d+\]: ended by SIGABRT from itself", lines[0])
    where = r"eip 0x08049[0-9a-f]{3} in /bin/faulty" + place
    assert re.fullmatch(rf"faulty\[1\]: ended by SIGSEGV, address 0x00000123; {where}; code( [0-9a-f]{{2}}){{8}}", lines[1])


def test_a_volume_of_debians_programs(tree, tmp_path):
    image = tmp_path / "root.img"
    more = tmp_path / "more"
    (more / "etc").mkdir(parents=True)
    (more / "etc/more").write_text("added\n")
    subprocess.run([sys.executable, ROOT / "scripts/debian", "root", image, "--size", "96M", "--files", more], check=True)
    assert subprocess.run(["debugfs", "-R", "cat /etc/more", image], capture_output=True, text=True).stdout == "added\n"
    listing = subprocess.run(["debugfs", "-R", "ls /bin", image], capture_output=True, text=True).stdout
    assert "busybox" in listing and "dash" in listing
    assert subprocess.run(["e2fsck", "-fn", image], capture_output=True).returncode == 0


def test_an_initramfs_is_what_cpio_reads(tmp_path):
    """Each member where the format has it, folders before what they hold."""
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub/file").write_text("12345")
    (folder / "link").symlink_to("sub/file")
    debian.make_initramfs(tmp_path / "cpio", [folder])
    data = (tmp_path / "cpio").read_bytes()
    names, at = [], 0
    while at < len(data):
        assert data[at:at + 6] == b"070701"
        fields = [int(data[at + 6 + 8 * n:at + 14 + 8 * n], 16) for n in range(13)]
        name_end = at + 110 + fields[11]
        names.append(data[at + 110:name_end - 1].decode())
        at = -(-name_end // 4) * 4
        at = -(-(at + fields[6]) // 4) * 4
    assert names == ["dev", "dev/console", "dev/null", "link", "sub", "sub/file", "TRAILER!!!"]


def test_no_network_is_told(tmp_path, monkeypatch):
    """With sources that lead nowhere: one line that says so, and nothing that the next run would take for whole."""
    monkeypatch.setattr(debian, "HOME", tmp_path / "debian")
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "dpkg-deb").symlink_to(shutil.which("dpkg-deb") or "/bin/true")
    (tools / "apt-get").write_text("#!/bin/sh\necho 'E: Could not resolve the name' >&2\nexit 100\n")
    (tools / "apt-get").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    with pytest.raises(debian.Failed, match="apt-get failed: E: Could not resolve"):
        debian.tree()
    assert not (tmp_path / "debian/tree").exists()


def test_a_guest_that_hangs_is_told(monkeypatch):
    monkeypatch.setattr(guest, "SILENCE", 3)
    with pytest.raises(guest.Failed, match="was silent") as caught:
        guest.on_myos(["/bin/waits"], [stopping_program()])
    (outcome,) = caught.value.outcomes
    assert outcome.how is None and outcome.command == "/bin/waits"


def stopping_program():
    return program("waits", '#include "conform.h"\nstatic void check_all(void)\n{\n    sys(pause);\n}\n')


def program(name, text, *flags):
    """A program of conform.h's kind from this text."""
    path = guest.PROGRAMS / name
    source = path.with_suffix(".c")
    source.write_text(text)
    subprocess.run(["gcc", "-m32", "-I", ROOT / "tests/conform", "-O1", "-ffreestanding", "-fno-pie", "-fno-stack-protector",
                    "-nostdlib", "-static", "-no-pie", *flags, "-o", path, source, "-lgcc"], check=True)
    return path
