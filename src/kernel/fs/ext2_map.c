/*
 * ext2's block map: an inode has the addresses of its first twelve blocks, of a block full of
 * addresses (indirect), of one full of such blocks' addresses (double), and once more (triple). An
 * address of 0 is a hole, whatever its level.
 *
 * Whatever the disk says, walks end: they are as deep as their level, and a block that is freed
 * twice is noticed by the bitmap.
 */
#include "fs/ext2.h"
#include "abi/errno.h"
#include "lib/string.h"

#define DEPTH 4                     /* levels of addresses at most, the inode's included */

/*
 * The way to a block: which slot of the inode, then which of each indirect block on the way.
 * Returns how many steps; 0: no file is that long.
 */
static unsigned path_to(const struct ext2 *fs, uint32_t block, uint32_t step[DEPTH])
{
    unsigned bits = fs->shift - 2;
    uint32_t per = 1u << bits, mask = per - 1;

    if (block < EXT2_DIRECT) {
        step[0] = block;
        return 1;
    }
    block -= EXT2_DIRECT;
    for (unsigned level = 1; level < DEPTH; level++) {
        if (block >> bits * (level - 1) < per) {
            step[0] = EXT2_DIRECT + level - 1;
            for (unsigned i = 1; i <= level; i++)
                step[i] = block >> bits * (level - i) & mask;
            return level + 1;
        }
        block -= 1u << bits * level;
    }
    return 0;
}

/* Addresses in a row: the inode's, or an indirect block's, which is in the buffer then. */
struct slots {
    struct buffer *buffer;          /* or NULL */
    uint32_t *slot;
    uint32_t count;
};

static int open_slots(struct ext2 *fs, uint32_t block, struct slots *slots)
{
    if (!ext2_has_blocks(fs, block, 1))
        return ext2_damaged(fs, "block %u of addresses does not exist", block);
    int error = bcache_get(fs->dev, block, fs->block_size, &slots->buffer);
    if (error)
        return error;
    slots->slot = slots->buffer->data;
    slots->count = fs->block_size / 4;
    return 0;
}

/*
 * Follow the path as far as there are blocks. Returns how many steps are left when it meets a
 * hole, or 1 at the end: `slots` are those of that step then, for bcache_put().
 */
static int follow(struct vnode *vnode, unsigned depth, const uint32_t step[DEPTH],
                  struct slots *slots)
{
    slots->buffer = NULL;
    slots->slot = ext2_node(vnode)->block;
    slots->count = EXT2_DIRECT;
    for (unsigned i = 0; i + 1 < depth; i++) {
        uint32_t next = slots->slot[step[i]];
        if (next == 0)
            return depth - i;
        bcache_put(slots->buffer);
        int error = open_slots(ext2_of(vnode), next, slots);
        if (error)
            return error;
    }
    return 1;
}

/* Do we remember where it is? */
static uint32_t remembered(struct ext2_node *node, uint32_t block, uint32_t max, uint32_t *start)
{
    uint32_t irq = spin_lock_irqsave(&node->lock);
    uint32_t offset = block - node->run_first, n = 0;

    if (offset < node->run_count) {
        n = node->run_count - offset;
        *start = node->run_start + offset;
    }
    spin_unlock_irqrestore(&node->lock, irq);
    return n < max ? n : max;
}

static void remember(struct ext2_node *node, uint32_t block, uint32_t count, uint32_t start)
{
    uint32_t irq = spin_lock_irqsave(&node->lock);

    node->run_first = block;
    node->run_count = count;
    node->run_start = start;
    spin_unlock_irqrestore(&node->lock, irq);
}

int ext2_map(struct vnode *vnode, uint32_t block, uint32_t max, uint32_t *start)
{
    struct ext2 *fs = ext2_of(vnode);
    struct slots slots;
    uint32_t step[DEPTH], n = remembered(ext2_node(vnode), block, max, start);

    if (n)
        return n;
    unsigned depth = path_to(fs, block, step);
    *start = 0;
    if (depth == 0)
        return max;
    int left = follow(vnode, depth, step, &slots);
    if (left < 0)
        return left;
    if (left > 1) {                     /* no indirect block: a hole as far as it would reach */
        bcache_put(slots.buffer);
        n = (1u << (fs->shift - 2)) - step[depth - 1];
        return n < max ? n : max;
    }
    uint32_t i = step[depth - 1], first = slots.slot[i];
    for (n = 1; n < max && i + n < slots.count; n++)
        if (slots.slot[i + n] != (first ? first + n : 0))
            break;
    bcache_put(slots.buffer);
    if (first == 0)
        return n;
    if (!ext2_has_blocks(fs, first, n))
        return ext2_damaged(fs, "inode %u has block %u, which does not exist", vnode->ino, first);
    remember(ext2_node(vnode), block, n, first);
    *start = first;
    return n;
}

