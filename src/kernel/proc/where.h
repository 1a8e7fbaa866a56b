/*
 * Where in its files a program is.
 */
#ifndef PROC_WHERE_H
#define PROC_WHERE_H

#include "lib/types.h"

/*
 * The file that is mapped at `va` in the current space, and the place: " in /bin/x, main+0x1f",
 * or, if the file has no symbol table, " in /bin/x+0x1234", by the addresses that the file itself
 * has (objdump -d). Empty if it is no file's. Reads the file: may sleep.
 */
void where_text(char *text, size_t size, uintptr_t va);

#endif
