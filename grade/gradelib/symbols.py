"""
Names for addresses: which function, and which line of source, from the ELF files of a build (nm and addr2line).

Where a tool is missing there are no names, and that is all: symbols explain a verdict, they never make one.
"""

import bisect
import functools
import os
import re
import shutil
import subprocess

KERNEL_BASE = 0xC0000000


def tool(name):
    """The binutils program `name` of the toolchain, found as the build finds its compiler; None if there is none."""
    for prefix in (os.environ.get("TOOLPREFIX"), "i686-elf-", "i686-linux-gnu-", ""):
        found = prefix is not None and shutil.which(prefix + name)
        if found:
            return found
    return None


def _run(name, *args):
    program = tool(name)
    if not program:
        return ""
    try:
        done = subprocess.run([program, *map(str, args)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="replace")


@functools.lru_cache(maxsize=16)
def _table(elf, _changed):
    """Sorted (address, name) of an ELF file, its end as the last one."""
    symbols = []
    for line in _run("nm", "-n", elf).splitlines():
        found = re.fullmatch(r"([0-9a-f]+) ([A-Za-z]) (\S+)", line)
        if found and found[2] not in "aAUNw":
            symbols.append((int(found[1], 16), found[3]))
    return sorted(symbols)


class Symbols:
    def __init__(self, elfs=()):
        self.elfs = [elf for elf in elfs if os.path.exists(elf)]

    def place(self, address, returns=False):
        """
        "function+0x1c (src/file.c:12)" for an address, or None. A return address lies behind its call, which may be the
        last instruction of a function: with `returns` the call is named.
        """
        wanted = address - 1 if returns else address
        for elf in self.elfs:
            table = _table(str(elf), os.stat(elf).st_mtime_ns)
            # Before paging is on, the kernel runs where it was loaded: its address without KERNEL_BASE.
            for linear in (wanted, wanted + KERNEL_BASE):
                at = bisect.bisect_right(table, (linear, "\x7f")) - 1
                if 0 <= at < len(table) - 1 or (at >= 0 and linear - table[at][0] < 16):
                    start, name = table[at]
                    return f"{name}+{linear - start + returns:#x}{self._line(elf, linear)}"
        return None

    @staticmethod
    def _line(elf, address):
        words = _run("addr2line", "-e", elf, f"{address:#x}").split()
        if not words or words[0].startswith("?"):
            return ""
        return f" ({re.sub(r'^.*/(?=(src|labs)/)', '', words[0])})"
