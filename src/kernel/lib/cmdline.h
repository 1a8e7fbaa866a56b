/*
 * The kernel command line: words apart by blanks, each `key` or `key=value`.
 */
#ifndef LIB_CMDLINE_H
#define LIB_CMDLINE_H

#include "lib/types.h"

/*
 * Find the last word `key` or `key=value`. Copies its value (empty for a bare key) to `value`, cut
 * to `size` bytes with the NUL; value may be NULL if only the answer matters. Returns whether the
 * word is there.
 */
bool cmdline_find(const char *line, const char *key, char *value, size_t size);

#endif
