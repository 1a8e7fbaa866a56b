/*
 * Where the members of the kernel's structures lie, for the grader that reads them from outside.
 */
#include "task/runqueue.h"
#include "task/stack.h"

#define AT(type, member) __builtin_offsetof(type, member)

/* Pairs in the order of gradelib/lab4/inside.py's LAYOUT. */
const uint32_t task_layout[] = {
    sizeof(task_t), AT(task_t, pid), AT(task_t, state), AT(task_t, queued), AT(task_t, on_cpu),
    AT(task_t, name), AT(task_t, esp), AT(task_t, stack), AT(task_t, space), AT(task_t, func),
    AT(task_t, arg), AT(task_t, cpus), AT(task_t, priority), AT(task_t, base_priority),
    AT(task_t, slice), AT(task_t, ticks), AT(task_t, parent), AT(task_t, status),
};

/* The same of struct cpu, and other sizes. */
const uint32_t cpu_layout[] = {
    sizeof(struct cpu), AT(struct cpu, gdt), AT(struct cpu, tss), AT(struct cpu, fault_tss),
    AT(struct cpu, current), AT(struct cpu, idle), AT(struct cpu, runqueue),
    STACK_SIZE, sizeof(struct runqueue),
};
