/*
 * Flags of open(2), with Linux i386's values.
 */
#ifndef ABI_FCNTL_H
#define ABI_FCNTL_H

#define O_RDONLY    00
#define O_WRONLY    01
#define O_RDWR      02
#define O_ACCMODE   03
#define O_CREAT     0100
#define O_EXCL      0200
#define O_TRUNC     01000
#define O_APPEND    02000
#define O_DIRECTORY 0200000
#define O_NOFOLLOW  0400000

#define SEEK_SET 0
#define SEEK_CUR 1
#define SEEK_END 2

#endif
