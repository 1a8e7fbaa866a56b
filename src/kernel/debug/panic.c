/*
 * Panic: the message and a backtrace by frame pointers, then the end.
 */
#include "debug/panic.h"
#include "debug/log.h"
#include "x86/cpu.h"
#include "x86/mmu.h"

#define FRAMES_MAX 16

void (*panic_hook)(void);

/* gcc keeps frame pointers (-fno-omit-frame-pointer): EBP points to the caller's EBP, and above it is the return address. */
static void backtrace(const uintptr_t *frame)
{
    for (int i = 0; i < FRAMES_MAX && (uintptr_t)frame > KERNEL_BASE && ((uintptr_t)frame & 3) == 0; i++) {
        kprintf(LOG_ERR, "  at 0x%08x\n", frame[1]);
        frame = (const uintptr_t *)frame[0];
    }
}

void panic(const char *format, ...)
{
    va_list args;

    kprintf(LOG_ERR, "panic: ");
    va_start(args, format);
    kvprintf(LOG_ERR, format, args);
    va_end(args);
    kprintf(LOG_ERR, "\n");
    backtrace(__builtin_frame_address(0));
    if (panic_hook)
        panic_hook();
    cpu_stop();
}
