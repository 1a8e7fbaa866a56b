"""
Right solutions of lab 5 that differ from ours must get full marks, as in test_alternatives.py: registers in another order, the
table bit by bit, names put together at their end, walks by recursion.
"""

import grading
import pytest

IDENTIFY_SELECTS_FIRST = """
    uint16_t base = drive->channel->base;
    int error = ata_select(drive, 0);

    if (inb(base + ATA_STATUS) == 0xff)
        return -ENODEV;
    if (error)
        return error;
    outb(base + ATA_LBA_HIGH, 0);
    outb(base + ATA_LBA_MID, 0);
    outb(base + ATA_COMMAND, ATA_IDENTIFY);
    ata_settle(drive->channel);
    if (!inb(base + ATA_STATUS))
        return -ENODEV;
    error = ata_wait(drive, ATA_DRQ);
    if (inb(base + ATA_LBA_MID) | inb(base + ATA_LBA_HIGH))
        return -ENODEV;
    for (int i = 0; i < 256 && !error; i++)
        words[i] = inw(base + ATA_DATA);
    return error;
"""

TEXT_WITH_ITS_END = """
    unsigned end = 0;

    for (unsigned i = 0; i < 2 * n; i++) {
        text[i] = i & 1 ? words[i / 2] : words[i / 2] >> 8;
        if (text[i] != ' ')
            end = i + 1;
    }
    text[end] = 0;
"""

IDENTITY_STEP_BY_STEP = """
    const uint16_t *high = words + WORD_SECTORS_48;
    bool sets = words[WORD_SETS_2] >> 14 == 1;

    if (!(words[WORD_CAPABILITIES] & CAPABLE_LBA))
        return -ENODEV;
    identity->lba48 = sets && (words[WORD_SETS_2] & SETS_2_LBA48);
    identity->write_cache = sets && (words[WORD_SETS_1] & SETS_1_WRITE_CACHE);
    identity->dma = words[WORD_CAPABILITIES] & CAPABLE_DMA ? true : false;
    identity->multiple = (uint8_t)words[WORD_MULTIPLE];
    identity->sectors = words[WORD_SECTORS] | (uint32_t)words[WORD_SECTORS + 1] << 16;
    if (identity->lba48)
        identity->sectors = (uint64_t)high[3] << 48 | (uint64_t)high[2] << 32 | (uint32_t)high[1] << 16 | high[0];
    copy_text(identity->serial, words + WORD_SERIAL, sizeof(identity->serial) / 2);
    copy_text(identity->model, words + WORD_MODEL, sizeof(identity->model) / 2);
    return identity->sectors == 0 ? -ENODEV : 0;
"""

GIVE_REGISTER_BY_REGISTER = """
    bool far = lba > ATA_LBA28_SECTORS - count;
    int error = ata_select(drive, far ? 0 : (lba >> 24) & 0x0f);

    for (int i = 0; i < 4 && !error; i++) {
        uint16_t port = drive->channel->base + ATA_COUNT + i;
        if (far)
            outb(port, i ? lba >> (16 + 8 * i) : count >> 8);
        outb(port, i ? lba >> (8 * i - 8) : count);
    }
    if (!error)
        outb(drive->channel->base + ATA_COMMAND, far ? ext : command);
    return error;
"""

READ_SECTOR_BY_SECTOR = """
    static const uint8_t commands[2][2] = {
        { ATA_READ_SECTORS, ATA_READ_SECTORS_EXT }, { ATA_READ_MULTIPLE, ATA_READ_MULTIPLE_EXT },
    };
    const uint8_t *pair = commands[drive->block != 1];
    int error = give(drive, lba, count, pair[0], pair[1]);

    for (unsigned i = 0; i < count && !error; i++) {
        if (i % drive->block == 0)
            error = ata_wait(drive, ATA_DRQ);
        if (!error)
            insw(drive->channel->base + ATA_DATA, (char *)buffer + i * SECTOR_SIZE, WORDS);
    }
    return error;
"""

WRITE_UP_TO_AN_END = """
    const char *from = buffer, *end = from + count * SECTOR_SIZE;
    int error;

    if (drive->block == 1)
        error = give(drive, lba, count, ATA_WRITE_SECTORS, ATA_WRITE_SECTORS_EXT);
    else
        error = give(drive, lba, count, ATA_WRITE_MULTIPLE, ATA_WRITE_MULTIPLE_EXT);
    if (error)
        return error;
    do {
        size_t n = drive->block * SECTOR_SIZE;
        if (n > (size_t)(end - from))
            n = end - from;
        if ((error = ata_wait(drive, ATA_DRQ)) != 0)
            return error;
        outsw(drive->channel->base + ATA_DATA, from, n / 2);
        from += n;
    } while (from < end);
    return ata_wait(drive, 0);
"""

