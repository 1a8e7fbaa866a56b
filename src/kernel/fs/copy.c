/*
 * Where bytes of files come from and go to.
 */
#include "fs/file.h"
#include "lib/string.h"
#include "mm/usercopy.h"            // lab 6

size_t file_copy(void *to, const void *from, size_t n)
{
    // until lab 6: memcpy(to, from, n);
    // until lab 6: return n;
    return copy_part(to, from, n);  // lab 6
}

size_t file_clear(void *to, size_t n)
{
    // until lab 6: memset(to, 0, n);
    // until lab 6: return n;
    return clear_part(to, n);       // lab 6
}
