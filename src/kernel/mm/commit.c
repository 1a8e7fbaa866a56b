/*
 * Counting promises.
 */
#include "mm/commit.h"
#include "abi/errno.h"
#include "debug/panic.h"
#include "sync/spinlock.h"

#define KERNEL_SHARE 8              /* 1/8 of memory is never promised */

static struct spinlock lock;        /* of both below */
static uint32_t limit = UINT32_MAX, charged;

void commit_init(uint32_t usable)
{
    limit = usable - usable / KERNEL_SHARE;
}

int commit_charge(uint32_t pages)
{
    uint32_t irq = spin_lock_irqsave(&lock);
    bool room = charged <= limit && pages <= limit - charged;

    if (room)
        charged += pages;
    spin_unlock_irqrestore(&lock, irq);
    return room ? 0 : -ENOMEM;
}

int commit_count(uint32_t pages)
{
    uint32_t irq = spin_lock_irqsave(&lock);

    charged += pages;
    bool room = charged <= limit;
    spin_unlock_irqrestore(&lock, irq);
    return room ? 0 : -ENOMEM;
}

void commit_release(uint32_t pages)
{
    uint32_t irq = spin_lock_irqsave(&lock);
    uint32_t had = charged;

    charged -= pages;
    spin_unlock_irqrestore(&lock, irq);
    if (pages > had)
        panic("%u pages are given back, of %u that were promised", pages, had);
}

uint32_t commit_limit(void)
{
    return limit;
}

uint32_t commit_charged(void)
{
    return charged;
}
