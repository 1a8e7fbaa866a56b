/*
 * A ring of bytes between a producer and a consumer, in storage that the owner gives.
 *
 * Not locked: one side may be an interrupt handler only if the other keeps interrupts out.
 */
#ifndef LIB_RING_H
#define LIB_RING_H

#include "lib/types.h"

struct ring {
    uint8_t *data;
    unsigned size;                  /* all of it can be used */
    unsigned head;                  /* where the next byte is put; 0 to size - 1 */
    unsigned count;                 /* bytes in the ring */
};

/* Make an empty ring of `size` >= 1 bytes at data. */
void ring_init(struct ring *ring, void *data, unsigned size);

/* Put a byte in. A full ring stays as it is (what is oldest is kept) and the answer is false. */
bool ring_put(struct ring *ring, uint8_t byte);

/* Take the oldest byte out: 0 to 255, or -1 if the ring is empty. */
int ring_get(struct ring *ring);

/* Take up to n bytes out, oldest first. Returns how many. */
unsigned ring_read(struct ring *ring, void *to, unsigned n);

#endif
