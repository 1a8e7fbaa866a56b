"""
What the fs/fat_*.c of exercises 5.4 and 5.5 must do, as a program of the host: boot sectors and tables, chains, directories.
Each function makes cases by the seed and judges the answers by the model in fat.py.
"""

import struct

from ..verdicts import Mismatch
from .fat import (ARCHIVE, checksum, DATE, decode, DIRECTORY, flat, Image, LABEL, pieces, random_shape, Shape, SLOT, TIME, Volume,
                  volumes)
from .fathost import (answers, Case, DECODE, described, EINVAL, EUCLEAN, FIELDS, LAYOUT, LIST, named, right_layout, SECTOR, WALK)

# ---- 5.4

def layouts(run):
    """Boot sectors of all kinds: are the numbers right?"""
    rng = run.rng
    shapes = [Shape(clusters, 1) for clusters in (4084, 4085, 65524)]
    shapes += [Shape(clusters, 4, spare=rng.randrange(1, 4)) for clusters in (4084, 4085, 60000)]
    shapes += [random_shape(rng, bits, size_max=1 << 30) for bits in (12, 16) for _ in range(25)]
    shapes += [Shape(rng.randrange(30000, 65524), 64, 512), Shape(rng.randrange(100, 4000), 2, root_slots=rng.randrange(1, 600))]
    rows = []
    for shape in shapes:
        device = shape.total * shape.sector // SECTOR + rng.choice([0, 0, 1, 1000])
        rows.append(Case().words(LAYOUT, device).bytes(shape.boot_sector()))
    for shape, answer in zip(shapes, answers(run, rows)):
        result, *seen = answer.numbers("layout")
        image = Image(bytes(shape.boot_sector()) + bytes(shape.table_sectors * shape.copies * shape.sector + 65536))
        wanted = right_layout(image)
        run.expect(f"what fat_layout() returned ({described(shape)})", named(result), "0")
        for name, value, right in zip(FIELDS, seen, wanted):
            run.expect(f"{name} ({described(shape)})", value, right)


