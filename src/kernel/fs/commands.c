/*
 * The monitor's commands about files: enough to look around and to try things before there is a
 * shell.
 */
#include "abi/errno.h"
#include "debug/log.h"
#include "debug/monitor.h"
#include "fs/file.h"
#include "fs/path.h"
#include "fs/vfs.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/kmalloc.h"

/* Say what went wrong, if something did. */
static void tell(const char *what, int error)
{
    if (error < 0)
        console_printf("%s: error %d\n", what, -error);
}

static bool has_words(int argc, int wanted, const char *usage)
{
    if (argc != wanted)
        console_printf("usage: %s\n", usage);
    return argc == wanted;
}

/* The type and the permissions as ls(1) shows them, 10 letters. */
static void mode_text(uint32_t mode, char text[11])
{
    static const char types[] = "?pc?d?b?-?l?s";

    strlcpy(text, "-rwxrwxrwx", 11);
    text[0] = types[DT_OF(mode)];
    for (unsigned i = 0; i < 9; i++)
        if (!(mode & (0400u >> i)))
            text[1 + i] = '-';
}

/* A line of ls for what is at path. */
static void list_one(const char *path, const char *name)
{
    struct vnode_stat stat;
    int error = vfs_stat(path, PATH_NOFOLLOW, &stat);

    if (error)
        console_printf("error %d  %s\n", -error, name);
    if (error)
        return;
    char mode[11];
    mode_text(stat.mode, mode);
    console_printf("%s %3u %10lld  %s%s\n", mode, stat.nlink, stat.size, name,
                   S_ISDIR(stat.mode) ? "/" : "");
}

static int list(const char *path)
{
    struct file *file;
    struct dirent *entry = kmalloc(sizeof(*entry));
    char *below = kmalloc(PATH_MAX);
    int result = entry && below ? file_open(path, O_RDONLY | O_DIRECTORY, 0, &file) : -ENOMEM;

    if (!result) {
        while ((result = file_readdir(file, entry)) > 0) {
            snprintf(below, PATH_MAX, "%s/%s", path, entry->name);
            list_one(below, entry->name);
        }
        file_close(file);
    }
    kfree(entry);
    kfree(below);
    return result;
}

MONITOR_COMMAND(ls, "[PATH]", "what is in a directory: type and mode, links, bytes, name")
{
    const char *path = argc > 1 ? argv[1] : ".";

    (void)tf;
    int error = list(path);
    if (error == -ENOTDIR)
        list_one(path, path);
    else
        tell(path, error);
}

MONITOR_COMMAND(cat, "PATH", "what is in a file")
{
    struct file *file;
    char text[65];
    ssize_t n;

    (void)tf;
    if (!has_words(argc, 2, "cat PATH"))
        return;
    int error = file_open(argv[1], O_RDONLY, 0, &file);
    if (error) {
        tell(argv[1], error);
        return;
    }
    while ((n = file_read(file, text, sizeof(text) - 1)) > 0) {
        text[n] = '\0';
        console_printf("%s", text);
    }
    tell(argv[1], (int)n);
    file_close(file);
}

MONITOR_COMMAND(put, "WORD PATH", "put a word and a newline at the end of a file, which is made")
{
    struct file *file;

    (void)tf;
    if (!has_words(argc, 3, "put WORD PATH"))
        return;
    int error = file_open(argv[2], O_WRONLY | O_CREAT | O_APPEND, 0644, &file);
    if (!error) {
        ssize_t n = file_write(file, argv[1], strlen(argv[1]));
        if (n >= 0)
            n = file_write(file, "\n", 1);
        error = (int)n;
        file_close(file);
    }
    tell(argv[2], error);
}

MONITOR_COMMAND(mkdir, "PATH", "make a directory")
{
    (void)tf;
    if (has_words(argc, 2, "mkdir PATH"))
        tell(argv[1], vfs_mkdir(argv[1], 0755));
}

MONITOR_COMMAND(rm, "PATH", "remove a file or an empty directory")
{
    (void)tf;
    if (!has_words(argc, 2, "rm PATH"))
        return;
    int error = vfs_unlink(argv[1]);
    tell(argv[1], error == -EISDIR ? vfs_rmdir(argv[1]) : error);
}

MONITOR_COMMAND(mv, "FROM TO", "give a file another name")
{
    (void)tf;
    if (has_words(argc, 3, "mv FROM TO"))
        tell(argv[1], vfs_rename(argv[1], argv[2]));
}

MONITOR_COMMAND(cd, "PATH", "go to a directory")
{
    (void)tf;
    if (has_words(argc, 2, "cd PATH"))
        tell(argv[1], path_set_current(argv[1]));
}

MONITOR_COMMAND(mount, "[SOURCE PATH TYPE]", "mount a file system, or show what is mounted")
{
    struct mount *mount;

    (void)tf;
    if (argc == 1)
        for (unsigned n = 0; (mount = mount_nth(n)); n++)
            console_printf("%-8s %-12s %s%s\n", mount->source, mount->path, mount->type->name,
                           mount->flags & MOUNT_READ_ONLY ? " (read-only)" : "");
    else if (has_words(argc, 4, "mount SOURCE PATH TYPE"))
        tell(argv[1], vfs_mount(argv[1], argv[2], argv[3], 0));
}

MONITOR_COMMAND(umount, "PATH", "write what has changed, and take a file system away")
{
    (void)tf;
    if (has_words(argc, 2, "umount PATH"))
        tell(argv[1], vfs_unmount(argv[1]));
}

MONITOR_COMMAND(sync, "", "write all that has changed to the disks")
{
    (void)argc, (void)argv, (void)tf;
    tell("sync", vfs_sync());
}
