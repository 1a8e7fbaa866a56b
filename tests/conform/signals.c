/*
 * Conformance: signals sent by programs. Handlers, masks, what is pending, the flags of an action,
 * interrupted calls, alternate stacks, stopping and going on, children's signals, default actions.
 *
 * signal(7), rt_sigaction(2), sigaltstack(2), kill(2), wait4(2), setitimer(2).
 */
#include "signal.h"

static volatile int seen[65];           /* how often each has come */
static volatile int order[16];
static volatile int count;              /* of all that came: so many of `order` are filled */
static volatile int last_code, last_value, last_status, last_pid;
static volatile uint64 mask_inside;

static void note(int number)
{
    seen[number]++;
    if (count < 16)
        order[count] = number;
    count++;
}

static void note_info(int number, struct info *info, struct ucontext *context)
{
    note(number);
    last_code = info->code;
    last_pid = info->pid;
    last_status = info->status;
    last_value = info->rest[2];
    mask_inside = change_mask(SIG_BLOCK, 0);
    if (info->number != number)
        say("si_signo is %d\n", info->number);
    if (context->mask & mask_of(SIGKILL))
        say("a mask that blocks SIGKILL\n");
}

static void forget(void)
{
    count = 0;
    for (int i = 0; i < 65; i++)
        seen[i] = 0;
}

static void in_order(const char *what)
{
    say("%s:", what);
    for (int i = 0; i < count && i < 16; i++)
        say(" %d", order[i]);
    say("\n");
}

static void actions(void)
{
    struct action old;

    show("handler", set_action(SIGUSR1, note, 0, 0));
    show("kill oneself", raise(SIGUSR1));
    show("it came before kill returned", seen[SIGUSR1]);
    sys(rt_sigaction, SIGUSR1, NULL, &old, 8);
    yes("the old action", old.handler == (void *)note && old.restorer == (void *)restore && old.mask == 0);
    show("of SIGKILL", set_action(SIGKILL, note, 0, 0));
    show("of SIGSTOP", set_action(SIGSTOP, SIG_IGN, 0, 0));
    show("reading SIGKILL's", sys(rt_sigaction, SIGKILL, NULL, &old, 8));
    show("of signal 0", set_action(0, note, 0, 0));
    show("of signal 65", set_action(65, note, 0, 0));
    show("of signal 64", set_action(64, note, 0, 0));
    show("with a wrong size of mask", sys(rt_sigaction, SIGUSR1, NULL, &old, 4));
    show("from a wild address", sys(rt_sigaction, SIGUSR1, 16, NULL, 8));
    set_action(SIGUSR1, SIG_IGN, 0, 0);
    show("kill with it ignored", raise(SIGUSR1));
    set_action(SIGUSR1, note_info, SA_SIGINFO, mask_of(SIGUSR2));
    raise(SIGUSR1);
    say("si_code of kill: %d\n", last_code);
    yes("si_pid", last_pid == own_pid());
    say("mask inside: %x\n", (unsigned)mask_inside);
    say("mask behind: %x\n", (unsigned)change_mask(SIG_BLOCK, 0));
    sys(tgkill, own_pid(), own_tid(), SIGUSR1);
    say("si_code of tgkill: %d\n", last_code);
    show("kill with 0", raise(0));
    show("kill with 65", raise(65));
    show("kill of nobody", sys(kill, 99999, 0));
    show("kill with -1 as signal", raise(-1));
    show("tgkill of a wrong group", sys(tgkill, 99999, own_tid(), SIGUSR1));
    show("tgkill of thread 0", sys(tgkill, own_pid(), 0, SIGUSR1));
    show("tkill", sys(tkill, own_tid(), SIGUSR1));
}

static void no_restorer(void)
{
    struct action action = { (void *)note, 0, NULL, 0 };

    forget();
    sys(rt_sigaction, SIGUSR1, &action, NULL, 8);
    raise(SIGUSR1);
    show("without a restorer", seen[SIGUSR1]);
    action.handler = (void *)note_info;
    action.flags = SA_SIGINFO;
    sys(rt_sigaction, SIGUSR1, &action, NULL, 8);
    raise(SIGUSR1);
    show("with SA_SIGINFO", seen[SIGUSR1]);
}

