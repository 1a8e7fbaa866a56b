/*
 * execve: the new program is put together in an address space of its own, beside the old one, which
 * goes only when nothing can fail any more.
 */
#include "proc/exec.h"
#include "abi/errno.h"
#include "fs/mount.h"
#include "fs/path.h"
#include "fs/writers.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "mm/space.h"
#include "proc/aslr.h"
#include "proc/elf.h"
#include "proc/fdtable.h"
#include "proc/signal.h"
#include "proc/userstack.h"
#include "x86/percpu.h"

#define SCRIPT_LINE  256            /* of a script's first line that are looked at */
#define SCRIPT_DEPTH 4              /* scripts run by scripts run by scripts */
#define PIE_BASE     0x56555000u    /* where position-independent programs go, as on Linux */
#define STACK_FIRST  (128 * 1024)   /* bytes of stack; it grows */
#define STACK_MOST   0x20000000u    /* ... to this at most, whatever the limit is */
#define EXEC_GROUP   0010u          /* without it S_ISGID is no set-group-id bit */
#define EFLAGS_USER  0x202u         /* interrupts on; bit 1 is always set */

void exe_get(struct vnode *exe)
{
    if (!exe)
        return;
    vnode_hold(exe);
    writers_forbid(exe);            /* it can: somebody runs it already */
}

void exe_put(struct vnode *exe)
{
    if (!exe)
        return;
    writers_allow(exe);
    vnode_put(exe);
}

/* A program on its way: all that must be given back if it does not come to run. */
struct load {
    struct file *file;              /* the program */
    struct elf *elf;
    struct elf_image image;
    struct file *interpreter;       /* its dynamic linker, or NULL */
    struct elf *interpreter_elf;
    struct elf_image interpreter_image;
    struct space *space;
    struct user_stack stack;
    uintptr_t stack_top;
    struct credentials ids;         /* whom the process will act for */
    uint32_t personality;
    struct vnode *exe;              /* the program's, as a process has it */
    char *exe_path;                 /* from the root; NULL: it has none, or there was no memory */
};

/*
 * Open a file that shall be run. It need not be readable, and what is no regular file is not opened
 * at all: a FIFO would wait.
 */
static int open_program(const char *path, struct file **file)
{
    struct vnode *vnode;
    int error = path_lookup(path, 0, &vnode);

    if (error)
        return error;
    error = vnode->fops == &vnode_file_ops ? vnode_access(vnode, VNODE_EXEC) : -EACCES;
    if (!error && !(*file = file_new(vnode, &vnode_file_ops, O_RDONLY)))
        error = -ENOMEM;
    if (error)
        vnode_put(vnode);
    return error;
}

/*
 * Is it a script? Then `line` becomes the interpreter's path, and *argument points into it, at the
 * one argument that it may have, or is NULL. Returns 1, 0: it is none, or -ERRNO.
 */
