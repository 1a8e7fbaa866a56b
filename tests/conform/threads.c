/*
 * Conformance: threads and futexes, by raw calls. What threads share, how they start and end, their
 * local storage in GS, waiting and waking.
 *
 * clone(2), set_thread_area(2), futex(2), set_tid_address(2), exit_group(2), gettid(2), tgkill(2).
 */
#include "signal.h"

#define CLONE_VM      0x100
#define CLONE_FS      0x200
#define CLONE_FILES   0x400
#define CLONE_SIGHAND 0x800
#define CLONE_THREAD  0x10000
#define CLONE_SYSVSEM 0x40000
#define CLONE_SETTLS  0x80000
#define CLONE_PARENT_SETTID  0x100000
#define CLONE_CHILD_CLEARTID 0x200000
#define THREAD (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)

#define FUTEX_WAIT        0
#define FUTEX_WAKE        1
#define FUTEX_REQUEUE     3
#define FUTEX_CMP_REQUEUE 4
#define FUTEX_WAIT_BITSET 9
#define FUTEX_WAKE_BITSET 10
#define FUTEX_PRIVATE     128
#define STACK 16384

struct descriptor {
    unsigned entry, base, limit, flags;
};

struct thread {
    void (*function)(struct thread *);
    volatile int clear_tid;             /* the kernel clears this at the end, and wakes */
    volatile int parent_tid;
    volatile int result;
    int argument;
    char stack[STACK] __attribute__((aligned(16)));
};

static struct thread threads[9];
static volatile int total, word, go;

/*
 * clone with a new stack: the child calls function(thread) there and exits with 0. In EBX flags, ECX stack,
 * EDX parent_tid, ESI tls, EDI child_tid.
 */
extern long clone_thread(unsigned flags, void *stack, volatile int *parent_tid, void *tls, volatile int *child_tid);
__asm__("clone_thread:\n\tpushl %ebx\n\tpushl %esi\n\tpushl %edi\n\tpushl %ebp\n\t"
        "movl 20(%esp), %ebx\n\tmovl 24(%esp), %ecx\n\tmovl 28(%esp), %edx\n\tmovl 32(%esp), %esi\n\t"
        "movl 36(%esp), %edi\n\tmovl $120, %eax\n\tint $0x80\n\ttestl %eax, %eax\n\tjz 1f\n\t"
        "popl %ebp\n\tpopl %edi\n\tpopl %esi\n\tpopl %ebx\n\tret\n"
        "1:\txorl %ebp, %ebp\n\tpopl %eax\n\tcall *%eax\n\txorl %ebx, %ebx\n\tmovl $1, %eax\n\tint $0x80\n");

static long futex(volatile int *address, int op, int value, struct timespec32 *time)
{
    return sys(futex, address, op, value, time, NULL, 0);
}

static long begin_with(struct thread *thread, void (*function)(struct thread *), unsigned flags, void *tls)
{
    void **top = (void **)(thread->stack + STACK - 20);     /* aligned when the function is called */

    thread->function = function;
    thread->clear_tid = 1;
    top[0] = (void *)function;
    top[1] = (void *)thread;                /* what the function finds as its argument, 4(%esp) after the call */
    return clone_thread(THREAD | flags, top, &thread->parent_tid, tls, &thread->clear_tid);
}

static long begin(struct thread *thread, void (*function)(struct thread *))
{
    return begin_with(thread, function, CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID, NULL);
}

static void join(struct thread *thread)
{
    int value;

    while ((value = thread->clear_tid) != 0)
        futex(&thread->clear_tid, FUTEX_WAIT, value, NULL);
}

static int exchange(volatile int *address, int value)
{
    __asm__ volatile("xchgl %0, %1" : "+r"(value), "+m"(*address) : : "memory");
    return value;
}

/* ---- starting and ending ---- */

static volatile int seen_pid, seen_tid, seen_parent;

