"""scripts/doctor on pretended machines: each lacks or has spoilt one thing, and it must say which and what to do."""
import subprocess

import pytest

from machines import STUDENT, PretendedMachine, find, lab_tree


@pytest.fixture
def machine(tmp_path):
    return PretendedMachine(tmp_path / "bin", STUDENT)


@pytest.fixture
def tree(tmp_path, top):
    return lab_tree(tmp_path / "tree", top, "doctor", "setup")


def clean(output):
    """Nothing that only a programmer would want to see."""
    return not any(word in output for word in ("Traceback", "not found", "unbound", "rror: ", "No such file"))


def test_a_complete_machine_is_ready(machine, tree):
    result = machine.run(tree / "scripts/doctor")
    assert result.returncode == 0, result.stdout
    assert result.stdout.endswith("This machine is ready.\n")
    assert "boots one made on the spot" in result.stdout and clean(result.stdout)


@pytest.mark.parametrize("tool, name, package", [
    ("qemu-system-i386", "QEMU", "qemu-system-x86"),
    ("gcc", "C compiler", "gcc gcc-multilib"),
    ("nasm", "NASM", "nasm"),
    ("make", "make", "make"),
    ("gdb", "gdb", "gdb"),
    ("mcopy", "mtools", "mtools"),
    ("mkfs.fat", "mkfs.fat", "dosfstools"),
    ("python3", "Python 3", "python3"),
    ("git", "git", "git"),
])
def test_names_each_missing_tool_and_its_fix_on_every_system(machine, tree, tool, name, package):
    machine.remove(tool)
    result = machine.run(tree / "scripts/doctor", "--all")
    assert result.returncode == 1
    lines = result.stdout.splitlines()
    missing = [line for line in lines if line.startswith("  MISSING")]
    assert len(missing) == 1 and name in missing[0], result.stdout
    fixes = lines[lines.index(missing[0]) + 1:][:5]
    assert [line.split(":")[0].strip() for line in fixes] == ["Debian, Ubuntu", "Fedora", "Arch", "macOS", "Windows"]
    assert fixes[0].endswith(f"sudo apt-get install {package}")
    assert all(len(line.split(":", 1)[1].split()) > 2 for line in fixes)
    assert "1 problem found" in result.stdout and clean(result.stdout)


def test_an_empty_machine_gets_all_fixes(tmp_path, tree):
    result = PretendedMachine(tmp_path / "bin").run(tree / "scripts/doctor")
    assert result.returncode == 1 and "9 problems found" in result.stdout and clean(result.stdout)


def test_qemu_that_does_not_boot(machine, tree):
    machine.fake("qemu-system-i386", 'echo "qemu: it is broken" >&2; exit 3')
    result = machine.run(tree / "scripts/doctor")
    assert result.returncode == 1
    assert "FAILS     boot sector" in result.stdout and "qemu: it is broken" in result.stdout


def test_qemu_that_hangs_is_ended(machine, tree, tmp_path):
    machine.fake("qemu-system-i386", f"""
        case $* in *version*) echo version; exit;; esac
        echo $$ >{tmp_path}/pid; exec sleep 1000""")
    machine.fake("sleep", f'[ "$1" != 0.1 ] || exit 0; exec {find("sleep")} "$@"')     # its patience, shortened
    result = machine.run(tree / "scripts/doctor")
    assert result.returncode == 1 and "its status is running" in result.stdout
    pid = (tmp_path / "pid").read_text().strip()
    assert subprocess.run(["ps", "-p", pid], stdout=subprocess.DEVNULL, check=False).returncode == 1


def test_gcc_without_its_32_bit_half(machine, tree):
    machine.fake("gcc", f"""
        case $* in *-m32*-print-file-name=*) echo "${{2#*=}}"; exit;; esac
        exec {find("gcc")} "$@" """)
    result = machine.run(tree / "scripts/doctor", "--all")
    assert result.returncode == 1
    assert "MISSING   C compiler" in result.stdout and "gcc-multilib" in result.stdout
    assert "not tried 32-bit program" in result.stdout


def test_a_kernel_that_executes_no_32_bit_programs(machine, tree):
    machine.execute_32bit(False)
    result = machine.run(tree / "scripts/doctor")
    assert result.returncode == 1 and clean(result.stdout)
    assert "MISSING   32-bit programs" in result.stdout and "sudo apt-get install qemu-user\n" in result.stdout
    machine.fake("qemu-i386", "exit 0")
    assert machine.run(tree / "scripts/doctor").returncode == 0


def test_a_compiler_that_cannot_link(machine, tree):
    machine.fake("gcc", f"""
        case $* in *nostdlib*) echo "ld: cannot find -lgcc" >&2; exit 1;; esac
        exec {find("gcc")} "$@" """)
    result = machine.run(tree / "scripts/doctor", "--all")
    assert result.returncode == 1
    assert "FAILS     32-bit program" in result.stdout and "ld: cannot find -lgcc" in result.stdout


