"""
Exercise 6.9: what a handler must find, what is blocked when, what becomes of interrupted calls, and what a frame may do that
a program gives back. The truth is signal(7), sigaction(2), sigsuspend(2), sigreturn(2), and struct sigframe as
src/kernel/proc/sigframe.c has it; the numbers come from the seed. The other side: labs/lab06-processes/tests/signals.c.
"""

import struct

from ..ktests import KtestRandom
from ..lab3.inside import Elf
from ..lab4.turns import random32
from ..verdicts import Mismatch

USER_CODE, USER_DATA = 0x1B, 0x23
CF, TF, IF, DF, IOPL, NT, VM = 1, 0x100, 0x200, 0x400, 0x3000, 0x4000, 0x20000
ALWAYS, CHOICE = 0x202, 0x50DD5                 # of EFLAGS: what is set in a program, and what it may choose
SIGNALS = {4: "SIGILL", 5: "SIGTRAP", 7: "SIGBUS", 9: "SIGKILL", 10: "SIGUSR1", 11: "SIGSEGV", 12: "SIGUSR2"}
SIGILL, SIGUSR1, SIGSEGV, SIGUSR2 = 4, 10, 11, 12
FAULTS = {4, 5, 7, 8, 11, 31}
NEVER_BLOCKED = 1 << 8 | 1 << 18                # SIGKILL, SIGSTOP
SA_SIGINFO, SA_RESTORER = 4, 0x04000000
EINTR = 4
LOST = 99                                       # the exit status of a program that should have been interrupted
SAW = "eax ebx ecx edx esi edi ebp esp ds es fs gs cs ss eflags control status xmm0 xmm1 xmm2 xmm3".split()
CONTEXT = ("gs fs es ds edi esi ebp esp ebx edx ecx eax trapno err eip cs eflags esp_at_signal ss fpstate oldmask "
           "cr2").split()
SAVED = [name for name in CONTEXT if name not in ("trapno", "err", "cr2", "fpstate", "oldmask")]
TRAPFRAME = "gs fs es ds edi esi ebp number ebx edx ecx eax vector error eip cs eflags esp ss".split()
VDSO = 0xBFFFF000
RETCODE = {False: bytes.fromhex("58b877000000cd80"), True: bytes.fromhex("b8ad000000cd8000")}


def random64(random):
    high = random32(random)
    return high << 32 | random32(random)


def signed(word):
    return word - (1 << 32) if word >> 31 else word


def ended(status):
    """How a program ended, in words."""
    if status < 0:
        return "it had not ended after two seconds"
    if status & 0x7F:
        return f"it was ended by {SIGNALS.get(status & 0x7F, f'signal {status & 0x7F}')}"
    if status >> 8 == LOST:
        return "it went on as if there were no handler"
    return f"it ended with exit status {status >> 8}"


def names_of(blocked):
    """A set of signals as a report shows it."""
    return f"{blocked:016x}"


class Lines:
    """What a kernel test has reported, taken line by line."""

    def __init__(self, lines):
        self.lines, self.at = lines, 0

    @property
    def next(self):
        return self.lines[self.at][0] if self.at < len(self.lines) else ""

    def take(self, key, where):
        """The tokens of the next line, which must have this key. `where`: what the program has to do there."""
        if self.next == "lacks" and self.lines[self.at][1:] != ["end"]:
            raise Mismatch(f"the test could not begin: there is no {' '.join(self.lines[self.at][1:])}")
        if self.next in ("lacks", "status") and key != "status":
            status = next((int(line[1]) for line in self.lines[self.at:] if line[0] == "status"), -1)
            raise Mismatch("the program did not come so far", where, ended(status))
        if self.next != key:
            raise Mismatch("the program did something else", where, self.next or "nothing")
        self.at += 1
        return self.lines[self.at - 1][1:]

    def numbers(self, key, where):
        return [int(token, 16) for token in self.take(key, where)]

    def told(self, where):
        return [int(token, 16) for token in self.take("told", where)[1:]]

    def data(self, tag, where):
        seen, _ = self.take("bytes", where)
        if int(seen, 16) != tag:
            raise Mismatch("the program did something else", where)
        return bytes.fromhex(self.take("data", where)[0])

    def finish(self, where):
        """The program must have ended with exit status 0."""
        if self.next == "lacks" and self.at + 1 < len(self.lines):
            self.at += 1
        status = int(self.take("status", where)[0])
        if status:
            raise Mismatch(f"how the program ended, {where}", "with exit status 0", ended(status))