FLUSH_BY_ITS_FORM = """
    uint8_t command = ATA_FLUSH_CACHE;
    int error = ata_select(drive, 0);

    if (drive->identity.lba48)
        command = ATA_FLUSH_CACHE_EXT;
    if (!error) {
        outb(drive->channel->base + ATA_COMMAND, command);
        error = ata_wait(drive, 0);
    }
    return error;
"""

USE_TAKES_OUT_ALWAYS = """
    if (!buffer->dirty)
        list_del(&buffer->place);       /* of one that is in no list, this does nothing */
    ++buffer->refs;
"""

ROOM_ALL_AT_ONCE = """
    struct list victims;
    uint32_t irq = spin_lock_irqsave(&lock);

    list_init(&victims);
    while (stats.buffers >= stats.limit && !list_empty(&lru)) {
        struct buffer *buffer = list_entry(lru.next, struct buffer, place);
        take_out(buffer);
        list_add(&buffer->place, &victims);
        stats.evicted++;
    }
    spin_unlock_irqrestore(&lock, irq);
    while (!list_empty(&victims)) {
        struct buffer *buffer = list_entry(victims.next, struct buffer, place);
        list_del(&buffer->place);
        free_buffer(buffer);
    }
"""

GET_WITH_ONE_WAY_OUT = """
    bool hit = false;
    uint32_t irq = spin_lock_irqsave(&lock);

    *buffer = find(dev, block);
    if (*buffer && (*buffer)->valid) {
        hit = true;
        use(*buffer);
    }
    *(hit ? &stats.hits : &stats.misses) += 1;
    spin_unlock_irqrestore(&lock, irq);
    if (!hit)
        make_room();
    return hit ? 0 : load(dev, block, size, fresh, buffer);
"""

PUT_BEHIND_THE_LAST = """
    uint32_t irq = spin_lock_irqsave(&lock);

    buffer->refs -= 1;
    if (!buffer->dirty && !buffer->refs)
        list_add(&buffer->place, lru.prev);
    spin_unlock_irqrestore(&lock, irq);
"""

RUN_IN_TWO_LOOPS = """
    struct list *node = dirty.next;
    struct buffer *buffer = list_entry(node, struct buffer, place);

    while (node != &dirty && (buffer->dev != dev || buffer->block < block)) {
        node = node->next;
        buffer = list_entry(node, struct buffer, place);
    }
    while (node != &dirty && buffer->dev == dev && (!count || buffer->block == run[0]->block + count)
           && count < (PAGE_SIZE << RUN_ORDER) / buffer->size) {
        run[count++] = buffer;
        node = node->next;
        buffer = list_entry(node, struct buffer, place);
    }
"""

LAYOUT_IN_SECTORS_OF_512 = """
    struct fat_layout at = { .copies = boot[BPB_COPIES], .root_slots = get16(boot + BPB_ROOT_SLOTS) };
    uint32_t scale, per_cluster = boot[BPB_CLUSTER], total = get16(boot + BPB_SECTORS);

    switch (get16(boot + BPB_SECTOR_SIZE)) {
    case 512: case 1024: case 2048: case 4096:
        scale = get16(boot + BPB_SECTOR_SIZE) / SECTOR_SIZE;
        break;
    default:
        return -EINVAL;
    }
    switch (boot[BPB_MEDIA]) {
    case 0xf1: case 0xf2: case 0xf3: case 0xf4: case 0xf5: case 0xf6: case 0xf7:
        return -EINVAL;
    }
    if (boot[BPB_MEDIA] < 0xf0 || boot[510] != 0x55 || boot[511] != 0xaa)
        return -EINVAL;
    at.table_first = get16(boot + BPB_RESERVED) * scale;
    at.table_sectors = get16(boot + BPB_TABLE_SECTORS) * scale;
    if (at.table_first == 0 || at.table_sectors == 0 || at.copies == 0 || !power_of_two(per_cluster))
        return -EINVAL;
    if (total == 0)
        total = get32(boot + BPB_SECTORS_LARGE);
    at.root_first = at.table_first + at.copies * at.table_sectors;
    at.data_first = at.root_first + (at.root_slots + 16 * scale - 1) / (16 * scale) * scale;
    at.sectors = total * scale;
    at.cluster_sectors = per_cluster * scale;
    if (at.root_slots == 0 || (uint64_t)total * scale > sectors || total <= at.data_first / scale)
        return -EUCLEAN;
    at.clusters = (total - at.data_first / scale) / per_cluster;
    at.bits = at.clusters < CLUSTERS_12 ? 12 : 16;
    if (at.clusters >= CLUSTERS_16)
        return -EINVAL;
    if (at.clusters == 0 || (uint64_t)at.table_sectors * SECTOR_SIZE * 8 / at.bits < at.clusters + FAT_FIRST)
        return -EUCLEAN;
    for (at.cluster_shift = 9; at.cluster_sectors >> (at.cluster_shift - 9) > 1; at.cluster_shift++)
        ;
    *layout = at;
    return 0;
"""

