"""
Programs that pretend to be QEMU, to see what the graders make of a QEMU or a guest that misbehaves.

    qemu.py MODE QEMU-OPTIONS...

Speaks as much of the monitor as gradelib/qemu.py uses. A mode is a function below: a generator that acts as the guest from
the moment it is started on; at each yield the monitor is served. Started by helpers.fake_qemu().
"""

import json
import os
import re
import select
import signal
import socket
import sys
import time

RUNNING = "EIP=00007c00 EFL={eflags:08x} [-------] CPL=0 II=0 A20=1 SMM=0 HLT={halted}\n"
REST = ("EAX=00000001 EBX=00000002 ECX=00000003 EDX=00000004\nESI=00000005 EDI=00000006 EBP=00000000 ESP=00000008\n" + RUNNING +
        "CS =0008 00000000 ffffffff 00cf9a00 DPL=0 CS32 [-R-]\nCR0=00000011 CR2=00000000 CR3=00000000 CR4=00000000\n")


class Fake:
    def __init__(self, options):
        self.options = options
        self.halted = self.eflags = 0
        line = " ".join(options)
        self.e9 = int(re.search(r"fd=(\d+),set=1", line)[1])
        self.qmp = socket.socket(fileno=int(re.search(r"id=qmp,fd=(\d+)", line)[1]))
        found = re.search(r"opt/myos/cmdline,string=(.*)", line)
        words = dict(word.partition("=")[::2] for word in (found[1].replace(",,", ",") if found else "").split())
        self.names, self.nonce = words.get("ktest", "").split(","), words.get("nonce", "")
        self.unread, self.started, self.quit_code = b"", False, 0
        self.looks = 0              # how often the guest was looked at

    def serial(self, text):
        data = text.encode() if isinstance(text, str) else text
        while data:
            data = data[os.write(1, data):]

    def line(self, text):
        self.serial(f"@{self.nonce} {text}\n")

    def event(self, name, **data):
        self.qmp.sendall(json.dumps({"event": name, "data": data, "timestamp": {}}).encode() + b"\r\n")

    def serve(self, timeout=0.0):
        if not select.select([self.qmp], [], [], timeout)[0]:
            return
        data = self.qmp.recv(65536)
        if not data:
            os._exit(0)
        *lines, self.unread = (self.unread + data).split(b"\n")
        for line in lines:
            message = json.loads(line)
            answer = {}
            if message["execute"] == "cont":
                self.started = True
            elif message["execute"] == "quit":
                os._exit(self.quit_code)
            elif message["execute"] == "human-monitor-command":
                self.looks += 1
                answer = REST.format(eflags=self.eflags, halted=self.halted)
            self.qmp.sendall(json.dumps({"return": answer, "id": message["id"]}).encode() + b"\r\n")

    def run(self, guest):
        self.qmp.sendall(b'{"QMP": {"version": {}, "capabilities": []}}\r\n')
        while not self.started:
            self.serve(1)
        for _ in guest(self):
            self.serve()
        while True:             # the guest has no more to do; QEMU stays
            self.serve(1)

    def test(self, name, *reports):
        self.line(f"begin {name}")
        for text in reports:
            self.line(f"{name} {text}")
        self.line(f"end {name}")

    def leave(self, code=33):
        os._exit(code)


# ---- QEMUs in trouble

def silent(fake):
    """Answers the monitor, but gets nothing done."""
    yield


def deaf(fake):
    """Does not answer any more."""
    time.sleep(1000)
    yield


def busy(fake):
    """A guest that runs in circles."""
    while True:
        yield


def slow(fake):
    """The same, but it writes now and then."""
    for i in range(1 << 40):
        if i % 1000 == 0:
            fake.serial(".")
        yield


def endless(fake):
    while True:
        fake.serial(b"all work and no play\n" * 100)
        yield


def endless_e9(fake):
    while True:
        os.write(fake.e9, b"BCD" * 1000)
        yield


def crash(fake):
    fake.serial("so far so good\n")
    os.kill(os.getpid(), signal.SIGSEGV)
    yield


def absurd(fake):
    """Ended by what the guest did."""
    sys.stderr.write("qemu: fatal: invalid tss type\nEAX=00000000 EBX=00000000\n")
    sys.stderr.flush()
    os.kill(os.getpid(), signal.SIGABRT)
    yield


def ended(fake):
    """Somebody has sent SIGTERM: QEMU says so, and ends as if all were well."""
    sys.stderr.write("qemu-system-i386: terminating on signal 15 from pid 1 (init)\n")
    sys.stderr.flush()
    fake.event("SHUTDOWN", guest=False, reason="host-signal")
    fake.leave(0)
    yield


def gives_up(fake):
    sys.stderr.write("qemu-system-i386: out of luck\n")
    sys.stderr.flush()
    fake.leave(1)
    yield


def asleep(fake):
    fake.halted, fake.eflags = 1, 0x202
    yield


