/*
 * The interval timer.
 */
#include "dev/pit.h"
#include "debug/log.h"
#include "debug/monitor.h"
#include "sync/spinlock.h"
#include "x86/io.h"
#include "x86/irq.h"

#define PIT_HZ      1193182u
#define CHANNEL0    0x40
#define CONTROL     0x43
#define CH0_RATE    0x34            /* channel 0, low byte then high byte, mode 2, binary */
#define IRQ_LINE    0
#define CH0_LATCH   0x00            // lab 5: keep channel 0's count for the next two reads

static struct spinlock lock;
static uint64_t ticks;              /* under lock: 64 bits take two instructions to read */

static bool tick(void *arg, struct trapframe *tf)
{
    (void)arg, (void)tf;
    // exercise 2.4 begin: count
    ticks++;
    // exercise 2.4 stub
    // exercise 2.4 end
    return true;
}

void pit_init(void)
{
    // exercise 2.4 begin: mode 2, the divisor nearest to PIT_HZ / TICK_HZ; tick for line 0
    unsigned divisor = (PIT_HZ + TICK_HZ / 2) / TICK_HZ;

    outb(CONTROL, CH0_RATE);
    outb(CHANNEL0, divisor & 0xff);
    outb(CHANNEL0, divisor >> 8);
    irq_register(IRQ_LINE, tick, NULL);
    // exercise 2.4 stub
    // (void)tick;
    // exercise 2.4 end
}

uint64_t uptime_ms(void)
{
    uint64_t now;
    // exercise 2.4 begin: read the count so that no tick can come between its two halves
    uint32_t flags = spin_lock_irqsave(&lock);

    now = ticks;
    spin_unlock_irqrestore(&lock, flags);
    // exercise 2.4 stub
    // now = ticks;
    // (void)lock;
    // exercise 2.4 end
    return now;
}

void delay_ms(uint32_t ms)
{
    // exercise 2.4 begin: irq_wait() for ms whole milliseconds; the current one has begun
    uint64_t end = uptime_ms() + ms + 1;

    while (uptime_ms() < end)
        irq_wait();
    // exercise 2.4 stub
    // (void)ms;
    // exercise 2.4 end
}

// lab 5 begin
unsigned pit_count(void)
{
    uint32_t flags = irq_save();    /* nobody else between the latch and its two bytes */

    outb(CONTROL, CH0_LATCH);
    unsigned low = inb(CHANNEL0), high = inb(CHANNEL0);
    irq_restore(flags);
    return high << 8 | low;
}

// lab 5 end
MONITOR_COMMAND(ticks, "", "milliseconds since the timer was set up")
{
    (void)argc, (void)argv, (void)tf;
    console_printf("%llu\n", uptime_ms());
}
