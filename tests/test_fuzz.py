"""
Fuzzing on the host, a fixed small time of each kind here, twenty times as much with MYOS_TEST_ALL=1; and what it has found so
far, again (tests/recipes).
"""
import os
import random
import shlex
import subprocess
import tomllib
from pathlib import Path

import pytest

import fsdrive
from fsdrive import Drive, fill_bytes
from fsimage import Ext2Image, FatImage, damage

ALL = os.environ.get("MYOS_TEST_ALL") == "1"
TYPE = {"ext2": "ext2", "ext2-4k": "ext2", "fat": "fat", "fat12": "fat"}
RECIPES = sorted((Path(__file__).parent / "recipes").glob("*.toml"))
MAKE = {"ext2": "mke2fs -t ext2 -b 1024 -N 64 IMAGE 1M", "ext2-4k": "mke2fs -t ext2 -b 4096 -N 64 IMAGE 2M",
        "fat": "mkfs.fat -F 16 -s 1 IMAGE 2500K", "fat12": "mkfs.fat -F 12 IMAGE 1M"}


@pytest.fixture(scope="module", autouse=True)
def built():
    fsdrive.build("fsdrive", "fuzz")


def base_tree(folder, links):
    """The names that hosted/fuzz.c knows."""
    (folder / "d" / "e").mkdir(parents=True)
    (folder / ("f" if links else "f.txt")).write_bytes(fill_bytes(1, 400_000))
    (folder / "d" / "g").write_bytes(fill_bytes(2, 3000))
    (folder / "d" / "e" / "é-x").write_bytes(b"x")
    (folder / "a long name.txt").write_bytes(b"long")
    if links:
        (folder / "l").symlink_to("f")
        (folder / "ll").symlink_to("x" * 300)
        (folder / "loop").symlink_to("loop")
        os.link(folder / "f", folder / "hard")
    else:
        (folder / "f").write_bytes(fill_bytes(3, 400_000))
    return folder


def make_image(command, image):
    """As a recipe or MAKE says it, with the tree."""
    words = shlex.split(command)
    ext2 = words[0] == "mke2fs"
    folder = base_tree(image.with_suffix(".tree"), links=ext2)
    image.touch()
    os.truncate(image, int(words[-1][:-1]) << {"K": 10, "M": 20}[words[-1][-1]])
    options = [str(image) if w == "IMAGE" else w for w in words[1:-1]]
    more = ["-q", "-F", "-d", folder] if ext2 else []
    subprocess.run([words[0], *more, *options, *(words[-1:] if ext2 else [])], check=True, capture_output=True)
    if not ext2:
        subprocess.run(["mcopy", "-s", "-i", image, *folder.iterdir(), "::/"], check=True,
                       env={**os.environ, "LC_ALL": "C.UTF-8"})


@pytest.mark.parametrize("kind, volume, seconds", [
    ("damage", "ext2", 3), ("damage", "ext2-4k", 1), ("damage", "fat", 3), ("damage", "fat12", 1), ("memory", "ext2", 2),
    ("memory", "fat", 1), ("sectors", "ext2", 1), ("sectors", "fat", 1), ("paths", "ext2", 1), ("paths", "fat", 1),
    ("bcache", None, 1)])
def test_fuzz(kind, volume, seconds, tmp_path):
    image = tmp_path / "image"
    if volume:
        make_image(MAKE[volume], image)
    seed = random.randrange(1 << 20) if ALL else 1
    fuzz = [fsdrive.BUILD / "fuzz", kind, TYPE.get(volume, "-"), image if volume else "-", seconds * (20 if ALL else 1), seed]
    check = {"FUZZ_CHECK": "e2fsck -fn"} if volume == "ext2" else {}
    done = subprocess.run([str(w) for w in fuzz], capture_output=True, text=True, errors="replace", env=os.environ | check)
    assert done.returncode == 0, f"{' '.join(map(str, fuzz))}\n{done.stdout[-6000:]}\n{done.stderr[-6000:]}"


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_recipe(recipe, tmp_path):
    recipe = tomllib.loads(recipe.read_text())
    image = tmp_path / "image"
    make_image(recipe["make"], image)
    damage(image, recipe.get("edits", []), Ext2Image if recipe["make"].startswith("mke2fs") else FatImage)
    ended = {}
    with Drive() as drive:
        drive("disk", "hda", image)
        for line in recipe["script"]:
            ended[line] = drive.tries(*line.split())
        while drive.tries("umount", "/") not in (0, 2):     # the first may tell what is lost
            assert ended["umount /"]
            ended["umount /"] = 0
    for line, error in recipe.get("expect", {}).items():
        assert ended[line] == error, f"{line}: {ended[line]}"
    if "check" in recipe:
        done = subprocess.run([*recipe["check"].split(), image], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
