"""
One QEMU process: its command line, all that comes out of it, and its monitor. Judges nothing: see machine.py.

Nothing of what a guest writes may be lost, not even its last byte before it leaves. So the guest's two outputs, COM1 and
port 0xE9, are pipes, which keep what was written when QEMU is gone; and the guest starts only when all is connected. After
a reset QEMU stays (-no-shutdown), stopped, so that registers and memory can be examined. A grader's QEMU is locked in, in
case that a guest breaks out of it: what it sees and where it may write is in sandbox.py.
Read more: QEMU's "QMP Reference Manual" and "Invocation", hw/char/serial.c for when a UART drops bytes.
"""

import contextlib
import fcntl
import json
import os
import secrets
import selectors
import shlex
import signal
import socket
import subprocess
import time

from . import clock, sandbox
from .verdicts import NoVerdict

OUTPUT_MAX = 1 << 20        # bytes kept of each output; more is a guest that writes without end
STDERR_MAX = 1 << 16
F_SETPIPE_SZ = 1031         # Linux; Python knows the name from 3.10 on


def option(value):
    """A value inside an option that is a list: a comma in it is written twice."""
    return str(value).replace(",", ",,")


def guest_options(image=None, kernel=None, drive=None, cmdline="", memory="64M", cpu=None, args=(), write=False):
    """The options that make the guest: the same for the grader and for the command to repeat a run by hand."""
    options = ["-nodefaults", "-machine", "pc", "-accel", "tcg", "-m", memory, "-vga", "std", "-display", "none",
               "-rtc", "base=2026-01-01", "-no-reboot", "-device", "isa-debug-exit,iobase=0xf4,iosize=4"]
    if cpu:
        options += ["-cpu", cpu]
    if image:
        image = os.path.abspath(image) if os.path.exists(image) else image      # or a protocol: "blkdebug:..."
        drive = f"file={option(image)},format=raw,snapshot={'off' if write else 'on'}"
    if drive:
        options += ["-drive", drive]
    if kernel:
        options += ["-kernel", os.path.abspath(kernel)]
    if cmdline:
        options += ["-fw_cfg", f"name=opt/myos/cmdline,string={option(cmdline)}"]
    return options + [str(word) for word in args]


class Refused(NoVerdict):
    """QEMU's answer to a monitor command is an error."""


