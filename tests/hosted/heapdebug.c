/*
 * mm/heapdebug: each misuse of the heap is found where it should be, and the report names the places; heapcheck and
 * leaks survive whatever has been written into the heap.
 */
#include "machine.h"
#include "mm/heapdebug.h"
#include "mm/kmalloc.h"
#include "mm/slab.h"

/* Call sites with names. */
static __attribute__((noinline)) void *make(size_t n)
{
    void *p = kmalloc(n);

    CHECK(p, "no memory");
    return p;
}

static __attribute__((noinline)) void *make_zeros(size_t n)
{
    void *p = kzalloc(n);

    CHECK(p, "no memory");
    return p;
}

static __attribute__((noinline)) void *make_larger(void *p, size_t n)
{
    void *q = krealloc(p, n);

    CHECK(q, "no memory");
    return q;
}

static __attribute__((noinline)) void drop(void *p)
{
    kfree(p);
    IDLE();
}

static __attribute__((noinline)) void drop_again(void *p)
{
    kfree(p);
    IDLE();
}

static void boot(void)
{
    machine_boot(0x1000000);
    kmalloc_init("heap=debug");
    CHECK(heap_debug && strstr(machine.log, "heap: red zones"), "heap=debug");
    machine.log[0] = '\0';
    machine_symbol("make", make);
    machine_symbol("make_zeros", make_zeros);
    machine_symbol("make_larger", make_larger);
    machine_symbol("drop", drop);
    machine_symbol("drop_again", drop_again);
    machine_symbol("boot", boot);
}

/* The log must hold these texts, in this order. */
static void expect_log(const char *first, const char *second, const char *third, const char *fourth)
{
    const char *texts[] = { first, second, third, fourth }, *at = machine.log;

    for (int i = 0; i < 4; i++) {
        if (!texts[i])
            continue;
        at = strstr(at, texts[i]);
        CHECK(at, "\"%s\" is not in its place in the log:\n%s", texts[i], machine.log);
    }
    machine.log[0] = '\0';
}

/* Damage by one byte each time, at every distance that the red zones must see. */
static void test_overflow(void)
{
    static const size_t sizes[] = { 0, 1, 7, 16, 40, 100, 2000, 5000 };

    boot();
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        for (int distance = 0; distance < 16; distance++) {
            uint8_t *p = make(sizes[i]), was = p[sizes[i] + distance];
            p[sizes[i] + distance] = 'x';
            EXPECT_PANIC("overwritten", drop(p));
            expect_log("written past its end", "allocated at", " make+0x", "kfree at");
            p[sizes[i] + distance] = was;
            was = p[-1 - distance];
            p[-1 - distance] = 0;
            EXPECT_PANIC("overwritten", drop(p));
            expect_log("written before its start", "allocated at", " make+0x", " drop+0x");
            p[-1 - distance] = was;
            drop(p);
        }
    }
    uint8_t *p = make(32);
    p[33] = 0;
    EXPECT_PANIC("overwritten", drop(p));
    expect_log("of 32 bytes", "byte 33 of it is 00, not bd", NULL, NULL);
    p[33] = HEAP_RED;
    p[31] = 0;                      /* its own last byte is its own */
    drop(p);
}

static void test_use_after_free(void)
{
    boot();
    uint8_t *p = make(50);
    drop(p);
    CHECK(p[0] == HEAP_FREED && p[49] == HEAP_FREED, "freed memory is not poisoned");
    p[49] ^= 1;
    machine_command("heapcheck");
    CHECK(strstr(machine.console, "written after it was freed") && strstr(machine.console, "freed at") &&
          strstr(machine.console, "damage found: 1\n"), "%s", machine.console);
    EXPECT_PANIC("the freed block", heapdebug_flush());
    expect_log("written after it was freed", " make+0x", "freed at", " drop+0x");
    p[49] ^= 1;
    CHECK(heapdebug_flush() == 1, "it is given back");

    uint8_t *old = make_zeros(60), *now = make_larger(old, 70);     /* a pointer that krealloc has made stale */
    CHECK(old != now && old[0] == HEAP_FREED && now[0] == 0 && now[59] == 0 && now[60] == HEAP_FRESH, "krealloc");
    old[5] = 0;
    EXPECT_PANIC("the freed block", heapdebug_flush());
    expect_log("written after it was freed", " make_zeros+0x", "freed at", " make_larger+0x");
    old[5] = HEAP_FREED;

    uint8_t *q = make(100);                                         /* found as well when it leaves by itself */
    drop(q);
    q[99] = 1;
    EXPECT_PANIC("the freed block",
                 for (int i = 0; i < 100; i++)
                     drop(make(5000)));
    expect_log("written after it was freed", " make+0x", " drop+0x", NULL);
}

