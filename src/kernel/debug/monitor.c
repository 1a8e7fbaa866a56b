/*
 * The kernel monitor and the commands that belong to no other part.
 */
#include "debug/monitor.h"
#include "debug/backtrace.h"
#include "debug/input.h"
#include "debug/log.h"
#include "debug/panic.h"
#include "debug/readline.h"
#include "lib/string.h"
#include "x86/cpu.h"
#include "x86/irq.h"

#define LINE_MAX 128

extern const struct monitor_command __start_monitor_commands[], __stop_monitor_commands[];

static bool leaving;

/* Split a line at its blanks. Returns the number of words, MONITOR_WORDS at most. */
static int split(char *line, char **words)
{
    int n = 0;

    while (n < MONITOR_WORDS) {
        while (*line == ' ' || *line == '\t')
            *line++ = '\0';
        if (*line == '\0')
            break;
        words[n++] = line;
        while (*line && *line != ' ' && *line != '\t')
            line++;
    }
    *line = '\0';
    return n;
}

void monitor_run(char *line, struct trapframe *tf)
{
    char *words[MONITOR_WORDS];
    int n = split(line, words);

    if (n == 0)
        return;
    for (const struct monitor_command *c = __start_monitor_commands;
         c < __stop_monitor_commands; c++) {
        if (strcmp(c->name, words[0]) == 0) {
            c->run(n, words, tf);
            return;
        }
    }
    console_printf("%s: no such command; help lists them\n", words[0]);
}

void monitor(struct trapframe *tf)
{
    char line[LINE_MAX];

    while (!leaving) {
        readline("monitor> ", line, sizeof(line));
        monitor_run(line, tf);
    }
    leaving = false;                /* this one only: at its prompt Ctrl-Alt-Esc calls another */
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

bool monitor_number(const char *text, uint32_t *value)
{
    int base = text[0] == '0' && (text[1] == 'x' || text[1] == 'X') ? 16 : 10;
    uint64_t n = 0;

    if (base == 16)
        text += 2;
    if (*text == '\0')
        return false;
    for (; *text; text++) {
        if (digit(*text) >= base)
            return false;
        n = n * base + digit(*text);
        if (n > UINT32_MAX)
            return false;
    }
    *value = n;
    return true;
}

MONITOR_COMMAND(help, "", "this list")
{
    (void)argc, (void)argv, (void)tf;
    for (const struct monitor_command *c = __start_monitor_commands;
         c < __stop_monitor_commands; c++) {
        int width = strlen(c->name) + 1 + strlen(c->usage), pad = width < 18 ? 18 - width : 0;
        console_printf("  %s %s%*s  %s\n", c->name, c->usage, pad, "", c->help);
    }
}

MONITOR_COMMAND(regs, "", "the registers where the kernel was interrupted")
{
    (void)argc, (void)argv;
    if (tf)
        registers_print(console_printf, tf);
    else
        console_printf("nothing was interrupted\n");
}

MONITOR_COMMAND(backtrace, "", "the calls that led here")
{
    (void)argc, (void)argv;
    if (tf)
        backtrace_print(console_printf, tf->eip, tf->ebp);
    else
        backtrace_print(console_printf, (uint32_t)(uintptr_t)__builtin_return_address(0),
                        *(uint32_t *)__builtin_frame_address(0));
}

static void print_piece(void *context, const char *text, size_t n)
{
    (void)context;
    while (n) {
        int part = n < 64 ? n : 64;
        console_printf("%.*s", part, text);
        text += part;
        n -= part;
    }
}

MONITOR_COMMAND(dmesg, "", "the log, as far as it is kept")
{
    (void)argc, (void)argv, (void)tf;
    log_each(print_piece, NULL);
}

/* A line of a memory dump: the address, up to 16 bytes in hexadecimal, and as characters. */
static void dump_line(uint32_t address, const uint8_t *bytes, unsigned n)
{
    // exercise 2.8 begin: "c0100000: 7f 45 4c 46 ... |.ELF|", as lab 2's handout describes it
    console_printf("%08x:", address);
    for (unsigned i = 0; i < 16; i++) {
        if (i < n)
            console_printf(" %02x", bytes[i]);
        else
            console_printf("   ");
    }
    console_printf(" |");
    for (unsigned i = 0; i < n; i++)
        console_printf("%c", bytes[i] >= ' ' && bytes[i] < 0x7f ? bytes[i] : '.');
    console_printf("|\n");
    // exercise 2.8 stub
    // (void)address, (void)bytes, (void)n;
    // exercise 2.8 end
}

MONITOR_COMMAND(x, "ADDR [N]", "N bytes of memory (64), in hexadecimal and as characters")
{
    (void)tf;
    // exercise 2.8 begin: check the words; dump line by line up to what cannot be read
    uint32_t address, n = 64;
    uint8_t bytes[16];

    if (argc < 2 || argc > 3 || !monitor_number(argv[1], &address) ||
        (argc == 3 && !monitor_number(argv[2], &n))) {
        console_printf("usage: x ADDR [N]\n");
        return;
    }
    while (n > 0) {
        const uint8_t *from = (const uint8_t *)(uintptr_t)address;
        unsigned part = n < sizeof(bytes) ? n : sizeof(bytes);
        unsigned readable = 0;
        while (readable < part && probe_copy(&bytes[readable], from + readable, 1) == 0)
            readable++;
        if (readable)
            dump_line(address, bytes, readable);
        if (readable < part) {
            console_printf("%08x: cannot be read\n", address + readable);
            return;
        }
        address += part;
        n -= part;
    }
    // exercise 2.8 stub
    // (void)argc, (void)argv, (void)dump_line;
    // console_printf("not implemented\n");
    // exercise 2.8 end
}

MONITOR_COMMAND(interrupts, "", "how often each interrupt line was used")
{
    (void)argc, (void)argv, (void)tf;
    for (unsigned line = 0; line < IRQ_LINES; line++)
        if (irq_count(line))
            console_printf("  line %2u  %10u\n", line, irq_count(line));
    console_printf("  spurious %10u\n  typed characters dropped %u\n", irq_spurious_count(),
                   input_dropped());
}

MONITOR_COMMAND(panic, "[TEXT]", "panic, to see what it looks like")
{
    (void)tf;
    panic("%s", argc > 1 ? argv[1] : "asked for at the monitor");
}

MONITOR_COMMAND(continue, "", "leave the monitor")
{
    (void)argc, (void)argv;
    if (tf)
        leaving = true;
    else
        console_printf("nothing was interrupted\n");
}

MONITOR_COMMAND(reboot, "", "reset the machine")
{
    (void)argc, (void)argv, (void)tf;
    cpu_reset();
}
