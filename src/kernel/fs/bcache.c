/*
 * The block cache: a hash table of buffers. Dirty ones are in one list, sorted by device and block;
 * clean ones that nobody has are in another, the one used longest ago first, and go when room is
 * needed.
 */
#include "fs/bcache.h"
#include "abi/errno.h"
#include "debug/log.h"
#include "debug/monitor.h"
#include "debug/panic.h"
#include "lib/string.h"
#include "mm/kmalloc.h"
#include "mm/page.h"
#include "sync/spinlock.h"
#include "task/mutex.h"
#include "task/timer.h"

#define BUCKETS     256             /* a power of two */
#define LIMIT_MIN   64
#define LIMIT_MAX   2048
#define RUN_ORDER   3               /* neighbours are written together, up to 32 KiB */

static MUTEX(loading);              /* held while a block is read */
static struct spinlock lock;        /* of all below, and of the buffers' refs, dirty and places */
static struct list buckets[BUCKETS];
static struct list lru = { &lru, &lru };
static struct list dirty = { &dirty, &dirty };
static struct bcache_stats stats;

static struct list *bucket_of(const struct block_device *dev, uint32_t block)
{
    uint32_t h = ((uint32_t)(uintptr_t)dev >> 4) + block;

    return &buckets[(h ^ h >> 8) & (BUCKETS - 1)];
}

/* The block's buffer, or NULL. The caller has the lock. */
static struct buffer *find(const struct block_device *dev, uint32_t block)
{
    list_for_each(node, bucket_of(dev, block)) {
        struct buffer *buffer = list_entry(node, struct buffer, hash);
        if (buffer->dev == dev && buffer->block == block)
            return buffer;
    }
    return NULL;
}

/* A buffer for the block, in the table, its refs 1, its data not valid. NULL: no memory. */
static struct buffer *new_buffer(struct block_device *dev, uint32_t block, unsigned size)
{
    struct buffer *buffer = kzalloc(sizeof(*buffer));
    void *data = kmalloc(size);

    if (!buffer || !data) {
        kfree(buffer);
        kfree(data);
        return NULL;
    }
    *buffer = (struct buffer){ .data = data, .dev = dev, .block = block, .size = size, .refs = 1 };
    list_init(&buffer->place);
    uint32_t irq = spin_lock_irqsave(&lock);
    list_add(&buffer->hash, bucket_of(dev, block));
    stats.buffers++;
    spin_unlock_irqrestore(&lock, irq);
    return buffer;
}

/* Take it out of the table and its list. The caller has the lock, and frees it without. */
static void take_out(struct buffer *buffer)
{
    list_del(&buffer->hash);
    list_del(&buffer->place);
    stats.buffers--;
    stats.dirty -= buffer->dirty;
    buffer->dirty = false;
}

static void free_buffer(struct buffer *buffer)
{
    kfree(buffer->data);
    kfree(buffer);
}

static void drop(struct buffer *buffer)
{
    uint32_t irq = spin_lock_irqsave(&lock);

    take_out(buffer);
    spin_unlock_irqrestore(&lock, irq);
    free_buffer(buffer);
}

static uint64_t first_sector(const struct buffer *buffer)
{
    return (uint64_t)buffer->block * (buffer->size / SECTOR_SIZE);
}

static uint32_t seconds(void)
{
    return (uint32_t)(timer_now() / 1000);
}

/* Enter it in the list of dirty ones, looking for its place from the end. Has the lock. */
static void mark_dirty(struct buffer *buffer)
{
    struct list *behind = dirty.prev;

    if (buffer->dirty)
        return;
    for (; behind != &dirty; behind = behind->prev) {
        struct buffer *other = list_entry(behind, struct buffer, place);
        if (other->dev < buffer->dev ||
            (other->dev == buffer->dev && other->block < buffer->block))
            break;
    }
    list_del(&buffer->place);
    list_add(&buffer->place, behind);
    buffer->dirty = true;
    buffer->since = seconds();
    stats.dirty++;
}

/* It is written: the LRU's, unless somebody has it. The caller has the lock. */
static void mark_clean(struct buffer *buffer)
{
    list_del(&buffer->place);
    buffer->dirty = false;
    stats.dirty--;
    stats.written++;
}

/* One user more of a buffer in the table. The caller has the lock. */
static void use(struct buffer *buffer)
{
    // exercise 5.3 begin: the first user of a clean one takes it out of the LRU
    if (buffer->refs++ == 0 && !buffer->dirty)
        list_del(&buffer->place);
    // exercise 5.3 stub
    // buffer->refs++;
    // exercise 5.3 end
}

/*
 * The block's buffer, with one user more: a new one, which is read unless `fresh`, or the one that
 * has come into the table meanwhile. One block is read at a time, so that nobody finds one that is
 * not valid and reads it over what another has changed.
 */
static int load(struct block_device *dev, uint32_t block, unsigned size, bool fresh,
                struct buffer **result)
{
    int error = 0;

