"""
Takes the sources out of a submission and nothing else: finds them in what was handed in, checks every name and kind of
file, and copies ordinary files only. A submission is untrusted; whatever is odd in it is refused with a message that tells
the student what to do. Compiling them is build.py's business.
"""

import gzip
import os
import re
import shutil
import stat
import tarfile
import zlib
from pathlib import Path

MAX_FILES = 2000
MAX_FILE = 4 << 20          # bytes; the largest file of the complete system is far below a tenth of it
MAX_TOTAL = 32 << 20
MAX_DEPTH = 10              # folders in folders
MAX_ARCHIVE = 256 << 20     # bytes unpacked, with everything beside src/
SEARCH_DEPTH = 3            # how deep src/ may lie in what was handed in
ARCHIVES = (".tar.gz", ".tgz")

# A name that make, the shell and every tool take for what it is: no blank, no $ or ;, no dash in front.
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,99}\Z")
# What editors and systems leave lying about, and no build looks at.
LITTER = re.compile(r"\..*|.*~|#.*#|__MACOSX", re.DOTALL)


class Refused(Exception):
    """This submission cannot be taken as it is. The message says why and what to do about it."""


def is_archive(path):
    return path.name.endswith(ARCHIVES) and stat.S_ISREG(os.lstat(path).st_mode)


def locate(path, scratch):
    """The folder that holds src/ of what was handed in: a folder, an archive, or a folder that holds only an archive."""
    path = Path(path)
    if is_archive(path):
        return unpack(path, scratch)
    try:
        return find(path)
    except Refused:
        archives = [entry for entry in path.iterdir() if is_archive(entry)]
        if len(archives) != 1:
            raise
    return unpack(archives[0], scratch)


def find(folder):
    """The folder that holds src/: `folder` itself or one within it, as archives often have one more folder around all."""
    level = [Path(folder)]
    for _ in range(SEARCH_DEPTH + 1):
        found = [place for place in level if _is_folder(place / "src")]
        if len(found) == 1:
            return found[0]
        if found:
            names = " and ".join(str(place.relative_to(folder) / "src") for place in sorted(found)[:2])
            raise Refused(f"There is more than one src folder ({names}). Hand in one.")
        level = [Path(entry.path) for place in level for entry in os.scandir(place)
                 if entry.is_dir(follow_symlinks=False) and not LITTER.fullmatch(entry.name)]
    raise Refused("There is no src folder in what was handed in. Hand in the file that `make handin` makes, or a folder "
                  "that holds src with all that is in it.")


def unpack(archive, folder):
    """Unpack the sources in a .tar.gz (what `make handin` makes) into the empty `folder`; the folder that holds src."""
    files = total = 0
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with gzip.open(archive) as stream, tarfile.open(fileobj=_Bounded(stream, MAX_ARCHIVE), mode="r|") as tar:
            for member in tar:
                # The first src on the way counts; what is beside it is not looked at.
                parts = [part for part in member.name.split("/") if part not in ("", ".")]
                if "src" not in parts[:SEARCH_DEPTH + 1] or any(map(LITTER.fullmatch, parts)):
                    continue
                start = parts.index("src")
                shown = "/".join(parts[start:])
                for part in parts[start:]:
                    _check_name(part, shown)
                if member.isdir():
                    continue
                if not member.isreg():
                    raise Refused(_odd_kind(shown, "a link" if member.issym() or member.islnk() else "no ordinary file"))
                files, total = files + 1, total + member.size
                _check_size(shown, len(parts) - start - 2, member.size, files, total)
                around = [re.sub(r"[^A-Za-z0-9_.-]", "_", part) for part in parts[:start]]
                target = folder.joinpath(*around, *parts[start:])
                target.parent.mkdir(parents=True, exist_ok=True)
                with open(target, "wb") as copy:
                    shutil.copyfileobj(tar.extractfile(member), copy)
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, ValueError, OverflowError) as error:
        raise Refused(f"{Path(archive).name} is damaged or no .tar.gz file ({error}). Make it again with `make handin`, "
                      "and look at it with `tar tzf`.") from None
    except (NotADirectoryError, IsADirectoryError, FileExistsError):
        raise Refused(f"{Path(archive).name} holds a file and a folder of one name. Make it again with `make handin`."
                      ) from None
    return find(folder)