class Halt:
    """A machine that stands still in STAGE_STAY: the program's registers, and its memory, seen from outside."""

    def __init__(self, machine, elf):
        self.machine = machine
        frame, = struct.unpack("<I", machine.read_virt(elf.address("stage_frame"), 4))
        self.registers = dict(zip(TRAPFRAME, struct.unpack("<19I", machine.read_virt(frame, 76))))

    def read(self, address, count):
        return self.machine.read_virt(address, count)


def watched(run, name, judge):
    """Run the kernel test `name` to its end and call judge(lines, elf, halt); halt: None if the program did not come so far."""
    with run.qemu(kernel=run.build.kernel, cmdline=run.ktest_cmdline(name)) as machine:
        def over():
            keys = [line[0] for line in run.observed(machine, name)]
            return machine.halted if "halts" in keys else machine.exit_code is not None
        machine.wait_until(over, what=f"the kernel test {name} to come to its end")
        elf = Elf(run.build.kernel)
        lines = run.observed(machine, name)
        judge(Lines(lines), elf, Halt(machine, elf) if ["halts"] in lines else None)


# ---- what a handler finds

FRAMES = 10
NO_HANDLER = {9, 18, 19, 20, 21, 22}            # by SIGSTOP and others a process stops: not for this test
STACK_TOP = 0xBFFF0000 - 0x4000
CONTROL, XMM = 0xF7F, 0x5A5A1234                # what the FPU held


def interrupted(random, n, places):
    """What the kernel's side made of the program, interrupt_program(): (number, flags, blocked, registers)."""
    handler, astray, _, tls, restorer = places
    number = 9
    while number in NO_HANDLER:
        number = 1 + random(64)
    random64(random)                            # what the action blocks
    blocked = random64(random) & ~(1 << number - 1) & ~NEVER_BLOCKED
    now = {"eax": random32(random) >> 1}
    now.update((name, random32(random)) for name in ("ebx", "ecx", "edx", "esi", "edi", "ebp"))
    fine = [0, USER_DATA, USER_CODE, tls]
    now.update((name, fine[random(4)]) for name in ("ds", "es", "fs", "gs"))
    now["eflags"] = ALWAYS | random32(random) & CHOICE
    now["esp"] = now["esp_at_signal"] = STACK_TOP - random(0x1000)
    now.update(eip=astray, cs=USER_CODE, ss=USER_DATA)
    return number, (n & 1 and SA_SIGINFO) | (n & 2 and SA_RESTORER), blocked, now


class Found:
    """What the handler found, in words that both ways of looking have."""

    def __init__(self, registers, frame):
        self.registers, self.frame = registers, frame

    def word(self, at):
        return struct.unpack_from("<I", self.frame, at)[0]

    def context(self, at):
        return dict(zip(CONTEXT, struct.unpack_from("<22I", self.frame, at)))


