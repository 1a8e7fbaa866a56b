/*
 * Block devices that are files of the host, can fail, and write down what is done to them.
 *
 * A record is a row of: a kind (1 write, 2 flush, 3 mark), a sector or the mark, and a count of sectors, 32 bits each; then
 * the written data.
 */
#ifndef DISKS_H
#define DISKS_H

#include "dev/block.h"

/* Register a device of this name. The file must be there. */
int disk_add(const char *name, const char *file, bool read_only);

/* Reading or writing these sectors of the first disk fails from now on; of count 0: nothing does. */
void disk_fail(bool writing, uint64_t first, uint64_t count);

/* Record from now on, into this file; and put a mark into the record. */
void disk_record(const char *file);
void disk_mark(uint32_t mark);

#endif
