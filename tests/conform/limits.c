/*
 * Conformance: the limits of memory and of processor time. Those of descriptors, files and threads are in other programs.
 *
 * setrlimit(2), mmap(2), mprotect(2), mremap(2), brk(2).
 */
#include "signal.h"

#include <linux/mman.h>
#include <linux/resource.h>

#define PAGE  4096u
#define MEGA  (1u << 20)
#define ANON  (MAP_PRIVATE | MAP_ANONYMOUS)
#define WRITE (PROT_READ | PROT_WRITE)

#define SIGXCPU 24

struct limit {
    uint64 soft, hard;
};

static void set_limit(unsigned which, uint64 soft, uint64 hard)
{
    struct limit limit = { soft, hard };

    show("prlimit64", sys(prlimit64, 0, which, &limit, NULL));
}

static char *map(size_t bytes, int access, int flags)
{
    return (char *)sys(mmap2, 0, bytes, access, flags, -1, 0);
}

/* How much memory of this kind there is still, in whole MiB. It is given back. */
static unsigned room(int access)
{
    unsigned count = 0;
    char *last[64];

    while (count < 64 && (unsigned)(last[count] = map(MEGA, access, ANON)) < -4096u)
        count++;
    for (unsigned i = 0; i < count; i++)
        sys(munmap, last[i], MEGA);
    return count;
}

static void in_child(const char *what, void (*check)(void))
{
    long child = fork_process();

    if (child == 0) {
        check();
        leave(0);
    }
    reap(what, child);
}

static void all_memory(void)
{
    char *old = map(4 * MEGA, WRITE, ANON), *heap = (char *)sys(brk, 0);

    set_limit(RLIMIT_AS, 16 * MEGA, ~0ull);
    unsigned left = room(WRITE);
    yes("some of 16 MiB is left", left > 8 && left < 12);
    yes("as much without access", room(PROT_NONE) == left);
    show("all at once", (long)map(16 * MEGA, PROT_NONE, ANON));
    show("brk is refused", sys(brk, heap + 13 * MEGA) == (long)heap);
    yes("some of it is not", sys(brk, heap + MEGA) == (long)heap + (long)MEGA);
    sys(brk, heap);
    show("longer", sys(mremap, old, 4 * MEGA, 20 * MEGA, MREMAP_MAYMOVE));
    old = (char *)ok("a little longer", sys(mremap, old, 4 * MEGA, 5 * MEGA, MREMAP_MAYMOVE));
    set_limit(RLIMIT_AS, MEGA, ~0ull);
    show("nothing more", (long)map(PAGE, WRITE, ANON));
    yes("over what there is", sys(mmap2, old, 2 * MEGA, WRITE, ANON | MAP_FIXED, -1, 0) < 0);
    show("mprotect", sys(mprotect, old, MEGA, PROT_READ));
    show("and back", sys(mprotect, old, MEGA, WRITE));
    show("munmap", sys(munmap, old, 5 * MEGA));
    show("still too much", (long)map(MEGA, WRITE, ANON));
}

static void over_itself(void)
{
    char *old = map(8 * MEGA + PAGE, WRITE, ANON);

    sys(munmap, old + 8 * MEGA, PAGE);
    set_limit(RLIMIT_AS, 12 * MEGA, ~0ull);
    show("as much again", (long)map(8 * MEGA, WRITE, ANON));
    yes("in its own place", sys(mmap2, old, 8 * MEGA, WRITE, ANON | MAP_FIXED, -1, 0) == (long)old);
    *old = 1;
    yes("larger in its own place", sys(mmap2, old, 8 * MEGA + PAGE, WRITE, ANON | MAP_FIXED, -1, 0) == (long)old);
}

static void data(void)
{
    char *old = map(2 * MEGA, PROT_READ, ANON), *heap = (char *)sys(brk, 0);

    set_limit(RLIMIT_DATA, 8 * MEGA, ~0ull);
    unsigned left = room(WRITE);
    yes("some of 8 MiB is left", left >= 6 && left <= 7);
    yes("what cannot be written to does not count", room(PROT_READ) == 64);
    ok("nor what is shared", (long)map(16 * MEGA, WRITE, MAP_SHARED | MAP_ANONYMOUS));
    ok("nor a stack", (long)map(16 * MEGA, WRITE, ANON | MAP_GROWSDOWN));
    show("too much", (long)map(8 * MEGA, WRITE, ANON));
    show("brk is refused", sys(brk, heap + 8 * MEGA) == (long)heap);
    ok("most of it", (long)map((left - 1) * MEGA, WRITE, ANON));
    show("becomes data", sys(mprotect, old, 2 * MEGA, WRITE));
    show("half of it", sys(mprotect, old, MEGA, WRITE));
    show("the other half", sys(mprotect, old + MEGA, MEGA, WRITE));
}

/* The stack grows no further than memory may. */
static void deep(void)
{
    volatile char *top = __builtin_frame_address(0);

    set_limit(RLIMIT_AS, 2 * MEGA, ~0ull);
    for (unsigned down = 0; down < 4 * MEGA; down += PAGE / 2)
        top[-(int)down] = 1;
}

static volatile int told;

static void count(int number, struct info *info, struct ucontext *context)
{
    (void)info, (void)context;
    if (number == SIGXCPU)
        told++;
}

static void burn(void)
{
    for (;;)
        ;
}

static void processor(void)
{
    set_limit(RLIMIT_CPU, 1, ~0ull);
    burn();
}

static void processor_hard(void)
{
    set_limit(RLIMIT_CPU, 1, 1);
    burn();
}

/* Told at the soft limit and each second from there on, until the hard one. */
static void processor_told(void)
{
    struct limit limit;

    set_action(SIGXCPU, count, SA_SIGINFO, 0);
    set_limit(RLIMIT_CPU, 1, 4);
    while (told < 1)
        ;
    sys(prlimit64, 0, RLIMIT_CPU, NULL, &limit);
    say("told once: the soft limit is %u, the hard one %u\n", (unsigned)limit.soft, (unsigned)limit.hard);
    while (told < 2)
        ;
    sys(prlimit64, 0, RLIMIT_CPU, NULL, &limit);
    say("told twice: the soft limit is %u\n", (unsigned)limit.soft);
    burn();
}

static void own_limits(void)
{
    struct limit limit;

    sys(setresuid32, 1000, 0, 0);
    sys(setresuid32, -1, 1000, 0);
    show("its own", sys(prlimit64, 0, RLIMIT_AS, NULL, &limit));
    show("its own by number", sys(prlimit64, own_pid(), RLIMIT_AS, NULL, &limit));
    show("another's", sys(prlimit64, 1, RLIMIT_AS, NULL, &limit));
}

static void check_all(void)
{
    in_child("memory", all_memory);
    in_child("in place of itself", over_itself);
    in_child("data", data);
    in_child("stack", deep);
    in_child("time", processor);
    in_child("time, hard", processor_hard);
    in_child("time, told", processor_told);
    in_child("limits", own_limits);
}
