/*
 * The 16550 UART: its registers, as offsets from the base port, and how a port is set up.
 *
 * National Semiconductor PC16550D data sheet.
 */
#ifndef DEV_UART_H
#define DEV_UART_H

#include "x86/io.h"

#define COM1 0x3f8
#define COM2 0x2f8

enum {
    UART_DATA = 0,                  /* with DLAB set: divisor, low byte */
    UART_INTERRUPTS = 1,            /* with DLAB set: divisor, high byte */
    UART_FIFO = 2,                  /* read: what caused the interrupt */
    UART_LINE = 3,
    UART_MODEM = 4,
    UART_STATUS = 5,
    UART_SCRATCH = 7,
};

#define INTERRUPT_RECEIVE 0x01
#define LINE_8N1      0x03
#define LINE_DLAB     0x80
#define FIFO_ON_CLEAR 0x07
#define MODEM_ON      0x0b          /* DTR, RTS, and OUT2, which lets interrupts through */
#define STATUS_READY  0x01          /* a byte was received */
#define STATUS_EMPTY  0x20          /* the transmitter takes another byte */

/*
 * Set the port up for 115200 baud, 8 data bits, no parity, 1 stop bit, no interrupts.
 * Returns false if no UART is there.
 */
static inline bool uart_init(uint16_t base)
{
    outb(base + UART_SCRATCH, 0x5a);
    if (inb(base + UART_SCRATCH) != 0x5a)
        return false;
    outb(base + UART_LINE, LINE_DLAB);
    outb(base + UART_DATA, 1);          /* divisor 1: 115200 baud */
    outb(base + UART_INTERRUPTS, 0);
    outb(base + UART_LINE, LINE_8N1);
    outb(base + UART_INTERRUPTS, 0);
    outb(base + UART_FIFO, FIFO_ON_CLEAR);
    outb(base + UART_MODEM, MODEM_ON);
    return true;
}

#endif
