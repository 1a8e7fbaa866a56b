/*
 * One becomes two: what the child has of its parent, with which registers both go on, who waits for
 * whom, and what is left if there is no memory.
 */
#include "stage.h"
#include "abi/errno.h"
#include "fork_calls.h"
#include "fs/file.h"
#include "outside.h"
#include "ktest.h"
#include "lib/string.h"
#include "mm/anon.h"
#include "mm/area.h"
#include "mm/heapdebug.h"
#include "mm/kmalloc.h"
#include "mm/space.h"
#include "proc/fdtable.h"
#include "proc/signal.h"
#include "task/sched.h"
#include "task/timer.h"
#include "x86/irqflags.h"

#define NOTES_MAX 8
#define PATIENCE  700               /* milliseconds, for what takes none */
#define LOW       5                 /* a priority: whoever else can run does */

/* ---- what all of these tests know */

/* Who called FORK_NOTE, and with what. */
struct note {
    uint32_t tag, pid, tid, ppid, threads, count, words[FORK_WORDS];
    bool same_space;                /* as the program that the test started */
};

static struct note notes[NOTES_MAX];
static volatile unsigned note_count;
static volatile bool go;            /* FORK_HOLD comes back */
static volatile uint32_t turn;      /* the step that is next */
static const struct process *first; /* the program that the test started */

/* Sleep until *value is `wanted`, or long enough for anything. */
static bool await(const volatile uint32_t *value, uint32_t wanted)
{
    for (unsigned ms = 0; *value < wanted && ms < PATIENCE; ms++)
        sleep_ms(1);
    return *value >= wanted;
}

static void hold(void)
{
    for (unsigned ms = 0; !go && ms < 10 * PATIENCE; ms++)
        sleep_ms(1);
}

static void take_note(const struct trapframe *tf)
{
    struct process *process = process_current();
    struct note note = { .tag = tf->ebx, .pid = process->pid, .tid = current()->pid,
                         .ppid = process->ppid, .threads = process->thread_count };

    note.same_space = first && process->space == first->space;
    note.count = tf->edx < FORK_WORDS ? tf->edx : FORK_WORDS;
    memcpy(note.words, (const void *)(uintptr_t)tf->ecx, note.count * sizeof(uint32_t));
    uint32_t flags = irq_save();
    if (note_count < NOTES_MAX)
        notes[note_count++] = note;
    irq_restore(flags);
}

static bool common_call(struct trapframe *tf)
{
    switch (tf->eax) {
    case FORK_NOTE:
        take_note(tf);
        break;
    case FORK_HOLD:
        hold();
        break;
    case FORK_TURN:
        if (!await(&turn, tf->ebx))
            process_exit(SIGKILL);
        break;
    default:
        return false;
    }
    tf->eax = 0;
    return true;
}

/* The program, NULL if there is none, is to be started. */
static void begin(const struct process *process, bool (*calls)(struct trapframe *tf))
{
    stage_call = calls;
    note_count = 0;
    turn = 0;
    go = false;
    first = process;
}

static struct process *find(uint32_t pid)
{
    uint32_t flags = spin_lock_irqsave(&process_lock);
    struct process *process = process_find(pid);

    spin_unlock_irqrestore(&process_lock, flags);
    return process;
}

/* The child has nobody who waits for it: see that it ends, and bury it, if it is there. */
static int end_child(uint32_t pid)
{
    struct process *child = pid ? find(pid) : NULL;

    return child && child != process_current() ? stage_end(child) : 0;
}

static struct task *task_of(const struct process *process)
{
    return list_entry(process->threads.next, struct thread, node)->task;
}

/* A program that is about to start; `low`: its child will run before it, and end before it. */
static struct process *program(const char *name, uint32_t argument, bool low)
{
    struct process *process = stage_program(NULL, name, argument);

    if (process && low)
        task_of(process)->priority = LOW;
    return process;
}

/* ---- memory, seen from outside */

/* Of each process: its number, and CR3 while it was in the kernel. */
uint32_t fork_pids[FORK_WHO], fork_cr3[FORK_WHO];
uint32_t fork_seed;