static void masks(void)
{
    uint64 pending = 0, all = ~0ull;

    forget();
    set_action(SIGUSR1, note, 0, 0);
    set_action(SIGUSR2, note, 0, 0);
    show("block", sys(rt_sigprocmask, SIG_BLOCK, &all, NULL, 8));
    say("mask: %x %x\n", (unsigned)change_mask(SIG_BLOCK, 0), (unsigned)(change_mask(SIG_BLOCK, 0) >> 32));
    raise(SIGUSR2);
    raise(SIGUSR1);
    raise(SIGUSR1);
    show("none came", count);
    show("rt_sigpending", sys(rt_sigpending, &pending, 8));
    say("pending: %x\n", (unsigned)pending);
    change_mask(SIG_SETMASK, 0);
    in_order("unblocked, each once, the last begun first");
    sys(rt_sigpending, &pending, 8);
    say("pending: %x\n", (unsigned)pending);
    forget();
    set_action(SIGUSR1, note, 0, mask_of(SIGUSR2));
    set_action(SIGUSR2, note, 0, mask_of(SIGUSR1));
    change_mask(SIG_SETMASK, mask_of(SIGUSR1) | mask_of(SIGUSR2));
    raise(SIGUSR2);
    raise(SIGUSR1);
    change_mask(SIG_UNBLOCK, mask_of(SIGUSR1) | mask_of(SIGUSR2));
    in_order("one after the other");
    show("a wrong how", sys(rt_sigprocmask, 5, &all, NULL, 8));
    show("a wrong size", sys(rt_sigprocmask, SIG_BLOCK, &all, NULL, 16));
    show("how without a mask does not matter", sys(rt_sigprocmask, 5, NULL, &pending, 8));
    forget();
    change_mask(SIG_SETMASK, mask_of(SIGUSR1));
    raise(SIGUSR1);
    set_action(SIGUSR1, SIG_IGN, 0, 0);
    sys(rt_sigpending, &pending, 8);
    say("pending after it is ignored: %x\n", (unsigned)pending);
    set_action(SIGUSR1, note, 0, 0);
    change_mask(SIG_SETMASK, 0);
    show("it is gone", count);
    set_action(SIGUSR2, SIG_DFL, 0, 0);
}

static void waiting_for_one(void)
{
    struct timespec32 soon = { 0, 20000000 };
    struct info info;
    uint64 mask = mask_of(SIGUSR1) | mask_of(SIGUSR2), none = 0;
    long child, parent = own_pid();

    forget();
    set_action(SIGUSR1, note, 0, 0);
    change_mask(SIG_SETMASK, mask_of(SIGUSR1));
    raise(SIGUSR1);
    show("rt_sigsuspend", sys(rt_sigsuspend, &none, 8));
    show("it came", seen[SIGUSR1]);
    say("the mask is back: %x\n", (unsigned)change_mask(SIG_BLOCK, 0));
    change_mask(SIG_SETMASK, mask);
    raise(SIGUSR1);
    memset(&info, 0, sizeof(info));
    show("rt_sigtimedwait", sys(rt_sigtimedwait, &mask, &info, &soon, 8));
    say("si_signo %d si_code %d\n", info.number, info.code);
    show("the handler did not run", seen[SIGUSR1]);
    show("rt_sigtimedwait in vain", sys(rt_sigtimedwait, &mask, &info, &soon, 8));
    child = fork_process();
    if (child == 0) {
        pause_ms(30);
        sys(kill, parent, SIGUSR2);
        leave(0);
    }
    show("rt_sigtimedwait for long", sys(rt_sigtimedwait, &mask, &info, NULL, 8));
    yes("it tells the sender", info.pid == child);
    reap("sender", child);
    change_mask(SIG_SETMASK, 0);
    child = fork_process();
    if (child == 0) {
        pause_ms(30);
        sys(kill, parent, SIGUSR1);
        leave(0);
    }
    show("pause", sys(pause));
    reap("sender", child);
}

static void queued(void)
{
    struct info info;

    forget();
    set_action(34, note_info, SA_SIGINFO, 0);
    change_mask(SIG_SETMASK, mask_of(34));
    for (int i = 1; i <= 3; i++) {
        memset(&info, 0, sizeof(info));
        info.number = 34;
        info.code = -1;
        info.rest[0] = (int)own_pid();
        info.rest[2] = i * 11;
        show("rt_sigqueueinfo", sys(rt_sigqueueinfo, own_pid(), 34, &info));
    }
    change_mask(SIG_SETMASK, 0);
    show("real-time signals queue", seen[34]);
    say("code %d, the value of the last begun first: %d\n", last_code, last_value);
    set_action(35, note, 0, 0);
    forget();
    change_mask(SIG_SETMASK, ~0ull);
    raise(35);
    raise(34);
    raise(SIGUSR1);
    raise(35);
    change_mask(SIG_SETMASK, 0);
    in_order("the lowest is taken first");
}

