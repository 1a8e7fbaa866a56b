/*
 * Registers of the 16550 UART, as offsets from its base port.
 *
 * National Semiconductor PC16550D data sheet.
 */
#ifndef DEV_UART_H
#define DEV_UART_H

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

#endif
