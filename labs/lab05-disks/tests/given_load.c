/*
 * A row of file operations, which the second disk lists, on the volume hda1; with marks on the
 * first disk and on COM1 that say how far it has come. For the project's tests of crashes
 * (tests/test_crash_disk.py).
 */
#include "dev/ata.h"
#include "fs/file.h"
#include "fs/vfs.h"
#include "ktest.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "x86/irqflags.h"

#define MARK_SECTOR 1               /* of hda: before the partition, nobody's */
#define CHUNK       8192u

/* The n-th sector of hdb. */
struct step {
    char name[16];                  /* what to do; empty: that was all */
    char path[224], to[224];
    uint32_t number[3];             /* fill: offset, seed, bytes; truncate: size; mark: which */
    char unused[36];
};

/* The bytes that tests/fsdrive.py's fill_bytes() knows, at [offset, offset + n) of the file. */
static int fill(const char *path, uint32_t offset, uint32_t seed, uint32_t n)
{
    struct file *file;
    uint8_t *chunk = kmalloc(CHUNK);
    ssize_t result = chunk ? file_open(path, O_WRONLY | O_CREAT, 0644, &file) : -1;

    if (result == 0) {
        for (uint32_t at = 0; at < n && result >= 0; at += CHUNK) {
            uint32_t now = n - at < CHUNK ? n - at : CHUNK;
            for (uint32_t i = 0; i < now; i++)
                chunk[i] = (uint8_t)((seed * 2654435761u + (at + i) * 2246822519u) >> 24);
            result = file_pwrite(file, chunk, now, offset + at);
        }
        file_close(file);
    }
    kfree(chunk);
    return result < 0 ? (int)result : 0;
}

static int sync_file(const char *path)
{
    struct file *file;
    int error = file_open(path, O_RDONLY, 0, &file);

    if (error)
        return error;
    error = file_sync(file);
    file_close(file);
    return error;
}

static int mark(uint32_t which)
{
    static uint32_t sector[SECTOR_SIZE / 4];

    sector[0] = which;
    int error = ata_write(0, MARK_SECTOR, 1, sector);
    ktest_report("mark %u", which);
    return error;
}

static int do_step(const struct step *step)
{
    const char *path = step->path;
    const uint32_t *number = step->number;

    if (strcmp(step->name, "mark") == 0)
        return mark(number[0]);
    if (strcmp(step->name, "fill") == 0)
        return fill(path, number[0], number[1], number[2]);
    if (strcmp(step->name, "truncate") == 0)
        return vfs_truncate(path, number[0]);
    if (strcmp(step->name, "rename") == 0)
        return vfs_rename(path, step->to);
    if (strcmp(step->name, "unlink") == 0)
        return vfs_unlink(path);
    if (strcmp(step->name, "mkdir") == 0)
        return vfs_mkdir(path, 0755);
    if (strcmp(step->name, "fsync") == 0)
        return sync_file(path);
    if (strcmp(step->name, "sync") == 0)
        return vfs_sync();
    return strcmp(step->name, "umount") == 0 ? vfs_unmount(path) : -1;
}

KTEST(given_load)
{
    static struct step step;
    int error;

    irq_enable();
    ktest_report("mount %d", vfs_mount("hda1", "/", NULL, 0));
    for (unsigned n = 0; ata_read(1, n, 1, &step) == 0 && step.name[0]; n++)
        if ((error = do_step(&step)) != 0)
            ktest_report("failed %u %s %d", n, step.name, error);
    ktest_report("end");
}