static void flags(void)
{
    struct action now;

    forget();
    set_action(SIGUSR1, note, SA_RESETHAND, 0);
    raise(SIGUSR1);
    sys(rt_sigaction, SIGUSR1, NULL, &now, 8);
    yes("SA_RESETHAND: back to the default", now.handler == SIG_DFL);
    set_action(SIGUSR1, note_info, SA_SIGINFO | SA_NODEFER, 0);
    raise(SIGUSR1);
    say("SA_NODEFER, mask inside: %x\n", (unsigned)mask_inside);
    set_action(SIGUSR1, note_info, SA_SIGINFO, 0);
    raise(SIGUSR1);
    say("without: %x\n", (unsigned)mask_inside);
}

/* ---- calls that a signal interrupts ---- */

static void interrupted(const char *what, unsigned long flags)
{
    struct timespec32 time = { 5, 0 }, left = { 0, 0 };
    int pipe_fds[2], status;
    long child, result;
    char c = 0;

    forget();
    set_action(SIGALRM, note, flags, 0);
    say("%s:\n", what);
    sys(pipe, pipe_fds);
    child = fork_process();
    if (child == 0) {
        pause_ms(150);
        sys(write, pipe_fds[1], "x", 1);
        pause_ms(150);
        leave(7);
    }
    alarm_ms(50);
    show(" read of a pipe", sys(read, pipe_fds[0], &c, 1));
    show(" signals", count);
    if (c == 0)
        sys(read, pipe_fds[0], &c, 1);
    alarm_ms(50);
    result = sys(wait4, child, &status, 0, 0);
    if (result > 0)
        status_line(" wait4", status);
    else {
        show(" wait4", result);
        reap(" wait4 again", child);
    }
    alarm_ms(50);
    show(" nanosleep", sys(nanosleep, &time, &left));
    yes(" tells the rest", left.sec >= 3 && left.sec < 5);
    alarm_ms(50);
    show(" poll", sys(poll, NULL, 0, 5000));
    alarm_ms(50);
    show(" select", sys(_newselect, 0, NULL, NULL, NULL, NULL));
    show(" signals", count);
    sys(close, pipe_fds[0]);
    sys(close, pipe_fds[1]);
}

static void stopped_calls(void)
{
    long child, start;
    int status;

    child = fork_process();
    if (child == 0) {
        struct timespec32 time = { 0, 200000000 };
        start = now_ms();
        show("nanosleep over a stop", sys(nanosleep, &time, NULL));
        yes("slept as long as was asked", now_ms() - start >= 200);
        leave(0);
    }
    pause_ms(50);
    sys(kill, child, SIGSTOP);
    sys(wait4, child, &status, 2, 0);
    sys(kill, child, SIGCONT);
    reap("the sleeper", child);
}

/* ---- alternate stacks ---- */

static char other_stack[16384];
static volatile int on_other, nested_result, stack_flags;

static void look_at_stack(int number)
{
    char here;
    struct stack now;
    struct stack change = { other_stack, 0, sizeof(other_stack) };

    note(number);
    on_other = &here >= other_stack && &here < other_stack + sizeof(other_stack);
    sys(sigaltstack, NULL, &now);
    stack_flags = now.flags;
    nested_result = (int)sys(sigaltstack, &change, NULL);
}

static void alternate_stacks(void)
{
    struct stack stack = { other_stack, 0, sizeof(other_stack) }, old;

    forget();
    sys(sigaltstack, NULL, &old);
    show("flags at first", old.flags);
    show("too small a stack", (stack.size = 100, sys(sigaltstack, &stack, NULL)));
    stack.size = sizeof(other_stack);
    stack.flags = 77;
    show("wrong flags", sys(sigaltstack, &stack, NULL));
    stack.flags = 0;
    show("sigaltstack", sys(sigaltstack, &stack, NULL));
    set_action(SIGUSR1, look_at_stack, SA_ONSTACK, 0);
    raise(SIGUSR1);
    say("on it: %d, flags inside %d, changing it inside: %r\n", on_other, stack_flags, (long)nested_result);
    set_action(SIGUSR1, look_at_stack, 0, 0);
    raise(SIGUSR1);
    say("without SA_ONSTACK: %d, flags inside %d\n", on_other, stack_flags);
    sys(sigaltstack, NULL, &old);
    yes("told as it was set", old.base == other_stack && old.size == sizeof(other_stack) && old.flags == 0);
    stack.flags = 2;
    show("SS_DISABLE", sys(sigaltstack, &stack, NULL));
    sys(sigaltstack, NULL, &old);
    show("flags now", old.flags);
}

