/*
 * The stage: how kernel tests run programs in ring 3 without the student's gate, loader, fork and
 * exit, so that each exercise can be tested alone.
 *
 * The programs are the course's own (labs/lab06-processes/user), all in one image that is linked to
 * one address and part of the test kernel. A program on the stage is a process as process_new()
 * makes it, with a space of its own that holds the image, a stack, and what the test adds. Its
 * system calls come in by a gate of the stage's, to the functions of the table in sys/calls.h, and
 * to a few that only the stage has.
 */
#ifndef STAGE_H
#define STAGE_H

#include "proc/process.h"
#include "stage_calls.h"

/*
 * Make ready: the gate, interrupts on, a tmpfs as /. False: a file system cannot be had (the test
 * has nothing to say then but stage_lacks()).
 */
bool stage_open(void);

/*
 * The same, but vector 128 is as syscall_init() has left it: programs make their calls by the
 * kernel's own gate. Nothing of the stage's knows of them then, nor of their end.
 */
bool stage_open_without_gate(void);

/* "lacks WHAT": something that the test needs is not there. */
void stage_lacks(const char *what);

/*
 * A new process, child of `parent` (NULL: of the test's, process 1), that will run the program
 * `name` with `argument` as its own. It does not run before process_start(), so that the test can
 * change what it finds. NULL: no memory, which has been reported.
 */
struct process *stage_program(struct process *parent, const char *name, uint32_t argument);

/* The same, and started. */
struct process *stage_start(const char *name, uint32_t argument);

/*
 * Wait, by looking again and again, for at most `ms`, until the process is a zombie. Returns its
 * status as wait4(2) tells it, or -1, reported as "lacks end": it has not ended. Needs nothing of
 * exercise 6.6; but with it, a parent in ring 3 or SIG_IGN may have freed it meanwhile: for
 * children of the test's only.
 */
int stage_wait(const struct process *process, unsigned ms);

/* Take a zombie out of the tree and free it. */
void stage_bury(struct process *process);

/* Both: the status, or -1, and then it stays. */
int stage_end(struct process *process);

/*
 * Asked for each call from ring 3 first of all, with interrupts on; NULL: nobody is. If it returns
 * true, tf->eax is the answer; else the call is made. Then signals and the like are looked at.
 */
extern bool (*stage_call)(struct trapframe *tf);

/* Calls of the table that have been made, by all programs, since stage_open(). */
extern uint32_t stage_calls_made;

/*
 * What a program that has called STAGE_STAY wants to be looked at from outside, found by symbols:
 * its registers and page directory (physical). The last line of the report is "halts".
 */
extern const struct trapframe *volatile stage_frame;
extern volatile uint32_t stage_directory;

/* What is in use, for tests that look whether all has been given back. */
struct stage_use {
    uint32_t free_frames, processes, threads, heap;     /* heap: bytes, or objects */
};

/*
 * Let what ends in the background end (the work task), have caches give back what they keep, and
 * count.
 */
struct stage_use stage_use(void);

#endif
