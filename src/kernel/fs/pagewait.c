/*
 * A few wait queues for all pages: a page's number says which. Who is woken looks again.
 */
#include "fs/pagewait.h"
#include "mm/pagecache.h"
#include "task/sched.h"
#include "task/wait.h"

#define QUEUES 16

static struct wait_queue queues[QUEUES];

static struct wait_queue *queue_of(const struct page *page)
{
    return &queues[page_to_phys(page) / PAGE_SIZE % QUEUES];
}

static void wait(struct page *page)
{
    wait_event(queue_of(page), !cache_busy(page));
}

static void wake(struct page *page)
{
    wait_wake_all(queue_of(page));
}

void pagewait_init(void)
{
    for (unsigned i = 0; i < QUEUES; i++)
        wait_init(&queues[i]);
    cache_set_wait(wait, wake);
}
