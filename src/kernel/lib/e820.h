/*
 * The PC's memory map, in the form in which INT 15h AX = E820h hands it out, and what
 * to make of it.
 *
 * ACPI specification 6.5, chapter 15.
 */
#ifndef LIB_E820_H
#define LIB_E820_H

#include "lib/types.h"

#define E820_MAX 64                 /* entries in a map */

enum e820_type {
    E820_USABLE = 1,
    E820_RESERVED = 2,
    E820_ACPI = 3,                  /* usable once the ACPI tables are read */
    E820_NVS = 4,                   /* the firmware's, for ever */
    E820_BAD = 5,
};

/* One range, 24 bytes as the BIOS stores them: physical byte addresses. */
struct e820_entry {
    uint64_t base, length;
    uint32_t type;                  /* enum e820_type, or something newer: not ours */
    uint32_t attributes;            /* ACPI 3.0; kept as it came */
} __attribute__((packed));

/*
 * Make a map that can be relied upon out of one that a BIOS gave: sorted by base, without overlap,
 * without empty ranges, neighbours of one type joined. Where ranges overlap, the greater type
 * number wins, since everything above E820_USABLE is a reason to stay away. A range that would
 * pass the end of the 64-bit space ends there.
 *
 * Reads n <= E820_MAX entries from `raw`, writes at most `max` to `map` (not the same memory);
 * ranges past that are dropped, the highest first. attributes become 1. Returns the number of
 * entries written.
 */
unsigned e820_sanitize(const struct e820_entry *raw, unsigned n, struct e820_entry *map,
                       unsigned max);

/* Is every byte of [start, end) usable? For a sanitized map. */
bool e820_usable(const struct e820_entry *map, unsigned n, uint64_t start, uint64_t end);

/* A name for a type, for people: "usable", "reserved", ... */
const char *e820_type_name(uint32_t type);

#endif
