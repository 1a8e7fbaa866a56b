/*
 * The table of vnodes: those in use, each in its mount's list, and those that nobody uses now but
 * may be wanted again, in one LRU list.
 */
#include "fs/vnode.h"
#include "abi/errno.h"
#include "debug/panic.h"
// until lab 6: #include "dev/rtc.h"
#include "dev/clock.h"              // lab 6
#include "fs/mount.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "task/task.h"              // lab 6
// until lab 6: #include "task/timer.h"

#define BUCKETS   256               /* a power of two */
#define LIMIT_MIN 64
#define LIMIT_MAX 4096

#define NAMES_KNOWN 512             /* a power of two */
#define NAME_KNOWN  27              /* bytes of a name that is not too long for that */

static struct spinlock lock;        /* of all below, and of the vnodes' refs and places */
static struct slab_cache cache;
static struct list buckets[BUCKETS];
static struct list lru = { &lru, &lru };        /* used longest ago: first */
static struct list dead = { &dead, &dead };     /* no name, no user: vnode_reap() forgets them */
static unsigned count, limit;       /* vnodes in memory, and when unused ones have to go */
static uint64_t last_serial;

/*
 * What was looked up lately in file systems with FS_NAMES: a table in which each name has one
 * place, and a new one takes the place of another.
 */
static struct known_name {
    uint64_t dir;                   /* its directory's serial number; 0: none */
    uint32_t ino;
    char name[NAME_KNOWN + 1];
} known_names[NAMES_KNOWN];
// until lab 6: static uint32_t boot_time;          /* when timer_now() was 0 */

int (*vnode_access_hook)(const struct vnode *vnode, unsigned want);     // lab 6

static struct list *bucket_of(const struct mount *mount, uint32_t ino)
{
    return &buckets[(ino ^ ino >> 8 ^ mount->id) & (BUCKETS - 1)];
}

uint32_t vnode_time(void)
{
    // until lab 6: return boot_time + (uint32_t)(timer_now() / 1000);
    return clock_seconds();         // lab 6
}

/*
 * Out of the table, with all that hangs on it. Has the mount's lock; it is in no list any more.
 * -ENOMEM: it is among the dead again. One that has a name can always go.
 */
static int forget(struct vnode *vnode)
{
    struct vnode *parent = vnode == vnode->parent ? NULL : vnode->parent;

    cache_truncate(&vnode->pages, 0);
    int error = vnode->ops && vnode->ops->forget ? vnode->ops->forget(vnode) : 0;
    if (error) {
        uint32_t irq = spin_lock_irqsave(&lock);
        list_add(&vnode->place, &dead);
        count++;
        spin_unlock_irqrestore(&lock, irq);
        return error;
    }
    slab_free(&cache, vnode);
    vnode_put(parent);
    return 0;
}

/* Take the vnode out of the table. The caller has the spinlock, and calls forget() without. */
static void take_out(struct vnode *vnode)
{
    list_del(&vnode->hash);
    list_del(&vnode->place);
    count--;
}

/*
 * The vnode unused for the longest time whose mount's lock is `have`'s or free, which is taken
 * then; out of the table. NULL: there is none.
 */
static struct vnode *take_oldest(struct mount *have, bool only_that)
{
    struct vnode *found = NULL;
    uint32_t irq = spin_lock_irqsave(&lock);

    for (struct list *node = lru.next; node != &lru && !found; node = node->next) {
        struct vnode *vnode = list_entry(node, struct vnode, place);
        if (vnode->mount == have || (!only_that && mutex_trylock(&vnode->mount->lock)))
            found = vnode;
    }
    if (found)
        take_out(found);
    spin_unlock_irqrestore(&lock, irq);
    return found;
}

static void make_room(struct mount *have)
{
    struct vnode *oldest;

    while (count >= limit && (oldest = take_oldest(have, false))) {
        struct mount *mount = oldest->mount;
        forget(oldest);
        if (mount != have)
            mutex_unlock(&mount->lock);
    }
}

/* The caller has the spinlock. */
static void use(struct vnode *vnode)
{
    if (vnode->refs++ == 0) {
        list_del(&vnode->place);
        list_add_tail(&vnode->place, &vnode->mount->vnodes);
    }
}

static struct vnode *find(struct mount *mount, uint32_t ino)
{
    list_for_each(node, bucket_of(mount, ino)) {
        struct vnode *vnode = list_entry(node, struct vnode, hash);
        if (vnode->mount == mount && vnode->ino == ino)
            return vnode;
    }
    return NULL;
}

/* Where the name would be among the known ones; NULL: nowhere, it is too long. */
static struct known_name *known_place(const struct vnode *dir, const char *name)
{
    uint32_t hash = (uint32_t)dir->serial * 2654435761u;
    unsigned n = 0;

