/*
 * Exercise 6.4: the first stack, and the registers with which a program begins.
 *
 * first_frame() is a function of proc/exec.c's own, and comes last of all in process_exec(), behind
 * exercise 6.3. So exec.c is compiled into this file once more, with other names for what other
 * files know; build.mk sees to it that nothing else in it is seen from outside.
 */
#define exe_get      stack_exe_get
#define exe_put      stack_exe_put
#define process_exec stack_process_exec
#include "proc/exec.c"
#undef exe_get
#undef exe_put
#undef process_exec

#include "outside.h"
#include "stack_call.h"
#include "stage.h"
#include "task/timer.h"
#include "x86/irqflags.h"

#define CASES     16
#define FRAMES    6
#define TOP       0xb8000000u       /* of a stack that is mapped for the test */
#define ROOM      0x20000u
#define PATH_ROOM 40

/* What a program shall find, made of random numbers. */
struct situation {
    struct exec_args args;
    struct elf_image program;
    struct credentials ids;
    char path[PATH_ROOM];
    struct user_stack stack;
};

static char *random_text(char *to, unsigned n)
{
    while (n--)
        *to++ = 'a' + ktest_random(26);
    *to++ = '\0';
    return to;
}

/* Strings of all kinds: few, many, long; n chooses. */
static bool random_args(struct exec_args *args, unsigned n)
{
    unsigned most = n % 4 == 2 ? 120 : 8, longest = n % 4 == 3 ? 600 : 24;

    args->argc = 1 + ktest_random(most);
    args->envc = ktest_random(most);
    args->room = (args->argc + args->envc) * longest;
    char *end = args->strings = kmalloc(args->room);
    if (!end)
        return false;
    for (unsigned i = 0; i < args->argc + args->envc; i++)
        end = random_text(end, ktest_random(longest));
    args->bytes = (size_t)(end - args->strings);
    return true;
}

static bool random_situation(struct situation *s, unsigned n)
{
    if (!random_args(&s->args, n)) {
        stage_lacks("memory");
        return false;
    }
    s->path[0] = '/';
    random_text(s->path + 1, 1 + ktest_random(PATH_ROOM - 3));
    s->program.entry = random32();
    s->program.phdr = random32();
    s->ids.uid = ktest_random(3);
    s->ids.euid = ktest_random(3);
    s->ids.gid = ktest_random(3);
    s->ids.egid = ktest_random(3);
    s->stack = (struct user_stack){ .args = &s->args, .path = s->path, .program = &s->program,
                                    .ids = &s->ids };
    s->stack.phnum = ktest_random(ELF_SEGMENTS_MAX);
    s->stack.interpreter = random32() & ~0xfffu;
    s->stack.top = TOP - 16 * ktest_random(256);
    return true;
}

static bool map_room(struct space *space)
{
    uintptr_t bottom = TOP - ROOM;
    int error = space_map(space, &bottom, ROOM, AREA_READ | AREA_WRITE, NULL, 0);

    if (error)
        stage_lacks("memory");
    return !error;
}

static bool is_in_room(const struct user_stack *stack)
{
    return TOP - ROOM <= stack->esp && stack->esp < stack->top;
}

static void write_and_tell(struct situation *s)
{
    struct user_stack *stack = &s->stack;
    int error = user_stack_write(stack);

    ktest_report("wrote %d %x %x", error, stack->top, stack->esp);
    ktest_report("strings %x %x %x", stack->arg_start, stack->arg_end, stack->env_end);
    if (!error && is_in_room(stack))
        ktest_report_bytes("stack", (const void *)stack->esp, stack->top - stack->esp);
    kfree(s->args.strings);
}

KTEST(stack_written)
{
    for (unsigned n = 0; n < CASES; n++) {
        struct situation s = { 0 };
        struct space *space = space_create();
        if (!space) {
            stage_lacks("memory");
            return;
        }
        space_switch(space);
        if (map_room(space) && random_situation(&s, n))
            write_and_tell(&s);
        space_switch(NULL);
        space_put(space);
    }
}

/* ---- registers */

/* A program that is loaded, with a dynamic linker or without, as process_exec() has it then. */
static void loaded(struct load *load, uint32_t entry, uint32_t linker_entry)
{
    static struct file program, linker;
    static struct elf elf, linker_elf;
    uint32_t bias = PIE_BASE;

    elf.header.e_entry = entry - bias;
    linker_elf.header.e_entry = linker_entry - 2 * bias;
    *load = (struct load){ .file = &program, .elf = &elf, .space = space_current() };
    load->image = (struct elf_image){ .bias = bias, .entry = entry };
    if (!linker_entry)
        return;
    elf.interp_bytes = 1;
    load->interpreter = &linker;
    load->interpreter_elf = &linker_elf;
    load->interpreter_image = (struct elf_image){ .bias = 2 * bias, .entry = linker_entry };
    load->stack.interpreter = 2 * bias;
}

KTEST(stack_frames)
{
    for (unsigned n = 0; n < FRAMES; n++) {
        struct trapframe tf;
        struct load load;
        uint32_t entry = random32(), linker = random32() | 1;
        memset(&tf, 0xa5, sizeof(tf));
        loaded(&load, entry, n % 2 ? linker : 0);
        load.stack.esp = random32() & ~15u;
        first_frame(&load, &tf);
        ktest_report_bytes("frame", &tf, sizeof(tf));
    }
}

static struct situation ahead;      /* of the program in ring 3 */

/* As execve(2), but for the loading. */
static bool begin_program(struct trapframe *tf)
{
    struct load load;
    struct user_stack *stack = &ahead.stack;

    if (tf->eax != STACK_BEGIN)
        return false;
    loaded(&load, tf->ebx, 0);
    if (!map_room(space_current()) || user_stack_write(stack) || !is_in_room(stack))
        stack->esp = stack->top - 256;      /* registers can be looked at all the same */
    load.stack = *stack;
    ktest_report_bytes("stack", (const void *)stack->esp, stack->top - stack->esp);
    first_frame(&load, tf);
    ktest_report("begins %x %x %x", load.image.entry, stack->top, stack->esp);
    return true;
}

KTEST(stack_ring3)
{
    if (!stage_open() || !random_situation(&ahead, 1))
        return;
    stage_call = begin_program;
    struct process *process = stage_start("stack_ring3", 0);
    if (!process)
        return;
    while (process->state != PROCESS_ZOMBIE)
        sleep_ms(10);
    ktest_report("ended %d", process->status);
}
