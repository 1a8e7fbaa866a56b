/*
 * Copy on write: a space copied by sharing its frames, and the copies that are made when one of the
 * sharers writes.
 */
#ifndef MM_COW_H
#define MM_COW_H

#include "mm/space.h"

/*
 * A copy of the space: the same areas with the same contents. Private pages are shared until
 * somebody writes; pages of objects that no one has touched here stay untouched there.
 * Returns NULL if there is no memory; the original has lost nothing then.
 */
struct space *space_clone(struct space *space);

/*
 * A write to a present page of `area` that its entry does not allow: give the space a copy of its
 * own, or the page itself if nobody shares it any more.
 * Returns 0, -ENOMEM; -EFAULT if the entry is not marked for copying. The caller has the lock.
 */
int cow_fault(struct space *space, const struct area *area, uintptr_t va);

#endif
