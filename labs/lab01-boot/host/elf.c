/*
 * Runs elf_load on files from standard input: u32 size, low, high, then the file's bytes. The
 * memory is filled with 0xA5 before. Prints "result R start end entry" and the memory, run-length
 * coded as "BYTE*COUNT" words on one line.
 */
#include "host.h"
#include "boot/elf.h"

int main(void)
{
    uint32_t head[3];

    while (take(head, sizeof(head))) {
        uint32_t n = head[2] - head[1];
        uint8_t *file = malloc(head[0]), *memory = malloc(n);
        struct elf_image image;

        if (!take(file, head[0]))
            return 2;
        memset(memory, 0xa5, n);
        memset(&image, 0, sizeof(image));
        int result = elf_load(file, head[0], memory, head[1], head[2], &image);
        printf("result %d %x %x %x\n", result, image.start, image.end, image.entry);
        for (uint32_t i = 0, run; i < n; i += run) {
            for (run = 1; i + run < n && memory[i + run] == memory[i]; run++)
                ;
            printf("%02x*%u ", memory[i], run);
        }
        printf("\n");
        fflush(NULL);
        free(file);
        free(memory);
    }
    return 0;
}
