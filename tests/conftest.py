"""
What all tests share: where things are, which tests are slow, and that a skipped test has failed.

Tests marked slow are left out unless MYOS_TEST_ALL=1 (make test-all). A test that skips itself
fails, unless MYOS_OFFLINE=1 says that something may be missing on this machine.
"""
import os
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP / "grade"))
sys.dont_write_bytecode = True

# What an outer make hands on to its children is not for the makes that tests start.
for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL"):
    os.environ.pop(name, None)


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes minutes; runs in make test-all only")


def pytest_collection_modifyitems(config, items):
    if os.environ.get("MYOS_TEST_ALL") == "1":
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    items[:] = [item for item in items if not item.get_closest_marker("slow")]
    config.hook.pytest_deselected(items=slow)


def fail_if_skipped(report):
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("MYOS_OFFLINE") != "1":
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{reason}\nA skipped test counts as failed; MYOS_OFFLINE=1 allows it."


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    fail_if_skipped((yield).get_result())


@pytest.hookimpl(hookwrapper=True)
def pytest_make_collect_report(collector):
    fail_if_skipped((yield).get_result())


@pytest.fixture
def top():
    """The project's own folder."""
    return TOP
