/*
 * Exercise 6.1: the kernel's own gate and table, with programs of the stage's behind them.
 *
 * In trap_syscall stands a function that looks and then calls the one of syscall_init(). Programs
 * leave what they have met with in a page of theirs (gate.h), of which there is a copy here after
 * each call. Random numbers of a program come from its argument, as ktest_random() makes them.
 */
#include "gate.h"
#include "abi/errno.h"
#include "fs/vfs.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "outside.h"
#include "proc/fdtable.h"
#include "stage.h"
#include "sys/calls.h"
#include "task/timer.h"
#include "x86/bootinfo.h"
#include "x86/irqflags.h"

#define BEHIND     4711             /* what the function says that is behind no number */
#define TABLES_MAX 8
#define FILE_BYTES 3000

/* How it was inside, at the first instruction behind the student's; written by gate.asm. */
extern struct inside {
    uint32_t eflags, ds, es, fs, gs;
} gate_inside;

volatile uint32_t gate_halts;       /* gate.asm: stop at once */
void gate_look(struct trapframe *tf);
void gate_looked(struct trapframe *tf);

static void (*usual)(struct trapframe *tf);
static struct gate_page seen;       /* the program's, as it was at its last call */
static unsigned calls;

static struct entered {
    struct trapframe frame;
    struct inside inside;
    uint32_t above;                 /* bytes between the frame's end and the stack's */
} entered[GATE_CALLS];

typedef long (*call_fn)(uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t);
#define ENTRY(number, name, arguments, trace) [number] = (call_fn)(void *)sys_##name,
static const call_fn model[] = { SYSCALLS(ENTRY) };

/* ---- words next to the table, which no number may lead to */

static uint32_t *tables[TABLES_MAX];
static unsigned table_count;

static long behind(void)
{
    return BEHIND;
}

/* Where in the kernel's image there is a table like the model. */
static void find_tables(void)
{
    const uint32_t *at = (const uint32_t *)(uintptr_t)(boot_info.kernel_start + KERNEL_BASE);
    const uint32_t *end = (const uint32_t *)(uintptr_t)(boot_info.kernel_end + KERNEL_BASE);

    table_count = 0;
    for (; at + ARRAY_SIZE(model) + 1 < end && table_count < TABLES_MAX; at++)
        if (memcmp(at, model, sizeof(model)) == 0 && at != (const uint32_t *)(const void *)model)
            tables[table_count++] = (uint32_t *)(uintptr_t)at;
}

/*
 * Exchange the words before and behind each table with `words`. What lies there is others', but
 * nobody's who could run while this call is made.
 */
static void exchange(uint32_t words[][2])
{
    for (unsigned i = 0; i < table_count; i++) {
        uint32_t *at[] = { tables[i] - 1, tables[i] + ARRAY_SIZE(model) };
        for (unsigned side = 0; side < 2; side++) {
            uint32_t word = *at[side];
            probe_copy(at[side], &words[i][side], sizeof(word));
            words[i][side] = word;
        }
    }
}

static void call_beside(struct trapframe *tf)
{
    uint32_t words[TABLES_MAX][2];

    for (unsigned i = 0; i < TABLES_MAX; i++)
        words[i][0] = words[i][1] = (uint32_t)(uintptr_t)behind;
    exchange(words);
    usual(tf);
    exchange(words);
}

/* ---- a program, and what became of it */

void gate_looked(struct trapframe *tf)
{
    if (calls < GATE_CALLS)
        entered[calls] = (struct entered){
            *tf, gate_inside, current()->stack + STACK_SIZE - (uint32_t)(uintptr_t)(tf + 1)
        };
    calls++;
    probe_copy(&seen, (const void *)GATE_PAGE, sizeof(seen));
    if (tf->eax >= ARRAY_SIZE(model))
        call_beside(tf);
    else
        usual(tf);
}

