/*
 * The stub: packets come in as "$text#checksum", are acknowledged by '+', and answered in the same
 * form.
 *
 * Numbers are hexadecimal; memory and registers are bytes in hexadecimal, lowest address first.
 */
#include "debug/gdbstub.h"
#include "debug/log.h"
#include "lib/string.h"
#include "x86/cpu.h"
#include "x86/irqflags.h"

#define PACKET_MAX      1024
#define BREAKPOINTS_MAX 16
#define INT3            0xcc
#define EFLAGS_TF       0x100u      /* trap after the next instruction */
#define REGISTERS       16  /* eax ecx edx ebx esp ebp esi edi eip eflags cs ss ds es fs gs */
#define GDB_INTERRUPT   0x03

static const struct gdb_port *port;
static char packet[PACKET_MAX + 1];
static bool begun;                  /* the packet's '$' has been read already */
static char reply[PACKET_MAX + 1];

/* A breakpoint is an int3 over the first byte of an instruction, in place while the kernel runs. */
static struct {
    uint32_t address;
    uint8_t original;
    bool used, planted;
} breakpoints[BREAKPOINTS_MAX];

static const char digits[] = "0123456789abcdef";

static int from_digit(char c)
{
    const char *found = c ? strchr(digits, c) : NULL;

    return found ? found - digits : -1;
}

/* ---- packets */

static void send_once(void)
{
    uint8_t sum = 0;

    port->put('$');
    for (const char *s = reply; *s; s++) {
        port->put(*s);
        sum += *s;
    }
    port->put('#');
    port->put(digits[sum >> 4]);
    port->put(digits[sum & 15]);
}

static void send_reply(void)
{
    do
        send_once();
    while (port->get() == '-');             /* gdb got it wrong: again. All but '-' is a yes */
}

/*
 * Take the next whole packet whose checksum is right; one that is too long is refused like one that
 * is wrong.
 */
static void receive_packet(void)
{
    for (;;) {
        uint8_t sum = 0, c;
        unsigned n = 0;

        while (!begun && port->get() != '$')
            ;
        begun = false;
        while ((c = port->get()) != '#') {
            if (c == '$') {                 /* a new packet: the last one was cut off */
                n = sum = 0;
                continue;
            }
            sum += c;
            if (n <= PACKET_MAX)
                packet[n++] = c;
        }
        int high = from_digit(port->get()), low = from_digit(port->get());
        if (n <= PACKET_MAX && high >= 0 && low >= 0 && (high << 4 | low) == sum) {
            packet[n] = '\0';
            port->put('+');
            return;
        }
        port->put('-');
    }
}

static void answer(const char *text)
{
    strlcpy(reply, text, sizeof(reply));
}

/* ---- numbers and bytes */

static bool take_number(const char **text, uint32_t *value)
{
    const char *start = *text;

    *value = 0;
    while (from_digit(**text) >= 0)
        *value = *value << 4 | from_digit(*(*text)++);
    return *text != start;
}

static bool take_char(const char **text, char c)
{
    if (**text != c)
        return false;
    ++*text;
    return true;
}

static char *put_bytes(char *to, const void *bytes, unsigned n)
{
    for (const uint8_t *b = bytes; n; n--, b++) {
        *to++ = digits[*b >> 4];
        *to++ = digits[*b & 15];
    }
    *to = '\0';
    return to;
}

static bool take_bytes(const char **text, void *bytes, unsigned n)
{
    for (uint8_t *b = bytes; n; n--, b++) {
        int high = from_digit((*text)[0]), low = high < 0 ? -1 : from_digit((*text)[1]);
        if (low < 0)
            return false;
        *b = high << 4 | low;
        *text += 2;
    }
    return true;
}

/* ---- registers and memory */

static void read_registers(const struct trapframe *tf, uint32_t r[REGISTERS])
{
    bool user = tf->cs & 3;
    const uint32_t values[REGISTERS] = {
        tf->eax, tf->ecx, tf->edx, tf->ebx, trap_esp(tf), tf->ebp, tf->esi, tf->edi,
        tf->eip, tf->eflags, tf->cs & 0xffff, (user ? tf->user_ss : tf->ds) & 0xffff,
        tf->ds & 0xffff, tf->es & 0xffff, tf->fs & 0xffff, tf->gs & 0xffff,
    };

    memcpy(r, values, sizeof(values));
}

/* The stack pointer stays: the frame lies on that very stack. So do the segments. */
static void write_registers(struct trapframe *tf, const uint32_t r[REGISTERS])
{
    tf->eax = r[0];
    tf->ecx = r[1];
    tf->edx = r[2];
    tf->ebx = r[3];
    tf->ebp = r[5];
    tf->esi = r[6];
    tf->edi = r[7];
    tf->eip = r[8];
    tf->eflags = r[9];
}

/* Write to memory, read-only pages too: a debugger may. */
static int poke(uint32_t address, const void *bytes, unsigned n)
{
    uint32_t cr0 = read_cr0();

    write_cr0(cr0 & ~CR0_WP);
    int error = probe_copy((void *)(uintptr_t)address, bytes, n);
    write_cr0(cr0);
    return error;
}

static void read_memory(const char *text)
{
    uint32_t address, n;
    uint8_t bytes[PACKET_MAX / 2];

    if (!take_number(&text, &address) || !take_char(&text, ',') || !take_number(&text, &n))
        answer("E01");
    else if (n > sizeof(bytes) || probe_copy(bytes, (const void *)(uintptr_t)address, n) != 0)
        answer("E0e");                      /* EFAULT */
    else
        put_bytes(reply, bytes, n);
}