/* Where the next block of the file had best be. */
static int find_goal(struct vnode *vnode, uint32_t block)
{
    struct ext2_node *node = ext2_node(vnode);
    uint32_t before = 0;

    if (node->goal)
        return 0;
    if (block > 0) {
        int n = ext2_map(vnode, block - 1, 1, &before);
        if (n < 0)
            return n;
    }
    node->goal = before ? before + 1 : ext2_inode_goal(ext2_of(vnode), vnode->ino);
    return 0;
}

/* Take at most `want` blocks for the file. Returns how many. */
static int take(struct vnode *vnode, uint32_t want, uint32_t *start)
{
    struct ext2 *fs = ext2_of(vnode);
    int n = ext2_alloc_blocks(fs, ext2_node(vnode)->goal, want, start);

    if (n > 0) {
        ext2_node(vnode)->goal = *start + n;
        vnode->blocks += n * fs->sectors;
        ext2_changed(vnode);
    }
    return n;
}

/* Give some of the file's blocks back. */
static int give(struct vnode *vnode, uint32_t start, uint32_t count)
{
    struct ext2 *fs = ext2_of(vnode);
    uint32_t sectors = count * fs->sectors;
    int error = ext2_free_blocks(fs, start, count);

    if (error)
        return error;
    if (!S_ISREG(vnode->mode))          /* what regular files hold is not in the block cache */
        bcache_forget(fs->dev, start, count);
    vnode->blocks -= vnode->blocks < sectors ? vnode->blocks : sectors;
    ext2_changed(vnode);
    return 0;
}

/* Put a new block of addresses, all holes, into the slot, and go on to it. */
static int add_slots(struct vnode *vnode, struct slots *slots, uint32_t step)
{
    struct ext2 *fs = ext2_of(vnode);
    struct buffer *buffer;
    uint32_t block;
    int n = take(vnode, 1, &block);

    if (n < 0)
        return n;
    int error = bcache_get_new(fs->dev, block, fs->block_size, &buffer);
    if (error) {
        give(vnode, block, 1);
        return error;
    }
    slots->slot[step] = block;
    if (slots->buffer)
        bcache_dirty(slots->buffer);
    bcache_put(slots->buffer);
    slots->buffer = buffer;
    slots->slot = buffer->data;
    slots->count = fs->block_size / 4;
    return 0;
}

/* Fill a hole, at most `max` blocks of it. Returns how many it was. */
static int fill_hole(struct vnode *vnode, uint32_t block, uint32_t max)
{
    struct slots slots;
    uint32_t step[DEPTH], start;
    unsigned depth = path_to(ext2_of(vnode), block, step);
    int error = find_goal(vnode, block);

    if (error)
        return error;
    int left = follow(vnode, depth, step, &slots);
    if (left < 0)
        return left;
    for (; left > 1 && !error; left--)
        error = add_slots(vnode, &slots, step[depth - left]);
    uint32_t i = step[depth - 1];
    if (!error && max > slots.count - i)
        max = slots.count - i;
    int n = error ? error : take(vnode, max, &start);
    for (int k = 0; k < n; k++)
        slots.slot[i + k] = start + k;
    if (n > 0 && slots.buffer)
        bcache_dirty(slots.buffer);
    bcache_put(slots.buffer);
    return n;
}

/*
 * How many blocks it takes to have [from, to) without holes, with the blocks of addresses: each of
 * those counts where the range, or what it is for, begins.
 */
