/*
 * A fuzzer of the file systems and their caches: damages images where a file system looks for metadata, and does random
 * operations on what is left; or random paths, or random use of the block cache. Built upon fsdrive, whose commands it makes
 * up, so that what fails is a script for fsdrive.
 *
 *     fuzz damage TYPE IMAGE SECONDS SEED     cases until the time is over; each in a process of its own
 *     fuzz sectors TYPE IMAGE SECONDS SEED    the same on sound images, of which sectors cannot be read or written
 *     fuzz memory TYPE IMAGE SECONDS SEED     the same on sound images, while memory is short now and then: what is left must
 *                                             please the program that the environment's FUZZ_CHECK names
 *     fuzz paths  TYPE IMAGE SECONDS SEED
 *     fuzz bcache - - SECONDS SEED
 *     fuzz ... SEED NUMBER                    only this case
 *
 * IMAGE holds names of names[] below. A case fails if a sanitizer, a check or a panic ends it, if it takes longer than
 * CASE_SECONDS, or if memory is left over when all is unmounted. Then its edits of the image ("edit OFFSET BYTES") and its
 * script are printed, and the status is 1. What it has done is the last line: "N cases".
 *
 * Where is metadata? Where a walk over all names reads: that is recorded once, and damage goes there.
 */
#define main fsdrive_main
#include "fsdrive.c"
#undef main

#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include "fuzz.h"
#include "heap.h"
#include "task/task.h"

#define CASE_SECONDS 10
#define SECTORS_MAX  4096           /* where damage goes */
#define EDITS_MAX    8
#define EDIT_BYTES   64
#define LINES        60
#define LINE_MAX     1400

static const char *type, *image;
static uint8_t *base;                   /* the image as it was made */
static uint64_t image_size;
static char work_name[64];              /* the file that a case damages */
static int work;

/* What a case tells: shared, for it may die. */
static struct shared {
    uint32_t sectors[SECTORS_MAX], sector_count;
    char edits[EDITS_MAX * (EDIT_BYTES * 2 + 32)];
    char script[LINES][LINE_MAX];
    unsigned lines;
} *shared;

/* ---- one command */

static int run(const char *format, ...) __attribute__((format(printf, 1, 2)));