/* Run it to its end, with a table of files or NULL; false: there was not even a beginning. */
static bool run(const char *name, uint32_t argument, struct fd_table *files)
{
    struct process *process = stage_program(NULL, name, argument);

    if (!process)
        return false;
    process->files = files;
    memset(&seen, 0, sizeof(seen));
    calls = 0;
    usual = trap_syscall;
    trap_syscall = gate_look;
    uint32_t pid = process->pid, parent = process->ppid;
    process_start(process);
    int status = stage_end(process);
    trap_syscall = usual;
    ktest_report("ran %x %u %u %d %u", argument, pid, parent, status, seen.done);
    ktest_report("program %x %x %x", seen.back, seen.cs, seen.ss);
    return true;
}

KTEST(gate_calls)
{
    if (!stage_open_without_gate() || !run("gate_calls", random32(), NULL))
        return;
    for (unsigned i = 0; i < calls && i < GATE_CALLS; i++)
        ktest_report_bytes("entered", &entered[i], sizeof(entered[i]));
    for (unsigned i = 0; i < seen.done && i < GATE_CALLS; i++)
        ktest_report_bytes("after", &seen.after[i], sizeof(seen.after[i]));
}

KTEST(gate_numbers)
{
    if (!stage_open_without_gate())
        return;
    find_tables();
    if (!run("gate_numbers", random32(), NULL))
        return;
    for (unsigned i = 0; i < seen.done && i < GATE_NUMBERS; i++)
        ktest_report("answer %x %d", seen.answers[i].number, seen.answers[i].answer);
}

/* ---- six arguments */

static struct file *random_file(const char *path)
{
    static uint8_t bytes[FILE_BYTES];
    struct file *file;

    for (unsigned i = 0; i < FILE_BYTES; i++)
        bytes[i] = ktest_random(256);
    if (file_open(path, O_RDWR | O_CREAT | O_TRUNC, 0600, &file)
        || file_pwrite(file, bytes, FILE_BYTES, 0) != FILE_BYTES) {
        stage_lacks("file");
        return NULL;
    }
    return file;
}

/* A table with both files, whose counts go over to it. */
static struct fd_table *table_with(struct file *in, int in_fd, struct file *out, int out_fd)
{
    struct process *process = process_current();
    struct fd_table *own = process->files, *table = fd_table_new();

    process->files = table;         /* fd_set() enters into the current process's */
    bool entered_both = table && fd_set(in, in_fd, false) >= 0 && fd_set(out, out_fd, false) >= 0;
    process->files = own;
    if (!entered_both)
        stage_lacks("descriptors");
    return entered_both ? table : NULL;
}

static void report_file(const char *path)
{
    static uint8_t bytes[2 * FILE_BYTES];
    struct file *file;

    if (file_open(path, O_RDONLY, 0, &file))
        return;
    ssize_t n = file_pread(file, bytes, sizeof(bytes), 0);
    ktest_report_bytes("file", bytes, n > 0 ? (size_t)n : 0);
    file_close(file);
}

KTEST(gate_copies)
{
    if (!stage_open_without_gate())
        return;
    struct file *in = random_file("/gate-in"), *out = random_file("/gate-out");
    uint32_t in_fd = 3 + ktest_random(14), out_fd = 17 + ktest_random(14);
    struct fd_table *files = in && out ? table_with(in, in_fd, out, out_fd) : NULL;
    if (!files || !run("gate_copies", ktest_random(0x10000) << 16 | out_fd << 8 | in_fd, files))
        return;
    for (unsigned i = 0; i < seen.done && i < GATE_COPIES; i++)
        ktest_report("copy %d %u %u", seen.copies[i].answer, seen.copies[i].from,
                     seen.copies[i].to);
    report_file("/gate-out");
}

/* ---- seen from outside: the machine halts where the gate has led to */

KTEST(gate_outside)
{
    gate_halts = 1;
    if (!stage_open_without_gate())
        return;
    uint32_t argument = random32();
    ktest_report("argument %x", argument);
    run("gate_calls", argument, NULL);
    irq_disable();                  /* it ended: the gate has not led there */
    for (;;)
        __asm__ volatile("hlt");
}
