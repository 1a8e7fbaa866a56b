/*
 * Conformance: memory. brk, mappings of all kinds, unmapping and protecting parts, moving, what is
 * shared after a fork and what is not, mappings of files, and the faults of each.
 *
 * brk(2), mmap2(2), munmap(2), mprotect(2), mremap(2), madvise(2), msync(2), mincore(2).
 */
#include "signal.h"

#define PAGE 4096u
#define PROT_NONE  0
#define PROT_READ  1
#define PROT_WRITE 2
#define PROT_EXEC  4
#define PROT_RW    3
#define MAP_SHARED  1
#define MAP_PRIVATE 2
#define MAP_FIXED   0x10
#define MAP_ANON    0x20
#define MAP_FIXED_NOREPLACE 0x100000
#define MAP_GROWSDOWN 0x100
#define MREMAP_MAYMOVE 1
#define MREMAP_FIXED   2

static volatile int fault_signal, fault_code;
static volatile unsigned fault_address, go_on;

static void fault(int number, struct info *info, struct ucontext *context)
{
    fault_signal = number;
    fault_code = info->code;
    fault_address = (unsigned)info->address;
    context->context.eip = go_on;
}

/* Does a read, a write, a call of this address work? Says how not. */
static int touch_read(volatile void *address)
{
    fault_signal = 0;
    __asm__ volatile("movl $1f, %0\n\tmovb (%1), %%al\n1:" : "=m"(go_on) : "r"(address) : "eax", "memory");
    return fault_signal;
}

static int touch_write(volatile void *address)
{
    fault_signal = 0;
    __asm__ volatile("movl $1f, %0\n\tmovb (%1), %%al\n\tmovb %%al, (%1)\n1:" : "=m"(go_on) : "r"(address) : "eax", "memory");
    return fault_signal;
}

/* "what: rw", "what: r- 2 11": allowed, and for what is not the si_code and the signal. */
static void access_of(const char *what, volatile void *address)
{
    int can_read = touch_read(address) == 0, code = fault_code, number = fault_signal, can_write = 0;

    if (can_read) {
        can_write = touch_write(address) == 0;
        code = fault_code;
        number = fault_signal;
    }
    say("%s: %c%c", what, can_read ? 'r' : '-', can_write ? 'w' : '-');
    if (!can_write)
        say(" code %d signal %d%s", code, number, fault_address == (unsigned)address ? "" : " at another address");
    say("\n");
}

static char *map(void *address, size_t size, int protection, int flags, long fd, unsigned page)
{
    return (char *)sys(mmap2, address, size, protection, flags, fd, page);
}

/* The call that takes its arguments in memory. */
static char *old_mmap(unsigned offset)
{
    const unsigned words[6] = { 0, PAGE, PROT_RW, MAP_PRIVATE | MAP_ANON, (unsigned)-1, offset };

    return (char *)sys(mmap, words);
}

static int failed(const void *address)
{
    return (unsigned)address > 0xfffff000u;
}

/* A result that is an address, or an error. */
static void mapped(const char *what, const void *address)
{
    if (failed(address))
        show(what, (long)address);
    else
        say("%s: ok\n", what);
}

static char *pages(int n)
{
    return map(NULL, (size_t)n * PAGE, PROT_RW, MAP_PRIVATE | MAP_ANON, -1, 0);
}

static void breaking(void)
{
    unsigned start = (unsigned)sys(brk, 0);

    yes("brk 0 tells the end", start != 0);
    yes("brk up", (unsigned)sys(brk, start + 10000) == start + 10000);
    yes("brk 0", (unsigned)sys(brk, 0) == start + 10000);
    access_of("the new memory", (char *)start + 9999);
    yes("is zero", *(char *)(start + 5000) == 0);
    ((char *)start)[9000] = 77;
    yes("brk down", (unsigned)sys(brk, start) == start);
    access_of("a page above", (char *)((start + 2 * PAGE) & ~(PAGE - 1)));
    sys(brk, start + 10000);
    yes("what comes back is zero", ((char *)start)[9000] == 0);
    yes("brk below the start changes nothing", (unsigned)sys(brk, 4096) == start + 10000);
    yes("brk to the kernel changes nothing", (unsigned)sys(brk, 0xd0000000u) == start + 10000);
    yes("brk of 1 MiB", (unsigned)sys(brk, start + (1 << 20)) == start + (1 << 20));
    for (unsigned at = 0; at < 1 << 20; at += PAGE)
        ((volatile char *)start)[at] = 1;
    sys(brk, start);
}

