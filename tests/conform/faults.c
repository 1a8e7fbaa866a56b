/*
 * Conformance: signals from what a program does wrong, and what a handler finds and leaves: si_code and
 * si_addr, the trap's number and error code, every register across a handler, the x87 unit.
 *
 * sigaction(2), sigreturn(2); SDM 3A, 6.15 for the exceptions; arch/x86/include/uapi/asm/sigcontext.h.
 */
#include "signal.h"

#define PROT_RW (1 | 2)
#define MAP_PRIVATE_ANON 0x22
#define KERNEL_ADDRESS 0xc0100000u

static volatile int code_seen, trap_seen, error_seen;
static volatile unsigned address_seen, cr2_seen, eip_seen;
static volatile unsigned go_on;         /* where the handler sends the program */

/* Notes all, and goes on at `go_on`. */
static void fault(int number, struct info *info, struct ucontext *context)
{
    (void)number;
    code_seen = info->code;
    address_seen = (unsigned)info->address;
    trap_seen = (int)context->context.trapno;
    error_seen = (int)context->context.err;
    cr2_seen = context->context.cr2;
    eip_seen = context->context.eip;
    context->context.eip = go_on;
    context->context.eflags &= ~0x100u;         /* no more single steps */
}

/*
 * Run code that faults: `instruction` with EAX = value. The handler goes on behind it. The address of the
 * instruction itself is at `at`.
 */
#define PROVOKE(instruction, value, at)                                                           \
    __asm__ volatile("movl $2f, %1\n\tmovl $1f, %0\n1:\t" instruction "\n2:"                        \
                     : "=m"(at), "=m"(go_on)                                                        \
                     : "a"(value)                                                                   \
                     : "ecx", "edx", "memory", "cc")

static void report(const char *what, unsigned at, unsigned expected)
{
    say("%s: code %d, trap %d, error %x, ", what, code_seen, trap_seen, (unsigned)error_seen);
    say("si_addr %s, ", address_seen == expected ? "right" : address_seen == at ? "eip" : address_seen == 0 ? "0" : "?");
    say("eip %s\n", eip_seen == at ? "at it" : eip_seen == go_on ? "behind it" : "?");
    code_seen = trap_seen = error_seen = -1;
    address_seen = eip_seen = 0x12345678;
}

static void page_faults(void)
{
    char *page = (char *)sys(mmap2, 0, 4096, 1, MAP_PRIVATE_ANON, -1, 0);
    unsigned at;

    set_action(SIGSEGV, fault, SA_SIGINFO, 0);
    PROVOKE("movl (%%eax), %%ecx", 0, at);
    report("read 0", at, 0);
    PROVOKE("movl %%ecx, (%%eax)", 8, at);
    report("write 8", at, 8);
    PROVOKE("movl %%ecx, (%%eax)", page, at);
    report("write a read-only page", at, (unsigned)page);
    yes("cr2", cr2_seen == (unsigned)page);
    PROVOKE("movl (%%eax), %%ecx", page, at);
    say("read of it: code %d\n", code_seen);
    PROVOKE("movl (%%eax), %%ecx", KERNEL_ADDRESS, at);
    say("read the kernel: code %d, trap %d, error %x, address %s\n", code_seen, trap_seen, error_seen & 6,
        address_seen == KERNEL_ADDRESS ? "right" : "?");
    PROVOKE("movl %%ecx, (%%eax)", KERNEL_ADDRESS, at);
    say("write the kernel: code %d, error %x\n", code_seen, error_seen & 6);
    sys(munmap, page, 4096);
    PROVOKE("movl (%%eax), %%ecx", page, at);
    report("read what is unmapped", at, (unsigned)page);
    PROVOKE("movl -2(%%eax), %%ecx", page, at);
    report("read across a border", at, (unsigned)page - 2);
    PROVOKE("call *%%eax\n\t", 0x10, at);
    say("call 16: code %d, address %s\n", code_seen, address_seen == 0x10 && eip_seen == 0x10 ? "right" : "?");
    __asm__ volatile("popl %%ecx" : : : "ecx", "memory");       /* what the call pushed */
}

