/*
 * The fuzzer's parts.
 */
#ifndef FUZZ_H
#define FUZZ_H

#define FUZZ_BLOCKS 200                 /* of 1 KiB, in the file of fuzz_bcache() */

/* Random use of the block cache of hda, whose file is fd, against a model of what must be in it and on the disk. */
void fuzz_bcache(int fd, unsigned seed);

#endif
