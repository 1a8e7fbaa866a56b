/*
 * Receiving on COM1.
 */
#include "dev/serial_input.h"
#include "debug/input.h"
#include "dev/uart.h"
#include "x86/io.h"
#include "x86/irq.h"

#define IRQ_LINE 4

static void take_all(void)
{
    while (inb(COM1 + UART_STATUS) & STATUS_READY)
        input_put(inb(COM1 + UART_DATA));
}

static struct input_source source = { .poll = take_all };

static bool serial_interrupt(void *arg, struct trapframe *tf)
{
    (void)arg, (void)tf;
    inb(COM1 + UART_FIFO);          /* reading the cause acknowledges it */
    input_take(&source);
    return true;
}

void serial_input_init(void)
{
    if (inb(COM1 + UART_STATUS) == 0xff)
        return;                     /* nothing there: the bus floats */
    input_register(&source);
    irq_register(IRQ_LINE, serial_interrupt, NULL);
    outb(COM1 + UART_INTERRUPTS, INTERRUPT_RECEIVE);
}
