"""
The slicer: every form of marker in every kind of file, every refusal, and what a project must have.
"""

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))
import fakecourse                                                              # noqa: E402
from slicer import Project, Refused, Source                                    # noqa: E402  (found through the path above)


def cut(text, n, s=0, path="src/a.c", lab=1):
    """The file in tree(n, s)."""
    source = Source(path, text, lab)
    assert source.problems == []
    return source.text(n, lambda region: s < region.lab <= n)


def problems(text, path="src/a.c", **options):
    return Source(path, text, **options).problems


# ---- lines and blocks

def test_line_from_a_lab_on():
    text = "a\n    b();   // lab 3\nc\n"
    assert [cut(text, n) for n in (1, 2, 3, 4)] == ["a\nc\n"] * 2 + ["a\n    b();\nc\n"] * 2


def test_line_until_a_lab():
    text = "a\n    // until lab 3: b();   // why\nc\n"
    assert [cut(text, n) for n in (1, 2, 3)] == ["a\n    b();   // why\nc\n"] * 2 + ["a\nc\n"]
    assert cut("// until lab 3: end();\n", 1) == "end();\n"


@pytest.mark.parametrize("words", [" words may follow", ": and why", ", the first to need it", "; see the manual"])
def test_words_after_a_line_marker(words):
    assert cut(f"b();\t// lab 2{words}\n", 2) == "b();\n"


def test_line_keeps_a_comment_before_its_marker():
    assert cut("b();    // calls c    // lab 2\n", 2) == "b();    // calls c\n"


def test_block():
    text = "a\n    // lab 2 begin\n    b\n\n    c\n    // lab 2 end\nd\n"
    assert cut(text, 1) == "a\nd\n"
    assert cut(text, 2) == "a\n    b\n\n    c\nd\n"


def test_block_until():
    text = "a\n// until lab 2 begin\n// b\n    // if (c)\n        //     d\n//\n\n// // e\n// until lab 2 end\nd\n"
    assert cut(text, 1) == "a\nb\n    if (c)\n            d\n\n\n// e\nd\n"
    assert cut(text, 2) == "a\nd\n"


def test_blocks_nest():
    text = ("// lab 2 begin\na\n// lab 4 begin\nb\n// until lab 5: e\n// lab 4 end\n// until lab 6 begin\n// c\n"
            "// until lab 6 end\n// lab 2 end\n// until lab 2 begin\n// d\n// until lab 2 end\n")
    assert [cut(text, n) for n in range(1, 7)] == ["d\n", "a\nc\n", "a\nc\n", "a\nb\ne\nc\n", "a\nb\nc\n", "a\nb\n"]


def test_no_two_blank_lines_where_a_block_was():
    assert cut("a\n\n// lab 2 begin\nb\n// lab 2 end\n\nc\n", 1) == "a\n\nc\n"
    assert cut("// lab 2 begin\nb\n// lab 2 end\n\nc\n", 1) == "c\n"
    assert cut("c\n\n// lab 2 begin\nb\n// lab 2 end\n", 1) == "c\n"
    assert cut("a\n\n\nb\n// lab 2 begin\nb\n// lab 2 end\nc\n", 1) == "a\n\n\nb\nc\n"      # others are the author's


def test_a_file_of_which_nothing_is_left_is_gone():
    text = "// until lab 2 begin\n// a\n// until lab 2 end\n"
    assert cut(text, 1) == "a\n"
    assert cut(text, 2) is None
    assert cut("", 1) == ""


def test_end_of_file_without_newline():
    assert cut("a\nb   // lab 2", 2) == "a\nb"
    assert cut("a\nb   // lab 2", 1) == "a"


@pytest.mark.parametrize("path, leader", [
    ("a.c", "//"), ("a.h", "//"), ("a.asm", ";"), ("a.inc", ";"), ("Makefile", "#"), ("a.sh", "#"), ("a.py", "#"), ("a.ld", "#")])
