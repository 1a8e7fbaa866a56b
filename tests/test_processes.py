"""
Lab 6 as a whole: the stage on which its tests run programs, and one program that needs all exercises at once, on the way that
programs of students go: a disk, init=, the loader, the gate.
"""

import os
import re
import secrets
import struct
import subprocess
from pathlib import Path

import pytest

from gradelib.ktests import KtestRandom
from gradelib.machine import Machine

ROOT = Path(__file__).resolve().parents[1]
LAB = ROOT / "labs/lab06-processes"
CHILDREN, SIGSEGV, WORDS = 8, 11, 0xFFFFFFFF
TOOLS = {**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin", "MTOOLS_SKIP_CHECK": "1"}


@pytest.fixture(scope="module")
def kernel():
    subprocess.run(["make", "-s", "-j2", "-f", "scripts/build.mk", "image"], cwd=ROOT, check=True)
    return ROOT / "build/kernel.elf"


@pytest.mark.parametrize("seed", [1, 5, 0xFFFFFFFF])
def test_the_stage_stands(kernel, tmp_path, seed):
    """A program gets its argument and ends with it as its status, and all that it had is given back."""
    with Machine(tmp_path, kernel=kernel, symbols=[kernel], cmdline=f"ktest=given_stage seed={seed} nonce=N") as machine:
        machine.wait_until(lambda: machine.exit_code is not None, 20, "the kernel's end")
        text = machine.serial.decode()
    random = KtestRandom(seed)
    statuses = [str(7 + random(100) << 8) for _ in range(2)]
    assert re.findall(r"^@N given_stage status (\S+)\r?$", text, re.M) == statuses, text
    assert re.findall(r"^@N given_stage left (.*?)\r?$", text, re.M)[1] == "0 0 0", text


def disk(folder, seed):
    """A FAT16 volume with the program and its seed."""
    program, image = folder / "whole", folder / "disk.img"
    subprocess.run(["gcc", "-m32", "-std=gnu11", "-O1", "-march=i586", "-mgeneral-regs-only", "-ffreestanding", "-nostdlib",
                    "-static", "-fno-pic", "-no-pie", "-fno-stack-protector", "-fcf-protection=none",
                    "-fno-asynchronous-unwind-tables", f"-I{ROOT}/src", f"-I{ROOT}/src/kernel", f"-I{LAB}/user", f"-I{LAB}/tests",
                    "-o", program, ROOT / "tests/processes/whole.c"], check=True)
    (folder / "seed").write_bytes(struct.pack("<I", seed))
    subprocess.run(["mkfs.fat", "-F", "16", "-s", "1", "-C", image, "8192"], check=True, stdout=subprocess.DEVNULL, env=TOOLS)
    for name in ("whole", "seed"):
        subprocess.run(["mcopy", "-i", image, folder / name, f"::{name}"], check=True, env=TOOLS)
    return image


def family(seed):
    """What family() in processes/whole.c finds."""
    words = []
    for child in range(CHILDREN):
        random = KtestRandom(seed)
        for _ in range(1000 * (child + 1)):
            random(1)
        words.append(random.state)
    return sum(words) * 31 + sum((word >> 8 & 0x7F) << 8 for word in words) & WORDS


def test_all_exercises_together(kernel, tmp_path):
    """
    The first process, from a disk: exec, ELF, calls, copies, fork, pipes, waits, memory and a handler; the sums are right, and
    its end powers the machine off.
    """
    seed = 1 + secrets.randbelow(WORDS - 1)
    drive = ["-drive", f"file={disk(tmp_path, seed)},format=raw,if=ide,index=1,snapshot=on"]
    with Machine(tmp_path, kernel=kernel, symbols=[kernel], cmdline="quiet root=hdb init=/whole", args=drive) as machine:
        machine.wait_until(lambda: machine.exit_code is not None, 20, "the end of the first process")
        text = machine.serial.decode("latin-1").replace("\r", "")
    assert f"{family(seed):08x} {seed + SIGSEGV & WORDS:08x}\n" in text, (hex(seed), text)
    assert "process 1 has ended: exit status 0\n" in text, text
