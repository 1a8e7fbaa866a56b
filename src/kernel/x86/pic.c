/*
 * The 8259A pair. At power-on the BIOS has lines 0-7 at vectors 8-15, where the exceptions are:
 * hence the new mapping.
 */
#include "x86/pic.h"
#include "x86/io.h"
#include "x86/irq.h"

#define MASTER 0x20                 /* command port; the data port (mask) is the next one */
#define SLAVE  0xa0
#define DATA   1

#define ICW1_INIT    0x11           /* initialise, edge triggered, cascaded, ICW4 follows */
#define ICW4_8086    0x01
#define OCW2_EOI     0x20           /* end of interrupt, non-specific: the highest in service */
#define OCW3_ISR     0x0b           /* a read of the command port gives what is in service */
#define CASCADE_LINE 2
#define SPURIOUS     7              /* what a chip says if the request has gone when it is asked */

/* Each chip's mask: a set bit keeps a line out. */
static void set_mask(unsigned line, bool masked)
{
    // exercise 2.3 begin: set or clear the line's bit in its chip's mask register
    uint16_t port = (line < 8 ? MASTER : SLAVE) + DATA;
    uint8_t bit = 1u << line % 8;

    outb(port, masked ? inb(port) | bit : inb(port) & ~bit);
    // exercise 2.3 stub
    // (void)line, (void)masked;
    // exercise 2.3 end
}

static void pic_mask(unsigned line)
{
    set_mask(line, true);
}

static void pic_unmask(unsigned line)
{
    set_mask(line, false);
}

static void pic_eoi(unsigned line)
{
    // exercise 2.3 begin: an EOI to the chips it came through: the slave's lines through both
    if (line >= 8)
        outb(SLAVE, OCW2_EOI);
    outb(MASTER, OCW2_EOI);
    // exercise 2.3 stub
    // (void)line;
    // exercise 2.3 end
}

/* The master cannot tell a spurious 15 from a real one, and waits for an EOI after both. */
static bool pic_spurious(unsigned line)
{
    // exercise 2.3 begin: a line 7 or 15 that is not in service in its chip is noise
    uint16_t port = line < 8 ? MASTER : SLAVE;

    if (line % 8 != SPURIOUS)
        return false;
    outb(port, OCW3_ISR);
    if (inb(port) & 1u << SPURIOUS)
        return false;
    if (port == SLAVE)
        outb(MASTER, OCW2_EOI);     /* for the cascade line, which was a real request */
    return true;
    // exercise 2.3 stub
    // (void)line;
    // return false;
    // exercise 2.3 end
}

static const struct irq_chip pic = {
    .name = "8259A",
    .mask = pic_mask, .unmask = pic_unmask, .eoi = pic_eoi, .spurious = pic_spurious,
};

void pic_init(void)
{
    // exercise 2.3 begin: ICW1 to ICW4 for both chips, then mask every line but the cascade
    outb(MASTER, ICW1_INIT);
    outb(SLAVE, ICW1_INIT);
    outb(MASTER + DATA, TRAP_IRQ0);             /* ICW2: the vector of the chip's first line */
    outb(SLAVE + DATA, TRAP_IRQ0 + 8);
    outb(MASTER + DATA, 1u << CASCADE_LINE);    /* ICW3: which lines have a slave ... */
    outb(SLAVE + DATA, CASCADE_LINE);           /* ... and which slave this is */
    outb(MASTER + DATA, ICW4_8086);
    outb(SLAVE + DATA, ICW4_8086);
    outb(MASTER + DATA, 0xff & ~(1u << CASCADE_LINE));
    outb(SLAVE + DATA, 0xff);
    // exercise 2.3 stub
    // outb(MASTER + DATA, 0xff);
    // outb(SLAVE + DATA, 0xff);
    // exercise 2.3 end
    irq_set_chip(&pic);
}
