/*
 * The FAT file system as a program of the host: a volume in memory, and below fs/fat_*.c a block
 * cache and vnodes of the grader's own, which forget nothing and lock nothing. A case is a row of
 * operations. All requests that reach the volume are told, in order, with what they write.
 */
#include "fakes.h"
#include "abi/errno.h"
#include "fs/fat.h"
#include "fs/file.h"

enum {
    LAYOUT = 1, DECODE, IMAGE, MOUNT, WALK, LIST, VNODE, READ, SIZE, RESERVE, WRITE, TRUNCATE,
    COMMIT, BROKEN, CLEAN,
};

#define VNODES 64
#define PAGES_MAX 64
#define ENTRIES_TOLD 400

void *memcpy(void *to, const void *from, size_t n);
void *calloc(size_t n, size_t size);

static uint8_t *volume;
static uint32_t broken_from, broken_to;     /* sectors that cannot be read */
static struct block_device device;
static struct mount mount;
static struct fat fat = { .mount = &mount, .dev = &device };
static struct vnode vnodes[VNODES];
static struct fat_node nodes[VNODES];
static bool telling;                /* of requests */

/* ---- what stands below: the disk, the block cache */

static void print_hex(const uint8_t *data, size_t n)
{
    static char line[2 * PAGE_SIZE * PAGES_MAX + 1];
    size_t at = 0;

    for (size_t i = 0; i < n && at < sizeof(line) - 2; i++) {
        line[at++] = "0123456789abcdef"[data[i] >> 4];
        line[at++] = "0123456789abcdef"[data[i] & 15];
    }
    line[at] = '\0';
    printf(" %s\n", line);
}

int block_read(struct block_device *dev, uint64_t sector, uint32_t count, void *buffer)
{
    (void)dev;
    if (telling)
        printf("r %u %u\n", (unsigned)sector, count);
    if (sector + count > device.sectors || (sector < broken_to && sector + count > broken_from))
        return -EIO;
    memcpy(buffer, volume + sector * SECTOR_SIZE, count * SECTOR_SIZE);
    return 0;
}

int block_write(struct block_device *dev, uint64_t sector, uint32_t count, const void *buffer)
{
    (void)dev;
    if (sector + count > device.sectors)
        return -EIO;
    printf("w %u", (unsigned)sector);
    print_hex(buffer, count * SECTOR_SIZE);
    memcpy(volume + sector * SECTOR_SIZE, buffer, count * SECTOR_SIZE);
    return 0;
}

int block_flush(struct block_device *dev)
{
    (void)dev;
    printf("flush\n");
    return 0;
}

/* A sector that somebody has got once; all of them, the latest first. */
static struct kept {
    struct buffer buffer;
    struct kept *next;
} *kept;

int bcache_get(struct block_device *dev, uint32_t block, unsigned size, struct buffer **result)
{
    struct kept *k = kept;

    while (k && k->buffer.block != block)
        k = k->next;
    if (!k) {
        k = calloc(1, sizeof(*k));
        k->buffer.data = malloc(size);
        k->buffer.block = block;
        int error = block_read(dev, block, 1, k->buffer.data);
        if (error)
            return error;
        k->next = kept;
        kept = k;
    }
    k->buffer.refs++;
    *result = &k->buffer;
    return 0;
}

void bcache_put(struct buffer *buffer)
{
    if (buffer)
        buffer->refs--;
}

void bcache_dirty(struct buffer *buffer)
{
    buffer->dirty = true;
}

int bcache_write(struct buffer *buffer)
{
    if (buffer->dirty)
        block_write(&device, buffer->block, 1, buffer->data);
    buffer->dirty = false;
    return 0;
}

int bcache_sync(struct block_device *dev)
{
    (void)dev;
    for (struct kept *k = kept; k; k = k->next)
        bcache_write(&k->buffer);
    return 0;
}

int bcache_dirty_age(struct block_device *dev)
{
    (void)dev;
    for (struct kept *k = kept; k; k = k->next)
        if (k->buffer.dirty)
            return 0;
    return -1;
}

int vnode_sync_all(struct mount *m)
{
    (void)m;
    return 0;
}

/* Given code logs it. */
int fat_damaged(struct fat *f, const char *what)
{
    (void)f, (void)what;
    return -EUCLEAN;
}

/* ---- the operations */

static void do_layout(void)
{
    uint64_t sectors = word();
    const uint8_t *from = bytes(SECTOR_SIZE);
    uint8_t *boot = malloc(SECTOR_SIZE);
    struct fat_layout l = { 0 };

    memcpy(boot, from, SECTOR_SIZE);
    int result = fat_layout(boot, sectors, &l);
    free(boot);
    if (result)
        printf("layout %d\n", result);
    else
        printf("layout 0 %u %u %u %u %u %u %u %u %u %u %u\n", l.bits, l.copies, l.cluster_shift,
               l.cluster_sectors, l.sectors, l.table_first, l.table_sectors, l.root_first,
               l.root_slots, l.data_first, l.clusters);
}

