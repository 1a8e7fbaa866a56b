"""
Memory for gdb: the commands `pagetable` and `slabinfo`, which read the kernel's tables while it stands still, and also when it
could not answer any more. scripts/myos.gdb loads this, and one can do so alone:

    (gdb) source scripts/myos_mm.py

It looks at memory and symbols only, so it also serves gdb on the kernel's own stub (COM2). What the entries mean is in
src/kernel/x86/paging.h and handouts/reference/page-layout.md; Intel SDM volume 3A, 4.3. Trap frames are scripts/myos_gdb.py's.
"""
import gdb

KERNEL_BASE = 0xC0000000
PRESENT, WRITE, USER, THROUGH, UNCACHED, ACCESSED, DIRTY, LARGE, GLOBAL, COW = (1 << bit for bit in range(10))
FRAME, LARGE_FRAME = 0xFFFFF000, 0xFFC00000
OTHERS = {UNCACHED: "uncached", THROUGH: "write-through", GLOBAL: "global", COW: "copy on write", ACCESSED: "accessed",
          DIRTY: "dirty"}
PG = 1 << 31                        # in CR0


def number(expression):
    """A C expression's value, without its sign."""
    return int(gdb.parse_and_eval(expression)) & 0xFFFFFFFF


def read_words(address, count):
    data = bytes(gdb.selected_inferior().read_memory(address, 4 * count))
    return [int.from_bytes(data[i:i + 4], "little") for i in range(0, len(data), 4)]


class PhysicalMemory:
    """Words at physical addresses: QEMU reads them itself; elsewhere the kernel's direct map must do."""

    def __enter__(self):
        try:
            self.raw = '"OK"' in gdb.execute("maintenance packet Qqemu.PhyMemMode:1", to_string=True)
        except gdb.error:
            self.raw = False
        return self

    def __exit__(self, *_):
        if self.raw:
            gdb.execute("maintenance packet Qqemu.PhyMemMode:0", to_string=True)

    def word(self, physical):
        return read_words(physical if self.raw else (physical + KERNEL_BASE) & 0xFFFFFFFF, 1)[0]


def control_registers():
    """CR0 and CR3; the kernel's stub does not have them, so then what the kernel believes."""
    try:
        return number("$cr0"), number("$cr3")
    except gdb.error:
        pass
    try:
        directory = number("'space.c'::current ? (unsigned)'space.c'::current->dir : 0")
    except gdb.error:
        directory = 0
    return PG, (directory or number("(unsigned)&early_page_directory")) - KERNEL_BASE


def words(entry):
    """The flags of an entry, in words."""
    names = ["writable" if entry & WRITE else "read-only", "user" if entry & USER else "kernel only"]
    return ", ".join(names + [name for bit, name in OTHERS.items() if entry & bit])


def walk(memory, cr3, va):
    """What the processor finds for va: the lines that tell it."""
    top, middle = va >> 22, va >> 12 & 1023
    place = (cr3 & FRAME) + 4 * top
    pde = memory.word(place)
    yield f"{va:08x} is entry {top} of the directory, entry {middle} of its table, byte {va & 0xFFF:#x}"
    yield f"directory {cr3 & FRAME:08x}"
    if not pde & PRESENT:
        yield f"  pde at {place:08x} is {pde:08x}: not present"
        return
    if pde & LARGE:
        yield f"  pde at {place:08x} is {pde:08x}: 4 MiB page at {pde & LARGE_FRAME:08x}; {words(pde)}"
        yield f"physical {(pde & LARGE_FRAME) + (va & ~LARGE_FRAME):08x}"
        return
    both = WRITE | USER
    yield f"  pde at {place:08x} is {pde:08x}: table at {pde & FRAME:08x}; {words(pde & (both | ACCESSED))}"
    place = (pde & FRAME) + 4 * middle
    pte = memory.word(place)
    if not pte & PRESENT:
        yield f"  pte at {place:08x} is {pte:08x}: not present"
        return
    yield f"  pte at {place:08x} is {pte:08x}: page at {pte & FRAME:08x}; {words(pte)}"
    if pde & pte & both != pte & both:
        yield f"both together: {words(pde & pte & both)}"
    yield f"physical {(pte & FRAME) + (va & 0xFFF):08x}"


