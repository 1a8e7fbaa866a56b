"""
The handouts are true: links lead somewhere, files and functions that a page names are there, exercises and points are those of
lab.toml, and console blocks do what they show. How the site looks is for eyes, not for this file.

Conventions in handouts/*.md, which these tests enforce:

    `boot/elf.c`, `puts`, `elf_load()`, `make grade`    in backticks stand only names of ours (and words that are no names)
    ```console              is shown only: it needs a terminal, another machine, or names to be filled in
    ```console run          each "$ " line is run, in the lab as it is handed out; after it comes all of its output, where a
                            line ... stands for any lines and ... in a line for anything
    ```console run=solution ... in the lab's solution, or run=project in the project itself
    ```console ... until    the command does not end by itself; it is ended when all the lines have come
    (gdb) command           after "$ scripts/debug_qemu.sh ... -- ..." in such a block: what is typed there, with its output

The blocks of a page that run in one tree run in one copy of it, from top to bottom.
"""

import importlib.util
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import time
import tomllib
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[1]
HANDOUTS = TOP / "handouts"
PAGES = sorted(HANDOUTS.glob("*.md")) + sorted((HANDOUTS / "reference").glob("*.md"))
LABS = [tomllib.loads(path.read_text()) for path in sorted((TOP / "labs").glob("lab*/lab.toml"))]
LAB_FOLDERS = {int(path.name[3:5]): path.name for path in (TOP / "labs").glob("lab*-*")}
DRAFT = tomllib.loads((TOP / "labs/draft.toml").read_text())["files"] if (TOP / "labs/draft.toml").exists() else []
COMMAND_SECONDS = 300

# What a page may name although it is not in the tree: files that its reader makes.
READERS_OWN = {".devcontainer/devcontainer.json", "handin/", "handin/answers.md", "handin/design.md", "compile_commands.json",
               "src/kernel/mm/try.c", "src/kernel/task/try.c"}

spec = importlib.util.spec_from_file_location("handouts", TOP / "scripts" / "handouts.py")
handouts = importlib.util.module_from_spec(spec)
spec.loader.exec_module(handouts)


def ids(path):
    return path.relative_to(HANDOUTS).as_posix()


def lab_of(page):
    """The lab whose tree a page speaks of: its own, or the newest."""
    match = re.fullmatch(r"lab(\d+)", page.stem)
    return int(match.group(1)) if match else max(lab["number"] for lab in LABS)


