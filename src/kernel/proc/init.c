/*
 * Programs that the kernel itself starts.
 */
#include "abi/errno.h"
#include "debug/log.h"
#include "debug/monitor.h"
#include "fs/file.h"
#include "lib/cmdline.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "proc/exec.h"
#include "proc/fdtable.h"
#include "proc/tty.h"

static const char *const environment[] = { "PATH=/bin:/sbin:/usr/bin:/usr/sbin", "HOME=/",
                                           "TERM=linux", NULL };

/* The console as file descriptors 0, 1 and 2 of the current process. */
static int open_console(void)
{
    struct process *process = process_current();
    struct file *console;

    if (process->files)
        return 0;
    if (!(process->files = fd_table_new()))
        return -ENOMEM;
    int error = file_open("/dev/console", O_RDWR, 0, &console);
    for (int fd = 0; !error && fd < 3; fd++) {
        file_hold(console);
        error = fd_set(console, fd, false);
        error = error < 0 ? error : 0;
    }
    if (!error)
        file_close(console);
    return error;
}

/* The current process is to become the program: `tf` is what it begins with. Frees `args`. */
static int become(const char *path, struct exec_args *args, struct trapframe *tf)
{
    int error = open_console();

    if (!error)
        error = process_exec(path, args, tf);
    exec_args_free(args);
    return error;
}

/* A program on its way to a child, which frees it: whoever has started it may not wait for long. */
struct start {
    struct exec_args args;
    char path[];
};

static struct start *new_start(const char *const *argv)
{
    size_t bytes = strlen(argv[0]) + 1;
    struct start *start = kmalloc(sizeof(*start) + bytes);

    if (!start)
        return NULL;
    memcpy(start->path, argv[0], bytes);
    if (exec_args_from_kernel(&start->args, argv, environment)) {
        kfree(start);
        return NULL;
    }
    return start;
}

/* What the first thread of a process made by process_run() does. */
static int run_child(void *arg)
{
    struct start *start = arg;
    struct trapframe tf;

    tty_adopt();                    /* what is typed is the program's, and Ctrl-C stops it */
    int error = become(start->path, &start->args, &tf);
    if (error)
        console_printf("%s cannot be run: error %d\n", start->path, -error);
    kfree(start);
    if (error)
        process_exit(127 << 8);
    enter_user(&tf, current()->stack + STACK_SIZE);
}

int process_run(const char *const *argv)
{
    struct start *start = new_start(argv);
    struct process *child = NULL;
    int status, pid;

    if (!start)
        return -ENOMEM;
    if (!(child = process_new(process_current(), run_child, start, argv[0]))) {
        exec_args_free(&start->args);
        kfree(start);
        return -ENOMEM;
    }
    int wanted = (int)child->pid;
    process_start(child);
    do                              /* process 1 is everybody's parent who has lost it, too */
        pid = (int)process_wait(-1, &status, 0, NULL);
    while (pid > 0 && pid != wanted);
    return pid < 0 ? pid : status;
}

void process_run_init(const char *cmdline)
{
    char path[128];

    if (!cmdline_find(cmdline, "init", path, sizeof(path)))
        return;
    const char *argv[] = { path, NULL };
    struct exec_args args;
    struct trapframe tf;

    tty_adopt();
    thread_current()->traced = cmdline_find(cmdline, "strace", NULL, 0);
    int error = exec_args_from_kernel(&args, argv, environment);
    if (!error)
        error = become(path, &args, &tf);
    if (!error)
        enter_user(&tf, current()->stack + STACK_SIZE);
    kprintf(LOG_ERR, "init=%s cannot be run: error %d\n", path, -error);
}

MONITOR_COMMAND(exec, "PATH [WORD...]", "run a program and wait until it ends")
{
    const char *words[MONITOR_WORDS] = { 0 };

    (void)tf;
    if (argc < 2) {
        console_printf("exec what?\n");
        return;
    }
    for (int i = 1; i < argc; i++)
        words[i - 1] = argv[i];
    int status = process_run(words);
    if (status < 0)
        console_printf("error %d\n", -status);
    else if (status & 0x7f)
        console_printf("%s: ended by signal %d\n", words[0], status & 0x7f);
    else if (status >> 8)
        console_printf("%s: exit status %d\n", words[0], status >> 8);
}
