/*
 * Shared anonymous memory, in the page cache like a file's, but of an object that nobody can find.
 */
#include "mm/anon.h"
#include "abi/errno.h"
#include "lib/list.h"
#include "mm/commit.h"
#include "mm/kmalloc.h"
#include "sync/spinlock.h"

struct anon {
    struct cache_object pages;
    uint32_t refs;
    uint32_t charged;
};

static struct spinlock lock;        /* of all refs */

static int read(struct cache_object *object, uint32_t index, unsigned count, void *data)
{
    (void)object, (void)index;
    page_clear(data, count);
    return 0;
}

static struct anon *anon_of(struct cache_object *object)
{
    return list_entry(object, struct anon, pages);
}

static void hold(struct cache_object *object)
{
    uint32_t irq = spin_lock_irqsave(&lock);

    anon_of(object)->refs++;
    spin_unlock_irqrestore(&lock, irq);
}

static void release(struct cache_object *object)
{
    struct anon *anon = anon_of(object);
    uint32_t irq = spin_lock_irqsave(&lock);
    bool last = --anon->refs == 0;

    spin_unlock_irqrestore(&lock, irq);
    if (!last)
        return;
    cache_truncate(&anon->pages, 0);
    commit_release(anon->charged);
    kfree(anon);
}

static const struct cache_ops ops = {
    .read = read, .hold = hold, .release = release, .sized = true,
};

int anon_create(uint32_t pages, struct cache_object **object)
{
    struct anon *anon = kzalloc(sizeof(*anon));
    int error = anon ? commit_charge(pages) : -ENOMEM;

    if (error) {
        kfree(anon);
        return error;
    }
    *anon = (struct anon){ .pages = { .ops = &ops, .end = pages }, .refs = 1, .charged = pages };
    *object = &anon->pages;
    return 0;
}
