/*
 * Conformance: how a program starts. Registers, stack, arguments, environment and auxiliary vector; that each
 * segment has its own permissions and memory starts with zeros.
 *
 * System V ABI, Intel386 supplement, "Process Initialization"; getauxval(3); elf(5).
 */
#include "signal.h"

#include <linux/auxvec.h>
#include <linux/elf.h>

#define PAGE 4096u

static volatile int fault_signal, fault_code;
static volatile unsigned go_on;
static char cleared[3 * PAGE];                          /* .bss */
static volatile int data = 77;                          /* .data */
static struct { unsigned type, value; } *vector;

static void fault(int number, struct info *info, struct ucontext *context)
{
    fault_signal = number;
    fault_code = info->code;
    context->context.eip = go_on;
}

static void write_to(const char *what, const volatile void *address)
{
    fault_signal = fault_code = 0;
    __asm__ volatile("movl $1f, %0\n\tmovb (%1), %%al\n\tmovb %%al, (%1)\n1:" : "=m"(go_on) : "r"(address) : "eax", "memory");
    say("write to %s: signal %d code %d\n", what, fault_signal, fault_code);
}

static unsigned value_of(unsigned type, int *there)
{
    for (int i = 0; vector[i].type != AT_NULL; i++) {
        if (vector[i].type == type) {
            *there = 1;
            return vector[i].value;
        }
    }
    *there = 0;
    return 0;
}

static void stack(void)
{
    char **end = environment;
    unsigned last, first = (unsigned)arguments;
    int in_order = 1;

    while (*end)
        end++;
    vector = (void *)(end + 1);
    yes("argc is at an address that 16 divides", (first - 4) % 16 == 0);
    yes("argv ends with NULL", arguments[argument_count] == NULL);
    yes("strings lie above the vectors", (unsigned)arguments[0] > (unsigned)vector);
    last = (unsigned)arguments[0];
    for (int i = 1; i < argument_count; i++) {
        in_order &= (unsigned)arguments[i] == last + length((char *)last) + 1;
        last = (unsigned)arguments[i];
    }
    for (char **e = environment; *e; e++) {
        in_order &= (unsigned)*e == last + length((char *)last) + 1;
        last = (unsigned)*e;
    }
    yes("strings follow each other", in_order);
    yes("the stack is below 0xc0000000", last < 0xc0000000u && last > 0x80000000u);
}

extern char __ehdr_start[], _start[];

static void auxiliary(void)
{
    static const struct { unsigned type; const char *name; } known[] = {
        { AT_PHDR, "AT_PHDR" }, { AT_PHENT, "AT_PHENT" }, { AT_PHNUM, "AT_PHNUM" }, { AT_PAGESZ, "AT_PAGESZ" },
        { AT_BASE, "AT_BASE" }, { AT_FLAGS, "AT_FLAGS" }, { AT_ENTRY, "AT_ENTRY" }, { AT_UID, "AT_UID" },
        { AT_EUID, "AT_EUID" }, { AT_GID, "AT_GID" }, { AT_EGID, "AT_EGID" }, { AT_SECURE, "AT_SECURE" },
        { AT_RANDOM, "AT_RANDOM" }, { AT_EXECFN, "AT_EXECFN" }, { AT_PLATFORM, "AT_PLATFORM" }, { AT_CLKTCK, "AT_CLKTCK" },
        { AT_HWCAP, "AT_HWCAP" },
    };
    const Elf32_Ehdr *header = (const Elf32_Ehdr *)__ehdr_start;
    unsigned edx, zeros = 0;
    const uint8 *random;
    int there;

    for (unsigned i = 0; i < ARRAY_SIZE(known); i++) {
        value_of(known[i].type, &there);
        say("%s %s\n", known[i].name, there ? "is there" : "is missing");
    }
    say("page size %u, entry %s, %u ids, base %u, flags %u, secure %u, ticks %u\n", value_of(AT_PAGESZ, &there),
        value_of(AT_ENTRY, &there) == (unsigned)_start ? "right" : "?", value_of(AT_UID, &there) + value_of(AT_EGID, &there),
        value_of(AT_BASE, &there), value_of(AT_FLAGS, &there), value_of(AT_SECURE, &there), value_of(AT_CLKTCK, &there));
    yes("program headers", value_of(AT_PHDR, &there) == (unsigned)__ehdr_start + header->e_phoff
        && value_of(AT_PHNUM, &there) == header->e_phnum && value_of(AT_PHENT, &there) == 32);
    say("name %s\n", (const char *)value_of(AT_EXECFN, &there));
    say("platform %s\n", (const char *)value_of(AT_PLATFORM, &there));
    __asm__("cpuid" : "=d"(edx) : "a"(1) : "ebx", "ecx");
    yes("AT_HWCAP has what CPUID has", ((value_of(AT_HWCAP, &there) ^ edx) & 0x0000ffff & ~(1u << 9)) == 0);
    random = (const uint8 *)value_of(AT_RANDOM, &there);
    for (int i = 0; i < 16; i++)
        zeros += random[i] == 0;
    yes("random bytes are random", zeros < 8);
}

static void segments(void)
{
    size_t wrong = 0;

    for (size_t i = 0; i < sizeof(cleared); i++)
        wrong += cleared[i] != 0;
    show("bytes of .bss that are not 0", (long)wrong);
    show("data", data);
    write_to("data", &data);
    write_to("constants", "constants");
    write_to("code", (const volatile void *)_start);
    write_to("the headers", __ehdr_start);
    write_to(".bss", cleared + PAGE);
    write_to("the stack", arguments);
    write_to("below the lowest page that may be mapped", (const volatile void *)4096);
    yes("brk starts behind .bss", (unsigned)sys(brk, 0) >= (unsigned)cleared + sizeof(cleared));
}

/* What of the processor's state a program's first instructions leave as it was. */
static void processor(void)
{
    unsigned short control, status, selectors[4];
    unsigned flags;

    __asm__ volatile("fnstcw %0\n\tfnstsw %1" : "=m"(control), "=m"(status));
    __asm__ volatile("movw %%ds, %0\n\tmovw %%es, %1\n\tmovw %%fs, %2\n\tmovw %%gs, %3"
                     : "=m"(selectors[0]), "=m"(selectors[1]), "=m"(selectors[2]), "=m"(selectors[3]));
    __asm__ volatile("pushfl\n\tpopl %0" : "=r"(flags));
    say("x87 control %x status %x\n", control, status);
    say("DS is ES: %d, FS %x, GS %x\n", selectors[0] == selectors[1], selectors[2], selectors[3]);
    say("DF %d, TF %d, IF %d, IOPL %d\n", flags >> 10 & 1, flags >> 8 & 1, flags >> 9 & 1, flags >> 12 & 3);
}

/* execve gives another program a fresh state, whatever this one's was. The name it gets has no slash. */
static void again(void)
{
    char *words[] = { "another name", NULL };
    long child;

    __asm__ volatile("fninit\n\tfldcw %0\n\tfldz\n\tstd" : : "m"((const unsigned short){ 0x77f }));
    __asm__ volatile("cld");
    child = fork_process();
    if (child == 0)
        sys(execve, arguments[0], words, environment);
    reap("run again", child);
}

static void check_all(void)
{
    if (argument_count == 1 && arguments[0][0] != '/') {
        processor();
        leave(0);
    }
    set_action(SIGSEGV, fault, SA_SIGINFO, 0);
    processor();
    stack();
    auxiliary();
    segments();
    again();
}
