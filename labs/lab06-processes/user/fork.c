/*
 * Programs that become two.
 */
#include "user.h"
#include "abi/sched.h"
#include "abi/signal.h"
#include "fork_calls.h"

#define TLS_SELECTOR(entry) ((entry) << 3 | 3)
#define STATUS_FLAGS 0xcd5          /* carry, parity, adjust, zero, sign, direction, overflow */
#define CHILD_STACK 2048

uint32_t fork_in[9], fork_out[2][16];
void fork_call(void);
void fork_child(void);

static void note(uint32_t tag, const uint32_t *words, uint32_t n)
{
    call3(FORK_NOTE, tag, words, n);
}

/* ---- memory */

static uint32_t page_of(uint32_t n)
{
    return n < FORK_PAGES ? FORK_PRIVATE + n * FORK_STRIDE : FORK_SHARED + (n - FORK_PAGES) * 4096;
}

/* Is this the child? If there is none, all is over, and the test is told why. */
static bool becomes_two(void)
{
    long answer = call0(NR_fork);

    if (answer < 0) {
        note(FORK_PARENT, (uint32_t *)&answer, 1);
        leave(1);
    }
    return answer == 0;
}

/*
 * All processes go through the same steps, and each does its own: it writes a word, or becomes two.
 * Which ones, the seed says.
 */
PROGRAM(fork_memory)
{
    uint32_t random = argument, me = 0, there = 1;

    for (uint32_t step = 0; step < FORK_STEPS; step++) {
        uint32_t who = next_random(&random) % there, page = next_random(&random) % (2 * FORK_PAGES);
        uint32_t at = next_random(&random) % 1024 * 4, word = next_random(&random);
        bool forks = step == FORK_STEPS / 4 || step == FORK_STEPS / 2;
        if (who == me) {
            call1(FORK_TURN, step);
            if (!forks)
                *(volatile uint32_t *)(page_of(page) + at) = word;
            else if (becomes_two())
                me = there;
            if (!forks || who != me)
                call2(FORK_DONE, step, me);
        }
        there += forks;
    }
    call1(FORK_TURN, FORK_STEPS);
    if (me == 0)
        stay();
    call0(FORK_HOLD);
    return 0;
}

/* ---- registers */

static struct {
    uint32_t parent_tid, child_tid, own_word, child_word;
    struct user_desc own_tls, child_tls;
} place;

static uint32_t stack[CHILD_STACK / 4] __attribute__((aligned(16)));

/* What there is in memory now, as the calling thread sees it, behind its registers. */
static void note_all(uint32_t tag)
{
    uint32_t *out = fork_out[tag];

    out[FORK_REGISTERS] = place.parent_tid;
    out[FORK_REGISTERS + 1] = place.child_tid;
    __asm__ volatile("movl %%gs:0, %0" : "=r"(out[FORK_REGISTERS + 2]));
    note(tag, out, FORK_REGISTERS + 3);
}

void fork_child(void)
{
    note_all(FORK_CHILD);
    for (;;)
        call1(NR_exit, 0);
}

static void set_segments(void)
{
    const struct user_desc tls = { ~0u, (uint32_t)&place.own_word, 0xfffff,
                                   DESC_32BIT | DESC_PAGES | DESC_USEABLE };

    place.own_tls = tls;
    call1(NR_set_thread_area, &place.own_tls);
    place.child_tls = place.own_tls;
    place.child_tls.base = (uint32_t)&place.child_word;
    __asm__ volatile("movl %0, %%gs\n\t"
                     "movl %1, %%fs"
                     : : "r"(TLS_SELECTOR(place.own_tls.entry_number)), "r"(0));
}

/* The arguments of clone() that the case wants; it ignores the others. */
static void set_case(enum fork_case which)
{
    static const uint32_t flags[] = {
        [FORK_TIDS] = SIGCHLD | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID,
        [FORK_MEMORY] = SIGCHLD | CLONE_VM | CLONE_PARENT_SETTID,
        [FORK_THREAD] = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
                        CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID,
        [FORK_SIBLING] = SIGCHLD | CLONE_PARENT,
    };
    bool other_stack = which == FORK_MEMORY || which == FORK_THREAD;

    fork_in[0] = which == FORK_PLAIN ? NR_fork : NR_clone;
    if (which == FORK_PLAIN)
        return;
    fork_in[1] = flags[which];
    fork_in[2] = other_stack ? (uint32_t)(stack + CHILD_STACK / 4 - 4) : 0;
    fork_in[3] = (uint32_t)&place.parent_tid;
    fork_in[4] = (uint32_t)&place.child_tls;
    fork_in[5] = (uint32_t)&place.child_tid;
}

PROGRAM(fork_frame)
{
    uint32_t random = argument >> 3;

    for (unsigned i = 0; i < 8; i++)
        fork_in[i] = next_random(&random);
    fork_in[7] = (fork_in[7] & STATUS_FLAGS) | 0x202;
    place.own_word = next_random(&random);
    place.child_word = next_random(&random);
    place.child_tid = place.parent_tid = 77;
    set_case(argument & 7);
    set_segments();
    fork_call();
    note(FORK_INPUT, fork_in, 9);
    note_all(FORK_PARENT);
    call0(FORK_HOLD);
    return 0;
}

/* ---- files */

PROGRAM(fork_files)
{
    uint32_t shared = argument & 1 ? CLONE_FILES : 0;

    if (argument & 2)
        call0(FORK_OPEN);
    long answer = call2(NR_clone, SIGCHLD | shared, 0);
    if (answer == 0) {
        call0(FORK_CLOSE);
        return 0;
    }
    note(FORK_PARENT, (uint32_t *)&answer, 1);
    call0(FORK_HOLD);
    note(FORK_PARENT, (uint32_t *)&answer, 1);
    return 0;
}

/* ---- without memory */

/* No memory is written between the two calls, neither by the parent nor by the child. */
static void fork_and_feed(void)
{
    __asm__ volatile("int $0x80\n\t"
                     "movl %%eax, %%ebx\n\t"
                     "movl %1, %%eax\n\t"
                     "int $0x80"
                     : : "a"(NR_fork), "i"(FORK_FEED) : "ebx", "memory");
}

PROGRAM(fork_poor)
{
    call0(FORK_OPEN);
    for (uint32_t frames = 0; call1(FORK_STARVE, frames) == 0; frames++)
        fork_and_feed();
    return 0;
}

/* ---- vfork */

/* The child has the parent's memory and stack: it lives in registers. */
PROGRAM(fork_vfork)
{
    long answer;

    __asm__ volatile("int $0x80\n\t"
                     "testl %%eax, %%eax\n\t"
                     "jnz 2f\n\t"
                     "movl %2, %%eax\n\t"       /* the child */
                     "int $0x80\n"
                     "1:\tmovl %3, %%eax\n\t"
                     "movl $3, %%ebx\n\t"
                     "int $0x80\n\t"
                     "jmp 1b\n"
                     "2:"
                     : "=a"(answer)
                     : "0"(NR_vfork), "i"(FORK_HOLD), "i"(NR_exit_group)
                     : "ebx", "memory");
    note(FORK_PARENT, (uint32_t *)&answer, 1);
    call1(FORK_TURN, 1);
    return 5;
}
