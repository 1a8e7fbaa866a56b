"""
What gdb's own language is too small for: trap frames as people read them, backtraces through traps,
and the commands `trapframe` and `dmesg`. scripts/myos.gdb loads this, and one can do so alone:

    (gdb) source scripts/myos_gdb.py

It looks at memory and symbols only, so it also serves gdb on the kernel's own stub (COM2), where
scripts/myos.gdb does not. src/kernel/x86/trap.h has struct trapframe; Debugging with GDB, "Python
API", has the rest.
"""
import gdb
import gdb.printing
import gdb.unwinder

TRAP_IRQ0, IRQ_LINES = 32, 16
# Bits of EFLAGS; SDM volume 1, 3.4.3.
FLAGS = {0: "CF", 2: "PF", 4: "AF", 6: "ZF", 7: "SF", 8: "TF", 9: "IF", 10: "DF", 11: "OF", 14: "NT", 16: "RF", 17: "VM",
         18: "AC", 19: "VIF", 20: "VIP", 21: "ID"}
SELECTOR_ERRORS = {10, 11, 12, 13}


def number(expression):
    """A C expression's value, without its sign."""
    return int(gdb.parse_and_eval(expression)) & 0xFFFFFFFF


def vector_name(vector):
    """The kernel's own words for a vector."""
    if TRAP_IRQ0 <= vector < TRAP_IRQ0 + IRQ_LINES:
        return f"interrupt line {vector - TRAP_IRQ0}"
    try:
        names = gdb.parse_and_eval("trap_name::names")
        return names[vector].string() if vector <= names.type.range()[1] else "interrupt"
    except gdb.error:
        return "of no known name"


def error_words(vector, error):
    """What an error code says. SDM volume 3A, Error Code, and the page of interrupt 14."""
    if vector == 14:
        return ", ".join(["a page that is there" if error & 1 else "no page there", "write" if error & 2 else "read",
                          "by ring 3" if error & 4 else "by the kernel"])
    if vector in SELECTOR_ERRORS and error:
        table = "gate" if error & 2 else "LDT selector" if error & 4 else "GDT selector"
        return f"{table} {error >> 3 if error & 2 else error & 0xFFF8:#x}" + (", from outside" if error & 1 else "")
    return ""


def flag_words(eflags):
    names = [name for bit, name in FLAGS.items() if eflags >> bit & 1]
    return " ".join([*names, f"IOPL={eflags >> 12 & 3}"])


def place(address):
    """<function+12>, or nothing."""
    text = gdb.execute(f"info symbol {address:#x}", to_string=True)
    return "" if text.startswith("No symbol") else f" <{text.split(' in section')[0].replace(' + ', '+')}>"


class TrapframePrinter:
    """struct trapframe in six lines. print/rx shows the structure as it is."""

    def __init__(self, value):
        self.value = value

    def __getitem__(self, member):
        return int(self.value[member]) & 0xFFFFFFFF

    def esp(self):
        """As trap_esp() in x86/trap.c."""
        if self["cs"] & 3:
            return f"{self['user_esp']:08x}"
        address = self.value.address
        return "(at its end)" if address is None else f"{int(address['user_esp'].address) & 0xFFFFFFFF:08x}"

    def registers(self, names):
        return "  ".join(f"{name} {self[name]:08x}" for name in names.split())

    def to_string(self):
        vector, error, eip, eflags = (self[name] for name in ("vector", "error", "eip", "eflags"))
        words = error_words(vector, error)
        return "\n  ".join([
            f"trap {vector} ({vector_name(vector)}) error {error:08x}" + (f": {words}" if words else ""),
            f"eip {eip:08x}{place(eip)}, ring {self['cs'] & 3}",
            self.registers("eax ebx ecx edx"),
            f"{self.registers('esi edi ebp')}  esp {self.esp()}",
            " ".join(f"{name} {self[name] & 0xFFFF:04x}" for name in ("cs", "ds", "es", "fs", "gs")),
            f"eflags {eflags:08x} [{flag_words(eflags)}]"])


