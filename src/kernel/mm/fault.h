/*
 * Page faults: a page that its area owes is brought in; anything else is explained and, in the
 * kernel, the end.
 *
 * Intel SDM volume 3A, 4.7 (the error code) and 6.15, interrupt 14.
 */
#ifndef MM_FAULT_H
#define MM_FAULT_H

#include "mm/space.h"
#include "x86/trap.h"               // lab 6

/* Handle page faults from here on. */
void fault_init(void);

/*
 * Does an area allow this access? `error` is the processor's error code. Nothing in a guard area;
 * writes with AREA_WRITE; reads with any of AREA_READ, AREA_WRITE, AREA_EXEC; ring 3 only below
 * KERNEL_BASE.
 */
bool fault_allowed(const struct area *area, uint32_t error);

/*
 * A use of address va in `space` has faulted: make it possible. Memory that was never touched
 * becomes a frame of zeros, a page of an object is taken from the page cache, one that is shared
 * until somebody writes is copied. Returns 0: try again. -EFAULT: the access is wrong. -ENOMEM.
 * What the object's read returned; from lab 6 on also -ENXIO: the object ends before that page, and
 * what its will_write returned.
 */
int space_fault(struct space *space, uintptr_t va, uint32_t error);

// lab 6 begin
/*
 * A program's own use of va, in ring 3, has failed: -EFAULT; -ENXIO: it is there, but what it is
 * mapped from has no such page, or cannot be read; -ENOMEM. Called with interrupts on. Set by
 * proc/signal.
 */
extern void (*fault_user)(struct trapframe *tf, uintptr_t va, int error);

// lab 6 end
/*
 * Say in words what a fault was: "ACCESS PAGE page 0xPAGE (address 0xADDRESS) by WHO", where ACCESS
 * is "read of" or "write to", WHO "kernel" or "user", PAGE the address without its low 12 bits,
 * both addresses with 8 digits, and what is wrong with it the first of these that holds:
 *     "corrupt"      the error code says that a reserved bit is set
 *     "null"         the page is not there, and the address is below USER_BASE
 *     "unmapped"     the page is not there
 *     "kernel-only"  by user, and `entry` (page_lookup's) lacks PTE_USER
 *     "read-only"    any other write
 *     "accessible"   anything else: the entry allowed it all the time
 * Returns what snprintf does.
 */
int fault_describe(char *text, size_t size, uint32_t error, uintptr_t va, pte_t entry);

#endif
