"""
The ext2 file system, as a program of the host (tests/hosted/fsdrive), against e2fsprogs: what mke2fs makes is read as it is,
what is written e2fsck finds nothing in and debugfs reads back; full volumes, large ones, damaged ones.
"""
import errno
import os
import random
import shutil
import stat
import struct
import subprocess
import zlib
from pathlib import Path

import pytest

import fsdrive
from fsdrive import Drive, FsError, file_entry, fill_bytes
from fsimage import Ext2Image, damage, fsck_ext2, make_ext2
from fsmodel import Model

VARIANTS = {
    "1k": ["-b", "1024"],
    "2k": ["-b", "2048"],
    "4k": ["-b", "4096"],
    "revision-0": ["-r", "0", "-O", "none", "-b", "1024"],
    "plain": ["-O", "none", "-I", "128"],
    "all-supers": ["-O", "^sparse_super,^resize_inode", "-b", "1024"],
    "inode-128": ["-I", "128", "-b", "1024"],
    "inode-256": ["-I", "256", "-b", "1024"],
    "small-groups": ["-b", "1024", "-g", "512", "-N", "400"],
    "journal": ["-t", "ext3", "-b", "1024"],
}


@pytest.fixture(scope="module", autouse=True)
def built():
    fsdrive.build()


def read_host(folder, at="", links=None):
    """What tree() must say of this folder of the host."""
    found = {}
    links = {} if links is None else links
    for entry in sorted(os.listdir(folder)):
        path, info = folder / entry, os.lstat(folder / entry)
        name, mode = f"{at}/{entry}", f"{info.st_mode & 0o7777:o}"
        if stat.S_ISDIR(info.st_mode):
            below = read_host(path, name, links)
            found[name] = ("dir", mode, str(2 + sum(v[0] == "dir" and k.count("/") == name.count("/") + 1
                                                    for k, v in below.items())))
            found |= below
        elif stat.S_ISLNK(info.st_mode):
            found[name] = ("link", os.readlink(path))
        elif stat.S_ISREG(info.st_mode):
            found[name] = file_entry(path.read_bytes(), info.st_mode & 0o7777, info.st_nlink)
        else:
            found[name] = ("node", f"{info.st_mode:o}", str(os.major(info.st_rdev) << 8 | os.minor(info.st_rdev)))
    return found


def grow_tree(folder, seed):
    """A random tree on the host: sizes around what blocks hold, holes, links of both kinds, many names, odd names."""
    pick = random.Random(seed)
    folders = [folder]
    folder.mkdir()
    for n in range(8):
        below = pick.choice(folders) / f"folder {n}"
        below.mkdir(mode=pick.choice([0o755, 0o700]))
        folders.append(below)
    for n in range(60):
        path = pick.choice(folders) / (f"é-{n}" if n % 9 == 0 else str(n) * pick.choice([1, 2, 40]))
        if n % 5 == 0:
            path.symlink_to("t" * pick.choice([1, 59, 60, 61, 500]))
            continue
        with open(path, "wb") as file:
            for _ in range(pick.randint(0, 3)):
                file.seek(pick.choice([0, 1023, 4096, 12288, pick.randint(0, 300_000)]), os.SEEK_CUR)
                file.write(pick.randbytes(pick.choice([1, 1024, 5000, 20_000])))
        path.chmod(pick.choice([0o644, 0o4755, 0o400]))
        if n % 7 == 0:
            os.link(path, pick.choice(folders) / f"hard-{n}")
    many = folder / "many"
    many.mkdir()
    for n in range(300):
        (many / f"a name that is long enough to need several blocks {n}").touch()
    return folder


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_mke2fs_made_is_read(variant, tmp_path):
    image = tmp_path / "image"
    folder = grow_tree(tmp_path / "tree", variant)
    folder.chmod(0o755)
    make_ext2(image, "6M", "-N", "600", *VARIANTS[variant], tree=folder)
    before = image.read_bytes()
    with Drive(image, "ext2", "ro") as drive:
        found = drive.tree()
        assert drive("lstat", "/many")[0].split()[4:6] == [str(os.getuid()), str(os.getgid())]
        assert int(drive("lstat", "/many")[0].split()[10]) == int((folder / "many").stat().st_mtime)
        drive.unmount()
    del found["/"], found["/lost+found"]
    assert found == read_host(folder)
    assert image.read_bytes() == before             # read-only means so