_entry = []                         # begin and end of trap_entry


@gdb.events.new_objfile.connect
def forget_entry(_):
    _entry.clear()


def entry():
    """Where trap_entry, the code of trap.asm that calls C, begins and where it is over."""
    if not _entry:
        _entry[:] = number("(unsigned)&trap_entry"), number("(unsigned)&'trap_entry.behind_it'")
    return _entry


def trapframe_of(frame):
    """
    The struct trapframe above trap_entry's own stack frame, or None if `frame` is another's. trap_entry has called C: at
    its stack pointer stands the argument. `frame` has read_register(): a gdb.Frame, or one that is being unwound.
    """
    try:
        begin, end = entry()
        esp, eip = (int(frame.read_register(name)) & 0xFFFFFFFF for name in ("esp", "eip"))
        if not begin < eip <= end:
            return None
        address = int.from_bytes(bytes(gdb.selected_inferior().read_memory(esp, 4)), "little")
        tf = gdb.Value(address).cast(gdb.lookup_type("struct trapframe").pointer()).dereference()
        tf["eip"].fetch_lazy()
        return tf if address > esp else None
    except (gdb.error, ValueError):
        return None                 # the registers of 16-bit code, no kernel in memory yet, a broken stack


class TrapUnwinder(gdb.unwinder.Unwinder):
    """From trap_entry to what it interrupted."""

    def __init__(self):
        super().__init__("myos-trap")

    def __call__(self, pending):
        # Where trap_entry itself was stopped, it may have half a frame only.
        tf = trapframe_of(pending) if pending.level() > 0 else None
        if tf is None:
            return None
        info = pending.create_unwind_info(FrameId(pending.read_register("esp"), pending.read_register("eip")))
        for name in ("eax", "ebx", "ecx", "edx", "esi", "edi", "ebp", "eip", "eflags", "cs", "ds", "es", "fs", "gs"):
            info.add_saved_register(name, tf[name])
        info.add_saved_register("esp", tf["user_esp"] if int(tf["cs"]) & 3 else tf["user_esp"].address)
        return info


class FrameId:
    def __init__(self, sp, pc):
        self.sp, self.pc = sp, pc


class Command(gdb.Command):
    """A command whose errors are gdb's own sentences."""

    def __init__(self, name):
        super().__init__(name, gdb.COMMAND_USER)

    def invoke(self, argument, from_tty):
        try:
            self.run()
        except gdb.error as error:
            raise gdb.GdbError(str(error)) from error


class TrapframeCommand(Command):
    """Show what was interrupted: the trap frames on the stack of the selected frame, innermost first."""

    def run(self):
        frame, count = gdb.selected_frame(), 0
        while frame is not None and frame.is_valid():
            tf = trapframe_of(frame) if frame.level() > 0 else None
            if tf is not None:
                count += 1
                print(tf.format_string())
            frame = frame.older()
        if not count:
            print("No trap was taken on the way here.")


class DmesgCommand(Command):
    """Show the kernel's log out of its memory, also when the kernel cannot do that any more."""

    def run(self):
        ring, head = gdb.parse_and_eval("'log.c'::ring"), number("'log.c'::ring_head")
        size = ring.type.sizeof
        data = bytes(gdb.selected_inferior().read_memory(int(ring.address) & 0xFFFFFFFF, size))
        start = head % size if head > size else 0
        print((data[start:] + data[:start] if head > size else data[:head]).decode("latin-1"), end="")


printers = gdb.printing.RegexpCollectionPrettyPrinter("myos")
printers.add_printer("trapframe", "^trapframe$", TrapframePrinter)
gdb.printing.register_pretty_printer(None, printers, replace=True)
gdb.unwinder.register_unwinder(None, TrapUnwinder(), replace=True)
TrapframeCommand("trapframe")
DmesgCommand("dmesg")