def judge_handler(run, what, found, number, rt, now):
    """The registers with which a handler begins."""
    registers = found.registers
    esp = registers["esp"]
    if (esp + 4) % 16 or not now["esp"] - 4096 < esp < now["esp"]:
        raise Mismatch(f"{what}: ESP as the handler begins, below {now['esp']:#x}",
                       "an address as after a call, 4 below a multiple of 16: where place_frame() says", f"{esp:#x}")
    for name, value in (("cs", USER_CODE), ("ss", USER_DATA), ("ds", USER_DATA), ("es", USER_DATA)):
        run.expect(f"{what}: {name.upper()} as the handler begins", f"{registers[name] & 0xFFFF:#x}", f"{value:#x}")
    for name in ("fs", "gs"):
        run.expect(f"{what}: {name.upper()}, by which a program finds its thread's own data, as the handler begins",
                   f"{registers[name] & 0xFFFF:#x}", f"{now[name]:#x}")
    for name, bit in (("DF", DF), ("TF", TF)):
        run.expect(f"{what}: {name} in EFLAGS as the handler begins (it was {'set' if now['eflags'] & bit else 'clear'} before)",
                   int(bool(registers["eflags"] & bit)), 0)
    run.expect(f"{what}: IF and IOPL in EFLAGS as the handler begins", f"{registers['eflags'] & (IF | IOPL):#x}", f"{IF:#x}")
    info, context = (esp + 16, esp + 144) if rt else (0, 0)
    for name, value in (("eax", number), ("edx", info), ("ecx", context)):
        if name in registers:
            run.expect(f"{what}: {name.upper()}, an argument in a register (begin_handler), as the handler begins",
                       f"{registers[name]:#x}", f"{value:#x}")


def judge_frame(run, what, found, wanted, places, elf):
    """The frame on the handler's stack."""
    number, flags, blocked, now = wanted
    rt = bool(flags & SA_SIGINFO)
    vdso = elf.address("vdso_rt_sigreturn" if rt else "vdso_sigreturn") - elf.address("vdso_image") + VDSO
    run.expect(f"{what}: the word at ESP, where the handler returns to: with{'' if flags & SA_RESTORER else 'out'} SA_RESTORER, "
               f"{'the action' if flags & SA_RESTORER else 'the vDSO'}'s", f"{found.word(0):#x}",
               f"{places[4] if flags & SA_RESTORER else vdso:#x}")
    run.expect(f"{what}: the handler's first argument, the signal", found.word(4), number)
    context = found.context(164 if rt else 8)
    for name in SAVED:
        run.expect(f"{what}: {name} in its struct sigcontext", f"{context[name]:#x}", f"{now[name]:#x}")
    high = found.word(256 if rt else 720)
    run.expect(f"{what}: the signals that were blocked (oldmask: 1 to 32; {'sigmask' if rt else 'mask_high'}: 33 to 64)",
               names_of(high << 32 | context["oldmask"]), names_of(blocked))
    at = 260 if rt else 724
    run.expect(f"{what}: retcode, by which debuggers know a frame", found.frame[at:at + 8].hex(), RETCODE[rt].hex())
    if not found.registers["esp"] < context["fpstate"] < now["esp"]:
        raise Mismatch(f"{what}: fpstate in its struct sigcontext", "where place_frame() says", f"{context['fpstate']:#x}")
    return context["fpstate"]


def check_frames(run):
    def judge(lines, elf, halt):
        random = run.kernel_random()
        random(512)                             # how little room there was
        no_room, = lines.take("room", "its stack has no room")
        places = lines.numbers("places", "it gets its first signal")
        for n in range(FRAMES):
            number, flags, blocked, now = wanted = interrupted(random, n, places)
            rt, last = bool(flags & SA_SIGINFO), n == FRAMES - 1
            what = f"signal {number}, {'with' if rt else 'without'} SA_SIGINFO"
            lines.take("round", f"it gets signal {number}")
            if last:
                break
            registers = dict(zip(SAW, struct.unpack("<21I", lines.data(0, f"a handler begins, of {what}"))))
            found = Found(registers, lines.data(1, f"a handler reads its frame, of {what}"))
            judge_handler(run, what, found, number, rt, now)
            judge_frame(run, what, found, wanted, places, elf)
            fpu = lines.data(2, f"a handler reads its frame, of {what}")
            run.expect(f"{what}: the FPU's control word in the frame's struct fpstate", f"{fpu[0] | fpu[1] << 8:#x}",
                       f"{CONTROL:#x}")
            run.expect(f"{what}: the FPU's control word in the handler, where it begins anew",
                       f"{registers['control'] & 0xFFFF:#x}", "0x37f")
            run.expect(f"{what}: word 0 of XMM0 in the handler", f"{registers['xmm0']:#x}", "0x0")
        run.expect("a signal comes when a frame has no room on the alternate stack: what became of the program",
                   ended(int(no_room)), ended(SIGSEGV))
        if not halt:
            lines.take("halts", f"a handler begins, of {what}")
        what = f"{what}, seen from outside"
        registers = {name: value for name, value in halt.registers.items() if name != "eax"}
        found = Found(registers, halt.read(registers["esp"], 732))
        judge_handler(run, what, found, number, rt, now)
        judge_frame(run, what, found, wanted, places, elf)
    watched(run, "signals_frame", judge)


