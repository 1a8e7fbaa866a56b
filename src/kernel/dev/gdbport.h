/*
 * COM2 as the line to gdb.
 */
#ifndef DEV_GDBPORT_H
#define DEV_GDBPORT_H

/* Set up COM2 and interrupt line 3. A machine without the port goes without gdb. */
void gdbport_init(void);

#endif
