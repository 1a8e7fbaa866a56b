/*
 * File descriptors: a process's numbers for its open files.
 */
#ifndef PROC_FDTABLE_H
#define PROC_FDTABLE_H

#include "fs/file.h"
#include "sync/spinlock.h"

#define FD_MAX 1024                 /* descriptors of one table at most; RLIMIT_NOFILE is lower */

struct process;
struct fd_table;                    /* proc/fdtable.c's own: grows as it is used */

/* A table without files, with a count of 1; NULL if there is no memory. */
struct fd_table *fd_table_new(void);
/* The same files under the same numbers, for fork(2). NULL if there is no memory. */
struct fd_table *fd_table_copy(struct fd_table *table);
/* One user more, and one less: the last one closes all. NULL does nothing. */
void fd_table_get(struct fd_table *table);
void fd_table_put(struct fd_table *table);
/*
 * The process, which has one thread, has a table of its own from now on: a copy, if others use its
 * table, too. -ENOMEM.
 */
int fd_table_unshare(struct process *process);
/* Close what has FD_CLOEXEC: for exec. */
void fd_table_exec(struct fd_table *table);
/*
 * The file with the lowest number from *fd on, which *fd becomes; counted. NULL: there is none. Of
 * another process's table, with process_lock.
 */
struct file *fd_table_next(struct fd_table *table, unsigned *fd);

/*
 * All below are about the current process's table.
 *
 * The file behind a descriptor, counted: file_close() gives the count back. NULL: there is none.
 */
struct file *fd_get(int fd);

/*
 * Enter the file under the lowest free number, not below `least`; its count goes over to the table.
 * Returns the number, or -EMFILE, -ENOMEM: the count is still the caller's.
 */
int fd_add(struct file *file, int least, bool close_on_exec);

/* The same under this number; what was there is closed. */
int fd_set(struct file *file, int fd, bool close_on_exec);

/* close(2). Returns 0 or -EBADF. */
int fd_close(int fd);

/* FD_CLOEXEC of a descriptor: get (0 or 1), set; -EBADF. */
int fd_get_cloexec(int fd);
int fd_set_cloexec(int fd, bool close_on_exec);

#endif
