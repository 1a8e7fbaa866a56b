/*
 * The host's side: no header of the system here.
 */
#define _FILE_OFFSET_BITS 64
#include "hostfile.h"
#include <fcntl.h>
#include <unistd.h>

int hostfile_open(const char *name, int read_only, unsigned long long *size)
{
    int fd = open(name, read_only ? O_RDONLY : O_RDWR);

    if (fd >= 0)
        *size = lseek(fd, 0, SEEK_END);
    return fd;
}

int hostfile_read(int fd, void *to, unsigned n, unsigned long long offset)
{
    return pread(fd, to, n, offset) == (ssize_t)n;
}

int hostfile_write(int fd, const void *from, unsigned n, unsigned long long offset)
{
    return pwrite(fd, from, n, offset) == (ssize_t)n;
}
