/*
 * Memory that has been promised. A program gets its frames when it touches them, when nobody can
 * tell it any more that there are none; so what it could come to need is counted when it asks, and
 * refused when it is too much.
 *
 * Counted, in pages, is what has no other place than memory: private areas that can be written,
 * each by itself, also those that share their frames after fork(2), and shared anonymous memory.
 * Who does not want that (AREA_NORESERVE) has each page counted that comes into his area: if it is
 * too much then, he has none, and nobody else. Nothing of the kernel's own is counted: for that,
 * some memory is never promised.
 */
#ifndef MM_COMMIT_H
#define MM_COMMIT_H

#include "lib/types.h"

/* `usable` frames is all that there is. Before this, any promise can be made. */
void commit_init(uint32_t usable);

/* Promise so many pages: 0, or -ENOMEM. */
int commit_charge(uint32_t pages);

/* The same, but they are counted in any case: what is given back by commit_release() anyway. */
int commit_count(uint32_t pages);

/* They are not needed any more. */
void commit_release(uint32_t pages);

/* How many can be promised, and have been: for /proc/meminfo. */
uint32_t commit_limit(void);
uint32_t commit_charged(void);

#endif
