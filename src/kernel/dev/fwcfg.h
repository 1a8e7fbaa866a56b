/*
 * QEMU's firmware configuration device: named items that the command line put there.
 *
 * QEMU, docs/specs/fw_cfg.
 */
#ifndef DEV_FWCFG_H
#define DEV_FWCFG_H

#include "lib/types.h"

/*
 * Read the item `name` into a buffer of `size` bytes, cut if need be and NUL-terminated.
 * Returns the bytes read, -ENOENT if there is no such item or no such device.
 */
int fwcfg_read(const char *name, char *buffer, size_t size);

#endif
