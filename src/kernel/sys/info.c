/*
 * System calls about the system as a whole: its name, its memory, its log, chance, and its end.
 */
#include "abi/errno.h"
#include "abi/system.h"
#include "debug/log.h"
#include "dev/clock.h"
#include "dev/power.h"
#include "fs/bcache.h"
#include "fs/vfs.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "mm/page.h"
#include "mm/usercopy.h"
#include "proc/signal.h"
#include "sys/calls.h"
#include "x86/random.h"

#define RANDOM_CHUNK 256

static struct spinlock lock;        /* of the two names that may be set */
static struct utsname names = {
    .sysname = "Linux",             /* what programs and their build scripts know */
    .nodename = "myos",
    .release = "6.1.0-myOS",
    .version = "#1 myOS",
    .machine = "i686",
    .domainname = "(none)",
};

static bool is_root(void)
{
    return process_current()->ids.euid == 0;
}

/* ---- names */

long sys_uname(struct utsname *to)
{
    uint32_t flags = spin_lock_irqsave(&lock);
    struct utsname copy = names;

    spin_unlock_irqrestore(&lock, flags);
    return copy_to_user(to, &copy, sizeof(copy)) ? -EFAULT : 0;
}

/* The first five names, each cut to the size of its field. */
static long old_names(char *to, size_t size)
{
    uint32_t flags = spin_lock_irqsave(&lock);
    const char *const fields[] = { names.sysname, names.nodename, names.release, names.version,
                                   names.machine };
    char copy[ARRAY_SIZE(fields) * UTSNAME_BYTES] = "";

    for (unsigned i = 0; i < ARRAY_SIZE(fields); i++)
        strlcpy(copy + i * size, fields[i], size);
    spin_unlock_irqrestore(&lock, flags);
    return copy_to_user(to, copy, ARRAY_SIZE(fields) * size) ? -EFAULT : 0;
}

long sys_oldolduname(char (*to)[9])
{
    return old_names(*to, sizeof(*to));
}

long sys_olduname(char (*to)[65])
{
    return old_names(*to, sizeof(*to));
}

static long set_name(char field[UTSNAME_BYTES], const char *from, size_t n)
{
    char name[UTSNAME_BYTES] = "";

    if (!is_root())
        return -EPERM;
    if (n > UTSNAME_BYTES - 1)
        return -EINVAL;
    if (copy_from_user(name, from, n))
        return -EFAULT;
    uint32_t flags = spin_lock_irqsave(&lock);
    memcpy(field, name, sizeof(name));
    spin_unlock_irqrestore(&lock, flags);
    return 0;
}

long sys_sethostname(const char *from, size_t n)
{
    return set_name(names.nodename, from, n);
}

long sys_setdomainname(const char *from, size_t n)
{
    return set_name(names.domainname, from, n);
}

/* ---- state */

static bool count(struct process *process, void *arg)
{
    *(uint16_t *)arg += (uint16_t)process->thread_count;
    return true;
}

long sys_sysinfo(struct sysinfo *to)
{
    struct page_stats memory;
    struct bcache_stats blocks;
    struct timespec uptime;
    struct sysinfo info = { .mem_unit = PAGE_SIZE };

    page_stats(&memory);
    bcache_stats(&blocks);
    clock_monotonic(&uptime);
    info.uptime = (int32_t)uptime.sec;
    info.totalram = memory.usable;
    info.freeram = memory.free;
    info.bufferram = blocks.buffers * SECTOR_SIZE / PAGE_SIZE;     /* without what files cache */
    uint32_t flags = spin_lock_irqsave(&process_lock);
    process_each(count, &info.procs);
    spin_unlock_irqrestore(&process_lock, flags);
    return copy_to_user(to, &info, sizeof(info)) ? -EFAULT : 0;
}