    while (name[n] && n <= NAME_KNOWN)
        hash = hash * 31 + (uint8_t)name[n++];
    return n <= NAME_KNOWN ? &known_names[(hash ^ hash >> 15) & (NAMES_KNOWN - 1)] : NULL;
}

static bool is_known(const struct known_name *known, const struct vnode *dir, const char *name)
{
    return known && known->dir == dir->serial && strcmp(known->name, name) == 0;
}

/* What the name is known to stand for, counted, if that is in memory; or NULL. */
static struct vnode *find_known(const struct vnode *dir, const char *name)
{
    struct known_name *known = known_place(dir, name);
    uint32_t irq = spin_lock_irqsave(&lock);
    struct vnode *vnode = is_known(known, dir, name) ? find(dir->mount, known->ino) : NULL;

    if (vnode && S_ISDIR(vnode->mode) && vnode->parent != dir)
        vnode = NULL;
    if (vnode)
        use(vnode);
    spin_unlock_irqrestore(&lock, irq);
    return vnode;
}

static void know(const struct vnode *dir, const char *name, uint32_t ino)
{
    struct known_name *known = known_place(dir, name);

    if (!known)
        return;
    uint32_t irq = spin_lock_irqsave(&lock);
    known->dir = dir->serial;
    known->ino = ino;
    strlcpy(known->name, name, sizeof(known->name));
    spin_unlock_irqrestore(&lock, irq);
}

void vnode_name_lost(const struct vnode *dir, const char *name)
{
    struct known_name *known = known_place(dir, name);
    uint32_t irq = spin_lock_irqsave(&lock);

    if (is_known(known, dir, name))
        known->dir = 0;
    spin_unlock_irqrestore(&lock, irq);
}

/* Pages go by the vnode's operations, whatever its file system. */
static int read_pages(struct cache_object *object, uint32_t index, unsigned n, void *data)
{
    struct vnode *vnode = list_entry(object, struct vnode, pages);

    if (!vnode->ops->read_pages)                                            // lab 6
        return -ENODEV;                                                     // lab 6
    return vnode->ops->read_pages(vnode, index, n, data);
}

static int write_page(struct cache_object *object, uint32_t index, const void *data)
{
    struct vnode *vnode = list_entry(object, struct vnode, pages);

    return vnode->ops->write_page(vnode, index, data);
}

// lab 6 begin
static struct vnode *vnode_of(struct cache_object *object)
{
    return list_entry(object, struct vnode, pages);
}

static void hold_mapped(struct cache_object *object)
{
    vnode_hold(vnode_of(object));
}

/*
 * One without names goes at once, with what it has on the disk: unless the mount is locked, by the
 * caller itself perhaps, whose write(2) has made a page fault. Then it goes when that is unlocked.
 */
static void release_mapped(struct cache_object *object)
{
    struct vnode *vnode = vnode_of(object);
    struct mount *mount = vnode->mount;
    bool locked = vnode->nlink == 0 && mutex_trylock(&mount->lock);

    vnode_put(vnode);
    if (locked)
        mount_unlock(mount);
}

/* The page shall have a place on the disk; and this is when the file is modified. */
static int will_write(struct cache_object *object, uint32_t index)
{
    struct vnode *vnode = vnode_of(object);
    struct mount *mount = vnode->mount;
    int64_t from = (int64_t)index << PAGE_SHIFT, to = from + PAGE_SIZE;

    if (mount->flags & MOUNT_READ_ONLY)
        return -EROFS;
    if (mount->lock.owner == current())
        return -EDEADLK;                        /* no file operation writes to a program's memory */
    mount_lock(mount);
    if (to > vnode->size)
        to = vnode->size;
    int error = from >= to ? -ENXIO : vnode->ops->reserve ? vnode->ops->reserve(vnode, from, to) :
                0;
    if (!error) {
        vnode->mtime = vnode->ctime = vnode_time();
        vnode_changed(vnode);
    }
    mount_unlock(mount);
    return error;
}

static int sync_mapped(struct cache_object *object)
{
    return mount_sync(vnode_of(object)->mount);
}

#define MAPPED .hold = hold_mapped, .release = release_mapped, .will_write = will_write,        \
               .sync = sync_mapped, .sized = true
static const struct cache_ops disk_pages = {
    .read = read_pages, .write = write_page, MAPPED,
};
static const struct cache_ops memory_pages = {  /* once dirty, they stay */
    .read = read_pages, MAPPED,
};
// lab 6 end
// until lab 6 begin
// static const struct cache_ops disk_pages = { .read = read_pages, .write = write_page };
// static const struct cache_ops memory_pages = { /* once dirty, they stay */
//     .read = read_pages,
// };
// until lab 6 end