static void other_faults(void)
{
    unsigned at;

    set_action(SIGFPE, fault, SA_SIGINFO, 0);
    set_action(SIGILL, fault, SA_SIGINFO, 0);
    set_action(SIGTRAP, fault, SA_SIGINFO, 0);
    set_action(SIGBUS, fault, SA_SIGINFO, 0);
    PROVOKE("xorl %%ecx, %%ecx\n\txorl %%edx, %%edx\n\tdivl %%ecx", 5, at);
    say("divide by 0: code %d, trap %d, error %x, si_addr is eip: %d\n", code_seen, trap_seen, (unsigned)error_seen,
        address_seen == eip_seen);
    PROVOKE("ud2", 0, at);
    report("an instruction that does not exist", at, at);
    PROVOKE("int3", 0, at);
    report("a breakpoint", at, 0);
    PROVOKE("hlt", 0, at);
    report("hlt", at, 0);
    PROVOKE("cli", 0, at);
    report("cli", at, 0);
    PROVOKE("inb $0x60, %%al", 0, at);
    report("inb", at, 0);
    PROVOKE("int $0x81", 0, at);
    report("int 0x81", at, 0);
    PROVOKE("int $0x0e", 0, at);
    report("int 14", at, 0);
    PROVOKE("movw %%ax, %%es", 0x1234, at);
    report("a selector that does not exist", at, 0);
    PROVOKE("movl %%eax, %%cr3", 0, at);
    report("a control register", at, 0);
    PROVOKE("int $4", 0, at);
    report("int 4 as into has it", at, 0);
    PROVOKE("pushfl\n\torl $0x100, (%%esp)\n\tpopfl\n\tnop\n\tnop", 0, at);
    say("single step: code %d, trap %d\n", code_seen, trap_seen);
}

static void float_faults(void)
{
    static const unsigned short all_off = 0x37f, divide_on = 0x37b;
    static const float one = 1, zero = 0;

    code_seen = trap_seen = -1;
    __asm__ volatile("movl $1f, %0\n\tfninit\n\tfldcw %1\n\tflds %2\n\tfdivs %3\n\tfwait\n1:\tfninit\n\tfldcw %4"
                     : "=m"(go_on) : "m"(divide_on), "m"(one), "m"(zero), "m"(all_off) : "memory");
    say("x87 divide by 0: code %d, trap %d\n", code_seen, trap_seen);
}

/* Faults that no handler may answer: the process dies of them. */
static void deadly(const char *what, void *handler, uint64 mask)
{
    long child = fork_process();

    if (child == 0) {
        set_action(SIGSEGV, handler, 0, 0);
        change_mask(SIG_SETMASK, mask);
        *(volatile int *)16 = 1;
        leave(0);
    }
    reap(what, child);
}

static void never(int number)
{
    (void)number;
    say("the handler ran\n");
    leave(3);
}

static char other_stack[8192];

static void bad_stacks(void)
{
    struct stack stack = { other_stack, 0, sizeof(other_stack) };
    long child = fork_process();

    if (child == 0) {
        set_action(SIGSEGV, never, 0, 0);
        __asm__ volatile("movl $64, %%esp\n\tpushl %%eax" : : : "memory");
        leave(0);
    }
    reap("a fault without a stack", child);
    child = fork_process();
    if (child == 0) {
        sys(sigaltstack, &stack, NULL);
        set_action(SIGSEGV, never, SA_ONSTACK, 0);
        __asm__ volatile("movl $64, %%esp\n\tpushl %%eax" : : : "memory");
        leave(0);
    }
    reap("with an alternate one", child);
    child = fork_process();
    if (child == 0) {
        __asm__ volatile("movl $64, %%esp\n\tmovl $173, %%eax\n\tint $0x80" : : : "memory");
        leave(0);
    }
    reap("rt_sigreturn without a frame", child);
    child = fork_process();
    if (child == 0) {
        set_action(SIGUSR1, never, 0, 0);
        __asm__ volatile("movl $64, %%esp\n\tmovl $20, %%eax\n\tint $0x80\n\tmovl %%eax, %%ebx\n\tmovl $10, %%ecx\n\t"
                         "movl $37, %%eax\n\tint $0x80" : : : "memory");
        leave(0);
    }
    reap("a handler without a stack", child);
}

static void privileges(void)
{
    long child = fork_process();

    if (child == 0) {
        /* A frame that asks for the kernel's selectors. */
        set_action(SIGUSR1, fault, SA_SIGINFO, 0);
        __asm__ volatile("movl $1f, %0\n\tmovl %1, %%ebx\n\tmovl $10, %%ecx\n\tmovl $37, %%eax\n\tint $0x80\n1:"
                         : "=m"(go_on) : "r"(own_pid()) : "eax", "ebx", "ecx", "memory");
        __asm__ volatile("pushfl\n\tpopl %%eax\n\torl $0x3000, %%eax\n\tpushl %%eax\n\tpopfl" : : : "eax", "cc");
        set_action(SIGSEGV, SIG_DFL, 0, 0);
        __asm__ volatile("cli");
        leave(0);
    }
    reap("flags that popf cannot give", child);
}

/* ---- registers ---- */

volatile int ticked __attribute__((used));
static volatile unsigned changed;

static void clobber(int number)
{
    (void)number;
    __asm__ volatile("movl $-1, %%eax\n\tmovl %%eax, %%ecx\n\tmovl %%eax, %%edx\n\tmovl %%eax, %%ebx\n\t"
                     "movl %%eax, %%esi\n\tmovl %%eax, %%edi\n\tfninit\n\tfldz\n\tfldz\n\tfldz"
                     : : : "eax", "ecx", "edx", "ebx", "esi", "edi", "memory");
    ticked = 1;
}

