/*
 * /proc's folders of processes: /proc/PID with stat, statm, status, cmdline, environ, comm, maps,
 * exe, cwd and fd; and /proc/self. proc(5).
 */
#ifndef PROC_PROCFILES_H
#define PROC_PROCFILES_H

/* Have them appear. After process_init() and vfs_init(). */
void procfiles_init(void);

#endif
