/*
 * ext2's free blocks and inodes. A volume is divided into groups; each has a block of bits for its
 * blocks and one for its inodes, and a descriptor that knows where they are and how many are free.
 *
 * What belongs together is put near: a file's blocks behind each other, files in the group of their
 * directory, directories apart from each other, where there is most room.
 */
#include "fs/ext2.h"
#include "abi/errno.h"

static bool test_bit(const uint8_t *bits, uint32_t n)
{
    return bits[n / 8] & 1u << n % 8;
}

/* The first clear bit in [from, end), or end. */
static uint32_t find_clear(const uint8_t *bits, uint32_t from, uint32_t end)
{
    for (uint32_t n = from; n < end; n++) {
        while (n % 8 == 0 && n < end && bits[n / 8] == 0xff)
            n += 8;
        if (n < end && !test_bit(bits, n))
            return n;
    }
    return end;
}

/* The first eight clear bits of one byte in [from, end), or end. */
static uint32_t find_clear_byte(const uint8_t *bits, uint32_t from, uint32_t end)
{
    for (uint32_t n = (from + 7) / 8; n < end / 8; n++)
        if (bits[n] == 0)
            return n * 8;
    return end;
}

uint32_t ext2_group_blocks(const struct ext2 *fs, uint32_t number)
{
    uint32_t left = fs->super.blocks - fs->super.first_data_block - number * fs->per_group;

    return left < fs->per_group ? left : fs->per_group;
}

int ext2_group(struct ext2 *fs, uint32_t number, struct buffer **buffer, struct ext2_group **group)
{
    uint32_t per_block = fs->block_size / sizeof(struct ext2_group);
    int error = bcache_get(fs->dev, fs->super.first_data_block + 1 + number / per_block,
                           fs->block_size, buffer);

    if (error)
        return error;
    struct ext2_group *g = (struct ext2_group *)(*buffer)->data + number % per_block;
    if (!ext2_has_blocks(fs, g->block_bitmap, 1) || !ext2_has_blocks(fs, g->inode_bitmap, 1)
            || !ext2_has_blocks(fs, g->inode_table, fs->table)
            || g->free_blocks > ext2_group_blocks(fs, number)
            || g->free_inodes > fs->super.inodes_per_group) {
        bcache_put(*buffer);
        return ext2_damaged(fs, "the descriptor of group %u makes no sense", number);
    }
    *group = g;
    return 0;
}

uint32_t ext2_inode_goal(const struct ext2 *fs, uint32_t ino)
{
    uint32_t number = (ino - 1) / fs->super.inodes_per_group;

    return fs->super.first_data_block + number * fs->per_group;
}

/* A group and one of its bitmaps, in the block cache. */
struct bitmap {
    struct buffer *descriptor, *buffer;
    struct ext2_group *group;
    uint8_t *bits;
};

static int open_bitmap(struct ext2 *fs, uint32_t number, bool inodes, struct bitmap *map)
{
    int error = ext2_group(fs, number, &map->descriptor, &map->group);

    if (error)
        return error;
    error = bcache_get(fs->dev, inodes ? map->group->inode_bitmap : map->group->block_bitmap,
                       fs->block_size, &map->buffer);
    if (error)
        bcache_put(map->descriptor);
    else
        map->bits = map->buffer->data;
    return error;
}

static void close_bitmap(struct ext2 *fs, struct bitmap *map, bool changed)
{
    if (changed) {
        bcache_dirty(map->buffer);
        bcache_dirty(map->descriptor);
        fs->super_changed = true;
    }
    bcache_put(map->buffer);
    bcache_put(map->descriptor);
}

static bool overlap(uint32_t a, uint32_t a_count, uint32_t b, uint32_t b_count)
{
    return a < b + b_count && b < a + a_count;
}