static int map_memory(void)
{
    struct space *space = process_current()->space;
    struct cache_object *object;
    uintptr_t shared = FORK_SHARED;
    unsigned all = AREA_READ | AREA_WRITE;
    int error = anon_create(FORK_PAGES, &object);

    if (error)
        return error;
    error = space_map(space, &shared, FORK_PAGES * PAGE_SIZE, all | AREA_SHARED, object, 0);
    object_release(object);
    for (unsigned i = 0; i < FORK_PAGES && !error; i++) {
        uintptr_t va = FORK_PRIVATE + i * FORK_STRIDE;
        error = space_map(space, &va, PAGE_SIZE, all, NULL, 0);
    }
    return error;
}

static void done(uint32_t step, uint32_t who)
{
    uint32_t cr3;

    __asm__ volatile("movl %%cr3, %0" : "=r"(cr3));
    fork_pids[who % FORK_WHO] = process_current()->pid;
    fork_cr3[who % FORK_WHO] = cr3;
    turn = step + 1;
}

static bool memory_call(struct trapframe *tf)
{
    switch (tf->eax) {
    case FORK_TURN:
        if (tf->ebx == 0 && map_memory())
            stage_lacks("memory");
        return common_call(tf);
    case FORK_DONE:
        done(tf->ebx, tf->ecx);
        break;
    default:
        return common_call(tf);
    }
    tf->eax = 0;
    return true;
}

KTEST(fork_memory)
{
    if (!stage_open())
        return;
    begin(NULL, memory_call);
    fork_seed = ktest_random(0x10000);
    struct process *process = stage_start("fork_memory", fork_seed);
    if (process)
        stage_wait(process, 2 * PATIENCE);      /* it halts the machine: or it cannot */
    ktest_report("stuck %u %d", turn, note_count ? (int)notes[0].words[0] : 0);
}

/* ---- registers */

static void report_note(const struct note *note)
{
    ktest_report("note %u %u %u %u %u %u", note->tag, note->pid, note->tid, note->ppid,
                 note->threads, note->same_space);
    for (unsigned i = 0; i < note->count; i++)
        ktest_report("word %x", note->words[i]);
}

/* Until the parent has its two notes and the child its own; or there is no child. */
static void await_both(void)
{
    if (!await(&note_count, 2))
        return;
    for (unsigned i = 0; i < note_count; i++)
        if (notes[i].tag == FORK_PARENT && (int)notes[i].words[0] < 0)
            return;
    await(&note_count, 3);
}

/* A case, with the child first or the parent; returns whether all of it came to its end. */
static bool frame_case(enum fork_case which, bool child_first)
{
    uint32_t argument = ktest_random(0x10000) << 3 | which;
    struct process *process = program("fork_frame", argument, child_first);

    begin(process, common_call);
    ktest_report("case %u %u", which, child_first);
    if (!process)
        return false;
    process_start(process);
    await_both();
    for (unsigned i = 0; i < note_count; i++)
        report_note(&notes[i]);
    for (unsigned i = 0; i < note_count; i++)
        if (notes[i].pid != process->pid)
            end_child(notes[i].pid);
    go = true;
    bool ended = stage_end(process) >= 0;
    sleep_ms(2);
    return ended;
}

KTEST(fork_frame)
{
    if (!stage_open())
        return;
    for (unsigned which = 0; which < FORK_CASES; which++)
        for (unsigned first = 0; first < 2; first++)
            if (!frame_case(which, first))
                return;
    ktest_report("process %u", process_current()->pid);
}

/* ---- files */

#define FILES 3

static struct file *files[FILES];
static int numbers[FILES];
static unsigned closes;             /* the child closes this one */

/* Which of the files the current process has under their numbers: a bit for each. */
static uint32_t files_seen(void)
{
    uint32_t seen = 0;

    for (unsigned i = 0; i < FILES; i++) {
        struct file *file = process_current()->files ? fd_get(numbers[i]) : NULL;
        if (file && file == files[i])
            seen |= 1u << i;
        if (file)
            file_close(file);
    }
    return seen;
}

static void enter_files(void)
{
    process_current()->files = fd_table_new();
    for (unsigned i = 0; i < FILES && process_current()->files; i++) {
        file_hold(files[i]);
        if (fd_set(files[i], numbers[i], false) < 0)
            file_close(files[i]);
    }
}

