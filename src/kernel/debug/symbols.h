/*
 * Names for addresses, from the ELF symbol table that the loader passed on.
 */
#ifndef DEBUG_SYMBOLS_H
#define DEBUG_SYMBOLS_H

#include "lib/types.h"

/*
 * The function that holds `address`; *offset becomes the bytes from its start. NULL if there is no
 * symbol table (as under `qemu -kernel`) or the address lies outside the kernel's code.
 */
const char *symbol_of(uint32_t address, uint32_t *offset);

#endif
