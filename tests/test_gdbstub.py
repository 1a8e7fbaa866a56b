"""
The kernel's own gdb stub on COM2, driven by a real gdb.
"""

import re
import socket
import subprocess
from pathlib import Path

import pytest

from gradelib.machine import Machine

ROOT = Path(__file__).resolve().parents[1]
KERNEL = ROOT / "build/kernel.elf"


@pytest.fixture(scope="module", autouse=True)
def built():
    subprocess.run(["make", "-s", "-j2", "-f", "scripts/build.mk", "kernel"], cwd=ROOT, check=True)


def gdb(folder, *commands):
    """Run gdb on the kernel's stub; returns what it printed."""
    words = ["gdb", "-q", "-nx", "-batch", "-ex", "set pagination off", "-ex", "set confirm off", "-ex", "set style enabled off",
             "-ex", f"target remote {folder}/com2"]
    for command in commands:
        words += ["-ex", command]
    done = subprocess.run([*words, KERNEL], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=60, text=True)
    return done.stdout


def machine(folder, cmdline):
    return Machine(folder, kernel=KERNEL, cmdline=cmdline,
                   args=["-chardev", f"socket,id=com2,path={folder}/com2,server=on,wait=off",
                         "-device", "isa-serial,chardev=com2,index=1,iobase=0x2f8,irq=3"])


@pytest.fixture
def stopped(tmp_path):
    """A kernel that waits for gdb."""
    with machine(tmp_path, "gdb") as m:
        m.wait_serial("waiting for gdb")
        yield tmp_path, m


def test_registers_memory_and_backtrace(stopped):
    folder, m = stopped
    text = gdb(folder, "backtrace", "info registers eip cs", "x/2xw 0xc0100008", "print/x *(int *)0xb0000000", "print 6 * 7")
    assert re.search(r"#\d.* kmain \(", text), text
    assert re.search(r"cs\s+0x8\b", text), text
    assert "0x1badb002" in text, text
    assert "Cannot access memory at address 0xb0000000" in text, text
    assert "= 42" in text, text                     # and it lives on


def test_breakpoint_step_and_write(stopped):
    folder, m = stopped
    text = gdb(folder, "break readline", "continue", "print size", "stepi", "stepi", "info registers eip", "delete",
               "set variable panicking = 1", "print panicking", "detach")
    assert "Breakpoint 1, readline" in text, text
    assert re.search(r"\$1 = \d+", text), text
    assert "= true" in text, text
    m.wait_serial("monitor> ")                      # detached: the kernel goes on


def test_breakpoint_comes_again(stopped):
    """It is hit each time, the instruction under it is executed, and after its deletion no more."""
    folder, m = stopped
    text = gdb(folder, "break uptime_ms", "commands\nsilent\nend", "print $eip", "delete", "break input_get", "continue",
               "delete", "detach")
    assert "input_get" in text, text
    m.wait_serial("monitor> ")
    m.send_serial(b"ticks\r")
    m.wait_serial(r"\n\d+\r\n")


def test_attach_while_running(tmp_path):
    """gdb comes when the kernel has been running for a while, looks, and leaves; the kernel goes on."""
    with machine(tmp_path, "") as m:
        m.wait_serial("monitor> ")
        text = gdb(tmp_path, "backtrace 3", "detach")
        assert "#0" in text, text
        m.send_serial(b"ticks\r")
        m.wait_serial(r"\n\d+\r\n")


def test_attach_while_running_and_continue(tmp_path):
    """Detached by a breakpoint on a busy function: hit, deleted, gone."""
    with machine(tmp_path, "") as m:
        m.wait_serial("monitor> ")
        text = gdb(tmp_path, "break tick", "continue", "continue", "info breakpoints", "delete", "detach")
        assert "breakpoint already hit 2 times" in text, text
        m.send_serial(b"ticks\r")
        m.wait_serial(r"\n\d+\r\n")


def test_registers_can_be_changed(stopped):
    """What gdb writes into a register is what the kernel has there: the stub is asked again."""
    folder, m = stopped
    text = gdb(folder, "set variable $save = $ebx", "set variable $ebx = 0x12345678", "maintenance flush register-cache",
               "print/x $ebx", "set variable $ebx = $save", "detach")
    assert "= 0x12345678" in text, text
    m.wait_serial("monitor> ")


def test_noise_on_the_line_does_no_harm(tmp_path):
    """Bytes that are no packet, a packet with a wrong checksum, one that is too long: the stub survives."""
    with machine(tmp_path, "gdb") as m:
        m.wait_serial("waiting for gdb")
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(30)
            line.connect(f"{tmp_path}/com2")

            def answer(data, pattern):
                line.sendall(data)
                got = b""
                while not re.search(pattern, got):
                    got += line.recv(4096)

            line.sendall(b"garbage")
            answer(b"$?#00", rb"-")                     # the checksum is wrong
            answer(b"$" + b"m" * 5000 + b"#00", rb"-")  # too long
            for text in (b"mffffffff,ffffffff", b"mzz", b"m0", b"M0,4:00", b"Mb0000000,1:00", b"G00",
                         b"Z0,b0000000,1", b"Z1,0,1", b"v"):
                answer(b"$" + text + b"#%02x" % (sum(text) & 0xFF), rb"\+\$(E..)?#..")
                line.sendall(b"+")
            answer(b"$D#44", rb"\$OK#9a")
        m.wait_serial("monitor> ")