static void look(struct thread *thread)
{
    seen_pid = (int)own_pid();
    seen_tid = (int)own_tid();
    seen_parent = (int)sys(getppid);
    thread->result = thread->argument * 2;
}

static void opens(struct thread *thread)
{
    thread->result = (int)sys(open, "shared", O_RDWR | O_CREAT, 0644);
    sys(mkdir, "below", 0755);
    sys(chdir, "below");
}

static void starting(void)
{
    struct thread *t = threads;
    long tid;

    t->argument = 21;
    tid = begin(t, look);
    yes("clone", tid > 0);
    join(t);
    show("its result", t->result);
    yes("one process", seen_pid == own_pid() && seen_parent == sys(getppid));
    yes("a thread of its own", seen_tid == tid && tid != own_pid());
    yes("CLONE_PARENT_SETTID", t->parent_tid == tid);
    show("CLONE_CHILD_CLEARTID", t->clear_tid);
    show("a thread is no child", sys(wait4, -1, NULL, 1, 0));
    pause_ms(20);
    show("tgkill of a thread that ended", sys(tgkill, own_pid(), tid, 0));
    begin(t, opens);
    join(t);
    show("what a thread opened", sys(write, t->result, "x", 1));
    sys(close, t->result);
    show("where it went", sys(rmdir, "../below"));
    sys(chdir, "..");
    show("CLONE_THREAD without CLONE_SIGHAND", sys(clone, CLONE_VM | CLONE_THREAD, 0, NULL, NULL, NULL));
}

/* ---- many, with a lock made of a futex ---- */

static volatile int lock;

static void take(void)
{
    if (exchange(&lock, 1) == 0)
        return;
    while (exchange(&lock, 2) != 0)
        futex(&lock, FUTEX_WAIT | FUTEX_PRIVATE, 2, NULL);
}

static void give(void)
{
    if (exchange(&lock, 0) == 2)
        futex(&lock, FUTEX_WAKE | FUTEX_PRIVATE, 1, NULL);
}

static void adds(struct thread *thread)
{
    for (int i = 0; i < 2000; i++) {
        take();
        int before = total;
        if (i % 100 == 0)
            sys(sched_yield);
        total = before + thread->argument;
        give();
    }
}

static void many(void)
{
    total = 0;
    for (int i = 0; i < 8; i++) {
        threads[i].argument = i + 1;
        if (begin(&threads[i], adds) < 0)
            say("no thread %d\n", i);
    }
    for (int i = 0; i < 8; i++)
        join(&threads[i]);
    show("eight threads add", total);
}

/* ---- futexes ---- */

static void wakes_later(struct thread *thread)
{
    pause_ms(40);
    word = 1;
    thread->result = (int)futex(&word, FUTEX_WAKE, thread->argument, NULL);
}

static void waits(struct thread *thread)
{
    thread->result = (int)futex(&word, FUTEX_WAIT, 0, NULL);
}

static void waits_for_bits(struct thread *thread)
{
    thread->result = (int)sys(futex, &word, FUTEX_WAIT_BITSET, 0, NULL, NULL, thread->argument);
}

