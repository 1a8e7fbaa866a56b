/*
 * tmpfs: a file system in memory, gone when it is unmounted. What its files hold lies in the page
 * cache, whose dirty pages never go.
 */
#ifndef FS_TMPFS_H
#define FS_TMPFS_H

/* Make it known as a type of file system. */
void tmpfs_init(void);

#endif
