/*
 * What programs ask of their address spaces: the system calls of sys/mm.c, without their numbers.
 *
 * Addresses and the sizes below are checked here; all are in pages unless something else is said.
 * None of these change anything when they fail, but where that is said.
 *
 * mmap(2), mprotect(2), mremap(2), brk(2), mincore(2).
 */
#ifndef MM_MMAP_H
#define MM_MMAP_H

#include "mm/space.h"

/* How space_place() takes *va. */
enum place {
    PLACE_HINT,                     /* there if there is room, else elsewhere */
    PLACE_NEW,                      /* there, or -EEXIST */
    PLACE_OVER,                     /* there: what is in the way goes */
};

/*
 * space_map() for programs: as space_map(), but *va may be 0 only with PLACE_HINT, and new areas
 * lie below space->map_top, as high as there is room, or above it if there is none. -EPERM: a
 * given *va is below USER_BASE.
 */
int space_place(struct space *space, uintptr_t *va, size_t bytes, unsigned flags,
                struct cache_object *object, uint32_t index, enum place how);

/*
 * Have [va, va + bytes) allow what `access` says, AREA_ACCESS bits. Returns 0; -EINVAL: va is not
 * on a page; -ENOMEM: some of it is not mapped, memory for cutting areas and large pages, or more
 * than can be promised; -EACCES: part of it has AREA_NOWRITE. What lies before the place of the
 * error may have changed then, as in Linux. With `down` it reaches down to where the area at va, of
 * AREA_GROWS, begins; -EINVAL if it is none.
 */
int space_protect(struct space *space, uintptr_t va, size_t bytes, unsigned access, bool down);

#define REMAP_MOVE  1u              /* to another place if there is no room behind it */
#define REMAP_FIXED 2u              /* to *to, where what is in the way goes */

/*
 * Give the part [va, va + old_bytes) of one area another size, and perhaps another place: *to.
 * Returns 0; -EFAULT: that is not in one area; -EINVAL: a place that is not on a page, overlaps the
 * old one, or a size of 0; -ENOMEM: no room, no memory, or more than can be promised (with
 * REMAP_FIXED, what was in the way may be gone then).
 */
int space_remap(struct space *space, uintptr_t va, size_t old_bytes, size_t new_bytes,
                unsigned how, uintptr_t *to);

/* Pages that the current process's space may come to have: RLIMIT_AS; and of data, RLIMIT_DATA. */
struct space_limits {
    uint32_t all, data;
};

/*
 * Fills them in, if it is given a place for that; false: there are none. NULL: for nobody are there
 * any. Set once, by sys/limit. What is beyond them is -ENOMEM above and below, and a stack does not
 * grow.
 */
extern bool (*space_limits)(struct space_limits *limits);

/*
 * brk(2): have the memory that begins at space->break_start end at `end`, a byte's address. Returns
 * where it ends now: elsewhere if it cannot.
 */
uintptr_t space_set_break(struct space *space, uintptr_t end);

/* Is all of [va, va + bytes) mapped? */
bool space_is_mapped(struct space *space, uintptr_t va, size_t bytes);

/*
 * msync(2) with MS_SYNC: write what was changed by shared mappings in [va, va + bytes) to its
 * objects. Returns 0, -ENOMEM: some of it is not mapped (the rest has been written), or what
 * writing returned.
 */
int space_sync(struct space *space, uintptr_t va, size_t bytes);

/* Is the page at va in memory, of the space or of its object? For mincore(2). */
bool space_is_resident(struct space *space, uintptr_t va);

#endif
