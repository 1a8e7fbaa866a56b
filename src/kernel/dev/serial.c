/*
 * The serial console.
 */
#include "dev/serial.h"
#include "debug/log.h"
#include "dev/uart.h"
#include "x86/io.h"

#define SPIN_MAX      100000        /* a port that never drains must not stop the machine */

static void put(char c)
{
    for (int i = 0; i < SPIN_MAX && !(inb(COM1 + UART_STATUS) & STATUS_EMPTY); i++)
        ;
    outb(COM1 + UART_DATA, c);
}

static void serial_write(const char *text, size_t n, enum log_level level)
{
    (void)level;
    for (; n; n--, text++) {
        if (*text == '\n')
            put('\r');              /* terminals take a newline literally */
        put(*text);
    }
}

static struct console serial_console = { .name = "ttyS0", .write = serial_write };

void serial_init(void)
{
    outb(COM1 + UART_SCRATCH, 0x5a);
    if (inb(COM1 + UART_SCRATCH) != 0x5a)
        return;                     /* no UART there */
    outb(COM1 + UART_INTERRUPTS, 0);
    outb(COM1 + UART_LINE, LINE_DLAB);
    outb(COM1 + UART_DATA, 1);      /* divisor 1: 115200 baud */
    outb(COM1 + UART_INTERRUPTS, 0);
    outb(COM1 + UART_LINE, LINE_8N1);
    outb(COM1 + UART_FIFO, FIFO_ON_CLEAR);
    outb(COM1 + UART_MODEM, MODEM_ON);
    console_register(&serial_console);
}
