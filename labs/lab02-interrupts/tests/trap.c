/*
 * Gates, traps and what a trap leaves of the registers.
 */
#include "ktest.h"
#include "lib/string.h"
#include "x86/cpu.h"
#include "x86/gdt.h"
#include "x86/idt.h"
#include "x86/irqflags.h"
#include "x86/trap.h"

#define EXCEPTIONS 32
#define OTHERS 40
#define LINES_END   (TRAP_IRQ0 + 16)
#define SYSTEM_CALL 0x80
#define LATER_LABS  0xf0
#define ROUNDS 24
#define OVERFLOW 4
#define INT3 0xcc
#define EFLAGS_DF 0x400u

struct state {
    uint32_t eax, ebx, ecx, edx, esi, edi, ebp;
    uint32_t ds, es, fs, gs;                    /* 16 bits of each count */
    uint32_t eflags;                            /* stored only */
};

void raise(const struct state *before, struct state *after, const void *code);
extern const uint32_t trap_stubs[TRAP_VECTORS];

static uint32_t some_word(void)
{
    return ktest_random(0x10000) << 16 | ktest_random(0x10000);
}

KTEST(gates)
{
    for (int i = 0; i < 30; i++) {
        uint32_t handler = some_word();
        uint16_t selector = ktest_random(0x10000);
        enum gate_type type = ktest_random(2) ? GATE_INTERRUPT : GATE_TRAP;
        unsigned dpl = ktest_random(4);
        struct gate gate = gate_make(handler, selector, type, dpl);
        ktest_report("gate %x %x", gate.low, gate.high);
    }
}

/* ---- raising traps */

static uint8_t code[32];

static struct trapframe seen;
static uint32_t seen_times, seen_flags, seen_segments[4], skip;

