"""
What watches over the project: scripts/lint in small trees with one thing wrong; scripts/run-tests and
.ci/run in a small project with tests that pass, fail, skip, die and leave things behind.
"""
import os
import shutil
import sys

import pytest

from machines import run

# ---- lint

GOOD = {
    "src/kernel/main.c": '/* Start. */\n#include "lib/a.h"\n#include "dev/d.h"\nvoid kmain(void);\n\nvoid kmain(void)\n{\n}\n',
    "src/kernel/lib/a.h": "/* A. */\n/* Does a. */\nint a(int x);\nint a2(void);\n",
    "src/kernel/lib/a.c": '/* A. */\n#include "lib/a.h"\n\nint a(int x)\n{\n}\n\nint a2(void)\n{\n}\n',
    "src/kernel/dev/d.h": "/* D. */\n",
    "src/kernel/dev/d.c": '/* D. */\n#include "lib/a.h"\n\nstatic void d(void)\n{\n    outb(1, 2);\n    asm("hlt");\n}\n',
    "grade/lib.py": '"""Lib."""\nimport os\n',
    "scripts/tool": "#!/bin/sh\n# A tool.\necho \"$1\"\n",
}


@pytest.mark.parametrize("name, text, words", [
    ("src/kernel/lib/a.c", None, []),
    ("src/kernel/lib/b.c", '/* B. */\n#include "dev/d.h"\n', ["b.c:2:", "higher layer"]),
    ("src/kernel/lib/b.c", '/* B. */\n#include <stdio.h>\n', ["b.c:2:", "host's"]),
    ("src/kernel/lib/b.c", '/* B. */\n#include "b.h"\n', ["b.c:2:", "folder"]),
    ("src/kernel/lib/b.c", '/* B. */\n#include "boot/x.h"\n', ["b.c:2:", "boot/x.h"]),
    ("src/kernel/odd/b.c", "/* B. */\n", ["odd/ is no layer"]),
    ("src/kernel/lib/b.c", '/* B. */\nstatic void f(void)\n{\n    __asm__("hlt");\n}\n', ["b.c:4:", "inline assembly"]),
    ("src/kernel/lib/b.c", "/* B. */\nstatic void f(void)\n{\n    outb(1, 2);\n}\n", ["b.c:4:", "port I/O"]),
    ("src/kernel/lib/b.c", "/* B. */\nstatic char *f = (char *)0xb8000;\n", ["b.c:2:", "hardware address"]),
    ("src/kernel/lib/b.asm", "; B.\n", ["assembly belongs"]),
    ("src/kernel/lib/b.c", "static int b;\n", ["b.c:1:", "no comment at the top"]),
    ("src/kernel/lib/b.h", "/* B. */\n\nint b(void);\n", ["b.h:3:", "b() has no comment"]),
    ("src/kernel/lib/b.c", "/* B. */\nint b(void)\n{\n    return 1;\n}\n", ["b.c:2:", "neither static nor declared"]),
    ("src/kernel/lib/b.c", "/* B. */\n\tint b;\n", ["b.c:2:", "a tab"]),
    ("src/kernel/lib/b.c", "/* B. */\nint b; \n", ["b.c:2:", "blanks at the end"]),
    ("src/kernel/lib/b.c", "/* B. */\n/* " + "x" * 94 + " */\n", []),
    ("src/kernel/lib/b.c", "/* B. */\n/* " + "x" * 95 + " */\n", ["b.c:2:", "101 columns; the limit is 100"]),
    ("labs/lab01-boot/build.mk", "# B.\n# " + "x" * 99 + "\n", ["build.mk:2:", "101 columns; the limit is 100"]),
    ("scripts/new.py", '"""New."""\n# ' + "x" * 128 + "\n", []),
    ("scripts/new.py", '"""New."""\n# ' + "x" * 129 + "\n", ["new.py:2:", "131 columns; the limit is 130"]),
    ("src/kernel/lib/b.c", "/* B. */\n// TO" "DO: b\n", ["b.c:2:", "unfinished"]),
    ("src/kernel/lib/b.c", "/* B. */\nint b;", ["no newline"]),
    ("src/kernel/lib/b.c", "/* B. */\n" + "\n" * 600, ["601 lines"]),
    ("grade/new.py", '"""New."""\nmatch 1:\n    case 1:\n        pass\n', ["new.py:4:", "Python 3.9"]),
    ("grade/new.py", '"""New."""\nimport tomllib\n', ["new.py:2:", "tomllib"]),
    ("grade/new.py", '"""New."""\nimport pytest\n', ["new.py:2:", "pytest"]),
    ("scripts/new.py", '"""New."""\ndef f(:\n', ["new.py:2:", "not valid"]),
    ("scripts/tool2", "#!/bin/sh\n# A tool.\ncd $1\n", ["tool2:3:", "SC2164"]),
    ("scripts/tool", "# A tool.\n", ["is executable but"]),
    ("scripts/course", "#!/bin/sh\n# Checks markers.\necho src/a.c:7: bad marker; exit 1\n", ["src/a.c:7: bad marker"]),
])
def test_lint_rule(top, tmp_path, name, text, words):
    for path, content in {**GOOD, **({name: text} if text else {})}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)
        (tmp_path / path).chmod(0o755 if path.startswith("scripts/") and not path.endswith(".py") else 0o644)
    result = run(sys.executable, top / "scripts/lint", "--tree", tmp_path)
    assert result.returncode == (1 if words else 0), result.stdout
    assert all(word in result.stdout for word in words), result.stdout
    assert result.stdout.count("lint: 1 problems") == (1 if words else 0), result.stdout


