/*
 * Panic: the message and how it came about, then the end.
 */
#include "debug/panic.h"
#include "debug/backtrace.h"        // lab 2
#include "debug/log.h"
#include "debug/monitor.h"          // lab 2
#include "x86/cpu.h"
#include "x86/irqflags.h"           // lab 2

void (*panic_hook)(void);
static bool panicking;

static struct trapframe *frame;     // lab 2: of the exception, if it was one

/* The end of every panic. After a panic inside a panic nothing can be trusted any more. */
static __attribute__((noreturn)) void finish(bool again)
{
    if (panic_hook)
        panic_hook();
    if (again)
        cpu_stop();
    monitor(frame);                 // lab 2
    cpu_stop();
}

void panic(const char *format, ...)
{
    bool again = panicking;
    va_list args;

    panicking = true;
    irq_disable();                  // lab 2
    kprintf(LOG_ERR, "panic: ");
    va_start(args, format);
    kvprintf(LOG_ERR, format, args);
    va_end(args);
    kprintf(LOG_ERR, "\n");
    // lab 2 begin
    /* From the call itself: it does not return, so what follows may be another function. */
    if (!again)
        backtrace_print(log_error, (uint32_t)(uintptr_t)__builtin_return_address(0) - 1,
                        *(uint32_t *)__builtin_frame_address(0));
    // lab 2 end
    finish(again);
}
// lab 2 begin

/* An exception that nobody handles. */
static __attribute__((noreturn)) void panic_trap(struct trapframe *tf)
{
    bool again = panicking;

    panicking = true;
    kprintf(LOG_ERR, "panic: %s at %08x\n", trap_name(tf->vector), tf->eip);
    if (!again) {
        registers_print(log_error, tf);
        backtrace_print(log_error, tf->eip, tf->ebp);
    }
    frame = tf;
    finish(again);
}

void panic_init(void)
{
    trap_unhandled = panic_trap;
}
// lab 2 end
