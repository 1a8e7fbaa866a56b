/*
 * Telling of system calls: a line for each, which the answer ends. If somebody else's line has come
 * between, or the program's own output, the answer has a line of its own.
 */
#include "sys/strace.h"
#include "debug/log.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/space.h"
#include "mm/usercopy.h"
#include "proc/signal.h"
#include "sys/calls.h"

#define LINE_BYTES  160
#define TEXT_BYTES  40              /* of a string argument that are shown */

struct call {
    const char *name, *format;
};

#define ENTRY(number, name, arguments, trace) [number] = { #name, trace },
static const struct call calls[] = { SYSCALLS(ENTRY) };

static const struct call *call_of(uint32_t number)
{
    static const struct call unknown = { NULL, "xxx" };

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

/* "name", or "syscall_7" of one that there is not. */
static int put_name(char *line, size_t room, uint32_t number)
{
    const char *name = call_of(number)->name;

    return name ? snprintf(line, room, "%s", name) : snprintf(line, room, "syscall_%u", number);
}

void strace_call(const struct trapframe *tf)
{
    const uint32_t arguments[] = { tf->ebx, tf->ecx, tf->edx, tf->esi, tf->edi, tf->ebp };
    struct thread *thread = thread_current();
    char line[LINE_BYTES];
    int at = snprintf(line, sizeof(line), "[%u] ", current()->pid);

    thread->traced_call = tf->unused_esp;
    const char *format = call_of(thread->traced_call)->format;
    at += put_name(line + at, sizeof(line) - (size_t)at, thread->traced_call);
    for (unsigned i = 0; format[i] && i < ARRAY_SIZE(arguments); i++) {
        at += snprintf(line + at, sizeof(line) - (size_t)at, i ? ", " : "(");
        at += put_argument(line + at, sizeof(line) - (size_t)at, format[i], arguments[i]);
        if (at >= LINE_BYTES - 2 * TEXT_BYTES)
            break;
    }
    snprintf(line + at, sizeof(line) - (size_t)at, *format ? ")" : "()");
    thread->traced_line = log_begin_line(line);
}

/* Numbers as such, addresses in hexadecimal; "?": the call is made again, or EINTR, soon. */
static void put_answer(char *text, size_t room, int32_t answer)
{
    if (answer <= -ERESTARTSYS && answer >= -ERESTART_RESTARTBLOCK)
        snprintf(text, room, " = ?\n");
    else if (answer > -4096 && answer < (int32_t)USER_BASE)
        snprintf(text, room, " = %d\n", answer);
    else
        snprintf(text, room, " = 0x%x\n", answer);
}

void strace_answer(const struct trapframe *tf)
{
    const struct thread *thread = thread_current();
    char answer[32], name[32];

    put_answer(answer, sizeof(answer), (int32_t)tf->eax);
    if (log_go_on(thread->traced_line, answer))
        return;
    put_name(name, sizeof(name), thread->traced_call);
    kprintf(LOG_INFO, "[%u] ... %s%s", current()->pid, name, answer);
}
