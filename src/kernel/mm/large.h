/*
 * 4 MiB pages in areas that ask for them (AREA_LARGE): one directory entry and one TLB entry
 * instead of a thousand.
 *
 * A large page maps a block of order PAGE_ORDER_MAX, and holds one count of it; or, if somebody who
 * shared the block has split it, one count of each frame. The caller has the space's lock.
 */
#ifndef MM_LARGE_H
#define MM_LARGE_H

#include "mm/space.h"

/*
 * Map zeros at va by a large page, if the area has room for one there and memory has such a block.
 */
bool large_fault(struct space *space, const struct area *area, uintptr_t va);

/* Take the large page at va out. */
void large_leave(struct space *space, uintptr_t va);

/* If va lies inside a large page, not at its start, have small pages in its place. 0 or -ENOMEM. */
int large_split(struct space *space, uintptr_t va);

/* The same wherever va lies in it. */
int large_break(struct space *space, uintptr_t va);

/* One count more for the large page that `entry` maps: it will be shared. */
void large_get(pde_t entry);

/* Is this large page's memory nobody else's? */
bool large_is_alone(pde_t entry);

#endif
