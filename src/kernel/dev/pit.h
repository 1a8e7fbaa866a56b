/*
 * The 8253/8254 interval timer's channel 0: the system's clock tick, and time since boot.
 *
 * Intel 8254 data sheet (231164). Its input on a PC is 1,193,182 Hz, a third of the colour carrier.
 */
#ifndef DEV_PIT_H
#define DEV_PIT_H

#include "lib/types.h"

#define TICK_HZ 1000            /* interrupts a second: a tick is a millisecond, but for 0.015 % */

/* Set up channel 0 for TICK_HZ and take interrupt line 0. */
void pit_init(void);

/* Milliseconds since pit_init(). */
uint64_t uptime_ms(void);

/* Let at least ms milliseconds pass. Interrupts must be on. */
void delay_ms(uint32_t ms);

// lab 5 begin
#define PIT_COUNTS 1193             /* of a tick */

/*
 * The counter: it goes from PIT_COUNTS down to 1 in each tick, with interrupts off too. For whoever
 * waits then.
 */
unsigned pit_count(void);

// lab 5 end

#endif
