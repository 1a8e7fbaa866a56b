/*
 * Waiting at words and waking who waits there.
 */
#include "proc/futex.h"
#include "abi/errno.h"
#include "dev/clock.h"
#include "lib/list.h"
#include "mm/space.h"
#include "mm/usercopy.h"
#include "proc/process.h"
#include "proc/signal.h"
#include "task/sched.h"
#include "task/timer.h"

#define BUCKETS 64                  /* a power of two */

/*
 * What makes two words the same one: the page's object and place in it if it is shared between
 * spaces, else the space and the address.
 */
struct key {
    const void *owner;
    uint32_t page, offset;
};

/* A thread that waits; on its stack. */
struct waiter {
    struct list node;
    struct key key;
    uint32_t bits;                  /* which wake-ups are for it */
    struct task *task;
    volatile bool woken;            /* it is in no bucket any more, and need not wait */
};

static struct spinlock lock;        /* of all buckets, and of the waiters in them */
static struct list buckets[BUCKETS];

static struct list *bucket_of(const struct key *key)
{
    uint32_t hash = (uint32_t)(uintptr_t)key->owner / 16 + key->page * 31 + key->offset / 4 * 7;
    struct list *bucket = &buckets[(hash ^ hash >> 8) % BUCKETS];

    if (!bucket->next)
        list_init(bucket);
    return bucket;
}

static bool same(const struct key *a, const struct key *b)
{
    return a->owner == b->owner && a->page == b->page && a->offset == b->offset;
}

static int key_of(const uint32_t *at, bool is_private, struct key *key)
{
    struct space *space = process_current()->space;
    uintptr_t va = (uintptr_t)at;

    if (va % sizeof(*at))
        return -EINVAL;
    if (!user_range(at, sizeof(*at)))
        return -EFAULT;
    *key = (struct key){ space, va >> PAGE_SHIFT, va % PAGE_SIZE };
    if (is_private)
        return 0;
    uint32_t flags = spin_lock_irqsave(&space->lock);
    struct area *area = space_find(space, va);
    if (area && area->object && (area->flags & AREA_SHARED)) {
        key->owner = area->object;
        key->page = area->index + ((va - area->start) >> PAGE_SHIFT);
    }
    spin_unlock_irqrestore(&space->lock, flags);
    return area ? 0 : -EFAULT;
}

/*
 * The word, read with the lock held: its page may have to be brought in, which cannot be done then.
 * Returns 0; 1: the lock was given up meanwhile, and the word must be read again; -EFAULT.
 */
static int read_locked(const uint32_t *at, uint32_t *word, uint32_t *flags)
{
    if (copy_from_user(word, at, sizeof(*word)) == 0)
        return 0;
    spin_unlock_irqrestore(&lock, *flags);
    int error = copy_from_user(word, at, sizeof(*word));
    *flags = spin_lock_irqsave(&lock);
    return error ? error : 1;
}

/* Does the word have this value? The lock is taken, and kept if so. 0, -EAGAIN, -EFAULT. */
static int lock_if(const uint32_t *at, uint32_t value, uint32_t *flags)
{
    uint32_t word;
    int result;

    *flags = spin_lock_irqsave(&lock);
    do
        result = read_locked(at, &word, flags);
    while (result > 0);
    if (!result && word != value)
        result = -EAGAIN;
    if (result)
        spin_unlock_irqrestore(&lock, *flags);
    return result;
}

/* Sleep until woken (0), `until` (-ETIMEDOUT), or a signal (-EINTR). */
static int sleep(const struct waiter *waiter, const struct timespec *until, bool real)
{
    struct wait_entry entry;        /* who waits for a time of day looks again when that is set */
    int result = 0;

    wait_entry_init(&entry);
    while (!result) {
        bool may = real ? !wait_prepare(&clock_was_set, &entry, true) : sched_prepare_wait(true);
        uint32_t ms;
        if (waiter->woken)
            break;
        if (!may)
            result = -EINTR;
        else if (!until)
            schedule();
        else if (clock_ahead(until, real, &ms))
            schedule_timeout(ms);
        else
            result = -ETIMEDOUT;
    }
    wait_finish(&clock_was_set, &entry);
    return result;
}