def test_comment_leader_of_each_kind_of_file(path, leader):
    text = (f"a\nb   {leader} lab 2\n"
            f"{leader} until lab 2 begin\n{leader} c\n{leader} until lab 2 end\nx\ny\n"
            f"  {leader} exercise 1.1 begin: do it\n  d\n"
            f"  {leader} exercise 1.1 stub\n  {leader} e\n  {leader} exercise 1.1 end\n")
    path = "src/" + path
    assert cut(text, 1, 1, path) == "a\nc\nx\ny\n  d\n"
    assert cut(text, 2, 0, path) == f"a\nb\nx\ny\n  {leader} Exercise 1.1: do it\n  {leader} Your code here.\n  e\n"


# ---- exercises

EXERCISE = """int f(void)
{
    // exercise 2.1 begin: return the answer: 42
    int a = 42;

    return a;
    // exercise 2.1 stub
    // return 0;
    // exercise 2.1 end
}
"""


def test_exercise_is_given_stubbed_or_solved():
    solved = "int f(void)\n{\n    int a = 42;\n\n    return a;\n}\n"
    starter = ("int f(void)\n{\n    // Exercise 2.1: return the answer: 42\n    // Your code here.\n    return 0;\n}\n")
    assert cut(EXERCISE, 1, 0) == solved        # of a later lab: given code
    assert cut(EXERCISE, 2, 0) == starter
    assert cut(EXERCISE, 2, 1) == starter
    assert cut(EXERCISE, 2, 2) == solved
    assert cut(EXERCISE, 3, 1) == starter


def test_exercise_with_an_empty_stub_and_one_with_an_empty_solution():
    empty = "// exercise 1.1 begin: x\na\n// exercise 1.1 stub\n// exercise 1.1 end\nb\n"
    assert cut(empty, 1, 0) == "// Exercise 1.1: x\n// Your code here.\nb\n"
    assert cut("// exercise 1.1 begin: x\n// exercise 1.1 stub\n// a\n// exercise 1.1 end\nb\n", 1, 1) == "b\n"


def test_lines_of_a_stub():
    text = ("\t// exercise 1.1 begin: x\ns\n\t// exercise 1.1 stub\n\t// if (a)\n\t\t// b();   // why\n\t//\n\n"
            "//   c\n// // d\n\t// exercise 1.1 end\n")
    assert cut(text, 1) == "\t// Exercise 1.1: x\n\t// Your code here.\n\tif (a)\n\t\tb();   // why\n\n\n  c\n// d\n"


def test_exercise_of_two_regions():
    text = EXERCISE + EXERCISE.replace("answer: 42", "other").replace("42", "43")
    assert cut(text, 2).count("Your code here.") == 2
    assert "Exercise 2.1: return the other" in cut(text, 2)
    assert cut(text, 2, 2).count("return a;") == 2


def test_exercise_inside_a_block():
    text = f"// lab 2 begin\na\nb\n{EXERCISE}b\n// lab 2 end\nc\n"
    assert cut(text, 1) == "c\n"
    assert "Your code here." in cut(text, 2)


# ---- what is not a marker

PROSE = ["the lab says", "a lab is a folder", "lab is a folder", "labs 4 to 6 need this", "lab work", "labs/lab01-boot/tests",
         "until the disk answers", "until end of file", "until 7 bytes are left", "exercise the error path", "LBA 0",
         "LBA 4 is free", "exercise the end of a buffer", "exercises 3.2 and 3.3 call this", "end of lab 4", "label 3 below",
         "see lab 3", "from lab 3 on", "see exercise 3.2 begin", "begin", "stub", "the end of the exercise", "excess 3",
         "Exercise your rights", "slab 3 is full", "until all is read", "elaborate"]


@pytest.mark.parametrize("prose", PROSE)
@pytest.mark.parametrize("path, leader", [("src/a.c", "//"), ("src/a.asm", ";"), ("src/a.mk", "#")])
def test_prose_stays(prose, path, leader):
    text = f"{leader} {prose}\ncode   {leader} {prose}\n"
    assert cut(text, 1, path=path) == text


