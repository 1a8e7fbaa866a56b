"""
Runs a program that works on untrusted input so that it can reach nothing but what it was given, and ends in any case.

Where bubblewrap works (Linux with namespaces) the program sees the system's own folders and the folders named by the
caller, read-only or writable, at their usual paths; no network, no home, no other process, and it runs as another user.
Where it does not (macOS, many containers), only the limits and, for root, the change of user remain: weakness() says so in
words. Limits on time, memory, processes and disk hold in both cases. What an outcome means for a submission is decided by
the callers (build.py). Read more: bwrap(1), namespaces(7), getrlimit(2), proc(5).

This file is also the launcher: run as a script it sets the limits on itself and becomes the program. So it imports
nothing of this package.
"""

import ctypes
import functools
import json
import os
import resource
import shutil
import signal
import stat
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import NamedTuple, Optional

LINUX = sys.platform.startswith("linux")
NOBODY = 65534
USERS = 61184, 4096         # the range of user numbers that systemd, too, takes for users of the moment
POLL = 0.01                 # seconds between two looks whether the program has ended
WATCH = 0.25                # seconds between two looks at what it uses
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store", "/run/current-system",
          "/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d")
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin:/run/current-system/sw/bin"
TOOLS = ("make", "cc", "gcc", "i686-elf-gcc", "i686-linux-gnu-gcc", "ld", "nasm", "tcc", "python3", "mcopy", "mkfs.fat",
         "qemu-system-i386", "qemu-i386")
KEPT_VARIABLES = ("CROSS", "HOSTCC")    # which compilers to take, where the machine's owner has said so
MARK = "MYOS_RUN"           # in the environment of all that one run starts
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 36, 38


class Limits(NamedTuple):
    """What one run may use. None lifts a limit (a sanitizer, for one, reserves more addresses than there is memory)."""

    wall: float = 180               # seconds for all of it, on an idle machine
    cpu: Optional[int] = 60         # seconds of processor time, each process
    memory: Optional[int] = 2 << 30     # bytes of address space, each process
    file: Optional[int] = 256 << 20     # bytes, each file
    disk: Optional[int] = 1 << 30       # bytes in all writable folders together
    processes: int = 100            # at the same time


class Outcome(NamedTuple):
    """
    How a run ended: its exit status (a signal is negative, or under bubblewrap 128 more than its number; see `signal`), or
    what ended it: "time", "disk", "processes", "stop".
    """

    status: Optional[int]
    limit: Optional[str]
    seconds: float

    @property
    def signal(self):
        """The number of the signal that ended it, or 0. A shell's 128 + n for a child counts as well."""
        status = self.status or 0
        return -status if status < 0 else status - 128 if 128 < status < 160 else 0


class _Box(NamedTuple):
    """How a run is locked in: by bubblewrap or not, and as which user (None: whoever runs the grader)."""

    bwrap: bool
    user: Optional[int]


def command(argv, ro=(), rw=(), limits=Limits(), cwd=None, locked=True):
    """
    The command line that runs argv locked in: may read `ro` and the system, write only in the folders `rw`, the first of
    which also holds its temporary files. For Popen; end it with kill(). The limits on time and disk need run().
    With locked=False only the limits are set and the environment stays, for a program of our own that starts others.
    """
    ro, rw = [os.path.abspath(p) for p in ro], [os.path.abspath(p) for p in rw]
    box = _choose_box(ro, rw) if locked else None
    temporary = os.path.join(rw[0], "tmp") if rw else "/tmp"
    if rw:
        os.makedirs(temporary, exist_ok=True)
    if box and box.user is not None:
        _give_away(rw, box.user)
    return _command(box, argv, ro, rw, limits, cwd, temporary)


def machine_command(argv, ro, folder, info):
    """
    The command line that runs QEMU locked in: it may read `ro` and the system, write only in `folder`, and has no network.
    It stays the same user, who owns nothing else in there. bubblewrap writes QEMU's process number to the descriptor `info`
    before QEMU starts. None where bubblewrap does not work, or could not see this QEMU: it is no student's code, so it then
    runs as it is.
    """
    tools, path = _tool_folders()
    program = shutil.which(argv[0], path=path)
    if not program or not _inside(os.path.realpath(program), [*SYSTEM, *tools]) or not _bwrap_works(None):
        return None
    # Without the launcher, which takes longer to start than bubblewrap: its limits would be none here.
    return ["env", "-i", f"PATH={path}", "LC_ALL=C", f"TMPDIR={os.path.abspath(folder)}",
            *_bwrap(None, [*map(os.path.abspath, ro), *tools], [os.path.abspath(folder)], None, info), *argv]


