/*
 * The file systems as a program of the host: runs a script of file operations, from standard input, on images of disks.
 *
 * A command a line, its words apart by blanks; in a word, %XX stands for the byte with that hexadecimal number. Each command
 * prints what it found, if anything, and then "ok", or "error N" with Linux's number. Commands:
 *
 *     disk NAME FILE [ro]          a block device that is this file
 *     partitions NAME              registers its partitions
 *     record FILE                  from now on, write down all writes and flushes, see below
 *     mark N                       put a mark into that
 *     fail read|write SECTOR COUNT the sectors fail from now on (COUNT 0: none does)
 *     crash                        forget the machine: end at once, nothing is written
 *     mount SOURCE PATH TYPE [ro]; umount PATH; sync; statfs PATH
 *     ls PATH                      lines "entry INO TYPE NAME"
 *     tree PATH                    all below: "file PATH MODE NLINK SIZE CRC", "dir PATH MODE NLINK", "link PATH TARGET",
 *                                  "node PATH MODE RDEV", "bad PATH ERROR"
 *     stat PATH; lstat PATH        "stat INO MODE NLINK UID GID RDEV SIZE BLOCKS ATIME MTIME CTIME"
 *     create PATH [MODE]; mkdir PATH [MODE]; mknod PATH MODE RDEV; rmdir PATH; unlink PATH
 *     rename FROM TO; link FROM TO; symlink TARGET PATH; readlink PATH
 *     write PATH OFFSET HEX; fill PATH OFFSET SEED N; append PATH HEX; truncate PATH SIZE
 *     read PATH OFFSET N           "data HEX"
 *     sum PATH                     "sum SIZE CRC"
 *     chmod PATH MODE; chown PATH UID GID; utime PATH ATIME MTIME; fsync PATH
 *     cd PATH; pwd
 *     open HANDLE PATH FLAGS; close HANDLE; hread HANDLE N; hwrite HANDLE HEX; hseek HANDLE OFFSET WHENCE; htruncate HANDLE SIZE
 *     memory N COUNT               the N-th allocation of pages from now on fails, and COUNT - 1 after it
 *     free                         "free FRAMES": unused ones, when all that is cached has been given back
 *     log                          what the kernel has logged since, lines "log TEXT"
 *     time SECONDS                 the clock
 *
 * Numbers are decimal, modes and flags octal. Bytes of `fill` are those of fill_byte(). What is recorded
 * looks as disks.h says.
 */
#include "machine.h"
#include <ctype.h>
#include <stdio.h>
#include <unistd.h>
#undef NAME_MAX
#undef PATH_MAX
#include "abi/errno.h"
#include "disks.h"
#include "fs.h"

#define WORDS      8
#define HANDLES    16
#define LINE_BYTES (1 << 20)

static char *word[WORDS];
static int words;

/* ---- words and numbers */

static void decode(char *text)
{
    char *to = text;

    for (; *text; text++, to++) {
        unsigned byte;
        if (*text == '%' && sscanf(text + 1, "%2x", &byte) == 1) {
            *to = (char)byte;
            text += 2;
        } else {
            *to = *text;
        }
    }
    *to = '\0';
}

static void print_encoded(const char *text)
{
    for (; *text; text++)
        if (isgraph((unsigned char)*text) && *text != '%')
            putchar(*text);
        else
            printf("%%%02x", (unsigned char)*text);
}

static size_t unhex(const char *hex, uint8_t *to)
{
    size_t n = 0;
    unsigned byte;

    while (sscanf(hex + 2 * n, "%2x", &byte) == 1)
        to[n++] = (uint8_t)byte;
    return n;
}

static int64_t number(int i)
{
    return strtoll(word[i], NULL, 10);
}

static uint32_t octal(int i, uint32_t otherwise)
{
    return i < words ? strtoul(word[i], NULL, 8) : otherwise;
}

static uint8_t fill_byte(uint32_t seed, uint32_t i)
{
    return (uint8_t)((seed * 2654435761u + i * 2246822519u) >> 24);
}

static uint32_t crc32(uint32_t crc, const uint8_t *p, size_t n)
{
    static uint32_t table[256];

    if (!table[1])
        for (uint32_t i = 0; i < 256; i++) {
            table[i] = i;
            for (int k = 0; k < 8; k++)
                table[i] = table[i] >> 1 ^ (0xedb88320u & -(table[i] & 1));
        }
    crc = ~crc;
    while (n--)
        crc = crc >> 8 ^ table[(crc ^ *p++) & 255];
    return ~crc;
}