def test_block_comments_and_code_stay():
    text = '/*\n * lab 3 has more, exercise 3.2 begin\n */\nfor (;;) lab3 = exercise[3];\nputs("until lab 3");\n'
    assert cut(text, 1) == text


# ---- refusals

MISSPELT = [
    "excercise 3.2 begin", "exercise 3.2 beginn", "exercise 3.2 beginn: hint", "exercise 3.2 begin",
    "exercise 3.2 begin:", "exercise 3.2: hint", "exercise 3.2", "Exercise 3.2 begin: hint",
    "exercise 3 begin: hint", "exercise 3.2.1 begin: hint", "exercise 3,2 begin: hint",
    "exercise  3.2 begin: hint", "exercise 3.2 stub: hint", "exercise 3.2 end.", "exercise 3.2 stubb",
    "exersize 3.2 end", "exercises 3.2 begin: hint", "exercise x begin: hint", "exercise begin: hint",
    "exercise3.2 begin: hint", "begin exercise 3.2", "end exercise 3.2", "exercise 03.2 end", "excercise 3.2",
    "lab4 begin", "lab x begin", "lab begin", "Lab 4 begin", "lab 4 Begin", "lab 4 begins", "lab 4 beginn",
    "lab  4 begin", "lab-4 begin", "lab: 4", "lab 4 begin here", "labs 4 begin", "labb 4 end", "begin lab 4",
    "end lab 4", "lab 04", "LAB 4", "lab 4.2", "lab 4x", "(lab 4)", "[lab 4 begin]", "lab 0", "labs 4",
    "until lab", "until lab x", "until lab4", "until 7", "untill lab 4 begin", "unitl lab 4", "until labs 4",
    "until lab 4 beginn", "until lab 4 end now", "Until lab 4"
]


@pytest.mark.parametrize("comment", MISSPELT)
@pytest.mark.parametrize("code", ["", "    ", "code   "])
def test_what_reads_like_a_marker_is_refused(comment, code):
    found = problems(f"a\n{code}// {comment}\nb\n")
    assert len(found) == 1 and found[0].startswith("src/a.c:2: ") and comment in found[0]


@pytest.mark.parametrize("path, line", [
    ("a.c", "b(); /* lab 3 */"), ("a.c", "/* lab 3 begin */"), ("a.c", "# lab 3 begin"), ("a.c", "; lab 3 begin"),
    ("a.c", "//lab 3 begin"), ("a.c", "//  lab 3 begin"), ("a.c", "/// lab 3 begin"), ("a.c", "b();// lab 3"),
    ("a.c", "b(); //lab 3"), ("a.asm", "hlt   // lab 3"), ("a.asm", ";; lab 3 begin"), ("a.asm", "hlt ;lab 3"),
    ("a.mk", "x = 1  // lab 3"), ("a.mk", "## lab 3 begin"), ("a.asm", "; // lab 3 begin")])
def test_marker_with_the_wrong_leader_is_refused(path, line):
    found = problems(f"{line}\n", "src/" + path)
    assert len(found) == 1 and found[0].startswith(f"src/{path}:1: ")


@pytest.mark.parametrize("line, why", [
    ("code   // lab 3 begin", "alone"), ("code   // until lab 3 end", "alone"), ("code   // exercise 1.1 stub", "alone"),
    ("    // lab 3", "empty line"), ("// until lab 3", "goes away is a comment"), ("code   // until lab 3", "goes away"),
    ("code   // until lab 3: code", "goes away"), ("// until lab 3 code", "goes away"), ("// until lab 3; code", "goes away")])
def test_marker_at_the_wrong_place_of_its_line_is_refused(line, why):
    found = problems(line + "\n")
    assert len(found) == 1 and found[0].startswith("src/a.c:1: ") and why in found[0]


BEGIN, STUB, END = "// exercise 1.1 begin: hint", "// exercise 1.1 stub", "// exercise 1.1 end"


