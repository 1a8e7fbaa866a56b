/*
 * Pipes, with and without names: bytes that one end writes and the other reads, in order, through a
 * buffer of PIPE_BYTES. What is written in one piece of up to PIPE_BUF bytes stays in one piece.
 *
 * pipe(7), fifo(7).
 */
#ifndef FS_PIPE_H
#define FS_PIPE_H

#include "fs/file.h"

#define PIPE_BUF   4096u
#define PIPE_PAGES 16u
#define PIPE_BYTES (PIPE_PAGES * PAGE_SIZE)

/*
 * Of a vnode that is a FIFO, whatever file system it is in. Its open waits for the other end as
 * fifo(7) says: -EINTR, and -ENXIO for a writer that does not want to wait.
 *
 * For a pipe, too: a writer to whom nobody listens gets -EPIPE; SIGPIPE is the caller's part.
 */
extern const struct file_ops fifo_file_ops;

/* pipe2(2): the two ends; `flags` are O_ bits for both. Returns 0, or -ENOMEM. */
int pipe_make(unsigned flags, struct file **reader, struct file **writer);

/* Is this open file an end of a pipe? */
bool pipe_is(const struct file *file);

#endif
