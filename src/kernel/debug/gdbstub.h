/*
 * A debugger inside the kernel that gdb talks to over a serial line, for machines that are no
 * emulator.
 *
 * Knows registers, memory, breakpoints, step, continue, kill (reset) and detach. While gdb has the
 * word, the kernel stands still with interrupts off.
 *
 * GDB manual, appendix E: the remote serial protocol.
 */
#ifndef DEBUG_GDBSTUB_H
#define DEBUG_GDBSTUB_H

#include "x86/trap.h"

/* The line to gdb. The driver owns it. */
struct gdb_port {
    uint8_t (*get)(void);           /* wait for a byte */
    void (*put)(uint8_t byte);
};

/* Use this port; takes over the debug exception and the breakpoint. */
void gdb_init(const struct gdb_port *port);

/* Stop in gdb, or go on at once if there is no port. */
void gdb_break(void);

/*
 * A byte has come while the kernel was running: 0x03 (gdb's Ctrl-C), the '$' of a gdb that
 * attaches, or nothing of importance.
 */
void gdb_attention(struct trapframe *tf);

#endif