    mutex_lock(&loading);
    uint32_t irq = spin_lock_irqsave(&lock);
    struct buffer *buffer = find(dev, block);
    if (buffer)
        use(buffer);
    spin_unlock_irqrestore(&lock, irq);
    if (buffer && buffer->size != size)
        panic("block %u of %s: %u bytes, and now %u", block, dev->name, buffer->size, size);
    if (!buffer && !(buffer = new_buffer(dev, block, size)))
        error = -ENOMEM;
    if (!error && !buffer->valid && !fresh)
        error = block_read(dev, first_sector(buffer), size / SECTOR_SIZE, buffer->data);
    if (!error)
        buffer->valid = true;
    else if (buffer)
        drop(buffer);               /* not valid: nobody else has it */
    mutex_unlock(&loading);
    *result = buffer;
    return error;
}

/* While there are too many buffers, free the one that has been unused for the longest time. */
static void make_room(void)
{
    // exercise 5.3 begin: from the LRU's beginning, until there are fewer than the limit
    for (;;) {
        struct buffer *oldest = NULL;
        uint32_t irq = spin_lock_irqsave(&lock);
        if (stats.buffers >= stats.limit && !list_empty(&lru)) {
            oldest = list_entry(lru.next, struct buffer, place);
            take_out(oldest);
            stats.evicted++;
        }
        spin_unlock_irqrestore(&lock, irq);
        if (!oldest)
            return;
        free_buffer(oldest);
    }
    // exercise 5.3 stub
    // (void)free_buffer;
    // exercise 5.3 end
}

static int get(struct block_device *dev, uint32_t block, unsigned size, bool fresh,
               struct buffer **buffer)
{
    // exercise 5.3 begin: one that is there, and valid, is used; for one more, make room and load
    uint32_t irq = spin_lock_irqsave(&lock);
    struct buffer *there = find(dev, block);

    if (there && there->valid) {
        use(there);
        stats.hits++;
        spin_unlock_irqrestore(&lock, irq);
        *buffer = there;
        return 0;
    }
    stats.misses++;
    spin_unlock_irqrestore(&lock, irq);
    make_room();
    return load(dev, block, size, fresh, buffer);
    // exercise 5.3 stub
    // (void)make_room;
    // return load(dev, block, size, fresh, buffer);
    // exercise 5.3 end
}

int bcache_get(struct block_device *dev, uint32_t block, unsigned size, struct buffer **buffer)
{
    return get(dev, block, size, false, buffer);
}

int bcache_get_new(struct block_device *dev, uint32_t block, unsigned size, struct buffer **buffer)
{
    int error = get(dev, block, size, true, buffer);

    if (!error) {
        memset((*buffer)->data, 0, size);
        bcache_dirty(*buffer);
    }
    return error;
}

void bcache_dirty(struct buffer *buffer)
{
    uint32_t irq = spin_lock_irqsave(&lock);

    mark_dirty(buffer);
    spin_unlock_irqrestore(&lock, irq);
}

void bcache_put(struct buffer *buffer)
{
    if (!buffer)
        return;
    // exercise 5.3 begin: a clean one without users is the LRU's last; a dirty one waits
    uint32_t irq = spin_lock_irqsave(&lock);

    if (--buffer->refs == 0 && !buffer->dirty)
        list_add_tail(&buffer->place, &lru);
    spin_unlock_irqrestore(&lock, irq);
    // exercise 5.3 stub
    // if (--buffer->refs == 0) {
    //     bcache_write(buffer);
    //     drop(buffer);
    // }
    // exercise 5.3 end
}

/*
 * Write `count` buffers of neighbouring blocks, in one request if there is memory to join them in.
 */
static int write_run(struct buffer **run, unsigned count)
{
    unsigned size = run[0]->size, sectors = size / SECTOR_SIZE;
    uint64_t sector = first_sector(run[0]);
    struct page *page = count > 1 ? alloc_pages(RUN_ORDER) : NULL;
    int error = 0;

    if (page) {
        char *joined = page_to_virt(page);
        for (unsigned i = 0; i < count; i++)
            memcpy(joined + i * size, run[i]->data, size);
        error = block_write(run[0]->dev, sector, count * sectors, joined);
        free_pages(page, RUN_ORDER);
        return error;
    }
    for (unsigned i = 0; i < count && !error; i++)
        error = block_write(run[0]->dev, sector + i * sectors, sectors, run[i]->data);
    return error;
}

#define RUN_MAX ((PAGE_SIZE << RUN_ORDER) / SECTOR_SIZE)

/*
 * The device's first dirty buffer from `block` on, and those of the blocks that follow it without a
 * gap, as many as write_run() can join. Returns how many there are.
 */
static unsigned dirty_run(const struct block_device *dev, uint32_t block,
                          struct buffer *run[RUN_MAX])
{
    unsigned count = 0;
    uint32_t irq = spin_lock_irqsave(&lock);

