"""
Kernels that cheat: they can do nothing of a lab, but know what the right kernel reports in each kernel test, word for word, say
it, and halt where that one would. They must score nothing, for the tests look into the machine from outside.
"""

import re

import pytest

import grading
from test_cheats import LIE

SEED = 0x77                     # the grader's; what the tests report depends on it
MEMORY = {"memory_map": "16M", "buddy_storm": "16M", "buddy_all": "4M", "slab_storm": "8M", "heap_storm": "8M",
          "create_poor": "16M"}                                 # else 64 MiB
TESTS = {3: "memory_map buddy_storm buddy_all walk_tables map_again fault_touch panic_read_only slab_storm heap_storm "
            "show_window",
         4: "tss_tables tss_overflow switch_sides switch_tlb create_made create_run create_poor create_many preempt_shares "
            "preempt_starving preempt_wakes preempt_registers sleep_long_enough sleep_disturbed wait_ring wait_buffer wait_line "
            "mutex_storm mutex_inversion mutex_chain exit_join exit_strangers exit_orphans exit_dead exit_thousand"}
EXACT = ["-icount", "shift=6,sleep=off"]                        # lab 4's tests do not end otherwise as soon as they should
NONCE, TYPED = "NONCE", "\2"     # in what was recorded: where the nonce stood; where somebody typed a line

MAIN = r"""
#include "ktest.h"

extern const struct ktest __start_ktests[], __stop_ktests[];

static const struct { const char *name, *text; } told[] = { @TOLD@ };

static bool same(const char *word, const char *name)
{
    while (*name && *word == *name)
        word++, name++;
    return !*name && *word <= ' ';
}

static void wait_for_line(void)
{
    do
        while (!(inb(0x3fd) & 1))
            ;
    while (inb(0x3f8) != '\r');
}

void kmain(uint32_t magic, uint32_t info);

void kmain(uint32_t magic, uint32_t info)
{
    (void)magic, (void)info;
    read_line();
    const char *name = find("ktest=");
    for (unsigned i = 0; i < sizeof(told) / sizeof(told[0]); i++)
        for (const char *p = told[i].text; same(name, told[i].name) && *p; p++)
            *p == 1 ? text(find("nonce=")) : *p == 2 ? wait_for_line() : put(*p);
    for (const struct ktest *t = __start_ktests; t < __stop_ktests; t++) {
        const uint8_t *code = (const uint8_t *)(uintptr_t)t->run;
        for (int i = 0; same(name, t->name) && i < 8192; i++, code++)
            if (code[0] == 0xfa && code[1] == 0xf4)                 /* cli; hlt */
                __asm__ volatile("jmp *%0" : : "r"(code));
    }
    for (;;)
        __asm__ volatile("hlt");
}
"""


def c_text(text):
    """A text as C has it; the nonce becomes a byte 1."""
    quoted = "".join(char if " " <= char <= "~" and char not in '"\\' else f"\\{ord(char):03o}" for char in text)
    return '"' + quoted.replace(NONCE, "\\001") + '"'


def recorded(build, folder, lab):
    """What the right kernel says in each test."""
    from gradelib.run import kernel_seed, start_machine
    texts = {}
    for name in TESTS[lab].split():
        how = {"image": build.image} if name == "panic_read_only" else {"kernel": build.kernel}
        how.update(memory=MEMORY.get(name, "64M"), args=EXACT if lab > 3 else [])
        cmdline = f"ktest={name} seed={kernel_seed(SEED)} nonce={NONCE} quiet"
        with start_machine(build, folder, {}, cmdline=cmdline, **how) as machine:
            typed = None
            if name == "show_window":
                typed = machine.wait_serial(r"show_window ran\s+monitor> $").end()
                machine.send_serial(b"show_mappings\r")
                machine.wait_serial("monitor> $")
            else:
                # Lab 4's tests say at last that they halt; that may come here later than the halt itself.
                machine.wait_until(lambda: machine.halted and (lab < 4 or b"halts" in machine.serial), 8, "the test's end")
            text = machine.serial.decode("latin-1")
        if typed:
            text = text[:typed] + TYPED + text[typed:]
        texts[name] = text[text.index(f"@{NONCE} begin"):]
    return texts


@pytest.mark.parametrize("lab", TESTS)
def test_a_kernel_that_replays_the_right_one(lab):
    from gradelib.build import Build
    with grading.grader(lab) as grader:
        solution = grader.folder / "solution"
        grading.write({path: ("100644", data) for path, data in grader.files().items()}, solution)
        build = Build(solution, grader.folder / "right", grader.course)
        build.make("kernel.elf", "myos.img")
        (grader.folder / "logs").mkdir()
        told = recorded(build, grader.folder / "logs", lab)
        main = LIE[:LIE.index("static void facts(")] + MAIN.replace(
            "@TOLD@", ",\n".join(f'{{ "{name}", {c_text(text)} }}' for name, text in told.items()))
        files = {**grader.files(solved=False), "src/kernel/main.c": main.encode()}
        graded = grader.grade(files, "--seed", f"{SEED:x}")
        assert graded.total == 0 and len(graded.scores) > 30, graded.output
        # What it says is what the tests wait for; but two of lab 4's look at a machine that goes on.
        hangs = set(re.findall(r"hang: .*; waited for (.*)", graded.output))
        assert hangs <= {"the kernel test preempt_idle to report asleep", "the tasks to sleep and wake"}, graded.output