int vnode_get(struct mount *mount, uint32_t ino, struct vnode **result)
{
    uint32_t irq = spin_lock_irqsave(&lock);
    struct vnode *vnode = find(mount, ino);

    if (vnode)
        use(vnode);
    spin_unlock_irqrestore(&lock, irq);
    *result = vnode;
    if (vnode)
        return 0;
    make_room(mount);
    vnode = slab_alloc(&cache);
    if (!vnode)
        return -ENOMEM;
    *vnode = (struct vnode){ .mount = mount, .ino = ino, .refs = 1 };
    vnode->pages.ops = mount->type->flags & FS_DEVICE ? &disk_pages : &memory_pages;
    list_init(&vnode->changes);
    irq = spin_lock_irqsave(&lock);
    vnode->serial = ++last_serial;
    list_add(&vnode->hash, bucket_of(mount, ino));
    list_add_tail(&vnode->place, &mount->vnodes);
    count++;
    spin_unlock_irqrestore(&lock, irq);
    *result = vnode;
    return 1;
}

void vnode_discard(struct vnode *vnode)
{
    uint32_t irq = spin_lock_irqsave(&lock);

    take_out(vnode);
    spin_unlock_irqrestore(&lock, irq);
    slab_free(&cache, vnode);
}

void vnode_hold(struct vnode *vnode)
{
    uint32_t irq = spin_lock_irqsave(&lock);

    use(vnode);
    spin_unlock_irqrestore(&lock, irq);
}

struct vnode *vnode_covering(struct vnode *vnode)
{
    uint32_t irq = spin_lock_irqsave(&lock);
    struct vnode *root = vnode->covered ? vnode->covered->root : NULL;

    if (root)
        use(root);
    spin_unlock_irqrestore(&lock, irq);
    return root;
}

void vnode_put(struct vnode *vnode)
{
    if (!vnode)
        return;
    uint32_t irq = spin_lock_irqsave(&lock);
    if (vnode->refs == 0)
        panic("vnode %u is given back by somebody who has not got it", vnode->ino);
    vnode->refs--;
    if (vnode->refs == 1 && vnode->nlink == 0 && vnode->changed) {
        vnode->changed = false;                 /* its changes are nobody's any more */
        list_del(&vnode->changes);
        vnode->refs--;
    }
    if (vnode->refs == 0) {
        bool wanted = vnode->nlink && !list_empty(&vnode->hash);
        list_del(&vnode->place);
        list_add_tail(&vnode->place, wanted ? &lru : &dead);
    }
    spin_unlock_irqrestore(&lock, irq);
}

void vnode_adopt(struct vnode *dir, struct vnode *child)
{
    child->home = dir->ino;                     // lab 6
    if (!S_ISDIR(child->mode) || child->parent == dir)
        return;
    vnode_hold(dir);
    vnode_put(child->parent);
    child->parent = dir;
}

// lab 6 begin
struct vnode *vnode_home(const struct vnode *vnode)
{
    uint32_t irq = spin_lock_irqsave(&lock);
    struct vnode *dir = vnode->home ? find(vnode->mount, vnode->home) : NULL;

    if (dir && !S_ISDIR(dir->mode))
        dir = NULL;
    if (dir)
        use(dir);
    spin_unlock_irqrestore(&lock, irq);
    return dir;
}

struct vnode *vnode_of_pages(struct cache_object *object)
{
    return object && (object->ops == &disk_pages || object->ops == &memory_pages) ?
           vnode_of(object) : NULL;
}

// lab 6 end
int vnode_lookup(struct vnode *dir, const char *name, struct vnode **found)
{
    bool keeps = dir->mount->type->flags & FS_NAMES;

    if (dir->nlink == 0)
        return -ENOENT;
    if (keeps && (*found = find_known(dir, name)))
        return 0;
    int error = dir->ops->lookup(dir, name, found);
    if (error)
        return error;
    vnode_adopt(dir, *found);
    if (keeps)
        know(dir, name, (*found)->ino);
    return 0;
}

int vnode_reap(struct mount *mount)
{
    while (!list_empty(&dead)) {
        struct vnode *found = NULL;
        uint32_t irq = spin_lock_irqsave(&lock);
        list_for_each(node, &dead) {
            struct vnode *vnode = list_entry(node, struct vnode, place);
            if (vnode->mount == mount)
                found = vnode;
        }
        if (found)
            take_out(found);
        spin_unlock_irqrestore(&lock, irq);
        int error = found ? forget(found) : 0;
        if (!found || error)
            return error;
    }
    return 0;
}

void vnode_renumber(struct vnode *vnode, uint32_t ino)
{
    uint32_t irq = spin_lock_irqsave(&lock);

    list_del(&vnode->hash);
    vnode->ino = ino;
    list_add(&vnode->hash, bucket_of(vnode->mount, ino));
    spin_unlock_irqrestore(&lock, irq);
}

