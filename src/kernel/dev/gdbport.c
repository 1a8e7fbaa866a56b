/*
 * COM2, polled while gdb has the word; between, an interrupt tells that gdb wants it.
 */
#include "dev/gdbport.h"
#include "debug/gdbstub.h"
#include "dev/uart.h"
#include "x86/irq.h"

#define IRQ_LINE 3

static uint8_t get(void)
{
    while (!(inb(COM2 + UART_STATUS) & STATUS_READY))
        ;
    return inb(COM2 + UART_DATA);
}

static void put(uint8_t byte)
{
    while (!(inb(COM2 + UART_STATUS) & STATUS_EMPTY))
        ;
    outb(COM2 + UART_DATA, byte);
}

static const struct gdb_port port = { .get = get, .put = put };

static bool gdb_interrupt(void *arg, struct trapframe *tf)
{
    (void)arg;
    inb(COM2 + UART_FIFO);
    if (!(inb(COM2 + UART_STATUS) & STATUS_READY))
        return false;               /* the byte was read while gdb had the word */
    gdb_attention(tf);
    return true;
}

void gdbport_init(void)
{
    if (!uart_init(COM2))
        return;
    gdb_init(&port);
    irq_register(IRQ_LINE, gdb_interrupt, NULL);
    outb(COM2 + UART_INTERRUPTS, INTERRUPT_RECEIVE);
}
