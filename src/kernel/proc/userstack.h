/*
 * What a program finds on its stack when it begins: argc, argv, envp, the auxiliary vector, and the
 * strings that they point to.
 *
 * System V ABI, Intel386 supplement, 3-28; getauxval(3).
 */
#ifndef PROC_USERSTACK_H
#define PROC_USERSTACK_H

#include "proc/elf.h"
#include "proc/exec.h"
#include "proc/vdso.h"

#define USER_STACK_TOP vdso_base    /* right below the vDSO */

/* What goes there besides the strings. */
struct user_stack {
    const struct exec_args *args;
    const char *path;               /* AT_EXECFN */
    const struct elf_image *program;
    uint32_t phnum;
    const struct credentials *ids;
    uint32_t interpreter;           /* AT_BASE: where it was moved to, or 0 */
    uintptr_t top;                  /* the stack's end: USER_STACK_TOP, or less; of 16 bytes */
    /* out: argv's strings lie in [arg_start, arg_end), envp's from there on to env_end */
    uintptr_t arg_start, arg_end, env_end;
    uintptr_t esp;                  /* out: a multiple of 16, and argc is there */
};

/*
 * Write it below stack->top in the current space, where a stack is mapped. Returns 0, -EFAULT: it
 * does not fit, -ENOMEM.
 */
int user_stack_write(struct user_stack *stack);

#endif
