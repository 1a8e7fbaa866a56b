/*
 * Runs keymap_feed on bytes from standard input: u32 n, then n bytes, for each keyboard. Prints for
 * each byte what it gave, in hexadecimal, one byte a line, and "end" after each keyboard.
 */
#include "host.h"
#include "lib/keymap.h"

int main(void)
{
    uint32_t n;

    while (take(&n, sizeof(n))) {
        struct keymap *k = malloc(sizeof(*k));
        char *out = malloc(KEYMAP_MAX);

        memset(k, 0, sizeof(*k));
        while (n--) {
            uint8_t byte;
            if (!take(&byte, 1))
                return 2;
            int count = keymap_feed(k, byte, out);
            for (int i = 0; i < count; i++)
                printf("%02x", (uint8_t)out[i]);
            printf("\n");
        }
        printf("end\n");
        free(k);
        free(out);
    }
    fflush(NULL);
    return 0;
}
