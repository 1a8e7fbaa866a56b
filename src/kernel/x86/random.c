/*
 * A pool of 128 bits that every event stirs; what comes out is the pool, stirred once more.
 *
 * The mixing is xorshift128 (Marsaglia, Journal of Statistical Software 8 (14), 2003): fast and
 * well spread, but who sees some output can compute the pool. Enough for canaries and hash seeds.
 */
#include "x86/random.h"
#include "lib/cmdline.h"
#include "x86/cpu.h"
#include "x86/irqflags.h"

#define CPUID_RDRAND (1u << 30)     /* function 1, ECX */

bool rdrand(uint32_t *value);       /* random.asm: false if the CPU has no number ready */

static uint32_t pool[4] = { 1 };    /* never all zero; changes with interrupts off */
static bool has_rdrand, fixed;

/* The next 32 bits, with `more` mixed in. */
static uint32_t stir(uint32_t more)
{
    uint32_t t = pool[3] ^ pool[3] << 11;

    t ^= t >> 8;
    pool[3] = pool[2];
    pool[2] = pool[1];
    pool[1] = pool[0];
    pool[0] ^= pool[0] >> 19 ^ t ^ more;
    if (!(pool[0] | pool[1] | pool[2] | pool[3]))
        pool[0] = 1;
    return pool[0];
}

static uint32_t fresh(void)
{
    uint32_t value = 0;

    if (fixed)
        return 0;
    if (has_rdrand)
        rdrand(&value);
    return value ^ (uint32_t)read_tsc();
}

void random_stir(void)
{
    uint32_t flags = irq_save();

    stir(fresh());
    irq_restore(flags);
}

void random_bytes(void *to, size_t n)
{
    uint8_t *byte = to;
    uint32_t flags = irq_save(), word = 0;

    for (size_t i = 0; i < n; i++, word >>= 8) {
        if (i % 4 == 0)
            word = stir(fresh());
        byte[i] = word;
    }
    irq_restore(flags);
}

uint32_t random_word(void)
{
    uint32_t word;

    random_bytes(&word, sizeof(word));
    return word;
}

void random_init(const char *cmdline)
{
    char seed[11] = "";

    fixed = cmdline_find(cmdline, "ktest", NULL, 0);
    has_rdrand = cpuid_more_features() & CPUID_RDRAND;
    if (fixed)
        cmdline_find(cmdline, "seed", seed, sizeof(seed));
    for (const char *digit = seed; *digit; digit++)
        stir(*digit);
    for (int i = 0; i < 16; i++)
        stir(fresh());
}
