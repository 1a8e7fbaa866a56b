/*
 * FAT: what the boot sector says about a volume, and whether it can be believed.
 */
#include "fs/fat.h"
#include "abi/errno.h"

/* The BIOS parameter block: bytes from the beginning of the sector. */
#define BPB_SECTOR_SIZE    11       /* 2 bytes: 512, 1024, 2048 or 4096 */
#define BPB_CLUSTER        13       /* sectors in a cluster: a power of two */
#define BPB_RESERVED       14       /* 2: sectors before the table, at least the boot sector */
#define BPB_COPIES         16       /* of the table, at least one */
#define BPB_ROOT_SLOTS     17       /* 2 */
#define BPB_SECTORS        19       /* 2: of the volume; 0: they are more, see below */
#define BPB_MEDIA          21       /* 0xf0, or 0xf8 and above */
#define BPB_TABLE_SECTORS  22       /* 2: of one copy; 0: FAT32 */
#define BPB_SECTORS_LARGE  32       /* 4 */
#define BPB_SIGNATURE      510      /* 2 */
#define SIGNATURE          0xaa55

#define CLUSTERS_12 4085u           /* fewer: FAT12... */
#define CLUSTERS_16 65525u          /* ...fewer: FAT16 */
#define SLOT_SIZE   32u

static uint32_t get16(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8;
}

static uint32_t get32(const uint8_t *at)
{
    return get16(at) | get16(at + 2) << 16;
}

static bool power_of_two(uint32_t n)
{
    return n && !(n & (n - 1));
}

int fat_layout(const uint8_t *boot, uint64_t sectors, struct fat_layout *layout)
{
    // exercise 5.4 begin: no field may be impossible; then regions, clusters, type
    uint32_t size = get16(boot + BPB_SECTOR_SIZE), per_cluster = boot[BPB_CLUSTER];
    uint32_t reserved = get16(boot + BPB_RESERVED), copies = boot[BPB_COPIES];
    uint32_t table = get16(boot + BPB_TABLE_SECTORS), slots = get16(boot + BPB_ROOT_SLOTS);
    uint32_t total = get16(boot + BPB_SECTORS);

    if (get16(boot + BPB_SIGNATURE) != SIGNATURE || !power_of_two(size) || size < 512 || size > 4096
        || !power_of_two(per_cluster) || !reserved || !copies || !table
        || (boot[BPB_MEDIA] != 0xf0 && boot[BPB_MEDIA] < 0xf8))
        return -EINVAL;
    if (!total)
        total = get32(boot + BPB_SECTORS_LARGE);

    uint32_t root = (slots * SLOT_SIZE + size - 1) / size;
    uint32_t before = reserved + copies * table + root;
    if (!slots || total <= before || (uint64_t)total * (size / SECTOR_SIZE) > sectors)
        return -EUCLEAN;
    uint32_t clusters = (total - before) / per_cluster;
    if (clusters >= CLUSTERS_16)
        return -EINVAL;
    uint32_t bits = clusters < CLUSTERS_12 ? 12 : 16;
    if (!clusters || table * size * 8 < (clusters + FAT_FIRST) * bits)
        return -EUCLEAN;

    uint32_t scale = size / SECTOR_SIZE;
    *layout = (struct fat_layout){ .bits = bits, .copies = copies, .clusters = clusters };
    layout->cluster_sectors = per_cluster * scale;
    while (1u << layout->cluster_shift < per_cluster * size)
        layout->cluster_shift++;
    layout->sectors = total * scale;
    layout->table_first = reserved * scale;
    layout->table_sectors = table * scale;
    layout->root_first = (reserved + copies * table) * scale;
    layout->root_slots = slots;
    layout->data_first = before * scale;
    return 0;
    // exercise 5.4 stub
    // (void)get32, (void)power_of_two, (void)boot, (void)sectors, (void)layout;
    // return -EINVAL;
    // exercise 5.4 end
}