static void report_files(const char *who)
{
    ktest_report("files %s %x %u %u %u", who, files_seen(), files[0]->refs, files[1]->refs,
                 files[2]->refs);
}

static bool files_call(struct trapframe *tf)
{
    switch (tf->eax) {
    case FORK_OPEN:
        enter_files();
        break;
    case FORK_CLOSE:
        report_files("child");
        if (process_current()->files)
            fd_close(numbers[closes]);
        break;
    case FORK_NOTE:
        if (note_count)
            report_files("parent");
        take_note(tf);
        break;
    default:
        return common_call(tf);
    }
    tf->eax = 0;
    return true;
}

static bool open_files(void)
{
    for (unsigned i = 0; i < FILES; i++) {
        char name[] = "/fork-0";
        name[6] = (char)('0' + i);
        if (file_open(name, O_RDWR | O_CREAT, 0600, &files[i])) {
            stage_lacks("files");
            return false;
        }
        numbers[i] = (int)(i * 16 + ktest_random(16));
    }
    return true;
}

static void close_files(void)
{
    for (unsigned i = 0; i < FILES; i++)
        file_close(files[i]);
}

/* `which`: bit 0, one table for both; bit 1, there is one at all. */
static void files_case(uint32_t which)
{
    struct process *process = program("fork_files", which, false);

    begin(process, files_call);
    closes = ktest_random(FILES);
    ktest_report("case %u", which);
    if (!process)
        return;
    process_start(process);
    await(&note_count, 1);
    int answer = note_count ? (int)notes[0].words[0] : 0;
    int status = answer > 0 ? end_child((uint32_t)answer) : 0;
    ktest_report("clone %d %d", answer > 0 ? 1 : answer, status);
    go = true;
    await(&note_count, 2);
    ktest_report("end %d", stage_end(process));
}

/* ---- without memory */

struct block {
    struct block *next;
};

#define MOST_FRAMES 60              /* fork needs fewer */

static struct block *blocks;        /* of kmalloc's, and pages: all that there was */
static struct page *pages;
static struct stage_use before;
static unsigned attempts;
static bool fed;

/* Take all that there is but for `left` frames, whatever its size. */
static void starve(unsigned left)
{
    struct page *page, *spare = NULL;
    struct block *block;

    for (unsigned i = 0; i < left && (page = alloc_page()); i++) {
        *(struct page **)page_to_virt(page) = spare;
        spare = page;
    }
    while ((page = alloc_page())) {
        *(struct page **)page_to_virt(page) = pages;
        pages = page;
    }
    for (size_t size = KMALLOC_CLASS_MAX; size; size -= 16)
        while ((block = kmalloc(size))) {
            block->next = blocks;
            blocks = block;
        }
    while ((page = spare)) {
        spare = *(struct page **)page_to_virt(page);
        page_put(page);
    }
}

static void feed(void)
{
    struct page *page;
    struct block *block;

    while ((page = pages)) {
        pages = *(struct page **)page_to_virt(page);
        page_put(page);
    }
    while ((block = blocks)) {
        blocks = block->next;
        kfree(block);
    }
}

static struct stage_use use_now(void)
{
    heapdebug_flush();
    return stage_use();
}

static void after_attempt(int answer)
{
    struct stage_use now = use_now();

    if (answer == 0)                /* the child; its parent may not have had its turn */
        process_exit(STATUS_EXIT(0));
    feed();
    fed = answer > 0;
    ktest_report("poor %u %d %d %d %d %d", attempts++, answer > 0 ? 1 : answer,
                 answer > 0 ? 0 : (int)(before.free_frames - now.free_frames),
                 (int)(now.processes - before.processes), (int)(now.threads - before.threads),
                 answer > 0 ? 0 : (int)(now.heap - before.heap));
    if (answer > 0)
        end_child((uint32_t)answer);
}

static bool poor_call(struct trapframe *tf)
{
    switch (tf->eax) {
    case FORK_OPEN:
        enter_files();
        break;
    case FORK_STARVE:
        tf->eax = fed || tf->ebx > MOST_FRAMES;
        if (!tf->eax) {
            starve(tf->ebx);
            before = use_now();
        }
        return true;
    case FORK_FEED:
        after_attempt((int)tf->ebx);
        break;
    default:
        return common_call(tf);
    }
    tf->eax = 0;
    return true;
}

