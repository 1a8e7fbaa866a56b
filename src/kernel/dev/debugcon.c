/*
 * The debug console.
 */
#include "dev/debugcon.h"
#include "debug/log.h"
#include "x86/io.h"

#define PORT 0xe9                   /* reads as its own number where an emulator listens */

static void debugcon_write(const char *text, size_t n, enum log_level level)
{
    (void)level;
    for (; n; n--)
        outb(PORT, *text++);
}

static struct console debugcon = { .name = "debugcon", .write = debugcon_write };

void debugcon_init(void)
{
    if (inb(PORT) == PORT)
        console_register(&debugcon);
}
