/*
 * Traps in the middle of calls, and what becomes of them in handlers that call further: for what a
 * backtrace shows of the interrupted code. These end in a panic; the backtrace is the result.
 */
#include "ktest.h"
#include "debug/panic.h"
#include "x86/trap.h"

static volatile uint32_t zero, done;

static __attribute__((noinline)) void nested_leaf(void)
{
    done++;
}

/*
 * Neither inlined nor jumped to, since something follows each call; and with a frame before
 * anything happens, since there is a call first.
 */
#define NESTED(name, call)                                                                         \
    static __attribute__((noinline)) void name(void)                                               \
    {                                                                                              \
        nested_leaf();                                                                             \
        call;                                                                                      \
        done++;                                                                                    \
    }

NESTED(nested_inner, __asm__ volatile("ud2"))
NESTED(nested_middle, nested_inner())
NESTED(nested_outer, nested_middle())

NESTED(nested_panic, panic("asked for in a handler"))
NESTED(nested_divide, done = 1000 / zero)

static void panic_handler(struct trapframe *tf)
{
    nested_panic();
    tf->eip += 2;
}

static void divide_handler(struct trapframe *tf)
{
    nested_divide();
    tf->eip += 2;
}

static void run_with(trap_handler handler)
{
    ktest_report("inner %p", nested_inner);
    trap_register(TRAP_INVALID_OPCODE, handler);
    nested_outer();
}

/* A handler panics. */
KTEST(panic_in_handler)
{
    run_with(panic_handler);
}

/* An exception in the handler of another, which nobody handles. */
KTEST(exception_in_handler)
{
    run_with(divide_handler);
}

static __attribute__((noinline)) uint32_t nested_deeply(unsigned depth)
{
    uint32_t n = depth ? nested_deeply(depth - 1) + 1 : 0;

    if (depth == 0)
        panic("deep");
    done++;
    return n;
}

/* More calls than a backtrace has lines. */
KTEST(panic_deep)
{
    ktest_report("depth %u", nested_deeply(100));
}

/* A pointer to a function that leads into memory of no function's, behind all that have names. */
KTEST(panic_astray)
{
    static const uint8_t ud2[] = { 0x0f, 0x0b };
    static uint8_t somewhere[sizeof(ud2)];
    void (*volatile function)(void) = (void (*)(void))(uintptr_t)somewhere;

    somewhere[0] = ud2[0];
    somewhere[1] = ud2[1];
    function();
    done++;
}
