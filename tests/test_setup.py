"""scripts/setup on a pretended machine, with an apt-get of the test's own."""
import re

import pytest

from machines import STUDENT, PretendedMachine, find, lab_tree

APT = """echo "$*" >>$0.log
case $* in *update*) exit 0;; esac
"""


class Setup:
    """scripts/setup in a lab tree on a machine whose apt-get is ours, and that lacks NASM."""

    def __init__(self, folder, top):
        self.machine = PretendedMachine(folder / "bin", STUDENT)
        self.machine.remove("nasm")
        self.machine.fake("id", "echo 0")
        self.tree = lab_tree(folder / "tree", top, "setup")
        self.installs = f"ln -s {find('nasm')} {self.machine.bin}/nasm"

    def apt(self, script):
        self.machine.fake("apt-get", APT + script)

    def calls(self):
        """What apt-get was asked for, without its options."""
        log = self.machine.bin / "apt-get.log"
        lines = log.read_text().splitlines() if log.exists() else []
        return [re.sub(r"^-y -q -o \S+ ", "", line) for line in lines]

    def run(self, *options, **variables):
        return self.machine.run(self.tree / "scripts/setup", *options, **variables)


@pytest.fixture
def setup(tmp_path, top):
    setup = Setup(tmp_path, top)
    setup.apt(setup.installs)
    return setup


INSTALL = "install --no-install-recommends nasm"


def test_setup_says_nothing_if_nothing_is_missing(setup):
    setup.machine.add("nasm")
    result = setup.run("--quiet")
    assert (result.returncode, result.stdout, setup.calls()) == (0, "", [])
    assert setup.run().stdout == "Everything that is needed is installed.\n"


def test_setup_checks_without_installing(setup):
    result = setup.run("--check")
    assert result.returncode == 1 and setup.calls() == []
    assert result.stdout == "missing: NASM (assembles the boot loader); Debian package: nasm\n"


def test_setup_installs_what_is_missing_and_nothing_else(setup):
    result = setup.run()
    assert result.returncode == 0, result.stdout
    assert setup.calls() == [INSTALL]


def test_setup_installs_more_for_the_project(setup):
    (setup.tree / "scripts/course").write_text("")
    setup.run()
    assert "pandoc" in setup.calls()[0] and "gcc-multilib" not in setup.calls()[0]
    assert "pandoc" not in setup.run("--student", "--check").stdout


def test_setup_installs_what_grading_needs(setup):
    setup.machine.remove("gdb")
    lines = setup.run("--grade", "--check").stdout.splitlines()
    assert [line.partition("package: ")[2] for line in lines] == ["nasm", "bubblewrap"]


def test_setup_installs_an_emulator_where_the_kernel_executes_no_32_bit_programs(setup):
    setup.machine.add("nasm")
    setup.machine.execute_32bit(False)
    setup.apt(f"ln -s {find('true')} {setup.machine.bin}/qemu-i386")
    result = setup.run()
    assert result.returncode == 0 and setup.calls() == ["install --no-install-recommends qemu-user"], result.stdout
    assert setup.run("--grade", "--check").stdout.count("missing") == 1         # bubblewrap
    (setup.machine.bin / "qemu-i386").unlink()
    assert "qemu-user" in setup.run("--grade", "--check").stdout
    setup.machine.fake("uname", '[ "$1" = -s ] && echo Linux || echo aarch64')  # whose gcc makes no such programs
    assert setup.run("--check").returncode == 0


def test_setup_updates_the_package_lists_only_when_they_are_the_trouble(setup):
    setup.apt('[ -e $0.once ] || { touch $0.once; echo "E: Unable to locate package nasm"; exit 100; }\n' + setup.installs)
    result = setup.run()
    assert result.returncode == 0, result.stdout
    assert setup.calls() == [INSTALL, "update", INSTALL]


@pytest.mark.parametrize("message, advice, calls", [
    ("E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 7", "Another package manager is running", 1),
    ("E: dpkg was interrupted, you must manually run it", "dpkg --configure -a", 1),
    ("E: You don't have enough free space in /var/cache/apt/archives/.", "The disk is full", 1),
    ("E: Failed to fetch http://deb.debian.org/x  Temporary failure resolving 'deb.debian.org'", "MYOS_OFFLINE=1", 3),
    ("E: Unable to locate package nasm", "package sources", 3),
    ("E: Something new", "Something new", 1),
])
def test_setup_explains_why_apt_failed(setup, message, advice, calls):
    setup.apt(f'echo "{message}"; exit 100')
    result = setup.run()
    assert result.returncode == 1
    assert message in result.stdout and advice in result.stdout
    assert len(setup.calls()) == calls


def test_setup_does_not_believe_an_apt_that_installs_nothing(setup):
    setup.apt("exit 0")
    result = setup.run()
    assert result.returncode == 1 and "missing: NASM" in result.stdout


def test_setup_goes_on_offline(setup):
    result = setup.run(MYOS_OFFLINE="1")
    assert result.returncode == 0 and "missing: NASM" in result.stdout and setup.calls() == []


def test_setup_without_root_prints_the_one_command(setup):
    setup.machine.fake("id", "echo 1000")
    result = setup.run()
    assert result.returncode == 1 and setup.calls() == []
    assert "    sudo apt-get update && sudo apt-get install --no-install-recommends -y nasm\n" in result.stdout


def test_setup_uses_a_sudo_that_asks_nothing(setup):
    setup.machine.fake("id", "echo 1000")
    setup.machine.fake("sudo", '[ "$1" = -n ] && shift && exec "$@"')
    assert setup.run().returncode == 0 and setup.calls() == [INSTALL]


def test_setup_on_a_system_without_apt_points_to_the_doctor(setup):
    setup.machine.remove("apt-get")
    result = setup.run()
    assert result.returncode == 1 and "scripts/doctor" in result.stdout and "missing: NASM" in result.stdout
