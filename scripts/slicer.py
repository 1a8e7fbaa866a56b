"""
The slicer: from the one codebase in src/ to the tree of a lab.

Reads labs/*/lab.toml, labs/common.toml and the markers in the sources, refuses what would go wrong later (every problem
with file and line), and gives tree(N, S): the files of labs 1..N with the exercises of labs 1..S solved. It writes nothing;
scripts/course does. CONTRIBUTING tells an author which marker to use when.

The markers, in `//` comments of .c and .h, `;` comments of .asm and .inc, `#` comments of all else:

    code                        // lab 3        the line is there from lab 3 on; words may follow the number
    // lab 4 begin ... // lab 4 end             a block, there from lab 4 on
    // until lab 7: code                        the code is there before lab 7 only
    // until lab 7 begin ... // until lab 7 end     a block of such code
    // exercise 3.2 begin: the hint             the solution follows,
    // exercise 3.2 stub                        then what the starter has instead (may be empty)
    // exercise 3.2 end

src/ itself is the complete system and must build, so what only an earlier lab or a starter has is a comment: each line of
a stub or of an `until` block is written `// code` and comes out as `code`, with its indentation; a bare `//` is a blank line.

A comment is a marker in exactly these forms. One that only reads like a marker is refused, since students would see it;
SUSPECT tells which those are. It looks at a comment's first words: prose that begins with another word is always safe.
"""

import difflib
import os
import re
import subprocess
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

LAST_LAB = 10           # the course has ten labs; `until lab N` may name one that is not written yet
FOREVER = 1 << 30
LEADERS = {".c": "//", ".h": "//", ".asm": ";", ".inc": ";"}

# What belongs to lab N by its name alone.
DRAFT = "labs/draft.toml"
OF_LAB = re.compile(r"labs/lab0*(\d+)-|(?:grade|handouts)/(?:.*/)?lab(\d+)(?:[./]|$)")

# Whatever opens a comment in one of our languages, so that `/* lab 3 */` or `;; lab 3` is noticed as well.
OPENER = re.compile(r"(?://|/\*|;|#)[\s/*;#!-]*(?=[\w(\[<\"'])")
WORD = re.compile(r"[a-z]+|[0-9]+(?:\.[0-9]+)*|:")
MARK = re.compile(r"(?P<until>until )?lab (?P<lab>[1-9][0-9]*)(?:(?P<edge> begin| end)|(?P<rest>[:,;]? \S.*)?)"
                  r"|exercise (?P<id>[1-9][0-9]*\.[1-9][0-9]*) (?P<part>begin: (?P<hint>\S.*)|stub|end)")

# What reads like a marker, one letter for each of a comment's first words: K `lab` or `exercise`, k nearly `exercise`,
# q nearly `lab`, U `until` or nearly, V `begin`, `end` or `stub`, v nearly, N a number, o other.
SUSPECT = re.compile(r"K:?N"                # lab 3, Lab3, exercise 3.2: must be right to the letter
                     r"|kN(.{0,2}[Vv]|$)"   # excercise 3.2 begin; not "exercises 3.2 and 3.3 call this"
                     r"|qN(.?[Vv]|$)"       # labs 4 begin; not "labs 4 to 6 need this"
                     r"|UK|U[kq]N|UN(V|$)"  # until lab x, unitl lab 4, until 7; not "until 7 bytes are left"
                     r"|K(V|oV($|:))"       # lab begin, lab x begin; not "exercise the end of a buffer"
                     r"|VK(N|$)")           # begin lab 4; not "end of lab 4"


class Refused(Exception):
    """The project cannot be sliced; .problems lists why, each as "file:line: what is wrong"."""

    def __init__(self, problems):
        self.problems = sorted(problems, key=lambda p: (p.split(":")[0], int(p.split(":")[1])))
        super().__init__("\n".join(self.problems))


