"""
scripts/timeline: what it draws is compared with the trace that it was given, and it says what is wrong with one that is no trace.
And with a real one: the handout's example, in the running kernel.
"""
import re
import shutil
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from gradelib.machine import Machine
from machines import run

ROOT = Path(__file__).resolve().parents[1]
TRACE = """\
1000 CREATE 4 16
2000 PREPARE 1 0
3000 SLEEP 1 0
3000 RUN 4 1
4000 WAKE 1 1
5000 PREEMPT 4 0
5000 RUN 1 4
6000 PREEMPT 1 1
7000 PREPARE 1 0
7500 WAKE 1 0
8000 EXIT 1 -1
9000 RUN 4 1
11000 PREEMPT 4 1
"""
PS = """\
  pid    by state    priority     ms  name\r
    1     0 running   16/16         6  <main>\r
    4     1 ready      9/16         0  two words\r
"""
AXIS, WIDTH = 118, 590          # where the rows begin, in the picture's units, and how long they are


def timeline(tmp_path, log, *options):
    file = tmp_path / "log"
    file.write_text(log, newline="")
    return run(ROOT / "scripts/timeline", file, *options)


def rows(svg):
    """{label: ([(kind, from, to)], [(mark, time)])}, times in thousands of cycles, by looking at the picture alone."""
    root = ElementTree.fromstring(svg)
    scale = 10 / WIDTH
    found, label = {}, None
    for element in root:
        name, more = element.tag.split("}")[1], element.attrib
        if name == "text" and "monospace" in more.get("font-family", ""):
            label = element.text
            found[label] = [], []
        elif more.get("height") == "10":
            break                           # the key
        elif label and name == "rect":
            x, width = float(more["x"]) - AXIS, float(more["width"])
            kind = {"14": "runs", "3": "ready"}[more["height"]]
            found[label][0].append((kind, round(x * scale, 1), round((x + width) * scale, 1)))
        elif label and name == "circle":
            found[label][1].append(("made", round((float(more["cx"]) - AXIS) * scale, 1)))
        elif label and name == "path" and "H" not in more["d"]:
            kind = next(kind for kind, sign in (("exit", "m0"), ("slice", "v20"), ("wake", "-5 h7"), ("preempt", "5 h7"))
                        if sign in more["d"])
            x = float(re.match(r"M([\d.]+)", more["d"])[1]) - AXIS + (4 if kind == "exit" else 0)
            found[label][1].append((kind, round(x * scale, 1)))
    return {label: (sorted(bars, key=lambda bar: bar[1]), marks) for label, (bars, marks) in found.items()}


def test_each_state_is_drawn(tmp_path):
    """With names, which may hold signs that XML does not like. A PREEMPT without a RUN of another one changes nothing."""
    result = timeline(tmp_path, PS + "monitor> trace\r\n" + TRACE.replace("\n", "\r\n") + "monitor> ")
    assert result.returncode == 0, result.stdout
    one, four = rows(result.stdout).items()
    assert one == ("  1 <main>", ([("runs", 0, 2), ("ready", 3, 4), ("runs", 4, 8)],
                                  [("wake", 3), ("slice", 5), ("wake", 6.5), ("exit", 7)])), result.stdout
    assert four == ("  4 two words", ([("ready", 0, 2), ("runs", 2, 4), ("ready", 4, 8), ("runs", 8, 10)],
                                      [("made", 0), ("preempt", 4), ("slice", 10)])), result.stdout


def test_what_was_before_the_trace_is_told_by_what_follows(tmp_path):
    """Who is woken has slept, who runs was ready, who lets go has run."""
    result = timeline(tmp_path, "0 WAKE 7 1\n2000 YIELD 5 0\n2000 RUN 6 5\n10000 SLEEP 6 0\n")
    assert {label.strip(): bars for label, (bars, _) in rows(result.stdout).items()} == {
        "5": [("runs", 0, 2), ("ready", 2, 10)], "6": [("ready", 0, 2), ("runs", 2, 10)], "7": [("ready", 0, 10)]}, result.stdout


def numbers(svg):
    return [float(number) for number in re.findall(r'middle">([\d.]+)<', svg)]


def test_axis_and_window(tmp_path):
    log = "".join(f"{n}000000 RUN {n % 2 + 1} {(n + 1) % 2 + 1}\n" for n in range(21))
    assert numbers(timeline(tmp_path, log).stdout) == [0, 5, 10, 15, 20]
    assert "million cycles" in timeline(tmp_path, log).stdout
    svg = timeline(tmp_path, log, "--mhz", "2000", "--from", "2", "--to", "4").stdout
    assert numbers(svg)[0] == 2 and numbers(svg)[-1] == 4 and "milliseconds" in svg
    assert all(bar[2] <= 10 for bars, _ in rows(svg).values() for bar in bars)