static void anonymous(void)
{
    char *a = pages(3), *b;

    mapped("mmap2", a);
    access_of("its first byte", a);
    access_of("its last byte", a + 3 * PAGE - 1);
    yes("is zero", a[5000] == 0);
    yes("is aligned", (unsigned)a % PAGE == 0);
    b = map(NULL, 100, PROT_READ, MAP_PRIVATE | MAP_ANON, -1, 0);
    mapped("a part of a page", b);
    access_of("the rest of it", b + 4000);
    b = map(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANON, -1, 0);
    access_of("PROT_NONE", b);
    mapped("of nothing", map(NULL, 0, PROT_RW, MAP_PRIVATE | MAP_ANON, -1, 0));
    mapped("neither shared nor private", map(NULL, PAGE, PROT_RW, MAP_ANON, -1, 0));
    mapped("of 4 GiB", map(NULL, 0xfffff000u, PROT_RW, MAP_PRIVATE | MAP_ANON, -1, 0));
    mapped("of a length that wraps", map(NULL, 0xffffffffu, PROT_RW, MAP_PRIVATE | MAP_ANON, -1, 0));
    mapped("fixed and not aligned", map(a + 1, PAGE, PROT_RW, MAP_PRIVATE | MAP_ANON | MAP_FIXED, -1, 0));
    mapped("fixed in the kernel", map((void *)0xd0000000u, PAGE, PROT_RW, MAP_PRIVATE | MAP_ANON | MAP_FIXED, -1, 0));
    a[0] = 1, a[PAGE] = 2, a[2 * PAGE] = 3;
    b = map(a + PAGE, PAGE, PROT_RW, MAP_PRIVATE | MAP_ANON | MAP_FIXED, -1, 0);
    yes("fixed over the middle", b == a + PAGE);
    say("the three pages: %d %d %d\n", a[0], a[PAGE], a[2 * PAGE]);
    mapped("MAP_FIXED_NOREPLACE where something is", map(a, PAGE, PROT_RW, MAP_PRIVATE | MAP_ANON | MAP_FIXED_NOREPLACE, -1, 0));
    sys(munmap, a + PAGE, PAGE);
    b = map(a + PAGE, PAGE, PROT_RW, MAP_PRIVATE | MAP_ANON, -1, 0);
    yes("a hint that is free is taken", b == a + PAGE);
    b = map(a + PAGE, PAGE, PROT_RW, MAP_PRIVATE | MAP_ANON, -1, 0);
    yes("one that is not is passed by", !failed(b) && b != a + PAGE);
    sys(munmap, b, PAGE);
    b = old_mmap(0);
    mapped("the old mmap", b);
    access_of("its page", b);
    mapped("the old mmap at an odd offset", old_mmap(5));
    sys(munmap, a, 3 * PAGE);
}

static void unmapping(void)
{
    char *a = pages(5);

    for (int i = 0; i < 5; i++)
        a[i * PAGE] = (char)(i + 1);
    show("munmap of the middle", sys(munmap, a + 2 * PAGE, PAGE));
    access_of("below it", a + 2 * PAGE - 1);
    access_of("it", a + 2 * PAGE);
    access_of("above it", a + 3 * PAGE);
    say("what is left: %d %d %d %d\n", a[0], a[PAGE], a[3 * PAGE], a[4 * PAGE]);
    show("munmap over a hole", sys(munmap, a + PAGE, 3 * PAGE));
    access_of("the first", a);
    access_of("the last", a + 4 * PAGE);
    access_of("the second", a + PAGE);
    show("munmap of nothing", sys(munmap, a + PAGE, PAGE));
    show("munmap of no bytes", sys(munmap, a, 0));
    show("munmap that is not aligned", sys(munmap, a + 1, PAGE));
    show("munmap of the kernel", sys(munmap, 0xc0000000u, PAGE));
    show("munmap of part of a page takes all", sys(munmap, a, 1));
    access_of("the first", a);
    sys(munmap, a, 5 * PAGE);
}