/* Is one of these blocks of the group the volume's own, never a file's? */
static bool is_system(const struct ext2 *fs, uint32_t number, const struct ext2_group *group,
                      uint32_t block, uint32_t count)
{
    uint32_t first = fs->super.first_data_block + number * fs->per_group;

    return overlap(block, count, group->block_bitmap, 1)
        || overlap(block, count, group->inode_bitmap, 1)
        || overlap(block, count, group->inode_table, fs->table)
        || (overlap(block, count, first, fs->copies) && ext2_has_super(fs, number));
}

/* Where to take blocks of a group: at `from`; else where eight are free; else anywhere. */
static uint32_t choose(const uint8_t *bits, uint32_t from, uint32_t end)
{
    if (!test_bit(bits, from))
        return from;
    uint32_t bit = find_clear_byte(bits, from, end);
    if (bit == end)
        bit = find_clear(bits, from, end);
    return bit == end ? find_clear(bits, 0, end) : bit;
}

/* Take blocks of one group, from bit `from` on if possible. Returns how many; 0: it is full. */
static int alloc_in_group(struct ext2 *fs, uint32_t number, uint32_t from, uint32_t want,
                          uint32_t *block)
{
    struct bitmap map;
    uint32_t end = ext2_group_blocks(fs, number), n = 0;
    int error = open_bitmap(fs, number, false, &map);

    if (error)
        return error;
    if (map.group->free_blocks == 0) {
        close_bitmap(fs, &map, false);
        return 0;
    }
    uint32_t bit = choose(map.bits, from < end ? from : 0, end);
    while (n < want && bit + n < end && n < map.group->free_blocks && !test_bit(map.bits, bit + n))
        n++;
    *block = fs->super.first_data_block + number * fs->per_group + bit;
    if (n == 0)
        error = ext2_damaged(fs, "group %u has %u free blocks, but not in its bitmap", number,
                             map.group->free_blocks);
    else if (is_system(fs, number, map.group, *block, n))
        error = ext2_damaged(fs, "the bitmap of group %u calls its own blocks free", number);
    if (!error) {
        for (uint32_t i = bit; i < bit + n; i++)
            map.bits[i / 8] |= 1u << i % 8;
        map.group->free_blocks -= n;
        fs->super.free_blocks -= n;
    }
    close_bitmap(fs, &map, !error);
    return error ? error : (int)n;
}

int ext2_alloc_blocks(struct ext2 *fs, uint32_t goal, uint32_t want, uint32_t *block)
{
    if (fs->super.free_blocks == 0)
        return -ENOSPC;
    if (!ext2_has_blocks(fs, goal, 1))
        goal = fs->super.first_data_block;
    uint32_t number = (goal - fs->super.first_data_block) / fs->per_group;
    uint32_t from = (goal - fs->super.first_data_block) % fs->per_group;
    for (uint32_t i = 0; i < fs->groups; i++) {
        int n = alloc_in_group(fs, number, from, want, block);
        if (n)
            return n;
        number = number + 1 == fs->groups ? 0 : number + 1;
        from = 0;
    }
    return ext2_damaged(fs, "%u blocks are free, but in no group", fs->super.free_blocks);
}

/* The same within one group. */
static int free_in_group(struct ext2 *fs, uint32_t number, uint32_t bit, uint32_t count)
{
    struct bitmap map;
    uint32_t block = fs->super.first_data_block + number * fs->per_group + bit;
    int error = open_bitmap(fs, number, false, &map);

    if (error)
        return error;
    if (is_system(fs, number, map.group, block, count))
        error = ext2_damaged(fs, "a file has block %u, which is the volume's", block);
    for (uint32_t i = bit; i < bit + count && !error; i++)
        if (!test_bit(map.bits, i))
            error = ext2_damaged(fs, "block %u is freed, but was free", block + i - bit);
    if (!error && map.group->free_blocks + count > ext2_group_blocks(fs, number))
        error = ext2_damaged(fs, "group %u would have more free blocks than it has", number);
    if (!error) {
        for (uint32_t i = bit; i < bit + count; i++)
            map.bits[i / 8] &= ~(1u << i % 8);
        map.group->free_blocks += count;
        fs->super.free_blocks += count;
    }
    close_bitmap(fs, &map, !error);
    return error;
}

