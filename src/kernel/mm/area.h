/*
 * Areas from the inside: the parts of mm/space that other files of mm/ use.
 *
 * Where nothing else is said, the caller has the space's lock.
 */
#ifndef MM_AREA_H
#define MM_AREA_H

#include "mm/space.h"

/* The first area that ends above va, or NULL. */
struct area *area_above(struct space *space, uintptr_t va);

/* Which page of its object the page at va is. */
uint32_t area_index(const struct area *area, uintptr_t va);

/*
 * Where an area of `bytes` is to be: *va, or, if that is 0, at the highest place with room for it.
 * Returns 0 and the place, -EEXIST or -ENOMEM as space_map() does.
 */
int area_place(struct space *space, uintptr_t *va, size_t bytes, unsigned flags);

/* Put an area into its place in the list; take one out. */
void area_insert(struct space *space, struct area *area);
void area_remove(struct space *space, struct area *area);

/*
 * Have an area begin at va if va lies inside of one. *spare, from kmalloc, is used up for that.
 * Returns 0, or -ENOMEM: there is no spare, or no memory; nothing has changed.
 */
int area_cut(struct space *space, uintptr_t va, struct area **spare);

/* Take the pages in [start, end) out, which is in `area`. Large pages in it lie in it whole. */
void area_leave(struct space *space, const struct area *area, uintptr_t start, uintptr_t end);

/*
 * Take all areas in [start, end) out, with their pages, into the list `gone`, for areas_free().
 * None lies across the borders.
 */
void areas_leave(struct space *space, uintptr_t start, uintptr_t end, struct list *gone);

/* Free the areas in the list. Without the lock: it may sleep. */
void areas_free(struct list *gone);

/* Give the page table that maps va back if it is a program's, and empty. */
void table_free_empty(struct space *space, uintptr_t va);

// lab 6 begin
/*
 * The entries of va and what is behind it, as far as one table goes, at most up to `end`: *next is
 * where that is over. NULL: there is no table, or a large page.
 */
pte_t *area_entries(struct space *space, uintptr_t va, uintptr_t end, uintptr_t *next);

/* The object is in use, or not any more; NULL does nothing. Without the lock: it may sleep. */
void object_hold(struct cache_object *object);
void object_release(struct cache_object *object);

/* Does an area with these flags have to be charged that is not yet? */
bool area_must_charge(const struct area *area, unsigned flags);

/*
 * An area is about to come, or to be part of another space: charge it if it must be (AREA_CHARGED
 * says so then), and hold its object. Returns 0 or -ENOMEM.
 */
int area_begin(struct area *area);

/* Is it data, as RLIMIT_DATA counts it: private, to be written to, and no stack? */
static inline bool area_is_data(unsigned flags)
{
    return (flags & (AREA_WRITE | AREA_SHARED | AREA_GROWS)) == AREA_WRITE;
}

/*
 * Do the process's limits allow so many pages more with these flags, if what is in [start, end)
 * goes?
 */
bool area_allowed(struct space *space, unsigned flags, uint32_t pages, uintptr_t start,
                  uintptr_t end);

/* Is each of its pages charged when it comes, since the area as a whole is not? */
static inline bool area_pays_by_page(const struct area *area)
{
    return (area->flags & AREA_NORESERVE) && !(area->flags & (AREA_SHARED | AREA_LARGE));
}

/* The rest of an area that has been cut holds the object, too. */
void area_hold(const struct area *area);

/* What area_begin() did is over: of an area in no list, without the lock. */
void area_end(struct area *area);

/*
 * If va lies in no area, but the one above it grows, and may reach there, have it begin there.
 * Returns whether it does now. One page to the next area below stays free.
 */
bool area_grow(struct space *space, uintptr_t va);

/*
 * Make one area of those that lie side by side in [start, end], as far as they are alike. What is
 * not needed any more goes to `gone`.
 */
void areas_join(struct space *space, uintptr_t start, uintptr_t end, struct list *gone);
// lab 6 end

#endif
