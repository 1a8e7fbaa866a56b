/*
 * Copying by string instructions that survive faults. For mm/usercopy alone: nothing here looks at
 * whose memory it is.
 */
#ifndef X86_USERCOPY_H
#define X86_USERCOPY_H

#include "lib/types.h"

/*
 * Copy n bytes, or set n bytes to zero, upwards. Returns how many at the end are not done, since
 * the first of them cannot be read or written: 0, as a rule. Those are as they were before.
 */
size_t user_copy(void *to, const void *from, size_t n);
size_t user_clear(void *to, size_t n);

/*
 * Copy at most n bytes up to the first NUL, and it. Returns the length without it, n if there is
 * none, or -EFAULT.
 */
ssize_t user_string(char *to, const char *from, size_t n);

#endif
