/*
 * Conformance: calls that newer ones have replaced and that older programs and small C libraries still make:
 * 16-bit identities, stat and getdents of 32 bits, signals with one word of mask, select with its arguments in memory.
 *
 * stat(2), getdents(2), sigaction(2), signal(2), select(2), each under "C library/kernel differences".
 */
#include "signal.h"

#include <asm/stat.h>
#include <asm/statfs.h>

struct old_action {
    void *handler;
    unsigned long mask, flags;
    void *restorer;
};

struct old_dirent {
    unsigned long ino, off;
    unsigned short reclen;
    char name[];
};

static volatile int seen;
static char buffer[4096];

static void note(int number)
{
    seen += number;
}

static void identities(void)
{
    unsigned short ids[3];

    say("ids: %d %d %d %d\n", (int)sys(getuid), (int)sys(geteuid), (int)sys(getgid), (int)sys(getegid));
    show("getresuid", sys(getresuid, &ids[0], &ids[1], &ids[2]));
    show("setuid", sys(setuid, 0));
    show("setgid", sys(setgid, 0));
    show("setreuid", sys(setreuid, 0, 0));
    show("setreuid32", sys(setreuid32, 0, 0));
    show("chown", sys(chown, "file", 3, 4));
    show("lchown", sys(lchown, "file", 5, -1));
    show("getgroups", sys(getgroups, 0, NULL) >= 0);
}

static void files(void)
{
    struct stat st;
    struct statfs fs;
    struct old_dirent *entry;
    long fd = sys(open, "file", O_RDWR | O_CREAT | O_TRUNC, 0640), n, entries = 0, types = 0;

    sys(write, fd, "12345", 5);
    show("stat", sys(stat, "file", &st));
    say("mode %o, %d bytes, uid %d, gid %d\n", st.st_mode, (int)st.st_size, (int)st.st_uid, (int)st.st_gid);
    show("lstat", sys(lstat, "file", &st));
    show("fstat", sys(fstat, fd, &st));
    say("mode %o, %d bytes\n", st.st_mode, (int)st.st_size);
    show("stat of nothing", sys(stat, "none", &st));
    show("statfs", sys(statfs, ".", &fs));
    yes("its shape", fs.f_bsize >= 512 && fs.f_namelen == 255);
    show("fstatfs", sys(fstatfs, fd, &fs));
    show("fcntl F_DUPFD", sys(fcntl, fd, F_DUPFD, 20));
    show("fcntl F_SETFD", sys(fcntl, 20, F_SETFD, 1));
    show("fcntl F_GETFD", sys(fcntl, 20, F_GETFD, 0));
    sys(close, 20);
    sys(close, fd);
    sys(mkdir, "folder", 0755);
    fd = sys(open, "folder/one", O_RDWR | O_CREAT, 0644);
    sys(close, fd);
    fd = sys(open, "folder", O_RDONLY, 0);
    n = sys(getdents, fd, buffer, sizeof(buffer));
    for (long at = 0; at < n; at += entry->reclen) {
        entry = (struct old_dirent *)(buffer + at);
        types += buffer[at + entry->reclen - 1];
        entries += entry->name[0] == '.' || same_text(entry->name, "one");
    }
    show("getdents", entries);
    show("the sum of its types", types);
    show("getdents at the end", sys(getdents, fd, buffer, sizeof(buffer)));
    show("getdents into too little", (sys(lseek, fd, 0, 0), sys(getdents, fd, buffer, 8)));
    sys(close, fd);
    show("utimes", sys(utimes, "file", ((const long[]){ 1000, 0, 2000, 0 })));
    sys(stat, "file", &st);
    say("times: %u %u\n", (unsigned)st.st_atime, (unsigned)st.st_mtime);
    show("futimesat", sys(futimesat, AT_FDCWD, "file", NULL));
}

static void signals(void)
{
    struct old_action action = { (void *)note, 0, SA_RESTORER, restore }, old;
    unsigned long mask = 1u << (SIGUSR1 - 1), before = 0;

    show("sigaction", sys(sigaction, SIGUSR1, &action, NULL));
    sys(kill, own_pid(), SIGUSR1);
    show("it came", seen);
    show("sigaction tells", sys(sigaction, SIGUSR1, NULL, &old));
    yes("as it was set", old.handler == (void *)note && old.flags == SA_RESTORER);
    show("sigaction of SIGKILL", sys(sigaction, SIGKILL, &action, NULL));
    show("sigprocmask", sys(sigprocmask, SIG_BLOCK, &mask, &before));
    sys(kill, own_pid(), SIGUSR1);
    show("sigpending", sys(sigpending, &before));
    say("pending %x\n", (unsigned)before);
    show("sigsuspend", sys(sigsuspend, 0, 0, 0));
    show("it came", seen);
    show("sgetmask", sys(sgetmask));
    show("ssetmask", sys(ssetmask, 0));
    show("signal", sys(signal, SIGUSR2, note));
    show("signal tells the old one", sys(signal, SIGUSR2, SIG_IGN) == (long)note);
    sys(kill, own_pid(), SIGUSR2);
    show("ignored", seen);
}

static void others(void)
{
    unsigned in = 0;
    int fds[2];
    struct { long sec, usec; } time = { 0, 1000 };
    unsigned words[5] = { 32, 0, 0, 0, 0 };

    sys(pipe, fds);
    in = 1u << fds[0];
    sys(write, fds[1], "x", 1);
    words[1] = (unsigned)&in, words[4] = (unsigned)&time;
    show("select with its arguments in memory", sys(select, words));
    sys(close, fds[0]);
    sys(close, fds[1]);
    show("stime of the past needs a good address", sys(stime, 16));
    show("ftime", sys(ftime, NULL));
    show("break", sys(break));
    show("nice", sys(nice, 0));
    show("getpgrp", sys(getpgrp) == sys(getpgid, 0));
    show("time", sys(time, NULL) > 1000000);
    show("ulimit", sys(ulimit));
    show("idle", sys(idle));
}

static void check_all(void)
{
    long fd;

    enter_folder("legacy");
    fd = sys(creat, "file", 0644);
    sys(close, fd);
    identities();
    files();
    signals();
    others();
}
