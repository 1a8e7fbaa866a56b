/*
 * The kernel's own copy of what the loader told it, whichever loader that was.
 */
#ifndef X86_BOOTINFO_H
#define X86_BOOTINFO_H

#include "boot/bootinfo.h"

/* Valid after boot_info_init(). */
extern struct boot_info boot_info;

/*
 * Copy or convert what the loader left at physical address `info`; `magic` tells which loader it
 * was. Returns 0, or -EINVAL if the magic number is unknown (boot_info is empty then).
 */
int boot_info_init(uint32_t magic, uint32_t info);

#endif