void vnode_unhash(struct vnode *vnode)
{
    uint32_t irq = spin_lock_irqsave(&lock);

    list_del(&vnode->hash);
    spin_unlock_irqrestore(&lock, irq);
}

void vnode_changed(struct vnode *vnode)
{
    uint32_t irq = spin_lock_irqsave(&lock);

    if (!vnode->changed && (vnode->mount->type->flags & FS_DEVICE)) {
        vnode->changed = true;
        list_add_tail(&vnode->changes, &vnode->mount->changed);
        use(vnode);
    }
    spin_unlock_irqrestore(&lock, irq);
}

/* Take it off the list of changed ones. Returns whether it was there; its count is the caller's. */
static bool take_change(struct vnode *vnode)
{
    uint32_t irq = spin_lock_irqsave(&lock);
    bool was = vnode->changed;

    vnode->changed = false;
    list_del(&vnode->changes);
    spin_unlock_irqrestore(&lock, irq);
    return was;
}

void vnode_set_size(struct vnode *vnode, int64_t size)
{
    vnode->size = size;
    vnode->pages.end = (uint32_t)((size + PAGE_SIZE - 1) >> PAGE_SHIFT);
}

int vnode_trim(struct vnode *vnode)
{
    int error = vnode->ops->truncate ? vnode->ops->truncate(vnode) : 0;

    vnode->excess = error;
    if (error)
        vnode_changed(vnode);
    return error;
}

int vnode_sync(struct vnode *vnode)
{
    if (!take_change(vnode))
        return 0;
    int error = vnode->excess ? vnode_trim(vnode) : 0;
    if (!error)
        error = cache_sync(&vnode->pages);
    if (!error && vnode->ops->update)
        error = vnode->ops->update(vnode);
    if (error)
        vnode_changed(vnode);
    vnode_put(vnode);
    return error;
}

/* The first changed vnode, counted, or NULL. */
static struct vnode *first_changed(struct mount *mount)
{
    struct vnode *vnode = NULL;
    uint32_t irq = spin_lock_irqsave(&lock);

    if (!list_empty(&mount->changed)) {
        vnode = list_entry(mount->changed.next, struct vnode, changes);
        use(vnode);
    }
    spin_unlock_irqrestore(&lock, irq);
    return vnode;
}

int vnode_sync_all(struct mount *mount)
{
    unsigned changes = 0;
    int first = 0;

    list_for_each(node, &mount->changed)        /* what fails is behind them again */
        changes++;
    while (changes--) {
        struct vnode *vnode = first_changed(mount);
        int error = vnode ? vnode_sync(vnode) : 0;
        vnode_put(vnode);
        if (error && !first)
            first = error;
    }
    return first;
}

void vnode_give_up_all(struct mount *mount)
{
    struct vnode *vnode;

    while ((vnode = first_changed(mount))) {
        cache_truncate(&vnode->pages, 0);
        if (take_change(vnode))
            vnode_put(vnode);
        vnode_put(vnode);
    }
}

/* Is a vnode of the mount in use, but for the root by the mount? The caller has the spinlock. */
static bool is_used(const struct mount *mount)
{
    list_for_each(node, &mount->vnodes) {
        struct vnode *vnode = list_entry(node, struct vnode, place);
        if (vnode != mount->root || vnode->refs > 1)
            return true;
    }
    return false;
}

int vnode_forget_all(struct mount *mount)
{
    struct vnode *vnode, *root = mount->root;
    int error = vnode_reap(mount);

    if (error)
        return error;
    while ((vnode = take_oldest(mount, true)))
        forget(vnode);
    uint32_t irq = spin_lock_irqsave(&lock);
    bool used = is_used(mount);
    if (!used && root)
        take_out(root);
    if (!used && mount->on)
        mount->on->covered = NULL;              /* from here on nobody finds the way in */
    spin_unlock_irqrestore(&lock, irq);
    if (used)
        return -EBUSY;
    if (root)
        forget(root);
    mount->root = NULL;
    return 0;
}

void vnode_init(void)
{
    struct page_stats memory;
    // until lab 6: struct rtc_time now = rtc_read();

    page_stats(&memory);
    limit = memory.usable / 16;
    if (limit < LIMIT_MIN)
        limit = LIMIT_MIN;
    if (limit > LIMIT_MAX)
        limit = LIMIT_MAX;
    // until lab 6: boot_time = rtc_seconds(&now) - (uint32_t)(timer_now() / 1000);
    for (unsigned i = 0; i < BUCKETS; i++)
        list_init(&buckets[i]);
    slab_cache_init(&cache, "vnode", sizeof(struct vnode), 16, NULL);
}
