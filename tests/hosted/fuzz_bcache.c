/*
 * The block cache against a model.
 */
#include "machine.h"
#include "fs/bcache.h"
#include "fuzz.h"
#include "hostfile.h"

static void check_disk(int fd, const uint32_t *disk)
{
    static uint32_t found[FUZZ_BLOCKS][1024 / 4];

    CHECK(hostfile_read(fd, found, sizeof(found), 0), "read");
    for (unsigned i = 0; i < FUZZ_BLOCKS; i++)
        CHECK(found[i][0] == disk[i], "block %u has %x on the disk, not %x", i, found[i][0], disk[i]);
}

void fuzz_bcache(int fd, unsigned seed)
{
    static uint32_t disk[FUZZ_BLOCKS], now[FUZZ_BLOCKS];
    static bool dirty[FUZZ_BLOCKS];
    struct buffer *held[4] = { NULL };
    struct block_device *dev = block_find("hda");

    check_state = seed ? seed : 1;
    for (uint32_t i = 0; i < FUZZ_BLOCKS; i++) {
        disk[i] = now[i] = i * 7 + 1;
        hostfile_write(fd, &disk[i], 4, i * 1024);
    }
    for (unsigned n = 0; n < 600; n++) {
        uint32_t block = check_random(FUZZ_BLOCKS), slot = check_random(ARRAY_SIZE(held)), count = 1 + check_random(20);
        bool fresh = check_random(5) == 0, busy = false;
        for (unsigned i = 0; i < ARRAY_SIZE(held); i++)
            busy |= held[i] && held[i]->block - block < count;
        switch (check_random(8)) {
        case 0:
            bcache_put(held[slot]);
            held[slot] = NULL;
            break;
        case 1:
            CHECK(bcache_sync(dev) == 0, "sync");
            for (unsigned i = 0; i < FUZZ_BLOCKS; i++)
                if (dirty[i]) {
                    disk[i] = now[i];
                    dirty[i] = false;
                }
            check_disk(fd, disk);
            CHECK(bcache_dirty_age(dev) == -1, "after a sync something is dirty");
            break;
        case 2:
            if (busy || block + count > FUZZ_BLOCKS)
                break;
            bcache_forget(dev, block, count);
            for (unsigned i = block; i < block + count; i++) {
                now[i] = disk[i];
                dirty[i] = false;
            }
            break;
        case 3:
            if (!held[slot])
                break;
            block = held[slot]->block;
            CHECK(bcache_write(held[slot]) == 0, "write");
            disk[block] = now[block];
            dirty[block] = false;
            break;
        default:
            if (held[slot] || (fresh && busy))
                break;
            CHECK((fresh ? bcache_get_new : bcache_get)(dev, block, 1024, &held[slot]) == 0, "get");
            if (fresh) {
                now[block] = 0;
                dirty[block] = true;
            }
            uint32_t *data = held[slot]->data;
            CHECK(*data == now[block], "block %u is %x, not %x", block, *data, now[block]);
            if (check_random(2)) {
                *data = now[block] = check_random(1u << 31);
                dirty[block] = true;
                bcache_dirty(held[slot]);
            }
        }
    }
    for (unsigned i = 0; i < ARRAY_SIZE(held); i++)
        bcache_put(held[i]);
    bcache_drop(dev);
    check_disk(fd, disk);
}
