/*
 * context_switch between contexts made by hand: no tasks, no scheduler.
 */
#include "outside.h"
#include "mm/map.h"
#include "x86/cpu.h"
#include "x86/paging.h"
#include "x86/switch.h"

#define SIDES  5                    /* 0: the test itself, on its own stack */
#define STEPS  120
#define STACK  1024                 /* words */
#define VA     0x50000000u          /* here the two spaces have different memory */
#define ROUNDS 16

struct call {
    uint32_t in[4], out[4];         /* edi, esi, ebx, ebp: before the call and behind it */
    uint32_t before, after;         /* esp */
    uintptr_t *save, next;
    uint32_t cr3;
};

/* switch.asm */
void switch_regs(struct call *call);
void switch_landing(void);
void switch_arrived(void) __attribute__((noreturn));

struct {
    struct context context;
    uint32_t esp;
} switch_landed;

/* What one switch did, as the other side found it. */
struct {
    uint32_t from, to;
    struct call call;
    uint32_t saved;                 /* *save, */
    struct context found;           /* what lies there, */
    uint32_t cr3, word;             /* CR3, and what stands at VA then */
} switch_log[STEPS];
uint32_t switch_steps;

/* The first arrival of each side: what its context was to be, and what was in the registers. */
struct {
    struct context wanted, seen;
    uint32_t top, esp;
} switch_first[SIDES];

static uint32_t stacks[SIDES][STACK];
static uintptr_t saved[SIDES];
static uint32_t here;               /* the side that runs */

static pde_t other_directory[TABLE_SIZE] __attribute__((aligned(4096)));
static pte_t tables[2][TABLE_SIZE] __attribute__((aligned(4096)));
static uint32_t frames[2][TABLE_SIZE] __attribute__((aligned(4096)));
uint32_t switch_spaces[2], switch_words[2];

static volatile uint32_t *const place = (uint32_t *)VA;

/* Two spaces: the kernel's, and a copy of it, with memory at VA. */
static void make_spaces(void)
{
    for (unsigned i = 0; i < 2; i++) {
        frames[i][0] = switch_words[i] = random32();
        tables[i][0] = virt_to_phys(frames[i]) | PTE_PRESENT | PTE_WRITE;
    }
    for (unsigned i = 0; i < TABLE_SIZE; i++)
        other_directory[i] = kernel_directory[i];
    kernel_directory[pde_index(VA)] = virt_to_phys(tables[0]) | PTE_PRESENT | PTE_WRITE;
    other_directory[pde_index(VA)] = virt_to_phys(tables[1]) | PTE_PRESENT | PTE_WRITE;
    switch_spaces[0] = virt_to_phys(kernel_directory);
    switch_spaces[1] = virt_to_phys(other_directory);
    write_cr3(switch_spaces[0]);
}

/* Somebody has switched to this side. */
static void arrived(uint32_t side)
{
    unsigned n = switch_steps - 1;
    uint32_t at = switch_log[n].saved = *switch_log[n].call.save;
    uint32_t before = switch_log[n].call.before;

    here = side;
    if (at <= before && at >= before - 256)
        switch_log[n].found = *(struct context *)(uintptr_t)at;
    switch_log[n].cr3 = read_cr3();
    switch_log[n].word = *place;
}

/* Switch to another side, and to either space. The last step leads back to the test. */
static void hop(void)
{
    unsigned n = switch_steps++;
    uint32_t from = here, to = (from + 1 + ktest_random(SIDES - 1)) % SIDES;
    struct call *call = &switch_log[n].call;

    if (n == STEPS - 1 && from != 0)
        to = 0;
    for (int i = 0; i < 4; i++)
        call->in[i] = random32();
    call->cr3 = switch_spaces[ktest_random(2)];
    call->save = &saved[from];
    call->next = saved[to];
    switch_log[n].from = from;
    switch_log[n].to = to;
    switch_regs(call);
    arrived(from);
}

void switch_arrived(void)
{
    uint32_t side = switch_log[switch_steps - 1].to;

    arrived(side);
    switch_first[side].seen = switch_landed.context;
    switch_first[side].esp = switch_landed.esp;
    for (;;)
        hop();
}

/* A context at the top of the side's stack. */
static void make_side(uint32_t side)
{
    struct context *context = (struct context *)(stacks[side] + STACK - 16);

    context->edi = random32();
    context->esi = random32();
    context->ebx = random32();
    context->ebp = random32();
    context->eip = (uint32_t)(uintptr_t)switch_landing;
    switch_first[side].wanted = *context;
    switch_first[side].top = (uint32_t)(uintptr_t)(context + 1);
    saved[side] = (uintptr_t)context;
}

/* Halts, with all that happened in switch_log and switch_first. */
KTEST(switch_sides)
{
    make_spaces();
    for (uint32_t side = 1; side < SIDES; side++)
        make_side(side);
    while (switch_steps < STEPS)
        hop();
    stay();
}

/* What stood at VA after each round, and whether the round was through the other space. */
uint32_t switch_stale[ROUNDS], switch_through[ROUNDS];

uint32_t switch_home;               /* what switch_bounce goes back to: CR3, and the stack */
uintptr_t switch_test, switch_bounced;
void switch_bounce(void);           /* switch.asm */

static uint32_t round_stack[STACK];

/* Have VA's entry in the first space lead to this frame; the processor is not told. */
static void change_entry(unsigned frame)
{
    *(volatile pte_t *)&tables[0][0] = virt_to_phys(frames[frame]) | PTE_PRESENT | PTE_WRITE;
}

/*
 * Is the TLB emptied? The entry for VA is changed behind the processor's back, from one frame to
 * the other: as long as the TLB is not emptied, the first one stays in sight. A round is a switch
 * and one back, in the same space, or through the other one. Halts.
 */
KTEST(switch_tlb)
{
    struct context *context = (struct context *)(round_stack + STACK - 16);

    make_spaces();
    switch_home = switch_spaces[0];
    for (unsigned n = 0; n < ROUNDS; n++) {
        switch_through[n] = ktest_random(2);
        *context = (struct context){ .eip = (uint32_t)(uintptr_t)switch_bounce };
        change_entry(0);
        write_cr3(switch_home);
        if (*place != switch_words[0])
            stay_without("memory");
        change_entry(1);
        context_switch(&switch_test, (uintptr_t)context, switch_spaces[switch_through[n]]);
        switch_stale[n] = *place;
    }
    stay();
}