static void futexes(void)
{
    struct timespec32 soon = { 0, 50000000 }, wrong = { 0, 1000000000 };
    struct thread *t = threads;
    long start;

    word = 5;
    show("wait for another value", futex(&word, FUTEX_WAIT, 4, NULL));
    start = now_ms();
    show("wait until it times out", futex(&word, FUTEX_WAIT, 5, &soon));
    yes("not too early", now_ms() - start >= 50);
    show("wake nobody", futex(&word, FUTEX_WAKE, 1, NULL));
    show("a wrong time", futex(&word, FUTEX_WAIT, 5, &wrong));
    show("an address that is not aligned", futex((volatile int *)((char *)&word + 1), FUTEX_WAIT, 5, NULL));
    show("a wild address", futex((volatile int *)16, FUTEX_WAIT, 5, NULL));
    show("a kernel address", futex((volatile int *)0xc0000000, FUTEX_WAIT, 5, NULL));
    show("an unknown operation", futex(&word, 99, 5, NULL));
    show("no bits", sys(futex, &word, FUTEX_WAIT_BITSET, 5, NULL, NULL, 0));
    show("a time that is past", sys(futex, &word, FUTEX_WAIT_BITSET, 5, &soon, NULL, -1));
    word = 0;
    t->argument = 5;
    begin(t, wakes_later);
    show("wait for a thread", futex(&word, FUTEX_WAIT, 0, NULL));
    join(t);
    show("it woke", t->result);
    word = 0;
    for (int i = 0; i < 4; i++)
        begin(&threads[i], waits);
    pause_ms(60);
    show("wake two", futex(&word, FUTEX_WAKE, 2, NULL));
    show("wake the others", futex(&word, FUTEX_WAKE, 100, NULL));
    for (int i = 0; i < 4; i++)
        join(&threads[i]);
    for (int i = 0; i < 2; i++) {
        threads[i].argument = 1 << i;
        begin(&threads[i], waits_for_bits);
    }
    pause_ms(60);
    show("wake by a bit nobody has", sys(futex, &word, FUTEX_WAKE_BITSET, 9, NULL, NULL, 4));
    show("wake by the second bit", sys(futex, &word, FUTEX_WAKE_BITSET, 9, NULL, NULL, 2));
    join(&threads[1]);
    show("wake by any", futex(&word, FUTEX_WAKE, 9, NULL));
    join(&threads[0]);
    for (int i = 0; i < 3; i++)
        begin(&threads[i], waits);
    pause_ms(60);
    show("requeue", sys(futex, &word, FUTEX_REQUEUE, 1, 9, &go, 0));
    show("wake where they were", futex(&word, FUTEX_WAKE, 9, NULL));
    show("wake where they are", futex(&go, FUTEX_WAKE, 9, NULL));
    for (int i = 0; i < 3; i++)
        join(&threads[i]);
    show("requeue for another value", sys(futex, &word, FUTEX_CMP_REQUEUE, 1, 9, &go, 77));
}

static void between_processes(void)
{
    volatile int *shared = (volatile int *)sys(mmap2, NULL, 4096, 3, 0x21, -1, 0);
    long child = fork_process();

    if (child == 0) {
        long result = futex(shared, FUTEX_WAIT, 0, NULL);
        leave(result == 0 || result == -EAGAIN ? 31 : 32);
    }
    pause_ms(50);
    *shared = 1;
    show("wake another process", futex(shared, FUTEX_WAKE, 1, NULL));
    reap("it", child);
}

/* ---- local storage ---- */

static int storage[4][4];

static unsigned read_gs(void)
{
    unsigned value;

    __asm__ volatile("movl %%gs:4, %0" : "=r"(value));
    return value;
}

static void local(struct thread *thread)
{
    for (int i = 0; i < 20; i++) {
        thread->result += read_gs() == (unsigned)thread->argument;
        sys(sched_yield);
    }
}

