"""gradelib's Machine with a real QEMU and guests of a few instructions: what it sees, what it does, how it judges."""

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from fakes import helpers
from gradelib import clock, qemu, sandbox
from gradelib.machine import Machine
from gradelib.verdicts import Hang, Mismatch, NoVerdict, TripleFault

SERIAL_LOOP = """
    mov dx, 0x3fd
wait_byte:
    in al, dx
    test al, 1
    jz wait_byte
    mov dx, 0x3f8
    in al, dx
    inc al
    out dx, al
    mov dx, 0x3fd
    jmp wait_byte"""


@pytest.fixture
def guest(tmp_path):
    """guest(code, ...): a Machine that boots this boot sector, locked in as the graders' are."""
    def make(code, **how):
        return Machine(tmp_path, image=helpers.boot_sector(tmp_path, code), **{"lock": [], **how})
    return make


def test_the_guest_leaves_with_its_code(guest):
    with guest("mov al, 0x10\nout 0xf4, al") as machine:
        assert machine.wait_exit() == 33
    with guest("mov al, 0\nout 0xf4, al") as machine:
        assert machine.wait_exit() == 1


@pytest.mark.parametrize("locked", [False, True])
@pytest.mark.parametrize("number", [signal.SIGBUS, signal.SIGKILL, signal.SIGSEGV])
def test_a_code_that_looks_like_a_signal(guest, locked, number):
    """The sandbox ends with the same status as if QEMU had been killed."""
    with guest(f"mov al, {(128 + number) >> 1}\nout 0xf4, al", lock=[] if locked else None) as machine:
        assert machine.wait_exit() == 128 + number


def test_the_guest_switches_the_machine_off(guest):
    with guest("mov dx, 0x604\nmov ax, 0x2000\nout dx, ax\nhlt") as machine:       # ACPI: PM1a control, SLP_EN
        assert machine.wait_exit() == 0


def test_nothing_is_lost(guest):
    """A hundred thousand bytes on each output, then the end, while nobody reads."""
    with guest("""
        mov ecx, 100000
    again:
        mov dx, 0x3fd
    full:
        in al, dx
        test al, 0x20
        jz full
        mov dx, 0x3f8
        mov al, cl
        out dx, al
        out 0xe9, al
        dec ecx
        jnz again
        mov al, 0x10
        out 0xf4, al""") as machine:
        machine._process.wait(60)
        machine.wait_exit()
    assert machine.serial == machine.debugcon == bytes(n & 0xFF for n in range(100000, 0, -1))


# ---- locked in

HALT = "cli\nhlt"
locked_in = pytest.mark.skipif(not sandbox._bwrap_works(None), reason="bubblewrap does not work here")


