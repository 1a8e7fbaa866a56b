"""
A model of a tree of files, in memory, and a random script of operations on it and on the real one: both must agree about each
operation's outcome, and about the tree afterwards.
"""
import errno
import random

from fsdrive import fill_bytes, file_entry


class File:
    """A regular file, a symbolic link, a device; or a directory, which has children."""

    def __init__(self, kind, mode=0, **more):
        self.kind, self.mode, self.links = kind, mode, 1
        self.data, self.children = bytearray(), {}
        self.target, self.rdev = more.get("target"), more.get("rdev")

    def entry(self):
        if self.kind == "dir":
            folders = sum(c.kind == "dir" for c in self.children.values())
            return "dir", f"{self.mode:o}", str(2 + folders)
        if self.kind == "link":
            return "link", self.target
        if self.kind == "node":
            return "node", f"{self.mode:o}", str(self.rdev)
        return file_entry(bytes(self.data), self.mode, self.links)


class Model:
    def __init__(self, seed, keep=None):
        """`keep` is a directory that is there from the beginning, and stays as it is."""
        self.random = random.Random(seed)
        self.root = File("dir", 0o755)
        self.keep = f"/{keep}"
        if keep:
            self.root.children[keep] = File("dir", 0o700)
        self.full = 0                       # operations for which there was no room

    def parent_of(self, path):
        *folders, name = path.split("/")[1:]
        folder = self.root
        for part in folders:
            folder = folder.children[part]
        return folder, name

    def all(self, folder=None, at=""):
        """(path, file) of everything but the root."""
        for name, file in (folder or self.root).children.items():
            yield f"{at}/{name}", file
            if file.kind == "dir":
                yield from self.all(file, f"{at}/{name}")

    def tree(self):
        return {"/": self.root.entry(), **{path: file.entry() for path, file in self.all()}}

    # ---- one random operation

    def name(self):
        pick = self.random
        if pick.random() < 0.5:
            return pick.choice("abcdefgh") * pick.choice([1, 1, 2, 3, 8, 50, 120, 255])
        return "".join(pick.choice("abcXYZ012 é.") for _ in range(pick.randint(3, 30))).strip() + "_"

    def new_path(self):
        folders = [""] + [path for path, file in self.all() if file.kind == "dir" and path != self.keep]
        return f"{self.random.choice(folders)}/{self.name()}"

    def step(self, drive):
        """One operation on both."""
        every = [x for x in self.all() if x[0] != self.keep]
        operation, files = self.random.choices(
            [(self.make, None), (self.symlink, None), (self.link, "file"), (self.unlink, "any"), (self.rmdir, "any"),
             (self.rename, "any"), (self.write, "file"), (self.truncate, "file"), (self.chmod, "file"), (self.sync, None)],
            [18, 4, 4, 8, 4, 8, 20, 6, 3, 1])[0]
        if files:
            choice = [x for x in every if files == "any" or x[1].kind == files]
            if choice:
                operation(drive, *self.random.choice(choice))
        else:
            operation(drive)

    def expect(self, drive, expected, *command):
        """The command ends so; or there is no room, which is noted. Returns whether it was done."""
        got = drive.tries(*command)
        if got == errno.ENOSPC and not expected:
            self.full += 1
            return False
        assert got == expected, f"{command}: {errno.errorcode.get(got, got)}, not {errno.errorcode.get(expected, expected)}"
        return not got

    def add(self, drive, path, file, *command):
        folder, name = self.parent_of(path)
        if self.expect(drive, errno.EEXIST if name in folder.children else 0, *command):
            folder.children[name] = file
            return True
        return False

    def make(self, drive):
        path, kind = self.new_path(), self.random.choice(["file", "file", "dir", "dir", "node"])
        if kind == "node":
            mode, rdev = self.random.choice([0o20600, 0o60640]), self.random.choice([0x103, 0x801, 0x12345678])
            self.add(drive, path, File("node", mode, rdev=rdev), "mknod", path, f"{mode:o}", rdev)
        else:
            mode = self.random.choice([0o755, 0o700, 0o4711])
            self.add(drive, path, File(kind, mode), "mkdir" if kind == "dir" else "create", path, f"{mode:o}")

    def symlink(self, drive):
        path = self.new_path()
        target = "".join(self.random.choice("abc/") for _ in range(self.random.choice([1, 20, 59, 60, 61, 200, 900])))
        self.add(drive, path, File("link", target=target), "symlink", target, path)

    def link(self, drive, there, file):
        path = self.new_path()
        if self.add(drive, path, file, "link", there, path):
            file.links += 1

    def unlink(self, drive, path, file):
        if self.expect(drive, errno.EISDIR if file.kind == "dir" else 0, "unlink", path):
            folder, name = self.parent_of(path)
            del folder.children[name]
            file.links -= 1

    def rmdir(self, drive, path, file):
        expected = errno.ENOTDIR if file.kind != "dir" else errno.ENOTEMPTY if file.children else 0
        if self.expect(drive, expected, "rmdir", path):
            folder, name = self.parent_of(path)
            del folder.children[name]

    def rename(self, drive, path, file):
        to = self.new_path() if self.random.random() < 0.6 else self.random.choice([p for p, _ in self.all() if p != self.keep])
        from_folder, name = self.parent_of(path)
        to_folder, to_name = self.parent_of(to)
        there = to_folder.children.get(to_name)
        if there is file:
            expected = 0
        elif file.kind == "dir" and f"{to}/".startswith(f"{path}/"):
            expected = errno.EINVAL
        elif there and there.kind == "dir" and f"{path}/".startswith(f"{to}/"):
            expected = errno.ENOTEMPTY
        elif there and (there.kind == "dir") != (file.kind == "dir"):
            expected = errno.EISDIR if there.kind == "dir" else errno.ENOTDIR
        else:
            expected = errno.ENOTEMPTY if there and there.children else 0
        if self.expect(drive, expected, "rename", path, to) and there is not file:
            if there:
                there.links -= 1
            del from_folder.children[name]
            to_folder.children[to_name] = file

    def write(self, drive, path, file):
        size, pick = len(file.data), self.random
        offset = pick.choice([0, size, pick.randint(0, size + 5000), pick.randint(0, 400000)])
        n, seed = pick.choice([1, 100, 5000, pick.randint(1, 60000)]), pick.randint(0, 999)
        if self.expect(drive, 0, "fill", path, offset, seed, n):
            file.data.extend(bytes(max(0, offset + n - size)))
            file.data[offset:offset + n] = fill_bytes(seed, n)
        else:                       # of what lay between its end and the offset, there may have been room for a part
            now = int(drive("lstat", path)[0].split()[7])
            assert size <= now <= max(size, offset)
            file.data.extend(bytes(now - size))

    def truncate(self, drive, path, file):
        size = self.random.choice([0, self.random.randint(0, len(file.data) + 3000)])
        if self.expect(drive, 0, "truncate", path, size):
            file.data.extend(bytes(max(0, size - len(file.data))))
            del file.data[size:]
        else:
            now = int(drive("lstat", path)[0].split()[7])
            file.data.extend(bytes(now - len(file.data)))

    def chmod(self, drive, path, file):
        file.mode = self.random.randint(0, 0o777)
        drive("chmod", path, f"{file.mode:o}")

    def sync(self, drive):
        drive("sync")
