/*
 * Process 1 of a machine that runs tests: on Linux from an initramfs, on myOS from the root volume.
 * Runs the commands of /etc/run one after the other, each a line of words, and powers the machine off.
 * Each runs in the folder named by the first line, with the console as its fds 0 to 2.
 *
 *     @run 0            before the first command
 *     @exit 0 3         it exited with 3; "@signal 0 11": a signal ended it; "@error 0 2": no such program
 *     @end              after the last
 *
 * A marker begins a line of its own: a newline stands before it that the command did not write.
 */
#include "conform.h"

#include <linux/reboot.h>

static char text[8192];
static char *words[64];

static const char *const variables[] = { "PATH=/bin:/usr/bin:/sbin:/usr/sbin", "HOME=/root", "TERM=dumb", "LANG=C", NULL };

/* What Linux's init does first. Elsewhere these are there already, and the calls may fail. */
static void mount_all(void)
{
    sys(mkdir, "/proc", 0755);
    sys(mkdir, "/tmp", 01777);
    sys(mount, "proc", "/proc", "proc", 0, 0);
    sys(mount, "dev", "/dev", "devtmpfs", 0, 0);
    sys(mount, "tmp", "/tmp", "tmpfs", 0, 0);
}

/* Have the console as fds 0 to 2, if whoever started this has not seen to it. */
static void open_console(void)
{
    long fd;

    if (sys(fcntl64, 0, F_GETFD, 0) >= 0)
        return;
    do
        fd = sys(open, "/dev/console", O_RDWR, 0);
    while (fd >= 0 && fd < 2);
}

/* Cut a line into words in place. Returns where the next line begins. */
static char *split(char *at)
{
    int n = 0;

    while (*at && *at != '\n') {
        if (*at == ' ') {
            *at++ = 0;
            continue;
        }
        if (n + 1 < (int)ARRAY_SIZE(words))
            words[n++] = at;
        while (*at && *at != ' ' && *at != '\n')
            at++;
    }
    words[n] = NULL;
    if (*at)
        *at++ = 0;
    return at;
}

static void run(int number)
{
    int status = 0;
    long pid, error;

    say("\n@run %d\n", number);
    pid = sys(fork);
    if (pid == 0) {
        sys(setsid);
        error = sys(execve, words[0], words, variables);
        say("\n@error %d %d\n", number, (int)-error);
        leave(127);
    }
    while (pid > 0) {                       /* orphans come to process 1 as well */
        long got = sys(wait4, -1, &status, 0, 0);
        if (got == pid || got == -ECHILD)
            break;
    }
    if (pid < 0)
        say("\n@error %d %d\n", number, (int)-pid);
    else if (status & 0x7f)
        say("\n@signal %d %d\n", number, status & 0x7f);
    else
        say("\n@exit %d %d\n", number, status >> 8 & 0xff);
}

static void check_all(void)
{
    char *at = text;
    long fd, n;

    mount_all();
    open_console();
    fd = sys(open, "/etc/run", O_RDONLY, 0);
    n = fd < 0 ? fd : sys(read, fd, text, sizeof(text) - 1);
    sys(close, fd);
    if (n < 0)
        say("runner: /etc/run: %r\n", n);
    if (n > 0) {
        at = split(at);
        if (words[0] && sys(chdir, words[0]) < 0)
            say("runner: no folder %s\n", words[0]);
        for (int number = 0; *at; number++) {
            at = split(at);
            if (words[0])
                run(number);
        }
    }
    say("\n@end\n");
    sys(sync);
    sys(reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_POWER_OFF, 0);
    leave(0);
}
