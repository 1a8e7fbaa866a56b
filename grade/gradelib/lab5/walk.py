"""
Paths as path_resolution(7) has them, in trees made of several file systems; and rows of operations for
labs/lab05-disks/host/walk.c.
"""

import struct

from ..lab3.host import cases, without_panic
from ..verdicts import Mismatch

MOUNT, UNMOUNT, MAKE, LOOKUP, PARENT, CD, PWD, USERS, MEMORY = range(1, 10)
DIR, FILE, LINK = 1, 2, 3
NOFOLLOW = 1
ENOENT, ENOMEM, EBUSY, ENOTDIR, EINVAL, ENAMETOOLONG, ELOOP = 2, 12, 16, 20, 22, 36, 40
LINKS_MAX, NAME_MAX, PATH_MAX = 40, 255, 4096


class Failed(Exception):
    def __init__(self, number):
        super().__init__(number)
        self.number = number


class Node:
    def __init__(self, system, number, kind, parent, name, target=None):
        self.system, self.number, self.kind, self.name, self.target = system, number, kind, name, target
        self.parent = parent or self
        self.children, self.covered = {}, None

    def __str__(self):
        return f"{self.system} {self.number}"


class Case:
    """A row of operations, with what each must say."""

    def __init__(self):
        self.systems, self.mounts = [], {}          # lists of nodes; root: the node it covers, or None
        self.operations, self.expected, self.story = [], [], []
        self.current = None

    def do(self, story, *parts, expected=()):
        self.operations.append(b"".join(struct.pack("<I", part) if isinstance(part, int) else
                                        struct.pack("<I", len(part.encode())) + part.encode() for part in parts))
        self.story.append(story)
        self.expected += [(line, len(self.story)) for line in expected]

    # ---- what must happen

    @property
    def root(self):
        return self.systems[0][0]

    @staticmethod
    def down(node):
        while node.covered:
            node = node.covered
        return node

    def step(self, node, name):
        if node.kind != DIR:
            raise Failed(ENOTDIR)
        if name == ".":
            return node
        if name == "..":
            while self.mounts.get(node):
                node = self.mounts[node]
            return node.parent
        if name not in node.children:
            raise Failed(ENOENT)
        return self.down(node.children[name])

    def walk(self, path, flags=0, parent=False):
        """The node; with parent: the directory, the last name, and whether there were slashes behind it."""
        if len(path) >= PATH_MAX:
            raise Failed(ENAMETOOLONG)
        if not path:
            raise Failed(ENOENT)
        node, links = self.root if path[0] == "/" else self.current or self.root, 0
        while True:
            rest = path.lstrip("/")
            name, slash, rest = rest.partition("/")
            if len(name) > NAME_MAX:
                raise Failed(ENAMETOOLONG)
            last = not rest.strip("/")
            if not name and not parent:
                return node
            if node.kind != DIR:
                raise Failed(ENOTDIR)
            if not name or (last and parent):
                if name in ("", ".", ".."):
                    raise Failed(EBUSY)
                return node, name, bool(slash)
            after = self.step(node, name)
            if after.kind == LINK and not (last and not slash and flags & NOFOLLOW):
                links += 1
                if links > LINKS_MAX:
                    raise Failed(ELOOP)
                path = after.target + slash + rest
                if len(path) >= PATH_MAX:
                    raise Failed(ENAMETOOLONG)
                if after.target[0] == "/":
                    node = self.root
                continue
            if last and slash and after.kind != DIR:
                raise Failed(ENOTDIR)
            node, path = after, slash + rest

    def answer(self, ask):
        try:
            return ask()
        except Failed as failed:
            return f"error {failed.number}"

    # ---- operations

    def mount(self, path):
        def ask():
            on = None
            if self.systems:
                on = self.walk(path)
                if on.kind != DIR:
                    return f"mount {ENOTDIR}"
                if on is self.root:
                    return f"mount {EBUSY}"
            root = Node(len(self.systems), 1, DIR, None, "")
            self.systems.append([root])
            self.mounts[root] = on
            if on:
                on.covered = root
            return "mount 0"
        self.do(f"vfs_mount on {path}", MOUNT, path, expected=[self.answer(ask).replace("error", "mount")])

    def unmount(self, path, busy=False):
        def ask():
            node = self.walk(path)
            if node not in self.mounts:
                return f"unmount {EINVAL}"
            if busy:
                return f"unmount {EBUSY}"
            self.mounts.pop(node).covered = None
            return "unmount 0"
        self.do(f"vfs_unmount of {path}", UNMOUNT, path, expected=[self.answer(ask).replace("error", "unmount")])

    def make(self, parent, kind, name, target=None):
        system = self.systems[parent.system]
        node = Node(parent.system, len(system) + 1, kind, parent, name, target)
        system.append(node)
        parent.children[name] = node
        what = ("", "a directory", "a file", "a link")[kind]
        self.do(f"{what} {name} in {where(self, parent)}" + (f", to {target}" if target else ""), MAKE, parent.system,
                parent.number, kind, name, *([target] if target else []))
        return node

    def lookup(self, path, flags=0):
        self.do(f"path_lookup of {short(path)}{' (PATH_NOFOLLOW)' if flags else ''}", LOOKUP, flags, path,
                expected=[self.answer(lambda: f"at {self.walk(path, flags)}")])

    def parent(self, path):
        def ask():
            node, name, slash = self.walk(path, parent=True)
            return f"in {node} {name} {int(slash)}"
        self.do(f"path_parent of {short(path)}", PARENT, path, expected=[self.answer(ask)])

    def cd(self, path):
        def ask():
            node = self.walk(path)
            if node.kind != DIR:
                return f"cd {ENOTDIR}"
            self.current = node
            return "cd 0"
        self.do(f"path_set_current to {path}", CD, path, expected=[self.answer(ask).replace("error", "cd")])

    def pwd(self):
        self.do("path_of_current", PWD, expected=[f"pwd {where(self, self.current or self.root)}"])

    def users(self):
        self.do("the users of all vnodes, once all are given back", USERS, expected=["users 0"])

    def memory(self, n):
        self.do(f"allocation {n} from here on fails", MEMORY, n)


