/*
 * Locks on files: one list of all there are, which are few. Whoever waits is woken by every change
 * and looks again.
 */
#include "fs/lock.h"
#include "abi/errno.h"
#include "lib/list.h"
#include "mm/kmalloc.h"
#include "task/sched.h"

#define LOCKS_MAX  4096             /* in the system */
#define CHAIN_MAX  16               /* owners that wait for each other, as far as we look */

struct file_lock {
    struct list node;
    struct vnode *vnode;            /* kept by the owner's open file */
    const void *owner;
    bool whole;                     /* flock(2)'s */
    struct lock_range range;
};

/* An owner that waits, for whom: on its stack. */
struct lock_waiter {
    struct list node;
    const void *owner, *blocker;
};

static MUTEX(lock);                 /* of all below */
static struct list locks = { &locks, &locks };
static struct list waiters = { &waiters, &waiters };
static unsigned count;
static WAIT_QUEUE(changed);

static bool overlap(const struct lock_range *a, const struct lock_range *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/* Somebody else's lock that stands against `want`, or NULL. */
static struct file_lock *conflict(const struct file_lock *want)
{
    list_for_each(node, &locks) {
        struct file_lock *other = list_entry(node, struct file_lock, node);
        if (other->vnode == want->vnode && other->owner != want->owner
            && other->whole == want->whole && overlap(&other->range, &want->range)
            && (other->range.type == F_WRLCK || want->range.type == F_WRLCK))
            return other;
    }
    return NULL;
}

/* Would `owner`, if it waited for `blocker`, wait for itself in the end? */
static bool goes_round(const void *owner, const void *blocker)
{
    for (unsigned i = 0; i < CHAIN_MAX && blocker; i++) {
        const void *next = NULL;
        if (blocker == owner)
            return true;
        list_for_each(node, &waiters) {
            struct lock_waiter *waiter = list_entry(node, struct lock_waiter, node);
            if (waiter->owner == blocker)
                next = waiter->blocker;
        }
        blocker = next;
    }
    return false;
}

static void destroy(struct file_lock *old)
{
    list_del(&old->node);
    kfree(old);
    count--;
}

static bool is_mine(const struct file_lock *other, const struct file_lock *want)
{
    return other->vnode == want->vnode && other->owner == want->owner
        && other->whole == want->whole;
}

/*
 * Have the owner's locks leave the range: those inside go, those that reach in are cut, and one
 * that reaches out on both sides becomes two, for which `spare` is there. Returns whether that was
 * used.
 */
static bool cut(const struct file_lock *want, struct file_lock *spare)
{
    const struct lock_range *range = &want->range;
    bool used = false;

    for (struct list *node = locks.next, *next; node != &locks; node = next) {
        struct file_lock *old = list_entry(node, struct file_lock, node);
        next = node->next;
        if (!is_mine(old, want) || !overlap(&old->range, range))
            continue;
        bool before = old->range.first < range->first, after = old->range.last > range->last;
        if (before && after) {
            *spare = *old;
            spare->range.first = range->last + 1;
            list_add(&spare->node, node);
            count++;
            used = true;
        }
        if (before)
            old->range.last = range->first - 1;
        else if (after)
            old->range.first = range->last + 1;
        else
            destroy(old);
    }
    return used;
}

/*
 * Enter a lock whose range is free, as one with its neighbours of the same type. An owner's locks
 * are in the order of their ranges.
 */
static void enter(struct file_lock *made)
{
    struct list *before = &locks;

    for (struct list *node = locks.next, *next; node != &locks; node = next) {
        struct file_lock *old = list_entry(node, struct file_lock, node);
        next = node->next;
        if (!is_mine(old, made))
            continue;
        if (old->range.first > made->range.last && before == &locks)
            before = node;
        if (old->range.type != made->range.type)
            continue;
        if (old->range.last != LOCK_TO_END && old->range.last + 1 == made->range.first)
            made->range.first = old->range.first;
        else if (made->range.last != LOCK_TO_END && made->range.last + 1 == old->range.first)
            made->range.last = old->range.last;
        else
            continue;
        if (before == node)
            before = next;
        destroy(old);
    }
    list_add_tail(&made->node, before);
    count++;
}

/*
 * Wait, with the lock let go meanwhile, until something has changed. Returns 0, -EINTR, -EDEADLK.
 */
static int wait_for_change(const struct file_lock *want, const struct file_lock *blocker)
{
    struct lock_waiter waiter = { .owner = want->owner, .blocker = blocker->owner };
    struct wait_entry entry;

    if (!want->whole && goes_round(want->owner, blocker->owner))
        return -EDEADLK;
    list_add(&waiter.node, &waiters);
    wait_entry_init(&entry);
    int error = wait_prepare(&changed, &entry, true);
    mutex_unlock(&lock);
    if (!error)
        schedule();
    wait_finish(&changed, &entry);
    mutex_lock(&lock);
    list_del(&waiter.node);
    return error;
}

/* Would one of the owner's locks become two? */
static bool splits(const struct file_lock *want)
{
    list_for_each(node, &locks) {
        const struct file_lock *old = list_entry(node, struct file_lock, node);
        if (is_mine(old, want) && old->range.first < want->range.first
            && old->range.last > want->range.last)
            return true;
    }
    return false;
}

/* Do what `want` says, with two locks' memory for it, which is used or freed. */
static int apply(const struct file_lock *want, bool wait, struct file_lock *made,
                 struct file_lock *spare)
{
    struct file_lock *blocker;
    int error = 0;

    mutex_lock(&lock);
    while (!error && want->range.type != F_UNLCK && (blocker = conflict(want)))
        error = wait ? wait_for_change(want, blocker) : -EAGAIN;
    if (!error && count >= LOCKS_MAX && (want->range.type != F_UNLCK || splits(want)))
        error = -ENOLCK;
    if (!error) {
        if (cut(want, spare))
            spare = NULL;
        if (want->range.type != F_UNLCK) {
            *made = *want;
            enter(made);
            made = NULL;
        }
        wait_wake_all(&changed);
    }
    mutex_unlock(&lock);
    kfree(made);
    kfree(spare);
    return error;
}

static int set(const struct file_lock *want, bool wait)
{
    if (want->range.type == F_UNLCK && list_empty(&locks))
        return 0;
    struct file_lock *made = kmalloc(sizeof(*made)), *spare = kmalloc(sizeof(*spare));
    if (!made || !spare) {
        kfree(made);
        kfree(spare);
        return -ENOLCK;
    }
    return apply(want, wait, made, spare);
}

int lock_set(struct file *file, const void *owner, const struct lock_range *range, bool wait)
{
    struct file_lock want = { .vnode = file->vnode, .owner = owner, .range = *range };

    if (owner == file)
        file->has_flock = true;
    return set(&want, wait);
}

void lock_test(struct file *file, const void *owner, struct lock_range *range)
{
    struct file_lock want = { .vnode = file->vnode, .owner = owner, .range = *range };

    mutex_lock(&lock);
    struct file_lock *other = conflict(&want);
    if (other)
        *range = other->range;
    else
        range->type = F_UNLCK;
    mutex_unlock(&lock);
}

int lock_flock(struct file *file, int type, bool wait)
{
    struct file_lock want = {
        .vnode = file->vnode, .owner = file, .whole = true,
        .range = { .first = 0, .last = LOCK_TO_END, .type = type },
    };

    file->has_flock = true;
    return set(&want, wait);
}

/* Drop the owner's locks, of one vnode, or, with NULL, of all. */
static void drop(const struct vnode *vnode, const void *owner)
{
    bool any = false;

    mutex_lock(&lock);
    for (struct list *node = locks.next, *next; node != &locks; node = next) {
        struct file_lock *old = list_entry(node, struct file_lock, node);
        next = node->next;
        if (old->owner == owner && (!vnode || old->vnode == vnode)) {
            destroy(old);
            any = true;
        }
    }
    mutex_unlock(&lock);
    if (any)
        wait_wake_all(&changed);
}

void lock_forget(struct vnode *vnode, const void *owner)
{
    if (!list_empty(&locks))
        drop(vnode, owner);
}

void lock_forget_file(struct file *file)
{
    drop(NULL, file);
}