DECODE_BIT_BY_BIT = """
    uint32_t value = 0;

    for (unsigned i = 0; i < layout->bits; i++) {
        uint32_t bit = n * layout->bits + i;
        value |= (uint32_t)(table[bit >> 3] >> (bit & 7) & 1) << i;
    }
    if (layout->bits == 12 && value > 0xff6)
        value |= 0xf000;
    return value;
"""

DECODE_IN_THREES = """
    const uint8_t *three = table + n / 2 * 3;
    uint16_t value;

    if (layout->bits == 16) {
        three = table + n * 2;
        return three[0] + 256 * three[1];
    }
    if (n % 2 == 0)
        value = three[0] + 256 * (three[1] % 16);
    else
        value = three[1] / 16 + 16 * three[2];
    return value < 0xff7 ? value : 0xf000 + value;
"""

WALK_UNTIL = """
    uint32_t links = 0;

    do {
        bool is_there = from >= FAT_FIRST && from - FAT_FIRST < fat->at.clusters;
        if (!is_there || fat->now[from] == FAT_FREE || fat->now[from] == FAT_BAD)
            return -EUCLEAN;
        *last = from;
        if (links == steps || fat->now[from] >= FAT_LAST)
            return links;
        from = fat->now[from];
    } while (++links < fat->at.clusters);
    return -EUCLEAN;
"""

SHORT_TEXT_IN_TWO_PARTS = """
    unsigned at = 0;

    for (unsigned part = 0; part < 2; part++) {
        unsigned from = part ? 8 : 0, to = part ? FAT_SHORT : 8;
        while (to > from && slot->name[to - 1] == ' ')
            to--;
        if (part && to > from)
            text[at++] = '.';
        for (; from < to; from++) {
            uint8_t c = slot->name[from];
            bool lower = slot->lower & (part ? FAT_LOWER_EXTENSION : FAT_LOWER_BASE);
            if (from == 0 && c == FAT_E5)
                c = 0xe5;
            if (lower && c >= 'A' && c <= 'Z')
                c |= 0x20;
            text[at++] = c < 128 ? c : fat_oem(c);
        }
    }
    text[at] = 0;
"""

# Keeps the pieces, and looks at them when the short entry is there.
NEXT_FROM_KEPT_PIECES = """
    struct fat_piece row[FAT_SET_MAX];
    uint16_t name[FAT_SET_MAX * FAT_PIECE + 1];
    unsigned have = 0, all = 0, start = 0, units = 0;
    struct fat_slot *slot;
    int there;

    for (;;) {
        there = fat_dir_slot(cursor, &slot);
        if (there <= 0)
            return there;
        if (slot->name[0] == FAT_NO_MORE)
            return 0;
        bool is_piece = slot->name[0] != FAT_UNUSED && (slot->attributes & 0x3f) == FAT_LONG;
        if (is_piece) {
            const struct fat_piece *piece = (void *)slot;
            if (piece->order & FAT_LAST_PIECE) {
                all = piece->order - FAT_LAST_PIECE;
                have = 0;
                start = cursor->next - 1;
            }
            if (all >= FAT_SET_MAX || have >= all || (piece->order & ~FAT_LAST_PIECE) != all - have)
                all = have = 0;
            else
                row[have++] = *piece;
        } else if (slot->name[0] == FAT_UNUSED || slot->attributes & FAT_LABEL) {
            all = have = 0;
        } else {
            break;
        }
    }
    bool complete = all && have == all;
    for (unsigned i = 0; i < have; i++) {
        complete = complete && row[i].checksum == fat_checksum(slot->name);
        take_piece(&row[i], name + (all - 1 - i) * FAT_PIECE);
    }
    name[complete ? all * FAT_PIECE : 0] = 0;
    while (units < FAT_UNITS && name[units]) {
        entry->name[units] = name[units];
        units++;
    }
    entry->name[units] = 0;
    entry->slot = cursor->next - 1;
    entry->from = complete ? start : entry->slot;
    entry->place = fat_dir_place(cursor);
    entry->data = *slot;
    short_text(&entry->data, entry->short_name);
    return 1;
"""