/* ---- operations on files */

static uint8_t buffer[1 << 20];

static int sum(const char *path, int64_t *size, uint32_t *crc)
{
    struct file *file;
    ssize_t n;
    int error = file_open(path, O_RDONLY, 0, &file);

    *size = 0;
    *crc = 0;
    if (error)
        return error;
    while ((n = file_read(file, buffer, 20000)) > 0) {
        *crc = crc32(*crc, buffer, n);
        *size += n;
    }
    file_close(file);
    return n;
}

static int put(const char *path, unsigned flags, int64_t offset, size_t n)
{
    struct file *file;
    int error = file_open(path, O_WRONLY | O_CREAT | flags, 0644, &file);

    if (error)
        return error;
    ssize_t done = flags & O_APPEND ? file_write(file, buffer, n) : file_pwrite(file, buffer, n, offset);
    file_close(file);
    if (done >= 0 && (size_t)done < n)
        printf("short %d\n", (int)done);
    return done < 0 ? done : 0;
}

static int list(const char *path)
{
    struct file *file;
    struct dirent entry;
    int result = file_open(path, O_RDONLY | O_DIRECTORY, 0, &file);

    if (result)
        return result;
    while ((result = file_readdir(file, &entry)) > 0) {
        printf("entry %u %u ", entry.ino, entry.type);
        print_encoded(entry.name);
        putchar('\n');
    }
    file_close(file);
    return result;
}

static void tree(const char *path, unsigned depth);

static int tree_dir(const char *path, unsigned depth)
{
    struct file *file;
    struct dirent entry;
    int result = file_open(path, O_RDONLY | O_DIRECTORY, 0, &file);

    if (result)
        return result;
    while ((result = file_readdir(file, &entry)) > 0) {
        char *below = malloc(strlen(path) + 2 + sizeof(entry.name));
        sprintf(below, "%s/%s", strcmp(path, "/") == 0 ? "" : path, entry.name);
        if (strcmp(entry.name, ".") != 0 && strcmp(entry.name, "..") != 0)
            tree(below, depth + 1);
        free(below);
    }
    file_close(file);
    return result;
}

static void tree(const char *path, unsigned depth)
{
    struct vnode_stat st;
    char target[PATH_MAX];
    int64_t size;
    uint32_t crc;
    int error = depth > 40 ? -ELOOP : vfs_stat(path, PATH_NOFOLLOW, &st);
    const char *kind = error ? "bad" : S_ISREG(st.mode) ? "file" : S_ISDIR(st.mode) ? "dir" : S_ISLNK(st.mode) ? "link" : "node";

    if (!error && S_ISREG(st.mode))
        error = sum(path, &size, &crc);
    else if (!error && S_ISLNK(st.mode))
        error = vfs_readlink(path, target, sizeof(target));
    printf("%s ", error ? "bad" : kind);
    print_encoded(path);
    if (error) {
        printf(" %d\n", -error);
    } else if (S_ISREG(st.mode)) {
        printf(" %o %u %lld %08x\n", st.mode & 07777, st.nlink, size, crc);
    } else if (S_ISDIR(st.mode)) {
        printf(" %o %u\n", st.mode & 07777, st.nlink);
        error = tree_dir(path, depth);
        if (error)
            printf("bad %s %d\n", path, -error);
    } else if (S_ISLNK(st.mode)) {
        putchar(' ');
        print_encoded(target);
        putchar('\n');
    } else {
        printf(" %o %u\n", st.mode, st.rdev);
    }
}

static int show_stat(const char *path, unsigned flags)
{
    struct vnode_stat st;
    int error = vfs_stat(path, flags, &st);

    if (!error)
        printf("stat %u %o %u %u %u %u %lld %u %u %u %u\n", st.ino, st.mode, st.nlink, st.uid, st.gid, st.rdev, st.size,
               st.blocks, st.atime, st.mtime, st.ctime);
    return error;
}

static void print_data(ssize_t n)
{
    printf("data ");
    for (ssize_t i = 0; i < n; i++)
        printf("%02x", buffer[i]);
    putchar('\n');
}