class Qemu:
    """Use as a context manager: QEMU is gone when the block is left, however it is left."""

    def __init__(self, options, lock=None):
        """`lock` is what a QEMU that is locked in may read, and the folder in which it may write: (paths, folder)."""
        self.options, self.lock = options, lock
        self._serial, self._debugcon = bytearray(), bytearray()
        self.exit_code = None           # set when QEMU has ended and all it wrote has been read: the guest's, or minus
                                        # the number of the signal that ended QEMU
        self.reset = False              # the guest reset itself
        self.flooded = None             # the output that overflowed
        self._errors = bytearray()
        self._qmp_in, self._replies, self._sent = b"", {}, 0
        self._greeted = False
        self._process = None            # QEMU, or the sandbox around it
        self.pid = None                 # QEMU's own
        self._told = None               # where the sandbox tells it
        self._alive = None              # a file that QEMU removes when it ends by itself
        self._leaves = False            # the guest asked for the end
        self._selector = selectors.DefaultSelector()

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_):
        self._end()

    def by_hand(self):
        """A shell command that runs the same guest in a terminal."""
        return shlex.join([clock.qemu(), *self.options, "-serial", "stdio", "-debugcon", "file:debugcon.log"])

    @property
    def serial(self):
        """What the guest has written to COM1 so far."""
        return bytes(self._serial)

    @property
    def debugcon(self):
        """What it has written to port 0xE9."""
        return bytes(self._debugcon)

    @property
    def written(self):
        """How many bytes that is together."""
        return len(self._serial) + len(self._debugcon)

    @property
    def errors(self):
        """What QEMU itself complained about, without warnings and the register dumps of -d cpu_reset."""
        lines = self._errors.decode(errors="replace").splitlines()
        return [line for line in lines if line.startswith(("qemu", "bwrap")) and "warning:" not in line]

    @property
    def traced(self):
        """What QEMU's trace events (-trace) have told, the last of it; "" from a QEMU that writes them elsewhere."""
        return self._errors.decode(errors="replace")

    @property
    def triple_fault(self):
        return b"Triple fault" in self._errors

    # ---- start and end

    def _start(self):
        self._qmp, theirs = socket.socketpair()
        read_end, write_end = os.pipe()
        command = [clock.qemu(), *self.options, "-S", "-no-shutdown", "-d", "cpu_reset", "-serial", "stdio",
                   "-add-fd", f"fd={write_end},set=1", "-chardev", "file,id=e9,path=/dev/fdset/1,append=on",
                   "-device", "isa-debugcon,iobase=0xe9,chardev=e9",
                   "-chardev", f"socket,id=qmp,fd={theirs.fileno()}", "-mon", "chardev=qmp,mode=control"]
        told, tell = os.pipe()
        self._told = os.fdopen(told, "rb", buffering=0)
        locked = None
        if self.lock:
            self._alive = os.path.join(os.path.abspath(self.lock[1]), f"qemu-{secrets.token_hex(4)}.pid")
            locked = sandbox.machine_command([*command, "-pidfile", self._alive], *self.lock, tell)
        try:
            self._process = subprocess.Popen(locked or command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                             stderr=subprocess.PIPE, bufsize=0, pass_fds=(theirs.fileno(), write_end, tell))
        except OSError as error:
            os.close(read_end)
            self._qmp.close()
            raise NoVerdict(f"cannot run {command[0]}: {error.strerror}. make doctor says how to install it") from error
        finally:
            theirs.close()
            os.close(write_end)
            os.close(tell)
        self.pid = None if locked else self._process.pid
        self._e9 = os.fdopen(read_end, "rb", buffering=0)
        for stream, take in ((self._process.stdout, self._take_serial), (self._e9, self._take_debugcon),
                             (self._process.stderr, self._take_errors), (self._qmp, self._take_qmp)):
            self._selector.register(stream, selectors.EVENT_READ, take)
        for pipe in (self._process.stdout, self._e9):
            try:
                fcntl.fcntl(pipe, F_SETPIPE_SZ, OUTPUT_MAX)     # then QEMU never waits for us
            except OSError:
                pass                                            # it waits, as on macOS
        deadline = time.monotonic() + clock.STALL
        while not self._greeted:
            self.pump(1)
            if self.exit_code is not None:
                raise NoVerdict(f"QEMU does not start (exit code {self.exit_code})", self.errors or [self.by_hand()])
            if time.monotonic() > deadline:
                raise NoVerdict(f"QEMU did not start within {clock.STALL:.0f} s")
        if locked:
            self.pid = json.loads(self._told.read(4096))["child-pid"]
        self.query("qmp_capabilities")
        self.query("cont")

    def _end(self):
        if self._process:
            self._kill()
            self._process.stdin.close()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._selector.close()
        if self._told:
            self._told.close()
        if self._alive:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._alive)

    def _kill(self):
        """End QEMU, and be sure that it has ended: it may have locked a disk image that the next one needs."""
        if self.pid in (None, self._process.pid):
            self._process.kill()                    # a sandbox dies with all that is in it
        elif self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):       # it has ended, and the sandbox is about to
                os.kill(self.pid, signal.SIGKILL)   # the sandbox ends when it has seen the end of QEMU
        self._process.wait()

    # ---- what comes out

    def pump(self, timeout):
        """Take in what QEMU wrote, waiting at most `timeout` seconds for something. True if the guest wrote."""
        before = self.written
        for key, _ in self._selector.select(timeout):
            try:
                data = os.read(key.fd, 1 << 16)
            except ConnectionError:
                data = b""
            if data:
                key.data(data)
            else:
                self._selector.unregister(key.fileobj)
                key.fileobj.close()
        if not self._selector.get_map() and self.exit_code is None:
            try:
                self.exit_code = self._judge_end(self._process.wait(clock.STALL))
            except subprocess.TimeoutExpired as error:
                raise NoVerdict("QEMU closed its outputs but does not end") from error
        return self.written > before

    def _judge_end(self, status):
        """What `exit_code` is for the exit status of QEMU, or of the sandbox around it."""
        if status > 128 and self._alive and os.path.exists(self._alive):
            return 128 - status         # the sandbox tells a signal's number as a shell does
        if status == 0 and not self._leaves:
            return -signal.SIGTERM      # or SIGINT or SIGHUP: QEMU then ends in good order. A guest's codes are odd.
        return status

    def drain(self):
        """Take in all that the guest wrote, once it writes no more."""
        while self.pump(0) and not self.flooded:
            pass

    def _take_serial(self, data):
        self._take(self._serial, data, "COM1")

    def _take_debugcon(self, data):
        self._take(self._debugcon, data, "port 0xE9")

    def _take(self, kept, data, name):
        # The rest is read but thrown away, or else QEMU would wait and not answer the monitor any more.
        kept += data[:OUTPUT_MAX - len(kept)]
        if len(kept) == OUTPUT_MAX:
            self.flooded = name

    def _take_errors(self, data):
        self._errors = (self._errors + data)[-STDERR_MAX:]

    def _take_qmp(self, data):
        *lines, self._qmp_in = (self._qmp_in + data).split(b"\n")
        for line in lines:
            message = json.loads(line)
            if "QMP" in message:
                self._greeted = True
            elif "event" in message:
                self._event(message["event"], message.get("data", {}))
            else:
                self._replies[message.get("id")] = message

    def _event(self, name, data):
        if name in ("SHUTDOWN", "RESET") and data.get("reason") == "guest-reset":
            self.reset = True
        elif name == "SHUTDOWN" and data.get("guest"):
            self._leaves = True
            self._send("quit")          # held back by -no-shutdown; its exit code is the guest's

    # ---- the monitor

    def _send(self, command, **arguments):
        self._sent += 1
        message = {"execute": command, "arguments": arguments, "id": self._sent}
        try:
            self._qmp.sendall(json.dumps(message).encode() + b"\n")
        except OSError:
            pass                        # QEMU is ending: the reader will notice
        return self._sent

    def query(self, command, **arguments):
        """QEMU's reply to a QMP command: its "return" value, or None if QEMU has ended meanwhile."""
        number = self._send(command, **arguments)
        deadline = time.monotonic() + clock.STALL
        while number not in self._replies:
            if self.exit_code is not None:
                return None
            if time.monotonic() > deadline:
                raise NoVerdict(f"QEMU did not answer within {clock.STALL:.0f} s: this computer is too busy, or it slept")
            self.pump(1)
        reply = self._replies.pop(number)
        if "error" in reply:
            raise Refused(f"QEMU refused {command}: {reply['error'].get('desc')}")
        return reply["return"]
