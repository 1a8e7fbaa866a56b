"""
The system as it boots: every kind of loader, processor and memory size, damaged disks, and the image itself.
"""

import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from gradelib.machine import Machine
from gradelib.verdicts import NoVerdict

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build"
IMAGE = BUILD / "myos.img"
SECTOR = 512
KERNEL_LBA = 64
PARTITION_LBA = 8192


@pytest.fixture(scope="module", autouse=True)
def built():
    subprocess.run(["make", "-s", "-j2", "-f", "scripts/build.mk", "image", "tcc"], cwd=ROOT, check=True)


def boot(folder, cmdline="ktest=boot_facts seed=7 nonce=n", **how):
    """Boot to the kernel test boot_facts, which halts at its end; returns COM1's text."""
    with Machine(folder, cmdline=cmdline, **how) as machine:
        machine.wait_serial("boot_facts halts", budget=60)
        return machine.serial.decode("latin-1")


def symbol_is_right(text):
    """Is the address that the kernel found in the symbol table the true one?"""
    found, true = next(line.split()[3:] for line in text.splitlines() if " symbol " in line)
    return found == true


def stopped(folder, image, **how):
    """Boot an image that must stop with a message; returns the screen and port 0xE9's text."""
    with Machine(folder, image=image, **how) as machine:
        machine.wait_halt()
        return "\n".join(machine.screen()), machine.debugcon.decode("latin-1")


@pytest.mark.parametrize("cpu", ["486", "pentium", "pentium2", "pentium3", "qemu32", "max"])
def test_processors(tmp_path, cpu):
    assert "boot_facts bss 0" in boot(tmp_path, image=IMAGE, cpu=cpu)


@pytest.mark.parametrize("memory", ["4M", "64M", "1G", "3G"])
def test_memory_sizes(tmp_path, memory):
    assert "boot_facts bss 0" in boot(tmp_path, image=IMAGE, memory=memory)


def test_processor_without_pse_is_told(tmp_path):
    screen, _ = stopped(tmp_path, IMAGE, cpu="pentium,-pse")
    assert "this CPU has no 4 MiB pages (PSE)" in screen


def test_multiboot_processor_without_pse_is_told(tmp_path):
    screen, text = stopped(tmp_path, None, kernel=BUILD / "kernel.elf", cpu="pentium,-pse")
    assert "PSE" in screen.splitlines()[0]


def test_too_little_memory_is_told(tmp_path):
    screen, text = stopped(tmp_path, IMAGE, memory="2M")
    assert "Cannot start the kernel: it needs 4 MiB of memory" in screen.splitlines()[0]
    assert "4 MiB of memory" in text


def test_command_line_of_the_image(tmp_path):
    image = tmp_path / "cmdline.img"
    subprocess.run([ROOT / "scripts/mkimage", "--no-partition", "--mbr", BUILD / "mbr.bin", "--stage2", BUILD / "stage2.bin",
                    "--kernel", BUILD / "kernel", "--cmdline", "ktest=boot_facts seed=1 nonce=image", image], check=True)
    assert "@image begin boot_facts" in boot(tmp_path, cmdline="", image=image)


def test_quiet_boot_says_nothing(tmp_path):
    text = boot(tmp_path, cmdline="quiet ktest=boot_facts seed=7 nonce=n", image=IMAGE)
    assert "usable" not in text and "panic" not in text


def test_tcc_kernel(tmp_path):
    assert symbol_is_right(boot(tmp_path, image=BUILD / "tcc/myos.img"))
    with Machine(tmp_path, image=BUILD / "tcc/myos.img",
                 cmdline="ktest=printf_long_long,software_traps seed=7 nonce=n") as machine:
        assert machine.wait_exit() == 33


def test_grub(tmp_path):
    """GRUB loads the same kernel by Multiboot, with its symbols."""
    folder = tmp_path / "iso/boot/grub"
    folder.mkdir(parents=True)
    shutil.copy(BUILD / "kernel", tmp_path / "iso/boot/kernel")
    folder.joinpath("grub.cfg").write_text("multiboot /boot/kernel ktest=boot_facts seed=1 nonce=grub\nboot\n")
    subprocess.run(["grub-mkrescue", "-o", tmp_path / "grub.iso", "--install-modules=multiboot normal iso9660 biosdisk",
                    "--locales=", "--fonts=", "--themes=", tmp_path / "iso"], check=True, capture_output=True)
    assert symbol_is_right(boot(tmp_path, cmdline="", drive=f"file={tmp_path / 'grub.iso'},media=cdrom,readonly=on"))