def read_debugfs(image, folder):
    """The same, of what debugfs copies out of the volume."""
    folder.mkdir()
    subprocess.run(["debugfs", "-R", f"rdump / {folder}", image], check=True, capture_output=True)
    return read_host(folder)


SCRIPTS = [(variant, "500K") for variant in VARIANTS if variant != "journal"]
SCRIPTS += [("1k", "4M"), ("4k", "4M"), ("small-groups", "4M"), ("journal", "2M")]


@pytest.mark.parametrize("variant, size", SCRIPTS)
def test_random_script(variant, size, tmp_path):
    image = tmp_path / "image"
    make_ext2(image, size, *VARIANTS[variant])
    model = Model(f"{variant} {size}", keep="lost+found")
    with Drive(image) as drive:
        for _ in range(120):
            model.step(drive)
        assert drive.tree() == model.tree()
        drive.unmount()
        assert not [line for line in drive.log() if "ext2" in line]
    fsck_ext2(image)
    with Drive(image, "ext2", "ro") as drive:
        assert drive.tree() == model.tree()
    dumped = read_debugfs(image, tmp_path / "dump")
    assert {k: v[-1] for k, v in dumped.items() if v[0] in ("file", "link")} == {
        k: v[-1] for k, v in model.tree().items() if v[0] in ("file", "link")}


def test_rename_in_all_its_cases(tmp_path):
    image = tmp_path / "image"
    make_ext2(image, "1M", "-b", "1024")
    with Drive(image) as drive:
        for folder in ("/a", "/a/sub", "/b", "/empty", "/full"):
            drive("mkdir", folder)
        for name in ("/f", "/g", "/full/x", "/a/sub/y"):
            drive("fill", name, 0, len(name), 2000)
        drive("rename", "/f", "/g")                     # over a file
        drive("rename", "/a/sub", "/b/sub")             # across directories: ".." changes
        assert drive("lstat", "/b/sub/..") == drive("lstat", "/b")
        drive("rename", "/b/sub", "/empty")             # over an empty directory, from another
        assert drive.tries("rename", "/empty", "/full") == errno.ENOTEMPTY
        assert drive.tries("rename", "/b", "/b/c") == errno.EINVAL
        assert drive.tries("rename", "/g", "/b") == errno.EISDIR
        assert drive.tries("rename", "/b", "/g") == errno.ENOTDIR
        drive("link", "/g", "/h")
        drive("rename", "/g", "/h")                     # two names of one file: both stay
        drive("rename", "/full/x", "/full/" + "n" * 255)
        assert drive.tries("rename", "/h", "/" + "n" * 256) == errno.ENAMETOOLONG
        found = drive.tree()
        drive.unmount()
    assert found["/h"] == file_entry(fill_bytes(2, 2000), links=2) == found["/g"]
    assert found["/empty/y"] == file_entry(fill_bytes(8, 2000))
    assert "/b/sub" not in found and found["/"] == ("dir", "755", "7") and found["/b"] == ("dir", "755", "2")
    fsck_ext2(image)


