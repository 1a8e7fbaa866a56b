/*
 * A ring of bytes.
 */
#include "lib/ring.h"

void ring_init(struct ring *ring, void *data, unsigned size)
{
    *ring = (struct ring){ .data = data, .size = size };
}

bool ring_put(struct ring *ring, uint8_t byte)
{
    // exercise 2.6 begin: store the byte at head and move head round, unless the ring is full
    if (ring->count == ring->size)
        return false;
    ring->data[ring->head] = byte;
    ring->head = ring->head + 1 == ring->size ? 0 : ring->head + 1;
    ring->count++;
    return true;
    // exercise 2.6 stub
    // (void)ring, (void)byte;
    // return false;
    // exercise 2.6 end
}

int ring_get(struct ring *ring)
{
    // exercise 2.6 begin: the oldest byte lies count places before head, round the end
    if (ring->count == 0)
        return -1;
    unsigned tail = ring->head - ring->count;
    if (ring->head < ring->count)
        tail += ring->size;
    ring->count--;
    return ring->data[tail];
    // exercise 2.6 stub
    // (void)ring;
    // return -1;
    // exercise 2.6 end
}

unsigned ring_read(struct ring *ring, void *to, unsigned n)
{
    unsigned done = 0;
    // exercise 2.6 begin: as many bytes as there are, but no more than n
    uint8_t *bytes = to;

    while (done < n && ring->count > 0)
        bytes[done++] = ring_get(ring);
    // exercise 2.6 stub
    // (void)ring, (void)to, (void)n;
    // exercise 2.6 end
    return done;
}