def run(argv, output, ro=(), rw=(), limits=Limits(), cwd=None, locked=True, stop=lambda: False):
    """
    Run command() with both outputs in the file `output`; returns an Outcome. Nothing of what it started survives.
    It is ended, as if by a limit, as soon as stop() is true.
    """
    wall = limits.wall * _patience()
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    start = time.monotonic()
    with open(output, "wb") as sink:
        process = subprocess.Popen(command(argv, ro, rw, limits, cwd, locked),
                                   stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT)
    limit = None
    try:
        look = start + WATCH
        while limit is None and not _ended(process):
            time.sleep(POLL)
            now = time.monotonic()
            if stop():
                limit = "stop"
            elif now >= look:
                limit = _exceeded(process.pid, limits, [*rw, output], now - start > wall)
                look = now + WATCH
    finally:
        kill(process)
    return Outcome(None if limit else process.returncode, limit, time.monotonic() - start)


def kill(process):
    """End a Popen of command() and all that it started. Needs one that nobody has waited for yet: see _ended()."""
    if process.returncode is not None:
        return
    if "bwrap" in process.args:
        # The first process in the box takes all others with it, and bwrap, left alive, clears it away.
        first = [pid for pid in _family(process.pid) if (_stat_fields(pid) or "??")[1] == str(process.pid)]
        for pid in first:
            _signal(pid, signal.SIGKILL)
        _wait_until(lambda: not first or _ended(process), 2)
    # Stopped processes cannot fork: after a few rounds no new one turns up, even from a fork bomb.
    members, found = [], _kin(process)
    for _ in range(20):
        for pid in found:
            _signal(pid, signal.SIGSTOP)
        members, found = found, _kin(process)
        if set(found) <= set(members):
            break
    _signal(-process.pid, signal.SIGKILL)       # its process group: all there is to go by without /proc
    for pid in {process.pid, *members, *found}:
        _signal(pid, signal.SIGKILL)
    process.wait()
    _wait_until(lambda: not any(map(_alive, members)), 10)
    # What it had adopted is ours now, if we adopt orphans (see run). The dead count against their user's limit until
    # somebody waits for them, and the first process of a container often does not.
    for pid in {*members, *found}:
        try:
            os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            pass


def weakness(place):
    """None if what is graded in the folder `place` is locked in properly; else a sentence for who grades strangers' work."""
    box = _choose_box([], [os.path.abspath(place)])
    if box.bwrap:
        return None
    why = "bubblewrap does not work here" if shutil.which("bwrap") else "bubblewrap (bwrap) is not installed"
    return (f"{why}: submissions are built and run with limits on time, memory and disk only, and can read whatever "
            f"{'you' if box.user is None else 'any user'} can read. Grade strangers' work on a machine that holds nothing "
            "secret, or install bubblewrap and allow user namespaces.")


# ---- which box

def _other_user():
    """A user number of our own, if we may become another user. Own, so that its processes can be counted and limited."""
    return USERS[0] + os.getpid() % USERS[1] if os.geteuid() == 0 else None


def _choose_box(ro, rw):
    user = _other_user()
    bwrap = _bwrap_works(user)
    if user is not None and not _reachable(ro, rw, from_root=not bwrap):
        # For example a checkout made with umask 077. In a user namespace, nobody is still root to the files.
        user, bwrap = None, _bwrap_works(None)
    return _Box(bwrap, user)


def _reachable(ro, rw, from_root):
    """Could a user who owns nothing read all of `ro` (and, from the root directory, come to it and to `rw`)?"""
    if from_root and not all(os.stat(folder).st_mode & stat.S_IXOTH
                             for path in (*ro, *rw) for folder in Path(path).parents):
        return False
    for top in ro:
        entries = [top]
        for folder, folders, files in os.walk(top):
            entries += [os.path.join(folder, name) for name in (*folders, *files)]
        for entry in entries:
            mode = os.lstat(entry).st_mode
            needed = stat.S_IROTH | stat.S_IXOTH if stat.S_ISDIR(mode) else stat.S_IROTH
            if not stat.S_ISLNK(mode) and mode & needed != needed:
                return False
    return True


def _give_away(folders, user):
    for top in folders:
        os.lchown(top, user, user)
        for folder, names, files in os.walk(top):
            for name in (*names, *files):
                os.lchown(os.path.join(folder, name), user, user)