RUN_BY_THE_TABLE = """
    struct fat *fat = fat_of(file);
    uint32_t cluster, bytes = 1u << fat->at.cluster_shift;
    int error = fat_seek(file, at / bytes, &cluster);

    if (error)
        return error;
    uint32_t inside = at % bytes / SECTOR_SIZE, n = bytes / SECTOR_SIZE - inside;
    *sector = fat_sector(fat, cluster) + inside;
    while (n < max && fat->now[cluster] == cluster + 1 && fat->now[cluster + 1] != FAT_FREE) {
        n += fat->at.cluster_sectors;
        cluster++;
    }
    *count = n < max ? n : max;
    return 0;
"""

READ_OVER_ZEROS = """
    int64_t from = (int64_t)index << PAGE_SHIFT, left = size - from;
    char *to = data;
    uint32_t room = count << PAGE_SHIFT;

    if (left < 0)
        left = 0;
    if (left > room)
        left = room;
    for (uint32_t at = 0; at < left; ) {
        uint32_t sector, n;
        int error = find_run(file, from + at, (left - at + 511) / 512, &sector, &n);
        if (error || (error = block_read(fat_of(file)->dev, sector, n, to + at)) != 0)
            return error;
        at += n * 512;
    }
    for (uint32_t at = left; at < room; at++)
        to[at] = 0;
    return 0;
"""

WRITE_WHAT_IS_LEFT = """
    uint32_t at = index * PAGE_SIZE, sector, n;
    const char *from = data;
    int64_t bytes = file->size - (int64_t)index * PAGE_SIZE;
    int left = bytes <= 0 ? 0 : bytes >= PAGE_SIZE ? PAGE_SIZE / 512 : (int)(bytes + 511) / 512;

    while (left > 0) {
        int error = find_run(file, at, left, &sector, &n);
        if (error)
            return error;
        error = fat_write(fat_of(file), sector, n, from);
        if (error)
            return error;
        at += n * 512;
        from += n * 512;
        left -= n;
    }
    return 0;
"""

RESERVE_COUNTING_DOWN = """
    struct fat *fat = fat_of(file);
    uint32_t last, head = FAT_END, end = 0, fresh;
    int have = fat_chain(file, &last), error = 0;

    if (have < 0)
        return have;
    if (size > FAT_SIZE_MAX)
        return -EFBIG;
    int64_t missing = ((size + (1 << fat->at.cluster_shift) - 1) >> fat->at.cluster_shift) - have;
    while (missing-- > 0 && !error) {
        error = fat_alloc(fat, end ? end : last, &fresh);
        if (error)
            break;
        if (head == FAT_END)
            head = fresh;
        else
            fat_set(fat, end, fresh);
        end = fresh;
    }
    if (head == FAT_END)
        return error;
    if (error)
        fat_free_chain(fat, head);
    else if (last == 0)
        fat_node(file)->first = head;
    else
        fat_set(fat, last, head);
    return error;
"""

TRUNCATE_BY_CASES = """
    struct fat *fat = fat_of(file);
    uint32_t first = fat_node(file)->first, last, shift = fat->at.cluster_shift;

    if (first == 0)
        return 0;
    if (file->size == 0) {
        fat_node(file)->first = 0;
        fat_seek_reset(file);
        fat_free_chain(fat, first);
        return 0;
    }
    int error = fat_walk(fat, first, (file->size - 1) >> shift, &last);
    if (error < 0)
        return error;
    uint32_t behind = fat->now[last];
    if (behind >= FAT_LAST)
        return 0;                       /* it has no more than it needs */
    fat_seek_reset(file);
    fat_set(fat, last, FAT_END);
    fat_free_chain(fat, behind);
    return 0;
"""