static void test_double_free(void)
{
    boot();
    uint8_t *p = make(50);
    drop(p);
    EXPECT_PANIC("freed already", drop_again(p));
    expect_log("allocated at", " make+0x", " drop+0x", " drop_again+0x");
    EXPECT_PANIC("freed already", krealloc(p, 60));
    heapdebug_flush();
    EXPECT_PANIC("no block of the heap", drop_again(p));            /* long ago: still no silence */
    expect_log("kfree at", " drop_again+0x", NULL, NULL);
    p = make(50);
    EXPECT_PANIC("no block of the heap", drop(p + 16));
    EXPECT_PANIC("no block of the heap", drop(p + 1));
    EXPECT_PANIC("no block of the heap", drop(p - 16));
    EXPECT_PANIC("no block of the heap", krealloc(p + 16, 4));
    drop(p);
}

/* The quarantine is bounded, and is given back when memory is short. */
static void test_quarantine(void)
{
    boot();
    uint32_t free = machine_free();
    for (int i = 0; i < 1000; i++)
        drop(make(8000));
    CHECK(free - machine_free() < 200, "%u frames are kept back", free - machine_free());
    drop(make(100));
    unsigned n = 0;
    while (alloc_page())            /* asks for what is kept back */
        n++;
    CHECK(n == free, "%u of %u frames were to be had", n, free);
    IDLE();
}

/* The lines of `leaks` are sorted by bytes, and complete. */
static void test_leaks(void)
{
    boot();
    CHECK(strcmp(machine_command("leaks"), "   bytes  blocks  allocated at\n") == 0, "%s", machine.console);
    void *p[30];
    for (int i = 0; i < 30; i++)
        p[i] = i % 3 ? make(100) : make_zeros(1000);
    void *q = make_larger(make(5), 30000);
    drop(p[1]);
    machine_command("leaks");
    const char *a = strstr(machine.console, "   30000       1  0x"), *b = strstr(machine.console, "   10000      10  0x"),
               *c = strstr(machine.console, "    1900      19  0x");
    CHECK(a && b && c && a < b && b < c, "%s", machine.console);
    a = strstr(machine.console, " make_larger+0x"), b = strstr(machine.console, " make_zeros+0x");
    c = strstr(machine.console, " make+0x");
    CHECK(a && b && c && a < b && b < c, "%s", machine.console);
    for (int i = 0; i < 30; i++)
        if (i != 1)
            drop(p[i]);
    drop(q);
    CHECK(strcmp(machine_command("leaks"), "   bytes  blocks  allocated at\n") == 0, "%s", machine.console);
}

/* More call sites than there is room to tell apart. */
static void test_many_sites(void)
{
    boot();
    for (uintptr_t i = 1; i <= 100; i++)
        CHECK(heapdebug_alloc(i, 16, (void *)(0x1000 * i)), "no memory");
    machine_command("leaks");
    unsigned bytes, blocks, sum = 0, lines = 0;
    for (const char *line = strchr(machine.console, '\n') + 1; *line; line = strchr(line, '\n') + 1, lines++) {
        CHECK(sscanf(line, "%u %u", &bytes, &blocks) == 2, "%s", line);
        sum += bytes;
    }
    CHECK(sum == 5050 && lines == 65 && strstr(machine.console, "other places"), "%s", machine.console);
}

