/*
 * Processes: what the threads of one program have in common, and who waits for its end.
 *
 * A thread is a task (task/task.h) with a struct thread; the task's pid is what gettid(2) says. A
 * process is what getpid(2) and kill(2) mean, its pid that of its first thread. When its last
 * thread has ended it is a zombie, without memory and files, until its parent has asked how it
 * ended (proc/exit).
 *
 * Process 1 is there from process_init() on: the kernel's first task, which becomes init by
 * process_run_init(). The children of a process that ends become its children.
 *
 * clone(2), wait(2), setpgid(2), credentials(7).
 */
#ifndef PROC_PROCESS_H
#define PROC_PROCESS_H

#include "abi/resource.h"
#include "abi/signal.h"
#include "abi/wait.h"
#include "task/stack.h"
#include "task/task.h"
#include "x86/trap.h"

#define GROUPS_MAX 32               /* supplementary groups of a process */

struct fd_table;
struct space;
struct vfork;
struct vnode;

enum process_state {
    PROCESS_ALIVE,
    PROCESS_STOPPED,                /* by a signal; SIGCONT makes it go on */
    PROCESS_ZOMBIE,
};

/*
 * A signal that has been sent, and not delivered. One whose `taken` is not NULL is its sender's own
 * and stays: it is told, with process_lock, when the signal is delivered (as *info, which may be
 * changed) or dropped (info is NULL).
 */
struct pending_signal {
    struct list node;
    siginfo_t info;
    void (*taken)(struct pending_signal *signal, siginfo_t *info);
};

/* Signals that wait to be delivered. */
struct pending {
    uint64_t set;                   /* bit n - 1: signal n */
    struct list queue;              /* struct pending_signal, oldest first */
    unsigned count;                 /* in the queue */
    struct pending_signal *spare;   /* the last one that was delivered, for the next; or NULL */
};

struct credentials {
    uint32_t uid, euid, suid, fsuid, gid, egid, sgid, fsgid;
    uint32_t group_count, groups[GROUPS_MAX];
};

/* Does somebody run a program with rights that are not his own? */
static inline bool credentials_differ(const struct credentials *ids)
{
    return ids->uid != ids->euid || ids->gid != ids->egid;
}

struct process {
    uint32_t pid;
    enum process_state state;
    struct list all;                /* in the list of all processes, by age */
    struct process *parent;         /* NULL for process 1 */
    struct list children, sibling;
    struct list threads;            /* struct thread */
    unsigned thread_count;          /* that have not ended */
    uint32_t pgid, sid;             /* process group and session */

    struct space *space;            /* counted; NULL: the kernel's half is enough, or a zombie */
    struct fd_table *files;         /* counted; NULL: none, or a zombie */
    struct vnode *exe;              /* what it runs, counted, or NULL */
    char *exe_path;                 /* and its path, of kmalloc's, or NULL */
    uint32_t started;               /* when, in 10 ms since the start */
    uintptr_t arg_start, arg_end, env_start, env_end;   /* on its stack: for /proc/PID/cmdline */
    uint32_t ppid;                  /* its parent's number, 0: none; read without the lock, too */
    struct credentials ids;
    struct rlimit limits[RLIM_NLIMITS];
    bool has_execed;                /* since it was forked: for setpgid(2) */

    /* Signals: proc/signal */
    struct sigaction actions[NSIG];         /* of signal n at n - 1 */
    struct pending pending;                 /* for any of its threads */

    /* Its end: proc/exit */
    bool exiting;                   /* every thread ends as soon as it can */
    bool execing;                   /* with exiting: but for one, which waits in process_alone() */
    int status;                     /* as wait4(2) tells it */
    int exit_signal;                /* to its parent when it ends, SIGCHLD as a rule; 0: none */
    bool stop_told, continue_due;   /* what wait4(2) has told, or has to, of stops */
    struct wait_queue child_events; /* its own wait4() waits here */
    struct wait_queue thread_events;        /* a thread has ended */
    struct vfork *vfork;            /* proc/fork: whom its exec or end wakes, or NULL */
    int parent_death_signal;        /* prctl(2): it gets this one when its parent ends, or 0 */
    bool subreaper;                 /* prctl(2): orphans among those below it become its children */
    bool no_new_privs;              /* prctl(2): exec does not look at set-user-id bits */
    uint32_t personality;           /* personality(2) */

    /* Times, in ticks of 1 ms */
    uint32_t user_ticks, system_ticks;      /* of threads that have ended */
    uint32_t child_user_ticks, child_system_ticks;  /* of children that were waited for */

    uint32_t peak_pages;            /* that it has mapped, as far as it was looked at */
    char name[TASK_NAME_MAX];       /* of a zombie: its last thread's */

    void *timers;                   /* proc/itimer's own */
};

struct thread {
    struct list node;               /* in its process */
    struct task *task;
    uint64_t blocked;               /* signals that wait until they are allowed */
    uint64_t waited_for;            /* blocked ones that sigtimedwait(2) waits for */
    uint64_t saved_blocked;         /* with restore_blocked: what sigsuspend(2) shall put back */
    bool restore_blocked;
    uint32_t trap, trap_error, trap_address;    /* its last exception: vector, error code, CR2 */
    struct pending pending;         /* for this thread alone */
    struct sigaltstack altstack;
    uintptr_t set_child_tid;        /* clone(2): where it writes its number when it begins, or 0 */
    uintptr_t clear_child_tid;      /* set_tid_address(2): zeroed, and waiters woken, at its end */
    uintptr_t robust_list;          /* set_robust_list(2) */
    long (*restart)(struct thread *thread);     /* what restart_syscall(2) calls, or NULL */
    uint32_t restart_data[8];       /* its own */
    bool traced;                    /* its system calls are told in the log: sys/strace */
    uint32_t traced_call, traced_line;      /* the last one's number, and the log's of its line */
    int8_t nice;                    /* nice(2) */
    uint8_t policy, realtime;       /* sched_setscheduler(2): SCHED_, and its priority there */
};

