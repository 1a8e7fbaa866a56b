/*
 * /dev: devices as files. null, zero, full, random and urandom, console, and the block devices by
 * their names. Numbers are Linux's (its Documentation/admin-guide/devices.txt).
 */
#ifndef FS_DEVFS_H
#define FS_DEVFS_H

#include "lib/types.h"              // lab 6

/* After the block devices have been registered. */
void devfs_init(void);

// lab 6 begin
struct file_ops;

/* Add a character device, or give the one of that name these operations. Before /dev is mounted. */
void devfs_add(const char *name, uint32_t rdev, const struct file_ops *fops);

/* What can be done with the character device of this number, wherever its node is; or NULL. */
const struct file_ops *devfs_operations(uint32_t rdev);

// lab 6 end

#endif