static int run(const char *format, ...)
{
    static char line[LINE_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (shared->lines < LINES)
        snprintf(shared->script[shared->lines++], LINE_MAX, "%s", line);
    words = 0;
    for (char *w = strtok(line, " "); w && words < WORDS; w = strtok(NULL, " "))
        word[words++] = w;
    for (int i = 1; i < words; i++)
        decode(word[i]);
    int error = command(word[0]);
    IDLE();
    return error;
}

/* ---- damage */

static const uint32_t numbers[] = { 0, 1, 2, 3, 4, 11, 12, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0xfff7, 0xfff8, 0x7fffffff,
                                    0x80000000, 0xffffffff, 512, 1024, 4096 };

static uint32_t metadata_place(void)
{
    uint32_t at = 0;

    for (int tries = 0; tries < 4; tries++) {           /* rather where something is */
        at = shared->sectors[check_random(shared->sector_count)] * SECTOR_SIZE + check_random(SECTOR_SIZE);
        if (base[at])
            break;
    }
    return at;
}

/* One edit, of at most EDIT_BYTES bytes. Returns how many. */
static unsigned make_edit(uint32_t at, uint8_t *to)
{
    uint32_t value = numbers[check_random(ARRAY_SIZE(numbers))], from = metadata_place(), n;

    switch (check_random(8)) {
    case 0:
        *to = base[at] ^ 1u << check_random(8);
        return 1;
    case 1:
        *to = (uint8_t)check_random(256);
        return 1;
    case 2:
        *to = (uint8_t)value;
        return 1;
    case 3:
        memcpy(to, &value, 2);
        return 2;
    case 4:
        memcpy(to, &value, 4);
        return 4;
    case 5:                                             /* a little more, a little less */
        memcpy(&value, base + at, 4);
        value += check_random(9) - 4;
        memcpy(to, &value, 4);
        return 4;
    case 6:                                             /* what is elsewhere: loops, and things twice */
        n = 1u << check_random(6);
        memcpy(to, base + from - from % n, n);
        return n;
    default:
        n = 1 + check_random(EDIT_BYTES);
        memset(to, check_random(2) ? 0 : 0xff, n);
        return n;
    }
}

static void damage(void)
{
    static const uint8_t often[] = { 1, 1, 1, 2, 3, EDITS_MAX };
    unsigned count = often[check_random(ARRAY_SIZE(often))];
    char *told = shared->edits;

    while (count--) {
        uint8_t bytes[EDIT_BYTES];
        uint32_t at = metadata_place() & ~check_random(4);
        unsigned n = make_edit(at, bytes);
        if (at + n > image_size)
            continue;
        hostfile_write(work, bytes, n, at);
        told += sprintf(told, "edit %u ", at);
        for (unsigned i = 0; i < n; i++)
            told += sprintf(told, "%02x", bytes[i]);
        told += sprintf(told, "\n");
    }
}

/* ---- random operations */

static const char *const names[] = { "d", "d/e", "f", "d/g", "l", "ll", "loop", "hard", "a%20long%20name.txt",
                                     "d/e/%c3%a9-x", "sub", "n1", "n2", "n3", "d/n4", "sub/n5", "sub/n6",
                                     "l/x", "..", ".", "d/..", "d/e/../../f" };

/* A path, mostly of what may be there. */
static const char *path(void)
{
    static char paths[4][LINE_MAX / 3];
    static unsigned next;
    char *to = paths[next++ % 4];

    switch (check_random(30)) {
    case 0:                                             /* a long name */
        to[0] = '/';
        memset(to + 1, 'n', 300);
        to[check_random(2) ? 256 : 257 + check_random(40)] = '\0';
        return to;
    case 1:                                             /* any bytes */
        sprintf(to, "/%%%02x%%%02x.%%%02x", 1 + check_random(255), 1 + check_random(255), 1 + check_random(255));
        return to;
    case 2:
        sprintf(to, "//%s//%s/", names[check_random(ARRAY_SIZE(names))], names[check_random(ARRAY_SIZE(names))]);
        return to;
    default:
        sprintf(to, "/%s", names[check_random(ARRAY_SIZE(names))]);
        return to;
    }
}

static unsigned long long offset(void)
{
    switch (check_random(6)) {
    case 0:
        return 0;
    case 1:
        return numbers[check_random(ARRAY_SIZE(numbers))];
    case 2:
        return (unsigned long long)numbers[check_random(ARRAY_SIZE(numbers))] << check_random(12);
    default:
        return check_random(400000);
    }
}

static void handle_operation(void)
{
    switch (check_random(4)) {
    case 0:
        run("hread h %u", check_random(20000));
        break;
    case 1:
        run("hwrite h 0123456789abcdef");
        break;
    case 2:
        run("hseek h %llu %u", offset(), check_random(3));
        break;
    default:
        run("htruncate h %llu", offset());
    }
}

static void operation(void)
{
    switch (check_random(26)) {
    case 0: case 1:
        run("lstat %s", path());
        break;
    case 2:
        run("stat %s", path());
        break;
    case 3:
        run("ls %s", path());
        break;
    case 4: case 5:
        run("read %s %llu %u", path(), offset(), check_random(20000));
        break;
    case 6: case 7: case 8:
        run("fill %s %llu %u %u", path(), offset(), check_random(100), check_random(check_random(4) ? 9000 : 200000));
        break;
    case 9:
        run("append %s 00112233445566778899", path());
        break;
    case 10: case 11:
        run("truncate %s %llu", path(), offset());
        break;
    case 12:
        run("create %s", path());
        break;
    case 13: case 14:
        run("mkdir %s", path());
        break;
    case 15: case 16:
        run("unlink %s", path());
        break;
    case 17:
        run("rmdir %s", path());
        break;
    case 18: case 19:
        run("rename %s %s", path(), path());
        break;
    case 20:
        run("link %s %s", path(), path());
        break;
    case 21:
        run("symlink %.*s %s", 1 + (int)check_random(200), path(), path());
        break;
    case 22:
        run("readlink %s", path());
        break;
    case 23:
        run(check_random(3) ? "statfs /" : check_random(2) ? "sync" : "free");
        break;
    case 24:
        run("utime %s 1 2", path());
        break;
    default:
        if (*handle("h"))
            run("close h");
        else if (run("open h %s %o", path(), O_RDWR | (check_random(2) ? O_CREAT : 0)) != 0)
            *handle("h") = NULL;
    }
    if (*handle("h") && check_random(3) == 0)
        handle_operation();
}

/* Unmounting may tell of what is lost, once; then it succeeds, and nothing is left. */
static void finish(unsigned blocks)
{
    if (*handle("h"))
        run("close h");
    run("fail write 0 0");
    run("fail read 0 0");
    heap_fail_at = 0;
    machine_fail(0, 0);
    for (int i = 0; i < 3 && mount_root(); i++)
        run("umount /");
    CHECK(!mount_root(), "it cannot be unmounted");
    show_log();
    CHECK(heap_blocks == blocks, "%u blocks of memory before, %u after", blocks, heap_blocks);
}

static void use_volume(bool memory, bool sectors)
{
    unsigned n = 10 + check_random(30), blocks = heap_blocks;

    if (run("mount hda / %s", type)) {
        CHECK(heap_blocks == blocks, "%u blocks of memory before a mount that failed, %u after", blocks, heap_blocks);
        return;
    }
    if (check_random(4) == 0)
        run("tree /");
    while (n--) {
        if (memory && check_random(3) == 0)
            heap_fail_at = 1 + check_random(40);
        if (memory && check_random(6) == 0)
            machine_fail(1 + check_random(10), 1 + check_random(3));
        if (sectors && check_random(6) == 0)
            run("fail %s %u %u", check_random(2) ? "read" : "write", check_random(image_size / SECTOR_SIZE),
                check_random(20));
        operation();
        heap_fail_at = 0;
        machine_fail(0, 0);
    }
    finish(blocks);
}

/* ---- paths: what is the same path must be the same file */

static void one_path(void)
{
    static struct vnode_stat a, b;
    const char *plain = path();
    char other[LINE_MAX], *to = other;
    bool folder = vfs_stat("/d", PATH_NOFOLLOW, &a) == 0 && S_ISDIR(a.mode);

    for (const char *p = plain; *p; p++) {
        *to++ = *p;
        if (*p != '/')
            continue;
        unsigned what = check_random(5);
        const char *more = what == 0 ? "/" : what == 1 ? "./" : what == 2 && p == plain && folder ? "d/../" : "";
        to += sprintf(to, "%s", more);
    }
    *to = '\0';
    char *plain_copy = strdup(plain), *other_copy = strdup(other);
    decode(plain_copy);
    decode(other_copy);
    int first = vfs_stat(plain_copy, PATH_NOFOLLOW, &a), second = vfs_stat(other_copy, PATH_NOFOLLOW, &b);
    CHECK(first == second && (first || a.ino == b.ino), "%s: %d, inode %u; %s: %d, inode %u", plain, first, a.ino, other, second,
          b.ino);
    free(plain_copy);
    free(other_copy);
}

static void use_paths(void)
{
    unsigned blocks = heap_blocks;

    CHECK(run("mount hda / %s", type) == 0, "mount");
    for (unsigned n = 0; n < 200; n++) {
        one_path();
        if (n % 8 == 0)
            run(check_random(2) ? "rename %s %s" : "symlink %s %s", path(), path());
        if (n % 16 == 0)
            run("cd %s", path());
        if (n % 16 == 1)
            run("pwd");
        if (n % 32 == 2)
            run("mkdir %s", path());
    }
    CHECK(path_set_current("/") == 0, "cd /");
    vnode_put(current()->cwd);
    current()->cwd = NULL;
    finish(blocks);
}

/* ---- cases */

/* Where metadata is: what is read when all names are looked at. Run once, by itself. */
static const struct block_ops *disk_ops;

static int note_read(struct block_device *dev, uint64_t sector, unsigned count, void *to)
{
    for (unsigned i = 0; i < count && shared->sector_count < SECTORS_MAX; i++)
        shared->sectors[shared->sector_count++] = (uint32_t)sector + i;
    return disk_ops->read(dev, sector, count, to);
}

static void find_metadata(void)
{
    static struct block_ops noting;

    run("disk hda %s", work_name);
    disk_ops = block_find("hda")->ops;
    noting = *disk_ops;
    noting.read = note_read;
    block_find("hda")->ops = &noting;
    CHECK(run("mount hda / %s ro", type) == 0, "%s cannot be mounted", image);
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
        run("lstat /%s", names[i]);
        run("ls /%s", names[i]);
        run("readlink /%s", names[i]);
        run("statfs /");
    }
    run("read /f 390000 1");
    CHECK(shared->sector_count, "no metadata");
}

