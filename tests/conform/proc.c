/*
 * Conformance: what a process finds about itself and others in /proc: maps, fd, cwd and exe.
 *
 * proc(5).
 */
#include "conform.h"

#include <linux/mman.h>

#define PAGE 4096u

struct map {
    unsigned start, end;
    char access[5];
    unsigned offset;
    int column;                                         /* of the name; 0: it has none */
    char name[256];
};

static char text[16384];

static long read_all(const char *path)
{
    long fd = sys(open, path, O_RDONLY, 0), n = 0, got;

    if (fd < 0)
        return fd;
    while ((got = sys(read, fd, text + n, sizeof(text) - 1 - (size_t)n)) > 0)
        n += got;
    text[n] = 0;
    sys(close, fd);
    return n;
}

static const char *hex(const char *at, unsigned *value)
{
    for (*value = 0; (*at >= '0' && *at <= '9') || (*at >= 'a' && *at <= 'f'); at++)
        *value = *value * 16 + (unsigned)(*at <= '9' ? *at - '0' : *at - 'a' + 10);
    return at;
}

/* Take a line apart. Returns the next one. */
static const char *parse(const char *line, struct map *map)
{
    const char *at = hex(hex(line, &map->start) + 1, &map->end) + 1;
    int n = 0;

    memcpy(map->access, at, 4);
    map->access[4] = 0;
    at = hex(at + 5, &map->offset) + 1;
    for (int words = 0; words < 2; words++) {           /* device and inode */
        while (*at != ' ')
            at++;
        at++;
    }
    while (*at == ' ')
        at++;
    map->column = *at == '\n' ? 0 : (int)(at - line);
    while (*at != '\n')
        map->name[n++] = *at++;
    map->name[n] = 0;
    return at + 1;
}

/* Say what is mapped at an address; of the name only what is the same everywhere. */
static void at(const char *what, const volatile void *address, const char *name)
{
    unsigned va = (unsigned)address;
    struct map map;

    read_all("/proc/self/maps");
    for (const char *line = text; *line;) {
        line = parse(line, &map);
        if (va >= map.start && va < map.end) {
            say("%s: %s offset %x%s", what, map.access, map.offset, map.column ? "" : " no name");
            if (map.column)
                say(" column %d, name as expected: %s", map.column, same_text(map.name, name) ? "yes" : map.name);
            say("\n");
            return;
        }
    }
    say("%s: not there\n", what);
}

static char *link_of(const char *path, char to[256])
{
    long n = sys(readlink, path, to, 255);

    if (n < 0)
        say("readlink %s: %r\n", path, n);
    to[n < 0 ? 0 : n] = 0;
    return to;
}

static char *number_path(char *to, const char *before, long number, const char *behind)
{
    char digits[12];
    int n = 0, at = 0;

    while (*before)
        to[at++] = *before++;
    do
        digits[n++] = (char)('0' + number % 10);
    while (number /= 10);
    while (n)
        to[at++] = digits[--n];
    while (*behind)
        to[at++] = *behind++;
    to[at] = 0;
    return to;
}

static char here[256];

static const char *in_here(char *to, const char *name)
{
    memcpy(to, here, length(here));
    to[length(here)] = '/';
    memcpy(to + length(here) + 1, name, length(name) + 1);
    return to;
}

