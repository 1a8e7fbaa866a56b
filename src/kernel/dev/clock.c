/*
 * The clock.
 */
#include "dev/clock.h"
#include "dev/rtc.h"
#include "sync/spinlock.h"
#include "x86/cpu.h"
#include "x86/irq.h"

#define TIMER_LINE 0
#define TICK_NS    999847           /* 1193 periods of 1,193,182 Hz */
#define CPUID_TSC  (1u << 4)        /* function 1, EDX */
#define SHIFT      22               /* of what the counter's cycles are multiplied by */
#define WINDOW     256              /* ticks over which they are measured; fewer at first */
#define WINDOW_MIN 8
#define HOUR_MS    3600000u

static struct spinlock lock;        /* of all below */
static struct timespec base;        /* CLOCK_MONOTONIC at the last tick */
static struct timespec real_offset; /* CLOCK_REALTIME - CLOCK_MONOTONIC */
static bool has_tsc;
static uint64_t tick_tsc;           /* the counter at the last tick, */
static uint64_t window_tsc;         /* and when measuring began */
static unsigned window_ticks, window_end = WINDOW_MIN;
static uint32_t scale;              /* nanoseconds of a cycle << SHIFT; 0: not known yet */

WAIT_QUEUE(clock_was_set);

/* The end of a window: so many cycles in so many ticks. */
static void measure(void)
{
    uint64_t cycles = tick_tsc - window_tsc;

    if (cycles)
        scale = (uint32_t)(((uint64_t)window_ticks * TICK_NS << SHIFT) / cycles);
    window_tsc = tick_tsc;
    window_ticks = 0;
    window_end = WINDOW;
}

static bool tick(void *arg, struct trapframe *tf)
{
    (void)arg, (void)tf;
    uint32_t flags = spin_lock_irqsave(&lock);

    base.nsec += TICK_NS;
    if (base.nsec >= NSEC_PER_SEC) {
        base.nsec -= NSEC_PER_SEC;
        base.sec++;
    }
    if (has_tsc) {
        tick_tsc = read_tsc();
        if (++window_ticks >= window_end)
            measure();
    }
    spin_unlock_irqrestore(&lock, flags);
    return true;
}

/* Nanoseconds since the last tick. The caller has the lock. */
static int32_t since_tick(void)
{
    if (!scale)
        return 0;
    uint64_t cycles = read_tsc() - tick_tsc;
    if (cycles >> 32)
        return TICK_NS - 1;
    uint64_t ns = (uint64_t)(uint32_t)cycles * scale >> SHIFT;
    return ns < TICK_NS ? (int32_t)ns : TICK_NS - 1;
}

/* CLOCK_MONOTONIC; the caller has the lock. */
static struct timespec now(void)
{
    struct timespec t = base;

    t.nsec += since_tick();
    if (t.nsec >= NSEC_PER_SEC) {
        t.nsec -= NSEC_PER_SEC;
        t.sec++;
    }
    return t;
}

void clock_monotonic(struct timespec *t)
{
    uint32_t flags = spin_lock_irqsave(&lock);

    *t = now();
    spin_unlock_irqrestore(&lock, flags);
}

void clock_realtime(struct timespec *t)
{
    uint32_t flags = spin_lock_irqsave(&lock);
    struct timespec monotonic = now();

    *t = timespec_add(&monotonic, &real_offset);
    spin_unlock_irqrestore(&lock, flags);
}

uint32_t clock_seconds(void)
{
    struct timespec t;

    clock_realtime(&t);
    return (uint32_t)t.sec;
}

void clock_coarse(struct timespec *monotonic, struct timespec *realtime)
{
    uint32_t flags = spin_lock_irqsave(&lock);

    *monotonic = base;
    *realtime = timespec_add(&base, &real_offset);
    spin_unlock_irqrestore(&lock, flags);
}

void clock_set_realtime(const struct timespec *t)
{
    uint32_t flags = spin_lock_irqsave(&lock);
    struct timespec monotonic = now();

    real_offset = timespec_sub(t, &monotonic);
    spin_unlock_irqrestore(&lock, flags);
    wait_wake_all(&clock_was_set);
}

uint32_t clock_until(const struct timespec *end, bool real)
{
    struct timespec t;

    if (real)
        clock_realtime(&t);
    else
        clock_monotonic(&t);
    t = timespec_sub(end, &t);
    uint32_t ms = timespec_ms(&t);
    return ms < HOUR_MS ? ms : HOUR_MS;
}

void clock_init(void)
{
    struct rtc_time t = rtc_read();

    real_offset = (struct timespec){ rtc_seconds(&t), 0 };
    has_tsc = cpuid_features() & CPUID_TSC;
    if (has_tsc)
        window_tsc = tick_tsc = read_tsc();
    irq_register(TIMER_LINE, tick, NULL);
}
