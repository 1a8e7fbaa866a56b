/*
 * Telling of spinlocks: what is wrong with them, and the monitor's command `locks`.
 */
#ifndef DEBUG_LOCKS_H
#define DEBUG_LOCKS_H

/* Tell from here on. `lockdebug` on the command line has the order of locks watched. */
void locks_init(const char *cmdline);

#endif
