"""
Running scripts in tests, on this machine or on a pretended one: a folder with links to just the
programs that it is to have, and fakes of others, which is all there is in PATH.
"""
import os
import shutil
import subprocess
from pathlib import Path

# What any Unix has, as far as the scripts use it.
BASE = """awk basename cat chmod cp cut date dirname echo env expr false find grep gzip head id kill ln ls mkdir
mktemp mv od printf ps pwd rm sed sh sleep sort stat tail tar tee test touch tr true tty uname wc""".split()

# The tools a lab tree needs (scripts/needs.sh), and what these need themselves.
STUDENT = "qemu-system-i386 gcc as ld objcopy nm nasm make gdb mcopy mkfs.fat python3 git".split()

DEBIAN_PATHS = "/usr/bin:/bin:/usr/sbin:/sbin"


def find(name):
    found = shutil.which(name, path=DEBIAN_PATHS) or shutil.which(name)
    assert found, f"{name} is not on this machine; scripts/setup installs what the tests need"
    return found


def run(*command, timeout=300, **options):
    """Standard output and error together in .stdout."""
    return subprocess.run([str(word) for word in command], text=True, stdin=options.pop("stdin", subprocess.DEVNULL),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout, check=False, **options)


class PretendedMachine:
    def __init__(self, folder, tools=()):
        self.bin = Path(folder)
        self.bin.mkdir()
        for name in (*BASE, *tools):
            self.add(name)
        self.execute_32bit(True)

    def add(self, name):
        (self.bin / name).symlink_to(find(name))

    def remove(self, name):
        (self.bin / name).unlink()

    def fake(self, name, script):
        """A program of our own, in sh."""
        path = self.bin / name
        if path.is_symlink() or path.exists():
            path.unlink()
        path.write_text(f"#!{find('sh')}\n{script}\n")
        path.chmod(0o755)

    def execute_32bit(self, can):
        """Pretend a kernel: the program with which scripts/needs.sh tries it becomes another where it is made executable."""
        tiny = r"printf '#!/bin/sh\nexit 32\n'" if can else r"printf '\177ELF'"
        self.fake("chmod", f'[ "$1" != u+x ] || {tiny} >"$2"; exec {find("chmod")} "$@"')

    def run(self, *command, cwd=None, **variables):
        """Run a script there: standard output and error together in .stdout."""
        environment = {"PATH": str(self.bin), "SBIN": "", "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"}
        if "TMPDIR" in os.environ:
            environment["TMPDIR"] = os.environ["TMPDIR"]
        environment.update(variables)
        return subprocess.run([str(word) for word in command], cwd=cwd, env=environment, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)


def lab_tree(folder, top, *scripts):
    """The beginning of a lab tree: some of its scripts."""
    (folder / "scripts").mkdir(parents=True)
    for name in ("needs.sh", *scripts):
        shutil.copy(top / "scripts" / name, folder / "scripts" / name)
    return folder