static int count_missing(struct vnode *vnode, uint32_t from, uint32_t to, uint64_t *missing)
{
    struct ext2 *fs = ext2_of(vnode);
    uint32_t step[DEPTH];

    *missing = 0;
    for (uint32_t block = from; block < to; block++) {
        struct slots slots;
        unsigned depth = path_to(fs, block, step);
        int left = follow(vnode, depth, step, &slots);
        if (left < 0)
            return left;
        *missing += left > 1 || slots.slot[step[depth - 1]] == 0;
        bcache_put(slots.buffer);
        for (unsigned i = depth - left + 1; left > 1 && i < depth; i++) {
            bool begins = true;         /* the part of the file that this block would be for */
            for (unsigned k = i; k < depth; k++)
                begins &= step[k] == 0;
            *missing += begins || block == from;
        }
    }
    return 0;
}

int ext2_map_alloc(struct vnode *vnode, uint32_t from, uint32_t to)
{
    struct ext2 *fs = ext2_of(vnode);
    uint32_t step[DEPTH], count = to - from;

    if (to <= from)
        return 0;
    if (path_to(fs, to - 1, step) == 0)
        return -EFBIG;
    /* Enough for all of it, whatever is there already? Else see exactly. */
    if (fs->super.free_blocks < (uint64_t)count + count / (fs->block_size / 8) + 2 * DEPTH) {
        uint64_t missing;
        int error = count_missing(vnode, from, to, &missing);
        if (error)
            return error;
        if (missing > fs->super.free_blocks)
            return -ENOSPC;
    }
    for (uint32_t block = from; block < to; ) {
        uint32_t start;
        int n = ext2_map(vnode, block, to - block, &start);
        if (n > 0 && start == 0)
            n = fill_hole(vnode, block, n);
        if (n < 0)
            return n;
        block += n;
    }
    return 0;
}

/* Free what the slots [from, to) lead to directly, neighbours at once. */
static int free_slots(struct vnode *vnode, uint32_t *slot, uint32_t from, uint32_t to)
{
    while (from < to) {
        uint32_t start = slot[from], n = 1;
        if (start == 0) {
            from++;
            continue;
        }
        while (from + n < to && slot[from + n] == start + n)
            n++;
        int error = give(vnode, start, n);
        if (error)                      /* for want of memory: they are still there the next time */
            return error;
        memset(slot + from, 0, n * sizeof(*slot));
        from += n;
    }
    return 0;
}

/*
 * Free the blocks from `keep` on, counted from the first one that the block of addresses in
 * *address is for; `level` is 1 if it has the addresses of the file's blocks. With all of them, it
 * goes too.
 */
static int free_tree(struct vnode *vnode, uint32_t *address, unsigned level, uint32_t keep)
{
    struct ext2 *fs = ext2_of(vnode);
    struct slots slots;
    unsigned bits = (fs->shift - 2) * (level - 1);      /* a slot is for 1 << bits blocks */
    uint32_t block = *address;

    if (block == 0)
        return 0;
    int error = open_slots(fs, block, &slots);
    if (error)
        return error;
    uint32_t first = keep >> bits;
    if (level == 1) {
        error = free_slots(vnode, slots.slot, first, slots.count);
    } else {
        for (uint32_t i = first; i < slots.count && !error; i++)
            error = free_tree(vnode, &slots.slot[i], level - 1,
                              i == first ? keep & ((1u << bits) - 1) : 0);
    }
    if (keep != 0 || error)
        bcache_dirty(slots.buffer);
    bcache_put(slots.buffer);
    if (keep != 0 || error)
        return error;
    error = give(vnode, block, 1);
    if (error)
        return error;
    *address = 0;
    bcache_forget(fs->dev, block, 1);
    return 0;
}

int ext2_map_truncate(struct vnode *vnode, uint32_t keep)
{
    struct ext2 *fs = ext2_of(vnode);
    struct ext2_node *node = ext2_node(vnode);
    unsigned bits = fs->shift - 2;

    remember(node, 0, 0, 0);
    node->goal = 0;
    ext2_changed(vnode);
    int error = keep < EXT2_DIRECT ? free_slots(vnode, node->block, keep, EXT2_DIRECT) : 0;
    keep = keep > EXT2_DIRECT ? keep - EXT2_DIRECT : 0;
    for (unsigned level = 1; level < DEPTH && !error; level++) {
        uint32_t size = 1u << bits * level;             /* blocks that the tree is for */
        if (keep < size)
            error = free_tree(vnode, &node->block[EXT2_DIRECT + level - 1], level, keep);
        keep = keep > size ? keep - size : 0;
    }
    return error;
}
