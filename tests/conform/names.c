/*
 * Conformance: directories and names. Making, removing, renaming, both kinds of links, the -at forms,
 * the current folder, listing, everything that stat tells, permissions and times.
 *
 * mkdir(2), unlink(2), rename(2), link(2), symlink(2), stat(2), statx(2), getdents64(2), utimensat(2).
 */
#include "conform.h"

#include <asm/stat.h>
#include <asm/statfs.h>
#include <linux/stat.h>

#define AT_HERE AT_FDCWD
#define LONG_NAME 255

static char buffer[8192];

static void touch(const char *path, const char *text)
{
    long fd = sys(open, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    sys(write, fd, text, length(text));
    sys(close, fd);
}

static const char *kind_of(unsigned mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG: return "file";
    case S_IFDIR: return "dir";
    case S_IFLNK: return "link";
    case S_IFIFO: return "fifo";
    case S_IFCHR: return "char";
    }
    return "other";
}

/* What stat64 says that does not differ between file systems. */
static void describe(const char *what, const char *path)
{
    struct stat64 st;
    long result = sys(lstat64, path, &st);

    if (result < 0)
        show(what, result);
    else if ((st.st_mode & S_IFMT) == S_IFDIR)
        say("%s: dir %o\n", what, st.st_mode & 07777);
    else
        say("%s: %s %o, %d links, %D bytes\n", what, kind_of(st.st_mode), st.st_mode & 07777, (int)st.st_nlink,
            (int64)st.st_size);
}

static void directories(void)
{
    show("mkdir", sys(mkdir, "d", 0755));
    describe("d", "d");
    show("mkdir again", sys(mkdir, "d", 0755));
    show("mkdir below", sys(mkdir, "d/e", 0700));
    describe("d/e", "d/e");
    show("mkdir with slashes behind", sys(mkdir, "d/f//", 0755));
    show("mkdir below nothing", sys(mkdir, "none/x", 0755));
    touch("file", "content");
    show("mkdir below a file", sys(mkdir, "file/x", 0755));
    show("mkdir where a file is", sys(mkdir, "file", 0755));
    show("mkdir of nothing", sys(mkdir, "", 0755));
    show("mkdir .", sys(mkdir, ".", 0755));
    show("mkdir /", sys(mkdir, "/", 0755));
    show("rmdir of a full one", sys(rmdir, "d"));
    show("rmdir of a file", sys(rmdir, "file"));
    show("rmdir of nothing", sys(rmdir, "none"));
    show("rmdir of .", sys(rmdir, "d/e/."));
    show("rmdir of ..", sys(rmdir, "d/e/.."));
    show("rmdir", sys(rmdir, "d/e"));
    show("rmdir again", sys(rmdir, "d/e"));
    show("unlink a directory", sys(unlink, "d/f"));
    show("unlinkat a directory", sys(unlinkat, AT_HERE, "d/f", 0));
    show("unlinkat it as a directory", sys(unlinkat, AT_HERE, "d/f", AT_REMOVEDIR));
    show("unlinkat a file as a directory", sys(unlinkat, AT_HERE, "file", AT_REMOVEDIR));
    show("unlinkat with a wrong flag", sys(unlinkat, AT_HERE, "file", 0x4000));
    show("unlink", sys(unlink, "file"));
    show("unlink again", sys(unlink, "file"));
    show("unlink with a slash behind", (touch("file", ""), sys(unlink, "file/")));
    show("unlink /", sys(unlink, "/"));
    show("rmdir /", sys(rmdir, "/"));
    sys(unlink, "file");
    sys(rmdir, "d");
}