# ---- what is blocked

IN_HANDLER, AFTER = 0x100, 0x200


class Masks:
    """A thread, its blocked signals, and its handlers, each of which tells what is blocked in it."""

    def __init__(self, tell):
        self.tell, self.blocked, self.pending, self.actions = tell, 0, set(), {}
        self.restore = None

    def set(self, blocked):
        self.blocked = blocked & ~NEVER_BLOCKED

    def deliver(self):
        """What happens before the program goes on."""
        frames = []
        while True:
            ready = sorted(number for number in self.pending if not self.blocked >> number - 1 & 1)
            if not ready:
                break
            number = min(ready, key=lambda n: (n not in FAULTS, n))
            self.pending.discard(number)
            frames.append((number, self.blocked if self.restore is None else self.restore))
            self.restore = None
            mask, nodefer = self.actions[number]
            self.set(self.blocked | mask | (0 if nodefer else 1 << number - 1))
        if self.restore is not None:
            self.set(self.restore)
            self.restore = None
        while frames:
            number, saved = frames.pop()
            self.tell(IN_HANDLER + number, self.blocked)
            self.set(saved)
            self.deliver()

    def set_mask(self, blocked):
        self.set(blocked)
        self.deliver()

    def send(self, number):
        self.pending.add(number)
        self.deliver()

    def suspend(self, blocked):
        self.restore, saved = None, self.blocked
        self.set(blocked)
        self.restore = saved
        self.deliver()


def row(masks, word, tell):
    """One row of masks() in user/signals.c."""
    def word64():
        high = word()
        return high << 32 | word()

    def after(number=0):
        tell(AFTER + number, masks.blocked)
    everything = (1 << 64) - 1
    first = 1 + word() % 4
    second = 34 + word() % 30
    both = 1 << first - 1 | 1 << second - 1
    spared = everything & ~(1 << 10 | both)
    before = word64() & spared
    temporary = word64() & spared
    for number in (first, second):
        nodefer = word() & 1
        masks.actions[number] = word64() & ~(1 << 10), nodefer
    masks.set_mask(before)
    for number in (first, second, first):
        masks.send(number)
        after(number)
    for suspend in (False, True):
        masks.set_mask(before | both)
        masks.send(first)
        masks.send(second)
        if suspend:
            masks.suspend(temporary)
        else:
            masks.set_mask(before)
        after()
    masks.set_mask(~before & spared)
    masks.send(second)
    after(second)


def said(when):
    number = when & 0xFF
    if when & IN_HANDLER:
        return f"what is blocked in the handler of signal {number}"
    return f"what is blocked after {f'the handler of signal {number} has returned' if number else 'two signals at once'}"