static void test_commands_without(void)
{
    machine_boot(0x1000000);
    kmalloc_init("heap=debugging heap");
    CHECK(!heap_debug, "another word");
    CHECK(strstr(machine_command("leaks"), "heap=debug"), "%s", machine.console);
    void *p = make(20);
    CHECK(strstr(machine_command("slabinfo"), "kmalloc-32          32       1     128      1      1\n"), "%s",
          machine.console);
    CHECK(strstr(machine_command("heapcheck"), "no damage found in the slabs"), "%s", machine.console);
    void *q = make(20);
    drop(q);
    *(void **)q = (void *)0x12345678;
    CHECK(strstr(machine_command("heapcheck"), "leads to 0x12345678") && strstr(machine.console, "damage found: 1\n"), "%s",
          machine.console);
    *(void **)q = NULL;
    drop(p);
}

/* Garbage over headers and blocks: heapcheck finds it, and neither command falls over it. */
static void test_garbage(void)
{
    boot();
    for (int round = 0; round < 40; round++) {
        static uint8_t *p[40];
        for (int i = 0; i < 40; i++)
            p[i] = make(check_random(200));
        for (int i = 0; i < 10; i++)
            drop(p[i]);
        static uint32_t copy[256];
        uint32_t *at = (uint32_t *)((uintptr_t)p[check_random(40)] & -1024u);
        memcpy(copy, at, sizeof(copy));
        for (int i = check_random(3); i >= 0; i--) {
            static const uint32_t values[] = { 0, 1, -1, 16, 0xc0000000, 0xc0100000, 0xc0ffffff, 0xc1000000, 0xfffffff0 };
            uint32_t value = values[check_random(sizeof(values) / sizeof(*values))];
            at[check_random(256)] = check_random(2) ? value : (uintptr_t)p[check_random(40)] - 16 * check_random(4);
        }
        machine_command("heapcheck");
        machine_command("leaks");
        machine_command("slabinfo");
        memcpy(at, copy, sizeof(copy));
        CHECK(strstr(machine_command("heapcheck"), "no damage found\n"), "%s", machine.console);
        for (int i = 10; i < 40; i++)
            drop(p[i]);
    }
}

/* Each word of a header in turn: what leads to other blocks, what says how long it is, and the red zone. */
static void test_headers(void)
{
    boot();
    uint32_t *p[3];
    for (int freed = 0; freed < 2; freed++) {
        for (int i = 0; i < 3; i++)
            p[i] = make(64);
        for (int i = 0; freed && i < 3; i++)
            drop(p[i]);
        for (int word = -12; word < 0; word++) {
            const uint32_t values[] = { 0, 16, 0x12345670, 0xc0000000, 0xc0ffffff, 0xffffffff, 0xfffffff0,
                                        (uintptr_t)(p[0] - 12), (uintptr_t)(p[1] - 12), (uintptr_t)(p[2] - 12) };
            if (word >= -8 && word < -5)
                continue;                       /* where it came from tells nobody that it is wrong */
            for (unsigned i = 0; i < sizeof(values) / sizeof(*values); i++) {
                uint32_t was = p[1][word];
                if (was == values[i])
                    continue;
                p[1][word] = values[i];
                machine_command("leaks");
                CHECK(!strstr(machine_command("heapcheck"), "no damage"), "word %d is %08x", word, values[i]);
                p[1][word] = was;
            }
        }
        CHECK(strstr(machine_command("heapcheck"), "no damage found\n"), "%s", machine.console);
    }
    uint8_t *q = make(10);
    memset(q - 48, 0, 48);
    CHECK(strstr(machine_command("heapcheck"), "the header at"), "%s", machine.console);
    CHECK(strstr(machine_command("leaks"), "there may be more"), "%s", machine.console);
}

int main(void)
{
    machine_test("overflow", test_overflow, 1);
    machine_test("use after free", test_use_after_free, 1);
    machine_test("double free", test_double_free, 1);
    machine_test("quarantine", test_quarantine, 1);
    machine_test("leaks", test_leaks, 1);
    machine_test("many sites", test_many_sites, 1);
    machine_test("commands without heap=debug", test_commands_without, 1);
    for (unsigned seed = 1; seed <= 4; seed++)
        machine_test("garbage", test_garbage, seed);
    machine_test("headers", test_headers, 1);
    return 0;
}
