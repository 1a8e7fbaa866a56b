/*
 * The end: an invariant is broken, and going on would do harm.
 */
#ifndef DEBUG_PANIC_H
#define DEBUG_PANIC_H

/* Log "panic: ..." and the calls that led here, then stop the machine (under tests: leave QEMU). */
void panic(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* Called once by panic() before the machine stops, if set: the kernel tests leave QEMU here. */
extern void (*panic_hook)(void);

/* Make exceptions that nobody handles a panic with a register dump. */     // lab 2
void panic_init(void);                                                      // lab 2

#endif
