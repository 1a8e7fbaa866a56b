/*
 * Counters: writing adds, reading takes, and both wait until they can.
 */
#include "fs/eventfd.h"
#include "abi/errno.h"
#include "abi/poll.h"
#include "fs/anon.h"
#include "fs/poll.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "task/sched.h"

#define VALUE_MAX (~0ull - 1)

struct counter {
    struct spinlock lock;           /* of the value */
    uint64_t value;
    bool semaphore;
    struct wait_queue changed;
};

/* Take what reading takes: 0 if there is nothing. */
static uint64_t take(struct counter *counter)
{
    uint32_t irq = spin_lock_irqsave(&counter->lock);
    uint64_t value = counter->semaphore && counter->value ? 1 : counter->value;

    counter->value -= value;
    spin_unlock_irqrestore(&counter->lock, irq);
    return value;
}

/* Add, if there is room. Returns whether there was. */
static bool add(struct counter *counter, uint64_t value)
{
    uint32_t irq = spin_lock_irqsave(&counter->lock);
    bool fits = value <= VALUE_MAX - counter->value;

    if (fits)
        counter->value += value;
    spin_unlock_irqrestore(&counter->lock, irq);
    return fits;
}

static ssize_t counter_read(struct file *file, void *to, size_t n, int64_t *position)
{
    struct counter *counter = file->data;
    uint64_t value;

    (void)position;
    if (n < sizeof(value))
        return -EINVAL;
    value = take(counter);
    if (!value && (file->flags & O_NONBLOCK))
        return -EAGAIN;
    if (!value) {
        int error = wait_event_interruptible(&counter->changed, (value = take(counter)) != 0);
        if (error)
            return error;
    }
    wait_wake_all(&counter->changed);
    return copy_bytes(to, &value, sizeof(value)) ? -EFAULT : (ssize_t)sizeof(value);
}

static ssize_t counter_write(struct file *file, const void *from, size_t n, int64_t *position)
{
    struct counter *counter = file->data;
    uint64_t value;

    (void)position;
    if (n < sizeof(value))
        return -EINVAL;
    if (copy_bytes(&value, from, sizeof(value)))
        return -EFAULT;
    if (value > VALUE_MAX)
        return -EINVAL;
    if (!add(counter, value)) {
        if (file->flags & O_NONBLOCK)
            return -EAGAIN;
        int error = wait_event_interruptible(&counter->changed, add(counter, value));
        if (error)
            return error;
    }
    wait_wake_all(&counter->changed);
    return sizeof(value);
}

static unsigned counter_poll(struct file *file, struct poll_table *table)
{
    struct counter *counter = file->data;

    poll_wait(table, &counter->changed);
    uint32_t irq = spin_lock_irqsave(&counter->lock);
    uint64_t value = counter->value;
    spin_unlock_irqrestore(&counter->lock, irq);
    return (value ? POLLIN | POLLRDNORM : 0) | (value < VALUE_MAX ? POLLOUT | POLLWRNORM : 0);
}

static void counter_close(struct file *file)
{
    kfree(file->data);
    anon_forget(file->vnode);
}

static const struct file_ops counter_ops = {
    .read = counter_read, .write = counter_write, .poll = counter_poll, .close = counter_close,
};

int eventfd_make(uint32_t value, unsigned flags, struct file **file)
{
    struct counter *counter = kzalloc(sizeof(*counter));

    if (!counter)
        return -ENOMEM;
    counter->value = value;
    counter->semaphore = flags & EFD_SEMAPHORE;
    wait_init(&counter->changed);
    int error = anon_file(&counter_ops, 0600, (flags & O_NONBLOCK) | O_RDWR, counter, file);
    if (error)
        kfree(counter);
    return error;
}
