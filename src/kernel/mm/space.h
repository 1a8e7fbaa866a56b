/*
 * Address spaces: which ranges of addresses mean something, and what.
 *
 * A space is a page directory and a list of areas. Making an area costs no memory: a page gets its
 * frame when it is first touched (mm/fault). Every frame that a space maps holds a count (page_get)
 * but those of devices. The kernel has a space, too, for everything outside its direct map.
 */
#ifndef MM_SPACE_H
#define MM_SPACE_H

#include "lib/list.h"
#include "mm/map.h"
#include "mm/page.h"
#include "sync/spinlock.h"

#define USER_BASE 0x10000u          /* nothing below is ever mapped: NULL, and what is near it */
#define STACK_USUAL (8u << 20)     /* bytes that a stack may come to have */     // lab 6

/*
 * What an area allows, and what it is. Entries of 32-bit paging without PAE can refuse writing and
 * ring 3, but neither reading nor execution: so AREA_WRITE and AREA_EXEC each imply AREA_READ, and
 * whatever can be read can be executed.
 */
#define AREA_READ   0x01u
#define AREA_WRITE  0x02u
#define AREA_EXEC   0x04u           /* kept for mmap's sake */
#define AREA_SHARED 0x08u           /* writes go to the object, not to a private copy */
#define AREA_GUARD  0x10u           /* reserved, and a fault in it is always an error */
#define AREA_LARGE  0x20u           /* use 4 MiB pages where the area has room for whole ones */
#define AREA_DEVICE 0x40u           /* device registers: mapped at once, uncached, not counted */
// lab 6 begin
#define AREA_GROWS  0x80u           /* a stack: it begins lower when something below is touched */
#define AREA_NORESERVE 0x100u       /* is charged by the page that comes (mm/commit) */
#define AREA_CHARGED   0x200u       /* is charged, as it once could be written: not the caller's */
#define AREA_NOWRITE   0x400u       /* will never be writable: the file is not open for that */
#define AREAS_MAX 65530u            /* of one space: their list is looked through from the start */
#define AREA_ACCESS (AREA_READ | AREA_WRITE | AREA_EXEC)    /* none of them: PROT_NONE */
// lab 6 end

struct cache_object;

struct area {
    struct list node;               /* in its space, sorted by address */
    uintptr_t start, end;           /* [start, end), whole pages */
    unsigned flags;                 /* AREA_ bits */
    struct cache_object *object;    /* where its pages come from; NULL: they begin as zeros */
    uint32_t index;                 /* of the object's page at start; AREA_DEVICE: the frame */
};

struct space {
    struct spinlock lock;           /* of all below, and of the page tables under dir */
    pde_t *dir;
    uintptr_t base, limit;          /* areas lie in [base, limit) */
    struct list areas;
    struct list node;               /* in the list of all spaces */
    uint32_t pages;                 /* frames mapped, shared ones too, without devices */
    // lab 6 begin
    uint32_t area_count;            /* in areas: up to AREAS_MAX */
    uint32_t refs;                  /* users; under the lock of the list of all spaces */
    struct area *found;             /* by the last space_find(), or NULL: often the next's, too */
    uintptr_t map_top;              /* space_place() begins to look below; 0: at the limit */
    uintptr_t break_start, break_end;   /* brk(2)'s: where its memory begins, and ends now */
    size_t stack_max;               /* bytes that an area which grows may come to have */
    // lab 6 end
};

extern struct space kernel_space;   /* from DEVICE_BASE up */

/* A space without areas, for programs: [USER_BASE, KERNEL_BASE). NULL if there is no memory. */
struct space *space_create(void);

/* Give back all that it maps, and itself. Who runs in it runs in none then. */
void space_destroy(struct space *space);

// lab 6 begin
/*
 * One user more; and one less, the last of which destroys it. Who makes a space is its first user.
 * space_put(NULL) does nothing; it may sleep.
 */
void space_get(struct space *space);
void space_put(struct space *space);

/*
 * The space behind this one in the list of all spaces (NULL: the first), with a count for the
 * caller, or NULL. The count of `space` is given back. Those that come meanwhile are seen, too.
 */
struct space *space_next(struct space *space);

/*
 * For exec: the memory of brk(2) begins on the first page from `end` on, and there is none yet; and
 * the stack, an AREA_GROWS below `top`, may have so many bytes (RLIMIT_STACK): what is mapped has
 * its place below that. A new space has room for a stack of 8 MiB at its end.
 */
void space_start_break(struct space *space, uintptr_t end);
void space_set_stack(struct space *space, uintptr_t top, size_t bytes);

// lab 6 end

/* Run in this space (NULL: in none, with the kernel's half alone). */
void space_switch(struct space *space);

/* The space that is switched to, or NULL. */
struct space *space_current(void);

// lab 4 begin
/* For the scheduler: `space` is the current one from now on. Returns what CR3 must become. */
paddr_t space_become(struct space *space);

// lab 4 end

/*
 * Make an area of `bytes` (rounded up to pages) at *va, or, if *va is 0, where there is room: *va
 * becomes the place. `object` and `index` as in struct area; the area holds the object if that can
 * be held (struct cache_ops), else the caller keeps it alive as long. Returns 0; -EINVAL: a *va
 * that is not on a page, no bytes, or AREA_SHARED without an object; -EEXIST: *va given, and
 * something is there; -ENOMEM: outside of the space, no room, or no memory (from lab 6 on also:
 * more than can be promised, see mm/commit.h).
 */
int space_map(struct space *space, uintptr_t *va, size_t bytes, unsigned flags,
              struct cache_object *object, uint32_t index);

/*
 * Take away whatever is in [va, va + bytes): areas are cut where they reach beyond. What is not
 * there is no error. Returns 0; -EINVAL: va is not on a page, or no bytes; -ENOMEM: no memory for
 * cutting (nothing has changed then).
 */
int space_unmap(struct space *space, uintptr_t va, size_t bytes);

/*
 * Give the frames in [va, va + bytes) back, both on page borders; the areas stay, and what was in
 * private memory is lost: it begins anew. An area whose large page would have to be cut, and there
 * is no memory for that, keeps its pages.
 */
void space_discard(struct space *space, uintptr_t va, size_t bytes);

/* Map a device's registers into the kernel's space, uncached. NULL if there is no room. */
void *map_device(paddr_t pa, size_t bytes);

/* The area that holds va, or NULL. The caller has the lock. */
struct area *space_find(struct space *space, uintptr_t va);

/*
 * Map a frame at va, as `area`, which holds va, wants it; private pages of an object are entered
 * for copying on the first write. The caller's count goes over to the mapping. Returns 0, -EEXIST,
 * -ENOMEM. The caller has the lock.
 */
int space_enter(struct space *space, const struct area *area, uintptr_t va, struct page *page);

/* The entry bits for a page of `area`, PTE_WRITE as far as the area as a whole allows it. */
pte_t area_entry_bits(const struct area *area);

#endif