def check_masks(run):
    random = run.kernel_random()
    state = KtestRandom(random32(random))
    wanted = []

    def tell(when, blocked):
        wanted.append((when, blocked))
    masks = Masks(tell)
    for _ in range(3):
        row(masks, lambda: state(1 << 32), tell)
    lines = Lines(run.report())
    for n, (when, blocked) in enumerate(wanted):
        what = f"{said(when)} ({n + 1} of {len(wanted)})"
        seen, high = lines.told(f"it tells {what}")
        low = lines.told(f"it tells {what}")[1]
        if seen != when:
            raise Mismatch("the order of handlers, and of what comes behind them", said(when), said(seen))
        run.expect(f"{what}: bit n - 1 for signal n", names_of(high << 32 | low), names_of(blocked))
    lines.finish("after all signals")


# ---- what interrupted calls come to

NONE, PLAIN, RESTART = range(3)
HANDLERS = ["no handler", "a handler", "a handler with SA_RESTART"]
RESTARTS = {512: "-ERESTARTSYS", 513: "-ERESTARTNOINTR", 514: "-ERESTARTNOHAND", 516: "-ERESTART_RESTARTBLOCK"}
INTERRUPTIONS = [
    (512, NONE, NONE), (512, PLAIN, NONE), (512, RESTART, NONE), (512, PLAIN, RESTART), (512, RESTART, PLAIN),
    (513, NONE, NONE), (513, PLAIN, NONE), (513, RESTART, NONE),
    (514, NONE, NONE), (514, PLAIN, NONE), (514, RESTART, NONE),
    (516, NONE, NONE), (516, PLAIN, NONE), (516, RESTART, NONE),
    (2, PLAIN, NONE), (2, RESTART, NONE), (0, PLAIN, NONE), (0, RESTART, PLAIN)]
RESULT, PLACE = 0x100, 0x101


def comes_again(error, first):
    """Is a call that has ended so made again? `first`: the handler that runs because of it."""
    return error == 513 or error in RESTARTS and first == NONE or error == 512 and first == RESTART


def events(words, error, first, second):
    """What must be reported of a case, in order, calls that come in and handlers; and the result, None: as the call had it."""
    call = [0x1200 + words[0] % 0x100, *words[1:]]
    shown = "call {:#x} with {:x} {:x} {:x} {:x} {:x} {:x}".format
    handlers = [f"the handler of signal {number}" for number, kind in ((SIGUSR2, second), (SIGUSR1, first)) if kind]
    rows = [shown(*call), *handlers]
    if comes_again(error, first):
        return [*rows, shown(0 if error == 516 else call[0], *call[1:])], None
    return rows, -EINTR if error in RESTARTS else -error if error else None


def read_case(lines, what):
    """What was reported of a case: (events, result)."""
    rows = []
    while True:
        if lines.next == "call":
            number, *words = lines.numbers("call", what)
            rows.append("call {:#x} with {:x} {:x} {:x} {:x} {:x} {:x}".format(number, *words))
            continue
        number, value = lines.told(what)
        if number == RESULT:
            return rows, signed(value)
        rows.append(f"the handler of signal {number}")


def check_calls(run):
    random = run.kernel_random()
    offset = random(len(INTERRUPTIONS))
    state = KtestRandom(random32(random))
    lines = Lines(run.report())
    for n in range(len(INTERRUPTIONS)):
        error, first, second = INTERRUPTIONS[(n + offset) % len(INTERRUPTIONS)]
        ends = RESTARTS.get(error, f"{-error}" if error else "a result")
        what = f"a call that ends with {ends}, {HANDLERS[first]} of SIGUSR1"
        if second:
            what += f", {HANDLERS[second]} of SIGUSR2"
        lines.take("case", f"it comes to {what}")
        words = [state(1 << 32) for _ in range(7)]
        answer = random(1 << 20)
        if comes_again(error, first):
            answer = random(1 << 20)
        rows, result = events(words, error, first, second)
        seen, got = read_case(lines, what)
        run.expect(what, seen, rows)
        run.expect(f"{what}: what the program gets", got, answer if result is None else result)
    for value in range(-510, -518, -1):
        what = f"a fault in a program with {value} in EAX, SIGILL's handler goes on behind it"
        number, eax = lines.told(what)
        run.expect(f"{what}: the signal", number, SIGILL)
        run.expect(f"{what}: EAX in the frame", signed(eax), value)
        run.expect(f"{what}: how far EIP in the frame is from the instruction", signed(lines.told(what)[1]), 0)
        run.expect(f"{what}: EAX afterwards", signed(lines.told(what)[1]), value)
    lines.finish("after all calls")


