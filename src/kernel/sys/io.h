/*
 * What the calls with descriptors have in common.
 */
#ifndef SYS_IO_H
#define SYS_IO_H

#include "fs/file.h"

#define IO_BYTES_MAX 0x7ffff000u    /* one call moves at most so many: read(2) */

/*
 * The file behind a descriptor, counted, or NULL: there is none, or it was opened with O_PATH and
 * is good for its place only.
 */
struct file *io_get(int fd);

/* The same, if it may be read, or written; else NULL. */
struct file *io_get_readable(int fd);
struct file *io_get_writable(int fd);

/*
 * What the call returns for `result`: one that was interrupted is done again after the signal
 * (-ERESTARTSYS); who writes to a pipe that nobody reads gets SIGPIPE.
 */
long io_result(long result);

/* An offset from two halves. */
static inline int64_t io_offset(uint32_t low, uint32_t high)
{
    return (int64_t)((uint64_t)high << 32 | low);
}

#endif
