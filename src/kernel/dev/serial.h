/*
 * COM1, a 16550 UART, polled: 115200 baud, 8 data bits, no parity, 1 stop bit.
 *
 * National Semiconductor PC16550D data sheet.
 */
#ifndef DEV_SERIAL_H
#define DEV_SERIAL_H

/* Set up COM1 and register it as a console. A machine without the port goes without. */
void serial_init(void);

#endif
