/*
 * Files of the host, for programs that include the system's headers, whose names are the host's names, too.
 */
#ifndef HOSTFILE_H
#define HOSTFILE_H

/* Returns a descriptor, or -1; *size in bytes. */
int hostfile_open(const char *name, int read_only, unsigned long long *size);

/* All n bytes, or 0. */
int hostfile_read(int fd, void *to, unsigned n, unsigned long long offset);
int hostfile_write(int fd, const void *from, unsigned n, unsigned long long offset);

#endif