def copy_sources(tree, destination):
    """
    Make `destination` hold the files of tree/src and no others. A file that is the same already is left alone with its
    time stamp, so that make sees what changed. True if the set of files is another than before.
    """
    source = Path(tree) / "src"
    if not _is_folder(source):
        kind = "is no folder of its own" if os.path.lexists(source) else "is not there"
        raise Refused(f"src {kind}. The sources of the system must be in a folder src, as in the lab you were given.")
    wanted = dict(_walk(source))
    if not wanted:
        raise Refused("src is empty. The sources of the system must be in it, as in the lab you were given.")
    destination.mkdir(parents=True, exist_ok=True)
    present = {str(path.relative_to(destination)) for path in destination.rglob("*") if not path.is_dir()}
    for name in present - set(wanted):
        (destination / name).unlink()
    for folder, folders, files in os.walk(destination, topdown=False):
        if not folders and not files and Path(folder) != destination:
            Path(folder).rmdir()
    for name, content in wanted.items():
        target = destination / name
        if name in present and target.read_bytes() == content:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        # Under another name first: a half-written source must not be taken for a newer one after an interruption.
        new = target.with_name(target.name + ".new~")
        new.write_bytes(content)
        new.replace(target)
    return set(wanted) != present


def _walk(source):
    """(path in src, content) of each file in it, checked."""
    files = total = folders = 0
    pending = [(source, 0)]
    while pending:
        folder, depth = pending.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except PermissionError:
            raise Refused("A folder in src cannot be read. Give it the usual permissions: chmod -R u+rwX src") from None
        for entry in entries:
            if LITTER.fullmatch(entry.name):
                continue
            shown = "src/" + os.path.relpath(entry.path, source)
            _check_name(entry.name, shown)
            if entry.is_dir(follow_symlinks=False):
                folders += 1
                _check_size(shown, depth + 1, 0, folders, 0)
                pending.append((entry.path, depth + 1))
                continue
            content = _read_ordinary(entry.path, shown)
            files, total = files + 1, total + len(content)
            _check_size(shown, depth, len(content), files, total)
            yield os.path.relpath(entry.path, source), content


def _read_ordinary(path, shown):
    """The content, if it is an ordinary file. Never follows a link, never waits for the writer of a pipe."""
    mode = os.lstat(path).st_mode
    if stat.S_ISREG(mode):
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except PermissionError:
            raise Refused(f"{shown} cannot be read. Give it the usual permissions: chmod 644 {shown}") from None
        with open(handle, "rb") as file:
            if stat.S_ISREG(os.fstat(handle).st_mode):
                return file.read(MAX_FILE + 1)
    raise Refused(_odd_kind(shown, "a symbolic link" if stat.S_ISLNK(mode) else "no ordinary file"))


def _odd_kind(shown, kind):
    return f"{_shown(shown)} is {kind}. Only ordinary files are taken: put the file itself there, or remove it."


def _check_name(name, shown):
    if not NAME.match(name):
        raise Refused(f"The name {_shown(shown)} cannot be used: the name of a file or folder in src is made of letters, "
                      "digits and _ . + -, does not begin with - or +, and has at most 100 characters. Rename it.")


def _check_size(shown, depth, size, files, total):
    if depth > MAX_DEPTH:
        raise Refused(f"The folders in src are nested more than {MAX_DEPTH} deep ({_shown(shown)}).")
    if size > MAX_FILE:
        raise Refused(f"{_shown(shown)} is larger than {MAX_FILE >> 20} MB. Only sources belong into src: remove it.")
    if files > MAX_FILES:
        raise Refused(f"There are more than {MAX_FILES} files or folders in src. Only sources belong into it: remove the others.")
    if total > MAX_TOTAL:
        raise Refused(f"The files in src have more than {MAX_TOTAL >> 20} MB together. Only sources belong into it.")


def _shown(name):
    """A name as it can be printed: a newline or an escape sequence in it must not reach a terminal or a table."""
    return name if name.isascii() and name.isprintable() else ascii(name)


def _is_folder(path):
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


class _Bounded:
    """Reads from a stream up to a limit: an archive of some kilobytes can hold gigabytes."""

    def __init__(self, stream, limit):
        self.stream, self.left, self.limit = stream, limit, limit

    def read(self, size=-1):
        data = self.stream.read(size)
        self.left -= len(data)
        if self.left < 0:
            raise Refused(f"The archive holds more than {self.limit >> 20} MB. Make it with `make handin`.")
        return data