/* ---- default actions; stopping ---- */

static void default_actions(void)
{
    for (int number = 1; number <= 32; number++) {
        long child;

        if (number == SIGSTOP || number == SIGTSTP || number == SIGTTIN || number == SIGTTOU)
            continue;
        child = fork_process();
        if (child == 0) {
            set_action(number, SIG_DFL, 0, 0);
            raise(number);
            leave(0);
        }
        say("%d ", number);
        reap("by default", child);
    }
}

static void stopping(void)
{
    static const int stops[] = { SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU };
    int status;
    long child;

    for (unsigned i = 0; i < ARRAY_SIZE(stops); i++) {
        child = fork_process();
        if (child == 0) {
            uint64 end = mask_of(SIGUSR1);
            sys(setpgid, 0, 0);
            change_mask(SIG_SETMASK, end);
            raise(stops[i]);
            sys(rt_sigtimedwait, &end, NULL, NULL, 8);
            leave(9);
        }
        show("WUNTRACED", sys(wait4, child, &status, 2, 0) == child);
        status_line("status", status);
        show("it is told once", sys(wait4, child, &status, 2 | 1, 0));
        sys(kill, child, SIGCONT);
        show("WCONTINUED", sys(wait4, child, &status, 8, 0) == child);
        status_line("status", status);
        sys(kill, child, SIGUSR1);
        reap("in the end", child);
    }
    child = fork_process();
    if (child == 0) {
        set_action(SIGTERM, note, 0, 0);
        raise(SIGSTOP);
        show("SIGTERM while it was stopped, seen", seen[SIGTERM]);
        leave(0);
    }
    forget();
    sys(wait4, child, &status, 2, 0);
    sys(kill, child, SIGTERM);
    pause_ms(30);
    show("nothing happens to a stopped one", sys(wait4, child, &status, 1 | 2, 0));
    sys(kill, child, SIGCONT);
    reap("continued", child);
    child = fork_process();
    if (child == 0) {
        raise(SIGSTOP);
        leave(0);
    }
    sys(wait4, child, &status, 2, 0);
    sys(kill, child, SIGKILL);
    reap("SIGKILL of a stopped one", child);
}

/* ---- children's signals ---- */

static void wait_for_count(int wanted)
{
    for (int i = 0; i < 200 && count < wanted; i++)
        pause_ms(5);
}

static void children(void)
{
    uint64 end = mask_of(SIGUSR1);
    int status;
    long child;

    forget();
    set_action(SIGCHLD, note_info, SA_SIGINFO, 0);
    child = fork_process();
    if (child == 0)
        leave(5);
    wait_for_count(1);
    say("SIGCHLD of an exit: code %d status %d, %s\n", last_code, last_status, last_pid == child ? "its pid" : "?");
    reap("child", child);
    child = fork_process();
    if (child == 0) {
        change_mask(SIG_SETMASK, end);
        raise(SIGSTOP);
        sys(rt_sigtimedwait, &end, NULL, NULL, 8);
        raise(SIGTERM);
    }
    wait_for_count(2);
    say("SIGCHLD of a stop: code %d status %d\n", last_code, last_status);
    sys(kill, child, SIGCONT);
    wait_for_count(3);
    say("SIGCHLD of going on: code %d status %d\n", last_code, last_status);
    sys(kill, child, SIGUSR1);
    wait_for_count(4);
    say("SIGCHLD of a death: code %d status %d\n", last_code, last_status);
    reap("child", child);
    forget();
    set_action(SIGCHLD, note_info, SA_SIGINFO | SA_NOCLDSTOP, 0);
    child = fork_process();
    if (child == 0) {
        raise(SIGSTOP);
        leave(0);
    }
    sys(wait4, child, &status, 2, 0);
    pause_ms(20);
    show("SA_NOCLDSTOP: none of a stop", count);
    sys(kill, child, SIGCONT);
    reap("child", child);
    set_action(SIGCHLD, SIG_IGN, 0, 0);
    child = fork_process();
    if (child == 0)
        leave(0);
    show("ignored: no zombie", sys(wait4, child, &status, 0, 0));
    set_action(SIGCHLD, SIG_DFL, SA_NOCLDWAIT, 0);
    child = fork_process();
    if (child == 0)
        leave(0);
    show("SA_NOCLDWAIT: no zombie", sys(wait4, -1, &status, 0, 0));
    set_action(SIGCHLD, SIG_DFL, 0, 0);
}