@pytest.mark.parametrize("block", [1024, 4096])
def test_without_room_nothing_is_lost(block, tmp_path):
    image = tmp_path / "image"
    make_ext2(image, "1M", "-b", str(block), "-N", "64")
    model = {}
    with Drive(image) as drive:
        for n in range(100):
            try:
                drive("fill", f"/{n}", 0, n, 30_000)
            except FsError as error:
                assert error.errno == errno.ENOSPC
                break
            model[f"/{n}"] = file_entry(fill_bytes(n, 30_000))
        free = int(drive("statfs", "/")[0].split()[3])
        assert 0 <= free < 32 * 1024 // block
        for _ in range(free + 3):                       # block by block, to the last one
            drive.tries("append", "/last", "aa" * block)
        assert drive("statfs", "/")[0].split()[3] == "0"
        assert drive.tries("append", "/last", "aa" * block) == errno.ENOSPC
        assert drive.tries("mkdir", "/d") == errno.ENOSPC
        assert drive.tries("symlink", "x" * 500, "/long") == errno.ENOSPC
        drive("symlink", "x" * 50, "/short")            # takes no block
        found = drive.tree()
        assert {k: v for k, v in found.items() if k in model} == model
        for n in range(200):                            # no inode is left
            if drive.tries("create", f"/empty{n}") == errno.ENOSPC:
                break
        assert drive("statfs", "/")[0].split()[5] == "0" or n < 200
        drive.unmount()
    fsck_ext2(image)
    with Drive(image) as drive:
        for path, entry in drive.tree().items():
            if entry[0] == "file":
                drive("unlink", path)
        assert int(drive("statfs", "/")[0].split()[3]) > 0
        drive("fill", "/again", 0, 1, 100_000)
        drive.unmount()
    fsck_ext2(image)


def test_triple_indirect_blocks(tmp_path):
    """With blocks of 1 KiB, triple indirect ones begin at 64 MiB; the last byte that can be is at 16 GiB."""
    image = tmp_path / "image"
    make_ext2(image, "2M", "-b", "1024")
    offsets = [0, 12 << 10, 268 << 10, (268 << 10) + (1 << 26) - 3, 3 << 30, ((12 + 256 + 65536 + 256**3) << 10) - 8]
    with Drive(image) as drive:
        for n, offset in enumerate(offsets):
            drive("fill", "/sparse", offset, n, 8)
        assert drive.tries("fill", "/sparse", offsets[-1] + 1, 1, 8) == errno.EFBIG
        drive("sync")
        size, blocks = (int(drive("lstat", "/sparse")[0].split()[k]) for k in (7, 8))
        assert size == offsets[-1] + 8 and blocks < 200
        drive.unmount()
    fsck_ext2(image)
    with Drive(image) as drive:
        for n, offset in enumerate(offsets):
            assert drive("read", "/sparse", offset, 8) == [f"data {fill_bytes(n, 8).hex()}"]
            assert drive("read", "/sparse", offset + 5000, 4) in (["data 00000000"], ["data "])
        for keep in (3 << 30, 70 << 20, 268 << 10, 5):
            drive("truncate", "/sparse", keep)
            drive("sync")
            fsck_unmounted(image)
        drive("unlink", "/sparse")
        free = int(drive("statfs", "/")[0].split()[3])
        drive.unmount()
    fsck_ext2(image)
    make_ext2(image, "2M", "-b", "1024")
    with Drive(image) as drive:
        assert int(drive("statfs", "/")[0].split()[3]) == free


def fsck_unmounted(image):
    """As it is on the disk now, but for the mark that it is in use."""
    copy = image.with_suffix(".copy")
    shutil.copyfile(image, copy)
    damage(copy, ["super+58 u16 = 1"])
    fsck_ext2(copy)


def test_what_was_fsynced_is_there_after_a_crash(tmp_path):
    image = tmp_path / "image"
    make_ext2(image, "2M", "-b", "1024")
    with Drive(image) as drive:
        drive("mkdir", "/d")
        drive("fill", "/d/kept", 0, 7, 100_000)
        drive("fsync", "/d/kept")
        drive("fill", "/d/lost", 0, 8, 100_000)
        drive.crash()
    assert struct.unpack_from("<H", image.read_bytes(), 1024 + 58) == (0,)
    fsck_unmounted(image)
    with Drive(image) as drive:
        assert drive.tree()["/d/kept"] == file_entry(fill_bytes(7, 100_000))
        assert any("was not unmounted" in line for line in drive.log())


