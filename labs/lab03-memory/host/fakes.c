/*
 * The machine around a module, and the cases.
 */
#include "fakes.h"
#include "debug/log.h"
#include "debug/panic.h"

#define PROT_NONE  0
#define PROT_RW    3
#define MAP_MEMORY 0x104022         /* private, anonymous, no swap reserved, never over others */
#define MAP_SOME   0x22             /* private, anonymous, anywhere */
#define CANNOT_RUN 127              /* the grader's word for: this computer's fault */

#define PAGE_DOWN(n) ((n) & ~(PAGE_SIZE - 1))
#define PAGE_UP(n)   PAGE_DOWN((n) + PAGE_SIZE - 1)

void *mmap(void *at, size_t n, int protection, int flags, int fd, long offset);
int mprotect(void *at, size_t n, int protection);
int fork(void);
int waitpid(int pid, int *status, int options);
void _exit(int status);
int vprintf(const char *format, va_list args);
void perror(const char *text);
void __asan_poison_memory_region(const volatile void *p, size_t n) __attribute__((weak));
void __asan_unpoison_memory_region(const volatile void *p, size_t n) __attribute__((weak));

uint32_t host_eflags = EFLAGS_IF;
unsigned host_locks;

static const uint8_t *at, *end;     /* what is left of the case's input */

void ram_map(uint32_t n, bool usable)
{
    void *wanted = (void *)(uintptr_t)KERNEL_BASE;

    if (mmap(wanted, n, usable ? PROT_RW : PROT_NONE, MAP_MEMORY, -1, 0) != wanted) {
        perror("memory at 0xc0000000 is not to be had");
        _exit(CANNOT_RUN);
    }
}

void ram_usable(uint32_t first, uint32_t stop)
{
    mprotect(phys_to_virt(first << PAGE_SHIFT), (stop - first) << PAGE_SHIFT, PROT_RW);
}

/* Without AddressSanitizer the processor watches, which knows whole pages only. */
void ram_forbid(const void *p, size_t n)
{
    uintptr_t start = PAGE_UP((uintptr_t)p), end = PAGE_DOWN((uintptr_t)p + n);

    if (__asan_poison_memory_region)
        __asan_poison_memory_region(p, n);
    else if (start < end)
        mprotect((void *)start, end - start, PROT_NONE);
}

void ram_allow(const void *p, size_t n)
{
    uintptr_t start = PAGE_DOWN((uintptr_t)p), end = PAGE_UP((uintptr_t)p + n);

    if (__asan_unpoison_memory_region)
        __asan_unpoison_memory_region(p, n);
    else
        mprotect((void *)start, end - start, PROT_RW);
}

void *exact(size_t n)
{
    size_t whole = PAGE_UP(n);
    uint8_t *memory = mmap(NULL, whole + PAGE_SIZE, PROT_RW, MAP_SOME, -1, 0);

    mprotect(memory + whole, PAGE_SIZE, PROT_NONE);
    return memory + whole - n;
}

bool more(void)
{
    return at < end;
}

const void *bytes(size_t n)
{
    const uint8_t *here = at;

    if (n > (size_t)(end - at))
        _exit(CANNOT_RUN);
    at += n;
    return here;
}

uint32_t word(void)
{
    const uint8_t *b = bytes(4);

    return b[0] | b[1] << 8 | b[2] << 16 | (uint32_t)b[3] << 24;
}

static void end_case(void)
{
    printf("end\n");
    fflush(NULL);
    _exit(0);
}

void each_case(void (*one_case)(void))
{
    uint32_t n;

    while (take(&n, sizeof(n))) {
        uint8_t *input = malloc(n);
        int status = 0;

        if (!take(input, n))
            return;
        at = input;
        end = input + n;
        int pid = fork();
        if (pid == 0) {
            one_case();
            end_case();
        }
        if (pid < 0 || waitpid(pid, &status, 0) != pid)
            _exit(CANNOT_RUN);
        if (status != 0)                        /* as a shell tells it: 128 + signal, or status */
            _exit(status & 0x7f ? 128 + (status & 0x7f) : status >> 8);
        free(input);
    }
}

void check_interrupts(const char *name)
{
    if (!irq_enabled())
        printf("interrupts %s\n", name);
    irq_enable();
}

/* ---- debug/ */

void (*panic_hook)(void);

void panic(const char *format, ...)
{
    va_list args;

    printf("panic ");
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
    end_case();
    __builtin_unreachable();
}

void kprintf(enum log_level level, const char *format, ...)
{
    (void)level, (void)format;
}

void console_printf(const char *format, ...)
{
    (void)format;
}

void log_error(const char *format, ...)
{
    (void)format;
}
