/*
 * The log ring and its consoles.
 */
#include "debug/log.h"
#include "lib/printf.h"
#include "sync/spinlock.h"          // lab 2

#define RING_BYTES 16384u           /* a power of two; the oldest text is overwritten */

static struct spinlock lock;        // lab 2
static char ring[RING_BYTES];
static uint32_t ring_head;          /* bytes ever written */
static struct console *consoles;
static enum log_level shown = LOG_INFO;

/* A piece of a message on its way: consoles get it by the buffer, not by the character. */
struct message {
    enum log_level level;
    bool keep;                      /* in the ring */
    unsigned n;
    char text[128];
};

static void flush(struct message *m)
{
    if (!m->keep || m->level <= shown)
        for (struct console *c = consoles; c; c = c->next)
            c->write(m->text, m->n, m->level);
    m->n = 0;
}

static void put(void *context, char c)
{
    struct message *m = context;

    if (m->keep)
        ring[ring_head++ % RING_BYTES] = c;
    m->text[m->n++] = c;
    if (m->n == sizeof(m->text))
        flush(m);
}

// lab 6 begin
static uint32_t open_line, last_line;   /* the number of the line that may go on, or 0; the last */

static void put_text(const char *text)
{
    struct message m = { .level = LOG_INFO, .keep = true };

    while (*text)
        put(&m, *text++);
    flush(&m);
}

/* Something else comes. */
static void end_line(void)
{
    if (open_line)
        put_text("\n");
    open_line = 0;
}

// lab 6 end
static void print(struct message m, const char *format, va_list args)
{
    uint32_t flags = spin_lock_irqsave(&lock);      // lab 2

    end_line();                                     // lab 6
    vformat(put, &m, format, args);
    flush(&m);
    spin_unlock_irqrestore(&lock, flags);           // lab 2
}

void kvprintf(enum log_level level, const char *format, va_list args)
{
    print((struct message){ .level = level, .keep = true }, format, args);
}

void kprintf(enum log_level level, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    kvprintf(level, format, args);
    va_end(args);
}

void log_set_level(enum log_level level)
{
    shown = level;
}

void log_each(void (*fn)(void *context, const char *text, size_t n), void *context)
{
    uint32_t n = ring_head < RING_BYTES ? ring_head : RING_BYTES;
    uint32_t start = (ring_head - n) % RING_BYTES;
    uint32_t first = n < RING_BYTES - start ? n : RING_BYTES - start;

    fn(context, ring + start, first);
    if (first < n)
        fn(context, ring, n - first);
}

static void replay(void *context, const char *text, size_t n)
{
    ((struct console *)context)->write(text, n, LOG_INFO);
}

void console_register(struct console *console)
{
    log_each(replay, console);
    console->next = consoles;
    consoles = console;
}
// lab 2 begin

void console_printf(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print((struct message){ .level = LOG_NOTICE, .keep = false }, format, args);
    va_end(args);
}

void log_error(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    kvprintf(LOG_ERR, format, args);
    va_end(args);
}
// lab 2 end
// lab 6 begin

uint32_t log_begin_line(const char *text)
{
    uint32_t flags = spin_lock_irqsave(&lock);

    end_line();
    put_text(text);
    uint32_t line = open_line = ++last_line;
    spin_unlock_irqrestore(&lock, flags);
    return line;
}

bool log_go_on(uint32_t line, const char *text)
{
    uint32_t flags = spin_lock_irqsave(&lock);
    bool last = line && line == open_line;

    if (last) {
        put_text(text);
        open_line = 0;
    }
    spin_unlock_irqrestore(&lock, flags);
    return last;
}

void console_write(const char *text, size_t n)
{
    uint32_t flags = spin_lock_irqsave(&lock);

    end_line();
    for (struct console *c = consoles; c; c = c->next)
        c->write(text, n, LOG_RAW);
    spin_unlock_irqrestore(&lock, flags);
}
// lab 6 end
