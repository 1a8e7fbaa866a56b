/*
 * Waiting for one of many files at once. A table holds a wait entry for each queue that a file has
 * named, and the files themselves, so that no queue goes while somebody is in it.
 *
 * Whoever makes something possible does that first and wakes the queue then; poll enters the queues
 * first and looks then (task/wait.h).
 */
#ifndef FS_POLL_H
#define FS_POLL_H

#include "abi/poll.h"
#include "task/wait.h"

#define POLL_FIXED 8                /* entries for which no memory must be had */

struct file;

struct poll_entry {
    struct wait_entry wait;
    struct wait_queue *queue;
    struct file *file;              /* counted */
};

struct poll_chunk {
    struct poll_chunk *next;
    unsigned used;
    struct poll_entry entries[];
};

struct poll_table {
    struct file *file;              /* whose ops->poll is being called */
    int error;                      /* -ENOMEM: not all queues are watched; -EINTR */
    unsigned used;                  /* of fixed */
    struct poll_chunk *chunks;
    struct poll_entry fixed[POLL_FIXED];
};

/* For ops->poll: the task that polls shall be woken when `queue` is. NULL as table: nothing. */
void poll_wait(struct poll_table *table, struct wait_queue *queue);

/*
 * Look at one file, with a table or with none: POLL bits. The table, if there is one, keeps it
 * until the end.
 */
unsigned poll_file(struct file *file, struct poll_table *table);

/* "Never", as the time at which poll_until() gives up. */
#define POLL_FOREVER (~0ull)

/*
 * Call scan(arg, table) again and again until it returns something other than 0, which is returned;
 * between the calls the task sleeps until a queue is woken that scan, by poll_file(), has come by,
 * until timer_now() has reached `end` (0 is returned then), or until it is interrupted: -EINTR.
 * table is NULL whenever it is known already where to wait. -ENOMEM.
 */
int poll_until(int (*scan)(void *arg, struct poll_table *table), void *arg, uint64_t end);

#endif