@pytest.mark.parametrize("lines, line, why", [
    (["// lab 3 begin", "a"], 1, "no end"),
    (["a", "// lab 3 end"], 2, "no begin"),
    (["a", "// until lab 3 end"], 2, "no begin"),
    (["// lab 3 begin", "// until lab 3 end", "// lab 3 end"], 2, "line 1 began"),
    (["// lab 3 begin", "// lab 4 end", "// lab 3 end"], 2, "line 1 began"),
    (["// lab 3 begin", "// until lab 3 begin", "// until lab 3 end", "// lab 3 end"], 2, "changes nothing"),
    (["// until lab 3 begin", "// lab 2 begin", "// lab 2 end", "// until lab 3 end"], 2, "all is a comment"),
    (["// lab 3 begin", "a  // lab 2", "// lab 3 end"], 2, "changes nothing"),
    (["a  // lab 1"], 1, "changes nothing"),
    (["// until lab 1: a"], 1, "changes nothing"),
    (["// until lab 3 begin", "// a  // lab 2", "// until lab 3 end"], 2, "all is a comment"),
    (["// until lab 3 begin", "a", "// until lab 3 end"], 2, 'is a comment in src/: "// a"'),
    (["// until lab 3 begin", "//a", "// until lab 3 end"], 2, "is a comment in src/"),
    ([BEGIN, "a", STUB, "return 0;", END], 4, 'is a comment in src/: "// return 0;"'),
    (["a  // lab 4"], 1, "no lab 4"),
    (["// until lab 11: a"], 1, "no lab 11"),
    ([BEGIN, "a", STUB], 1, "no end"),
    ([BEGIN, "a", END], 3, "no \"stub\""),
    ([STUB], 1, "no begin"),
    ([END], 1, "no begin"),
    ([BEGIN, STUB, STUB, END], 3, "line 1 began"),
    ([BEGIN, STUB, END.replace("1.1", "1.2"), END], 3, "line 1 began"),
    ([BEGIN, STUB.replace("1.1", "1.2"), STUB, END], 2, "line 1 began"),
    ([BEGIN, BEGIN.replace("1.1", "1.2"), STUB, END], 2, "begins inside"),
    ([BEGIN, "a  // lab 2", STUB, END], 2, "inside exercise 1.1"),
    ([BEGIN, STUB, "// until lab 2: a", END], 3, "inside exercise 1.1"),
    ([BEGIN, "// lab 2 begin", STUB, END], 2, "inside exercise 1.1"),
    (["// lab 2 begin", "", "", BEGIN, STUB, END, "", "", "// lab 2 end"], 4, "comes after lab 1"),
    (["// until lab 2 begin", "", "", BEGIN, STUB, END, "", "", "// until lab 2 end"], 4, "goes away"),
    (["// lab 2 begin", "// until lab 3 begin", "// lab 2 end", "// until lab 3 end", "// lab 2 end"], 3, "line 2 began"),
])
def test_bad_nesting_is_refused(lines, line, why):
    found = problems("\n".join(lines) + "\n", labs=3)
    assert len(found) == 1 and found[0].startswith(f"src/a.c:{line}: ") and why in found[0]


@pytest.mark.parametrize("mark", ["a   // lab 2", "// until lab 2: a"])
@pytest.mark.parametrize("between", [0, 1, 2])
def test_lab_line_within_two_lines_of_an_exercise(mark, between):
    exercise, gap = [BEGIN, "x", STUB, END], ["y"] * between
    before, after = problems("\n".join([mark, *gap, *exercise])), problems("\n".join([*exercise, *gap, mark]))
    if between < 2:
        assert len(before) == 1 and before[0].startswith("src/a.c:1: ") and "two lines" in before[0]
        assert len(after) == 1 and after[0].startswith(f"src/a.c:{5 + between}: ") and "two lines" in after[0]
    else:
        assert before == after == []


def test_block_markers_within_two_lines_of_an_exercise():
    block = ["// lab 2 begin", "a", "// lab 2 end"]
    assert len(problems("\n".join([*block, "y", BEGIN, STUB, END]))) == 1
    assert len(problems("\n".join([*block, BEGIN, STUB, END]))) == 1
    assert problems("\n".join([*block, "y", "y", BEGIN, STUB, END])) == []


