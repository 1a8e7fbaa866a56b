"""
Small scopes, all of them: every sequence of calls up to a length, each state compared with a model. The lengths that
`make hosted-test` walks are shorter; handouts/reference/page-layout.md says what this shows and what not.
"""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.slow
@pytest.mark.parametrize("program, length", [("page", 8), ("map", 6)])
def test_every_sequence(program, length, tmp_path):
    subprocess.run(["make", "-s", "-C", ROOT / "tests/hosted", f"BUILD={tmp_path}", tmp_path / program], check=True)
    done = subprocess.run([sys.executable, ROOT / "grade/gradelib/i386.py", tmp_path / program, str(length)],
                          capture_output=True, text=True, check=False)
    print(done.stdout)
    assert done.returncode == 0, done.stderr
    assert f"up to {length} calls" in done.stdout