STEP_DOTS_BY_HAND = """
    int error;

    if (name[0] != '.' || (name[1] && (name[1] != '.' || name[2]))) {
        error = lookup(dir, name, next);
        *next = error ? NULL : mount_down(*next);
        return error;
    }
    vnode_hold(dir);
    *next = dir;
    if (name[1] == '.') {
        dir = mount_up(dir);
        *next = parent_of(dir);
        vnode_put(dir);
    }
    return 0;
"""

DOWN_BY_RECURSION = """
    struct vnode *above = vnode_covering(vnode);

    if (!above)
        return vnode;
    vnode_put(vnode);
    return mount_down(above);
"""

UP_BY_RECURSION = """
    struct mount *mount = vnode->mount;

    if (!mount->on || mount->root != vnode)
        return vnode;
    vnode_hold(mount->on);
    struct vnode *below = mount->on;
    vnode_put(vnode);
    return mount_up(below);
"""

UP_BY_A_LOOP = """
    struct vnode *old;

    for (;;) {
        old = vnode;
        if (old != old->mount->root)
            break;
        vnode = old->mount->on;
        if (vnode == NULL)
            return old;
        vnode_hold(vnode);
        vnode_put(old);
    }
    return old;
"""

MEMINFO_LINE_BY_LINE = """
    struct cache_stats files;
    struct page_stats frames;
    struct bcache_stats blocks;

    cache_stats(&files);
    bcache_stats(&blocks);
    page_stats(&frames);
    text_printf(text, "MemTotal:       %8u kB\\n", frames.usable * 4);
    text_printf(text, "MemFree:        %8u kB\\n", frames.free * 4);
    text_printf(text, "Buffers:        %8u kB\\n", blocks.buffers / 2);
    text_printf(text, "Cached:         %8u kB\\n", files.pages * 4);
    text_printf(text, "Dirty:          %8u kB\\n", files.dirty * 4);
"""

READ_BYTE_BY_BYTE = """
    struct text *text = file->data;
    char *bytes = to;
    size_t done = 0;

    while (done < n && *position < (int64_t)text->size) {
        bytes[done++] = text->at[*position];
        ++*position;
    }
    return done;
"""

FIRST = {
    "src/kernel/dev/ata_identify.c": [IDENTIFY_SELECTS_FIRST, TEXT_WITH_ITS_END, IDENTITY_STEP_BY_STEP],
    "src/kernel/dev/ata_pio.c": [GIVE_REGISTER_BY_REGISTER, READ_SECTOR_BY_SECTOR, WRITE_UP_TO_AN_END, FLUSH_BY_ITS_FORM],
    "src/kernel/fs/bcache.c": [USE_TAKES_OUT_ALWAYS, ROOM_ALL_AT_ONCE, GET_WITH_ONE_WAY_OUT, PUT_BEHIND_THE_LAST,
                               RUN_IN_TWO_LOOPS],
    "src/kernel/fs/fat_layout.c": [LAYOUT_IN_SECTORS_OF_512],
    "src/kernel/fs/fat_table.c": [DECODE_BIT_BY_BIT, WALK_UNTIL],
    "src/kernel/fs/fat_dir.c": [SHORT_TEXT_IN_TWO_PARTS, NEXT_FROM_KEPT_PIECES],
    "src/kernel/fs/fat_file.c": [RUN_BY_THE_TABLE, READ_OVER_ZEROS, WRITE_WHAT_IS_LEFT, RESERVE_COUNTING_DOWN,
                                 TRUNCATE_BY_CASES],
    "src/kernel/fs/path.c": [STEP_DOTS_BY_HAND],
    "src/kernel/fs/mount.c": [DOWN_BY_RECURSION, UP_BY_RECURSION],
    "src/kernel/fs/procfs.c": [MEMINFO_LINE_BY_LINE, READ_BYTE_BY_BYTE],
}

SECOND = {
    "src/kernel/fs/fat_table.c": [DECODE_IN_THREES, None],
    "src/kernel/fs/fat_dir.c": [None, NEXT_FROM_KEPT_PIECES],
    "src/kernel/fs/mount.c": [None, UP_BY_A_LOOP],
}


@pytest.mark.parametrize("alternatives, tests, points", [(FIRST, [], 100), (SECOND, ["5.4", "5.5", "5.8"], 36)],
                         ids=["first", "second"])
def test_another_right_solution_gets_full_marks(alternatives, tests, points):
    with grading.grader(5) as grader:
        graded = grader.grade(grader.solved_with(alternatives), *tests)
        assert graded.total == points, graded.output