def short(path):
    return repr(path) if len(path) < 60 else f"{path[:40]!r}... ({len(path)} bytes)"


def where(row, node):
    """The path from the root."""
    names = []
    while True:
        while row.mounts.get(node):
            node = row.mounts[node]
        if node is row.root:
            return "/" + "/".join(reversed(names))
        names.append(node.name)
        node = node.parent


def judge(run, rows):
    """Run the rows; Mismatch with the first operation that said what is not so."""
    answers = cases(run, "walk", [b"".join(row.operations) for row in rows])
    for row, seen in zip(rows, without_panic(answers, "walks and mounts")):
        for (line, at), found in zip(row.expected + [("nothing more", len(row.story))], seen + ["nothing more"]):
            if line != found:
                raise Mismatch(f"operation {at} ({row.story[at - 1]})", line, found,
                               ["what was there, and was asked before:", *row.story[max(0, at - 12):at]])


NAMES = ["a", "b", "c", "bin", "etc", "x.y", "...", "..a", ".b", "long" * 20]


def some_tree(rng, systems, nodes, links=True):
    """A row that has made a random tree, some of whose directories are covered, and all its nodes."""
    row = Case()
    row.mount("/")
    everything = [row.root]
    for _ in range(nodes):
        parent = rng.choice([node for node in everything if node.kind == DIR])
        name = rng.choice(NAMES)
        if name in parent.children:
            continue
        kind = rng.choices([DIR, FILE, LINK], [6, 2, 2 if links else 0])[0]
        target = None
        if kind == LINK:
            target = rng.choice(["/", "", "../", "../../", "./", "//"]) + some_path(rng, 2)
        everything.append(row.make(parent, kind, name, target))
        if len(row.systems) < systems and rng.random() < 0.25:
            covered = [node for node in everything if node.covered]
            on = rng.choice(covered if covered and rng.random() < 0.4 else [node for node in everything if node.kind == DIR])
            place = where(row, row.down(on))
            before = len(row.systems)
            row.mount(place)
            if len(row.systems) > before:
                everything.append(row.systems[-1][0])
    return row, everything


def some_path(rng, parts):
    names = [rng.choice(NAMES[:5] if rng.random() < 0.9 else NAMES) for _ in range(rng.randint(1, parts))]
    return "/".join(rng.choice([name] * 6 + [".", "..", name + "/"]) for name in names)


def path_to(rng, row, node):
    """A path that leads there: straight, or with detours."""
    path = where(row, node)
    if rng.random() < 0.5:
        path = path.replace("/", rng.choice(["//", "/./", "/"]))
    if node.kind == DIR and rng.random() < 0.5:
        inside = rng.choice(list(node.children) or ["."])
        path += rng.choice(["/", "/.", "/..", f"/{inside}/..", f"/{inside}", "/../", "/../.."])
    return path