static void protecting(void)
{
    char *a = pages(4);
    static const uint8 code[] = { 0xb8, 0x2a, 0, 0, 0, 0xc3 };      /* mov $42, %eax; ret */

    for (int i = 0; i < 4; i++)
        a[i * PAGE] = (char)(i + 1);
    show("mprotect of the middle", sys(mprotect, a + PAGE, 2 * PAGE, PROT_READ));
    access_of("first page", a);
    access_of("second page", a + PAGE);
    access_of("third page", a + 2 * PAGE);
    access_of("fourth page", a + 3 * PAGE);
    show("back", sys(mprotect, a, 4 * PAGE, PROT_RW));
    access_of("second page", a + PAGE);
    say("contents: %d %d %d %d\n", a[0], a[PAGE], a[2 * PAGE], a[3 * PAGE]);
    show("PROT_NONE", sys(mprotect, a, PAGE, PROT_NONE));
    access_of("first page", a);
    show("readable again", sys(mprotect, a, PAGE, PROT_READ));
    say("contents: %d\n", a[0]);
    show("mprotect that is not aligned", sys(mprotect, a + 1, PAGE, PROT_RW));
    show("mprotect of no bytes", sys(mprotect, a, 0, PROT_READ));
    show("mprotect of a wrong protection", sys(mprotect, a, PAGE, 0x77));
    sys(munmap, a + 2 * PAGE, PAGE);
    show("mprotect over a hole", sys(mprotect, a + PAGE, 3 * PAGE, PROT_READ));
    access_of("what lies before it", a + PAGE);
    show("mprotect of the kernel", sys(mprotect, 0xc0000000u, PAGE, PROT_RW));
    show("code", sys(mprotect, a + 3 * PAGE, PAGE, PROT_RW | PROT_EXEC));
    memcpy(a + 3 * PAGE, code, sizeof(code));
    show("runs", ((int (*)(void))(a + 3 * PAGE))());
    show("a system call into a read-only page", sys(getcwd, a + PAGE, 100));
    sys(munmap, a, 4 * PAGE);
}

static void remapping(void)
{
    char *a = pages(4), *b;

    for (int i = 0; i < 4; i++)
        a[i * PAGE] = (char)(i + 1);
    b = (char *)sys(mremap, a, 4 * PAGE, 2 * PAGE, 0, 0);
    yes("mremap shorter stays", b == a);
    access_of("what was cut off", a + 2 * PAGE);
    map(a + 2 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANON | MAP_FIXED, -1, 0);
    mapped("mremap longer without room", (void *)sys(mremap, a, 2 * PAGE, 8 * PAGE, 0, 0));
    b = (char *)sys(mremap, a, 2 * PAGE, 8 * PAGE, MREMAP_MAYMOVE, 0);
    mapped("mremap that may move", b);
    say("contents: %d %d %d\n", b[0], b[PAGE], b[2 * PAGE]);
    access_of("where it was", a);
    access_of("its end", b + 8 * PAGE - 1);
    a = pages(2);
    mapped("mremap to a place", (void *)sys(mremap, b, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, a));
    say("contents: %d\n", a[0]);
    access_of("where it was", b);
    mapped("mremap of nothing", (void *)sys(mremap, b, PAGE, 2 * PAGE, MREMAP_MAYMOVE, 0));
    mapped("mremap to no length", (void *)sys(mremap, a, PAGE, 0, MREMAP_MAYMOVE, 0));
    mapped("mremap that is not aligned", (void *)sys(mremap, a + 1, PAGE, PAGE, MREMAP_MAYMOVE, 0));
    mapped("mremap with wrong flags", (void *)sys(mremap, a, PAGE, PAGE, 0x100, 0));
}

/* ---- after a fork ---- */