static void write_memory(const char *text)
{
    uint32_t address, n;
    uint8_t bytes[PACKET_MAX / 2];

    if (!take_number(&text, &address) || !take_char(&text, ',') || !take_number(&text, &n) ||
        !take_char(&text, ':') || n > sizeof(bytes) || !take_bytes(&text, bytes, n))
        answer("E01");
    else
        answer(poke(address, bytes, n) ? "E0e" : "OK");
}

/* ---- breakpoints */

static bool peek(uint32_t address, uint8_t *byte)
{
    return probe_copy(byte, (const void *)(uintptr_t)address, 1) == 0;
}

static void plant_all(void)
{
    static const uint8_t int3 = INT3;

    for (int i = 0; i < BREAKPOINTS_MAX; i++)
        if (breakpoints[i].used)
            breakpoints[i].planted = peek(breakpoints[i].address, &breakpoints[i].original) &&
                                     poke(breakpoints[i].address, &int3, 1) == 0;
}

/* In reverse, so that of two at one address the true byte comes last. */
static void lift_all(void)
{
    for (int i = BREAKPOINTS_MAX - 1; i >= 0; i--) {
        if (breakpoints[i].planted)
            poke(breakpoints[i].address, &breakpoints[i].original, 1);
        breakpoints[i].planted = false;
    }
}

static bool have_breakpoint(uint32_t address)
{
    for (int i = 0; i < BREAKPOINTS_MAX; i++)
        if (breakpoints[i].used && breakpoints[i].address == address)
            return true;
    return false;
}

/*
 * "0,address,kind" of Z (set) and z (clear); other types than software breakpoints are not
 * supported: no answer.
 */
static void change_breakpoint(const char *text, bool set)
{
    uint32_t address;
    uint8_t byte;

    if (!take_char(&text, '0') || !take_char(&text, ','))
        return;
    if (!take_number(&text, &address) || !peek(address, &byte)) {
        answer("E0e");
        return;
    }
    if (set == have_breakpoint(address)) {
        answer("OK");
        return;
    }
    for (int i = 0; i < BREAKPOINTS_MAX; i++) {
        if (breakpoints[i].used == set || (!set && breakpoints[i].address != address))
            continue;
        breakpoints[i].address = address;
        breakpoints[i].used = set;
        answer("OK");
        return;
    }
    answer("E1c");                          /* no room */
}

/* ---- the dialogue */

/* "c" and "s" may name an address to go on at. */
static void resume_at(const char *text, struct trapframe *tf)
{
    uint32_t address;

    if (take_number(&text, &address))
        tf->eip = address;
}

/* Answer packets until gdb lets the kernel go on. */
static void dialogue(struct trapframe *tf)
{
    uint32_t registers[REGISTERS];

    for (;;) {
        receive_packet();
        const char *text = packet + 1;
        reply[0] = '\0';                    /* an empty answer: not supported */
        switch (packet[0]) {
        case '?': answer("S05"); break;
        case 'g':
            read_registers(tf, registers);
            put_bytes(reply, registers, sizeof(registers));
            break;
        case 'G':
            if (take_bytes(&text, registers, sizeof(registers))) {
                write_registers(tf, registers);
                answer("OK");
            } else {
                answer("E01");
            }
            break;
        case 'm': read_memory(text); break;
        case 'M': write_memory(text); break;
        case 'Z': change_breakpoint(text, true); break;
        case 'z': change_breakpoint(text, false); break;
        case 'H': answer("OK"); break;      /* there is one thread */
        case 'q':
            if (strncmp(text, "Supported", 9) == 0)
                answer("PacketSize=400");
            else if (strncmp(text, "Attached", 8) == 0)
                answer("1");
            break;
        case 'c':
            resume_at(text, tf);
            tf->eflags &= ~EFLAGS_TF;
            return;
        case 's':
            resume_at(text, tf);
            tf->eflags |= EFLAGS_TF;
            return;
        case 'D':
            for (int i = 0; i < BREAKPOINTS_MAX; i++)
                breakpoints[i].used = false;
            tf->eflags &= ~EFLAGS_TF;
            answer("OK");
            send_once();                    /* gdb may be gone before it says that it got this */
            return;
        case 'k':
            cpu_reset();
        }
        send_reply();
    }
}

/* The kernel has stopped: tell gdb why, and let it talk. */
static void stopped(struct trapframe *tf, bool tell)
{
    lift_all();
    if (tell) {
        answer("S05");                      /* SIGTRAP */
        send_reply();
    }
    dialogue(tf);
    plant_all();
}

static void gdb_trap(struct trapframe *tf)
{
    if (tf->vector == TRAP_BREAKPOINT && have_breakpoint(tf->eip - 1))
        tf->eip--;                          /* back to the instruction under the int3 */
    stopped(tf, true);
}

void gdb_attention(struct trapframe *tf)
{
    uint8_t byte = port->get();

    begun = byte == '$';                    /* a gdb that attaches asks, and awaits no stop reply */
    if (begun || byte == GDB_INTERRUPT)
        stopped(tf, !begun);
}

void gdb_init(const struct gdb_port *new_port)
{
    port = new_port;
    trap_register(TRAP_DEBUG, gdb_trap);
    trap_register(TRAP_BREAKPOINT, gdb_trap);
}

void gdb_break(void)
{
    if (!port)
        return;
    uint32_t flags = irq_save();            /* gdb's bytes must not interrupt before the stop */
    kprintf(LOG_INFO, "waiting for gdb on COM2\n");
    breakpoint();
    irq_restore(flags);
}
