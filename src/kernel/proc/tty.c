/*
 * The terminal.
 *
 * Characters come by interrupts into debug/input's ring; a piece of work takes them from there, so
 * that Ctrl-C reaches a program that does not read.
 */
#include "proc/tty.h"
#include "abi/errno.h"
#include "abi/poll.h"
#include "debug/input.h"
#include "debug/log.h"
#include "fs/devfs.h"
#include "fs/file.h"
#include "fs/ldisc.h"
#include "fs/poll.h"
#include "mm/usercopy.h"
#include "proc/signal.h"
#include "task/sched.h"
#include "task/timer.h"
#include "task/work.h"

#define MAJOR_TTY 4
#define MAJOR_AUX 5
#define CONSOLE   (MAJOR_AUX << 8 | 1)
#define OWN_TTY   (MAJOR_AUX << 8 | 0)          /* /dev/tty: the process's own */
#define PIECE     256u              /* bytes that are copied to or from a program at a time */

static MUTEX(lock);                 /* of what is typed, and of the discipline's output */
static struct ldisc ldisc;
static struct winsize window = { .rows = 25, .columns = 80 };
static WAIT_QUEUE(readable);
static WAIT_QUEUE(writable);        /* output goes on after VSTOP */
static volatile uint32_t readers;   /* open files that read; under the lock */
static struct work taking;
static void (*arrived_before)(void);

/* Whose terminal it is; 0: nobody's. Under process_lock. */
static uint32_t session, foreground;

/* ---- whose it is */

static bool is_mine(const struct process *process)
{
    return session && process->sid == session;
}

static void send_group(uint32_t group, int number)
{
    siginfo_t info = { .signo = number, .code = SI_KERNEL };

    if (group)
        signal_send_group(group, &info);
}

struct orphan_search {
    uint32_t group;
    bool has_guardian;
};

/* Does the process keep its group from being orphaned: its parent is in the session, not in it? */
static bool guards(struct process *process, void *arg)
{
    struct orphan_search *search = arg;
    const struct process *parent = process->parent;

    if (process->pgid == search->group && process->state != PROCESS_ZOMBIE && parent
        && parent->sid == process->sid && parent->pgid != process->pgid)
        search->has_guardian = true;
    return !search->has_guardian;
}

/*
 * The current process wants to use the terminal while it may be in the background: then it gets
 * SIGTTIN or SIGTTOU. Returns 0: go on; -EIO: it cannot be told, or is alone; -ERESTARTSYS.
 */
static int check_job(int number)
{
    struct process *process = process_current();

    if (!process)                   /* a task of the kernel's */
        return 0;
    struct orphan_search search = { .group = process->pgid };
    uint32_t irq = spin_lock_irqsave(&process_lock);
    bool background = is_mine(process) && process->pgid != foreground;
    bool deaf = process->actions[number - 1].handler == SIG_IGN
        || (thread_current()->blocked & SIGNAL_BIT(number));

    if (background && !deaf)
        process_each(guards, &search);
    spin_unlock_irqrestore(&process_lock, irq);
    if (!background || (deaf && number == SIGTTOU))
        return 0;
    if (deaf || !search.has_guardian)
        return -EIO;
    send_group(search.group, number);
    return -ERESTARTSYS;
}

/* Is there still a session that has the terminal? Process 1 has it only while nobody else asks. */
static bool is_taken(void)
{
    return session > 1 && process_find(session);
}

/* Give it to the current process's session, if that leads one and may. Returns 0 or -EPERM. */
static int take_session(bool steal)
{
    struct process *process = process_current();
    uint32_t irq = spin_lock_irqsave(&process_lock);
    bool leads = process->sid == process->pid;
    bool may = leads && (is_mine(process) || !is_taken() || (steal && process->ids.euid == 0));

    if (may && !is_mine(process)) {
        session = process->sid;
        foreground = process->pgid;
    }
    spin_unlock_irqrestore(&process_lock, irq);
    return may ? 0 : -EPERM;
}

void tty_adopt(void)
{
    struct process *process = process_current();
    uint32_t irq = spin_lock_irqsave(&process_lock);

    process->pgid = process->sid = process->pid;
    session = foreground = process->pid;
    spin_unlock_irqrestore(&process_lock, irq);
}