def test_bochs(tmp_path):
    """Another emulator with another BIOS, which has no fw_cfg."""
    image = tmp_path / "disk.img"
    shutil.copy(IMAGE, image)
    cylinders = image.stat().st_size // (16 * 63 * SECTOR)
    (tmp_path / "bochsrc").write_text(
        'display_library: rfb, options="timeout=0"\nmegs: 32\nboot: disk\n'
        "romimage: file=/usr/share/bochs/BIOS-bochs-latest\nvgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest\n"
        f'ata0-master: type=disk, path="{image}", mode=flat, cylinders={cylinders}, heads=16, spt=63\n'
        "port_e9_hack: enabled=1\nsound: driver=dummy\nlog: bochs.log\npanic: action=fatal\nclock: sync=none\n")
    (tmp_path / "commands").write_text("c\n")
    with open(tmp_path / "out", "wb") as out:
        process = subprocess.Popen(["bochs", "-q", "-f", "bochsrc", "-rc", "commands"], cwd=tmp_path, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            text = b""
            for line in process.stdout:
                text += line
                out.write(line)
                if b"help lists" in line:
                    break
        finally:
            process.kill()
            process.wait()
    assert b"ABCDEFGHIJKL" in text, text[-2000:]
    assert b"usable" in text


def test_monitor_inside_the_monitor(tmp_path):
    """Ctrl-Alt-Esc at the prompt, and back: the first monitor goes on; without anything to go back to, continue says so."""
    with Machine(tmp_path, image=IMAGE) as machine:
        machine.wait_serial("monitor> ")
        machine.send_keys("ctrl-alt-esc", hold=1)
        machine.wait_serial("monitor> ")
        machine.send_serial(b"continue\r")
        machine.wait_serial("continue\r\n")
        for command, answer in ((b"ticks\r", "\\n\\d+\r\n"), (b"continue\r", "nothing was interrupted"),
                                (b"ticks\r", "\\n\\d+\r\n")):
            machine.send_serial(command)
            machine.wait_serial(answer)


# ---- damaged disks

def damaged(tmp_path, change):
    data = bytearray(IMAGE.read_bytes()[:PARTITION_LBA * SECTOR])
    change(data)
    path = tmp_path / "damaged.img"
    path.write_bytes(data)
    return path


def put(offset, form, *values):
    return lambda data: struct.pack_into(form, data, offset, *values)


KERNEL = KERNEL_LBA * SECTOR


@pytest.mark.parametrize("change, message", [
    (put(SECTOR + 4, "4s", b"LINU"), "No stage 2"),
    (put(SECTOR + 8, "<I", 0x7FFFFFF0), "Cannot read the kernel: disk error"),
    (put(SECTOR + 12, "<I", 0x7FFFFFFF), "too large"),
    (put(SECTOR + 12, "<I", 0), "no i386 ELF executable"),
    (put(KERNEL, "4s", b"\x7fELG"), "no i386 ELF executable"),
    (put(KERNEL + 18, "<H", 62), "no i386 ELF executable"),
    (put(KERNEL + 28, "<I", 0xFFFFFFF0), "ELF headers are damaged"),
    (put(KERNEL + 52 + 12, "<I", 0x90000), "does not fit"),
    (put(KERNEL + 52 + 20, "<I", 0xFFFFFFFF), "does not fit"),
    (put(KERNEL + 24, "<I", 0x1000), "ELF headers are damaged"),
])
def test_damaged_disk_is_told(tmp_path, change, message):
    screen, _ = stopped(tmp_path, damaged(tmp_path, change))
    assert message in screen


# ---- the image

def mkimage(*words, **how):
    return subprocess.run([ROOT / "scripts/mkimage", *words], capture_output=True, text=True, **how)


PARTS = ("--mbr", BUILD / "mbr.bin", "--stage2", BUILD / "stage2.bin", "--kernel", BUILD / "kernel")


def test_image_is_what_tools_expect(tmp_path):
    assert IMAGE.stat().st_size == (PARTITION_LBA + 131072) * SECTOR
    with open(IMAGE, "rb") as file:
        table = file.read(SECTOR)[446:]
    assert struct.unpack("<B3xB3xII", table[:16]) == (0x80, 0x06, PARTITION_LBA, 131072)
    assert table[16:] == bytes(48) + b"\x55\xaa"
    volume = tmp_path / "volume"
    volume.write_bytes(IMAGE.read_bytes()[PARTITION_LBA * SECTOR:])
    subprocess.run(["fsck.fat", "-n", volume], check=True, capture_output=True)
    listing = subprocess.run(["mdir", "-b", "-i", volume], capture_output=True, text=True, check=True).stdout.lower()
    assert "::/bin" in listing and "::/etc" in listing


def test_image_is_the_same_every_time(tmp_path):
    for name in ("a", "b"):
        assert mkimage(*PARTS, tmp_path / name).returncode == 0
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("part, size, message", [
    ("--mbr", 447, "the boot sector's code has 447 bytes, but only 446 fit"),
    ("--stage2", 63 * 512 + 1, "the second stage has"),
    ("--kernel", 4161537, "the kernel has"),
])
def test_image_refuses_what_does_not_fit(tmp_path, part, size, message):
    (tmp_path / "big").write_bytes(bytes(size))
    words = [tmp_path / "big" if i and PARTS[i - 1] == part else word for i, word in enumerate(PARTS)]
    result = mkimage(*words, tmp_path / "image")
    assert result.returncode == 1 and message in result.stderr
    assert not (tmp_path / "image").exists()


def test_image_refuses_a_long_command_line(tmp_path):
    result = mkimage(*PARTS, "--cmdline", "x" * 256, tmp_path / "image")
    assert result.returncode == 1 and "only 255 fit" in result.stderr


def test_image_names_a_missing_tool(tmp_path):
    (tmp_path / "python3").symlink_to(sys.executable)
    result = mkimage(*PARTS, tmp_path / "image", env={"PATH": str(tmp_path)})
    assert result.returncode == 1 and "is not installed" in result.stderr


# ---- code that knows no hardware

def test_hosted():
    subprocess.run(["make", "-s", "-C", ROOT / "tests/hosted"], check=True)
