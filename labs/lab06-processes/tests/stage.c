/*
 * The stage: a gate, a loader and an end for programs, of the tests' own.
 */
#include "stage.h"
#include "abi/errno.h"
#include "fs/vfs.h"
#include "ktest.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "mm/slab.h"
#include "mm/space.h"
#include "proc/exec.h"
#include "proc/signal.h"
#include "sys/calls.h"
#include "task/timer.h"
#include "task/work.h"
#include "x86/idt.h"
#include "x86/irqflags.h"
#include "x86/tss.h"

#define KERNEL_CODE 0x08            /* the flat code segment of ring 0 */
#define USER_EFLAGS 0x202
#define NAME_MAX_STAGE 32

typedef long (*call_fn)(uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t);

#define ENTRY(number, name, arguments, trace) [number] = (call_fn)(void *)sys_##name,
static const call_fn table[] = { SYSCALLS(ENTRY) };

extern const char stage_image[], stage_image_end[];
void stage_gate(void);
void stage_syscall(struct trapframe *tf);

bool (*stage_call)(struct trapframe *tf);
uint32_t stage_calls_made;
const struct trapframe *volatile stage_frame;
volatile uint32_t stage_directory;

/* What a program's thread needs to begin; it frees it. */
struct begin {
    char name[NAME_MAX_STAGE];
    uint32_t argument;
};

void stage_lacks(const char *what)
{
    ktest_report("lacks %s", what);
}

/* ---- the gate */

static __attribute__((noreturn)) void stay(const struct trapframe *tf)
{
    uint32_t cr3;

    irq_disable();
    __asm__ volatile("movl %%cr3, %0" : "=r"(cr3));
    stage_frame = tf;
    stage_directory = cr3;
    ktest_report("halts");
    for (;;)
        __asm__ volatile("cli\n\thlt");
}

static void tell_bytes(uint32_t tag, const void *from, size_t n)
{
    ktest_report("bytes %x %u", tag, (unsigned)n);
    ktest_report_bytes("data", from, n);
}

static bool own_call(struct trapframe *tf)
{
    switch (tf->eax) {
    case STAGE_TELL:
        ktest_report("told %s %x %x", current()->name, tf->ebx, tf->ecx);
        break;
    case STAGE_BYTES:
        tell_bytes(tf->ebx, (const void *)(uintptr_t)tf->ecx, tf->edx);
        break;
    case STAGE_STAY:
        stay(tf);
    default:
        return false;
    }
    tf->eax = 0;
    return true;
}

static void make_call(struct trapframe *tf)
{
    uint32_t number = tf->eax;
    call_fn fn = number < ARRAY_SIZE(table) ? table[number] : NULL;

    stage_calls_made++;
    tf->unused_esp = number;
    tf->eax = fn ? (uint32_t)fn(tf->ebx, tf->ecx, tf->edx, tf->esi, tf->edi, tf->ebp)
                 : (uint32_t)-ENOSYS;
    if (-tf->eax - ERESTARTSYS <= ERESTART_RESTARTBLOCK - ERESTARTSYS)
        current()->notice = true;
}

void stage_syscall(struct trapframe *tf)
{
    irq_enable();
    if (!(stage_call && stage_call(tf)) && !own_call(tf))
        make_call(tf);
    irq_disable();
    if (preempt_due())
        preempt_hook();
    trap_to_user(tf);
}

/* The gate of vector 128 as it is in the table now. */
static struct gate gate_of_table(void)
{
    struct {
        uint16_t limit;
        uint32_t base;
    } __attribute__((packed)) table;

    __asm__ volatile("sidt %0" : "=m"(table));
    return ((const struct gate *)(uintptr_t)table.base)[TRAP_SYSCALL];
}

/* Put a gate there; which one was there at first is kept, and put back for NULL. */
static void put_gate(const struct gate *gate)
{
    static struct gate first;
    static bool kept;

    if (!kept)
        first = gate_of_table();
    kept = true;
    idt_set(TRAP_SYSCALL, gate ? *gate : first);
}

static bool make_ready(void)
{
    stage_call = NULL;
    stage_calls_made = 0;
    irq_enable();
    static bool mounted;
    if (!mounted && vfs_mount("none", "/", "tmpfs", 0)) {
        stage_lacks("file-system");
        return false;
    }
    mounted = true;
    return true;
}

bool stage_open(void)
{
    struct gate gate = gate_make((uint32_t)(uintptr_t)stage_gate, KERNEL_CODE, GATE_INTERRUPT, 3);

    put_gate(&gate);
    return make_ready();
}

bool stage_open_without_gate(void)
{
    put_gate(NULL);
    return make_ready();
}

/* ---- programs */

