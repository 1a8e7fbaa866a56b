"""
What fs/fat_file.c of exercises 5.6 and 5.7 must do, as a program of the host: reading files, and making them longer and
shorter. Each function makes cases by the seed and judges the answers by the model in fat.py, or by dosfstools and mtools.
"""

import os
import shutil
import struct
import subprocess

from ..verdicts import Mismatch, NoVerdict
from .fat import Damaged, flat, Image, random_content, Shape, SLOT, Volume, volumes
from .fathost import (answers, BROKEN, Case, CLEAN, COMMIT, described, EIO, ENOSPC, EUCLEAN, named, PAGE, READ, replay, RESERVE,
                      SECTOR, SIZE, TRUNCATE, WRITE)

# ---- 5.6

def requests(image, clusters, start, count):
    """How sectors [start, start + count) of a file are read: (sector, count), neighbours together."""
    per, result = image.cluster_size // SECTOR, []
    for n in range(start, start + count):
        sector = image.first * image.sector // SECTOR + (clusters[n // per] - 2) * per + n % per
        if result and sum(result[-1]) == sector:
            result[-1] = (result[-1][0], result[-1][1] + 1)
        else:
            result.append((sector, 1))
    return result


def file_reads(run, judge):
    """Reads by chance in files of random volumes; judge(what, answer, content, image, clusters, index, count, words, before)."""
    rng = run.rng
    for volume, tree, data in volumes(rng, 2, 40, depth=0):
        case, asked = Case(data), []
        for number, (path, content) in enumerate(flat(tree).items()):
            clusters = volume.chains[path]
            case.file(number % 60, clusters[0] if clusters else 0, len(content))
            pages = -(-len(content) // PAGE)
            for _ in range(3):
                index = rng.randrange(pages + 1)
                count = rng.choice([1, 1, 2, max(1, pages - index), 8])
                case.do(READ, number % 60, index, count)
                asked.append((path, content, clusters, index, count))
        answer, = answers(run, [case])
        answer.take("mount")
        for path, content, clusters, index, count in asked:
            words, before = answer.take("read")
            what = f"{path} of {len(content)} bytes ({described(volume.shape)}): {count} pages from page {index} on"
            run.expect(f"what fat_read() returned; {what}", named(int(words[1])), "0")
            judge(what, content, case.image, clusters, index, count, words, before)


def contents(run):
    def judge(what, content, _image, _clusters, index, count, words, _before):
        seen, right = bytes.fromhex(words[2]), content[index * PAGE:(index + count) * PAGE].ljust(count * PAGE, b"\0")
        if seen != right:
            at = next(n for n, (a, b) in enumerate(zip(seen, right)) if a != b)
            where = "where the file has ended" if index * PAGE + at >= len(content) else "of the file"
            raise Mismatch(f"byte {index * PAGE + at}, {where}; {what}", f"{right[at]:#04x}", f"{seen[at]:#04x}")
    file_reads(run, judge)


def runs(run):
    def judge(what, content, image, clusters, index, count, _words, before):
        sectors = -(-len(content) // SECTOR)
        start = min(sectors, index * PAGE // SECTOR)
        stop = min(sectors, (index + count) * PAGE // SECTOR)
        seen = [(int(words[1]), int(words[2])) for words in before if words[0] == "r"]
        run.expect(f"requests to the disk, (sector, count); {what}; clusters {clusters[:6]}...", seen,
                   requests(image, clusters, start, stop - start))
    file_reads(run, judge)


def broken_files(run):
    """Chains that are too short or lead astray (to a neighbour, too, at a page's end), and sectors that cannot be read."""
    rng, rows = run.rng, []
    for how, error in (("too short", EUCLEAN), ("into a free cluster", EUCLEAN), ("into the free cluster behind", EUCLEAN),
                       ("no cluster at all", EUCLEAN), ("unreadable", EIO)):
        neighbour = how.endswith("behind")
        volume = Volume(Shape(300, rng.choice([1, 2, 4])), rng, scatter=0 if neighbour else 0.3)
        size = volume.shape.cluster_size
        clusters = volume.chain(40)
        content = random_content(rng, 40 * size - rng.randrange(size))
        volume.fill(clusters, content)
        cut = rng.randrange(20, 38)
        if neighbour:
            cut |= PAGE // size - 1             # the last one of its page
        first = clusters[0]
        if how == "too short":
            volume.table[clusters[cut - 1]] = 0xFFFF
        elif how.startswith("into"):
            volume.table[clusters[cut]] = 0
        elif how == "no cluster at all":
            first = 0
        case = Case(volume.finish()).file(1, first, len(content))
        if how == "unreadable":
            sector = volume.offset(clusters[cut]) // SECTOR
            case.words(BROKEN, sector, sector + 1)
        good = 1 if first else 0                # pages before the break
        index = cut * size // PAGE
        case.do(READ, 1, 0, good or 1).do(READ, 1, index, 1).do(READ, 1, 0, -(-len(content) // PAGE))
        rows.append((how, error, content, good, case))
    for (how, error, content, good, _), answer in zip(rows, answers(run, [case for *_, case in rows])):
        answer.take("mount")
        first_read = answer.take("read")[0]
        if good:
            run.expect("what is before the break", bytes.fromhex(first_read[2]) == content[:PAGE], True)
        for what in ("a page", "the file"):
            words, _ = answer.take("read")
            run.expect(f"what fat_read() returned for {what} with a chain or sector that is bad ({how})", named(int(words[1])),
                       named(-error))


# ---- 5.7

class Files:
    """Files of a volume, and what the kernel is told to do to them."""

    def __init__(self, run, volume, tree, data):
        self.run, self.rng, self.data = run, run.rng, data
        self.case, self.size = Case(data), volume.shape.cluster_size
        self.paths = list(flat(tree))
        self.content = [bytearray(content) for content in flat(tree).values()]
        self.used = [len(volume.chains[path]) for path in self.paths]
        self.first = [volume.chains[path][0] if volume.chains[path] else 0 for path in self.paths]
        self.free, self.held = self.case.image.table.count(0), 0
        self.log = []
        for number, (first, content) in enumerate(zip(self.first, self.content)):
            self.case.file(number, first, len(content))

    def grow(self, number, size, write=True):
        need = -(-size // self.size)
        more = need - self.used[number]
        enough = more <= self.free + self.held
        self.case.do(RESERVE, number, size, 0)
        self.log.append(("reserve", number, 0 if enough else -ENOSPC, size))
        if not enough:
            return
        if more > self.free:
            self.free, self.held = self.free + self.held, 0     # they come from a commit in between
        self.free -= max(0, more)
        self.used[number] = max(self.used[number], need)
        if write:
            old = len(self.content[number])
            self.case.do(SIZE, number, size)
            self.content[number] += random_content(self.rng, size - old)
            self.write(number, old // PAGE, -(-size // PAGE))

    def write(self, number, start, stop):
        for index in range(start, stop):
            page = bytes(self.content[number][index * PAGE:(index + 1) * PAGE]).ljust(PAGE, b"\xee")
            self.case.do(WRITE, number, index).bytes(page)

    def change(self, number):
        """Some pages get other bytes."""
        content = self.content[number]
        if content:
            start = self.rng.randrange(-(-len(content) // PAGE))
            part = random_content(self.rng, min(PAGE, len(content) - start * PAGE))
            content[start * PAGE:start * PAGE + len(part)] = part
            self.write(number, start, start + 1)

    def shorten(self, number, size):
        self.case.do(SIZE, number, size).do(TRUNCATE, number)
        del self.content[number][size:]
        keep = -(-size // self.size)
        self.held += self.used[number] - keep
        self.used[number] = keep
        self.log.append(("truncate", number, 0, size))

    def commit(self):
        self.case.words(COMMIT)
        self.free, self.held = self.free + self.held, 0
        self.log.append(("commit", 0, 0, 0))

    def judge(self):
        """Have all of it done, and look at the volume: results, chains, contents, clusters in use, both copies."""
        run = self.run
        self.commit()
        self.case.words(CLEAN)
        self.log.append(("clean", 0, 0, 0))
        answer, = answers(run, [self.case])
        answer.take("mount")
        disk = bytearray(self.data)
        for what, number, result, size in self.log:
            words, before = answer.take(what)
            replay(disk, before)
            for line in before:
                if line[0] == "write":
                    run.expect("what fat_write_page() returned", named(int(line[1])), "0")
            name = f"fat_{'mark' if what == 'clean' else what}"
            run.expect(f"what {name}() returned, for {self.paths[number]} and {size} bytes", named(int(words[1])), named(result))
            if what in ("reserve", "truncate"):
                self.first[number] = int(words[2])
        self.look(Image(disk))
        return disk

    def look(self, image):
        run = self.run
        for path, first, content, used in zip(self.paths, self.first, self.content, self.used):
            try:
                chain = image.chain(first, path) if first else []
            except Damaged as error:
                raise Mismatch(f"the chain of {path} on the disk, which begins with {first}: {error}") from error
            run.expect(f"clusters of {path}, which has {len(content)} bytes, each of {self.size}", len(chain), used)
            seen = image.content(chain)[:len(content)]
            if seen != bytes(content):
                at = next((n for n, (a, b) in enumerate(zip(seen, content)) if a != b), len(seen))
                raise Mismatch(f"byte {at} of {len(content)} of {path} on the disk (cluster {at // self.size} of its chain, "
                               f"page {at // PAGE})", f"{content[at]:#04x}", f"{seen[at]:#04x}" if at < len(seen) else "none")
        run.expect("the copies of the table are the same", len(set(image.tables)), 1)
        lost = [n for n in range(2, image.clusters + 2) if image.table[n] not in (0, 0xFFF7) and n not in image.owners]
        run.expect("clusters that are in use and nobody's", lost[:10], [])


def some_files(run, count=1, files=20):
    for volume, tree, data in volumes(run.rng, count, files, depth=0):
        if tree:
            yield Files(run, volume, tree, data)


def growth(run):
    """Files grow, by little and by much, and get their bytes."""
    for files in some_files(run, 2):
        for _ in range(25):
            number = files.rng.randrange(len(files.paths))
            more = files.rng.choice([1, 511, files.size, 3 * files.size + 1, files.rng.randrange(20000)])
            files.grow(number, len(files.content[number]) + more)
            if files.rng.random() < 0.3:
                files.change(number)
        for number in range(0, len(files.paths), 3):            # exactly to a cluster's end
            files.grow(number, (len(files.content[number]) // files.size + 1) * files.size)
        files.judge()


def shrinking(run):
    """Files become shorter, also to nothing, and longer again."""
    for files in some_files(run, 2):
        for _ in range(30):
            number = files.rng.randrange(min(4, len(files.paths)))
            size = len(files.content[number])
            choice = files.rng.randrange(4)
            if choice == 0:
                files.commit()
                files.grow(number, size + files.rng.randrange(1, 9000))
            else:
                cluster = files.size
                files.shorten(number, files.rng.choice([0, size, files.rng.randrange(size + 1), size // cluster * cluster,
                                                        max(0, size - 1)]))
        files.judge()


def full(run):
    """A volume becomes full: who gets nothing keeps what it has, and what is freed can be had again."""
    rng = run.rng
    volume = Volume(Shape(rng.randrange(60, 120), rng.choice([1, 2, 8])), rng)
    size = volume.shape.cluster_size
    tree = {name: random_content(rng, rng.randrange(1, 5 * size)) for name in ("one", "two", "three", "nothing")}
    tree["nothing"] = b""
    files = Files(run, volume, tree, volume.add(tree).finish())
    order = [0, 1, 2, 3]
    for _ in range(12):
        number = rng.choice(order)
        more = rng.choice([size, (files.free + 1) * size, files.free * size, (files.free + files.held + 1) * size])
        files.grow(number, files.used[number] * size + more)
        if rng.random() < 0.4 and files.content[number]:
            files.commit()
            files.shorten(number, rng.randrange(len(files.content[number])))
            files.commit()
    files.commit()
    files.grow(3, files.used[3] * size + files.free * size)
    for number in order:
        files.grow(number, (files.used[number] + 1) * size)
    files.judge()


def too_large(run):
    """No file of FAT has 4 GiB."""
    volume = Volume(Shape(100, 1), run.rng)
    tree = {"file": b"x"}
    case = Case(volume.add(tree).finish()).file(1, volume.chains["/file"][0], 1)
    answer, = answers(run, [case.do(RESERVE, 1, run.rng.randrange(1 << 32), 1)])
    answer.take("mount")
    run.expect("what fat_reserve() returned for 4 GiB", named(answer.numbers("reserve")[0]), "-EFBIG")


def checked_by_others(run):
    """A volume of mkfs.fat, filled by mtools; the kernel works on its files; fsck.fat and mtools judge it."""
    rng = run.rng
    bits = rng.choice([12, 16])
    per_cluster = rng.choice([1, 2])
    path, size = run.dir / "volume.img", per_cluster * rng.randrange(*((1200, 1900) if bits == 12 else (2300, 3000)))
    tool("mkfs.fat", "-C", "-F", bits, "-s", per_cluster, "-r", 112, "-i", "20260101", path, size)
    names = [f"{name}{n}.dat" for n, name in enumerate(["one", "Two", "a third"] * 4)]
    tree = {name: random_content(rng, rng.randrange(1, 40000)) for name in names}
    for name, content in tree.items():
        (run.dir / name).write_bytes(content)
        tool("mcopy", "-i", path, run.dir / name, f"::{name}")
    data = path.read_bytes()
    files = Files(run, Made(Image(data), tree), tree, data)
    for _ in range(40):
        number = rng.randrange(len(files.paths))
        length = len(files.content[number])
        if rng.random() < 0.5:
            files.commit()
            files.grow(number, length + rng.randrange(1, 15000))
        else:
            files.shorten(number, rng.choice([0, rng.randrange(length + 1)]))
        files.change(number)
    disk = files.judge()
    enter(disk, files)
    path.write_bytes(disk)
    tool("fsck.fat", "-n", path, fails="fsck.fat is not content with the volume")
    for name, content in zip(tree, files.content):
        tool("mcopy", "-n", "-o", "-i", path, f"::{name}", run.dir / name, fails=f"mtools cannot read {name}")
        run.expect(f"what mtools reads of {name}", (run.dir / name).read_bytes() == bytes(content), True)


class Made:
    """A volume that somebody else has made, as Files wants it."""

    def __init__(self, image, tree):
        self.shape = image
        self.chains = {f"/{name}": image.chain(first) if first else [] for name, _, _, first, _, _ in
                       image.entries(image.root_directory())}
        if set(self.chains) != {f"/{name}" for name in tree}:
            raise NoVerdict(f"mtools made other files than it was told: {sorted(self.chains)}")


def enter(disk, files):
    """Sizes and first clusters go into the root directory: given code of the kernel does that."""
    image = Image(disk)
    by_name = {path[1:]: (first, len(content)) for path, first, content in zip(files.paths, files.first, files.content)}
    for name, _, _, _, _, slot in image.entries(image.root_directory()):
        struct.pack_into("<HI", disk, image.root * image.sector + slot * SLOT + 26, *by_name[name])


def tool(name, *args, fails=None):
    """Run a tool of the host. Its failure is the volume's fault if `fails` says so, else this computer's."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/local/sbin")
    if not path:
        raise NoVerdict(f"{name} is not installed: see `make doctor`")
    done = subprocess.run([path, *map(str, args)], capture_output=True, timeout=60, check=False,
                          env={**os.environ, "MTOOLS_SKIP_CHECK": "1", "LC_ALL": "C.UTF-8"})
    said = (done.stdout + done.stderr).decode(errors="replace")
    if done.returncode:
        if fails:
            raise Mismatch(fails, details=said.splitlines()[-12:])
        raise NoVerdict(f"{name} failed", said.splitlines()[-12:])
    return said