# ---- what a frame that is given back does

HONEST_FRAMES = 8
HONEST, BAD_CS, BAD_SS, BAD_DS, BAD_ES, BAD_FS, BAD_GS, BAD_EFLAGS, BAD_EIP = range(9)
POISONS = [BAD_EFLAGS, BAD_CS, BAD_SS, BAD_DS, BAD_ES, BAD_FS, BAD_GS, BAD_EIP,
           BAD_EFLAGS, BAD_CS, BAD_SS, BAD_DS, BAD_ES, BAD_FS, BAD_GS,
           BAD_EFLAGS, BAD_CS, BAD_SS, BAD_DS, BAD_ES, BAD_FS, BAD_GS]
BAD_SELECTORS = [0x0B, 0x13, 0x2B, 0x3B, 0x43, 0x4B, 0x53, 0xFFF3, 0x1F, 0x27, 0x37, 0xFFFF]
EFLAGS_ALL = 0x3F7ED7
BAD_FLAGS = [0, 0x3002, 0x3202, 0x4002, 0x7002, EFLAGS_ALL, EFLAGS_ALL & ~VM]
SEGMENTS = {BAD_CS: "cs", BAD_SS: "ss", BAD_DS: "ds", BAD_ES: "es", BAD_FS: "fs", BAD_GS: "gs"}


def given_back(random, n, landing, halt, tls):
    """What stood in the frame, make_frame(): (poison, kind, blocked, the FPU's part or None, registers)."""
    last = n == HONEST_FRAMES + len(POISONS)
    poison = HONEST if n < HONEST_FRAMES else BAD_EFLAGS if last else POISONS[n - HONEST_FRAMES]
    random(64)                                  # where it lies
    blocked = random64(random) & ~(1 << 10) & ~NEVER_BLOCKED
    with_fpu = random(2)
    words = [random32(random) for _ in range(12)]
    now = dict(zip(("eax", "ebx", "ecx", "edx", "esi", "edi", "ebp", "esp"), words))
    now["eax"] >>= 1
    fine = [0, USER_DATA, USER_CODE, tls]
    now.update((name, fine[random(4)]) for name in ("ds", "es", "fs", "gs"))
    now.update(cs=USER_CODE, ss=USER_DATA, eip=halt if last else landing, eflags=ALWAYS | random32(random) & CHOICE & ~TF)
    random(4)                                   # MXCSR
    fpu = {"control": 0x37F | random(4) << 10}
    fpu.update((f"xmm{i}", random32(random)) for i in range(4))
    spoil(random, now, poison)
    return poison, n & 1, blocked, fpu if with_fpu else None, now


def spoil(random, now, poison):
    if poison in (BAD_CS, BAD_SS):
        now[SEGMENTS[poison]] = BAD_SELECTORS[random(12)] if random(2) else USER_DATA if poison == BAD_CS else USER_CODE
    elif poison in SEGMENTS:
        now[SEGMENTS[poison]] = BAD_SELECTORS[random(12)]
    elif poison == BAD_EFLAGS:
        now["eflags"] = BAD_FLAGS[random(7)]
    elif poison == BAD_EIP:
        now["eip"] = 0xC0100000 + random(1 << 24)


