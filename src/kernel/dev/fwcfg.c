/*
 * Reading fw_cfg by port I/O. Without the device, all ones or zeros are read, and no signature.
 */
#include "dev/fwcfg.h"
#include "abi/errno.h"
#include "lib/string.h"
#include "x86/io.h"

#define SELECTOR 0x510
#define DATA     0x511

#define ITEM_SIGNATURE 0x00
#define ITEM_DIRECTORY 0x19

static void take(void *to, size_t n)
{
    for (uint8_t *t = to; n; n--)
        *t++ = inb(DATA);
}

static uint32_t take_big_endian(int bytes)
{
    uint32_t value = 0;

    while (bytes--)
        value = value << 8 | inb(DATA);
    return value;
}

int fwcfg_read(const char *name, char *buffer, size_t size)
{
    char signature[4], file[56];

    outw(SELECTOR, ITEM_SIGNATURE);
    take(signature, sizeof(signature));
    if (memcmp(signature, "QEMU", 4) != 0)
        return -ENOENT;

    outw(SELECTOR, ITEM_DIRECTORY);
    for (uint32_t n = take_big_endian(4); n; n--) {
        uint32_t bytes = take_big_endian(4);
        uint16_t selector = take_big_endian(2);
        take_big_endian(2);                     /* reserved */
        take(file, sizeof(file));
        if (strncmp(file, name, sizeof(file)) != 0)
            continue;
        if (bytes > size - 1)
            bytes = size - 1;
        outw(SELECTOR, selector);
        take(buffer, bytes);
        buffer[bytes] = '\0';
        return bytes;
    }
    return -ENOENT;
}
