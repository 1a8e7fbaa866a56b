"""
Programs for Linux i386, run in QEMU under Debian's Linux or under myOS: the same files, the same commands, and what came
of each. The first process is tests/conform/runner.c on both, which runs the commands and powers the machine off.

Judges nothing. Linux gets the files as an initramfs, myOS as an ext2 volume.
"""
import os
import re
import selectors
import shutil
import subprocess
import sys
import tempfile
import time
from collections import namedtuple
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
PROGRAMS = TOP / "build/conform"
COUNTED = ("-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off", "-rtc", "clock=vm,base=2024-01-01")
MARKER = re.compile(r"(?:\A|\n)@(run|exit|signal|error|end)(?: (\d+))?(?: (\d+))?\n")
SILENCE = 90            # seconds without any output after which a guest is taken to hang
AFTERWARDS = 5          # seconds that the powering off may take

# What came of a command: how is "exit", "signal", "error" (it could not be started) or None (it never ended). began: when
# its first output was seen, in seconds after QEMU's start.
Outcome = namedtuple("Outcome", "command how code output began")


class Failed(Exception):
    """The guest did not come to its end; the message ends with the last that it wrote."""

    def __init__(self, message, outcomes):
        super().__init__(message)
        self.outcomes = outcomes


def build():
    """Compile the conformance programs, among them the runner."""
    subprocess.run(["make", "-s", "-C", TOP / "tests/conform", f"BUILD={PROGRAMS}"], check=True)


def debian(*words):
    return subprocess.run([sys.executable, TOP / "scripts/debian", *words], check=True, stdout=subprocess.PIPE,
                          text=True).stdout.strip()


def prepare(folder, commands, cwd, programs):
    """A folder with the runner, its list and these programs: what every guest gets."""
    for name in ("bin", "etc", "tmp", "work"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "tmp").chmod(0o1777)
    for program in (PROGRAMS / "runner", *programs):
        shutil.copy(program, folder / "bin")
    shutil.copy(PROGRAMS / "runner", folder / "init")
    (folder / "etc/run").write_text("\n".join([cwd, *commands]) + "\n")


def converse(options, limit):
    """
    Run QEMU until it ends. Returns what came out of the serial line, what was wrong with the end, and the times at which
    there was how much output.
    """
    command = [os.environ.get("QEMU", "qemu-system-i386"), "-nodefaults", "-display", "none", "-serial", "stdio",
               "-no-reboot", *map(str, options)]
    start = heard = time.monotonic()
    text, wrong, ends, times = bytearray(), None, None, []
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while wrong is None:
                if selector.select(0.2):
                    more = os.read(process.stdout.fileno(), 65536)
                    if not more:
                        break
                    text += more
                    heard = time.monotonic()
                    times.append((heard - start, text.count(b"\n@run ")))
                now = time.monotonic()
                if ends is None and b"\n@end" in text[-4096:]:
                    ends = now
                if ends is not None and now - ends > AFTERWARDS:
                    wrong = "did not power off"
                elif now - heard > SILENCE or now - start > limit:
                    wrong = f"was silent for {now - heard:.0f} s" if now - heard > SILENCE else f"ran for {limit} s"
        process.kill()
    return text.decode("latin-1").replace("\r\n", "\n"), wrong, times


def outcomes_of(text, times, commands):
    """Take the runner's markers apart."""
    found, marks = [], list(MARKER.finditer(text))
    for mark, after in zip(marks, marks[1:] + [None]):
        if mark.group(1) != "run" or int(mark.group(2)) >= len(commands):
            continue
        output = text[mark.end():after.start() if after else len(text)]
        ended = after is not None and after.group(1) in ("exit", "signal", "error")
        began = next((when for when, runs in times if runs > len(found)), None)
        found.append(Outcome(commands[int(mark.group(2))], after.group(1) if ended else None,
                             int(after.group(3)) if ended else None, output, began))
    return found


def result(system, session, commands):
    text, wrong, times = session
    found = outcomes_of(text, times, commands)
    if wrong is None and "\n@end\n" not in text:
        wrong = "ended too early"
    if wrong:
        raise Failed(f"{system} {wrong}; its last words:\n" + "\n".join(text.splitlines()[-25:]), found)
    return found


def on_linux(commands, programs=(), files=(), cwd="/tmp", memory="128", options=(), limit=300, append=""):
    """Run commands (lines of words) on Debian's Linux. `files` are folders laid over the root."""
    with tempfile.TemporaryDirectory(prefix="linux-") as name:
        folder = Path(name)
        prepare(folder / "root", commands, cwd, programs)
        debian("initramfs", folder / "initramfs", *files, folder / "root")
        session = converse(["-kernel", debian("linux"), "-initrd", folder / "initramfs", "-m", memory, "-append",
                            f"console=ttyS0 quiet loglevel=0 panic=-1 {append}", *options], limit)
        return result("Linux", session, commands)


def on_myos(commands, programs=(), files=(), cwd="/work", memory="128", options=(), limit=300, append="", kernel=None,
            boot=None, image=None, size=None):
    """
    The same on myOS: a kernel, or a disk to boot from. `image` is an ext2 volume with all that is needed, the runner and its
    list of these commands included; else a volume of `size` is made of the files.
    """
    with tempfile.TemporaryDirectory(prefix="myos-") as name:
        folder = Path(name)
        if image is None:
            prepare(folder / "root", commands, cwd, programs)
            image = folder / "root.img"
            make_volume(image, size or ("96M" if files else "16M"), [*files, folder / "root"])
        disk = ["-drive", f"file={boot},format=raw,if=ide,index=0,snapshot=on"] if boot else \
            ["-kernel", kernel or TOP / "build/kernel.elf"]
        session = converse([*disk, "-m", memory, "-drive", f"file={image},format=raw,if=ide,index=1,snapshot=on", "-fw_cfg",
                            f"name=opt/myos/cmdline,string=quiet root=hdb init=/bin/runner {append}", *options], limit)
        return result("myOS", session, commands)


def make_volume(image, size, folders):
    """An ext2 volume of these folders, the later ones over the earlier."""
    with tempfile.TemporaryDirectory(prefix="volume-") as name:
        for folder in folders:
            shutil.copytree(folder, name, symlinks=True, dirs_exist_ok=True)
        for below in ("dev", "proc"):
            (Path(name) / below).mkdir(exist_ok=True)
        os.chmod(name, 0o755)
        image.unlink(missing_ok=True)
        subprocess.run(["mke2fs", "-q", "-F", "-t", "ext2", "-E", "root_owner=0:0", "-d", name, image, size], check=True,
                       env={**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"}, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL)