def halted(fake):
    fake.serial("the end\n")
    os.write(fake.e9, b"ABC")
    fake.halted, fake.eflags = 1, 0x002
    yield


def halted_behind_a_rom(fake):
    os.write(fake.e9, b"hostile 1\nABC\nLog text")
    yield from halted(fake)


def last_words(fake):
    """Writes as much as a pipe holds and leaves in the same breath."""
    fake.serial(b"x" * 60000 + b"END")
    os.write(fake.e9, b"y" * 60000 + b"END")
    fake.leave(33)
    yield


def reset(fake):
    """Writes more than is read at once, then the news of its reset comes."""
    fake.serial(b"x\n" * 100000 + b"going\n")
    fake.event("SHUTDOWN", guest=True, reason="guest-reset")
    yield


def powers_off(fake):
    """The guest switches the machine off; QEMU then ends with 0 as well."""
    fake.event("SHUTDOWN", guest=True, reason="guest-shutdown")
    yield


def triple_fault(fake):
    sys.stderr.write("CPU Reset (CPU 0)\nTriple fault\n")
    sys.stderr.flush()
    yield from reset(fake)


def panics_and_spins(fake):
    fake.serial("ABCpanic: no memory\r\n  at 0xc0100010\r\n  at 0xc0100020\r\n")
    yield from busy(fake)


# ---- kernels under test that misbehave

def good(fake):
    for name in fake.names:
        fake.serial(f"booting {name} without a newline")
        fake.test(name, "case 1 2", f"name {name}")
    fake.line("done")
    fake.leave()
    yield


def newer_qemu(fake):
    """isa-debug-exit asks for a shutdown, which -no-shutdown holds back, and the code comes with the end."""
    for name in fake.names:
        fake.test(name, "case 1")
    fake.line("done")
    fake.quit_code = 33
    fake.event("SHUTDOWN", guest=True, reason="guest-shutdown")
    yield


def wrong_code(fake):
    for name in fake.names:
        fake.test(name)
    fake.line("done")
    fake.leave(5)
    yield


def no_done(fake):
    for name in fake.names:
        fake.test(name)
    fake.leave()
    yield


def wrong_nonce(fake):
    fake.nonce = "0123456789ab"
    yield from good(fake)


def wrong_order(fake):
    fake.names.reverse()
    yield from good(fake)


def one_missing(fake):
    fake.names = fake.names[:1] + fake.names[2:]
    yield from good(fake)


def twice(fake):
    fake.names.insert(1, fake.names[0])
    yield from good(fake)


def not_ended(fake):
    fake.line(f"begin {fake.names[0]}")
    fake.line(f"{fake.names[0]} case 1")
    fake.line(f"begin {fake.names[-1]}")
    yield


def reports_for_another(fake):
    fake.line(f"begin {fake.names[0]}")
    fake.line("another case 1")
    yield


def after_done(fake):
    for name in fake.names:
        fake.test(name)
    fake.line("done")
    while fake.looks < 3:       # "done" has then been read, and the end is waited for
        yield
    fake.test(fake.names[0])
    fake.leave()


def unknown(fake):
    fake.line(f"unknown {fake.names[0]}")
    yield


def reboot_loop(fake):
    """Starts again and again, and never comes to the second test."""
    while True:
        fake.serial("booting\n")
        fake.test(fake.names[0], "case 1")
        yield


def reset_loop(fake):
    """Resets again and again, under a QEMU that does not stop for it."""
    while True:
        fake.event("RESET", guest=True, reason="guest-reset")
        fake.serial("booting\n")
        yield


def dies_in_b(fake):
    """Panics in the test called b, whenever that is asked for."""
    for name in fake.names:
        if name == "b":
            fake.line("begin b")
            fake.serial("panic: b is too hard\n  at 0xc0100010\n")
            fake.leave(35)
        fake.test(name, "case 1")
    fake.line("done")
    fake.leave()
    yield


def killed_in_b(fake):
    for name in fake.names:
        if name == "b":
            fake.line("begin b")
            os.kill(os.getpid(), signal.SIGKILL)
        fake.test(name, "case 1")
    yield


def ended_in_b(fake):
    for name in fake.names:
        if name == "b":
            fake.line("begin b")
            yield from ended(fake)
        fake.test(name, "case 1")
    yield


def ended_after_done(fake):
    for name in fake.names:
        fake.test(name, "case 1")
    fake.line("done")
    yield from ended(fake)


def never_begins(fake):
    fake.serial("hello\n")
    fake.halted = 1
    yield


def main():
    mode, options = sys.argv[1], sys.argv[2:]
    if "chardev=qmp,mode=control" not in options:
        sys.exit(33)            # gradelib/clock.py measures how fast this computer is
    if "-S" not in options:
        sys.exit("the guest would run before anybody listens")
    if mode == "mute":
        time.sleep(1000)
    if mode == "bad_option":
        sys.exit("qemu-system-i386: -bogus: invalid option")
    Fake(options).run(globals()[mode])


main()
