/*
 * What lab 5 gives in /proc. For the project's tests (tests/test_disks.py).
 */
#include "fs/file.h"
#include "fs/vfs.h"
#include "ktest.h"
#include "x86/irqflags.h"

/* A mount whose names hold what separates words. */
KTEST(given_mounts)
{
    static const char place[] = "/x y\t\n\\040\xc3\xa9";
    static char text[512];
    struct file *file;

    irq_enable();
    if (vfs_mount("none", "/", "tmpfs", 0) || vfs_mkdir("/proc", 0755) || vfs_mkdir(place, 0755)
        || vfs_mount("proc", "/proc", "proc", 0) || vfs_mount("a b\\", place, "tmpfs", 0)
        || file_open("/proc/mounts", O_RDONLY, 0, &file))
        return;
    ktest_report_bytes("bytes", text, file_read(file, text, sizeof(text)));
    file_close(file);
}