static void run_case(const char *kind)
{
    run("disk hda %s", work_name);
    if (strcmp(kind, "damage") == 0) {
        damage();
        use_volume(false, false);
    } else if (strcmp(kind, "memory") == 0 || strcmp(kind, "sectors") == 0) {
        use_volume(*kind == 'm', *kind == 's');
    } else if (strcmp(kind, "paths") == 0) {
        use_paths();
    } else {
        fuzz_bcache(work, check_random(1u << 31));
    }
}

/* Do fn in a process of its own; returns its status. */
static int in_child(void (*fn)(const char *), const char *kind, unsigned seed)
{
    int status = 0;

    shared->lines = 0;
    shared->edits[0] = '\0';
    hostfile_write(work, base, image_size, 0);
    fflush(NULL);
    pid_t pid = fork();
    CHECK(pid >= 0, "fork");
    if (pid == 0) {
        struct rlimit limit = { CASE_SECONDS, CASE_SECONDS };
        setrlimit(RLIMIT_CPU, &limit);
        if (!freopen("/dev/null", "w", stdout))
            exit(2);
        check_state = seed ? seed : 1;
        for (int i = 0; i < 8; i++)
            check_random(2);
        fn(kind);
        _exit(0);
    }
    CHECK(waitpid(pid, &status, 0) == pid, "waitpid");
    return status;
}