static void do_decode(void)
{
    struct fat_layout l = { .bits = word() };
    uint32_t count = word(), size = word();
    uint8_t *table = malloc(size);

    memcpy(table, bytes(size), size);
    printf("decode");
    for (uint32_t n = 0; n < count; n++)
        printf(" %x", fat_decode(&l, table, n));
    printf("\n");
    free(table);
}

static void do_image(void)
{
    uint32_t size = word();

    volume = malloc(size);
    memcpy(volume, bytes(size), size);
    device.sectors = size / SECTOR_SIZE;
}

/* With the layout that the grader knows to be right. */
static void do_mount(void)
{
    fat.at.bits = word();
    fat.at.copies = word();
    fat.at.cluster_shift = word();
    fat.at.cluster_sectors = word();
    fat.at.sectors = word();
    fat.at.table_first = word();
    fat.at.table_sectors = word();
    fat.at.root_first = word();
    fat.at.root_slots = word();
    fat.at.data_first = word();
    fat.at.clusters = word();
    mount.data = &fat;
    printf("mount %d\n", fat_table_load(&fat));
}

static void do_walk(void)
{
    uint32_t from = word(), steps = word(), last = 0;
    int result = fat_walk(&fat, from, steps, &last);

    printf("walk %d %u\n", result, result < 0 ? 0 : last);
}

static void do_list(struct vnode *dir)
{
    struct fat_entry entry;
    struct fat_cursor cursor;
    unsigned count = 0;
    int there;

    fat_dir_open(&cursor, dir, 0);
    while ((there = fat_dir_next(&cursor, &entry)) > 0) {
        if (++count > ENTRIES_TOLD)
            continue;
        printf("entry ");
        for (unsigned n = 0; entry.name[n] && n <= FAT_UNITS; n++)
            printf("%04x", entry.name[n]);
        printf("/");
        for (unsigned n = 0; entry.short_name[n] && n <= FAT_SHORT_TEXT; n++)
            printf("%04x", entry.short_name[n]);
        printf(" %u %u %u %u %u %u\n", entry.from, entry.slot, entry.place, entry.data.attributes,
               entry.data.first, entry.data.size);
    }
    fat_dir_close(&cursor);
    printf("list %d %u\n", there, count);
}

static void do_vnode(struct vnode *vnode, struct fat_node *node)
{
    vnode->ino = word();
    vnode->mode = word();
    vnode->size = word();
    vnode->mount = &mount;
    vnode->data = node;
    *node = (struct fat_node){ .first = word() };
}

static void do_read(struct vnode *file)
{
    uint32_t index = word(), count = word();
    uint8_t *data = malloc(count * PAGE_SIZE);

    for (uint32_t n = 0; n < count * PAGE_SIZE; n++)
        data[n] = 0xa5;
    telling = true;
    int result = fat_read(file, file->size, index, count, data);
    telling = false;
    printf("read %d", result);
    print_hex(data, result ? 0 : count * PAGE_SIZE);
    free(data);
}

static void do_write(struct vnode *file)
{
    uint32_t index = word();
    uint8_t *page = malloc(PAGE_SIZE);

    memcpy(page, bytes(PAGE_SIZE), PAGE_SIZE);
    printf("write %d\n", fat_write_page(file, index, page));
    free(page);
}

/* How a file's chain stands, and which clusters are free. */
static void tell(const char *what, int result, const struct vnode *file)
{
    printf("%s %d %u %u %u\n", what, result, fat_node(file)->first, fat.free, fat.held_count);
}

static void do_reserve(struct vnode *file)
{
    uint32_t low = word(), high = word();

    tell("reserve", fat_reserve(file, (int64_t)high << 32 | low), file);
}

static void one_case(void)
{
    while (more()) {
        uint32_t op = word(), id = op >> 8;
        struct vnode *vnode = &vnodes[id % VNODES];
        switch (op & 0xff) {
        case LAYOUT:   do_layout(); break;
        case DECODE:   do_decode(); break;
        case IMAGE:    do_image(); break;
        case MOUNT:    do_mount(); break;
        case WALK:     do_walk(); break;
        case LIST:     do_list(vnode); break;
        case VNODE:    do_vnode(vnode, &nodes[id % VNODES]); break;
        case READ:     do_read(vnode); break;
        case SIZE:     vnode->size = word(); break;
        case RESERVE:  do_reserve(vnode); break;
        case WRITE:    do_write(vnode); break;
        case TRUNCATE: tell("truncate", fat_truncate(vnode), vnode); break;
        case COMMIT:   printf("commit %d\n", fat_commit(&fat)); break;
        case CLEAN:    printf("clean %d\n", fat_mark(&fat, false)); break;
        case BROKEN:   broken_from = word(); broken_to = word(); break;
        }
    }
}

int main(void)
{
    each_case(one_case);
    return 0;
}
