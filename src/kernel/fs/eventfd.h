/*
 * Counters that are files: eventfd(2).
 */
#ifndef FS_EVENTFD_H
#define FS_EVENTFD_H

#include "fs/file.h"

#define EFD_SEMAPHORE 1u            /* reading takes 1, not all */

/* A file with the counter at `value`; flags: EFD_SEMAPHORE, O_NONBLOCK. Returns 0 or -ENOMEM. */
int eventfd_make(uint32_t value, unsigned flags, struct file **file);

#endif
