"""
What gdb's own language is too small for: trap frames as people read them, backtraces through traps,
and the commands `trapframe`, `dmesg` and `tasks`. scripts/myos.gdb loads this, and one can do so alone:

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


def function(address, returns=False):
    """Its name. Behind a call that does not return may be the next function already."""
    address = address - returns & 0xFFFFFFFF
    return place(address).strip(" <>").split("+")[0] or f"{address:08x}"


class Registers:
    """What trapframe_of() asks of a frame."""

    def __init__(self, eip, esp):
        self.registers = {"eip": eip, "esp": esp}

    def read_register(self, name):
        return self.registers[name]


def running_calls():
    """Where the processor is, and the calls that led there, innermost first."""
    frame, inner = gdb.newest_frame(), None
    while frame is not None and frame.pc():
        yield function(int(frame.pc()), returns=inner is not None and trapframe_of(inner) is None)
        frame, inner = frame.older(), frame


def sleeping_calls(esp):
    """The same for a task that does not run, from the struct context at its stack pointer on, and through traps."""
    context = gdb.Value(esp).cast(gdb.lookup_type("struct context").pointer()).dereference()
    eip, ebp = (int(context[name]) & 0xFFFFFFFF for name in ("eip", "ebp"))
    yield function(eip)
    while ebp:
        data = bytes(gdb.selected_inferior().read_memory(ebp, 8))
        older, eip = (int.from_bytes(data[i:i + 4], "little") for i in (0, 4))
        if not eip:
            return
        yield function(eip, returns=True)
        tf = trapframe_of(Registers(eip, ebp + 8))
        if tf is not None:
            older = int(tf["ebp"]) & 0xFFFFFFFF
            yield function(int(tf["eip"]))
        ebp = older


def list_entries(head, structure, member):
    """The structures in a struct list; stops where one is met again."""
    kind = gdb.lookup_type(structure)
    offset = next(field.bitpos // 8 for field in kind.fields() if field.name == member)
    node, seen = head["next"], {int(head.address)}
    while int(node) not in seen:
        seen.add(int(node))
        entry = gdb.Value((int(node) & 0xFFFFFFFF) - offset).cast(kind.pointer()).dereference()
        yield entry
        node = entry[member]["next"]


class TasksCommand(Command):
    """Show all tasks: number, state, priority/its own, name, and where each stands. The processor's current one has a *."""

    CALLS = 4

    def run(self):
        try:
            tasks, current = gdb.parse_and_eval("'task.c'::tasks"), number("(unsigned)cpus[0].current")
        except gdb.error as error:
            raise gdb.GdbError("This kernel has no tasks (they come with lab 4), or they are out of reach.") from error
        if not current:
            raise gdb.GdbError("There are no tasks yet: task_init() has not run.")
        print("  pid  state    priority  name             where")
        for task in list_entries(tasks, "struct task", "all"):
            runs = int(task.address) & 0xFFFFFFFF == current
            state = str(task["state"]).removeprefix("TASK_").lower()
            priority = f"{int(task['priority'])}/{int(task['base_priority'])}"
            print(f"{'*' if runs else ' '}{int(task['pid']):4}  {state:<8} {priority:>6}    {task['name'].string():<16} "
                  + self.where(running_calls() if runs else sleeping_calls(int(task["esp"]) & 0xFFFFFFFF)))

    def where(self, calls):
        names = []
        try:
            for name in calls:
                names.append(name)
                if len(names) == self.CALLS:
                    break
        except gdb.error:           # a broken stack
            names.append("?")
        return " < ".join(names)


printers = gdb.printing.RegexpCollectionPrettyPrinter("myos")
printers.add_printer("trapframe", "^trapframe$", TrapframePrinter)
gdb.printing.register_pretty_printer(None, printers, replace=True)
gdb.unwinder.register_unwinder(None, TrapUnwinder(), replace=True)
TrapframeCommand("trapframe")
DmesgCommand("dmesg")
TasksCommand("tasks")