@functools.lru_cache(maxsize=None)
def _bwrap_works(user):
    """Try it: a bwrap that is installed may still be forbidden (containers, AppArmor) or too old."""
    if not shutil.which("bwrap") or (user is not None and not shutil.which("setpriv")):
        return False
    try:
        probe = _command(_Box(True, user), ["true"], [], [], Limits(), None, "/tmp")
        return subprocess.run(probe, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


# ---- the command line

def _command(box, argv, ro, rw, limits, cwd, temporary):
    inner = [str(word) for word in argv]
    environment = {"PATH": os.environ.get("PATH", SYSTEM_PATH), "LC_ALL": "C", "HOME": "/nonexistent", "CCACHE_DISABLE": "1",
                   **{name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}}
    if not box:
        # Only what the make that may have started us says to its own children must not reach other makes.
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    elif box.bwrap:
        tools, environment["PATH"] = _tool_folders()
        inner = _bwrap(box.user, [*ro, *tools], rw, cwd) + inner
    plan = {
        "limits": limits._asdict(),
        "user": box.user if box and not box.bwrap else None,
        "alone": bool(box) and box.user is not None,
        "cwd": str(cwd) if cwd else None,
        "environment": {**environment, "TMPDIR": temporary, MARK: uuid.uuid4().hex},
    }
    return [sys.executable, "-I", "-S", os.path.abspath(__file__), json.dumps(plan), *inner]


def _bwrap(user, ro, rw, cwd, info=None):
    words = ["bwrap", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try",
             "--die-with-parent", "--new-session"]
    if user is None:
        words += ["--unshare-user", "--uid", str(NOBODY), "--gid", str(NOBODY)]
    else:
        words += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    for folder in ("/tmp", "/etc", "/run", "/nix", "/gnu"):
        words += ["--perms", "0755", "--dir", folder]
    for path in SYSTEM:
        if os.path.islink(path):
            words += ["--symlink", os.readlink(path), path]
        elif os.path.exists(path):
            words += ["--ro-bind", path, path]
    words += ["--proc", "/proc", "--dev", "/dev"]
    # The folders on the way are made here, because bwrap makes them for their owner alone.
    parents = {parent for path in (*ro, *rw) for parent in map(str, Path(path).parents)}
    for parent in sorted(parents - {"/"}):
        if not _inside(parent, SYSTEM):
            words += ["--perms", "0755", "--dir", parent]
    # Outer folders before inner ones: a mount hides what was mounted below it before.
    for path, option in sorted([(p, "--ro-bind") for p in ro] + [(p, "--bind") for p in rw]):
        words += [option, path, path]
    # What is left writable is only what the caller named, and that is measured.
    words += ["--remount-ro", "/dev", "--remount-ro", "/"]
    if cwd:
        words += ["--chdir", str(cwd)]
    if info is not None:            # the number is that of the program itself: no other process is between
        words += ["--as-pid-1", "--info-fd", str(info)]
    words += ["--"]
    if user is not None:
        words += ["setpriv", "--reuid", str(user), "--regid", str(user), "--clear-groups", "--no-new-privs"]
    return words


def _inside(path, folders):
    return any((path + "/").startswith(folder.rstrip("/") + "/") for folder in folders)


@functools.lru_cache(maxsize=None)
def _tool_folders():
    """Folders outside the system's own that hold build tools (a cross compiler in /opt, say), and the PATH to all tools."""
    home = os.path.realpath(os.path.expanduser("~"))
    folders, path = [], [d for d in SYSTEM_PATH.split(":") if os.path.isdir(d)]
    for tool in (*TOOLS, os.environ.get("CROSS", "") + "gcc"):
        found = shutil.which(tool, path=":".join(path)) or shutil.which(tool)
        if not found or _inside(os.path.realpath(found), SYSTEM):
            continue
        for place in {os.path.dirname(os.path.abspath(found)), os.path.dirname(os.path.realpath(found))}:
            # With its neighbours: bin/gcc needs ../lib and ../libexec. But never all of a home.
            folder = os.path.dirname(place) if os.path.basename(place) in ("bin", "sbin") else place
            if _inside(home, [folder]) or _inside(folder, SYSTEM):
                continue
            folders.append(folder)
            path.append(place)
    return sorted(set(folders)), ":".join(dict.fromkeys(path))


# ---- watching

def _patience():
    """By how much a busy machine stretches the wall clock. Measured before the program runs, so it cannot stretch it."""
    try:
        return min(4.0, max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)))
    except OSError:
        return 1.0


def _ended(process):
    """Has it ended? Where the system can tell, without waiting for it: its number stays taken until kill() is done."""
    if not hasattr(os, "waitid"):
        return process.poll() is not None
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _exceeded(pid, limits, places, late):
    if len(_family(pid)) > limits.processes:
        return "processes"
    if limits.disk is not None and _disk_usage(places) > limits.disk:
        return "disk"
    return "time" if late else None


