/*
 * A fake machine, on which the kernel's mm/ runs as it is: as a -m32 program of the host.
 *
 * Physical memory is mapped where the kernel's direct map has it, so that phys_to_virt() is true. The processor's part
 * (x86/paging.h) is counted only. A panic ends the test, or comes back to EXPECT_PANIC. Allocations of pages pass
 * through here and fail when they are told to. What is printed on the log and on the console is kept.
 *
 * The modules have static state, so each test is a function that runs in a process of its own: machine_test().
 */
#ifndef MACHINE_H
#define MACHINE_H

/* In a program of 64 bits the host's types of this size have another name than the kernel's. */
#define int64_t  host_int64_t
#define uint64_t host_uint64_t
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include "check.h"
#undef int64_t
#undef uint64_t
#undef NULL
#include "boot/bootinfo.h"
#include "mm/page.h"

#define MACHINE_TEXT 65536

struct machine {
    uint32_t memory;                        /* bytes from address 0 on that exist */
    struct boot_info boot;                  /* what page_init() was or will be told */

    unsigned allocations;                   /* calls of alloc_pages(), alloc_page(), alloc_zeroed_page() so far */
    unsigned fail_at, fail_count;           /* of these fail_count calls fail from the fail_at-th (from 1) on */

    unsigned tlb_calls, tlb_flushes;        /* of tlb_invalidate(), tlb_flush() */
    const pde_t *tlb_dir;                   /* the last call's arguments */
    uintptr_t tlb_va;
    size_t tlb_pages;
    unsigned long tlb_sum;                  /* of all `pages` */
    const pde_t *directory;                 /* paging_switch()'s last */
    uintptr_t fault_address;                /* for paging_fault_address() */

    char log[MACHINE_TEXT], console[MACHINE_TEXT];      /* kprintf's and console_printf's text */
    char panic[512];                                    /* the last panic's */
    jmp_buf *expecting;                                 /* where a panic that is expected goes */
};

extern struct machine machine;

/* Run fn in a process of its own; if that fails, so does this one. `seed` is where check_random() starts in it. */
void machine_test(const char *name, void (*fn)(void), unsigned seed);

/* Map `bytes` of memory (a multiple of 4096), filled with garbage, and describe them as usable up to the end. */
void machine_memory(uint32_t bytes);

/* Say that [base, base + length) is of this type; replaces all that was said before when `first`. */
void machine_e820(bool first, uint64_t base, uint64_t length, uint32_t type);

/* The two together, a kernel of 1 MiB at 1 MiB, and page_init(). */
void machine_boot(uint32_t bytes);

/* Let the n-th allocation of pages from now on fail, and the count - 1 after it. 0 for n: none. */
void machine_fail(unsigned n, unsigned count);

/* Free frames, as the allocator counts them. */
uint32_t machine_free(void);

/* Check that interrupts are on and no lock is held, as it must be between calls. */
void machine_idle(const char *file, int line);
#define IDLE() machine_idle(__FILE__, __LINE__)

/* Run a monitor command; returns what it printed. */
const char *machine_command(const char *line);

/* Give the name to what symbol_of() finds from `address` on. */
void machine_symbol(const char *name, const void *address);

/* Make it idle, whoever was stopped in the middle of something. */
void machine_release(void);

/* The statement must panic with a message that contains the text. For calls made with interrupts on and no lock held. */
#define EXPECT_PANIC(text, statement)                                                                   \
    do {                                                                                                \
        jmp_buf here_;                                                                                  \
        if (!setjmp(here_)) {                                                                           \
            machine.expecting = &here_;                                                                 \
            statement;                                                                                  \
            CHECK(0, "no panic: %s", #statement);                                                       \
        }                                                                                               \
        machine.expecting = NULL;                                                                       \
        machine_release();                                                                              \
        CHECK(strstr(machine.panic, text), "%s panicked: %s", #statement, machine.panic);               \
    } while (0)

#endif