static void thread_areas(void)
{
    struct descriptor d = { (unsigned)-1, (unsigned)storage[0], 0xfffff, 0x51 }, other, none = { 12, 0, 0, 0x28 };
    unsigned selector;
    long child;

    show("set_thread_area", sys(set_thread_area, &d));
    yes("an entry of the three", d.entry >= 6 && d.entry <= 14);
    selector = d.entry * 8 + 3;
    storage[0][1] = 100;
    __asm__ volatile("movl %0, %%gs" : : "r"(selector));
    show("through GS", (long)read_gs());
    for (int i = 0; i < 3; i++) {
        struct descriptor mine = { d.entry, (unsigned)storage[i + 1], 0xfffff, 0x51 };
        storage[i + 1][1] = threads[i].argument = 101 + i;
        threads[i].result = 0;
        begin_with(&threads[i], local, CLONE_SETTLS | CLONE_CHILD_CLEARTID, &mine);
    }
    for (int i = 0; i < 3; i++)
        join(&threads[i]);
    say("three threads: %d %d %d\n", threads[0].result, threads[1].result, threads[2].result);
    show("one's own stayed", (long)read_gs());
    child = fork_process();
    if (child == 0)
        leave((int)read_gs());
    reap("after fork", child);
    other.entry = d.entry;
    show("get_thread_area", sys(get_thread_area, &other));
    yes("as it was set", other.base == d.base && other.limit == d.limit && (other.flags & 0x7f) == d.flags);
    other.entry = 99;
    show("get_thread_area of no entry", sys(get_thread_area, &other));
    other = d;
    other.entry = 3;
    show("set_thread_area of the kernel's entry", sys(set_thread_area, &other));
    show("set_thread_area from a wild address", sys(set_thread_area, 16));
    none.entry = d.entry;
    none.flags = 0x28;
    child = fork_process();
    if (child == 0) {
        show("an empty descriptor", sys(set_thread_area, &none));
        read_gs();
        leave(0);
    }
    reap("GS then", child);
    child = sys(clone, CLONE_SETTLS | SIGCHLD, 0, NULL, &none, NULL);
    if (child == 0)
        leave(8);
    reap("a child with an empty descriptor", child);
}

/* ---- signals and the end ---- */

static volatile int signal_tid, signals;

static void note(int number)
{
    (void)number;
    signal_tid = (int)own_tid();
    signals++;
}

static void sleeps(struct thread *thread)
{
    struct timespec32 long_time = { 20, 0 };

    thread->result = (int)sys(nanosleep, &long_time, NULL);
}

static void signals_of_threads(void)
{
    struct thread *t = threads;
    long tid;

    set_action(SIGUSR1, note, 0, 0);
    tid = begin(t, sleeps);
    pause_ms(40);
    show("tgkill", sys(tgkill, own_pid(), tid, SIGUSR1));
    join(t);
    yes("the thread itself took it", signal_tid == tid);
    say("its sleep: %r\n", (long)t->result);
    tid = begin(t, sleeps);
    pause_ms(40);
    change_mask(SIG_SETMASK, mask_of(SIGUSR1));
    sys(kill, own_pid(), SIGUSR1);
    join(t);
    yes("a process's signal goes to who does not block it", signal_tid == tid && signals == 2);
    change_mask(SIG_SETMASK, 0);
}

static void leaves_all(struct thread *thread)
{
    (void)thread;
    pause_ms(30);
    sys(exit_group, 44);
}

static void executes(struct thread *thread)
{
    char *words[] = { arguments[0], "again", NULL };

    (void)thread;
    sys(execve, arguments[0], words, environment);
}

static void crashes(struct thread *thread)
{
    (void)thread;
    *(volatile int *)16 = 1;
}

static void ending(const char *what, void (*function)(struct thread *), int exits)
{
    long child = fork_process();

    if (child == 0) {
        begin(&threads[1], sleeps);
        begin(&threads[0], function);
        if (exits)
            sys(exit, 45);
        sys(pause);
        leave(46);
    }
    reap(what, child);
}

static void short_life(struct thread *thread)
{
    (void)thread;
    pause_ms(40);
}

static void last_one(void)
{
    long child = fork_process();

    if (child == 0) {
        begin(&threads[0], short_life);
        sys(exit, 47);
    }
    show("a process lives as long as its last thread", sys(wait4, child, NULL, 1, 0));
    reap("its status is the last thread's", child);
}

static void check_all(void)
{
    if (argument_count == 2) {
        say("execve by a thread: %s\n", own_tid() == own_pid() ? "it is the process" : "?");
        leave(48);
    }
    enter_folder("threads");
    starting();
    many();
    futexes();
    between_processes();
    thread_areas();
    signals_of_threads();
    ending("exit_group by a thread", leaves_all, 0);
    ending("exit_group when the first has exited", leaves_all, 1);
    ending("execve", executes, 0);
    ending("a thread that crashes", crashes, 0);
    last_one();
}
