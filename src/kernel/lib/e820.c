/*
 * Making sense of the BIOS's memory map. Also compiled for the host, where tests feed it bad ones.
 */
#include "lib/e820.h"
#include "lib/string.h"

/* One past the last byte. A range that would wrap ends with the address space. */
static uint64_t range_end(const struct e820_entry *e)
{
    return e->length > -1ull - e->base ? -1ull : e->base + e->length;
}

unsigned e820_sanitize(const struct e820_entry *raw, unsigned n, struct e820_entry *map,
                       unsigned max)
{
    // exercise 1.4 begin: sort; where ranges overlap the greater type wins; join equal neighbours
    uint64_t edge[2 * E820_MAX];
    unsigned edges = 0, count = 0;

    /* Where anything begins or ends, in order. Between two edges a range covers all or nothing. */
    for (unsigned i = 0; i < 2 * n; i++) {
        uint64_t at = i % 2 ? range_end(&raw[i / 2]) : raw[i / 2].base;
        unsigned place = edges++;
        for (; place > 0 && edge[place - 1] > at; place--)
            edge[place] = edge[place - 1];
        edge[place] = at;
    }
    for (unsigned i = 0; i + 1 < edges; i++) {
        uint64_t start = edge[i], end = edge[i + 1];
        uint32_t type = 0;

        for (unsigned j = 0; j < n; j++)
            if (raw[j].base <= start && end <= range_end(&raw[j]) && raw[j].type > type)
                type = raw[j].type;
        if (type == 0 || start == end)
            continue;
        struct e820_entry *last = &map[count - 1];
        if (count > 0 && last->type == type && last->base + last->length == start) {
            last->length += end - start;
        } else if (count < max) {
            map[count++] = (struct e820_entry){
                .base = start, .length = end - start, .type = type, .attributes = 1,
            };
        }
    }
    return count;
    // exercise 1.4 stub
    // if (n > max)
        // n = max;
    // memcpy(map, raw, n * sizeof(*map));
    // return n;
    // exercise 1.4 end
}

bool e820_usable(const struct e820_entry *map, unsigned n, uint64_t start, uint64_t end)
{
    for (unsigned i = 0; i < n; i++)
        if (map[i].type == E820_USABLE && map[i].base <= start && start < range_end(&map[i]))
            start = range_end(&map[i]);
    return start >= end;
}

const char *e820_type_name(uint32_t type)
{
    switch (type) {
    case E820_USABLE: return "usable";
    case E820_ACPI:   return "ACPI tables";
    case E820_NVS:    return "ACPI non-volatile";
    case E820_BAD:    return "bad memory";
    default:          return "reserved";
    }
}