static int read_some(const char *path, int64_t offset, size_t n)
{
    struct file *file;
    int error = file_open(path, O_RDONLY, 0, &file);

    if (error)
        return error;
    ssize_t done = file_pread(file, buffer, n, offset);
    if (done >= 0)
        print_data(done);
    file_close(file);
    return done < 0 ? done : 0;
}

static int fsync_path(const char *path)
{
    struct file *file;
    int error = file_open(path, O_RDONLY, 0, &file);

    if (error)
        return error;
    error = file_sync(file);
    file_close(file);
    return error;
}

static int show_space(const char *path)
{
    struct vnode *vnode;
    struct fs_stat st = { 0 };
    int error = path_lookup(path, 0, &vnode);

    if (error)
        return error;
    mount_lock(vnode->mount);
    vnode->mount->ops->stat(vnode->mount, &st);
    mount_unlock(vnode->mount);
    vnode_put(vnode);
    printf("statfs %u %u %u %u %u\n", st.block_size, st.blocks, st.free, st.files, st.files_free);
    return 0;
}

/* ---- handles */

static struct {
    char name[16];
    struct file *file;
} handles[HANDLES];

static struct file **handle(const char *name)
{
    for (unsigned i = 0; i < HANDLES; i++)
        if (handles[i].file && strcmp(handles[i].name, name) == 0)
            return &handles[i].file;
    for (unsigned i = 0; i < HANDLES; i++)
        if (!handles[i].file) {
            snprintf(handles[i].name, sizeof(handles[i].name), "%s", name);
            return &handles[i].file;
        }
    CHECK(0, "too many handles");
    return NULL;
}

static int handle_command(const char *name)
{
    struct file **file = handle(word[1]);
    ssize_t n;

    if (strcmp(name, "open") == 0)
        return file_open(word[2], octal(3, 0), 0644, file);
    CHECK(*file, "no handle %s", word[1]);
    if (strcmp(name, "close") == 0) {
        file_close(*file);
        *file = NULL;
        return 0;
    }
    if (strcmp(name, "hread") == 0) {
        n = file_read(*file, buffer, number(2));
        if (n >= 0)
            print_data(n);
    } else if (strcmp(name, "hwrite") == 0) {
        n = file_write(*file, buffer, unhex(word[2], buffer));
        if (n >= 0)
            printf("wrote %d\n", (int)n);
    } else if (strcmp(name, "hseek") == 0) {
        int64_t at = file_seek(*file, number(2), number(3));
        if (at >= 0)
            printf("at %lld\n", at);
        n = at < 0 ? (ssize_t)at : 0;
    } else {
        n = file_truncate(*file, number(2));
    }
    return n < 0 ? n : 0;
}

/* ---- the machine */

static void show_log(void)
{
    for (char *line = strtok(machine.log, "\n"); line; line = strtok(NULL, "\n"))
        printf("log %s\n", line);
    machine.log[0] = '\0';
}

/* Frames that are free when the caches have given back what they can. */
static void show_free(void)
{
    static struct page *taken[1 << 16];
    unsigned n = 0;

    while ((taken[n] = alloc_page()))
        n++;
    printf("free %u\n", n);
    while (n)
        free_page(taken[--n]);
}

static int fail_command(void)
{
    disk_fail(strcmp(word[1], "write") == 0, number(2), number(3));
    return 0;
}

static int pwd(void)
{
    int n = path_of_current((char *)buffer, PATH_MAX);

    if (n >= 0) {
        print_encoded((char *)buffer);
        putchar('\n');
    }
    return n < 0 ? n : 0;
}

static int fill(void)
{
    uint32_t seed = number(3), n = number(4);

    CHECK(n <= sizeof(buffer), "too much");
    for (uint32_t i = 0; i < n; i++)
        buffer[i] = fill_byte(seed, i);
    return put(word[1], 0, number(2), n);
}

static int show_sum(void)
{
    int64_t size;
    uint32_t crc;
    int error = sum(word[1], &size, &crc);

    if (!error)
        printf("sum %lld %08x\n", size, crc);
    return error;
}

static int show_target(void)
{
    int error = vfs_readlink(word[1], (char *)buffer, PATH_MAX);

    if (!error) {
        print_encoded((char *)buffer);
        putchar('\n');
    }
    return error;
}