static int wait(uint32_t *at, unsigned op, uint32_t value, const struct timespec *until,
                uint32_t bits)
{
    struct waiter waiter = { .bits = bits, .task = current() };
    uint32_t flags;
    int error = bits ? key_of(at, op & FUTEX_PRIVATE, &waiter.key) : -EINVAL;

    if (!error)
        error = lock_if(at, value, &flags);
    if (error)
        return error;
    list_add_tail(&waiter.node, bucket_of(&waiter.key));
    spin_unlock_irqrestore(&lock, flags);
    error = sleep(&waiter, until, until && (op & FUTEX_CLOCK_REALTIME));
    flags = spin_lock_irqsave(&lock);
    list_del(&waiter.node);
    if (waiter.woken)               /* who was woken has used that up, whatever came then */
        error = 0;
    spin_unlock_irqrestore(&lock, flags);
    return error;
}

static long restart(struct thread *thread)
{
    const uint32_t *data = thread->restart_data;
    struct timespec until = { (int64_t)(data[4] | (uint64_t)data[5] << 32), (int32_t)data[6] };

    return futex((uint32_t *)data[0], data[1], data[2], &until, 0, NULL, data[3]);
}

/* The same for the system call: a signal may have it go on later, with the same end. */
static long wait_call(uint32_t *at, unsigned op, uint32_t value, const struct timespec *until,
                      uint32_t bits)
{
    unsigned flags = op & (FUTEX_PRIVATE | FUTEX_CLOCK_REALTIME);
    int result = wait(at, flags, value, until, bits);
    uint32_t *data = thread_current()->restart_data;

    if (result != -EINTR)
        return result;
    if (!until)
        return -ERESTARTSYS;
    data[0] = (uint32_t)(uintptr_t)at;
    data[1] = FUTEX_WAIT_BITSET | flags;
    data[2] = value;
    data[3] = bits;
    data[4] = (uint32_t)until->sec;
    data[5] = (uint32_t)((uint64_t)until->sec >> 32);
    data[6] = (uint32_t)until->nsec;
    thread_current()->restart = restart;
    return -ERESTART_RESTARTBLOCK;
}

/*
 * Of those who wait at `key` wake up to `count`, and have up to `move` others wait at `to`. Returns
 * how many that were. The caller has the lock.
 */
static long wake(const struct key *key, uint32_t count, uint32_t bits, const struct key *to,
                 uint32_t move)
{
    struct list *bucket = bucket_of(key), moved;
    uint32_t woken = 0, gone = 0;

    list_init(&moved);
    for (struct list *node = bucket->next, *next; node != bucket; node = next) {
        struct waiter *waiter = list_entry(node, struct waiter, node);
        next = node->next;
        if (!same(&waiter->key, key) || !(waiter->bits & bits))
            continue;
        if (woken == count && gone == move)
            break;
        list_del(node);
        if (woken < count) {
            waiter->woken = true;
            task_wake(waiter->task);
            woken++;
        } else {
            waiter->key = *to;
            list_add_tail(node, &moved);
            gone++;
        }
    }
    while (!list_empty(&moved)) {   /* not before: it may be the same bucket */
        struct list *node = moved.next;
        list_del(node);
        list_add_tail(node, bucket_of(to));
    }
    return (long)(woken + gone);
}

static long wake_call(const uint32_t *at, bool is_private, uint32_t count, uint32_t bits)
{
    struct key key;
    int error = bits ? key_of(at, is_private, &key) : -EINVAL;

    if (error)
        return error;
    uint32_t flags = spin_lock_irqsave(&lock);
    long woken = wake(&key, (int32_t)count > 0 ? count : 1, bits, NULL, 0);
    spin_unlock_irqrestore(&lock, flags);
    return woken;
}

void futex_wake(uint32_t *at, unsigned count)
{
    wake_call(at, false, count, FUTEX_ANY);
}