void tty_leave(const struct process *process)
{
    uint32_t irq = spin_lock_irqsave(&process_lock);
    uint32_t group = foreground;
    bool had = is_mine(process) && process->pid == process->sid;

    if (had)
        session = foreground = 0;
    spin_unlock_irqrestore(&process_lock, irq);
    if (had) {
        send_group(group, SIGHUP);
        send_group(group, SIGCONT);
    }
}

uint32_t tty_number(const struct process *process, int *front)
{
    bool mine = is_mine(process);

    *front = mine ? (int)foreground : -1;
    return mine ? CONSOLE : 0;
}

/* ---- input */

/* Work: take what has been typed, and tell those who wait. */
static void take(void *arg)
{
    char typed[32];
    unsigned n;

    (void)arg;
    while (readers && (n = input_read(typed, sizeof(typed)))) {
        uint32_t group = foreground;
        mutex_lock(&lock);
        for (unsigned i = 0; i < n; i++) {
            int number = ldisc_input(&ldisc, (uint8_t)typed[i]);
            if (number)
                send_group(group, number);
        }
        bool ready = ldisc_ready(&ldisc), flows = !ldisc.stopped;
        mutex_unlock(&lock);
        if (ready)
            wait_wake_all(&readable);
        if (flows)
            wait_wake_all(&writable);
    }
}

/* A character is in the ring; interrupts are off. */
static void arrived(void)
{
    if (readers)
        work_queue(&taking);
    else if (arrived_before)
        arrived_before();
}

/* What a read waits for. */
struct demand {
    unsigned least;                 /* characters in all, before it returns */
    bool between;                   /* the time counts from the last character, not from the call */
    uint64_t time;                  /* in milliseconds; 0: for ever */
};

static struct demand demand_of(size_t n)
{
    const struct termios *termios = &ldisc.termios;
    struct demand demand = { .least = 1 };

    if (termios->lflag & ICANON)
        return demand;
    demand.least = termios->cc[VMIN] < n ? termios->cc[VMIN] : (unsigned)n;
    demand.between = termios->cc[VMIN] > 0;
    demand.time = termios->cc[VTIME] * 100u;
    if (!termios->cc[VMIN] && demand.time)
        demand.least = 1;
    return demand;
}

/*
 * Sleep, with the lock let go meanwhile, until there is something to read. Returns 0, -EINTR,
 * or -ETIMEDOUT.
 */
static int wait_for_input(uint64_t ms)
{
    struct wait_entry entry;

    wait_entry_init(&entry);
    int error = wait_prepare(&readable, &entry, true);
    mutex_unlock(&lock);
    if (!error && !ms)
        schedule();
    else if (!error && !schedule_timeout((uint32_t)ms))
        error = -ETIMEDOUT;
    wait_finish(&readable, &entry);
    mutex_lock(&lock);
    return error;
}

/* Take what there is, piece by piece, until the program's n bytes are full or the line is over. */
static ssize_t take_typed(char *to, size_t n, bool *ended)
{
    char piece[PIECE];
    size_t done = 0;

    *ended = false;
    while (done < n && !*ended) {
        unsigned now = n - done < PIECE ? (unsigned)(n - done) : PIECE;
        now = ldisc_read(&ldisc, piece, now, ended);
        if (copy_bytes(to + done, piece, now))
            return -EFAULT;
        done += now;
    }
    return (ssize_t)done;
}

/* With the lock. */
static ssize_t read_typed(struct file *file, char *to, size_t n)
{
    struct demand demand = demand_of(n);
    bool canonical = ldisc.termios.lflag & ICANON, ended;
    size_t done = 0;
    int error = 0;

    for (;;) {
        bool was_ready = ldisc_ready(&ldisc);
        ssize_t now = take_typed(to + done, n - done, &ended);
        if (now < 0)
            return done ? (ssize_t)done : now;
        done += (size_t)now;
        if (done == n || done >= demand.least || (canonical && was_ready))
            return (ssize_t)done;
        if (error || (file->flags & O_NONBLOCK))
            return done || error == -ETIMEDOUT ? (ssize_t)done : error ? error : -EAGAIN;
        error = wait_for_input(demand.between && !done ? 0 : demand.time);
    }
}