/*
 * One lock for all of the above that more than one thread reaches: the tree, groups and sessions,
 * states, threads, actions and pending signals. What only a thread itself uses needs none.
 * Never held while anything sleeps; taken inside of no other lock but that of all tasks, and wait
 * queues', futexes' and the scheduler's are taken inside of it.
 */
extern struct spinlock process_lock;

/* After task_init(): the current task becomes process 1. */
void process_init(void);

/* The current task's, or NULL: it is a task of the kernel's. */
static inline struct process *process_current(void)
{
    return current()->process;
}

static inline struct thread *thread_current(void)
{
    return current()->thread;
}

/*
 * Where a thread's registers are while it is in the kernel: the frame of the trap by which it came
 * is the first thing on its stack.
 */
static inline struct trapframe *user_frame(const struct task *task)
{
    return (struct trapframe *)(task->stack + STACK_SIZE) - 1;
}

/*
 * One user more, and one less, of the file that a process runs: counted, and not to be written to
 * (fs/writers.h). NULL does nothing. The first one is exec's, which has looked whether it may.
 */
void exe_get(struct vnode *exe);
void exe_put(struct vnode *exe);

/* The process or thread of that number, or NULL. The caller has process_lock. */
struct process *process_find(uint32_t pid);
struct thread *thread_find(uint32_t tid);

/*
 * Call fn for each process, by age, until it returns false. The caller has process_lock.
 */
void process_each(bool (*fn)(struct process *process, void *arg), void *arg);

/*
 * Make a process with one thread, a child of `parent` (in its group and session, with its
 * limits and ids, the kernel's space and no files), whose thread will run func(arg): it does not
 * run yet. func makes the thread a program (process_exec, enter_user) or ends it by process_exit();
 * it must not return. Returns the process, or NULL if there is no memory.
 */
struct process *process_new(struct process *parent, int (*func)(void *arg), void *arg,
                            const char *name);

/* Let its first thread run. */
void process_start(struct process *process);

/* Threads, of all processes: as many as there may be. */
#define THREADS_MAX 1000

/*
 * For proc/fork: a process, with no thread yet and no number, or a thread of the current one's
 * kind, neither entered anywhere. NULL if there is no memory; a thread also if there are too many.
 */
struct process *process_alloc(struct process *parent);
struct thread *thread_alloc(void);
void thread_free(struct thread *thread);

/*
 * Enter the task as a thread of the process; a new process's first one has that become a child of
 * the one it was allocated for, or, with `sibling`, of that one's parent.
 */
void thread_enter(struct process *process, struct thread *thread, struct task *task, bool sibling);

/* How many threads there are of processes of this user. The caller has process_lock. */
unsigned process_threads_of(uint32_t uid);

/* All threads of the process look at what there is to do before they go back to their program. */
void process_notice(struct process *process);

/* Take a process whose threads have ended out of the tree, and free it. With process_lock. */
void process_remove(struct process *process);

/* Ticks of all of its threads, also those that have ended. The caller has process_lock. */
void process_ticks(const struct process *process, uint32_t *user, uint32_t *system);

/* Has the current process been told to end? By SIGKILL, or since another thread ended it. */
bool process_killed(void);

/*
 * clone(2) with these flags: a process or a thread that goes on where the current one is, with 0 as
 * its answer, at `stack` if that is not 0. `tls` is a struct user_desc of CLONE_SETTLS's. Returns
 * its number, or -EAGAIN (too many), -ENOMEM, -EINVAL (flags that do not go together), -EFAULT.
 */
long process_clone(uint32_t flags, uintptr_t stack, uintptr_t parent_tid, uintptr_t tls,
                   uintptr_t child_tid);

/* End the current thread, as exit(2) does; with the last one its process ends. */
void thread_exit(int status) __attribute__((noreturn));

/*
 * End the current process with `status` as wait4(2) tells it (code << 8, or a signal's number):
 * all its other threads end, too.
 */
void process_exit(int status) __attribute__((noreturn));

/* Its parent waits by vfork(2), if it does: it goes on. For exec and the end. */
void process_vfork_done(struct process *process);

/*
 * End all other threads of the current process, and wait until they have ended: for exec, with the
 * old space still in place. What the thread had the kernel watch in its memory is done with, and
 * its number is the process's from now on. -EAGAIN: the process or this thread is to end; whatever
 * it wants to do, it gives back what it has and returns.
 */
int process_alone(void);

/*
 * wait4(2). `pid` selects as there, `options` are W bits; *status and *usage (NULL: not asked for)
 * are the kernel's memory. Returns the child's pid; 0: WNOHANG, and none has anything to tell;
 * -ECHILD; -EINTR: a signal came.
 */
long process_wait(int pid, int *status, unsigned options, struct rusage *usage);

/* What a child has to tell. */
struct wait_answer {
    uint32_t pid, uid;
    int status;                     /* as wait4(2) tells it */
    struct rusage usage;
};

/*
 * The same for wait4(2) and waitid(2): those of the children that `type` (P_) and `id` select. W
 * bits say what is of interest, WEXITED too. Returns 1: *answer is filled; 0, -ECHILD, -EINTR: a
 * signal came, and none has anything to tell yet.
 */
int process_wait_for(unsigned type, uint32_t id, unsigned options, struct wait_answer *answer);

/* SIGCHLD's or waitid(2)'s code and status for a status as wait4(2) tells it. */
void process_status_info(int status, siginfo_t *info);

#endif
