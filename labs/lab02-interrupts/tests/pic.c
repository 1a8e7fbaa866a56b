/*
 * The interrupt controllers: masks, ends of interrupts, and interrupts that are none.
 */
#include "ktest.h"
#include "x86/io.h"
#include "x86/irq.h"
#include "x86/irqflags.h"

#define MASTER 0x20
#define SLAVE  0xa0
#define OCW3_IRR  0x0a
#define OCW3_ISR  0x0b
#define OCW3_POLL 0x0c
#define SPECIFIC_EOI 0x60
#define RTC_LINE 8
#define SPINS 3000000               /* far longer than anything here takes: then it does not come */

static uint8_t chip_register(uint16_t port, uint8_t which)
{
    outb(port, which);
    return inb(port);
}

static uint32_t masks(void)
{
    return inb(MASTER + 1) | inb(SLAVE + 1) << 8;
}

static bool nothing(void *arg, struct trapframe *tf)
{
    (void)arg, (void)tf;
    return false;
}

KTEST(pic_masks)
{
    static const uint8_t lines[] = { 5, 9, 10, 11 };

    for (int i = 0; i < 4; i++) {
        uint32_t flags = irq_save(), before = masks();
        irq_register(lines[i], nothing, NULL);
        uint32_t after = masks();
        irq_restore(flags);
        ktest_report("mask %u %x %x", lines[i], before, after);
    }
}

/* ---- the timer's interrupt comes through the master, the clock chip's through the slave */

/* A thousand times a second, whatever the kernel has made of it. */
static void timer_periodic(void)
{
    outb(0x43, 0x34);
    outb(0x40, 1193 & 0xff);
    outb(0x40, 1193 >> 8);
}

static uint8_t cmos(uint8_t reg)
{
    outb(0x70, reg);
    return inb(0x71);
}

static void rtc_periodic(bool on)
{
    uint8_t b = cmos(0x0b);

    outb(0x70, 0x0b);
    outb(0x71, on ? b | 0x40 : b & ~0x40);
    cmos(0x0c);                             /* reading it lets the next one come */
}

static volatile uint32_t hits[2];

static bool count_hit(void *arg, struct trapframe *tf)
{
    (void)tf;
    ++*(volatile uint32_t *)arg;
    cmos(0x0c);
    return true;
}

/* Wait for n interrupts more, but not for ever. */
static void wait_hits(volatile uint32_t *hit, uint32_t n)
{
    for (uint32_t end = *hit + n, i = 0; *hit < end && i < SPINS; i++)
        inb(0x80);
}

KTEST(pic_ends)
{
    static bool registered;
    uint32_t flags = read_eflags();

    if (!registered) {
        irq_register(0, count_hit, (void *)&hits[0]);
        irq_register(RTC_LINE, count_hit, (void *)&hits[1]);
        registered = true;
    }
    hits[0] = hits[1] = 0;
    timer_periodic();
    rtc_periodic(true);
    irq_enable();
    wait_hits(&hits[1], 6);                 /* the slave again and again ... */
    wait_hits(&hits[0], 3);                 /* ... and the master still */
    wait_hits(&hits[1], 2);
    irq_disable();
    rtc_periodic(false);
    ktest_report("hits %u %u", hits[0] >= 3, hits[1] >= 8);
    ktest_report("service %x %x", chip_register(MASTER, OCW3_ISR), chip_register(SLAVE, OCW3_ISR));
    irq_restore(flags);
}

/*
 * Have the chip take its most urgent request into service, without the processor. True if there was
 * one.
 */
static bool take_into_service(uint16_t port)
{
    for (int i = 0; i < SPINS; i++)
        if (chip_register(port, OCW3_IRR)) {
            outb(port, OCW3_POLL);
            return inb(port) & 0x80;
        }
    return false;
}

KTEST(pic_spurious)
{
    uint32_t flags = irq_save();
    uint32_t noise = irq_spurious_count(), seven = irq_count(7), fifteen = irq_count(15);

    irq_register(0, nothing, NULL);         /* the timer's line is open */
    timer_periodic();
    bool taken = take_into_service(MASTER);
    uint8_t before = chip_register(MASTER, OCW3_ISR);
    __asm__ volatile("int $0x27");          /* what happens when the chip cannot say which it was */
    uint8_t after = chip_register(MASTER, OCW3_ISR);
    ktest_report("master %u %x %x", taken, before, after);
    for (int line = 0; line < 8; line++)
        outb(MASTER, SPECIFIC_EOI | line);

    irq_register(RTC_LINE, nothing, NULL);
    outb(MASTER + 1, inb(MASTER + 1) | 0x01);       /* not the timer now */
    rtc_periodic(true);
    bool slave_taken = false;
    for (int i = 0; i < SPINS && !(chip_register(SLAVE, OCW3_IRR) & 1); i++)
        ;
    taken = take_into_service(MASTER);
    slave_taken = chip_register(SLAVE, OCW3_IRR) & 1;
    before = chip_register(MASTER, OCW3_ISR);
    __asm__ volatile("int $0x2f");
    after = chip_register(MASTER, OCW3_ISR);
    ktest_report("slave %u %u %x %x", taken, slave_taken, before, after);
    rtc_periodic(false);
    for (int line = 0; line < 8; line++) {
        outb(SLAVE, SPECIFIC_EOI | line);
        outb(MASTER, SPECIFIC_EOI | line);
    }
    outb(MASTER + 1, inb(MASTER + 1) & ~0x01);
    ktest_report("counts %u %u %u", irq_spurious_count() - noise, irq_count(7) - seven,
                 irq_count(15) - fifteen);
    irq_restore(flags);
}

/* ---- real interrupts of the lines of which noise comes: the machine has serial ports there */

#define UART_INTERRUPTS 1
#define TRANSMITTED 2               /* asks at once, for there is nothing to transmit */
#define UART_CAUSE 2

struct port {
    uint16_t base;
    uint32_t hits;
};

static bool count_port(void *arg, struct trapframe *tf)
{
    struct port *port = arg;

    (void)tf;
    inb(port->base + UART_CAUSE);
    outb(port->base + UART_INTERRUPTS, 0);
    port->hits++;
    return true;
}

KTEST(pic_real)
{
    static struct port ports[2] = { { 0x3e8, 0 }, { 0x2e8, 0 } };
    uint32_t flags = read_eflags(), noise = irq_spurious_count();

    irq_register(7, count_port, &ports[0]);
    irq_register(15, count_port, &ports[1]);
    irq_enable();
    for (int round = 1; round <= 3; round++) {
        for (int i = 0; i < 2; i++) {
            outb(ports[i].base + UART_INTERRUPTS, TRANSMITTED);
            for (uint32_t spin = 0; ports[i].hits < (uint32_t)round && spin < SPINS / 10; spin++)
                inb(0x80);
        }
    }
    irq_restore(flags);
    ktest_report("hits %u %u noise %u", ports[0].hits, ports[1].hits,
                 irq_spurious_count() - noise);
}