static void copies(void)
{
    char *own = pages(2), *shared = map(NULL, 2 * PAGE, PROT_RW, MAP_SHARED | MAP_ANON, -1, 0), *zero = pages(1);
    static volatile int data = 5;
    int local = 5;
    long child;

    own[0] = 1, own[PAGE] = 1, shared[0] = 1;
    child = fork_process();
    if (child == 0) {
        own[0] = 2;
        shared[0] = 2;
        shared[PAGE] = 3;
        zero[0] = 2;
        data = 6;
        local = 6;
        leave(own[PAGE]);
    }
    reap("child", child);
    say("private %d, shared %d %d, never touched %d, data %d, stack %d\n", own[0], shared[0], shared[PAGE], zero[0], data, local);
    child = fork_process();
    if (child == 0) {
        for (int i = 0; i < 100 && shared[0] != 9; i++)
            pause_ms(5);
        leave(shared[0] * 10 + own[0]);
    }
    own[0] = 7;
    shared[0] = 9;
    reap("what the child sees", child);
    child = fork_process();
    if (child == 0) {
        long grandchild;
        own[0] = 20;
        grandchild = fork_process();
        if (grandchild == 0) {
            own[0] = 30;
            leave(own[0]);
        }
        reap("grandchild", grandchild);
        leave(own[0]);
    }
    reap("child", child);
    say("parent: %d\n", own[0]);
    sys(mprotect, own, PAGE, PROT_READ);
    child = fork_process();
    if (child == 0) {
        access_of("read-only in the child", own);
        sys(mprotect, own, PAGE, PROT_RW);
        own[0] = 40;
        leave(own[0]);
    }
    reap("child", child);
    say("parent: %d\n", own[0]);
    child = fork_process();                 /* the kernel's own writes must copy as well */
    if (child == 0) {
        int fds[2];
        sys(pipe, fds);
        sys(write, fds[1], "Z", 1);
        sys(read, fds[0], own + PAGE, 1);
        leave(own[PAGE]);
    }
    reap("a call's write in the child", child);
    say("parent: %d\n", own[PAGE]);
    sys(munmap, own, 2 * PAGE);
    sys(munmap, shared, 2 * PAGE);
}

/* ---- files ---- */

static char block[3 * PAGE];

static long make_file(const char *path, size_t size)
{
    long fd = sys(open, path, O_RDWR | O_CREAT | O_TRUNC, 0644);

    for (size_t i = 0; i < size; i++)
        block[i] = (char)('a' + i / PAGE);
    sys(write, fd, block, size);
    return fd;
}