static void long_names(void)
{
    memset(buffer, 'n', LONG_NAME + 1);
    buffer[LONG_NAME] = 0;
    ok("a name of 255 characters", sys(creat, buffer, 0644));
    describe("it", buffer);
    show("unlink it", sys(unlink, buffer));
    buffer[LONG_NAME] = 'n';
    buffer[LONG_NAME + 1] = 0;
    show("a name of 256 characters", sys(creat, buffer, 0644));
    show("stat64 of it", sys(stat64, buffer, buffer + 4096));
    show("mkdir of it", sys(mkdir, buffer, 0755));
    for (int i = 0; i < 4090; i += 2)
        memcpy(buffer + i, "./", 2);
    memcpy(buffer + 4090, ".", 2);
    ok("a path of 4091 characters", sys(open, buffer, O_RDONLY, 0));
    memset(buffer, '/', 4095);
    buffer[4095] = 0;
    ok("a path of 4095 characters", sys(open, buffer, O_RDONLY, 0));
    buffer[4095] = '/';
    buffer[4096] = 0;
    show("a path of 4096 characters", sys(open, buffer, O_RDONLY, 0));
    for (int fd = 3; fd < 10; fd++)
        sys(close, fd);
}

static void renames(void)
{
    touch("r1", "one");
    touch("r2", "second");
    show("rename", sys(rename, "r1", "r3"));
    describe("the old name", "r1");
    describe("the new name", "r3");
    show("rename over another", sys(rename, "r3", "r2"));
    describe("it took its place", "r2");
    show("rename to itself", sys(rename, "r2", "r2"));
    show("rename what is not there", sys(rename, "none", "x"));
    show("rename into nothing", sys(rename, "r2", "none/x"));
    sys(mkdir, "rd", 0755);
    sys(mkdir, "rd/sub", 0755);
    sys(mkdir, "re", 0755);
    show("a directory below itself", sys(rename, "rd", "rd/sub/x"));
    show("a directory over a file", sys(rename, "rd", "r2"));
    show("a file over a directory", sys(rename, "r2", "rd"));
    show("a directory over a full one", sys(rename, "re", "rd"));
    show("a directory over an empty one", sys(rename, "rd", "re"));
    describe("what it held came along", "re/sub");
    show("a directory into another", (sys(mkdir, "rf", 0755), sys(rename, "re/sub", "rf/sub")));
    show(".. follows", (sys(chdir, "rf/sub"), sys(open, "../../r2", O_RDONLY, 0) >= 0));
    sys(chdir, "../..");
    show("rename .", sys(rename, ".", "x"));
    show("rename to ..", sys(rename, "rf", ".."));
    show("a file with a slash behind", sys(rename, "r2", "x/"));
    show("a directory with a slash behind", sys(rename, "rf/", "rg/"));
    touch("r5", "five");
    show("renameat", sys(renameat, AT_HERE, "r5", AT_HERE, "r6"));
    show("renameat2 no replace", sys(renameat2, AT_HERE, "r6", AT_HERE, "r2", 1));
    show("renameat2 no replace, free", sys(renameat2, AT_HERE, "r6", AT_HERE, "r7", 1));
    show("renameat2 with wrong flags", sys(renameat2, AT_HERE, "r7", AT_HERE, "r8", 0x100));
    show("links to one file", (sys(link, "r2", "r9"), sys(rename, "r2", "r9")));
    describe("both are still there", "r2");
    for (int fd = 3; fd < 10; fd++)
        sys(close, fd);
}

static void hard_links(void)
{
    struct stat64 a, b;

    touch("h1", "linked");
    show("link", sys(link, "h1", "h2"));
    describe("h1", "h1");
    describe("h2", "h2");
    sys(stat64, "h1", &a);
    sys(stat64, "h2", &b);
    yes("the same inode", a.st_ino == b.st_ino && a.st_dev == b.st_dev);
    show("link over another", sys(link, "h1", "h2"));
    show("link to nothing", sys(link, "none", "h3"));
    sys(mkdir, "hd", 0755);
    show("link to a directory", sys(link, "hd", "h3"));
    show("unlink one", sys(unlink, "h1"));
    describe("the other", "h2");
    show("symlink", sys(symlink, "h2", "hs"));
    show("link to a link", sys(link, "hs", "h4"));
    describe("is a link", "h4");
    show("linkat that follows", sys(linkat, AT_HERE, "hs", AT_HERE, "h5", AT_SYMLINK_FOLLOW));
    describe("is a file", "h5");
    show("linkat with a wrong flag", sys(linkat, AT_HERE, "hs", AT_HERE, "h6", 0x4000));
}