def test_exercises_of_two_labs_within_two_lines():
    one, two = [BEGIN, STUB, END], [line.replace("1.1", "2.1") for line in (BEGIN, STUB, END)]
    assert problems("\n".join([*one, "y", "y", *two])) == []
    found = problems("\n".join([*one, "y", *two]))
    assert found and all("two lines" in problem for problem in found)
    assert problems("\n".join([*one, "y", *[line.replace("2.1", "1.2") for line in two]])) == []    # solved together


def test_all_problems_are_listed():
    found = problems("// lab4 begin\na  // lab 1\n// exercise 1.1 end\n// lab 3 begin\n")
    assert [problem.split(":")[1] for problem in found] == ["1", "2", "3", "4"]


# ---- the project

@pytest.fixture
def make(tmp_path):
    """Makes the fake project, with changes."""
    return lambda **changes: fakecourse.make(tmp_path, **changes)


def text_of(tree, path):
    return tree[path][1].decode()


def test_trees_of_the_fake_course(make):
    project = Project(make())
    lab1, lab2, final = project.tree(1, 0), project.tree(2, 1), project.tree(3, 3)
    assert sorted(lab1) == [
        ".gitignore", "GNUmakefile", "README.md", "grade/gradelib/__init__.py", "grade/lab1", "handouts/lab1.md",
        "labs/lab01-hello/lab.toml", "labs/lab01-hello/tests/hello.c", "scripts/catch-up", "src/boot/boot.asm",
        "src/boot/logo.bin", "src/kernel/early.c", "src/kernel/main.c", "src/kernel/print.c", "src/kernel/print.h"]
    assert sorted(set(lab2) - set(lab1)) == [
        "handouts/lab2.md", "handouts/site/figures/lab2/trap.svg", "labs/lab02-trap/lab.toml",
        "labs/lab02-trap/tests/trap.c", "src/kernel/trap.c", "src/user/run.sh"]
    assert set(lab2) - set(final) == {"src/kernel/early.c"}                 # replaced by a file of lab 3
    assert set(final) - set(lab2) == {"grade/lab3", "labs/lab03-page/lab.toml", "src/kernel/mm/page.c"}

    body = text_of(lab1, "src/kernel/main.c").partition("kmain(void)\n")[2]
    assert body == '{\n    print("hello");\n    halt();\n\n    stop();\n}\n'
    body = text_of(lab2, "src/kernel/main.c").partition("kmain(void)\n")[2]
    assert body == '{\n    print("hello");\n    trap_init();\n\n    run();\n    stop();\n}\n'
    body = text_of(final, "src/kernel/main.c").partition("kmain(void)\n")[2]
    assert body == '{\n    print("hello");\n    trap_init();\n    page_init();\n\n    run();\n    balance();\n}\n'

    assert text_of(lab1, "src/kernel/print.c").count("Your code here.") == 2 == \
        text_of(lab1, "src/kernel/print.c").count("Exercise 1.1:")
    assert "return print(digits(n));" in text_of(lab1, "src/kernel/print.c")    # exercise 2.2 is given code in lab 1
    assert text_of(lab2, "src/kernel/print.c").count("Exercise 2.2:") == 1 == \
        text_of(lab2, "src/kernel/print.c").count("Your code here.")
    assert text_of(lab1, "GNUmakefile") == "all:\n\techo lab 1\n"
    assert text_of(lab2, "GNUmakefile") == "all:\n\techo lab 1\n\techo lab 2\n"
    assert text_of(lab1, "README.md") == "Welcome, student.\n"
    assert text_of(lab1, "grade/gradelib/__init__.py") == fakecourse.FILES["grade/gradelib/__init__.py"]


def test_no_marker_survives(make):
    project = Project(make())
    for n in (1, 2, 3):
        for s in range(n + 1):
            for path, (_, data) in project.tree(n, s).items():
                source = Source(path, data.decode(errors="replace").replace("Exercise ", "The exercise "))
                assert not path.startswith("src/") or b"\0" in data or not source.marks and not source.regions