static void files(void)
{
    long fd = make_file("mapped", 2 * PAGE + 100), child;
    char *a = map(NULL, 3 * PAGE, PROT_RW, MAP_PRIVATE, fd, 0), *b, *c;

    mapped("private mapping", a);
    bytes("second page", a + PAGE, 3);
    say("behind the end of the file: %d\n", a[2 * PAGE + 100]);
    a[0] = 'X';
    sys(pread64, fd, block, 1, 0, 0);
    bytes("the file does not see a private write", block, 1);
    sys(pwrite64, fd, "Y", 1, PAGE, 0);
    b = map(NULL, 3 * PAGE, PROT_RW, MAP_SHARED, fd, 0);
    mapped("shared mapping", b);
    bytes("it sees a write to the file", b + PAGE, 1);
    sys(pwrite64, fd, "Z", 1, 2 * PAGE, 0);
    bytes("and a later one", b + 2 * PAGE, 1);
    b[1] = 'W';
    sys(pread64, fd, block, 2, 0, 0);
    bytes("the file sees a shared write", block, 2);
    child = fork_process();
    if (child == 0) {
        b[2] = 'C';
        a[1] = 'C';
        leave(0);
    }
    reap("child", child);
    bytes("shared after fork", b, 3);
    bytes("private after fork", a, 1);
    show("msync", sys(msync, b, 3 * PAGE, 4));
    show("msync with both flags", sys(msync, b, PAGE, 1 | 4));
    show("msync that is not aligned", sys(msync, b + 1, PAGE, 4));
    c = map(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 1);
    bytes("from the second page on", c, 2);
    sys(close, fd);
    b[3] = 'L';
    bytes("after close", b, 4);
    fd = sys(open, "mapped", O_RDONLY, 0);
    sys(read, fd, block, 4);
    bytes("the file", block, 4);
    mapped("shared and writable of a file open for reading", map(NULL, PAGE, PROT_RW, MAP_SHARED, fd, 0));
    mapped("shared memory that grows down", map(NULL, PAGE, PROT_RW, MAP_SHARED | MAP_ANON | MAP_GROWSDOWN, -1, 0));
    mapped("private and writable of it", map(NULL, PAGE, PROT_RW, MAP_PRIVATE, fd, 0));
    c = map(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
    show("mprotect cannot make that writable", sys(mprotect, c, PAGE, PROT_RW));
    sys(close, fd);
    fd = sys(open, "mapped", O_WRONLY, 0);
    mapped("a file open for writing", map(NULL, PAGE, PROT_WRITE, MAP_SHARED, fd, 0));
    sys(close, fd);
    mapped("no descriptor", map(NULL, PAGE, PROT_READ, MAP_PRIVATE, 77, 0));
    fd = sys(open, ".", O_RDONLY, 0);
    mapped("a folder", map(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0));
    sys(close, fd);
    sys(munmap, a, 3 * PAGE);
    sys(munmap, b, 3 * PAGE);
}

static void beyond(void)
{
    long fd = make_file("short", PAGE + 10);
    char *a = map(NULL, 4 * PAGE, PROT_RW, MAP_SHARED, fd, 0);

    access_of("the file's last page", a + PAGE + 4000);
    access_of("a page behind the end", a + 2 * PAGE);
    sys(ftruncate, fd, 3 * PAGE);
    access_of("when the file has grown", a + 2 * PAGE);
    sys(ftruncate, fd, 100);
    access_of("when it has shrunk", a + PAGE);
    access_of("its first page", a + 4000);
    say("cut off bytes are zero: %d, others stay: %c\n", a[200], a[50]);
    show("read into a page behind the end", sys(pread64, fd, a + PAGE, 10, 0, 0));
    sys(unlink, "short");
    a[0] = 'u';
    bytes("after unlink", a, 2);
    sys(munmap, a, 4 * PAGE);
    sys(close, fd);
    fd = sys(open, "/dev/zero", O_RDWR, 0);
    a = map(NULL, PAGE, PROT_RW, MAP_PRIVATE, fd, 0);
    mapped("/dev/zero", a);
    access_of("its page", a);
    sys(close, fd);
}

static void the_rest(void)
{
    char *a = pages(4);
    uint8 resident[4];
    long child;

    a[0] = a[PAGE] = 1;
    show("madvise DONTNEED", sys(madvise, a, PAGE, 4));
    say("contents: %d %d\n", a[0], a[PAGE]);
    show("madvise of a wrong advice", sys(madvise, a, PAGE, 9999));
    show("madvise that is not aligned", sys(madvise, a + 1, PAGE, 4));
    show("mincore", sys(mincore, a, 2 * PAGE, resident));
    show("mlock", sys(mlock, a, PAGE));
    show("munlock", sys(munlock, a, PAGE));
    child = fork_process();                 /* the stack grows by itself, up to its limit */
    if (child == 0) {
        __asm__ volatile("movl %%esp, %%ecx\n\tsubl $1048576, %%esp\n\tmovl $1, (%%esp)\n\tmovl %%ecx, %%esp"
                         : : : "ecx", "memory");
        leave(0);
    }
    reap("one MiB of stack", child);
    child = fork_process();
    if (child == 0) {
        set_action(SIGSEGV, SIG_DFL, 0, 0);
        for (;;)
            __asm__ volatile("subl $65536, %%esp\n\tmovl $1, (%%esp)" : : : "memory");
    }
    reap("stack without end", child);
    child = fork_process();
    if (child == 0) {
        int n = 0;
        while (n < 3000 && !failed(map(NULL, 16 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANON, -1, 0)))
            n++;
        yes("the address space ends between 2 and 3 GiB", n > 128 && n < 192);
        mapped("then", map(NULL, 16 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANON, -1, 0));
        leave(0);
    }
    reap("a greedy child", child);
    child = fork_process();                 /* a page in 2000, all their own mappings */
    if (child == 0) {
        char *much = map(NULL, 4000 * PAGE, PROT_RW, MAP_PRIVATE | MAP_ANON, -1, 0);
        long sum = 0;
        for (int i = 0; i < 4000; i += 2)
            sum += sys(munmap, much + (unsigned)i * PAGE, PAGE);
        for (int i = 1; i < 4000; i += 2)
            sum += touch_write(much + (unsigned)i * PAGE);
        show("many small mappings", sum);
        leave(0);
    }
    reap("a child with many", child);
}

static void check_all(void)
{
    enter_folder("memory");
    set_action(SIGSEGV, fault, SA_SIGINFO, 0);
    set_action(SIGBUS, fault, SA_SIGINFO, 0);
    breaking();
    anonymous();
    unmapping();
    protecting();
    remapping();
    copies();
    files();
    beyond();
    the_rest();
}
