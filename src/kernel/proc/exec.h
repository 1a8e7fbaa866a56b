/*
 * Programs: from a file to a process that runs it.
 *
 * execve(2), elf(5), getauxval(3).
 */
#ifndef PROC_EXEC_H
#define PROC_EXEC_H

#include "proc/process.h"

#define ARG_BYTES_MAX (2048 * 1024) /* of arguments and environment together, NULs included */
#define ARG_STRING_MAX (128 * 1024) /* of one of them */

/* Argument and environment strings, in the kernel's memory. */
struct exec_args {
    unsigned argc, envc;
    char *strings;                  /* all of them, argv's first, each with its NUL */
    size_t bytes, room;
};

/* Take strings from a program: *argv and *envp as execve(2) has them. -EFAULT, -E2BIG, -ENOMEM. */
int exec_args_from_user(struct exec_args *args, const uint32_t *argv, const uint32_t *envp);
/* Take the kernel's own, NULL-terminated. */
int exec_args_from_kernel(struct exec_args *args, const char *const *argv,
                          const char *const *envp);
/* Put these strings, up to NULL, in the place of argv[0]. -E2BIG, -ENOMEM: nothing has changed. */
int exec_args_replace(struct exec_args *args, const char *const *first);
void exec_args_free(struct exec_args *args);

/*
 * Have the current process run the program at `path`: as execve(2) does. On success `tf` is what
 * the program begins with. Errors, with nothing changed: execve(2)'s. What goes wrong after the old
 * program is gone ends the process with SIGKILL.
 */
int process_exec(const char *path, struct exec_args *args, struct trapframe *tf);

/* Go to ring 3 with these registers, on a stack that is the thread's own. */
void enter_user(const struct trapframe *tf, uintptr_t stack_top) __attribute__((noreturn));

/*
 * Run the program argv[0] as a child of the current process, with the console as its standard input
 * and output, until it ends. Returns its status as wait4(2) tells it, or -ERRNO.
 */
int process_run(const char *const *argv);

/*
 * Make the current task, process 1, the program that init= names on the command line, if it names
 * one; with the word strace there, its system calls and its children's are told in the log. Returns
 * only if there is none, or it cannot be run: that is a line in the log.
 */
void process_run_init(const char *cmdline);

#endif