def test_binary_and_run_bit(make):
    tree = Project(make()).tree(3, 0)
    assert tree["src/boot/logo.bin"] == ("100644", fakecourse.FILES["src/boot/logo.bin"])
    assert tree["src/user/run.sh"] == ("100755", b"#!/bin/sh\nrun hello\nrun pages\n")
    assert {path for path, (mode, _) in tree.items() if mode == "100755"} == {"src/user/run.sh", "scripts/catch-up"}


def test_text_that_is_not_utf8_passes_through(make):
    data = b"/* caf\xe9 */\nx();   // lab 2\n"
    project = Project(make(changes={"src/kernel/latin.c": data}))
    assert project.tree(2, 0)["src/kernel/latin.c"][1] == b"/* caf\xe9 */\nx();\n"


def test_stub_of_one_exercise(make):
    tree = Project(make()).tree(2, 2, stub="2.1")
    assert "Exercise 2.1" in text_of(tree, "src/kernel/trap.c")
    assert "Your code" not in text_of(tree, "src/kernel/print.c") + text_of(tree, "src/boot/boot.asm")
    tree = Project(make()).tree(1, 1, stub="1.1")
    assert text_of(tree, "src/kernel/print.c").count("Your code here.") == 2
    assert "Your code" not in text_of(tree, "src/boot/boot.asm")


def test_ignored_deleted_and_tracked_files(make):
    root = make(changes={"src/build/made.c": "made\n", "src/kernel/gone.c": "gone\n"})
    subprocess.run(["git", "add", "--all"], cwd=root, check=True)
    (root / "src/kernel/gone.c").unlink()
    (root / "src/kernel/new.c").write_text("new\n")
    tree = Project(root).tree(1, 1)
    assert "src/kernel/new.c" in tree and "src/kernel/main.c" in tree
    assert "src/kernel/gone.c" not in tree and "src/build/made.c" not in tree


LAB1, LAB2, COMMON = "labs/lab01-hello/lab.toml", "labs/lab02-trap/lab.toml", "labs/common.toml"
DRAFT = "labs/draft.toml"