/* ---- inheritance; groups; timers ---- */

static void inherited(void)
{
    uint64 pending;
    long child;

    forget();
    set_action(SIGUSR1, note, 0, 0);
    change_mask(SIG_SETMASK, mask_of(SIGUSR1));
    raise(SIGUSR1);
    child = fork_process();
    if (child == 0) {
        sys(rt_sigpending, &pending, 8);
        say("pending in the child: %x, mask %x\n", (unsigned)pending, (unsigned)change_mask(SIG_BLOCK, 0));
        raise(SIGUSR1);
        change_mask(SIG_SETMASK, 0);
        show("its handler", count);
        leave(0);
    }
    reap("child", child);
    change_mask(SIG_SETMASK, 0);
    show("the parent's own", count);
    set_action(SIGUSR2, SIG_IGN, 0, 0);
    set_action(SIGALRM, note, 0, 0);
    change_mask(SIG_SETMASK, mask_of(SIGHUP));
    child = fork_process();
    if (child == 0) {
        char *words[] = { arguments[0], "again", NULL };
        show("execve", sys(execve, arguments[0], words, environment));
        leave(1);
    }
    reap("after execve", child);
    change_mask(SIG_SETMASK, 0);
    set_action(SIGUSR2, SIG_DFL, 0, 0);
}

/* What the second life of this program finds of the first one's signals. */
static void after_execve(void)
{
    struct action one, two;

    sys(rt_sigaction, SIGUSR2, NULL, &one, 8);
    sys(rt_sigaction, SIGUSR1, NULL, &two, 8);
    say("what was ignored is %d, what had a handler is %d, mask %x\n", (int)one.handler, (int)two.handler,
        (unsigned)change_mask(SIG_BLOCK, 0));
    leave(0);
}

static void groups(void)
{
    long children[3], leader = 0;

    for (int i = 0; i < 3; i++) {
        children[i] = fork_process();
        if (children[i] == 0) {
            for (;;)
                sys(pause);
        }
        if (i == 0)
            leader = children[0];
        show("setpgid", sys(setpgid, children[i], leader));
    }
    show("kill of a group", sys(kill, -leader, SIGTERM));
    for (int i = 0; i < 3; i++)
        reap("member", children[i]);
    show("kill of a group that is gone", sys(kill, -leader, SIGTERM));
}

static void timers(void)
{
    struct interval timer = { 0, 20000, 0, 20000 }, old, stop = { 0, 0, 0, 0 };

    forget();
    set_action(SIGALRM, note, 0, 0);
    show("setitimer that repeats", sys(setitimer, 0, &timer, NULL));
    while (count < 3)
        sys(pause);
    show("getitimer", sys(getitimer, 0, &old));
    yes("its values", old.every_usec == 20000 && old.value_sec == 0 && old.value_usec > 0 && old.value_usec <= 40000);
    show("setitimer off", sys(setitimer, 0, &stop, &old));
    count = 0;
    pause_ms(60);
    show("no more signals", count);
    show("alarm", sys(alarm, 100));
    show("alarm tells the rest", sys(alarm, 0) >= 99);
    show("alarm off", sys(alarm, 0));
    show("setitimer of no timer", sys(setitimer, 9, &timer, NULL));
    timer.value_usec = 1000000;
    show("setitimer with too many microseconds", sys(setitimer, 0, &timer, NULL));
    alarm_ms(0);
}

static void check_all(void)
{
    if (argument_count == 2)
        after_execve();
    actions();
    no_restorer();
    masks();
    waiting_for_one();
    queued();
    flags();
    interrupted("without SA_RESTART", 0);
    interrupted("with SA_RESTART", SA_RESTART);
    stopped_calls();
    alternate_stacks();
    default_actions();
    stopping();
    children();
    inherited();
    groups();
    timers();
}