def near(word, *choices):
    return bool(difflib.get_close_matches(word, choices, 1, 0.75))


def shape(word):
    """The letter of SUSPECT for a word."""
    exact = {"lab": "K", "exercise": "K", "begin": "V", "end": "V", "stub": "V", ":": ":"}
    if word[0].isdigit() or word in exact:
        return exact.get(word, "N")
    kinds = (("k", "exercise"), ("U", "until"), ("q", "lab"), ("v", "begin"), ("v", "end"), ("v", "stub"))
    return next((letter for letter, model in kinds if near(word, model)), "o")


def suspicious(comment):
    words = WORD.findall(comment.lower())[:5]
    # Quick, because nearly every comment ends here: without a number or a keyword nothing in SUSPECT can match.
    return any(w[0].isdigit() or w in ("lab", "exercise") for w in words) and SUSPECT.match("".join(map(shape, words)))


def read_mark(line, leader):
    """The marker in this line as (match of MARK, text before it), or None. Raises ValueError for one that is wrong."""
    openers = OPENER.finditer(line)
    start = next((opener.end() for opener in openers if suspicious(line[opener.end():])), None)
    if start is None:
        return None
    comment, code = line[start:].rstrip(), line[:start].removesuffix(leader + " ")
    mark = MARK.fullmatch(comment)
    after = WORD.findall((mark["rest"] or "").lstrip(":,; ").lower()) if mark else []
    if not mark or after and not mark["until"] and near(after[0], "begin", "end", "stub"):
        raise ValueError(f'"{comment}" reads like a marker but is none (scripts/slicer.py has the forms); '
                         "if it is prose, use other words, or other words first")
    if len(code) == start or code[-1:].strip():
        raise ValueError(f'"{comment}": in this file a marker begins with "{leader} ", after a blank if code is before it')
    if mark["until"] and not mark["edge"] and (code.strip() or (mark["rest"] or "")[:2] != ": "):
        raise ValueError(f'"{comment}": what goes away is a comment: "{leader} {mark["until"]}lab {mark["lab"]}: code"')
    if code.strip() and (mark["edge"] or mark["id"]):
        raise ValueError(f'"{comment}" must stand alone on its line')
    if not code.strip() and not mark["edge"] and not mark["until"] and not mark["id"]:
        raise ValueError(f'"{comment}" marks an empty line: a block has "begin" and "end"')
    return mark, code


def uncomment(line, leader):
    """The code in a line of a stub or of an `until` block. Raises ValueError if the line is live code."""
    match = re.fullmatch(rf"(\s*){leader}(?: (.*))?|\s*", line)
    if not match:
        raise ValueError(f'what only a starter or an earlier lab has is a comment in src/: "{leader} {line.strip()}"')
    return match[1] + match[2] if match[2] else ""


@dataclass
class Region:
    """One region of an exercise: lines first..last of its file, markers included."""
    id: str
    hint: str
    head: str                   # the marker's indentation and comment leader
    first: int
    last: int = 0
    solution: list = field(default_factory=list)
    stub: list = None           # None until its marker was seen

    @property
    def lab(self):
        return int(self.id.split(".")[0])

    def starter(self):
        return [f"{self.head} Exercise {self.id}: {self.hint}", f"{self.head} Your code here.", *self.stub]


@dataclass
class Block:
    """Text that is there in labs first <= N < until; opened by `name begin` in this line (0: the file itself)."""
    first: int
    until: int = FOREVER
    line: int = 0
    name: str = ""