class PagetableCommand(gdb.Command):
    """Walk the page tables for an address, as the processor does: pagetable ADDRESS [DIRECTORY]
DIRECTORY is where another page directory lies, by its address in the direct map; without it CR3 says which."""

    def __init__(self):
        super().__init__("pagetable", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        arguments = gdb.string_to_argv(argument)
        if len(arguments) not in (1, 2):
            raise gdb.GdbError("usage: pagetable ADDRESS [DIRECTORY]")
        va = number(f"(unsigned)({arguments[0]})")
        cr0, cr3 = control_registers()
        if len(arguments) == 2:
            cr3 = (number(f"(unsigned)({arguments[1]})") - KERNEL_BASE) & 0xFFFFFFFF
        elif not cr0 & PG:
            print("Paging is off: every address is physical.")
            return
        with PhysicalMemory() as memory:
            for line in walk(memory, cr3, va):
                print(line)


def entries(head, structure, member):
    """The structures in a struct list, which may be broken."""
    kind = gdb.lookup_type(structure)
    offset = next(field.bitpos // 8 for field in kind.fields() if field.name == member)
    start, node, seen = int(head.address) & 0xFFFFFFFF, int(head["next"]) & 0xFFFFFFFF, set()
    while node != start:
        if node in seen or node < KERNEL_BASE:
            print(f"  (the list at {start:08x} is broken: it leads to {node:08x})")
            return
        seen.add(node)
        entry = gdb.Value(node - offset).cast(kind.pointer()).dereference()
        yield entry
        node = int(entry[member]["next"]) & 0xFFFFFFFF


def slab_start(slab):
    """Where the slab of a struct page begins, in the direct map."""
    pages = number("(unsigned)'page.c'::pages")
    return KERNEL_BASE + (((int(slab.address) & 0xFFFFFFFF) - pages) // slab.type.sizeof << 12)


def chain_length(cache, slab):
    """How many objects a slab's chain of free ones has, and what is wrong with it."""
    start, stride, count = slab_start(slab), int(cache["stride"]), int(cache["per_slab"])
    link, free = int(slab["free"]) & 0xFFFFFFFF, 0
    while link:
        if link < start or (link - start) % stride or (link - start) // stride >= count:
            return free, f"; BROKEN: after {free} it leads to {link:08x}"
        if free == count:
            return free, "; BROKEN: it runs in a circle"
        free += 1
        link = read_words(link + int(cache["link"]), 1)[0]
    wrong = free + int(slab["in_use"]) != count
    return free, f"; BROKEN: that is not {count} together" if wrong else ""


class SlabinfoCommand(gdb.Command):
    """Show the object caches, as the monitor's slabinfo does; slabinfo NAME: each slab of one of them, and its free objects."""

    def __init__(self):
        super().__init__("slabinfo", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        try:
            caches = gdb.parse_and_eval("'slab.c'::caches")
            ready = int(caches["next"])
        except gdb.error:
            raise gdb.GdbError("This kernel has no object caches, or they are out of reach.")
        if not ready:
            raise gdb.GdbError("The object caches are not made yet: slab_init() has not run.")
        name, found = argument.strip(), False
        if not name:
            print("name              size    used   total  slabs  pages")
        for cache in entries(caches, "struct slab_cache", "all"):
            label = cache["name"].string() if int(cache["name"]) else "(null)"
            slabs, used = int(cache["slabs"]), int(cache["used"])
            if not name:
                print(f"{label:<16} {int(cache['size']):5} {used:7} {slabs * int(cache['per_slab']):7} {slabs:6} "
                      f"{slabs << int(cache['order']):6}")
            elif name == label:
                found = True
                self.show_slabs(cache)
        if name and not found:
            raise gdb.GdbError(f"There is no cache {name}.")

    @staticmethod
    def show_slabs(cache):
        print(f"{cache['name'].string()}: objects of {int(cache['size'])} bytes, {int(cache['stride'])} apart, "
              f"{int(cache['per_slab'])} in a slab of {1 << int(cache['order'])} pages")
        for which in ("partial", "full", "empty"):
            for slab in entries(cache[which], "struct page", "node"):
                free, wrong = chain_length(cache, slab)
                first = f", the first at {int(slab['free']) & 0xFFFFFFFF:08x}" if int(slab["free"]) else ""
                print(f"  {slab_start(slab):08x} {which:<8}{int(slab['in_use'])} used, {free} free{first}{wrong}")


PagetableCommand()
SlabinfoCommand()