def test_open_files_outlive_their_names(tmp_path):
    image = tmp_path / "image"
    make_ext2(image, "1M", "-b", "1024")
    with Drive(image) as drive:
        before = drive("statfs", "/")
        drive("fill", "/f", 0, 1, 50_000)
        drive("open", "h", "/f", "2")
        drive("unlink", "/f")
        drive("hwrite", "h", "abcd")
        drive("sync")
        drive("hseek", "h", 0, 0)
        assert drive("hread", "h", 4) == ["data abcd" + fill_bytes(1, 4).hex()[4:]]
        drive("close", "h")
        assert drive("statfs", "/") == before
        drive.unmount()
    fsck_ext2(image)


def test_times_owners_and_holes(tmp_path):
    image = tmp_path / "image"
    make_ext2(image, "1M", "-b", "1024", "-I", "256")
    with Drive(image) as drive:
        drive("fill", "/f", 200_000, 1, 10)
        drive("chown", "/f", 70_000, 80_000)
        drive("utime", "/f", 1_000_000_000, 1_100_000_000)
        assert int(drive("lstat", "/f")[0].split()[8]) <= 24        # sectors: the rest is a hole
        drive("fill", "/f", 100_000, 2, 10)
        drive.unmount()
    told = subprocess.run(["debugfs", "-R", "stat /f", image], capture_output=True, text=True).stdout
    assert "User: 70000   Group: 80000" in told and "Size: 200010" in told
    with Drive(image, "ext2", "ro") as drive:
        assert drive("lstat", "/f")[0].split()[4:6] == ["70000", "80000"]
    dumped = tmp_path / "f"
    subprocess.run(["debugfs", "-R", f"dump /f {dumped}", image], check=True, capture_output=True)
    data = bytearray(200_010)
    data[100_000:100_010], data[200_000:] = fill_bytes(2, 10), fill_bytes(1, 10)
    assert dumped.read_bytes() == data
    fsck_ext2(image)


def test_old_blocks_do_not_show_in_holes(tmp_path):
    image = tmp_path / "image"
    make_ext2(image, "1M", "-b", "1024")
    with Drive(image) as drive:
        for n in range(8):
            drive("fill", f"/{n}", 0, n, 100_000)
        drive("sync")
        for n in range(8):
            drive("unlink", f"/{n}")
        drive("truncate", "/f", 0) if drive.tries("create", "/f") else None
        drive("truncate", "/f", 300_000)
        drive("sync")
        drive("free")                                   # nothing is in memory any more
        for at in range(0, 300_000, 3000):
            drive("write", "/f", at, "ff")
        drive.unmount()
    with Drive(image) as drive:
        want = bytearray(300_000)
        want[0::3000] = b"\xff" * 100
        assert drive("sum", "/f") == [f"sum 300000 {zlib.crc32(want):08x}"]


def test_hash_trees_are_read_and_given_up_when_written(tmp_path):
    image = tmp_path / "image"
    folder = tmp_path / "tree"
    (folder / "d").mkdir(parents=True)
    for n in range(500):
        (folder / "d" / f"a name of some length {n}").touch()
    make_ext2(image, "2M", "-b", "1024", "-N", "700", tree=folder)
    subprocess.run(["e2fsck", "-fyD", image], capture_output=True)
    flags = Ext2Image(image.read_bytes())
    where = flags.inode(flags.find("/d")) + 32
    assert struct.unpack_from("<I", flags.data, where)[0] & 0x1000
    with Drive(image) as drive:
        assert len(drive("ls", "/d")) == 502
        drive("lstat", "/d/a name of some length 499")
        drive("create", "/d/new")
        drive("unlink", "/d/a name of some length 7")
        assert len(drive("ls", "/d")) == 502
        drive.unmount()
    assert not struct.unpack_from("<I", image.read_bytes(), where)[0] & 0x1000
    fsck_ext2(image)


