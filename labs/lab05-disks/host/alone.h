/*
 * What a module needs of a kernel with one task: the heap, which is the host's, and mutexes, for
 * which nobody waits.
 */
#ifndef ALONE_H
#define ALONE_H

#include "host.h"

/* The n-th allocation from now on fails; 0: none does. */
void heap_fail(uint32_t n);

/* An allocation that is not the heap's: does it fail? */
bool heap_fails(void);

#endif