static int script_line(struct file *file, char line[SCRIPT_LINE], const char **argument)
{
    ssize_t n = file_pread(file, line, SCRIPT_LINE - 1, 0);

    if (n < 0)
        return (int)n;
    line[n] = '\0';
    if (n < 2 || line[0] != '#' || line[1] != '!')
        return 0;
    char *end = strchr(line, '\n'), *path = line + 2;
    if (!end && n == SCRIPT_LINE - 1)
        return -ENOEXEC;
    if (!end)
        end = line + n;
    while (end > path && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    *end = '\0';
    while (*path == ' ' || *path == '\t')
        path++;
    char *space = path;
    while (*space && *space != ' ' && *space != '\t')
        space++;
    *argument = NULL;
    if (*space) {
        *space++ = '\0';
        while (*space == ' ' || *space == '\t')
            space++;
        *argument = space;
    }
    if (!*path)
        return -ENOEXEC;
    memmove(line, path, (size_t)(end - path) + 1);
    if (*argument)
        *argument -= path - line;
    return 1;
}

/* The path as it is from the root, of kmalloc's: for /proc. */
static char *path_from_root(const char *path)
{
    char *whole = kmalloc(PATH_MAX), *copy;
    int n = whole && *path != '/' ? path_of_current(whole, PATH_MAX) : 0;

    while (path[0] == '.' && path[1] == '/')
        path += 2;
    if (whole && n >= 0)
        snprintf(whole + n, PATH_MAX - (size_t)n, "%s%s", *path == '/' || n == 1 ? "" : "/", path);
    copy = whole && n >= 0 ? kmalloc(strlen(whole) + 1) : NULL;
    if (copy)
        memcpy(copy, whole, strlen(whole) + 1);
    kfree(whole);
    return copy;
}

/*
 * Open what is at `path`; a script's interpreter in its place, with the arguments changed. *found
 * becomes the path of that.
 */
static int open_through_scripts(const char *path, struct exec_args *args, struct file **file,
                                char **found)
{
    char *line = kmalloc(2 * SCRIPT_LINE), *script = line + SCRIPT_LINE;
    const char *argument;
    int error = line ? open_program(path, file) : -ENOMEM, is_script = 0;

    for (unsigned depth = 0; !error; depth++) {
        char *own = depth % 2 ? script : line;
        is_script = script_line(*file, own, &argument);
        if (is_script <= 0)
            break;
        file_close(*file);
        *file = NULL;
        const char *first[] = { own, argument ? argument : path, argument ? path : NULL, NULL };
        error = depth == SCRIPT_DEPTH ? -ELOOP : exec_args_replace(args, first);
        path = own;
        if (!error)
            error = open_program(path, file);
    }
    if (!error && is_script < 0) {
        error = is_script;
        file_close(*file);
        *file = NULL;
    }
    if (!error)
        *found = path_from_root(path);
    kfree(line);
    return error;
}

static int read_elf(struct file *file, struct elf **elf)
{
    *elf = kmalloc(sizeof(**elf));
    return *elf ? elf_read(file, *elf) : -ENOMEM;
}

/* The dynamic linker that the program asks for. */
static int open_interpreter(struct load *load)
{
    uint32_t bytes = load->elf->interp_bytes;
    char *path = bytes ? kmalloc(bytes) : NULL;
    int error = bytes && !path ? -ENOMEM : 0;

    if (!bytes || error)
        return error;
    ssize_t got = file_pread(load->file, path, bytes, load->elf->interp_offset);
    if (got != (ssize_t)bytes || path[bytes - 1])
        error = got < 0 ? (int)got : -ENOEXEC;
    if (!error)
        error = open_program(path, &load->interpreter);
    kfree(path);
    if (error)
        return error;
    error = read_elf(load->interpreter, &load->interpreter_elf);
    return error == -ENOEXEC ? -ELIBBAD : error;
}

/* A program that does not say otherwise may execute its stack: gABI's extension PT_GNU_STACK. */
static unsigned stack_access(const struct elf *elf)
{
    for (unsigned i = 0; i < elf->header.e_phnum; i++)
        if (elf->segments[i].p_type == PT_GNU_STACK && !(elf->segments[i].p_flags & PF_X))
            return AREA_READ | AREA_WRITE;
    return AREA_READ | AREA_WRITE | AREA_EXEC;
}

/* aslr_offset(), if the program may be moved. */
static uint32_t offset(const struct load *load, uint32_t most, uint32_t unit)
{
    return load->personality & ADDR_NO_RANDOMIZE ? 0 : aslr_offset(most, unit);
}

static int map_stack(struct load *load)
{
    uintptr_t top = USER_STACK_TOP - offset(load, ASLR_STACK, PAGE_SIZE), stack = top - STACK_FIRST;
    uint64_t limit = process_current()->limits[RLIMIT_STACK].soft;

    space_set_stack(load->space, top, limit < STACK_MOST ? (size_t)limit : STACK_MOST);
    load->space->map_top -= offset(load, ASLR_MMAP, PAGE_SIZE);
    load->stack_top = top - offset(load, ASLR_FRAME, 16);
    return space_map(load->space, &stack, STACK_FIRST, stack_access(load->elf) | AREA_GROWS, NULL,
                     0);
}

/* Fill the new space, which is the current one now. */
static int fill_space(struct load *load, const char *path, const struct exec_args *args)
{
    int error = map_stack(load);

    if (!error)
        error = vdso_map(load->space);
    if (!error)
        error = elf_map(load->space, load->file->vnode, load->elf,
                        PIE_BASE + offset(load, ASLR_PIE, PAGE_SIZE), &load->image);
    if (!error && load->interpreter)
        error = elf_map(load->space, load->interpreter->vnode, load->interpreter_elf, 0,
                        &load->interpreter_image);
    if (error)
        return error == -EEXIST ? -ENOEXEC : error;
    space_start_break(load->space, load->image.end + offset(load, ASLR_BREAK, PAGE_SIZE));
    load->stack = (struct user_stack){
        .args = args, .path = path, .program = &load->image, .phnum = load->elf->header.e_phnum,
        .ids = &load->ids, .interpreter = load->interpreter_image.bias,
        .top = load->stack_top,
    };
    error = user_stack_write(&load->stack);
    return error == -EFAULT ? -E2BIG : error;   /* the stack may not become so large */
}

/*
 * Whom the program acts for: its file's owner and group, if its permissions say so and the process
 * may become somebody else. What it was told by somebody with other rights does not count then.
 */
static void find_ids(struct load *load)
{
    const struct process *process = process_current();
    const struct vnode *file = load->file->vnode;
    struct credentials *ids = &load->ids;
    bool may_change = !process->no_new_privs && (file->mount->type->flags & FS_MODES);

    *ids = process->ids;
    if (may_change && (file->mode & S_ISUID))
        ids->euid = file->uid;
    if (may_change && (file->mode & S_ISGID) && (file->mode & EXEC_GROUP))
        ids->egid = file->gid;
    ids->suid = ids->fsuid = ids->euid;
    ids->sgid = ids->fsgid = ids->egid;
    load->personality = process->personality;
    if (credentials_differ(ids))
        load->personality &= ~ADDR_NO_RANDOMIZE;
}

static int open_all(struct load *load, const char *path, struct exec_args *args)
{
    int error = open_through_scripts(path, args, &load->file, &load->exe_path);

    if (!error)
        error = writers_forbid(load->file->vnode);
    if (!error) {
        load->exe = load->file->vnode;
        vnode_hold(load->exe);
        find_ids(load);
    }
    if (!error)
        error = read_elf(load->file, &load->elf);
    if (!error)
        error = open_interpreter(load);
    if (!error && !(load->space = space_create()))
        error = -ENOMEM;
    return error;
}

static void close_all(struct load *load)
{
    kfree(load->elf);
    kfree(load->interpreter_elf);
    exe_put(load->exe);
    kfree(load->exe_path);
    if (load->interpreter)
        file_close(load->interpreter);
    if (load->file)
        file_close(load->file);
    if (load->space)
        space_put(load->space);
}

/* The name under which the task is listed: the last part of the path. */
static void set_name(const char *path)
{
    const char *name = path;

    for (const char *c = path; *c; c++)
        if (*c == '/' && c[1])
            name = c + 1;
    strlcpy(current()->name, name, TASK_NAME_MAX);
}

/* Nothing can fail any more: the process becomes the new program. */
static void become(struct load *load)
{
    struct process *process = process_current();
    struct vnode *exe = process->exe;

    uint32_t flags = spin_lock_irqsave(&process_lock);
    char *exe_path = process->exe_path;
    process->exe_path = load->exe_path;
    load->exe_path = exe_path;      /* what close_all() gives back, as the two below */
    process->exe = load->exe;
    load->exe = exe;
    struct space *old = process->space;
    process->space = load->space;
    load->space = old;
    process->ids = load->ids;
    process->personality = load->personality;
    if (credentials_differ(&process->ids))
        process->parent_death_signal = 0;
    spin_unlock_irqrestore(&process_lock, flags);
    if (process->files)
        fd_table_exec(process->files);
    signal_exec(process);
    process->has_execed = true;
    process->arg_start = load->stack.arg_start;
    process->arg_end = process->env_start = load->stack.arg_end;
    process->env_end = load->stack.env_end;
    memset(current()->tls, 0, sizeof(current()->tls));
    memset(&this_cpu()->gdt[GDT_TLS], 0, sizeof(current()->tls));
    thread_current()->clear_child_tid = thread_current()->robust_list = 0;
    fpu_forget();
    process_vfork_done(process);
}

/*
 * What the program begins with: its entry, or its dynamic linker's if it has one; the new stack;
 * ring 3, with interrupts on and IOPL 0. All other registers are 0 but the data segments: nothing
 * shows of what was in them before, and EDX would be a function to be called at the end (ABI).
 */
static void first_frame(const struct load *load, struct trapframe *tf)
{
    // exercise 6.4 begin: where it begins, on which stack, and that it is ring 3
    const struct elf_image *begin = load->interpreter ? &load->interpreter_image : &load->image;

    *tf = (struct trapframe){
        .fs = 0, .gs = 0, .ds = USER_DATA, .es = USER_DATA, .vector = TRAP_NO_SYSCALL,
        .eip = begin->entry, .cs = USER_CODE, .eflags = EFLAGS_USER, .user_esp = load->stack.esp,
        .user_ss = USER_DATA,
    };
    // exercise 6.4 stub
    // (void)load;
    // *tf = (struct trapframe){ 0 };
    // exercise 6.4 end
}

int process_exec(const char *path, struct exec_args *args, struct trapframe *tf)
{
    struct process *process = process_current();
    struct load load = { 0 };
    int error = open_all(&load, path, args);

    if (!error) {
        space_switch(load.space);
        error = fill_space(&load, path, args);
        space_switch(process->space);
    }
    if (!error)
        error = process_alone();
    if (!error)
        error = fd_table_unshare(process);
    if (!error) {
        space_switch(load.space);
        become(&load);
        set_name(path);
        first_frame(&load, tf);
    }
    close_all(&load);
    return error;
}
