/*
 * The fake machine.
 */
#include "machine.h"
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "debug/log.h"
#include "debug/monitor.h"
#include "debug/panic.h"
#include "debug/symbols.h"
#include "mm/map.h"
#include "sync/spinlock.h"
#include "x86/bootinfo.h"
#include "x86/usercopy.h"

struct machine machine;
struct boot_info boot_info;
uint32_t machine_flags = EFLAGS_IF;
struct spinlock *machine_locks[16];
unsigned machine_lock_count;
pde_t early_page_directory[TABLE_SIZE] __attribute__((aligned(4096)));

static struct {
    const char *name;
    uintptr_t address;
} symbols[32];
static unsigned symbol_count;

void machine_test(const char *name, void (*fn)(void), unsigned seed)
{
    int status;

    fflush(NULL);
    pid_t pid = fork();
    CHECK(pid >= 0, "fork");
    if (pid == 0) {
        check_state = seed ? seed : 1;
        fn();
        exit(0);
    }
    CHECK(waitpid(pid, &status, 0) == pid, "waitpid");
    if (status != 0) {
        fprintf(stderr, "%s (seed %u) failed\n", name, seed);
        exit(1);
    }
}

static void map_at(uintptr_t where, uint32_t bytes, int flags)
{
    void *want = (void *)where;

    CHECK(mmap(want, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0) == want,
          "%u bytes at %p are not to be had", bytes, want);
}

#ifdef __x86_64__
/*
 * A program of 64 bits, for hosts that run no others. AddressSanitizer has the direct map's addresses there for itself, and
 * leaves them unused, with those at which it looks up whether the former may be used. So take both.
 */
#define SHADOW_OF(address) (0x7fff8000u + (address) / 8)

const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "protect_shadow_gap=0";
}

static void map_direct(uint32_t bytes)
{
    map_at(KERNEL_BASE, bytes, MAP_FIXED);
    map_at(SHADOW_OF(KERNEL_BASE), bytes / 8, MAP_FIXED);
}
#else
static void map_direct(uint32_t bytes)
{
    map_at(KERNEL_BASE, bytes, MAP_FIXED_NOREPLACE);
}
#endif

void machine_memory(uint32_t bytes)
{
    map_direct(bytes);
    for (uint32_t i = 0; i < bytes; i += 4)
        *(uint32_t *)phys_to_virt(i) = 0x9e3779b9u * (i + check_state);
    machine.memory = bytes;
    machine_e820(true, 0, bytes, E820_USABLE);
}

void machine_e820(bool first, uint64_t base, uint64_t length, uint32_t type)
{
    if (first)
        machine.boot.e820_count = 0;
    machine.boot.e820[machine.boot.e820_count++] = (struct e820_entry){ .base = base, .length = length, .type = type };
}

void machine_boot(uint32_t bytes)
{
    machine_memory(bytes);
    machine.boot.kernel_start = 0x100000;
    machine.boot.kernel_end = 0x200000;
    boot_info = machine.boot;
    page_init(&machine.boot);
}

void machine_fail(unsigned n, unsigned count)
{
    machine.allocations = 0;
    machine.fail_at = n;
    machine.fail_count = count;
}

uint32_t machine_free(void)
{
    struct page_stats stats;

    page_stats(&stats);
    return stats.free;
}

void machine_idle(const char *file, int line)
{
    if (machine_lock_count || !irq_enabled()) {
        fprintf(stderr, "%s:%d: interrupts are %s, %u locks are held\n", file, line, irq_enabled() ? "on" : "off",
                machine_lock_count);
        exit(1);
    }
}

void machine_release(void)
{
    while (machine_lock_count)
        machine_locks[--machine_lock_count]->held = 0;
    irq_enable();
}

/* The linker gives these names to the modules' calls (--wrap). Within mm/page.c itself nothing is wrapped. */
struct page *__real_alloc_pages(unsigned order);
struct page *__real_alloc_page(void);
struct page *__real_alloc_zeroed_page(void);
struct page *__wrap_alloc_pages(unsigned order);
struct page *__wrap_alloc_page(void);
struct page *__wrap_alloc_zeroed_page(void);