def judge_ring(run, what, registers):
    """Whatever a frame says: ring 3, its interrupts on, and no power over ports."""
    run.expect(f"{what}: CS of the program", f"{registers['cs'] & 0xFFFF:#x}", f"{USER_CODE:#x}")
    run.expect(f"{what}: SS of the program", f"{registers['ss'] & 0xFFFF:#x}", f"{USER_DATA:#x}")
    run.expect(f"{what}: IF, IOPL and VM in EFLAGS of the program", f"{registers['eflags'] & (IF | IOPL | VM):#x}", f"{IF:#x}")


def judge_registers(run, what, registers, now):
    for name in ("eax", "ebx", "ecx", "edx", "esi", "edi", "ebp", "esp"):
        if name in registers:
            run.expect(f"{what}: {name.upper()} of the program afterwards", f"{registers[name]:#x}", f"{now[name]:#x}")
    run.expect(f"{what}: what the program may choose of EFLAGS, afterwards (RF and TF apart)",
               f"{registers['eflags'] & CHOICE & ~(TF | 0x10000):#x}", f"{now['eflags'] & CHOICE & ~(TF | 0x10000):#x}")


def judge_honest(run, what, registers, wanted, blocked):
    _, _, mask, fpu, now = wanted
    judge_ring(run, what, registers)
    judge_registers(run, what, registers, now)
    for name in ("ds", "es", "fs", "gs"):
        run.expect(f"{what}: {name.upper()} of the program afterwards", f"{registers[name]:#x}", f"{now[name]:#x}")
    run.expect(f"{what}: the FPU's control word afterwards ({'as in' if fpu else 'no'} struct fpstate)",
               f"{registers['control'] & 0xFFFF:#x}", f"{fpu['control'] if fpu else 0x37F:#x}")
    for i in range(4 if fpu else 0):
        run.expect(f"{what}: word {i} of XMM0 afterwards", f"{registers[f'xmm{i}']:#x}", f"{fpu[f'xmm{i}']:#x}")
    run.expect(f"{what}: the blocked signals afterwards", names_of(blocked), names_of(mask))


def poisoned(poison, now):
    if poison == BAD_EFLAGS:
        return f"with EFLAGS = {now['eflags']:#x}"
    if poison == BAD_EIP:
        return f"with EIP = {now['eip']:#x}"
    return f"with {SEGMENTS[poison].upper()} = {now[SEGMENTS[poison]]:#x}"


def check_returns(run):
    def judge(lines, _elf, halt):
        random = run.kernel_random()
        landing, stay, tls = lines.numbers("places", "it gives its first frame back")
        for n in range(HONEST_FRAMES + len(POISONS) + 1):
            if lines.next == "lacks":           # two seconds, and no end
                raise Mismatch(f"{what}: what became of the program", "it goes on, or SIGSEGV", "it had not ended after 2 s")
            poison, rt, _, _, now = wanted = given_back(random, n, landing, stay, tls)
            what = f"{'rt_sigreturn' if rt else 'sigreturn'} of a frame" + (f" {poisoned(poison, now)}" if poison else "")
            lines.take("frame", f"it comes to {what}")
            if n == HONEST_FRAMES + len(POISONS):
                break
            if poison and lines.next == "status":
                status = int(lines.take("status", what)[0])
                run.expect(f"{what}: what became of the program", ended(status), ended(SIGSEGV))
                continue
            registers = dict(zip(SAW, struct.unpack("<21I", lines.data(0, f"{what}: it goes on as that says"))))
            high, low = lines.told(f"{what}: it goes on as that says")
            judge_ring(run, what, registers)
            if not poison:
                judge_honest(run, what, registers, wanted, high << 32 | low)
        what = f"{what}, seen from outside"
        if not halt:                            # a frame with too much in EFLAGS may also be refused
            status = int(lines.take("status", what)[0])
            run.expect(f"{what}: what became of the program", ended(status), ended(SIGSEGV))
            return
        registers = {name: value for name, value in halt.registers.items() if name != "eax"}
        judge_ring(run, what, registers)
        judge_registers(run, what, registers, now)
    watched(run, "signals_return", judge)