static void clobber_info(int number, struct info *info, struct ucontext *context)
{
    (void)info;
    clobber(number);
    context->context.ebx += changed;
}

/*
 * Load all registers, spin until a signal has come, store them. The signal comes between two instructions
 * of the loop, whichever these are.
 */
unsigned after[8] __attribute__((used)), flags_after __attribute__((used));

extern void spin_with_registers(void);
__asm__("spin_with_registers:\n\tpushal\n\tmovl %esp, saved_esp\n\t"
        "movl $0x11111111, %eax\n\tmovl $0x22222222, %ebx\n\tmovl $0x33333333, %ecx\n\tmovl $0x44444444, %edx\n\t"
        "movl $0x55555555, %esi\n\tmovl $0x66666666, %edi\n\tmovl $0x77777777, %ebp\n\t"
        "stc\n\tstd\n1:\tcmpl $0, ticked\n\tje 1b\n\t"
        "movl %eax, after\n\tmovl %ebx, after+4\n\tmovl %ecx, after+8\n\tmovl %edx, after+12\n\t"
        "movl %esi, after+16\n\tmovl %edi, after+20\n\tmovl %ebp, after+24\n\tmovl %esp, after+28\n\t"
        "pushfl\n\tpopl flags_after\n\tcld\n\tmovl saved_esp, %esp\n\tpopal\n\tret\n");
unsigned saved_esp __attribute__((used));

static void registers(const char *what)
{
    static const unsigned short other_control = 0x77f;          /* round up */
    unsigned short control = 0;
    double left[2] = { 0, 0 };
    static const double three = 3.25, seven = -7.5;

    ticked = 0;
    __asm__ volatile("fninit\n\tfldcw %0\n\tfldl %1\n\tfldl %2" : : "m"(other_control), "m"(three), "m"(seven));
    alarm_ms(40);
    spin_with_registers();
    __asm__ volatile("fnstcw %2\n\tfstpl %0\n\tfstpl %1\n\tfninit" : "=m"(left[1]), "=m"(left[0]), "=m"(control));
    say("%s: %x %x %x %x %x %x %x, esp %s, DF %d, x87 %s %s %x\n", what, after[0], after[1], after[2], after[3], after[4],
        after[5], after[6], after[7] == saved_esp ? "right" : "?", !!(flags_after & 0x400), left[0] == three ? "right" : "?",
        left[1] == seven ? "right" : "?", (unsigned)control);
}

static volatile unsigned inside_flags;
static volatile unsigned short inside_control;
static volatile int frame_ok, has_float;

static void look(int number, struct info *info, struct ucontext *context)
{
    unsigned flags;
    unsigned short control, code, data;

    __asm__ volatile("movw %%cs, %0\n\tmovw %%ss, %1" : "=r"(code), "=r"(data));
    __asm__ volatile("pushfl\n\tpopl %0" : "=r"(flags));
    __asm__ volatile("fnstcw %0" : "=m"(control));
    inside_flags = flags;
    inside_control = control;
    has_float = context->context.fpstate != NULL;
    frame_ok = (unsigned)context > (unsigned)info && ((unsigned)&number & 15) == 0 && info->number == number
        && context->context.cs == code && context->context.ss == data && (code & 3) == 3 && (data & 3) == 3 && code != data
        && context->context.esp_at_signal == context->context.esp;
    ticked = 1;
}

static void inside(void)
{
    set_action(SIGALRM, look, SA_SIGINFO, 0);
    registers("with a handler that looks");
    say("DF inside: %d\n", !!(inside_flags & 0x400));
    yes("x87 is as a new program has it", inside_control == 0x37f);
    yes("the frame is as it has to be", frame_ok);
    yes("x87's state is in the frame", has_float);
}

static volatile int nested;

static void nest(int number)
{
    if (++nested < 20)
        sys(kill, own_pid(), number);
    nested += 100;
}

static void check_all(void)
{
    page_faults();
    other_faults();
    float_faults();
    deadly("SIGSEGV by default", SIG_DFL, 0);
    deadly("ignored", SIG_IGN, 0);
    deadly("blocked", never, mask_of(SIGSEGV));
    bad_stacks();
    privileges();
    set_action(SIGALRM, clobber, 0, 0);
    registers("sigreturn");
    set_action(SIGALRM, clobber_info, SA_SIGINFO, 0);
    registers("rt_sigreturn");
    changed = 0x1234;
    registers("with a register changed by the handler");
    inside();
    set_action(SIGUSR1, nest, SA_NODEFER, 0);
    sys(kill, own_pid(), SIGUSR1);
    say("handlers in handlers: %d\n", nested);
}
