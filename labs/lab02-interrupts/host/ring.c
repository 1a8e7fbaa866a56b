/*
 * Runs a ring through operations from standard input: u32 size, then pairs of bytes (operation,
 * value) until operation 3. 0 puts the value, 1 gets, 2 reads up to `value` bytes. Prints each
 * answer on a line, and "end".
 */
#include "host.h"
#include "lib/ring.h"

int main(void)
{
    uint32_t size;

    while (take(&size, sizeof(size))) {
        struct ring *ring = malloc(sizeof(*ring));
        uint8_t *storage = malloc(size), operation[2];

        ring_init(ring, storage, size);
        while (take(operation, 2) && operation[0] != 3) {
            if (operation[0] == 0) {
                printf("%d\n", ring_put(ring, operation[1]));
            } else if (operation[0] == 1) {
                printf("%d\n", ring_get(ring));
            } else {
                uint8_t *to = malloc(operation[1]);
                unsigned n = ring_read(ring, to, operation[1]);
                printf("%u:", n);
                for (unsigned i = 0; i < n && i < operation[1]; i++)
                    printf("%02x", to[i]);
                printf("\n");
                free(to);
            }
        }
        printf("end\n");
        free(ring);
        free(storage);
    }
    fflush(NULL);
    return 0;
}
