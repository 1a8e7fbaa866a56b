/*
 * The kernel monitor: a prompt inside the kernel from which one can look at it. Entered after a
 * panic, and by Ctrl-Alt-Esc.
 */
#ifndef DEBUG_MONITOR_H
#define DEBUG_MONITOR_H

#include "x86/trap.h"

#define MONITOR_WORDS 8             /* of a command line, with the command */

/*
 * A command. argv[0] is its name; tf is where the monitor came from, or NULL. Prints by
 * console_printf.
 */
struct monitor_command {
    const char *name, *usage, *help;
    void (*run)(int argc, char **argv, struct trapframe *tf);
};

/*
 * Makes a function a command, in any file:
 *
 *     MONITOR_COMMAND(ticks, "", "how long the system is up") { ... }
 */
#define MONITOR_COMMAND(name, usage, help)                                                         \
    static void monitor_##name(int argc, char **argv, struct trapframe *tf);                       \
    static const struct monitor_command monitor_entry_##name                                       \
        __attribute__((section("monitor_commands"), used, aligned(4))) =                           \
            { #name, usage, help, monitor_##name };                                                \
    static void monitor_##name(int argc, char **argv, struct trapframe *tf)

/*
 * Read and run commands until one of them (continue) leaves. tf is the state that was interrupted,
 * or NULL.
 */
void monitor(struct trapframe *tf);

/* Run one command line. For the monitor and for tests. */
void monitor_run(char *line, struct trapframe *tf);

/*
 * Read a number as C writes it, 0x for hexadecimal. Returns false if the text is none or does not
 * fit 32 bits.
 */
bool monitor_number(const char *text, uint32_t *value);

#endif