    // exercise 5.3 begin: the list of dirty ones is sorted; a gap ends the run, and so does 32 KiB
    list_for_each(node, &dirty) {
        struct buffer *buffer = list_entry(node, struct buffer, place);
        if (buffer->dev != dev || buffer->block < block)
            continue;
        if (count && (buffer->block != run[count - 1]->block + 1 ||
                      (count + 1) * buffer->size > PAGE_SIZE << RUN_ORDER))
            break;
        run[count++] = buffer;
    }
    // exercise 5.3 stub
    // (void)dev, (void)block, (void)run;
    // exercise 5.3 end
    spin_unlock_irqrestore(&lock, irq);
    return count;
}

/* The run is written, or not. */
static void end_run(struct buffer **run, unsigned count, bool written)
{
    uint32_t irq = spin_lock_irqsave(&lock);

    for (unsigned i = 0; i < count && written; i++) {
        mark_clean(run[i]);
        if (run[i]->refs == 0)
            list_add_tail(&run[i]->place, &lru);
    }
    spin_unlock_irqrestore(&lock, irq);
}

int bcache_sync(struct block_device *dev)
{
    struct buffer *run[RUN_MAX];
    unsigned count;
    int first = 0;

    for (uint32_t block = 0; (count = dirty_run(dev, block, run)); ) {
        int error = write_run(run, count);
        block = run[count - 1]->block + 1;
        end_run(run, count, !error);
        if (error && !first)
            first = error;
        if (block == 0)
            break;
    }
    return first;
}

int bcache_write(struct buffer *buffer)
{
    if (!buffer->dirty)
        return 0;
    int error = write_run(&buffer, 1);
    end_run(&buffer, 1, !error);
    return error;
}

/* Take a buffer of such a block out of the bucket, or return NULL. Nobody has one of them. */
static struct buffer *take_one(struct list *bucket, struct block_device *dev, uint32_t block,
                               uint32_t count)
{
    struct buffer *found = NULL;
    uint32_t irq = spin_lock_irqsave(&lock);

    list_for_each(node, bucket) {
        struct buffer *buffer = list_entry(node, struct buffer, hash);
        if (buffer->dev == dev && buffer->block - block < count)
            found = buffer;
    }
    if (found && found->refs)
        panic("block %u of %s goes, and somebody has it", found->block, dev->name);
    if (found)
        take_out(found);
    spin_unlock_irqrestore(&lock, irq);
    return found;
}

void bcache_forget(struct block_device *dev, uint32_t block, uint32_t count)
{
    struct buffer *buffer;

    if (count < BUCKETS) {
        for (uint32_t i = 0; i < count; i++)
            if ((buffer = take_one(bucket_of(dev, block + i), dev, block + i, 1)))
                free_buffer(buffer);
        return;
    }
    for (unsigned i = 0; i < BUCKETS; i++)
        while ((buffer = take_one(&buckets[i], dev, block, count)))
            free_buffer(buffer);
}

void bcache_drop(struct block_device *dev)
{
    bcache_forget(dev, 0, UINT32_MAX);
}

int bcache_dirty_age(struct block_device *dev)
{
    int age = -1;
    uint32_t now = seconds(), irq = spin_lock_irqsave(&lock);

    list_for_each(node, &dirty) {
        struct buffer *buffer = list_entry(node, struct buffer, place);
        if (buffer->dev == dev && (int)(now - buffer->since) > age)
            age = (int)(now - buffer->since);
    }
    spin_unlock_irqrestore(&lock, irq);
    return age;
}

bool bcache_crowded(void)
{
    return stats.dirty > stats.limit / 2;
}

void bcache_stats(struct bcache_stats *copy)
{
    uint32_t irq = spin_lock_irqsave(&lock);

    *copy = stats;
    spin_unlock_irqrestore(&lock, irq);
}

/* Memory is short: all clean buffers that nobody has go, and the slabs they leave empty. */
static unsigned reclaim(void)
{
    unsigned bytes = 0;

    for (;;) {
        struct buffer *oldest = NULL;
        uint32_t irq = spin_lock_irqsave(&lock);
        if (!list_empty(&lru)) {
            oldest = list_entry(lru.next, struct buffer, place);
            take_out(oldest);
            stats.evicted++;
        }
        spin_unlock_irqrestore(&lock, irq);
        if (!oldest)
            return bytes / PAGE_SIZE;
        bytes += oldest->size;
        free_buffer(oldest);
    }
}

void bcache_init(void)
{
    struct page_stats memory;

    page_stats(&memory);
    for (unsigned i = 0; i < BUCKETS; i++)
        list_init(&buckets[i]);
    stats.limit = memory.usable / 16;
    if (stats.limit < LIMIT_MIN)
        stats.limit = LIMIT_MIN;
    if (stats.limit > LIMIT_MAX)
        stats.limit = LIMIT_MAX;
    page_add_reclaim(reclaim);
}

MONITOR_COMMAND(bcache, "", "how the block cache stands")
{
    struct bcache_stats s;

    (void)argc, (void)argv, (void)tf;
    bcache_stats(&s);
    console_printf("%u buffers (limit %u), %u dirty; %u hits, %u misses, %u written, %u evicted\n",
                   s.buffers, s.limit, s.dirty, s.hits, s.misses, s.written, s.evicted);
}
