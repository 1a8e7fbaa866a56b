/*
 * What the tests of sleeping, waiting and ending need. They note in memory what happens, and halt;
 * the grader reads the notes, and the kernel's own structures, from outside.
 */
#ifndef WATCH_H
#define WATCH_H

#include "outside.h"
#include "task/sched.h"
#include "task/timer.h"
#include "x86/irqflags.h"

/* A clock that is not the kernel's: the ACPI timer, 24 bits that count 3,579,545 times a second. */
static inline uint32_t acpi_timer(void)
{
    uint32_t count;

    __asm__ volatile("inl %1, %0" : "=a"(count) : "d"((uint16_t)0x608));
    return count & 0xffffff;
}

/* A new task of a certain priority, or NULL. Asks nothing of task/mutex. */
task_t *spawn(unsigned priority, int (*func)(void *arg), void *arg);

/* The same in a test, which ends here if there is none. */
#define SPAWN(priority, func, arg) ({                                                              \
    task_t *spawned_ = spawn(priority, func, arg);                                                 \
    if (!spawned_) {                                                                               \
        ktest_report("no_task");                                                                   \
        stay();                                                                                    \
    }                                                                                              \
    spawned_; })

/* Let others run until *count is n or more, but not longer than ms. */
void let_run(const volatile uint32_t *count, uint32_t n, uint32_t ms);

/* Sleep for good. */
void rest(void) __attribute__((noreturn));

/* Add one, whatever interrupts: the value before. */
uint32_t count_up(volatile uint32_t *count);

/* Use up some time. */
void burn(unsigned n);

/* A number below n, from a state of the caller's own. */
uint32_t draw(uint32_t *state, uint32_t n);

/* Have fn called at each tick, with interrupts off. */
void at_each_tick(void (*fn)(void));

#endif