def _disk_usage(places):
    total = 0
    for place in places:
        entries = [place]
        for folder, folders, files in os.walk(place):
            entries += [os.path.join(folder, name) for name in (*folders, *files)]
        for entry in entries:
            try:
                total += max(4096, os.lstat(entry).st_blocks * 512)     # an empty file costs the disk something, too
            except OSError:
                pass            # gone between the two looks
    return total


def _family(pid):
    """
    The process, its descendants and whoever is in their session or process group; [] where there is no /proc.
    Orphans are found too: the launcher makes the program adopt them.
    """
    children, groups = {}, {}
    try:
        numbers = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return []
    for number in numbers:
        fields = _stat_fields(number)
        if fields:
            parent, group, session = (int(field) for field in fields[1:4])
            children.setdefault(parent, []).append(number)
            groups[number] = (group, session)
    family, new = set(), [pid] + [n for n, (group, session) in groups.items() if pid in (group, session)]
    while new:
        number = new.pop()
        if number in groups and number not in family:
            family.add(number)
            new += children.get(number, [])
    return sorted(family)


def _kin(process):
    """The family of a Popen of command(), and those that have left it for a session of their own."""
    mark = f"{MARK}={json.loads(process.args[4])['environment'][MARK]}".encode()
    strays = []
    for name in os.listdir("/proc") if LINUX else ():
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                if mark in file.read().split(b"\0"):
                    strays.append(int(name))
        except (OSError, ValueError):
            pass
    return sorted({*_family(process.pid), *strays})


def _stat_fields(pid):
    """The fields of /proc/PID/stat from the state on, or None. The name before them may hold anything, even ')'."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().decode("ascii", "replace").rpartition(")")[2].split()
    except OSError:
        return None


def _alive(pid):
    fields = _stat_fields(pid)
    return bool(fields) and fields[0] not in "ZX"


def _wait_until(done, seconds):
    deadline = time.monotonic() + seconds
    while not done() and time.monotonic() < deadline:
        time.sleep(POLL)


def _signal(pid, number):
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        pass


# ---- the launcher

def _threads_of_user():
    """How many processes and threads this user has already: the system's limit counts them, too."""
    count = 0
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and os.stat(f"/proc/{name}").st_uid == os.getuid():
                count += len(os.listdir(f"/proc/{name}/task"))
        except OSError:
            pass
    return count


def _prctl(option, value):
    if LINUX:
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _limit(kind, soft, hard=None):
    """Set a limit, as far as the machine knows it and the present one allows."""
    present = resource.getrlimit(kind)[1]
    values = [v if present == resource.RLIM_INFINITY else min(v, present) for v in (soft, hard or soft)]
    try:
        resource.setrlimit(kind, tuple(values))
    except (ValueError, OSError):
        pass            # macOS refuses some; the watch over time and disk remains


def _launch(plan, argv):
    limits = plan["limits"]
    try:
        os.setsid()
    except OSError:
        pass            # it leads a session already
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)       # Python ignores them, and what is ignored stays so in the program
    _limit(resource.RLIMIT_CORE, 0)
    if limits["cpu"] is not None:
        # SIGXCPU first: the compiler's driver then says what happened. SIGKILL if that is ignored.
        _limit(resource.RLIMIT_CPU, limits["cpu"], limits["cpu"] + 5)
    if limits["memory"] is not None:
        _limit(resource.RLIMIT_AS, limits["memory"])
    if limits["file"] is not None:
        _limit(resource.RLIMIT_FSIZE, limits["file"])
    if LINUX:
        # This bounds a fork bomb until the watch finds it. For a user who has other processes, it counts all of them.
        others = 0 if plan["alone"] else 1000 + _threads_of_user()
        _limit(resource.RLIMIT_NPROC, 2 * limits["processes"] + others)
    os.umask(0o022)
    if plan["user"] is not None:
        os.setgroups([])
        os.setgid(plan["user"])
        os.setuid(plan["user"])
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    if plan["user"] is not None:
        _prctl(PR_SET_NO_NEW_PRIVS, 1)
    if plan["cwd"]:
        os.chdir(plan["cwd"])
    os.execvpe(argv[0], argv, plan["environment"])


if __name__ == "__main__":
    try:
        _launch(json.loads(sys.argv[1]), sys.argv[2:])
    except OSError as error:
        print(f"sandbox: cannot start {sys.argv[2]}: {error}", file=sys.stderr)
        sys.exit(126)
