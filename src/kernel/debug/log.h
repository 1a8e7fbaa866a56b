/*
 * The kernel's log: kprintf writes lines into a ring (dmesg) and to every console that wants
 * their level.
 *
 * Callable anywhere, from the first line of kmain on. Devices that show text register as consoles.
 */
#ifndef DEBUG_LOG_H
#define DEBUG_LOG_H

#include "lib/types.h"

/* syslog(3)'s names and numbers, as far as they are of use here. */
enum log_level {
    LOG_ERR = 3,
    LOG_WARNING = 4,
    LOG_NOTICE = 5,
    LOG_INFO = 6,
    LOG_DEBUG = 7,
    LOG_RAW = 8,                    /* no message: see console_write() */    // lab 6
};

/* A place where text appears. The driver owns it; it stays registered for ever. */
struct console {
    const char *name;
    /* Show n bytes of a message of this level; the level is for colour only. Must not log. */
    void (*write)(const char *text, size_t n, enum log_level level);
    struct console *next;           /* the log's own */
};

/* Add a console. What was logged before is shown on it at once. */
void console_register(struct console *console);

/* Consoles show messages up to this level (LOG_INFO at first); the ring keeps all. */
void log_set_level(enum log_level level);

/* Log a message. It needs its own newline; a line may be built by several calls of one level. */
void kprintf(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
void kvprintf(enum log_level level, const char *format, va_list args);

/* Call fn for the ring's text, oldest first, in one or two pieces. For dmesg. */
void log_each(void (*fn)(void *context, const char *text, size_t n), void *context);

// lab 2 begin
/* Print on the consoles only: a dialogue does not belong in the log. */
void console_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* kprintf(LOG_ERR, ...). */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What functions are told that may print by either of these two. */
typedef void (*print_fn)(const char *format, ...) __attribute__((format(printf, 1, 2)));

// lab 2 end
// lab 6 begin
/*
 * Log, by LOG_INFO, a line without its end, which comes when something else is logged or shown.
 * Returns its number, not 0. And go on with it, with the line feed, if it is the last: else that
 * is false, and nothing has happened.
 */
uint32_t log_begin_line(const char *text);
bool log_go_on(uint32_t line, const char *rest);

/*
 * Show exactly these bytes on the consoles, as a terminal does: a line feed goes down, and not to
 * the beginning of the line.
 */
void console_write(const char *text, size_t n);

// lab 6 end
#endif