@pytest.mark.parametrize("changes, where, why", [
    ({LAB1: ("points = 60", "points = 50")}, f"{LAB1}:7", "add up to 90"),
    ({LAB1: ("number = 1", "number = 4")}, f"{LAB1}:1", "lab 1"),
    ({LAB1: ('name = "hello"', 'name = "bye"')}, f"{LAB1}:1", "labs/lab01-bye"),
    ({LAB1: ("number = 1", "number = ")}, f"{LAB1}:1", "nvalid"),
    ({LAB1: ('"src/"', '"src/", "src/none/"')}, f"{LAB1}:4", "no file src/none/"),
    ({LAB1: ('"src/"', '"src/", "src/user/"')}, f"{LAB2}:4", "src/user/ is given to another lab"),
    ({LAB1: ('"src/"', '"src/kernel/", "src/boot/boot.asm"')}, "src/boot/logo.bin:1", "belongs to no lab"),
    ({LAB1: ('id = "1.2"', 'id = "1.3"')}, "src/boot/boot.asm:7", "no lab.toml has an exercise 1.2"),
    ({LAB1: ('id = "1.2"', 'id = "1.3"')}, f"{LAB1}:16", "exercise 1.3 has no region in src/boot/boot.asm"),
    ({LAB1: ('id = "1.2"', 'id = "2.7"')}, f"{LAB1}:16", "not of lab 1"),
    ({LAB1: ('id = "1.2"', 'id = "1.1"')}, f"{LAB1}:8", "there twice"),
    ({LAB1: ('file = "src/boot/boot.asm"', 'file = "src/kernel/main.c"')}, f"{LAB1}:16", "no region in src/kernel/main.c"),
    ({LAB1: ('file = "src/boot/boot.asm"', 'fiel = "x"')}, f"{LAB1}:16", "needs title, points, handout and file"),
    ({LAB1: ('handout = "ex-1.2"\nneeds = []', 'handout = "ex-1.2"\nneeds = ["1.7"]')}, f"{LAB1}:16", "needs 1.7"),
    ({COMMON: ('"grade/"', '"grade/", "LICENSE"')}, f"{COMMON}:1", "no file LICENSE"),
    ({COMMON: None}, f"{COMMON}:1", "No such file"),
    ({COMMON: ('"GNUmakefile.lab"]', '"GNUmakefile.lab", "src/x.c"]'), "src/x.c": "x\n"}, "src/x.c:1", "belongs to no lab"),
    ({"GNUmakefile.lab": "# exercise 1.1 begin: x\n# exercise 1.1 stub\n# exercise 1.1 end\n"},
     "GNUmakefile.lab:1", "outside src/"),
    ({"src/kernel/main.c": ("// lab 3\n    // until", "// lab 4\n    // until")}, "src/kernel/main.c:8", "no lab 4"),
    ({"src/kernel/main.c": ("// lab 3\n    // until", "// lab 5\n    // until"), DRAFT: 'files = ["src/user/"]\n'},
     "src/kernel/main.c:8", "no lab 5"),
    ({DRAFT: 'files = ["src/user/", "src/kernel/mm/"]\n'}, f"{DRAFT}:1", "src/kernel/mm/ is given to another lab"),
    ({DRAFT: 'files = ["src/none/"]\n'}, f"{DRAFT}:1", "no file src/none/"),
    ({"src/user/run.sh": "run x  # lab 2\n"}, "src/user/run.sh:1", "there from lab 2 on"),
    ({"src/kernel/mm/page.c": "// exercise 1.1 begin: x\n// exercise 1.1 stub\n// exercise 1.1 end\n"},
     "src/kernel/mm/page.c:1", "comes after lab 1"),
])
def test_project_is_refused(make, changes, where, why):
    with pytest.raises(Refused) as refused:
        Project(make(changes=changes))
    assert [p for p in refused.value.problems if p.startswith(where + ": ") and why in p], refused.value.problems


def test_what_is_a_draft_is_in_no_tree(make):
    project = Project(make(changes={"src/kernel/main.c": ("// lab 3\n    // until", "// lab 4\n    // until"),
                                    "src/kernel/new.c": "new\n", DRAFT: 'files = ["src/kernel/new.c"]\n'}))
    assert len(project.labs) == 3
    plain = Project(make()).tree(3, 3)
    tree = project.tree(3, 3)
    assert "src/kernel/new.c" not in tree and DRAFT not in tree
    gone = [line for line in plain["src/kernel/main.c"][1].splitlines() if line not in tree["src/kernel/main.c"][1].splitlines()]
    assert len(gone) == 1 and {path for path in plain if plain[path] != tree.get(path)} == {"src/kernel/main.c"}


def test_symbolic_link_is_refused(make):
    root = make()
    (root / "src/kernel/link.c").symlink_to("main.c")
    with pytest.raises(Refused, match=r"src/kernel/link\.c:1: .* symbolic links"):
        Project(root)


def test_no_labs_and_no_repository(tmp_path, make):
    with pytest.raises(Refused, match="git cannot list"):
        Project(tmp_path)
    (tmp_path / "x").mkdir()
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path / "x", check=True)
    with pytest.raises(Refused, match="no labs/labNN-name"):
        Project(tmp_path / "x")


def test_problems_of_all_files_in_order(make):
    with pytest.raises(Refused) as refused:
        Project(make(changes={"src/kernel/main.c": ("// lab 3\n    // until", "// lab3\n    // until"),
                              "src/boot/boot.asm": ("; exercise 1.2 stub", "")}))
    assert [p.split(" ")[0] for p in refused.value.problems][:2] == [LAB1 + ":16:", "src/boot/boot.asm:10:"]
    assert refused.value.problems[-1].startswith("src/kernel/main.c:8:")
