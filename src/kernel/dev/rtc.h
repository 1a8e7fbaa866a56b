/*
 * The battery-backed clock: the time of day, in UTC as this system takes it.
 *
 * Motorola MC146818A data sheet; register 0x32 holds the century on PCs.
 */
#ifndef DEV_RTC_H
#define DEV_RTC_H

#include "lib/types.h"

struct rtc_time {
    unsigned year, month, day, hour, minute, second;    /* 2026, 1-12, 1-31, 0-23, 0-59, 0-59 */
};

/* Read the clock. Takes up to a millisecond or two while the chip updates itself. */
struct rtc_time rtc_read(void);

/* Seconds since 1970-01-01 00:00:00 UTC, as POSIX counts: without leap seconds. 1970 to 2105. */
uint32_t rtc_seconds(const struct rtc_time *t);

#endif