static bool fails(void)
{
    unsigned n = ++machine.allocations;

    return machine.fail_at && n >= machine.fail_at && n - machine.fail_at < machine.fail_count;
}

struct page *__wrap_alloc_pages(unsigned order)
{
    return fails() ? NULL : __real_alloc_pages(order);
}

struct page *__wrap_alloc_page(void)
{
    return fails() ? NULL : __real_alloc_page();
}

struct page *__wrap_alloc_zeroed_page(void)
{
    return fails() ? NULL : __real_alloc_zeroed_page();
}

void panic(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(machine.panic, sizeof(machine.panic), format, args);
    va_end(args);
    if (machine.expecting)
        longjmp(*machine.expecting, 1);
    fprintf(stderr, "%s\npanic: %s\n", machine.log, machine.panic);
    abort();
}

static void append(char *text, const char *format, va_list args)
{
    size_t n = strlen(text);

    vsnprintf(text + n, MACHINE_TEXT - n, format, args);
}

void kprintf(enum log_level level, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    append(machine.log, format, args);
    va_end(args);
}

void kvprintf(enum log_level level, const char *format, va_list args)
{
    (void)level;
    append(machine.log, format, args);
}

void log_error(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    append(machine.log, format, args);
    va_end(args);
}

void console_printf(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    append(machine.console, format, args);
    va_end(args);
}

/* Both are NULL if no module has commands. */
extern const struct monitor_command __start_monitor_commands[] __attribute__((weak));
extern const struct monitor_command __stop_monitor_commands[] __attribute__((weak));

const char *machine_command(const char *line)
{
    static char copy[128];
    char *words[MONITOR_WORDS];
    int n = 0;

    machine.console[0] = '\0';
    snprintf(copy, sizeof(copy), "%s", line);
    for (char *word = strtok(copy, " "); word && n < MONITOR_WORDS; word = strtok(NULL, " "))
        words[n++] = word;
    for (const struct monitor_command *c = __start_monitor_commands; c < __stop_monitor_commands; c++) {
        if (strcmp(c->name, words[0]) == 0) {
            c->run(n, words, NULL);
            return machine.console;
        }
    }
    CHECK(0, "no such command: %s", line);
    return NULL;
}

void machine_symbol(const char *name, const void *address)
{
    symbols[symbol_count].name = name;
    symbols[symbol_count++].address = (uintptr_t)address;
}

const char *symbol_of(uint32_t address, uint32_t *offset)
{
    const char *best = NULL;
    uintptr_t highest = 0;

    for (unsigned i = 0; i < symbol_count; i++) {
        if (symbols[i].address <= address && symbols[i].address >= highest) {
            best = symbols[i].name;
            highest = symbols[i].address;
        }
    }
    *offset = address - highest;
    return best;
}

/* Copies without faults. */
size_t user_copy(void *to, const void *from, size_t n)
{
    memcpy(to, from, n);
    return 0;
}

size_t user_clear(void *to, size_t n)
{
    memset(to, 0, n);
    return 0;
}

ssize_t user_string(char *to, const char *from, size_t n)
{
    size_t length = strnlen(from, n);

    memcpy(to, from, length < n ? length + 1 : n);
    return (ssize_t)length;
}

/* The paging hardware, which is not there. */
void tlb_invalidate(const pde_t *dir, uintptr_t va, size_t pages)
{
    machine.tlb_calls++;
    machine.tlb_dir = dir;
    machine.tlb_va = va;
    machine.tlb_pages = pages;
    machine.tlb_sum += pages;
}

void tlb_flush(void)
{
    machine.tlb_flushes++;
}

pte_t paging_use_global(void)
{
    return PTE_GLOBAL;
}

void paging_switch(const pde_t *dir)
{
    machine.directory = dir;
}

uintptr_t paging_fault_address(void)
{
    return machine.fault_address;
}
