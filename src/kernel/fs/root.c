/*
 * The system's tree of names at boot.
 */
#include "abi/errno.h"
#include "debug/log.h"
#include "fs/anon.h"                // lab 6
#include "fs/bcache.h"
#include "fs/devfs.h"
#include "fs/ext2.h"
#include "fs/fat.h"
#include "fs/file.h"
#include "fs/pagewait.h"
#include "fs/path.h"
#include "fs/procfs.h"
#include "fs/tmpfs.h"
#include "fs/vfs.h"
#include "lib/cmdline.h"
#include "x86/bootinfo.h"

void vfs_init(void)
{
    pagewait_init();
    bcache_init();
    vnode_init();
    file_init();
    anon_init();                    // lab 6
    path_init();
    fat_init();
    ext2_init();
    tmpfs_init();
    procfs_init(boot_info.cmdline);
    devfs_init();
}

/* Try to mount it on /, and say so. */
static int try_root(const char *source, const char *type)
{
    int error = vfs_mount(source, "/", type, 0);

    if (!error)
        kprintf(LOG_INFO, "/ is %s (%s)\n", source, mount_nth(0)->type->name);
    return error;
}

/* The first partition that holds a file system; a disk without partitions is one, too. */
static int search_root(void)
{
    const struct block_device *dev;
    int error = -ENODEV;

    for (unsigned n = 0; error && (dev = block_nth(n)); n++)
        error = try_root(dev->name, NULL);
    return error;
}

static void mount_on(const char *source, const char *path)
{
    int made = vfs_mkdir(path, 0755), error = vfs_mount(source, path, source, 0);

    if (error && made && made != -EEXIST)
        error = made;
    if (error)
        kprintf(LOG_WARNING, "%s: %s cannot be mounted: error %d\n", path, source, -error);
}

void vfs_mount_root(const char *cmdline)
{
    char source[32];
    bool named = cmdline_find(cmdline, "root", source, sizeof(source));
    int error = named ? try_root(source, NULL) : search_root();

    if (error && named)
        kprintf(LOG_ERR, "root=%s cannot be mounted: error %d\n", source, -error);
    if (error && try_root("tmpfs", "tmpfs"))
        return;
    mount_on("devfs", "/dev");
    mount_on("proc", "/proc");
    mount_on("tmpfs", "/tmp");
    mount_start_sync();
}