#define READ_SEGMENT(name) \
    ({ uint32_t value; __asm__ volatile("mov %%" #name ", %0" : "=r"(value)); value & 0xffff; })

/* Keeps what it gets, and lets the code go on behind the instruction that failed. */
static void record(struct trapframe *tf)
{
    seen_flags = read_eflags();
    seen_segments[0] = READ_SEGMENT(ds);
    seen_segments[1] = READ_SEGMENT(es);
    seen_segments[2] = READ_SEGMENT(fs);
    seen_segments[3] = READ_SEGMENT(gs);
    seen = *tf;
    seen_times++;
    tf->eip += skip;
}

/*
 * Raise `vector` by what stands in code and report what the registers were before, in the frame, in
 * the handler and afterwards. EIP is reported from the start of the code.
 */
static void observe(unsigned vector, unsigned skipped, const struct state *before)
{
    struct state after;
    uint32_t flags = irq_save();
    trap_handler old = trap_register(vector, record);

    skip = skipped;
    seen_times = 0;
    memset(&seen, 0xee, sizeof(seen));
    raise(before, &after, code);
    trap_register(vector, old);
    irq_restore(flags);
    seen.eip -= (uint32_t)(uintptr_t)code;
    ktest_report_bytes("before", before, sizeof(*before) - sizeof(before->eflags));
    ktest_report_bytes("frame", &seen, sizeof(seen));
    ktest_report_bytes("after", &after, sizeof(after));
    ktest_report("handler %u %u %u %x %x %x %x", seen_times, !!(seen_flags & EFLAGS_DF),
                 !!(seen_flags & EFLAGS_IF), seen_segments[0], seen_segments[1], seen_segments[2],
                 seen_segments[3]);
}

/* A selector that can be loaded: none, the kernel's code (which can be read), its data. */
static uint32_t some_selector(void)
{
    static const uint16_t selectors[] = { 0, 3, KERNEL_CODE, KERNEL_DATA };

    return selectors[ktest_random(ARRAY_SIZE(selectors))];
}

static struct state some_state(void)
{
    struct state s = { .ds = KERNEL_DATA, .es = KERNEL_DATA, .fs = KERNEL_DATA, .gs = KERNEL_DATA };

    s.eax = some_word();
    s.ebx = some_word();
    s.ecx = some_word();
    s.edx = some_word();
    s.esi = some_word();
    s.edi = some_word();
    s.ebp = some_word();
    return s;
}

static struct state some_state_with_segments(void)
{
    struct state s = some_state();

    s.es = some_selector();
    s.fs = some_selector();
    s.gs = some_selector();
    return s;
}

static bool has_error_code(unsigned vector)
{
    return vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 ||
           vector == 29 || vector == 30;
}

static uint8_t *put_push(uint8_t *at, uint32_t value)
{
    *at++ = 0x68;                               /* push imm32 */
    memcpy(at, &value, sizeof(value));
    return at + sizeof(value);
}

/* Code that enters the vector's stub as the processor does: EFLAGS, CS, EIP and the error code. */
static void enter_stub(unsigned vector, uint32_t error)
{
    uint8_t *end = code + sizeof(code) - 1, *at = code;

    memset(code, 0x90, sizeof(code));
    *end = 0xc3;                                /* ret: from what raise() called */
    *at++ = 0x9c;                               /* pushfd */
    *at++ = 0x0e;                               /* push cs */
    at = put_push(at, (uint32_t)(uintptr_t)end);
    if (has_error_code(vector))
        at = put_push(at, error);
    at = put_push(at, trap_stubs[vector]);
    *at = 0xc3;                                 /* ret: into the stub */
}

/*
 * Every exception, and other vectors by chance: not those of the interrupt lines, which have no
 * handlers of this kind, nor those that later labs use.
 */
KTEST(software_traps)
{
    for (unsigned i = 0; i < EXCEPTIONS + OTHERS; i++) {
        unsigned vector = i < EXCEPTIONS ? i : LINES_END + ktest_random(LATER_LABS - LINES_END);
        struct state before = some_state_with_segments();
        uint32_t error = some_word();

        if (vector == SYSTEM_CALL)
            vector--;
        before.ds = ktest_random(2) ? KERNEL_CODE : KERNEL_DATA;
        enter_stub(vector, error);
        observe(vector, 0, &before);
    }
}

/* Exceptions that instructions really raise, with and without error codes. */
KTEST(real_exceptions)
{
    static const uint8_t divide[] = { 0xf7, 0xf3, 0xc3 };          /* div ebx */
    static const uint8_t undefined[] = { 0x0f, 0x0b, 0xc3 };       /* ud2 */
    static const uint8_t load_es[] = { 0x8e, 0xc0, 0xc3 };         /* mov es, ax */
    static const uint8_t read[] = { 0x8b, 0x03, 0xc3 };            /* mov eax, [ebx] */
    static const uint8_t write[] = { 0x89, 0x03, 0xc3 };           /* mov [ebx], eax */
    static const uint8_t trap[] = { 0xcc, 0xc3 };                  /* int3 */

    for (int i = 0; i < ROUNDS; i++) {
        struct state before = some_state_with_segments();
        uint32_t nowhere = 0xb0000000 + ktest_random(0x1000000);

        switch (i % 6) {
        case 0:
            before.ebx = 0;
            memcpy(code, divide, sizeof(divide));
            observe(TRAP_DIVIDE, 2, &before);
            break;
        case 1:
            memcpy(code, undefined, sizeof(undefined));
            observe(TRAP_INVALID_OPCODE, 2, &before);
            break;
        case 2:
            before.eax |= 0x1000;                   /* past the end of the GDT */
            before.eax &= ~4u;                      /* not of an LDT: nobody has set LDTR */
            memcpy(code, load_es, sizeof(load_es));
            observe(TRAP_GENERAL_PROTECTION, 2, &before);
            break;
        case 3:
            before.ebx = nowhere;
            memcpy(code, read, sizeof(read));
            observe(TRAP_PAGE_FAULT, 2, &before);
            break;
        case 4:
            before.ebx = nowhere;
            memcpy(code, write, sizeof(write));
            observe(TRAP_PAGE_FAULT, 2, &before);
            break;
        case 5:
            memcpy(code, trap, sizeof(trap));
            observe(TRAP_BREAKPOINT, 0, &before);
            break;
        }
    }
}

/* ---- the way out */

static struct trapframe *dispatched;
static uint32_t exits, exit_argument;
static uint8_t exit_code;

/* Write a byte of the kernel's code, which may be read-only. */
static void patch(void (*function)(struct trapframe *), uint8_t byte)
{
    uint32_t cr0 = read_cr0();

    write_cr0(cr0 & ~CR0_WP);
    *(volatile uint8_t *)(uintptr_t)function = byte;
    write_cr0(cr0);
}

/* A function may change its argument, and where the caller has put it. This one does. */
static void keep_frame(struct trapframe *volatile tf)
{
    dispatched = tf;
    tf = NULL;
}

/* The breakpoint at trap_exit has struck; once is enough, for this trap ends by trap_exit, too. */
static void at_exit(struct trapframe *tf)
{
    patch(trap_exit, exit_code);
    tf->eip--;
    exits++;
    exit_argument = ((uint32_t *)(uintptr_t)trap_esp(tf))[1];
}

/* Is trap_exit called before the trap returns, and with what? */
KTEST(way_out)
{
    uint32_t flags = irq_save();
    trap_handler old = trap_register(TRAP_BREAKPOINT, at_exit);
    trap_handler old_overflow = trap_register(OVERFLOW, keep_frame);

    exits = 0;
    exit_code = *(volatile uint8_t *)(uintptr_t)trap_exit;
    patch(trap_exit, INT3);
    __asm__ volatile("int $4" : : : "memory");
    patch(trap_exit, exit_code);
    trap_register(TRAP_BREAKPOINT, old);
    trap_register(OVERFLOW, old_overflow);
    irq_restore(flags);
    ktest_report("exit %u %u", exits, exit_argument == (uint32_t)(uintptr_t)dispatched);
}

/* ---- panics */

/* An exception that nobody handles, with known registers: the panic shows them. */
KTEST(unhandled_exception)
{
    struct state before = some_state(), after;

    ktest_report("registers %x %x %x %x %x %x %x", before.eax, before.ebx, before.ecx, before.edx,
                 before.esi, before.edi, before.ebp);
    code[0] = 0x0f;                                 /* ud2 */
    code[1] = 0x0b;
    ktest_report("code %p", code);
    raise(&before, &after, code);
}

KTEST(panic_twice)
{
    struct state before = some_state(), after;

    trap_unhandled((struct trapframe *)0xb0000000);         /* the panic itself faults */
    raise(&before, &after, code);
}
