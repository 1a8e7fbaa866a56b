/*
 * Puppets: processes for the tests of the end (ends.c), which sleep until they are told to wait for
 * children or to end. Nothing of theirs runs in ring 3. They are more urgent than the test: what
 * they are told is done when the test goes on, unless it makes them sleep.
 */
#ifndef PUPPETS_H
#define PUPPETS_H

#include "proc/process.h"

#define PUPPETS       16
#define PUPPET_NOBODY 99            /* for reports: no process of the test's */
#define PUPPET_HANDLER 0x1000       /* of signals; never called, as there is no ring 3 */
#define PUPPET_PRIORITY 20          /* the test's is 16 */

enum puppet_order { PUPPET_NONE, PUPPET_END, PUPPET_WAIT };

struct puppet {
    struct process *process;
    uint32_t pid;                   /* 0: there is none */
    struct task *task;
    struct wait_queue orders;
    enum puppet_order order;
    int status;                     /* PUPPET_END: with this one */
    unsigned type, options;         /* PUPPET_WAIT: for whom */
    uint32_t id;
    bool waits;                     /* has not come back */
    int result;                     /* of the last one that has */
    struct wait_answer answer;
};

extern struct puppet puppets[PUPPETS];

/*
 * The puppet's process, a child of `parent`'s (NULL: of the test's), and its start. NULL: no
 * memory, which has been reported.
 */
struct process *puppet_make(struct puppet *puppet, const struct puppet *parent);
void puppet_start(struct puppet *puppet);

/* Have it end with this status, as wait4(2) tells it; have it call process_wait_for(). */
void puppet_end(struct puppet *puppet, int status);
void puppet_wait(struct puppet *puppet, unsigned type, uint32_t id, unsigned options);

/* Interrupt it, as a signal does. */
void puppet_interrupt(const struct puppet *puppet);

/* Let it go on until it sleeps, or has ended. */
void puppet_settle(const struct puppet *puppet);

/* Is there the process, and is it no zombie? */
bool puppet_lives(const struct puppet *puppet);

/* The process of that number, or NULL; also for 0. */
struct process *puppet_find(uint32_t pid);

/* A status from the test's seed: some exit status, or a signal's number. */
int puppet_status(void);

/* Have a process act on this signal, so that it stays pending. */
void puppet_handle(struct process *process, unsigned number);

/* All come to their ends, and nothing is left of them. False, reported: one does not end. */
bool puppets_clear(void);

/*
 * A line for each that is in the table: "KEY me parent listed ppid state exit_signal status
 * pending", with 0 for process 1, puppets from 1 on; listed is in whose list of children it is.
 */
void puppets_report(const char *key);

#endif
