/*
 * futex(2)'s operations, and the lists of robust futexes (get_robust_list(2)), as Linux has them.
 */
#ifndef ABI_FUTEX_H
#define ABI_FUTEX_H

#include "lib/types.h"

#define FUTEX_WAIT        0
#define FUTEX_WAKE        1
#define FUTEX_REQUEUE     3
#define FUTEX_CMP_REQUEUE 4
#define FUTEX_WAKE_OP     5
#define FUTEX_WAIT_BITSET 9
#define FUTEX_WAKE_BITSET 10

#define FUTEX_PRIVATE        0x080u     /* added to them: nobody else has this memory */
#define FUTEX_CLOCK_REALTIME 0x100u

#define FUTEX_ANY 0xffffffffu       /* all bits of a bit set */

/* A robust futex: whose it is, and what became of it. */
#define FUTEX_WAITERS    0x80000000u
#define FUTEX_OWNER_DIED 0x40000000u
#define FUTEX_TID        0x3fffffffu

/* set_robust_list(2)'s. Addresses; bit 0 of next and pending: one with priority inheritance. */
struct robust_list_head {
    uint32_t next;                  /* first entry: the address of the second, and so on */
    int32_t offset;                 /* from an entry to its futex */
    uint32_t pending;               /* one that is being taken or given back, or 0 */
};

#define ROBUST_LIST_LIMIT 2048      /* entries that are looked at */

#endif