def test_lint_points_out_long_functions_but_does_not_fail(top, tmp_path):
    (tmp_path / "src/kernel/lib").mkdir(parents=True)
    (tmp_path / "src/kernel/lib/a.c").write_text("/* A. */\nstatic void long_one(void)\n{\n" + "    a;\n" * 60 + "}\n")
    result = run(sys.executable, top / "scripts/lint", "--tree", tmp_path)
    assert result.returncode == 0 and "long_one() has 63 lines" in result.stdout


# ---- run-tests and .ci/run, in a small project of their own

@pytest.fixture
def project(tmp_path, top):
    for name in ("scripts/run-tests", "tests/conftest.py", ".ci/run"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(top / name, tmp_path / name)
    (tmp_path / "scripts/lint").write_text("#!/bin/sh\n")
    (tmp_path / "scripts/lint").chmod(0o755)
    (tmp_path / "Makefile").write_text("image kernel:\ntest:\n\t@scripts/run-tests\n")
    (tmp_path / "tests/test_good.py").write_text("def test_one():\n    pass\n")
    return tmp_path


def run_project_tests(project, *arguments, **variables):
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MYOS_", "PYTEST_"))}
    result = run(project / "scripts/run-tests", *arguments, env={**environment, **variables})
    return result.returncode, result.stdout, result.stdout.splitlines()[-1]


def test_run_tests_counts_every_step(project):
    status, output, line = run_project_tests(project)
    assert (status, line) == (0, "4 passed, 0 failed"), output      # build, warnings, lint, test_one


@pytest.mark.parametrize("text, line, words", [
    ("def test_bad():\n    assert 1 == 2\n", "4 passed, 1 failed", ["failed: test_new.py::test_bad", "assert 1 == 2"]),
    ("import pytest\ndef test_skip():\n    pytest.skip('no tool')\n", "4 passed, 1 failed",
     ["failed: test_new.py::test_skip", "no tool"]),
    ("import pytest\npytest.importorskip('no_such_module')\n", "4 passed, 1 failed", ["no_such_module"]),
    ("import no_such_module\n", "4 passed, 1 failed", ["failed: test_new.py", "no_such_module"]),
    ("import os\ndef test_dies():\n    os._exit(0)\n", "4 passed, 1 failed", ["failed: test_new.py (pytest ended"]),
    ("import pytest\n@pytest.fixture\ndef f():\n    yield\n    assert 0\ndef test_x(f):\n    pass\n", "4 passed, 1 failed",
     ["failed: test_new.py::test_x"]),
    ("import pytest\n@pytest.mark.slow\ndef test_slow():\n    assert 0\n", "4 passed, 0 failed", []),
])
def test_run_tests_reports_what_did_not_pass(project, text, line, words):
    (project / "tests/test_new.py").write_text(text)
    status, output, last = run_project_tests(project)
    assert last == line, output
    assert status == (0 if line.endswith(" 0 failed") else 1)
    assert all(word in output for word in words), output


def test_run_tests_allows_skips_offline_and_names_them(project):
    (project / "tests/test_new.py").write_text("import pytest\ndef test_skip():\n    pytest.skip('no tool')\n")
    status, output, line = run_project_tests(project, MYOS_OFFLINE="1")
    assert (status, line) == (0, "4 passed, 0 failed")
    assert "skipped: test_new.py::test_skip: no tool" in output


def test_run_tests_all_runs_slow_tests(project):
    (project / "tests/test_new.py").write_text("import pytest\n@pytest.mark.slow\ndef test_slow():\n    assert 0\n")
    assert run_project_tests(project, "--all")[2] == "4 passed, 1 failed"
    assert run_project_tests(project, MYOS_TEST_ALL="1")[2] == "4 passed, 1 failed"


def test_run_tests_goes_no_further_without_a_build(project):
    (project / "Makefile").write_text("image:\n\t@echo 'a.c:1: error'; false\nkernel:\n")
    status, output, line = run_project_tests(project)
    assert status == 1 and "a.c:1: error" in output and line == "2 passed, 1 failed"


def test_run_tests_ends_what_a_test_leaves_behind(project):
    (project / "tests/test_new.py").write_text(
        "import subprocess\ndef test_leaves():\n"
        "    child = subprocess.Popen(['sleep', '1000'])\n    open('pid', 'w').write(str(child.pid))\n")
    assert run_project_tests(project)[0] == 0
    state = run("ps", "-o", "stat=", "-p", (project / "pid").read_text()).stdout.strip()
    assert state[:1] in ("", "Z")           # gone, or dead and only not yet collected


def test_ci_run_ends_in_the_closing_line_whatever_happens(project):
    def ci():
        result = run(project / ".ci/run", cwd="/")
        return result.returncode, result.stdout.splitlines()[-1]

    assert ci() == (0, "4 passed, 0 failed")
    (project / "tests/test_new.py").write_text("import sys\ndef test_stdin():\n    assert sys.stdin.read() != ''\n")
    assert ci() == (1, "4 passed, 1 failed")
    (project / "Makefile").write_text("nothing:\n")
    assert ci() == (1, "0 passed, 1 failed")
