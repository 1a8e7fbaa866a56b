/*
 * Reading partition tables. Nothing in them is believed before it has been looked at: they may be
 * anything.
 */
#include "dev/partition.h"
#include "abi/errno.h"
#include "debug/log.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/kmalloc.h"

#define ENTRIES     4
#define FIRST_LOGICAL 5
#define LOGICAL_MAX 59              /* up to number 63, as many as Linux once had */

#define TABLE       446             /* the table's place in its sector */
#define SIGNATURE   510
#define ACTIVE      0x80            /* the only bit that there is in the first byte of an entry */

#define TYPE_UNUSED 0x00
#define TYPE_GPT    0xee            /* all of the disk: the true table is another one */

struct entry {
    uint8_t type;
    uint32_t first, sectors;        /* as they stand there: what first counts from depends */
};

/* What is going on while a disk is read. */
struct scan {
    struct block_device *disk;
    uint8_t *sector;                /* room for one */
    struct entry primary[ENTRIES];
    int registered;
};

static bool is_extended(uint8_t type)
{
    return type == 0x05 || type == 0x0f || type == 0x85;
}

static uint32_t get32(const uint8_t *p)
{
    return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

/*
 * Read the table in this sector. Returns 1; 0: there is none, but a boot sector's code, or
 * anything; or -EIO.
 */
static int read_table(struct scan *scan, uint64_t sector, struct entry *table)
{
    int error = block_read(scan->disk, sector, 1, scan->sector);

    if (error)
        return error;
    if (scan->sector[SIGNATURE] != 0x55 || scan->sector[SIGNATURE + 1] != 0xaa)
        return 0;
    for (int i = 0; i < ENTRIES; i++) {
        const uint8_t *raw = scan->sector + TABLE + 16 * i;
        if (raw[0] & ~ACTIVE)
            return 0;
        table[i] = (struct entry){
            .type = raw[4], .first = get32(raw + 8), .sectors = get32(raw + 12),
        };
    }
    return 1;
}

static bool overlap(uint64_t first_a, uint64_t sectors_a, uint64_t first_b, uint64_t sectors_b)
{
    return first_a < first_b + sectors_b && first_b < first_a + sectors_a;
}

/* Can there be a partition? Says in the log why not. */
static bool acceptable(struct scan *scan, unsigned number, uint64_t first, uint64_t sectors)
{
    const char *disk = scan->disk->name;
    struct block_device *other;

    if (first == 0 || sectors == 0 || first + sectors > scan->disk->sectors) {
        kprintf(LOG_WARNING, "%s%u: left out: %llu sectors from %llu on, of a disk of %llu\n",
                disk, number, sectors, first, scan->disk->sectors);
        return false;
    }
    for (unsigned n = 0; (other = block_nth(n)); n++) {
        if (other->whole != scan->disk ||
            !overlap(first, sectors, other->first, other->sectors))
            continue;
        kprintf(LOG_WARNING, "%s%u: left out: its sectors %llu-%llu reach into %s's, %llu-%llu\n",
                disk, number, first, first + sectors - 1, other->name, other->first,
                other->first + other->sectors - 1);
        return false;
    }
    return true;
}

/* The partition is there from now on, if it can be. Returns 0 or -ENOMEM. */
static int add(struct scan *scan, unsigned number, uint8_t type, uint64_t first, uint64_t sectors)
{
    struct block_device *disk = scan->disk;

    if (!acceptable(scan, number, first, sectors))
        return 0;
    struct block_device *dev = kzalloc(sizeof(*dev));
    if (!dev)
        return -ENOMEM;
    *dev = (struct block_device){
        .sectors = sectors, .ops = disk->ops, .max_sectors = disk->max_sectors,
        .read_only = disk->read_only, .data = disk->data,
        .whole = disk, .first = first, .type = type,
    };
    snprintf(dev->name, sizeof(dev->name), "%s%u", disk->name, number);
    block_register(dev);
    scan->registered++;
    kprintf(LOG_INFO, "%s: type 0x%02x, %llu MiB from sector %llu on\n", dev->name, type,
            sectors >> 11, first);
    return 0;
}

/*
 * The logical partitions in an extended one: each has a sector with a table of its own, which tells
 * where it is, from that sector on, and where the next such sector is, from the extended
 * partition's beginning on.
 */
static int scan_extended(struct scan *scan, const struct entry *extended, unsigned *number)
{
    uint32_t visited[LOGICAL_MAX];
    uint32_t offset = 0;

    for (unsigned links = 0; links < LOGICAL_MAX; links++) {
        struct entry table[ENTRIES];
        const struct entry *link = NULL;
        uint64_t here = (uint64_t)extended->first + offset;
        visited[links] = offset;
        int found = read_table(scan, here, table);
        if (found <= 0)
            return found;
        for (int i = 0; i < ENTRIES; i++) {
            if (is_extended(table[i].type)) {
                link = link ? link : &table[i];
            } else if (table[i].type != TYPE_UNUSED && *number < FIRST_LOGICAL + LOGICAL_MAX) {
                int error = add(scan, (*number)++, table[i].type, here + table[i].first,
                                table[i].sectors);
                if (error)
                    return error;
            }
        }
        if (!link || !link->sectors)
            return 0;
        offset = link->first;
        bool wrong = offset >= extended->sectors;
        for (unsigned i = 0; i <= links; i++)
            wrong |= visited[i] == offset;
        if (wrong) {
            kprintf(LOG_WARNING, "%s: an extended partition's chain leads back, or out of it, to "
                    "sector %llu\n", scan->disk->name, (uint64_t)extended->first + offset);
            return 0;
        }
    }
    kprintf(LOG_WARNING, "%s: more logical partitions than %u\n", scan->disk->name, LOGICAL_MAX);
    return 0;
}

/* Does another of the four entries, an extended one, hold sectors of this one? Says so. */
static bool in_extended(const struct scan *scan, int n)
{
    const struct entry *entry = &scan->primary[n];

    for (int i = 0; i < ENTRIES; i++) {
        const struct entry *other = &scan->primary[i];
        if (i == n || !is_extended(other->type) ||
            !overlap(entry->first, entry->sectors, other->first, other->sectors))
            continue;
        kprintf(LOG_WARNING, "%s%u: left out: its sectors %u-%u reach into the extended %s%u's, "
                "%u-%u\n", scan->disk->name, n + 1, entry->first, entry->first + entry->sectors - 1,
                scan->disk->name, i + 1, other->first, other->first + other->sectors - 1);
        return true;
    }
    return false;
}

static int scan_primary(struct scan *scan)
{
    unsigned logical = FIRST_LOGICAL;
    int error = 0;

    for (int i = 0; i < ENTRIES; i++) {
        if (scan->primary[i].type == TYPE_GPT) {
            kprintf(LOG_WARNING, "%s: has a GPT, which is not read\n", scan->disk->name);
            return 0;
        }
    }
    for (int i = 0; i < ENTRIES && !error; i++) {
        const struct entry *entry = &scan->primary[i];
        if (entry->type != TYPE_UNUSED && !is_extended(entry->type) && !in_extended(scan, i))
            error = add(scan, i + 1, entry->type, entry->first, entry->sectors);
    }
    for (int i = 0; i < ENTRIES && !error; i++) {
        const struct entry *entry = &scan->primary[i];
        if (is_extended(entry->type) && !in_extended(scan, i) &&
            acceptable(scan, i + 1, entry->first, entry->sectors))
            error = scan_extended(scan, entry, &logical);
    }
    return error;
}

int partition_scan(struct block_device *disk)
{
    struct scan scan = { .disk = disk, .sector = kmalloc(SECTOR_SIZE) };

    if (!scan.sector)
        return -ENOMEM;
    int error = read_table(&scan, 0, scan.primary);
    if (error > 0)
        error = scan_primary(&scan);
    kfree(scan.sector);
    return error ? error : scan.registered;
}