@pytest.mark.parametrize("field, value, outcome", [
    (96, 0x40 | 2, errno.EINVAL), (96, 0x200, errno.EINVAL), (96, 4 | 2, errno.EINVAL), (76, 2, errno.EINVAL),
    (24, 6, errno.EINVAL), (56, 0xef54, errno.EINVAL), (100, 0x8 | 3, errno.EROFS), (100, 0x400, errno.EROFS),
    (92, 0xffffffff, 0)])
def test_features_that_are_not_known(field, value, outcome, tmp_path):
    image = tmp_path / "image"
    make_ext2(image, "1M", "-b", "1024")
    damage(image, [f"super+{field} u{16 if field == 56 else 32} = {value}"])
    with Drive() as drive:
        drive("disk", "hda", image)
        if outcome == errno.EINVAL:
            assert drive.tries("mount", "hda", "/", "ext2") == errno.EINVAL
            assert len([line for line in drive.log() if "ext2" in line]) == (field != 56)
        else:
            drive("mount", "hda", "/", "ext2")
            assert drive.tries("create", "/f") == outcome
            assert len([line for line in drive.log() if "ext2" in line]) == (outcome != 0)


# What is damaged, and what says so. All go through the same operations, none of which may do worse than fail.
DAMAGE = {
    "superblock of zeros but its magic": ["super u32 = 0 0 0 0 0 0 0 0 0 0 0"],
    "more blocks than the device": ["super+4 u32 = 0x7fffffff"],
    "no inodes per group": ["super+40 u32 = 0"],
    "odd blocks per group": ["super+32 u32 = 77"],
    "inodes of no bytes": ["super+88 u16 = 0"],
    "inodes larger than blocks": ["super+88 u16 = 8192"],
    "first data block far away": ["super+20 u32 = 5000"],
    "descriptor beyond the end": ["group 0+8 u32 = 0x7fffffff"],
    "descriptor with too many free": ["group 0+12 u16 = 0xffff"],
    "bitmap in the table of inodes": ["group 0 u32 = 8"],
    "block bitmap of zeros": ["bitmap 0 u32 = 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0"],
    "block bitmap of ones": ["bitmap 0 u32 =" + " 0xffffffff" * 64],
    "inode bitmap of zeros": ["inodes 0 u32 = 0 0 0 0"],
    "inode bitmap of ones": ["inodes 0 u32 =" + " 0xffffffff" * 32],
    "root that is a file": ["inode 2 u16 = 0x81a4"],
    "root without blocks": ["inode 2+40 u32 = 0 0 0"],
    "root beyond the end": ["inode 2+40 u32 = 0x00ffffff"],
    "entry of length 0": ["block 2 0+4 u16 = 0"],
    "entry across the block": ["block 2 0+16 u16 = 0xfff0"],
    "entry shorter than its name": ["block 2 0+6 u8 = 200"],
    "entry for no inode": ["block 2 0+12 u32 = 0x00ffffff"],
    "directory that holds the root": ["block /d 0+24 u32 = 2"],
    "directory that holds itself": ["block /d 0+24 u32 = inode:/d"],
    "directory as large as can be": ["inode /d+4 u32 = 0xfffffc00", "inode /d+28 u32 = 0xffffffff"],
    "directory of an odd size": ["inode /d+4 u32 = 1000"],
    "directory without dots": ["block /d 0 u32 = 0", "block /d 0+12 u32 = 0"],
    "inode of garbage": ["inode /f u32 =" + " 0xdeadbeef" * 32],
    "inode without names": ["inode /f+26 u16 = 0"],
    "inode with the wrong count": ["inode /f+26 u16 = 1"],
    "inode of no type": ["inode /f u16 = 0x01a4"],
    "file with extents": ["inode /f+32 u32 = 0x80000"],
    "file larger than its blocks": ["inode /f+4 u32 = 0x600000"],
    "file larger than can be": ["inode /f+108 u32 = 0x7fffffff"],
    "file of less than no size": ["inode /f+108 u32 = 0xffffffff"],
    "attributes that are none": ["inode /f+104 u32 = 3"],
    "attributes beyond the end": ["inode /f+104 u32 = 0x7fffffff"],
    "block beyond the end": ["inode /f+44 u32 = 0x10000"],
    "block that is the superblock": ["inode /f+44 u32 = 1"],
    "block twice": ["inode /f+44 u32 = block:/f:0"],
    "block of two files": ["inode /f+44 u32 = block:/d/g:0"],
    "indirect block beyond the end": ["inode /f+88 u32 = 0x10000"],
    "indirect block that is in itself": ["block /f 12 u32 =" + " block:/f:12" * 256],
    "triple indirect loop": ["inode /f+96 u32 = block:/f:12", "block /f 12 u32 =" + " block:/f:12" * 256,
                             "inode /f+4 u32 = 0x4200000"],
    "fast link of 60 bytes and more": ["inode /l+4 u32 = 500"],
    "slow link without a block": ["inode /ll+40 u32 = 0"],
    "slow link beyond the end": ["inode /ll+40 u32 = 0x7fffffff"],
    "link of no bytes": ["inode /l+4 u32 = 0"],
}

