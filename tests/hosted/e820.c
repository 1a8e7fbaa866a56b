/*
 * lib/e820 on random maps: what must hold of every answer, byte by byte of a small address space.
 */
#include "check.h"
#undef NULL
#include "lib/e820.h"

#define SPACE 64

static void test_one(void)
{
    unsigned n = check_random(E820_MAX + 1), max = check_random(4) ? E820_MAX : check_random(5);
    struct e820_entry *raw = malloc(n * sizeof(*raw)), *map = malloc(max * sizeof(*map));
    uint32_t truth[SPACE] = { 0 };

    for (unsigned i = 0; i < n; i++) {
        raw[i] = (struct e820_entry){
            .base = check_random(SPACE), .length = check_random(SPACE / 4), .type = 1 + check_random(5),
        };
        if (raw[i].base + raw[i].length > SPACE)
            raw[i].length = SPACE - raw[i].base;
        for (unsigned j = 0; j < raw[i].length; j++)
            if (truth[raw[i].base + j] < raw[i].type)
                truth[raw[i].base + j] = raw[i].type;
    }
    unsigned count = e820_sanitize(raw, n, map, max);
    CHECK(count <= max, "%u entries where %u fit", count, max);
    for (unsigned i = 0; i < count; i++) {
        CHECK(map[i].length > 0, "entry %u is empty", i);
        for (unsigned j = 0; j < map[i].length; j++)
            CHECK(truth[map[i].base + j] == map[i].type, "byte %llu", map[i].base + j);
        if (i == 0)
            continue;
        uint64_t end = map[i - 1].base + map[i - 1].length;
        CHECK(end <= map[i].base, "entries %u and %u overlap or are not sorted", i - 1, i);
        CHECK(end < map[i].base || map[i - 1].type != map[i].type, "entries %u and %u could be one", i - 1, i);
    }
    for (unsigned at = 0; count < max && at < SPACE; at++) {
        bool found = false;
        for (unsigned i = 0; i < count; i++)
            found |= map[i].base <= at && at < map[i].base + map[i].length;
        CHECK(found == (truth[at] != 0), "byte %u", at);
    }
    unsigned start = check_random(SPACE), end = start + check_random(SPACE - start + 1);
    bool usable = true;
    for (unsigned at = start; at < end; at++)
        usable &= truth[at] == E820_USABLE;
    if (count < max)
        CHECK(e820_usable(map, count, start, end) == usable, "%u-%u", start, end);
    free(raw);
    free(map);
}

int main(void)
{
    for (int i = 0; i < 20000; i++)
        test_one();
    return 0;
}
