/*
 * Conformance: programs with a set-user-id or set-group-id bit, and what prctl's no-new-privileges changes.
 *
 * execve(2), prctl(2), credentials(7), inode(7).
 */
#include "conform.h"

#include <linux/auxvec.h>
#include <linux/prctl.h>

static unsigned auxiliary(unsigned type)
{
    unsigned *at = (unsigned *)environment;

    while (*at++)
        ;
    for (; *at != AT_NULL; at += 2)
        if (*at == type)
            return at[1];
    return 99;
}

/* The same program again, to tell who it is. */
static void tell(const char *what)
{
    unsigned users[3], groups[3];

    sys(getresuid32, users, users + 1, users + 2);
    sys(getresgid32, groups, groups + 1, groups + 2);
    say("%s: users %u %u %u, files %u; groups %u %u %u, files %u;", what, users[0], users[1], users[2],
        (unsigned)sys(setfsuid32, -1), groups[0], groups[1], groups[2], (unsigned)sys(setfsgid32, -1));
    say(" told %u %u %u %u, secure %u, no new privileges %d\n", auxiliary(AT_UID), auxiliary(AT_EUID), auxiliary(AT_GID),
        auxiliary(AT_EGID), auxiliary(AT_SECURE), (int)sys(prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    leave(0);
}

static char block[4096];

static void copy(const char *from, const char *to)
{
    long in = sys(open, from, O_RDONLY, 0), out = sys(open, to, O_WRONLY | O_CREAT | O_TRUNC, 0755), n;

    while ((n = sys(read, in, block, sizeof(block))) > 0)
        sys(write, out, block, n);
    sys(close, in);
    sys(close, out);
}

static void become(unsigned user, unsigned group)
{
    sys(setgroups32, 0, NULL);
    sys(setresgid32, group, group, group);
    sys(setresuid32, user, user, user);
}

/* Run a file as this user, which belongs to `owner` and `owner_group` and has this mode. */
static void run_as(const char *what, const char *file, unsigned user, unsigned owner, unsigned owner_group, unsigned mode,
                   int no_new)
{
    char *words[] = { (char *)file, (char *)what, NULL };
    long child;

    sys(chown32, "program", owner, owner_group);
    sys(chmod, "program", mode);
    child = fork_process();
    if (child == 0) {
        become(user, user);
        if (no_new)
            show("no new privileges", sys(prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
        show("execve", sys(execve, file, words, NULL));
        leave(1);
    }
    reap(what, child);
}

static void programs(void)
{
    static const char script[] = "#!./program";

    copy("/proc/self/exe", "program");
    run_as("no bits", "./program", 1000, 0, 0, 0755, 0);
    run_as("root's, for 1000", "./program", 1000, 0, 0, 04755, 0);
    run_as("1000's, for root", "./program", 0, 1000, 1000, 04755, 0);
    run_as("1000's, for 2000", "./program", 2000, 1000, 1000, 04755, 0);
    run_as("1000's, for 1000", "./program", 1000, 1000, 1000, 04755, 0);
    run_as("group", "./program", 1000, 0, 50, 02755, 0);
    run_as("group that may not run it", "./program", 1000, 0, 50, 02745, 0);
    run_as("both", "./program", 1000, 70, 50, 06755, 0);
    run_as("not to be run", "./program", 1000, 70, 50, 06644, 0);
    run_as("without new privileges", "./program", 1000, 0, 0, 06755, 1);
    run_as("root without new privileges", "./program", 0, 1000, 1000, 06755, 1);
    long fd = sys(open, "script", O_WRONLY | O_CREAT, 0755);
    sys(write, fd, script, sizeof(script) - 1);
    sys(close, fd);
    sys(chmod, "script", 04755);
    run_as("script", "./script", 1000, 0, 0, 0755, 0);
    run_as("script of a program with the bit", "./script", 1000, 0, 0, 04755, 0);
}

/* The effective ids become the saved ones at any exec. */
static void saved(void)
{
    static char *const words[] = { "program", "effective 1000", NULL };
    long child = fork_process();

    sys(chmod, "program", 0755);
    if (child == 0) {
        sys(setresgid32, 0, 1000, 0);
        sys(setresuid32, 0, 1000, 0);
        show("execve", sys(execve, "./program", words, NULL));
        leave(1);
    }
    reap("effective", child);
}

static void mode_after(const char *what, long result)
{
    struct { unsigned long long dev; uint32 pad, ino, mode; uint8 rest[80]; } stat = { 0 };

    sys(stat64, "changed", &stat);
    say("%s: %r mode %o\n", what, result, stat.mode & 07777);
}

static void make(unsigned mode)
{
    long fd = sys(open, "changed", O_WRONLY | O_CREAT | O_TRUNC, 0666);

    sys(write, fd, "1234", 4);
    sys(close, fd);
    sys(chown32, "changed", 1000, 1000);
    sys(chmod, "changed", mode);
}

/* Who changes what a program does must not act for its owner. */
static void changes(unsigned user)
{
    static const unsigned modes[] = { 06777, 06767, 04644, 0777 };

    say("changed by %u\n", user);
    for (unsigned i = 0; i < ARRAY_SIZE(modes); i++) {
        make(modes[i]);
        long child = fork_process();
        if (child == 0) {
            become(user, user);
            long fd = sys(open, "changed", O_WRONLY, 0);
            mode_after("open", fd < 0 ? fd : 0);
            mode_after("write nothing", sys(write, fd, "", 0));
            mode_after("write", sys(write, fd, "x", 1));
            leave(0);
        }
        reap("writer", child);
        make(modes[i]);
        child = fork_process();
        if (child == 0) {
            become(user, user);
            mode_after("truncate", sys(truncate, "changed", 2));
            leave(0);
        }
        reap("truncater", child);
    }
}

static void no_new_privileges(void)
{
    long child = fork_process();

    if (child == 0) {
        show("at first", sys(prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
        show("get with an argument", sys(prctl, PR_GET_NO_NEW_PRIVS, 1, 0, 0, 0));
        show("set to 0", sys(prctl, PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
        show("set with an argument", sys(prctl, PR_SET_NO_NEW_PRIVS, 1, 1, 0, 0));
        show("set", sys(prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
        show("set to 0", sys(prctl, PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
        show("then", sys(prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
        long grandchild = fork_process();
        if (grandchild == 0) {
            show("child's", sys(prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
            leave(0);
        }
        reap("grandchild", grandchild);
        leave(0);
    }
    reap("child", child);
    show("parent's", sys(prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
}

/* Reading the log and changing what of it is shown. Debian sets dmesg_restrict. */
static void kernel_log(void)
{
    yes("root knows its size", sys(syslog, 10, NULL, 0) > 0);
    long child = fork_process();
    if (child == 0) {
        become(1000, 1000);
        show("what is new", sys(syslog, 2, block, sizeof(block)));
        show("read and clear", sys(syslog, 4, block, sizeof(block)));
        show("clear", sys(syslog, 5, NULL, 0));
        show("the console's level", sys(syslog, 8, NULL, 4));
        show("read all", sys(syslog, 3, block, sizeof(block)));
        show("size", sys(syslog, 10, NULL, 0));
        leave(0);
    }
    reap("user", child);
}

static void check_all(void)
{
    if (argument_count >= 2)
        tell(arguments[argument_count - 1]);
    enter_folder("setid");
    sys(chmod, ".", 0777);
    programs();
    saved();
    changes(2000);
    changes(1000);
    changes(0);
    no_new_privileges();
    kernel_log();
}
