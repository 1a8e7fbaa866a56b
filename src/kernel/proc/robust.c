/*
 * Robust futexes: a thread that ends with some in its hands has others know.
 *
 * get_robust_list(2). All of it is the program's memory, and may be nonsense: at most
 * ROBUST_LIST_LIMIT entries are looked at, and the first one that cannot be read is the last.
 */
#include "mm/usercopy.h"
#include "proc/futex.h"
#include "proc/process.h"

#define IS_PI 1u                    /* in an entry's address */

static bool read_word(uint32_t va, uint32_t *word)
{
    return copy_from_user(word, (const void *)(uintptr_t)va, sizeof(*word)) == 0;
}

/* The futex at va: if it is the dead thread's, say so, and let one that waits see it. */
static void owner_died(uint32_t va, uint32_t tid, bool is_pending)
{
    uint32_t *at = (uint32_t *)(uintptr_t)va, word, seen;

    if (va % sizeof(word) || !user_range(at, sizeof(word)) || !read_word(va, &word))
        return;
    if (is_pending && word == 0) {  /* given back, but nobody was woken yet */
        futex_wake(at, 1);
        return;
    }
    do {
        seen = word;
        if ((word & FUTEX_TID) != tid)
            return;
        if (probe_exchange(at, &word, (word & FUTEX_WAITERS) | FUTEX_OWNER_DIED))
            return;
    } while (word != seen);
    if (word & FUTEX_WAITERS)
        futex_wake(at, 1);
}

void futex_thread_exit(struct thread *thread)
{
    struct robust_list_head head;
    uint32_t list = (uint32_t)thread->robust_list, tid = thread->task->pid;

    thread->robust_list = 0;
    if (!list || copy_from_user(&head, (const void *)(uintptr_t)list, sizeof(head)))
        return;
    uint32_t entry = head.next & ~IS_PI, offset = (uint32_t)head.offset;
    uint32_t pending = head.pending & ~IS_PI;
    for (unsigned n = 0; entry != list && n < ROBUST_LIST_LIMIT; n++) {
        uint32_t next;
        bool more = read_word(entry, &next);    /* before: whoever is woken may free it */
        if (entry != pending)
            owner_died(entry + offset, tid, false);
        if (!more)
            break;
        entry = next & ~IS_PI;
    }
    if (pending)
        owner_died(pending + offset, tid, true);
}