long sys_getrandom(uint8_t *to, size_t n, uint32_t flags)
{
    uint8_t bytes[RANDOM_CHUNK];
    size_t done = 0;

    if ((flags & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE)) ||
        (flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
        return -EINVAL;
    if (n > INT32_MAX)
        n = INT32_MAX;
    while (done < n && !(done && signal_pending())) {
        size_t part = n - done < sizeof(bytes) ? n - done : sizeof(bytes);
        random_bytes(bytes, part);
        if (copy_to_user(to + done, bytes, part))
            return done ? (long)done : -EFAULT;
        done += part;
    }
    memset(bytes, 0, sizeof(bytes));
    return (long)done;
}

/* ---- the log */

/* Where log_each()'s pieces go: the last `room` bytes of them. */
struct text {
    char *bytes;
    size_t room, used, skip;
};

static void measure(void *arg, const char *piece, size_t n)
{
    (void)piece;
    ((struct text *)arg)->skip += n;
}

static void collect(void *arg, const char *piece, size_t n)
{
    struct text *text = arg;
    size_t skip = n < text->skip ? n : text->skip;

    text->skip -= skip;
    n -= skip;
    if (n > text->room - text->used)
        n = text->room - text->used;
    memcpy(text->bytes + text->used, piece + skip, n);
    text->used += n;
}

/* The log's size, and, if `to` is not NULL, its last n bytes. Returns how many. */
static long read_log(char *to, size_t n)
{
    struct text text = { 0 };

    log_each(measure, &text);
    if (!to || !n)
        return (long)text.skip;
    text.room = n < text.skip ? n : text.skip;
    text.skip -= text.room;
    text.bytes = kmalloc(text.room);
    if (!text.bytes)
        return -ENOMEM;
    log_each(collect, &text);
    long result = copy_to_user(to, text.bytes, text.used) ? -EFAULT : (long)text.used;
    kfree(text.bytes);
    return result;
}

long sys_syslog(int action, char *to, int n)
{
    if (!is_root())
        return -EPERM;
    switch (action) {
    case SYSLOG_CLOSE: case SYSLOG_OPEN:
        return 0;
    case SYSLOG_READ_ALL: case SYSLOG_READ_CLEAR:
        if (!to || n < 0)
            return -EINVAL;
        return n ? read_log(to, (size_t)n) : 0;
    case SYSLOG_CLEAR:
        return 0;                   /* the ring forgets by itself */
    case SYSLOG_CONSOLE_OFF:
        log_set_level(LOG_ERR);
        return 0;
    case SYSLOG_CONSOLE_ON:
        log_set_level(LOG_INFO);
        return 0;
    case SYSLOG_CONSOLE_LEVEL:
        if (n < 1 || n > 8)
            return -EINVAL;
        log_set_level((enum log_level)(n - 1));
        return 0;
    case SYSLOG_SIZE_UNREAD:
        return 0;
    case SYSLOG_SIZE_BUFFER:
        return read_log(NULL, 0);
    default:
        return -EINVAL;
    }
}

/* ---- the end */

long sys_reboot(uint32_t magic, uint32_t magic2, uint32_t command, const void *argument)
{
    (void)argument;
    if (!is_root())
        return -EPERM;
    if (magic != REBOOT_MAGIC || (magic2 != REBOOT_MAGIC2A && magic2 != REBOOT_MAGIC2B &&
                                  magic2 != REBOOT_MAGIC2C && magic2 != REBOOT_MAGIC2D))
        return -EINVAL;
    switch (command) {
    case REBOOT_CAD_ON: case REBOOT_CAD_OFF:
        return 0;                   /* Ctrl-Alt-Del does nothing either way */
    case REBOOT_RESTART: case REBOOT_RESTART2:
        vfs_sync();
        power_restart();
    case REBOOT_HALT:
        vfs_sync();
        power_halt();
    case REBOOT_POWER_OFF:
        vfs_sync();
        power_off();
    default:
        return -EINVAL;
    }
}