static void soft_links(void)
{
    long n;

    show("symlink", sys(symlink, "some/where", "s1"));
    show("symlink over another", sys(symlink, "x", "s1"));
    show("symlink to the empty name", sys(symlink, "", "s2"));
    show("symlink below nothing", sys(symlink, "x", "none/s"));
    n = show("readlink", sys(readlink, "s1", buffer, 100));
    bytes("its text", buffer, n);
    n = show("readlink into 4 bytes", sys(readlink, "s1", buffer, 4));
    bytes("its start", buffer, n);
    show("readlink into 0 bytes", sys(readlink, "s1", buffer, 0));
    show("readlink into -1 bytes", sys(readlink, "s1", buffer, -1));
    touch("sf", "file");
    show("readlink of a file", sys(readlink, "sf", buffer, 100));
    show("readlink of nothing", sys(readlink, "none", buffer, 100));
    show("symlinkat", sys(symlinkat, "sf", AT_HERE, "s3"));
    n = show("readlinkat", sys(readlinkat, AT_HERE, "s3", buffer, 100));
    bytes("its text", buffer, n);
    describe("lstat64 of a link", "s3");
    sys(mkdir, "sd", 0755);
    touch("sd/inside", "in");
    sys(symlink, "sd", "s4");
    describe("a link on the way", "s4/inside");
    describe("a link with a slash behind", "s4/");
    show("mkdir where a link is", sys(mkdir, "s4", 0755));
    show("rmdir of a link", sys(rmdir, "s4"));
    show("unlink a link", sys(unlink, "s4"));
    describe("what it pointed to", "sd/inside");
    memset(buffer, 'l', 300);
    buffer[300] = 0;
    show("a long link", sys(symlink, buffer, "s5"));
    show("its length", sys(readlink, "s5", buffer + 4096, 4096));
    yes("its text", same(buffer, buffer + 4096, 300));
    sys(symlink, "s7", "s6");
    sys(symlink, "s6", "s7");
    show("stat64 of links in a circle", sys(stat64, "s6", buffer));
    show("lstat64 of one of them", sys(lstat64, "s6", buffer));
    for (char c = 'b'; c <= 'z'; c++) {
        char from[4] = { 'z', c, 0 }, to[4] = { 'z', (char)(c - 1), 0 };
        sys(symlink, to, from);
    }
    touch("za", "end");
    show("25 links in a row", sys(stat64, "zz", buffer));
}

static void working_folder(void)
{
    struct stat64 above, root;
    long fd, length_before;
    char name[256], there[256];

    length_before = sys(getcwd, name, sizeof(name));
    yes("getcwd counts its zero", length_before == (long)length(name) + 1);
    yes("it is absolute", name[0] == '/');
    show("getcwd into too little", sys(getcwd, name, 2));
    sys(mkdir, "w", 0755);
    sys(mkdir, "w/deep", 0755);
    show("chdir", sys(chdir, "w/deep"));
    yes("getcwd there", sys(getcwd, there, sizeof(there)) == length_before + 7
        && same(there + length_before - 1, "/w/deep", 8));
    show("chdir ..", sys(chdir, ".."));
    fd = sys(open, "..", O_RDONLY | O_DIRECTORY, 0);
    show("chdir to nothing", sys(chdir, "none"));
    touch("file", "");
    show("chdir to a file", sys(chdir, "file"));
    show("fchdir", sys(fchdir, fd));
    describe("where that is", "w/deep");
    sys(close, fd);
    fd = sys(open, "w/file", O_RDONLY, 0);
    show("fchdir to a file", sys(fchdir, fd));
    show("fchdir to no descriptor", sys(fchdir, 77));
    sys(close, fd);
    sys(chdir, "w/deep");
    show("remove the current folder", sys(rmdir, "../deep"));
    show("getcwd then", sys(getcwd, there, sizeof(there)));
    show("create there", sys(creat, "x", 0644));
    show("open . there", sys(open, ".", O_RDONLY, 0) >= 0);
    show("back by its name", sys(chdir, name));
    sys(close, 3);
    show("chdir /", sys(chdir, "/"));
    sys(getcwd, there, sizeof(there));
    say("getcwd at the root: %s\n", there);
    yes("/.. is /", sys(stat64, "/..", &above) == 0 && sys(stat64, "/", &root) == 0 && above.st_ino == root.st_ino);
    sys(chdir, name);
}

