/*
 * Runs e820_sanitize on maps from standard input: u32 count, u32 max, then count entries of
 * 24 bytes. Prints for each "map COUNT", its entries "base length type attributes", and "end".
 */
#include "host.h"
#include "lib/e820.h"

int main(void)
{
    uint32_t head[2];

    while (take(head, sizeof(head))) {
        /* Exactly as large as they need to be, so that the sanitizer sees a step outside. */
        struct e820_entry *raw = malloc(head[0] * sizeof(*raw));
        struct e820_entry *map = malloc(head[1] * sizeof(*map));
        if (!take(raw, head[0] * sizeof(*raw)))
            return 2;
        unsigned n = e820_sanitize(raw, head[0], map, head[1]);
        printf("map %u\n", n);
        for (unsigned i = 0; i < n && i < head[1]; i++)
            printf("%llx %llx %u %u\n", map[i].base, map[i].length, map[i].type, map[i].attributes);
        printf("end\n");
        fflush(NULL);
        free(raw);
        free(map);
    }
    return 0;
}
