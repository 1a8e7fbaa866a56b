/*
 * Telling of system calls. A line is put together in pieces of one call of kprintf each, since
 * other threads may be told of at the same time: a line for the call, a line for the answer if
 * somebody else came between.
 */
#include "sys/strace.h"
#include "debug/log.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/usercopy.h"
#include "proc/process.h"
#include "sys/calls.h"

#define LINE_BYTES  160
#define TEXT_BYTES  40              /* of a string argument that are shown */

struct call {
    const char *name, *format;
};

#define ENTRY(number, name, arguments, trace) [number] = { #name, trace },
static const struct call calls[] = { SYSCALLS(ENTRY) };

static const struct call *call_of(const struct trapframe *tf)
{
    static const struct call unknown = { NULL, "xxx" };
    uint32_t number = tf->unused_esp;

    return number < ARRAY_SIZE(calls) && calls[number].name ? &calls[number] : &unknown;
}

/* A program's string, with what cannot be printed as dots. */
static int put_string(char *line, size_t room, const char *user)
{
    char text[TEXT_BYTES + 1];
    ssize_t length = strncpy_from_user(text, user, sizeof(text));
    bool cut = length < 0;

    if (cut) {
        if (copy_from_user(text, user, TEXT_BYTES))
            return snprintf(line, room, "0x%x", (uint32_t)(uintptr_t)user);
        text[TEXT_BYTES] = '\0';
    }
    for (char *c = text; *c; c++)
        if (*c < ' ' || *c > '~')
            *c = '.';
    return snprintf(line, room, "\"%s\"%s", text, cut ? "..." : "");
}

static int put_octal(char *line, size_t room, uint32_t value)
{
    char digits[12], *digit = &digits[sizeof(digits) - 1];

    *digit = '\0';
    do
        *--digit = (char)('0' + value % 8);
    while (value /= 8);
    return snprintf(line, room, "0%s", digit);
}

static int put_argument(char *line, size_t room, char format, uint32_t value)
{
    switch (format) {
    case 'd': return snprintf(line, room, "%d", (int)value);
    case 'o': return put_octal(line, room, value);
    case 's': return put_string(line, room, (const char *)(uintptr_t)value);
    case 'p': return snprintf(line, room, value ? "0x%x" : "NULL", value);
    default:  return snprintf(line, room, "0x%x", value);
    }
}

void strace_call(const struct trapframe *tf)
{
    const uint32_t arguments[] = { tf->ebx, tf->ecx, tf->edx, tf->esi, tf->edi, tf->ebp };
    const struct call *call = call_of(tf);
    char line[LINE_BYTES];
    int at = call->name ? snprintf(line, sizeof(line), "%s(", call->name)
                        : snprintf(line, sizeof(line), "syscall_%u(", tf->unused_esp);

    for (unsigned i = 0; call->format[i] && i < ARRAY_SIZE(arguments); i++) {
        if (i)
            at += snprintf(line + at, sizeof(line) - (size_t)at, ", ");
        at += put_argument(line + at, sizeof(line) - (size_t)at, call->format[i], arguments[i]);
        if (at >= LINE_BYTES - 2 * TEXT_BYTES)
            break;
    }
    kprintf(LOG_INFO, "[%u] %s)\n", current()->pid, line);
}

void strace_answer(const struct trapframe *tf)
{
    const struct call *call = call_of(tf);
    int32_t answer = (int32_t)tf->eax;
    bool error = answer < 0 && answer > -4096;

    kprintf(LOG_INFO, error ? "[%u] %s = %d\n" : "[%u] %s = 0x%x\n", current()->pid,
            call->name ? call->name : "syscall", answer);
}
