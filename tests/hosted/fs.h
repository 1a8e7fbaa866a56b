/*
 * The file systems on the fake machine: what they need of tasks, clocks and devices, for one task.
 */
#ifndef FS_ON_MACHINE_H
#define FS_ON_MACHINE_H

#include "dev/block.h"
#include "dev/partition.h"
#include "fs/file.h"
#include "fs/mount.h"
#include "fs/path.h"
#include "fs/vfs.h"

extern uint64_t fs_clock;               /* timer_now()'s */

/* After machine_boot(): the heap, the caches, the types of file systems. */
void fs_start(void);

#endif
