"""
Programs for 32-bit x86 on a machine whose kernel may be unable to execute them, as many of 64-bit machines' are. There
QEMU's user mode, qemu-i386, does. This file imports nothing of this package, so that it can also be run:

    i386.py PROGRAM [ARGUMENT...]       run it, in whichever way this machine can

Read more: elf(5), execve(2) (ENOEXEC); "QEMU User space emulator" in QEMU's manual.
"""

import errno
import functools
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EMULATORS = ("qemu-i386", "qemu-i386-static")
SLOWER = 10             # an emulated program may take so many times the time
PACKAGE = "qemu-user"   # where Debian, Fedora and Arch have the emulator
EM_386 = 3
STATUS = 32
CODE = bytes([0x31, 0xC0, 0x40, 0x31, 0xDB, 0xB3, STATUS, 0xCD, 0x80])      # eax = 1 (exit), ebx = STATUS, int 0x80
BASE = 0x08048000
TINY = struct.pack("<4s12BHHIIIIIHHHHHHIIIIIIII", b"\x7fELF", 1, 1, 1, *[0] * 9, 2, EM_386, 1, BASE + 84, 52, 0, 0, 52, 32, 1,
                   0, 0, 0, 1, 0, BASE, BASE, 84 + len(CODE), 84 + len(CODE), 5, 4096) + CODE


def is_program(path):
    """Is this file a program for 32-bit x86?"""
    try:
        with open(path, "rb") as file:
            start = file.read(20)
    except OSError:
        return False
    return start[:6] == b"\x7fELF\1\1" and start[18:20] == bytes([EM_386, 0])


@functools.lru_cache(maxsize=None)
def native():
    """Can this machine's kernel execute such programs? A tiny one of our own is tried, once."""
    with tempfile.TemporaryDirectory() as folder:
        tiny = Path(folder) / "tiny"
        tiny.write_bytes(TINY)
        tiny.chmod(0o700)
        while True:
            try:
                return subprocess.run([tiny], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                      timeout=60, check=False).returncode == STATUS
            except OSError as error:
                if error.errno != errno.ETXTBSY:            # else another thread's child still holds it open for writing
                    return error.errno != errno.ENOEXEC
                time.sleep(0.01)


def emulator(path=None):
    """The emulator's path, or None if it is not installed."""
    return next(filter(None, (shutil.which(name, path=path) for name in EMULATORS)), None)


def main(argv):
    launcher = [emulator() or EMULATORS[0]] if is_program(argv[0]) and not native() else []
    command = [*launcher, *argv]
    try:
        os.execvp(command[0], command)
    except OSError as error:
        print(f"cannot run {argv[0]}: {command[0]}: {error.strerror}", file=sys.stderr)
        sys.exit(126)


if __name__ == "__main__":
    main(sys.argv[1:])
