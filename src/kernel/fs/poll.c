/*
 * Waiting for many files.
 */
#include "fs/poll.h"
#include "abi/errno.h"
#include "fs/file.h"
#include "mm/kmalloc.h"
#include "task/sched.h"
#include "task/timer.h"

#define CHUNK_ENTRIES ((PAGE_SIZE / 2 - sizeof(struct poll_chunk)) / sizeof(struct poll_entry))

/* A free entry, or NULL. */
static struct poll_entry *new_entry(struct poll_table *table)
{
    if (table->used < POLL_FIXED)
        return &table->fixed[table->used++];
    struct poll_chunk *chunk = table->chunks;
    if (!chunk || chunk->used == CHUNK_ENTRIES) {
        chunk = kmalloc(sizeof(*chunk) + CHUNK_ENTRIES * sizeof(chunk->entries[0]));
        if (!chunk)
            return NULL;
        chunk->next = table->chunks;
        chunk->used = 0;
        table->chunks = chunk;
    }
    return &chunk->entries[chunk->used++];
}

/* The current task waits, and its entry is in the queue. */
static void enter(struct poll_table *table, struct poll_entry *entry)
{
    if (wait_prepare(entry->queue, &entry->wait, true))
        table->error = -EINTR;
}

void poll_wait(struct poll_table *table, struct wait_queue *queue)
{
    if (!table || table->error)
        return;
    struct poll_entry *entry = new_entry(table);
    if (!entry) {
        table->error = -ENOMEM;
        return;
    }
    wait_entry_init(&entry->wait);
    entry->queue = queue;
    entry->file = table->file;
    file_hold(entry->file);
    enter(table, entry);
}

unsigned file_poll(struct file *file, struct poll_table *table)
{
    if (file->ops && file->ops->poll)
        return file->ops->poll(file, table);
    return POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM;
}

unsigned poll_file(struct file *file, struct poll_table *table)
{
    if (table)
        table->file = file;
    return file_poll(file, table);
}

/* Call fn for each entry. */
static void each(struct poll_table *table, void (*fn)(struct poll_table *, struct poll_entry *))
{
    for (unsigned i = 0; i < table->used; i++)
        fn(table, &table->fixed[i]);
    for (struct poll_chunk *chunk = table->chunks; chunk; chunk = chunk->next)
        for (unsigned i = 0; i < chunk->used; i++)
            fn(table, &chunk->entries[i]);
}

static void leave(struct poll_table *table, struct poll_entry *entry)
{
    (void)table;
    wait_finish(entry->queue, &entry->wait);
    file_close(entry->file);
}

static void finish(struct poll_table *table)
{
    sched_finish_wait();
    each(table, leave);
    while (table->chunks) {
        struct poll_chunk *chunk = table->chunks;
        table->chunks = chunk->next;
        kfree(chunk);
    }
}

/* Sleep until something happens. Returns whether it is before `end`. */
static bool sleep_until(uint64_t end)
{
    if (end == POLL_FOREVER) {
        schedule();
        return true;
    }
    uint64_t now = timer_now();
    if (now >= end)
        return false;
    schedule_timeout(end - now > 0x7fffffff ? 0x7fffffff : (uint32_t)(end - now));
    return true;
}

int poll_until(int (*scan)(void *arg, struct poll_table *table), void *arg, uint64_t end)
{
    struct poll_table table;
    int result;

    table.error = 0;
    table.used = 0;
    table.chunks = NULL;
    for (bool first = true; ; first = false) {
        if (end && !sched_prepare_wait(true))
            table.error = -EINTR;
        else if (!first)
            each(&table, enter);    /* being woken has taken them out of their queues */
        result = scan(arg, first && end ? &table : NULL);
        if (!result)
            result = table.error;
        if (result || !end || !sleep_until(end))
            break;
    }
    finish(&table);
    return result;
}