/* With heap=debug, which finds what is given back twice. */
KTEST(fork_poor)
{
    if (!stage_open() || !open_files())
        return;
    struct process *process = program("fork_poor", 0, false);
    begin(process, poor_call);
    if (!process)
        return;
    process_start(process);
    ktest_report("end %d", stage_wait(process, 3000));
    heapdebug_flush();
    stay();
}

KTEST(fork_files)
{
    struct stage_use first;

    if (!stage_open() || !open_files())
        return;
    for (unsigned round = 0; round < 2; round++) {
        first = stage_use();
        for (uint32_t which = 0; which < 4; which++)
            files_case(which);
    }
    struct stage_use last = stage_use();
    ktest_report("left %d %d %d", (int)(first.free_frames - last.free_frames),
                 (int)(last.processes - first.processes), (int)(last.heap - first.heap));
    close_files();
}

/* ---- who waits by vfork */

static struct process *vfork_child(const struct process *parent)
{
    struct process *child = NULL;
    uint32_t flags = spin_lock_irqsave(&process_lock);

    if (parent->children.next != &parent->children)
        child = list_entry(parent->children.next, struct process, sibling);
    spin_unlock_irqrestore(&process_lock, flags);
    return child;
}

/* Does the parent sleep? And does it still, when a signal has come that somebody else took? */
static void look_at_parent(const struct process *parent)
{
    for (unsigned n = 0; n < 2; n++) {
        uint32_t flags = spin_lock_irqsave(&process_lock);
        bool alive = parent->state == PROCESS_ALIVE;
        bool sleeps = alive && task_of(parent)->state == TASK_WAITING;
        if (alive && n == 0)
            task_interrupt(task_of(parent));
        spin_unlock_irqrestore(&process_lock, flags);
        ktest_report("parent %u %u", sleeps, note_count);
        sleep_ms(5);
    }
}

enum vfork_case {
    VFORK_ENDS,                     /* the child ends */
    VFORK_EXECS,                    /* the child does what exec does, and lives */
    VFORK_KILLED,                   /* the parent is killed meanwhile */
    VFORK_FIRST,                    /* the child has ended before the parent has slept */
    VFORK_CASES
};

static void kill_parent(struct process *parent, const struct process *child)
{
    signal_send(parent, &(siginfo_t){ .signo = SIGKILL });
    for (unsigned ms = 0; parent->state != PROCESS_ZOMBIE && ms < PATIENCE; ms++)
        sleep_ms(1);
    ktest_report("killed %d %u", parent->state == PROCESS_ZOMBIE ? parent->status : -1,
                 child->vfork != NULL);
}

static bool vfork_case(enum vfork_case which)
{
    struct process *parent = program("fork_vfork", 0, which == VFORK_FIRST), *child;

    begin(parent, common_call);
    go = which == VFORK_FIRST;
    ktest_report("case %u", which);
    if (!parent)
        return false;
    process_start(parent);
    for (unsigned ms = 0; !(child = vfork_child(parent)) && ms < 50; ms++)
        sleep_ms(1);
    sleep_ms(5);
    uint32_t pid = child ? child->pid : 0;
    if (child && which != VFORK_FIRST)
        look_at_parent(parent);
    if (child && which == VFORK_KILLED)
        kill_parent(parent, child);
    if (child && which == VFORK_EXECS) {
        process_vfork_done(child);
        await(&note_count, 1);
        ktest_report("lives %u", child->state == PROCESS_ALIVE);
    }
    go = true;
    int status = child ? stage_wait(child, PATIENCE) : -1;
    turn = 1;
    int ended = stage_wait(parent, PATIENCE);
    ktest_report("ends %d %d %d", status, ended,
                 note_count ? notes[0].words[0] == pid ? 1 : (int)notes[0].words[0] : 0);
    if (status >= 0)
        stage_bury(child);
    if (ended >= 0 && (status >= 0 || !child))
        stage_bury(parent);
    return ended >= 0 && (!child || status >= 0);
}

KTEST(fork_vfork)
{
    if (!stage_open())
        return;
    for (unsigned which = 0; which < VFORK_CASES; which++)
        if (!vfork_case(which))
            return;
}
