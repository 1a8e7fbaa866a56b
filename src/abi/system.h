/*
 * What programs can ask of the system as a whole, as Linux i386 lays it out.
 *
 * uname(2), sysinfo(2), getrandom(2), syslog(2), reboot(2).
 */
#ifndef ABI_SYSTEM_H
#define ABI_SYSTEM_H

#include "lib/types.h"

#define UTSNAME_BYTES 65            /* of a name, with its NUL */

struct utsname {
    char sysname[UTSNAME_BYTES], nodename[UTSNAME_BYTES], release[UTSNAME_BYTES],
         version[UTSNAME_BYTES], machine[UTSNAME_BYTES], domainname[UTSNAME_BYTES];
};

/* 64 bytes. Memory is counted in mem_unit bytes. */
struct sysinfo {
    int32_t uptime;                 /* seconds */
    uint32_t loads[3], totalram, freeram, sharedram, bufferram, totalswap, freeswap;
    uint16_t procs, pad;
    uint32_t totalhigh, freehigh, mem_unit;
    uint8_t reserved[8];
};

#define GRND_NONBLOCK 1u
#define GRND_RANDOM   2u
#define GRND_INSECURE 4u

enum {
    SYSLOG_CLOSE, SYSLOG_OPEN, SYSLOG_READ, SYSLOG_READ_ALL, SYSLOG_READ_CLEAR, SYSLOG_CLEAR,
    SYSLOG_CONSOLE_OFF, SYSLOG_CONSOLE_ON, SYSLOG_CONSOLE_LEVEL, SYSLOG_SIZE_UNREAD,
    SYSLOG_SIZE_BUFFER,
};

#define REBOOT_MAGIC   0xfee1deadu
#define REBOOT_MAGIC2A 0x28121969u
#define REBOOT_MAGIC2B 0x05121996u
#define REBOOT_MAGIC2C 0x16041998u
#define REBOOT_MAGIC2D 0x20112000u

#define REBOOT_CAD_OFF   0u
#define REBOOT_RESTART   0x01234567u
#define REBOOT_POWER_OFF 0x4321fedcu
#define REBOOT_CAD_ON    0x89abcdefu
#define REBOOT_RESTART2  0xa1b2c3d4u
#define REBOOT_HALT      0xcdef0123u

#endif
