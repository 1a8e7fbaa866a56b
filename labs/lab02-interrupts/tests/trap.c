/*
 * Gates, traps and what a trap leaves of the registers.
 */
#include "ktest.h"
#include "lib/string.h"
#include "x86/cpu.h"
#include "x86/idt.h"
#include "x86/irqflags.h"
#include "x86/trap.h"

#define ROUNDS 24

void raise(const uint32_t before[7], uint32_t after[7], const void *code);
extern uint32_t raise_flags;

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

static struct trapframe seen;
static uint32_t seen_esp, seen_times, skip;
static bool seen_interrupts;

/* Keeps what it gets, and lets the code go on behind the instruction that failed. */
static void record(struct trapframe *tf)
{
    seen = *tf;
    seen_esp = trap_esp(tf);
    seen_interrupts = irq_enabled();
    seen_times++;
    tf->eip += skip;
}

static uint8_t code[16];

/* Raise `vector` by `n` bytes of code, the last of which is ret; report the frame and the registers before and after. */
static void observe(unsigned vector, unsigned n, unsigned skipped, uint32_t before[7])
{
    uint32_t after[7];
    trap_handler old = trap_register(vector, record);

    skip = skipped;
    seen_times = 0;
    memset(&seen, 0xee, sizeof(seen));
    raise(before, after, code);
    trap_register(vector, old);
    ktest_report("raise %u %u", vector, n);
    ktest_report("before %x %x %x %x %x %x %x", before[0], before[1], before[2], before[3], before[4], before[5], before[6]);
    ktest_report("frame %x %x %x %x %x %x %x", seen.eax, seen.ebx, seen.ecx, seen.edx, seen.esi, seen.edi, seen.ebp);
    ktest_report("after %x %x %x %x %x %x %x", after[0], after[1], after[2], after[3], after[4], after[5], after[6]);
    ktest_report("trap %u %u %x %x", seen_times, seen.vector, seen.error, seen.eip - (uint32_t)(uintptr_t)code);
    ktest_report("segments %x %x %x %x %x", seen.cs & 0xffff, seen.ds & 0xffff, seen.es & 0xffff, seen.fs & 0xffff, seen.gs & 0xffff);
    ktest_report("flags %x %x %u", seen.eflags & 0x400, raise_flags & 0x400, seen_interrupts);
}

static void some_registers(uint32_t r[7])
{
    for (int i = 0; i < 7; i++)
        r[i] = some_word();
}

/* int N for vectors whose frame has no error code: what the instruction pushes is what such an exception pushes. */
KTEST(software_traps)
{
    static const uint8_t vectors[] = { 0, 1, 2, 3, 4, 5, 6, 7, 9, 15, 16, 18, 19, 20, 22, 28, 31 };
    uint32_t before[7];

    for (int i = 0; i < ROUNDS; i++) {
        unsigned vector = ktest_random(2) ? vectors[ktest_random(sizeof(vectors))] : 0x30 + ktest_random(0x50);
        some_registers(before);
        code[0] = 0xcd;                             /* int N; ret */
        code[1] = vector;
        code[2] = 0xc3;
        observe(vector, 2, 0, before);
    }
}

/* Exceptions that instructions really raise, with and without error codes. */
KTEST(real_exceptions)
{
    static const uint8_t divide[] = { 0xf7, 0xf3, 0xc3 };          /* div ebx */
    static const uint8_t undefined[] = { 0x0f, 0x0b, 0xc3 };       /* ud2 */
    static const uint8_t load_ds[] = { 0x8e, 0xd8, 0xc3 };         /* mov ds, ax */
    static const uint8_t read[] = { 0x8b, 0x03, 0xc3 };            /* mov eax, [ebx] */
    static const uint8_t write[] = { 0x89, 0x03, 0xc3 };           /* mov [ebx], eax */
    static const uint8_t breakpoint_code[] = { 0xcc, 0xc3 };       /* int3 */
    uint32_t before[7];

    for (int i = 0; i < ROUNDS; i++) {
        unsigned kind = ktest_random(6);
        some_registers(before);
        switch (kind) {
        case 0:
            before[1] = 0;
            memcpy(code, divide, sizeof(divide));
            observe(TRAP_DIVIDE, 2, 2, before);
            break;
        case 1:
            memcpy(code, undefined, sizeof(undefined));
            observe(TRAP_INVALID_OPCODE, 2, 2, before);
            break;
        case 2:
            before[0] |= 0x1000;                    /* past the end of any table here */
            memcpy(code, load_ds, sizeof(load_ds));
            observe(TRAP_GENERAL_PROTECTION, 2, 2, before);
            break;
        case 3:
            before[1] = 0xb0000000 + ktest_random(0x1000000);
            memcpy(code, read, sizeof(read));
            observe(TRAP_PAGE_FAULT, 2, 2, before);
            break;
        case 4:
            before[1] = 0xb0000000 + ktest_random(0x1000000);
            memcpy(code, write, sizeof(write));
            observe(TRAP_PAGE_FAULT, 2, 2, before);
            break;
        case 5:
            memcpy(code, breakpoint_code, sizeof(breakpoint_code));
            observe(TRAP_BREAKPOINT, 1, 0, before);
            break;
        }
    }
}

/* An exception that nobody handles, with known registers: the panic shows them. */
KTEST(unhandled_exception)
{
    uint32_t before[7], after[7];

    some_registers(before);
    ktest_report("registers %x %x %x %x %x %x %x", before[0], before[1], before[2], before[3], before[4], before[5], before[6]);
    code[0] = 0x0f;
    code[1] = 0x0b;
    ktest_report("code %p", code);
    raise(before, after, code);
}

KTEST(panic_twice)
{
    uint32_t before[7], after[7];

    some_registers(before);
    trap_unhandled((struct trapframe *)0xb0000000);         /* the panic itself faults */
    raise(before, after, code);
}