def tree(tmp_path_factory, name):
    """A clone as its reader has it: of the project, "start-N", or "solution-N": worked on, not committed, built."""
    folder = tmp_path_factory.mktemp(name)
    kind, _, number = name.partition("-")
    if kind == "project":
        ignore = shutil.ignore_patterns(".git", "build", "__pycache__")
        shutil.copytree(TOP, folder, ignore=ignore, dirs_exist_ok=True, symlinks=True)
    else:
        subprocess.run([TOP / "scripts/course", "tree", number, "0", folder], check=True)
    for command in (["init", "-q"], ["config", "user.name", "Reader"], ["config", "user.email", "reader@myos.invalid"],
                    ["add", "-A"], ["commit", "-q", "-m", "Start"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    if kind == "solution":
        solved = tmp_path_factory.mktemp("solved")
        subprocess.run([TOP / "scripts/course", "tree", number, number, solved], check=True)
        shutil.copytree(solved / "src", folder / "src", dirs_exist_ok=True)
        (folder / "handin").mkdir()
        (folder / "handin" / "design.md").write_text("# Design note\n")
        subprocess.run(["make", "-s"], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def trees(tmp_path_factory):
    """trees(name) is a tree that nothing is run in."""
    made = {}

    def get(name):
        if name not in made:
            made[name] = tree(tmp_path_factory, name)
        return made[name]
    return get


def tree_for(page):
    """Pages of a lab in the making speak of what no lab's tree has yet."""
    whole = page.stem in ("instructor", "index") or page.relative_to(TOP).as_posix() in DRAFT
    return "project" if whole else f"solution-{lab_of(page)}"


# ---- the site: links, anchors, nothing from the network


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    out = tmp_path_factory.mktemp("site") / "handouts"
    handouts.build(out)
    return out


def test_site_has_no_faults(site):
    assert handouts.check_site(site) == []
    assert {page.stem for page in site.rglob("*.html")} == {page.stem for page in PAGES} - {"student-readme"}


FAULTS = {
    "a link to a page that is not there": ("</main>", '<a href="lab99.html">x</a></main>', "no such file"),
    "a link to a section that is not there": ("</main>", '<a href="setup.html#nowhere">x</a></main>', "no such section"),
    "a section of the page itself": ("</main>", '<a href="#nowhere">x</a></main>', "no such section"),
    "a script from the network": ("</head>", '<script src="https://example.org/x.js"></script></head>', "from the network"),
    "a style sheet from the network": ("</head>", '<link href="//example.org/x.css"></head>', "from the network"),
    "two sections of one name": ("</main>", '<p id="text"></p></main>', "two elements"),
}


@pytest.mark.parametrize("what", FAULTS)
def test_site_check_finds(site, tmp_path, what):
    before, after, message = FAULTS[what]
    shutil.copytree(site, tmp_path / "site")
    page = tmp_path / "site" / "lab1.html"
    page.write_text(page.read_text().replace(before, after, 1))
    faults = handouts.check_site(tmp_path / "site")
    assert len(faults) == 1 and faults[0].startswith("lab1.html: ") and message in faults[0]


def test_site_check_finds_fonts_from_elsewhere(site, tmp_path):
    shutil.copytree(site, tmp_path / "site")
    with open(tmp_path / "site" / "style.css", "a") as style:
        style.write('@font-face { src: url("https://example.org/font.woff2") }')
    assert "style.css" in handouts.check_site(tmp_path / "site")[0]


def test_every_page_is_part_of_the_book(site):
    """Each page leads to the one before and after it, the whole menu, and its own sections."""
    pages = handouts.find_pages(HANDOUTS)
    for index, page in enumerate(pages):
        text = (site / (page.name + ".html")).read_text()
        for neighbour, relation in ((index - 1, "prev"), (index + 1, "next")):
            expected = pages[neighbour].name if 0 <= neighbour < len(pages) else None
            found = re.search(rf'<a href="([^"]*)\.html" rel="{relation}"', text)
            assert (found and found.group(1).removeprefix(page.root)) == expected
        assert text.count('aria-current="page"') == 1
        assert re.search(r'<nav class="toc".*<a href="#', text, re.DOTALL)


def test_students_get_no_instructors_guide(tmp_path):
    handouts.build(tmp_path / "site", students=True)
    assert not (tmp_path / "site" / "instructor.html").exists()
    assert "instructor.html" not in "".join(page.read_text() for page in (tmp_path / "site").rglob("*.html"))


def test_pdf(tmp_path):
    """One page as PDF, with the text and the figure's text in it."""
    handouts.build(tmp_path / "site")
    page = next(page for page in handouts.find_pages(HANDOUTS) if page.name == "reference/memory-map")
    handouts.build_pdf(page, tmp_path / "site")
    text = subprocess.run(["pdftotext", tmp_path / "site/reference/memory-map.pdf", "-"], check=True, capture_output=True,
                          text=True).stdout
    assert page.title in text and "bounce buffer, 32 KiB" in text


def test_build_spares_a_folder_that_is_no_site(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(handouts.HandoutError, match="not empty"):
        handouts.build(tmp_path)
    assert (tmp_path / "thesis.txt").exists()


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_markdown_links_lead_somewhere(page, trees):
    """In the sources as well, and in a student's tree: many people read them on a Git host."""
    in_tree = trees(tree_for(page)) / page.relative_to(TOP)
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"
        assert not in_tree.exists() or (in_tree.parent / target).exists(), f"in a lab tree, {page.name} links to {target}"


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: f"lab{lab['number']}")
def test_start_page_leads_to_the_lab(lab):
    assert f"](lab{lab['number']}.md)" in (HANDOUTS / "index.md").read_text()


# ---- names of files, functions and commands


def names_in(page):
    """What stands in backticks, outside of code blocks."""
    text = re.sub(r"^(> )?```.*?^(> )?```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    return sorted(set(re.findall(r"`([^`\n]+)`", text)))


FILE = re.compile(r"[\w.-]+(/[\w.-]+)*/[\w.-]*|[\w-]+\.(c|h|asm|inc|ld|py|toml|md|sh|mk|yml|cases)")
NOT_TREE = re.compile(r"build/|CLASSROOM/|/|\w+:|origin/|batch-lab|handin-lab")


def missing_files(names, tree):
    """The names that look like files of ours and are not in the tree."""
    files = [path for path in tree.rglob("*") if ".git" not in path.parts]
    missing = []
    for name in names:
        if not FILE.fullmatch(name) or NOT_TREE.match(name) or name in READERS_OWN:
            continue
        places = [tree / name, tree / "src" / name, tree / "src/kernel" / name]
        if any(place.exists() for place in places) or "/" not in name and any(path.name == name for path in files):
            continue
        missing.append(name)
    return missing


def missing_functions(names, tree):
    """The names that look like functions or variables of ours, name() or with an underscore, and are nowhere in the tree."""
    words = set()
    for path in tree.rglob("*"):
        if path.is_file() and ".git" not in path.parts and path.suffix not in (".md", ".svg") and "build" not in path.parts:
            words |= set(re.findall(r"\w+", path.read_text(errors="replace")))
    wanted = [name for name in names if re.fullmatch(r"[a-z]\w*\(\)|[a-z]\w*_\w+", name)]
    return [name for name in wanted if name.removesuffix("()") not in words]


def missing_commands(names, tree):
    """`make word` must be a target, `make X=...` a variable that some rule reads."""
    rules = "\n".join(path.read_text() for path in (tree / "Makefile", tree / "GNUmakefile", tree / "GNUmakefile.lab",
                                                    tree / "scripts/build.mk", *tree.glob("labs/lab*/build.mk")) if path.exists())
    missing = []
    for name in names:
        for word in name.split()[1:] if name.startswith("make ") else []:
            variable = re.match(r"([A-Z]+)=", word)
            known = re.search(rf"\b{variable.group(1)}\b", rules) if variable else re.search(rf"^{word}:", rules, re.MULTILINE)
            if re.match(r"[A-Z]+=|[a-z][a-z-]*$", word) and not known:
                missing.append(name)
    return missing


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_names_exist(page, trees):
    names, where = names_in(page), trees(tree_for(page))
    missing = missing_files(names, where)
    assert missing_files(missing, trees(f"solution-{lab_of(page)}")) == []      # the guide speaks of a student's tree as well
    assert missing_functions(names, where) == []
    assert missing_commands(names, where) == []


def test_name_checks_find_what_is_missing(trees):
    where = trees(f"solution-{lab_of(Path('lab1'))}")
    assert missing_files(["boot/elf.c", "x86/entry.asm", "load.c", "build/myos.img"], where) == []
    wrong = ["boot/elves.c", "x86/entry.s", "lode.c", "labs/nothing/"]
    assert missing_files(wrong, where) == wrong
    assert missing_functions(["elf_load()", "a20_is_on", "kprintf()"], where) == []
    assert missing_functions(["elf_lode()", "a20_is_off", "kprint()"], where) == ["elf_lode()", "a20_is_off", "kprint()"]
    assert missing_commands(["make grade TEST=1.3", "make qemu-nox"], where) == []
    assert missing_commands(["make grades", "make GRADE=1"], where) == ["make grades", "make GRADE=1"]


def needs(level):
    """The lines of scripts/needs.sh's table for a level, each as a list of its fields."""
    table = re.search(r"<<'TABLE'\n(.*?)^TABLE$", (TOP / "scripts/needs.sh").read_text(), re.MULTILINE | re.DOTALL).group(1)
    return [row for row in (line.split("|") for line in table.splitlines()) if level in row[0].split(",")]


def test_setup_names_every_package(trees):
    """setup.md's commands install what scripts/needs.sh asks for, system by system."""
    text = (HANDOUTS / "setup.md").read_text()
    rows = needs("student")
    assert len(rows) >= 8
    for column, command in ((3, "apt-get install"), (4, "dnf install"), (5, "pacman -S"), (6, "brew install")):
        line = next(line for line in text.splitlines() if line.startswith("$") and command in line)
        for row in rows:
            if row[2].startswith("@run32"):             # what few machines need is named beside the commands
                assert f"`{row[3]}`" in text
                continue
            assert set(row[column].split()) <= set(line.split()), f"{command}: {row[column]} for {row[1]}"


def test_the_instructors_guide_names_what_grading_needs():
    """The packages for Classroom 50 are those that scripts/setup --grade installs, in the same order."""
    runtime = re.search(r"```json\n(.*?)```", (HANDOUTS / "instructor.md").read_text(), re.DOTALL).group(1)
    packages = [package for row in needs("grade") for package in row[3].split()]
    assert json.loads(runtime)["apt"] == packages and "bubblewrap" in packages


def test_lab_1_tells_how_much_room_the_boot_sector_has(trees, tmp_path):
    """The numbers in the hints of exercise 1.2: what is given, what a solution takes, what is left."""
    text = " ".join((HANDOUTS / "lab1.md").read_text().split())
    subprocess.run(["make", "-s", "mbr.bin", f"BUILD={tmp_path}"], cwd=trees("start-1"), check=True, capture_output=True)
    given, solved = (folder.stat().st_size for folder in (tmp_path / "mbr.bin", trees("solution-1") / "build/mbr.bin"))
    assert f"What you were given takes {given} of them" in text
    assert "needs about 230 more, so some forty are to spare" in text
    assert abs(solved - given - 230) < 10 and abs(446 - solved - 40) < 10


# ---- exercises and questions


def exercises_in(site, number):
    """{id: (anchor of the section, heading, points, lines, text)} of a lab's page."""
    html = (site / f"lab{number}.html").read_text()
    found = {}
    for box in re.finditer(r'<div id="exercise-(\d+)-(\d+)" class="box exercise">(.*?)</div>', html, re.DOTALL):
        anchor = re.findall(r'<h[23][^>]* id="([^"]+)"', html[:box.start()])[-1]
        start = html.rindex(f'id="{anchor}"')
        end = re.search(r"<h[23]|</main>", html[box.end():]).start() + box.end()
        text = re.sub(r"<[^>]+>", "", box.group(3))
        head = re.match(r"\s*Exercise ([\d.]+)\. (.*?) \((\d+) points, (\d+)\s+lines", re.sub(r"\s+", " ", text))
        assert head, f"exercise box {box.group(0)[:60]}: no head 'Exercise 1.2. Title (8 points, 30 lines ...'"
        title = head.group(2).replace("’", "'")
        found[head.group(1)] = (anchor, title, int(head.group(3)), int(head.group(4)), html[start:end])
    return found


def solution_lines(exercise):
    """Lines of code in an exercise's solution."""
    files = exercise.get("files") or [exercise["file"]]
    count = 0
    for file in files:
        inside = False
        for line in (TOP / file).read_text().splitlines():
            mark = re.match(r"\s*(?://|;|#) exercise ([\d.]+) (begin|stub|end)", line)
            if mark:
                inside = mark.group(1) == exercise["id"] and mark.group(2) == "begin"
            elif inside and line.strip() and not re.match(r"\s*(//|/\*.*\*/$|;|# )", line):
                count += 1
    return count


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: f"lab{lab['number']}")
def test_exercises_agree_with_lab_toml(site, lab):
    found = exercises_in(site, lab["number"])
    assert list(found) == [exercise["id"] for exercise in lab["exercise"]]
    for exercise in lab["exercise"]:
        anchor, title, points, lines, section = found[exercise["id"]]
        assert (anchor, title, points) == (exercise["handout"], exercise["title"], exercise["points"])
        solution = solution_lines(exercise)
        assert abs(lines - solution) <= max(2, solution // 10), f"exercise {exercise['id']}: {solution} lines in the solution"
        for file in exercise.get("files") or [exercise["file"]]:
            name = file.removeprefix("src/").removeprefix("kernel/")
            assert name in section, f"exercise {exercise['id']} does not name {name}"
        assert "Check yourself." in section and "Question" in section
    text = (HANDOUTS / f"lab{lab['number']}.md").read_text()
    assert f"| {sum(exercise['points'] for exercise in lab['exercise'])} |" in text
    assert 'id="debugging"' in (site / f"lab{lab['number']}.html").read_text()      # the graders point there


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: f"lab{lab['number']}")
def test_every_question_has_an_answer(lab):
    asked = re.findall(r"[*]Question ([\w.]+)\.[*]", (HANDOUTS / f"lab{lab['number']}.md").read_text())
    answers = TOP / "solutions" / LAB_FOLDERS[lab["number"]] / "answers.md"
    answered = re.findall(r"^## Question ([\w.]+)$", answers.read_text(), re.MULTILINE)
    assert asked and sorted(asked) == sorted(answered)
    assert answers.read_text().count("*Mark for:*") == len(answered)


# ---- console blocks

BATCH = " -batch"           # ends gdb after the commands that a page lets its reader type


def console_blocks(page):
    """[(where, until, [(command, output lines)])] of the blocks to run; where is start, solution or project."""
    blocks = []
    for indent, info, body in re.findall(r"^((?:> )?)```console run(\S*(?: until)?)\n(.*?)^\1```$", page.read_text(),
                                         re.MULTILINE | re.DOTALL):
        steps = []
        for line in body.splitlines():
            line = line.removeprefix(indent)
            if line.startswith("$ "):
                steps.append((line[2:], []))
            elif line.startswith("(gdb) "):
                command, shown = steps.pop()
                steps.append((command.removesuffix(BATCH) + f" -ex {shlex.quote(line[6:])}" + BATCH, shown))
            else:
                steps[-1][1].append(line)
        # gdb says goodbye then, which nobody sees who types.
        steps = [(command, [*shown, "..."] if command.endswith(BATCH) else shown) for command, shown in steps]
        where = re.match(r"=(\w+)", info)
        blocks.append((where.group(1) if where else "start", info.endswith("until"), steps))
    return blocks


def test_console_blocks_are_well_formed():
    """Only the words that these tests know stand behind ```console: a misspelt one would never be run."""
    for page in PAGES:
        for info in re.findall(r"^(?:> )?```console(.*)$", page.read_text(), re.MULTILINE):
            assert re.fullmatch(r"( run(=solution|=project)?( until)?)?", info), f"{page.name}: ```console{info}"


def test_gdb_lines_are_typed(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("> ```console run=solution\n> $ scripts/debug_qemu.sh -- -ex continue\n> ...\n> (gdb) print $eip\n> $1 = 5\n"
                    "> (gdb) print 'a.c'::b\n> $2 = 6\n> $ true\n> ```\n")
    command = "scripts/debug_qemu.sh -- -ex continue -ex 'print $eip' -ex " + shlex.quote("print 'a.c'::b") + " -batch"
    assert console_blocks(page) == [("solution", False, [(command, ["...", "$1 = 5", "$2 = 6", "..."]), ("true", [])])]


def plain(output):
    """Output as a reader sees it: without colours and carriage returns."""
    return [line.rstrip() for line in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1bc|\r", "", output).split("\n")]


def matches(shown, lines, open_end=False):
    """Are the lines what is shown, ... standing for anything? With open_end more may follow."""
    def line_matches(pattern, line):
        return re.fullmatch(".*".join(map(re.escape, pattern.split("..."))), line) is not None

    if not shown:
        return open_end or not any(lines)
    if shown[0].strip() == "...":
        return any(matches(shown[1:], lines[skip:], open_end) for skip in range(len(lines) + 1))
    return bool(lines) and line_matches(shown[0], lines[0]) and matches(shown[1:], lines[1:], open_end)


def test_matcher():
    lines = ["a", "b 12", "c", ""]
    for shown, right in ((["a", "b 12", "c"], True), (["...", "c"], True), (["a", "..."], True), (["a", "b ...", "c"], True),
                         (["b 12", "c"], False), (["a", "c"], False), (["a", "b 12"], False), (["a", "...", "d", "..."], False)):
        assert matches(shown, lines) is right, shown
    assert matches(["a"], lines, open_end=True)
    assert not matches(["b"], lines, open_end=True)


def run_command(command, folder, shown, until):
    """Run it in a session of its own, its output in a file. Returns the output's lines; raises if it runs too long."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "TERM": "dumb"}
    log = folder / "build" / "console.log"
    log.parent.mkdir(exist_ok=True)
    with open(log, "wb") as file:
        child = subprocess.Popen(["bash", "-c", command], cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=file,
                                 stderr=subprocess.STDOUT, start_new_session=True)
    end = time.monotonic() + COMMAND_SECONDS
    try:
        while child.poll() is None:
            if until and matches(shown, plain(log.read_text(errors="replace")), open_end=True):
                break
            if time.monotonic() > end:
                pytest.fail(f"$ {command}\nstill runs after {COMMAND_SECONDS} s:\n{log.read_text(errors='replace')}")
            time.sleep(0.05)
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGTERM)
            child.wait()
    return plain(log.read_text(errors="replace"))


RUNS = [(page, where) for page in PAGES for where in sorted({block[0] for block in console_blocks(page)})]


@pytest.mark.parametrize("page, where", RUNS, ids=lambda value: value if isinstance(value, str) else ids(value))
def test_console_blocks_do_what_they_show(page, where, tmp_path_factory):
    folder = tree(tmp_path_factory, "project" if where == "project" else f"{where}-{lab_of(page)}")
    for kind, until, steps in console_blocks(page):
        for command, shown in steps if kind == where else []:
            seen = run_command(command, folder, shown, until)
            assert matches(shown, seen, open_end=until), "\n".join([f"$ {command}", "shows", *shown, "but printed", *seen[-40:]])


def test_some_blocks_run():
    assert {where for page, where in RUNS if page.name == "lab1.md"} == {"start", "solution"}
    assert any(until for _, until, _ in console_blocks(HANDOUTS / "lab1.md"))


def test_a_wrong_block_is_found(tmp_path):
    assert not matches(["hello"], run_command("echo goodbye", tmp_path, [], False))
    assert matches(["hello", "..."], run_command("echo hello; sleep 1000", tmp_path, ["hello"], True), open_end=True)