@locked_in
def test_qemu_reaches_nothing_else(guest, tmp_path, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret").write_bytes(bytes(512))
    with guest(HALT) as machine:
        machine.wait_halt()
        assert machine.read_phys(0x7c00, 2) == b"\xfa\xf4"       # through a file in its folder
        assert "Could not open" in machine.hmp(f'pmemsave 0 16 "{outside}/file"') and not (outside / "file").exists()
        assert "Could not open" in machine.hmp('pmemsave 0 16 "/tmp/file"')
        assert Path(f"/proc/{machine.pid}/comm").read_text().startswith("qemu-system")
        for kind in ("net", "pid", "mnt"):
            assert os.readlink(f"/proc/{machine.pid}/ns/{kind}") != os.readlink(f"/proc/self/ns/{kind}")
    with guest(HALT, lock=None) as machine:
        assert machine.hmp(f'pmemsave 0 16 "{outside}/file"') == "" and (outside / "file").exists()
    with pytest.raises(NoVerdict, match="does not start") as caught:
        with Machine(tmp_path, image=outside / "secret", lock=[]):
            pass
    assert "secret" in caught.value.details[0]


@locked_in
def test_nothing_of_it_survives(guest):
    """Its end is waited for: the next QEMU may write to the same disk, which the last one had locked."""
    for _ in range(3):
        with guest(HALT, write=True) as machine:
            number = machine.pid
            assert number != machine._process.pid and Path(f"/proc/{number}").exists()
        assert not Path(f"/proc/{number}").exists()


# Locked in, it is the first process of its world, which no signal can end that it does not handle, except SIGKILL.
@pytest.mark.parametrize("locked, number", [(False, signal.SIGSEGV), (False, signal.SIGKILL), (False, signal.SIGTERM),
                                            (True, signal.SIGKILL), (True, signal.SIGTERM)])
def test_a_qemu_that_dies_is_the_machines_fault(guest, tmp_path, locked, number):
    with pytest.raises(NoVerdict, match=f"killed by signal {number:d}"):
        with guest("again: jmp again", lock=[] if locked else None) as machine:
            os.kill(machine.pid, number)
            machine.wait_exit()
    assert not list(tmp_path.glob("*.pid"))


@pytest.mark.parametrize("locked", [False, True])
def test_a_qemu_that_gives_up_on_the_guest_is_the_guests_fault(tmp_path, locked):
    """An interrupt in ring 3, and no TSS that has a stack for it: QEMU aborts."""
    kernel = helpers.kernel(tmp_path, """
        lgdt [gdt]
        lidt [idt]
        push dword 0x23
        push dword 0x200000
        push dword 2
        push dword 0x1b
        push dword ring3
        iretd
    ring3:
        int3
        dq 0, 0x00cf9a000000ffff, 0x00cf92000000ffff, 0x00cffa000000ffff, 0x00cff2000000ffff
    gdt:
        dw 39
        dd gdt - 40
        times 4 dw ring3 - $$, 8, 0xee00, 0x10
    idt:
        dw 31
        dd idt - 32""")
    with pytest.raises(TripleFault, match="invalid tss") as caught:
        with Machine(tmp_path, kernel=kernel, lock=[] if locked else None) as machine:
            machine.wait_exit()
    assert caught.value.kind == "processor gone astray"


@pytest.mark.parametrize("why", ["no bubblewrap", "a QEMU that it could not see"])
def test_without_a_sandbox_it_runs_all_the_same(guest, tmp_path, monkeypatch, why):
    if why == "no bubblewrap":
        monkeypatch.setattr(sandbox, "_bwrap_works", lambda user: False)
    else:
        (tmp_path / "qemu").write_text('#!/bin/sh\nexec qemu-system-i386 "$@"\n')
        (tmp_path / "qemu").chmod(0o755)
        monkeypatch.setenv("QEMU", str(tmp_path / "qemu"))
    with guest("mov al, 0x10\nout 0xf4, al") as machine:
        assert machine.pid == machine._process.pid and machine.wait_exit() == 33


# ---- what the guest does

def test_a_halt_is_found_at_once(guest):
    with guest("mov al, 'A'\nout 0xe9, al\nmov al, 'B'\nout 0xe9, al\ncli\nhlt") as machine:
        machine.wait_halt(budget=1000)
        registers = machine.registers()
        assert registers["halted"] == 1 and registers["eip"] == 0x7c0a and registers["cs"]["base"] == 0
        assert machine.debugcon == b"AB"
        with pytest.raises(Hang, match="halted with interrupts off") as caught:
            machine.wait_serial(b"never", budget=1000)
    assert "last executed: 0000:00007c0a, no place in the source" in caught.value.details


def test_a_loop_is_found(guest):
    with pytest.raises(Hang, match="runs in circles") as caught:
        with guest("again: jmp again") as machine:
            machine.wait_serial(b"never", budget=0.3)
    assert "last executed: 0000:00007c00, no place in the source" in caught.value.details


def test_a_loop_in_the_bios_is_found(guest):
    """A guest that waits for a key: SeaBIOS halts with interrupts on."""
    with pytest.raises(Hang, match="sleeps") as caught:
        with guest("mov ah, 0\nint 0x16\nhlt") as machine:
            machine.wait_halt(budget=0.3)
    assert "in the BIOS" in caught.value.details[0]


def test_a_triple_fault_keeps_its_evidence(guest, tmp_path):
    with pytest.raises(TripleFault, match="triple fault") as caught:
        with guest("mov eax, 0x12345678\ncli\nlidt [none]\nud2\nnone: dw 0, 0, 0") as machine:
            machine.wait_exit()
    assert caught.value.kind == "triple fault" and "0000:00007c0c" in caught.value.details[0]
    assert "EAX=12345678" in (tmp_path / "registers.txt").read_text()


@pytest.mark.parametrize("code", ["in al, 0x92\nor al, 1\nout 0x92, al\nhlt", "mov al, 0xfe\nout 0x64, al\nhlt"])
def test_a_reset_on_purpose(guest, code):
    with pytest.raises(TripleFault, match="reset the machine") as caught:
        with guest(code) as machine:
            machine.wait_exit()
    assert caught.value.kind == "reset"


def test_output_without_end(guest, monkeypatch):
    monkeypatch.setattr(qemu, "OUTPUT_MAX", 1 << 16)
    with pytest.raises(Hang, match="port 0xE9 without end"):
        with guest("mov al, 'x'\nagain: out 0xe9, al\njmp again") as machine:
            machine.wait_serial(b"never", budget=1000)


def test_serial_goes_both_ways(guest):
    with guest(SERIAL_LOOP) as machine:
        machine.send_serial(b"abc")
        assert machine.wait_serial(r"b(.)")[1] == b"c"
        machine.wait_serial(b"d")
        with pytest.raises(Hang):               # it came, but before the last one
            machine.wait_serial(b"c", budget=0.1)
        assert machine.serial == b"bcd"


def test_screen_and_keyboard(guest):
    with guest("""
        mov ax, 3
        int 0x10
        mov ax, 0xb800
        mov es, ax
        mov word [es:0], 0x0748
        mov word [es:2], 0x07e1
        mov word [es:24 * 160 + 78 * 2], 0x0721
        mov al, 'R'
        out 0xe9, al
    key:
        mov ah, 0
        int 0x16
        out 0xe9, al
        jmp key""") as machine:
        machine.wait_debugcon(b"R")
        screen = machine.screen()
        assert len(screen) == 25 and screen[0] == "H\u00df" and screen[1] == "" and screen[24] == " " * 78 + "!"
        machine.send_keys("a", "shift-b", "ret")
        machine.wait_debugcon(b"aB\r")


def test_memory_is_read_by_physical_and_virtual_address(tmp_path):
    kernel = helpers.kernel(tmp_path, """
        mov dword [0x200000], 0x11223344
        mov dword [0x300000 + 0x300 * 4], 0x83   ; 0xc0000000 is physical 0, in a page of 4 MiB
        mov dword [0x300000], 0x83
        mov eax, 0x300000
        mov cr3, eax
        mov eax, cr4
        or eax, 0x10
        mov cr4, eax
        mov eax, cr0
        or eax, 0x80000000
        mov cr0, eax
        cli
        hlt""")
    with Machine(tmp_path, kernel=kernel) as machine:
        machine.wait_halt()
        assert machine.read_phys(0x200000, 4) == machine.read_virt(0xC0200000, 4) == b"\x44\x33\x22\x11"
        assert machine.read_phys(0x200000, 100000)[4:] == bytes(99996)
        with pytest.raises(Mismatch, match="0xc0400000"):
            machine.read_virt(0xC0400000, 4)
        registers = machine.registers()
        assert registers["cr0"] >> 31 and registers["cr3"] == 0x300000 and registers["cs"]["flags"] & 0xE00 == 0xA00


def test_a_verdict_names_the_place_and_its_callers(tmp_path):
    kernel = helpers.kernel(tmp_path, """
        mov esp, 0x200000
        xor ebp, ebp
        call outer
    global outer
    outer:
        push ebp
        mov ebp, esp
        call inner
    global inner
    inner:
        push ebp
        mov ebp, esp
    again:
        jmp again""")
    with pytest.raises(Hang) as caught:
        with Machine(tmp_path, kernel=kernel, symbols=[kernel]) as machine:
            machine.wait_halt(budget=0.2)
    details = [line.partition(" (")[0] for line in caught.value.details]
    assert details[:3] == ["last executed: again+0x0", "    called by: outer+0x8", "    called by: start+0xc"]
    assert "kernel.asm:" in caught.value.details[0]


def test_the_command_line_and_the_options_reach_the_guest(guest, tmp_path):
    """Reads the fw_cfg directory's size, then leaves; the options say the rest."""
    machine = guest("mov al, 0x10\nout 0xf4, al", cmdline="ktest=a,b quiet", memory="4M", cpu="pentium", args=["-boot", "c"])
    with machine:
        machine.wait_exit()
    words = (tmp_path / "repeat.sh").read_text()
    assert "name=opt/myos/cmdline,string=ktest=a,,b quiet" in words and "-m 4M" in words and "-cpu pentium" in words


def test_the_clock_is_the_acpi_timer(guest):
    with guest("sti\nagain: hlt\njmp again") as machine:
        first = machine.pm_timer()
        machine.wait_until(lambda: (machine.pm_timer() - first) % (1 << 24) > 35795)     # a hundredth of a second
        machine.stop()
        assert machine.pm_timer() == machine.pm_timer()
        machine.cont()


def test_an_image_is_written_only_on_request(guest, tmp_path):
    """Writes the boot sector, changed, back to sector 0."""
    code = """
        mov byte [0x7c00 + 500], 'W'
        mov ax, 0x0301
        mov cx, 1
        mov dx, 0x80
        mov bx, 0x7c00
        int 0x13
        mov al, 0x10
        out 0xf4, al"""
    for write, byte in ((False, 0), (True, ord("W"))):
        with guest(code, write=write) as machine:
            machine.wait_exit()
        assert (tmp_path / "guest.img").read_bytes()[500] == byte


def test_the_command_to_repeat_a_run_works(guest, tmp_path):
    with guest("mov al, 'x'\nmov dx, 0x3f8\nout dx, al\nmov al, 0x10\nout 0xf4, al") as machine:
        machine.wait_exit()
    done = subprocess.run(["sh", tmp_path / "repeat.sh"], cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          check=False)
    assert done.returncode == 33 and done.stdout == b"x"
    assert (tmp_path / "serial.log").read_bytes() == b"x"


def test_two_machines_leave_two_sets_of_logs(guest, tmp_path):
    for letter in "xy":
        with guest(f"mov al, '{letter}'\nout 0xe9, al\ncli\nhlt") as machine:
            machine.wait_halt()
    assert (tmp_path / "debugcon.log").read_bytes() == b"x" and (tmp_path / "debugcon-2.log").read_bytes() == b"y"
    assert "HLT=1" in (tmp_path / "registers-2.txt").read_text()


def test_the_second_of_two_processors_may_sleep(guest):
    """An application processor waits halted for its start; the machine is halted only with both."""
    with guest("again: jmp again", args=["-smp", "2"]) as machine:
        with pytest.raises(Hang, match="in circles"):
            machine.wait_halt(budget=0.2)
    with guest("cli\nhlt", args=["-smp", "2"]) as machine:
        machine.wait_halt()


def test_this_computer_is_measured():
    clock.host_factor.cache_clear()
    assert 1 <= clock.host_factor() < 100
    listing = subprocess.run(["ndisasm", "-b", "16", "-"], input=clock.KNOWN_GOOD[:20], stdout=subprocess.PIPE, check=True)
    instructions = [re.sub(r" +", " ", line[28:]) for line in listing.stdout.decode().splitlines()[:6]]
    assert instructions == ["mov ecx,0x2625a00", "add [0x500],ecx", "dec ecx", "jnz 0x6", "mov al,0x10", "out 0xf4,al"]
