/*
 * Partitions: what the master boot record of a disk says is where, with logical partitions in
 * extended ones. Numbered as Linux does: 1 to 4 the table's entries, from 5 on the logical ones.
 *
 * UEFI specification 2.10, 5.2.1 (the table); Linux's block/partitions/msdos.c for what disks in
 * the field look like.
 */
#ifndef DEV_PARTITION_H
#define DEV_PARTITION_H

#include "dev/block.h"

/*
 * Read the disk's partition table, and register a block device for each partition in it, named as
 * the disk with its number. One that is empty, or reaches beyond the disk or into another, is left
 * out, with a line in the log. Returns how many were registered, or -EIO, -ENOMEM. A disk
 * without a table has 0.
 */
int partition_scan(struct block_device *disk);

#endif