static int command(const char *name)
{
#define IS(text, count) (strcmp(name, text) == 0 && words > (count))
    if (IS("disk", 2))
        return disk_add(word[1], word[2], words > 3);
    if (IS("partitions", 1)) {
        int n = partition_scan(block_find(word[1]));
        printf("partitions %d\n", n);
        return n < 0 ? n : 0;
    }
    if (IS("record", 1)) {
        disk_record(word[1]);
        return 0;
    }
    if (IS("mark", 1)) {
        disk_mark(number(1));
        return 0;
    }
    if (IS("fail", 3))
        return fail_command();
    if (IS("crash", 0)) {
        fflush(NULL);
        _exit(0);
    }
    if (IS("mount", 3))
        return vfs_mount(word[1], word[2], strcmp(word[3], "auto") ? word[3] : NULL, words > 4 ? MOUNT_READ_ONLY : 0);
    if (IS("umount", 1))
        return vfs_unmount(word[1]);
    if (IS("sync", 0))
        return vfs_sync();
    if (IS("statfs", 1))
        return show_space(word[1]);
    if (IS("ls", 1))
        return list(word[1]);
    if (IS("tree", 1)) {
        tree(word[1], 0);
        return 0;
    }
    if (IS("stat", 1))
        return show_stat(word[1], 0);
    if (IS("lstat", 1))
        return show_stat(word[1], PATH_NOFOLLOW);
    if (IS("create", 1))
        return vfs_mknod(word[1], S_IFREG | octal(2, 0644), 0);
    if (IS("mkdir", 1))
        return vfs_mkdir(word[1], octal(2, 0755));
    if (IS("mknod", 3))
        return vfs_mknod(word[1], octal(2, 0), number(3));
    if (IS("rmdir", 1))
        return vfs_rmdir(word[1]);
    if (IS("unlink", 1))
        return vfs_unlink(word[1]);
    if (IS("rename", 2))
        return vfs_rename(word[1], word[2]);
    if (IS("link", 2))
        return vfs_link(word[1], word[2]);
    if (IS("symlink", 2))
        return vfs_symlink(word[1], word[2]);
    if (IS("readlink", 1))
        return show_target();
    if (IS("write", 3))
        return put(word[1], 0, number(2), unhex(word[3], buffer));
    if (IS("fill", 4))
        return fill();
    if (IS("append", 2))
        return put(word[1], O_APPEND, 0, unhex(word[2], buffer));
    if (IS("truncate", 2))
        return vfs_truncate(word[1], number(2));
    if (IS("read", 3))
        return read_some(word[1], number(2), number(3));
    if (IS("sum", 1))
        return show_sum();
    if (IS("chmod", 2))
        return vfs_chmod(word[1], octal(2, 0));
    if (IS("chown", 3))
        return vfs_chown(word[1], number(2), number(3));
    if (IS("utime", 3))
        return vfs_utime(word[1], number(2), number(3));
    if (IS("fsync", 1))
        return fsync_path(word[1]);
    if (IS("cd", 1))
        return path_set_current(word[1]);
    if (IS("pwd", 0))
        return pwd();
    if (IS("open", 3) || IS("close", 1) || IS("hread", 2) || IS("hwrite", 2) || IS("hseek", 3) || IS("htruncate", 2))
        return handle_command(name);
    if (IS("memory", 2)) {
        machine_fail(number(1), number(2));
        return 0;
    }
    if (IS("free", 0)) {
        show_free();
        return 0;
    }
    if (IS("log", 0)) {
        show_log();
        return 0;
    }
    if (IS("time", 1)) {
        fs_clock = (uint64_t)number(1) * 1000;
        return 0;
    }
    CHECK(0, "no such command: %s with %d words", name, words);
    return 0;
}

int main(void)
{
    static char line[LINE_BYTES];

    setvbuf(stdout, NULL, _IOFBF, 1 << 16);
    machine_boot(16 << 20);
    fs_start();
    while (fgets(line, sizeof(line), stdin)) {
        words = 0;
        for (char *w = strtok(line, " \n"); w && words < WORDS; w = strtok(NULL, " \n"))
            word[words++] = w;
        if (!words || word[0][0] == '#')
            continue;
        for (int i = 1; i < words; i++)
            decode(word[i]);
        int error = command(word[0]);
        if (error)
            printf("error %d\n", -error);
        else
            printf("ok\n");
        fflush(stdout);
        IDLE();
    }
    return 0;
}