class Source:
    """A sliced file: .regions, .problems, and text(n, is_stub) for one lab."""

    def __init__(self, path, text, lab=1, labs=LAST_LAB):
        self.path, self.labs, self.problems, self.regions = path, labs, [], []
        self.leader = LEADERS.get(os.path.splitext(path)[1], "#")
        self.end = "\n" if text.endswith("\n") else ""
        self.pieces = []                # (Block, line or Region)
        self.marks = []                 # lines with a lab or until marker
        self.blocks = [Block(lab)]      # the open ones
        self.region = None              # the open one
        for number, line in enumerate(text.removesuffix("\n").split("\n"), 1):
            try:
                self._line(number, line)
            except ValueError as error:
                self._refuse(number, error)
        if self.region:
            self._refuse(self.region.first, f"exercise {self.region.id} has no end")
        for block in self.blocks[1:]:
            self._refuse(block.line, f'"{block.name} begin" has no end')
        self._check_neighbours()

    def _refuse(self, line, why):
        self.problems.append(f"{self.path}:{line}: {why}")

    def _line(self, number, line):
        found, region, block = read_mark(line, self.leader), self.region, self.blocks[-1]
        if not found and region and region.stub is not None:
            region.stub.append(uncomment(line, self.leader))
        elif not found and region:
            region.solution.append(line)
        elif not found:
            self.pieces.append((block, uncomment(line, self.leader) if block.name.startswith("until") else line))
        elif found[0]["id"]:
            self._exercise(number, *found)
        else:
            self.marks.append(number)
            if region:
                raise ValueError(f'"{found[0][0]}" inside exercise {region.id}, which is final for all labs once written')
            self._lab(number, *found)

    def _exercise(self, number, mark, indent):
        region, block, name = self.region, self.blocks[-1], mark["id"]
        if mark["hint"]:
            if region:
                raise ValueError(f"exercise {name} begins inside exercise {region.id} of line {region.first}")
            self.region = Region(name, mark["hint"], indent + self.leader, number)
            if block.until != FOREVER or block.first > self.region.lab:
                raise ValueError(f"exercise {name}: the text around it comes after lab {self.region.lab} or goes away")
        elif not region or region.id != name or mark["part"] == "stub" and region.stub is not None:
            raise ValueError(f'"{mark[0]}" does not belong here' +
                             (f": line {region.first} began exercise {region.id}" if region else ": it has no begin"))
        elif mark["part"] == "stub":
            region.stub = []
        else:
            self.region, region.last = None, number
            if region.stub is None:
                raise ValueError(f'exercise {name} has no "stub" line (nothing need follow it)')
            self.regions.append(region)
            self.pieces.append((block, region))

    def _lab(self, number, mark, code):
        block, lab, until = self.blocks[-1], int(mark["lab"]), mark["until"]
        name = f"{until or ''}lab {lab}"
        if mark["edge"] == " end":
            if block.name != name:
                raise ValueError(f'"{mark[0]}" does not belong here' +
                                 (f': line {block.line} began "{block.name}"' if block.line else ": it has no begin"))
            self.blocks.pop()
            return
        inner = Block(block.first, lab, number, name) if until else Block(lab, FOREVER, number, name)
        if mark["edge"]:
            self.blocks.append(inner)
        else:
            self.pieces.append((inner, code + mark["rest"][2:] if until else code.rstrip()))
        if lab > (LAST_LAB if until else self.labs):
            raise ValueError(f'"{name}": there is no lab {lab}')
        if block.name.startswith("until"):
            raise ValueError(f'"{mark[0]}" inside "{block.name} begin" of line {block.line}, where all is a comment')
        if lab <= block.first:
            raise ValueError(f'"{name}" changes nothing: the text around it is there from lab {block.first} on')

    def _check_neighbours(self):
        """Two lines must lie between an exercise and what another lab changes: else git sees a conflict."""
        for region in self.regions:
            close = [*range(region.first - 2, region.first), *range(region.last + 1, region.last + 3)]
            where = f"within two lines of exercise {region.id} (lines {region.first}-{region.last}): git would see a conflict"
            for line in (line for line in close if line in self.marks):
                self._refuse(line, f"a lab marker {where}")
            for other in self.regions:
                if other.first in close and other.lab != region.lab:
                    self._refuse(other.first, f"exercise {other.id}, of another lab, {where}")

    def text(self, n, is_stub):
        """The file in lab n; is_stub(region) says which regions are the starter's. None if nothing is left of it."""
        out, gap = [], False    # gap: lines were left out just before, so two blank lines may meet
        for block, piece in self.pieces:
            if not block.first <= n < block.until:
                gap = True
            elif isinstance(piece, Region):
                out += piece.starter() if is_stub(piece) else piece.solution
                gap = False
            elif piece.strip() or not gap or out and out[-1].strip():
                out.append(piece)
                gap = False
        while gap and out and not out[-1].strip():
            out.pop()
        return "\n".join(out) + self.end if out or not self.pieces else None


