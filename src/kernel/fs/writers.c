/*
 * One count for both: of those who write if it is above 0, of those who run it if it is below.
 */
#include "fs/writers.h"
#include "abi/errno.h"
#include "sync/spinlock.h"

static struct spinlock lock;        /* of all vnodes' writers */

/* Move the count by `step`, away from 0, unless it is on the other side. */
static int enter(struct vnode *vnode, int step)
{
    uint32_t irq = spin_lock_irqsave(&lock);
    bool may = vnode->writers * step >= 0;

    if (may)
        vnode->writers += step;
    spin_unlock_irqrestore(&lock, irq);
    return may ? 0 : -ETXTBSY;
}

static void leave(struct vnode *vnode, int step)
{
    uint32_t irq = spin_lock_irqsave(&lock);

    vnode->writers -= step;
    spin_unlock_irqrestore(&lock, irq);
}

int writers_enter(struct vnode *vnode)
{
    return enter(vnode, 1);
}

void writers_leave(struct vnode *vnode)
{
    leave(vnode, 1);
}

int writers_forbid(struct vnode *vnode)
{
    return enter(vnode, -1);
}

void writers_allow(struct vnode *vnode)
{
    leave(vnode, -1);
}