static void at_forms(void)
{
    struct stat64 st;
    long dir, file;

    sys(mkdir, "at", 0755);
    dir = sys(open, "at", O_RDONLY | O_DIRECTORY, 0);
    ok("openat creates", file = sys(openat, dir, "f", O_RDWR | O_CREAT, 0644));
    sys(write, file, "12345", 5);
    describe("where it belongs", "at/f");
    show("openat below a file", sys(openat, file, "x", O_RDONLY, 0));
    show("openat of no descriptor", sys(openat, 77, "x", O_RDONLY, 0));
    show("openat of an absolute name", sys(openat, 77, "/", O_RDONLY, 0) >= 0);
    show("mkdirat", sys(mkdirat, dir, "d", 0755));
    describe("at/d", "at/d");
    show("fstatat64", sys(fstatat64, dir, "f", &st, 0));
    say("its size: %D\n", (int64)st.st_size);
    show("fstatat64 of an empty name", sys(fstatat64, file, "", &st, 0));
    show("with AT_EMPTY_PATH", sys(fstatat64, file, "", &st, AT_EMPTY_PATH));
    say("its size: %D\n", (int64)st.st_size);
    show("fstatat64 with a wrong flag", sys(fstatat64, dir, "f", &st, 0x8000));
    sys(symlinkat, "f", dir, "s");
    show("fstatat64 of a link", sys(fstatat64, dir, "s", &st, 0));
    say("it is a %s\n", kind_of(st.st_mode));
    show("without following", sys(fstatat64, dir, "s", &st, AT_SYMLINK_NOFOLLOW));
    say("it is a %s\n", kind_of(st.st_mode));
    show("faccessat", sys(faccessat, dir, "f", 4));
    show("faccessat of nothing", sys(faccessat, dir, "none", 0));
    show("unlinkat", sys(unlinkat, dir, "f", 0));
    show("unlinkat of no descriptor", sys(unlinkat, 77, "f", 0));
    show("fchmodat", sys(fchmodat, dir, "d", 0711));
    describe("its mode", "at/d");
    sys(close, dir);
    sys(close, file);
    for (int fd = 3; fd < 6; fd++)
        sys(close, fd);
}

struct dirent64 {
    uint64 ino;
    int64 off;
    unsigned short reclen;
    uint8 type;
    char name[];
} __attribute__((packed));

/* List a folder with a buffer of this size; count entries, sum what their names say, check their form. */
static void list(const char *what, const char *path, size_t size)
{
    long fd = sys(open, path, O_RDONLY | O_DIRECTORY, 0), n;
    int entries = 0, sum = 0, dots = 0, wrong = 0;

    while ((n = sys(getdents64, fd, buffer, size)) > 0) {
        for (long at = 0; at < n;) {
            struct dirent64 *entry = (struct dirent64 *)(buffer + at);
            entries++;
            wrong += entry->reclen % 8 != 0 || entry->ino == 0;
            if (entry->name[0] == '.')
                dots += entry->type == 4;
            else
                sum += (entry->name[1] - '0') * 10 + entry->name[2] - '0';
            at += entry->reclen;
        }
    }
    say("%s: %d entries, sum %d, %d of dots, %d wrong, end %r\n", what, entries, sum, dots, wrong, n);
    sys(close, fd);
}

