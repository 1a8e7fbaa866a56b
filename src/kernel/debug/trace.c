/*
 * The trace ring, and the monitor's command that prints it.
 */
#include "debug/trace.h"
#include "debug/log.h"
#include "debug/monitor.h"
#include "x86/cpu.h"
#include "x86/irqflags.h"

/* Both change with interrupts off only. */
static struct trace_record records[TRACE_RECORDS];
static uint32_t recorded;

void trace_put(enum trace_event event, uint32_t task, int32_t other)
{
    records[recorded++ % TRACE_RECORDS] = (struct trace_record){ read_tsc(), event, task, other };
}

bool trace_get(unsigned n, struct trace_record *record)
{
    uint32_t kept = recorded < TRACE_RECORDS ? recorded : TRACE_RECORDS;

    if (n >= kept)
        return false;
    *record = records[(recorded - kept + n) % TRACE_RECORDS];
    return true;
}

void trace_clear(void)
{
    recorded = 0;
}

const char *trace_name(enum trace_event event)
{
    static const char *const names[] = {
#define X(name) #name,
        TRACE_EVENTS(X)
#undef X
    };

    return event < ARRAY_SIZE(names) ? names[event] : "?";
}

MONITOR_COMMAND(trace, "", "what the scheduler did last: time, event, pid, detail")
{
    struct trace_record r;

    (void)argc, (void)argv, (void)tf;
    uint32_t flags = irq_save();
    for (unsigned n = 0; trace_get(n, &r); n++)
        console_printf("%llu %s %u %d\n", r.time, trace_name(r.event), r.task, r.other);
    irq_restore(flags);
}