static ssize_t tty_read(struct file *file, void *to, size_t n, int64_t *position)
{
    (void)position;
    if (n == 0)
        return 0;
    int error = check_job(SIGTTIN);
    if (error)
        return error;
    mutex_lock(&lock);
    ssize_t result = read_typed(file, to, n);
    mutex_unlock(&lock);
    return result;
}

/* ---- output */

static ssize_t tty_write(struct file *file, const void *from, size_t n, int64_t *position)
{
    char piece[PIECE];
    size_t done = 0;
    int error = ldisc.termios.lflag & TOSTOP ? check_job(SIGTTOU) : 0;

    (void)position;
    while (!error && done < n) {
        size_t now = n - done < PIECE ? n - done : PIECE;
        if (ldisc.stopped)
            error = file->flags & O_NONBLOCK ? -EAGAIN :
                    wait_event_interruptible(&writable, !ldisc.stopped);
        else if (signal_pending())
            error = -EINTR;         /* much text takes long: whoever wants its end need not wait */
        if (!error)
            error = copy_bytes(piece, (const char *)from + done, now);
        if (error)
            break;
        mutex_lock(&lock);
        ldisc_output(&ldisc, piece, now);
        mutex_unlock(&lock);
        done += now;
    }
    return done ? (ssize_t)done : error;
}

static unsigned tty_poll(struct file *file, struct poll_table *table)
{
    unsigned bits = ldisc.stopped ? 0 : POLLOUT | POLLWRNORM;

    (void)file;
    poll_wait(table, &readable);
    poll_wait(table, &writable);
    if (ldisc_ready(&ldisc))
        bits |= POLLIN | POLLRDNORM;
    return bits;
}

/* ---- ioctl */

static long set_attributes(unsigned command, const struct termios *user)
{
    struct termios termios;
    int error = check_job(SIGTTOU);

    if (error)
        return error;
    if (copy_from_user(&termios, user, sizeof(termios)))
        return -EFAULT;
    mutex_lock(&lock);
    if (command == TCSETSF)
        ldisc_flush(&ldisc);
    ldisc_set(&ldisc, &termios);
    if (!(termios.iflag & IXON))
        ldisc.stopped = false;
    mutex_unlock(&lock);
    wait_wake_all(&readable);
    wait_wake_all(&writable);
    return 0;
}

static long set_window(const struct winsize *user)
{
    struct winsize size;

    if (copy_from_user(&size, user, sizeof(size)))
        return -EFAULT;
    bool changed = size.rows != window.rows || size.columns != window.columns
        || size.xpixel != window.xpixel || size.ypixel != window.ypixel;
    window = size;
    if (changed)
        send_group(foreground, SIGWINCH);
    return 0;
}

static long flush(uintptr_t which)
{
    int error = check_job(SIGTTOU);

    if (error)
        return error;
    if (which > TCIOFLUSH)
        return -EINVAL;
    if (which != TCOFLUSH) {
        mutex_lock(&lock);
        ldisc_flush(&ldisc);
        mutex_unlock(&lock);
    }
    return 0;
}

/* TCXONC: 0 and 1 stop output and let it go on; 2 and 3 are for what types. */
static long control_flow(uintptr_t what)
{
    int error = check_job(SIGTTOU);

    if (error)
        return error;
    if (what > 3)
        return -EINVAL;
    if (what < 2)
        ldisc.stopped = what == 0;
    wait_wake_all(&writable);
    return 0;
}

struct group_search {
    uint32_t group, sid;
    bool found, elsewhere;
};

static bool match(struct process *process, void *arg)
{
    struct group_search *search = arg;

    if (process->pgid == search->group) {
        search->found = true;
        search->elsewhere |= process->sid != search->sid;
    }
    return true;
}

