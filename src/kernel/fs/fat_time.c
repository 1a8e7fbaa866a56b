/*
 * FAT: dates and times, which a directory keeps in local time; here that is UTC. Seconds are even.
 *
 * Specification, "Date and Time Formats". Days are counted in years that begin in March, so that
 * the day that may be missing is the last one.
 */
#include "fs/fat.h"

#define DAY          86400u
#define YEAR_FIRST   1980u
#define DAYS_TO_1970 719468u        /* from 0000-03-01 */

static uint32_t days_before(uint32_t year, uint32_t month, uint32_t day)
{
    if (month <= 2) {
        year--;
        month += 12;
    }
    return 365 * year + year / 4 - year / 100 + year / 400 + (153 * (month - 3) + 2) / 5 + day - 1
           - DAYS_TO_1970;
}

uint32_t fat_time_read(uint16_t date, uint16_t time)
{
    uint32_t month = date >> 5 & 15, day = date & 31;

    if (month < 1 || month > 12 || day < 1)
        return 0;
    return days_before(YEAR_FIRST + (date >> 9), month, day) * DAY + (time >> 11) * 3600u
           + (time >> 5 & 63) * 60u + (time & 31) * 2u;
}

void fat_time_write(uint32_t seconds, uint16_t *date, uint16_t *time)
{
    if (seconds < days_before(YEAR_FIRST, 1, 1) * DAY)
        seconds = days_before(YEAR_FIRST, 1, 1) * DAY;
    uint32_t days = seconds / DAY, rest = seconds % DAY, year = 1970 + days / 365, month = 12;

    while (days_before(year, 1, 1) > days)
        year--;
    while (days_before(year, month, 1) > days)
        month--;
    *date = (year - YEAR_FIRST) << 9 | month << 5 | (days - days_before(year, month, 1) + 1);
    *time = rest / 3600 << 11 | rest / 60 % 60 << 5 | rest % 60 / 2;
}