static void listing(void)
{
    struct dirent64 *entry = (struct dirent64 *)buffer;
    char name[] = "l/n00";
    long fd, n, all = 0;

    sys(mkdir, "l", 0755);
    list("an empty folder", "l", sizeof(buffer));
    for (int i = 0; i < 60; i++) {
        name[3] = (char)('0' + i / 10);
        name[4] = (char)('0' + i % 10);
        touch(name, "");
    }
    list("with a large buffer", "l", sizeof(buffer));
    list("with a small buffer", "l", 64);
    fd = sys(open, "l", O_RDONLY, 0);
    show("getdents64 with too small a buffer", sys(getdents64, fd, buffer, 10));
    n = sys(getdents64, fd, buffer, 64);
    yes("some entries", n > 0);
    show("back to the start", sys(lseek, fd, 0, 0));
    while ((n = sys(getdents64, fd, buffer, 100)) > 0) {
        for (long at = 0; at < n; at += entry->reclen) {
            entry = (struct dirent64 *)(buffer + at);
            all++;
        }
    }
    show("entries after it", all);
    sys(close, fd);
    show("getdents64 of no descriptor", sys(getdents64, 77, buffer, 100));
    fd = sys(open, "za", O_RDONLY, 0);
    show("getdents64 of a file", sys(getdents64, fd, buffer, 100));
    sys(close, fd);
    fd = sys(open, "l", O_RDONLY, 0);           /* removing what was listed must not skip the rest */
    all = 0;
    while ((n = sys(getdents64, fd, buffer, 128)) > 0) {
        for (long at = 0; at < n; at += entry->reclen) {
            entry = (struct dirent64 *)(buffer + at);
            if (entry->name[0] != '.' && sys(chdir, "l") == 0) {
                all += sys(unlink, entry->name) == 0;
                sys(chdir, "..");
            }
        }
    }
    sys(close, fd);
    show("removed while listing", all);
    show("and the folder", sys(rmdir, "l"));
    sys(mkdir, "types", 0755);
    touch("types/n01", "");
    sys(mkdir, "types/n02", 0755);
    sys(symlink, "x", "types/n04");
    fd = sys(open, "types", O_RDONLY, 0);
    n = sys(getdents64, fd, buffer, sizeof(buffer));
    all = 0;
    for (long at = 0; at < n; at += entry->reclen) {
        entry = (struct dirent64 *)(buffer + at);
        if (entry->name[0] == 'n')
            all += (entry->name[2] - '0') * 100 * entry->type;
    }
    show("types of file, folder, link", all);
    sys(close, fd);
}

