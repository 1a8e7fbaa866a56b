/*
 * /dev: devices as files. null, zero, full, random and urandom, console, and the block devices by
 * their names. Numbers are Linux's (its Documentation/admin-guide/devices.txt).
 */
#ifndef FS_DEVFS_H
#define FS_DEVFS_H

/* After the block devices have been registered. */
void devfs_init(void);

#endif