@dataclass
class Lab:
    number: int
    title: str
    toml: str                   # path of its lab.toml
    exercises: dict             # id -> its table there
    files: list


class Project:
    """The project in folder root, read once and checked. Raises Refused with all problems."""

    def __init__(self, root):
        self.root, self.problems, self.texts = Path(root), [], {}
        # What git tracks or would add: build output never gets into a tree.
        git = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                             cwd=root, capture_output=True, text=True)
        if git.returncode:
            raise Refused([f"{root}:1: git cannot list the files: {git.stderr.strip()}"])
        self.paths = sorted({p for p in git.stdout.split("\0") if (self.root / p).is_file()})
        self.labs = self._labs()
        self.exercises = {name: entry for lab in self.labs for name, entry in lab.exercises.items()}
        common = self._toml("labs/common.toml")
        # What is written already of the lab after the last: it counts as that lab's, which no tree has yet.
        draft = self._toml(DRAFT) if DRAFT in self.paths else None
        self.last = len(self.labs) + (draft is not None)        # the highest number that a marker may have
        self.draft = draft["files"] if draft else []
        self.renames, self.sliced = common.get("rename", {}), common.get("sliced", [])
        owners = self._owners([*common.get("files", []), *self.renames, *self.sliced])
        self.files = {}         # path -> (its lab or 0, git mode, bytes, Source or None)
        for path in self.paths:
            self._add(path, owners)
        self._check_exercises()
        if self.problems:
            raise Refused(self.problems)

    def _toml(self, path):
        try:
            self.texts[path] = (self.root / path).read_text()
            return tomllib.loads(self.texts[path])
        except (OSError, ValueError) as error:
            self.problems.append(f"{path}:1: {error}")
            return {}

    def _refuse(self, path, needle, why):
        """A problem of a TOML file, at the first line that has needle."""
        lines = self.texts[path].split("\n")
        self.problems.append(f"{path}:{next((i for i, line in enumerate(lines, 1) if needle in line), 1)}: {why}")

    def _labs(self):
        labs = []
        for path in (p for p in self.paths if re.fullmatch(r"labs/lab\d[^/]*/lab\.toml", p)):
            table, number, exercises = self._toml(path), len(labs) + 1, {}
            folder = f"lab{number:02}-{table.get('name')}"
            if table and (table.get("number") != number or path.split("/")[1] != folder):
                self._refuse(path, "number", f"this should be lab {number}, in folder labs/{folder}")
            for entry in table.get("exercise", []):
                name = str(entry.get("id"))
                if {"title", "points", "handout"} - entry.keys() or ("file" in entry) == ("files" in entry):
                    self._refuse(path, f'"{name}"', f"exercise {name} needs title, points, handout and file or files")
                if name.partition(".")[0] != str(number) or name in exercises:
                    self._refuse(path, f'"{name}"', f"exercise {name} is there twice or not of lab {number}")
                exercises[name] = entry
            points = sum(entry.get("points", 0) for entry in exercises.values())
            if table and points != 100:
                self._refuse(path, "[[exercise]]", f"the exercises' points add up to {points}, not 100")
            labs.append(Lab(number, table.get("title", ""), path, exercises, table.get("files", [])))
        if not labs:
            self.problems.append("labs:1: there is no labs/labNN-name/lab.toml")
        return labs

    def _owners(self, common):
        """{file or folder/: number of its lab}; 0 for what every lab has."""
        owners, listed = dict.fromkeys(common, 0), [("labs/common.toml", entry) for entry in common]
        for lab in self.labs:
            listed += [(lab.toml, entry) for entry in lab.files]
            for entry in lab.files:
                if owners.setdefault(entry, lab.number) != lab.number:
                    self._refuse(lab.toml, f'"{entry}"', f"{entry} is given to another lab, or to all, as well")
        for entry in self.draft:
            if owners.setdefault(entry, self.last) != self.last:
                self._refuse(DRAFT, f'"{entry}"', f"{entry} is given to another lab, or to all, as well")
        for toml, entry in [*listed, *((DRAFT, entry) for entry in self.draft)]:
            if not any(p == entry or entry.endswith("/") and p.startswith(entry) for p in self.paths):
                self._refuse(toml, f'"{entry}"', f"there is no file {entry}")
        return owners

    def _add(self, path, owners):
        # The most specific entry wins: the file itself, then what its name says, then the innermost folder.
        folders = [path[:i + 1] for i in range(len(path) - 1, -1, -1) if path[i] == "/"]
        of_lab = OF_LAB.match(path)
        lab = owners.get(path, int(of_lab[1] or of_lab[2]) if of_lab else
                         next((owners[name] for name in folders if name in owners), None))
        in_src, file, source = path.startswith("src/"), self.root / path, None
        if in_src and not lab:
            self.problems.append(f"{path}:1: this file belongs to no lab: put it, or its folder, into files of a lab.toml")
        if lab is None:
            return
        if file.is_symlink():
            self.problems.append(f"{path}:1: a lab tree has no symbolic links")
        data = file.read_bytes()
        if (in_src or path in self.sliced) and b"\0" not in data:
            source = Source(path, data.decode(errors="surrogateescape"), max(lab, 1), self.last)
            self.problems += source.problems
            if source.regions and not in_src:
                self.problems.append(f"{path}:{source.regions[0].first}: an exercise outside src/")
        self.files[path] = (lab, "100755" if file.stat().st_mode & 0o100 else "100644", data, source)

    def _check_exercises(self):
        found = set()
        for path, region in self.regions():
            found.add((region.id, path))
            entry = self.exercises.get(region.id, {})
            if path not in entry.get("files", [entry.get("file")]):
                self.problems.append(f"{path}:{region.first}: no lab.toml has an exercise {region.id} in this file")
        for lab in self.labs:
            for name, entry in lab.exercises.items():
                for path in entry.get("files", [entry.get("file")]):
                    if (name, path) not in found:
                        self._refuse(lab.toml, f'"{name}"', f"exercise {name} has no region in {path}")
                for need in entry.get("needs", []):
                    if need not in self.exercises:
                        self._refuse(lab.toml, f'"{name}"', f"exercise {name} needs {need}, which does not exist")

    def tree(self, n, s, stub=None):
        """{path: (mode, bytes)} of labs 1..n, labs 1..s solved; or, if stub is an exercise, all solved but that one."""
        def is_stub(region):
            return region.id == stub if stub else s < region.lab <= n
        tree = {}
        for path, (lab, mode, data, source) in self.files.items():
            text = source.text(n, is_stub) if source and lab <= n else ""
            if lab <= n and text is not None:
                tree[self.renames.get(path, path)] = (mode, text.encode(errors="surrogateescape") if source else data)
        return dict(sorted(tree.items()))

    def regions(self, lab=None):
        """The regions of a lab's exercises, or of all, as (path, Region), in the order of the files."""
        return [(path, region) for path, (_, _, _, source) in self.files.items() if source
                for region in source.regions if lab in (None, region.lab)]