int ext2_free_blocks(struct ext2 *fs, uint32_t block, uint32_t count)
{
    if (!ext2_has_blocks(fs, block, count))
        return ext2_damaged(fs, "a file has block %u, which does not exist", block);
    while (count) {
        uint32_t number = (block - fs->super.first_data_block) / fs->per_group;
        uint32_t bit = (block - fs->super.first_data_block) % fs->per_group;
        uint32_t n = count < fs->per_group - bit ? count : fs->per_group - bit;
        int error = free_in_group(fs, number, bit, n);
        if (error)
            return error;
        block += n;
        count -= n;
    }
    return 0;
}

/* For a new directory: of the groups with more free inodes than most, the one with most room. */
static int roomiest_group(struct ext2 *fs, uint32_t *number)
{
    uint32_t average = fs->super.free_inodes / fs->groups, best = 0;
    bool any = false;

    for (uint32_t i = 0; i < fs->groups; i++) {
        struct buffer *buffer;
        struct ext2_group *group;
        int error = ext2_group(fs, i, &buffer, &group);
        if (error)
            return error;
        if (group->free_inodes && group->free_inodes >= average
                && (!any || group->free_blocks > best)) {
            any = true;
            best = group->free_blocks;
            *number = i;
        }
        bcache_put(buffer);
    }
    return 0;
}

/* Take an inode of one group. 1: done; 0: it has none. */
static int alloc_inode_in(struct ext2 *fs, uint32_t number, bool directory, uint32_t *ino)
{
    struct bitmap map;
    uint32_t end = fs->super.inodes_per_group;
    int error = open_bitmap(fs, number, true, &map);

    if (error)
        return error;
    if (map.group->free_inodes == 0) {
        close_bitmap(fs, &map, false);
        return 0;
    }
    uint32_t bit = find_clear(map.bits, 0, end);
    *ino = number * end + bit + 1;
    if (bit == end || *ino < fs->first_inode) {
        close_bitmap(fs, &map, false);
        return ext2_damaged(fs, "the inode bitmap of group %u is wrong", number);
    }
    map.bits[bit / 8] |= 1u << bit % 8;
    map.group->free_inodes--;
    map.group->directories += directory;
    fs->super.free_inodes--;
    close_bitmap(fs, &map, true);
    return 1;
}

int ext2_alloc_inode(struct ext2 *fs, uint32_t parent, bool directory, uint32_t *ino)
{
    uint32_t number = (parent - 1) / fs->super.inodes_per_group;

    if (fs->super.free_inodes == 0)
        return -ENOSPC;
    if (directory) {
        int error = roomiest_group(fs, &number);
        if (error)
            return error;
    }
    for (uint32_t i = 0; i < fs->groups; i++) {
        int got = alloc_inode_in(fs, number, directory, ino);
        if (got)
            return got < 0 ? got : 0;
        number = number + 1 == fs->groups ? 0 : number + 1;
    }
    return ext2_damaged(fs, "%u inodes are free, but in no group", fs->super.free_inodes);
}

int ext2_free_inode(struct ext2 *fs, uint32_t ino, bool directory)
{
    struct bitmap map;
    uint32_t number = (ino - 1) / fs->super.inodes_per_group;
    uint32_t bit = (ino - 1) % fs->super.inodes_per_group;
    int error = open_bitmap(fs, number, true, &map);

    if (error)
        return error;
    if (!test_bit(map.bits, bit) || map.group->free_inodes == fs->super.inodes_per_group
            || (directory && map.group->directories == 0)) {
        error = ext2_damaged(fs, "inode %u is freed, but was free", ino);
    } else {
        map.bits[bit / 8] &= ~(1u << bit % 8);
        map.group->free_inodes++;
        map.group->directories -= directory;
        fs->super.free_inodes++;
    }
    close_bitmap(fs, &map, !error);
    return error;
}
