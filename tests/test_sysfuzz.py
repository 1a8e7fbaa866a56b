"""
Random system calls with random and wild arguments (tests/sysfuzz): the kernel survives them, and when all that came of them has
ended, it has its memory back. The number of calls is fixed; MYOS_FUZZ_ROUNDS asks for more, for a long run by hand.
"""
import os
import re
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))
import guest                                                    # noqa: E402  (the path comes first)

ROUNDS = int(os.environ.get("MYOS_FUZZ_ROUNDS", "40"))
CALLS = 2000
MEMORY = re.compile(r"^(.*): (\d+) KiB free, (\d+) promised, \d+ cached$", re.MULTILINE)
SLACK = 256             # KiB that caches of the kernel's own may have grown by, after half of the rounds


@pytest.fixture(scope="module", autouse=True)
def built():
    subprocess.run(["make", "-s", "-j2", "-f", "scripts/build.mk", "image"], cwd=ROOT, check=True)
    guest.build()


def run(seed, **options):
    """The output of ROUNDS rounds."""
    try:
        outcome, = guest.on_myos([f"/bin/sysfuzz {seed} {ROUNDS} {CALLS}"], [guest.PROGRAMS / "sysfuzz"], limit=60 + 4 * ROUNDS,
                                 **options)
    except guest.Failed as error:
        pytest.fail(f"seed {seed}: {error}")
    assert (outcome.how, outcome.code) == ("exit", 0), (seed, outcome)
    return outcome.output


@pytest.mark.parametrize("memory, append", [("64", ""), ("16", ""), ("64", "lockdebug heap=debug")],
                         ids=["plain", "little-memory", "watched"])
def test_the_kernel_survives_random_calls_and_keeps_its_memory(memory, append):
    seed = secrets.randbelow(1 << 31) + 1
    output = run(seed, memory=memory, append=append)
    found = {when: (int(free), int(promised)) for when, free, promised in MEMORY.findall(output)}
    assert set(found) == {"half way", "at the end"}, (seed, output)
    assert found["half way"][0] - found["at the end"][0] <= SLACK, (seed, output)
    assert found["half way"][1] == found["at the end"][1], (seed, output)