/* The image, zeros behind it, and a stack, in a space that is the current one. */
static int fill_space(struct space *space)
{
    size_t bytes = (size_t)(stage_image_end - stage_image);
    uintptr_t code = STAGE_CODE, stack = STAGE_STACK_TOP - STAGE_STACK;
    unsigned all = AREA_READ | AREA_WRITE | AREA_EXEC;
    int error = space_map(space, &code, bytes + STAGE_ZEROS, all, NULL, 0);

    if (!error)
        error = space_map(space, &stack, STAGE_STACK, all | AREA_GROWS, NULL, 0);
    if (!error)
        memcpy((void *)STAGE_CODE, stage_image, bytes);
    return error;
}

/* What the first thread does: it makes its process the program. */
static int begin(void *arg)
{
    struct begin *what = arg;
    struct process *process = process_current();
    struct space *space = space_create();
    uint32_t esp = STAGE_STACK_TOP - NAME_MAX_STAGE;

    if (space) {
        process->space = space;
        space_set_stack(space, STAGE_STACK_TOP, STACK_USUAL);
        space_switch(space);
    }
    if (!space || fill_space(space)) {
        kfree(what);
        process_exit(SIGKILL);
    }
    memcpy((void *)(uintptr_t)esp, what->name, NAME_MAX_STAGE);
    struct {
        struct trapframe tf, room;      /* enter_user() writes to the stack's top */
    } frame = { .tf = {
        .ds = USER_DATA, .es = USER_DATA, .vector = TRAP_NO_SYSCALL, .eax = esp,
        .ebx = what->argument, .eip = STAGE_CODE, .cs = USER_CODE, .eflags = USER_EFLAGS,
        .user_esp = esp, .user_ss = USER_DATA,
    } };
    kfree(what);
    space_start_break(space, STAGE_CODE + (size_t)(stage_image_end - stage_image) + STAGE_ZEROS);
    enter_user(&frame.tf, current()->stack + STACK_SIZE);
}

struct process *stage_program(struct process *parent, const char *name, uint32_t argument)
{
    struct begin *what = kzalloc(sizeof(*what));
    struct process *process = NULL;

    if (what) {
        strlcpy(what->name, name, sizeof(what->name));
        what->argument = argument;
        process = process_new(parent ? parent : process_current(), begin, what, name);
    }
    if (!process) {
        kfree(what);
        stage_lacks("memory");
    }
    return process;
}

struct process *stage_start(const char *name, uint32_t argument)
{
    struct process *process = stage_program(NULL, name, argument);

    if (process)
        process_start(process);
    return process;
}

int stage_wait(const struct process *process, unsigned ms)
{
    for (unsigned waited = 0; waited <= ms; waited++) {
        uint32_t flags = spin_lock_irqsave(&process_lock);
        bool ended = process->state == PROCESS_ZOMBIE;
        int status = process->status;
        spin_unlock_irqrestore(&process_lock, flags);
        if (ended)
            return status;
        sleep_ms(1);
    }
    stage_lacks("end");
    return -1;
}

void stage_bury(struct process *process)
{
    uint32_t flags = spin_lock_irqsave(&process_lock);

    process_remove(process);
    spin_unlock_irqrestore(&process_lock, flags);
}

int stage_end(struct process *process)
{
    int status = process ? stage_wait(process, 2000) : -1;

    if (status >= 0)
        stage_bury(process);
    return status;
}

/* ---- what is in use */

static bool count_process(struct process *process, void *arg)
{
    struct stage_use *use = arg;

    use->processes++;
    use->threads += process->thread_count;
    return true;
}

struct stage_use stage_use(void)
{
    struct stage_use use = { 0 };
    struct page_stats pages;
    struct slab_stats slab;

    for (int i = 0; i < 3; i++) {       /* what one piece of work leaves to the next */
        sleep_ms(2);
        work_flush();
    }
    slab_reclaim();
    uint32_t flags = spin_lock_irqsave(&process_lock);
    process_each(count_process, &use);
    spin_unlock_irqrestore(&process_lock, flags);
    page_stats(&pages);
    use.free_frames = pages.free;
    for (unsigned n = 0; slab_stats(n, &slab); n++)
        use.heap += slab.used;
    return use;
}

/* Does the stage itself stand? For the project's tests. */
KTEST(given_stage)
{
    if (!stage_open())
        return;
    for (int round = 0; round < 2; round++) {    /* the first one warms caches up */
        struct stage_use before = stage_use();
        ktest_report("status %d", stage_end(stage_start("nothing", 7 + ktest_random(100))));
        struct stage_use after = stage_use();
        ktest_report("left %d %d %d", (int)(before.free_frames - after.free_frames),
                     (int)(after.processes - before.processes), (int)(after.heap - before.heap));
    }
}
