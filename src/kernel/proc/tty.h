/*
 * The terminal: the machine's keyboard, screen and serial line as one, under the names
 * /dev/console, /dev/tty, /dev/tty0, /dev/tty1 and /dev/ttyS0. It belongs to one session at a time,
 * of which one process group is in the foreground: that reads, and gets the signals that are typed.
 *
 * What becomes of characters is fs/ldisc's. While no program has the terminal open for reading,
 * what is typed is the monitor's.
 *
 * tty(4), ioctl_tty(2), credentials(7).
 */
#ifndef PROC_TTY_H
#define PROC_TTY_H

#include "lib/types.h"

struct process;

/* After reader_init() and vfs_init(), before / is mounted. */
void tty_init(void);

/* The current process begins a session and a group of its own, and has the terminal for it. */
void tty_adopt(void);

/*
 * The process that leads its session has ended: if it had the terminal, that is free, and the
 * foreground group gets SIGHUP and SIGCONT.
 */
void tty_leave(const struct process *process);

/* The number of the process's terminal, as /proc/PID/stat tells it, and its foreground group. */
uint32_t tty_number(const struct process *process, int *foreground);

#endif
