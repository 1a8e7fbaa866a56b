/*
 * Telling of spinlocks.
 */
#include "debug/locks.h"
#include "debug/log.h"
#include "debug/monitor.h"
#include "debug/panic.h"
#include "debug/symbols.h"
#include "lib/cmdline.h"
#include "sync/lockwatch.h"

/* "  TEXT c0101234 function+0x12": a place where a lock was taken. */
static void print_site(print_fn print, const char *text, uint32_t site)
{
    uint32_t offset;
    const char *name = symbol_of(site, &offset);

    if (name)
        print("  %s %08x %s+0x%x\n", text, site, name, offset);
    else
        print("  %s %08x\n", text, site);
}

static void trouble(const struct spinlock *lock, uint32_t site, const struct lock_order *before)
{
    if (!before) {
        print_site(log_error, "taken at", lock->held);
        print_site(log_error, "again at", site);
        panic("deadlock: the spinlock at %p is held already", (const void *)lock);
    }
    kprintf(LOG_ERR, "locks: two spinlocks are taken in both orders: a deadlock one day\n");
    print_site(log_error, "first ", before->outer_site);
    print_site(log_error, "then  ", before->inner_site);
    print_site(log_error, "now   ", before->inner->held);
    print_site(log_error, "then  ", site);
}

void locks_init(const char *cmdline)
{
    lock_trouble = trouble;
    lock_watch = cmdline_find(cmdline, "lockdebug", NULL, 0);
}

MONITOR_COMMAND(locks, "", "spinlocks held, and the orders seen (with lockdebug)")
{
    const struct lock_order *order;
    uint64_t cycles;

    (void)argc, (void)argv, (void)tf;
    if (!lock_watch) {
        console_printf("not watched: boot with lockdebug\n");
        return;
    }
    for (const struct spinlock *lock = lock_innermost(); lock; lock = lock->outer)
        print_site(console_printf, "held  ", lock->held);
    for (unsigned n = 0; (order = lock_order_seen(n)); n++) {
        print_site(console_printf, "first ", order->outer_site);
        print_site(console_printf, "  then", order->inner_site);
    }
    uint32_t site = lock_longest(&cycles);
    if (site) {
        print_site(console_printf, "held longest", site);
        console_printf("  for %llu cycles\n", cycles);
    }
}