static long set_foreground(const int *user)
{
    struct group_search search = { .sid = process_current()->sid };
    int group, error = check_job(SIGTTOU);

    if (error)
        return error == -EIO ? -ENOTTY : error;
    if (copy_from_user(&group, user, sizeof(group)))
        return -EFAULT;
    if (!is_mine(process_current()))
        return -ENOTTY;
    if (group < 0)
        return -EINVAL;
    search.group = (uint32_t)group;
    uint32_t irq = spin_lock_irqsave(&process_lock);
    process_each(match, &search);
    if (search.found && !search.elsewhere)
        foreground = search.group;
    spin_unlock_irqrestore(&process_lock, irq);
    return !search.found ? -ESRCH : search.elsewhere ? -EPERM : 0;
}

static long give_up(void)
{
    struct process *process = process_current();

    if (!is_mine(process))
        return -ENOTTY;
    tty_leave(process);
    return 0;
}

/* What returns a structure or a number. */
static long get(unsigned command, void *to)
{
    mutex_lock(&lock);
    struct termios termios = ldisc.termios;
    int number = command == FIONREAD ? (int)ldisc_readable(&ldisc) :
                 command == TIOCGPGRP ? (int)foreground :
                 command == TIOCGSID ? (int)session : 0;
    mutex_unlock(&lock);
    if ((command == TIOCGPGRP || command == TIOCGSID) && !is_mine(process_current()))
        return -ENOTTY;
    if (command == TCGETS)
        return copy_to_user(to, &termios, sizeof(termios));
    if (command == TIOCGWINSZ)
        return copy_to_user(to, &window, sizeof(window));
    return copy_to_user(to, &number, sizeof(number));
}

static long tty_ioctl(struct file *file, unsigned command, uintptr_t argument)
{
    void *user = (void *)argument;

    (void)file;
    switch (command) {
    case TCGETS: case TIOCGWINSZ: case FIONREAD: case TIOCGPGRP: case TIOCGSID: case TIOCOUTQ:
        return get(command, user);
    case TCSETS: case TCSETSW: case TCSETSF:
        return set_attributes(command, user);
    case TIOCSWINSZ:
        return set_window(user);
    case TIOCSPGRP:
        return set_foreground(user);
    case TIOCSCTTY:
        return take_session(argument == 1);
    case TIOCNOTTY:
        return give_up();
    case TCFLSH:
        return flush(argument);
    case TCXONC:
        return control_flow(argument);
    case TCSBRK: case TCSBRKP:
        return check_job(SIGTTOU);  /* all output is out already */
    case TIOCEXCL: case TIOCNXCL:
        return 0;
    }
    return -ENOTTY;
}

/* ---- opening */

static bool reads(const struct file *file)
{
    return (file->flags & O_ACCMODE) != O_WRONLY;
}

static int tty_open(struct file *file)
{
    uint32_t device = file->vnode->rdev;
    struct process *process = process_current();

    if (device == OWN_TTY && !(process && is_mine(process)))
        return -ENXIO;
    if (process && process->pid > 1 && !(file->flags & O_NOCTTY) && device != CONSOLE
        && device != OWN_TTY)
        take_session(false);        /* a leader without a terminal has one now */
    if (!reads(file))
        return 0;
    mutex_lock(&lock);
    readers++;
    mutex_unlock(&lock);
    work_queue(&taking);            /* what was typed before is for us, too */
    return 0;
}

static void tty_close(struct file *file)
{
    if (!reads(file))
        return;
    mutex_lock(&lock);
    readers--;
    if (!readers)
        ldisc_flush(&ldisc);
    mutex_unlock(&lock);
}

static const struct file_ops tty_ops = {
    .open = tty_open, .close = tty_close, .read = tty_read, .write = tty_write,
    .poll = tty_poll, .ioctl = tty_ioctl,
};

void tty_init(void)
{
    ldisc_init(&ldisc, console_write);
    work_init(&taking, take, NULL);
    arrived_before = input_arrived;
    input_arrived = arrived;
    devfs_add("console", CONSOLE, &tty_ops);
    devfs_add("tty", OWN_TTY, &tty_ops);
    devfs_add("tty0", MAJOR_TTY << 8 | 0, &tty_ops);
    devfs_add("tty1", MAJOR_TTY << 8 | 1, &tty_ops);
    devfs_add("ttyS0", MAJOR_TTY << 8 | 64, &tty_ops);
}