static void find_metadata_in_child(const char *kind)
{
    (void)kind;
    find_metadata();
}

static void tell_failure(const char *kind, unsigned seed, unsigned n, int status)
{
    printf("case %u of seed %u (%s, %s, %s) %s\n%s", n, seed, kind, type, image,
           WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU ? "does not end" :
           WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? "does not end" : "fails", shared->edits);
    for (unsigned i = 0; i < shared->lines; i++)
        printf("%s\n", shared->script[i]);
}

/* Has the checker nothing to say? */
static int check_image(void)
{
    char text[300];
    const char *checker = getenv("FUZZ_CHECK");

    snprintf(text, sizeof(text), "%s %s >%s.txt 2>&1 || { cat %s.txt; false; }", checker ? checker : ":", work_name, work_name,
             work_name);
    int status = system(text);
    snprintf(text, sizeof(text), "%s.txt", work_name);
    unlink(text);
    return status;
}

static void open_image(void)
{
    int fd = hostfile_open(image, true, (unsigned long long *)&image_size);

    CHECK(fd >= 0, "no image %s", image);
    base = malloc(image_size + 64);
    CHECK(hostfile_read(fd, base, image_size, 0), "read");
}

int main(int argc, char **argv)
{
    CHECK(argc >= 6, "fuzz KIND TYPE IMAGE SECONDS SEED [NUMBER]");
    const char *kind = argv[1];
    unsigned seconds = atoi(argv[4]), seed = atoi(argv[5]), first = argc > 6 ? atoi(argv[6]) : 0, failed = 0, n;
    time_t end = time(NULL) + seconds;

    type = argv[2];
    image = argv[3];
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    image_size = FUZZ_BLOCKS * 1024;
    if (strcmp(image, "-") != 0)
        open_image();
    else
        base = calloc(1, image_size);
    snprintf(work_name, sizeof(work_name), "/dev/shm/fuzz-XXXXXX");
    work = mkstemp(work_name);
    CHECK(work >= 0, "%s", work_name);
    machine_boot(6 << 20);
    fs_start();
    if (strcmp(kind, "damage") == 0)
        CHECK(in_child(find_metadata_in_child, kind, 1) == 0, "the image itself is no good");
    for (n = first; failed < 3 && (argc > 6 ? n == first : time(NULL) < end || n == first); n++) {
        unsigned own = seed * 1000003u + n;
        int status = in_child(run_case, kind, own);
        if (!status && strcmp(kind, "memory") == 0)
            status = check_image();
        if (status) {
            tell_failure(kind, seed, n, status);
            failed++;
        }
    }
    unlink(work_name);
    printf("%u cases\n", n - first);
    return failed ? 1 : 0;
}