/* *expected: what the word must be for that, or NULL. */
static long requeue(uint32_t *at, uint32_t *at2, bool is_private, uint32_t count, uint32_t move,
                    const uint32_t *expected)
{
    struct key from, to;
    uint32_t flags;

    if ((int32_t)count < 0 || (int32_t)move < 0)
        return -EINVAL;
    int error = key_of(at, is_private, &from);
    if (!error)
        error = key_of(at2, is_private, &to);
    if (!error && expected)
        error = lock_if(at, *expected, &flags);
    else if (!error)
        flags = spin_lock_irqsave(&lock);
    if (error)
        return error;
    long result = wake(&from, count, FUTEX_ANY, &to, move);
    spin_unlock_irqrestore(&lock, flags);
    return result;
}

/* FUTEX_WAKE_OP's operation and comparison, packed as futex(2) says. */
static int apply(uint32_t code, uint32_t old, uint32_t *changed)
{
    uint32_t operand = (uint32_t)((int32_t)(code << 8) >> 20);

    if (code >> 31)
        operand = 1u << (operand & 31);
    switch (code >> 28 & 7) {
    case 0: *changed = operand; return 0;
    case 1: *changed = old + operand; return 0;
    case 2: *changed = old | operand; return 0;
    case 3: *changed = old & ~operand; return 0;
    case 4: *changed = old ^ operand; return 0;
    default: return -ENOSYS;
    }
}

static int compare(uint32_t code, int32_t old)
{
    int32_t operand = (int32_t)(code << 20) >> 20;

    switch (code >> 24 & 15) {
    case 0: return old == operand;
    case 1: return old != operand;
    case 2: return old < operand;
    case 3: return old <= operand;
    case 4: return old > operand;
    case 5: return old >= operand;
    default: return -ENOSYS;
    }
}

/* Change the word, in one step; *old becomes what it was. With or without the lock. */
static int change(uint32_t *at, uint32_t code, uint32_t *old)
{
    uint32_t word, seen, changed;
    int error = copy_from_user(&word, at, sizeof(word));

    do {
        seen = word;
        if (!error)
            error = apply(code, word, &changed);
        if (!error)
            error = probe_exchange(at, &word, changed);
    } while (!error && word != seen);
    *old = word;
    return error;
}

/* Have the word's page be there and be written to, so that change() can do it with the lock. */
static int make_writable(uint32_t *at)
{
    uint32_t word;
    int error = copy_from_user(&word, at, sizeof(word));

    return error ? error : probe_exchange(at, &word, word);
}

static long wake_op(uint32_t *at, uint32_t *at2, bool is_private, uint32_t count, uint32_t count2,
                    uint32_t code)
{
    struct key key, key2;
    uint32_t old;
    int error = key_of(at, is_private, &key);

    if (!error)
        error = key_of(at2, is_private, &key2);
    if (!error)
        error = compare(code, 0) < 0 ? -ENOSYS : 0;
    while (!error) {
        uint32_t flags = spin_lock_irqsave(&lock);
        error = change(at2, code, &old);
        long result = 0;
        if (!error) {
            result = wake(&key, count, FUTEX_ANY, NULL, 0);
            if (compare(code, (int32_t)old))
                result += wake(&key2, count2, FUTEX_ANY, NULL, 0);
        }
        spin_unlock_irqrestore(&lock, flags);
        if (!error)
            return result;
        if (error == -EFAULT)
            error = make_writable(at2);
    }
    return error;
}

long futex(uint32_t *at, unsigned op, uint32_t value, const struct timespec *until, uint32_t count2,
           uint32_t *at2, uint32_t value3)
{
    bool is_private = op & FUTEX_PRIVATE;

    switch (op & ~(FUTEX_PRIVATE | FUTEX_CLOCK_REALTIME)) {
    case FUTEX_WAIT:
        return wait_call(at, op, value, until, FUTEX_ANY);
    case FUTEX_WAIT_BITSET:
        return wait_call(at, op, value, until, value3);
    case FUTEX_WAKE:
        return wake_call(at, is_private, value, FUTEX_ANY);
    case FUTEX_WAKE_BITSET:
        return wake_call(at, is_private, value, value3);
    case FUTEX_REQUEUE:
        return requeue(at, at2, is_private, value, count2, NULL);
    case FUTEX_CMP_REQUEUE:
        return requeue(at, at2, is_private, value, count2, &value3);
    case FUTEX_WAKE_OP:
        return wake_op(at, at2, is_private, value, count2, value3);
    default:
        return -ENOSYS;
    }
}
