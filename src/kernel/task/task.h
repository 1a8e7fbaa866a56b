/*
 * Tasks: threads of control, each with a stack of its own in the kernel.
 *
 * A task begins READY; the scheduler (task/sched.h) makes it RUNNING and READY again; it is WAITING
 * while it sleeps for something (task/wait.h); and when it has ended it stays as a ZOMBIE until its
 * parent has asked how it ended.
 */
#ifndef TASK_TASK_H
#define TASK_TASK_H

#include "lib/list.h"
#include "task/wait.h"
#include "x86/fpu.h"
#include "x86/percpu.h"
#include "x86/switch.h"

#define TASK_NAME_MAX 16            /* with the NUL; longer names are cut */
#define PRIORITIES    32            /* 0 to 31, the most urgent; 0 is for the idle task alone */

#define PRIORITY_NORMAL 16

#define TLS_ENTRIES 3               // lab 6

enum task_state {
    TASK_READY,                     /* could run, and is in a run queue */
    TASK_RUNNING,                   /* a processor's current task */
    TASK_WAITING,                   /* until somebody calls task_wake() */
    TASK_ZOMBIE,                    /* has ended; its stack may still be in use, see on_cpu */
};

struct mutex;
struct space;
struct vnode;                       // lab 5
struct process;                     // lab 6
struct thread;                      // lab 6

typedef struct task {
    uint32_t pid;
    enum task_state state;          /* changes under the run queue's lock */
    bool interruptible;             /* while WAITING: task_interrupt() ends it, too */
    bool interrupted;               /* task_interrupt() was called; cleared by who has seen it */
    bool queued;                    /* in the run queue */
    volatile bool on_cpu;           /* its stack is in use: cleared after the switch away from it */
    char name[TASK_NAME_MAX];

    uintptr_t esp;                  /* while it does not run: its struct context lies there */
    uintptr_t stack;                /* lowest address of its stack (task/stack.h) */
    struct space *space;            /* its address space; NULL: the kernel's half is enough */
    struct fpu fpu;
    int (*func)(void *arg);
    void *arg;

    /* task/sched, under the run queue's lock */
    struct list level, waiting;     /* the places in the run queue */
    uint64_t ready_since;           /* milliseconds */
    uint32_t cpus;                  /* the processors that it may run on, a bit for each */
    uint8_t priority;               /* by which it is scheduled */
    uint8_t base_priority;          /* its own; priority is higher while it has inherited one */
    uint8_t slice;                  /* ticks left before it is another one's turn */
    uint32_t ticks;                 /* that it was found running */

    /* task/mutex, under its lock */
    struct mutex *blocked_on;       /* what it waits for */
    struct list held;               /* what it holds */

    /* Under task.c's lock */
    struct list all;                /* place in the list of all tasks */
    struct task *parent;            /* NULL: nobody will ask how it ended */
    int status;                     /* once it is a ZOMBIE */
    struct wait_queue ended;        /* who waits for that */

    struct vnode *cwd;              /* fs/path: its directory; NULL: / */      // lab 5

    // lab 6 begin
    struct process *process;        /* proc/process: whose thread it is; NULL: only the kernel's */
    struct thread *thread;
    volatile bool notice;           /* before it returns to ring 3, there is something to do */
    uint64_t tls[TLS_ENTRIES];      /* descriptors of its own: set_thread_area(2) */
    uint32_t user_ticks;            /* of its ticks, those in ring 3 */
    struct list cwd_shared;         /* fs/path: a ring of those whose directory is the same one */
    uint32_t umask;                 /* fs/path: what new files are not allowed; theirs, too */
    // lab 6 end
} task_t;

/* The running task; NULL before task_init(). */
static inline task_t *current(void)
{
    return this_cpu()->current;
}

/* What runs now becomes the first task. After kmalloc_init() and fpu_init(). */
void task_init(void);

/*
 * Make a task that runs func(arg), but do not let it run yet: what create_task() does first.
 */
task_t *task_new(int (*func)(void *arg), void *arg, const char *name);

/*
 * Make a task that runs func(arg) with interrupts on, as a child of the current one, in its address
 * space and with its priority. When func returns, the task has ended with what it returned as
 * status. The name is copied. Returns the task, which stays until task_join() or task_detach(), or
 * NULL if there is no memory.
 */
task_t *create_task(int (*func)(void *arg), void *arg, const char *name);

/* End the current task. Its children go on, and nobody will ask how they end. */
void task_exit(int status) __attribute__((noreturn));

/*
 * Wait until the task, a child of the current one, has ended, and free it. Returns 0, and its
 * status in *status if that is not NULL; -ECHILD if it is no child of the current task's; -EINTR if
 * the current task was interrupted: the child is still there then.
 */
int task_join(task_t *task, int *status);

/* Nobody will ask how the task, a child of the current one, ends: it is freed by itself then. */
void task_detach(task_t *task);

/*
 * Call fn for each task, in the order of their making, until it returns false. Tasks are neither
 * made nor freed meanwhile, and interrupts are off.
 */
void task_each(bool (*fn)(task_t *task, void *arg), void *arg);

/* How many tasks there are. */
unsigned task_count(void);

// lab 5 begin
/*
 * What the layers above have to do when a task is made, by `parent` or NULL, and before its memory
 * is freed. NULL: nothing. Set once, by fs/path.
 */
extern void (*task_born)(struct task *child, struct task *parent);
extern void (*task_gone)(struct task *task);
// lab 5 end

// lab 6 begin
/*
 * Is the number somebody's who is no task? A new task does not get it then. Called with the lock of
 * all tasks. NULL: no. Set once, by proc/process.
 */
extern bool (*task_pid_taken)(uint32_t pid);
// lab 6 end

#endif