# What can be found only by looking at all of the volume, or is none.
NO_DAMAGE_SEEN = ["inode with the wrong count", "block of two files", "file larger than its blocks"]


@pytest.fixture(scope="module")
def small_tree(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small") / "tree"
    (folder / "d" / "e").mkdir(parents=True)
    (folder / "f").write_bytes(fill_bytes(1, 400_000))
    (folder / "d" / "g").write_bytes(fill_bytes(2, 3000))
    (folder / "l").symlink_to("f")
    (folder / "ll").symlink_to("x" * 300)
    os.link(folder / "f", folder / "hard")
    return folder


def rough_use(drive):
    """Look at all, change a lot; every operation may fail. Returns how many did."""
    drive("tree", "/")
    script = """create /n1; fill /n1 0 1 30000; fill /f 3000 2 100000; truncate /f 300000; mkdir /nd; rename /d/g /nd/g
        rename /d /nd/d; link /f /nd/f; symlink abc /s; truncate /f 5; unlink /hard; unlink /f; unlink /l; unlink /ll; rmdir /nd
        fill /n2 0 1 200000; unlink /nd/f; unlink /nd/g; rmdir /nd/d; fsync /n1; sync"""
    failed = sum(bool(drive.tries(*command.split())) for command in script.replace("\n", ";").split(";"))
    drive("tree", "/")
    return failed


@pytest.mark.parametrize("what", DAMAGE)
def test_damage_is_an_error_and_no_more(what, small_tree, tmp_path):
    image = tmp_path / "image"
    make_ext2(image, "1M", "-b", "1024", "-N", "64", tree=small_tree)
    damage(image, DAMAGE[what])
    with Drive() as drive:
        drive("disk", "hda", image)
        before = drive("free")
        if drive.tries("mount", "hda", "/", "ext2"):
            assert any("ext2 hda" in line for line in drive.log()) or what == "superblock of zeros but its magic"
            assert drive("free") == before
            return
        rough_use(drive)
        told = [line for line in drive.log() if "ext2 hda" in line]
        assert told and len(told) <= 16 or what in NO_DAMAGE_SEEN, told
        drive.tries("umount", "/")                      # the first time it tells what is lost
        drive.tries("umount", "/")
        assert int(drive("free")[0].split()[1]) >= int(before[0].split()[1]) - 4      # slabs that are kept


def test_clean_volumes_have_no_such_trouble(small_tree, tmp_path):
    image = tmp_path / "image"
    make_ext2(image, "1M", "-b", "1024", "-N", "64", tree=small_tree)
    with Drive(image) as drive:
        assert rough_use(drive) == 2                    # /nd is not empty, and neither is /nd/d
        drive.unmount()
        assert not [line for line in drive.log() if "ext2" in line]
    fsck_ext2(image)


@pytest.mark.parametrize("operation", [
    "mkdir /x", "fill /x 0 1 60000", "fill /f 500000 1 9000", "truncate /f 1000", "unlink /f", "rename /d/g /g",
    "symlink " + "t" * 300 + " /x", "link /d/g /x", "rename /d/e /e"])
def test_without_memory_nothing_is_half_done(operation, small_tree, tmp_path):
    """Each allocation of pages in turn fails: the operation fails or not, and e2fsck finds nothing."""
    image, base = tmp_path / "image", tmp_path / "base"
    make_ext2(base, "1M", "-b", "1024", "-N", "64", tree=small_tree)
    for n in range(1, 8):
        shutil.copyfile(base, image)
        with Drive(image) as drive:
            drive("memory", n, 1)
            assert drive.tries(*operation.split()) in (0, errno.ENOMEM)
            drive("memory", 0, 0)
            drive("tree", "/")
            drive.unmount()
        fsck_ext2(image)


@pytest.mark.parametrize("command", ["unlink /f", "unlink /ll", "rmdir /d/e"])
def test_what_cannot_be_freed_for_want_of_memory_is_freed_later(command, tmp_path):
    """It has lost its name, and then there is no memory to free its blocks and its inode: that is done when there is."""
    image, base, folder = tmp_path / "image", tmp_path / "base", tmp_path / "tree"
    (folder / "d" / "e").mkdir(parents=True)
    (folder / "f").write_bytes(fill_bytes(1, 400_000))
    (folder / "ll").symlink_to("x" * 300)
    make_ext2(base, "2M", "-b", "4096", "-N", "64", tree=folder)
    late = 0
    for n in range(1, 11):
        shutil.copyfile(base, image)
        with Drive(image) as drive:
            drive("free")
            drive("memory", n, 1000)                # the n-th frame from here on, and all behind it, are not to be had
            removed = not drive.tries(*command.split())
            if removed and drive.tries("umount", "/") == errno.ENOMEM:
                late += 1
                drive("memory", 0, 0)
                drive("sync")
                fsck_unmounted(image)
            drive("memory", 0, 0)
            drive.tries("umount", "/")
        fsck_ext2(image)
    assert late >= 2


def test_bad_sectors_are_errors(small_tree, tmp_path):
    image = tmp_path / "image"
    make_ext2(image, "1M", "-b", "1024", "-N", "64", tree=small_tree)
    sectors = image.stat().st_size // 512
    for n in range(4, 200, 14):
        with Drive() as drive:
            drive("disk", "hda", image)
            drive("fail", "read", n, 20)
            if not drive.tries("mount", "hda", "/", "ext2", "ro"):
                drive("tree", "/")
                drive("fail", "read", 0, 0)
                assert drive.tree()["/f"] == file_entry(fill_bytes(1, 400_000), links=2)
    with Drive(image) as drive:
        drive("fill", "/f", 0, 9, 100_000)
        drive("fail", "write", 0, sectors)
        assert drive.tries("fsync", "/f") == errno.EIO
        drive("fail", "write", 0, 0)
        drive("fsync", "/f")
        drive.unmount()
    fsck_ext2(image)
    with Drive(image, "ext2", "ro") as drive:       # what could not be written was not forgotten
        assert drive.tree()["/f"] == file_entry(fill_bytes(9, 100_000) + fill_bytes(1, 400_000)[100_000:], links=2)
