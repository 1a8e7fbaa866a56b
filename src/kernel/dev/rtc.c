/*
 * The real-time clock.
 */
#include "dev/rtc.h"
#include "debug/log.h"
#include "debug/monitor.h"
#include "lib/string.h"
#include "x86/io.h"

#define INDEX 0x70
#define DATA  0x71

enum {
    SECOND = 0x00, MINUTE = 0x02, HOUR = 0x04, DAY = 0x07, MONTH = 0x08, YEAR = 0x09,
    CENTURY = 0x32, STATUS_A = 0x0a, STATUS_B = 0x0b,
};

#define A_UPDATING 0x80
#define B_24_HOURS 0x02
#define B_BINARY   0x04
#define PM         0x80

static uint8_t cmos(uint8_t reg)
{
    outb(INDEX, reg);
    return inb(DATA);
}

static unsigned from_bcd(unsigned value)
{
    return (value >> 4) * 10 + (value & 15);
}

/* The registers as they stand, once no update is under way. */
static void read_raw(uint8_t raw[7])
{
    static const uint8_t registers[7] = { SECOND, MINUTE, HOUR, DAY, MONTH, YEAR, CENTURY };

    for (int i = 0; i < 100000 && cmos(STATUS_A) & A_UPDATING; i++)
        ;
    for (int i = 0; i < 7; i++)
        raw[i] = cmos(registers[i]);
}

struct rtc_time rtc_read(void)
{
    uint8_t raw[7], again[7], status = cmos(STATUS_B);
    struct rtc_time t;

    do {                            /* an update in between gives nonsense: until two agree */
        read_raw(raw);
        read_raw(again);
    } while (memcmp(raw, again, sizeof(raw)) != 0);
    bool pm = raw[2] & PM;
    raw[2] &= ~PM;
    if (!(status & B_BINARY))
        for (int i = 0; i < 7; i++)
            raw[i] = from_bcd(raw[i]);
    t = (struct rtc_time){
        .second = raw[0], .minute = raw[1], .hour = raw[2], .day = raw[3], .month = raw[4],
        .year = raw[5] + 100 * (raw[6] >= 19 && raw[6] <= 21 ? raw[6] : 20),
    };
    if (!(status & B_24_HOURS))
        t.hour = t.hour % 12 + (pm ? 12 : 0);
    return t;
}

uint32_t rtc_seconds(const struct rtc_time *t)
{
    /* Days of a year that begins in March, so that the leap day is the last one. */
    unsigned y = t->month > 2 ? t->year : t->year - 1;
    unsigned m = t->month > 2 ? t->month - 3 : t->month + 9;
    unsigned days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + t->day - 1;

    return ((days - 719468) * 24 + t->hour) * 3600 + t->minute * 60 + t->second;
}

MONITOR_COMMAND(date, "", "the time of day")
{
    struct rtc_time t = rtc_read();

    (void)argc, (void)argv, (void)tf;
    console_printf("%04u-%02u-%02u %02u:%02u:%02u UTC, %u s since 1970\n",
                   t.year, t.month, t.day, t.hour, t.minute, t.second, rtc_seconds(&t));
}
