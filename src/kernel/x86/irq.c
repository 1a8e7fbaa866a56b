/*
 * Interrupt lines. Handlers come from a fixed store: lines are set up before there is an allocator.
 */
#include "x86/irq.h"
#include "abi/errno.h"
#include "x86/irqflags.h"

#define ACTIONS_MAX 32

struct action {
    irq_handler fn;
    void *arg;
    struct action *next;
};

/* All this changes with interrupts off only. */
static struct action store[ACTIONS_MAX];
static unsigned used;
static struct action *lines[IRQ_LINES];
static uint32_t counts[IRQ_LINES], spurious;
static const struct irq_chip *chip;

void irq_set_chip(const struct irq_chip *new_chip)
{
    chip = new_chip;
}

int irq_register(unsigned line, irq_handler fn, void *arg)
{
    int result = 0;

    if (line >= IRQ_LINES)
        return -EINVAL;
    uint32_t flags = irq_save();
    if (used == ACTIONS_MAX) {
        result = -ENOMEM;
    } else {
        struct action *action = &store[used++];
        *action = (struct action){ .fn = fn, .arg = arg };
        struct action **end = &lines[line];
        while (*end)
            end = &(*end)->next;
        *end = action;
        chip->unmask(line);
    }
    irq_restore(flags);
    return result;
}

void irq_dispatch(unsigned line, struct trapframe *tf)
{
    if (chip->spurious(line)) {
        spurious++;
        return;
    }
    counts[line]++;
    chip->eoi(line);    /* before the handlers: one may switch to another task and come back late */
    for (struct action *action = lines[line]; action; action = action->next)
        action->fn(action->arg, tf);
}

uint32_t irq_count(unsigned line)
{
    return counts[line];
}

uint32_t irq_spurious_count(void)
{
    return spurious;
}
