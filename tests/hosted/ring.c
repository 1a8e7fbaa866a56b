/*
 * lib/ring against a queue that moves all its bytes up, for rings of many sizes, in storage of exactly that size.
 */
#include "check.h"
#include <string.h>
#undef NULL
#include "lib/ring.h"

#define SIZE_MAX_HERE 40

struct queue {
    unsigned char bytes[SIZE_MAX_HERE];
    unsigned size, count;
};

static void test_put(struct ring *ring, struct queue *queue)
{
    unsigned byte = check_random(256);
    bool room = queue->count < queue->size;

    CHECK(ring_put(ring, byte) == room, "put with %u of %u", queue->count, queue->size);
    if (room)
        queue->bytes[queue->count++] = byte;
}

static int take(struct queue *queue)
{
    int byte = queue->bytes[0];

    if (queue->count == 0)
        return -1;
    memmove(queue->bytes, queue->bytes + 1, --queue->count);
    return byte;
}

static void test_get(struct ring *ring, struct queue *queue)
{
    unsigned before = queue->count;
    int seen = ring_get(ring), expected = take(queue);

    CHECK(seen == expected, "get with %u of %u: %d, not %d", before, queue->size, seen, expected);
}

static void test_read(struct ring *ring, struct queue *queue)
{
    unsigned before = queue->count, n = check_random(queue->size + 3), wanted = n < before ? n : before;
    unsigned char *to = malloc(n);
    unsigned seen = ring_read(ring, to, n);

    CHECK(seen == wanted, "read of %u with %u of %u: %u", n, before, queue->size, seen);
    for (unsigned i = 0; i < wanted; i++) {
        int expected = take(queue);
        CHECK(to[i] == expected, "read of %u with %u of %u: byte %u is %d, not %d", n, before, queue->size, i, to[i], expected);
    }
    free(to);
}

/* Phases in which putting or taking prevails, so that the ring is full and empty again and again. */
static void test_one(void)
{
    struct queue queue = { .size = 1 + check_random(SIZE_MAX_HERE) };
    unsigned char *storage = malloc(queue.size);
    struct ring *ring = malloc(sizeof(*ring));

    memset(ring, 0xee, sizeof(*ring));
    ring_init(ring, storage, queue.size);
    for (unsigned phase = 0; phase < 8; phase++) {
        unsigned puts = 1 + check_random(8);
        for (unsigned i = 0; i < 3 * queue.size; i++) {
            if (check_random(9) < puts)
                test_put(ring, &queue);
            else if (check_random(4))
                test_get(ring, &queue);
            else
                test_read(ring, &queue);
        }
    }
    free(ring);
    free(storage);
}

int main(void)
{
    for (int i = 0; i < 5000; i++)
        test_one();
    return 0;
}