def test_a_cross_compiler_will_do(machine, tree):
    machine.remove("gcc")
    machine.fake("i686-elf-gcc", f'exec {find("gcc")} -m32 "$@"')
    result = machine.run(tree / "scripts/doctor")
    assert result.returncode == 0 and "i686-elf-gcc: gcc" in result.stdout, result.stdout


@pytest.mark.parametrize("tool, fake, words", [
    ("python3", f'''[ "$1" = -c ] || {{ echo "Python 3.8.10"; exit; }}
        exec {find("python3")} -c "import sys; sys.version_info = (3, 8, 10); $2"''', ["Python 3.8.10", "3.9 or later"]),
    ("make", 'echo "GNU Make 3.81"', ["make 4 or later", "gmake"]),
    ("make", 'echo "make: unknown option" >&2; exit 2', ["not GNU make"]),
])
def test_tools_that_will_not_do(machine, tree, tool, fake, words):
    machine.fake(tool, fake)
    result = machine.run(tree / "scripts/doctor")
    assert result.returncode == 1 and all(word in result.stdout for word in words), result.stdout


@pytest.mark.parametrize("release, command", [
    ('ID=ubuntu\nID_LIKE=debian\nPRETTY_NAME="Ubuntu 24.04"', "sudo apt-get install nasm"),
    ('ID=linuxmint\nID_LIKE="ubuntu debian"', "sudo apt-get install nasm"),
    ("ID=fedora", "sudo dnf install nasm"),
    ("ID=manjaro\nID_LIKE=arch", "sudo pacman -S nasm"),
    ("ID=void", "brew install nasm"),       # unknown: all are shown
])
def test_knows_the_system(machine, tree, tmp_path, release, command):
    machine.remove("nasm")
    machine.add("bwrap")
    (tmp_path / "os-release").write_text(release + "\n")
    result = machine.run("bwrap", "--dev-bind", "/", "/", "--ro-bind", tmp_path / "os-release", "/etc/os-release",
                         tree / "scripts/doctor")
    assert result.returncode == 1 and command in result.stdout, result.stdout
    assert ("sudo dnf" in result.stdout) == ("fedora" in release or "void" in release)


def test_knows_macos_and_wsl(machine, tree, tmp_path):
    machine.remove("nasm")
    machine.add("bwrap")
    (tmp_path / "version").write_text("Linux version 5.15.0 (oe-user@oe-host) Microsoft Standard WSL2\n")
    result = machine.run("bwrap", "--dev-bind", "/", "/", "--ro-bind", tmp_path / "version", "/proc/version",
                         tree / "scripts/doctor")
    assert "in WSL on" in result.stdout and "install nasm" in result.stdout, result.stdout

    machine.fake("uname", '[ "$1" = -s ] && echo Darwin || echo arm64')
    machine.fake("sw_vers", "echo 14.5")
    result = machine.run(tree / "scripts/doctor")
    assert "This is macOS 14.5 on arm64." in result.stdout and "brew install nasm" in result.stdout


def test_a_machine_that_is_no_pc_gets_the_cross_compiler(machine, tree):
    machine.remove("gcc")
    machine.fake("uname", '[ "$1" = -s ] && echo Linux || echo aarch64')
    result = machine.run(tree / "scripts/doctor", "--all")
    assert "sudo apt-get install gcc-i686-linux-gnu" in result.stdout


def test_a_tree_that_does_not_build_is_told_from_a_bad_machine(machine, tree):
    (tree / "src").mkdir()
    (tree / "Makefile").write_text("image:\n\t@echo 'src/a.c:3: missing semicolon'; false\n")
    result = machine.run(tree / "scripts/doctor")
    assert result.returncode == 1
    assert "src/a.c:3: missing semicolon" in result.stdout and "the code, not the machine" in result.stdout


def test_a_tree_that_builds_and_boots(machine, tree):
    (tree / "src").mkdir()
    sector = r"'\260\101\346\351\364\353\375'"      # mov al, 'A'; out 0xe9, al; hlt; jmp to hlt
    (tree / "Makefile").write_text(
        "image:\n\tmkdir -p $(BUILD) && { printf " + sector + "; head -c 503 /dev/zero; "
        r"printf '\125\252'; } >$(BUILD)/myos.img" + "\n")
    result = machine.run(tree / "scripts/doctor")
    assert result.returncode == 0, result.stdout
    assert "builds and boots" in result.stdout
    assert not (tree / "build").exists()


def test_the_project_itself(top):
    result = subprocess.run([top / "scripts/doctor"], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert result.returncode == 0, result.stdout
    assert "this tree        builds and boots" in result.stdout and "Bochs" in result.stdout