def test_standard_input_names_and_output(tmp_path):
    file = tmp_path / "t.svg"
    with open(tmp_path / "log", "w+") as log:
        log.write(TRACE)
        log.seek(0)
        result = run(ROOT / "scripts/timeline", "-o", file, "--name", "4=reader", stdin=log)
    assert result.returncode == 0 and result.stdout == "" and ">  4 reader<" in file.read_text()


def test_the_last_trace_counts(tmp_path):
    svg = timeline(tmp_path, TRACE + "monitor> trace\n" + "5 RUN 8 9\n10 SLEEP 8 0\nmonitor>\n").stdout
    assert [label.strip() for label in rows(svg)] == ["8", "9"], svg


@pytest.mark.parametrize("log, said", [
    ("", "there is no trace in it. Type trace"),
    ("myOS\nmonitor> trace\nmonitor> ", "there is no trace in it"),
    ("1 RUN 2 1\n2 RUN 1\n", "log:2: this looks like a record, TIME EVENT PID OTHER, but is none: 2 RUN 1"),
    ("1 RUN 2 1\n2 RUN 1 x\n", "log:2: this looks like a record"),
    ("1 RUN 2 1\n2 JUMP 1 2\n", "log:2: there is no event JUMP"),
    ("7 RUN 2 1\n6 RUN 1 2\n", "log:2: the time goes back"),
    ("7 RUN 2 1\n", "the trace has no duration"),
])
def test_what_is_no_trace(tmp_path, log, said):
    result = timeline(tmp_path, log)
    assert result.returncode == 1 and result.stdout.startswith("timeline: ") and said in result.stdout, result.stdout
    assert result.stdout.count("\n") == 1, result.stdout


def test_wrong_use(tmp_path):
    for options, said in ((["--from", "5", "--to", "4"], "must be in order"), (["--from", "1"], "between 0 and 0.01"),
                          (["--mhz", "0"], "--mhz must be above 0"), (["--name", "4"], "4 is not PID=NAME")):
        result = timeline(tmp_path, TRACE, *options)
        assert result.returncode != 0 and said in result.stdout and "Traceback" not in result.stdout, result.stdout
    assert "nowhere: No such file" in run(ROOT / "scripts/timeline", "nowhere").stdout
    many = "".join(f"{n} RUN {n + 2} {n + 1}\n" for n in range(100))
    assert "101 tasks are more than one can see" in timeline(tmp_path, many).stdout


def test_the_kernels_events_are_known():
    """Each event of trace.h, and no other."""
    header = (ROOT / "src/kernel/debug/trace.h").read_text()
    script = re.search(r"EVENTS = \{(.*?)\}", (ROOT / "scripts/timeline").read_text(), re.DOTALL)[1]
    assert re.findall(r'"(\w+)":', script) == re.findall(r"(?m)^    X\((\w+)\)", header)


def test_the_handouts_example(tmp_path):
    """Two that compute share the processor in whole slices, and an urgent one interrupts them."""
    example = re.search(r"```c\n([^`]*?MONITOR_COMMAND\(try,.*?)```", (ROOT / "handouts/lab4.md").read_text(), re.DOTALL)[1]
    tree = tmp_path / "tree"
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(".git", "build", "handouts", "tests"), symlinks=True)
    (tree / "src/kernel/task/try.c").write_text(example)
    made = run("make", "-s", "-j2", "-f", "scripts/build.mk", "image", cwd=tree)
    assert made.returncode == 0 and "try.c:" not in made.stdout, made.stdout
    with Machine(tmp_path, image=tree / "build/myos.img") as machine:
        machine.wait_serial("monitor> ")
        machine.send_serial(b"try\r")
        machine.wait_serial("monitor> ")
        machine.send_serial(b"ps\r")
        machine.wait_serial(" urgent\r\nmonitor> ")
        machine.send_serial(b"trace\r")
        log = machine.wait_serial(r"(?s)trace\r\n(.*?)monitor> ")[0].decode() + machine.serial.decode()
    result = timeline(tmp_path, log)
    assert result.returncode == 0, result.stdout
    shown = {label.split()[1]: drawn for label, drawn in rows(result.stdout).items()}
    assert {"main", "left", "right", "urgent"} <= shown.keys(), result.stdout
    for name in ("left", "right", "urgent"):
        assert shown[name][1][0][0] == "made", result.stdout