static void maps(void)
{
    static volatile int data = 1;
    char program[256], file[256];
    long fd = sys(open, "mapped", O_RDWR | O_CREAT, 0644);
    char *heap = (char *)sys(brk, 0);

    sys(ftruncate, fd, 4 * PAGE);
    sys(brk, heap + 2 * PAGE);
    char *private = (char *)sys(mmap2, 0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 1);
    char *shared = (char *)sys(mmap2, 0, PAGE, PROT_READ, MAP_SHARED, fd, 2);
    char *memory = (char *)sys(mmap2, 0, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *nothing = (char *)sys(mmap2, 0, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *together = (char *)sys(mmap2, 0, PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    link_of("/proc/self/exe", program);
    in_here(file, "mapped");
    at("code", (void *)(unsigned)maps, program);
    data++;
    at("heap", heap + PAGE, "[heap]");
    at("stack", &fd, "[stack]");
    at("private file", private + PAGE, file);
    at("shared file", shared, file);
    at("shared memory", together, "/dev/zero (deleted)");
    sys(mprotect, memory + PAGE, PAGE, PROT_READ | PROT_EXEC);
    at("memory", memory, "");
    at("its middle", memory + PAGE, "");
    sys(munmap, memory + PAGE, PAGE);
    at("without its middle", memory + PAGE, "");
    at("no access", nothing, "");
    at("page 0", NULL, "");
    sys(rename, "mapped", "renamed");
    at("renamed file", private, in_here(file, "renamed"));

    struct map map = { .end = 0 };
    unsigned before = 0;
    int sorted = 1;
    read_all("/proc/self/maps");
    for (const char *line = text; *line;) {
        line = parse(line, &map);
        sorted &= map.start >= before && map.start < map.end;
        before = map.end;
    }
    yes("lines are in order", sorted);
    sys(close, fd);
}

/* The names in the folder of descriptors, in order; its own stands for the descriptor that reads it. */
static void list_fds(void)
{
    char entries[1024];
    long fd = sys(open, "/proc/self/fd", O_RDONLY | O_DIRECTORY, 0), n;

    say("fd:");
    while ((n = sys(getdents64, fd, entries, sizeof(entries))) > 0)
        for (long i = 0; i < n; i += *(unsigned short *)(entries + i + 16))
            say(" %s", entries + i + 19);
    say("\n");
    sys(close, fd);
}

static void descriptors(void)
{
    char path[64], link[256], file[256];
    int ends[2];
    long fd = sys(open, "opened", O_WRONLY | O_CREAT, 0644);

    say("opened as %d\n", (int)fd);
    yes("its link is its path", same_text(link_of(number_path(path, "/proc/self/fd/", fd, ""), link), in_here(file, "opened")));
    sys(pipe, ends);
    link_of(number_path(path, "/proc/self/fd/", ends[0], ""), link);
    yes("a pipe", same(link, "pipe:[", 6));
    list_fds();
    long again = sys(open, "/proc/self/fd/3", O_RDONLY, 0);
    ok("open what is open", again);
    yes("it is the same file", same_text(link_of(number_path(path, "/proc/self/fd/", again, ""), link), file));
    sys(close, again);
    sys(close, ends[0]);
    sys(close, ends[1]);
    show("closed", sys(readlink, number_path(path, "/proc/self/fd/", ends[0], ""), link, 255));
    show("no number", sys(open, "/proc/self/fd/x", O_RDONLY, 0));
    show("a number with a 0 before", sys(open, "/proc/self/fd/03", O_RDONLY, 0));
    show("make one", sys(open, "/proc/self/fd/99", O_WRONLY | O_CREAT, 0644) < 0);
    list_fds();
    sys(close, fd);
}

static void places(void)
{
    char link[256];

    yes("cwd", same_text(link_of("/proc/self/cwd", link), here));
    sys(chdir, "/proc");
    yes("cwd in /proc", same_text(link_of("/proc/self/cwd", link), "/proc"));
    sys(chdir, "/");
    yes("cwd at the root", same_text(link_of("/proc/self/cwd", link), "/"));
    sys(chdir, here);
    sys(mkdir, "gone", 0755);
    sys(chdir, "gone");
    sys(rmdir, "../gone");
    link_of("/proc/self/cwd", link);
    yes("cwd is gone", length(link) > 10 && same_text(link + length(link) - 10, " (deleted)"));
    sys(chdir, here);
    ok("a file by cwd", sys(open, "/proc/self/cwd/opened", O_RDONLY, 0));
    show("chdir to cwd", sys(chdir, "/proc/self/cwd"));
    show("fd is a folder", sys(readlink, "/proc/self/fd", link, 255));
    show("maps is no link", sys(readlink, "/proc/self/maps", link, 255));
    show("maps is no folder", sys(open, "/proc/self/fd/../maps", O_RDONLY | O_DIRECTORY, 0));
}

/* What somebody else may see of a process. */
static void others(const char *what, long pid)
{
    char path[64], link[256];
    static const char *const names[] = { "/maps", "/fd/0", "/cwd", "/exe", "/stat", "/cmdline" };

    for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
        number_path(path, "/proc/", pid, names[i]);
        long result = i == 1 || i == 2 || i == 3 ? sys(readlink, path, link, 255) : read_all(path);
        say("%s%s: %r\n", what, names[i], result > 0 ? 1 : result);
    }
    long fd = sys(open, number_path(path, "/proc/", pid, "/fd"), O_RDONLY | O_DIRECTORY, 0);
    if (fd >= 0) {
        fd = sys(getdents64, fd, text, sizeof(text));
        fd = fd > 0 ? 1 : fd;
    }
    show("entries of fd", fd);
}

static void permissions(void)
{
    long parent = own_pid(), child = fork_process();

    if (child == 0) {
        others("parent's", parent);
        sys(setresuid, 1000, 1000, 1000);
        others("root's", parent);
        others("own", own_pid());
        leave(0);
    }
    reap("child", child);
    child = fork_process();
    if (child == 0)
        leave(0);
    pause_ms(50);
    others("zombie's", child);
    reap("child", child);
}

static void check_all(void)
{
    enter_folder("proc");
    sys(getcwd, here, sizeof(here));
    maps();
    descriptors();
    places();
    permissions();
}