def refused(run):
    """Boot sectors that are none, or not this file system's, and those that contradict themselves."""
    rng, rows, wanted = run.rng, [], []

    def change(what, error, shape, at, kind, value, device=None):
        boot = shape.boot_sector()
        struct.pack_into(kind, boot, at, value)
        rows.append(Case().words(LAYOUT, device or shape.total * shape.sector // SECTOR).bytes(boot))
        wanted.append((what, error))

    def some(bits=None):
        return random_shape(rng, bits or rng.choice([12, 16]))

    change("the signature is missing", EINVAL, some(), 510, "<H", rng.choice([0, 0x55AA, 0xAA00]))
    for value in (0, 256, 513, 768, 8192):
        change(f"sectors of {value} bytes", EINVAL, some(), 11, "<H", value)
    for value in (0, 3, rng.choice([5, 6, 7, 12, 96])):
        change(f"clusters of {value} sectors", EINVAL, some(), 13, "B", value)
    change("no reserved sector", EINVAL, some(), 14, "<H", 0)
    change("no copy of the table", EINVAL, some(), 16, "B", 0)
    change("the size of the table is 0, as in FAT32", EINVAL, some(), 22, "<H", 0)
    for value in (0, 0xEF, rng.randrange(0xF1, 0xF8)):
        change(f"media byte {value:#x}", EINVAL, some(), 21, "B", value)
    large = Shape(65525 + rng.randrange(1000), 1, table_sectors=260)
    change("more than 65,524 clusters: FAT32", EINVAL, large, 3, "B", 0x20)
    exact = Shape(65525, 1, table_sectors=260)
    change("65,525 clusters: FAT32", EINVAL, exact, 3, "B", 0x20)

    shape = some()
    sectors = shape.total * shape.sector // SECTOR
    change("the volume is larger than the device by one sector", EUCLEAN, shape, 3, "B", 0x20, sectors - 1)
    shape = some(12)
    change("the volume ends in its own root directory", EUCLEAN, shape, 19, "<H", rng.randrange(1, shape.data))
    shape = Shape(rng.randrange(2000, 4000), 1)
    change("the table has too few entries for the clusters", EUCLEAN, shape, 22, "<H", 1)
    shape = Shape(rng.randrange(5000, 9000), 2)
    change("the table has too few entries for the clusters", EUCLEAN, shape, 22, "<H", shape.table_sectors // 2)
    for (what, error), answer in zip(wanted, answers(run, rows)):
        run.expect(f"what fat_layout() returned ({what})", named(answer.numbers("layout")[0]), named(-error))


def decoded(run):
    """Tables with any entries."""
    rng, rows, wanted = run.rng, [], []
    for n in range(12):
        bits = 12 if n % 2 else 16
        count = rng.randrange(3, 600)
        size = (count * bits + 7) // 8
        raw = bytes(rng.choice([rng.randrange(256), 0, 0xFF, 0xF7, 0xF8]) for _ in range(size)) + b"\0\0"
        rows.append(Case().words(DECODE, bits, count, size).bytes(raw[:size]))
        wanted.append((bits, decode(raw + b"\0\0", bits, count)))
    for (bits, table), answer in zip(wanted, answers(run, rows)):
        seen = answer.take("decode")[0][1:]
        run.expect(f"entries of {bits} bits, from 0 on", seen, [f"{entry:x}" for entry in table])


def walk(image, start, steps):
    """What fat_walk() must return: (result, last cluster)."""
    cluster, links = start, 0
    while True:
        if not 2 <= cluster < image.clusters + 2 or image.table[cluster] in (0, 0xFFF7) or links == image.clusters:
            return -EUCLEAN, 0
        if links == steps or image.table[cluster] >= 0xFFF8:
            return links, cluster
        cluster, links = image.table[cluster], links + 1


def broken_volume(rng, bits):
    """A volume of chains, good ones and bad ones: (bytes, first clusters)."""
    shape = Shape(rng.choice([50, 400, 1000]) if bits == 12 else rng.randrange(4085, 5000), 1)
    volume = Volume(shape, rng, scatter=0.4)
    volume.spoil(5)
    lengths = [rng.choice([1, 2, 3, rng.randrange(4, 30)]) for _ in range(min(30, shape.clusters // 16))]
    chains = [volume.chain(min(length, len(volume.free) // 2)) for length in lengths]       # the smallest volume has room for all
    last = shape.clusters + 1
    for chain, how in zip(chains[1::2], range(1000)):
        place, table = rng.randrange(len(chain)), volume.table
        if how % 6 == 0:
            table[chain[place]] = 0                                     # runs into a free cluster
        elif how % 6 == 1:
            table[chain[-1]] = rng.choice(volume.bad)
        elif how % 6 == 2:
            table[chain[-1]] = rng.choice([last + 1, last + 2, 0xFEF if bits == 12 else 0xFFEF, 1])
        elif how % 6 == 3:
            table[chain[-1]] = chain[place]                             # a circle
        elif how % 6 == 4:
            table[chain[-1]] = rng.choice(chains[0])                    # cross-linked: not to be noticed here
        else:
            table[chain[-1]] = last                                     # the last cluster is a cluster
            table[last] = table[last] or 0xFFF8
    return volume.finish(), [chain[0] for chain in chains] + [0, 1, last, last + 1, 0xFFFF]


def walked(run):
    rng = run.rng
    for bits in (12, 16):
        data, starts = broken_volume(rng, bits)
        case, asked = Case(data), []
        for start in starts:
            for steps in (0, 1, rng.randrange(2, 40), rng.choice([0xFFFFFFFF, case.image.clusters + rng.randrange(2, 100)])):
                case.words(WALK, start, steps)
                asked.append((start, steps))
        answer, = answers(run, [case])
        run.expect("what fat_table_load() returned", named(answer.numbers("mount")[0]), "0")
        for start, steps in asked:
            seen = answer.numbers("walk")
            result, last = walk(case.image, start, steps)
            chain = chain_shown(case.image, start)
            run.expect(f"what fat_walk() returned, from cluster {start} on, over at most {steps} links; FAT{bits}, {chain}",
                       named(seen[0]), named(result))
            run.expect(f"the cluster it came to, from {start} over at most {steps} links; {chain}", seen[1], last)


def chain_shown(image, start):
    """A chain's beginning, for people."""
    row, cluster = [], start
    while len(row) < 8:
        row.append(f"{cluster:#x}")
        if not 2 <= cluster < image.clusters + 2:
            break
        cluster = image.table[cluster]
        if cluster in (0, 0xFFF7) or cluster >= 0xFFF8:
            row.append("free" if not cluster else "bad" if cluster == 0xFFF7 else "end")
            break
    return "chain " + " ".join(row) + (" ..." if len(row) == 8 else "")


# ---- 5.5

def text(digits):
    """A name as the host program prints it."""
    raw = bytes.fromhex("".join(digits[at + 2:at + 4] + digits[at:at + 2] for at in range(0, len(digits), 4)))
    return raw.decode("utf-16-le", "surrogatepass")


def listed(answer):
    """What a LIST said: (its result, entries as Image.entries() gives them, with the first slot)."""
    words, before = answer.take("list")
    entries = []
    for line in before:
        if line[0] == "entry":
            long, short = line[1].split("/")
            first, slot, place, attributes, cluster, size = map(int, line[2:])
            entries.append((text(long) or text(short), text(short), attributes, cluster, size, slot, first, place))
    return int(words[1]), entries


def expect_entries(run, what, answer, wanted):
    result, seen = listed(answer)
    names = [f"{name!r} ({short})" for name, short, *_ in seen]
    run.expect(f"{what}: the names, long and short ones", names, [f"{name!r} ({short})" for name, short, *_ in wanted])
    run.expect(f"{what}: what fat_dir_next() returned at the end", named(result), "0")
    for entry, right in zip(seen, wanted):
        for part, value, good in zip(("attributes", "first cluster", "size", "number of the slot"), entry[2:], right[2:]):
            run.expect(f"{what}: {part} of {right[0]!r}", value, good)
    return seen


def directories(run):
    """All directories of random trees."""
    for volume, tree, data in volumes(run.rng, 2, 80, sizes=[0, 10]):
        case, image = Case(data), Image(data)
        folders = [("", 0)] + [(path, volume.chains[path][0]) for path, content in flat(tree).items() if content is None]
        for _, first in folders:
            case.directory(1, first).do(LIST, 1)
        answer, = answers(run, [case])
        for path, first in folders:
            slots = image.content(image.chain(first)) if first else image.root_directory()
            expect_entries(run, path or "/", answer, list(image.entries(slots)))


def entry(short, attributes=ARCHIVE, first=0, size=0, lower=0):
    return struct.pack("<11sBBBHHHHHHHI", short, attributes, lower, 0, TIME, DATE, DATE, 0, TIME, DATE, first, size)


def in_root(slots, shape=None):
    """A volume whose root directory is these slots."""
    shape = shape or Shape(100, 1, root_slots=256)
    volume = Volume(shape, None)
    start = shape.root * shape.sector
    volume.data[start:start + len(slots)] = slots
    return volume.finish()


def changed(slot, at, value):
    return slot[:at] + bytes([value]) + slot[at + 1:]


def rows_of_pieces(rng):
    """Long names, right ones and nearly right ones: (what is wrong, slots, is the long name to be seen?)."""
    number = 0

    def row(length):
        nonlocal number
        number += 1
        name = "".join(rng.choice("abcdefghijklmnopqrst uvwxyz-") for _ in range(length - 1)) + "z"
        short = f"ROW{number:03}~1TXT".encode()
        return name, pieces(name, checksum(short)), entry(short, size=number)

    for length in (1, 12, 13, 14, 26, 27, 130, 254, 255):
        name, parts, last = row(length)
        yield f"a name of {length} characters", [*parts, last], True
    other = row(40)
    for wrong in range(4):
        name, parts, last = row(40)
        parts[wrong] = changed(parts[wrong], 13, parts[wrong][13] + 1 & 0xFF)
        yield f"piece {4 - wrong} of 4 has another checksum", [*parts, last], False
    name, parts, last = row(40)
    yield "all pieces have another checksum", [changed(p, 13, p[13] ^ 0x40) for p in parts] + [last], False
    name, parts, last = row(40)
    yield "two pieces have changed places", [parts[0], parts[2], parts[1], parts[3], last], False
    name, parts, last = row(40)
    yield "the last piece, which comes first, is missing", [*parts[1:], last], False
    name, parts, last = row(40)
    yield "the first piece, which comes last, is missing", [*parts[:-1], last], False
    name, parts, last = row(40)
    yield "a piece in the middle is missing", [parts[0], *parts[2:], last], False
    name, parts, last = row(40)
    yield "a free slot is between the pieces", [*parts[:2], changed(other[2], 0, 0xE5), *parts[2:], last], False
    name, parts, last = row(40)
    yield "a free slot is between the pieces and the short entry", [*parts, changed(other[2], 0, 0xE5), last], False
    name, parts, last = row(40)
    yield "a label is between the pieces and the short entry", [*parts, entry(b"LABEL      ", LABEL), last], False
    name, parts, last = row(40)
    yield "another row begins before it and breaks off", [*other[1][:2], *parts, last], True
    name, parts, last = row(13)
    yield "a piece with the number 0", [changed(parts[0], 0, 0x40), last], False
    name, parts, last = row(20)
    yield "the last piece is there twice", [parts[0], *parts, last], True
    name, parts, last = row(20)
    following = entry(b"AFTER%03dTXT" % number)
    yield "an entry right behind another one's long name", [*parts, last, following], True


def hard_rows(run):
    """Rows of pieces that are right or nearly right, short names of all kinds, and what is behind the end."""
    rng = run.rng
    rows = list(rows_of_pieces(rng))
    volumes_of = [in_root(b"".join(slots) + bytes(SLOT) + entry(b"BEHIND     ")) for _, slots, _ in rows]
    seen = answers(run, [Case(data).directory(1, 0).do(LIST, 1) for data in volumes_of])
    for (what, _, is_long), data, answer in zip(rows, volumes_of, seen):
        image = Image(data)
        wanted = list(image.entries(image.root_directory()))
        if (wanted[0][0] != wanted[0][1]) != is_long:
            raise AssertionError(what)
        expect_entries(run, what, answer, wanted)


def short_names(run):
    """Short names: blanks, lower case by two bits, the letter 0xe5 as 0x05, labels and free slots between them."""
    rng = run.rng
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-~!#$%&"
    slots = [entry(b"THE LABEL  ", LABEL)]
    for n in range(60):
        base = f"{n:02}" + "".join(rng.choice(letters) for _ in range(rng.randrange(7)))
        extension = "".join(rng.choice(letters) for _ in range(rng.randrange(4)))
        short = (base.ljust(8) + extension.ljust(3)).encode()
        if n % 6 == 5:
            short = b"\x05" + short[1:]
        elif n % 11 == 10:
            short = short[:2] + bytes([rng.randrange(0x80, 0x100)]) + short[3:]
        kind = rng.randrange(8)
        slots.append(entry(short, rng.choice([ARCHIVE, DIRECTORY, 0x21, 0x27, 0]), rng.randrange(2, 100), rng.randrange(1 << 32),
                           rng.choice([0, 0x08, 0x10, 0x18])))
        if kind == 0:
            slots.append(changed(entry(b"GONE    TXT"), 0, 0xE5))
        elif kind == 1:
            slots.append(entry(b"LABEL TOO  ", rng.choice([LABEL, LABEL | ARCHIVE])))
    data = in_root(b"".join(slots) + bytes(SLOT) + entry(b"BEHIND     "))
    image = Image(data)
    answer, = answers(run, [Case(data).directory(1, 0).do(LIST, 1)])
    seen = expect_entries(run, "short names", answer, list(image.entries(image.root_directory())))
    for found in seen:
        place = image.root * image.sector // SLOT + found[5]
        run.expect(f"where {found[0]!r} begins, and its place on the volume", found[6:], (found[5], place))


def where_directories_end(run):
    """A root that is full, directories that fill their clusters, and ones whose chains are broken or without end."""
    rng = run.rng
    full = b"".join(entry(b"F%07dTXT" % n, size=n) for n in range(250))
    contents_of, cases_of = {"full": full}, {"full": Case(in_root(full, Shape(100, 1, root_slots=250))).directory(1, 0)}
    for kind in ("whole", "broken", "circle"):
        volume = Volume(Shape(300, 1), rng, scatter=0.5)
        clusters = volume.chain(5)
        content = entry(b".          ", DIRECTORY, clusters[0]) + entry(b"..         ", DIRECTORY)
        content += b"".join(entry(b"E%07dTXT" % n, size=n) for n in range(78))
        volume.fill(clusters, content)
        if kind == "broken":
            volume.table[clusters[-1]] = 0
        elif kind == "circle":
            volume.table[clusters[-1]] = clusters[0]
        contents_of[kind] = content
        cases_of[kind] = Case(volume.finish()).directory(1, clusters[0])
    seen = dict(zip(cases_of, answers(run, [case.do(LIST, 1) for case in cases_of.values()])))
    for kind, what in (("full", "a root without a free slot"), ("whole", "a directory without a free slot")):
        expect_entries(run, what, seen[kind], list(cases_of[kind].image.entries(contents_of[kind])))
    result, entries = listed(seen["broken"])
    run.expect("what fat_dir_next() returned where the chain leads to a free cluster", named(result), "-EUCLEAN")
    run.expect("how many entries it found before that", len(entries), 64)
    result, entries = listed(seen["circle"])
    if len(entries) < 80:
        raise Mismatch("entries of a directory whose chain is a circle", "80 or more, then an end", len(entries))