static void stats(void)
{
    struct stat64 a, b;
    struct statx x;
    int pipe_fds[2];
    long fd;

    touch("st", "0123456789");
    show("stat64", sys(stat64, "st", &a));
    fd = sys(open, "st", O_RDWR, 0);
    show("fstat64", sys(fstat64, fd, &b));
    yes("they agree", a.st_ino == b.st_ino && a.st_mode == b.st_mode && a.st_size == b.st_size && a.st_mtime == b.st_mtime);
    say("uid %d gid %d, %s %o\n", (int)a.st_uid, (int)a.st_gid, kind_of(a.st_mode), a.st_mode & 07777);
    yes("both inode fields agree", (uint32)a.st_ino == (uint32)a.__st_ino);
    yes("a block size", a.st_blksize >= 512);
    show("statx", sys(statx, AT_HERE, "st", 0, STATX_BASIC_STATS, &x));
    say("%s %o, %d links, %D bytes, uid %d\n", kind_of(x.stx_mode), x.stx_mode & 07777, (int)x.stx_nlink, (int64)x.stx_size,
        (int)x.stx_uid);
    yes("basic fields are there", (x.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS);
    yes("as stat64 has them", x.stx_ino == a.st_ino && x.stx_mtime.tv_sec == (int64)a.st_mtime);
    show("statx of an open file", sys(statx, fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &x));
    say("%D bytes\n", (int64)x.stx_size);
    show("statx of an empty name", sys(statx, fd, "", 0, STATX_BASIC_STATS, &x));
    show("statx with a wrong flag", sys(statx, AT_HERE, "st", 1, STATX_BASIC_STATS, &x));
    show("statx of nothing", sys(statx, AT_HERE, "none", 0, STATX_BASIC_STATS, &x));
    sys(close, fd);
    sys(pipe, pipe_fds);
    show("fstat64 of a pipe", sys(fstat64, pipe_fds[0], &a));
    say("it is a %s\n", kind_of(a.st_mode));
    sys(close, pipe_fds[0]);
    sys(close, pipe_fds[1]);
    show("fstat64 of no descriptor", sys(fstat64, 77, &a));
    show("stat64 of nothing", sys(stat64, "none", &a));
    show("stat64 of a name below a file", sys(stat64, "st/x", &a));
    sys(stat64, "/dev/null", &a);
    say("/dev/null: %s, device %d:%d\n", kind_of(a.st_mode), (int)(a.st_rdev >> 8 & 0xfff), (int)(a.st_rdev & 0xff));
    sys(mkdir, "n", 0755);
    sys(mkdir, "n/1", 0755);
    sys(mkdir, "n/2", 0755);
    sys(stat64, "n", &a);
    show("links of a folder with two", a.st_nlink);
    sys(rmdir, "n/1");
    sys(stat64, "n", &a);
    show("links of it with one", a.st_nlink);
    fd = sys(open, "sparse", O_RDWR | O_CREAT, 0644);
    sys(ftruncate64, fd, 10 << 20, 0);
    sys(fstat64, fd, &a);
    yes("a hole has few blocks", a.st_blocks < 64 && a.st_size == 10 << 20);
    sys(close, fd);
}

static void permissions(void)
{
    struct stat64 st;
    long fd, made, child;
    uint32 group = 56;

    touch("p", "x");
    show("chmod", sys(chmod, "p", 0400));
    describe("p", "p");
    show("chmod of every bit", sys(chmod, "p", 07777));
    describe("p", "p");
    show("chmod of nothing", sys(chmod, "none", 0644));
    fd = sys(open, "p", O_RDWR, 0);
    show("fchmod", sys(fchmod, fd, 0640));
    describe("p", "p");
    show("fchmod of no descriptor", sys(fchmod, 77, 0640));
    show("umask", sys(umask, 0) & 0);
    show("umask again", sys(umask, 027));
    made = sys(creat, "p2", 0777);
    sys(close, made);
    describe("a file under umask 027", "p2");
    sys(mkdir, "pd", 0777);
    describe("a folder under it", "pd");
    show("umask of many bits", sys(umask, 077777));
    show("umask keeps some", sys(umask, 022));
    show("access: there", sys(access, "p", 0));
    show("access: read and write", sys(access, "p", 6));
    show("access: execute, without a bit", sys(access, "p", 1));
    sys(chmod, "p", 0100);
    show("access: execute, with one", sys(access, "p", 1));
    show("access of nothing", sys(access, "none", 0));
    show("access with a wrong mode", sys(access, "p", 8));
    show("access below a file", sys(access, "p/x", 0));
    show("faccessat2", sys(faccessat2, AT_HERE, "p", 4, 0));
    show("faccessat2 with a wrong flag", sys(faccessat2, AT_HERE, "p", 4, 0x8000));
    show("chown32", sys(chown32, "p", 12, 34));
    sys(stat64, "p", &st);
    say("uid %d gid %d\n", (int)st.st_uid, (int)st.st_gid);
    show("chown32 of nothing but the group", sys(chown32, "p", -1, 56));
    sys(stat64, "p", &st);
    say("uid %d gid %d\n", (int)st.st_uid, (int)st.st_gid);
    sys(chmod, "p", 0060);
    child = fork_process();
    if (child == 0) {
        sys(setgroups32, 1, &group);
        sys(setresuid32, 1000, 1000, 1000);
        yes("open as one of another group", sys(open, "p", O_RDWR, 0) >= 0);
        show("access as such", sys(access, "p", 6));
        leave(0);
    }
    reap("it", child);
    sys(chmod, "p", 0100);
    show("fchown32", sys(fchown32, fd, 0, 0));
    show("chown32 of nothing", sys(chown32, "none", 0, 0));
    show("lchown32 of a link", (sys(symlink, "none", "pl"), sys(lchown32, "pl", 7, 8)));
    show("chown32 of it", sys(chown32, "pl", 7, 8));
    sys(lstat64, "pl", &st);
    say("uid %d gid %d\n", (int)st.st_uid, (int)st.st_gid);
    sys(close, fd);
}

static void times_of(const char *what, const char *path)
{
    struct stat64 st;

    sys(lstat64, path, &st);
    say("%s: atime %u mtime %u\n", what, (unsigned)st.st_atime, (unsigned)st.st_mtime);
}

static void times(void)
{
    struct timespec32 set[2] = { { 1000000, 0 }, { 2000000, 0 } }, now[2] = { { 0, (1 << 30) - 1 }, { 0, (1 << 30) - 2 } };
    struct timespec32 wrong[2] = { { 1, 1000000000 }, { 1, 0 } };
    struct stat64 before, after;
    long old[2] = { 3000000, 4000000 };
    long fd;

    touch("t", "x");
    show("utimensat", sys(utimensat, AT_HERE, "t", set, 0));
    times_of("t", "t");
    show("now and never", sys(utimensat, AT_HERE, "t", now, 0));
    sys(stat64, "t", &after);
    yes("now", after.st_atime > 1000000);
    say("never: %u\n", (unsigned)after.st_mtime);
    show("wrong nanoseconds", sys(utimensat, AT_HERE, "t", wrong, 0));
    show("of nothing", sys(utimensat, AT_HERE, "none", set, 0));
    sys(symlink, "none", "tl");
    show("of a link itself", sys(utimensat, AT_HERE, "tl", set, AT_SYMLINK_NOFOLLOW));
    times_of("tl", "tl");
    fd = sys(open, "t", O_RDWR, 0);
    show("of an open file", sys(utimensat, fd, NULL, set, 0));
    times_of("t", "t");
    show("utime", sys(utime, "t", old));
    times_of("t", "t");
    sys(stat64, "t", &before);
    sys(write, fd, "more", 4);
    sys(fstat64, fd, &after);
    yes("writing sets mtime", after.st_mtime > before.st_mtime);
    yes("and ctime", after.st_ctime >= before.st_ctime);
    sys(utimensat, AT_HERE, "t", set, 0);
    sys(ftruncate, fd, 1);
    sys(fstat64, fd, &after);
    yes("truncating sets mtime", after.st_mtime > 2000000);
    sys(close, fd);
    sys(mkdir, "td", 0755);
    sys(utimensat, AT_HERE, "td", set, 0);
    touch("td/x", "");
    sys(stat64, "td", &after);
    yes("creating sets the folder's mtime", after.st_mtime > 2000000);
    sys(utimensat, AT_HERE, "td", set, 0);
    sys(unlink, "td/x");
    sys(stat64, "td", &after);
    yes("removing too", after.st_mtime > 2000000);
}

static void volumes(void)
{
    struct statfs64 fs;
    long fd = sys(open, ".", O_RDONLY, 0);

    show("statfs64", sys(statfs64, ".", sizeof(fs), &fs));
    yes("a block size", fs.f_bsize >= 512 && fs.f_namelen == 255);
    yes("free at most all", fs.f_bfree <= fs.f_blocks && fs.f_bavail <= fs.f_bfree);
    show("fstatfs64", sys(fstatfs64, fd, sizeof(fs), &fs));
    show("statfs64 with a wrong size", sys(statfs64, ".", 1, &fs));
    show("statfs64 of nothing", sys(statfs64, "none", sizeof(fs), &fs));
    sys(close, fd);
}

static void check_all(void)
{
    sys(umask, 022);
    enter_folder("names");
    directories();
    long_names();
    renames();
    hard_links();
    soft_links();
    working_folder();
    at_forms();
    listing();
    stats();
    permissions();
    times();
    volumes();
}
